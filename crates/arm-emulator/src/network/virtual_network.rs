//! Virtual networks: their subnets are resources of their own, and also parts of the network's body.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::body;
use crate::network::addresses::is_address;
use crate::network::peering;
use crate::network::{children, prefixes, subnet};
use crate::operations::Operation;
use crate::private_dns::link;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::request::resource::own_operation;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};

/// Prepares a write of a network and of the subnets inside it.
///
/// ARM behaviour: the body replaces everything: subnets that it leaves out are deleted, which is refused for one in use.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    check_dns_servers(record)?;
    if body::at(&record.body, "properties.dhcpOptions")
        .is_some_and(|options| options.get("dnsServers").is_none())
    {
        body::put(&mut record.body, "properties.dhcpOptions.dnsServers", json!([]));
    }
    let with_peerings = body::at(&record.body, "properties.virtualNetworkPeerings").is_some();
    let spaces = body::texts(&record.body, "properties.addressSpace.addressPrefixes");
    prefixes::check_space(&spaces, &record.id)?;
    let Some(inline) = children::list_of(record, "subnets") else {
        return Ok(());
    };
    let mut planned = children::plan(world, record, inline)?;
    for made in &mut planned {
        subnet::tidy(made);
        subnet::check_bindings(made)?;
    }
    subnet::check_prefixes(&spaces, &planned.iter().collect::<Vec<_>>())?;
    let state = &*world.state;
    children::replace(
        world,
        draft,
        inline,
        planned,
        |existing| subnet::check_free(state, existing),
        |existing, made| subnet::check_change(state, existing, made),
    )?;
    peering::prepare_list(world, draft, with_peerings)?;
    // What stands in the subnets and peerings is theirs.
    draft.record.references = body::referred(&draft.record.body, &draft.record.key());
    Ok(())
}

/// How many DNS servers a network can have.
const DNS_SERVERS: usize = 20;

/// ARM behaviour: the DNS servers of a network are addresses, 20 at most.
fn check_dns_servers(record: &Record) -> Result<(), Failure> {
    let servers = body::texts(&record.body, "properties.dhcpOptions.dnsServers");
    if servers.len() > DNS_SERVERS {
        return Err(Failure::network(
            400,
            "DnsServersCountLimitReached",
            format!(
                "Virtual network {} cannot have more than {DNS_SERVERS} DNS servers.",
                record.id
            ),
        ));
    }
    match servers.iter().find(|server| !is_address(server)) {
        Some(server) => Err(Failure::network(
            400,
            "InvalidIPAddressFormat",
            format!(
                "DNS server {server} of virtual network {} is not a valid IP address.",
                record.id
            ),
        )),
        None => Ok(()),
    }
}

/// Refuses to delete a network one of whose subnets is in use.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let state = &*world.state;
    state
        .collection(&format!("{}/subnets", record.key()))
        .try_for_each(|existing| subnet::check_free(state, existing))
}

/// How many addresses of each subnet are in use.
///
/// ARM behaviour: the five that Azure reserves are not counted at all.
pub(crate) fn usages(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let state = &*world.state;
    let Some(inline) = state
        .get(&place.key)
        .and_then(|network| children::list_of(network, "subnets"))
    else {
        return Ok(Outcome::json(200, json!({"value": []})));
    };
    let value: Vec<Value> = children::of(state, &place.key, inline)
        .into_iter()
        .map(|subnet| {
            let used = state.pool(&subnet.key()).map_or(0, |pool| pool.owners().count());
            let limit: u64 = subnet::prefixes(subnet)
                .iter()
                .map(|prefix| u64::from(prefix.last() - prefix.base).saturating_sub(4))
                .sum();
            json!({
                "currentValue": used,
                "id": subnet.id,
                "limit": limit,
                "name": {"localizedValue": "Subnet size and usage", "value": "SubnetSpace"},
                "unit": "Count",
            })
        })
        .collect();
    Ok(Outcome::json(200, json!({"value": value})))
}

/// Takes a network out, and from what others know of it.
pub(crate) fn remove(state: &mut State, network: &Arc<Record>) {
    let key = network.key();
    state.remove(&key);
    peering::network_gone(state, &key);
    link::network_gone(state, &key);
}

/// What keeps a network from being written: its own operation, or one on a subnet or peering.
pub(crate) fn conflict<'a>(
    world: &'a World<'_, '_>,
    place: &Place,
    existing: Option<&Record>,
) -> Option<&'a Operation> {
    own_operation(world, place, existing)
        .or_else(|| subnet::written_in(world, &place.key))
        .or_else(|| peering::written_in(world, &place.key))
}

/// How many private endpoints the network may hold.
///
/// ARM behaviour: 1,000; 5,000 with the high-scale policy `Basic`.
pub(crate) fn endpoint_limit(network: &Record) -> u32 {
    match network.text(&["properties", "privateEndpointVNetPolicies"]) {
        Some("Basic") => 5_000,
        _ => 1_000,
    }
}
