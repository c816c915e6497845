//! `cargo xtask charts`: the files that are rendered from the Helm chart: the Kustomize base and the tests' golden files.

use clap::Args;
use privatelink_testkit::charts::rendered_files;
use privatelink_testkit::kubernetes::Helm;

use crate::{Failure, programs};

#[derive(Debug, Args)]
pub(crate) struct ChartsArguments {
    /// Write nothing; fail when a file is not what the chart renders to
    #[arg(long)]
    pub(crate) check: bool,
}

/// Writes the files, or compares them.
pub(crate) async fn run(arguments: ChartsArguments) -> Result<(), Failure> {
    let work = move || write(&arguments);
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::Message(error.to_string()))?
}

fn write(arguments: &ChartsArguments) -> Result<(), Failure> {
    let helm = Helm::provide(std::env::temp_dir().join("privatelink-helm"))?;
    let mut stale = Vec::new();
    for (name, text) in rendered_files(&helm).map_err(Failure::Message)? {
        let path = programs::workspace().join(&name);
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        if !arguments.check {
            std::fs::write(&path, &text).map_err(Failure::file("writing", &path))?;
            println!("wrote {name}");
        }
        stale.push(name);
    }
    if arguments.check && !stale.is_empty() {
        let message = format!(
            "files differ from what the chart renders to: {}; run `cargo xtask charts`",
            stale.join(", ")
        );
        return Err(Failure::Message(message));
    }
    Ok(())
}
