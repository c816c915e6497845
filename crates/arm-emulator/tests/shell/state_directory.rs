//! The directory that the program keeps its state in.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running emulator; it is killed when a test fails.
struct First(Child);

impl First {
    fn start(directory: &Path) -> Self {
        let mut child = serve(directory).stdout(Stdio::piped()).spawn().unwrap();
        // It says one line when it serves.
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut String::new()).unwrap();
        First(child)
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for First {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arm-emulator"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--state-dir"])
        .arg(directory);
    command
}

#[test]
fn a_state_directory_has_one_emulator_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = First::start(directory.path());
    let announcement = directory.path().join("endpoint.json");
    let before = std::fs::read(&announcement).unwrap();
    // It would end at its seed if it came so far.
    let second = || {
        let output = serve(directory.path())
            .args(["--seed", "/none"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let told = second();
    assert!(
        told.starts_with("arm-emulator: another emulator serves with --state-dir "),
        "{told}"
    );
    assert_eq!(std::fs::read(&announcement).unwrap(), before);

    // However the first ends, the directory is free again.
    first.kill();
    let told = second();
    assert!(told.contains("/none"), "{told}");
}
