//! The checks of a request's body and name that every type shares: what its table says about them.

use serde_json::{Map, Value, json};

use crate::body;
use crate::errors::{self, Failure};
use crate::tags;
use crate::targets::squeezed;
use crate::types::{Behaviour, Form, LocationRule, ResourceType, Shape, TagRule};

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
            TagRule::Usual => {}
        }
        if fields
            .get("tags")
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty)
            && table.form != Form::Other
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
            return Err(wrong_shape(table, path, *shape));
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
                return Err(refuse_value(table, path, value, allowed));
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
    match table.form {
        Form::Network if path.ends_with(".id") => {
            let owner = path.trim_end_matches(".id");
            errors::invalid_format(
                "MissingJsonReferenceId",
                format!("Value for reference id is missing. Path {owner}."),
            )
        }
        Form::Network => errors::invalid_format(
            "MissingRequiredProperty",
            format!("Required property '{path}' of resource {id} is missing."),
        ),
        Form::PrivateDns => Failure::private_dns(
            400,
            "BadRequest",
            format!("The property '{path}' is required and was not specified."),
        ),
        Form::Other => Failure::provider(
            400,
            "InvalidRequestContent",
            format!("The property '{path}' is required and was not specified."),
        ),
    }
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

fn wrong_shape(table: &ResourceType, path: &str, shape: Shape) -> Failure {
    let expected = match shape {
        Shape::Object => "an object",
        Shape::Boolean => "true or false",
        Shape::Text => "a string",
        Shape::Integer => "an integer",
        Shape::Objects => "a list of objects",
        Shape::Texts => "a list of strings",
    };
    let message = format!("Error converting value: '{path}' is not {expected}.");
    match table.form {
        Form::Network => errors::invalid_format("InvalidJson", message),
        Form::PrivateDns => Failure::private_dns(400, "BadRequest", message),
        Form::Other => Failure::gateway(
            400,
            "InvalidRequestContent",
            format!("The request content was invalid and could not be deserialized: '{message}'."),
        ),
    }
}

fn refuse_value(table: &ResourceType, path: &str, value: &Value, allowed: &[&str]) -> Failure {
    let message = format!(
        "Value {value} of property '{path}' is not valid. Allowed values: {}.",
        allowed.join(", ")
    );
    match table.form {
        Form::Network => errors::invalid_format("InvalidJson", message),
        Form::PrivateDns => Failure::private_dns(400, "BadRequest", message),
        Form::Other => Failure::provider(400, "InvalidPropertyValue", message),
    }
}

/// ARM behaviour: names have a length and a set of characters; they begin with a letter or digit and end with one or `_`.
pub(crate) fn check_name(table: &ResourceType, name: &str, resource_type: &str) -> Result<(), Failure> {
    let (shortest, longest) = table.name_length;
    let length = name.chars().count();
    let inside =
        |character: char| character.is_ascii_alphanumeric() || table.name_characters.contains(character);
    // What private DNS allows is more than a row can say.
    if matches!(table.behaviour, Behaviour::DnsZone | Behaviour::DnsRecord) {
        return Ok(());
    }
    let plain = table.form == Form::Other;
    let good = (shortest..=longest).contains(&length)
        && name.chars().all(inside)
        && (plain
            || (name.chars().next().is_some_and(|first| {
                first.is_ascii_alphanumeric() || first == '@' || first == '*' || first == '_'
            }) && name.chars().last().is_some_and(|last| {
                last.is_ascii_alphanumeric() || last == '_' || last == '@' || last == '*'
            })));
    if good {
        Ok(())
    } else {
        Err(invalid_name(name, resource_type))
    }
}

pub(crate) fn invalid_name(name: &str, resource_type: &str) -> Failure {
    if resource_type.eq_ignore_ascii_case("Microsoft.Storage/storageAccounts") {
        return Failure::provider(
            400,
            "AccountNameInvalid",
            format!(
                "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only."
            ),
        );
    }
    Failure::network(
        400,
        "InvalidResourceName",
        format!(
            "Resource name {name} is invalid. The name can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'."
        ),
    )
}
