//! What a target says that private endpoints can ask of it: `privateLinkResources`, and the network provider's answers about
//! targets of a region.

use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::body;
use crate::network::link_service;
use crate::request::answer;
use crate::request::errors::{self, Failure};
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::World;
use crate::targets::storage;
use crate::targets::{FilledGroup, TARGETS, Target, squeezed};
use crate::types;

const COSMOS_DB: &str = "Microsoft.DocumentDB/databaseAccounts";

/// One item of a target's `privateLinkResources`, when the place is that of one.
pub(crate) fn one(state: &State, place: &Place) -> Option<Value> {
    let (owner_type, last) = place.resource_type.rsplit_once('/')?;
    if !last.eq_ignore_ascii_case("privateLinkResources") {
        return None;
    }
    let target = Target::of(owner_type)?;
    let owner = state.get(&place.parent.as_ref()?.to_ascii_lowercase())?;
    target
        .group(state, owner, &place.name)
        .map(|group| shown(owner, target, &group))
}

/// Whether a target lists a group.
///
/// ARM behaviour: a storage account lists the groups of its second region only where it can be read there, and a Cosmos DB
/// account those of the API that it has.
fn is_listed(owner: &Record, group: &FilledGroup) -> bool {
    if !owner.resource_type.eq_ignore_ascii_case(COSMOS_DB) {
        return !group.is_secondary() || storage::reads_elsewhere(owner);
    }
    let capabilities = body::all(&owner.body, "properties.capabilities.*.name");
    let can = |wanted: &str| capabilities.iter().any(|one| one.as_str() == Some(wanted));
    let for_mongo = owner.text(&["kind"]) == Some("MongoDB");
    match group.id.as_str() {
        "Sql" => !for_mongo && !can("EnableCassandra"),
        "MongoDB" => for_mongo,
        "Analytical" => {
            body::at(&owner.body, "properties.enableAnalyticalStorage").and_then(Value::as_bool) == Some(true)
        }
        other => can(&format!("Enable{other}")),
    }
}

/// The list, when the path is that of a target's `privateLinkResources`.
pub(crate) fn list(state: &State, key: &str) -> Option<Result<Value, Failure>> {
    let owner_key = key.strip_suffix("/privatelinkresources")?;
    let place = Place::parse(owner_key)?;
    let target = Target::of(&place.resource_type)?;
    let Some(owner) = state.get(owner_key) else {
        return Some(Err(crate::request::errors::resource_not_found(
            &format!("{}/{}", target.resource_type, place.name),
            place.group.as_deref().unwrap_or_default(),
        )));
    };
    let value: Vec<Value> = target
        .groups_of(state, owner)
        .iter()
        .filter(|group| is_listed(owner, group))
        .map(|group| shown(owner, target, group))
        .collect();
    Some(Ok(json!({"value": value})))
}

fn shown(owner: &Record, target: &Target, group: &FilledGroup) -> Value {
    let mut members: Vec<&str> = group.members.iter().map(|(member, _)| member.as_str()).collect();
    if target.lists_first_last && !members.is_empty() {
        members.rotate_left(1);
    }
    let mut item = json!({
        "id": format!("{}/privateLinkResources/{}", owner.id, group.id),
        "name": group.id,
        "type": format!("{}/privateLinkResources", target.resource_type),
    });
    if target.flat {
        body::put(&mut item, "groupId", json!(group.id));
        body::put(&mut item, "requiredMembers", json!(members));
    } else {
        body::put(
            &mut item,
            "properties",
            json!({"groupId": group.id, "requiredMembers": members, "requiredZoneNames": group.zones}),
        );
    }
    if !target.title.is_empty() {
        let called = format!("{} {}", target.title, group.id);
        body::put(&mut item, "properties.displayName", json!(called));
    }
    item
}

fn services(world: &World<'_, '_>, subscription: &str, region: &str) -> Vec<Arc<Record>> {
    let path = format!(
        "/subscriptions/{}/providers/microsoft.network/privatelinkservices",
        subscription.to_ascii_lowercase()
    );
    world
        .state
        .collection(&path)
        .filter(|service| squeezed(service.location().unwrap_or_default()) == squeezed(region))
        .cloned()
        .collect()
}

/// The types that private endpoints can point at.
///
/// ARM behaviour: each with an API version of its provider's; here the newest that is known.
pub(crate) fn endpoint_types(_: &World<'_, '_>, subscription: &str, _: &str) -> Result<Outcome, Failure> {
    let value: Vec<Value> = TARGETS
        .iter()
        .map(|target| {
            let name = target.resource_type.replace('/', ".");
            let versions = types::find(target.resource_type).api_versions;
            json!({
                "name": name,
                "id": format!("/subscriptions/{subscription}/providers/Microsoft.Network/AvailablePrivateEndpointTypes/{name}"),
                "type": "Microsoft.Network/AvailablePrivateEndpointTypes",
                "resourceName": target.resource_type,
                "displayName": target.resource_type,
                "apiVersion": versions.map(|versions| versions.newest),
            })
        })
        .collect();
    Ok(Outcome::json(200, json!({"value": value})))
}

/// The services that need nobody's approval for endpoints of the subscription.
pub(crate) fn approving_services(
    world: &World<'_, '_>,
    subscription: &str,
    region: &str,
) -> Result<Outcome, Failure> {
    let value: Vec<Value> = services(world, subscription, region)
        .iter()
        .filter(|service| link_service::approves(service, subscription))
        .map(|service| json!({"privateLinkService": service.id}))
        .collect();
    Ok(Outcome::json(200, json!({"value": value})))
}

/// Whether the subscription sees the service with an alias.
pub(crate) fn visibility(world: &World<'_, '_>, subscription: &str, _: &str) -> Result<Outcome, Failure> {
    let request = world.call.json()?;
    let alias = body::text(&request, "privateLinkServiceAlias").unwrap_or_default();
    let visible = world
        .state
        .by_alias(alias)
        .is_some_and(|service| link_service::is_visible(service, subscription));
    Ok(Outcome::json(200, json!({"visible": visible})))
}

/// Whether an address of a network is free: `…/virtualNetworks/{v}/checkIPAddressAvailability?ipAddress=`.
pub(crate) fn address_availability(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let given = world.call.query("ipAddress").unwrap_or_default();
    let Ok(address) = given.parse::<Ipv4Addr>() else {
        return Err(errors::invalid_format(
            "InvalidIPAddress",
            format!("Value '{given}' of the query parameter 'ipAddress' is not an IP address."),
        ));
    };
    Ok(Outcome::json(200, available(world, &place.key, address.into())))
}

fn available(world: &World<'_, '_>, network: &str, address: u32) -> Value {
    for subnet in world.state.collection(&format!("{network}/subnets")) {
        let prefixes = crate::network::subnet::prefixes(subnet);
        let Some(prefix) = prefixes.iter().find(|prefix| prefix.contains(address)) else {
            continue;
        };
        let key = subnet.key();
        let pool = world.state.pool(&key);
        let taken = prefix.reserves(address) || pool.is_some_and(|pool| pool.owner(address).is_some());
        let mut others = Vec::new();
        while taken && others.len() < 5 {
            let Some(next) = world.state.lowest_free(&key, &prefixes, &others) else {
                break;
            };
            others.push(next);
        }
        let others: Vec<String> = others.into_iter().map(answer::dotted).collect();
        return json!({"available": !taken, "availableIPAddresses": others, "isPlatformReserved": prefix.reserves(address)});
    }
    json!({"available": false, "availableIPAddresses": [], "isPlatformReserved": false})
}
