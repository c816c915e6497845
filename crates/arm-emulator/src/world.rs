//! What a request works on: the state, and the checks of a body that every type shares.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::body;
use crate::call::Call;
use crate::errors::{self, Failure};
use crate::record::{Facts, Record, Writers};
use crate::state::{Key, State};
use crate::types::{Form, ResourceType};

/// The state and the request that changes it.
pub(crate) struct World<'a, 'c> {
    pub(crate) state: &'a mut State,
    pub(crate) call: &'a Call<'c>,
    /// Refuse types without a table.
    pub(crate) strict: bool,
}

/// A write before it takes effect.
pub(crate) struct Draft {
    pub(crate) record: Record,
    /// Other resources that the write makes or changes.
    pub(crate) also: Vec<Record>,
    /// Other resources that it takes away.
    pub(crate) gone: Vec<Key>,
}

impl World<'_, '_> {
    /// Refuses ids in the body of network resources that do not exist, or that are being written.
    ///
    /// ARM behaviour: only references inside `Microsoft.Network` are checked by it.
    pub(crate) fn check_references(&self, table: &ResourceType, record: &Record) -> Result<(), Failure> {
        for reference in table.references {
            for id in body::all(&record.body, reference.path)
                .into_iter()
                .filter_map(Value::as_str)
            {
                let key = whole(id);
                match self.state.get(&key) {
                    Some(found) if found.deleting => return Err(errors::invalid_reference(id, &record.id)),
                    Some(found) if found.operation.is_some() => {
                        let operation = crate::types::find(&found.resource_type).table.operation;
                        return Err(errors::reference_not_provisioned(
                            &found.id, &record.id, operation,
                        ));
                    }
                    Some(_) => {}
                    None => return Err(errors::invalid_reference(id, &record.id)),
                }
            }
        }
        Ok(())
    }
}

/// The key of the resource that an id of one of its parts belongs to: a frontend configuration lies in its load balancer.
fn whole(id: &str) -> String {
    let key = id.to_ascii_lowercase();
    match key.find("/frontendipconfigurations/") {
        Some(at) => key.get(..at).unwrap_or(&key).to_owned(),
        None => key,
    }
}

/// A new record, empty but for what the server makes.
pub(crate) fn fresh(world: &mut World<'_, '_>, id: &str, resource_type: &str) -> Record {
    let author = world.call.principal.name.clone();
    Record {
        id: id.to_owned(),
        resource_type: resource_type.to_owned(),
        body: Value::Object(Map::new()),
        provisioning_state: "Succeeded".to_owned(),
        etag: world.state.random.guid(),
        guid: world.state.random.guid(),
        created: world.call.wall,
        modified: world.call.wall,
        writers: Writers {
            created_by: author.clone(),
            last_modified_by: author,
            ..Writers::default()
        },
        operation: None,
        deleting: false,
        generic: false,
        facts: Facts::None,
        references: BTreeSet::new(),
        addresses: Vec::new(),
        alias: None,
        network: None,
        previous: None,
    }
}

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
        if table.tags == crate::types::TagRule::None {
            fields.remove("tags");
        }
        if fields
            .get("tags")
            .and_then(Value::as_object)
            .is_some_and(Map::is_empty)
            && table.form == Form::Network
        {
            fields.remove("tags");
        }
        let properties = fields
            .entry("properties")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(properties) = properties.as_object_mut() {
            properties.retain(|name, _| !table.read_only.contains(&name.as_str()));
        }
    });
    for path in table.required {
        if body::at(&stored, path).is_none() {
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
    for (path, json) in table.defaults {
        if body::at(&stored, path).is_none()
            && let Ok(value) = serde_json::from_str(json)
        {
            body::put(&mut stored, path, value);
        }
    }
    Ok(stored)
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
        Form::Other => Failure::provider(
            400,
            "InvalidRequestContent",
            format!("The property '{path}' is required and was not specified."),
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
        Form::Other => Failure::provider(400, "InvalidPropertyValue", message),
    }
}

/// ARM behaviour: names have a length and a set of characters; they begin with a letter or digit and end with one or `_`.
pub(crate) fn check_name(table: &ResourceType, name: &str, resource_type: &str) -> Result<(), Failure> {
    let (shortest, longest) = table.name_length;
    let length = name.chars().count();
    let inside =
        |character: char| character.is_ascii_alphanumeric() || table.name_characters.contains(character);
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
