//! The programs of this workspace, built by cargo with its own progress on the terminal.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use super::EnvironmentError;
use super::static_build::StaticBuild;

/// The folder of the workspace.
pub(super) fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.canonicalize().unwrap_or(folder)
}

/// A command that runs the cargo that runs us.
fn cargo() -> tokio::process::Command {
    let mut command =
        tokio::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace()).kill_on_drop(true);
    command
}

/// Where the built programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `privatelink-controller`.
    pub controller: PathBuf,
    /// `arm-emulator`.
    pub emulator: PathBuf,
}

/// Builds the controller and the emulator, or finds that they are built: under a running `cargo test` too, which holds no
/// lock any more when it runs the tests. The release build is the one that stands in images.
///
/// # Errors
/// Cargo cannot be run, or the build fails; what it said is on standard error.
pub async fn build(release: bool) -> Result<Programs, EnvironmentError> {
    if release {
        return build_static(&StaticBuild::release()?).await;
    }
    let mut command = cargo_build();
    // xtask is built with them: with one set of features of their dependencies nothing is built twice.
    command.args(["-p", "xtask"]);
    built(command).await
}

/// Builds both programs for images.
///
/// # Errors
/// Something that the build needs is missing, or the build fails.
pub async fn build_static(build: &StaticBuild) -> Result<Programs, EnvironmentError> {
    build.prepare().await?;
    let mut command = cargo_build();
    build.apply(&mut command)?;
    built(command).await
}

fn cargo_build() -> tokio::process::Command {
    let mut command = cargo();
    command
        .args([
            "build",
            "--message-format=json-render-diagnostics",
            "-p",
            "privatelink-controller",
        ])
        .args(["-p", "privatelink-arm-emulator"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

async fn built(mut command: tokio::process::Command) -> Result<Programs, EnvironmentError> {
    eprintln!("building the controller and the emulator (a few minutes when nothing is built yet)");
    let output = command
        .spawn()
        .map_err(|error| EnvironmentError::Message(format!("cargo cannot be run: {error}")))?
        .wait_with_output()
        .await
        .map_err(|error| EnvironmentError::Message(format!("cargo: {error}")))?;
    if !output.status.success() {
        return Err(EnvironmentError::Message(
            "cargo build failed: see above".to_owned(),
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let find = |name: &str| {
        executable(&text, name)
            .ok_or_else(|| EnvironmentError::Message(format!("cargo built no program named {name}")))
    };
    Ok(Programs {
        controller: find("privatelink-controller")?,
        emulator: find("arm-emulator")?,
    })
}

/// The path of a program in cargo's messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| {
            let path = PathBuf::from(message.get("executable")?.as_str()?);
            (path.file_stem()?.to_str()? == name).then_some(path)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_name_alone() {
        let messages = r#"{"reason":"compiler-artifact","executable":null}
not json
{"reason":"compiler-artifact","executable":"/t/debug/xtask"}
{"reason":"compiler-artifact","executable":"/t/debug/arm-emulator"}"#;
        assert_eq!(
            executable(messages, "arm-emulator"),
            Some(PathBuf::from("/t/debug/arm-emulator"))
        );
        assert_eq!(executable(messages, "emulator"), None);
    }
}
