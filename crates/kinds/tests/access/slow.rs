//! The slow evaluator: it walks the rules by priority, takes the first match, and where it has to know what nobody knows,
//! it tries both answers.

use std::collections::BTreeMap;

use privatelink_api::{Access, Direction, NextHopType, Protocol};
use privatelink_kinds::access::model::{Bound, Match, SecurityGroup, Situation, Subnet, last_segment};
use privatelink_kinds::access::prefix::Prefix;
use privatelink_kinds::access::report::Decision;

use crate::random::universe;

/// Who sends.
#[derive(Debug)]
pub(crate) enum Sender<'a> {
    /// A client of a subnet, at an address where that is known.
    Client(&'a Subnet, Option<Prefix>),
    /// Somebody at an address that is of no client's subnet.
    Address(Prefix),
    /// Somebody in a group, at an address that no rule names.
    Group(&'a str),
    /// Somebody in a tag, in no group and at no address that rules name.
    Tag(&'a str),
    /// Somebody in nothing that rules name.
    Else,
}

/// Answers to questions that nobody can answer.
type Answers = BTreeMap<String, bool>;
/// What came out, or the question that has to be answered first.
type Walked<T> = Result<T, String>;

/// One end in a world.
struct End<'a> {
    name: &'static str,
    address: Option<Prefix>,
    tag: Option<&'a str>,
    group: Option<&'a str>,
    /// In nothing else that a rule names.
    nothing_else: bool,
}

pub(crate) struct Slow<'a> {
    situation: &'a Situation,
}

impl<'a> Slow<'a> {
    pub(crate) fn new(situation: &'a Situation) -> Self {
        Slow { situation }
    }

    /// Whether the addresses of both ends are known.
    pub(crate) fn is_one_place(&self, sender: &Sender<'_>) -> bool {
        let addresses = self.situation.endpoint.addresses.as_ref();
        addresses.is_some_and(|addresses| addresses.len() == 1) && !matches!(sender, Sender::Client(_, None))
    }

    /// All that may come out, each with what decides; first what does if nothing unknown holds.
    pub(crate) fn outcomes(
        &self,
        sender: &Sender<'a>,
        protocol: Protocol,
        port: u16,
    ) -> Vec<(Access, Decision)> {
        let endpoint = &self.situation.endpoint;
        let within = |prefixes: &[Prefix]| -> Vec<Prefix> {
            let mut found: Vec<Prefix> = universe()
                .into_iter()
                .filter(|address| prefixes.iter().any(|prefix| prefix.contains(address)))
                .collect();
            found.sort_unstable();
            found
        };
        let targets = match (&endpoint.addresses, &endpoint.subnet.prefixes) {
            (Some(addresses), _) => addresses.clone(),
            (None, Some(prefixes)) => within(prefixes),
            (None, None) => within(&self.somewhere(&endpoint.subnet)),
        };
        let sources: Vec<Option<Prefix>> = match sender {
            Sender::Client(client, None) => within(&self.somewhere(client)).into_iter().map(Some).collect(),
            Sender::Client(_, Some(address)) | Sender::Address(address) => vec![Some(*address)],
            Sender::Group(_) | Sender::Tag(_) | Sender::Else => vec![None],
        };
        let mut found = Vec::new();
        for source in &sources {
            for target in &targets {
                let mut open = vec![Answers::new()];
                while let Some(answers) = open.pop() {
                    match self.walk(sender, *source, *target, protocol, port, &answers) {
                        Ok(outcome) if found.contains(&outcome) => {}
                        Ok(outcome) => found.push(outcome),
                        Err(question) => {
                            open.push(
                                answers
                                    .iter()
                                    .map(|(question, answer)| (question.clone(), *answer))
                                    .chain([(question.clone(), true)])
                                    .collect(),
                            );
                            open.push(answers.into_iter().chain([(question, false)]).collect());
                        }
                    }
                }
            }
        }
        found
    }

    fn walk(
        &self,
        sender: &Sender<'a>,
        source: Option<Prefix>,
        target: Prefix,
        protocol: Protocol,
        port: u16,
        answers: &Answers,
    ) -> Walked<(Access, Decision)> {
        let endpoint = &self.situation.endpoint;
        let source = End {
            name: "source",
            address: source,
            tag: if let Sender::Tag(tag) = sender {
                Some(tag)
            } else {
                None
            },
            group: if let Sender::Group(group) = sender {
                Some(group)
            } else {
                None
            },
            nothing_else: matches!(sender, Sender::Tag(_) | Sender::Else),
        };
        let target_end = End {
            name: "target",
            address: Some(target),
            tag: None,
            group: None,
            nothing_else: false,
        };
        let mut passed = Vec::new();
        let mut home = false;
        if let Sender::Client(client, _) = sender {
            home = client.network.is_some() && client.network == endpoint.subnet.network;
            let out = match &client.group {
                Bound::Nothing => (
                    Access::Allow,
                    Decision::NoGroup {
                        subnet: client.name.clone(),
                    },
                ),
                Bound::Unknown(what) => (
                    allow_if(ask(answers, format!("out {what}"))?),
                    Decision::NotKnown { what: what.clone() },
                ),
                Bound::Known(group) => self.first_match(
                    group,
                    Direction::Outbound,
                    (&source, true),
                    (&target_end, home),
                    protocol,
                    port,
                    answers,
                )?,
            };
            if out.0 == Access::Deny {
                return Ok(out);
            }
            passed.push(out);
            if let Some(away) = self.route(client, target, answers)? {
                return Ok(last_rule(passed, away));
            }
        }
        if let Sender::Address(address) = sender {
            home = self.is_home(*address);
        }
        let group_holds = match endpoint.subnet.policy {
            Some(policy) => policy.group,
            None if !matches!(endpoint.subnet.group, Bound::Known(_)) => true,
            None => !ask(answers, "policy disabled".to_owned())?,
        };
        let last = match &endpoint.subnet.group {
            _ if !group_holds => (Access::Allow, Decision::Policy),
            Bound::Nothing => (
                Access::Allow,
                Decision::NoGroup {
                    subnet: endpoint.subnet.name.clone(),
                },
            ),
            Bound::Unknown(what) => (
                allow_if(ask(answers, format!("in {what}"))?),
                Decision::NotKnown { what: what.clone() },
            ),
            Bound::Known(group) => self.first_match(
                group,
                Direction::Inbound,
                (&source, home),
                (&target_end, true),
                protocol,
                port,
                answers,
            )?,
        };
        Ok(last_rule(passed, last))
    }

    /// What a route makes of the traffic, where it does not go straight on.
    fn route(
        &self,
        client: &Subnet,
        target: Prefix,
        answers: &Answers,
    ) -> Walked<Option<(Access, Decision)>> {
        let endpoint = &self.situation.endpoint;
        if endpoint.subnet.policy.is_some_and(|policy| !policy.routes) {
            return Ok(None);
        }
        let table = match &client.routes {
            Bound::Nothing => return Ok(None),
            Bound::Unknown(what) => {
                let through = ask(answers, format!("routes {what}"))?;
                return Ok(Some((
                    allow_if(through),
                    Decision::NotKnown { what: what.clone() },
                )));
            }
            Bound::Known(table) => table,
        };
        let longest = table
            .routes
            .iter()
            .filter(|route| route.prefix.contains(&target))
            .max_by_key(|route| route.prefix.length());
        let Some(route) = longest.filter(|route| route.next_hop != NextHopType::VnetLocal) else {
            return Ok(None);
        };
        let by = Decision::Route {
            table: table.name.clone(),
            route: route.name.clone(),
        };
        let network = endpoint.subnet.network.as_ref();
        let space = network
            .and_then(|network| self.situation.spaces.get(network))
            .and_then(|space| space.iter().find(|space| space.contains(&target)));
        let in_subnet = endpoint
            .subnet
            .prefixes
            .iter()
            .flatten()
            .any(|subnet| subnet.contains(&route.prefix));
        let known = match space {
            Some(space) => Some(space.contains(&route.prefix)),
            None if in_subnet || route.prefix.length() == 32 => Some(true),
            None if route.prefix.length() < 2 => Some(false),
            None => None,
        };
        let known = known.filter(|known| !known || endpoint.subnet.policy.is_some());
        if known == Some(false) {
            return Ok(None);
        }
        if route.next_hop == NextHopType::None {
            let holds = known.map_or_else(|| ask(answers, format!("holds {}", route.name)), Ok)?;
            return Ok(holds.then_some((Access::Deny, by)));
        }
        Ok(Some((allow_if(ask(answers, format!("hop {}", route.name))?), by)))
    }

    #[expect(clippy::too_many_arguments, reason = "a packet")]
    fn first_match(
        &self,
        group: &SecurityGroup,
        direction: Direction,
        (source, source_home): (&End<'_>, bool),
        (target, target_home): (&End<'_>, bool),
        protocol: Protocol,
        port: u16,
        answers: &Answers,
    ) -> Walked<(Access, Decision)> {
        if group.others {
            for (access, verb) in [(Access::Allow, "allow"), (Access::Deny, "deny")] {
                if ask(answers, format!("others in {} {direction:?} {verb}", group.name))? {
                    return Ok((
                        access,
                        Decision::OthersRule {
                            group: group.name.clone(),
                        },
                    ));
                }
            }
        }
        for rule in group.rules(direction) {
            let fits = (rule.protocol == Protocol::Any || rule.protocol == protocol)
                && (rule.ports.is_empty()
                    || rule
                        .ports
                        .iter()
                        .any(|(first, last)| (*first..=*last).contains(&port)));
            if fits
                && self.is_on(&rule.destination, target, target_home, answers)?
                && self.is_on(&rule.source, source, source_home, answers)?
            {
                let by = Decision::Rule {
                    group: group.name.clone(),
                    rule: rule.name.clone(),
                    direction,
                };
                return Ok((rule.access, by));
            }
        }
        unreachable!("the default rules deny everything")
    }

    fn is_on(&self, side: &Match, end: &End<'_>, home: bool, answers: &Answers) -> Walked<bool> {
        let endpoint = &self.situation.endpoint;
        match side {
            Match::Any => Ok(true),
            Match::Prefixes(prefixes) => Ok(end
                .address
                .is_some_and(|address| prefixes.iter().any(|prefix| prefix.contains(&address)))),
            Match::Tag(tag) => {
                let tag = tag.to_ascii_lowercase();
                let question = format!("{} in {tag}", end.name);
                if let Some(own) = end.tag.map(str::to_ascii_lowercase) {
                    let network = "virtualnetwork";
                    return match () {
                        () if own == tag || own.starts_with(&format!("{tag}.")) => Ok(true),
                        () if own == network || tag == network => Ok(false),
                        () => ask(answers, question),
                    };
                }
                if end.nothing_else {
                    return Ok(false);
                }
                if tag == "virtualnetwork" {
                    return if home { Ok(true) } else { ask(answers, question) };
                }
                if end.address.is_some_and(|address| address.is_private()) {
                    return Ok(false);
                }
                if (home || end.group.is_some()) && (tag == "internet" || tag == "azureloadbalancer") {
                    return Ok(false);
                }
                ask(answers, question)
            }
            Match::Groups(groups) => {
                let mut questions = Vec::new();
                for group in groups {
                    if end.name == "target" {
                        if endpoint.groups.contains(group) {
                            return Ok(true);
                        }
                        let other_kind = |own: &&String| own.starts_with('/') != group.starts_with('/');
                        if endpoint
                            .groups
                            .iter()
                            .filter(other_kind)
                            .any(|own| last_segment(own) == last_segment(group))
                        {
                            questions.push(format!("target in {group}"));
                        }
                    } else if end.group == Some(group) {
                        return Ok(true);
                    } else if !end.nothing_else {
                        questions.push(format!("source in {group}"));
                    }
                }
                for question in questions {
                    if ask(answers, question)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    fn somewhere(&self, subnet: &Subnet) -> Vec<Prefix> {
        let space = subnet
            .network
            .as_ref()
            .and_then(|network| self.situation.spaces.get(network));
        space.cloned().unwrap_or(vec![Prefix::ALL_V4])
    }

    fn is_home(&self, address: Prefix) -> bool {
        let Some(network) = &self.situation.endpoint.subnet.network else {
            return false;
        };
        let subnets = self
            .situation
            .clients
            .iter()
            .chain([&self.situation.endpoint.subnet]);
        subnets
            .filter(|subnet| subnet.network.as_ref() == Some(network))
            .flat_map(|subnet| subnet.prefixes.iter().flatten())
            .chain(self.situation.spaces.get(network).into_iter().flatten())
            .any(|prefix| prefix.contains(&address))
    }
}

fn ask(answers: &Answers, question: String) -> Walked<bool> {
    answers.get(&question).copied().ok_or(question)
}

fn allow_if(condition: bool) -> Access {
    if condition { Access::Allow } else { Access::Deny }
}

/// What decided on traffic that passed: what came last, or the rule before it where that lets everything through.
fn last_rule(passed: Vec<(Access, Decision)>, last: (Access, Decision)) -> (Access, Decision) {
    let open = matches!(last.1, Decision::Policy | Decision::NoGroup { .. });
    let rule = |outcome: &(Access, Decision)| matches!(outcome.1, Decision::Rule { .. });
    let before = passed.into_iter().rev().find(rule).filter(|_| open);
    before.unwrap_or(last)
}
