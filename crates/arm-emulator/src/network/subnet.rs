//! Subnets: prefixes inside the network's, back references, and what keeps them from being deleted.

use std::sync::Arc;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use crate::body;
use crate::network::addresses::Prefix;
use crate::network::peering;
use crate::network::{capital_names, children, prefixes};
use crate::operations::Operation;
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::place::{Place, parent_key};
use crate::request::resource::running;
use crate::resolver::endpoint;
use crate::state::State;
use crate::state::record::{Facts, Record};
use crate::state::world::{Draft, World};
use crate::types::delegation::{DELEGATION_SERVICES, delegation_actions};

/// Adds back references and the forms of parts.
pub(crate) fn show(state: &State, record: &Record, etag: &str, properties: &mut Map<String, Value>) {
    let (mut endpoints, mut configurations) = (Vec::new(), Vec::new());
    for user in state.referrers(&record.key()) {
        match &user.facts {
            Facts::Endpoint(facts) => {
                endpoints.push(json!({"id": capital_names(&user.id)}));
                for member in &facts.members {
                    let id = format!("{}/ipConfigurations/{}", facts.interface_id, member.configuration);
                    configurations.push(json!({"id": capital_names(&id)}));
                }
            }
            _ => configurations.extend(
                parts_in(user, &record.key())
                    .into_iter()
                    .map(|id| json!({"id": id})),
            ),
        }
    }
    if !endpoints.is_empty() {
        properties.insert("privateEndpoints".into(), Value::Array(endpoints));
        properties.insert("purpose".into(), json!("PrivateEndpoints"));
    }
    if !configurations.is_empty() {
        properties.insert("ipConfigurations".into(), Value::Array(configurations));
    }
    for endpoint in properties
        .get_mut("serviceEndpoints")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        body::put(endpoint, "provisioningState", json!("Succeeded"));
    }
    if let Some(delegations) = properties.get_mut("delegations") {
        answer::show_parts(record, etag, delegations, "delegations", Some("Succeeded"));
        for delegation in delegations.as_array_mut().into_iter().flatten() {
            let service = body::text(delegation, "properties.serviceName").unwrap_or_default();
            let actions = json!(delegation_actions(service));
            body::put(delegation, "properties.actions", actions);
        }
    }
}

/// The ids of the IP configurations of another resource that lie in the subnet.
fn parts_in(user: &Record, subnet: &str) -> Vec<String> {
    ["ipConfigurations", "frontendIPConfigurations"]
        .iter()
        .flat_map(|list| {
            body::all(&user.body, &format!("properties.{list}.*"))
                .into_iter()
                .filter_map(move |part| {
                    let id = body::text(part, "properties.subnet.id")?;
                    let name = body::text(part, "name")?;
                    id.eq_ignore_ascii_case(subnet)
                        .then(|| format!("{}/{list}/{name}", user.id))
                })
        })
        .collect()
}

/// What subnets that are being written count in.
fn written(network: &str) -> String {
    format!("{network}#written")
}

/// The `provisioningState` that is shown.
///
/// ARM behaviour: while one subnet of a network is written, those beside it are `Updating` too.
pub(crate) fn shown_state(state: &State, record: &Record) -> String {
    let shown = answer::usual_state(state, record);
    let key = record.key();
    let beside_written =
        parent_key(&key).is_some_and(|network| shown == "Succeeded" && state.count_in(&written(network)) > 0);
    if beside_written {
        "Updating".to_owned()
    } else {
        shown
    }
}

/// A subnet whose write has ended is not written any more.
pub(crate) fn ended(state: &mut State, key: &str, _: bool) {
    let written = parent_key(key).map(written).unwrap_or_default();
    state.update(key, |record| {
        record.counted_in.retain(|counted| **counted != *written);
    });
}

/// ARM behaviour: a subnet with one prefix shows no list of prefixes that is empty.
pub(crate) fn tidy(subnet: &mut Record) {
    body::without_empty(&mut subnet.body, "properties.addressPrefixes");
}

/// Prepares a write of one subnet.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    tidy(record);
    let key = record.key();
    let Some(network) = parent_key(&key).and_then(|parent| world.state.get(parent)) else {
        return Ok(());
    };
    check_bindings(record)?;
    let prefixes = body::texts(&network.body, "properties.addressSpace.addressPrefixes");
    // The one that is written last: it is the one that is wrong.
    let mut all = children::others(world.state, record);
    all.push(record);
    check_prefixes(&prefixes, &all)?;
    if let Some(existing) = world.state.get(&key) {
        check_change(world.state, existing, record)?;
    }
    if existing.is_none_or(|old| old.body != record.body) {
        record.counted_in = vec![Arc::from(written(&network.key()))];
    }
    Ok(())
}

/// ARM behaviour: a subnet is delegated to services that there are.
fn check_delegations(record: &Record) -> Result<(), Failure> {
    for delegation in body::all(&record.body, "properties.delegations.*") {
        let service = body::text(delegation, "properties.serviceName").unwrap_or_default();
        if !DELEGATION_SERVICES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(service))
        {
            return Err(Failure::network(
                400,
                "InvalidServiceNameOnDelegation",
                format!(
                    "The service name {service} specified on delegation {}/delegations/{} is not valid. Valid value(s) are: {}.",
                    record.id,
                    body::text(delegation, "name").unwrap_or_default(),
                    DELEGATION_SERVICES.join(",")
                ),
            ));
        }
    }
    Ok(())
}

/// ARM behaviour: the subnets of gateways take no security group, that of Bastion no route table.
pub(crate) fn check_bindings(record: &Record) -> Result<(), Failure> {
    check_delegations(record)?;
    let bound = |path: &str| {
        body::text(&record.body, path)
            .and_then(|id| id.rsplit('/').next())
            .map(str::to_owned)
    };
    if record.name().eq_ignore_ascii_case("GatewaySubnet")
        && let Some(group) = bound("properties.networkSecurityGroup.id")
    {
        return Err(Failure::network(
            400,
            "NetworkSecurityGroupCannotBeAttachedToGatewaySubnet",
            format!(
                "The operation failed because the network security group {group} can not be associated to the GatewaySubnet. Please remove the network security group associated to the GatewaySubnet. No changes have occurred on the gateway at this time. See here for additional details: https://aka.ms/GatewaySubnet."
            ),
        ));
    }
    if record.name().eq_ignore_ascii_case("AzureBastionSubnet")
        && let Some(table) = bound("properties.routeTable.id")
    {
        return Err(Failure::network(
            400,
            "RouteTableCannotBeAttachedForAzureBastionSubnet",
            format!(
                "Route Table {table} cannot be attached to Azure Bastion Subnet {}.",
                record.name()
            ),
        ));
    }
    Ok(())
}

/// The IPv4 prefixes of a subnet.
pub(crate) fn prefixes(record: &Record) -> Vec<Prefix> {
    prefix_texts(record)
        .iter()
        .filter_map(|text| Prefix::parse(text))
        .collect()
}

/// The prefixes of a subnet as they were asked for.
pub(crate) fn prefix_texts(record: &Record) -> Vec<String> {
    let mut found = body::texts(&record.body, "properties.addressPrefix");
    found.extend(body::texts(&record.body, "properties.addressPrefixes"));
    found
}

/// A subnet that cannot be in its network.
fn invalid(subnet: &Record, code: &str, why: &str) -> Failure {
    let network = subnet.id.rsplit('/').nth(2).unwrap_or_default();
    Failure::network(
        400,
        code,
        format!(
            "Subnet '{}' is not valid {why} virtual network '{network}'.",
            subnet.name()
        ),
    )
}

/// ARM behaviour: prefixes lie inside the network's, overlap no other subnet's, and are not too small.
pub(crate) fn check_prefixes(network: &[String], subnets: &[&Record]) -> Result<(), Failure> {
    let spaces = prefixes::all(network);
    let mut seen: Vec<(IpNet, &Record)> = Vec::new();
    for subnet in subnets {
        let texts = prefix_texts(subnet);
        if texts.is_empty() {
            return Err(Failure::network(
                400,
                "NoAddressPrefixOrPoolProvided",
                format!(
                    "No address prefix or pool has been provided for subnet {}.",
                    subnet.name()
                ),
            ));
        }
        for text in &texts {
            let range = prefixes::read(text, &subnet.id)?;
            if !prefixes::fits_subnet(&range) {
                return Err(invalid(subnet, "NetcfgInvalidSubnet", "in"));
            }
            if !spaces.iter().any(|space| space.contains(&range)) {
                return Err(invalid(
                    subnet,
                    "NetcfgSubnetRangeOutsideVnet",
                    "because its IP address range is outside the IP address range of",
                ));
            }
            let overlaps = seen.iter().any(|(other, owner)| {
                prefixes::overlap(other, &range) && !owner.id.eq_ignore_ascii_case(&subnet.id)
            });
            if overlaps {
                return Err(invalid(
                    subnet,
                    "NetcfgSubnetRangesOverlap",
                    "because its IP address range overlaps with that of an existing subnet in",
                ));
            }
            seen.push((range, subnet));
        }
    }
    Ok(())
}

/// ARM behaviour: addresses in use stay inside the prefix, and the delegations of a subnet in use stay as they are.
pub(crate) fn check_change(state: &State, existing: &Record, wanted: &Record) -> Result<(), Failure> {
    let key = existing.key();
    let new = prefixes(wanted);
    if prefixes(existing) != new {
        for user in state.referrers(&key) {
            let outside = user.addresses.iter().any(|(subnet, address)| {
                **subnet == *key && !new.iter().any(|prefix| prefix.contains(*address))
            });
            // Of a DNS resolver's endpoints not all addresses are known.
            if outside || user.claims.contains(&endpoint::claim(&key)) {
                return Err(Failure::network(
                    400,
                    "InUsePrefixCannotBeDeleted",
                    format!(
                        "IpPrefix of subnet {} is in use by {} and cannot be deleted.",
                        existing.id, user.id
                    ),
                ));
            }
        }
    }
    let (before, after) = (delegated(existing), delegated(wanted));
    if let Some(link) = resolver_link(state, &key)
        && !after.contains(&endpoint::SERVICE)
        && before.contains(&endpoint::SERVICE)
    {
        return Err(Failure::network(
            400,
            "SubnetMissingRequiredDelegation",
            format!(
                "Subnet {} requires any of the following delegation(s) [{}] to reference service association link {link}.",
                existing.id,
                endpoint::SERVICE
            ),
        ));
    }
    if before != after
        && let Some(user) = users(state, &key).first()
    {
        return Err(Failure::network(
            400,
            "SubnetDelegationsCannotChangeWhenSubnetUsedByResource",
            format!(
                "Delegations of subnet {} cannot be changed from [{}] to [{}] because it is being used by the resource {user}.",
                existing.id,
                before.join(", "),
                after.join(", ")
            ),
        ));
    }
    Ok(())
}

/// The services that a subnet is delegated to.
pub(crate) fn delegated(subnet: &Record) -> Vec<&str> {
    body::all(&subnet.body, "properties.delegations.*.properties.serviceName")
        .into_iter()
        .filter_map(Value::as_str)
        .collect()
}

/// The IP configurations in a subnet, and the service that it has for its own.
fn users(state: &State, key: &str) -> Vec<String> {
    let mut users = other_users(state, key);
    users.extend(resolver_link(state, key));
    users
}

/// What a DNS resolver's endpoint in the subnet puts there.
fn resolver_link(state: &State, key: &str) -> Option<String> {
    state.claimant(&endpoint::claim(key))?;
    let subnet = state.get(key)?;
    Some(format!("{}/serviceAssociationLinks/dnsResolverLink", subnet.id))
}

/// The IP configurations in a subnet: of private endpoints those of their interfaces.
pub(crate) fn other_users(state: &State, key: &str) -> Vec<String> {
    let mut users: Vec<String> = Vec::new();
    for user in state.referrers(key) {
        match &user.facts {
            Facts::Endpoint(facts) => users.extend(facts.members.iter().map(|member| {
                capital_names(&format!(
                    "{}/ipConfigurations/{}",
                    facts.interface_id, member.configuration
                ))
            })),
            _ => users.extend(parts_in(user, key)),
        }
    }
    users
}

/// ARM behaviour: the subnet's users are named, endpoints by the IP configurations of their interfaces.
pub(crate) fn check_free(state: &State, record: &Record) -> Result<(), Failure> {
    let users = users(state, &record.key());
    if users.is_empty() {
        return Ok(());
    }
    Err(Failure::network(
        400,
        "InUseSubnetCannotBeDeleted",
        format!(
            "Subnet {} is in use by {} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
            record.name(),
            users.join(", ")
        ),
    ))
}

/// Refuses to delete a subnet in use.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    check_free(world.state, record)
}

/// What keeps a subnet from being written: an operation on its network, or on any subnet or peering in it.
pub(crate) fn conflict<'a>(
    world: &'a World<'_, '_>,
    place: &Place,
    _: Option<&Record>,
) -> Option<&'a Operation> {
    let network = parent_key(&place.key)?;
    let of_network = world
        .state
        .get(network)
        .and_then(|network| running(world, network));
    of_network
        .or_else(|| written_in(world, network))
        .or_else(|| peering::written_in(world, network))
}

/// An operation that still runs on any subnet of a network.
pub(crate) fn written_in<'a>(world: &'a World<'_, '_>, network: &str) -> Option<&'a Operation> {
    world
        .state
        .collection(&format!("{network}/subnets"))
        .find_map(|subnet| running(world, subnet))
}
