//! Ids and names as people and attackers write them: right ones, look-alikes, other tenants', and such as could mean more than
//! one place.

use fastrand::Rng;

pub const OWN: &str = "11111111-1111-1111-1111-111111111111";
pub const THEIRS: &str = "22222222-2222-2222-2222-222222222222";

/// One of several.
pub fn one<'a>(random: &mut Rng, of: &[&'a str]) -> &'a str {
    let at = random.usize(..of.len().max(1));
    of.get(at).copied().unwrap_or_default()
}

/// True in so many of a hundred.
pub fn chance(random: &mut Rng, percent: u32) -> bool {
    random.u32(..100) < percent
}

pub fn group(random: &mut Rng) -> String {
    let subscription = if chance(random, 95) { OWN } else { THEIRS };
    let name = match random.u32(..100) {
        0..=79 => "rg-a",
        _ => one(
            random,
            &[
                "rg-ab",
                "rg-b",
                "rg-a-2",
                "rg-dns",
                "rg-operations",
                "RG-A",
                "rg-\u{430}",
            ],
        ),
    };
    format!("/subscriptions/{subscription}/resourceGroups/{name}")
}

/// What an id is to be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Subnet,
    Network,
    Zone,
    Target,
    SecurityGroup,
    ApplicationGroup,
    RouteTable,
    Endpoint,
    Link,
    Record,
}

const EVERYTHING: [What; 10] = [
    What::Subnet,
    What::Network,
    What::Zone,
    What::Target,
    What::SecurityGroup,
    What::ApplicationGroup,
    What::RouteTable,
    What::Endpoint,
    What::Link,
    What::Record,
];

pub const ZONES: [&str; 7] = [
    "privatelink.blob.core.windows.net",
    "orders.internal",
    "ordersXinternal",
    "evil.example",
    "privatelink.vaultcore.azure.net",
    "xprivatelink.blob.core.windows.net",
    "internal",
];

pub const RECORDS: [&str; 9] = [
    "orders",
    "orders-1",
    "ORDERS-2",
    "@",
    "*",
    "*.orders",
    "payments",
    "orders.orders.internal.",
    "\u{f6}rders-1",
];

pub const ALIASES: [&str; 4] = [
    "svc.0f0f.westeurope.azure.privatelinkservice",
    "SVC.0f0f.westeurope.azure.privatelinkservice",
    "svc.0f0f.westeurope.azure.privatelinkservice.evil",
    "svc.0f0f.westeurope.azure",
];

/// An id without tricks.
pub fn plain(random: &mut Rng, what: What) -> String {
    let group = group(random);
    let network = "/providers/Microsoft.Network";
    match what {
        What::Subnet => {
            let of = one(random, &["vnet", "vnet", "vnet-2", "VNET"]);
            format!(
                "{group}{network}/virtualNetworks/{of}/subnets/{}",
                one(random, &["endpoints", "endpoints", "endpoints-2", "Endpoints"])
            )
        }
        What::Network => format!(
            "{group}{network}/virtualNetworks/{}",
            one(random, &["vnet", "vnet", "vnet-2"])
        ),
        What::Zone => format!("{group}{network}/privateDnsZones/{}", one(random, &ZONES)),
        What::Target => format!(
            "{group}/providers/{}",
            one(
                random,
                &[
                    "Microsoft.Storage/storageAccounts/stone",
                    "Microsoft.Storage/storageAccounts/stone",
                    "Microsoft.Storage/storageAccounts/stone2",
                    "Microsoft.KeyVault/vaults/stone"
                ]
            )
        ),
        What::SecurityGroup => format!(
            "{group}{network}/networkSecurityGroups/{}",
            one(random, &["nsg", "nsg-2", "theirs"])
        ),
        What::ApplicationGroup => format!(
            "{group}{network}/applicationSecurityGroups/{}",
            one(random, &["asg", "asg-2"])
        ),
        What::RouteTable => format!(
            "{group}{network}/routeTables/{}",
            one(random, &["rt", "rt-2", "theirs"])
        ),
        What::Endpoint => format!(
            "{group}{network}/privateEndpoints/{}",
            one(random, &["pe-1", "pe-2", "pe-3"])
        ),
        What::Link => format!(
            "{group}{network}/privateDnsZones/{}/virtualNetworkLinks/{}",
            one(random, &ZONES),
            one(random, &["pdl-1", "pdl-2"])
        ),
        What::Record => format!(
            "{group}{network}/privateDnsZones/{}/A/{}",
            one(random, &ZONES),
            one(random, &["orders", "orders-1", "@", "*", "payments"])
        ),
    }
}

/// An id, now and then of something else, now and then with a trick.
pub fn id(random: &mut Rng, what: What) -> String {
    let what = if chance(random, 3) {
        EVERYTHING
            .get(random.usize(..EVERYTHING.len()))
            .copied()
            .unwrap_or(what)
    } else {
        what
    };
    let id = plain(random, what);
    if chance(random, 6) {
        tricked(random, &id)
    } else {
        id
    }
}

pub fn any(random: &mut Rng) -> String {
    let what = EVERYTHING.get(random.usize(..EVERYTHING.len())).copied();
    id(random, what.unwrap_or(What::Zone))
}

/// The same id with a trick.
fn tricked(random: &mut Rng, id: &str) -> String {
    let middle = id
        .match_indices('/')
        .nth(random.usize(1..6))
        .map_or(0, |(at, _)| at);
    let (head, tail) = id.split_at(middle);
    match random.u32(..16) {
        0 => id.to_ascii_uppercase(),
        1 => id.to_ascii_lowercase(),
        2 => format!("{id}/"),
        3 => format!("{head}/{tail}"),
        4 => format!("{head}/.{tail}"),
        5 => format!("{head}/x/..{tail}"),
        6 => format!("{id}/../other"),
        7 => id.replacen("rg-a", "rg-b/../rg-a", 1),
        8 => id.replacen("rg-a", "rg-a%2F..%2Frg-b", 1),
        9 => id.replacen("rg-a", "%72g-a", 1),
        10 => format!("{head}/%2e%2e{tail}"),
        11 => id.replace('a', "\u{430}"),
        12 => id.replace('k', "\u{212a}").replace('s', "\u{17f}"),
        13 => id.replacen("rg-a", "rg-a?x=/providers", 1),
        14 => id.replacen("rg-a", "rg-a\\..\\rg-b", 1),
        _ => format!("{id} "),
    }
}

/// What an entry of a scope is on.
pub fn on(random: &mut Rng) -> String {
    match random.u32(..100) {
        0..=3 => format!("/subscriptions/{OWN}"),
        4..=49 => {
            let group = group(random);
            if chance(random, 8) {
                tricked(random, &group)
            } else {
                group
            }
        }
        _ => any(random),
    }
}
