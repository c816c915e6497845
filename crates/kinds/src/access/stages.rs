//! The stages that traffic passes on its way to an endpoint, and the rules of each that may decide.
//!
//! The client's subnet looks at its outbound rules, then routes send the traffic on, then the endpoint's subnet looks at
//! its inbound rules. Each stage is a list of candidates in their order; the first one that matches decides.

use privatelink_api::{Access, Direction, NextHopType, Protocol};

use super::model::{Bound, Endpoint, Policy, Route, RouteTable, Rule, SecurityGroup, Situation, Subnet};
use super::place::{Address, Certainty, End, Place, Unknown};
use super::prefix::Prefix;
use super::report::Decision;

/// A set of things that are not known and hold together.
pub(super) type World<'a> = Vec<Unknown<'a>>;

/// A rule that may decide.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    /// What it needs: all that one of these worlds has. Without a world it matches for certain.
    pub needs: Vec<World<'a>>,
    pub protocol: Protocol,
    /// None: all.
    pub ports: &'a [(u16, u16)],
    pub outcome: Outcome<'a>,
}

/// What a rule makes of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome<'a> {
    pub access: Access,
    pub by: Decision<&'a str>,
}

/// One stage.
#[derive(Clone, Debug)]
pub(super) struct Stage<'a> {
    pub candidates: Vec<Candidate<'a>>,
    /// What becomes of traffic that no candidate matches.
    pub otherwise: Outcome<'a>,
}

/// A rule that may match traffic to a destination, and what that needs.
pub(super) type Aimed<'a> = (&'a Rule, Certainty<'a>);

impl<'a> Stage<'a> {
    fn always(access: Access, by: Decision<&'a str>) -> Self {
        Stage {
            candidates: Vec::new(),
            otherwise: Outcome { access, by },
        }
    }

    fn unless(mut self, unknown: Unknown<'a>, access: Access, by: Decision<&'a str>) -> Self {
        self.candidates.insert(
            0,
            Candidate {
                needs: vec![vec![unknown]],
                protocol: Protocol::Any,
                ports: &[],
                outcome: Outcome { access, by },
            },
        );
        self
    }

    /// What is let through only if something holds.
    fn only_if(unknown: Unknown<'a>, by: Decision<&'a str>) -> Self {
        Stage::always(Access::Deny, by).unless(unknown, Access::Allow, by)
    }
}

/// The rules of a group that may match traffic to a destination.
pub(super) fn aimed<'a>(
    group: &'a SecurityGroup,
    direction: Direction,
    destination: &Place<'a>,
    at_home: bool,
) -> Vec<Aimed<'a>> {
    let aimed = |rule: &'a Rule| {
        let aimed = destination.is_on(&rule.destination, at_home, End::Destination);
        (aimed != Certainty::No).then_some((rule, aimed))
    };
    group.rules(direction).iter().filter_map(aimed).collect()
}

/// A group's rules on traffic from a source.
pub(super) fn group_stage<'a>(
    group: &'a SecurityGroup,
    aimed: &[Aimed<'a>],
    source: &Place<'a>,
    at_home: bool,
) -> Stage<'a> {
    let mut candidates = Vec::new();
    // Every group ends with a rule that denies everything, so this one is never asked.
    let mut otherwise = Outcome {
        access: Access::Deny,
        by: Decision::OthersRule {
            group: group.name.as_str(),
        },
    };
    for (rule, aimed) in aimed {
        let Some(needs) = both(source.is_on(&rule.source, at_home, End::Source), aimed) else {
            continue;
        };
        let by = Decision::Rule {
            group: group.name.as_str(),
            rule: rule.name.as_str(),
            direction: rule.direction,
        };
        let outcome = Outcome {
            access: rule.access,
            by,
        };
        // What comes behind a rule that matches everything never decides.
        if needs.is_empty() && rule.protocol == Protocol::Any && rule.ports.is_empty() {
            otherwise = outcome;
            break;
        }
        candidates.push(Candidate {
            needs,
            protocol: rule.protocol,
            ports: &rule.ports,
            outcome,
        });
    }
    let stage = Stage {
        candidates,
        otherwise,
    };
    if !group.others {
        return stage;
    }
    let by = Decision::OthersRule {
        group: group.name.as_str(),
    };
    stage
        .unless(Unknown::Others(&group.name, Access::Deny), Access::Deny, by)
        .unless(Unknown::Others(&group.name, Access::Allow), Access::Allow, by)
}

/// What a rule needs of both ends together; none where it does not match.
fn both<'a>(source: Certainty<'a>, destination: &Certainty<'a>) -> Option<Vec<World<'a>>> {
    Some(match (source, destination) {
        (Certainty::No, _) | (_, Certainty::No) => return None,
        (Certainty::Yes, Certainty::Yes) => Vec::new(),
        (Certainty::If(any), Certainty::Yes) => any.into_iter().map(|one| vec![one]).collect(),
        (Certainty::Yes, Certainty::If(any)) => any.iter().map(|one| vec![*one]).collect(),
        (Certainty::If(sources), Certainty::If(destinations)) => sources
            .into_iter()
            .flat_map(|source| {
                destinations
                    .iter()
                    .map(move |destination| vec![source, *destination])
            })
            .collect(),
    })
}

/// What the client's subnet lets out.
pub(super) fn outbound<'a>(client: &'a Subnet, aimed: &[Aimed<'a>], source: &Place<'a>) -> Stage<'a> {
    match &client.group {
        Bound::Nothing => Stage::always(Access::Allow, Decision::NoGroup { subnet: &client.name }),
        Bound::Unknown(what) => Stage::only_if(Unknown::Through(what), Decision::NotKnown { what }),
        Bound::Known(group) => group_stage(group, aimed, source, true),
    }
}

/// What the endpoint's subnet lets in.
pub(super) fn inbound<'a>(
    subnet: &'a Subnet,
    aimed: &[Aimed<'a>],
    source: &Place<'a>,
    at_home: bool,
) -> Stage<'a> {
    if matches!(subnet.policy, Some(Policy { group: false, .. })) {
        return Stage::always(Access::Allow, Decision::Policy);
    }
    let stage = match &subnet.group {
        Bound::Nothing => return Stage::always(Access::Allow, Decision::NoGroup { subnet: &subnet.name }),
        Bound::Unknown(what) => return Stage::only_if(Unknown::Through(what), Decision::NotKnown { what }),
        Bound::Known(group) => group_stage(group, aimed, source, at_home),
    };
    match subnet.policy {
        Some(_) => stage,
        None => stage.unless(Unknown::PolicyDisabled, Access::Allow, Decision::Policy),
    }
}

/// Where routes send traffic of a client for an address of the endpoint.
pub(super) enum Way<'a> {
    /// To the endpoint.
    Direct,
    /// Perhaps nowhere: this stage says when.
    Filtered(Stage<'a>),
    /// Elsewhere, or perhaps elsewhere: whether and as whom it then comes to the endpoint's subnet is not known.
    Away(Stage<'a>),
}

/// Azure takes a client's route for an endpoint only where the policy of the endpoint's subnet says so, and only if the
/// route is as specific as the address space of the endpoint's network (`arm.md` 1.7). Of the routes for an address the
/// longest wins; and where that one is too wide, so are all the others.
pub(super) fn way<'a>(client: &'a Subnet, destination: Address, situation: &'a Situation) -> Way<'a> {
    let endpoint = &situation.endpoint;
    if matches!(endpoint.subnet.policy, Some(Policy { routes: false, .. })) {
        return Way::Direct;
    }
    let table = match &client.routes {
        Bound::Nothing => return Way::Direct,
        Bound::Unknown(what) => {
            return Way::Away(Stage::only_if(
                Unknown::Through(what),
                Decision::NotKnown { what },
            ));
        }
        Bound::Known(table) => table,
    };
    let Address::In(destination) = &destination else {
        let by = Decision::NotKnown {
            what: table.name.as_str(),
        };
        return Way::Away(Stage::only_if(Unknown::Through(&table.name), by));
    };
    let covering = table
        .routes
        .iter()
        .filter(|route| route.prefix.contains(destination));
    let Some(route) = covering.max_by_key(|route| route.prefix.length()) else {
        return Way::Direct;
    };
    let holds = match is_specific(&route.prefix, destination, endpoint, situation) {
        Some(false) => return Way::Direct,
        Some(true) => endpoint.subnet.policy.is_some(),
        None => false,
    };
    next_hop(table, route, holds)
}

fn next_hop<'a>(table: &'a RouteTable, route: &'a Route, holds: bool) -> Way<'a> {
    let by = Decision::Route {
        table: table.name.as_str(),
        route: route.name.as_str(),
    };
    match route.next_hop {
        NextHopType::VnetLocal => Way::Direct,
        NextHopType::None if holds => Way::Filtered(Stage::always(Access::Deny, by)),
        NextHopType::None => Way::Filtered(Stage::always(Access::Allow, by).unless(
            Unknown::RouteHolds(&route.name),
            Access::Deny,
            by,
        )),
        hop => Way::Away(Stage::only_if(Unknown::Hop(hop, route.address.as_deref()), by)),
    }
}

/// No virtual network is wider than this.
const WIDEST_NETWORK: u8 = 2;

/// Whether a route is as specific as the address space that an address of the endpoint is in; none where that is not known.
fn is_specific(route: &Prefix, address: &Prefix, endpoint: &Endpoint, situation: &Situation) -> Option<bool> {
    let network = endpoint.subnet.network.as_ref();
    let mut space = network
        .and_then(|network| situation.spaces.get(network))
        .into_iter()
        .flatten();
    if let Some(space) = space.find(|space| space.contains(address)) {
        return Some(route.as_narrow_as(space));
    }
    let mut subnet = endpoint.subnet.prefixes.iter().flatten();
    if (route == address && route.is_address()) || subnet.any(|subnet| route.as_narrow_as(subnet)) {
        Some(true)
    } else if route.length() < WIDEST_NETWORK {
        Some(false)
    } else {
        None
    }
}
