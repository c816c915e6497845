//! `Microsoft.Network/privateDnsZones`: the body we write, and the parts of an answer that we read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{
    Change, Compare, Conditional, Field, Key, Ownership, PRIVATE_DNS_OPERATIONS, ResourceModel, SERVER_NAMES,
};

/// ARM's name of the type.
pub const RESOURCE_TYPE: &str = "Microsoft.Network/privateDnsZones";
/// The first version with `resolutionPolicy` on links; zones, links and records share it.
pub const API_VERSION: &str = "2024-06-01";
/// Zones and links have no region; Azure refuses any other word.
pub const LOCATION: &str = "global";

/// Tags are shared with others.
pub(super) const TAGS: Field = Field {
    path: &["tags"],
    ownership: Ownership::OwnedKeys(Key::MapKey),
    compare: Compare::Exact,
    change: Change::Allowed,
    elements: &[],
};

/// What of a zone is ours, and how.
pub static MODEL: ResourceModel = ResourceModel {
    resource_type: RESOURCE_TYPE,
    api_version: API_VERSION,
    mark: Some(&["tags"]),
    conditional: Conditional::CreationsToo,
    alone: false,
    one_at_a_time: false,
    operations: Some(PRIVATE_DNS_OPERATIONS),
    joins: &[],
    server_names: SERVER_NAMES,
    fields: &[
        Field::atomic(&["location"], Compare::Location, Change::OnCreation),
        TAGS,
    ],
    read_only: &[&["properties"]],
};

/// The body of a PUT: only what we own.
#[derive(Clone, Debug, Serialize)]
pub struct PrivateDnsZone {
    pub location: &'static str,
    pub tags: BTreeMap<String, String>,
}

/// The parts of an answer that we read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    pub properties: Counters,
}

/// How full a zone is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Counters {
    pub number_of_record_sets: Option<i64>,
    pub max_number_of_record_sets: Option<i64>,
    pub number_of_virtual_network_links: Option<i64>,
    pub max_number_of_virtual_network_links: Option<i64>,
    pub number_of_virtual_network_links_with_registration: Option<i64>,
    pub max_number_of_virtual_network_links_with_registration: Option<i64>,
}
