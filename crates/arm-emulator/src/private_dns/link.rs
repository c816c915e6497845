//! Links from a private DNS zone to a virtual network.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body;
use crate::network::referring;
use crate::operations::completion;
use crate::private_dns::registration::LINK;
use crate::private_dns::{bad_request, registration, stale_said_of, zone};
use crate::request::errors::Failure;
use crate::request::place::{Place, parent_key};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};

/// How many private DNS zones a virtual network can be linked to.
const ZONES_PER_NETWORK: u32 = 1_000;

/// Adds the link's state.
pub(crate) fn show(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let state = if record.operation.is_some() {
        "InProgress"
    } else {
        "Completed"
    };
    properties.insert("virtualNetworkLinkState".into(), json!(state));
}

/// What the link of a zone to a network claims: there is one zone of a name on a network. Both are in lower case.
pub(crate) fn claim(zone_name: &str, network_key: &str) -> String {
    format!("zone {zone_name} on {network_key}")
}

/// Prepares a write.
///
/// ARM behaviour: one link for each zone and network; one zone of a name, and one zone with registration, on a network. A
/// zone of private endpoints can be the one with registration.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    let key = record.key();
    let Some(zone) = parent_key(&key).and_then(|zone| world.state.get(zone)).cloned() else {
        return Ok(());
    };
    let given = record
        .text(&["properties", "virtualNetwork", "id"])
        .unwrap_or_default()
        .to_owned();
    let is_network = Place::parse(&given).is_some_and(|place| {
        place
            .resource_type
            .eq_ignore_ascii_case("Microsoft.Network/virtualNetworks")
    });
    if !is_network {
        return Err(bad_request(format!(
            "The virtual network id '{given}' is invalid."
        )));
    }
    body::put(
        &mut record.body,
        "properties.virtualNetwork",
        json!({"id": given}),
    );
    let registers = body::at(&record.body, "properties.registrationEnabled") == Some(&json!(true));
    let is_private_link = zone.name().to_ascii_lowercase().contains("privatelink.");
    if record.text(&["properties", "resolutionPolicy"]) == Some("NxDomainRedirect") && !is_private_link {
        return Err(bad_request(format!(
            "The resolution policy 'NxDomainRedirect' is not supported on the zone '{}': it is for zones of private endpoints.",
            zone.name()
        )));
    }
    let network = given.to_ascii_lowercase();
    if let Some(existing) = existing
        && !existing
            .text(&["properties", "virtualNetwork", "id"])
            .is_some_and(|old| old.eq_ignore_ascii_case(&given))
    {
        return Err(bad_request(format!(
            "The virtual network of the link '{}' cannot be changed.",
            record.name()
        )));
    }
    if existing.is_none() && world.state.get(&network).is_none_or(|found| found.deleting) {
        return Err(bad_request(format!("The virtual network '{given}' was not found.")).by_operation());
    }
    record.claims = vec![claim(&zone.name().to_ascii_lowercase(), &network)];
    record.counted_in = vec![Arc::from(format!("{network}#zones"))];
    if registers {
        record.claims.push(registration::claim(&network));
        record
            .counted_in
            .push(Arc::from(zone::registrations(&zone.key())));
    }
    check_claims(world, record, &zone, &given)?;
    check_limits(world, record, &zone, existing, registers)
}

fn check_claims(world: &World<'_, '_>, record: &Record, zone: &Record, network: &str) -> Result<(), Failure> {
    let key = record.key();
    let zone_of = |link: &Record| {
        let key = link.key();
        parent_key(&key)
            .and_then(|zone| world.state.get(zone))
            .map_or_else(|| link.id.clone(), |zone| zone.name().to_owned())
    };
    for (number, claim) in record.claims.iter().enumerate() {
        let Some(other) = world.state.taken_by_other(claim, &key) else {
            continue;
        };
        let other_key = other.key();
        let failure = if number > 0 {
            Failure::private_dns(
                409,
                "Conflict",
                format!(
                    "A virtual network can only be linked to 1 Private DNS zone(s) with auto-registration enabled; conflicting Private DNS zone is '{}'.",
                    zone_of(other)
                ),
            )
        } else if parent_key(&other_key) == parent_key(&key) {
            Failure::private_dns(
                409,
                "Conflict",
                format!(
                    "Private zone '{}' is already linked to the virtual network '{network}'.",
                    zone.name()
                ),
            )
        } else {
            bad_request(format!(
                "A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network with '{}' and '{}' zones.",
                zone.name(),
                zone_of(other)
            ))
        };
        return Err(failure.by_operation());
    }
    Ok(())
}

fn check_limits(
    world: &World<'_, '_>,
    record: &Record,
    zone: &Record,
    existing: Option<&Record>,
    registers: bool,
) -> Result<(), Failure> {
    let zone_key = zone.key();
    let links = world
        .state
        .collection_size(&format!("{zone_key}/virtualnetworklinks"));
    let refused = |limit: String| {
        Err(bad_request(format!("{limit} of zone '{}' is reached.", zone.name())).by_operation())
    };
    if existing.is_none() && links >= zone::LINKS {
        return refused(format!("The limit of {} virtual network links", zone::LINKS));
    }
    let registered = zone::registrations(&zone_key);
    let was_registered = existing.is_some_and(|old| old.counted_in.iter().any(|key| **key == *registered));
    if registers && !was_registered && world.state.count_in(&registered) >= zone::REGISTERING_LINKS {
        return refused(format!(
            "The limit of {} virtual network links with registration",
            zone::REGISTERING_LINKS
        ));
    }
    let on_network = record
        .counted_in
        .first()
        .map_or(0, |key| world.state.count_in(key));
    if existing.is_none() && on_network >= ZONES_PER_NETWORK {
        return refused(format!(
            "The limit of {ZONES_PER_NETWORK} zones for the virtual network"
        ));
    }
    Ok(())
}

/// Takes out the links to a network that has gone.
///
/// ARM behaviour: nobody has to unlink a network before it is deleted.
pub(crate) fn network_gone(state: &mut State, key: &str) {
    let links: Vec<String> = referring(state, key, LINK).map(|link| link.id.clone()).collect();
    for link in links {
        completion::remove_made(state, &link);
    }
}

/// ARM behaviour: the request is accepted, and the operation says it; names are in quotes only where an etag does not fit (both
/// recorded).
pub(crate) fn stale(place: &Place, wanted: &str, exists: bool) -> Failure {
    let zone = place.parent.as_deref().and_then(|zone| zone.rsplit('/').next());
    let quote = if wanted == "*" && exists { "" } else { "'" };
    let what = format!(
        "The Virtual Network link {quote}{}{quote} for the Private DNS zone {quote}{}{quote}",
        place.name,
        zone.unwrap_or_default()
    );
    stale_said_of(&what, wanted, exists).by_operation()
}
