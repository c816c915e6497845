//! Requests about one resource, by its table: reads, what comes before a write, actions. Writes, deletions and lists have files
//! of their own.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::body;
use crate::network::expand::expand;
use crate::network::interface;
use crate::operations::{self, Operation};
use crate::request::answer;
use crate::request::errors::{self, Failure};
use crate::request::members;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::request::write::write;
use crate::resources::generic;
use crate::state::State;
use crate::state::record::{Facts, Record};
use crate::state::world::World;
use crate::types::{self, EtagHeader, EtagStyle, Found, Patching, ResourceType};

/// Answers a request about one resource.
pub(crate) fn run(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let found = types::find(&place.resource_type);
    let method = match world.call.method.as_str() {
        "HEAD" => "GET",
        other => other,
    };
    generic::check_resource(place, method, world.strict)?;
    let outcome = match method {
        other if !found.table.methods.contains(&other) => Err(errors::method_not_allowed(other)),
        "GET" => get(world, place, found),
        "PUT" => put(world, place, found),
        "PATCH" => patch(world, place, found),
        _ => crate::request::deletion::delete(world, place, found),
    };
    match outcome {
        Ok(outcome) => Ok(Outcome {
            generic: generic::is_generic(&place.resource_type),
            ..outcome
        }),
        Err(failure) if failure.by_operation => Ok(operations::refused(world, place, found.table, &failure)),
        Err(failure) => Err(failure),
    }
}

fn get(world: &World<'_, '_>, place: &Place, found: Found) -> Result<Outcome, Failure> {
    if let Some(answer) = crate::targets::links::one(world.state, place) {
        return Ok(Outcome::json(200, answer));
    }
    let is_head = *world.call.method == http::Method::HEAD;
    if let Some(answer) = (found.table.hooks.read)(world, place) {
        return answer.map(|answer| if is_head { Outcome::empty(204) } else { answer });
    }
    let record = world
        .state
        .get(&place.key)
        .ok_or_else(|| (found.table.hooks.missing)(world, place, "read"))?;
    let mut shown = match &record.previous {
        Some(previous) if world.call.plan.stale_read => answer::render(world.state, previous),
        None if world.call.plan.stale_read && record.operation.is_some() => {
            return Err((found.table.hooks.missing)(world, place, "read"));
        }
        _ => answer::render(world.state, record),
    };
    let asked = world.call.query("$expand");
    expand(world.state, found.table, asked, &mut shown)?;
    // ARM behaviour: HEAD only says whether it is there.
    let outcome = if is_head {
        Outcome::empty(204)
    } else {
        Outcome::json(200, shown)
    };
    Ok(match found.table.shows.etag_header {
        EtagHeader::None => outcome,
        EtagHeader::Read | EtagHeader::ReadAndWrite => {
            outcome.header("etag", answer::etag(world.state, record))
        }
    })
}

fn put(world: &mut World<'_, '_>, place: &Place, found: Found) -> Result<Outcome, Failure> {
    let mut request = world.call.json()?;
    members::spell(&place.resource_type, &mut request);
    members::check_resource(&place.resource_type, &request, world.call)?;
    body::without_nulls(&mut request);
    if let Some(write) = found.table.hooks.write {
        members::check(&place.resource_type, &request, world.call)?;
        return write(world, place, found, &request);
    }
    without_shown_name(world.state, place, &mut request);
    check_identity(&request, place)?;
    write(world, place, found, request)
}

/// Takes a name out of a request that is not the one of the URL, but the one that is shown.
fn without_shown_name(state: &State, place: &Place, request: &mut Value) {
    let given = body::text(request, "name").filter(|given| *given != place.name);
    let (Some(given), Some(record)) = (given, state.get(&place.key)) else {
        return;
    };
    if body::text(&answer::render(state, record), "name") == Some(given)
        && let Some(fields) = request.as_object_mut()
    {
        fields.remove("name");
    }
}

fn patch(world: &mut World<'_, '_>, place: &Place, found: Found) -> Result<Outcome, Failure> {
    let request = world.call.json()?;
    let Some(existing) = world.state.get(&place.key).cloned() else {
        return Err((found.table.hooks.missing)(world, place, "write"));
    };
    if let Some(write) = found.table.hooks.write {
        return write(world, place, found, &request);
    }
    if let Facts::Interface(_) = &existing.facts {
        return interface::write_tags(world, &existing, &request);
    }
    let mut merged = match found.table.patching {
        // ARM behaviour: the map of tags is replaced as a whole, where there is one.
        Patching::Tags => {
            let mut merged = Value::clone(&existing.body);
            if let Some(tags) = request.get("tags") {
                body::put(&mut merged, "tags", tags.clone());
            }
            merged
        }
        Patching::Merge => merged(world.state, place, &request),
    };
    for inline in found.table.inline.iter().filter(|inline| !inline.kept) {
        let path = format!("properties.{}", inline.list);
        let shown = answer::render(world.state, &existing);
        let children = body::at(&shown, &path).cloned().unwrap_or_else(|| json!([]));
        body::put(&mut merged, &path, children);
    }
    write(world, place, found, merged)
}

/// The body of a resource as a PATCH that merges changes it.
///
/// ARM behaviour: the map of tags is replaced as a whole.
pub(crate) fn merged(state: &State, place: &Place, request: &Value) -> Value {
    let mut merged = state
        .get(&place.key)
        .map_or_else(|| json!({}), |existing| Value::clone(&existing.body));
    body::merge(&mut merged, request);
    if let Some(tags) = request.get("tags").cloned() {
        body::put(&mut merged, "tags", tags);
    }
    merged
}

/// ARM behaviour: `name` and `type` may be in the body, and then have to agree with the URL. An `id` may be any: clients send
/// a peering with its network's.
pub(crate) fn check_identity(request: &Value, place: &Place) -> Result<(), Failure> {
    let mismatch = |field: &str, given: &str, expected: &str| {
        Failure::gateway(
            400,
            "MismatchingResourceName",
            format!(
                "The resource {field} '{given}' in the request content does not match the {field} '{expected}' in the request URL."
            ),
        )
    };
    if let Some(name) = body::text(request, "name")
        && !name.eq_ignore_ascii_case(&place.name)
    {
        return Err(mismatch("name", name, &place.name));
    }
    if let Some(kind) = body::text(request, "type")
        && !kind.eq_ignore_ascii_case(&place.resource_type)
    {
        return Err(mismatch("type", kind, &place.resource_type));
    }
    Ok(())
}

/// ARM behaviour: `If-Match` and `If-None-Match: *` count where a type has etags.
pub(crate) fn check_preconditions(
    world: &World<'_, '_>,
    existing: Option<&Arc<Record>>,
    place: &Place,
    table: &ResourceType,
) -> Result<(), Failure> {
    let header = |name: &str| {
        world
            .call
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let refused = |wanted: &str| (table.hooks.stale)(place, wanted, existing.is_some());
    if table.etag == EtagStyle::None {
        return Ok(());
    }
    if let Some(wanted) = header("if-match") {
        let current = existing.map(|record| answer::etag(world.state, record));
        let bare = |text: &str| text.trim_start_matches("W/").trim_matches('"').to_owned();
        let agrees = match &current {
            Some(current) => wanted == "*" || bare(wanted) == bare(current),
            None => false,
        };
        if !agrees {
            return Err(refused(wanted));
        }
    }
    if header("if-none-match") == Some("*") && existing.is_some() {
        return Err(refused("*"));
    }
    Ok(())
}

/// Answers a request about an action of a resource, where its type has one of that name.
pub(crate) fn act(world: &mut World<'_, '_>) -> Option<Result<Outcome, Failure>> {
    let call = world.call;
    let (owner, name) = call.path.rsplit_once('/')?;
    let place = Place::parse(owner)?;
    let table = types::find(&place.resource_type).table;
    let action = table
        .actions
        .iter()
        .find(|action| action.name.eq_ignore_ascii_case(name) && *call.method == *action.method)?;
    if world.state.get(&place.key).is_none() && (table.hooks.read)(world, &place).is_none() {
        return Some(Err((table.hooks.missing)(world, &place, "action")));
    }
    Some((action.run)(world, &place))
}

/// What keeps a resource from being written now.
pub(crate) fn conflict(
    world: &World<'_, '_>,
    place: &Place,
    existing: Option<&Record>,
    table: &ResourceType,
) -> Option<Failure> {
    let operation = (table.hooks.conflict)(world, place, existing)?;
    Some((table.hooks.busy)(world, place, operation))
}

/// The operation on the resource itself that still runs.
pub(crate) fn own_operation<'a>(
    world: &'a World<'_, '_>,
    _: &Place,
    existing: Option<&Record>,
) -> Option<&'a Operation> {
    existing.and_then(|record| running(world, record))
}

/// The operation that still runs on a record.
pub(crate) fn running<'a>(world: &'a World<'_, '_>, record: &Record) -> Option<&'a Operation> {
    let name = record.operation.as_ref()?;
    world
        .state
        .operations
        .get(name)
        .filter(|operation| operation.is_running())
}
