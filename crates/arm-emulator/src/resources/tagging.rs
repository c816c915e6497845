//! Tags as a resource of their own: `{scope}/providers/Microsoft.Resources/tags/default`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body;
use crate::request::errors::{self, Failure};
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::resources::groups;
use crate::resources::tags;
use crate::state::State;
use crate::state::world::{World, fresh};
use crate::types::{self, TagRule};

const TYPE: &str = "Microsoft.Resources/tags";

/// What has tags.
enum Owner {
    /// A resource or a resource group, by its key.
    Record(String, TagRule),
    /// A subscription, by its id: its tags are stored as what they are shown as.
    Subscription(String),
}

/// The tags of a subscription.
pub(crate) fn of_subscription(state: &State, id: &str) -> Map<String, Value> {
    let key = id_of(&format!("/subscriptions/{id}")).to_ascii_lowercase();
    let stored = state
        .get(&key)
        .and_then(|record| body::at(&record.body, "properties.tags"));
    stored.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// The names and values of all tags in a subscription, and how often each is used: `GET /subscriptions/{id}/tagNames`.
///
/// ARM behaviour: names compare without case.
pub(crate) fn names(state: &State, subscription: &str) -> Value {
    type Values = BTreeMap<String, usize>;
    let scope = format!("/subscriptions/{subscription}");
    let key = scope.to_ascii_lowercase();
    let mut used: BTreeMap<String, (String, Values)> = BTreeMap::new();
    let of_records = ["resourcegroups", "resources"].map(|list| format!("{key}/{list}"));
    let of_records = of_records
        .iter()
        .flat_map(|list| state.collection(list))
        .filter_map(|record| record.body.get("tags")?.as_object().cloned());
    for (name, value) in of_records.chain([of_subscription(state, subscription)]).flatten() {
        let (_, values) = used.entry(name.to_lowercase()).or_insert((name, Values::new()));
        *values
            .entry(value.as_str().unwrap_or_default().to_owned())
            .or_default() += 1;
    }
    let count = |value: usize| json!({"type": "Total", "value": value});
    let shown: Vec<Value> = used
        .into_values()
        .map(|(name, values)| {
            let id = format!("{scope}/tagNames/{name}");
            let total = values.values().sum();
            let values: Vec<Value> = values
                .into_iter()
                .map(|(value, times)| {
                    json!({"id": format!("{id}/tagValues/{value}"), "tagValue": value, "count": count(times)})
                })
                .collect();
            json!({"id": id, "tagName": name, "count": count(total), "values": values})
        })
        .collect();
    json!({"value": shown})
}

fn id_of(scope: &str) -> String {
    format!("{scope}/providers/Microsoft.Resources/tags/default")
}

/// Answers a request about the tags of a subscription, a resource group or a resource.
///
/// ARM behaviour: they have their effect on what they are of: PUT replaces all, PATCH merges, replaces or deletes those that
/// it names, DELETE takes all away; each answers 200.
pub(crate) fn run(world: &mut World<'_, '_>, scope: &str) -> Result<Outcome, Failure> {
    let (owner, id) = owner(world, scope)?;
    let before = tags_of(world, &owner);
    let after = match world.call.method.as_str() {
        "GET" => return Ok(Outcome::json(200, shown(&id, &before))),
        "HEAD" => return Ok(Outcome::empty(204)),
        "DELETE" => Map::new(),
        "PUT" => given(&world.call.json()?)?,
        "PATCH" => patched(&before, &world.call.json()?)?,
        other => return Err(errors::method_not_allowed(other)),
    };
    tags::check(Some(&Value::Object(after.clone())), TagRule::Usual)?;
    let changed = before != after;
    if changed {
        store(world, &owner, after);
    }
    if *world.call.method == http::Method::DELETE {
        return Ok(Outcome::empty(200).changed(changed));
    }
    let now = tags_of(world, &owner);
    Ok(Outcome::json(200, shown(&id, &now)).changed(changed))
}

/// What a scope names, and its id.
fn owner(world: &World<'_, '_>, scope: &str) -> Result<(Owner, String), Failure> {
    let key = scope.to_ascii_lowercase();
    let segments: Vec<&str> = scope.split('/').skip(1).collect();
    if let ["subscriptions", id] = segments.as_slice() {
        let known = groups::subscription(world.state, id, &world.call.principal.tenant_id)
            .ok_or_else(|| errors::subscription_not_found(id))?;
        return Ok((
            Owner::Subscription(known.id.clone()),
            format!("/subscriptions/{}", known.id),
        ));
    }
    let place = Place::parse(scope);
    let Some(record) = world.state.get(&key) else {
        return Err(match place {
            Some(place) => {
                let table = types::find(&place.resource_type).table;
                (table.hooks.missing)(world, &place, "write")
            }
            None => errors::group_not_found(segments.last().copied().unwrap_or_default()),
        });
    };
    let rule = place.map_or(TagRule::Usual, |place| {
        types::find(&place.resource_type).table.tags
    });
    if matches!(rule, TagRule::None | TagRule::Refused) {
        return Err(Failure::gateway(
            400,
            "InvalidTags",
            format!(
                "The resource type '{}' does not support tags.",
                record.resource_type
            ),
        ));
    }
    Ok((Owner::Record(key, rule), record.id.clone()))
}

fn tags_of(world: &World<'_, '_>, owner: &Owner) -> Map<String, Value> {
    match owner {
        Owner::Record(key, _) => world
            .state
            .get(key)
            .and_then(|record| record.body.get("tags")?.as_object().cloned())
            .unwrap_or_default(),
        Owner::Subscription(id) => of_subscription(world.state, id),
    }
}

fn store(world: &mut World<'_, '_>, owner: &Owner, tags: Map<String, Value>) {
    let call = world.call;
    match owner {
        Owner::Record(key, rule) => {
            let etag = world.state.random.guid();
            let author: Arc<str> = Arc::from(call.principal.name.as_str());
            let mut tags = Value::Object(tags);
            if *rule == TagRule::Dns {
                tags::without_lost(&mut tags);
            }
            world.state.update(key, |record| {
                body::put(&mut record.body, "tags", tags);
                record.etag = etag;
                record.modified = call.wall;
                record.writers.last_modified_by = author.clone();
                record.writers.changed("tags".to_owned(), &author);
            });
        }
        Owner::Subscription(id) => {
            let id = id_of(&format!("/subscriptions/{id}"));
            if tags.is_empty() {
                world.state.remove(&id.to_ascii_lowercase());
                return;
            }
            let mut record = fresh(world, &id, TYPE);
            record.body = json!({"properties": {"tags": tags}}).into();
            world.state.insert(Arc::new(record));
        }
    }
}

fn shown(id: &str, tags: &Map<String, Value>) -> Value {
    json!({
        "id": id_of(id),
        "name": "default",
        "type": TYPE,
        "properties": {"tags": tags},
    })
}

/// The tags that a request names.
fn given(request: &Value) -> Result<Map<String, Value>, Failure> {
    match body::at(request, "properties.tags") {
        Some(Value::Object(tags)) => Ok(tags.clone()),
        _ => Err(Failure::gateway(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: 'Required property 'tags' not found in JSON. Path 'properties'.'.",
        )),
    }
}

/// The tags after a PATCH; names compare without case.
fn patched(before: &Map<String, Value>, request: &Value) -> Result<Map<String, Value>, Failure> {
    let wanted = given(request)?;
    let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
    let mut after = before.clone();
    match body::text(request, "operation")
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "replace" => Ok(wanted),
        "merge" => {
            for (name, value) in wanted {
                after.retain(|known, _| !same(known, &name));
                after.insert(name, value);
            }
            Ok(after)
        }
        "delete" => {
            after.retain(|known, value| {
                !wanted
                    .iter()
                    .any(|(name, only)| same(known, name) && (only == value || only == ""))
            });
            Ok(after)
        }
        _ => Err(Failure::gateway(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: 'The operation has to be 'Merge', 'Replace' or 'Delete'.'.",
        )),
    }
}
