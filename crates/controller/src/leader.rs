//! The leader's Lease of an installation: what it is called, and who takes part in its election.

use kube::{Api, Client};
use privatelink_arm::Clock;
use privatelink_engine::lease::{Elector, Timing};

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

/// One lease per controller name, so that scopes can be split over installations.
pub(crate) fn lease_name(controller_name: &str) -> String {
    let name: String = controller_name
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() || character == '.' {
                character.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    name.trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_named_after_its_installation() {
        assert_eq!(
            lease_name("privatelink.dev/controller"),
            "privatelink.dev-controller"
        );
        assert_eq!(lease_name("-Team_A/"), "team-a");
    }
}
