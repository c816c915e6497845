//! What a key vault's answers show beyond what was sent, and vaults that were deleted.

pub(crate) mod deleted;

use serde_json::{Map, Value, json};

use crate::body;
use crate::network::connection;
use crate::operations::completion;
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::request::resource;
use crate::request::write;
use crate::state::State;
use crate::state::record::{Facts, Record};
use crate::state::world::{Draft, World};
use crate::types::Found;
use crate::types::hooks::Instead;

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

/// Checks a vault: a new one has a name that no deleted one has.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    match existing {
        Some(_) => Ok(()),
        None => deleted::check_name(world.state, &draft.record),
    }
}

/// Writes a vault.
///
/// ARM behaviour: as long as a vault's name is being registered, answers to writes show its address without the slash at its
/// end that reads show.
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
        let recovers = body::text(request, "properties.createMode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("recover"));
        if recovers && world.state.get(&place.key).is_none() {
            return deleted::recover(world, place);
        }
        write::write(world, place, found, request.clone())?
    };
    if let Some(shown) = &mut outcome.body {
        versioned(world, shown);
    }
    if let Some(shown) = &mut outcome.body
        && body::text(shown, "properties.provisioningState") == Some("RegisteringDns")
        && let Some(address) =
            body::text(shown, "properties.vaultUri").map(|uri| uri.trim_end_matches('/').to_owned())
    {
        body::put(shown, "properties.vaultUri", json!(address));
    }
    Ok(outcome)
}

/// Fills in the properties that the provider makes.
///
/// ARM behaviour: soft deletion is on, whatever the request says; network rules that let everything pass are not shown.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    properties
        .entry("enabledForDeployment")
        .or_insert_with(|| json!(false));
    properties.insert("enableSoftDelete".into(), json!(true));
    properties
        .entry("publicNetworkAccess")
        .or_insert_with(|| json!("Enabled"));
    if properties.get("networkAcls").is_some_and(lets_all_pass) {
        properties.remove("networkAcls");
    }
    let name = format!("{}.vault.azure.net", record.name().to_ascii_lowercase());
    if let Some(name) = state.cloud().name(&name) {
        properties.insert("vaultUri".into(), json!(format!("https://{name}/")));
    }
}

/// Whether network rules are those of a vault that has none.
fn lets_all_pass(rules: &Value) -> bool {
    let says = |name: &str, usual: &str| body::text(rules, name).is_none_or(|given| given == usual);
    let is_empty = |name: &str| body::all(rules, &format!("{name}.*")).is_empty();
    says("bypass", "AzureServices")
        && says("defaultAction", "Allow")
        && is_empty("ipRules")
        && is_empty("virtualNetworkRules")
}

/// From when on answers say whether the public may reach a vault.
const WITH_PUBLIC_ACCESS: &str = "2021-06-01";

/// An answer in the form of the request's version.
fn versioned(world: &World<'_, '_>, shown: &mut Value) {
    if world.call.api_version.as_str() < WITH_PUBLIC_ACCESS
        && let Some(properties) = shown.get_mut("properties")
    {
        body::edit(properties, |fields| {
            fields.remove("publicNetworkAccess");
        });
    }
}

/// Answers a read of a vault.
pub(crate) fn read(world: &World<'_, '_>, place: &Place) -> Instead {
    let record = world
        .state
        .get(&place.key)
        .filter(|_| !world.call.plan.stale_read)?;
    let mut shown = answer::render(world.state, record);
    versioned(world, &mut shown);
    Some(Ok(Outcome::json(200, shown)))
}

/// ARM behaviour: tags are shown where there are none, connections where there are some.
pub(crate) fn show_whole(_: &Record, shown: &mut Value) {
    if shown.get("tags").is_none() {
        body::put(shown, "tags", json!({}));
    }
    connection::without_empty_list(shown);
}
