//! What a private endpoint is, as its status shows it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::managed::ManagedStatus;

/// What the private endpoint is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateEndpointStatus {
    #[serde(flatten)]
    pub managed: ManagedStatus,
    /// The connection to the target, as its owner decided. Azure:
    /// properties.privateLinkServiceConnections[].properties.privateLinkServiceConnectionState,
    /// properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceConnectionState.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    /// The ARM id of the network interface that Azure made for the endpoint. Azure: properties.networkInterfaces[].id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub network_interface_id: Option<String>,
    /// The private addresses, by member of the target. Azure: properties.ipConfigurations[] of networkInterfaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 256),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["memberName", "ipAddress"])
    )]
    pub ip_configurations: Vec<IpConfiguration>,
    /// The records that Azure keeps for the endpoint in private DNS zones. Azure:
    /// properties.privateDnsZoneConfigs[].properties.recordSets[] of privateDnsZoneGroups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["fqdn", "zone"]))]
    pub dns_records: Vec<DnsRecord>,
    /// What tells the target from a later one of the same name; none where Azure shows nothing of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub target_identity: Option<String>,
    /// The ARM ids of the application security groups that the endpoint is in, as Azure shows them; at most 100 are
    /// shown. Azure: properties.applicationSecurityGroups[].id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 2048)), extend("x-kubernetes-list-type" = "set"))]
    pub application_security_groups: Vec<String>,
    /// Who reaches the endpoint, by the security groups and routes of the subnets that are bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<EffectiveAccess>,
}

/// Who reaches an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveAccess {
    /// In one line, for people.
    #[schemars(length(max = 1024))]
    pub summary: String,
    /// How many of the bound subnets of clients reach it. Unit: subnets.
    #[schemars(range(min = 0))]
    pub count: i64,
}

/// The connection to the target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Approved, Pending, Rejected or Disconnected. Azure:
    /// properties.privateLinkServiceConnections[].properties.privateLinkServiceConnectionState.status,
    /// properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceConnectionState.status.
    #[schemars(length(max = 64))]
    pub status: String,
    /// What the target's owner said. Azure:
    /// properties.privateLinkServiceConnections[].properties.privateLinkServiceConnectionState.description,
    /// properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceConnectionState.description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub description: Option<String>,
    /// What the target's owner asks for. Azure:
    /// properties.privateLinkServiceConnections[].properties.privateLinkServiceConnectionState.actionsRequired,
    /// properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceConnectionState.actionsRequired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub actions_required: Option<String>,
}

/// One private address of the endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IpConfiguration {
    /// The member of the target; empty for a private link service, which has none. Azure:
    /// properties.ipConfigurations[].properties.privateLinkConnectionProperties.requiredMemberName of
    /// networkInterfaces.
    #[schemars(length(max = 128))]
    pub member_name: String,
    /// The private address. Azure: properties.ipConfigurations[].properties.privateIPAddress of networkInterfaces.
    #[schemars(length(max = 45))]
    pub ip_address: String,
    /// The names that should resolve to the address; each once. Azure:
    /// properties.ipConfigurations[].properties.privateLinkConnectionProperties.fqdns[] of networkInterfaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub fqdns: Vec<String>,
}

/// One record of the endpoint in a private DNS zone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DnsRecord {
    /// The name in the zone, whole. Azure: properties.privateDnsZoneConfigs[].properties.recordSets[].fqdn of
    /// privateDnsZoneGroups.
    #[schemars(length(max = 254))]
    pub fqdn: String,
    /// The ARM id of the zone. Azure: properties.privateDnsZoneConfigs[].properties.privateDnsZoneId of
    /// privateDnsZoneGroups.
    #[schemars(length(max = 2048))]
    pub zone: String,
    /// What it resolves to. Azure: properties.privateDnsZoneConfigs[].properties.recordSets[].ipAddresses[] of
    /// privateDnsZoneGroups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 45)), extend("x-kubernetes-list-type" = "set"))]
    pub ip_addresses: Vec<String>,
}
