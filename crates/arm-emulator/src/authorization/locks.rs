//! Locks: they keep what they are on, and everything below it, from being deleted or changed.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::body;
use crate::request::answer;
use crate::request::call::Call;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, split_provider};
use crate::request::{resource, write};
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::state::{Key, State};
use crate::types::Found;
use crate::types::hooks::Instead;

/// What every lock counts in: requests look no further where there is none.
const ALL: &str = "#locks";

/// What the locks on a scope refer to, so that they are found by it.
fn mark(scope: &str) -> String {
    format!("{}#locks", scope.to_ascii_lowercase())
}

/// The id of what a lock is on.
fn scope_of(lock: &str) -> &str {
    split_provider(lock).map_or("", |(scope, _)| scope)
}

/// Checks a lock, and lets it be found by what it is on.
pub(crate) fn prepare(_: &mut World<'_, '_>, draft: &mut Draft, _: Option<&Record>) -> Result<(), Failure> {
    let record = &mut draft.record;
    let scope = scope_of(&record.id);
    if !scope.to_ascii_lowercase().starts_with("/subscriptions/") {
        return Err(Failure::provider(
            400,
            "LockScopeNotSupported",
            "A lock can be on a subscription, a resource group or a resource.",
        ));
    }
    if body::text(&record.body, "properties.level") == Some("NotSpecified") {
        return Err(Failure::provider(
            400,
            "LockLevelNotSpecified",
            "The level of a lock has to be 'CanNotDelete' or 'ReadOnly'.",
        ));
    }
    let notes = body::text(&record.body, "properties.notes").unwrap_or_default();
    if notes.chars().count() > NOTES {
        return Err(Failure::provider(
            400,
            "LockNotesTooLong",
            format!("The notes of a lock may be up to {NOTES} characters long."),
        ));
    }
    let found_by: Key = Arc::from(mark(scope));
    record.references.insert(found_by);
    record.counted_in = vec![Arc::from(ALL)];
    Ok(())
}

/// ARM behaviour: notes have up to 512 characters.
const NOTES: usize = 512;

/// Answers a list: the locks on a scope and on everything below it.
///
/// ARM behaviour: `$filter=atScope()` leaves out what is below.
pub(crate) fn list(world: &World<'_, '_>, scope: &str) -> Instead {
    let filter = world.call.query("$filter").unwrap_or_default();
    let at_scope = filter.to_ascii_lowercase().replace(' ', "").contains("atscope()");
    let scope = split_provider(scope).map_or(scope, |(scope, _)| scope);
    if Place::parse(scope).is_some_and(|place| world.state.get(&place.key).is_none()) {
        return None;
    }
    let mut found: Vec<&Arc<Record>> = if at_scope {
        on(world.state, scope)
    } else {
        on_or_below(world.state, scope)
    };
    found.sort_by(|one, other| one.id.cmp(&other.id));
    let value: Vec<Value> = found
        .into_iter()
        .map(|record| versioned(world, answer::render(world.state, record)))
        .collect();
    Some(Ok(Outcome::json(200, json!({"value": value}))))
}

/// From when on answers say who made a lock.
const WITH_WRITERS: &str = "2020-05-01";

/// A lock in the form of the request's version.
fn versioned(world: &World<'_, '_>, mut shown: Value) -> Value {
    if world.call.api_version.as_str() < WITH_WRITERS {
        body::edit(&mut shown, |fields| {
            fields.remove("systemData");
        });
    }
    shown
}

/// Answers a read of one lock.
pub(crate) fn read(world: &World<'_, '_>, place: &Place) -> Instead {
    let record = world
        .state
        .get(&place.key)
        .filter(|_| !world.call.plan.stale_read)?;
    let shown = versioned(world, answer::render(world.state, record));
    Some(Ok(Outcome::json(200, shown)))
}

/// Writes a lock.
pub(crate) fn write(
    world: &mut World<'_, '_>,
    place: &Place,
    found: Found,
    request: &Value,
) -> Result<Outcome, Failure> {
    resource::check_identity(request, place)?;
    let mut outcome = write::write(world, place, found, request.clone())?;
    outcome.body = outcome.body.map(|shown| versioned(world, shown));
    Ok(outcome)
}

/// The locks on a scope.
fn on<'a>(state: &'a State, scope: &str) -> Vec<&'a Arc<Record>> {
    state.referrers(&mark(scope)).collect()
}

/// The locks on a scope and on what is below it.
fn on_or_below<'a>(state: &'a State, scope: &str) -> Vec<&'a Arc<Record>> {
    state
        .descendants(&scope.to_ascii_lowercase())
        .map(|(_, record)| record)
        .filter(|record| is_lock(record))
        .collect()
}

fn is_lock(record: &Record) -> bool {
    record.resource_type == "Microsoft.Authorization/locks"
}

/// The locks on a scope and on what it is in.
fn on_or_above<'a>(state: &'a State, key: &str) -> Vec<&'a Arc<Record>> {
    key.match_indices('/')
        .map(|(at, _)| at)
        .chain([key.len()])
        .filter_map(|at| key.get(..at))
        .filter(|scope| !scope.is_empty())
        .flat_map(|scope| on(state, scope))
        .collect()
}

/// Refuses a request that locks do not allow.
///
/// ARM behaviour: a lock holds for its scope and everything below; `CanNotDelete` for DELETE, `ReadOnly` for writes and
/// actions too. What is locked itself keeps the group or resource that it is in from being deleted. Locks are not locked.
pub(crate) fn check(state: &State, call: &Call<'_>) -> Result<(), Failure> {
    let deletes = *call.method == http::Method::DELETE;
    let writes = matches!(
        *call.method,
        http::Method::PUT | http::Method::PATCH | http::Method::POST
    );
    if !(deletes || writes) || state.count_in(ALL) == 0 {
        return Ok(());
    }
    let is_of_locks =
        split_provider(&call.key).is_some_and(|(_, tail)| tail.starts_with("microsoft.authorization/locks/"));
    if is_of_locks {
        return Ok(());
    }
    let mut scopes: Vec<&str> = on_or_above(state, &call.key)
        .into_iter()
        .filter(|lock| deletes || body::text(&lock.body, "properties.level") == Some("ReadOnly"))
        .map(|lock| scope_of(&lock.id))
        .collect();
    if deletes {
        scopes.extend(
            on_or_below(state, &call.key)
                .into_iter()
                .map(|lock| scope_of(&lock.id)),
        );
    }
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Ok(());
    }
    let what = if deletes { "delete" } else { "write" };
    Err(Failure::gateway(
        409,
        "ScopeLocked",
        format!(
            "The scope '{}' cannot perform {what} operation because following scope(s) are locked: '{}'. Please remove the lock and try again.",
            call.path,
            scopes.join(",")
        ),
    ))
}
