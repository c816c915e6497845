//! A binding of one subnet that other people own: which security group, routes, policies and service endpoints it has.

#![expect(
    clippy::duplicated_attributes,
    reason = "each printer column repeats the attribute and its keys"
)]

use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::managed::{ManagedResource, ManagedSpec, ManagedStatus, meaningless, scope_name_rule};
use crate::reference::{ArmReference, ObjectReference, object_reference_rules, subnet_reference_rules};
use crate::rule::rule;

/// What the subnet should have. What is left out stays as its owner has it.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "SubnetBinding",
    plural = "subnetbindings",
    singular = "subnetbinding",
    shortname = "snb",
    category = "azure",
    category = "privatelink",
    namespaced,
    status = "SubnetBindingStatus",
    derive = "PartialEq",
    doc = "Binds a security group, a route table, policies and service endpoints to one subnet that other people own. Nothing else of the subnet is touched. When the object is deleted, deletionPolicy Delete puts back what was there before, where nobody has changed it since, and Retain leaves the subnet as it is; the subnet itself is never deleted.",
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
    printcolumn(name = "SUBNET", type_ = "string", json_path = ".status.effective.subnetName"),
    printcolumn(
        name = "ENFORCED",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"NetworkPolicyEnforced\")].status"
    ),
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
pub struct SubnetBindingSpec {
    #[serde(flatten)]
    pub managed: ManagedSpec,
    /// The subnet. Immutable. Azure: id.
    #[schemars(extend("x-kubernetes-validations" = subnet_reference_rules()))]
    pub subnet: ArmReference,
    /// The network security group that the subnet uses. Default: as the subnet's owner has it. Azure:
    /// properties.networkSecurityGroup.id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = security_group_rules()))]
    pub network_security_group: Option<ObjectReference>,
    /// The route table that the subnet uses. Default: as the subnet's owner has it. Azure: properties.routeTable.id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = route_table_rules()))]
    pub route_table: Option<ObjectReference>,
    /// What of the subnet's security group and routes Azure applies to private endpoints: Enabled is both, Disabled is
    /// neither, and the others are one of them. Default: as the subnet's owner has it. Azure:
    /// properties.privateEndpointNetworkPolicies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_endpoint_network_policies: Option<EndpointPolicies>,
    /// Whether Azure applies them to private link services; a subnet that services take addresses from needs Disabled.
    /// Default: as the subnet's owner has it. Azure: properties.privateLinkServiceNetworkPolicies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_link_service_network_policies: Option<ServicePolicies>,
    /// Services that the subnet has service endpoints for, such as Microsoft.Storage, beside those that others put
    /// there. Default: none. Azure: properties.serviceEndpoints[].service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "service_endpoints_schema")]
    pub service_endpoints: Vec<String>,
}

/// What of a subnet's security group and routes holds for private endpoints, in Azure's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum EndpointPolicies {
    #[default]
    Disabled,
    Enabled,
    NetworkSecurityGroupEnabled,
    RouteTableEnabled,
}

/// Whether a subnet's security group and routes hold for private link services, in Azure's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum ServicePolicies {
    Disabled,
    #[default]
    Enabled,
}

/// What the subnet has.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubnetBindingStatus {
    #[serde(flatten)]
    pub managed: ManagedStatus,
    /// The subnet's prefixes, as Azure shows them. Azure: properties.addressPrefix, properties.addressPrefixes[].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 64)), extend("x-kubernetes-list-type" = "set"))]
    pub address_prefixes: Vec<String>,
    /// The ARM id of the network security group that the subnet has now. Azure: properties.networkSecurityGroup.id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub network_security_group_id: Option<String>,
    /// The ARM id of the route table that the subnet has now. Azure: properties.routeTable.id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub route_table_id: Option<String>,
    /// What was not put back, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 1024)), extend("x-kubernetes-list-type" = "set"))]
    pub left: Vec<String>,
}

impl ManagedResource for SubnetBinding {
    const KIND: &'static str = "SubnetBinding";
    const SHORT_NAME: &'static str = "snb";

    fn managed(&self) -> &ManagedSpec {
        &self.spec.managed
    }

    fn managed_status(&self) -> Option<&ManagedStatus> {
        self.status.as_ref().map(|status| &status.managed)
    }
}

fn spec_rules() -> Vec<Value> {
    let mut rules = vec![scope_name_rule()];
    rules.extend(meaningless(
        "a SubnetBinding",
        "the subnet stays its owner's",
        &["adoptionPolicy", "adoptFrom"],
    ));
    rules.push(rule(
        "has(self.networkSecurityGroup) || has(self.routeTable) || has(self.privateEndpointNetworkPolicies) || has(self.privateLinkServiceNetworkPolicies) || has(self.serviceEndpoints)",
        "spec must have at least one of networkSecurityGroup, routeTable, privateEndpointNetworkPolicies, privateLinkServiceNetworkPolicies and serviceEndpoints: set what the subnet should have",
    ));
    rules
}

fn security_group_rules() -> Vec<Value> {
    object_reference_rules(
        "spec.networkSecurityGroup",
        "(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft[.]Network/networkSecurityGroups/[^/]+$",
        "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/networkSecurityGroups/<name>",
    )
}

fn route_table_rules() -> Vec<Value> {
    object_reference_rules(
        "spec.routeTable",
        "(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft[.]Network/routeTables/[^/]+$",
        "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/routeTables/<name>",
    )
}

fn service_endpoints_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": 50,
        "x-kubernetes-list-type": "set",
        "items": {
            "type": "string",
            "minLength": 1,
            "maxLength": 128,
            "x-kubernetes-validations": [rule(
                "self.matches('^Microsoft[.][A-Za-z]+([.][A-Za-z]+)?$')",
                "entries of spec.serviceEndpoints must be services such as Microsoft.Storage, Microsoft.Storage.Global or Microsoft.KeyVault",
            )],
        },
    })
}
