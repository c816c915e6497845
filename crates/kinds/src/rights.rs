//! What several kinds need in Azure alike: rights on what a body refers to, on targets, and reads of what others own.
//!
//! Which of them a kind needs, the kind says.

use privatelink_api::{ManagedResource, Verb};
use privatelink_arm::model::ResourceModel;
use privatelink_arm::models::private_link_resource::{
    PRIVATE_LINK_SERVICE, approval_action, groups_action, is_published, target_types,
};
use privatelink_engine::cluster_rights::{self, ClusterRule};
use privatelink_engine::{Kind, Right, SCOPE_KIND};

/// What one kind needs.
#[derive(Clone, Debug)]
pub struct KindRights {
    pub kind: &'static str,
    /// Whether an object of the kind is held by a finalizer while it has something in Azure.
    pub is_held: bool,
    /// Sorted by action, each on each thing once.
    pub rights: Vec<Right>,
}

impl KindRights {
    pub(crate) fn of<K: Kind>() -> Self {
        let mut rights = K::azure_rights();
        rights.sort_by_key(|right| right.action.to_ascii_lowercase());
        rights.dedup();
        KindRights {
            kind: <K::Object as ManagedResource>::KIND,
            is_held: K::IN_AZURE,
            rights,
        }
    }
}

/// What the controller may do in a cluster with all kinds.
pub fn cluster_rules() -> Vec<ClusterRule> {
    let kinds = crate::azure_rights();
    let never_held = kinds.iter().filter(|kind| !kind.is_held).map(|kind| kind.kind);
    cluster_rights::cluster_rules(&privatelink_api::crds(), &never_held.collect::<Vec<_>>())
}

impl KindRights {
    /// What the controller asks about a scope itself, with the scope's own identity.
    pub(crate) fn of_scope() -> Self {
        KindRights {
            kind: SCOPE_KIND,
            is_held: true,
            rights: vec![
                Right::reading(
                    "Microsoft.Authorization/permissions/read",
                    "what each entry of spec.allow names",
                    "say which actions the identity lacks there",
                ),
                Right::reading(
                    "Microsoft.Resources/subscriptions/providers/read",
                    "the subscription",
                    "say whether the subscription is seen, and whether Microsoft.Network is registered in it",
                ),
            ],
        }
    }
}

/// The type of target that an action is about; none where it is about no target, or about one as about any resource.
pub fn target_of(action: &str) -> Option<&'static str> {
    target_types().chain([PRIVATE_LINK_SERVICE]).find(|target| {
        [
            approval_action(target),
            groups_action(target),
            format!("{target}/read"),
        ]
        .iter()
        .any(|known| known == action)
    })
}

/// Of each resource that a body may refer to: the verb that lets an object refer to it, and what it is.
const JOINED: &[(&str, Option<Verb>, &str)] = &[
    (
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        Some(Verb::Join),
        "the endpoint's subnet",
    ),
    (
        "Microsoft.Network/applicationSecurityGroups/joinIpConfiguration/action",
        Some(Verb::Use),
        "each application security group of the endpoint",
    ),
    (
        "Microsoft.Network/privateDnsZones/join/action",
        Some(Verb::Join),
        "each zone of the endpoint's zone group",
    ),
    (
        "Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action",
        Some(Verb::Use),
        "each application security group that a rule names",
    ),
    (
        "Microsoft.Network/virtualNetworks/join/action",
        Some(Verb::LinkZones),
        "the linked network",
    ),
    (
        "Microsoft.Network/networkSecurityGroups/join/action",
        Some(Verb::Use),
        "the subnet's network security group, whoever bound it",
    ),
    (
        "Microsoft.Network/routeTables/join/action",
        Some(Verb::Use),
        "the subnet's route table, whoever bound it",
    ),
    (
        "Microsoft.Network/natGateways/join/action",
        None,
        "the NAT gateway of a bound subnet, where it has one",
    ),
    (
        "Microsoft.Network/serviceEndpointPolicies/join/action",
        None,
        "the service endpoint policies of a bound subnet, where it has some",
    ),
];

/// What a write needs on what its body refers to.
pub(crate) fn joins(model: &ResourceModel) -> impl Iterator<Item = Right> {
    model.joins.iter().map(|action| {
        let known = JOINED.iter().find(|(known, _, _)| known == action);
        let (verb, on) = known.map_or((None, "what it refers to"), |(_, verb, on)| (*verb, *on));
        Right {
            action: (*action).to_owned(),
            verb,
            on,
            purpose: "refer to it",
        }
    })
}

/// What an endpoint needs on its target. What no role may name is left out: an endpoint has to do without it.
pub(crate) fn on_targets() -> impl Iterator<Item = Right> {
    let approvals = target_types().chain([PRIVATE_LINK_SERVICE]).map(|target| {
        Right::by(
            Verb::AutoApprove,
            approval_action(target),
            "the target, where spec.target.approval is Automatic",
            "have the connection approved",
        )
    });
    let groups = target_types().map(|target| {
        Right::by(
            Verb::Connect,
            groups_action(target),
            "the target",
            "tell a group that it does not offer, and which it does",
        )
    });
    let reads = target_types().map(|target| {
        Right::by(
            Verb::Connect,
            format!("{target}/read"),
            "the target",
            "choose its zones where they depend on it, and tell it from a later one of its name (spec.recovery)",
        )
    });
    let all = approvals.chain(groups).chain(reads);
    all.filter(|right| is_published(&right.action))
}

/// Reads of targets by whoever links a network to their zone.
pub(crate) fn reads_of_targets() -> impl Iterator<Item = Right> {
    target_types().map(|target| {
        Right::by(
            Verb::Connect,
            format!("{target}/read"),
            "targets that the scope names",
            "warn of public names that the zone hides",
        )
    })
}

/// A read of the network that an object is placed in.
pub(crate) fn network(purpose: &'static str) -> Right {
    Right::reading("Microsoft.Network/virtualNetworks/read", "the network", purpose)
}

/// A read of the resource group whose region is the default.
pub(crate) fn resource_group() -> Right {
    Right::reading(
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "the object's resource group",
        "take its region, where spec.location is left out",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_joined_has_its_words() {
        for kind in crate::azure_rights() {
            for right in kind.rights {
                assert_ne!(right.on, "what it refers to", "{}: {}", kind.kind, right.action);
                assert!(!right.action.contains('*'), "{}", right.action);
            }
        }
    }

    /// Azure takes no role with an action that its provider has not registered.
    #[test]
    fn roles_name_what_microsoft_lists_and_the_list_has_no_more() {
        let data: Value = serde_json::from_str(include_str!("../../arm/data/azure-actions.json")).unwrap();
        let pages = data["pages"].as_object().unwrap();
        let listed: BTreeSet<String> = pages
            .values()
            .flat_map(|page| page["published"].as_array().unwrap())
            .filter_map(|action| action.as_str().map(str::to_owned))
            .collect();
        let named: BTreeSet<String> = crate::azure_rights()
            .into_iter()
            .flat_map(|kind| kind.rights)
            .map(|right| right.action)
            .collect();
        assert_eq!(named, listed);
    }

    #[test]
    fn nothing_is_named_that_no_model_joins() {
        let needed: BTreeSet<String> = crate::azure_rights()
            .into_iter()
            .flat_map(|kind| kind.rights)
            .map(|right| right.action)
            .collect();
        for (action, _, _) in JOINED {
            assert!(needed.contains(*action), "{action}");
        }
    }
}
