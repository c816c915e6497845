//! `{target}/privateLinkResources`: which group ids a target offers, and which members each needs.

use serde_json::Value;

/// One group of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateLinkResource {
    pub group_id: String,
    pub required_members: Vec<String>,
    /// The private DNS zones that the group's names are answered in, where the target says so.
    pub required_zone_names: Vec<String>,
}

/// Reads the list, in the common shape (`value[].properties`) and in the flat one of managed clusters.
pub fn read(body: &Value) -> Vec<PrivateLinkResource> {
    let entries = body
        .get("value")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| {
            let properties = entry.get("properties").unwrap_or(entry);
            let group_id = properties.get("groupId").and_then(Value::as_str)?.to_owned();
            let texts = |name: &str| {
                let list = properties.get(name).and_then(Value::as_array);
                let texts = list.into_iter().flatten().filter_map(Value::as_str);
                texts.map(str::to_owned).collect()
            };
            Some(PrivateLinkResource {
                group_id,
                required_members: texts("requiredMembers"),
                required_zone_names: texts("requiredZoneNames"),
            })
        })
        .collect()
}

/// The api-version with which a target type answers `privateLinkResources`; `None` for types without that list.
pub fn api_version(resource_type: &str) -> Option<&'static str> {
    TARGETS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(resource_type))
        .map(|(_, version)| *version)
}

/// The target types that are known here: all but private link services, which offer no groups.
pub fn target_types() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().map(|(name, _)| *name)
}

/// A private link service, as a target.
pub const PRIVATE_LINK_SERVICE: &str = "Microsoft.Network/privateLinkServices";

/// The action on a target of whoever makes an endpoint whose connection is to be approved at once: Azure checks it when the
/// endpoint is written.
pub fn approval_action(resource_type: &str) -> String {
    format!("{resource_type}/privateEndpointConnectionsApproval/action")
}

/// The action of whoever asks a target for the groups that it offers.
pub fn groups_action(resource_type: &str) -> String {
    format!("{resource_type}/privateLinkResources/read")
}

/// Actions on targets that their providers have not published: Azure takes no custom role that names one of them; by a role
/// that has them by a wildcard (Contributor, for instance) they are allowed as any others are. Of the types that are known
/// here `data/azure-actions.json` has the source; Microsoft.App: <https://github.com/Azure/azure-cli/issues/31926>.
const UNPUBLISHED: &[&str] = &[
    "Microsoft.App/managedEnvironments/privateEndpointConnectionsApproval/action",
    "Microsoft.Batch/batchAccounts/privateEndpointConnectionsApproval/action",
    "Microsoft.CognitiveServices/accounts/privateEndpointConnectionsApproval/action",
    "Microsoft.ContainerRegistry/registries/privateLinkResources/read",
    "Microsoft.ContainerService/managedClusters/privateLinkResources/read",
    "Microsoft.Search/searchServices/privateLinkResources/read",
];

/// Whether a custom role may name this action on a target: its provider has not left it out of the actions that it has.
pub fn is_published(action: &str) -> bool {
    !UNPUBLISHED.iter().any(|known| known.eq_ignore_ascii_case(action))
}

/// An action of approving connections that no custom role may name, where Azure says that the caller needs it.
pub fn unpublished_approval(message: &str) -> Option<&'static str> {
    let message = message.to_ascii_lowercase();
    UNPUBLISHED
        .iter()
        .find(|action| action.ends_with("/action") && message.contains(&action.to_ascii_lowercase()))
        .copied()
}

/// Target types and their pinned api-versions, as the providers' published specifications list them.
const TARGETS: &[(&str, &str)] = &[
    ("Microsoft.Storage/storageAccounts", "2024-01-01"),
    ("Microsoft.KeyVault/vaults", "2023-07-01"),
    ("Microsoft.KeyVault/managedHSMs", "2023-07-01"),
    ("Microsoft.Sql/servers", "2023-08-01"),
    ("Microsoft.DocumentDB/databaseAccounts", "2024-11-15"),
    ("Microsoft.ContainerRegistry/registries", "2023-07-01"),
    ("Microsoft.EventHub/namespaces", "2024-01-01"),
    ("Microsoft.ServiceBus/namespaces", "2024-01-01"),
    ("Microsoft.Web/sites", "2024-04-01"),
    ("Microsoft.CognitiveServices/accounts", "2024-10-01"),
    ("Microsoft.Search/searchServices", "2025-05-01"),
    ("Microsoft.DBforPostgreSQL/flexibleServers", "2024-08-01"),
    ("Microsoft.DBforMySQL/flexibleServers", "2024-12-30"),
    ("Microsoft.Cache/redis", "2024-11-01"),
    ("Microsoft.Cache/redisEnterprise", "2025-07-01"),
    ("Microsoft.AppConfiguration/configurationStores", "2024-05-01"),
    ("Microsoft.Batch/batchAccounts", "2024-07-01"),
    ("Microsoft.EventGrid/topics", "2025-02-15"),
    ("Microsoft.EventGrid/domains", "2025-02-15"),
    ("Microsoft.EventGrid/partnerNamespaces", "2025-02-15"),
    ("Microsoft.EventGrid/namespaces", "2025-02-15"),
    ("Microsoft.ContainerService/managedClusters", "2025-05-01"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_of_roles_is_what_microsoft_does_not_list() {
        let data: Value = serde_json::from_str(include_str!("../../data/azure-actions.json")).unwrap();
        let pages = data["pages"].as_object().unwrap();
        let mut unlisted: Vec<&str> = pages
            .values()
            .flat_map(|page| page["unpublished"].as_array().unwrap())
            .filter_map(Value::as_str)
            .collect();
        unlisted.sort_unstable();
        let known = UNPUBLISHED
            .iter()
            .filter(|action| !action.starts_with("Microsoft.App/"));
        assert_eq!(unlisted, known.copied().collect::<Vec<_>>());
        assert!(!is_published(
            "microsoft.search/searchServices/PrivateLinkResources/read"
        ));
        assert!(is_published("Microsoft.Search/searchServices/read"));
    }

    #[test]
    fn an_approval_that_no_role_may_name_is_found_in_azures_words() {
        let refused = |action: &str| {
            format!(
                "however, it does not have permission to perform action(s) '{action}' on the linked scope(s)"
            )
        };
        assert_eq!(
            unpublished_approval(&refused(
                "Microsoft.Batch/batchAccounts/PrivateEndpointConnectionsApproval/action"
            )),
            Some("Microsoft.Batch/batchAccounts/privateEndpointConnectionsApproval/action")
        );
        assert_eq!(
            unpublished_approval(&refused(
                "Microsoft.Sql/servers/privateEndpointConnectionsApproval/action"
            )),
            None
        );
        assert_eq!(
            unpublished_approval(&refused("Microsoft.Network/virtualNetworks/subnets/join/action")),
            None
        );
    }
}
