//! Vaults that were deleted and can be had back, until they are purged.
//!
//! Owns what a deleted vault is kept as. ARM behaviour: soft deletion cannot be switched off.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::body;
use crate::operations::{Operation, OperationKind, Progress, status_url, styles};
use crate::request::answer;
use crate::request::call::Call;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::World;
use crate::targets::squeezed;
use crate::types::hooks::Instead;

/// Days that a vault is kept where its maker has not said how many.
const DAYS: i64 = 90;

/// Seconds that a purge takes.
const PURGE: f64 = 5.0;

/// A vault that was deleted, as it was.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeletedVault {
    record: Arc<Record>,
    deleted: Timestamp,
}

impl DeletedVault {
    fn subscription(&self) -> &str {
        self.record.id.split('/').nth(2).unwrap_or_default()
    }

    fn location(&self) -> String {
        squeezed(self.record.location().unwrap_or_default())
    }

    /// When it goes by itself.
    fn purged(&self) -> Timestamp {
        let days = body::at(&self.record.body, "properties.softDeleteRetentionInDays");
        let days = days.and_then(Value::as_i64).unwrap_or(DAYS).clamp(0, DAYS);
        let kept = SignedDuration::from_hours(days.saturating_mul(24));
        self.deleted.saturating_add(kept).unwrap_or(self.deleted)
    }

    fn is_protected(&self) -> bool {
        body::at(&self.record.body, "properties.enablePurgeProtection") == Some(&Value::Bool(true))
    }

    fn shown(&self) -> Value {
        let name = self.record.name();
        let location = self.location();
        let moment = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut shown = json!({
            "id": format!(
                "/subscriptions/{}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{name}",
                self.subscription()
            ),
            "name": name,
            "type": "Microsoft.KeyVault/deletedVaults",
            "properties": {
                "vaultId": self.record.id,
                "location": location,
                "tags": self.record.body.get("tags").cloned().unwrap_or_else(|| json!({})),
                "deletionDate": moment(self.deleted),
                "scheduledPurgeDate": moment(self.purged()),
            },
        });
        if self.is_protected() {
            body::put(&mut shown, "properties.purgeProtectionEnabled", json!(true));
        }
        shown
    }
}

/// Takes a vault out of the store and keeps it.
pub(crate) fn keep(state: &mut State, record: &Arc<Record>) {
    state.remove(&record.key());
    let mut kept = Record::clone(record);
    kept.previous = None;
    kept.operation = None;
    kept.deleting = false;
    "Succeeded".clone_into(&mut kept.provisioning_state);
    let deleted = state.clock;
    state.deleted_vaults.insert(
        record.name().to_ascii_lowercase(),
        DeletedVault {
            record: Arc::new(kept),
            deleted,
        },
    );
}

/// The deleted vault of a name, as long as it is kept.
pub(crate) fn find<'a>(state: &'a State, name: &str) -> Option<&'a DeletedVault> {
    state
        .deleted_vaults
        .get(&name.to_ascii_lowercase())
        .filter(|vault| vault.purged() > state.clock)
}

/// The one that a request names, with its subscription and region.
fn named<'a>(state: &'a State, place: &Place) -> Option<&'a DeletedVault> {
    let region = place.named.split('/').nth(2).map(squeezed);
    find(state, &place.name).filter(|vault| {
        vault.subscription().eq_ignore_ascii_case(&place.subscription) && Some(vault.location()) == region
    })
}

/// Answers a read of one deleted vault.
pub(crate) fn read(world: &World<'_, '_>, place: &Place) -> Instead {
    named(world.state, place).map(|vault| Ok(Outcome::json(200, vault.shown())))
}

/// Answers the list of a subscription's deleted vaults.
pub(crate) fn list(world: &World<'_, '_>, _: &str) -> Instead {
    let subscription = world.call.key.split('/').nth(2).unwrap_or_default();
    let shown: Vec<Value> = world
        .state
        .deleted_vaults
        .keys()
        .filter_map(|name| find(world.state, name))
        .filter(|vault| vault.subscription().eq_ignore_ascii_case(subscription))
        .map(DeletedVault::shown)
        .collect();
    Some(Ok(Outcome::json(200, json!({"value": shown}))))
}

/// A deleted vault that is not there.
pub(crate) fn missing(_: &World<'_, '_>, place: &Place, _: &str) -> Failure {
    let name = &place.name;
    Failure::provider(
        404,
        "DeletedVaultNotFound",
        format!(
            "The specified deleted vault '{name}' does not exist. Ensure that the vault was indeed deleted and that it is in recoverable state. If soft delete was not enabled then the vault is permanently deleted. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2149745"
        ),
    )
}

/// Refuses a new vault with the name of a deleted one of the same subscription; those of others have it as vaults that are
/// there.
pub(crate) fn check_name(state: &State, record: &Record) -> Result<(), Failure> {
    match find(state, record.name()) {
        None => Ok(()),
        Some(vault)
            if record
                .id
                .split('/')
                .nth(2)
                .is_some_and(|own| vault.subscription().eq_ignore_ascii_case(own)) =>
        {
            Err(Failure::provider(
                409,
                "ConflictError",
                "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.",
            ))
        }
        Some(_) => Err(crate::targets::unique::taken(
            &record.resource_type,
            record.name(),
        )),
    }
}

/// Brings a deleted vault back as it was: a PUT with `createMode: recover`.
///
/// ARM behaviour: what the request says besides counts for nothing; the vault is there at once.
pub(crate) fn recover(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let found = find(world.state, &place.name).filter(|vault| vault.record.key() == place.key);
    let Some(vault) = found.cloned() else {
        return Err(missing(world, place, "write"));
    };
    let mut record = Record::clone(&vault.record);
    record.modified = world.call.wall;
    record.etag = world.state.random.guid();
    record.writers.last_modified_by = Arc::from(world.call.principal.name.as_str());
    crate::targets::unique::check(
        world.state,
        crate::types::find(&record.resource_type).target,
        &record,
    )?;
    world
        .state
        .deleted_vaults
        .remove(&place.name.to_ascii_lowercase());
    let record = Arc::new(record);
    world.state.insert(record.clone());
    Ok(Outcome::json(200, answer::render(world.state, &record)).changed(true))
}

/// Purges a deleted vault: `POST …/purge`.
///
/// ARM behaviour: 202; the result says when it began and ended. A vault with purge protection stays until its time has come.
pub(crate) fn purge(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let Some(vault) = named(world.state, place) else {
        return Err(missing(world, place, "action"));
    };
    if vault.is_protected() {
        return Err(Failure::provider(
            405,
            "MethodNotAllowed",
            "Operation 'DeletedVaultPurge' is not allowed.",
        ));
    }
    let location = vault.location();
    world
        .state
        .deleted_vaults
        .remove(&place.name.to_ascii_lowercase());
    let operation = purging(world.call, place, location);
    let url = status_url(&operation, &world.call.origin);
    world.state.begin(operation);
    Ok(Outcome::empty(202).header("location", url).changed(true))
}

fn purging(call: &Call<'_>, place: &Place, location: String) -> Operation {
    let due = call.due(PURGE);
    Operation {
        name: call.request_id.replace('-', ""),
        style: &styles::PURGE,
        kind: OperationKind::Refused,
        label: "PurgeDeletedVault".to_owned(),
        target: place.id.clone(),
        subscription: place.subscription.clone(),
        namespace: "Microsoft.KeyVault".to_owned(),
        location,
        api_version: call.api_version.clone(),
        started: call.wall,
        due,
        ends: call.on_the_wall(due),
        retry_after: 0,
        progress: Progress::Running,
        will_end: None,
        answer: None,
    }
}
