//! The example of a workflow: its own lines start the emulator and reach it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The commands of a step.
fn commands<'a>(workflow: &'a Value, name: &str) -> &'a str {
    let steps = workflow["jobs"]["test"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["name"] == name).unwrap();
    step["run"].as_str().unwrap()
}

/// Runs a step as a runner does: with what the steps before it left in the environment.
fn run(script: &str, temporary: &Path) -> Output {
    let environment = temporary.join("environment");
    let before = std::fs::read_to_string(&environment).unwrap_or_default();
    Command::new("bash")
        .args(["-eo", "pipefail", "-c", script])
        .env("RUNNER_TEMP", temporary)
        .env("GITHUB_ENV", environment)
        .envs(before.lines().filter_map(|line| line.split_once('=')))
        .output()
        .unwrap()
}

#[test]
fn the_workflow_of_the_example_reaches_what_it_starts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/github-actions/arm-emulator.yaml");
    let workflow: Value = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(
        env!("CARGO_BIN_EXE_arm-emulator"),
        temporary.path().join("arm-emulator"),
    )
    .unwrap();

    let start = commands(&workflow, "Start the emulator");
    // A runner ends what its steps have left behind; so does this test.
    let ended = format!("{start}\necho \"EMULATOR=$(jobs -p)\" >> \"$GITHUB_ENV\"");
    let started = run(&ended, temporary.path());
    assert!(started.status.success(), "{started:?}");
    let tested = run(commands(&workflow, "Test"), temporary.path());
    let journal = run(commands(&workflow, "What was asked"), temporary.path());
    let stopped = run("kill \"$EMULATOR\"", temporary.path());

    let group: Value =
        serde_json::from_slice(&tested.stdout).unwrap_or_else(|error| panic!("{error}: {tested:?}"));
    assert_eq!(group["properties"]["provisioningState"], "Succeeded");
    assert!(String::from_utf8_lossy(&journal.stdout).contains("resourceGroups/test"));
    assert!(stopped.status.success(), "{stopped:?}");
}
