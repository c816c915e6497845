//! The program as a whole: what it prints and writes, how it answers over HTTPS, how it ends.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_arm-emulator");

/// A running emulator; it is killed when a test fails.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    line: String,
    directory: tempfile::TempDir,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--state-dir"])
            .arg(directory.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        Self {
            child,
            stdout,
            line,
            directory,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn endpoint(&self) -> String {
        let text = std::fs::read_to_string(self.path("endpoint.json")).unwrap();
        let description: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(description["endpoint"], description["authority"]);
        assert_eq!(
            Path::new(description["ca"].as_str().unwrap())
                .canonicalize()
                .unwrap(),
            self.path("ca.pem").canonicalize().unwrap()
        );
        description["endpoint"].as_str().unwrap().to_owned()
    }

    fn curl(&self, arguments: &[&str], path: &str) -> Output {
        Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--max-time",
                "20",
                "--write-out",
                "\n%{http_code}",
                "--cacert",
            ])
            .arg(self.path("ca.pem"))
            .args(arguments)
            .arg(format!("{}{path}", self.endpoint()))
            .output()
            .unwrap()
    }

    /// Sends SIGTERM; what else came on stdout, and whether it ended well.
    fn stop(mut self) -> (String, bool, Duration) {
        let begun = Instant::now();
        assert!(
            Command::new("kill")
                .args(["-TERM", &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        (rest, status.success(), begun.elapsed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn it_says_one_line_serves_https_and_leaves_cleanly() {
    let running = Running::start(&["--host", "arm.test"]);
    let endpoint = running.endpoint();
    assert!(
        running
            .line
            .starts_with(&format!("arm-emulator serves {endpoint} (CA ")),
        "{}",
        running.line
    );
    assert!(running.line.trim_end().ends_with("/ca.pem)"), "{}", running.line);
    assert_eq!(
        text(&running.curl(&[], "/_emulator/health")),
        "{\"status\":\"ok\"}\n200"
    );

    // Without a token ARM says so, with its challenge.
    let refused = text(&running.curl(
        &["--include"],
        "/subscriptions/00000000-0000-0000-0000-000000000001?api-version=2022-12-01",
    ));
    assert!(
        refused.contains("AuthenticationFailed") && refused.ends_with("401"),
        "{refused}"
    );
    assert!(
        refused
            .to_ascii_lowercase()
            .contains("www-authenticate: bearer authorization_uri="),
        "{refused}"
    );

    // The name that was asked for is in the certificate.
    let port = endpoint.rsplit(':').next().unwrap().to_owned();
    let named = Command::new("curl")
        .args(["--silent", "--cacert"])
        .arg(running.path("ca.pem"))
        .args([
            "--resolve",
            &format!("arm.test:{port}:127.0.0.1"),
            &format!("https://arm.test:{port}/_emulator/health"),
        ])
        .output()
        .unwrap();
    assert_eq!(text(&named), "{\"status\":\"ok\"}");

    let endpoint_file = running.path("endpoint.json");
    let (rest, ended_well, took) = running.stop();
    assert_eq!(rest, "", "nothing else is printed");
    assert!(ended_well && took < Duration::from_secs(8), "{took:?}");
    assert!(!endpoint_file.exists());
}

#[test]
fn plain_http_is_told_to_use_https() {
    let running = Running::start(&[]);
    let address = running.endpoint().trim_start_matches("https://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream
        .write_all(format!("GET /subscriptions HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.contains(&format!("speaks HTTPS only. Use https://{address}/")),
        "{answer}"
    );
}

#[test]
fn large_bodies_are_refused_and_broken_clients_do_no_harm() {
    let running = Running::start(&[]);
    let large = running.path("large");
    std::fs::write(&large, vec![b'x'; 4 * 1024 * 1024 + 1]).unwrap();
    let refused = text(&running.curl(
        &[
            "--request",
            "PUT",
            "--header",
            "Authorization: Bearer t",
            "--data-binary",
            &format!("@{}", large.display()),
        ],
        "/subscriptions/s?api-version=1",
    ));
    assert!(
        refused.contains("RequestContentTooLarge") && refused.contains("413"),
        "{refused}"
    );

    let address = running.endpoint().trim_start_matches("https://").to_owned();
    for garbage in [
        &b""[..],
        b"\x16",
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\x00\x05hello",
        b"\x00\x00\x00",
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(garbage).unwrap();
    }
    assert_eq!(
        text(&running.curl(&[], "/_emulator/health")),
        "{\"status\":\"ok\"}\n200"
    );
}

#[test]
fn faults_cut_connections_over_the_network() {
    let running = Running::start(&[]);
    let added = text(&running.curl(
        &[
            "--data",
            r#"{"match": {"path": "/subscriptions/*"}, "occurrence": 1, "then": {"cut": "beforeEffect"}}"#,
        ],
        "/_emulator/faults",
    ));
    assert_eq!(added, "{\"id\":1}\n201");
    let get = || {
        running.curl(
            &["--header", "Authorization: Bearer t"],
            "/subscriptions/00000000-0000-0000-0000-000000000001?api-version=2022-12-01",
        )
    };
    let cut = get();
    assert_eq!(
        cut.status.code(),
        Some(52),
        "curl: the server answered nothing: {}",
        text(&cut)
    );
    assert!(text(&get()).ends_with("200"));
    let journal = text(&running.curl(&[], "/_emulator/journal?since=0"));
    assert!(
        journal.contains("\"status\":null") && journal.contains("\"status\":200"),
        "{journal}"
    );
}

#[test]
fn a_cloud_is_chosen_by_its_name() {
    let running = Running::start(&["--cloud", "AzureChinaCloud"]);
    let metadata = text(&running.curl(&[], "/metadata/endpoints?api-version=2022-09-01"));
    assert!(metadata.contains("\"name\":\"AzureChinaCloud\""), "{metadata}");
    let description = std::fs::read_to_string(running.path("endpoint.json")).unwrap();
    assert!(
        description.contains("\"cloud\":\"AzureChinaCloud\""),
        "{description}"
    );

    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(PROGRAM)
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--cloud",
            "AzureGermanCloud",
            "--state-dir",
        ])
        .arg(directory.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("AzureUSGovernment"), "{}", text(&output));
}

#[test]
fn a_wrong_seed_ends_the_program_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let seed = directory.path().join("seed.yaml");
    std::fs::write(&seed, "subscriptions:\n  - id: nonsense\n").unwrap();
    let output = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--state-dir"])
        .arg(directory.path())
        .arg("--seed")
        .arg(&seed)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let expected = format!(
        "arm-emulator: {}:2:9: 'nonsense' is no subscription id",
        seed.display()
    );
    assert!(text(&output).starts_with(&expected), "{}", text(&output));
}

#[test]
fn a_restart_keeps_the_authority_and_the_tokens() {
    let mut running = Running::start(&[]);
    let first = std::fs::read(running.path("ca.pem")).unwrap();
    let token = text(&running.curl(&[], "/_emulator/token?hours=1"));
    let token: serde_json::Value = serde_json::from_str(token.lines().next().unwrap()).unwrap();
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    let mut child = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--state-dir"])
        .arg(running.directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    running.child = child;
    assert_eq!(std::fs::read(running.path("ca.pem")).unwrap(), first);
    let header = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
    let answer = text(&running.curl(&["--header", &header], "/subscriptions?api-version=2022-12-01"));
    assert!(!answer.ends_with("401"), "{answer}");
}

#[test]
fn a_snapshot_is_there_at_the_start_and_a_wrong_one_ends_the_program() {
    let running = Running::start(&[]);
    let group =
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/kept?api-version=2021-04-01";
    let bearer = ["--header", "Authorization: Bearer any"];
    let put = [
        bearer[0],
        bearer[1],
        "--request",
        "PUT",
        "--header",
        "Content-Type: application/json",
        "--data",
        "{\"location\":\"westeurope\"}",
    ];
    assert!(text(&running.curl(&put, group)).ends_with("201"));
    let answer = text(&running.curl(&[], "/_emulator/snapshot"));
    let snapshot = running.path("snapshot.json");
    std::fs::write(&snapshot, answer.lines().next().unwrap()).unwrap();
    let file = snapshot.display().to_string();
    let again = Running::start(&["--load", &file]);
    let answer = text(&again.curl(&bearer, group));
    assert!(answer.ends_with("200"), "{answer}");
    // A reset goes back to it.
    assert!(text(&again.curl(&["--request", "POST"], "/_emulator/reset")).ends_with("200"));
    assert!(text(&again.curl(&bearer, group)).ends_with("200"));

    // The first still has its directory.
    let free = tempfile::tempdir().unwrap();
    let mut alone: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&snapshot).unwrap()).unwrap();
    let mut member = alone["state"]["records"][0].clone();
    let id = format!(
        "{}/providers/Microsoft.Network/virtualNetworks/net/subnets/sub",
        member["id"].as_str().unwrap()
    );
    member["id"] = id.into();
    alone["state"]["records"].as_array_mut().unwrap().push(member);
    std::fs::write(&snapshot, alone.to_string()).unwrap();
    let output = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--load", &file, "--state-dir"])
        .arg(free.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("arm-emulator: {file}: the snapshot contradicts itself: ");
    assert!(text(&output).starts_with(&expected), "{}", text(&output));

    std::fs::write(&snapshot, "{\"state\": 7}").unwrap();
    let output = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--load", &file, "--state-dir"])
        .arg(free.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("arm-emulator: {file}: is no snapshot: ");
    assert!(text(&output).starts_with(&expected), "{}", text(&output));
}

#[test]
fn it_listens_at_several_addresses_and_says_how_it_is_trusted() {
    let running = Running::start(&["--listen", "127.0.0.1:0"]);
    let description = std::fs::read_to_string(running.path("endpoint.json")).unwrap();
    let description: serde_json::Value = serde_json::from_str(&description).unwrap();
    let endpoints = description["endpoints"].as_array().unwrap();
    assert_eq!((endpoints.len(), &endpoints[0]), (2, &description["endpoint"]));
    for endpoint in endpoints {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--cacert"])
            .arg(running.path("ca.pem"))
            .arg(format!("{}/_emulator/health", endpoint.as_str().unwrap()))
            .output()
            .unwrap();
        assert!(text(&output).contains("ok"), "{}", text(&output));
    }
    let clients = &description["clients"];
    assert_eq!(
        clients["python"]["credential"]["disable_instance_discovery"],
        true
    );
    assert_eq!(
        clients["python"]["environment"]["REQUESTS_CA_BUNDLE"],
        description["ca"]
    );

    let trust = |directory: &Path| {
        let mut command = Command::new(PROGRAM);
        command
            .args(["trust", "--state-dir"])
            .arg(directory)
            .output()
            .unwrap()
    };
    let output = trust(running.directory.path());
    let authority = running.path("ca.pem").canonicalize().unwrap();
    assert!(output.status.success());
    for words in [
        "update-ca-certificates",
        "REQUESTS_CA_BUNDLE=",
        "certutil",
        "security add-trusted-cert",
    ] {
        assert!(text(&output).contains(words), "{}", text(&output));
    }
    assert!(text(&output).contains(&authority.display().to_string()));
    let output = trust(&running.path("nowhere"));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("nowhere/ca.pem"), "{}", text(&output));
}

#[test]
fn a_number_makes_every_answer_the_same_down_to_its_headers() {
    let group = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g";
    let answers = |seed: &str| {
        let running = Running::start(&["--deterministic", seed]);
        let ask = |arguments: &[&str], path: &str| {
            // The port is another one each time, and answers name the host that was asked.
            let common = [
                "--include",
                "--header",
                "Host: management.azure.com",
                "--header",
                "Authorization: Bearer x",
            ];
            text(&running.curl(
                &[&common, arguments].concat(),
                &format!("{path}?api-version=2024-05-01"),
            ))
        };
        let put = [
            "--request",
            "PUT",
            "--header",
            "Content-Type: application/json",
            "--data",
        ];
        let body = r#"{"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}"#;
        let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/vnet");
        let mut answers = vec![ask(
            &[&put[..], &[r#"{"location": "westeurope"}"#]].concat(),
            group,
        )];
        answers.push(ask(&[&put[..], &[body]].concat(), &network));
        answers.push(ask(&[], &network));
        answers.push(ask(
            &[],
            &format!("{group}/providers/Microsoft.Network/virtualNetworks/none"),
        ));
        answers.push(ask(&[], "/_emulator/token"));
        answers.push(ask(&[], "/_emulator/snapshot"));
        answers
    };
    let first = answers("11");
    assert_eq!(first, answers("11"));
    let other = answers("12");
    assert!(
        first.iter().zip(&other).all(|(one, other)| one != other),
        "{other:?}"
    );
    assert!(
        first[1].contains("201 Created") && first[1].contains("date: Thu, 01 Jan 2026 00:00:02 GMT"),
        "{}",
        first[1]
    );
}
