//! Azure's own clients for Python and Go, unmodified, against the emulator: `tests/clients`.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use privatelink_testkit::environment::programs;
use privatelink_testkit::processes::{Process, Program, until};
use serde_json::Value;
use tokio::process::Command;

use crate::Failure;
use crate::programs::workspace;
use crate::test::{Count, succeeds, tools};

/// How many processes Python's tests run in. They wait for operations most of the time.
const WORKERS: &str = "4";
/// The same for Go, whose tests share a process.
const PARALLEL: &str = "8";

/// Runs the tests of both languages side by side.
pub(crate) async fn run() -> Result<Count, Failure> {
    let tests = workspace().join("tests/clients");
    let folder = std::env::temp_dir().join(format!("privatelink-clients-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
    let count = run_in(&tests, &folder).await;
    drop(std::fs::remove_dir_all(&folder));
    count
}

async fn run_in(tests: &Path, folder: &Path) -> Result<Count, Failure> {
    // The tools fetch what they lack before they are told to trust the emulator alone.
    let python = environment(&tests.join("python")).await?;
    let go = folder.join("clients.test");
    let mut compile = Command::new("go");
    compile.current_dir(tests.join("go")).args(["test", "-c", "-o"]);
    compile.arg(&go).arg(".");
    if !succeeds(compile).await? {
        return Err(Failure::Message("the tests in Go do not compile".to_owned()));
    }
    let emulator = Emulator::start(&tests.join("seed.yaml"), folder).await?;
    let mut pytest = Command::new(python);
    pytest
        .current_dir(tests.join("python"))
        .args(["-m", "pytest", "--quiet", "--tb=short", "-n", WORKERS]);
    let mut go = Command::new(go);
    go.current_dir(tests.join("go"))
        .args(["-test.v", "-test.parallel", PARALLEL]);
    let (pytest, go) = tokio::join!(emulator.shown_to(pytest), emulator.shown_to(go));
    emulator.process.stop(Duration::from_secs(5)).await;
    let python = counted(&pytest?, pytest_results);
    let go = counted(&go?, go_results);
    Ok(python.and(go))
}

/// An emulator whose operations last a hundredth of their time: what clients wait for is `Retry-After`, a second at least.
struct Emulator {
    process: Process,
    endpoint: String,
    authority: PathBuf,
}

impl Emulator {
    async fn start(seed: &Path, folder: &Path) -> Result<Self, Failure> {
        let programs = programs::build(false).await?;
        let announcement = folder.join("endpoint.json");
        let mut process = Program::new("arm-emulator", programs.emulator, folder.join("emulator.log"))
            .arguments(["serve", "--listen=127.0.0.1:0", "--time-scale=100", "--state-dir"])
            .arguments([folder.as_os_str()])
            .arguments(["--seed".as_ref(), seed.as_os_str()])
            .start()?;
        let endpoint = until(&mut process, Duration::from_secs(30), || async {
            let text = std::fs::read_to_string(&announcement).ok()?;
            let value: Value = serde_json::from_str(&text).ok()?;
            value.get("endpoint")?.as_str().map(str::to_owned)
        })
        .await?;
        Ok(Self {
            process,
            endpoint,
            authority: folder.join("ca.pem"),
        })
    }

    /// Runs a program that is told where the emulator is and whom to trust.
    async fn shown_to(&self, mut command: Command) -> Result<Output, Failure> {
        command
            .env("ARM_ENDPOINT", &self.endpoint)
            .env("REQUESTS_CA_BUNDLE", &self.authority)
            .env("SSL_CERT_FILE", &self.authority)
            .env("NO_PROXY", "127.0.0.1,localhost")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let program = command.as_std().get_program().to_owned();
        let output = command.output().await;
        output.map_err(|error| Failure::Message(format!("{program:?}: {error}")))
    }
}

/// The Python of a virtual environment with what `requirements.txt` pins, made once for each content of that file.
async fn environment(tests: &Path) -> Result<PathBuf, Failure> {
    let requirements = tests.join("requirements.txt");
    let mut content = std::fs::read(&requirements).map_err(Failure::file("reading", &requirements))?;
    let version = Command::new("python3").arg("--version").output().await;
    let version = version.map_err(|error| Failure::Message(format!("python3: {error}")))?;
    content.extend(version.stdout);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &content);
    let name = digest
        .as_ref()
        .iter()
        .take(6)
        .fold("clients-".to_owned(), |name, byte| format!("{name}{byte:02x}"));
    let environment = tools()?.with_file_name(name);
    let python = environment.join("bin/python3");
    if python.exists() {
        return Ok(python);
    }
    println!("making {} (a minute)", environment.display());
    // Under its name there is nothing or all of it.
    let partial = environment.with_extension(std::process::id().to_string());
    let made = make(&partial, &requirements).await;
    if !matches!(made, Ok(true)) {
        drop(std::fs::remove_dir_all(&partial));
        made?;
        let message = "the clients for Python cannot be installed (Debian needs python3-venv for that)";
        return Err(Failure::Message(message.to_owned()));
    }
    match std::fs::rename(&partial, &environment) {
        // Somebody else was quicker.
        Err(_) if python.exists() => drop(std::fs::remove_dir_all(&partial)),
        renamed => renamed.map_err(Failure::file("making", &environment))?,
    }
    Ok(python)
}

async fn make(environment: &Path, requirements: &Path) -> Result<bool, Failure> {
    let mut command = Command::new("python3");
    command.args(["-m", "venv"]).arg(environment);
    if !succeeds(command).await? {
        return Ok(false);
    }
    let mut command = Command::new(environment.join("bin/python3"));
    command
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--require-hashes", "--requirement"])
        .arg(requirements);
    succeeds(command).await
}

/// What tests wrote goes to the terminal, and is counted.
fn counted(output: &Output, results: fn(&str) -> Count) -> Count {
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines().filter(|line| !line.starts_with("=== ")) {
        println!("{line}");
    }
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let count = results(&text);
    if output.status.success() == (count.failed == 0) && count.passed > 0 {
        count
    } else {
        // It did not run to its end: whatever passed before counts for nothing.
        Count::one(false)
    }
}

/// The numbers of pytest's last line, `1 failed, 52 passed, 2 errors in 41.17s`.
fn pytest_results(text: &str) -> Count {
    let last = text
        .lines()
        .rev()
        .find_map(|line| line.rsplit_once(" in ").map(|(numbers, _)| numbers));
    let mut count = Count::default();
    for part in last.unwrap_or_default().split(", ") {
        let number = |word: &str| part.trim().strip_suffix(word)?.trim().parse::<u64>().ok();
        count.passed += number("passed").unwrap_or_default();
        for word in ["failed", "error", "errors"] {
            count.failed += number(word).unwrap_or_default();
        }
    }
    count
}

/// Go's tests and the tests in them: lines `--- PASS: TestRoutes (9.72s)`.
fn go_results(text: &str) -> Count {
    let lines = |begin: &str| {
        let count = text
            .lines()
            .filter(|line| line.trim_start().starts_with(begin))
            .count();
        count.try_into().unwrap_or(u64::MAX)
    };
    Count {
        passed: lines("--- PASS: "),
        failed: lines("--- FAIL: "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pytests_last_line_is_counted() {
        let text = "..F\nFAILED test_x.py::y - not in time\n1 failed, 52 passed, 2 errors in 41.17s\n";
        let count = Count {
            passed: 52,
            failed: 3,
        };
        assert_eq!(pytest_results(text), count);
        assert_eq!(pytest_results("nothing"), Count::default());
    }

    #[test]
    fn tests_within_tests_of_go_are_counted_and_skipped_ones_are_not() {
        let text = "=== RUN   TestA\n--- PASS: TestA (0.10s)\n    --- PASS: TestA/b (0.00s)\n--- SKIP: TestC (0.00s)\n--- FAIL: TestD (0.00s)\nFAIL\n";
        let count = Count { passed: 2, failed: 1 };
        assert_eq!(go_results(text), count);
    }
}
