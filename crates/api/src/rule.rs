//! How CEL rules and bounded schemas are written down, so that every kind's file can state its own.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// The most characters of an ARM id in spec. Azure's own ids stay below 600; rules are costed by this limit.
pub(crate) const ARM_ID_MAX_LENGTH: usize = 1024;
/// The most characters of an id, name or URL-free text in status.
pub(crate) const STATUS_TEXT_MAX_LENGTH: usize = 2048;

/// A CEL rule on the schema that it is attached to.
pub(crate) fn rule(expression: impl Into<String>, message: impl Into<String>) -> Value {
    json!({"rule": expression.into(), "message": message.into()})
}

/// A CEL rule whose failure is shown at a field below the schema that it is attached to, as `.name`.
pub(crate) fn rule_at(field: &str, expression: impl Into<String>, message: impl Into<String>) -> Value {
    json!({"rule": expression.into(), "message": message.into(), "fieldPath": format!(".{field}")})
}

/// An optional text that is not added, changed or removed after creation; compared without case, as ARM does.
pub(crate) fn immutable(field: &str, remedy: &str) -> Value {
    rule_at(
        field,
        format!("{} && {}", same_presence(field), same_text(field)),
        format!("spec.{field} cannot be added, changed or removed after creation: {remedy}"),
    )
}

/// True where a field is there both before and after, or neither.
pub(crate) fn same_presence(field: &str) -> String {
    let field = cel_name(field);
    format!("has(self.{field}) == has(oldSelf.{field})")
}

/// True where a text is equal without case, or is not there.
pub(crate) fn same_text(field: &str) -> String {
    let field = cel_name(field);
    format!(
        "(!has(self.{field}) || !has(oldSelf.{field}) || self.{field}.lowerAscii() == oldSelf.{field}.lowerAscii())"
    )
}

/// An expression that is true where exactly one of the fields is there.
pub(crate) fn exactly_one(fields: &[&str]) -> String {
    format!("[{}].filter(x, x).size() == 1", presences(fields))
}

fn presences(fields: &[&str]) -> String {
    fields
        .iter()
        .map(|field| format!("has(self.{})", cel_name(field)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The words of CEL that a field may not have for a name.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A field's name in a rule: Kubernetes wraps those that are words of CEL in two underscores on each side.
fn cel_name(field: &str) -> String {
    if RESERVED.contains(&field) {
        format!("__{field}__")
    } else {
        field.to_owned()
    }
}

/// A text that must match a pattern of RE2, with a message that people understand.
pub(crate) fn text_matches(field: &str, pattern: &str, message: &str) -> Value {
    let name = cel_name(field);
    rule_at(
        field,
        format!(
            "!has(self.{name}) || self.{name}.matches('{}')",
            pattern.replace('\\', "\\\\")
        ),
        message,
    )
}

/// Ids of subscriptions, tenants, applications and principals.
pub const GUID_PATTERN: &str = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";
/// ARM ids of a resource, at any depth.
pub(crate) const RESOURCE_ID_PATTERN: &str =
    "(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+(/[^/]+/[^/]+)+$";
/// ARM ids of a subscription, a resource group or anything in them.
pub(crate) const PREFIX_ID_PATTERN: &str = "(?i)^/subscriptions/[^/]+(/[^/]+)*$";
/// A resource group's name or its ARM id.
pub(crate) const RESOURCE_GROUP_PATTERN: &str =
    "^([-A-Za-z0-9_.()]{0,89}[-A-Za-z0-9_()]|(?i)/subscriptions/[^/]+/resourceGroups/[^/]+)$";

/// The schema of tags: at most as many as Azure takes (50 on a resource) less the two of our own.
pub(crate) fn tags_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 48,
        "additionalProperties": {"type": "string", "maxLength": 256},
        "x-kubernetes-validations": [rule(
            "self.all(name, name.size() > 0 && name.size() <= 512 && !name.lowerAscii().startsWith('privatelink.dev_') && !name.matches('[<>%&\\\\\\\\?/]'))",
            "names in tags must have 1 to 512 characters, none of <>%&\\?/ and must not begin with privatelink.dev_, which is the controller's own: choose another name",
        )],
    })
}

/// The schema of tags on zones and links: private DNS takes fewer characters in names, and drops others without a word.
pub(crate) fn zone_tags_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 48,
        "additionalProperties": {"type": "string", "maxLength": 256},
        "x-kubernetes-validations": [rule(
            "self.all(name, name.size() > 0 && name.size() <= 512 && !name.lowerAscii().startsWith('privatelink.dev_') && name.matches('^[-A-Za-z0-9._]+$'))",
            "names in tags of zones and links must have 1 to 512 letters, digits, '.', '_' and '-' and must not begin with privatelink.dev_, which is the controller's own: choose another name",
        )],
    })
}
