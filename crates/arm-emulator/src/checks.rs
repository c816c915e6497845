//! The checks of a request's body and name that every type shares: what its table says about them.

use serde_json::{Map, Value, json};

use crate::body;
use crate::errors::Failure;
use crate::refusals::Wrong;
use crate::tags;
use crate::targets::squeezed;
use crate::types::{LocationRule, NameRule, ResourceType, Shape, TagRule};

/// The body as it is stored: without what only the server writes, with the defaults, checked against the table.
pub(crate) fn checked_body(table: &ResourceType, given: &Value, id: &str) -> Result<Value, Failure> {
    let mut stored = given.clone();
    body::without_nulls(&mut stored);
    if let Some(properties) = stored.get("properties")
        && !properties.is_object()
    {
        return Err(Failure::gateway(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: 'Error converting value: properties is not an object.'.",
        ));
    }
    body::edit(&mut stored, |fields| {
        for server in ["id", "name", "type", "etag", "systemData"] {
            fields.remove(server);
        }
        match table.tags {
            TagRule::None | TagRule::Refused => {
                fields.remove("tags");
            }
            TagRule::Dns => {
                if let Some(tags) = fields.get_mut("tags") {
                    tags::without_lost(tags);
                }
            }
            TagRule::Usual | TagRule::Kept => {}
        }
        if fields
            .get("tags")
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty)
            && table.tags != TagRule::Kept
        {
            fields.remove("tags");
        }
        fields
            .entry("properties")
            .or_insert_with(|| Value::Object(Map::new()));
    });
    drop_read_only(table, &mut stored);
    for (path, shape) in table.shapes {
        if let Some(value) = body::at(&stored, path)
            && !has_shape(value, *shape)
        {
            let wrong = Wrong::Shape { path, shape: *shape };
            return Err((table.hooks.refused)(table, &wrong));
        }
    }
    keep_ids_only(table, &mut stored)?;
    for path in table.required {
        let given = body::at(&stored, path);
        if given.is_none_or(|value| value.as_array().is_some_and(Vec::is_empty)) {
            return Err(missing(table, path, id));
        }
    }
    for (path, allowed) in table.enums {
        let Some(value) = body::at(&stored, path) else {
            continue;
        };
        let text = value.as_str().unwrap_or_default();
        match allowed.iter().find(|one| one.eq_ignore_ascii_case(text)) {
            Some(known) => body::put(&mut stored, path, Value::String((*known).to_owned())),
            None => {
                let wrong = Wrong::Value { path, value, allowed };
                return Err((table.hooks.refused)(table, &wrong));
            }
        }
    }
    // ARM behaviour: regions are answered in their short form.
    if table.location != LocationRule::Free
        && let Some(region) = body::text(&stored, "location").map(squeezed)
    {
        body::put(&mut stored, "location", Value::String(region));
    }
    fill_defaults(table, &mut stored);
    Ok(stored)
}

fn fill_defaults(table: &ResourceType, body: &mut Value) {
    for (path, json) in table.defaults {
        let Ok(default) = serde_json::from_str::<Value>(json) else {
            continue;
        };
        let (owner, name) = match path.rsplit_once(".*.") {
            Some((list, name)) => (Some(format!("{list}.*")), name),
            None => (None, *path),
        };
        let mut fill = |value: &mut Value| {
            if body::at(value, name).is_none() {
                body::put(value, name, default.clone());
            }
        };
        match owner {
            Some(owner) => body::each(body, &owner, &mut fill),
            None => fill(body),
        }
    }
}

fn drop_read_only(table: &ResourceType, body: &mut Value) {
    for path in table.read_only {
        let path = format!("properties.{path}");
        if let Some((owner, name)) = path.rsplit_once('.') {
            body::each(body, owner, &mut |value| {
                if let Some(fields) = value.as_object_mut() {
                    fields.remove(name);
                }
            });
        }
    }
}

/// ARM behaviour: whole objects are accepted where only an id counts, and only the id is kept.
fn keep_ids_only(table: &ResourceType, body: &mut Value) -> Result<(), Failure> {
    for reference in table.references {
        let Some(owner) = reference.path.strip_suffix(".id") else {
            continue;
        };
        let mut without_id = false;
        body::each(
            body,
            owner,
            &mut |value| match value.get("id").filter(|id| id.is_string()).cloned() {
                Some(id) => *value = json!({"id": id}),
                None => without_id = true,
            },
        );
        if without_id {
            return Err(missing(table, reference.path, ""));
        }
    }
    Ok(())
}

fn missing(table: &ResourceType, path: &str, id: &str) -> Failure {
    (table.hooks.refused)(table, &Wrong::Missing { path, id })
}

fn has_shape(value: &Value, shape: Shape) -> bool {
    let all = |fits: fn(&Value) -> bool| value.as_array().is_some_and(|items| items.iter().all(fits));
    match shape {
        Shape::Object => value.is_object(),
        Shape::Boolean => value.is_boolean(),
        Shape::Text => value.is_string(),
        Shape::Integer => value.is_i64(),
        Shape::Objects => all(Value::is_object),
        Shape::Texts => all(Value::is_string),
    }
}

/// ARM behaviour: names have a length and a set of characters.
pub(crate) fn check_name(table: &ResourceType, name: &str) -> Result<(), Failure> {
    let (shortest, longest) = table.name_length;
    let only = |inside: &str| {
        name.chars()
            .all(|character| character.is_ascii_alphanumeric() || inside.contains(character))
    };
    let end = |character: Option<char>| {
        character.is_some_and(|character| character.is_ascii_alphanumeric() || "@*_".contains(character))
    };
    let good = match table.name_rule {
        NameRule::Own => return Ok(()),
        NameRule::Word(inside) => only(inside) && end(name.chars().next()) && end(name.chars().last()),
        NameRule::Characters(inside) => only(inside),
    };
    if good && (shortest..=longest).contains(&name.chars().count()) {
        Ok(())
    } else {
        Err((table.hooks.refused)(table, &Wrong::Name(name)))
    }
}
