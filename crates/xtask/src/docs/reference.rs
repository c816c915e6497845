//! The parts of a kind's page that are read off its definition: fields, columns and rules.

use std::fmt::Write as _;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use privatelink_api::description::{AzureName, Description};
use serde_json::Value;

use super::kinds::text;

/// The columns of `kubectl get`.
pub(super) fn columns(definition: &CustomResourceDefinition) -> String {
    let mut table = "| Column | Shows | Only with `-o wide` |\n|---|---|---|\n".to_owned();
    let versions = definition.spec.versions.iter();
    for column in versions.flat_map(|version| version.additional_printer_columns.iter().flatten()) {
        let wide = if column.priority.unwrap_or_default() > 0 {
            "yes"
        } else {
            ""
        };
        let _ = writeln!(
            table,
            "| {} | `{}` | {wide} |",
            column.name,
            cell(&column.json_path)
        );
    }
    table
}

/// A table of every field below a part of an object.
pub(super) fn fields(path: &str, schema: &Value) -> String {
    let mut table = "| Field | Type | Default | In Azure | What it is |\n|---|---|---|---|---|\n".to_owned();
    rows(path, schema, &mut table);
    table
}

fn rows(path: &str, schema: &Value, table: &mut String) {
    let required = schema.get("required").and_then(Value::as_array);
    for (name, field) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let path = format!("{path}.{name}");
        let description = Description::read(text(field, "description"));
        let is_required = required.is_some_and(|required| required.iter().any(|one| one == name));
        let mut words = description.text.to_owned();
        if description.immutable {
            words.push_str(" Immutable.");
        }
        let _ = writeln!(
            table,
            "| `{path}` | {} | {} | {} | {} |",
            kind_of_value(field, description.unit),
            default(&description, is_required && path.starts_with("spec.")),
            description
                .azure
                .iter()
                .map(azure)
                .collect::<Vec<_>>()
                .join("<br>"),
            cell(&words),
        );
        below(&path, field, table);
    }
}

fn below(path: &str, field: &Value, table: &mut String) {
    rows(path, field, table);
    for (name, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
        if let Some(schema) = field.get(name) {
            rows(&format!("{path}{mark}"), schema, table);
        }
    }
}

fn default(description: &Description<'_>, is_required: bool) -> String {
    match (description.default, description.one_of.as_slice()) {
        (Some(default), _) => cell(default),
        (None, [_, ..]) => format!("one of {}", description.one_of.join(", ")),
        (None, []) if is_required => "required".to_owned(),
        (None, []) => String::new(),
    }
}

fn azure(name: &AzureName<'_>) -> String {
    let mut text = format!("`{}`", name.path);
    if let Some(resource) = name.resource {
        let _ = write!(text, " of {resource}");
    }
    if let Some(note) = name.note {
        let _ = write!(text, " ({note})");
    }
    text
}

/// `string, 1 to 80 characters`.
fn kind_of_value(field: &Value, unit: Option<&str>) -> String {
    match text(field, "type") {
        "array" => {
            let keys = field.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            let keys: Vec<&str> = keys.into_iter().flatten().filter_map(Value::as_str).collect();
            let by = if keys.is_empty() {
                String::new()
            } else {
                format!(" by {}", keys.join(" and "))
            };
            let range = range(field, "minItems", "maxItems", " entries");
            format!("list{by}{range}{}", each(field.get("items")))
        }
        "object" => match field.get("additionalProperties") {
            Some(values) => {
                let range = range(field, "minProperties", "maxProperties", " entries");
                format!("map{range}{}", each(Some(values)))
            }
            None => "object".to_owned(),
        },
        "string" => match field.get("enum").and_then(Value::as_array) {
            Some(values) => {
                let values = values.iter().filter_map(Value::as_str);
                values
                    .map(|value| format!("`{value}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            None if text(field, "format") == "date-time" => "time".to_owned(),
            None => format!("string{}", range(field, "minLength", "maxLength", " characters")),
        },
        "integer" => {
            let unit = unit.map_or_else(String::new, |unit| format!(" ({unit})"));
            format!("integer{unit}{}", range(field, "minimum", "maximum", ""))
        }
        other => other.to_owned(),
    }
}

/// What the entries of a list or map are; nothing where their fields have rows of their own.
fn each(entries: Option<&Value>) -> String {
    match entries {
        Some(entries) if entries.get("properties").is_none() => {
            format!(", each: {}", kind_of_value(entries, None))
        }
        _ => String::new(),
    }
}

/// The limits of a value; a lower limit of nothing is none.
fn range(field: &Value, least: &str, most: &str, what: &str) -> String {
    let limit = |name: &str| field.get(name).and_then(Value::as_f64);
    match (limit(least).filter(|least| *least != 0.0), limit(most)) {
        (Some(least), Some(most)) => format!(", {least} to {most}{what}"),
        (None, Some(most)) => format!(", at most {most}{what}"),
        (Some(least), None) => format!(", at least {least}{what}"),
        (None, None) => String::new(),
    }
}

/// What the rules of a definition say to whoever breaks them; each once.
pub(super) fn rules(schema: &Value) -> String {
    let mut messages = Vec::new();
    collect(schema, &mut messages);
    messages.iter().fold(String::new(), |mut list, message| {
        let _ = writeln!(
            list,
            "- {}",
            message
                .replace('<', "&lt;")
                .replace('*', "\\*")
                .replace('_', "\\_")
        );
        list
    })
}

fn collect(schema: &Value, messages: &mut Vec<String>) {
    let rules = schema.get("x-kubernetes-validations").and_then(Value::as_array);
    for rule in rules.into_iter().flatten() {
        let message = text(rule, "message").to_owned();
        if !message.is_empty() && !messages.contains(&message) {
            messages.push(message);
        }
    }
    for field in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        collect(field.1, messages);
    }
    for below in ["items", "additionalProperties"] {
        if let Some(schema) = schema.get(below) {
            collect(schema, messages);
        }
    }
}

/// A text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    let mut in_code = false;
    let mut cell = String::new();
    for character in text.chars() {
        match character {
            '`' => in_code = !in_code,
            '<' if !in_code => {
                cell.push_str("&lt;");
                continue;
            }
            '|' => cell.push('\\'),
            '*' if !in_code => cell.push('\\'),
            _ => {}
        }
        cell.push(character);
    }
    cell.replace("\n\n", "<br>").replace('\n', " ")
}
