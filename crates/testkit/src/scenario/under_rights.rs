//! A scenario under rights of one's choosing: what it comes to, by which rights, and for want of which.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::allowed::Allowed;
use super::in_virtual_time;
use super::world::World;
use crate::simulated::Right;

/// What plays in a world.
pub type Act = dyn for<'a> Fn(&'a mut World) -> BoxFuture<'a, ()> + Send + Sync;

/// After the last act, so that what it sets off comes to its end.
const REST: Duration = Duration::from_secs(60);

/// What a scenario came to.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Azure's resources, and all that the objects and their events say, without what differs from run to run.
    pub said: BTreeMap<String, Value>,
    /// The plurals of the kinds whose status was written.
    pub kinds: BTreeSet<String>,
    /// The actions of the role in Azure that requests were let in by.
    pub azure: BTreeSet<String>,
    /// The actions that were asked for and not allowed.
    pub denied: BTreeSet<String>,
    /// The rights in Kubernetes that requests were let in by.
    pub kubernetes: BTreeSet<Right>,
    /// What Kubernetes did not allow.
    pub forbidden: Vec<String>,
    /// What the four properties have to complain about, rights left out.
    pub violations: Vec<String>,
}

/// Plays under these rights, from the first moment of the first controller.
///
/// # Errors
/// A message where the world cannot be made.
pub fn play(act: &Act, allowed: &Allowed) -> Result<Played, String> {
    in_virtual_time(async {
        let mut world = World::new()?;
        world.allow(allowed);
        world.start();
        world.pass(Duration::from_secs(10)).await;
        act(&mut world).await;
        world.pass(REST).await;
        Ok(what_came_of(&world))
    })
}

fn what_came_of(world: &World) -> Played {
    let mut played = Played {
        said: world.end_state(),
        kubernetes: world.api.used_rights(),
        forbidden: world.api.forbidden(),
        ..Played::default()
    };
    for entry in world.emulator.journal_since(0).entries {
        played.azure.extend(entry.allowed_by);
        played.denied.extend(entry.denied);
    }
    for entry in world.api.journal() {
        if entry.call.subresource == "status" {
            played.kinds.insert(entry.call.resource);
        }
    }
    for definition in privatelink_api::crds() {
        for object in world.api.list(&definition.spec.names.kind, None) {
            let text = |pointer| {
                object
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let key = format!("says {} {}", text("/kind"), text("/metadata/name"));
            let said = json!({
                "status": object.get("status").map(lasting),
                "finalizers": object.pointer("/metadata/finalizers"),
            });
            played.said.insert(key, said);
        }
    }
    let events: BTreeSet<String> = world
        .api
        .list("events", None)
        .iter()
        .map(|event| {
            let text = |pointer| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            format!(
                "{} {}: {}",
                text("/regarding/kind"),
                text("/regarding/name"),
                text("/reason")
            )
        })
        .collect();
    played.said.insert("events".to_owned(), json!(events));
    let violations = world.violations().into_iter();
    played.violations = violations
        .filter(|violation| violation.property != "rights")
        .map(|violation| format!("{}: {}", violation.property, violation.text))
        .collect();
    played
}

/// A status without times, operations and what the server chooses anew each time.
fn lasting(status: &Value) -> Value {
    match status {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .filter(|(name, _)| !PASSING.contains(&name.as_str()));
            Value::Object(
                fields
                    .map(|(name, value)| (name.clone(), lasting(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(elements) => Value::Array(elements.iter().map(lasting).collect()),
        Value::String(text) => Value::String(without_guids(text)),
        other => other.clone(),
    }
}

/// Fields of status that say when, and not what.
const PASSING: &[&str] = &["lastTransitionTime", "operations", "observedGeneration"];

/// A text with each GUID, and each word with such a form, left out.
fn without_guids(text: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_hexdigit() || letter == '-';
    let mut kept = String::with_capacity(text.len());
    let mut word = String::new();
    for letter in text.chars().chain(['\n']) {
        if is_part(letter) {
            word.push(letter);
            continue;
        }
        let is_guid = word.len() >= 36 && word.matches('-').count() >= 4;
        kept.push_str(if is_guid { "*" } else { &word });
        word.clear();
        kept.push(letter);
    }
    kept.trim_end_matches('\n').to_owned()
}

/// In what two runs differ, one line for each object or resource.
pub fn differences(one: &Played, other: &Played) -> Vec<String> {
    let keys: BTreeSet<&String> = one.said.keys().chain(other.said.keys()).collect();
    keys.into_iter()
        .filter(|key| one.said.get(*key) != other.said.get(*key))
        .map(|key| {
            let show = |played: &Played| {
                played
                    .said
                    .get(key)
                    .map_or("nothing".to_owned(), Value::to_string)
            };
            format!("{key}: {} and not {}", show(other), show(one))
        })
        .collect()
}

/// The objects that are Ready in one run and, for all that they say, not in the other; those that are gone in the one and
/// stay in the other too.
pub fn worse(one: &Played, other: &Played) -> Vec<String> {
    let ready = |said: &Value| {
        let conditions = said.get("conditions").and_then(Value::as_array);
        let mut conditions = conditions.into_iter().flatten().filter_map(Value::as_str);
        conditions.any(|condition| condition.starts_with("Ready=True/"))
    };
    let keys: BTreeSet<&String> = one.said.keys().chain(other.said.keys()).collect();
    let objects = keys.into_iter().filter(|key| key.starts_with("object "));
    objects
        .filter(|key| match (one.said.get(*key), other.said.get(*key)) {
            (Some(one), Some(other)) => ready(one) && !ready(other),
            (None, Some(_)) => true,
            (Some(_), None) | (None, None) => false,
        })
        .cloned()
        .collect()
}
