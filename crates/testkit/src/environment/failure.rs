//! Why an installation does not run.

use std::path::Path;

use crate::kubernetes::KubernetesError;
use crate::kubernetes::assets::AssetsError;
use crate::processes::ProcessError;

/// Why an installation does not run. The message is meant for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// What went wrong, in words.
    #[error("{0}")]
    Message(String),
    /// The API server.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    /// The binaries of Kubernetes.
    #[error(transparent)]
    Assets(#[from] AssetsError),
    /// A program beside us.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A request to the emulator or to the controller's admin port.
    #[error("a request failed: {}", chain(.0))]
    Request(#[from] reqwest::Error),
}

impl EnvironmentError {
    /// A file that could not be read or written.
    pub(super) fn file(action: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
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
