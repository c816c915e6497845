//! Random situations in a small world, where rules meet often.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use privatelink_api::{Access, Direction, NextHopType, Protocol};
use privatelink_kinds::access::model::{
    Bound, Endpoint, Match, Policy, Route, RouteTable, Rule, SecurityGroup, Situation, Subnet,
};
use privatelink_kinds::access::prefix::Prefix;
use proptest::prelude::*;

const PRIVATE: u32 = 0x0a00_0000;
const PUBLIC: u32 = 0x1400_0000;

pub(crate) fn address(bits: u32) -> Prefix {
    Prefix::new(Ipv4Addr::from_bits(bits).into(), 32)
}

/// All addresses that are tried: sixteen private ones, four public ones, and some that hardly any
/// rule names: of each address space, of private addresses, and of none.
pub(crate) fn universe() -> Vec<Prefix> {
    let bits = (PRIVATE..PRIVATE + 16).chain(PUBLIC..PUBLIC + 4).chain([
        0x0a00_00c8,
        0x0a00_0909,
        0x0a4d_0001,
        0x0808_0808,
    ]);
    bits.map(address).collect()
}

fn prefix() -> impl Strategy<Value = Prefix> {
    let private = (0_u32..16, 28_u8..=32).prop_map(|(bits, length)| (PRIVATE + bits, length));
    let public = (0_u32..4, 30_u8..=32).prop_map(|(bits, length)| (PUBLIC + bits, length));
    prop_oneof![
        8 => private,
        2 => public,
        1 => Just((0, 0)),
        1 => Just((PRIVATE, 8)),
    ]
    .prop_map(|(bits, length)| Prefix::new(Ipv4Addr::from_bits(bits).into(), length))
}

fn group_id() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["/asg/x", "/asg/y", "applicationsecuritygroup/a/x"]).prop_map(str::to_owned)
}

fn side() -> impl Strategy<Value = Match> {
    let tags = vec![
        "VirtualNetwork",
        "Internet",
        "AzureLoadBalancer",
        "Storage",
        "Storage.WestEurope",
        "internet",
    ];
    prop_oneof![
        2 => Just(Match::Any),
        4 => prop::collection::vec(prefix(), 1..3).prop_map(Match::Prefixes),
        2 => prop::sample::select(tags).prop_map(|tag| Match::Tag(tag.to_owned())),
        2 => prop::collection::vec(group_id(), 1..3).prop_map(Match::Groups),
    ]
}

fn ports() -> impl Strategy<Value = Vec<(u16, u16)>> {
    prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(
            (0_u16..7, 0_u16..3).prop_map(|(first, more)| (first, first + more)),
            1..3
        ),
        Just(vec![(5, u16::MAX)]),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let protocol = prop::sample::select(vec![
        Protocol::Any,
        Protocol::Any,
        Protocol::Tcp,
        Protocol::Udp,
        Protocol::Ah,
    ]);
    (any::<bool>(), any::<bool>(), protocol, side(), side(), ports()).prop_map(
        |(inbound, allow, protocol, source, destination, ports)| Rule {
            name: String::new(),
            priority: 0,
            direction: if inbound {
                Direction::Inbound
            } else {
                Direction::Outbound
            },
            access: if allow { Access::Allow } else { Access::Deny },
            protocol,
            source,
            destination,
            ports,
        },
    )
}

fn group(name: &'static str) -> impl Strategy<Value = Arc<SecurityGroup>> {
    let others = prop::bool::weighted(0.1);
    (prop::collection::vec(rule(), 0..7), others).prop_map(move |(mut rules, others)| {
        for (index, rule) in rules.iter_mut().enumerate() {
            rule.name = format!("rule-{index}");
            rule.priority = 100 + i32::try_from(index).unwrap_or_default();
        }
        let mut group = SecurityGroup::new(name, rules);
        group.others = others;
        Arc::new(group)
    })
}

fn bound<T: Clone + std::fmt::Debug>(
    known: impl Strategy<Value = T>,
    what: &'static str,
) -> impl Strategy<Value = Bound<T>> {
    prop_oneof![
        6 => known.prop_map(Bound::Known),
        1 => Just(Bound::Nothing),
        1 => Just(Bound::Unknown(what.to_owned())),
    ]
}

fn table() -> impl Strategy<Value = Arc<RouteTable>> {
    let hops = vec![
        NextHopType::None,
        NextHopType::VnetLocal,
        NextHopType::VirtualAppliance,
        NextHopType::Internet,
    ];
    // One route for a prefix, as Azure has it.
    prop::collection::btree_map(prefix(), prop::sample::select(hops), 0..4).prop_map(|routes| {
        let routes = routes
            .into_iter()
            .enumerate()
            .map(|(index, (prefix, next_hop))| Route {
                name: format!("route-{index}"),
                prefix,
                next_hop,
                address: (next_hop == NextHopType::VirtualAppliance).then(|| "10.9.0.4".to_owned()),
            });
        Arc::new(RouteTable {
            name: "table".to_owned(),
            routes: routes.collect(),
        })
    })
}

fn network() -> impl Strategy<Value = Option<String>> {
    prop::sample::select(vec![Some("/net/a"), Some("/net/a"), Some("/net/b"), None])
        .prop_map(|id| id.map(str::to_owned))
}

fn policy() -> impl Strategy<Value = Option<Policy>> {
    prop_oneof![
        4 => Just(Some(Policy { group: true, routes: true })),
        1 => Just(Some(Policy { group: true, routes: false })),
        1 => Just(Some(Policy { group: false, routes: true })),
        1 => Just(Some(Policy { group: false, routes: false })),
        1 => Just(None),
    ]
}

fn subnet(name: &'static str) -> impl Strategy<Value = Subnet> {
    let prefixes = prop::option::weighted(
        0.8,
        prop::collection::vec(
            (0_u32..4, 28_u8..=31).prop_map(|(bits, length)| {
                Prefix::new(Ipv4Addr::from_bits(PRIVATE + bits * 4).into(), length)
            }),
            1..3,
        ),
    );
    (
        network(),
        prefixes,
        bound(group(name), "some group"),
        bound(table(), "some table"),
        policy(),
    )
        .prop_map(move |(network, prefixes, group, routes, policy)| Subnet {
            id: format!("/{name}"),
            name: name.to_owned(),
            network,
            prefixes,
            group,
            routes,
            policy,
        })
}

pub(crate) fn situation() -> impl Strategy<Value = Situation> {
    let addresses = prop_oneof![
        4 => (0_u32..16).prop_map(|bits| Some(vec![address(PRIVATE + bits)])),
        1 => prop::collection::vec((0_u32..16).prop_map(|bits| address(PRIVATE + bits)), 2).prop_map(Some),
        1 => Just(None),
    ];
    let groups = prop::collection::vec(group_id(), 0..3);
    let clients = (subnet("snet-one"), subnet("snet-two"), 0_usize..3)
        .prop_map(|(one, two, many)| [one, two][..many.min(2)].to_vec());
    let space = prop::option::of(prop::sample::select(vec![
        (PRIVATE, 28),
        (PRIVATE, 16),
        (PRIVATE, 24),
    ]));
    (subnet("snet-endpoints"), addresses, groups, clients, space).prop_map(
        |(subnet, addresses, groups, clients, space)| Situation {
            endpoint: Endpoint {
                name: "endpoint".to_owned(),
                addresses,
                groups,
                subnet,
            },
            clients,
            spaces: space
                .map(|(bits, length)| {
                    (
                        "/net/a".to_owned(),
                        vec![Prefix::new(Ipv4Addr::from_bits(bits).into(), length)],
                    )
                })
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
        },
    )
}
