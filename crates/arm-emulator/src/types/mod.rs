//! The tables of resource types: everything about a type that is data.
//!
//! A row can be held against Azure's documents. Behaviour that no column can say (addresses, side effects) is in functions
//! that the row names in `hooks`; they are in the folders of their providers ([`crate::network`] and others).

mod authorization;
mod balancer;
pub(crate) mod hooks;
mod monitor;
pub(crate) mod network;
mod page;
mod peering;
mod perimeter;
mod policy;
mod private_dns;
pub(crate) mod resolver;
mod storage;
mod targets;
pub(crate) mod traffic;

use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) use hooks::Hooks;
pub use page::types_page;

use regex_lite::Regex;

use crate::errors::Failure;
use crate::network::connection;
use crate::operations::styles::{self, OperationStyle};
use crate::outcome::Outcome;
use crate::place::Place;
use crate::targets::{TARGETS, Target};
use crate::world::World;

/// How an etag is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EtagStyle {
    /// There is none, and `If-Match` means nothing.
    None,
    /// `W/"guid"`; a child shows its parent's.
    Weak,
    /// `guid`, without quotes.
    Bare,
    /// `"59000d02-0000-0100-0000-666fa6920000"`, with its quotes.
    Quoted,
}

/// What kind of JSON a property is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Object,
    Boolean,
    Text,
    Integer,
    /// A list of objects.
    Objects,
    /// A list of texts.
    Texts,
}

/// Which answers have an `ETag` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EtagHeader {
    None,
    /// Of a GET.
    Read,
    /// Of a GET, and of a write that ends at once.
    ReadAndWrite,
}

/// What an answer shows besides what was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shows {
    /// `properties.provisioningState`.
    pub(crate) state: bool,
    /// `systemData`.
    pub(crate) system_data: bool,
    /// `properties.resourceGuid`, where the type has a location.
    pub(crate) guid: bool,
    pub(crate) etag_header: EtagHeader,
}

/// What is said to be missing when a child is asked for whose whole resource group is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterGroup {
    /// Its parent: `ResourceNotFound`.
    Resource,
    /// Its parent: `ParentResourceNotFound`.
    Parent,
    /// The group.
    Group,
}

/// Which names there are, within their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// Letters, digits and these characters; it begins with a letter or digit and ends with one or `_`; where `@` and `*`
    /// may be in it, they may be at its ends too.
    Word(&'static str),
    /// Letters, digits and these characters, anywhere.
    Characters(&'static str),
    /// What matches this regular expression.
    Pattern(&'static str),
    /// What the code behind the type says.
    Own,
}

/// How long a write takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Seconds until it ends at Azure's pace; 0: it ends at once.
    pub(crate) seconds: f64,
    /// Seconds that the answer asks the client to wait.
    pub(crate) retry_after: u64,
}

/// Where a resource of the type may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocationRule {
    /// `location` has to be given.
    Required,
    /// It has to be given, and to be `global`.
    Global,
    /// The type has none.
    None,
    /// Whatever is given is kept.
    Free,
}

/// What PATCH does, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patching {
    /// Only tags, and the map as a whole.
    Tags,
    /// JSON merge.
    Merge,
}

/// Which tags are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagRule {
    /// No `< > % & \ ? /` in names.
    Usual,
    /// The same; an empty map is shown.
    Kept,
    /// The same; names with other characters than letters, digits, `.`, `_` and `-` get lost without a word.
    Dns,
    /// The type has no tags: they are ignored.
    None,
    /// The type has no tags, and a request with some is refused.
    Refused,
}

/// An id in the body, and what it has to be the id of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    /// `*` stands for every element of a list.
    pub(crate) path: &'static str,
    /// The action that the caller needs on what it refers to; `{type}` stands for its type.
    pub(crate) action: &'static str,
    /// Whether a request that refers to nothing is refused at once; if not, the code behind the type says what comes of it.
    pub(crate) at_once: bool,
    /// Whether what it refers to may go, and the reference stay as it is from then on.
    pub(crate) outlives: bool,
    /// The types that it may be of; none: any.
    pub(crate) types: &'static [&'static str],
    pub(crate) same_region: bool,
    pub(crate) same_subscription: bool,
}

impl Reference {
    /// To something that exists, of any type and anywhere.
    const fn to(path: &'static str, action: &'static str) -> Self {
        Reference {
            path,
            action,
            at_once: true,
            outlives: false,
            types: &[],
            same_region: false,
            same_subscription: false,
        }
    }

    /// To a subnet beside it, which has to be joined.
    const fn to_subnet(path: &'static str) -> Self {
        Self::to(path, "Microsoft.Network/virtualNetworks/subnets/join/action")
            .beside(&["Microsoft.Network/virtualNetworks/subnets"])
    }

    /// To a public address beside it, which has to be joined.
    const fn to_public_address(path: &'static str) -> Self {
        Self::to(path, "Microsoft.Network/publicIPAddresses/join/action")
            .beside(&["Microsoft.Network/publicIPAddresses"])
    }

    /// Not looked at by the shared code: the code behind the type says what comes of a request that refers to nothing.
    const fn later(self) -> Self {
        Reference {
            at_once: false,
            ..self
        }
    }

    /// Of one of these types, and in the region and subscription of what refers to it.
    const fn beside(self, types: &'static [&'static str]) -> Self {
        Reference {
            types,
            same_region: true,
            same_subscription: true,
            ..self
        }
    }
}

/// What resources of a type are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    Parent,
    Subscription,
    /// The subscription's part in one region.
    Region,
}

/// How many resources of a type there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) within: Within,
    pub(crate) most: usize,
    /// Code and message for one more; `{parent}` stands for the parent's id.
    pub(crate) over: (&'static str, &'static str),
}

/// Something that can be asked of a resource besides what its methods do: `POST …/{name}/reconcile`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action {
    pub(crate) method: &'static str,
    pub(crate) name: &'static str,
    /// Answers it; the resource is there.
    pub(crate) run: fn(&mut World<'_, '_>, &Place) -> Result<Outcome, Failure>,
}

/// Something that can be asked of a provider in a region: `…/providers/{namespace}/locations/{region}/{name}`, below a
/// subscription or group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtLocation {
    pub(crate) namespace: &'static str,
    pub(crate) method: &'static str,
    pub(crate) name: &'static str,
    /// Answers it, for a subscription and a region.
    pub(crate) run: fn(&World<'_, '_>, &str, &str) -> Result<Outcome, Failure>,
}

/// Children that are resources of their own and stand in their parent's body too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inline {
    /// The list below `properties`, and the last segment of the children's type.
    pub(crate) list: &'static str,
    /// Whether they stay as they are where the parent's request does not name them, as a PATCH of its tags.
    pub(crate) kept: bool,
    /// How many there may be.
    pub(crate) limit: usize,
    /// Code and message for one more.
    pub(crate) over: (&'static str, &'static str),
}

/// One resource type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourceType {
    pub(crate) name: &'static str,
    pub(crate) hooks: Hooks,
    /// Oldest and newest API version that the type answers to.
    pub(crate) api_versions: (&'static str, &'static str),
    /// The HTTP methods of one resource; GET stands for HEAD too.
    pub(crate) methods: &'static [&'static str],
    /// Status of a PUT that creates, and of one that changes. Where the style has an answer of its own to writes that
    /// take time, it is that.
    pub(crate) created: u16,
    pub(crate) updated: u16,
    /// Status of a DELETE that ends at once.
    pub(crate) deleted: u16,
    pub(crate) style: &'static OperationStyle,
    pub(crate) create: Pace,
    pub(crate) update: Pace,
    pub(crate) delete: Pace,
    pub(crate) patching: Patching,
    pub(crate) location: LocationRule,
    pub(crate) tags: TagRule,
    /// Shortest and longest name.
    pub(crate) name_length: (usize, usize),
    pub(crate) name_rule: NameRule,
    /// Whether a new resource's name is stored in lower case.
    pub(crate) lower_case: bool,
    /// Paths that have to be in a request.
    pub(crate) required: &'static [&'static str],
    /// What each object at a path has to have, where there is one; in the first `*` stands for every element of a list.
    pub(crate) required_in: &'static [(&'static str, &'static str)],
    /// Properties of a request that the provider ignores; in a path `*` stands for every element of a list.
    pub(crate) read_only: &'static [&'static str],
    /// What kind of JSON properties are, where a request has them; in a path `*` stands for every element of a list.
    pub(crate) shapes: &'static [(&'static str, Shape)],
    /// Closed sets of values.
    pub(crate) enums: &'static [(&'static str, &'static [&'static str])],
    /// Regular expressions for texts; in these three `*` in a path stands for every element of a list.
    pub(crate) patterns: &'static [(&'static str, &'static str)],
    /// Smallest and largest number.
    pub(crate) ranges: &'static [(&'static str, i64, i64)],
    /// Fewest and most characters of a text, or elements of a list.
    pub(crate) lengths: &'static [(&'static str, usize, usize)],
    /// JSON that an answer shows where the request left it out; in a path `*` stands for every element of a list.
    pub(crate) defaults: &'static [(&'static str, &'static str)],
    pub(crate) references: &'static [Reference],
    pub(crate) inline: &'static [Inline],
    pub(crate) limits: &'static [Limit],
    pub(crate) actions: &'static [Action],
    /// What the provider calls the writing operation.
    pub(crate) operation: &'static str,
    pub(crate) etag: EtagStyle,
    pub(crate) shows: Shows,
    /// Whether a `provisioningState` in a request has to be the present one.
    pub(crate) compares_state: bool,
    /// Whether a DELETE waits for a write that still runs; if not, it stops it.
    pub(crate) delete_waits: bool,
    /// How many resources a page of a list has when the request does not say.
    pub(crate) page: usize,
    pub(crate) after_group: AfterGroup,
    /// `provisioningState` while a resource is made, and while it is changed.
    pub(crate) running: (&'static str, &'static str),
}

/// How many resources a page of a list has at most.
pub(crate) const PAGE: usize = 1000;

/// All methods that a resource can have.
const ALL: &[&str] = &["GET", "PUT", "PATCH", "DELETE"];

/// The methods of a resource that PUT alone changes.
const NO_PATCH: &[&str] = &["GET", "PUT", "DELETE"];

/// The network provider's usual columns.
const NETWORK: ResourceType = ResourceType {
    name: "",
    hooks: hooks::NETWORK,
    api_versions: ("2015-06-15", "2026-12-31"),
    methods: ALL,
    created: 201,
    updated: 200,
    deleted: 200,
    style: &styles::NETWORK,
    create: Pace {
        seconds: 2.0,
        retry_after: 10,
    },
    update: Pace {
        seconds: 2.0,
        retry_after: 10,
    },
    delete: Pace {
        seconds: 3.0,
        retry_after: 10,
    },
    patching: Patching::Tags,
    location: LocationRule::Required,
    tags: TagRule::Usual,
    name_length: (1, 80),
    name_rule: NameRule::Word("._-"),
    lower_case: false,
    required: &[],
    required_in: &[],
    shapes: &[],
    read_only: &["provisioningState", "resourceGuid"],
    enums: &[],
    patterns: &[],
    ranges: &[],
    lengths: &[],
    defaults: &[],
    references: &[],
    inline: &[],
    limits: &[],
    actions: &[],
    operation: "PutResourceOperation",
    etag: EtagStyle::Weak,
    shows: Shows {
        state: true,
        system_data: false,
        guid: true,
        etag_header: EtagHeader::Read,
    },
    compares_state: true,
    delete_waits: false,
    page: PAGE,
    after_group: AfterGroup::Resource,
    running: ("Updating", "Updating"),
};

const AT_ONCE: Pace = Pace {
    seconds: 0.0,
    retry_after: 0,
};

/// The usual columns of providers of which nothing special is known.
const OTHER: ResourceType = ResourceType {
    hooks: hooks::OTHER,
    style: &styles::SILENT,
    create: AT_ONCE,
    update: AT_ONCE,
    delete: AT_ONCE,
    patching: Patching::Merge,
    name_length: (1, 260),
    name_rule: NameRule::Characters("._-()@~!$'*+,;=[]{}^` "),
    tags: TagRule::Kept,
    etag: EtagStyle::None,
    shows: Shows {
        state: true,
        system_data: true,
        guid: false,
        etag_header: EtagHeader::None,
    },
    after_group: AfterGroup::Parent,
    read_only: &["provisioningState", "privateEndpointConnections"],
    api_versions: ("2014-01-01", "2099-12-31"),
    running: ("Creating", "Creating"),
    ..NETWORK
};

/// Targets without a row above: plain resources in the right form.
static PLAIN_TARGET: ResourceType = OTHER;

/// Connections on targets; how they are written is in [`crate::network::connection`].
static CONNECTION: ResourceType = ResourceType {
    hooks: Hooks {
        write: Some(connection::write),
        remove: connection::remove,
        show: connection::show,
        ..hooks::OTHER
    },
    shows: Shows {
        state: false,
        system_data: false,
        ..OTHER.shows
    },
    location: LocationRule::None,
    tags: TagRule::None,
    patching: Patching::Merge,
    ..OTHER
};

/// Types of `Microsoft.Network` without a row.
const GENERIC_NETWORK: ResourceType = ResourceType {
    location: LocationRule::Free,
    create: Pace {
        seconds: 1.0,
        retry_after: 1,
    },
    update: Pace {
        seconds: 1.0,
        retry_after: 1,
    },
    name_rule: NameRule::Word("._-@*"),
    ..NETWORK
};

/// Types of the DNS resolver without a row.
static GENERIC_RESOLVER: ResourceType = ResourceType {
    after_group: AfterGroup::Group,
    ..GENERIC_NETWORK
};

/// Every other type without a row.
static GENERIC: ResourceType = ResourceType {
    location: LocationRule::Free,
    ..OTHER
};

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
}

/// All tables, each with the sections of docs/emulator.md that say on what evidence it stands.
static FAMILIES: &[(&[&str], &[ResourceType])] = &[
    (&["Network", "Zone groups of private endpoints"], network::ROWS),
    (&["Subnets, security groups, routes"], traffic::ROWS),
    (&[BALANCERS], peering::ROWS),
    (&[BALANCERS], balancer::ROWS),
    (&["Private DNS"], private_dns::ROWS),
    (&["DNS resolver"], resolver::ROWS),
    (&["Network security perimeters"], perimeter::ROWS),
    (&["Network"], targets::ROWS),
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
        known.insert(name.to_ascii_lowercase(), (found, name));
    };
    let plain = |table| Found {
        table,
        generic: false,
        target: None,
        connection_of: None,
        inline_in: None,
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
            ..plain(&CONNECTION)
        };
        add(
            format!("{}/privateEndpointConnections", target.resource_type),
            found,
        );
    }
    known
});

/// Whether there is no such type, for certain: the tables have all kinds of records that a private zone can hold.
pub(crate) fn is_none(resource_type: &str) -> bool {
    let in_zone = resource_type
        .to_ascii_lowercase()
        .starts_with("microsoft.network/privatednszones/");
    in_zone && find(resource_type).generic
}

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
    }
}

/// The type in the casing of its table; as given when it has none.
pub(crate) fn canonical(resource_type: &str) -> String {
    KNOWN
        .get(&resource_type.to_ascii_lowercase())
        .map_or_else(|| resource_type.to_owned(), |(_, name)| name.clone())
}
