//! `Microsoft.Network/privateDnsZones/virtualNetworkLinks`: the body we write.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::private_dns_zone::TAGS;
use super::private_endpoint::SubResource;
use crate::ResourceId;
use crate::model::{
    Change, Compare, Conditional, Field, PRIVATE_DNS_OPERATIONS, ResourceModel, SERVER_NAMES,
};

/// The type's own segment below its zone.
pub const SEGMENT: &str = "virtualNetworkLinks";

/// What of a link is ours, and how.
pub static MODEL: ResourceModel = ResourceModel {
    resource_type: "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    api_version: super::private_dns_zone::API_VERSION,
    mark: Some(&["tags"]),
    conditional: Conditional::CreationsToo,
    alone: false,
    one_at_a_time: false,
    operations: Some(PRIVATE_DNS_OPERATIONS),
    joins: &["Microsoft.Network/virtualNetworks/join/action"],
    server_names: SERVER_NAMES,
    fields: &[
        Field::atomic(&["location"], Compare::Location, Change::OnCreation),
        TAGS,
        Field::atomic(
            &["properties", "virtualNetwork", "id"],
            Compare::IgnoreCase,
            Change::OnCreation,
        ),
        Field::atomic(
            &["properties", "registrationEnabled"],
            Compare::Exact,
            Change::Allowed,
        ),
        Field::atomic(
            &["properties", "resolutionPolicy"],
            Compare::IgnoreCase,
            Change::Allowed,
        ),
    ],
    read_only: &[&["properties", "virtualNetworkLinkState"]],
};

/// Whether a link leads to a network.
pub fn leads_to(link: &Value, network: &ResourceId) -> bool {
    let id = link
        .pointer("/properties/virtualNetwork/id")
        .and_then(Value::as_str);
    id.and_then(|id| ResourceId::parse(id).ok())
        .is_some_and(|id| id == *network)
}

/// The body of a PUT: only what we own.
#[derive(Clone, Debug, Serialize)]
pub struct VirtualNetworkLink {
    pub location: &'static str,
    pub tags: BTreeMap<String, String>,
    pub properties: Properties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    pub virtual_network: SubResource,
    pub registration_enabled: bool,
    /// Left out where spec says nothing: Azure's default is not drift.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution_policy: Option<&'static str>,
}
