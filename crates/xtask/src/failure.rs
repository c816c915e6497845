//! Why a subcommand ends with an error.

use std::path::Path;

use privatelink_testkit::environment::EnvironmentError;
use privatelink_testkit::kubernetes::assets::AssetsError;
use privatelink_testkit::processes::ProcessError;

/// Why a subcommand ends with an error. What is printed is meant for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Message(String),
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    #[error(transparent)]
    Assets(#[from] AssetsError),
    #[error(transparent)]
    Process(#[from] ProcessError),
}

impl Failure {
    /// A file that could not be read or written.
    pub(crate) fn file(action: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let what = format!("{action} {}", path.display());
        move |error| Self::Message(format!("{what}: {error}"))
    }
}
