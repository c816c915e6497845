//! Why a subcommand ends with an error.

use std::path::Path;

use privatelink_testkit::kubernetes::KubernetesError;
use privatelink_testkit::kubernetes::assets::AssetsError;
use privatelink_testkit::processes::ProcessError;

/// Why a subcommand ends with an error. What is printed is meant for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Message(String),
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    #[error(transparent)]
    Assets(#[from] AssetsError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("a request failed: {}", chain(.0))]
    Request(#[from] reqwest::Error),
}

impl Failure {
    /// A file that could not be read or written.
    pub(crate) fn file(action: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let what = format!("{action} {}", path.display());
        move |error| Self::Message(format!("{what}: {error}"))
    }
}

/// The message with those of its sources: reqwest keeps the cause there.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
