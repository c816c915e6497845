//! A binding of private endpoints to application security groups, by the endpoints' labels.

#![expect(
    clippy::duplicated_attributes,
    reason = "each printer column repeats the attribute and its keys"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::managed::{ManagedResource, ManagedSpec, ManagedStatus, meaningless, scope_name_rule};
use crate::reference::{
    APPLICATION_SECURITY_GROUP_ID_EXAMPLE, APPLICATION_SECURITY_GROUP_ID_PATTERN, ObjectReference,
    object_references_schema,
};

/// Which private endpoints join which groups.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "ApplicationSecurityGroupBinding",
    plural = "applicationsecuritygroupbindings",
    singular = "applicationsecuritygroupbinding",
    shortname = "asgb",
    category = "azure",
    category = "privatelink",
    namespaced,
    status = "ApplicationSecurityGroupBindingStatus",
    derive = "PartialEq",
    doc = "Puts every matching PrivateEndpoint of the namespace into application security groups, beside those that the endpoint itself names. It has nothing of its own in Azure: when it is deleted, the endpoints leave the groups that nothing else puts them in.",
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
    printcolumn(name = "SELECTED", type_ = "integer", json_path = ".status.selected"),
    printcolumn(name = "JOINED", type_ = "integer", json_path = ".status.joined"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "MESSAGE",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = spec_rules()))]
pub struct ApplicationSecurityGroupBindingSpec {
    #[serde(flatten)]
    pub managed: ManagedSpec,
    /// The groups that the endpoints join. Azure: properties.applicationSecurityGroups[].id of privateEndpoints.
    #[schemars(schema_with = "application_security_groups_schema")]
    pub application_security_groups: Vec<ObjectReference>,
    /// The PrivateEndpoints of the namespace that join, by label; `{}` is all of them.
    #[schemars(schema_with = "crate::reference::selector_schema")]
    pub private_endpoint_selector: LabelSelector,
}

/// Who joined.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSecurityGroupBindingStatus {
    #[serde(flatten)]
    pub managed: ManagedStatus,
    /// How many endpoints the selector matches. Unit: private endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub selected: Option<i64>,
    /// How many of them are in all the groups, as Azure shows it. Unit: private endpoints. Azure:
    /// properties.applicationSecurityGroups[].id of privateEndpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub joined: Option<i64>,
    /// The names of the endpoints that the selector matches; at most 100 are shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 80)), extend("x-kubernetes-list-type" = "set"))]
    pub private_endpoints: Vec<String>,
}

impl ManagedResource for ApplicationSecurityGroupBinding {
    const KIND: &'static str = "ApplicationSecurityGroupBinding";
    const SHORT_NAME: &'static str = "asgb";

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
        "an ApplicationSecurityGroupBinding",
        "it has nothing of its own in Azure",
        &[
            "managementPolicy",
            "deletionPolicy",
            "adoptionPolicy",
            "adoptFrom",
            "onContest",
        ],
    ));
    rules
}

fn application_security_groups_schema(generator: &mut SchemaGenerator) -> Schema {
    object_references_schema(
        generator,
        (1, 20),
        "an entry of spec.applicationSecurityGroups",
        APPLICATION_SECURITY_GROUP_ID_PATTERN,
        APPLICATION_SECURITY_GROUP_ID_EXAMPLE,
    )
}
