//! `cargo xtask assets`: the Kubernetes binaries.

use privatelink_testkit::kubernetes::assets;

use crate::Failure;

/// Finds or builds them and prints their folder, which is all that goes to standard output.
pub(crate) async fn run() -> Result<(), Failure> {
    let found = tokio::task::spawn_blocking(|| assets::provide(&mut |line| eprintln!("{line}")))
        .await
        .map_err(|error| Failure::Message(error.to_string()))??;
    println!("{}", found.folder.display());
    Ok(())
}
