//! Random estates: however networks, peerings, servers, rulesets and zones point at each other, a question comes to an end,
//! with the answer that follows from who is asked, and only out of zones that are linked to a network on the way.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use crate::support::estate::{Estate, inbound};
use privatelink_arm_emulator::dns::{Answer, Rcode, RecordData, Source};
use proptest::prelude::*;

const NETWORKS: std::ops::RangeInclusive<u8> = 1..=4;
const ZONES: [&str; 3] = ["x.example", "y.x.example", "z.example"];
const NAMES: [&str; 5] = [
    "app.x.example",
    "app.y.x.example",
    "app.z.example",
    "turn.x.example",
    "none.y.x.example",
];
const DOMAINS: [&str; 4] = [".", "x.example.", "y.x.example.", "example."];

/// Where a question is sent to: an inbound endpoint by the number of its network, nobody (0), or Azure (5).
fn server(number: u8) -> String {
    match number {
        0 => "10.9.9.9".to_owned(),
        5 => "168.63.129.16".to_owned(),
        _ => inbound(number),
    }
}

#[derive(Clone, Debug)]
struct Plan {
    servers: Vec<Vec<u8>>,
    resolvers: Vec<bool>,
    peerings: BTreeSet<(u8, u8)>,
    /// Ruleset, domain, targets, whether it is enabled.
    rules: Vec<(u8, usize, Vec<u8>, bool)>,
    /// By network the ruleset that it is linked to; 0 is none.
    rulesets: Vec<u8>,
    links: BTreeSet<(usize, u8)>,
}

fn plans() -> impl Strategy<Value = Plan> {
    let count = usize::from(*NETWORKS.end());
    (
        prop::collection::vec(prop::collection::vec(0..6_u8, 0..3), count),
        prop::collection::vec(prop::bool::weighted(0.8), count),
        prop::collection::btree_set((NETWORKS, NETWORKS), 0..8),
        prop::collection::vec(
            (
                NETWORKS,
                0..DOMAINS.len(),
                prop::collection::vec(0..5_u8, 1..4),
                prop::bool::weighted(0.8),
            ),
            0..8,
        ),
        prop::collection::vec(0..5_u8, count),
        prop::collection::btree_set((0..ZONES.len(), NETWORKS), 0..8),
    )
        .prop_map(|(servers, resolvers, peerings, rules, rulesets, links)| Plan {
            servers,
            resolvers,
            peerings: peerings.into_iter().filter(|(one, other)| one < other).collect(),
            rules,
            rulesets,
            links,
        })
}

fn built(plan: &Plan) -> Estate {
    let estate = Estate::new();
    let has_resolver = |number: u8| plan.resolvers[usize::from(number) - 1];
    for number in NETWORKS {
        let servers: Vec<String> = plan.servers[usize::from(number) - 1]
            .iter()
            .map(|one| server(*one))
            .collect();
        let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
        estate.network(number, &servers);
        if has_resolver(number) {
            estate.resolver(number);
            estate.ruleset(number);
        }
    }
    for (one, other) in &plan.peerings {
        estate.peer(*one, *other);
    }
    for (place, (ruleset, domain, targets, enabled)) in plan.rules.iter().enumerate() {
        if has_resolver(*ruleset) {
            let targets: Vec<String> = targets.iter().map(|one| server(*one)).collect();
            let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
            let state = if *enabled { "Enabled" } else { "Disabled" };
            estate.rule(*ruleset, &format!("r{place}"), DOMAINS[*domain], &targets, state);
        }
    }
    for (number, ruleset) in NETWORKS.zip(&plan.rulesets) {
        if *ruleset != 0 && has_resolver(*ruleset) {
            estate.use_ruleset(*ruleset, number);
        }
    }
    for (place, zone) in ZONES.iter().enumerate() {
        estate.zone(zone);
        // The address says which zone it is out of.
        estate.address(zone, "app", &format!("192.0.2.{}", place + 1));
    }
    estate.alias("x.example", "turn", "app.z.example");
    for (zone, number) in &plan.links {
        estate.link(ZONES[*zone], *number, false);
    }
    estate
}

/// The number of the network in a hop.
fn number(network: &str) -> u8 {
    network.rsplit_once("/n").unwrap().1.parse().unwrap()
}

/// What a client is to be told, worked out from the plan alone: a code and the records' data.
struct Model<'a> {
    plan: &'a Plan,
    forwards: u8,
}

type Told = (Rcode, Vec<String>);

impl Model<'_> {
    fn reaches(&self, one: u8, other: u8) -> bool {
        one == other || self.plan.peerings.contains(&(one.min(other), one.max(other)))
    }

    fn client(&mut self, from: u8, name: &str) -> Told {
        let servers = &self.plan.servers[usize::from(from) - 1];
        if servers.is_empty() {
            return self.azure(from, name);
        }
        self.first(from, servers, name)
    }

    /// What the first says that answers.
    fn first(&mut self, from: u8, servers: &[u8], name: &str) -> Told {
        for server in servers {
            match *server {
                0 => {}
                5 => return self.azure(from, name),
                to if self.plan.resolvers[usize::from(to) - 1] && self.reaches(from, to) => {
                    self.forwards += 1;
                    if self.forwards > 8 {
                        break;
                    }
                    return self.azure(to, name);
                }
                _ => {}
            }
        }
        (Rcode::ServFail, Vec::new())
    }

    fn azure(&mut self, network: u8, name: &str) -> Told {
        let zone = (0..ZONES.len())
            .filter(|zone| self.plan.links.contains(&(*zone, network)))
            .filter(|zone| name.ends_with(&format!(".{}", ZONES[*zone])))
            .max_by_key(|zone| ZONES[*zone].len());
        if let Some(zone) = zone {
            if name == format!("app.{}", ZONES[zone]) {
                return (Rcode::NoError, vec![format!("192.0.2.{}", zone + 1)]);
            }
            if name == "turn.x.example" {
                let (rcode, rest) = self.azure(network, "app.z.example");
                return (rcode, [vec!["app.z.example".to_owned()], rest].concat());
            }
            return (Rcode::NxDomain, Vec::new());
        }
        let ruleset = self.plan.rulesets[usize::from(network) - 1];
        let plan = self.plan;
        let rule = plan
            .rules
            .iter()
            .filter(|(of, _, _, enabled)| *of == ruleset && *enabled)
            .filter(|(_, domain, ..)| {
                let domain = DOMAINS[*domain].trim_end_matches('.');
                domain.is_empty() || name.ends_with(&format!(".{domain}"))
            })
            // Of several for one domain the first.
            .rev()
            .max_by_key(|(_, domain, ..)| DOMAINS[*domain].len());
        match rule.filter(|_| ruleset != 0 && plan.resolvers[usize::from(ruleset) - 1]) {
            Some((_, _, targets, _)) => self.first(ruleset, targets, name),
            None => (Rcode::NxDomain, Vec::new()),
        }
    }
}

fn check(plan: &Plan, from: u8, name: &str, answer: &Answer) -> Result<(), TestCaseError> {
    let mut model = Model { plan, forwards: 0 };
    let data = answer.answers.iter().map(|record| record.data.to_string());
    prop_assert_eq!(
        (answer.rcode, data.collect::<Vec<_>>()),
        model.client(from, name),
        "{} from {}: {:#?}",
        name,
        from,
        answer.hops
    );
    prop_assert!(answer.hops.len() <= 80, "{} hops", answer.hops.len());
    prop_assert_eq!(answer.rcode == Rcode::ServFail, answer.reason.is_some());
    let on_the_way: BTreeSet<u8> = answer.hops.iter().map(|hop| number(&hop.network)).collect();
    for record in &answer.answers {
        let zone = match &record.data {
            RecordData::A(address) => usize::from(address.octets()[3]) - 1,
            _ => 0,
        };
        prop_assert!(record.name.ends_with(ZONES[zone]));
        prop_assert!(
            on_the_way
                .iter()
                .any(|number| plan.links.contains(&(zone, *number))),
            "{} out of a zone that no network on the way is linked to",
            record.name
        );
    }
    let reaches =
        |one: u8, other: u8| one == other || plan.peerings.contains(&(one.min(other), one.max(other)));
    for hop in &answer.hops {
        match hop.source {
            Source::InboundEndpoint => {
                let to: u8 = hop.server.split('.').nth(1).unwrap().parse().unwrap();
                prop_assert!(reaches(number(&hop.network), to), "{:?}", hop);
                prop_assert!(plan.resolvers[usize::from(to) - 1], "{:?}", hop);
            }
            Source::Zone => {
                let zone = ZONES
                    .iter()
                    .position(|zone| hop.id.as_ref().unwrap().ends_with(&format!("/{zone}")))
                    .unwrap();
                prop_assert!(plan.links.contains(&(zone, number(&hop.network))), "{:?}", hop);
            }
            _ => {}
        }
    }
    // A network with servers of its own asks these, in order, and no other.
    let own = &plan.servers[usize::from(from) - 1];
    let asked: Vec<String> = answer.hops.iter().map(|hop| hop.server.clone()).collect();
    match own.first() {
        Some(first) => prop_assert_eq!(&asked[0], &server(*first), "{} from {}", name, from),
        None => prop_assert_eq!(&asked[0], "168.63.129.16"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_question_ends_and_answers_come_from_linked_zones(plan in plans()) {
        let estate = built(&plan);
        for from in NETWORKS {
            for name in NAMES {
                let answer = estate.ask(from, name);
                check(&plan, from, name, &answer)?;
                prop_assert_eq!(&estate.ask(from, name), &answer, "the same question, the same answer");
            }
        }
        // A ruleset or resolver that goes while others point at it leaves no dangling way.
        for number in NETWORKS {
            let endpoint = crate::support::network(&format!("dnsResolvers/r{number}/inboundEndpoints/in"));
            if plan.resolvers[usize::from(number) - 1] {
                estate.delete(&endpoint);
            }
        }
        for from in NETWORKS {
            for name in NAMES {
                let answer = estate.ask(from, name);
                prop_assert!(answer.hops.iter().all(|hop| hop.source != Source::InboundEndpoint));
            }
        }
    }
}
