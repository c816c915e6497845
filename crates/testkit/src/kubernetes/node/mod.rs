//! A node that is none: the pods of Deployments and Jobs run as processes of this machine.
//!
//! Owns what a cluster's controllers, scheduler and kubelet do for such pods: a Pod object for each (so that the API
//! server's own admission judges it, Pod Security included), a process with the container's arguments and environment under
//! its service account's own token, its files, its probe, and the status of its owner. Processes have no mounts and share
//! one network: paths below a mount and ports of containers are rewritten in arguments and environment. Nothing else of a
//! cluster is played.

mod deployments;
mod jobs;
mod pod;
mod spec;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use rustix::process::Signal;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::{ApiServer, Identity, KubernetesError};
use pod::Pod;

const PAUSE: Duration = Duration::from_millis(200);

/// What a node has.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// The program of each image, by the image's repository (without tag and digest).
    pub programs: BTreeMap<String, PathBuf>,
    /// Where the pods' files and logs go; a pod's log is `<namespace>.<pod>.log`.
    pub folder: PathBuf,
}

/// A running node. Dropping it ends its processes.
pub struct Node {
    machine: Arc<Machine>,
    stop: DropGuard,
    task: JoinHandle<()>,
}

/// What the parts of the node share.
struct Machine {
    client: Client,
    endpoint: String,
    ca: String,
    options: NodeOptions,
    state: Mutex<State>,
    /// Pods that are being stopped.
    ending: TaskTracker,
}

#[derive(Default)]
struct State {
    pods: Vec<Pod>,
    /// How often a Job's pods have failed, by its uid.
    failures: BTreeMap<String, i32>,
    /// What could not be done, each told once.
    told: std::collections::BTreeSet<String>,
}

impl Node {
    /// Starts to run the pods of every namespace.
    ///
    /// # Errors
    /// The folder cannot be made, or there is no client of the administrator.
    pub async fn start(server: &ApiServer, options: NodeOptions) -> Result<Self, KubernetesError> {
        std::fs::create_dir_all(&options.folder).map_err(super::ProcessError::system(format!(
            "making {}",
            options.folder.display()
        )))?;
        let machine = Arc::new(Machine {
            client: server.client(Identity::ADMIN).await?,
            endpoint: server.endpoint().to_owned(),
            ca: server.authority().to_owned(),
            options,
            state: Mutex::default(),
            ending: TaskTracker::new(),
        });
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(machine.clone(), stop.clone()));
        Ok(Self {
            machine,
            stop: stop.drop_guard(),
            task,
        })
    }

    /// Where the pods' files and logs are.
    pub fn folder(&self) -> &Path {
        &self.machine.options.folder
    }

    /// The names of the pods of a Deployment or Job that run now.
    pub async fn pods(&self, owner: &str) -> Vec<String> {
        let mut state = self.machine.state.lock().await;
        let pods = state.pods.iter_mut().filter(|pod| pod.owner.name == owner);
        pods.filter_map(|pod| pod.is_running().then(|| pod.name.clone()))
            .collect()
    }

    /// Takes the power from the pods of a Deployment: they are killed, say nothing, and are not started again, as on a
    /// machine that was lost.
    pub async fn lose(&self, deployment: &str) {
        let mut state = self.machine.state.lock().await;
        for pod in state.pods.iter_mut().filter(|pod| pod.owner.name == deployment) {
            pod.lose();
        }
    }

    /// Sends a signal to a pod's process.
    pub async fn signal(&self, pod: &str, signal: Signal) {
        let mut state = self.machine.state.lock().await;
        for pod in state.pods.iter_mut().filter(|running| running.name == pod) {
            pod.signal(signal);
        }
    }

    /// Stops every pod, in order, and the node.
    pub async fn stop(self) {
        drop(self.stop);
        let _ = self.task.await;
        let pods = std::mem::take(&mut self.machine.state.lock().await.pods);
        for pod in pods {
            self.machine.end(pod);
        }
        self.machine.ending.close();
        self.machine.ending.wait().await;
    }
}

async fn run(machine: Arc<Machine>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        {
            let mut state = machine.state.lock().await;
            for outcome in [
                deployments::play(&machine, &mut state).await,
                jobs::play(&machine, &mut state).await,
            ] {
                // Another look follows; a server that is being stopped refuses.
                if let Err(error) = outcome
                    && state.told.insert(error.to_string())
                {
                    eprintln!("node: {error}");
                }
            }
        }
        tokio::select! { () = tokio::time::sleep(PAUSE) => {}, () = stop.cancelled() => {} }
    }
}

impl Machine {
    /// Stops a pod in the background and takes its object away.
    fn end(self: &Arc<Self>, pod: Pod) {
        let machine = self.clone();
        self.ending.spawn(async move { pod.end(&machine.client).await });
    }
}

/// Why a pod does not run, or its owner's status was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum NodeError {
    #[error("pod {pod}: {reason}")]
    Pod { pod: String, reason: String },
    #[error(transparent)]
    Kubernetes(#[from] kube::Error),
}
