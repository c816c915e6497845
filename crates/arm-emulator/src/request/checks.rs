//! The checks of a request's body and name that every type shares: what its table says about them.

use serde_json::{Map, Value, json};

use crate::body;
use crate::request::errors::Failure;
use crate::request::refusals::Wrong;
use crate::resources::tags;
use crate::targets::squeezed;
use crate::types::{self, EtagStyle, LocationRule, NameRule, ResourceType, Shape, TagRule};

/// The body as it is stored: without what only the server writes, with the defaults, checked against the table.
///
/// ARM behaviour: what can only be written, such as a password, is never shown again.
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
            TagRule::Usual => {}
        }
        if fields
            .get("tags")
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty)
            && table.tags != TagRule::Usual
        {
            fields.remove("tags");
        }
        fields
            .entry("properties")
            .or_insert_with(|| Value::Object(Map::new()));
    });
    drop_properties(table.read_only, &mut stored);
    let made: Vec<&str> = table.makes.iter().map(|(path, _)| *path).collect();
    drop_properties(&made, &mut stored);
    if table.etag == EtagStyle::Weak {
        read_texts(table, &mut stored);
    }
    for (path, shape) in table.shapes {
        if !body::all(&stored, path)
            .into_iter()
            .all(|value| has_shape(value, *shape))
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
    for (owner, name) in table.required_in {
        if body::all(&stored, owner)
            .into_iter()
            .any(|object| object.get(name).is_none())
        {
            return Err(missing(table, &format!("{owner}.{name}"), id));
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
    check_values(table, &stored)?;
    // ARM behaviour: regions are answered in their short form.
    if table.location != LocationRule::Free
        && let Some(region) = body::text(&stored, "location").map(squeezed)
    {
        body::put(&mut stored, "location", Value::String(region));
    }
    drop_properties(table.write_only, &mut stored);
    fill_defaults(table, &mut stored);
    Ok(stored)
}

/// ARM behaviour: the network provider takes numbers, and true and false, from texts.
fn read_texts(table: &ResourceType, body: &mut Value) {
    let numbers = table.ranges.iter().map(|(path, ..)| (*path, Shape::Integer));
    for (path, shape) in table.shapes.iter().copied().chain(numbers) {
        body::each(body, path, &mut |value| {
            let read = value.as_str().and_then(|text| match shape {
                Shape::Integer => text.trim().parse::<i64>().ok().map(Value::from),
                Shape::Boolean => text
                    .trim()
                    .to_ascii_lowercase()
                    .parse::<bool>()
                    .ok()
                    .map(Value::from),
                _ => None,
            });
            if let Some(read) = read {
                *value = read;
            }
        });
    }
}

/// Patterns, ranges and lengths.
fn check_values(table: &ResourceType, body: &Value) -> Result<(), Failure> {
    let refused = |wrong: Wrong<'_>| Err((table.hooks.refused)(table, &wrong));
    for (path, pattern) in table.patterns {
        for value in body::all(body, path) {
            if !value.as_str().is_some_and(|text| types::matches(pattern, text)) {
                return refused(Wrong::Pattern { path, value, pattern });
            }
        }
    }
    for (path, least, most) in table.ranges {
        for value in body::all(body, path) {
            if !value
                .as_i64()
                .is_some_and(|number| (*least..=*most).contains(&number))
            {
                return refused(Wrong::Range {
                    path,
                    value,
                    range: (*least, *most),
                });
            }
        }
    }
    for (path, least, most) in table.lengths {
        for value in body::all(body, path) {
            let length = match value {
                Value::Array(items) => items.len(),
                other => other.as_str().map_or(0, |text| text.chars().count()),
            };
            if !(*least..=*most).contains(&length) {
                return refused(Wrong::Length {
                    path,
                    length,
                    range: (*least, *most),
                });
            }
        }
    }
    Ok(())
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

fn drop_properties(paths: &[&str], body: &mut Value) {
    for path in paths {
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

/// ARM behaviour: whole objects are accepted where only an id counts, and only the id is kept; the network provider shows no
/// list of references that is empty.
fn keep_ids_only(table: &ResourceType, body: &mut Value) -> Result<(), Failure> {
    for reference in table.references {
        let Some(owner) = reference.path.strip_suffix(".id") else {
            continue;
        };
        let without_id = body::places(body, owner)
            .into_iter()
            .find(|(_, value)| !value.get("id").is_some_and(Value::is_string));
        if let Some((place, _)) = without_id {
            return Err(missing(table, &format!("{place}.id"), ""));
        }
        body::each(body, owner, &mut |value| {
            if let Some(id) = value.get("id").cloned() {
                *value = json!({"id": id});
            }
        });
        if table.etag == EtagStyle::Weak
            && let Some(list) = owner.strip_suffix(".*")
        {
            body::without_empty(body, list);
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
    if is_name(name, table.name_rule, table.name_length) {
        Ok(())
    } else {
        Err((table.hooks.refused)(table, &Wrong::Name(name)))
    }
}

/// Whether a name follows a rule.
pub(crate) fn is_name(name: &str, rule: NameRule, (shortest, longest): (usize, usize)) -> bool {
    let only = |inside: &str| {
        name.chars()
            .all(|character| character.is_ascii_alphanumeric() || inside.contains(character))
    };
    let end = |character: Option<char>| {
        character.is_some_and(|character| character.is_ascii_alphanumeric() || "@*_".contains(character))
    };
    let good = match rule {
        NameRule::Own => return true,
        NameRule::Word(inside) => only(inside) && end(name.chars().next()) && end(name.chars().last()),
        NameRule::Characters(inside) => only(inside),
        NameRule::Pattern(pattern) => types::matches(pattern, name),
    };
    good && (shortest..=longest).contains(&name.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expressions_of_all_rows_can_be_used() {
        for row in types::rows() {
            let of_name = match row.name_rule {
                NameRule::Pattern(pattern) => Some(pattern),
                _ => None,
            };
            for pattern in row.patterns.iter().map(|(_, pattern)| *pattern).chain(of_name) {
                assert!(regex_lite::Regex::new(pattern).is_ok(), "{}: {pattern}", row.name);
            }
        }
    }

    #[test]
    fn values_are_held_against_their_columns() {
        // The expression is one that a row has.
        let table = ResourceType {
            name: "Test.Test/things",
            required: &[],
            required_in: &[],
            patterns: &[("properties.list.*.name", "^[a-z0-9]*$")],
            ranges: &[("properties.count", 1, 5)],
            lengths: &[("properties.list", 1, 2), ("properties.text", 2, 3)],
            ..*types::find("Microsoft.KeyVault/vaults").table
        };
        let refused = |body: Value| {
            checked_body(&table, &json!({"properties": body}), "/id")
                .map(|_| ())
                .map_err(|failure| failure.message)
        };
        assert_eq!(
            refused(json!({"count": 5, "list": [{"name": "a1"}], "text": "abc"})),
            Ok(())
        );
        assert_eq!(refused(json!({})), Ok(()));
        for (body, message) in [
            (
                json!({"count": 6}),
                "Value 6 of property 'properties.count' is not valid. Allowed range: 1 to 5.",
            ),
            (
                json!({"count": "1"}),
                "Value \"1\" of property 'properties.count' is not valid. Allowed range: 1 to 5.",
            ),
            (
                json!({"list": []}),
                "The length 0 of property 'properties.list' is not valid. Allowed range: 1 to 2.",
            ),
            (
                json!({"text": "a"}),
                "The length 1 of property 'properties.text' is not valid. Allowed range: 2 to 3.",
            ),
            (
                json!({"list": [{"name": "A"}]}),
                "Value \"A\" of property 'properties.list.*.name' is not valid. It has to match the pattern '^[a-z0-9]*$'.",
            ),
        ] {
            assert_eq!(refused(body), Err(message.to_owned()));
        }
    }
}
