//! The resources that the simulation serves: a few built-in ones and those of the CRDs.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

use super::schema::Schema;

/// Plural and group of CustomResourceDefinitions.
pub(super) const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";
/// The finalizer under which the server removes the instances of a definition.
pub(super) const CLEANUP_FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";
/// Plural of namespaces.
pub(super) const NAMESPACES: &str = "namespaces";

/// One resource of the API.
#[derive(Debug, Clone)]
pub(super) struct ResourceType {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) kind: String,
    pub(super) namespaced: bool,
    /// `/status` is served apart, and a write of the main resource ignores `status`.
    pub(super) status_subresource: bool,
    /// `metadata.generation` counts.
    pub(super) has_generation: bool,
    /// A PUT needs no resourceVersion.
    pub(super) unconditional_update: bool,
    /// A PUT creates.
    pub(super) create_on_update: bool,
    pub(super) custom: bool,
    pub(super) schema: Schema,
}

impl ResourceType {
    /// `plural.group`, the name that the server uses in messages.
    pub(super) fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Namespaces, definitions, leases and events, as far as a controller uses them.
    pub(super) fn built_in() -> Vec<Self> {
        let make = |group: &str, plural: &str, kind: &str, namespaced| Self {
            group: group.to_owned(),
            version: "v1".to_owned(),
            plural: plural.to_owned(),
            kind: kind.to_owned(),
            namespaced,
            status_subresource: false,
            has_generation: false,
            unconditional_update: false,
            create_on_update: false,
            custom: false,
            schema: Schema::untyped(),
        };
        let mut namespaces = make("", NAMESPACES, "Namespace", false);
        namespaces.unconditional_update = true;
        let mut definitions = make(
            "apiextensions.k8s.io",
            "customresourcedefinitions",
            "CustomResourceDefinition",
            false,
        );
        definitions.has_generation = true;
        definitions.status_subresource = true;
        let mut leases = make("coordination.k8s.io", "leases", "Lease", true);
        leases.create_on_update = true;
        let mut events = make("events.k8s.io", "events", "Event", true);
        events.unconditional_update = true;
        events.create_on_update = true;
        vec![namespaces, definitions, leases, events]
    }

    /// The resource that a definition serves, in its storage version.
    pub(super) fn of_definition(definition: &Value) -> Option<Self> {
        let text = |pointer: &str| {
            definition
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let versions = definition.pointer("/spec/versions")?.as_array()?;
        let version = versions
            .iter()
            .find(|version| version.get("storage") == Some(&json!(true)))?;
        Some(Self {
            group: text("/spec/group")?,
            version: version.get("name")?.as_str()?.to_owned(),
            plural: text("/spec/names/plural")?,
            kind: text("/spec/names/kind")?,
            namespaced: text("/spec/scope")? == "Namespaced",
            status_subresource: version.pointer("/subresources/status").is_some(),
            has_generation: true,
            unconditional_update: false,
            create_on_update: false,
            custom: true,
            schema: version
                .pointer("/schema/openAPIV3Schema")
                .map_or_else(Schema::untyped, Schema::of_custom_resource),
        })
    }
}

/// A definition as the server stores it: established, with the finalizer that guards its instances.
pub(super) fn stored_definition(definition: &CustomResourceDefinition) -> Value {
    let mut value = serde_json::to_value(definition).unwrap_or_default();
    super::object::set_root(&mut value, "apiVersion", Some(json!("apiextensions.k8s.io/v1")));
    super::object::set_root(&mut value, "kind", Some(json!("CustomResourceDefinition")));
    super::object::set_metadata(&mut value, "finalizers", Some(json!([CLEANUP_FINALIZER])));
    let condition =
        |kind: &str| json!({ "type": kind, "status": "True", "reason": "Simulated", "message": "" });
    let status = json!({ "conditions": [condition("NamesAccepted"), condition("Established")] });
    super::object::set_root(&mut value, "status", Some(status));
    value
}
