//! Who reaches an endpoint: one look at each subnet of clients, and at each source that inbound rules name.

use privatelink_api::Direction;

use super::decide::{Case, Line, lines};
use super::model::{Bound, Match, Policy, Rule, SecurityGroup, Situation, Subnet, same_group};
use super::place::{End, Membership, Place, Unknown};
use super::prefix::{Prefix, parts};
use super::report::{Row, Source};
use super::stages::{Aimed, Way, aimed, inbound, outbound, way};

/// The rows for an endpoint: those of each subnet of clients in the order given; then, by the inbound side alone, those of
/// addresses, groups and tags that inbound rules name, and of anybody else.
#[must_use]
pub fn evaluate(situation: &Situation) -> Vec<Row> {
    let evaluation = Evaluation { situation };
    let clients = situation
        .clients
        .iter()
        .flat_map(|client| evaluation.client(client));
    clients.chain(evaluation.others()).collect()
}

struct Evaluation<'a> {
    situation: &'a Situation,
}

/// One place where the endpoint may be, and the inbound rules about it.
struct Target<'a> {
    part: Prefix,
    place: Place<'a>,
    inbound: Vec<Aimed<'a>>,
}

impl<'a> Evaluation<'a> {
    /// The group whose inbound rules hold, or may hold, for the endpoint.
    fn inbound_group(&self) -> Option<&'a SecurityGroup> {
        let subnet = &self.situation.endpoint.subnet;
        match (&subnet.group, subnet.policy) {
            (Bound::Known(_), Some(Policy { group: false, .. })) => None,
            (Bound::Known(group), _) => Some(group),
            _ => None,
        }
    }

    /// The places where the endpoint may be that rules and routes on the way from a client tell apart.
    fn targets(&self, client: Option<&'a Subnet>) -> Vec<Target<'a>> {
        let endpoint = &self.situation.endpoint;
        let all = [Prefix::ALL_V4];
        let inbound = self.inbound_group();
        let known = endpoint.addresses.as_ref();
        let domain = known
            .or(endpoint.subnet.prefixes.as_ref())
            .map_or(all.as_slice(), Vec::as_slice);
        let inbound_rules = inbound
            .into_iter()
            .flat_map(|group| group.rules(Direction::Inbound));
        let outbound_rules = client
            .and_then(|client| known_group(client))
            .into_iter()
            .flat_map(|group| group.rules(Direction::Outbound));
        let mut named: Vec<Prefix> = inbound_rules
            .chain(outbound_rules)
            .flat_map(|rule| prefixes(&rule.destination))
            .collect();
        if let Some(Bound::Known(table)) = client.map(|client| &client.routes) {
            named.extend(table.routes.iter().map(|route| route.prefix));
        }
        let place = |part| Place {
            groups: Membership::These(&endpoint.groups),
            ..Place::at(part)
        };
        parts(domain, &named)
            .into_iter()
            .map(|part| Target {
                part,
                place: place(part),
                inbound: inbound.map_or_else(Vec::new, |group| {
                    aimed(group, Direction::Inbound, &place(part), true)
                }),
            })
            .collect()
    }

    fn is_v6(&self) -> bool {
        let addresses = self.situation.endpoint.addresses.as_ref();
        addresses
            .and_then(|addresses| addresses.first())
            .is_some_and(Prefix::is_v6)
    }

    /// The rows of a subnet of clients.
    fn client(&self, client: &'a Subnet) -> Vec<Row> {
        let endpoint = &self.situation.endpoint;
        let targets = self.targets(Some(client));
        let same_network = client.network.is_some() && client.network == endpoint.subnet.network;
        let outbound_rules: Vec<Vec<Aimed<'a>>> = targets
            .iter()
            .map(|target| {
                known_group(client).map_or_else(Vec::new, |group| {
                    aimed(group, Direction::Outbound, &target.place, same_network)
                })
            })
            .collect();
        let rules = targets
            .iter()
            .flat_map(|target| &target.inbound)
            .chain(outbound_rules.iter().flatten());
        let named: Vec<Prefix> = rules.flat_map(|(rule, _)| prefixes(&rule.source)).collect();
        let cases = |sources: &[Prefix]| {
            let mut cases = Vec::new();
            for source in sources {
                for (target, outbound_rules) in targets.iter().zip(&outbound_rules) {
                    let place = Place::at(*source);
                    let mut stages = vec![outbound(client, outbound_rules, &place)];
                    let comes_in = || inbound(&endpoint.subnet, &target.inbound, &place, same_network);
                    match way(client, &target.part, self.situation) {
                        Way::Direct => stages.push(comes_in()),
                        Way::Filtered(stage) => stages.extend([stage, comes_in()]),
                        Way::Away(stage) => stages.push(stage),
                    }
                    let mut on = Vec::new();
                    if sources.len() > 1 {
                        on.push(Unknown::Address(End::Source, *source));
                    }
                    if targets.len() > 1 {
                        on.push(Unknown::Address(End::Destination, target.part));
                    }
                    cases.push(Case { on, stages });
                }
            }
            cases
        };
        let source = |parts: Vec<Prefix>| Source::Subnet {
            id: client.id.clone(),
            name: client.name.clone(),
            parts,
        };
        let Some(own) = &client.prefixes else {
            return rows(
                &source(Vec::new()),
                lines(&cases(&parts(&[Prefix::ALL_V4], &named))),
            );
        };
        let own: Vec<Prefix> = own
            .iter()
            .filter(|own| own.is_v6() == self.is_v6())
            .copied()
            .collect();
        let found = parts(&own, &named)
            .into_iter()
            .map(|part| (part, lines(&cases(&[part]))));
        let found = alike(found);
        let one = found.len() == 1;
        found
            .into_iter()
            .flat_map(|(parts, lines)| rows(&source(if one { Vec::new() } else { parts }), lines))
            .collect()
    }

    /// The rows of those whom inbound rules name, and of anybody else.
    fn others(&self) -> Vec<Row> {
        let targets = self.targets(None);
        let rules: Vec<&'a Rule> = targets
            .iter()
            .flat_map(|target| &target.inbound)
            .map(|(rule, _)| *rule)
            .collect();
        let look = |place: Place<'a>, at_home: bool| {
            let case = |target: &Target<'a>| Case {
                on: match targets.len() {
                    1 => Vec::new(),
                    _ => vec![Unknown::Address(End::Destination, target.part)],
                },
                stages: vec![inbound(
                    &self.situation.endpoint.subnet,
                    &target.inbound,
                    &place,
                    at_home,
                )],
            };
            lines(&targets.iter().map(case).collect::<Vec<_>>())
        };
        let addresses = self.named_addresses(&rules);
        let found = addresses
            .into_iter()
            .map(|part| (part, look(Place::at(part), self.is_at_home(&part))));
        let mut answers: Vec<Row> = alike(found)
            .into_iter()
            .flat_map(|(parts, lines)| rows(&Source::Addresses(parts), lines))
            .collect();
        let nobody = Place {
            part: None,
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

    /// The parts of what rules name, cut where the endpoint's network begins, without those of clients asked about.
    fn named_addresses(&self, rules: &[&'a Rule]) -> Vec<Prefix> {
        let domain: Vec<Prefix> = rules.iter().flat_map(|rule| prefixes(&rule.source)).collect();
        let cut: Vec<Prefix> = domain.iter().copied().chain(self.home()).collect();
        let clients = self.situation.clients.iter();
        let clients: Vec<Prefix> = clients
            .flat_map(|client| client.prefixes.iter().flatten())
            .copied()
            .collect();
        let mut parts = parts(&domain, &cut);
        parts.retain(|part| {
            part.is_v6() == self.is_v6() && !clients.iter().any(|client| client.contains(part))
        });
        parts
    }

    /// The prefixes that are known to be of the endpoint's virtual network.
    fn home(&self) -> impl Iterator<Item = Prefix> {
        let Situation {
            endpoint,
            clients,
            spaces,
        } = self.situation;
        let network = endpoint.subnet.network.as_ref();
        let subnets = clients.iter().chain([&endpoint.subnet]);
        let subnets = subnets.filter(move |subnet| network.is_some() && subnet.network.as_ref() == network);
        let space = network.and_then(|network| spaces.get(network));
        let own = subnets.flat_map(|subnet| subnet.prefixes.iter().flatten());
        own.chain(space.into_iter().flatten()).copied()
    }

    fn is_at_home(&self, part: &Prefix) -> bool {
        self.home().any(|own| own.contains(part))
    }
}

fn known_group(subnet: &Subnet) -> Option<&SecurityGroup> {
    match &subnet.group {
        Bound::Known(group) => Some(group),
        Bound::Nothing | Bound::Unknown(_) => None,
    }
}

fn prefixes(side: &Match) -> impl Iterator<Item = Prefix> {
    let prefixes = match side {
        Match::Prefixes(prefixes) => prefixes.as_slice(),
        _ => &[],
    };
    prefixes.iter().copied()
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
