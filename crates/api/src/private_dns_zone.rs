//! A private DNS zone: the names that networks linked to it resolve to private addresses.

use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::managed::{
    ManagedResource, ManagedSpec, ManagedStatus, NEW_OBJECT, managed_rules, resource_group_rules,
};
use crate::reference::AllowedNamespaces;
use crate::rule::{immutable, rule_at};

/// What the zone should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "PrivateDnsZone",
    plural = "privatednszones",
    singular = "privatednszone",
    shortname = "pdz",
    category = "azure",
    category = "privatelink",
    namespaced,
    status = "PrivateDnsZoneStatus",
    derive = "PartialEq",
    doc = "A private DNS zone in Azure: the names that the networks linked to it resolve to private addresses.",
    validation = Rule::new("has(self.spec.zoneName) || (self.metadata.name.matches('^[a-z0-9_-]{1,63}([.][a-z0-9_-]{1,63})+$') && !self.metadata.name.matches('^([^.]*[.]){34}'))")
        .message("metadata.name names the zone where spec.zoneName is left out, and must then have 2 to 34 labels of 1 to 63 characters, such as privatelink.blob.core.windows.net: set spec.zoneName"),
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
    printcolumn(name = "ZONE", type_ = "string", json_path = ".status.effective.zoneName"),
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
pub struct PrivateDnsZoneSpec {
    #[serde(flatten)]
    pub managed: ManagedSpec,
    /// The zone's name, such as privatelink.blob.core.windows.net. Default: metadata.name. Immutable. Azure: name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 253))]
    pub zone_name: Option<String>,
    /// The resource group: its name or its full ARM id. Default: the scope's DNS resource group, else its resource
    /// group. Immutable. Azure: id (after resourceGroups).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub resource_group: Option<String>,
    /// Tags for the zone, beside those that others put there. A tag that is dropped here is removed in Azure. Default:
    /// none. Azure: tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::rule::zone_tags_schema")]
    pub tags: BTreeMap<String, String>,
    /// The namespaces whose objects may refer to this zone by name. Default: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
}

/// What the zone is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateDnsZoneStatus {
    #[serde(flatten)]
    pub managed: ManagedStatus,
    /// How many record sets the zone has, to a tenth of what it may have. Unit: record sets. Azure:
    /// properties.numberOfRecordSets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub number_of_record_sets: Option<i64>,
    /// How many networks are linked to it, to a tenth of what it may have. Unit: links. Azure:
    /// properties.numberOfVirtualNetworkLinks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub number_of_links: Option<i64>,
    /// Links that this installation has not made; at most 100 are shown. Azure: id of virtualNetworkLinks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub foreign_links: Vec<ForeignLink>,
}

/// A link that somebody else has made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForeignLink {
    /// The link's name. Azure: name of virtualNetworkLinks.
    #[schemars(length(max = 128))]
    pub name: String,
    /// The ARM id of the virtual network. Azure: properties.virtualNetwork.id of virtualNetworkLinks.
    #[schemars(length(max = 2048))]
    pub virtual_network: String,
}

impl ManagedResource for PrivateDnsZone {
    const KIND: &'static str = "PrivateDnsZone";
    const SHORT_NAME: &'static str = "pdz";

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
    rules.extend(resource_group_rules());
    rules.extend([
        immutable("zoneName", NEW_OBJECT),
        rule_at(
            "zoneName",
            "!has(self.zoneName) || (self.zoneName.matches('^[a-z0-9_-]+([.][a-z0-9_-]+)+$') && self.zoneName.split('.').size() <= 34 && self.zoneName.split('.').all(label, label.size() <= 63))",
            "spec.zoneName must have 2 to 34 labels of 1 to 63 lower-case letters, digits, '_' and '-', such as privatelink.blob.core.windows.net",
        ),
    ]);
    rules
}
