//! A network security group: which traffic its subnets let in and out.

#![expect(
    clippy::duplicated_attributes,
    reason = "each printer column repeats the attribute and its keys"
)]

use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lean;
use crate::managed::{
    ManagedResource, ManagedSpec, ManagedStatus, Placement, managed_rules, placement_rules,
};
use crate::reference::{AllowedNamespaces, ObjectReference};
use crate::rule::{exactly_one, rule, rule_at};

/// What the group should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "NetworkSecurityGroup",
    plural = "networksecuritygroups",
    singular = "networksecuritygroup",
    shortname = "nsg",
    category = "azure",
    category = "privatelink",
    namespaced,
    status = "NetworkSecurityGroupStatus",
    derive = "PartialEq",
    doc = "A network security group in Azure: which traffic the subnets that use it let in and out.",
    printcolumn(
        name = "READY",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "REASON",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(name = "RULES", type_ = "integer", json_path = ".status.rules"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "MESSAGE",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    ),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.resourceId", priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = spec_rules()))]
pub struct NetworkSecurityGroupSpec {
    #[serde(flatten)]
    pub managed: ManagedSpec,
    #[serde(flatten)]
    pub placement: Placement,
    /// The rules, by name. Azure's default rules come after them. Default: none. Azure: properties.securityRules[].
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "lean::list"
    )]
    #[schemars(length(max = 1000), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub rules: Vec<SecurityRule>,
    /// What becomes of rules that others put into the group. Default: Delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmanaged_rules: Option<UnmanagedRules>,
    /// The namespaces whose objects may refer to this one by name. Default: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
}

/// One rule. Of the rules of a direction that match, the one of the lowest priority decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = security_rule_rules()))]
pub struct SecurityRule {
    /// The rule's name. Azure: properties.securityRules[].name.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// Which traffic it is about. Azure: properties.securityRules[].properties.direction.
    pub direction: Direction,
    /// The lower, the earlier it is looked at. No two rules of a direction have the same. Unit: rank. Azure:
    /// properties.securityRules[].properties.priority.
    #[schemars(range(min = 100, max = 4096))]
    pub priority: i32,
    /// The protocol. Default: `*`. Azure: properties.securityRules[].properties.protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// What happens to the traffic. Azure: properties.securityRules[].properties.access.
    pub access: Access,
    /// Where it comes from. Default: anywhere. Azure: properties.securityRules[].properties.sourceAddressPrefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Side>,
    /// Where it goes. Default: anywhere. Azure: properties.securityRules[].properties.destinationAddressPrefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Side>,
    /// The ports that it comes from: ports such as 443, ranges such as 8000-8100, or `*`. Default: `*`. Azure:
    /// properties.securityRules[].properties.sourcePortRange, properties.securityRules[].properties.sourcePortRanges[].
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "lean::list"
    )]
    #[schemars(schema_with = "ports_schema")]
    pub source_ports: Vec<String>,
    /// The ports that it goes to. Default: `*`. Azure: properties.securityRules[].properties.destinationPortRange,
    /// properties.securityRules[].properties.destinationPortRanges[].
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "lean::list"
    )]
    #[schemars(schema_with = "ports_schema")]
    pub ports: Vec<String>,
    /// What it is for. Default: none. Azure: properties.securityRules[].properties.description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 140))]
    pub description: Option<String>,
}

/// One side of the traffic: exactly one of `prefixes`, `serviceTag` and `applicationSecurityGroups`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = side_rules()))]
pub struct Side {
    /// Addresses and prefixes, such as 10.1.0.4 and 10.1.0.0/16. One of prefixes, serviceTag and
    /// applicationSecurityGroups. Azure: properties.securityRules[].properties.sourceAddressPrefixes[],
    /// properties.securityRules[].properties.destinationAddressPrefixes[].
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lean::some_list"
    )]
    #[schemars(schema_with = "prefixes_schema")]
    pub prefixes: Option<Vec<String>>,
    /// A service tag of Azure, such as VirtualNetwork, Internet or Storage.WestEurope. One of prefixes, serviceTag and
    /// applicationSecurityGroups. Azure: properties.securityRules[].properties.sourceAddressPrefix,
    /// properties.securityRules[].properties.destinationAddressPrefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub service_tag: Option<String>,
    /// Groups of endpoints and interfaces, all of one virtual network. One of prefixes, serviceTag and
    /// applicationSecurityGroups. Azure: properties.securityRules[].properties.sourceApplicationSecurityGroups[].id,
    /// properties.securityRules[].properties.destinationApplicationSecurityGroups[].id.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lean::some_list"
    )]
    #[schemars(length(min = 1, max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub application_security_groups: Option<Vec<ObjectReference>>,
}

/// Which way traffic goes, as seen from the subnet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
pub enum Direction {
    #[default]
    Inbound,
    Outbound,
}

/// What happens to traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Access {
    Allow,
    #[default]
    Deny,
}

/// A protocol, in Azure's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Protocol {
    #[default]
    #[serde(rename = "*")]
    Any,
    Tcp,
    Udp,
    Icmp,
    Esp,
    Ah,
}

/// What becomes of rules of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum UnmanagedRules {
    #[default]
    Delete,
    Keep,
}

/// What it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkSecurityGroupStatus {
    #[serde(flatten)]
    pub managed: ManagedStatus,
    /// How many rules the group has, Azure's default rules left out. Unit: rules. Azure: properties.securityRules[].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub rules: Option<i64>,
    /// The ARM ids of the subnets that use it; at most 100 are shown. Azure: properties.subnets[].id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 2048)), extend("x-kubernetes-list-type" = "set"))]
    pub subnets: Vec<String>,
    /// The ARM ids of the network interfaces that use it themselves; at most 100 are shown. Azure:
    /// properties.networkInterfaces[].id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 2048)), extend("x-kubernetes-list-type" = "set"))]
    pub network_interfaces: Vec<String>,
}

impl ManagedResource for NetworkSecurityGroup {
    const KIND: &'static str = "NetworkSecurityGroup";
    const SHORT_NAME: &'static str = "nsg";

    fn managed(&self) -> &ManagedSpec {
        &self.spec.managed
    }

    fn managed_status(&self) -> Option<&ManagedStatus> {
        self.status.as_ref().map(|status| &status.managed)
    }

    fn allowed_namespaces(&self) -> Option<&AllowedNamespaces> {
        self.spec.allowed_namespaces.as_ref()
    }
}

fn spec_rules() -> Vec<Value> {
    let mut rules = managed_rules();
    rules.extend(placement_rules());
    rules
}

fn security_rule_rules() -> Vec<Value> {
    vec![rule_at(
        "name",
        "self.name.matches('^[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9_])?$')",
        "spec.rules: name of a rule must begin with a letter or digit, end with a letter, digit or '_', and have only letters, digits, '.', '_' and '-' in between",
    )]
}

fn side_rules() -> Vec<Value> {
    vec![rule(
        exactly_one(&["prefixes", "serviceTag", "applicationSecurityGroups"]),
        "spec.rules: source and destination of a rule must have exactly one of prefixes, serviceTag and applicationSecurityGroups: set one and remove the others, or leave the side out for anywhere",
    )]
}

// Prefixes and ports are looked at by the controller: rules on each of a million would be too dear.
fn prefixes_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": 4000,
        "x-kubernetes-list-type": "atomic",
        "items": {"type": "string", "minLength": 1, "maxLength": 64},
    })
}

fn ports_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 4000,
        "x-kubernetes-list-type": "atomic",
        "items": {"type": "string", "minLength": 1, "maxLength": 11},
    })
}
