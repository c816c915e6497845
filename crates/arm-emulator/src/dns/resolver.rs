//! The way from a name to its records: the servers that a client asks, and what Azure's resolver says in a network.
//!
//! ARM behaviour: a client asks its network's own DNS servers, or Azure's resolver where it has none. Azure's resolver looks
//! into the linked zones, then asks whom the linked ruleset says, then which machines the network has, then the Internet; again for every alias on the way.

use crate::dns::answer::{Answer, AnswerRecord, Hop, Rcode, Source};
use crate::dns::forward::{self, PLATFORM};
use crate::dns::machine;
use crate::dns::public::{self, Public};
use crate::dns::zone::{Found, Zone};
use crate::dns::{RecordData, RecordType, normal};
use crate::state::State;

/// How many aliases are followed.
const ALIASES: usize = 16;

/// How many servers forward a question to each other before it is given up.
const FORWARDS: usize = 8;

/// The types of records about which the Internet is asked when a link redirects.
const REDIRECTED: [RecordType; 3] = [RecordType::A, RecordType::Aaaa, RecordType::Cname];

/// What a client in a network is told that asks one server after the other until one answers. Depends on nothing but the
/// state.
pub(crate) fn resolve(
    state: &State,
    network_key: &str,
    servers: &[String],
    name: &str,
    record_type: RecordType,
) -> Answer {
    let mut way = Way {
        state,
        record_type,
        forwards: 0,
        hops: Vec::new(),
    };
    let said = match normal(name) {
        Some(name) => way.as_client(network_key, servers, &name),
        None => Said::of(Rcode::NxDomain),
    };
    Answer {
        rcode: said.rcode,
        answers: said.answers,
        authority: said.authority,
        reason: said.reason,
        hops: way.hops,
    }
}

/// What a server answers.
struct Said {
    rcode: Rcode,
    answers: Vec<AnswerRecord>,
    authority: Option<AnswerRecord>,
    reason: Option<String>,
}

impl Said {
    fn of(rcode: Rcode) -> Self {
        Said {
            rcode,
            answers: Vec::new(),
            authority: None,
            reason: None,
        }
    }

    fn failure(reason: String) -> Self {
        Said {
            reason: Some(reason),
            ..Said::of(Rcode::ServFail)
        }
    }
}

/// What Azure's resolver has for one name.
enum Step {
    /// Records, or nothing: then with the SOA record of the zone that says so.
    Found(Found, Option<AnswerRecord>),
    /// What another server answered, for the rest of the way.
    Forwarded(Said),
}

/// A question on its way.
struct Way<'a> {
    state: &'a State,
    record_type: RecordType,
    forwards: usize,
    hops: Vec<Hop>,
}

impl Way<'_> {
    fn as_client(&mut self, network: &str, servers: &[String], name: &str) -> Said {
        if servers.is_empty() {
            return self.platform(network, name);
        }
        let answered = servers
            .iter()
            .find_map(|server| self.ask(&[network.to_owned()], server, name));
        answered.unwrap_or_else(|| {
            Said::failure(format!(
                "no DNS server of the virtual network {} answers: {}",
                self.shown(network),
                servers.join(", ")
            ))
        })
    }

    /// What the server at an address says that is asked from the networks; `None` when nothing answers there.
    fn ask(&mut self, from: &[String], server: &str, name: &str) -> Option<Said> {
        let network = from.first().cloned().unwrap_or_default();
        if server == PLATFORM {
            return Some(self.platform(&network, name));
        }
        let Some(endpoint) = forward::inbound_endpoint(self.state, from, server) else {
            let answer = "no answer: no inbound endpoint in this virtual network, or in one that is peered with it, has the address";
            self.hop((&network, server), name, Source::Nobody, None, answer.to_owned());
            return None;
        };
        let inside = forward::network_of_endpoint(self.state, &endpoint.key());
        self.hop(
            (&network, server),
            name,
            Source::InboundEndpoint,
            Some(&endpoint.id),
            format!("asks {PLATFORM} in {}", self.shown(&inside)),
        );
        self.forwards += 1;
        if self.forwards > FORWARDS {
            return Some(Said::failure(format!(
                "the question for {name} was forwarded more than {FORWARDS} times: the servers ask each other in a circle"
            )));
        }
        Some(self.platform(&inside, name))
    }

    /// What Azure's resolver says in a network.
    fn platform(&mut self, network: &str, name: &str) -> Said {
        let mut answers: Vec<AnswerRecord> = Vec::new();
        let mut name = name.to_owned();
        let failure = |answers, reason| Said {
            answers,
            ..Said::failure(reason)
        };
        for _ in 0..=ALIASES {
            let (ttl, records) = match self.step(network, &name) {
                Step::Found(Found::Records(ttl, records), _) => (ttl, records),
                Step::Found(found, authority) => {
                    let rcode = match found {
                        Found::Missing => Rcode::NxDomain,
                        _ => Rcode::NoError,
                    };
                    return Said {
                        answers,
                        authority,
                        ..Said::of(rcode)
                    };
                }
                Step::Forwarded(rest) => {
                    answers.extend(rest.answers);
                    return Said { answers, ..rest };
                }
            };
            let alias = match records.first() {
                Some(RecordData::Cname(alias)) if self.record_type != RecordType::Cname => {
                    Some(alias.clone())
                }
                _ => None,
            };
            answers.extend(records.into_iter().map(|data| AnswerRecord {
                name: name.clone(),
                ttl,
                data,
            }));
            match alias {
                None => {
                    return Said {
                        answers,
                        ..Said::of(Rcode::NoError)
                    };
                }
                Some(alias) if answers.iter().any(|known| known.name == alias) => {
                    return failure(answers, format!("the aliases go round in a circle at {alias}"));
                }
                Some(alias) => name = alias,
            }
        }
        failure(answers, format!("there are more than {ALIASES} aliases"))
    }

    /// ARM behaviour: a linked zone answers for its names whatever the ruleset says; the ruleset is looked at for others. A
    /// zone that redirects leaves what it does not have to the Internet.
    fn step(&mut self, network: &str, name: &str) -> Step {
        let here = (network, PLATFORM);
        if let Some(zone) = Zone::of(self.state, network, name) {
            let found = zone.lookup(name, self.record_type);
            let redirects =
                zone.redirects && REDIRECTED.contains(&self.record_type) && matches!(found, Found::Missing);
            let mut answer = words(&found);
            if redirects {
                answer.push_str(", which the link redirects to the Internet");
            }
            self.hop(here, name, Source::Zone, Some(&zone.id), answer);
            if !redirects {
                return Step::Found(found, zone.start());
            }
        } else if let Some(rule) = forward::rule(self.state, network, name) {
            return Step::Forwarded(self.forwarded(network, &rule, name));
        } else if let Some((found, id)) = machine::lookup(self.state, network, name, self.record_type) {
            self.hop(here, name, Source::Machine, Some(&id), words(&found));
            return Step::Found(found, None);
        }
        let found = on_the_internet(self.state, name, self.record_type);
        self.hop(here, name, Source::Internet, None, words(&found));
        Step::Found(found, None)
    }

    /// ARM behaviour: the first of a rule's targets is asked, and another only if that one does not answer. The questions
    /// come from the outbound endpoints of the ruleset.
    fn forwarded(&mut self, network: &str, rule: &forward::Rule, name: &str) -> Said {
        let targets = rule.targets.join(", ");
        let from: Vec<String> = rule.from.iter().map(|network| self.shown(network)).collect();
        self.hop(
            (network, PLATFORM),
            name,
            Source::Rule,
            Some(&rule.id),
            format!("asks {targets} from {}", from.join(", ")),
        );
        let answered = rule
            .targets
            .iter()
            .find_map(|target| self.ask(&rule.from, target, name));
        answered.unwrap_or_else(|| {
            Said::failure(format!(
                "no target of the forwarding rule {} answers: {targets}",
                rule.id
            ))
        })
    }

    /// The id of a network in its own spelling.
    fn shown(&self, network: &str) -> String {
        self.state
            .get(network)
            .map_or_else(|| network.to_owned(), |record| record.id.clone())
    }

    fn hop(
        &mut self,
        (network, server): (&str, &str),
        name: &str,
        source: Source,
        id: Option<&str>,
        answer: String,
    ) {
        self.hops.push(Hop {
            network: self.shown(network),
            server: server.to_owned(),
            name: name.to_owned(),
            source,
            id: id.map(str::to_owned),
            answer,
        });
    }
}

fn words(found: &Found) -> String {
    match found {
        Found::Records(_, records) => {
            let shown = records
                .iter()
                .map(|data| format!("{} {data}", data.record_type().name()));
            shown.collect::<Vec<_>>().join(", ")
        }
        Found::NoData => "nothing of the type".to_owned(),
        Found::Missing => "NXDOMAIN".to_owned(),
    }
}

fn on_the_internet(state: &State, name: &str, record_type: RecordType) -> Found {
    match public::lookup(state, name) {
        Public::Alias(alias) => Found::Records(public::TTL, vec![RecordData::Cname(alias)]),
        Public::Address(address) if record_type == RecordType::A => {
            Found::Records(public::TTL, vec![RecordData::A(address)])
        }
        Public::Address(_) => Found::NoData,
        Public::Missing => Found::Missing,
    }
}
