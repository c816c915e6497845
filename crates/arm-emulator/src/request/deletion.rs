//! DELETE of any resource: what keeps it from going, and how it goes.

use serde_json::Value;

use crate::authorization::assignments;
use crate::body;
use crate::network;
use crate::operations::styles::Accepted;
use crate::operations::{self, OperationKind};
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::request::resource::{check_preconditions, conflict};
use crate::state::record::Record;
use crate::state::world::World;
use crate::targets::{Target, Writing};
use crate::types::{Found, Pace};

pub(crate) fn delete(world: &mut World<'_, '_>, place: &Place, found: Found) -> Result<Outcome, Failure> {
    let table = found.table;
    if let Some(outcome) = assignments::delete(world, place) {
        return Ok(outcome);
    }
    let Some(record) = world.state.get(&place.key).cloned() else {
        if let Some(parent) = &place.parent
            && world.state.get(&parent.to_ascii_lowercase()).is_none()
            && !(place.parent_is_type && table.is_tracked())
        {
            return Err((table.hooks.missing)(world, place, "delete"));
        }
        // ARM behaviour: deleting what is not there succeeds.
        return Ok(Outcome::empty(204));
    };
    check_preconditions(world, Some(&record), place, table)?;
    network::interface::check_free(&record, None, true)?;
    (table.hooks.check_unused)(world, &record)?;
    if table.delete_waits
        && let Some(refusal) = conflict(world, place, Some(&record), table)
        && !record.deleting
    {
        return Err(refusal);
    }
    operations::supersede(world.state, &record);
    let (status, pace) = match found.connection_of.map(|target| target.delete) {
        Some(Writing::Immediate) => (
            200,
            Pace {
                seconds: 0.0,
                retry_after: 0,
            },
        ),
        Some(_) => (202, table.delete),
        None if table.delete.seconds > 0.0 => (202, table.delete),
        None => (table.deleted, table.delete),
    };
    if pace.seconds == 0.0 {
        let farewell = found
            .connection_of
            .and_then(|target| target.farewell)
            .map(|words| network::connection::farewell(&record, words, world.state));
        crate::operations::completion::remove_resource(world.state, &record);
        let outcome = Outcome {
            body: farewell,
            ..Outcome::empty(status)
        };
        return Ok(outcome.changed(true));
    }
    let operation = operations::begin(world, place, &record, table, OperationKind::Delete, pace);
    let mut outcome = Outcome {
        body: match table.style.accepted {
            Accepted::Operation => Some(operations::beginning(&operation)),
            _ => found.connection_of.and_then(Target::accepted_body),
        },
        ..Outcome::empty(status)
    };
    outcome.headers = operations::headers_of_delete(&operation, world.call, pace);
    let was_deleting = record.deleting;
    if !was_deleting {
        (table.hooks.deleting)(world, &record, pace.seconds);
    }
    let name = operation.name.clone();
    world.state.update(&place.key, |record| {
        record.deleting = true;
        record.provisioning_state = "Deleting".to_owned();
        record.operation = Some(name);
    });
    world.state.begin(operation);
    if table.style.deletes_show {
        outcome.body = world
            .state
            .get(&place.key)
            .map(|record| last_shown(world, record));
    }
    Ok(outcome.changed(!was_deleting))
}

/// What the answer to a DELETE shows of the resource that is on its way out.
///
/// ARM behaviour: who wrote it is left out.
fn last_shown(world: &World<'_, '_>, record: &Record) -> Value {
    let mut shown = answer::render(world.state, record);
    body::edit(&mut shown, |fields| {
        fields.remove("systemData");
    });
    shown
}

/// ARM behaviour: a network resource that others refer to is not deleted: `InUse{Type}CannotBeDeleted`.
pub(crate) fn check_unreferenced(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let singular = match record.resource_type.rsplit('/').next().unwrap_or_default() {
        other if other.eq_ignore_ascii_case("natGateways") => "NatGateway",
        _ => return Ok(()),
    };
    let users: Vec<&str> = world
        .state
        .referrers(&record.key())
        .map(|user| user.id.as_str())
        .collect();
    if users.is_empty() {
        return Ok(());
    }
    Err(Failure::network(
        400,
        &format!("InUse{singular}CannotBeDeleted"),
        format!(
            "{singular} {} cannot be deleted because it is in use by the following resources: {}.",
            record.id,
            users.join(", ")
        ),
    ))
}
