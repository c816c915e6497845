//! Private endpoints: what a write is checked for, and what it brings into being (interface, addresses, connection).

use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::answer::{dotted, show_parts};
use crate::body;
use crate::errors::{self, Failure};
use crate::network::{link_service, subnet, virtual_network};
use crate::place::{Place, parent_key};
use crate::record::{ConnectionFacts, EndpointFacts, EndpointMember, Facts, Record};
use crate::state::{AddedMember, State};
use crate::targets::{ConnectionName, FilledGroup, Target, squeezed};
use crate::world::{Draft, World, fresh};

const LISTS: [&str; 2] = [
    "privateLinkServiceConnections",
    "manualPrivateLinkServiceConnections",
];

/// Adds what the endpoint brought into being.
pub(crate) fn show(record: &Record, etag: &str, properties: &mut Map<String, Value>) {
    let Facts::Endpoint(facts) = &record.facts else {
        return;
    };
    for list in LISTS {
        if let Some(connections) = properties.get_mut(list) {
            show_parts(record, etag, connections, list, Some("Succeeded"));
            for connection in connections.as_array_mut().into_iter().flatten() {
                // ARM behaviour: until the endpoint is made the description has no hyphen.
                let description = match facts.description.as_str() {
                    "Auto-Approved" if !facts.settled => "Auto Approved",
                    other => other,
                };
                let shown =
                    json!({"status": facts.status, "description": description, "actionsRequired": "None"});
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
    let mut names = Vec::new();
    if facts.settled && facts.status == "Approved" {
        for member in &facts.members {
            for fqdn in &member.fqdns {
                names.push(json!({"fqdn": fqdn, "ipAddresses": [dotted(member.address)]}));
            }
        }
    }
    properties.insert("customDnsConfigs".into(), Value::Array(names));
}

/// What the request says about its one connection.
struct Wanted {
    manual: bool,
    target: String,
    groups: Vec<String>,
    message: String,
}

/// What it points at.
struct Aim {
    record: Option<Arc<Record>>,
    target: Option<&'static Target>,
    group: Option<FilledGroup>,
    approved: bool,
}

/// Prepares a write.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    keep_references_only(&mut draft.record.body);
    let wanted = wanted(&draft.record)?;
    let subnet = subnet_of(world, &draft.record)?;
    if let Some(existing) = existing {
        check_unchanged(existing, &draft.record)?;
        draft.record.facts = existing.facts.clone();
        draft.record.addresses = existing.addresses.clone();
        draft.record.network = existing.network.clone();
        return note_references(draft);
    }
    let network = subnet.key();
    let network = parent_key(&network).and_then(|key| world.state.get(key)).cloned();
    if let Some(network) = &network {
        let limit = virtual_network::endpoint_limit(network);
        if world.state.endpoint_count(&network.key()) >= limit {
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
    let members = members(world, &draft.record, &subnet, &aim)?;
    let interface_id = interface_id(world, &draft.record)?;
    let record = &mut draft.record;
    record.network = network.map(|network| Arc::from(network.key()));
    record.addresses = members
        .iter()
        .map(|member| (Arc::from(subnet.key()), member.address))
        .collect();
    let (status, description) = if aim.approved {
        ("Approved", "Auto-Approved")
    } else {
        ("Pending", "Awaiting approval")
    };
    let connection = aim.record.as_ref().zip(aim.target).map(|(target, row)| {
        let name = match row.connection_name {
            ConnectionName::Endpoint => record.name().to_owned(),
            ConnectionName::EndpointAndGuid => format!("{}.{}", record.name(), world.state.random.guid()),
            ConnectionName::TargetAndGuid => format!("{}.{}", target.name(), world.state.random.guid()),
        };
        let id = format!("{}/privateEndpointConnections/{name}", target.id);
        let mut made = fresh(
            world,
            &id,
            &format!("{}/privateEndpointConnections", row.resource_type),
        );
        made.provisioning_state = "Succeeded".into();
        made.facts = Facts::Connection(Box::new(ConnectionFacts {
            endpoint_id: record.id.clone(),
            endpoint_location: record.location().unwrap_or_default().to_owned(),
            group_id: aim.group.as_ref().map(|group| group.id.clone()),
            status: status.into(),
            description: if aim.approved {
                description.into()
            } else {
                wanted.message.clone()
            },
            link_identifier: (world.state.random.number() % 1_000_000_000).to_string(),
        }));
        made
    });
    let mut interface = fresh(world, &interface_id, "Microsoft.Network/networkInterfaces");
    interface.provisioning_state = "Succeeded".into();
    interface.facts = Facts::Interface(Arc::from(record.key()));
    interface.body =
        json!({"location": record.location(), "managedBy": record.id, "kind": "Regular", "properties": {}});
    record.facts = Facts::Endpoint(Box::new(EndpointFacts {
        interface_id,
        subnet_id: subnet.id.clone(),
        target_id: aim.record.as_ref().map(|target| target.id.clone()),
        group_id: aim.group.map(|group| group.id),
        connection_id: connection.as_ref().map(|connection| connection.id.clone()),
        manual: wanted.manual,
        status: status.into(),
        description: description.into(),
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

/// ARM behaviour: whole objects are accepted where only an id counts, and only the id is kept.
fn keep_references_only(request: &mut Value) {
    if let Some(id) = body::text(request, "properties.subnet.id").map(str::to_owned) {
        body::put(request, "properties.subnet", json!({"id": id}));
    }
    let groups: Vec<Value> = body::all(request, "properties.applicationSecurityGroups.*.id")
        .into_iter()
        .map(|id| json!({"id": id}))
        .collect();
    if !groups.is_empty() {
        body::put(
            request,
            "properties.applicationSecurityGroups",
            Value::Array(groups),
        );
    }
    for list in LISTS {
        if let Some(connections) = request
            .pointer_mut(&format!("/properties/{list}"))
            .and_then(Value::as_array_mut)
        {
            for connection in connections {
                body::edit(connection, |fields| {
                    fields.retain(|name, _| name == "name" || name == "properties")
                });
                if let Some(properties) = connection.get_mut("properties").and_then(Value::as_object_mut) {
                    properties.retain(|name, _| {
                        name != "provisioningState" && name != "privateLinkServiceConnectionState"
                    });
                }
            }
        }
    }
    if let Some(configurations) = request
        .pointer_mut("/properties/ipConfigurations")
        .and_then(Value::as_array_mut)
    {
        for configuration in configurations {
            body::edit(configuration, |fields| {
                fields.retain(|name, _| name == "name" || name == "properties")
            });
            if let Some(properties) = configuration.get_mut("properties").and_then(Value::as_object_mut) {
                properties.remove("provisioningState");
            }
        }
    }
}

/// ARM behaviour: exactly one connection in both lists together.
fn wanted(record: &Record) -> Result<Wanted, Failure> {
    let mut found = Vec::new();
    for (list, manual) in LISTS.iter().zip([false, true]) {
        for connection in body::all(&record.body, &format!("properties.{list}.*")) {
            found.push((manual, connection));
        }
    }
    let [(manual, connection)] = found.as_slice() else {
        return Err(errors::invalid_format(
            "InvalidPrivateLinkServiceConnections",
            format!(
                "Private endpoint {} must have exactly one private link service connection; the request has {}.",
                record.id,
                found.len()
            ),
        ));
    };
    let Some(target) = body::text(connection, "properties.privateLinkServiceId") else {
        return Err(errors::invalid_format(
            "MissingJsonReferenceId",
            "Value for reference id is missing. Path properties.privateLinkServiceConnections[0].properties.privateLinkServiceId.",
        ));
    };
    if body::text(connection, "name").is_none_or(str::is_empty) {
        return Err(errors::invalid_format(
            "MissingJsonPropertyName",
            "Name is missing. Path properties.privateLinkServiceConnections[0].",
        ));
    }
    Ok(Wanted {
        manual: *manual,
        target: target.to_owned(),
        groups: body::texts(connection, "properties.groupIds"),
        message: body::text(connection, "properties.requestMessage")
            .unwrap_or_default()
            .to_owned(),
    })
}

/// ARM behaviour: the subnet is there, in the endpoint's region and subscription, provisioned and not delegated.
fn subnet_of(world: &World<'_, '_>, record: &Record) -> Result<Arc<Record>, Failure> {
    let id = record.text(&["properties", "subnet", "id"]).unwrap_or_default();
    let key = id.to_ascii_lowercase();
    let unknown = || errors::invalid_reference(id, &record.id);
    let found = world
        .state
        .get(&key)
        .cloned()
        .filter(|found| found.resource_type.ends_with("/subnets"))
        .ok_or_else(unknown)?;
    let network = parent_key(&key)
        .and_then(|parent| world.state.get(parent))
        .ok_or_else(unknown)?;
    let region = |record: &Record| squeezed(record.location().unwrap_or_default());
    let subscription = |id: &str| id.split('/').nth(2).map(str::to_ascii_lowercase);
    if region(network) != region(record) || subscription(id) != subscription(&record.id) {
        return Err(unknown());
    }
    if found.deleting {
        return Err(unknown());
    }
    if found.operation.is_some() {
        return Err(errors::reference_not_provisioned(
            &found.id,
            &record.id,
            "PutSubnetOperation",
        ));
    }
    if body::at(&found.body, "properties.delegations")
        .and_then(Value::as_array)
        .is_some_and(|delegations| !delegations.is_empty())
    {
        return Err(Failure::network(
            400,
            "ResourceNotPermittedOnDelegatedSubnet",
            format!(
                "Resource {} of type 'Microsoft.Network/privateEndpoints' is not permitted on subnet {} that is delegated.",
                record.id, found.id
            ),
        ));
    }
    Ok(found)
}

/// ARM behaviour: what an endpoint points at and where it is cannot change.
fn check_unchanged(existing: &Record, wanted: &Record) -> Result<(), Failure> {
    let comparable = |record: &Record, path: &str| {
        let values: Vec<String> = body::all(&record.body, path)
            .into_iter()
            .map(|value| value.to_string().to_ascii_lowercase())
            .collect();
        values
    };
    let mut paths = vec![
        "properties.subnet.id".to_owned(),
        "properties.customNetworkInterfaceName".to_owned(),
    ];
    for list in LISTS {
        paths.push(format!("properties.{list}.*.properties.privateLinkServiceId"));
        paths.push(format!("properties.{list}.*.properties.groupIds"));
    }
    for part in ["groupId", "memberName", "privateIPAddress"] {
        paths.push(format!("properties.ipConfigurations.*.properties.{part}"));
    }
    for path in paths {
        if comparable(existing, &path) != comparable(wanted, &path) {
            return Err(Failure::network(
                400,
                "PropertyChangeNotAllowed",
                format!(
                    "Changing property '{}' of private endpoint {} is not allowed. Delete the private endpoint and create it again.",
                    path.replace(".*", ""),
                    existing.id
                ),
            ));
        }
    }
    Ok(())
}

/// Finds what the connection points at.
fn aim(world: &World<'_, '_>, record: &Record, wanted: &Wanted) -> Result<Aim, Failure> {
    let subscription = record.id.split('/').nth(2).unwrap_or_default();
    let invalid_service = || {
        Failure::network(
            400,
            "InvalidPrivateLinkServiceId",
            format!(
                "PrivateLinkServiceId Invalid private link service id {}.",
                wanted.target
            ),
        )
    };
    let (found, by_alias) = if wanted.target.starts_with('/') {
        let place = Place::parse(&wanted.target).ok_or_else(invalid_service)?;
        let found = world
            .state
            .get(&place.key)
            .cloned()
            .filter(|found| !found.deleting);
        (
            found.ok_or_else(|| errors::invalid_reference(&wanted.target, &record.id))?,
            false,
        )
    } else {
        if !wanted
            .target
            .to_ascii_lowercase()
            .ends_with(".azure.privatelinkservice")
        {
            return Err(invalid_service());
        }
        if !wanted.manual {
            return Err(Failure::network(
                400,
                "PrivateLinkServiceAliasRequiresManualConnection",
                format!(
                    "Private endpoint {} refers to a private link service by its alias: this needs manualPrivateLinkServiceConnections.",
                    record.id
                ),
            ));
        }
        let found = world
            .state
            .by_alias(&wanted.target)
            .filter(|service| link_service::is_visible(service, subscription));
        (found.cloned().ok_or_else(invalid_service)?, true)
    };
    let Some(target) = Target::of(&found.resource_type) else {
        return Err(invalid_service());
    };
    if wanted.message.chars().count() > target.message_limit {
        return Err(Failure::network(
            400,
            "PrivateEndpointRequestMessageTooLong",
            format!(
                "The request message of private endpoint {} has more than {} characters.",
                record.id, target.message_limit
            ),
        ));
    }
    let group = if target.is_service() {
        if !wanted.groups.is_empty() {
            return Err(Failure::network(
                400,
                "GroupIdsNotAllowedForPrivateLinkService",
                format!(
                    "Private endpoint {}: a connection to a private link service has no group ids.",
                    record.id
                ),
            ));
        }
        None
    } else {
        Some(group(world.state, record, &found, target, &wanted.groups)?)
    };
    let approved = if target.is_service() {
        (!wanted.manual && !by_alias) || link_service::approves(&found, subscription)
    } else {
        !wanted.manual
    };
    Ok(Aim {
        record: Some(found),
        target: Some(target),
        group,
        approved,
    })
}

/// ARM behaviour: one group for each connection, and the target's provider says whether it knows it.
fn group(
    state: &State,
    record: &Record,
    found: &Record,
    target: &Target,
    groups: &[String],
) -> Result<FilledGroup, Failure> {
    match groups {
        [] => Err(Failure::network(
            400,
            "MissingParameterOnPrivateLinkServiceConnection",
            format!(
                "Private link service connection of private endpoint {} is missing required parameter 'group Id'.",
                record.id
            ),
        )),
        [one] => target.group(state, found, one).ok_or_else(|| {
            Failure::network(
                400,
                "BadRequest",
                format!(
                    "Call to {} failed. Error message: Invalid groupId",
                    target.resource_type
                ),
            )
        }),
        _ => Err(Failure::network(
            400,
            "MultipleGroupIdsOnPrivateLinkServiceConnection",
            format!(
                "Private link service connection of private endpoint {} has {} group ids; only one is allowed.",
                record.id,
                groups.len()
            ),
        )),
    }
}

/// Gives each member its address: the one asked for, or the lowest that is free.
fn members(
    world: &mut World<'_, '_>,
    record: &Record,
    subnet: &Record,
    aim: &Aim,
) -> Result<Vec<EndpointMember>, Failure> {
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
    let mut chosen: Vec<(String, u32, String)> = Vec::new();
    for configuration in &asked {
        let member = body::text(configuration, "properties.memberName").unwrap_or_default();
        if !needed.iter().any(|(name, _)| name.eq_ignore_ascii_case(member))
            || chosen
                .iter()
                .any(|(other, ..)| other.eq_ignore_ascii_case(member))
        {
            return Err(Failure::network(
                400,
                "InvalidPrivateEndpointIpConfigurationMember",
                format!(
                    "Private endpoint {}: member '{member}' of ipConfigurations is not a required member of the group, or is there twice. Required members: {}.",
                    record.id,
                    needed
                        .iter()
                        .map(|(name, _)| name.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            ));
        }
        let text = body::text(configuration, "properties.privateIPAddress").unwrap_or_default();
        let address = text.parse::<Ipv4Addr>().map(u32::from).map_err(|_| {
            Failure::network(
                400,
                "InvalidIPAddressFormat",
                format!(
                    "IP address {text} of private endpoint {} is not valid.",
                    record.id
                ),
            )
        })?;
        let Some(prefix) = prefixes.iter().find(|prefix| prefix.contains(address)) else {
            return Err(Failure::network(
                400,
                "PrivateIPAddressNotInSubnet",
                format!(
                    "Private static IP address {text} does not belong to the range of subnet prefix {}.",
                    subnet.id
                ),
            ));
        };
        if prefix.reserves(address) {
            return Err(Failure::network(
                400,
                "PrivateIPAddressInReservedRange",
                format!(
                    "Private static IP address {text} falls within reserved IP range of subnet prefix {}.",
                    subnet.id
                ),
            ));
        }
        let owner = world.state.pool(&key).and_then(|pool| pool.owner(address));
        if owner.is_some() || chosen.iter().any(|(_, other, _)| *other == address) {
            return Err(Failure::network(
                400,
                "PrivateIPAddressInUse",
                format!(
                    "IP configuration {} is using the private IP address {text} which is already in use.",
                    record.id
                ),
            ));
        }
        let name = body::text(configuration, "name").unwrap_or_default().to_owned();
        chosen.push((member.to_owned(), address, name));
    }
    let mut planned: Vec<u32> = chosen.iter().map(|(_, address, _)| *address).collect();
    let mut found = Vec::new();
    for (member, fqdns) in needed {
        let one = chosen
            .iter()
            .find(|(name, ..)| name.eq_ignore_ascii_case(&member));
        let (address, configuration, is_static) = match one {
            Some((_, address, name)) => (*address, name.clone(), true),
            None => {
                let free = match world.state.pool(&key) {
                    Some(pool) => pool.lowest_free(&prefixes, &planned),
                    None => crate::addresses::AddressPool::default().lowest_free(&prefixes, &planned),
                };
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
    Ok(found)
}

/// ARM behaviour: `{endpoint}.nic.{guid}`, or the name that the request chose, in the endpoint's group.
fn interface_id(world: &mut World<'_, '_>, record: &Record) -> Result<String, Failure> {
    let group = record.id.split("/providers/").next().unwrap_or_default();
    let chosen = record
        .text(&["properties", "customNetworkInterfaceName"])
        .unwrap_or_default();
    let name = if chosen.is_empty() {
        format!("{}.nic.{}", record.name(), world.state.random.guid())
    } else {
        chosen.to_owned()
    };
    if name.chars().count() > 80 && !chosen.is_empty() {
        return Err(crate::world::invalid_name(
            &name,
            "Microsoft.Network/networkInterfaces",
        ));
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

/// Takes away what the endpoint brought into being.
pub(crate) fn cleared(state: &mut State, endpoint: &Record) {
    if let Facts::Endpoint(facts) = &endpoint.facts {
        state.remove(&facts.interface_id.to_ascii_lowercase());
        if let Some(connection) = &facts.connection_id {
            state.remove(&connection.to_ascii_lowercase());
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
    }
    state
        .added_members
        .entry(target_key.to_owned())
        .or_default()
        .push(added);
}
