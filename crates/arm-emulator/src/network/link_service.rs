//! Private link services: alias, visibility, automatic approval and connections; NAT addresses and their interface.

use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::balancer::load_balancer;
use crate::body;
use crate::network::{allocation, connection, parts};
use crate::operations::completion;
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::place::is_guid;
use crate::state::record::{Facts, Record};
use crate::state::world::{Draft, World, fresh};
use crate::state::{Key, State};
use crate::targets::squeezed;
use crate::types;

const LIST: &str = "ipConfigurations";

/// Adds alias, parts and connections.
pub(crate) fn show(state: &State, record: &Record, etag: &str, properties: &mut Map<String, Value>) {
    if let Some(configurations) = properties.get_mut("ipConfigurations") {
        answer::show_parts(
            record,
            etag,
            configurations,
            "ipConfigurations",
            Some("Succeeded"),
        );
        // The interface shows the addresses that nobody asked for.
        for configuration in configurations.as_array_mut().into_iter().flatten() {
            if !allocation::is_static(configuration)
                && let Some(inner) = configuration.get_mut("properties").and_then(Value::as_object_mut)
            {
                inner.remove("privateIPAddress");
            }
        }
    }
    properties.insert("alias".into(), json!(record.alias.clone().unwrap_or_default()));
    properties.insert("networkInterfaces".into(), json!([{"id": interface_id(record)}]));
    properties.insert(
        "privateEndpointConnections".into(),
        connection::list_on(state, &record.key()),
    );
}

/// The id of the service's interface.
fn interface_id(record: &Record) -> String {
    let stem = record
        .id
        .replacen("/privateLinkServices/", "/networkInterfaces/", 1);
    format!("{stem}.nic.{}", record.guid)
}

/// How many addresses a service has at most.
const ADDRESSES: usize = 8;
/// How many connections a service has at most.
const CONNECTIONS: usize = 1000;
/// How many services without a load balancer a subscription has at most.
const DIRECT: u32 = 10;

fn refused(code: &str, message: String) -> Result<(), Failure> {
    Err(Failure::network(400, code, message))
}

fn destination(record: &Record) -> Option<&str> {
    record
        .text(&["properties", "destinationIPAddress"])
        .filter(|address| !address.is_empty())
}

/// Checks what a service stands in front of: frontends of load balancers, or one address (Direct Connect).
fn check_behind(
    world: &World<'_, '_>,
    record: &mut Record,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let configurations = parts::parts(record, LIST).len();
    if configurations > ADDRESSES {
        return refused(
            "PrivateLinkServiceIpConfigurationCountLimitReached",
            format!(
                "Private link service {} cannot have more than {ADDRESSES} IP configurations.",
                record.id
            ),
        );
    }
    let frontends = load_balancer::frontends_of(record).next().is_some();
    let Some(address) = destination(record) else {
        if !frontends {
            return refused(
                "PrivateLinkServiceMissingLoadBalancerFrontendIpConfigurationOrDestinationIPAddress",
                format!(
                    "Private link service {} needs a load balancer frontend IP configuration or a destination IP address.",
                    record.id
                ),
            );
        }
        if existing.is_some_and(|existing| destination(existing).is_some()) {
            return cannot_migrate(record);
        }
        return load_balancer::check_behind(world.state, record);
    };
    if frontends {
        return refused(
            "PrivateLinkServiceCannotHaveBothLoadBalancerAndDestinationIPAddress",
            format!(
                "Private link service {} cannot have both a load balancer frontend IP configuration and a destination IP address.",
                record.id
            ),
        );
    }
    if address.parse::<Ipv4Addr>().is_err() {
        return refused(
            "InvalidIPAddressFormat",
            format!("IP address {address} of resource {} is not valid.", record.id),
        );
    }
    if existing.is_some_and(|existing| destination(existing).is_none()) {
        return cannot_migrate(record);
    }
    if configurations < 2 || !configurations.is_multiple_of(2) {
        return refused(
            "PrivateLinkServiceDirectConnectInvalidIpConfigurationCount",
            format!(
                "Private link service {} with a destination IP address needs at least 2 IP configurations, in multiples of 2.",
                record.id
            ),
        );
    }
    let subscription = record
        .id
        .split('/')
        .nth(2)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let counted: Key = Key::from(format!("/subscriptions/{subscription}#directconnect"));
    if !record.counted_in.contains(&counted) {
        if world.state.count_in(&counted) >= DIRECT {
            return refused(
                "PrivateLinkServiceDirectConnectCountLimitReached",
                format!(
                    "Cannot create more than {DIRECT} private link services with a destination IP address for this subscription."
                ),
            );
        }
        record.counted_in.push(counted);
    }
    Ok(())
}

fn cannot_migrate(record: &Record) -> Result<(), Failure> {
    refused(
        "PrivateLinkServiceDestinationCannotBeChanged",
        format!(
            "Private link service {} cannot be changed from a load balancer to a destination IP address or back.",
            record.id
        ),
    )
}

/// ARM behaviour: subscriptions are GUIDs, or `*` for all.
fn check_subscriptions(record: &Record) -> Result<(), Failure> {
    for list in ["visibility", "autoApproval"] {
        let subscriptions = body::texts(&record.body, &format!("properties.{list}.subscriptions"));
        let wrong = subscriptions.iter().find(|one| *one != "*" && !is_guid(one));
        if let Some(wrong) = wrong {
            return refused(
                "InvalidSubscriptionId",
                format!(
                    "Subscription {wrong} in {list} of private link service {} is not valid.",
                    record.id
                ),
            );
        }
    }
    Ok(())
}

/// The interface that a new service brings with it.
fn made_interface(world: &mut World<'_, '_>, service: &Record) -> Record {
    let mut interface = fresh(
        world,
        &interface_id(service),
        "Microsoft.Network/networkInterfaces",
    );
    interface.facts = Facts::Interface(Key::from(service.key()));
    interface.body = json!({"location": service.location(), "kind": "Regular", "properties": {}}).into();
    interface
}

/// Takes a service out, with its interface.
pub(crate) fn remove(state: &mut State, service: &Arc<Record>) {
    state.remove(&service.key());
    completion::remove_made(state, &interface_id(service));
}

/// Checks a service, takes its addresses, and gives a new one its alias and its interface.
///
/// ARM behaviour: its subnet has no network policies for private link services.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    for configuration in parts::parts(record, LIST) {
        if body::text(configuration, "properties.subnet.id").is_none() {
            return refused(
                "PrivateLinkServiceIpConfigurationMissingSubnet",
                format!(
                    "An IP configuration of private link service {} has no subnet.",
                    record.id
                ),
            );
        }
    }
    // ARM behaviour: frontends are answered in the spelling of their type.
    body::each(
        &mut record.body,
        "properties.loadBalancerFrontendIpConfigurations.*.id",
        &mut |id| {
            if let Some(given) = id.as_str() {
                *id = json!(types::spelled(given));
            }
        },
    );
    check_behind(world, record, existing)?;
    check_subscriptions(record)?;
    parts::check_names(record, LIST)?;
    allocation::check_one_network(record, LIST)?;
    allocation::settle_primary(record)?;
    let subnets = body::all(&record.body, "properties.ipConfigurations.*.properties.subnet.id");
    for id in subnets.into_iter().filter_map(Value::as_str) {
        let policies = world
            .state
            .get(&id.to_ascii_lowercase())
            .and_then(|subnet| subnet.text(&["properties", "privateLinkServiceNetworkPolicies"]));
        if policies.is_some_and(|policies| policies != "Disabled") {
            return Err(Failure::network(
                400,
                "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
                format!(
                    "Private link service {} cannot be created in a subnet {id} since it has private link service network policies enabled.",
                    record.id
                ),
            ));
        }
    }
    let visible = body::texts(&record.body, "properties.visibility.subscriptions");
    let automatic = body::texts(&record.body, "properties.autoApproval.subscriptions");
    if let Some(outside) = automatic
        .iter()
        .find(|one| !holds(&visible, one) && !visible.is_empty())
    {
        return Err(Failure::network(
            400,
            "AutoApprovalMustBeASubsetOfVisibility",
            format!(
                "Subscription {outside} in autoApproval of private link service {} is not in its visibility.",
                record.id
            ),
        ));
    }
    if record.alias.is_none() {
        let region = squeezed(record.location().unwrap_or_default());
        record.alias = Some(format!(
            "{}.{}.{region}.azure.privatelinkservice",
            record.name(),
            world.state.random.guid()
        ));
    }
    allocation::assign(world.state, record, existing, LIST)?;
    if existing.is_none() {
        let interface = made_interface(world, &draft.record);
        draft.also.push(interface);
    }
    Ok(())
}

/// Whether the service can be found by a subscription.
///
/// ARM behaviour: its own subscription always can.
pub(crate) fn is_visible(service: &Record, subscription: &str) -> bool {
    owns(service, subscription)
        || holds(
            &body::texts(&service.body, "properties.visibility.subscriptions"),
            subscription,
        )
}

/// Whether connections from a subscription need nobody's approval.
pub(crate) fn approves(service: &Record, subscription: &str) -> bool {
    holds(
        &body::texts(&service.body, "properties.autoApproval.subscriptions"),
        subscription,
    )
}

fn owns(service: &Record, subscription: &str) -> bool {
    service
        .id
        .split('/')
        .nth(2)
        .is_some_and(|own| own.eq_ignore_ascii_case(subscription))
}

fn holds(subscriptions: &[String], subscription: &str) -> bool {
    subscriptions
        .iter()
        .any(|one| one == "*" || one.eq_ignore_ascii_case(subscription))
}

/// ARM behaviour: a service has 1,000 connections at most.
pub(crate) fn check_room(state: &State, service: &Record) -> Result<(), Failure> {
    let connections = format!("{}/privateendpointconnections", service.key());
    if state.collection_size(&connections) < CONNECTIONS {
        return Ok(());
    }
    refused(
        "PrivateEndpointConnectionCountLimitReached",
        format!(
            "Private link service {} already has the maximum of {CONNECTIONS} private endpoint connections.",
            service.id
        ),
    )
}

/// ARM behaviour: a service with connections is not deleted.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let collection = format!("{}/privateendpointconnections", record.key());
    match world.state.collection(&collection).next() {
        Some(connection) => Err(Failure::network(
            400,
            "CannotDeletePrivateLinkServiceWithPrivateEndpointConnections",
            format!(
                "Private link service {} cannot be deleted since it has private endpoint connections, for example {}. Delete the connections first.",
                record.id, connection.id
            ),
        )),
        None => Ok(()),
    }
}
