//! A whole installation on this machine: API server, emulator with a seed, definitions, rights, scope and controller.
//!
//! Owns the order in which things start and stop. What is seeded stands in `seeded`, the controller's command line in
//! `controller`.

mod controller;
mod emulator;
mod env_file;
mod failure;
pub mod programs;
pub mod seeded;
pub mod static_build;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::kubernetes::{ApiServer, Identity, Kubectl, Options, assets};
use crate::processes::{Process, free_ports};
use crate::roles;

use programs::Programs;

pub use emulator::Emulator;
pub use failure::EnvironmentError;

const STOP_GRACE: Duration = Duration::from_secs(10);

/// What flags are passed on.
#[derive(Debug, Clone, Default)]
pub struct Extra {
    /// For the controller; one that is given here replaces the default.
    pub controller: Vec<String>,
    /// For the emulator; one that is given here replaces the default.
    pub emulator: Vec<String>,
    /// Build and run the release build of the controller.
    pub release: bool,
}

/// The parts that run. Each may be missing while it starts.
#[derive(Default)]
pub struct Environment {
    folder: PathBuf,
    extra: Extra,
    programs: Option<Programs>,
    server: Option<ApiServer>,
    emulator: Option<Emulator>,
    controller: Option<Process>,
    admin_port: u16,
    token: String,
}

impl Environment {
    /// Nothing started yet. All files go into `folder`, which has to exist.
    pub fn new(folder: &Path, extra: Extra) -> Self {
        Self {
            folder: folder.to_path_buf(),
            extra,
            ..Self::default()
        }
    }

    /// Starts everything and waits until it serves. What was started stays in `self` when this fails or is dropped.
    ///
    /// # Errors
    /// What did not start, with the end of its log.
    pub async fn start(&mut self) -> Result<(), EnvironmentError> {
        let found = tokio::task::spawn_blocking(|| assets::provide(&mut |line| eprintln!("{line}")))
            .await
            .map_err(|error| EnvironmentError::Message(error.to_string()))??;
        let programs = programs::build(self.extra.release).await?;
        let kubernetes = Options {
            identities: Vec::new(),
            folder: Some(self.folder.join("kubernetes")),
        };
        eprintln!("starting etcd, kube-apiserver and the ARM emulator");
        let emulator_folder = self.folder.join("emulator");
        let (server, emulator) = tokio::join!(
            ApiServer::start_with(found, kubernetes),
            Emulator::start(&programs.emulator, &emulator_folder, &self.extra.emulator)
        );
        self.programs = Some(programs);
        // Both are kept before either failure is told, so that what did start is stopped in order.
        let emulator = emulator.map(|emulator| self.emulator = Some(emulator));
        let server = server.map(|server| self.server = Some(server));
        emulator?;
        server?;
        self.token = self.emulator()?.token("administrator", 24).await?;
        self.install()?;
        self.start_controller().await?;
        self.wait_for_scope().await
    }

    /// Definitions, rights, the namespace and its scope.
    fn install(&self) -> Result<(), EnvironmentError> {
        let kubectl = self.kubectl()?;
        let mut definitions = String::new();
        for definition in privatelink_api::crds() {
            let text = privatelink_api::to_yaml(&definition)
                .map_err(|error| EnvironmentError::Message(error.to_string()))?;
            definitions.push_str("---\n");
            definitions.push_str(&text);
        }
        apply(&kubectl, &definitions)?;
        apply(
            &kubectl,
            &format!(
                "{}---\n{}---\n{}",
                roles::CLUSTER_ROLE,
                roles::LEASE_ROLE,
                seeded::bindings(Identity::CONTROLLER)
            ),
        )?;
        let wait = [
            "wait",
            "--for=condition=Established",
            "--timeout=30s",
            "crd",
            "--all",
        ];
        succeed(kubectl.run(&wait)?)?;
        apply(&kubectl, &seeded::scope())
    }

    /// Starts the controller, again where it has run before, and waits until it is ready.
    ///
    /// # Errors
    /// It leaves, or is not ready within 30 s.
    pub async fn start_controller(&mut self) -> Result<(), EnvironmentError> {
        if self.admin_port == 0 {
            self.admin_port = free_ports(1)?.first().copied().unwrap_or_default();
        }
        let mut process = self.launch("controller.log", self.admin_port)?;
        let ready = controller::until_ready(&mut process, self.admin_port).await;
        self.controller = Some(process);
        ready
    }

    /// Starts one more controller beside the first, with a log of its own, and waits until it is ready. Its owner is
    /// the caller.
    ///
    /// # Errors
    /// It leaves, or is not ready within 30 s.
    pub async fn start_replica(&self, log: &str) -> Result<Process, EnvironmentError> {
        let port = free_ports(1)?.first().copied().unwrap_or_default();
        let mut process = self.launch(log, port)?;
        controller::until_ready(&mut process, port).await?;
        Ok(process)
    }

    fn launch(&self, log: &str, admin_port: u16) -> Result<Process, EnvironmentError> {
        let programs = self.programs.as_ref().ok_or_else(not_started)?;
        let launch = controller::Launch {
            program: &programs.controller,
            kubeconfig: &self.kubeconfig(Identity::CONTROLLER)?,
            emulator: self.emulator()?,
            admin_port,
            log: &self.folder.join(log),
            extra: &self.extra.controller,
        };
        launch.start()
    }

    /// What flags are passed on to controllers that are started from now on.
    pub fn pass_on(&mut self, controller: Vec<String>) {
        self.extra.controller = controller;
    }

    /// Where the controller serves its metrics.
    pub fn metrics_url(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", self.admin_port)
    }

    /// Ends the controller as a node that loses its power would (SIGKILL): nothing is said, nothing is released.
    pub fn kill_controller(&mut self) {
        if let Some(controller) = self.controller.take() {
            controller.kill();
        }
    }

    /// A scope that is not accepted would leave every object blocked: better said at once.
    async fn wait_for_scope(&self) -> Result<(), EnvironmentError> {
        let kubectl = self.kubectl()?;
        let output = tokio::task::spawn_blocking(move || {
            kubectl.run(&[
                "wait",
                "--for=condition=Ready",
                "--timeout=30s",
                "azurescope/demo",
            ])
        })
        .await
        .map_err(|error| EnvironmentError::Message(error.to_string()))??;
        succeed(output)
    }

    /// Writes the variables of this installation for shells.
    ///
    /// # Errors
    /// The file cannot be written, or nothing was started.
    pub fn write_env(&self) -> Result<(), EnvironmentError> {
        let server = self.server.as_ref().ok_or_else(not_started)?;
        let emulator = self.emulator()?;
        let variables = env_file::Variables {
            kubeconfig: &server.kubeconfig(Identity::ADMIN),
            kubectl: &server.assets().kubectl(),
            emulator,
            token: &self.token,
            controller_pid: self.controller.as_ref().map(Process::pid).unwrap_or_default(),
            metrics_url: &self.metrics_url(),
        };
        env_file::write(&self.env_file(), &variables)
    }

    /// Where [`Self::write_env`] writes.
    pub fn env_file(&self) -> PathBuf {
        self.folder.join("env")
    }

    /// kubectl as the administrator.
    ///
    /// # Errors
    /// Nothing was started.
    pub fn kubectl(&self) -> Result<Kubectl, EnvironmentError> {
        Ok(self
            .server
            .as_ref()
            .ok_or_else(not_started)?
            .kubectl(Identity::ADMIN))
    }

    /// Where kubectl is.
    ///
    /// # Errors
    /// Nothing was started.
    pub fn kubectl_path(&self) -> Result<PathBuf, EnvironmentError> {
        Ok(self.server.as_ref().ok_or_else(not_started)?.assets().kubectl())
    }

    /// The kubeconfig of an identity.
    ///
    /// # Errors
    /// Nothing was started.
    pub fn kubeconfig(&self, identity: &str) -> Result<PathBuf, EnvironmentError> {
        Ok(self.server.as_ref().ok_or_else(not_started)?.kubeconfig(identity))
    }

    /// The emulator.
    ///
    /// # Errors
    /// Nothing was started.
    pub fn emulator(&self) -> Result<&Emulator, EnvironmentError> {
        self.emulator.as_ref().ok_or_else(not_started)
    }

    /// The administrator's token for the emulator.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The controller's process id.
    pub fn controller_pid(&self) -> Option<i32> {
        self.controller.as_ref().map(Process::pid)
    }

    /// The exit status of a controller that has left.
    pub fn controller_left(&mut self) -> Option<i32> {
        self.controller.as_mut()?.left()
    }

    /// What has left by itself besides the controller; nothing works without it.
    pub fn broken(&mut self) -> Option<EnvironmentError> {
        if let Some(error) = self.server.as_mut().and_then(ApiServer::left) {
            return Some(error.into());
        }
        self.emulator.as_mut().and_then(Emulator::left)
    }

    /// Stops the controller alone, with SIGTERM first.
    pub async fn stop_controller(&mut self) {
        if let Some(controller) = self.controller.take() {
            controller.stop(STOP_GRACE).await;
        }
    }

    /// Stops everything, the controller first.
    pub async fn stop(&mut self) {
        self.stop_controller().await;
        if let Some(emulator) = self.emulator.take() {
            emulator.stop(STOP_GRACE).await;
        }
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Removes the files that the environment wrote; nothing else in the folder is touched.
    pub fn remove_files(&self) {
        for name in ["env", "controller.log", "emulator.log"] {
            drop(std::fs::remove_file(self.folder.join(name)));
        }
        for name in ["kubernetes", "emulator"] {
            drop(std::fs::remove_dir_all(self.folder.join(name)));
        }
    }
}

fn not_started() -> EnvironmentError {
    EnvironmentError::Message("the environment has not been started".to_owned())
}

/// Applies manifests as a user would.
///
/// # Errors
/// What kubectl said.
pub fn apply(kubectl: &Kubectl, manifests: &str) -> Result<(), EnvironmentError> {
    succeed(kubectl.run_with_input(&["apply", "--server-side", "-f", "-"], manifests)?)
}

/// What kubectl refused, as a failure.
///
/// # Errors
/// What kubectl said.
pub fn succeed(output: crate::kubernetes::KubectlOutput) -> Result<(), EnvironmentError> {
    if output.success {
        Ok(())
    } else {
        Err(EnvironmentError::Message(format!(
            "kubectl: {}",
            output.stderr.trim()
        )))
    }
}
