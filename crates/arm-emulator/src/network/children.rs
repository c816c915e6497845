//! Children that are resources of their own and stand in their parent's body too: subnets, security rules, routes.
//!
//! The parent's record never holds them: they are taken out of a request's body and put back into answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::body;
use crate::operations::{Operation, region_of};
use crate::request::answer;
use crate::request::checks::{check_name, checked_body};
use crate::request::errors::{self, Failure};
use crate::request::place::{Place, parent_key};
use crate::request::refusals::Wrong;
use crate::request::resource::{own_operation, running};
use crate::state::record::{Facts, Record};
use crate::state::world::{Draft, World, fresh};
use crate::state::{Key, State};
use crate::types::{self, Inline, ResourceType};

/// The list of a parent's type with this name.
pub(crate) fn list_of(parent: &Record, list: &str) -> Option<&'static Inline> {
    let table = types::find(&parent.resource_type).table;
    table.inline.iter().find(|inline| inline.list == list)
}

/// The children in the order of the parent's list.
pub(crate) fn of<'a>(state: &'a State, parent: &str, inline: &Inline) -> Vec<&'a Arc<Record>> {
    let collection = format!("{parent}/{}", inline.list.to_ascii_lowercase());
    let mut found: Vec<&Arc<Record>> = state.collection(&collection).collect();
    found.sort_by_key(|child| position(child));
    found
}

fn position(child: &Record) -> u32 {
    match child.facts {
        Facts::Position(position) => position,
        _ => 0,
    }
}

fn next_position(siblings: &[&Arc<Record>]) -> u32 {
    siblings.last().map_or(0, |last| position(last).saturating_add(1))
}

/// Adds the children's list, if it is not that of an earlier time.
pub(crate) fn show(state: &State, record: &Record, inline: &Inline, properties: &mut Map<String, Value>) {
    if !properties.contains_key(inline.list) {
        properties.insert(inline.list.into(), list(state, record, inline));
    }
}

fn list(state: &State, record: &Record, inline: &Inline) -> Value {
    of(state, &record.key(), inline)
        .into_iter()
        .map(|child| answer::render(state, child))
        .collect()
}

/// Keeps the children as they are now in a record of how their parent was.
pub(crate) fn keep(state: &State, record: &mut Record, inline: &Inline) {
    let children = list(state, record, inline);
    body::put(&mut record.body, &format!("properties.{}", inline.list), children);
}

/// Takes the children out of the body of a parent's request, each as it asks for it, checked by its own table.
pub(crate) fn plan(
    world: &mut World<'_, '_>,
    record: &mut Record,
    inline: &Inline,
) -> Result<Vec<Record>, Failure> {
    let wanted = take_list(&mut record.body, inline.list);
    if wanted.len() > inline.limit {
        return Err(too_many(inline));
    }
    let table = types::find(&format!("{}/{}", record.resource_type, inline.list)).table;
    let region = region_of(world.state, record);
    let mut seen = BTreeSet::new();
    let mut planned = Vec::with_capacity(wanted.len());
    for given in &wanted {
        let name = name_of(given)?;
        if name.contains('/') {
            return Err((table.hooks.refused)(table, &Wrong::Name(name)));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(errors::duplicate_name(&record.id, name));
        }
        planned.push(planned_child(world, &record.id, name, given, table, &region)?);
    }
    Ok(planned)
}

fn take_list(body: &mut Value, list: &str) -> Vec<Value> {
    let taken = body
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .and_then(|properties| properties.remove(list));
    match taken {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// The name of a child, or what its id ends with.
fn name_of(given: &Value) -> Result<&str, Failure> {
    body::text(given, "name")
        .or_else(|| body::text(given, "id").and_then(|id| id.rsplit('/').next()))
        .ok_or_else(errors::unparsed)
}

fn planned_child(
    world: &mut World<'_, '_>,
    parent: &str,
    name: &str,
    given: &Value,
    table: &'static ResourceType,
    region: &str,
) -> Result<Record, Failure> {
    check_name(table, name)?;
    let segment = table.name.rsplit('/').next().unwrap_or_default();
    let id = format!("{parent}/{segment}/{name}");
    let mut record = fresh(world, &id, table.name);
    record.body = checked_body(table, given, &id)?.into();
    record.references = body::referred(&record.body, &record.key());
    world.check_references(table, &record, region)?;
    Ok(record)
}

/// Puts the planned children in the place of those that are there.
///
/// ARM behaviour: a PUT of the parent replaces the list; what it leaves out is deleted. The order is that in which the
/// children were made.
pub(crate) fn replace(
    world: &World<'_, '_>,
    draft: &mut Draft,
    inline: &Inline,
    planned: Vec<Record>,
    check_unused: impl Fn(&Record) -> Result<(), Failure>,
    check_change: impl Fn(&Record, &Record) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let parent = draft.record.key();
    let kept: BTreeSet<Key> = planned.iter().map(|child| Arc::from(child.key())).collect();
    let siblings = of(world.state, &parent, inline);
    for existing in &siblings {
        let key: Key = Arc::from(existing.key());
        if !kept.contains(&key) {
            check_unused(existing)?;
            draft.gone.push(key);
        }
    }
    let mut position = next_position(&siblings);
    for mut made in planned {
        match world.state.get(&made.key()) {
            Some(existing) if existing.body == made.body => {}
            Some(existing) => {
                check_change(existing, &made)?;
                draft.also.push(changed(world, existing, made));
            }
            None => {
                made.facts = Facts::Position(position);
                position = position.saturating_add(1);
                draft.also.push(made);
            }
        }
    }
    Ok(())
}

/// An existing child with the body of a planned one.
fn changed(world: &World<'_, '_>, existing: &Record, made: Record) -> Record {
    let author: Arc<str> = Arc::from(world.call.principal.name.as_str());
    let mut record = existing.clone();
    record.previous = None;
    record.previous = Some(Arc::new(record.clone()));
    for area in body::changed_areas(&existing.body, &made.body) {
        record.writers.changed(area, &author);
    }
    record.writers.last_modified_by = author;
    record.modified = world.call.wall;
    record.etag = made.etag;
    record.references = made.references;
    record.body = made.body;
    record
}

/// The other children of a child's parent, for a write of the child alone.
pub(crate) fn others<'a>(state: &'a State, child: &Record) -> Vec<&'a Record> {
    let key = child.key();
    let Some((collection, _)) = key.rsplit_once('/') else {
        return Vec::new();
    };
    state
        .collection(collection)
        .map(|other| &**other)
        .filter(|other| !other.id.eq_ignore_ascii_case(&child.id))
        .collect()
}

/// Gives a child that is written by itself for the first time its place at the end of the parent's list.
pub(crate) fn append(state: &State, record: &mut Record, inline: &Inline) -> Result<(), Failure> {
    let key = record.key();
    let Some(parent) = parent_key(&key).and_then(|parent| state.get(parent)) else {
        return Ok(());
    };
    let siblings = of(state, &parent.key(), inline);
    if siblings.len() >= inline.limit {
        return Err(too_many(inline));
    }
    record.facts = Facts::Position(next_position(&siblings));
    Ok(())
}

/// What keeps a parent with such children from being written: its own operation, or that a child of it is going.
///
/// ARM behaviour: children are written side by side; one that is going must not come back with its parent's list.
pub(crate) fn conflict<'a>(
    world: &'a World<'_, '_>,
    place: &Place,
    existing: Option<&Record>,
) -> Option<&'a Operation> {
    own_operation(world, place, existing).or_else(|| {
        types::find(&place.resource_type)
            .table
            .inline
            .iter()
            .flat_map(|inline| of(world.state, &place.key, inline))
            .filter(|child| child.deleting)
            .find_map(|child| running(world, child))
    })
}

fn too_many(inline: &Inline) -> Failure {
    let (code, message) = inline.over;
    Failure::network(400, code, message)
}
