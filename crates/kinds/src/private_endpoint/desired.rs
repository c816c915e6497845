//! What an endpoint wants in Azure, from its spec, its scope and what is known of the network and the target.

use std::collections::BTreeMap;

use privatelink_api::{Approval, PrivateEndpoint};
use privatelink_arm::ResourceId;
use privatelink_arm::model::is_same_location;
use privatelink_arm::models::private_endpoint::{self as wire, MODEL, SubResource};
use privatelink_arm::models::virtual_network;
use privatelink_engine::facts::Fact;
use privatelink_engine::plan::{DesiredNode, Want};
use privatelink_engine::{Missing, Resolved, Scope, Unresolved, World, both};

use super::target::{TargetId, check_group};
use super::{NODE, dns};
use crate::{membership, reference};

pub(super) fn desired(
    endpoint: &PrivateEndpoint,
    id: &ResourceId,
    world: &World<'_>,
) -> Result<Resolved, Missing> {
    let scope = world.scope;
    let spec = &endpoint.spec;
    let subnet = reference::resolve("spec.subnet", &spec.subnet, scope)?;
    let target = TargetId::of(endpoint, scope)?;
    let ((location, ()), (zone_group, security_groups)) = both(
        both(
            location(endpoint, &subnet, world),
            check_group(endpoint, &target, world),
        ),
        both(
            dns::desired(endpoint, id, world),
            membership::groups(endpoint, world),
        ),
    )?;
    let connection = wire::Connection {
        name: id.name().to_owned(),
        properties: wire::ConnectionProperties {
            private_link_service_id: target.text(),
            group_ids: spec.target.group_id.iter().cloned().collect(),
            request_message: spec.target.request_message.clone(),
        },
    };
    let manual = spec.target.approval() == Approval::Manual;
    let ip_configurations = spec.ip_addresses.iter().map(|address| wire::IpConfiguration {
        name: address.member_name.clone(),
        properties: wire::IpConfigurationProperties {
            group_id: spec.target.group_id.clone(),
            member_name: address.member_name.clone(),
            private_ip_address: address.address.clone(),
        },
    });
    let tags = reference::tags(&spec.placement.tags, scope);
    let body = wire::PrivateEndpoint {
        location: location.clone(),
        tags,
        properties: wire::Properties {
            subnet: SubResource {
                id: subnet.to_string(),
            },
            private_link_service_connections: (!manual).then(|| vec![connection.clone()]),
            manual_private_link_service_connections: manual.then_some(vec![connection]),
            application_security_groups: security_groups
                .iter()
                .map(|id| SubResource { id: id.to_string() })
                .collect(),
            ip_configurations: ip_configurations.collect(),
            custom_network_interface_name: spec.network_interface_name.clone(),
        },
    };
    let body = serde_json::to_value(body)
        .map_err(|error| Unresolved::invalid(format!("spec cannot be written as JSON: {error}")))?;
    let mut effective = effective(endpoint, id, &subnet, &target, scope);
    effective.insert("location".to_owned(), location);
    effective.extend(dns::place_of(endpoint, zone_group.as_ref()));
    let main = DesiredNode {
        name: NODE,
        id: id.clone(),
        model: &MODEL,
        want: Want::Present(body),
    };
    Ok(Resolved {
        nodes: [main].into_iter().chain(zone_group).collect(),
        effective,
    })
}

/// What defaults resolve to, before anything is known of Azure.
pub(super) fn effective(
    endpoint: &PrivateEndpoint,
    id: &ResourceId,
    subnet: &ResourceId,
    target: &TargetId,
    scope: &Scope,
) -> BTreeMap<String, String> {
    let group = id.resource_group().unwrap_or_default();
    let pinned = dns::place_of(endpoint, None);
    let effective = [
        ("approval", format!("{:?}", endpoint.spec.target.approval())),
        ("resourceGroup", group.to_owned()),
        ("scope", scope.name().to_owned()),
        ("subnet", subnet.to_string()),
        ("target", target.text()),
    ];
    let effective = effective
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    effective.chain(pinned).collect()
}

/// An endpoint is in its network's region: Azure takes no other.
fn location(endpoint: &PrivateEndpoint, subnet: &ResourceId, world: &World<'_>) -> Result<String, Missing> {
    let wish = endpoint.spec.placement.location.as_ref();
    let Some(network) = subnet.parent() else {
        return Err(Unresolved::invalid(format!("spec.subnet: {subnet} is not the id of a subnet")).into());
    };
    let query = reference::network_facts(&network);
    let message = match (world.fact(&query)?, wish) {
        (Fact::Known(body), wish) => match (virtual_network::location(body), wish) {
            (Some(location), None) => return Ok(location.to_owned()),
            (Some(location), Some(wish)) if !is_same_location(location, wish) => {
                let message = format!(
                    "spec.location: {network} is in {location}, and Azure takes an endpoint in its network's region only; make a new object without spec.location"
                );
                return Err(Unresolved::invalid(message).into());
            }
            (_, Some(wish)) => return Ok(wish.clone()),
            (None, None) => format!("the virtual network {network} has no location; set spec.location"),
        },
        // Azure decides.
        (_, Some(wish)) => return Ok(wish.clone()),
        (Fact::Absent, None) => {
            format!("spec.subnet: the virtual network {network} does not exist; it is looked for again")
        }
        (Fact::Unreadable(why), None) => {
            let message = format!(
                "spec.subnet: the virtual network {network} cannot be read ({why}); allow reading it, or set spec.location"
            );
            return Err(Unresolved::unreadable(&network, message).into());
        }
    };
    Err(Unresolved::dependency(message).into())
}
