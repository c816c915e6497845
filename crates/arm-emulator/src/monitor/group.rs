//! Action groups.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::alert::bad_request;
use super::setting::refusal;
use crate::body;
use crate::request::errors::{self, Failure};
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};

/// ARM behaviour: the type is in lower case in the words about a group that is not there, and the namespace as in its ids.
pub(crate) fn missing(_: &World<'_, '_>, place: &Place, _: &str) -> Failure {
    let named = format!("microsoft.insights/actiongroups/{}", place.name);
    errors::resource_not_found(&named, place.group.as_deref().unwrap_or_default())
}

/// The parts of an action group outside `properties`.
///
/// ARM behaviour: type and id have spellings of their own, and what is not there is `null`.
pub(crate) fn show_whole(record: &Record, shown: &mut Value) {
    let id = record
        .id
        .replacen("/Microsoft.Insights/", "/microsoft.insights/", 1);
    let global = record.location() == Some("global");
    body::edit(shown, |fields| {
        fields.insert("id".into(), json!(id));
        fields.insert("type".into(), json!("Microsoft.Insights/ActionGroups"));
        fields.insert("kind".into(), Value::Null);
        fields.entry("tags").or_insert(Value::Null);
        fields.entry("identity").or_insert(Value::Null);
        if global {
            fields.insert("location".into(), json!("Global"));
        }
    });
}

/// ARM behaviour: who signs in to webhooks is `null` where nobody does; event hubs are in the group's own tenant.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let tenant = tenant_of(state, record);
    let mut change = |list: &str, fields: &[(&str, Value)]| {
        for receiver in properties
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            body::edit(receiver, |shown| {
                for (name, value) in fields {
                    shown.entry(*name).or_insert_with(|| value.clone());
                }
            });
        }
    };
    change(
        "webhookReceivers",
        &[
            ("useAadAuth", json!(false)),
            ("objectId", Value::Null),
            ("identifierUri", Value::Null),
            ("tenantId", Value::Null),
        ],
    );
    if let Some(tenant) = tenant {
        change("eventHubReceivers", &[("tenantId", json!(tenant))]);
    }
}

/// The tenant of the subscription that a group is in, where it is known.
fn tenant_of(state: &State, record: &Record) -> Option<String> {
    let subscription = record.id.split('/').nth(2)?.to_ascii_lowercase();
    let known = state.subscriptions.get(&subscription)?;
    Some(known.tenant_id.clone())
}

/// Checks an action group: receivers have names, each its own.
pub(crate) fn prepare(_: &mut World<'_, '_>, draft: &mut Draft, _: Option<&Record>) -> Result<(), Failure> {
    let properties = draft.record.body.get("properties").and_then(Value::as_object);
    let mut seen = BTreeSet::new();
    for (list, receivers) in properties.into_iter().flatten() {
        if !list.ends_with("Receivers") {
            continue;
        }
        for receiver in receivers.as_array().into_iter().flatten() {
            let name = body::text(receiver, "name").unwrap_or_default();
            if name.is_empty() {
                return Err(bad_request(format!(
                    "The property 'properties.{list}.name' is required and was not specified."
                )));
            }
            if !seen.insert(name.to_ascii_lowercase()) {
                return Err(bad_request(format!(
                    "The receiver name '{name}' is used more than once in the action group."
                )));
            }
        }
    }
    Ok(())
}

/// The lists of receivers that can be switched off, by those who get the messages.
const SWITCHED: &[&str] = &["emailReceivers", "smsReceivers"];

/// Switches a receiver on: `POST …/subscribe`.
///
/// ARM behaviour: 404 without such a receiver, 409 where it is on.
pub(crate) fn subscribe(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let request = world.call.json()?;
    let Some(name) = body::text(&request, "receiverName") else {
        return Err(bad_request(
            "The property 'receiverName' is required and was not specified.",
        ));
    };
    let group = partition(place);
    let Some(record) = world.state.get(&place.key) else {
        return Err(missing(world, place, "action"));
    };
    let Some((path, receiver)) = find(record, name) else {
        return Err(refusal(
            404,
            "ReceiverNotFound",
            format!("Could not find receiver with name {name} in action group with Id {group}"),
        ));
    };
    if body::text(receiver, "status").is_none_or(|status| status == "Enabled") {
        return Err(refusal(
            409,
            "ReceiverAlreadyEnabled",
            format!("Receiver with name {name} in action group with Id {group} is already enabled"),
        ));
    }
    world.state.update(&place.key, |record| {
        if let Some(receiver) = record.body.pointer_mut(&path) {
            body::put(receiver, "status", json!("Enabled"));
        }
    });
    Ok(Outcome::empty(200).changed(true))
}

/// A receiver that can be switched off, with its JSON pointer.
fn find<'a>(record: &'a Record, name: &str) -> Option<(String, &'a Value)> {
    SWITCHED.iter().find_map(|list| {
        let receivers = body::all(&record.body, &format!("properties.{list}.*"));
        let at = receivers.iter().position(|receiver| {
            body::text(receiver, "name").is_some_and(|given| given.eq_ignore_ascii_case(name))
        })?;
        Some((format!("/properties/{list}/{at}"), receivers.get(at).copied()?))
    })
}

/// How the provider calls a group in its refusals.
///
/// ARM behaviour: the resource group and the name in capitals, with other characters as their codes.
fn partition(place: &Place) -> String {
    let spelled = |text: &str| -> String {
        text.chars()
            .map(|character| {
                if character.is_ascii_alphanumeric() {
                    character.to_ascii_uppercase().to_string()
                } else {
                    format!(":{:02X}", u32::from(character))
                }
            })
            .collect()
    };
    let group = spelled(place.group.as_deref().unwrap_or_default());
    format!("{group}-{}", spelled(&place.name))
}
