//! An application security group: a name for endpoints and interfaces that rules can use instead of addresses.

#![expect(
    clippy::duplicated_attributes,
    reason = "each printer column repeats the attribute and its keys"
)]

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::managed::{
    ManagedResource, ManagedSpec, ManagedStatus, Placement, managed_rules, placement_rules,
};
use crate::reference::AllowedNamespaces;

/// What the group should be.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "ApplicationSecurityGroup",
    plural = "applicationsecuritygroups",
    singular = "applicationsecuritygroup",
    shortname = "asg",
    category = "azure",
    category = "privatelink",
    namespaced,
    status = "ApplicationSecurityGroupStatus",
    derive = "PartialEq",
    doc = "An application security group in Azure: a name for private endpoints that rules use instead of addresses.",
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
    printcolumn(name = "MEMBERS", type_ = "integer", json_path = ".status.members"),
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
pub struct ApplicationSecurityGroupSpec {
    #[serde(flatten)]
    pub managed: ManagedSpec,
    #[serde(flatten)]
    pub placement: Placement,
    /// The namespaces whose objects may refer to this one by name. Default: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
}

/// What it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSecurityGroupStatus {
    #[serde(flatten)]
    pub managed: ManagedStatus,
    /// How many private endpoints are in it. Unit: private endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub members: Option<i64>,
    /// The PrivateEndpoints that are in it, as namespace/name; at most 100 are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 200)), extend("x-kubernetes-list-type" = "set"))]
    pub private_endpoints: Vec<String>,
}

impl ManagedResource for ApplicationSecurityGroup {
    const KIND: &'static str = "ApplicationSecurityGroup";
    const SHORT_NAME: &'static str = "asg";

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
