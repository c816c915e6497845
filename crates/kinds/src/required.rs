//! What the entries of a scope come to in Azure: the actions that an identity needs for the verbs on an id.
//!
//! Made from what the kinds say they need. On a group or a subscription nothing is asked about targets: which types of
//! them are there, nobody said.

use std::collections::BTreeSet;

use privatelink_api::Verb;
use privatelink_arm::ResourceId;

use crate::rights::target_of;

/// The actions that verbs on an id come to; see [`privatelink_engine::RequiredActions`].
#[must_use]
pub fn required_actions(on: &ResourceId, verbs: &BTreeSet<Verb>) -> BTreeSet<String> {
    let resource_type = on.resource_type().to_ascii_lowercase();
    let holds_many = matches!(
        resource_type.as_str(),
        "microsoft.resources/subscriptions" | "microsoft.resources/subscriptions/resourcegroups"
    ) || on
        .resource_group_id()
        .is_some_and(|group| group.key() == on.key());
    let rights = crate::azure_rights().into_iter().flat_map(|kind| kind.rights);
    rights
        .filter(|right| right.verb.is_some_and(|verb| verbs.contains(&verb)))
        .map(|right| right.action)
        .filter(|action| {
            if holds_many {
                target_of(action).is_none()
            } else {
                is_about(action, &resource_type)
            }
        })
        .collect()
}

/// Whether an action is one on resources of a type, or on what lies in them.
fn is_about(action: &str, resource_type: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let acted_on = action
        .strip_suffix("/action")
        .unwrap_or(&action)
        .rsplit_once('/')
        .map_or("", |(resource_type, _)| resource_type);
    acted_on
        .strip_prefix(resource_type)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg";

    fn on(tail: &str, verbs: &[Verb]) -> Vec<String> {
        let id = ResourceId::parse(&format!("{GROUP}{tail}")).unwrap();
        let verbs = verbs.iter().copied().collect();
        required_actions(&id, &verbs).into_iter().collect()
    }

    #[test]
    fn a_subnet_to_place_endpoints_in_needs_one_action_and_to_bind_it_the_subnets_own() {
        let subnet = "/providers/Microsoft.Network/virtualNetworks/vnet/subnets/endpoints";
        assert_eq!(
            on(subnet, &[Verb::Join]),
            ["Microsoft.Network/virtualNetworks/subnets/join/action"]
        );
        assert_eq!(
            on(subnet, &[Verb::Bind]),
            [
                "Microsoft.Network/virtualNetworks/subnets/read",
                "Microsoft.Network/virtualNetworks/subnets/write"
            ]
        );
        let network = "/providers/Microsoft.Network/virtualNetworks/vnet";
        assert_eq!(
            on(network, &[Verb::Join]),
            ["Microsoft.Network/virtualNetworks/subnets/join/action"],
            "an entry is for what lies in it as well"
        );
    }

    #[test]
    fn a_target_needs_the_actions_of_its_own_type() {
        let account = "/providers/Microsoft.Storage/storageAccounts/st";
        let needed = on(account, &[Verb::Connect, Verb::AutoApprove]);
        assert!(
            needed
                .iter()
                .all(|action| action.starts_with("Microsoft.Storage/storageAccounts/")),
            "{needed:?}"
        );
        assert!(
            needed
                .iter()
                .any(|action| action.to_ascii_lowercase().ends_with("approval/action")),
            "{needed:?}"
        );
    }

    #[test]
    fn a_group_to_manage_needs_writes_of_every_kind_and_nothing_on_targets() {
        let needed = on("", &[Verb::Manage, Verb::Connect, Verb::AutoApprove]);
        for action in [
            "Microsoft.Network/privateEndpoints/write",
            "Microsoft.Network/networkSecurityGroups/delete",
        ] {
            assert!(needed.iter().any(|needed| needed == action), "{needed:?}");
        }
        assert!(
            needed
                .iter()
                .all(|action| action.starts_with("Microsoft.Network/")),
            "{needed:?}"
        );
    }
}
