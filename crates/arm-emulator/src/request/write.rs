//! How a PUT or PATCH of any resource takes effect, by its table: what is checked, in order, and what is stored.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use crate::body;
use crate::network;
use crate::operations::completion;
use crate::operations::styles::{Accepted, Named};
use crate::operations::{self, OperationKind, Progress};
use crate::request::answer;
use crate::request::checks::{check_name, checked_body};
use crate::request::errors::{self, Failure};
use crate::request::members;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, parent_key};
use crate::request::refusals;
use crate::request::resource::{check_preconditions, conflict};
use crate::resources::tags;
use crate::state::State;
use crate::state::record::{Body, Record};
use crate::state::world::{Draft, World, fresh};
use crate::targets::squeezed;
use crate::targets::unique;
use crate::types::{self, EtagHeader, Found, LocationRule, Pace};

/// Refuses a region of another cloud. One that no cloud is known to have is let through.
fn check_cloud(state: &State, request: &Value, place: &Place) -> Result<(), Failure> {
    let cloud = state.cloud();
    match body::text(request, "location") {
        Some(given) if cloud.foreign(&squeezed(given)).is_some() => Err(Failure::gateway(
            400,
            "LocationNotAvailableForResourceType",
            format!(
                "The provided location '{given}' is not available for resource type '{}'. List of available regions for the resource type is '{}'.",
                types::canonical(&place.resource_type),
                cloud.endpoints().regions.join(",")
            ),
        )),
        _ => Ok(()),
    }
}

fn check_location(
    request: &Value,
    existing: Option<&Record>,
    place: &Place,
    rule: LocationRule,
) -> Result<(), Failure> {
    let given = body::text(request, "location");
    match (rule, given, existing.and_then(Record::location)) {
        (LocationRule::Global, Some(given), _) if squeezed(given) != "global" => Err(Failure::gateway(
            400,
            "LocationNotAvailableForResourceType",
            format!(
                "The provided location '{given}' is not available for resource type '{}'. List of available regions for the resource type is 'global'.",
                types::canonical(&place.resource_type)
            ),
        )),
        (LocationRule::Required | LocationRule::Global, None, None) => Err(Failure::gateway(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        )),
        (LocationRule::Required | LocationRule::Free, Some(given), Some(old))
            if squeezed(given) != squeezed(old) =>
        {
            Err(Failure::gateway(
                409,
                "InvalidResourceLocation",
                format!(
                    "The resource '{}' already exists in location '{old}' in resource group '{}'. A resource with the same name cannot be created in location '{given}'. Please select a new resource name.",
                    place.name,
                    place.group.as_deref().unwrap_or_default()
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// Creates or replaces a resource.
pub(crate) fn write(
    world: &mut World<'_, '_>,
    place: &Place,
    found: Found,
    request: Value,
) -> Result<Outcome, Failure> {
    let table = found.table;
    let existing = world.state.get(&place.key).cloned();
    check_parent(world, place, found)?;
    tags::check(request.get("tags"), table.tags)?;
    if existing.is_none() {
        check_name(table, &place.name)?;
    }
    check_location(&request, existing.as_deref(), place, table.location)?;
    check_cloud(world.state, &request, place)?;
    // A PATCH has only what is there already.
    if *world.call.method == Method::PUT {
        members::check(&place.resource_type, &request, world.call)?;
    }
    check_preconditions(world, existing.as_ref(), place, table)?;
    if let Some(record) = &existing {
        network::interface::check_free(record, None, false)?;
        let shown = answer::provisioning_state(world.state, record);
        if let Some(given) = body::text(&request, "properties.provisioningState")
            && given != shown
            && table.compares_state
        {
            return Err(errors::invalid_format(
                "InvalidProvisioningState",
                format!(
                    "The provisioningState '{given}' of the request does not match '{shown}' of resource {}.",
                    record.id
                ),
            ));
        }
    }
    if let Some(refusal) = conflict(world, place, existing.as_deref(), table) {
        return Err(refusal);
    }
    let id = existing
        .as_ref()
        .map_or_else(|| new_id(world.state, place, found), |record| record.id.clone());
    let mut record = match &existing {
        Some(existing) => Record::clone(existing),
        None => fresh(world, &id, &types::canonical(&place.resource_type)),
    };
    record.body = checked_body(table, &request, &id)?.into();
    if let Some(location) = existing
        .as_ref()
        .and_then(|old| old.location())
        .map(str::to_owned)
        && table.location != LocationRule::None
    {
        body::put(&mut record.body, "location", Value::String(location));
    }
    record.generic = found.generic;
    if existing.is_none() {
        unique::check(world.state, found.target, &record)?;
    }
    record.references = body::referred(&record.body, &record.key());
    let region = operations::region_of(world.state, &record);
    world.check_references(table, &record, &region)?;
    let mut draft = Draft::of(record);
    (table.hooks.prepare)(world, &mut draft, existing.as_deref())?;
    world.check_limits(table, &mut draft.record, &region, existing.is_none())?;
    if let Some(inline) = found.inline_in.filter(|_| existing.is_none()) {
        network::children::append(world.state, &mut draft.record, inline)?;
    }
    commit(world, place, found, existing, draft)
}

/// The id of a resource that is new: in the spelling of its type's table and of its parent.
///
/// ARM behaviour: names keep the casing that they are given; names of record sets are answered in lower case.
fn new_id(state: &State, place: &Place, found: Found) -> String {
    let canonical = types::canonical(&place.resource_type);
    let kind = canonical.rsplit('/').next().unwrap_or_default();
    let name = if found.table.lower_case {
        place.name.to_ascii_lowercase()
    } else {
        place.name.clone()
    };
    let parent = place
        .parent
        .as_ref()
        .and_then(|parent| state.get(&parent.to_ascii_lowercase()));
    match (parent, place.id.rsplit_once("/providers/")) {
        (Some(parent), _) if place.parent_is_type => format!("{}/{kind}/{name}", parent.id),
        (_, Some((scope, _))) if canonical.split('/').count() == 2 => {
            format!("{scope}/providers/{canonical}/{name}")
        }
        _ => place.id.clone(),
    }
}

/// ARM behaviour: a child needs its parent.
fn check_parent(world: &World<'_, '_>, place: &Place, found: Found) -> Result<(), Failure> {
    let Some(parent) = &place.parent else {
        return Ok(());
    };
    match world.state.get(&parent.to_ascii_lowercase()) {
        Some(above) if above.deleting => Err((found.table.hooks.missing)(world, place, "write")),
        Some(_) => Ok(()),
        None if !place.parent_is_type => Err(refusals::missing_below(place)),
        None => Err(refusals::orphan(place, parent, "write")),
    }
}

fn commit(
    world: &mut World<'_, '_>,
    place: &Place,
    found: Found,
    existing: Option<Arc<Record>>,
    draft: Draft,
) -> Result<Outcome, Failure> {
    let table = found.table;
    let Draft {
        mut record,
        also,
        gone,
        effects,
        pace,
        fails,
    } = draft;
    let author: Arc<str> = Arc::from(world.call.principal.name.as_str());
    let before = existing
        .as_ref()
        .map_or_else(Body::default, |old| old.body.clone());
    let mut areas = body::changed_areas(&before, &record.body);
    // What the provider shows may be said in a request: it was so before.
    if let Some(old) = &existing
        && !areas.is_empty()
        && old.references == record.references
        && answer::render(world.state, old) == answer::render(world.state, &record)
    {
        record.body = old.body.clone();
        areas.clear();
    }
    // What ended badly begins again: that is a change even where the body is the same.
    let ended_badly = existing
        .as_ref()
        .is_some_and(|old| ["Failed", "Canceled"].contains(&old.provisioning_state.as_ref()));
    let beyond = effects || !also.is_empty() || !gone.is_empty();
    let changed = existing.is_none() || ended_badly || beyond || !areas.is_empty();
    // ARM behaviour: the network provider ends a change of tags at once; private DNS begins an operation for anything.
    let only_tags =
        table.style.tags_at_once && areas.iter().all(|area| area == "tags") && !beyond && fails.is_none();
    let pace = pace.unwrap_or_else(|| match &existing {
        None => table.create,
        // What ended badly is tried again in full.
        Some(old) if old.provisioning_state != "Succeeded" => table.create,
        Some(_) if only_tags => Pace {
            seconds: 0.0,
            retry_after: 0,
        },
        Some(_) => table.update,
    });
    if changed || table.style.always_new_etag {
        record.etag = world.state.random.guid();
    }
    if changed {
        record.modified = world.call.wall;
        record.writers.last_modified_by = author.clone();
        for area in areas {
            record.writers.changed(area, &author);
        }
        record.previous = existing.as_ref().map(|old| {
            let mut old = Record::clone(old);
            old.previous = None;
            for inline in table.inline {
                network::children::keep(world.state, &mut old, inline);
            }
            Arc::new(old)
        });
    }
    let kind = if existing.is_some() {
        OperationKind::Update
    } else {
        OperationKind::Create
    };
    let mut operation = operations::begin(world, place, &record, table, kind, pace);
    if let Some((code, message)) = fails
        && operation.will_end.is_none()
    {
        operation.will_end = Some(Progress::Ended {
            status: "Failed".to_owned(),
            code,
            message,
        });
    }
    record.provisioning_state = match (operation.is_running(), kind) {
        (true, OperationKind::Create) => table.running.0,
        (true, _) => table.running.1,
        (false, _) => "Succeeded",
    }
    .to_owned();
    record.operation = operation.is_running().then(|| operation.name.clone());
    for key in gone {
        if let Some(record) = world.state.get(&key).cloned() {
            completion::remove_resource(world.state, &record);
        }
    }
    let key = record.key();
    world.state.insert(Arc::new(record));
    for one in also {
        world.state.insert(Arc::new(one));
    }
    if changed {
        share_etag(world.state, &key);
    }
    let Some(stored) = world.state.get(&key) else {
        return Ok(Outcome::empty(200));
    };
    let shown = answer::render(world.state, stored);
    let etag = answer::etag(world.state, stored);
    let running = operation.is_running();
    let mut outcome = match table.style.accepted {
        Accepted::Nothing if running => Outcome::empty(202),
        Accepted::Braces if running => Outcome::json(202, json!({})),
        Accepted::Operation if running => Outcome::json(202, operations::beginning(&operation)),
        _ if existing.is_none() => Outcome::json(table.created, shown),
        _ => Outcome::json(table.updated, shown),
    };
    outcome.headers = operations::headers_of_write(&operation, world.call, pace);
    if table.shows.etag_header == EtagHeader::ReadAndWrite && !running {
        outcome = outcome.header("etag", etag);
    }
    if table.style.named == Named::Always || running {
        world.state.begin(operation);
    }
    Ok(outcome.changed(changed))
}

/// ARM behaviour: a resource of the network provider and its children share one etag.
pub(crate) fn share_etag(state: &mut State, key: &str) {
    if let Some(record) = state.get(key)
        && answer::shares_etag(record)
        && let Some(parent) = parent_key(key)
    {
        let etag = record.etag.clone();
        state.update(parent, |parent| parent.etag = etag);
    }
}
