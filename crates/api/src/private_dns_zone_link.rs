//! A link between a private DNS zone and a virtual network: the network's clients resolve the zone's names.

#![expect(
    clippy::duplicated_attributes,
    reason = "each printer column repeats the attribute and its keys"
)]

use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::managed::{ManagedResource, ManagedSpec, ManagedStatus, azure_name_rules, managed_rules};
use crate::reference::{
    ArmReference, ObjectReference, fixed_reference, reference_rules, zone_reference_rules,
};

/// What the link should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "PrivateDnsZoneLink",
    plural = "privatednszonelinks",
    singular = "privatednszonelink",
    shortname = "pdl",
    category = "azure",
    category = "privatelink",
    namespaced,
    status = "PrivateDnsZoneLinkStatus",
    derive = "PartialEq",
    doc = "A link between a private DNS zone and a virtual network: the network's clients resolve the zone's names.",
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
    printcolumn(
        name = "NETWORK",
        type_ = "string",
        json_path = ".status.effective.virtualNetwork",
        priority = 1
    ),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.resourceId", priority = 1)
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = spec_rules()))]
pub struct PrivateDnsZoneLinkSpec {
    #[serde(flatten)]
    pub managed: ManagedSpec,
    /// The link's name in Azure. Default: metadata.name. Immutable. Azure: name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 80))]
    pub azure_name: Option<String>,
    /// The zone. Immutable. Azure: id (after privateDnsZones).
    #[schemars(extend("x-kubernetes-validations" = zone_reference_rules()))]
    pub zone: ObjectReference,
    /// The virtual network. Immutable. Azure: properties.virtualNetwork.id.
    #[schemars(extend("x-kubernetes-validations" = network_rules()))]
    pub virtual_network: ArmReference,
    /// Whether the network's virtual machines get records in the zone by themselves. Default: false. Azure:
    /// properties.registrationEnabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_enabled: Option<bool>,
    /// What the network's clients get for a name that the zone lacks: Default answers that it does not exist;
    /// NxDomainRedirect asks public DNS, and is for zones of Azure Private Link only. Default: Default. Azure:
    /// properties.resolutionPolicy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution_policy: Option<ResolutionPolicy>,
    /// Tags for the link, beside those that others put there. A tag that is dropped here is removed in Azure. Default:
    /// none. Azure: tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::rule::zone_tags_schema")]
    pub tags: BTreeMap<String, String>,
}

/// What clients get for a name that the zone lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum ResolutionPolicy {
    #[default]
    Default,
    NxDomainRedirect,
}

/// What the link is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateDnsZoneLinkStatus {
    #[serde(flatten)]
    pub managed: ManagedStatus,
    /// InProgress or Completed, as Azure says it. Azure: properties.virtualNetworkLinkState.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
}

impl ManagedResource for PrivateDnsZoneLink {
    const KIND: &'static str = "PrivateDnsZoneLink";
    const SHORT_NAME: &'static str = "pdl";

    fn managed(&self) -> &ManagedSpec {
        &self.spec.managed
    }

    fn managed_status(&self) -> Option<&ManagedStatus> {
        self.status.as_ref().map(|status| &status.managed)
    }
}

fn spec_rules() -> Vec<Value> {
    let mut rules = managed_rules();
    rules.extend(azure_name_rules());
    rules
}

fn network_rules() -> Vec<Value> {
    let mut rules = reference_rules(
        "spec.virtualNetwork",
        "(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft[.]Network/virtualNetworks/[^/]+$",
        "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/virtualNetworks/<network>",
    );
    rules.push(fixed_reference("spec.virtualNetwork", &["id", "alias"]));
    rules
}
