//! Effective access, by properties: every row says what a slow evaluator finds that walks rules by priority, takes the
//! first match and tries both answers to whatever is not known.
#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "access/random.rs"]
mod random;
#[path = "access/slow.rs"]
mod slow;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use privatelink_api::{Access, Direction, Protocol};
use privatelink_kinds::access::evaluate;
use privatelink_kinds::access::model::{
    Bound, Endpoint, Match, Policy, Rule, SecurityGroup, Situation, Subnet,
};
use privatelink_kinds::access::prefix::Prefix;
use privatelink_kinds::access::report::{Row, Source, Verdict};
use proptest::prelude::*;

use crate::random::{address, universe};
use crate::slow::{Sender, Slow};

/// The one row of those given that is for a protocol and port.
fn row<'a>(rows: impl Iterator<Item = &'a Row>, protocol: Protocol, port: u16) -> &'a Row {
    let mut rows = rows.filter(|row| {
        let ports = row
            .ports
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&port));
        ports && row.protocols.contains(&protocol)
    });
    let Some(row) = rows.next() else {
        panic!("no row for {protocol:?} {port}")
    };
    assert!(rows.next().is_none(), "two rows for {protocol:?} {port}");
    row
}

/// The prefix by which an address is in rows that go by the longest.
fn narrowest<'a>(parts: impl Iterator<Item = &'a Prefix>, address: &Prefix) -> Option<Prefix> {
    parts
        .filter(|part| part.contains(address))
        .max_by_key(|part| part.length())
        .copied()
}

fn check(row: &Row, slow: &Slow<'_>, sender: &Sender<'_>, (protocol, port): (Protocol, u16), exact: bool) {
    let found = slow.outcomes(sender, protocol, port);
    let allowed: Vec<_> = found
        .iter()
        .filter(|(access, _)| *access == Access::Allow)
        .map(|(_, by)| by)
        .collect();
    let denied: Vec<_> = found
        .iter()
        .filter(|(access, _)| *access == Access::Deny)
        .map(|(_, by)| by)
        .collect();
    let context = || format!("{sender:?} {protocol:?} {port}\nslow: {found:?}\nfast: {row:?}");
    match &row.verdict {
        Verdict::Allowed { rule } => {
            assert!(denied.is_empty() && allowed.contains(&rule), "{}", context());
            assert!(!slow.is_one_place(sender) || *rule == found[0].1, "{}", context());
        }
        Verdict::Denied { rule } => {
            assert!(allowed.is_empty() && denied.contains(&rule), "{}", context());
            assert!(!slow.is_one_place(sender) || *rule == found[0].1, "{}", context());
        }
        Verdict::Depends {
            rule,
            allows,
            otherwise,
            ..
        } => {
            // With very many places each prefix is a doubt of its own.
            if !exact {
                return;
            }
            let (then, otherwise_among) = if *allows {
                (&allowed, &denied)
            } else {
                (&denied, &allowed)
            };
            assert!(
                then.contains(&rule) && otherwise_among.contains(&otherwise),
                "{}",
                context()
            );
        }
    }
}

fn check_all(situation: &Situation, exact: bool) {
    let rows = evaluate(situation);
    let slow = Slow::new(situation);
    let probes: Vec<(Protocol, u16)> = [Protocol::Tcp, Protocol::Udp, Protocol::Ah]
        .into_iter()
        .flat_map(|protocol| [0, 1, 2, 3, 4, 5, 6, 7, 80, u16::MAX].map(|port| (protocol, port)))
        .collect();
    for client in &situation.clients {
        let of_client = |row: &&Row| matches!(&row.source, Source::Subnet { id, .. } if *id == client.id);
        let own: Vec<&Row> = rows.iter().filter(of_client).collect();
        let parts = |row: &&Row| match &row.source {
            Source::Subnet { parts, .. } => parts.clone(),
            _ => Vec::new(),
        };
        let all: Vec<Prefix> = own.iter().flat_map(parts).collect();
        let senders: Vec<Option<Prefix>> = match &client.prefixes {
            None => vec![None],
            Some(prefixes) => universe()
                .into_iter()
                .filter(|address| prefixes.iter().any(|prefix| prefix.contains(address)))
                .map(Some)
                .collect(),
        };
        for sender in senders {
            let place = sender.and_then(|address| narrowest(all.iter(), &address));
            let rows = own.iter().copied().filter(|row| {
                parts(row).is_empty() || place.is_some_and(|place| parts(row).contains(&place))
            });
            let rows: Vec<&Row> = rows.collect();
            for (protocol, port) in &probes {
                let row = row(rows.iter().copied(), *protocol, *port);
                check(
                    row,
                    &slow,
                    &Sender::Client(client, sender),
                    (*protocol, *port),
                    exact,
                );
            }
        }
    }
    let all: Vec<Prefix> = rows
        .iter()
        .filter_map(|row| match &row.source {
            Source::Addresses(parts) => Some(parts.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    for address in universe() {
        let client = situation
            .clients
            .iter()
            .flat_map(|client| client.prefixes.iter().flatten())
            .any(|prefix| prefix.contains(&address));
        let Some(place) = narrowest(all.iter(), &address).filter(|_| !client) else {
            continue;
        };
        let rows = || {
            rows.iter()
                .filter(|row| matches!(&row.source, Source::Addresses(parts) if parts.contains(&place)))
        };
        for (protocol, port) in &probes {
            check(
                row(rows(), *protocol, *port),
                &slow,
                &Sender::Address(address),
                (*protocol, *port),
                exact,
            );
        }
    }
    for source in rows.iter().map(|row| &row.source) {
        let sender = match source {
            Source::Group(group) => Sender::Group(group),
            Source::Tag(tag) => Sender::Tag(tag),
            Source::Else => Sender::Else,
            Source::Subnet { .. } | Source::Addresses(_) => continue,
        };
        for (protocol, port) in &probes {
            let row = row(rows.iter().filter(|row| row.source == *source), *protocol, *port);
            check(row, &slow, &sender, (*protocol, *port), exact);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn every_row_says_what_walking_the_rules_finds(situation in random::situation()) {
        check_all(&situation, true);
    }

    #[test]
    fn nothing_is_claimed_where_there_are_too_many_places_to_look_at(situation in random::situation()) {
        check_all(&crowded(situation), false);
    }
}

fn rule(name: String, priority: i32, source: Match, port: u16) -> Rule {
    Rule {
        name,
        priority,
        direction: Direction::Inbound,
        access: Access::Allow,
        protocol: Protocol::Tcp,
        source,
        destination: Match::Any,
        ports: vec![(port, port)],
    }
}

fn subnet(index: u32, group: Bound<Arc<SecurityGroup>>) -> Subnet {
    Subnet {
        id: format!("/net/a/{index}"),
        name: format!("snet-{index}"),
        network: Some("/net/a".to_owned()),
        prefixes: Some(vec![Prefix::new(
            Ipv4Addr::from_bits(0x0a00_0000 + (index << 8)).into(),
            24,
        )]),
        group,
        routes: Bound::Nothing,
        policy: Some(Policy {
            group: true,
            routes: true,
        }),
    }
}

fn crowd(prefixes: Option<Vec<Prefix>>, source: impl Fn(u32) -> Match) -> Situation {
    let rules = (0..1000).map(|index| {
        rule(
            format!("rule-{index}"),
            100 + index,
            source(index as u32),
            1000 + index as u16,
        )
    });
    let inbound = Arc::new(SecurityGroup::new("nsg-endpoints", rules.collect()));
    let out = (0..1000).map(|index| Rule {
        direction: Direction::Outbound,
        ..rule(
            format!("out-{index}"),
            100 + index,
            Match::Any,
            900 + index as u16,
        )
    });
    let out = Arc::new(SecurityGroup::new("nsg-clients", out.collect()));
    let clients = (0..20).map(|index| Subnet {
        prefixes: prefixes.clone().or(subnet(index, Bound::Nothing).prefixes),
        ..subnet(index, Bound::Known(out.clone()))
    });
    Situation {
        endpoint: Endpoint {
            name: "orders".to_owned(),
            addresses: Some(vec![address(0x0a01_0004)]),
            groups: Vec::new(),
            subnet: subnet(256, Bound::Known(inbound)),
        },
        clients: clients.collect(),
        spaces: BTreeMap::new(),
    }
}

/// `cargo test --release -p privatelink-kinds --test access -- --ignored --nocapture`
#[test]
#[ignore = "prints how long a thousand rules take"]
fn a_thousand_rules() {
    let own = |index: u32| {
        Match::Prefixes(vec![Prefix::new(
            Ipv4Addr::from_bits(0x0a80_0000 + (index << 8)).into(),
            24,
        )])
    };
    let inside = |index: u32| Match::Prefixes(vec![address(0x0a00_0000 + index * 5)]);
    let group = |index: u32| Match::Groups(vec![format!("/asg/{}", index % 100)]);
    let mut unknown = crowd(None, own);
    for client in &mut unknown.clients {
        client.prefixes = None;
    }
    let mut nowhere = crowd(None, own);
    nowhere.endpoint.addresses = None;
    // As it is in life: rules for fifty groups of endpoints, from twenty subnets.
    let mut usual = crowd(None, |index| {
        Match::Prefixes(vec![Prefix::new(
            Ipv4Addr::from_bits(0x0a00_0000 + ((index % 20) << 8)).into(),
            24,
        )])
    });
    if let Bound::Known(group) = &usual.endpoint.subnet.group {
        let own = group
            .rules(Direction::Inbound)
            .iter()
            .filter(|rule| rule.priority < 65000);
        let aimed = own.enumerate().map(|(index, rule)| Rule {
            destination: Match::Groups(vec![format!("/asg/{}", index / 20)]),
            ..rule.clone()
        });
        usual.endpoint.subnet.group =
            Bound::Known(Arc::new(SecurityGroup::new("nsg-endpoints", aimed.collect())));
        usual.endpoint.groups = vec!["/asg/7".to_owned()];
    }
    for client in &mut usual.clients {
        client.group = Bound::Known(Arc::new(SecurityGroup::new("nsg-clients", Vec::new())));
    }
    for (what, situation) in [
        ("a thousand rules for fifty groups of endpoints", usual),
        ("a port each, from anywhere", crowd(None, |_| Match::Any)),
        ("a source each, apart from the clients", crowd(None, own)),
        ("a source each, in the clients' subnets", crowd(None, inside)),
        ("one of a hundred groups each", crowd(None, group)),
        ("clients whose addresses are not known", unknown),
        ("an endpoint whose address is not known", nowhere),
    ] {
        let rows = evaluate(&situation).len();
        let start = Instant::now();
        let rounds = 10;
        for _ in 0..rounds {
            assert_eq!(evaluate(&situation).len(), rows);
        }
        println!("{what}: {:?} for {rows} rows", start.elapsed() / rounds);
    }
}

/// The same with forty more addresses in rules of every group, so that places are not looked at one by one.
fn crowded(mut situation: Situation) -> Situation {
    let names = Match::Prefixes((0..40).map(|index| address(0x0a00_0100 + index * 2)).collect());
    let crowd = |subnet: &mut Subnet| {
        let Bound::Known(group) = &subnet.group else {
            return;
        };
        let both = [Direction::Inbound, Direction::Outbound];
        let own = both
            .into_iter()
            .flat_map(|direction| group.rules(direction))
            .filter(|rule| rule.priority < 65000);
        let more = both.map(|direction| Rule {
            direction,
            access: Access::Deny,
            destination: names.clone(),
            ..rule("crowd".to_owned(), 99, names.clone(), 60000)
        });
        let rules = own.cloned().chain(more).collect();
        let others = group.others;
        let mut group = SecurityGroup::new(group.name.clone(), rules);
        group.others = others;
        subnet.group = Bound::Known(Arc::new(group));
    };
    situation.clients.iter_mut().for_each(crowd);
    crowd(&mut situation.endpoint.subnet);
    situation.spaces.clear();
    situation
}

/// So many situations, unless `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    let wish = std::env::var("PROPTEST_CASES").ok();
    wish.and_then(|wish| wish.parse().ok()).unwrap_or(256)
}
