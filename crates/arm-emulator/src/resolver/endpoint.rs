//! Inbound and outbound endpoints of a resolver: each has a subnet of its own, an inbound one an address in it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{bad_request, conflict, lies_in, own_words};
use crate::body;
use crate::network::addresses::Prefix;
use crate::network::{referring, subnet};
use crate::request::answer::dotted;
use crate::request::errors::Failure;
use crate::request::place::parent_key;
use crate::request::write::share_etag;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::targets::squeezed;
use crate::types;

/// What a subnet with an endpoint is delegated to.
pub(crate) const SERVICE: &str = "Microsoft.Network/dnsResolvers";

/// The name that the endpoint in a subnet takes: there is one, and nothing else is in the subnet.
pub(crate) fn claim(subnet_key: &str) -> String {
    format!("dns endpoint in {subnet_key}")
}

fn is_inbound(record: &Record) -> bool {
    record
        .resource_type
        .to_ascii_lowercase()
        .ends_with("/inboundendpoints")
}

/// The one IP configuration of an inbound endpoint.
fn configuration(body: &Value) -> Option<&Value> {
    body::all(body, "properties.ipConfigurations.*")
        .into_iter()
        .next()
}

fn subnet_of(record: &Record) -> Option<&str> {
    if is_inbound(record) {
        configuration(&record.body).and_then(|one| body::text(one, "subnet.id"))
    } else {
        body::text(&record.body, "properties.subnet.id")
    }
}

/// Prepares a write.
///
/// ARM behaviour: what is wrong with the subnet is said by the operation, which leaves the endpoint behind as `Failed`.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    let key = record.key();
    let region = record.location().map(squeezed).unwrap_or_default();
    let Some(resolver) = parent_key(&key)
        .and_then(|parent| world.state.get(parent))
        .cloned()
    else {
        return Ok(());
    };
    if !lies_in(&resolver, &region) {
        return Err(bad_request(format!(
            "The endpoint {} has to be in the region of its DNS resolver.",
            record.id
        )));
    }
    let Some(subnet_id) = subnet_of(record).map(str::to_owned) else {
        return Err(bad_request(format!("The endpoint {} has no subnet.", record.id)));
    };
    let settled = existing.filter(|old| old.provisioning_state != "Failed");
    if settled
        .and_then(subnet_of)
        .is_some_and(|old| !old.eq_ignore_ascii_case(&subnet_id))
    {
        return Err(conflict(format!(
            "The subnet of the endpoint {} cannot be changed.",
            record.id
        )));
    }
    let asked = asked_address(record)?;
    check_method(record, settled)?;
    let subnet_key = subnet_id.to_ascii_lowercase();
    let network = resolver
        .text(&["properties", "virtualNetwork", "id"])
        .unwrap_or_default()
        .to_ascii_lowercase();
    let subnet = match settled {
        Some(_) => world.state.get(&subnet_key).cloned(),
        None => usable(world.state, &key, &network, &subnet_key),
    };
    record.claims.clear();
    record.addresses.clear();
    let Some(subnet) = subnet else {
        draft.fails = Some(("BadRequest".to_owned(), unusable(record, &subnet_id)));
        return Ok(());
    };
    record.claims.push(claim(&subnet_key));
    if is_inbound(record) {
        let address = address(world.state, record, existing, &subnet, asked)?;
        record.addresses.push((Arc::from(subnet_key), address));
        body::each(&mut record.body, "properties.ipConfigurations.*", &mut |one| {
            body::put(one, "privateIpAddress", Value::String(dotted(address)));
        });
    }
    Ok(())
}

/// The subnet, if an endpoint can be in it: in the resolver's network, from /28 to /24, for nothing else.
fn usable(state: &State, endpoint: &str, network: &str, subnet_key: &str) -> Option<Arc<Record>> {
    let found = state.get(subnet_key).filter(|found| !found.deleting)?;
    let is_subnet = found
        .resource_type
        .eq_ignore_ascii_case("Microsoft.Network/virtualNetworks/subnets");
    let prefixes: Vec<Prefix> = subnet::prefixes(found);
    let fits = !prefixes.is_empty() && prefixes.iter().all(|prefix| (24..=28).contains(&prefix.length));
    let free = state.taken_by_other(&claim(subnet_key), endpoint).is_none()
        && subnet::other_users(state, subnet_key).is_empty();
    let for_others = subnet::delegated(found)
        .iter()
        .any(|service| !service.eq_ignore_ascii_case(SERVICE));
    (is_subnet && parent_key(subnet_key) == Some(network) && fits && free && !for_others)
        .then(|| found.clone())
}

fn unusable(record: &Record, subnet_id: &str) -> String {
    let kind = if is_inbound(record) { "inbound" } else { "outbound" };
    format!(
        "The specified subnet {subnet_id} could not be used to provision the {kind} endpoint. Please make sure you use a subnet of at least /28 and at most /24 size, which is not currently in use by any other DNS resolver endpoint or any other Azure service workloads."
    )
}

/// The address that a request asks for.
fn asked_address(record: &mut Record) -> Result<Option<u32>, Failure> {
    if !is_inbound(record) {
        return Ok(None);
    }
    let one = configuration(&record.body);
    let method = one
        .and_then(|one| body::text(one, "privateIpAllocationMethod"))
        .unwrap_or_default();
    let Some(known) = ["Static", "Dynamic"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(method))
    else {
        return Err(bad_request(format!(
            "The private IP allocation method '{method}' is invalid. Allowed values: Static, Dynamic."
        )));
    };
    let text = one
        .and_then(|one| body::text(one, "privateIpAddress"))
        .unwrap_or_default()
        .to_owned();
    body::each(&mut record.body, "properties.ipConfigurations.*", &mut |one| {
        body::put(one, "privateIpAllocationMethod", json!(known));
    });
    match text.parse::<Ipv4Addr>() {
        Ok(address) if known == "Static" => Ok(Some(u32::from(address))),
        Err(_) if known == "Static" => Err(bad_request(format!(
            "The private IP address '{text}' is invalid."
        ))),
        _ => Ok(None),
    }
}

/// ARM behaviour: how an endpoint came to its address stays.
fn check_method(record: &Record, settled: Option<&Record>) -> Result<(), Failure> {
    let method = |record: &Record| {
        configuration(&record.body)
            .and_then(|one| body::text(one, "privateIpAllocationMethod").map(str::to_owned))
    };
    match settled {
        Some(old) if is_inbound(record) && method(old) != method(record) => Err(bad_request(format!(
            "IP allocation method cannot be changed after creation. inboundEndpointResourceId={}",
            own_words(&record.id)
        ))),
        _ => Ok(()),
    }
}

/// The address of an inbound endpoint: the one asked for, else the one that it has, else the lowest that is free.
fn address(
    state: &State,
    record: &Record,
    existing: Option<&Record>,
    subnet: &Record,
    asked: Option<u32>,
) -> Result<u32, Failure> {
    let key = record.key();
    let prefixes = subnet::prefixes(subnet);
    let pool = state.pool(&subnet.key());
    let free = |address: u32| {
        pool.and_then(|pool| pool.owner(address))
            .is_none_or(|owner| **owner == *key)
    };
    let usable = |address: u32| {
        prefixes
            .iter()
            .any(|prefix| prefix.contains(address) && !prefix.reserves(address))
    };
    if let Some(address) = asked {
        return if usable(address) && free(address) {
            Ok(address)
        } else {
            Err(bad_request(format!(
                "The private IP address {} is not in the subnet {}, or in use.",
                dotted(address),
                subnet.id
            )))
        };
    }
    let has = existing
        .and_then(|old| old.addresses.first())
        .map(|(_, address)| *address)
        .filter(|address| usable(*address));
    has.or_else(|| state.lowest_free(&subnet.key(), &prefixes, &[]))
        .ok_or_else(|| bad_request(format!("The subnet {} has no free address.", subnet.id)))
}

/// ARM behaviour: a subnet with an endpoint is delegated to the service, even where nobody asked for it.
pub(crate) fn ended(state: &mut State, key: &str, succeeded: bool) {
    let subnet_key = state
        .get(key)
        .and_then(|record| subnet_of(record))
        .map(str::to_ascii_lowercase)
        .filter(|_| succeeded)
        .unwrap_or_default();
    let is_bare = state
        .get(&subnet_key)
        .is_some_and(|subnet| subnet::delegated(subnet).is_empty());
    if is_bare {
        let delegation = json!([{
            "name": SERVICE.replace('/', "."),
            "properties": {"serviceName": SERVICE},
        }]);
        let etag = state.random.guid();
        state.update(&subnet_key, |subnet| {
            body::put(&mut subnet.body, "properties.delegations", delegation);
            subnet.etag = etag;
        });
        share_etag(state, &subnet_key);
    }
    if !succeeded {
        // What failed holds nothing.
        state.update(key, |record| {
            record.claims.clear();
            record.addresses.clear();
        });
    }
}

/// ARM behaviour: an outbound endpoint stays while a ruleset uses it.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let key = record.key();
    let users: Vec<&str> = referring(world.state, &key, types::resolver::RULESET)
        .map(|ruleset| ruleset.id.as_str())
        .collect();
    if users.is_empty() {
        return Ok(());
    }
    Err(conflict(format!(
        "The outbound endpoint {} is in use by the following DNS forwarding rulesets and cannot be deleted: {}.",
        record.id,
        users.join(", ")
    )))
}
