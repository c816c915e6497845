//! `cargo xtask charts`: the files that are rendered from the Helm chart: the Kustomize base and the tests' golden files.

use privatelink_testkit::charts::rendered_files;
use privatelink_testkit::kubernetes::Helm;

use crate::Failure;
use crate::generated::GeneratedArguments;

/// Writes the files, or compares them.
pub(crate) async fn run(arguments: GeneratedArguments) -> Result<(), Failure> {
    let work = move || write(arguments);
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::Message(error.to_string()))?
}

fn write(arguments: GeneratedArguments) -> Result<(), Failure> {
    let helm = Helm::provide(std::env::temp_dir().join("privatelink-helm"))?;
    let files = rendered_files(&helm).map_err(Failure::Message)?;
    arguments.settle("charts", files, Vec::new())
}
