//! What a key vault's answers show beyond what was sent.

use serde_json::{Map, Value, json};

use crate::body;
use crate::completion;
use crate::errors::Failure;
use crate::outcome::Outcome;
use crate::place::Place;
use crate::record::{Facts, Record};
use crate::resource;
use crate::state::State;
use crate::types::Found;
use crate::world::World;
use crate::write;

/// How many reads find a vault's name still being registered; at Azure's pace its time has come by then.
const READS_WHILE_REGISTERING: u32 = 3;

/// Counts a read of a vault whose name is being registered, and ends that when there were enough.
pub(crate) fn looked_at(world: &mut World<'_, '_>) {
    let call = world.call;
    if *call.method != http::Method::GET || !call.key.contains("/providers/microsoft.keyvault/vaults/") {
        return;
    }
    let Some(record) = world.state.get(&call.key).cloned() else {
        return;
    };
    let running = resource::running(world, &record).cloned();
    let Some(mut operation) = running.filter(|_| record.provisioning_state == "RegisteringDns") else {
        return;
    };
    let reads = match record.facts {
        Facts::Reads(reads) => reads,
        _ => 0,
    };
    if reads < READS_WHILE_REGISTERING {
        world
            .state
            .update(&call.key, |record| record.facts = Facts::Reads(reads + 1));
        return;
    }
    operation.due = call.now;
    world.state.begin(operation);
    completion::settle(world.state, call.now);
}

/// Writes a vault.
///
/// ARM behaviour: the answer to a write shows the vault's address without the slash at its end that reads show.
pub(crate) fn write(
    world: &mut World<'_, '_>,
    place: &Place,
    found: Found,
    request: &Value,
) -> Result<Outcome, Failure> {
    let mut outcome = if *world.call.method == http::Method::PATCH {
        let merged = resource::merged(world.state, place, request);
        write::write(world, place, found, merged)?
    } else {
        resource::check_identity(request, place)?;
        write::write(world, place, found, request.clone())?
    };
    if let Some(shown) = &mut outcome.body
        && let Some(address) =
            body::text(shown, "properties.vaultUri").map(|uri| uri.trim_end_matches('/').to_owned())
    {
        body::put(shown, "properties.vaultUri", json!(address));
    }
    Ok(outcome)
}

/// Fills in the properties that the provider makes.
///
/// ARM behaviour: soft deletion is on, whatever the request says.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    properties
        .entry("enabledForDeployment")
        .or_insert_with(|| json!(false));
    properties.insert("enableSoftDelete".into(), json!(true));
    let name = format!("{}.vault.azure.net", record.name().to_ascii_lowercase());
    if let Some(name) = state.cloud().name(&name) {
        properties.insert("vaultUri".into(), json!(format!("https://{name}/")));
    }
}

/// Tags are shown where there are none.
pub(crate) fn show_whole(_: &Record, shown: &mut Value) {
    if shown.get("tags").is_none() {
        body::put(shown, "tags", json!({}));
    }
}

/// A read of a deleted vault; the emulator keeps none.
pub(crate) fn no_deleted(_: &World<'_, '_>, place: &Place, _: &str) -> Failure {
    let name = &place.name;
    Failure::provider(
        404,
        "DeletedVaultNotFound",
        format!(
            "The specified deleted vault '{name}' does not exist. Ensure that the vault was indeed deleted and that it is in recoverable state. If soft delete was not enabled then the vault is permanently deleted. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2149745"
        ),
    )
}
