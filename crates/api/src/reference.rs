//! How one object names a resource in Azure or another object, and whom it lets refer to itself.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::rule::{exactly_one, rule, same_presence, same_text, text_matches};

/// A resource in Azure: exactly one of `id` and `alias`.
//
// The rules stand where the reference is a field, so that their messages name that field. References to objects add
// `name` to the union.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct ArmReference {
    /// The full ARM id of the resource. One of id and alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub id: Option<String>,
    /// A short name from `spec.aliases` of the AzureScope. One of id and alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub alias: Option<String>,
}

/// An object of the cluster, or a resource in Azure: exactly one of `name`, `id` and `alias`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct ObjectReference {
    /// The name of an object of the expected kind. One of name, id and alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 80))]
    pub name: Option<String>,
    /// The object's namespace; its allowedNamespaces must admit this one. Default: this object's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
    /// The full ARM id of the resource. One of name, id and alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub id: Option<String>,
    /// A short name from `spec.aliases` of the AzureScope. One of name, id and alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub alias: Option<String>,
}

/// What holds for a reference to an object: one member of the union, a namespace only beside a name, and an id that looks
/// like one.
pub(crate) fn object_reference_rules(field: &str, pattern: &str, example: &str) -> Vec<Value> {
    vec![
        rule(
            exactly_one(&["name", "id", "alias"]),
            format!("{field} must have exactly one of name, id and alias: set one and remove the others"),
        ),
        rule(
            "!has(self.__namespace__) || has(self.name)",
            format!("namespace of {field} is only for name: remove it, or name an object"),
        ),
        text_matches(
            "id",
            pattern,
            &format!("id of {field} must be a full ARM id such as {example}"),
        ),
    ]
}

/// A reference that cannot be changed after creation.
pub(crate) fn fixed_reference(field: &str, members: &[&str]) -> Value {
    let same = members
        .iter()
        .map(|member| format!("{} && {}", same_presence(member), same_text(member)))
        .collect::<Vec<_>>()
        .join(" && ");
    rule(
        same,
        format!(
            "{field} cannot be changed after creation: create a new object with the value that you want, and delete this one"
        ),
    )
}

/// ARM ids of private DNS zones.
pub(crate) const ZONE_ID_PATTERN: &str =
    "(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft[.]Network/privateDnsZones/[^/]+$";
/// How one looks.
pub(crate) const ZONE_ID_EXAMPLE: &str =
    "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/privateDnsZones/<zone>";

/// What holds for a reference to a zone that cannot be changed.
pub(crate) fn zone_reference_rules() -> Vec<Value> {
    let mut rules = object_reference_rules("spec.zone", ZONE_ID_PATTERN, ZONE_ID_EXAMPLE);
    rules.push(fixed_reference(
        "spec.zone",
        &["name", "namespace", "id", "alias"],
    ));
    rules
}

/// ARM ids of subnets.
const SUBNET_ID_PATTERN: &str = "(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft[.]Network/virtualNetworks/[^/]+/subnets/[^/]+$";
/// How one looks.
const SUBNET_ID_EXAMPLE: &str = "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/virtualNetworks/<network>/subnets/<subnet>";

/// What holds for a reference to a subnet that cannot be changed.
pub(crate) fn subnet_reference_rules() -> Vec<Value> {
    let mut rules = reference_rules("spec.subnet", SUBNET_ID_PATTERN, SUBNET_ID_EXAMPLE);
    rules.push(fixed_reference("spec.subnet", &["id", "alias"]));
    rules
}

/// ARM ids of application security groups.
pub(crate) const APPLICATION_SECURITY_GROUP_ID_PATTERN: &str = "(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft[.]Network/applicationSecurityGroups/[^/]+$";
/// How one looks.
pub(crate) const APPLICATION_SECURITY_GROUP_ID_EXAMPLE: &str =
    "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/applicationSecurityGroups/<name>";

/// What holds for a reference: one member of the union, and an id that looks like one.
pub(crate) fn reference_rules(field: &str, pattern: &str, example: &str) -> Vec<Value> {
    vec![
        rule(
            exactly_one(&["id", "alias"]),
            format!("{field} must have exactly one of id and alias: set one and remove the other"),
        ),
        text_matches(
            "id",
            pattern,
            &format!("id of {field} must be a full ARM id such as {example}"),
        ),
    ]
}

/// A list of references. The rules stand on its items, so that their messages name the field. It is atomic: a set must
/// not hold objects (server-side apply refuses them), and a union has no member that could be the key of a map.
pub(crate) fn references_schema(
    generator: &mut SchemaGenerator,
    most: usize,
    field: &str,
    pattern: &str,
    example: &str,
) -> Schema {
    let mut items = generator.subschema_for::<ArmReference>();
    items.insert(
        "x-kubernetes-validations".to_owned(),
        json!(reference_rules(field, pattern, example)),
    );
    json_schema!({"type": "array", "maxItems": most, "x-kubernetes-list-type": "atomic", "items": items})
}

/// A list of references to objects, as [`references_schema`] makes one of references to resources in Azure.
pub(crate) fn object_references_schema(
    generator: &mut SchemaGenerator,
    (least, most): (usize, usize),
    field: &str,
    pattern: &str,
    example: &str,
) -> Schema {
    let mut items = generator.subschema_for::<ObjectReference>();
    items.insert(
        "x-kubernetes-validations".to_owned(),
        json!(object_reference_rules(field, pattern, example)),
    );
    let mut schema =
        json_schema!({"type": "array", "maxItems": most, "x-kubernetes-list-type": "atomic", "items": items});
    if least > 0 {
        schema.insert("minItems".to_owned(), json!(least));
    }
    schema
}

/// The namespaces whose objects may refer to this one: a list of names or a selector; by default the object's own.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [rule(exactly_one(&["names", "selector"]), "allowedNamespaces must have exactly one of names and selector: set one and remove the other")]))]
pub struct AllowedNamespaces {
    /// Namespaces by name. One of names and selector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "namespace_names_schema")]
    pub names: Option<Vec<String>>,
    /// Namespaces by label. One of names and selector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "selector_schema")]
    pub selector: Option<LabelSelector>,
}

/// A set of namespaces by name.
pub(crate) fn namespace_names_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": 256,
        "x-kubernetes-list-type": "set",
        "items": {"type": "string", "minLength": 1, "maxLength": 63},
    })
}

/// Kubernetes' label selector with limits, which the type's own schema lacks.
pub(crate) fn selector_schema(_generator: &mut SchemaGenerator) -> Schema {
    let key = json!({"type": "string", "minLength": 1, "maxLength": 317, "description": "A label's key."});
    json_schema!({
        "type": "object",
        "x-kubernetes-map-type": "atomic",
        "properties": {
            "matchLabels": {
                "description": "Labels that must be there with exactly these values. Default: none.",
                "type": "object",
                "maxProperties": 32,
                "additionalProperties": {"type": "string", "maxLength": 63},
            },
            "matchExpressions": {
                "description": "Requirements that must all hold. Default: none.",
                "type": "array",
                "maxItems": 32,
                "x-kubernetes-list-type": "atomic",
                "items": {
                    "type": "object",
                    "required": ["key", "operator"],
                    "properties": {
                        "key": key,
                        "operator": {
                            "description": "How the label relates to the values.",
                            "type": "string",
                            "maxLength": 12,
                            "enum": ["In", "NotIn", "Exists", "DoesNotExist"],
                        },
                        "values": {
                            "description": "Values for In and NotIn. Default: none.",
                            "type": "array",
                            "maxItems": 64,
                            "x-kubernetes-list-type": "atomic",
                            "items": {"type": "string", "maxLength": 63},
                        },
                    },
                },
            },
        },
    })
}
