//! A real Kubernetes API server: etcd and kube-apiserver on 127.0.0.1, without a cluster, Docker or downloads.
//!
//! Owns: finding or building the binaries ([`assets`]), starting and stopping the servers, the identities that may speak
//! to them, kubeconfig files, typed clients and a `kubectl` runner. There is no controller manager: nothing collects
//! owned objects, empties deleted namespaces or makes default service accounts; [`node`] runs the pods of Deployments and
//! Jobs where a test asks for it.

mod api_server;
pub mod assets;
mod certificates;
mod helm;
mod identity;
mod kubectl;
mod launch;
mod module;
pub mod node;

pub use api_server::{ApiServer, Options};
pub use helm::Helm;
pub use identity::Identity;
pub use kubectl::{Kubectl, KubectlOutput};

use crate::processes::ProcessError;

/// Why there is no API server.
#[derive(Debug, thiserror::Error)]
pub enum KubernetesError {
    /// The binaries are missing or cannot be built.
    #[error(transparent)]
    Assets(#[from] assets::AssetsError),
    /// etcd, kube-apiserver or kubectl could not be run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A key or certificate could not be made.
    #[error("making the API server's certificates: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A client could not be made from a kubeconfig.
    #[error("making a Kubernetes client for {identity}: {reason}")]
    Client {
        /// Whose client it would have been.
        identity: String,
        /// What was wrong.
        reason: String,
    },
    /// The server knows no such identity.
    #[error("the API server was started without an identity named {0}")]
    UnknownIdentity(String),
}
