//! Private DNS zones: their names, counters and the SOA record set that comes with them.

use base64::Engine;
use serde_json::{Map, Value, json};

use crate::errors::Failure;
use crate::private_dns::{bad_request, names};
use crate::record::Record;
use crate::state::State;
use crate::world::{Draft, World, fresh};

/// ARM behaviour: the documented limits; a zone's answer shows them.
pub(crate) const RECORD_SETS: usize = 25_000;
pub(crate) const LINKS: usize = 1_000;
pub(crate) const REGISTERING_LINKS: u32 = 100;
const ZONES_PER_SUBSCRIPTION: usize = 1_000;

/// What registering links of a zone count in.
pub(crate) fn registrations(zone_key: &str) -> String {
    format!("{zone_key}#registrations")
}

/// Adds limits and counters.
pub(crate) fn show(state: &State, record: &Record, properties: &mut Map<String, Value>) {
    let key = record.key();
    let identity = format!("ImmutableZoneIdentity;{};0", record.guid);
    for (name, value) in [
        ("maxNumberOfRecordSets", json!(RECORD_SETS)),
        ("maxNumberOfVirtualNetworkLinks", json!(LINKS)),
        (
            "maxNumberOfVirtualNetworkLinksWithRegistration",
            json!(REGISTERING_LINKS),
        ),
        (
            "numberOfRecordSets",
            json!(state.collection_size(&format!("{key}/all"))),
        ),
        (
            "numberOfVirtualNetworkLinks",
            json!(state.collection_size(&format!("{key}/virtualnetworklinks"))),
        ),
        (
            "numberOfVirtualNetworkLinksWithRegistration",
            json!(state.count_in(&registrations(&key))),
        ),
        (
            "internalId",
            json!(base64::engine::general_purpose::STANDARD.encode(identity)),
        ),
    ] {
        properties.insert(name.to_owned(), value);
    }
}

/// Prepares a write; a new zone gets its SOA record set.
pub(crate) fn prepare(world: &mut World<'_, '_>, draft: &mut Draft, is_new: bool) -> Result<(), Failure> {
    if !is_new {
        return Ok(());
    }
    let record = &draft.record;
    if let Some(refusal) = names::refusal_of_zone(record.name()) {
        return Err(bad_request(refusal));
    }
    let key = record.key();
    let subscription = key.split('/').nth(2).unwrap_or_default();
    let zones = format!("/subscriptions/{subscription}/providers/microsoft.network/privatednszones");
    if world.state.collection_size(&zones) >= ZONES_PER_SUBSCRIPTION {
        return Err(bad_request(format!(
            "The subscription '{subscription}' has reached its limit of {ZONES_PER_SUBSCRIPTION} private DNS zones."
        )));
    }
    let mut start = fresh(
        world,
        &format!("{}/SOA/@", record.id),
        "Microsoft.Network/privateDnsZones/SOA",
    );
    start.body = json!({"properties": {"ttl": 3600, "soaRecord": {
        "host": "azureprivatedns.net",
        "email": "azureprivatedns-host.microsoft.com",
        "serialNumber": 1,
        "refreshTime": 3600,
        "retryTime": 300,
        "expireTime": 2_419_200,
        "minimumTtl": 10,
    }}});
    draft.also.push(start);
    Ok(())
}

/// ARM behaviour: the gateway refuses to delete a zone with links, also while they are being deleted; record sets go with
/// their zone.
pub(crate) fn check_unused(state: &State, record: &Record) -> Result<(), Failure> {
    let nested: Vec<String> = state
        .collection(&format!("{}/virtualnetworklinks", record.key()))
        .take(5)
        .map(|link| {
            format!(
                "'Microsoft.Network/privateDnsZones/{}/virtualNetworkLinks/{}'",
                record.name(),
                link.name()
            )
        })
        .collect();
    if nested.is_empty() {
        return Ok(());
    }
    Err(Failure::gateway(
        409,
        "CannotDeleteResource",
        format!(
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: {}. Please delete all nested resources before deleting this resource.",
            nested.join(",")
        ),
    ))
}
