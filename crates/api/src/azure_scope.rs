//! What a namespace may touch in Azure, and as whom. Nothing is allowed that no scope allows.

#![expect(
    clippy::duplicated_attributes,
    reason = "each printer column repeats the attribute and its keys"
)]

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::managed::DeletionPolicy;
use crate::names::CONTROLLER_NAME_PATTERN;
use crate::reference::{ArmReference, references_schema};
use crate::rule::{
    ARM_ID_MAX_LENGTH, GUID_PATTERN, PREFIX_ID_PATTERN, RESOURCE_GROUP_PATTERN, exactly_one, rule, rule_at,
    text_matches,
};

/// What the scope allows, to whom and as whom.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "privatelink.dev",
    version = "v1alpha1",
    kind = "AzureScope",
    plural = "azurescopes",
    singular = "azurescope",
    shortname = "azs",
    category = "azure",
    category = "privatelink",
    status = "AzureScopeStatus",
    derive = "PartialEq",
    doc = "What the objects of some namespaces may touch in Azure, and as whom. Nothing is allowed that no scope allows.",
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
    printcolumn(name = "NAMESPACES", type_ = "string", json_path = ".status.namespaces"),
    printcolumn(name = "OBJECTS", type_ = "integer", json_path = ".status.objects"),
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
pub struct AzureScopeSpec {
    /// Which installation of the controller serves the scope, as a GatewayClass names its controller. Default:
    /// privatelink.dev/controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub controller_name: Option<String>,
    /// The namespaces that the scope is for, by name. Recommended over namespaceSelector. One of namespaces and
    /// namespaceSelector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::reference::namespace_names_schema")]
    pub namespaces: Option<Vec<String>>,
    /// The namespaces that the scope is for, by label. Whoever may label namespaces then grants rights in Azure. One of
    /// namespaces and namespaceSelector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::reference::selector_schema")]
    pub namespace_selector: Option<LabelSelector>,
    /// As whom the controller calls Azure. Default: as itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// What fields that an object leaves out resolve to. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults: Option<ScopeDefaults>,
    /// Short names for ARM ids, for references by `alias`: ids that another tool puts out stand in one place. Default:
    /// none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "aliases_schema")]
    pub aliases: BTreeMap<String, String>,
    /// What may be touched. Default: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    // Atomic, since the one field that could be the key of a map has two names. Entries that stand twice do no harm.
    #[schemars(length(max = 512), extend("x-kubernetes-list-type" = "atomic"))]
    pub allow: Vec<AllowEntry>,
    /// Names of DNS zones that may be created or linked; `*` stands for any characters, as in `privatelink.*`.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub zone_names: Vec<String>,
    /// Aliases of private link services of others that may be connected to; exact, never beginnings. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 256)), extend("x-kubernetes-list-type" = "set"))]
    pub service_aliases: Vec<String>,
}

impl AzureScopeSpec {
    /// The controller's name, with its default.
    pub fn controller_name(&self) -> &str {
        self.controller_name
            .as_deref()
            .unwrap_or(crate::names::DEFAULT_CONTROLLER_NAME)
    }
}

/// As whom the controller calls Azure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = identity_rules()))]
pub struct Identity {
    /// Controller is the controller's own; WorkloadIdentity federates a service account; ManagedIdentity is one of the
    /// machine that the controller runs on.
    #[serde(rename = "type")]
    pub type_: IdentityType,
    /// The client id of the application (WorkloadIdentity) or of the managed identity. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub client_id: Option<String>,
    /// The object id of the managed identity. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub object_id: Option<String>,
    /// The ARM id of the managed identity. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub resource_id: Option<String>,
    /// The tenant of the application. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub tenant_id: Option<String>,
    /// The service account whose token is exchanged. One in a platform namespace is recommended: those who use the
    /// scope can then neither use nor delete it. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccountReference>,
}

/// The kind of identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum IdentityType {
    #[default]
    Controller,
    WorkloadIdentity,
    ManagedIdentity,
}

/// A service account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = service_account_rules()))]
pub struct ServiceAccountReference {
    /// Its namespace.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// What fields that an object leaves out resolve to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = defaults_rules()))]
pub struct ScopeDefaults {
    /// The subscription of a resource group that is given by its bare name. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub subscription_id: Option<String>,
    /// The resource group of new resources: its name or its full ARM id. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub resource_group: Option<String>,
    /// The resource group of DNS zones: its name or its full ARM id. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub dns_resource_group: Option<String>,
    /// Tags for every resource; an object's own tags win. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::rule::tags_schema")]
    pub tags: BTreeMap<String, String>,
    /// What happens in Azure when an object is deleted that does not say itself. Default: Delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Where and how the names of endpoints are resolved. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsDefaults>,
}

/// Where and how the names of endpoints are resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DnsDefaults {
    /// The virtual networks whose resolvers answer the clients. Default: each endpoint's own network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "resolver_networks_schema")]
    pub resolver_networks: Vec<ArmReference>,
    /// Addresses of DNS servers that are asked to verify names. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "lookup_servers_schema")]
    pub lookup_servers: Vec<String>,
}

/// What may be done at and under one ARM id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = allow_rules()), transform = with_the_other_name_of_on)]
pub struct AllowEntry {
    /// An ARM id: the entry is for it and everything under it, by whole segments and without case. YAML 1.1 readers
    /// such as kubectl make `true` of an unquoted `on`; both are accepted as this field. One of on and true.
    #[serde(alias = "true")]
    #[schemars(length(min = 1, max = 1024))]
    pub on: String,
    /// What may be done there.
    #[schemars(length(min = 1, max = 12), extend("x-kubernetes-list-type" = "set"))]
    pub verbs: Vec<Verb>,
    /// Names of DNS records that WriteRecords is for; `*` stands for any characters. `@` and a record named `*` only
    /// where they are named exactly. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 253)), extend("x-kubernetes-list-type" = "set"))]
    pub record_names: Vec<String>,
}

/// What may be done at and under an ARM id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
pub enum Verb {
    /// Create resources, and change and delete those that are the object's own. Implies Use.
    Manage,
    /// Refer to it: a network security group, route table or application security group.
    Use,
    /// Place endpoints into a subnet, or a zone into an endpoint's zone group.
    Join,
    /// Change a subnet's network security group, route table and policies.
    Bind,
    /// Connect endpoints to it.
    Connect,
    /// Have the connection approved by the right of the controller's own identity.
    AutoApprove,
    /// Approve connections of others.
    Approve,
    /// Close its public access.
    ClosePublicAccess,
    /// Attach networks to the zone.
    Link,
    /// Attach zones to the network: whoever does decides names for everybody there.
    LinkZones,
    /// Write DNS records, of the names in `recordNames`.
    WriteRecords,
}

impl Verb {
    /// As it stands in `verbs`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verb::Manage => "Manage",
            Verb::Use => "Use",
            Verb::Join => "Join",
            Verb::Bind => "Bind",
            Verb::Connect => "Connect",
            Verb::AutoApprove => "AutoApprove",
            Verb::Approve => "Approve",
            Verb::ClosePublicAccess => "ClosePublicAccess",
            Verb::Link => "Link",
            Verb::LinkZones => "LinkZones",
            Verb::WriteRecords => "WriteRecords",
        }
    }
}

impl std::fmt::Display for Verb {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What the scope is for at present.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AzureScopeStatus {
    /// The generation of spec that this status is about; -1 before the first look. Unit: generation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1))]
    pub observed_generation: Option<i64>,
    /// What the controller found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::condition::conditions_schema")]
    pub conditions: Vec<Condition>,
    /// The value of the annotation `privatelink.dev/reconcile-requested-at` that was served last, cut at 1,024
    /// characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub last_handled_reconcile_at: Option<String>,
    /// The namespaces that the scope is for, at most 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub namespaces: Vec<String>,
    /// How many objects use the scope. Unit: objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub objects: Option<i64>,
    /// The subscriptions that the scope is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"]))]
    pub subscriptions: Vec<SubscriptionStatus>,
}

/// What is known of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionStatus {
    /// The subscription's id.
    #[schemars(length(max = 64))]
    pub id: String,
    /// Whether the scope's identity can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
    /// Whether the resource provider Microsoft.Network is registered in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_registered: Option<bool>,
    /// Actions that the scope allows and that the identity has no right to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 256)), extend("x-kubernetes-list-type" = "set"))]
    pub missing_actions: Vec<String>,
}

fn spec_rules() -> Vec<Value> {
    vec![
        rule(
            exactly_one(&["namespaces", "namespaceSelector"]),
            "spec must have exactly one of namespaces and namespaceSelector: set one and remove the other",
        ),
        text_matches(
            "controllerName",
            CONTROLLER_NAME_PATTERN,
            "spec.controllerName must be a domain and a name with a slash between, in lower-case letters, digits, dashes and dots, such as example.com/payments: the one of --controller-name",
        ),
    ]
}

fn identity_rules() -> Vec<Value> {
    vec![
        rule(
            "self.type != 'Controller' || !(has(self.clientId) || has(self.objectId) || has(self.resourceId) || has(self.tenantId) || has(self.serviceAccount))",
            "spec.identity of type Controller has no other fields: remove them, or set type to WorkloadIdentity or ManagedIdentity",
        ),
        rule(
            "self.type != 'WorkloadIdentity' || (has(self.clientId) && has(self.tenantId) && has(self.serviceAccount) && !has(self.objectId) && !has(self.resourceId))",
            "spec.identity of type WorkloadIdentity must have clientId, tenantId and serviceAccount, and neither objectId nor resourceId: add what is missing and remove the others",
        ),
        rule(
            format!(
                "self.type != 'ManagedIdentity' || ({} && !has(self.tenantId) && !has(self.serviceAccount))",
                exactly_one(&["clientId", "objectId", "resourceId"])
            ),
            "spec.identity of type ManagedIdentity must have exactly one of clientId, objectId and resourceId, and neither tenantId nor serviceAccount: set one and remove the others",
        ),
        identifier(
            "clientId",
            "the client id of the application or managed identity, such as 6f1c0000-0000-0000-0000-000000000000 (az identity show --query clientId), not its name",
        ),
        identifier(
            "objectId",
            "the object id of the managed identity, such as 6f1c0000-0000-0000-0000-000000000000 (az identity show --query principalId), not its name",
        ),
        identifier(
            "tenantId",
            "the tenant's id, such as 6f1c0000-0000-0000-0000-000000000000 (az account show --query tenantId), not its domain",
        ),
        text_matches(
            "resourceId",
            MANAGED_IDENTITY_PATTERN,
            "spec.identity.resourceId must be the full ARM id of a managed identity, such as /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>",
        ),
    ]
}

/// ARM ids of managed identities that stand by themselves: those of a machine have no id to choose them by.
pub const MANAGED_IDENTITY_PATTERN: &str = "(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft[.]ManagedIdentity/userAssignedIdentities/[^/]+$";

/// A field of spec.identity that Entra knows as a GUID; braces and the form without dashes are not taken.
fn identifier(field: &str, what: &str) -> Value {
    let message = format!("spec.identity.{field} must be {what}");
    text_matches(field, GUID_PATTERN, &message)
}

fn service_account_rules() -> Vec<Value> {
    vec![
        text_matches(
            "namespace",
            "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
            "spec.identity.serviceAccount.namespace must be a namespace's name: lower-case letters, digits and dashes, such as platform",
        ),
        text_matches(
            "name",
            "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
            "spec.identity.serviceAccount.name must be a service account's name: lower-case letters, digits, dashes and dots, such as orders-azure, without its namespace",
        ),
    ]
}

fn defaults_rules() -> Vec<Value> {
    let group = |field: &str| {
        let message = format!(
            "spec.defaults.{field} must be a name such as rg-orders or an ARM id such as /subscriptions/<id>/resourceGroups/rg-orders"
        );
        text_matches(field, RESOURCE_GROUP_PATTERN, &message)
    };
    vec![
        group("resourceGroup"),
        group("dnsResourceGroup"),
        text_matches(
            "subscriptionId",
            GUID_PATTERN,
            "spec.defaults.subscriptionId must be a subscription's id such as 6f1c0000-0000-0000-0000-000000000000, without /subscriptions/",
        ),
    ]
}

/// What YAML 1.1 makes of the key `on`. The API server refuses manifests with fields that are not in the schema, so it
/// has to be there.
const OTHER_NAME_OF_ON: &str = "true";

/// Adds the other name of `on`, with the same limits. Neither name is required alone; a rule asks for one of them.
fn with_the_other_name_of_on(schema: &mut Schema) {
    let Some(mut other) = schema.pointer("/properties/on").cloned() else {
        return;
    };
    if let Some(other) = other.as_object_mut() {
        other.insert(
            "description".to_owned(),
            json!("What YAML 1.1 readers such as kubectl make of an unquoted `on`; the same field. One of on and true."),
        );
    }
    if let Some(properties) = schema.pointer_mut("/properties").and_then(Value::as_object_mut) {
        properties.insert(OTHER_NAME_OF_ON.to_owned(), other);
    }
    if let Some(required) = schema.pointer_mut("/required").and_then(Value::as_array_mut) {
        required.retain(|name| name != "on");
    }
}

fn allow_rules() -> Vec<Value> {
    vec![
        rule(
            exactly_one(&["on", OTHER_NAME_OF_ON]),
            "entries of spec.allow must have the field on, once: add it, or remove one of on and true, which is what kubectl makes of an unquoted on",
        ),
        text_matches(
            "on",
            PREFIX_ID_PATTERN,
            "on in spec.allow must be an ARM id without a slash at its end, such as /subscriptions/<id>/resourceGroups/<group>",
        ),
        text_matches(
            OTHER_NAME_OF_ON,
            PREFIX_ID_PATTERN,
            "on in spec.allow, here unquoted and read as true, must be an ARM id without a slash at its end, such as /subscriptions/<id>/resourceGroups/<group>",
        ),
        rule_at(
            "recordNames",
            "!has(self.recordNames) || 'WriteRecords' in self.verbs",
            "recordNames in spec.allow is only for the verb WriteRecords: add WriteRecords to verbs, or remove recordNames",
        ),
    ]
}

fn aliases_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 256,
        "additionalProperties": {
            "type": "string",
            "minLength": 1,
            "maxLength": ARM_ID_MAX_LENGTH,
            "x-kubernetes-validations": [rule(
                format!("self.matches('{PREFIX_ID_PATTERN}')"),
                "values in spec.aliases must be ARM ids such as /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/virtualNetworks/<name>",
            )],
        },
        "x-kubernetes-validations": [rule(
            "self.all(name, name.size() > 0 && name.size() <= 63)",
            "names in spec.aliases must have 1 to 63 characters: choose a shorter name",
        )],
    })
}

fn resolver_networks_schema(generator: &mut SchemaGenerator) -> Schema {
    references_schema(
        generator,
        16,
        "an entry of spec.defaults.dns.resolverNetworks",
        "(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft[.]Network/virtualNetworks/[^/]+$",
        "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/virtualNetworks/<name>",
    )
}

fn lookup_servers_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 8,
        "x-kubernetes-list-type": "set",
        "items": {
            "type": "string",
            "minLength": 1,
            "maxLength": 45,
            "x-kubernetes-validations": json!([rule(
                "isIP(self)",
                "entries of spec.defaults.dns.lookupServers must be IP addresses, such as 10.0.0.4",
            )]),
        },
    })
}
