//! kubectl as a user would run it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::processes::ProcessError;

/// What kubectl said.
#[derive(Debug, Clone)]
pub struct KubectlOutput {
    /// Whether it ended with status 0.
    pub success: bool,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// kubectl with the kubeconfig of one identity.
#[derive(Debug, Clone)]
pub struct Kubectl {
    pub(super) path: PathBuf,
    pub(super) kubeconfig: PathBuf,
    pub(super) cache: PathBuf,
}

impl Kubectl {
    /// Runs kubectl and waits for it.
    ///
    /// # Errors
    /// kubectl cannot be run; what it refuses is in the output instead.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<KubectlOutput, ProcessError> {
        self.run_with_input(arguments, "")
    }

    /// Runs kubectl with text on its standard input (`apply -f -`).
    ///
    /// # Errors
    /// As [`Kubectl::run`].
    pub fn run_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        input: &str,
    ) -> Result<KubectlOutput, ProcessError> {
        let action = || format!("running {}", self.path.display());
        let mut child = Command::new(&self.path)
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("KUBECACHEDIR", &self.cache)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(ProcessError::system(action()))?;
        if let Some(mut stdin) = child.stdin.take() {
            let input = input.to_owned();
            // A thread, since kubectl may answer before it has read everything; one that reads nothing is no error.
            std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        }
        let output = child.wait_with_output().map_err(ProcessError::system(action()))?;
        Ok(KubectlOutput {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
