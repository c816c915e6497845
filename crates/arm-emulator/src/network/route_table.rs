//! Route tables: their routes, and the subnets that they are on.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::body;
use crate::network::addresses::{is_address, is_prefix};
use crate::network::{back_references, children, referring};
use crate::request::errors::Failure;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::types::traffic::is_service_tag;

const SUBNETS: &str = "Microsoft.Network/virtualNetworks/subnets";
const ECMP_ADDRESSES: std::ops::RangeInclusive<usize> = 2..=64;

/// Adds the subnets that the table is on.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    if let Some(users) = back_references(state, &record.key(), SUBNETS) {
        properties.insert("subnets".into(), users);
    }
}

/// Prepares a write of a table and of the routes inside it.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    let Some(inline) = children::list_of(record, "routes") else {
        return Ok(());
    };
    let planned = children::plan(world, record, inline)?;
    planned.iter().try_for_each(check)?;
    check_together(&planned.iter().collect::<Vec<_>>())?;
    children::replace(world, draft, inline, planned, |_| Ok(()), |_, _| Ok(()))
}

/// Prepares a write of one route.
pub(crate) fn prepare_route(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    check(&draft.record)?;
    let mut routes = children::others(world.state, &draft.record);
    routes.push(&draft.record);
    check_together(&routes)
}

/// Checks a route by itself.
///
/// ARM behaviour: only a virtual appliance has an address, and it needs one.
fn check(route: &Record) -> Result<(), Failure> {
    let prefix = body::text(&route.body, "properties.addressPrefix").unwrap_or_default();
    if !is_prefix(prefix) && !is_service_tag(prefix) {
        return Err(Failure::network(
            400,
            "InvalidAddressPrefixFormat",
            format!(
                "Address prefix {prefix} of resource {} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.",
                route.id
            ),
        ));
    }
    let kind = body::text(&route.body, "properties.nextHopType").unwrap_or_default();
    let address = body::text(&route.body, "properties.nextHopIpAddress").unwrap_or_default();
    match (kind, address) {
        ("VirtualAppliance", "") => Err(Failure::network(
            400,
            "MissingNextHopIpAddress",
            format!(
                "NextHopIpAddress cannot be Null or Empty in route {} when NextHopType is VirtualAppliance.",
                route.name()
            ),
        )),
        ("VirtualAppliance", address) if is_address(address) => Ok(()),
        ("VirtualApplianceEcmp", "") => check_ecmp(route),
        (_, "") => Ok(()),
        (kind, address) => Err(invalid_next_hop(route, address, kind)),
    }
}

fn check_ecmp(route: &Record) -> Result<(), Failure> {
    let addresses = body::texts(&route.body, "properties.nextHop.nextHopIpAddresses");
    if let Some(wrong) = addresses.iter().find(|address| !is_address(address)) {
        return Err(invalid_next_hop(route, wrong, "VirtualApplianceEcmp"));
    }
    if ECMP_ADDRESSES.contains(&addresses.len()) {
        return Ok(());
    }
    Err(Failure::network(
        400,
        "InvalidNextHopIpAddress",
        format!(
            "Route {} has {} next hop IP addresses; the next hop type VirtualApplianceEcmp takes {} to {}.",
            route.name(),
            addresses.len(),
            ECMP_ADDRESSES.start(),
            ECMP_ADDRESSES.end()
        ),
    ))
}

fn invalid_next_hop(route: &Record, address: &str, kind: &str) -> Failure {
    Failure::network(
        400,
        "InvalidNextHopIpAddress",
        format!(
            "The next hop IP address '{address}' of route {} is not valid for the next hop type '{kind}'.",
            route.name()
        ),
    )
}

/// ARM behaviour: a prefix is in a table once.
fn check_together(routes: &[&Record]) -> Result<(), Failure> {
    let mut taken: BTreeMap<String, &Record> = BTreeMap::new();
    for route in routes {
        let prefix = body::text(&route.body, "properties.addressPrefix").unwrap_or_default();
        if let Some(other) = taken.insert(prefix.to_ascii_lowercase(), route) {
            return Err(Failure::network(
                400,
                "RouteConflict",
                format!(
                    "Route: {} conflicts with Route: {}. Routes cannot have the same AddressPrefix.",
                    route.name(),
                    other.name()
                ),
            ));
        }
    }
    Ok(())
}

/// ARM behaviour: a table on a subnet is not deleted.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    match referring(world.state, &record.key(), SUBNETS).next() {
        Some(_) => Err(Failure::network(
            400,
            "InUseRouteTableCannotBeDeleted",
            format!("Route table {} is in use and cannot be deleted.", record.name()),
        )),
        None => Ok(()),
    }
}
