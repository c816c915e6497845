//! What is known of subnets, security groups, routes and an endpoint when access to it is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use privatelink_api::{Access, Direction, NextHopType, Protocol};

use super::defaults;
use super::prefix::Prefix;

/// The virtual network's own service tag.
pub const VIRTUAL_NETWORK: &str = "VirtualNetwork";
/// The tag of the public internet.
pub const INTERNET: &str = "Internet";
/// The tag of Azure's own health probes.
pub const LOAD_BALANCER: &str = "AzureLoadBalancer";

/// One rule of a security group. Its source ports are left out: for endpoints Azure takes them as `*`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The lower, the earlier it is looked at.
    pub priority: i32,
    /// Which traffic it is about.
    pub direction: Direction,
    /// What happens to the traffic.
    pub access: Access,
    /// The protocol; `Any` matches all.
    pub protocol: Protocol,
    /// Where the traffic comes from.
    pub source: Match,
    /// Where it goes.
    pub destination: Match,
    /// The ports that it goes to, as ranges with both ends; none: all.
    pub ports: Vec<(u16, u16)>,
}

/// Which addresses one side of a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// All.
    Any,
    /// Those in one of the prefixes.
    Prefixes(Vec<Prefix>),
    /// Those of a service tag. What is in it is Azure's secret.
    Tag(String),
    /// Those of the members of application security groups, by id in lower case.
    Groups(Vec<String>),
}

/// A security group: its rules in the order in which they are looked at, and Azure's default rules behind them.
#[derive(Clone, Debug, PartialEq)]
pub struct SecurityGroup {
    /// What it is called.
    pub name: String,
    /// Whether there may be rules besides these, because others may keep theirs in the group.
    pub others: bool,
    inbound: Vec<Rule>,
    outbound: Vec<Rule>,
}

impl SecurityGroup {
    /// A group of these rules and the default ones.
    #[must_use]
    pub fn new(name: impl Into<String>, rules: Vec<Rule>) -> SecurityGroup {
        let mut rules = rules;
        rules.extend(defaults::rules());
        rules.sort_by_key(|rule| rule.priority);
        let (inbound, outbound) = rules
            .into_iter()
            .partition(|rule| rule.direction == Direction::Inbound);
        SecurityGroup {
            name: name.into(),
            others: false,
            inbound,
            outbound,
        }
    }

    /// The rules of a direction in their order, the default ones last.
    #[must_use]
    pub fn rules(&self, direction: Direction) -> &[Rule] {
        match direction {
            Direction::Inbound => &self.inbound,
            Direction::Outbound => &self.outbound,
        }
    }
}

/// What a subnet uses: nothing, something known, or something that is not known.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound<T> {
    /// It uses none.
    Nothing,
    /// It uses this.
    Known(T),
    /// It uses one that is not known, or may use one; the text says which, as the subject of a sentence.
    Unknown(String),
}

/// A route table.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteTable {
    /// What it is called.
    pub name: String,
    /// Its routes by prefix. Those for service tags are left out: an endpoint's address is in none.
    pub routes: Vec<Route>,
}

/// One route.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// Where the traffic is meant for.
    pub prefix: Prefix,
    /// What kind of hop comes next.
    pub next_hop: NextHopType,
    /// The hop's address, for an appliance.
    pub address: Option<String>,
}

/// What a subnet's `privateEndpointNetworkPolicies` makes hold for the endpoints in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether the subnet's security group does.
    pub group: bool,
    /// Whether the routes of the clients' subnets do.
    pub routes: bool,
}

/// One subnet.
#[derive(Clone, Debug, PartialEq)]
pub struct Subnet {
    /// Its ARM id in lower case, or what stands for it.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its virtual network's id in lower case, where known.
    pub network: Option<String>,
    /// Its prefixes, where known.
    pub prefixes: Option<Vec<Prefix>>,
    /// Its security group.
    pub group: Bound<Arc<SecurityGroup>>,
    /// Its routes.
    pub routes: Bound<Arc<RouteTable>>,
    /// What holds for endpoints in it, where known.
    pub policy: Option<Policy>,
}

/// One private endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// What it is called.
    pub name: String,
    /// Its addresses, where known.
    pub addresses: Option<Vec<Prefix>>,
    /// The application security groups that it is in, by id in lower case.
    pub groups: Vec<String>,
    /// The subnet that it is in.
    pub subnet: Subnet,
}

/// An endpoint, and who may want to reach it.
#[derive(Clone, Debug, PartialEq)]
pub struct Situation {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The subnets whose clients are asked about.
    pub clients: Vec<Subnet>,
    /// The address spaces of virtual networks, by id in lower case, as far as known.
    pub spaces: BTreeMap<String, Vec<Prefix>>,
}

/// Whether two ids of application security groups are of the same one; none where that cannot be told.
///
/// An object that has no ARM id yet goes by `kind/namespace/name`, where the last part is what it is called in Azure, or
/// `?` where that is not known.
#[must_use]
pub fn same_group(one: &str, other: &str) -> Option<bool> {
    if one == other {
        return Some(true);
    }
    if one.starts_with('/') == other.starts_with('/') {
        return Some(false);
    }
    let (one, other) = (last_segment(one), last_segment(other));
    if one == "?" || other == "?" || one == other {
        None
    } else {
        Some(false)
    }
}

/// What an id ends with: the name of what it is the id of.
#[must_use]
pub fn last_segment(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}
