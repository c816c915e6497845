//! The dependencies' licences, sources and duplicates, as `deny.toml` says.

use std::path::PathBuf;
use std::process::Stdio;

use crate::Failure;
use crate::programs::{cargo, workspace};
use crate::test::{Count, succeeds, tools};

/// The version that is installed where none is.
const VERSION: &str = "0.20.2";

/// Checks bans, licences and sources. Advisories are not: their database is not to be had on a closed network.
pub(crate) async fn check() -> Result<Count, Failure> {
    let program = find_or_install().await?;
    let mut command = tokio::process::Command::new(program);
    command.current_dir(workspace()).args([
        "--all-features",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]);
    Ok(Count::one(succeeds(command).await?))
}

/// cargo-deny from the path, else from our own folder of tools, else installed there.
async fn find_or_install() -> Result<PathBuf, Failure> {
    let installed = tools()?.join("bin/cargo-deny");
    for candidate in [PathBuf::from("cargo-deny"), installed.clone()] {
        let mut command = tokio::process::Command::new(&candidate);
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if succeeds(command).await.unwrap_or(false) {
            return Ok(candidate);
        }
    }
    println!(
        "installing cargo-deny {VERSION} once, into {} (about 5 minutes)",
        tools()?.display()
    );
    let mut command = cargo();
    command
        .args([
            "install",
            "--locked",
            "cargo-deny",
            "--version",
            VERSION,
            "--root",
        ])
        .arg(tools()?);
    if succeeds(command).await? {
        Ok(installed)
    } else {
        Err(Failure::Message(
            "cargo-deny could not be installed: see above".to_owned(),
        ))
    }
}
