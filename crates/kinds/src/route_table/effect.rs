//! Whether routes lead traffic to private endpoints: Azure gives every endpoint a route of its own, which a table beats only
//! where the endpoint's subnet lets it and the route is as specific as the network.

use std::collections::BTreeMap;

use kube::ResourceExt;
use privatelink_api::{ConditionType, PrivateEndpoint, Reason, Route, RouteTable};
use privatelink_arm::ResourceId;
use privatelink_arm::models::{subnet, virtual_network};
use privatelink_engine::facts::Fact;
use privatelink_engine::{Finding, Missing, Truth, World, all, both};

use crate::access::prefix::Prefix;
use crate::reference;

/// At most so many endpoints are named.
const MOST_TOLD: usize = 5;
/// At most so many subnets are asked about.
const MOST_SUBNETS: usize = 32;

/// Why a route does not lead to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Powerless {
    route: String,
    prefix: String,
    /// The subnet whose policy is in the way, and that policy.
    policy: Option<(String, String)>,
    /// The prefix of the network that the route is wider than.
    wider_than: Option<String>,
}

/// A warning about routes of a table that do not lead traffic to endpoints of its namespace, though they are for their
/// addresses. `sources` are the networks of the subnets that use the table: it is nothing to endpoints that they have no way to.
///
/// # Errors
/// What has to be read first.
pub(super) fn powerless(
    table: &RouteTable,
    sources: &[ResourceId],
    world: &World<'_>,
) -> Result<Option<Finding>, Missing> {
    let endpoints = endpoints(table, world);
    let mut subnets: Vec<&ResourceId> = endpoints.iter().map(|endpoint| &endpoint.subnet).collect();
    subnets.sort_by(|one, other| one.key().cmp(other.key()));
    subnets.dedup_by(|one, other| one.key() == other.key());
    subnets.truncate(MOST_SUBNETS);
    let facts = subnets.iter().map(|id| {
        let network = id.parent().unwrap_or_else(|| (*id).clone());
        both(
            world.fact(&reference::subnet_facts(id)),
            world.fact(&reference::network_facts(&network)),
        )
    });
    let facts: BTreeMap<&str, (&Fact, &Fact)> = subnets.iter().map(|id| id.key()).zip(all(facts)?).collect();
    let mut found: BTreeMap<Powerless, Vec<String>> = BTreeMap::new();
    for endpoint in &endpoints {
        let Some((Fact::Known(of_subnet), Fact::Known(of_network))) =
            facts.get(endpoint.subnet.key()).copied()
        else {
            continue;
        };
        let network = endpoint.subnet.parent();
        let peers = virtual_network::peers(of_network);
        let is_source = |network: &str| {
            sources
                .iter()
                .any(|source| source.as_ref().eq_ignore_ascii_case(network))
        };
        let own = network.is_some_and(|network| is_source(network.as_ref()));
        if !own && !peers.into_iter().any(is_source) {
            continue;
        }
        let policies = subnet::endpoint_policies(of_subnet);
        let space = virtual_network::address_space(of_network);
        for address in &endpoint.addresses {
            let Some((route, prefix)) = leading(&table.spec.routes, address) else {
                continue;
            };
            let space = space
                .iter()
                .filter_map(|text| Some((text, text.parse::<Prefix>().ok()?)));
            let mut around = space.filter(|(_, space)| space.contains(address));
            let wider_than = around
                .next()
                .filter(|(_, space)| !prefix.as_narrow_as(space))
                .map(|(text, _)| text.clone());
            let policy = (!subnet::applies_routes(policies))
                .then(|| (endpoint.subnet.name().to_owned(), policies.to_owned()));
            if wider_than.is_some() || policy.is_some() {
                let powerless = Powerless {
                    route: route.name.clone(),
                    prefix: route.address_prefix.clone(),
                    policy,
                    wider_than,
                };
                found.entry(powerless).or_default().push(endpoint.name.clone());
            }
        }
    }
    Ok(finding(&found))
}

struct Placed {
    name: String,
    subnet: ResourceId,
    addresses: Vec<Prefix>,
}

/// The endpoints of the table's namespace, as far as their addresses are known.
fn endpoints(table: &RouteTable, world: &World<'_>) -> Vec<Placed> {
    let mut endpoints = Vec::new();
    let namespace = table.namespace().unwrap_or_default();
    world
        .objects
        .each(Some(&namespace), |endpoint: &PrivateEndpoint| {
            let Ok(subnet) = reference::resolve("spec.subnet", &endpoint.spec.subnet, world.scope) else {
                return;
            };
            let shown = endpoint.status.as_ref().map(|status| &status.ip_configurations);
            let addresses = shown.into_iter().flatten();
            endpoints.push(Placed {
                name: endpoint.name_any(),
                subnet,
                addresses: addresses
                    .filter_map(|shown| shown.ip_address.parse().ok())
                    .collect(),
            });
        });
    endpoints
}

/// The route that would lead traffic to an address: the most specific one.
fn leading<'a>(routes: &'a [Route], address: &Prefix) -> Option<(&'a Route, Prefix)> {
    let prefixes = routes
        .iter()
        .filter_map(|route| Some((route, route.address_prefix.parse::<Prefix>().ok()?)));
    prefixes
        .filter(|(_, prefix)| prefix.contains(address))
        .max_by_key(|(_, prefix)| prefix.length())
}

fn finding(found: &BTreeMap<Powerless, Vec<String>>) -> Option<Finding> {
    let (powerless, endpoints) = found.first_key_value()?;
    let mut names = endpoints.clone();
    names.dedup();
    let more = names.len().saturating_sub(MOST_TOLD);
    names.truncate(MOST_TOLD);
    let mut told = names.join(", ");
    if more > 0 {
        told.push_str(&format!(" and {more} more"));
    }
    let mut missing = Vec::new();
    if let Some((subnet, policies)) = &powerless.policy {
        missing.push(format!(
            "privateEndpointNetworkPolicies of their subnet {subnet} is {policies} (set RouteTableEnabled or Enabled, on a SubnetBinding of it)"
        ));
    }
    if let Some(space) = &powerless.wider_than {
        missing.push(format!(
            "the route is wider than {space}, the address space of their network (add a route for {space} or a part of it)"
        ));
    }
    let others = found.len() - 1;
    let others = if others > 0 {
        format!("; the same is true of {others} more")
    } else {
        String::new()
    };
    let message = format!(
        "the route {} ({}) does not lead traffic to the endpoints {told}: {}{others}",
        powerless.route,
        powerless.prefix,
        missing.join(", and ")
    );
    let reason = if powerless.policy.is_some() {
        Reason::PolicyDisabled
    } else {
        Reason::RouteTooWide
    };
    Some(Finding::new(
        ConditionType::RoutesEffective,
        Truth::False,
        reason,
        message,
    ))
}
