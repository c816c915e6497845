//! `Microsoft.Network/routeTables`: the body we write, and the parts of an answer that we read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::private_endpoint::TAGS;
use crate::model::{
    Change, Compare, Conditional, Field, Key, NETWORK_OPERATIONS, Ownership, ResourceModel, SERVER_NAMES,
};

/// ARM's name of the type.
pub const RESOURCE_TYPE: &str = "Microsoft.Network/routeTables";

const ROUTE_FIELDS: &[Field] = &[
    Field::atomic(
        &["properties", "addressPrefix"],
        Compare::IgnoreCase,
        Change::Allowed,
    ),
    Field::atomic(
        &["properties", "nextHopType"],
        Compare::IgnoreCase,
        Change::Allowed,
    ),
    Field::or_nothing(&["properties", "nextHopIpAddress"], Compare::IgnoreCase),
];

/// What of a route table is ours, and how.
pub static MODEL: ResourceModel = ResourceModel {
    resource_type: RESOURCE_TYPE,
    api_version: super::private_endpoint::API_VERSION,
    mark: Some(&["tags"]),
    conditional: Conditional::Updates,
    alone: false,
    one_at_a_time: false,
    operations: Some(NETWORK_OPERATIONS),
    joins: &[],
    server_names: SERVER_NAMES,
    fields: &[
        Field::atomic(&["location"], Compare::Location, Change::OnCreation),
        TAGS,
        Field::atomic(
            &["properties", "disableBgpRoutePropagation"],
            Compare::Exact,
            Change::Allowed,
        ),
        Field {
            path: &["properties", "routes"],
            ownership: Ownership::Whole(Key::Field(&["name"])),
            compare: Compare::Exact,
            change: Change::Allowed,
            elements: ROUTE_FIELDS,
        },
    ],
    read_only: &[&["properties", "subnets"], &["properties", "resourceGuid"]],
};

/// The body of a PUT: only what we own.
#[derive(Clone, Debug, Serialize)]
pub struct RouteTable {
    pub location: String,
    pub tags: BTreeMap<String, String>,
    pub properties: Properties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    pub disable_bgp_route_propagation: bool,
    pub routes: Vec<Route>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Route {
    pub name: String,
    pub properties: RouteProperties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteProperties {
    pub address_prefix: String,
    pub next_hop_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop_ip_address: Option<String>,
}
