//! `Microsoft.Network/privateEndpoints/privateDnsZoneGroups`: the records that Azure keeps for an endpoint in private DNS
//! zones. It cannot carry a mark: it belongs to whom its endpoint does.

use serde::{Deserialize, Serialize};

use crate::model::{Change, Compare, Conditional, Field, Key, NETWORK_OPERATIONS, Ownership, ResourceModel};

/// The type's own segment below its endpoint.
pub const SEGMENT: &str = "privateDnsZoneGroups";
/// The name of our zone group: others have other names.
pub const NAME: &str = "privatelink-dev";

/// What of a zone group is ours, and how.
pub static MODEL: ResourceModel = ResourceModel {
    resource_type: "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    api_version: super::private_endpoint::API_VERSION,
    mark: None,
    conditional: Conditional::Updates,
    alone: true,
    one_at_a_time: false,
    operations: Some(NETWORK_OPERATIONS),
    joins: &["Microsoft.Network/privateDnsZones/join/action"],
    server_names: &["etag", "provisioningState", "recordSets"],
    fields: &[Field {
        path: &["properties", "privateDnsZoneConfigs"],
        ownership: Ownership::Whole(Key::Field(&["name"])),
        compare: Compare::Exact,
        change: Change::Allowed,
        // Azure refuses another zone under the same name: that takes a new group.
        elements: &[Field::atomic(
            &["properties", "privateDnsZoneId"],
            Compare::IgnoreCase,
            Change::OnCreation,
        )],
    }],
    read_only: &[],
};

/// The body of a PUT: only what we own.
#[derive(Clone, Debug, Serialize)]
pub struct ZoneGroup {
    pub properties: Properties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    pub private_dns_zone_configs: Vec<ZoneConfig>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ZoneConfig {
    pub name: String,
    pub properties: ZoneConfigProperties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneConfigProperties {
    pub private_dns_zone_id: String,
}

/// What we read of an answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    pub properties: AnswerProperties,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AnswerProperties {
    pub private_dns_zone_configs: Vec<AnswerConfig>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AnswerConfig {
    pub properties: AnswerConfigProperties,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AnswerConfigProperties {
    pub private_dns_zone_id: String,
    pub record_sets: Vec<RecordSet>,
}

/// A record that Azure keeps in a zone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RecordSet {
    pub record_type: String,
    pub record_set_name: String,
    pub fqdn: String,
    pub ip_addresses: Vec<String>,
}
