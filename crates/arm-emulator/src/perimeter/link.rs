//! Links between perimeters, and the reference that each has in the other one.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{around, bad};
use crate::body;
use crate::operations::completion;
use crate::request::errors::Failure;
use crate::request::place::parent_key;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World, fresh};

const REMOTE: [&str; 2] = ["properties", "autoApprovedRemotePerimeterResourceId"];

/// The profiles of the two sides, as a link names them and as its reference does.
const PROFILES: [(&str, &str); 4] = [
    ("localInboundProfiles", "remoteInboundProfiles"),
    ("localOutboundProfiles", "remoteOutboundProfiles"),
    ("remoteInboundProfiles", "localInboundProfiles"),
    ("remoteOutboundProfiles", "localOutboundProfiles"),
];

/// What the provider adds to a link.
const MADE: [&str; 5] = [
    "remotePerimeterGuid",
    "remotePerimeterLocation",
    "localOutboundProfiles",
    "remoteOutboundProfiles",
    "status",
];

/// The id of a link's reference.
fn reference_id(link: &str, local: &Record, remote: &str) -> String {
    format!("{remote}/linkReferences/Ref-from-{link}-{}", local.guid)
}

/// A link is approved at once: who makes it may link the other perimeter.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    let remote = record.text(&REMOTE).unwrap_or_default().to_ascii_lowercase();
    let sides = around(world.state, &record.key()).zip(world.state.get(&remote));
    let Some((local, remote)) = sides.map(|(local, remote)| (local.clone(), remote.clone())) else {
        keep_made(record, existing);
        return Ok(());
    };
    if local.key() == remote.key() {
        return Err(bad(format!(
            "Link {} cannot link perimeter {} with itself.",
            record.id, local.id
        )));
    }
    let before = existing.and_then(|old| old.text(&REMOTE));
    if before.is_some_and(|before| !before.eq_ignore_ascii_case(&remote.id)) {
        return Err(bad(format!(
            "The remote perimeter of link {} cannot be changed.",
            record.id
        )));
    }
    for (list, side) in [
        ("localInboundProfiles", &local),
        ("remoteInboundProfiles", &remote),
    ] {
        for name in body::texts(&record.body, &format!("properties.{list}")) {
            let profile = format!("{}/profiles/{name}", side.key()).to_ascii_lowercase();
            if name != "*" && world.state.get(&profile).is_none() {
                return Err(bad(format!(
                    "Profile '{name}' in {list} of link {} does not exist in perimeter {}.",
                    record.id, side.id
                )));
            }
        }
    }
    for (name, value) in [
        ("remotePerimeterGuid", json!(remote.guid)),
        ("remotePerimeterLocation", json!(remote.location())),
        ("localOutboundProfiles", json!(["*"])),
        ("remoteOutboundProfiles", json!(["*"])),
        ("status", json!("Approved")),
    ] {
        body::put(&mut record.body, &format!("properties.{name}"), value);
    }
    let mirror = mirrored(world, &draft.record, &local, &remote);
    let there = world.state.get(&mirror.key());
    if there.is_none_or(|there| there.body != mirror.body) {
        draft.also.push(mirror);
    }
    Ok(())
}

/// What a link knows of the other perimeter stays once that is gone.
fn keep_made(record: &mut Record, existing: Option<&Record>) {
    for name in MADE {
        let path = format!("properties.{name}");
        if let Some(value) = existing.and_then(|existing| body::at(&existing.body, &path)) {
            body::put(&mut record.body, &path, value.clone());
        }
    }
}

/// The reference that a link has in the other perimeter.
fn mirrored(world: &mut World<'_, '_>, link: &Record, local: &Record, remote: &Record) -> Record {
    let id = reference_id(link.name(), local, &remote.id);
    let mut mirror = match world.state.get(&id.to_ascii_lowercase()) {
        Some(there) => Record::clone(there),
        None => fresh(
            world,
            &id,
            "Microsoft.Network/networkSecurityPerimeters/linkReferences",
        ),
    };
    let mut properties = json!({
        "remotePerimeterResourceId": local.id,
        "remotePerimeterGuid": local.guid,
        "remotePerimeterLocation": local.location(),
        "status": "Approved",
        "description": body::at(&link.body, "properties.description"),
    });
    for (here, there) in PROFILES {
        let profiles = body::at(&link.body, &format!("properties.{here}"));
        body::put(&mut properties, there, json!(profiles));
    }
    mirror.body = json!({"properties": properties}).into();
    mirror.references = body::referred(&mirror.body, &mirror.key());
    mirror
}

/// ARM behaviour: links and references stay `Accepted`.
pub(crate) fn show(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let state = if record.deleting { "Deleting" } else { "Accepted" };
    properties.insert("provisioningState".into(), json!(state));
}

fn disconnect(state: &mut State, key: &str) {
    state.update(key, |record| {
        body::put(&mut record.body, "properties.status", json!("Disconnected"));
    });
}

/// ARM behaviour: the reference of a link that is deleted stays, and is `Disconnected`.
pub(crate) fn remove(state: &mut State, record: &Arc<Record>) {
    let remote = record.text(&REMOTE).unwrap_or_default();
    let reference = around(state, &record.key()).map(|local| reference_id(record.name(), local, remote));
    completion::take_out(state, record);
    if let Some(reference) = reference {
        disconnect(state, &reference.to_ascii_lowercase());
    }
}

/// The other way round: a link whose reference is deleted is `Disconnected`.
pub(crate) fn remove_reference(state: &mut State, record: &Arc<Record>) {
    completion::take_out(state, record);
    let of = |name| record.text(&["properties", name]).unwrap_or_default();
    let guid = of("remotePerimeterGuid");
    let link = record
        .name()
        .strip_prefix("Ref-from-")
        .and_then(|name| name.strip_suffix(guid)?.strip_suffix('-'))
        .map(|link| format!("{}/links/{link}", of("remotePerimeterResourceId")));
    let own = record.key();
    let Some(link) = link.map(|link| link.to_ascii_lowercase()) else {
        return;
    };
    // Not the link of another perimeter that was made under the same name.
    let is_ours = |link: &Arc<Record>| {
        link.text(&REMOTE)
            .is_some_and(|remote| parent_key(&own) == Some(&remote.to_ascii_lowercase()))
    };
    if state.get(&link).is_some_and(is_ours) {
        disconnect(state, &link);
    }
}
