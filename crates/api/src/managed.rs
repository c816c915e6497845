//! What every kind that stands for a resource in Azure shares: the policies in spec and the record in status.

use std::collections::BTreeMap;
use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::reference::AllowedNamespaces;
use crate::rule::{RESOURCE_GROUP_PATTERN, immutable, rule_at, text_matches};

/// A kind that stands for a resource in Azure.
pub trait ManagedResource:
    kube::Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The kind, as in a manifest.
    const KIND: &'static str;
    /// The short name that kubectl knows the kind by.
    const SHORT_NAME: &'static str;

    /// The fields of spec that all kinds share.
    fn managed(&self) -> &ManagedSpec;

    /// The fields of status that all kinds share; none where nothing has been written yet.
    fn managed_status(&self) -> Option<&ManagedStatus>;

    /// The namespaces whose objects may refer to this one by name; none: its own.
    fn allowed_namespaces(&self) -> Option<&AllowedNamespaces> {
        None
    }
}

/// The fields of spec that every kind for a resource in Azure shares. What a missing field resolves to is published
/// under `status.effective`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedSpec {
    /// The AzureScope that says what may be touched and as whom, where several match the namespace. It can be added
    /// once, then never changed or removed. Default: the only one that matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 80))]
    pub scope_name: Option<String>,
    /// Manage creates, corrects and deletes. ObserveOnly writes nothing and sets no finalizer: Ready says whether Azure
    /// equals spec. Default: Manage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<ManagementPolicy>,
    /// What happens in Azure when the object is deleted: Delete the resource, or Retain it without one call. Default:
    /// the scope's, else Delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// What happens where the resource exists and nobody owns it: Refuse it, or Adopt it (take it over). Default:
    /// Refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption_policy: Option<AdoptionPolicy>,
    /// Take the resource over from this one other owner id, after a cluster was rebuilt or for a migration. Default:
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub adopt_from: Option<String>,
    /// Who wins when somebody undoes the controller's change again and again: Enforce keeps correcting, Yield stops.
    /// Default: Enforce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_contest: Option<OnContest>,
}

/// Where a resource is made and what it is called, for kinds whose resource has a place of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// The name in Azure. Default: metadata.name. Immutable. Azure: name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 80))]
    pub azure_name: Option<String>,
    /// The resource group: its name or its full ARM id. Default: the scope's. Immutable. Azure: id (after
    /// resourceGroups).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub resource_group: Option<String>,
    /// The Azure region, such as westeurope. Default: the parent's (a private endpoint takes its virtual network's).
    /// Immutable. Azure: location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub location: Option<String>,
    /// Tags for the resource, beside those that others put there. A tag that is dropped here is removed in Azure.
    /// Default: none. Azure: tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::rule::tags_schema")]
    pub tags: BTreeMap<String, String>,
}

impl ManagedSpec {
    /// The policy, with its default.
    pub fn management_policy(&self) -> ManagementPolicy {
        self.management_policy.unwrap_or_default()
    }

    /// The policy, with its default.
    pub fn adoption_policy(&self) -> AdoptionPolicy {
        self.adoption_policy.unwrap_or_default()
    }

    /// The policy, with its default.
    pub fn on_contest(&self) -> OnContest {
        self.on_contest.unwrap_or_default()
    }
}

/// What to do about a field that cannot be changed.
pub(crate) const NEW_OBJECT: &str = "create a new object with the value that you want, and delete this one";

/// The rules on these fields. They stand on each kind's spec, because rules of a flattened struct would be lost.
pub(crate) fn managed_rules() -> Vec<Value> {
    vec![
        scope_name_rule(),
        text_matches(
            "adoptFrom",
            "^[-A-Za-z0-9._]+$",
            "spec.adoptFrom must be the owner id of the other installation (its --owner-id) alone, without kind, namespace or name",
        ),
    ]
}

/// The rule on `scopeName`.
pub(crate) fn scope_name_rule() -> Value {
    rule_at(
        "scopeName",
        "!has(oldSelf.scopeName) || (has(self.scopeName) && self.scopeName == oldSelf.scopeName)",
        format!("spec.scopeName can be added once, but not changed or removed: {NEW_OBJECT}"),
    )
}

/// Fields of [`ManagedSpec`] that mean nothing for a kind, and why.
pub(crate) fn meaningless(kind: &str, why: &str, fields: &[&str]) -> Vec<Value> {
    let refused = |field: &&str| {
        rule_at(
            field,
            format!("!has(self.{field})"),
            format!("spec.{field} has no meaning for {kind}: {why}; remove it"),
        )
    };
    fields.iter().map(refused).collect()
}

/// The rules on the fields of [`Placement`].
pub(crate) fn placement_rules() -> Vec<Value> {
    let mut rules = vec![
        immutable("location", NEW_OBJECT),
        text_matches(
            "location",
            "^[A-Za-z0-9]+$",
            "spec.location must be the short name of an Azure region, such as westeurope (not \"West Europe\")",
        ),
    ];
    rules.extend(azure_name_rules());
    rules.extend(resource_group_rules());
    rules
}

/// The rules on `azureName`.
pub(crate) fn azure_name_rules() -> Vec<Value> {
    vec![
        immutable("azureName", NEW_OBJECT),
        text_matches(
            "azureName",
            "^[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9_])?$",
            "spec.azureName must begin with a letter or digit, end with a letter, digit or underscore, and have only letters, digits, '.', '_' and '-' in between, such as orders-blob",
        ),
    ]
}

/// The rules on `resourceGroup`.
pub(crate) fn resource_group_rules() -> Vec<Value> {
    vec![
        immutable("resourceGroup", NEW_OBJECT),
        text_matches(
            "resourceGroup",
            RESOURCE_GROUP_PATTERN,
            "spec.resourceGroup must be a name such as rg-orders or an ARM id such as /subscriptions/<id>/resourceGroups/rg-orders",
        ),
    ]
}

/// Whether the controller writes to Azure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum ManagementPolicy {
    #[default]
    Manage,
    ObserveOnly,
}

/// What happens in Azure when the object is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum DeletionPolicy {
    #[default]
    Delete,
    Retain,
}

/// What happens where the resource exists and nobody owns it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum AdoptionPolicy {
    #[default]
    Refuse,
    Adopt,
}

/// Who wins when somebody undoes the controller's change again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum OnContest {
    #[default]
    Enforce,
    Yield,
}

/// The fields of status that every kind for a resource in Azure shares. Status informs and remembers; it grants no
/// rights: whoever may change it gains nothing in Azure.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedStatus {
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
    /// The ARM id of the resource. Recorded before the first write and pinned from then on: later changes of defaults
    /// never move a resource. Azure: id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub resource_id: Option<String>,
    /// What missing fields of spec resolved to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "effective_schema")]
    pub effective: BTreeMap<String, String>,
    /// Keys that the controller put into maps and lists that it shares with others, by node and field. What is dropped
    /// from spec is removed from Azure by this record. A field with `+` before its name has the keys that the next write
    /// puts there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "applied_schema")]
    pub applied: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// What fields of somebody else's resource held before the controller set them, and what it set. They are put back
    /// where nobody has changed them since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub previous: Vec<PreviousValue>,
    /// Long-running operations in Azure, one per node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["node"]))]
    pub operations: Vec<Operation>,
    /// Where Azure differs from spec, at most 20; no secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["path"]))]
    pub differences: Vec<Difference>,
}

/// What a field of somebody else's resource held before the controller set it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviousValue {
    /// Where, as a path in the resource's body.
    #[schemars(length(min = 1, max = 512))]
    pub path: String,
    /// What it held, as JSON; none where it held nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub value: Option<String>,
    /// What the controller put there, as JSON: more than one value where a change was not seen to be through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(length(max = 2048)), length(max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub put: Vec<String>,
}

/// A long-running operation in Azure.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// The resource of the object that it is about, such as `endpoint`.
    #[schemars(length(min = 1, max = 64))]
    pub node: String,
    /// Where its state is read; none where Azure gave none, or one over 8,192 characters: the resource is read then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8192))]
    pub url: Option<String>,
    /// When it was started.
    #[schemars(extend("maxLength" = 64))]
    pub started_at: Time,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<OperationKind>,
    /// The ETag of the resource that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub supersedes: Option<String>,
}

/// What a long-running operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum OperationKind {
    Create,
    Update,
    Delete,
}

/// One place where Azure differs from spec.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Where, as a path in the resource's body.
    #[schemars(length(min = 1, max = 512))]
    pub path: String,
    /// What spec asks for, as JSON; none where it asks for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub wanted: Option<String>,
    /// What Azure has, as JSON; none where it has nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub found: Option<String>,
}

fn effective_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 64,
        "additionalProperties": {"type": "string", "maxLength": crate::rule::STATUS_TEXT_MAX_LENGTH},
    })
}

fn applied_schema(_generator: &mut SchemaGenerator) -> Schema {
    let keys = json!({
        "type": "array",
        "maxItems": 1024,
        "x-kubernetes-list-type": "set",
        "items": {"type": "string", "maxLength": crate::rule::STATUS_TEXT_MAX_LENGTH},
    });
    json_schema!({
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": {"type": "object", "maxProperties": 32, "additionalProperties": keys},
    })
}
