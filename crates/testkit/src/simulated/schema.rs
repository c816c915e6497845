//! What the simulation takes from a structural schema: defaults, pruning, how lists and maps merge, required fields.
//!
//! CEL rules, patterns and formats are not evaluated here: they belong to tests against the real server.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

/// How a list merges in a server-side apply (`x-kubernetes-list-type`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum ListType {
    /// The list is one value.
    #[default]
    Atomic,
    /// The elements are the keys.
    Set,
    /// The elements are objects that these fields identify.
    Map(Vec<String>),
}

/// One node of a structural schema.
#[derive(Debug, Clone, Default)]
pub(super) struct Schema {
    kind: Option<String>,
    properties: BTreeMap<String, Schema>,
    additional: Option<Box<Schema>>,
    items: Option<Box<Schema>>,
    pub(super) list: ListType,
    pub(super) atomic: bool,
    preserve: bool,
    nullable: bool,
    default: Option<Value>,
    required: Vec<String>,
    allowed: Vec<Value>,
}

static UNTYPED: LazyLock<Schema> = LazyLock::new(|| Schema {
    preserve: true,
    ..Schema::default()
});

impl Schema {
    /// A schema that says nothing: objects merge by field, lists are one value, nothing is pruned.
    pub(super) fn untyped() -> Self {
        UNTYPED.clone()
    }

    /// Reads `openAPIV3Schema` of a custom resource and adds what the server knows about `metadata`.
    pub(super) fn of_custom_resource(document: &Value) -> Self {
        let mut root = Self::parse(document);
        let text = Self::parse(&json!({ "type": "string" }));
        root.properties.insert("apiVersion".to_owned(), text.clone());
        root.properties.insert("kind".to_owned(), text);
        let mut metadata = Self::parse(&json!({
            "type": "object",
            "properties": {
                "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                "annotations": { "type": "object", "additionalProperties": { "type": "string" } },
                "finalizers": { "type": "array", "x-kubernetes-list-type": "set", "items": { "type": "string" } },
                "ownerReferences": {
                    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"],
                    "items": { "type": "object", "x-kubernetes-map-type": "atomic",
                               "x-kubernetes-preserve-unknown-fields": true },
                },
            },
        }));
        metadata.preserve = true;
        root.properties.insert("metadata".to_owned(), metadata);
        root
    }

    fn parse(document: &Value) -> Self {
        let flag = |name: &str| document.get(name).and_then(Value::as_bool).unwrap_or(false);
        let texts = |name: &str| -> Vec<String> {
            let list = document.get(name).and_then(Value::as_array);
            list.map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
                .unwrap_or_default()
        };
        let list = match document.get("x-kubernetes-list-type").and_then(Value::as_str) {
            Some("set") => ListType::Set,
            Some("map") => ListType::Map(texts("x-kubernetes-list-map-keys")),
            _ => ListType::Atomic,
        };
        let properties = document.get("properties").and_then(Value::as_object);
        Self {
            kind: document.get("type").and_then(Value::as_str).map(str::to_owned),
            properties: properties
                .map(|map| {
                    map.iter()
                        .map(|(name, schema)| (name.clone(), Self::parse(schema)))
                        .collect()
                })
                .unwrap_or_default(),
            additional: document
                .get("additionalProperties")
                .and_then(|schema| match schema {
                    Value::Bool(false) => None,
                    Value::Object(_) => Some(Box::new(Self::parse(schema))),
                    _ => Some(Box::new(Self::untyped())),
                }),
            items: document.get("items").map(|schema| Box::new(Self::parse(schema))),
            list,
            atomic: document.get("x-kubernetes-map-type").and_then(Value::as_str) == Some("atomic"),
            preserve: flag("x-kubernetes-preserve-unknown-fields"),
            nullable: flag("nullable"),
            default: document.get("default").cloned(),
            required: texts("required"),
            allowed: document
                .get("enum")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default(),
        }
    }

    /// The schema of a field, or one that says nothing.
    pub(super) fn field(&self, name: &str) -> &Schema {
        self.declared(name).unwrap_or(&UNTYPED)
    }

    /// Whether the field is named by the schema, not only allowed by `additionalProperties`.
    pub(super) fn has_property(&self, name: &str) -> bool {
        self.properties.contains_key(name)
    }

    fn declared(&self, name: &str) -> Option<&Schema> {
        self.properties.get(name).or(self.additional.as_deref())
    }

    /// The schema of a list's elements, or one that says nothing.
    pub(super) fn element(&self) -> &Schema {
        self.items.as_deref().unwrap_or(&UNTYPED)
    }

    /// The default of a field, for list keys that are left out.
    pub(super) fn default_of(&self, name: &str) -> Option<&Value> {
        self.properties
            .get(name)
            .and_then(|schema| schema.default.as_ref())
    }

    /// Fills in defaults where the parent is there, as the server does at each decoding.
    pub(super) fn apply_defaults(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, schema) in &self.properties {
                    let Some(default) = &schema.default else { continue };
                    let missing = match fields.get(name) {
                        None => true,
                        Some(Value::Null) => !schema.nullable,
                        Some(_) => false,
                    };
                    if missing {
                        fields.insert(name.clone(), default.clone());
                    }
                }
                for (name, child) in fields.iter_mut() {
                    if let Some(schema) = self.declared(name) {
                        schema.apply_defaults(child);
                    }
                }
            }
            Value::Array(elements) => {
                if let Some(schema) = &self.items {
                    elements
                        .iter_mut()
                        .for_each(|element| schema.apply_defaults(element));
                }
            }
            _ => {}
        }
    }

    /// Drops fields that the schema does not declare.
    pub(super) fn prune(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                if !self.preserve {
                    fields.retain(|name, _| self.declared(name).is_some());
                }
                for (name, child) in fields.iter_mut() {
                    if let Some(schema) = self.declared(name) {
                        schema.prune(child);
                    }
                }
            }
            Value::Array(elements) => {
                if let Some(schema) = &self.items {
                    elements.iter_mut().for_each(|element| schema.prune(element));
                }
            }
            _ => {}
        }
    }

    /// The path of the first field that the schema does not declare: a server-side apply refuses it.
    pub(super) fn undeclared(&self, value: &Value, path: &str) -> Option<String> {
        match value {
            Value::Object(fields) => fields.iter().find_map(|(name, child)| {
                let path = format!("{path}.{name}");
                match self.declared(name) {
                    Some(schema) => schema.undeclared(child, &path),
                    None if self.preserve => None,
                    None => Some(path),
                }
            }),
            Value::Array(elements) => self.items.as_ref().and_then(|schema| {
                elements
                    .iter()
                    .enumerate()
                    .find_map(|(at, element)| schema.undeclared(element, &format!("{path}[{at}]")))
            }),
            _ => None,
        }
    }

    /// Collects what is missing, of another type, or not among the allowed values: (field, reason, message).
    pub(super) fn validate(
        &self,
        value: &Value,
        path: &str,
        causes: &mut Vec<(String, &'static str, String)>,
    ) {
        if value.is_null() && self.nullable {
            return;
        }
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if let Some(wanted) = &self.kind
            && wanted != found
            && !(wanted == "number" && found == "integer")
        {
            let message =
                format!("Invalid value: \"{found}\": {path} in body must be of type {wanted}: \"{found}\"");
            causes.push((path.to_owned(), "FieldValueTypeInvalid", message));
            return;
        }
        if !self.allowed.is_empty() && !self.allowed.contains(value) {
            let allowed: Vec<String> = self.allowed.iter().map(Value::to_string).collect();
            let message = format!(
                "Unsupported value: {value}: supported values: {}",
                allowed.join(", ")
            );
            causes.push((path.to_owned(), "FieldValueNotSupported", message));
        }
        let under = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        match value {
            Value::Object(fields) => {
                for name in self.required.iter().filter(|name| !fields.contains_key(*name)) {
                    causes.push((under(name), "FieldValueRequired", "Required value".to_owned()));
                }
                for (name, child) in fields {
                    if let Some(schema) = self.declared(name) {
                        schema.validate(child, &under(name), causes);
                    }
                }
            }
            Value::Array(elements) => {
                for (at, element) in elements.iter().enumerate() {
                    self.element().validate(element, &format!("{path}[{at}]"), causes);
                }
            }
            _ => {}
        }
    }
}
