//! The keys of storage accounts.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::request::refusals::Wrong;
use crate::state::record::{AccountKey, Facts, Record};
use crate::state::world::World;
use crate::types;

const NAMES: [&str; 2] = ["key1", "key2"];

/// Both keys as they are now.
fn keys_of(record: &Record) -> [AccountKey; 2] {
    match &record.facts {
        Facts::Keys(keys) => *keys.clone(),
        _ => [0, 0].map(|generation| AccountKey {
            generation,
            created: record.created,
        }),
    }
}

/// When each key was made.
pub(super) fn creation_times(record: &Record) -> [Timestamp; 2] {
    keys_of(record).map(|key| key.created)
}

/// ARM behaviour: a key has 64 bytes. Which they are follows from the account's GUID.
fn value_of(record: &Record, name: &str, key: &AccountKey) -> String {
    let text = format!("{} {name} {}", record.guid, key.generation);
    STANDARD.encode(digest::digest(&digest::SHA512, text.as_bytes()))
}

fn shown(record: &Record) -> Value {
    let keys: Vec<Value> = NAMES
        .iter()
        .zip(keys_of(record))
        .map(|(name, key)| {
            json!({
                "creationTime": key.created.to_string(),
                "keyName": name,
                "value": value_of(record, name, &key),
                "permissions": "FULL",
            })
        })
        .collect();
    json!({"keys": keys})
}

/// Answers `listKeys`.
pub(crate) fn list(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let keys = world
        .state
        .get(&place.key)
        .map_or(Value::Null, |record| shown(record));
    Ok(Outcome::json(200, keys))
}

/// Makes one of the keys anew.
pub(crate) fn regenerate(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let request = world.call.json()?;
    let table = types::find(&place.resource_type).table;
    let refused = |wrong: Wrong<'_>| Err((table.hooks.refused)(table, &wrong));
    let path = "keyName";
    let Some(value) = request.get(path) else {
        return refused(Wrong::Missing { path, id: &place.id });
    };
    let given = value.as_str().unwrap_or_default();
    let Some(number) = NAMES.iter().position(|name| name.eq_ignore_ascii_case(given)) else {
        return refused(Wrong::Value {
            path,
            value,
            allowed: &NAMES,
        });
    };
    let now = world.call.wall;
    world.state.update(&place.key, |record| {
        let mut keys = keys_of(record);
        if let Some(key) = keys.get_mut(number) {
            key.generation = key.generation.saturating_add(1);
            key.created = now;
        }
        record.facts = Facts::Keys(Box::new(keys));
    });
    Ok(list(world, place)?.changed(true))
}
