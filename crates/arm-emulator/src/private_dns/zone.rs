//! Private DNS zones: their names, counters and the SOA record set that comes with them.

use base64::Engine;
use serde_json::{Map, Value, json};

use crate::private_dns::{bad_request, names, stale_said_of};
use crate::request::errors::Failure;
use crate::request::place::{Place, parent_key};
use crate::state::record::Record;
use crate::state::world::{Draft, World, fresh};
use crate::state::{LingeringLink, State};

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
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
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
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    if existing.is_some() {
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
    }}})
    .into();
    draft.also.push(start);
    Ok(())
}

/// Seconds for which the gateway still counts a link that is gone, and how often it says so.
///
/// ARM behaviour: recorded traffic shows a zone's DELETE refused three times around the end of its link's deletion. A client
/// that polls at the pace of `Retry-After` sees the end of a deletion only after this time.
const LINGERING: (f64, u32) = (14.0, 3);

/// Notes down that a link is going to be gone, for the gateway that learns of it later.
pub(crate) fn note_going(world: &mut World<'_, '_>, link: &Record, seconds: f64) {
    let key = link.key();
    let Some(zone) = parent_key(&key) else {
        return;
    };
    let lingering = LingeringLink {
        name: link.name().to_owned(),
        until: world.call.due(seconds + LINGERING.0),
        refusals: LINGERING.1,
    };
    world.state.lingering_links.insert(zone.to_owned(), lingering);
}

/// ARM behaviour: the gateway refuses to delete a zone with links, also while they are being deleted; record sets go with
/// their zone.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let key = record.key();
    let mut names: Vec<String> = world
        .state
        .collection(&format!("{key}/virtualnetworklinks"))
        .take(5)
        .map(|link| link.name().to_owned())
        .collect();
    let now = world.call.now;
    if names.is_empty()
        && let Some(lingering) = world.state.lingering_links.get_mut(&key)
    {
        if lingering.until > now && lingering.refusals > 0 {
            lingering.refusals -= 1;
            names.push(lingering.name.clone());
        } else {
            world.state.lingering_links.remove(&key);
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let nested: Vec<String> = names
        .into_iter()
        .map(|name| {
            format!(
                "'Microsoft.Network/privateDnsZones/{}/virtualNetworkLinks/{name}'",
                record.name()
            )
        })
        .collect();
    Err(Failure::gateway(
        409,
        "CannotDeleteResource",
        format!(
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: {}. Please delete all nested resources before deleting this resource.",
            nested.join(",")
        ),
    ))
}

/// ARM behaviour: the request is accepted, and the operation says it.
pub(crate) fn stale(place: &Place, wanted: &str, exists: bool) -> Failure {
    stale_said_of(&format!("The Zone {}", place.name), wanted, exists).by_operation()
}
