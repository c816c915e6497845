//! GET, PUT, PATCH, DELETE and lists of any resource, by its table.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer;
use crate::body;
use crate::errors::{self, Failure};
use crate::network;
use crate::operations;
use crate::outcome::Outcome;
use crate::place::{Place, parent_key};
use crate::private_dns;
use crate::record::Record;
use crate::types::{self, Behaviour, Form, Found, Patching, ResourceType};
use crate::world::World;
use crate::write::write;

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
    if found.table.behaviour == Behaviour::DefaultSecurityRule {
        return network::security_group::default_rule(world, place);
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
    match outcome {
        Ok(outcome) => Ok(Outcome {
            generic: found.generic,
            ..outcome
        }),
        Err(failure) if failure.by_operation => Ok(operations::refused(world, place, found.table, &failure)),
        Err(failure) => Err(failure),
    }
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
    // ARM behaviour: HEAD only says whether it is there.
    let outcome = match world.call.method.as_str() {
        "HEAD" => Outcome::empty(204),
        _ => Outcome::json(200, shown),
    };
    Ok(match found.table.form {
        Form::Network | Form::PrivateDns => outcome.header("etag", answer::etag(world.state, record)),
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
    if place
        .resource_type
        .eq_ignore_ascii_case("Microsoft.KeyVault/locations/deletedVaults")
    {
        return crate::vault::no_deleted(&place.name);
    }
    if found.table.behaviour == Behaviour::DnsRecord && parent_exists {
        return private_dns::record_set::not_found(place);
    }
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
        return network::connection::write(world, place, found, &request);
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
        return network::connection::write(world, place, found, &request);
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
    if let Some(inline) = &found.table.inline {
        let path = format!("properties.{}", inline.list);
        let shown = answer::render(world.state, &existing);
        let children = body::at(&shown, &path).cloned().unwrap_or_else(|| json!([]));
        body::put(&mut merged, &path, children);
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
    let refused = |wanted: &str| match table.form {
        Form::PrivateDns => {
            private_dns::precondition_failed(place, table, wanted == "*" && existing.is_some())
        }
        _ => errors::precondition_failed(wanted, &place.id),
    };
    if table.form == Form::Other {
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

/// What keeps a resource from being written now: its own operation, or for subnets one on their network.
pub(crate) fn conflict(
    world: &World<'_, '_>,
    place: &Place,
    existing: Option<&Record>,
    table: &ResourceType,
) -> Option<Failure> {
    let running = |name: &Option<String>| {
        name.as_ref()
            .and_then(|name| world.state.operations.get(name))
            .filter(|operation| operation.is_running())
    };
    let own = || existing.and_then(|record| running(&record.operation));
    let of_subnets = |network: &str| {
        world
            .state
            .collection(&format!("{network}/subnets"))
            .find_map(|subnet| running(&subnet.operation))
    };
    let operation = match table.behaviour {
        Behaviour::Subnet => {
            let network = parent_key(&place.key)?;
            let of_network = world
                .state
                .get(network)
                .and_then(|network| running(&network.operation));
            of_network.or_else(|| of_subnets(network))
        }
        Behaviour::VirtualNetwork => own().or_else(|| of_subnets(&place.key)),
        // Rules and routes are written side by side; one that is going must not come back with its parent's list.
        Behaviour::NetworkSecurityGroup | Behaviour::RouteTable => own().or_else(|| {
            let inline = table.inline.as_ref()?;
            network::children::of(world.state, &place.key, inline)
                .into_iter()
                .filter(|child| child.deleting)
                .find_map(|child| running(&child.operation))
        }),
        // A vault can be written while its name is being registered.
        Behaviour::Vault => None,
        _ => own(),
    }?;
    Some(match table.form {
        Form::PrivateDns => private_dns::pending(place, operation),
        _ => errors::another_operation(&operations::status_url(operation, &world.call.origin)),
    })
}
