//! What a stored resource looks like in an answer.
//!
//! Derived parts (subnets of a network, back references, connections of a target) are made here, from the indexes, and are
//! stored nowhere.

use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};

use crate::body;
use crate::cloud::Cloud;
use crate::network;
use crate::state::State;
use crate::state::record::Record;
use crate::targets::squeezed;
use crate::types::{self, EtagStyle, LocationRule};

/// The JSON of a resource.
pub(crate) fn render(state: &State, record: &Record) -> Value {
    let found = types::find(&record.resource_type);
    let table = found.table;
    let etag = etag(state, record);
    let mut properties = match record.body.get("properties") {
        Some(Value::Object(properties)) => properties.clone(),
        _ => Map::new(),
    };
    if !table.makes.is_empty() {
        properties = with_made(state.cloud(), record, table.makes, properties);
    }
    (table.hooks.show)(state, record, &etag, &mut properties);
    for inline in table.inline {
        network::children::show(state, record, inline, &mut properties);
    }
    if found.target.is_some_and(|target| !target.is_service()) {
        properties.insert(
            "privateEndpointConnections".into(),
            network::connection::list_on(state, &record.key()),
        );
    }
    if table.shows.guid && table.location != LocationRule::None && !shares_etag(record) {
        properties.insert("resourceGuid".into(), Value::String(record.guid.clone()));
    }
    if table.shows.state {
        properties.insert(
            "provisioningState".into(),
            Value::String(provisioning_state(state, record)),
        );
    }
    let mut shown = Map::new();
    for (name, value) in record.body.as_object().into_iter().flatten() {
        if name != "properties" {
            shown.insert(name.clone(), value.clone());
        }
    }
    shown.insert("id".into(), Value::String(record.id.clone()));
    shown.insert("name".into(), Value::String(record.name().to_owned()));
    shown.insert("type".into(), Value::String(record.resource_type.clone()));
    if table.etag != EtagStyle::None {
        shown.insert("etag".into(), Value::String(etag));
    }
    if table.shows.system_data {
        shown.insert("systemData".into(), system_data(record));
    }
    shown.insert("properties".into(), Value::Object(properties));
    let mut shown = Value::Object(shown);
    (table.hooks.show_whole)(record, &mut shown);
    shown
}

/// Properties with those that the provider makes.
fn with_made(
    cloud: Cloud,
    record: &Record,
    makes: &[(&str, &str)],
    properties: Map<String, Value>,
) -> Map<String, Value> {
    let mut shown = Value::Object(properties);
    for (path, pattern) in makes {
        if let Some(value) = made(cloud, record, pattern) {
            body::put(&mut shown, path, value);
        }
    }
    match shown {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}

/// What the provider makes of a pattern for a resource.
fn made(cloud: Cloud, record: &Record, pattern: &str) -> Option<Value> {
    let name = record.name().to_ascii_lowercase();
    let region = squeezed(record.location().unwrap_or_default());
    let mut filled = pattern.replace("{name}", &name).replace("{region}", &region);
    while let Some((before, public, after)) = filled.split_once('<').and_then(|(before, rest)| {
        rest.split_once('>')
            .map(|(public, after)| (before, public, after))
    }) {
        filled = format!("{before}{}{after}", cloud.name(public)?);
    }
    serde_json::from_str(&filled).ok()
}

/// The `provisioningState` that a resource shows.
pub(crate) fn provisioning_state(state: &State, record: &Record) -> String {
    (types::find(&record.resource_type).table.hooks.state)(state, record)
}

/// The same, where the type has no word in it.
///
/// ARM behaviour: while a parent is written everything in its body is being written (recorded for default security rules).
pub(crate) fn usual_state(state: &State, record: &Record) -> String {
    let own = &record.provisioning_state;
    if own != "Succeeded" || types::find(&record.resource_type).inline_in.is_none() {
        return own.clone();
    }
    crate::request::place::parent_key(&record.key())
        .and_then(|parent| state.get(parent))
        .filter(|parent| parent.operation.is_some() && !parent.deleting)
        .map_or_else(|| own.clone(), |parent| parent.provisioning_state.clone())
}

/// The etag as the type's provider writes it.
pub(crate) fn etag(state: &State, record: &Record) -> String {
    match types::find(&record.resource_type).table.etag {
        EtagStyle::None => String::new(),
        EtagStyle::Weak => {
            let parent = if shares_etag(record) {
                crate::request::place::parent_key(&record.key())
                    .and_then(|parent| state.get(parent))
                    .cloned()
            } else {
                None
            };
            format!(
                "W/\"{}\"",
                parent.as_ref().map_or(&record.etag, |parent| &parent.etag)
            )
        }
        EtagStyle::Bare => record.etag.clone(),
        EtagStyle::Digits => record.etag.replace('-', ""),
        EtagStyle::Quoted => {
            let digits: String = record.etag.chars().filter(char::is_ascii_hexdigit).collect();
            let (first, rest) = digits.split_at_checked(8).unwrap_or((&digits, ""));
            let last = rest.get(..8).unwrap_or_default();
            format!("\"{first}-0000-0100-0000-{last}0000\"")
        }
        EtagStyle::Hex => {
            let digits: String = record.etag.chars().filter(char::is_ascii_hexdigit).collect();
            let digits = digits.get(..14).unwrap_or(&digits).to_ascii_uppercase();
            format!("W/\"0x8{digits}\"")
        }
    }
}

/// Whether the record shows its parent's etag: children in the network provider do.
pub(crate) fn shares_etag(record: &Record) -> bool {
    record.resource_type.split('/').count() > 2
        && types::find(&record.resource_type).table.etag == EtagStyle::Weak
}

fn system_data(record: &Record) -> Value {
    json!({
        "createdBy": record.writers.created_by,
        "createdByType": "Application",
        "createdAt": record.created.to_string(),
        "lastModifiedBy": record.writers.last_modified_by,
        "lastModifiedByType": "Application",
        "lastModifiedAt": record.modified.to_string(),
    })
}

/// Gives the elements of a list `id`, `etag` and `type` of a part of `record`, and a `provisioningState`.
pub(crate) fn show_parts(
    record: &Record,
    etag: &str,
    list: &mut Value,
    segment: &str,
    provisioning_state: Option<&str>,
) {
    for part in list.as_array_mut().into_iter().flatten() {
        let name = body::text(part, "name").unwrap_or_default().to_owned();
        body::edit(part, |fields| {
            fields.insert(
                "id".into(),
                Value::String(format!("{}/{segment}/{name}", record.id)),
            );
            fields.insert("etag".into(), Value::String(etag.to_owned()));
            fields.insert(
                "type".into(),
                Value::String(format!("{}/{segment}", record.resource_type)),
            );
        });
        if let Some(state) = provisioning_state {
            body::put(
                part,
                "properties.provisioningState",
                Value::String(state.to_owned()),
            );
        }
    }
}

/// An address as text.
pub(crate) fn dotted(address: u32) -> String {
    Ipv4Addr::from(address).to_string()
}
