//! Helm as a user would run it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::KubectlOutput;
use super::assets::{self, AssetsError};
use crate::processes::ProcessError;

/// Helm, with the kubeconfig of one identity or with none, and with caches and settings of its own.
#[derive(Debug, Clone)]
pub struct Helm {
    path: PathBuf,
    folder: PathBuf,
    kubeconfig: Option<PathBuf>,
}

impl Helm {
    /// Finds Helm or builds it, which blocks the thread for about two minutes. Its files go into `folder`.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn provide(folder: impl Into<PathBuf>) -> Result<Self, AssetsError> {
        let binaries = assets::provide_set(&assets::HELM, &mut |line| eprintln!("{line}"))?;
        Ok(Self {
            path: binaries.join("helm"),
            folder: folder.into(),
            kubeconfig: None,
        })
    }

    /// The same with a cluster to speak to.
    #[must_use]
    pub fn with_kubeconfig(mut self, kubeconfig: impl Into<PathBuf>) -> Self {
        self.kubeconfig = Some(kubeconfig.into());
        self
    }

    /// Runs Helm and waits for it.
    ///
    /// # Errors
    /// Helm cannot be run; what it refuses is in the output instead.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<KubectlOutput, ProcessError> {
        let nothing = self.folder.join("no-cluster");
        let output = Command::new(&self.path)
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig.as_ref().unwrap_or(&nothing))
            .env("HELM_CACHE_HOME", self.folder.join("cache"))
            .env("HELM_CONFIG_HOME", self.folder.join("config"))
            .env("HELM_DATA_HOME", self.folder.join("data"))
            .stdin(Stdio::null())
            .output()
            .map_err(ProcessError::system(format!("running {}", self.path.display())))?;
        Ok(KubectlOutput {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
