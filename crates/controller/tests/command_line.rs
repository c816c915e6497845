//! Wrong flags and a wrong environment: the program ends with status 2 and one line that names what to change.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// Runs the program with nothing in its environment but what is given.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_privatelink-controller"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Status 2, one line, and every one of some words in it.
fn refused(arguments: &[&str], environment: &[(&str, &str)], words: &[&str]) {
    let (code, said) = run(arguments, environment);
    assert_eq!(code, Some(2), "{arguments:?} {environment:?}: {said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?}: no {word:?} in {said}");
    }
    for (_, value) in environment {
        if let Some((user, _)) = value.rsplit_once('@') {
            let (_, password) = user.rsplit_once(':').unwrap();
            assert!(!said.contains(password), "{said}");
        }
    }
}

const SECRET: [&str; 4] = [
    "run",
    "--azure-credential=client-secret",
    "--azure-tenant-id=2b0c8a10-7d2e-4f7e-8a3b-5d1f0e9c7a41",
    "--azure-client-id=4d3e8c9a-1b7f-4a52-8e6d-9c0b1a2f3e41",
];

/// A command line on which nothing is wrong, with one flag more.
fn with(flag: &str) -> Vec<&str> {
    SECRET.into_iter().chain([flag]).collect()
}

#[test]
fn wrong_flags_are_told_in_one_line_that_names_them() {
    for (flag, words) in [
        ("--owner-id=a/b", ["--owner-id", "1 to 63"]),
        (
            "--controller-name=",
            ["--controller-name", "example.com/payments"],
        ),
        (
            "--controller-name=/",
            ["--controller-name", "example.com/payments"],
        ),
        (
            "--controller-name=a./b",
            ["--controller-name", "example.com/payments"],
        ),
        (
            "--controller-name=a-b",
            ["--controller-name", "example.com/payments"],
        ),
        ("--arm-endpoint=http://x", ["--arm-endpoint", "--cloud custom"]),
        ("--arm-audience=https://x", ["--arm-audience", "--cloud custom"]),
        ("--authority=https://x", ["--authority", "--cloud custom"]),
        ("--zone-catalogue=china", ["--zone-catalogue", "--cloud custom"]),
        ("--azure-tenant-id=example.com", ["--azure-tenant-id", "no name"]),
        ("--azure-client-id=me", ["--azure-client-id", "no name"]),
        ("--cloud=mars", ["--cloud", "mars"]),
        ("--cloud=custom", ["--cloud custom", "--arm-endpoint"]),
        ("--zone-catalogue=mars", ["--zone-catalogue", "government"]),
        (
            "--azure-credential=guess",
            ["--azure-credential", "workload-identity"],
        ),
        ("--drift-interval=soon", ["--drift-interval", "2m"]),
        ("--drift-interval=0s", ["--drift-interval", "at least 1s"]),
        ("--workers=0", ["--workers", "1..=512"]),
        ("--drift-interval=99999999999999h", ["--drift-interval", "8760h"]),
        ("--lookup-port=70000", ["--lookup-port", "65535"]),
        ("--lookup-port=0", ["--lookup-port", "65535"]),
        ("--identity=", ["--identity", "empty"]),
        ("--admin-listen=nowhere", ["--admin-listen", "nowhere"]),
        ("--leader-election=perhaps", ["--leader-election", "true, false"]),
        ("--lease-namespace=A_B", ["--lease-namespace", "lower-case"]),
        ("--log-level=loud", ["--log-level", "debug"]),
        ("--log-level=info,kube=loud", ["--log-level", "loud"]),
        ("--log-format=xml", ["--log-format", "json"]),
        ("--ca-bundle=/nowhere/ca.pem", ["--ca-bundle", "No such file"]),
        ("--drift-intervall=5s", ["--drift-intervall", "--drift-interval"]),
    ] {
        let mut arguments: Vec<&str> = with(flag);
        // A flag may be given once.
        let name = flag.split('=').next().unwrap();
        arguments.retain(|argument| *argument == flag || !argument.starts_with(name));
        refused(&arguments, &[("AZURE_CLIENT_SECRET", "secret")], &words);
    }
}

#[test]
fn an_empty_variable_for_an_endpoint_or_an_identity_says_nothing() {
    // The first that is wrong comes after all of these have been read.
    let kubeconfig = ("KUBECONFIG", "/nowhere/kubeconfig");
    for variable in [
        "AZURE_ARM_ENDPOINT",
        "AZURE_ARM_AUDIENCE",
        "AZURE_OBJECT_ID",
        "AZURE_RESOURCE_ID",
    ] {
        let environment = [("AZURE_CLIENT_SECRET", "secret"), (variable, ""), kubeconfig];
        refused(&SECRET, &environment, &["KUBECONFIG", "/nowhere/kubeconfig"]);
    }
}

#[test]
fn a_wrong_environment_is_told_by_the_flag_that_it_stands_for() {
    let secret = ("AZURE_CLIENT_SECRET", "secret");
    for (variable, value, words) in [
        ("OWNER_ID", "a/b", ["--owner-id", "1 to 63"]),
        ("DRIFT_INTERVAL", "soon", ["--drift-interval", "2m"]),
        ("LOG_LEVEL", "verbose", ["--log-level", "verbose"]),
        ("AZURE_CLOUD", "mars", ["--cloud", "mars"]),
        (
            "AZURE_CA_BUNDLE",
            "/nowhere/ca.pem",
            ["--ca-bundle", "/nowhere/ca.pem"],
        ),
        ("WORKERS", "many", ["--workers", "many"]),
        ("AZURE_OBJECT_ID", "me", ["--azure-object-id", "no name"]),
        (
            "AZURE_RESOURCE_ID",
            "garbage",
            ["--azure-resource-id", "userAssignedIdentities"],
        ),
        (
            "AZURE_ARM_ENDPOINT",
            "https://x",
            ["AZURE_ARM_ENDPOINT", "--cloud custom"],
        ),
        (
            "CONTROLLER_NAME",
            "/",
            ["--controller-name", "example.com/payments"],
        ),
        (
            "HTTPS_PROXY",
            "socks5://user:secret@proxy",
            ["HTTPS_PROXY", "SOCKS"],
        ),
        ("https_proxy", "http://", ["https_proxy", "http://host:port"]),
        (
            "KUBECONFIG",
            "/nowhere/kubeconfig",
            ["KUBECONFIG", "/nowhere/kubeconfig"],
        ),
    ] {
        refused(&SECRET, &[secret, (variable, value)], &words);
    }
    let managed = ["run", "--azure-credential=managed-identity"];
    refused(
        &managed,
        &[("AZURE_CLIENT_ID", "me")],
        &["--azure-client-id", "no name"],
    );
    refused(
        &["run"],
        &[("AZURE_TENANT_ID", "not-a-guid")],
        &["--azure-tenant-id", "no name"],
    );
}

#[test]
fn what_a_credential_lacks_is_told_by_the_variable_that_sets_it() {
    refused(&SECRET, &[], &["--azure-credential", "AZURE_CLIENT_SECRET"]);
    refused(&["run"], &[], &["--azure-credential", "AZURE_TENANT_ID"]);
    let tenant = ("AZURE_TENANT_ID", "2b0c8a10-7d2e-4f7e-8a3b-5d1f0e9c7a41");
    let client = ("AZURE_CLIENT_ID", "4d3e8c9a-1b7f-4a52-8e6d-9c0b1a2f3e41");
    refused(&["run"], &[tenant], &["--azure-credential", "AZURE_CLIENT_ID"]);
    refused(&["run"], &[tenant, client], &["AZURE_FEDERATED_TOKEN_FILE"]);
    let file = ("AZURE_FEDERATED_TOKEN_FILE", "/nowhere/token");
    refused(
        &["run"],
        &[tenant, client, file],
        &["--azure-credential", "/nowhere/token"],
    );
    let managed = ["run", "--azure-credential=managed-identity"];
    let object = ("AZURE_OBJECT_ID", "4d3e8c9a-1b7f-4a52-8e6d-9c0b1a2f3e40");
    refused(
        &managed,
        &[client, object],
        &["--azure-credential", "only one of"],
    );
}

/// Calls `test` with the path of a kubeconfig whose cluster and user are these, as JSON.
fn with_kubeconfig(name: &str, cluster: &str, user: &str, test: impl FnOnce(&str)) {
    let folder = std::env::temp_dir().join(format!("privatelink-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let kubeconfig = folder.join("kubeconfig");
    let config = format!(
        r#"{{"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{{"name": "c", "cluster": {cluster}}}],
        "users": [{{"name": "c", "user": {user}}}],
        "contexts": [{{"name": "c", "context": {{"cluster": "c", "user": "c"}}}}]}}"#
    );
    std::fs::write(&kubeconfig, config).unwrap();
    test(kubeconfig.to_str().unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
}

const USER: &str = r#"{"token": "t"}"#;

#[test]
fn a_port_in_use_is_told_by_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let flag = format!("--admin-listen={}", taken.local_addr().unwrap());
    let cluster = r#"{"server": "http://127.0.0.1:1"}"#;
    with_kubeconfig("port", cluster, USER, |kubeconfig| {
        let environment = [
            ("AZURE_CLIENT_SECRET", "secret"),
            ("KUBECONFIG", kubeconfig),
            // The API server is called without it.
            ("HTTPS_PROXY", "http://somebody:hunter2@127.0.0.1:1"),
        ];
        refused(&with(&flag), &environment, &["--admin-listen", "in use"]);
    });
}

#[test]
fn a_kubeconfig_that_cannot_be_used_shows_none_of_its_secrets() {
    let by_proxy = r#"{"server": "http://127.0.0.1:1", "proxy-url": "http://somebody:hunter2@proxy:3128"}"#;
    let direct = r#"{"server": "http://127.0.0.1:1"}"#;
    let broken = r#"{"token": ["hunter2"]}"#;
    for (cluster, user, words) in [
        (by_proxy, USER, ["KUBECONFIG", "proxy-url"]),
        (direct, broken, ["KUBECONFIG", "no kubeconfig, at line 3"]),
    ] {
        with_kubeconfig("secrets", cluster, user, |kubeconfig| {
            for command in [&SECRET[..], &["release", "--yes"]] {
                let environment = [("AZURE_CLIENT_SECRET", "secret"), ("KUBECONFIG", kubeconfig)];
                refused(command, &environment, &words);
                let (_, said) = run(command, &environment);
                assert!(!said.contains("hunter2"), "{said}");
            }
        });
    }
}

#[test]
fn release_calls_the_api_server_directly_where_the_environment_has_a_proxy() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let cluster = format!(r#"{{"server": "http://{}"}}"#, server.local_addr().unwrap());
    let (calls, called) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for call in server.incoming() {
            let mut call = call.unwrap();
            let mut begin = [0; 5];
            call.read_exact(&mut begin).unwrap();
            calls.send(begin).unwrap();
            call.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .unwrap();
        }
    });
    with_kubeconfig("proxy", &cluster, USER, |kubeconfig| {
        for proxy in [
            "http://somebody:hunter2@127.0.0.1:1",
            "socks5://somebody:hunter2@127.0.0.1:1",
            "::",
        ] {
            let environment = [("KUBECONFIG", kubeconfig), ("HTTPS_PROXY", proxy)];
            let (code, said) = run(&["release"], &environment);
            assert_eq!(code, Some(1), "{said}");
            assert!(
                !said.contains("hunter2") && !said.contains("KUBECONFIG"),
                "{said}"
            );
            assert_eq!(&called.try_recv().unwrap(), b"GET /", "{said}");
        }
    });
}

#[test]
fn wrong_flags_of_release_are_told_too() {
    refused(
        &["release", "--scale-down=web"],
        &[],
        &["--scale-down", "deployment/NAME"],
    );
    refused(&["release", "--timeout=never"], &[], &["--timeout", "2m"]);
    refused(&["releases"], &[], &["releases", "release"]);
    refused(
        &["release", "--yes"],
        &[("KUBECONFIG", "/nowhere/kubeconfig")],
        &["KUBECONFIG"],
    );
}

#[test]
fn a_release_outside_of_a_pod_has_to_be_told_where_the_controller_is() {
    with_kubeconfig(
        "release",
        r#"{"server": "http://127.0.0.1:1"}"#,
        USER,
        |kubeconfig| {
            refused(
                &["release", "--yes"],
                &[("KUBECONFIG", kubeconfig)],
                &["--lease-namespace", "POD_NAMESPACE"],
            );
        },
    );
}

#[test]
fn a_command_that_is_missing_is_told() {
    refused(&[], &[], &["a command is missing", "release"]);
    refused(&["explain"], &[], &["a command is missing", "explain access"]);
}

#[test]
fn what_is_wrong_with_a_custom_cloud_is_told_by_its_flag() {
    let custom = |endpoint: &str, authority: &str, audience: &str, flag: &str| {
        let arguments = [&SECRET[..], &["--cloud=custom", endpoint, authority, audience]].concat();
        refused(&arguments, &[("AZURE_CLIENT_SECRET", "secret")], &[flag]);
    };
    let (endpoint, authority) = (
        "--arm-endpoint=https://a.example",
        "--authority=https://b.example",
    );
    custom(
        "--arm-endpoint=http://a",
        authority,
        "--arm-audience=https://c",
        "--arm-endpoint: ",
    );
    custom(
        endpoint,
        "--authority=nowhere",
        "--arm-audience=https://c",
        "--authority: ",
    );
    custom(endpoint, authority, "--arm-audience=foo", "--arm-audience: ");
}
