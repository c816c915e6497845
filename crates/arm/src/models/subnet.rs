//! `Microsoft.Network/virtualNetworks/subnets`: the few fields of somebody else's subnet that we set.

use serde::Serialize;
use serde_json::Value;

use super::private_endpoint::SubResource;
use crate::model::{Change, Compare, Conditional, Field, Key, NETWORK_OPERATIONS, Ownership, ResourceModel};

/// ARM's name of the type.
pub const RESOURCE_TYPE: &str = "Microsoft.Network/virtualNetworks/subnets";

/// Where a subnet names its network security group.
pub const NETWORK_SECURITY_GROUP: &str = "properties.networkSecurityGroup";
/// Where a subnet names its route table.
pub const ROUTE_TABLE: &str = "properties.routeTable";

/// What of a subnet is read here that only others' objects are in, as JSON pointers. The rest names every endpoint in it.
pub const READ: &[&str] = &[
    "/properties/addressPrefix",
    "/properties/addressPrefixes",
    "/properties/networkSecurityGroup",
    "/properties/privateEndpointNetworkPolicies",
];

/// What of a subnet's group and routes counts for private endpoints, in Azure's words.
pub fn endpoint_policies(body: &Value) -> &str {
    let policies = body.pointer("/properties/privateEndpointNetworkPolicies");
    policies.and_then(Value::as_str).unwrap_or("Disabled")
}

/// Whether Azure applies the subnet's group to private endpoints.
pub fn applies_groups(policies: &str) -> bool {
    ["Enabled", "NetworkSecurityGroupEnabled"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(policies))
}

/// Whether routes may lead traffic to private endpoints in the subnet.
pub fn applies_routes(policies: &str) -> bool {
    ["Enabled", "RouteTableEnabled"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(policies))
}

const fn atomic(path: &'static [&'static str]) -> Field {
    Field::atomic(path, Compare::IgnoreCase, Change::Allowed)
}

/// What of a subnet may be set here. Everything else stays as it is, whatever it is.
pub static MODEL: ResourceModel = ResourceModel {
    resource_type: RESOURCE_TYPE,
    api_version: super::private_endpoint::API_VERSION,
    mark: None,
    conditional: Conditional::Updates,
    alone: false,
    one_at_a_time: true,
    operations: Some(NETWORK_OPERATIONS),
    joins: &[
        "Microsoft.Network/networkSecurityGroups/join/action",
        "Microsoft.Network/routeTables/join/action",
        "Microsoft.Network/natGateways/join/action",
        "Microsoft.Network/serviceEndpointPolicies/join/action",
    ],
    // Whatever else has such a name in it may be something that nobody here has heard of.
    server_names: &[],
    fields: &[
        atomic(&["properties", "networkSecurityGroup"]),
        atomic(&["properties", "routeTable"]),
        atomic(&["properties", "privateEndpointNetworkPolicies"]),
        atomic(&["properties", "privateLinkServiceNetworkPolicies"]),
        Field {
            path: &["properties", "serviceEndpoints"],
            ownership: Ownership::OwnedKeys(Key::Field(&["service"])),
            compare: Compare::IgnoreCase,
            change: Change::Allowed,
            elements: &[],
        },
    ],
    // What uses the subnet is Azure's to say.
    read_only: &[
        &["etag"],
        &["properties", "provisioningState"],
        &["properties", "ipConfigurations"],
        &["properties", "ipConfigurationProfiles"],
        &["properties", "privateEndpoints"],
        &["properties", "purpose"],
        &["properties", "resourceNavigationLinks"],
        &["properties", "serviceAssociationLinks"],
    ],
};

/// What we ask of a subnet: only what is named.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Subnet {
    pub properties: Properties,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_security_group: Option<SubResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_table: Option<SubResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_endpoint_network_policies: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_link_service_network_policies: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service_endpoints: Vec<ServiceEndpoint>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ServiceEndpoint {
    pub service: String,
}
