//! Private endpoints: what a write is checked for, and what it brings into being (interface, addresses, connection).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body;
use crate::network::allocation;
use crate::network::endpoint_request::{
    Aim, LISTS, aim, check_unchanged, keep_references_only, subnet_of, wanted,
};
use crate::network::{
    application_security_group, connection, parts, static_addresses, subnet, virtual_network, zone_group,
};
use crate::operations::completion;
use crate::request::answer::{dotted, show_parts};
use crate::request::checks;
use crate::request::errors::Failure;
use crate::request::place::parent_key;
use crate::seed::estate::Made;
use crate::state::record::{ConnectionFacts, EndpointFacts, EndpointMember, Facts, Record};
use crate::state::world::{Draft, World, fresh};
use crate::state::{AddedMember, Key, State};
use crate::targets::NOT_YET_TOLD;
use crate::types::{self, LocationRule};

/// Which addresses an endpoint has that asks for none of the others; it is shown and not stored.
const USUAL_ADDRESSES: &str = "IPv4";

/// Adds what the endpoint brought into being.
pub(crate) fn show(state: &State, record: &Record, etag: &str, properties: &mut Map<String, Value>) {
    let Facts::Endpoint(facts) = &record.facts else {
        return;
    };
    for list in LISTS {
        if let Some(connections) = properties.get_mut(list) {
            show_parts(record, etag, connections, list, Some("Succeeded"));
            for connection in connections.as_array_mut().into_iter().flatten() {
                let shown = json!({
                    "status": facts.status,
                    "description": facts.description,
                    "actionsRequired": facts.actions.as_deref().unwrap_or("None"),
                });
                body::put(connection, "properties.privateLinkServiceConnectionState", shown);
            }
        }
    }
    if let Some(configurations) = properties.get_mut("ipConfigurations") {
        show_parts(
            record,
            etag,
            configurations,
            "ipConfigurations",
            Some("Succeeded"),
        );
    }
    properties.insert("networkInterfaces".into(), json!([{"id": facts.interface_id}]));
    properties
        .entry("ipVersionType")
        .or_insert_with(|| json!(USUAL_ADDRESSES));
    properties.insert("isIPv6EnabledPrivateEndpoint".into(), json!(false));
    let mut names = Vec::new();
    // ARM behaviour: with a zone group the names are in its record sets, and no longer here.
    if facts.settled && facts.status == "Approved" && zone_group::of(state, &record.key()).is_none() {
        for member in &facts.members {
            for fqdn in &member.fqdns {
                names.push(json!({"fqdn": fqdn, "ipAddresses": [dotted(member.address)]}));
            }
        }
    }
    properties.insert("customDnsConfigs".into(), Value::Array(names));
}

/// Endpoints here have IPv4 addresses alone; one that asks for others is refused rather than given these.
fn check_version(record: &Record) -> Result<(), Failure> {
    match record.text(&["properties", "ipVersionType"]) {
        None | Some(USUAL_ADDRESSES) => Ok(()),
        Some(other) => Err(Failure::network(
            400,
            "EmulatorValueNotSupported",
            format!(
                "Private endpoint {}: the emulator gives endpoints IPv4 addresses only; ipVersionType '{other}' is not modelled. Use '{USUAL_ADDRESSES}', or leave it out.",
                record.id
            ),
        )),
    }
}

/// Prepares a write.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    keep_references_only(&mut draft.record.body);
    check_version(&draft.record)?;
    body::edit(&mut draft.record.body, |fields| {
        if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut)
            && properties.get("ipVersionType").and_then(Value::as_str) == Some(USUAL_ADDRESSES)
        {
            properties.remove("ipVersionType");
        }
    });
    let wanted = wanted(&draft.record)?;
    parts::check_names(&draft.record, "ipConfigurations")?;
    let subnet = subnet_of(world, &draft.record)?;
    if let Some(existing) = existing {
        check_unchanged(existing, &draft.record)?;
        draft.record.facts = existing.facts.clone();
        draft.record.addresses = existing.addresses.clone();
        draft.record.counted_in = existing.counted_in.clone();
        if let Facts::Endpoint(facts) = &existing.facts {
            let mut facts = facts.clone();
            let others = static_addresses::check_later(world.state, &draft.record, &subnet, &mut facts)?;
            check_groups(world, &draft.record, facts.members.len())?;
            draft.record.addresses = addresses(&subnet, &facts.members, &others);
            draft.record.facts = Facts::Endpoint(facts);
        }
        return note_references(draft);
    }
    let network = subnet.key();
    let network = parent_key(&network).and_then(|key| world.state.get(key)).cloned();
    if let Some(network) = &network {
        let limit = virtual_network::endpoint_limit(network);
        if world.state.count_in(&network.key()) >= limit {
            return Err(Failure::network(
                400,
                "PrivateEndpointCountLimitReached",
                format!(
                    "Cannot create private endpoint {}: virtual network {} already has the maximum of {limit} private endpoints.",
                    draft.record.id, network.id
                ),
            ));
        }
    }
    let aim = aim(world, &draft.record, &wanted)?;
    let made = world.state.made.remove(&draft.record.key()).unwrap_or_default();
    let (members, others) = members(world, &draft.record, &subnet, &aim, &made)?;
    check_groups(world, &draft.record, members.len())?;
    let interface_id = interface_id(world, &draft.record, made.interface)?;
    let record = &mut draft.record;
    if let Some(guid) = made.guid {
        record.guid = guid;
    }
    record.counted_in = network
        .map(|network| Arc::from(network.key()))
        .into_iter()
        .collect();
    record.addresses = addresses(&subnet, &members, &others);
    let (status, description) = if aim.approved && !wanted.manual {
        ("Approved", NOT_YET_TOLD)
    } else {
        ("Pending", "Awaiting Approval")
    };
    let decided = match (aim.approved, wanted.manual) {
        (true, true) => ("Approved", "Approved"),
        (true, false) => (
            "Approved",
            aim.target.map_or(NOT_YET_TOLD, |row| row.auto_approved),
        ),
        (false, _) => ("Pending", wanted.message.as_str()),
    };
    let connection = aim.record.as_ref().zip(aim.target).map(|(target, row)| {
        let name = made
            .connection
            .clone()
            .unwrap_or_else(|| connection::new_name(world.state, record, &wanted.name, target, row));
        let id = format!("{}/privateEndpointConnections/{name}", target.id);
        let mut made = fresh(
            world,
            &id,
            &format!("{}/privateEndpointConnections", row.resource_type),
        );
        made.provisioning_state = "Succeeded".into();
        if row.connection.location != LocationRule::None {
            body::put(&mut made.body, "location", json!(target.location()));
        }
        made.facts = Facts::Connection(Box::new(ConnectionFacts {
            endpoint_id: record.id.clone(),
            endpoint_location: record.location().unwrap_or_default().to_owned(),
            group_id: aim.group.as_ref().map(|group| group.id.clone()),
            status: decided.0.into(),
            description: decided.1.into(),
            actions: None,
            decided: false,
            link_identifier: (world.state.random.number() % 1_000_000_000).to_string(),
        }));
        made
    });
    let mut interface = fresh(world, &interface_id, "Microsoft.Network/networkInterfaces");
    interface.provisioning_state = "Succeeded".into();
    interface.facts = Facts::Interface(Arc::from(record.key()));
    let mut body =
        json!({"location": record.location(), "managedBy": record.id, "kind": "Regular", "properties": {}});
    // ARM behaviour: the interface begins with the tags of its endpoint.
    if let Some(tags) = record.body.get("tags") {
        body::put(&mut body, "tags", tags.clone());
    }
    interface.body = body.into();
    record.facts = Facts::Endpoint(Box::new(EndpointFacts {
        interface_id,
        subnet_id: subnet.id.clone(),
        target_id: aim.record.as_ref().map(|target| target.id.clone()),
        group_id: aim.group.map(|group| group.id),
        connection_id: connection.as_ref().map(|connection| connection.id.clone()),
        manual: wanted.manual,
        status: status.into(),
        description: description.into(),
        actions: None,
        members,
        settled: false,
    }));
    draft.also.push(interface);
    draft.also.extend(connection);
    note_references(draft)
}

fn note_references(draft: &mut Draft) -> Result<(), Failure> {
    let record = &mut draft.record;
    record.references = body::referred(&record.body, &record.key());
    if let Facts::Endpoint(facts) = &record.facts
        && let Some(target) = &facts.target_id
    {
        record.references.insert(Arc::from(target.to_ascii_lowercase()));
    }
    Ok(())
}

fn check_groups(world: &World<'_, '_>, record: &Record, configurations: usize) -> Result<(), Failure> {
    let texts = |path: &str| -> Vec<&str> {
        body::all(&record.body, path)
            .into_iter()
            .filter_map(Value::as_str)
            .collect()
    };
    application_security_group::check_joining(
        world.state,
        record,
        &texts("properties.applicationSecurityGroups.*.id"),
        &texts("properties.subnet.id"),
        configurations,
    )
}

/// The addresses that an endpoint takes of its subnet: those of its members, and those that were asked for besides.
fn addresses(subnet: &Record, members: &[EndpointMember], others: &[u32]) -> Vec<(Key, u32)> {
    let subnet: Key = Arc::from(subnet.key());
    let of_members = members.iter().map(|member| member.address);
    of_members
        .chain(others.iter().copied())
        .map(|address| (subnet.clone(), address))
        .collect()
}

/// Gives each member its address: the one asked for, or the lowest that is free. Answers also with the addresses of no member.
fn members(
    world: &mut World<'_, '_>,
    record: &Record,
    subnet: &Record,
    aim: &Aim,
    made: &Made,
) -> Result<(Vec<EndpointMember>, Vec<u32>), Failure> {
    let prefixes = subnet::prefixes(subnet);
    let key = subnet.key();
    let needed: Vec<(String, Vec<String>)> = match &aim.group {
        Some(group) => group.members.clone(),
        None => {
            let names = aim
                .record
                .as_ref()
                .map(|service| body::texts(&service.body, "properties.fqdns"))
                .unwrap_or_default();
            vec![(String::new(), names)]
        }
    };
    let asked = body::all(&record.body, "properties.ipConfigurations.*");
    if !asked.is_empty() && aim.target.is_some_and(|target| !target.static_addresses) {
        return Err(Failure::network(
            400,
            "StaticIpConfigurationNotSupported",
            format!(
                "Private endpoint {}: the target does not support static IP configurations.",
                record.id
            ),
        ));
    }
    let names: Vec<&str> = needed.iter().map(|(name, _)| name.as_str()).collect();
    let group = aim.group.as_ref().map_or("", |group| group.id.as_str());
    let static_addresses::Addresses {
        members: chosen,
        others,
    } = static_addresses::asked(world.state, record, subnet, &names, group)?;
    let of_members = chosen.iter().map(|asked| asked.address);
    let mut planned: Vec<u32> = of_members.chain(others.iter().copied()).collect();
    let mut found = Vec::new();
    for (member, fqdns) in needed {
        let one = chosen
            .iter()
            .find(|asked| asked.member.eq_ignore_ascii_case(&member));
        let (address, configuration, is_static) = match one {
            Some(asked) => (asked.address, asked.name.clone(), true),
            None => {
                let had = made.addresses.get(&member).map(|address| u32::from(*address));
                let had = had.filter(|address| {
                    let taken = world
                        .state
                        .pool(&key)
                        .is_some_and(|pool| pool.owner(*address).is_some());
                    !taken
                        && !planned.contains(address)
                        && allocation::check_in_subnet(*address, subnet).is_ok()
                });
                let free = had.or_else(|| world.state.lowest_free(&key, &prefixes, &planned));
                let free = free.ok_or_else(|| {
                    Failure::network(400, "SubnetIsFull", format!("Subnet {} with address prefix {} does not have enough capacity for 1 IP addresses.", subnet.name(), body::texts(&subnet.body, "properties.addressPrefix").join(",")))
                })?;
                (
                    free,
                    format!("privateEndpointIpConfig.{}", world.state.random.guid()),
                    false,
                )
            }
        };
        planned.push(address);
        found.push(EndpointMember {
            configuration,
            member,
            address,
            fqdns,
            is_static,
        });
    }
    Ok((found, others))
}

/// ARM behaviour: `{endpoint}.nic.{guid}`, or the name that the request chose, in the endpoint's group.
fn interface_id(world: &mut World<'_, '_>, record: &Record, made: Option<String>) -> Result<String, Failure> {
    let group = record.id.split("/providers/").next().unwrap_or_default();
    let chosen = record
        .text(&["properties", "customNetworkInterfaceName"])
        .unwrap_or_default();
    let name = if chosen.is_empty() {
        made.unwrap_or_else(|| format!("{}.nic.{}", record.name(), world.state.random.guid()))
    } else {
        chosen.to_owned()
    };
    if !chosen.is_empty() {
        let table = types::find("Microsoft.Network/networkInterfaces").table;
        checks::check_name(table, &name)?;
    }
    let id = format!("{group}/providers/Microsoft.Network/networkInterfaces/{name}");
    if world.state.get(&id.to_ascii_lowercase()).is_some() {
        return Err(Failure::network(
            409,
            "NetworkInterfaceNameAlreadyInUse",
            format!(
                "Network interface {id} of private endpoint {} already exists.",
                record.id
            ),
        ));
    }
    Ok(id)
}

/// What comes of a write that has ended: its names are shown.
///
/// ARM behaviour: only then the endpoint has what its target says of the connection: whether it is approved, and in which
/// words.
pub(crate) fn ended(state: &mut State, key: &str, succeeded: bool) {
    if !succeeded {
        return;
    }
    let told = state.get(key).and_then(|record| match &record.facts {
        Facts::Endpoint(facts) if !facts.settled => {
            state.get(&facts.connection_id.as_ref()?.to_ascii_lowercase())
        }
        _ => None,
    });
    let told = told.and_then(|connection| match &connection.facts {
        Facts::Connection(facts) => Some((facts.status.clone(), facts.description.clone())),
        _ => None,
    });
    state.update(key, |record| {
        if let Facts::Endpoint(facts) = &mut record.facts {
            if let Some((status, description)) = told {
                (facts.status, facts.description) = (status, description);
            }
            facts.settled = true;
        }
    });
}

/// Takes an endpoint out, with what it brought into being.
pub(crate) fn remove(state: &mut State, endpoint: &Arc<Record>) {
    state.remove(&endpoint.key());
    cleared(state, endpoint);
}

/// Takes away what the endpoint brought into being.
fn cleared(state: &mut State, endpoint: &Record) {
    if let Facts::Endpoint(facts) = &endpoint.facts {
        completion::remove_made(state, &facts.interface_id);
        if let Some(connection) = &facts.connection_id {
            completion::remove_made(state, connection);
        }
    }
}

/// Adds a member to a group of a target; every endpoint on the group gets an address for it.
///
/// ARM behaviour: a registry's or account's new region shows up on the endpoints that are there already.
pub(crate) fn grow(state: &mut State, target_key: &str, added: AddedMember) {
    let users: Vec<Arc<Record>> = state.referrers(target_key).cloned().collect();
    for user in users {
        let Facts::Endpoint(facts) = &user.facts else {
            continue;
        };
        let on_group = facts
            .group_id
            .as_ref()
            .is_some_and(|group| group.eq_ignore_ascii_case(&added.group_id));
        let subnet_key = facts.subnet_id.to_ascii_lowercase();
        let Some(subnet) = state
            .get(&subnet_key)
            .cloned()
            .filter(|_| on_group && facts.status != "Disconnected")
        else {
            continue;
        };
        let Some(address) = state
            .pool(&subnet_key)
            .and_then(|pool| pool.lowest_free(&subnet::prefixes(&subnet), &[]))
        else {
            continue;
        };
        let (configuration, etag) = (
            format!("privateEndpointIpConfig.{}", state.random.guid()),
            state.random.guid(),
        );
        let made = EndpointMember {
            configuration,
            member: added.member.clone(),
            address,
            fqdns: vec![added.fqdn.clone()],
            is_static: false,
        };
        state.update(&user.key(), |record| {
            record.etag = etag;
            record.addresses.push((Arc::from(subnet_key), address));
            if let Facts::Endpoint(facts) = &mut record.facts {
                facts.members.push(made);
            }
        });
        zone_group::refresh(state, &user.key());
    }
    state.add_member(target_key, added);
}
