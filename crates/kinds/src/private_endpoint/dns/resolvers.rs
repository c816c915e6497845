//! Where the clients resolve: the networks whose resolvers answer them, and whether those ask the endpoint's zones.

use privatelink_api::{EndpointDns, PrivateEndpoint};
use privatelink_arm::ResourceId;
use privatelink_arm::models::private_dns_zone::API_VERSION;
use privatelink_arm::models::{private_dns_zone_link, virtual_network};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::{Missing, Unresolved, World, all};
use serde_json::Value;

use super::LOOK_AGAIN;
use crate::reference;

/// Whether the clients ask the zones.
pub(super) enum Linked {
    /// From these networks.
    Yes(Vec<ResourceId>),
    No(String),
    /// Nobody said where the clients resolve, or it cannot be read.
    Unknown(String),
}

/// The networks that spec or the scope name; none where neither does.
fn named(dns: &EndpointDns, world: &World<'_>) -> Result<Vec<ResourceId>, Unresolved> {
    let defaults = world.scope.spec().defaults.as_ref();
    let of_scope = defaults
        .and_then(|defaults| defaults.dns.as_ref())
        .map(|dns| dns.resolver_networks.as_slice())
        .unwrap_or_default();
    let (field, networks) = if dns.resolved_from.is_empty() {
        ("spec.defaults.dns.resolverNetworks of the scope", of_scope)
    } else {
        ("spec.dns.resolvedFrom", dns.resolved_from.as_slice())
    };
    let networks = networks.iter().enumerate();
    networks
        .map(|(index, network)| reference::resolve(&format!("{field}[{index}]"), network, world.scope))
        .collect()
}

/// Whether resolvers of the clients' networks ask every zone.
///
/// # Errors
/// What has to be read first, or a reference that leads nowhere.
pub(super) fn linked(
    endpoint: &PrivateEndpoint,
    dns: &EndpointDns,
    zones: &[ResourceId],
    world: &World<'_>,
) -> Result<Linked, Missing> {
    let mut networks = named(dns, world)?;
    if networks.is_empty() {
        let subnet = reference::resolve("spec.subnet", &endpoint.spec.subnet, world.scope)?;
        let Some(network) = subnet.parent() else {
            return Ok(Linked::Unknown(format!("{subnet} is not the id of a subnet")));
        };
        if let Some(why) = asks_elsewhere(&network, world)? {
            return Ok(Linked::Unknown(why));
        }
        networks.push(network);
    }
    let queries = zones.iter().map(|zone| {
        FactQuery::of(zone, API_VERSION)
            .all(private_dns_zone_link::SEGMENT)
            .believed_for(LOOK_AGAIN)
    });
    let facts = all(queries.map(|query| world.fact(&query)))?;
    let nothing = Value::Array(Vec::new());
    for (zone, links) in zones.iter().zip(facts) {
        let links = match links {
            Fact::Known(links) => Some(&**links),
            // The zone has gone: it says so itself.
            Fact::Absent => Some(&nothing),
            Fact::Unreadable(_) => None,
        };
        let Some(links) = links else {
            return Ok(Linked::Unknown(format!(
                "the links of {zone} cannot be read, so whether clients ask it is not verified; allow reading the zone in the AzureScope"
            )));
        };
        let links = links.as_array().map(Vec::as_slice).unwrap_or_default();
        let is_unlinked = |network: &&ResourceId| {
            !links
                .iter()
                .any(|link| private_dns_zone_link::leads_to(link, network))
        };
        if let Some(network) = networks.iter().find(is_unlinked) {
            return Ok(Linked::No(format!(
                "the zone {zone} is not linked to {network}, so clients there get the public address; create a PrivateDnsZoneLink between them"
            )));
        }
    }
    Ok(Linked::Yes(networks))
}

/// Why it cannot be said what the clients of a network ask.
fn asks_elsewhere(network: &ResourceId, world: &World<'_>) -> Result<Option<String>, Missing> {
    Ok(match world.fact(&reference::network_facts(network))? {
        Fact::Known(body) => {
            let servers = virtual_network::dns_servers(body);
            (!servers.is_empty()).then(|| {
                format!(
                    "the clients of {network} ask DNS servers of their own ({}), and whether those ask the zones is not verified; name the network whose resolver they forward to in spec.dns.resolvedFrom",
                    servers.join(", ")
                )
            })
        }
        Fact::Absent | Fact::Unreadable(_) => Some(format!(
            "{network} cannot be read, so whether its clients ask the zones is not verified; name the network where they resolve in spec.dns.resolvedFrom"
        )),
    })
}
