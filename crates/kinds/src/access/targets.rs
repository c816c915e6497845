//! Where an endpoint may be, as far as rules and routes tell places apart, and the rules that are about it there.

use privatelink_api::Direction;

use super::model::{Bound, Match, Policy, SecurityGroup, Situation, Subnet};
use super::place::{Address, End, Membership, Place, Unknown};
use super::prefix::{Prefix, parts};
use super::stages::{Aimed, aimed};

/// One place where the endpoint may be.
pub(super) struct Target<'a> {
    pub address: Address,
    /// The rules of the endpoint's subnet about it.
    pub inbound: Vec<Aimed<'a>>,
    /// The rules of the client's subnet about it.
    pub outbound: Vec<Aimed<'a>>,
}

/// So many places are looked at one by one; where there are more, each prefix is taken for something that is not known.
/// That may see a doubt where there is none, but never misses one.
const MOST_PLACES: usize = 32;

/// The places for somebody whose address is one of a domain.
pub(super) fn places(domain: &[Prefix], named: &[Prefix]) -> Vec<Address> {
    let parts = parts(domain, named);
    if parts.len() > MOST_PLACES {
        return vec![Address::Unknown];
    }
    parts.into_iter().map(Address::In).collect()
}

/// What makes a place this one of several.
pub(super) fn only(end: End, address: Address, places: usize) -> Option<Unknown<'static>> {
    match address {
        Address::In(part) if places > 1 => Some(Unknown::Address(end, part)),
        _ => None,
    }
}

/// The group whose inbound rules hold, or may hold, for the endpoint.
fn inbound_group(situation: &Situation) -> Option<&SecurityGroup> {
    let subnet = &situation.endpoint.subnet;
    match subnet.policy {
        Some(Policy { group: false, .. }) => None,
        _ => known_group(subnet),
    }
}

fn known_group(subnet: &Subnet) -> Option<&SecurityGroup> {
    match &subnet.group {
        Bound::Known(group) => Some(group),
        Bound::Nothing | Bound::Unknown(_) => None,
    }
}

/// The places where the endpoint may be, for traffic of a client or of others.
pub(super) fn targets<'a>(situation: &'a Situation, client: Option<&'a Subnet>) -> Vec<Target<'a>> {
    let endpoint = &situation.endpoint;
    let inbound = inbound_group(situation);
    let outbound = client.and_then(known_group);
    let same_network = client.is_some_and(|client| same_network(client, &endpoint.subnet));
    let known = endpoint.addresses.as_ref().or(endpoint.subnet.prefixes.as_ref());
    let domain = known
        .cloned()
        .unwrap_or_else(|| somewhere(situation, &endpoint.subnet));
    let inbound_rules = inbound
        .into_iter()
        .flat_map(|group| group.rules(Direction::Inbound));
    let outbound_rules = outbound
        .into_iter()
        .flat_map(|group| group.rules(Direction::Outbound));
    let rules = inbound_rules.chain(outbound_rules);
    let mut named: Vec<Prefix> = rules.flat_map(|rule| prefixes(&rule.destination)).collect();
    if let Some(Bound::Known(table)) = client.map(|client| &client.routes) {
        named.extend(table.routes.iter().map(|route| route.prefix));
    }
    let target = |address| {
        let place = Place {
            groups: Membership::These(&endpoint.groups),
            ..Place::at(address)
        };
        let aimed = |group: Option<&'a SecurityGroup>, direction, at_home| {
            group.map_or_else(Vec::new, |group| aimed(group, direction, &place, at_home))
        };
        Target {
            address,
            inbound: aimed(inbound, Direction::Inbound, true),
            outbound: aimed(outbound, Direction::Outbound, same_network),
        }
    };
    places(&domain, &named).into_iter().map(target).collect()
}

/// Where a subnet is whose prefixes are not known: in its virtual network, or anywhere.
pub(super) fn somewhere(situation: &Situation, subnet: &Subnet) -> Vec<Prefix> {
    let network = subnet.network.as_ref();
    let space = network.and_then(|network| situation.spaces.get(network));
    space.cloned().unwrap_or_else(|| vec![Prefix::ALL_V4])
}

/// Whether two subnets are known to be of one virtual network.
pub(super) fn same_network(one: &Subnet, other: &Subnet) -> bool {
    one.network.is_some() && one.network == other.network
}

/// The prefixes that a side names.
pub(super) fn prefixes(side: &Match) -> impl Iterator<Item = Prefix> {
    let prefixes = match side {
        Match::Prefixes(prefixes) => prefixes.as_slice(),
        Match::Any | Match::Tag(_) | Match::Groups(_) => &[],
    };
    prefixes.iter().copied()
}
