//! Virtual networks: their subnets are resources of their own, and also parts of the network's body.

use crate::addresses::Prefix;
use crate::body;
use crate::errors::Failure;
use crate::network::{children, subnet};
use crate::record::Record;
use crate::state::State;
use crate::types;
use crate::world::{Draft, World};

/// Prepares a write of a network and of the subnets inside it.
///
/// ARM behaviour: the body replaces everything: subnets that it leaves out are deleted, which is refused for one in use.
pub(crate) fn prepare(world: &mut World<'_, '_>, draft: &mut Draft) -> Result<(), Failure> {
    let record = &mut draft.record;
    let prefixes = body::texts(&record.body, "properties.addressSpace.addressPrefixes");
    let mut seen: Vec<Prefix> = Vec::new();
    for text in &prefixes {
        if text.contains(':') {
            continue;
        }
        let Some(prefix) = Prefix::parse(text) else {
            return Err(Failure::network(
                400,
                "InvalidAddressPrefixFormat",
                format!(
                    "Address prefix {text} of resource {} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.",
                    record.id
                ),
            ));
        };
        if seen.iter().any(|other| other.overlaps(prefix)) {
            return Err(Failure::network(
                400,
                "NetcfgOverlappingAddressPrefixes",
                format!("The address prefixes of resource {} overlap: {text}.", record.id),
            ));
        }
        seen.push(prefix);
    }
    let Some(inline) = &types::find(&record.resource_type).table.inline else {
        return Ok(());
    };
    let location = record.location().unwrap_or_default().to_owned();
    let planned = children::plan(world, record, inline)?;
    for made in &planned {
        subnet::check_bindings(world.state, made, &location)?;
    }
    subnet::check_prefixes(&prefixes, &planned.iter().collect::<Vec<_>>())?;
    let state = &*world.state;
    children::replace(
        world,
        draft,
        inline,
        planned,
        |existing| subnet::check_unused(state, existing),
        |existing, made| subnet::check_change(state, existing, made),
    )
}

/// Refuses to delete a network one of whose subnets is in use.
pub(crate) fn check_unused(state: &State, record: &Record) -> Result<(), Failure> {
    let collection = format!("{}/subnets", record.key());
    state
        .collection(&collection)
        .try_for_each(|existing| subnet::check_unused(state, existing))
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
