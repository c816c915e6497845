//! The tables of resource types: everything about a type that is data.
//!
//! A row can be held against Azure's documents. Behaviour that no column can say (addresses, side effects) is in functions
//! that the row names in `hooks`; they are in the folders of their providers ([`crate::network`] and others).

mod apps;
mod authorization;
mod balancer;
mod bases;
mod columns;
mod databases;
pub(crate) mod delegation;
pub(crate) mod hooks;
mod messaging;
mod monitor;
pub(crate) mod network;
mod page;
mod peering;
mod perimeter;
mod policy;
mod private_dns;
mod private_link;
pub(crate) mod resolver;
mod storage;
mod targets;
pub(crate) mod traffic;
pub(crate) mod versions;

use std::collections::HashMap;
use std::sync::LazyLock;

use regex_lite::Regex;

use crate::request::place::{Place, split_provider};
use crate::targets::{TARGETS, Target};

pub(crate) use balancer::DOMAIN_NAME_LABEL;
pub(crate) use bases::{
    AI_CONNECTION, BATCH_CONNECTION, CONNECTION, EVENT_GRID_CONNECTION, MESSAGING_CONNECTION, NETWORK_NAME,
    PAGE, SERVER_CONNECTION, SERVICE_CONNECTION, SITE_CONNECTION, VAULT_CONNECTION,
};
use bases::{
    ALL, AT_ONCE, GENERIC, GENERIC_NETWORK, GENERIC_RESOLVER, NETWORK, NO_PATCH, OTHER, PLAIN_TARGET,
};
pub(crate) use columns::{
    Action, AfterGroup, AtLocation, AtProvider, EtagHeader, EtagStyle, Inline, Limit, LocationRule, NameRule,
    Pace, Patching, Reference, ResourceType, Shape, Shows, TagRule, Within,
};
pub(crate) use hooks::Hooks;
pub use page::types_page;
use versions::ApiVersions;

/// What is known about a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) table: &'static ResourceType,
    /// Whether the answer comes from the generic resource.
    pub(crate) generic: bool,
    /// Whether private endpoints can point at it.
    pub(crate) target: Option<&'static Target>,
    /// For a connection, what it is on.
    pub(crate) connection_of: Option<&'static Target>,
    /// The list in its parent's body that it stands in too.
    pub(crate) inline_in: Option<&'static Inline>,
    /// The API versions that it answers to, where they are known.
    pub(crate) api_versions: Option<ApiVersions>,
}

/// All tables, each with the sections of docs/emulator.md that say on what evidence it stands.
static FAMILIES: &[(&[&str], &[ResourceType])] = &[
    (&["Network"], network::ROWS),
    (
        &["Network", "Zone groups of private endpoints"],
        private_link::ROWS,
    ),
    (&["Subnets, security groups, routes"], traffic::ROWS),
    (&[BALANCERS], peering::ROWS),
    (&[BALANCERS], balancer::ROWS),
    (&["Private DNS"], private_dns::ROWS),
    (&["DNS resolver"], resolver::ROWS),
    (&["Network security perimeters"], perimeter::ROWS),
    (&["Network"], targets::ROWS),
    (&["Network"], databases::ROWS),
    (&["Network"], messaging::ROWS),
    (&["Network"], apps::ROWS),
    (&["In storage accounts and vaults"], storage::ROWS),
    (&["Monitor"], monitor::ROWS),
    (&["Locks", "Roles"], authorization::ROWS),
    (&["Policies"], policy::ROWS),
];

const BALANCERS: &str = "Load balancers, services, interfaces, peerings";

/// All types with a table of their own.
pub(crate) fn rows() -> impl Iterator<Item = &'static ResourceType> {
    FAMILIES.iter().flat_map(|(_, rows)| *rows)
}

/// What answers at a location of a provider.
pub(crate) fn at_location(namespace: &str, method: &str, name: &str) -> Option<&'static AtLocation> {
    network::AT_LOCATION
        .iter()
        .chain(perimeter::AT_LOCATION)
        .find(|known| {
            known.namespace.eq_ignore_ascii_case(namespace)
                && known.method == method
                && known.name.eq_ignore_ascii_case(name)
        })
}

/// Whether a type is below the regions of its provider: `Microsoft.Network/locations/usages`.
pub(crate) fn is_at_location(resource_type: &str) -> bool {
    let second = resource_type.split('/').nth(1).unwrap_or_default();
    second.eq_ignore_ascii_case("locations")
}

/// What answers a POST at a provider.
pub(crate) fn at_provider(namespace: &str, name: &str) -> Option<&'static AtProvider> {
    storage::AT_PROVIDER.iter().find(|known| {
        known.namespace.eq_ignore_ascii_case(namespace) && known.name.eq_ignore_ascii_case(name)
    })
}

/// The regular expressions of all rows.
static PATTERNS: LazyLock<HashMap<&'static str, Regex>> = LazyLock::new(|| {
    rows()
        .flat_map(|row| {
            let of_name = match row.name_rule {
                NameRule::Pattern(pattern) => Some(pattern),
                _ => None,
            };
            row.patterns.iter().map(|(_, pattern)| *pattern).chain(of_name)
        })
        .filter_map(|pattern| Some((pattern, Regex::new(pattern).ok()?)))
        .collect()
});

/// Whether a text matches a regular expression of a row.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    PATTERNS
        .get(pattern)
        .is_some_and(|pattern| pattern.is_match(text))
}

/// Every type that something is known about, by its name in lower case; and its name as Azure spells it.
static KNOWN: LazyLock<HashMap<String, (Found, String)>> = LazyLock::new(|| {
    let inlines: HashMap<String, &'static Inline> = rows()
        .flat_map(|row| row.inline.iter().map(move |inline| (row, inline)))
        .map(|(row, inline)| {
            (
                format!("{}/{}", row.name, inline.list).to_ascii_lowercase(),
                inline,
            )
        })
        .collect();
    let mut known = HashMap::new();
    let mut add = |name: String, found: Found| {
        let found = Found {
            api_versions: versions::of(&name),
            ..found
        };
        known.insert(name.to_ascii_lowercase(), (found, name));
    };
    let plain = |table| Found {
        table,
        generic: false,
        target: None,
        connection_of: None,
        inline_in: None,
        api_versions: None,
    };
    for target in TARGETS {
        let found = Found {
            target: Some(target),
            ..plain(&PLAIN_TARGET)
        };
        add(target.resource_type.to_owned(), found);
    }
    for row in rows() {
        let found = Found {
            target: Target::of(row.name),
            inline_in: inlines.get(&row.name.to_ascii_lowercase()).copied(),
            ..plain(row)
        };
        add(row.name.to_owned(), found);
    }
    for target in TARGETS {
        let found = Found {
            connection_of: Some(target),
            ..plain(target.connection)
        };
        add(
            format!("{}/privateEndpointConnections", target.resource_type),
            found,
        );
    }
    known
});

/// Looks a type up; types compare without case.
pub(crate) fn find(resource_type: &str) -> Found {
    let key = resource_type.to_ascii_lowercase();
    if let Some((found, _)) = KNOWN.get(&key) {
        return *found;
    }
    let table = if key.starts_with("microsoft.network/dns") {
        &GENERIC_RESOLVER
    } else if key.starts_with("microsoft.network/") {
        &GENERIC_NETWORK
    } else {
        &GENERIC
    };
    Found {
        table,
        generic: true,
        target: None,
        connection_of: None,
        inline_in: None,
        api_versions: None,
    }
}

/// An id with the types in the casing of their tables.
pub(crate) fn spelled(id: &str) -> String {
    let Some((place, (scope, tail))) = Place::parse(id).zip(split_provider(id)) else {
        return id.to_owned();
    };
    let names = tail.split('/').skip(2).step_by(2);
    let kind = canonical(&place.resource_type);
    let mut kinds = kind.split('/');
    let mut spelled = format!("{scope}/providers/{}", kinds.next().unwrap_or_default());
    for (kind, name) in kinds.zip(names) {
        spelled.push_str(&format!("/{kind}/{name}"));
    }
    spelled
}

/// The type in the casing of its table; as given when it has none.
pub(crate) fn canonical(resource_type: &str) -> String {
    KNOWN
        .get(&resource_type.to_ascii_lowercase())
        .map_or_else(|| resource_type.to_owned(), |(_, name)| name.clone())
}
