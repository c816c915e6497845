//! `Microsoft.Network/networkSecurityGroups`: the body we write, and the parts of an answer that we read.

use std::collections::BTreeMap;

use serde::Serialize;

use super::private_endpoint::{SubResource, TAGS};
use crate::model::{
    Change, Compare, Conditional, Field, Key, NETWORK_OPERATIONS, Ownership, ResourceModel, SERVER_NAMES,
};

/// ARM's name of the type.
pub const RESOURCE_TYPE: &str = "Microsoft.Network/networkSecurityGroups";

const fn atomic(path: &'static [&'static str]) -> Field {
    Field::atomic(path, Compare::IgnoreCase, Change::Allowed)
}

const fn or_nothing(path: &'static [&'static str]) -> Field {
    Field::or_nothing(path, Compare::IgnoreCase)
}

const fn groups(path: &'static [&'static str]) -> Field {
    Field {
        path,
        ownership: Ownership::OrNothing,
        compare: Compare::IgnoreCase,
        change: Change::Allowed,
        elements: &[],
    }
}

/// A side is given by one of several fields: those that are not used are not to be there.
const RULE_FIELDS: &[Field] = &[
    Field::or_nothing(&["properties", "description"], Compare::Exact),
    atomic(&["properties", "protocol"]),
    atomic(&["properties", "access"]),
    atomic(&["properties", "direction"]),
    Field::atomic(&["properties", "priority"], Compare::Exact, Change::Allowed),
    or_nothing(&["properties", "sourcePortRange"]),
    or_nothing(&["properties", "sourcePortRanges"]),
    or_nothing(&["properties", "destinationPortRange"]),
    or_nothing(&["properties", "destinationPortRanges"]),
    or_nothing(&["properties", "sourceAddressPrefix"]),
    or_nothing(&["properties", "sourceAddressPrefixes"]),
    or_nothing(&["properties", "destinationAddressPrefix"]),
    or_nothing(&["properties", "destinationAddressPrefixes"]),
    groups(&["properties", "sourceApplicationSecurityGroups"]),
    groups(&["properties", "destinationApplicationSecurityGroups"]),
];

const fn model(ownership: Ownership) -> [Field; 3] {
    [
        Field::atomic(&["location"], Compare::Location, Change::OnCreation),
        TAGS,
        Field {
            path: &["properties", "securityRules"],
            ownership,
            compare: Compare::Exact,
            change: Change::Allowed,
            elements: RULE_FIELDS,
        },
    ]
}

const NAME: Key = Key::Field(&["name"]);

/// What of a group is ours where its rules are: all of them.
pub static MODEL: ResourceModel = ResourceModel {
    fields: &model(Ownership::Whole(NAME)),
    ..BASE
};

/// The same where rules of others stay.
pub static MODEL_AMONG_OTHERS: ResourceModel = ResourceModel {
    fields: &model(Ownership::OwnedKeys(NAME)),
    ..BASE
};

const BASE: ResourceModel = ResourceModel {
    resource_type: RESOURCE_TYPE,
    api_version: super::private_endpoint::API_VERSION,
    mark: Some(&["tags"]),
    conditional: Conditional::Updates,
    alone: false,
    one_at_a_time: false,
    operations: Some(NETWORK_OPERATIONS),
    joins: &["Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action"],
    server_names: SERVER_NAMES,
    fields: &[],
    // Azure's own rules, and what refers to the group.
    read_only: &[
        &["properties", "defaultSecurityRules"],
        &["properties", "subnets"],
        &["properties", "networkInterfaces"],
        &["properties", "flowLogs"],
        &["properties", "resourceGuid"],
    ],
};

/// The body of a PUT: only what we own.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkSecurityGroup {
    pub location: String,
    pub tags: BTreeMap<String, String>,
    pub properties: Properties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    pub security_rules: Vec<Rule>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    pub name: String,
    pub properties: RuleProperties,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleProperties {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub protocol: &'static str,
    pub access: &'static str,
    pub direction: &'static str,
    pub priority: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_port_range: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_port_ranges: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_port_range: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destination_port_ranges: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_address_prefix: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_address_prefixes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_address_prefix: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destination_address_prefixes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_application_security_groups: Vec<SubResource>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destination_application_security_groups: Vec<SubResource>,
}
