//! What comes out: rows of who reaches an endpoint on what, and what decides it.

use std::fmt;

use privatelink_api::{Direction, Protocol};

use super::model::last_segment;
use super::prefix::Prefix;

/// Who reaches one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The endpoint's namespace.
    pub namespace: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// What has to be known before all else: that Azure ignores the security group.
    pub note: Option<String>,
    /// The answers, as [`evaluate`](super::evaluate) orders them.
    pub rows: Vec<Row>,
}

/// One answer: what becomes of traffic of a source, on these protocols and ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who sends it.
    pub source: Source,
    /// The protocols, in the order of [`PROTOCOLS`].
    pub protocols: Vec<Protocol>,
    /// The ports that it goes to, as ranges with both ends, in order and apart.
    pub ports: Vec<(u16, u16)>,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// All protocols that rules tell apart.
pub const PROTOCOLS: [Protocol; 5] = [
    Protocol::Tcp,
    Protocol::Udp,
    Protocol::Icmp,
    Protocol::Esp,
    Protocol::Ah,
];

/// Who sends traffic.
///
/// The rows of one subnet, and those of all addresses that rules name, go by the longest prefix: an address is in the
/// row with the narrowest prefix that holds it. Somebody who is in several of the others is in the first: addresses, then
/// groups, then tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The clients of a subnet: all of them where there are no prefixes.
    Subnet {
        /// The subnet's id.
        id: String,
        /// What it is called.
        name: String,
        /// Where in it.
        parts: Vec<Prefix>,
    },
    /// Addresses that inbound rules name.
    Addresses(Vec<Prefix>),
    /// Members of an application security group that inbound rules name.
    Group(String),
    /// Members of a service tag that inbound rules name.
    Tag(String),
    /// Everybody whom no inbound rule names.
    Else,
}

/// What becomes of traffic. Whether there is a way at all between the networks (peering, a gateway) is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It gets through.
    Allowed {
        /// What decides.
        rule: Decision,
    },
    /// It does not.
    Denied {
        /// What decides.
        rule: Decision,
    },
    /// It may or may not get through.
    Depends {
        /// What decides if it is so.
        rule: Decision,
        /// Whether the traffic gets through then.
        allows: bool,
        /// What is not known, as a condition.
        on: String,
        /// What decides if it is not so; other things that are not known may add to that.
        otherwise: Decision,
    },
}

impl Verdict {
    /// In one word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Allowed { .. } => "Allowed",
            Verdict::Denied { .. } => "Denied",
            Verdict::Depends { .. } => "Depends",
        }
    }

    /// What decides; if it is so, where it depends on something.
    #[must_use]
    pub fn rule(&self) -> &Decision {
        match self {
            Verdict::Allowed { rule } | Verdict::Denied { rule } | Verdict::Depends { rule, .. } => rule,
        }
    }
}

/// What decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<Text = String> {
    /// A rule of a security group: inbound of the endpoint's subnet, or outbound of the client's.
    Rule {
        /// The group's name.
        group: Text,
        /// The rule's name.
        rule: Text,
        /// Which way it is for.
        direction: Direction,
    },
    /// A rule of others in a group that lets them keep theirs.
    OthersRule {
        /// The group's name.
        group: Text,
    },
    /// A route of the client's subnet.
    Route {
        /// The table's name.
        table: Text,
        /// The route's name.
        route: Text,
    },
    /// The endpoint's subnet keeps its security group off endpoints.
    Policy,
    /// The subnet has no security group, which lets everything through.
    NoGroup {
        /// The subnet's name.
        subnet: Text,
    },
    /// Something that is not known: a security group or a route table.
    NotKnown {
        /// Which.
        what: Text,
    },
}

impl Decision<&str> {
    pub(super) fn to_owned(self) -> Decision {
        match self {
            Decision::Rule {
                group,
                rule,
                direction,
            } => Decision::Rule {
                group: group.to_owned(),
                rule: rule.to_owned(),
                direction,
            },
            Decision::OthersRule { group } => Decision::OthersRule {
                group: group.to_owned(),
            },
            Decision::Route { table, route } => Decision::Route {
                table: table.to_owned(),
                route: route.to_owned(),
            },
            Decision::Policy => Decision::Policy,
            Decision::NoGroup { subnet } => Decision::NoGroup {
                subnet: subnet.to_owned(),
            },
            Decision::NotKnown { what } => Decision::NotKnown {
                what: what.to_owned(),
            },
        }
    }
}

impl Decision {
    /// In few words: a rule's or a route's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Decision::Rule { rule, .. } => rule,
            Decision::OthersRule { .. } => "a rule of others",
            Decision::Route { route, .. } => route,
            Decision::Policy => "network policies",
            Decision::NoGroup { .. } => "no security group",
            Decision::NotKnown { what } => what,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Subnet { name, parts, .. } if parts.is_empty() => formatter.write_str(name),
            Source::Subnet { name, parts, .. } => write!(formatter, "{name} ({})", list(parts)),
            Source::Addresses(parts) => formatter.write_str(&list(parts)),
            Source::Group(group) => formatter.write_str(last_segment(group)),
            Source::Tag(tag) => formatter.write_str(tag),
            Source::Else => formatter.write_str("anything else"),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Rule {
                group,
                rule,
                direction,
            } => {
                let way = match direction {
                    Direction::Inbound => "inbound",
                    Direction::Outbound => "outbound",
                };
                write!(formatter, "{rule} ({way} of {group})")
            }
            Decision::OthersRule { group } => write!(formatter, "a rule of others in {group}"),
            Decision::Route { table, route } => write!(formatter, "route {route} of {table}"),
            Decision::Policy => {
                formatter.write_str("privateEndpointNetworkPolicies keeps the security group off endpoints")
            }
            Decision::NoGroup { subnet } => write!(formatter, "{subnet} has no security group"),
            Decision::NotKnown { what } => formatter.write_str(what),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Allowed { rule } | Verdict::Denied { rule } => rule.fmt(formatter),
            Verdict::Depends {
                rule,
                allows,
                on,
                otherwise,
            } => {
                // Where nothing stands for what decides, the condition says it all.
                let silent = matches!(rule, Decision::Policy | Decision::NotKnown { .. });
                let does = match (allows, silent) {
                    (true, true) => "allowed".to_owned(),
                    (false, true) => "denied".to_owned(),
                    (true, false) => format!("{rule} allows"),
                    (false, false) => format!("{rule} denies"),
                };
                if rule == otherwise || matches!(otherwise, Decision::NotKnown { .. }) {
                    write!(formatter, "{does} only if {on}")
                } else {
                    write!(formatter, "{does} if {on}; else {otherwise}")
                }
            }
        }
    }
}

/// Items, with commas between them.
pub(super) fn list<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

/// Ranges of ports in words: `443, 8000-8100`; all of them are `*`.
#[must_use]
pub fn ports(ranges: &[(u16, u16)]) -> String {
    if ranges == [(0, u16::MAX)] {
        return "*".to_owned();
    }
    let ranges: Vec<String> = ranges
        .iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    ranges.join(", ")
}

/// Protocols in words: all of them are `*`.
#[must_use]
pub fn protocols(protocols: &[Protocol]) -> String {
    if protocols.len() == PROTOCOLS.len() {
        return "*".to_owned();
    }
    let names: Vec<String> = protocols.iter().map(|protocol| format!("{protocol:?}")).collect();
    names.join(", ")
}
