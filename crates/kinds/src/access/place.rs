//! Whether one end of some traffic is what a rule names: yes, no, or only if something holds that is not known.

use std::fmt;

use privatelink_api::{Access, NextHopType};

use super::model::{INTERNET, LOAD_BALANCER, Match, VIRTUAL_NETWORK, last_segment, same_group};
use super::prefix::Prefix;

/// Something that is not known, as a condition that holds or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown<'a> {
    /// One end is in a service tag.
    Tag(End, Tag<'a>),
    /// One end is in an application security group.
    Group(End, &'a str),
    /// One end has an address of this part.
    Address(End, Prefix),
    /// A security group or route table that is not known lets the traffic through.
    Through(&'a str),
    /// Rules of others in a group of this name come first.
    Others(&'a str, Access),
    /// What comes next lets the traffic through.
    Hop(NextHopType, Option<&'a str>),
    /// Azure takes a route for the endpoint: its prefix is as specific as the network's, and the policy lets it.
    RouteHolds(&'a str),
    /// The endpoint's subnet keeps its security group off endpoints.
    PolicyDisabled,
}

/// A service tag; Azure takes them without case.
#[derive(Clone, Copy, Debug, Eq)]
pub(super) struct Tag<'a>(&'a str);

impl PartialEq for Tag<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

/// One end of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Destination,
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            End::Source => "the source",
            End::Destination => "the endpoint",
        })
    }
}

impl fmt::Display for Unknown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unknown::Tag(end, Tag(tag)) => write!(formatter, "{end} is in {tag}"),
            Unknown::Group(End::Source, group) => {
                write!(formatter, "the source is in {}", last_segment(group))
            }
            // In full: what is not known here is whether this id is that of an object.
            Unknown::Group(end, group) => write!(formatter, "{end} is in {group}"),
            Unknown::Address(end, part) if part.length() == 0 => {
                write!(formatter, "{end} has an address that no rule names")
            }
            Unknown::Address(end, part) => write!(formatter, "{end} has an address of {part}"),
            Unknown::Through(what) => write!(formatter, "{what} lets it through"),
            Unknown::Others(group, Access::Allow) => {
                write!(formatter, "a rule of others in {group} allows it")
            }
            Unknown::Others(group, Access::Deny) => {
                write!(formatter, "a rule of others in {group} denies it")
            }
            Unknown::Hop(_, Some(address)) => write!(formatter, "the appliance {address} lets it through"),
            Unknown::Hop(hop, None) => write!(formatter, "it comes back from the next hop {hop:?}"),
            Unknown::RouteHolds(route) => write!(formatter, "Azure takes the route {route} for the endpoint"),
            Unknown::PolicyDisabled => formatter
                .write_str("the subnet's privateEndpointNetworkPolicies keeps its security group off"),
        }
    }
}

/// Whether something is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Certainty<'a> {
    No,
    Yes,
    /// If one of these holds.
    If(Vec<Unknown<'a>>),
}

/// What is known of one end of the traffic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub address: Address,
    /// Which service tags it is in.
    pub tags: Membership<'a>,
    /// Which application security groups it is in.
    pub groups: Membership<'a>,
}

/// What is known of an address.
#[derive(Clone, Copy, Debug)]
pub(super) enum Address {
    /// It is in this part.
    In(Prefix),
    /// It is in no prefix that a rule names.
    Unnamed,
    /// It may be any.
    Unknown,
}

/// In which sets somebody is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Membership<'a> {
    /// Not known.
    Unknown,
    /// In this one; whether in others is not known.
    Of(&'a str),
    /// In these and no others.
    These(&'a [String]),
    /// In none.
    None,
}

impl<'a> Place<'a> {
    /// Somebody of whom only the address is known.
    pub(super) fn at(address: Address) -> Self {
        Place {
            address,
            tags: Membership::Unknown,
            groups: Membership::Unknown,
        }
    }

    /// Whether this end is on a side of a rule. `at_home` says whether it is known to lie in the virtual network of the
    /// subnet whose rule it is.
    pub(super) fn is_on(&self, side: &'a Match, at_home: bool, end: End) -> Certainty<'a> {
        match side {
            Match::Any => Certainty::Yes,
            Match::Prefixes(prefixes) => match self.address {
                Address::In(part) if prefixes.iter().any(|prefix| prefix.contains(&part)) => Certainty::Yes,
                Address::In(_) | Address::Unnamed => Certainty::No,
                // Endpoints have IPv4 addresses, and so has whoever speaks to them.
                Address::Unknown if prefixes.contains(&Prefix::ALL_V4) => Certainty::Yes,
                Address::Unknown => {
                    let perhaps = prefixes.iter().map(|prefix| Unknown::Address(end, *prefix));
                    Certainty::If(perhaps.collect())
                }
            },
            Match::Tag(tag) => self.is_tagged(tag, at_home, end),
            Match::Groups(groups) => self.is_in(groups, end),
        }
    }

    fn is_tagged(&self, tag: &'a str, at_home: bool, end: End) -> Certainty<'a> {
        let is = |other: &str| tag.eq_ignore_ascii_case(other);
        let perhaps = || Certainty::If(vec![Unknown::Tag(end, Tag(tag))]);
        match self.tags {
            Membership::None => return Certainty::No,
            Membership::Of(own) if is(own) => return Certainty::Yes,
            Membership::Of(own) => {
                let network = |tag: &str| tag.eq_ignore_ascii_case(VIRTUAL_NETWORK);
                return match own.split_once('.') {
                    // Storage.WestEurope is a part of Storage.
                    Some((service, _)) if is(service) => Certainty::Yes,
                    _ if network(own) != network(tag) => Certainty::No,
                    _ => perhaps(),
                };
            }
            Membership::Unknown | Membership::These(_) => {}
        }
        if is(VIRTUAL_NETWORK) {
            return if at_home { Certainty::Yes } else { perhaps() };
        }
        let private = matches!(self.address, Address::In(part) if part.is_private());
        // Members of a group are interfaces in some virtual network.
        let in_a_network = at_home || matches!(self.groups, Membership::Of(_));
        if private || (in_a_network && (is(INTERNET) || is(LOAD_BALANCER))) {
            return Certainty::No;
        }
        perhaps()
    }

    fn is_in(&self, groups: &'a [String], end: End) -> Certainty<'a> {
        let mut unknown = Vec::new();
        for group in groups {
            let is_in = match self.groups {
                Membership::Unknown => None,
                Membership::None => Some(false),
                Membership::Of(own) => (own == group).then_some(true),
                Membership::These(own) => {
                    let same = |wanted| own.iter().any(|own| same_group(own, group) == wanted);
                    if same(Some(true)) {
                        Some(true)
                    } else {
                        (!same(None)).then_some(false)
                    }
                }
            };
            match is_in {
                Some(true) => return Certainty::Yes,
                Some(false) => {}
                None => unknown.push(Unknown::Group(end, group)),
            }
        }
        if unknown.is_empty() {
            Certainty::No
        } else {
            Certainty::If(unknown)
        }
    }
}
