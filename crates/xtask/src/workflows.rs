//! The workflows of `.github/workflows` are files that nothing here runs. These tests hold them to what there is: that they
//! are YAML, that what they call of ours exists with these flags, and that what they take of others cannot change unseen.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use privatelink_testkit::kubernetes::assets;
use serde_json::Value;

use crate::Arguments;
use crate::programs::workspace;

/// The workflows by name.
fn workflows() -> Vec<(String, Value)> {
    let folder = workspace().join(".github/workflows");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let parsed = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, parsed)
        })
        .collect()
}

fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter()
}

/// The steps of all jobs.
fn steps(workflow: &Value) -> impl Iterator<Item = &Value> {
    jobs(workflow).flat_map(|(_, job)| job["steps"].as_array().into_iter().flatten())
}

/// The commands of a step, one a line, with what a shell would put in for variables left as it stands.
fn commands(step: &Value) -> Vec<Vec<String>> {
    let script = step["run"].as_str().unwrap_or_default().replace("\\\n", " ");
    script
        .lines()
        .map(words)
        .filter(|words| !words.is_empty())
        .collect()
}

/// The words of a line; quotes hold words together and are not part of them.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut quote = None;
    let mut word: Option<String> = None;
    for character in line.chars() {
        match (character, quote) {
            (character, Some(open)) if character == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (character, None) if character.is_whitespace() => words.extend(word.take()),
            (character, _) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[test]
fn quotes_hold_words_together() {
    assert_eq!(words(r#" a "b c"='d e' "" "#), ["a", "b c=d e", ""]);
}

#[test]
fn what_workflows_call_of_ours_exists_with_these_flags() {
    let mut called = Vec::new();
    for (name, workflow) in workflows() {
        for command in steps(&workflow).flat_map(commands) {
            let Some(rest) = command.strip_prefix(&["cargo".to_owned(), "xtask".to_owned()]) else {
                let line = command.join(" ");
                assert!(
                    !line.contains("cargo xtask"),
                    "{name}: not at the beginning of a line: {line}"
                );
                continue;
            };
            // Only known values are taken; a variable stands for one of them.
            let rest = rest.iter().map(|word| word.replace("$ARCHITECTURE", "arm64"));
            if let Err(error) = Arguments::try_parse_from(std::iter::once("xtask".to_owned()).chain(rest)) {
                panic!("{name}: {}: {error}", command.join(" "));
            }
            called.push(command.get(2).cloned().unwrap_or_default());
        }
    }
    called.sort();
    // The tests are run by the gate, which is held to that below.
    assert_eq!(called, ["demo", "image"]);
}

#[test]
fn the_readme_says_the_commands_that_are_run_for_every_change() {
    let readme = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    let (_, ci) = workflows()
        .into_iter()
        .find(|(name, _)| name == "ci.yml")
        .unwrap();
    // What a fresh machine lacks is known to the gate alone, and its last command is the test.
    let gate = std::fs::read_to_string(workspace().join(".ci/run")).unwrap();
    assert!(
        gate.trim_end().ends_with("exec cargo xtask test \"$@\""),
        ".ci/run"
    );
    for (command, through) in [
        ("cargo xtask demo", "cargo xtask demo"),
        ("cargo xtask test", ".ci/run"),
    ] {
        assert!(
            readme.contains(&format!("    {command}\n")),
            "README.md: {command}"
        );
        let run = steps(&ci)
            .flat_map(commands)
            .any(|words| words.join(" ").starts_with(through));
        assert!(run, "ci.yml: {through}");
    }
}

#[test]
fn the_images_that_are_pushed_are_those_that_are_made() {
    let (_, release) = workflows()
        .into_iter()
        .find(|(name, _)| name == "release.yml")
        .unwrap();
    let images = crate::image::names();
    assert_eq!(
        release["jobs"]["images"]["strategy"]["matrix"]["image"],
        serde_json::json!(images)
    );
    assert_eq!(
        serde_json::json!([release["env"]["CONTROLLER"], release["env"]["EMULATOR"]]),
        serde_json::json!(images)
    );
}

/// What a release does with Helm before it speaks to a registry, with the real Helm and a copy of the charts.
#[test]
fn a_release_renders_and_packages_every_chart() {
    let (_, release) = workflows()
        .into_iter()
        .find(|(name, _)| name == "release.yml")
        .unwrap();
    let script = steps(&release)
        .filter_map(|step| step["run"].as_str())
        .find(|script| script.contains("helm template"))
        .unwrap();
    let (script, _) = script.split_once("for package in").unwrap();
    let folder = tempfile::tempdir().unwrap();
    copy(&workspace().join("charts"), &folder.path().join("charts"));
    let helm = assets::provide_set(&assets::HELM, &mut |line| eprintln!("{line}")).unwrap();
    let path = format!("{}:{}", helm.display(), std::env::var("PATH").unwrap());
    // As GitHub runs a step that names no shell.
    let output = Command::new("bash")
        .args(["-e", "-c", script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("HELM_CACHE_HOME", folder.path().join("helm"))
        .env("HELM_CONFIG_HOME", folder.path().join("helm"))
        .env("HELM_DATA_HOME", folder.path().join("helm"))
        .env("IMAGES", "registry.example.com/of-a-fork")
        .env("VERSION", "7.8.9")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{script}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for chart in ["privatelink-controller", "privatelink-examples"] {
        let package = folder.path().join(format!("packaged/{chart}-7.8.9.tgz"));
        assert!(package.is_file(), "{}", package.display());
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
}

#[test]
fn actions_of_others_are_pinned_by_their_commit() {
    let mut pinned = 0;
    for (name, workflow) in workflows() {
        let steps: Vec<&Value> = steps(&workflow).collect();
        for action in steps.into_iter().chain(jobs(&workflow).map(|(_, job)| job)) {
            let Some(action) = action["uses"].as_str() else {
                continue;
            };
            if action.starts_with("./") {
                assert!(workspace().join(action).is_file(), "{name}: {action}");
                continue;
            }
            let (_, commit) = action.split_once('@').unwrap();
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit, "{name}: {action}");
            pinned += 1;
        }
    }
    assert!(pinned > 5);
}

#[test]
fn no_secret_is_used_but_the_one_that_every_run_has() {
    for (name, workflow) in workflows() {
        let text = workflow.to_string();
        for (at, _) in text.match_indices("secrets.") {
            assert!(
                text[at..].starts_with("secrets.GITHUB_TOKEN"),
                "{name}: {}",
                &text[at..at + 40]
            );
        }
        assert_eq!(
            workflow["permissions"],
            serde_json::json!({"contents": "read"}),
            "{name}"
        );
    }
}
