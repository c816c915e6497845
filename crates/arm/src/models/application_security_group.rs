//! `Microsoft.Network/applicationSecurityGroups`: the body we write. The group has nothing of its own but its name.

use std::collections::BTreeMap;

use serde::Serialize;

use super::private_endpoint::TAGS;
use crate::model::{Change, Compare, Conditional, Field, NETWORK_OPERATIONS, ResourceModel, SERVER_NAMES};

/// ARM's name of the type.
pub const RESOURCE_TYPE: &str = "Microsoft.Network/applicationSecurityGroups";

/// What of a group is ours, and how.
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
    ],
    read_only: &[&["properties"]],
};

/// The body of a PUT: only what we own.
#[derive(Clone, Debug, Serialize)]
pub struct ApplicationSecurityGroup {
    pub location: String,
    pub tags: BTreeMap<String, String>,
}
