//! Virtual networks: their subnets are resources of their own, and also parts of the network's body.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::addresses::Prefix;
use crate::answer;
use crate::body;
use crate::errors::Failure;
use crate::network::subnet;
use crate::record::Record;
use crate::state::{Key, State};
use crate::world::{Draft, World};

/// Adds the subnets.
pub(crate) fn show(state: &State, record: &Record, properties: &mut Map<String, Value>) {
    let collection = format!("{}/subnets", record.key());
    let subnets = state
        .collection(&collection)
        .map(|subnet| answer::render(state, subnet))
        .collect();
    properties.insert("subnets".into(), Value::Array(subnets));
}

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
    let mut wanted: Vec<Value> = Vec::new();
    body::edit(&mut record.body, |fields| {
        if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut)
            && let Some(Value::Array(subnets)) = properties.remove("subnets")
        {
            wanted = subnets;
        }
    });
    let network_key = record.key();
    let collection = format!("{network_key}/subnets");
    let mut planned: Vec<Record> = Vec::new();
    for given in &wanted {
        let name = body::text(given, "name")
            .map(str::to_owned)
            .or_else(|| {
                body::text(given, "id")
                    .and_then(|id| id.rsplit('/').next())
                    .map(str::to_owned)
            })
            .ok_or_else(|| {
                crate::errors::invalid_format(
                    "MissingJsonPropertyName",
                    "Name is missing. Path properties.subnets.",
                )
            })?;
        if name.contains('/') {
            return Err(crate::checks::invalid_name(
                &name,
                "Microsoft.Network/virtualNetworks/subnets",
            ));
        }
        let id = format!("{}/subnets/{name}", record.id);
        let made = subnet::planned(world, &id, given)?;
        if planned
            .iter()
            .any(|other| other.id.eq_ignore_ascii_case(&made.id))
        {
            return Err(Failure::network(
                400,
                "DuplicateResourceName",
                format!(
                    "Resource {} has two child resources with the same name ({name}).",
                    record.id
                ),
            ));
        }
        planned.push(made);
    }
    subnet::check_prefixes(&prefixes, &planned.iter().collect::<Vec<_>>())?;
    let kept: Vec<Key> = planned.iter().map(|subnet| Arc::from(subnet.key())).collect();
    for existing in world.state.collection(&collection) {
        let key: Key = Arc::from(existing.key());
        if !kept.contains(&key) {
            subnet::check_unused(world.state, existing)?;
            draft.gone.push(key);
        }
    }
    for made in planned {
        match world.state.get(&made.key()) {
            Some(existing) if existing.body == made.body => {}
            Some(existing) => {
                subnet::check_change(world.state, existing, &made)?;
                draft.also.push(Record {
                    writers: existing.writers.clone(),
                    created: existing.created,
                    id: existing.id.clone(),
                    ..made
                });
            }
            None => draft.also.push(made),
        }
    }
    Ok(())
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
