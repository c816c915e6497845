//! GET, PUT, PATCH, DELETE and lists of any resource, by its table.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer;
use crate::body;
use crate::errors::{self, Failure};
use crate::network;
use crate::operations::{self, OperationKind, OperationStyle};
use crate::outcome::Outcome;
use crate::place::{Place, parent_key};
use crate::record::Record;
use crate::tags;
use crate::targets::{Writing, squeezed};
use crate::types::{self, Behaviour, Form, Found, LocationRule, Pace, Patching};
use crate::world::{Draft, World, check_name, checked_body, fresh};

/// Answers a request about one resource.
pub(crate) fn run(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let found = types::find(&place.resource_type);
    if found.generic && world.strict {
        return Err(Failure::gateway(
            400,
            "EmulatorTypeNotSupported",
            format!(
                "The emulator runs in strict mode and has no table for the resource type '{}'.",
                place.resource_type
            ),
        ));
    }
    let outcome = match world.call.method.as_str() {
        "GET" | "HEAD" => get(world, place, found),
        "PUT" => put(world, place, found),
        "PATCH" => patch(world, place, found),
        "DELETE" => crate::deletion::delete(world, place, found),
        other => Err(Failure::gateway(
            405,
            "MethodNotAllowed",
            format!("The requested resource does not support http method '{other}'."),
        )),
    };
    outcome.map(|outcome| Outcome {
        generic: found.generic,
        ..outcome
    })
}

fn get(world: &World<'_, '_>, place: &Place, found: Found) -> Result<Outcome, Failure> {
    if let Some(answer) = crate::links::one(world.state, place) {
        return Ok(Outcome::json(200, answer));
    }
    let record = world
        .state
        .get(&place.key)
        .ok_or_else(|| not_found(world, place, found, "read"))?;
    let shown = match &record.previous {
        Some(previous) if world.call.plan.stale_read => answer::render(world.state, previous),
        None if world.call.plan.stale_read && record.operation.is_some() => {
            return Err(not_found(world, place, found, "read"));
        }
        _ => answer::render(world.state, record),
    };
    let outcome = Outcome::json(200, shown);
    Ok(match found.table.form {
        Form::Network => outcome.header("etag", answer::quoted_etag(world.state, record)),
        Form::Other => outcome,
    })
}

/// ARM behaviour: who says that something is missing, and how, depends on what is missing and whose it is.
pub(crate) fn not_found(world: &World<'_, '_>, place: &Place, found: Found, verb: &str) -> Failure {
    let group = place.group.as_deref().unwrap_or_default();
    let Some(parent) = &place.parent else {
        let (namespace, rest) = place.named.split_once('/').unwrap_or((&place.named, ""));
        let canonical = types::canonical(&place.resource_type);
        let short = canonical.split_once('/').map_or(rest, |(_, short)| short);
        return errors::resource_not_found(&format!("{namespace}/{short}/{}", place.name), group);
    };
    let parent_exists = world.state.get(&parent.to_ascii_lowercase()).is_some();
    if found.table.form == Form::Network {
        if parent_exists {
            return errors::network_child_not_found(&place.id);
        }
        let above = Place::parse(parent).map_or_else(|| place.named.clone(), |above| above.named);
        return errors::resource_not_found(&above, group);
    }
    if parent_exists {
        return errors::resource_not_found(&place.named, group);
    }
    let short = place
        .resource_type
        .split_once('/')
        .map_or(place.resource_type.as_str(), |(_, short)| short);
    errors::parent_not_found(verb, short, parent)
}

fn put(world: &mut World<'_, '_>, place: &Place, found: Found) -> Result<Outcome, Failure> {
    let mut request = world.call.json()?;
    body::without_nulls(&mut request);
    if let Some(target) = found.connection_of {
        if target.update_by_patch {
            return Err(Failure::gateway(
                405,
                "MethodNotAllowed",
                "The requested resource does not support http method 'PUT'.",
            ));
        }
        return write_connection(world, place, found, &request);
    }
    check_identity(&request, place)?;
    write(world, place, found, request)
}

fn patch(world: &mut World<'_, '_>, place: &Place, found: Found) -> Result<Outcome, Failure> {
    let request = world.call.json()?;
    let Some(existing) = world.state.get(&place.key).cloned() else {
        return Err(not_found(world, place, found, "write"));
    };
    if found.connection_of.is_some() {
        return write_connection(world, place, found, &request);
    }
    let mut merged = existing.body.clone();
    match found.table.patching {
        Patching::Refused => {
            return Err(Failure::gateway(
                405,
                "MethodNotAllowed",
                "The requested resource does not support http method 'PATCH'.",
            ));
        }
        // ARM behaviour: the map of tags is replaced as a whole.
        Patching::Tags => {
            let tags = request.get("tags").cloned().unwrap_or_else(|| json!({}));
            body::put(&mut merged, "tags", tags);
        }
        Patching::Merge => {
            let tags = request.get("tags").cloned();
            body::merge(&mut merged, &request);
            if let Some(tags) = tags {
                body::put(&mut merged, "tags", tags);
            }
        }
    }
    if found.table.behaviour == Behaviour::VirtualNetwork {
        let shown = answer::render(world.state, &existing);
        let subnets = body::at(&shown, "properties.subnets")
            .cloned()
            .unwrap_or_else(|| json!([]));
        body::put(&mut merged, "properties.subnets", subnets);
    }
    write(world, place, found, merged)
}

/// ARM behaviour: `id`, `name` and `type` may be in the body, and then have to agree with the URL.
fn check_identity(request: &Value, place: &Place) -> Result<(), Failure> {
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
    if let Some(id) = body::text(request, "id")
        && !id.eq_ignore_ascii_case(&place.id)
    {
        return Err(mismatch("id", id, &place.id));
    }
    if let Some(kind) = body::text(request, "type")
        && !kind.eq_ignore_ascii_case(&place.resource_type)
    {
        return Err(mismatch("type", kind, &place.resource_type));
    }
    Ok(())
}

fn check_location(
    request: &Value,
    existing: Option<&Record>,
    place: &Place,
    rule: LocationRule,
) -> Result<(), Failure> {
    let given = body::text(request, "location");
    match (rule, given, existing.and_then(Record::location)) {
        (LocationRule::Required, None, None) => Err(Failure::gateway(
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

pub(crate) fn check_preconditions(
    world: &World<'_, '_>,
    existing: Option<&Arc<Record>>,
    place: &Place,
    form: Form,
) -> Result<(), Failure> {
    let header = |name: &str| {
        world
            .call
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if form != Form::Network {
        return Ok(());
    }
    if let Some(wanted) = header("if-match") {
        let current = existing.map(|record| answer::quoted_etag(world.state, record));
        let bare = |text: &str| text.trim_start_matches("W/").trim_matches('"').to_owned();
        let agrees = match &current {
            Some(current) => wanted == "*" || bare(wanted) == bare(current),
            None => false,
        };
        if !agrees {
            return Err(errors::precondition_failed(wanted, &place.id));
        }
    }
    if header("if-none-match") == Some("*") && existing.is_some() {
        return Err(errors::precondition_failed("*", &place.id));
    }
    Ok(())
}

/// The operation that keeps a resource from being written now: its own, or for subnets one on their network.
pub(crate) fn conflict(
    world: &World<'_, '_>,
    place: &Place,
    existing: Option<&Record>,
    behaviour: Behaviour,
) -> Option<String> {
    let running = |name: &Option<String>| {
        name.as_ref()
            .and_then(|name| world.state.operations.get(name))
            .filter(|operation| operation.is_running())
    };
    let found = match behaviour {
        Behaviour::Subnet => {
            let network = parent_key(&place.key)?;
            let own = world
                .state
                .get(network)
                .and_then(|network| running(&network.operation));
            own.or_else(|| {
                world
                    .state
                    .collection(&format!("{network}/subnets"))
                    .find_map(|subnet| running(&subnet.operation))
            })
        }
        Behaviour::VirtualNetwork => existing
            .and_then(|record| running(&record.operation))
            .or_else(|| {
                world
                    .state
                    .collection(&format!("{}/subnets", place.key))
                    .find_map(|subnet| running(&subnet.operation))
            }),
        _ => existing.and_then(|record| running(&record.operation)),
    };
    found.map(|operation| operations::status_url(operation, &world.call.origin))
}

/// Creates or replaces a resource.
fn write(world: &mut World<'_, '_>, place: &Place, found: Found, request: Value) -> Result<Outcome, Failure> {
    let table = found.table;
    let existing = world.state.get(&place.key).cloned();
    check_parent(world, place, found)?;
    tags::check(request.get("tags"))?;
    if existing.is_none() {
        check_name(table, &place.name, &place.resource_type)?;
    }
    check_location(&request, existing.as_deref(), place, table.location)?;
    check_preconditions(world, existing.as_ref(), place, table.form)?;
    if let Some(record) = &existing {
        network::interface::check_free(record, None, false)?;
        if let Some(given) = body::text(&request, "properties.provisioningState")
            && given != record.provisioning_state
        {
            return Err(errors::invalid_format(
                "InvalidProvisioningState",
                format!(
                    "The provisioningState '{given}' of the request does not match '{}' of resource {}.",
                    record.provisioning_state, record.id
                ),
            ));
        }
    }
    if let Some(url) = conflict(world, place, existing.as_deref(), table.behaviour) {
        return Err(errors::another_operation(&url));
    }
    let id = existing
        .as_ref()
        .map_or_else(|| place.id.clone(), |record| record.id.clone());
    let mut record = match &existing {
        Some(existing) => Record::clone(existing),
        None => fresh(world, &id, &types::canonical(&place.resource_type)),
    };
    record.body = checked_body(table, &request, &id)?;
    if let Some(location) = existing
        .as_ref()
        .and_then(|old| old.location())
        .map(str::to_owned)
        && table.location != LocationRule::None
    {
        body::put(&mut record.body, "location", Value::String(location));
    }
    record.generic = found.generic;
    record.references = body::referred(&record.body, &record.key());
    world.check_references(table, &record)?;
    let mut draft = Draft {
        record,
        also: Vec::new(),
        gone: Vec::new(),
    };
    match table.behaviour {
        Behaviour::VirtualNetwork => network::virtual_network::prepare(world, &mut draft)?,
        Behaviour::Subnet => network::subnet::prepare(world, &mut draft)?,
        Behaviour::PrivateEndpoint => {
            network::private_endpoint::prepare(world, &mut draft, existing.as_deref())?
        }
        Behaviour::LinkService => network::link_service::prepare(world, &mut draft)?,
        _ => {}
    }
    commit(world, place, found, existing, draft)
}

/// ARM behaviour: a child needs its parent.
fn check_parent(world: &World<'_, '_>, place: &Place, found: Found) -> Result<(), Failure> {
    let Some(parent) = &place.parent else {
        return Ok(());
    };
    match world.state.get(&parent.to_ascii_lowercase()) {
        Some(above) if above.deleting => Err(not_found(world, place, found, "write")),
        Some(_) => Ok(()),
        None => Err(Failure::gateway(
            404,
            "ParentResourceNotFound",
            format!(
                "Can not perform requested operation on nested resource. Parent resource '{}' not found.",
                parent.rsplit('/').next().unwrap_or_default()
            ),
        )),
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
    } = draft;
    let author = world.call.principal.name.clone();
    let before = existing.as_ref().map_or(Value::Null, |old| old.body.clone());
    let areas = body::changed_areas(&before, &record.body);
    // What ended badly begins again: that is a change even where the body is the same.
    let ended_badly = existing
        .as_ref()
        .is_some_and(|old| ["Failed", "Canceled"].contains(&old.provisioning_state.as_ref()));
    let changed =
        existing.is_none() || ended_badly || !areas.is_empty() || !also.is_empty() || !gone.is_empty();
    let only_tags = areas.iter().all(|area| area == "tags") && also.is_empty() && gone.is_empty();
    let pace = match &existing {
        None => table.create,
        // What ended badly is tried again in full.
        Some(old) if old.provisioning_state != "Succeeded" => table.create,
        Some(_) if only_tags => Pace {
            seconds: 0.0,
            retry_after: 0,
        },
        Some(_) => table.update,
    };
    if changed {
        record.etag = world.state.random.guid();
        record.modified = world.call.wall;
        record.writers.last_modified_by.clone_from(&author);
        for area in areas {
            record.writers.areas.insert(area, author.clone());
        }
        record.previous = existing.as_ref().map(|old| {
            let mut old = Record::clone(old);
            old.previous = None;
            Arc::new(old)
        });
    }
    let kind = if existing.is_some() {
        OperationKind::Update
    } else {
        OperationKind::Create
    };
    let operation = operations::begin(world, place, &record, table, kind, pace);
    record.provisioning_state = match (operation.is_running(), table.form) {
        (true, Form::Network) => "Updating",
        (true, Form::Other) => "Creating",
        (false, _) => "Succeeded",
    }
    .to_owned();
    record.operation = operation.is_running().then(|| operation.name.clone());
    let shared_etag = record.etag.clone();
    for key in gone {
        world.state.remove(&key);
    }
    let key = record.key();
    world.state.insert(Arc::new(record));
    for one in also {
        world.state.insert(Arc::new(one));
    }
    if changed
        && table.behaviour == Behaviour::Subnet
        && let Some(network) = parent_key(&key)
    {
        // ARM behaviour: network and subnets share one etag.
        world.state.update(network, |network| network.etag = shared_etag);
    }
    let Some(stored) = world.state.get(&key) else {
        return Ok(Outcome::empty(200));
    };
    let shown = answer::render(world.state, stored);
    let running = operation.is_running();
    let mut outcome = match (&existing, table.style) {
        (None, OperationStyle::Location) if running => Outcome::empty(202),
        (None, OperationStyle::Location) => Outcome::json(200, shown),
        (None, _) => Outcome::json(table.created, shown),
        (Some(_), _) => Outcome::json(200, shown),
    };
    outcome.headers = operations::headers_of_write(&operation, world.call, pace, table.form);
    if table.form == Form::Network || running {
        world.state.begin(operation);
    }
    Ok(outcome.changed(changed))
}

/// Approves, rejects or disconnects through the target's own resource.
fn write_connection(
    world: &mut World<'_, '_>,
    place: &Place,
    found: Found,
    request: &Value,
) -> Result<Outcome, Failure> {
    let (Some(target), Some(record)) = (found.connection_of, world.state.get(&place.key).cloned()) else {
        return Err(not_found(world, place, found, "write"));
    };
    let (status, description) = network::connection::wanted(request, &record, target)?;
    let changed = network::connection::set_state(world.state, &place.key, &status, &description);
    if changed {
        let (author, now) = (world.call.principal.name.clone(), world.call.wall);
        world.state.update(&place.key, |record| {
            record.modified = now;
            record.writers.last_modified_by = author;
        });
    }
    let pace = Pace {
        seconds: 2.0,
        retry_after: 5,
    };
    let mut headers = Vec::new();
    let asynchronous = target.update == Writing::Operation && changed;
    if asynchronous {
        let operation = operations::begin(world, place, &record, found.table, OperationKind::Update, pace);
        headers = operations::headers_of_delete(&operation, world.call, pace);
        let name = operation.name.clone();
        world
            .state
            .update(&place.key, |record| record.operation = Some(name));
        world.state.begin(operation);
    }
    let Some(stored) = world.state.get(&place.key) else {
        return Ok(Outcome::empty(200));
    };
    let mut outcome = Outcome::json(
        if asynchronous { 202 } else { 200 },
        answer::render(world.state, stored),
    );
    outcome.headers = headers;
    Ok(outcome.changed(changed))
}
