//! Who reaches an endpoint: one look at each subnet of clients, and at each source that inbound rules name.

use super::decide::{Case, Line, lines};
use super::model::{Match, Rule, Situation, Subnet, same_group};
use super::place::{Address, End, Membership, Place};
use super::prefix::{Prefix, parts, private};
use super::report::{Row, Source};
use super::stages::{Stage, Way, inbound, outbound, way};
use super::targets::{Target, only, places, prefixes, same_network, somewhere, targets};

/// The rows for an endpoint: those of each subnet of clients in the order given; then, by the inbound side alone, those of
/// addresses, groups and tags that inbound rules name, and of anybody else.
#[must_use]
pub fn evaluate(situation: &Situation) -> Vec<Row> {
    let clients = situation
        .clients
        .iter()
        .flat_map(|client| of_client(situation, client));
    clients.chain(of_others(situation)).collect()
}

/// The rows of a subnet of clients.
fn of_client<'a>(situation: &'a Situation, client: &'a Subnet) -> Vec<Row> {
    let targets = targets(situation, Some(client));
    let rules = targets
        .iter()
        .flat_map(|target| target.inbound.iter().chain(&target.outbound));
    let named: Vec<Prefix> = rules.flat_map(|(rule, _)| prefixes(&rule.source)).collect();
    let cases = |sources: &[Address]| {
        let mut cases = Vec::new();
        for source in sources {
            for target in &targets {
                let on = [
                    only(End::Source, *source, sources.len()),
                    only(End::Destination, target.address, targets.len()),
                ];
                cases.push(Case {
                    on: on.into_iter().flatten().collect(),
                    stages: stages(situation, client, &Place::at(*source), target),
                });
            }
        }
        lines(&cases)
    };
    let source = |parts: Vec<Prefix>| Source::Subnet {
        id: client.id.clone(),
        name: client.name.clone(),
        parts,
    };
    let Some(own) = &client.prefixes else {
        return rows(
            &source(Vec::new()),
            cases(&places(&somewhere(situation, client), &named)),
        );
    };
    let own = own.iter().filter(|own| own.is_v6() == is_v6(situation));
    let own: Vec<Prefix> = own.copied().collect();
    let found = parts(&own, &named)
        .into_iter()
        .map(|part| (part, cases(&[Address::In(part)])));
    let found = alike(found);
    let one = found.len() == 1;
    found
        .into_iter()
        .flat_map(|(parts, lines)| rows(&source(if one { Vec::new() } else { parts }), lines))
        .collect()
}

/// What traffic of a client passes.
fn stages<'a>(
    situation: &'a Situation,
    client: &'a Subnet,
    source: &Place<'a>,
    target: &Target<'a>,
) -> Vec<Stage<'a>> {
    let subnet = &situation.endpoint.subnet;
    let mut stages = vec![outbound(client, &target.outbound, source)];
    let comes_in = || inbound(subnet, &target.inbound, source, same_network(client, subnet));
    match way(client, target.address, situation) {
        Way::Direct => stages.push(comes_in()),
        Way::Filtered(stage) => stages.extend([stage, comes_in()]),
        Way::Away(stage) => stages.push(stage),
    }
    stages
}

/// The rows of those whom inbound rules name, and of anybody else.
fn of_others<'a>(situation: &'a Situation) -> Vec<Row> {
    let targets = targets(situation, None);
    let rules: Vec<&'a Rule> = targets
        .iter()
        .flat_map(|target| &target.inbound)
        .map(|(rule, _)| *rule)
        .collect();
    let look = |place: Place<'a>, at_home: bool| {
        let case = |target: &Target<'a>| Case {
            on: only(End::Destination, target.address, targets.len())
                .into_iter()
                .collect(),
            stages: vec![inbound(
                &situation.endpoint.subnet,
                &target.inbound,
                &place,
                at_home,
            )],
        };
        lines(&targets.iter().map(case).collect::<Vec<_>>())
    };
    let home = |part: &Prefix| home(situation).any(|own| own.contains(part));
    let found = named_addresses(situation, &rules)
        .into_iter()
        .map(|part| (part, look(Place::at(Address::In(part)), home(&part))));
    let mut answers: Vec<Row> = alike(found)
        .into_iter()
        .flat_map(|(parts, lines)| rows(&Source::Addresses(parts), lines))
        .collect();
    let nobody = Place {
        address: Address::Unnamed,
        tags: Membership::None,
        groups: Membership::None,
    };
    let (groups, tags) = named_sets(&rules);
    for group in groups {
        let place = Place {
            groups: Membership::Of(group),
            tags: Membership::Unknown,
            ..nobody
        };
        answers.extend(rows(&Source::Group(group.to_owned()), look(place, false)));
    }
    for tag in tags {
        let place = Place {
            tags: Membership::Of(tag),
            ..nobody
        };
        answers.extend(rows(&Source::Tag(tag.to_owned()), look(place, false)));
    }
    answers.extend(rows(&Source::Else, look(nobody, false)));
    answers
}

/// The parts of what rules name, cut where the endpoint's network and private addresses begin, without those of clients
/// asked about.
fn named_addresses(situation: &Situation, rules: &[&Rule]) -> Vec<Prefix> {
    let domain: Vec<Prefix> = rules.iter().flat_map(|rule| prefixes(&rule.source)).collect();
    let cut: Vec<Prefix> = domain
        .iter()
        .copied()
        .chain(home(situation))
        .chain(private())
        .collect();
    let clients = situation.clients.iter();
    let clients: Vec<&Prefix> = clients
        .flat_map(|client| client.prefixes.iter().flatten())
        .collect();
    let mut parts = parts(&domain, &cut);
    parts.retain(|part| {
        part.is_v6() == is_v6(situation) && !clients.iter().any(|client| client.contains(part))
    });
    parts
}

/// The prefixes that are known to be of the endpoint's virtual network.
fn home(situation: &Situation) -> impl Iterator<Item = Prefix> {
    let subnet = &situation.endpoint.subnet;
    let subnets = situation.clients.iter().chain([subnet]);
    let subnets = subnets.filter(move |other| same_network(other, subnet));
    let space = subnet
        .network
        .as_ref()
        .and_then(|network| situation.spaces.get(network));
    let own = subnets.flat_map(|subnet| subnet.prefixes.iter().flatten());
    own.chain(space.into_iter().flatten()).copied()
}

/// Whether the endpoint has IPv6 addresses; then only those of others reach it.
fn is_v6(situation: &Situation) -> bool {
    let addresses = situation.endpoint.addresses.as_ref();
    addresses
        .and_then(|addresses| addresses.first())
        .is_some_and(Prefix::is_v6)
}

/// The groups and tags that rules name as sources, each once, in the order of the rules.
fn named_sets<'a>(rules: &[&'a Rule]) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut groups, mut tags): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for rule in rules {
        match &rule.source {
            Match::Groups(named) => {
                for group in named {
                    if !groups.iter().any(|other| same_group(other, group) == Some(true)) {
                        groups.push(group);
                    }
                }
            }
            Match::Tag(tag) if !tags.iter().any(|other| other.eq_ignore_ascii_case(tag)) => tags.push(tag),
            _ => {}
        }
    }
    (groups, tags)
}

/// Parts that fare alike, together. A part whose next wider one fares like it goes without saying.
fn alike<'a>(found: impl Iterator<Item = (Prefix, Vec<Line<'a>>)>) -> Vec<(Vec<Prefix>, Vec<Line<'a>>)> {
    let mut alike: Vec<(Vec<Prefix>, Vec<Line<'a>>)> = Vec::new();
    // The parts around the present one, the narrowest last, and the group that each is in.
    let mut around: Vec<(Prefix, usize)> = Vec::new();
    for (part, lines) in found {
        while around.pop_if(|(wider, _)| !wider.contains(&part)).is_some() {}
        let wider = around.last().map(|(_, group)| *group);
        let group = alike.iter().position(|(_, other)| *other == lines);
        match group {
            Some(group) => {
                if let Some((parts, _)) = alike.get_mut(group).filter(|_| wider != Some(group)) {
                    parts.push(part);
                }
                around.push((part, group));
            }
            None => {
                around.push((part, alike.len()));
                alike.push((vec![part], lines));
            }
        }
    }
    alike
}

fn rows(source: &Source, lines: Vec<Line<'_>>) -> Vec<Row> {
    let row = |line: Line<'_>| Row {
        source: source.clone(),
        protocols: line.protocols,
        ports: line.ports,
        verdict: line.finding.verdict(),
    };
    lines.into_iter().map(row).collect()
}
