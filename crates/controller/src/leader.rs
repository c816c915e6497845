//! The leader's Lease of an installation: where it is, and who takes part in its election.

use kube::{Api, Client};
use privatelink_arm::Clock;
use privatelink_engine::lease::{Elector, Timing, lease_name};

use crate::arguments::InstallationArguments;

/// Takes part in the election of an installation's leader, under a name of its own.
pub(crate) fn elector(
    installation: &InstallationArguments,
    kube: Client,
    identity: String,
    clock: Clock,
) -> Elector {
    let namespace = lease_namespace(installation, &kube);
    Elector {
        api: Api::namespaced(kube, &namespace),
        name: lease_name(&installation.controller_name),
        identity,
        timing: Timing::default(),
        clock,
    }
}

/// The namespace that is named, else the one that the client is in.
pub(crate) fn lease_namespace(installation: &InstallationArguments, kube: &Client) -> String {
    let named = installation.lease_namespace.clone();
    named.unwrap_or_else(|| kube.default_namespace().to_owned())
}

/// The host's name and a random part.
pub(crate) fn random_identity() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}_{:016x}", host.trim(), fastrand::u64(..))
}
