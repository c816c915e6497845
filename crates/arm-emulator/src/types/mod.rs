//! The tables of resource types: everything about a type that is data.
//!
//! A row can be held against Azure's documents. Behaviour that no row can say (addresses, side effects) is in
//! [`crate::network`]; which behaviour a type has is the row's `behaviour`.

pub(crate) mod network;
mod private_dns;
mod targets;
pub(crate) mod traffic;

use crate::operations::OperationStyle;
use crate::targets::Target;

/// The code behind a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Nothing beyond the table.
    Plain,
    VirtualNetwork,
    Subnet,
    PrivateEndpoint,
    NetworkInterface,
    ApplicationSecurityGroup,
    NetworkSecurityGroup,
    SecurityRule,
    /// One of the rules that every network security group has.
    DefaultSecurityRule,
    RouteTable,
    Route,
    LinkService,
    /// A private endpoint connection on a target.
    Connection,
    StorageAccount,
    Vault,
    DnsZone,
    DnsLink,
    /// A record set of a private DNS zone.
    DnsRecord,
    ZoneGroup,
}

/// Which form a provider's answers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `etag` (`W/"guid"`) in the body, `ETag` on GET, `properties.resourceGuid` for top-level types.
    Network,
    /// `etag` in the body and in `ETag`; a refusal's body has no `error` around it.
    PrivateDns,
    /// `systemData`; no etag.
    Other,
}

/// How an etag is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EtagStyle {
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

/// What PATCH does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patching {
    /// There is none.
    Refused,
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
    /// The same; names with other characters than letters, digits, `.`, `_` and `-` get lost without a word.
    Dns,
    /// The type has no tags: they are ignored.
    None,
    /// The type has no tags, and a request with some is refused.
    Refused,
}

/// An id in the body that has to exist.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    /// `*` stands for every element of a list.
    pub(crate) path: &'static str,
    /// The action that the caller needs on what it refers to.
    pub(crate) action: &'static str,
    /// Whether a request that refers to nothing is refused at once. If not, its operation fails.
    pub(crate) at_once: bool,
}

impl Reference {
    const fn to(path: &'static str, action: &'static str) -> Self {
        Reference {
            path,
            action,
            at_once: true,
        }
    }
}

/// Children that are resources of their own and stand in their parent's body too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inline {
    /// The list below `properties`, and the last segment of the children's type.
    pub(crate) list: &'static str,
    /// How many there may be.
    pub(crate) limit: usize,
    /// Code and message for one more.
    pub(crate) over: (&'static str, &'static str),
}

/// One resource type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourceType {
    pub(crate) name: &'static str,
    pub(crate) behaviour: Behaviour,
    pub(crate) form: Form,
    /// Oldest and newest API version that the type answers to.
    pub(crate) api_versions: (&'static str, &'static str),
    /// Status of a PUT that creates.
    pub(crate) created: u16,
    pub(crate) style: OperationStyle,
    pub(crate) create: Pace,
    pub(crate) update: Pace,
    pub(crate) delete: Pace,
    pub(crate) patching: Patching,
    pub(crate) location: LocationRule,
    pub(crate) tags: TagRule,
    /// Length of the name, and the characters besides letters and digits that may stand inside it.
    pub(crate) name_length: (usize, usize),
    pub(crate) name_characters: &'static str,
    /// Paths that have to be in a request.
    pub(crate) required: &'static [&'static str],
    /// Properties of a request that the provider ignores; in a path `*` stands for every element of a list.
    pub(crate) read_only: &'static [&'static str],
    /// What kind of JSON properties are, where a request has them.
    pub(crate) shapes: &'static [(&'static str, Shape)],
    /// Closed sets of values.
    pub(crate) enums: &'static [(&'static str, &'static [&'static str])],
    /// JSON that an answer shows where the request left it out; in a path `*` stands for every element of a list.
    pub(crate) defaults: &'static [(&'static str, &'static str)],
    pub(crate) references: &'static [Reference],
    pub(crate) inline: Option<Inline>,
    /// What the provider calls the writing operation.
    pub(crate) operation: &'static str,
    pub(crate) etag: EtagStyle,
    /// `provisioningState` while a resource is made, and while it is changed.
    pub(crate) running: (&'static str, &'static str),
}

const NETWORK: ResourceType = ResourceType {
    name: "",
    behaviour: Behaviour::Plain,
    form: Form::Network,
    api_versions: ("2015-06-15", "2026-12-31"),
    created: 201,
    style: OperationStyle::Network,
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
    name_characters: "._-",
    required: &[],
    shapes: &[],
    read_only: &["provisioningState", "resourceGuid"],
    enums: &[],
    defaults: &[],
    references: &[],
    inline: None,
    operation: "PutResourceOperation",
    etag: EtagStyle::Weak,
    running: ("Updating", "Updating"),
};

const AT_ONCE: Pace = Pace {
    seconds: 0.0,
    retry_after: 0,
};

const OTHER: ResourceType = ResourceType {
    form: Form::Other,
    created: 201,
    create: AT_ONCE,
    update: AT_ONCE,
    delete: AT_ONCE,
    patching: Patching::Merge,
    name_length: (1, 260),
    name_characters: "._-()@~!$'*+,;=[]{}^` ",
    read_only: &["provisioningState", "privateEndpointConnections"],
    api_versions: ("2014-01-01", "2099-12-31"),
    running: ("Creating", "Creating"),
    ..NETWORK
};

/// Targets without a row above: plain resources in the right form.
static PLAIN_TARGET: ResourceType = OTHER;

/// Connections on targets; how they are written is in [`crate::targets`].
static CONNECTION: ResourceType = ResourceType {
    behaviour: Behaviour::Connection,
    location: LocationRule::None,
    tags: TagRule::None,
    patching: Patching::Merge,
    ..OTHER
};

/// Types of `Microsoft.Network` without a row.
static GENERIC_NETWORK: ResourceType = ResourceType {
    location: LocationRule::Free,
    create: Pace {
        seconds: 1.0,
        retry_after: 1,
    },
    update: Pace {
        seconds: 1.0,
        retry_after: 1,
    },
    name_characters: "._-@*",
    ..NETWORK
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
}

/// All types with a table of their own.
pub(crate) fn rows() -> impl Iterator<Item = &'static ResourceType> {
    network::ROWS
        .iter()
        .chain(traffic::ROWS)
        .chain(private_dns::ROWS)
        .chain(targets::ROWS)
}

fn row(resource_type: &str) -> Option<&'static ResourceType> {
    rows().find(|row| row.name.eq_ignore_ascii_case(resource_type))
}

/// Looks a type up; types compare without case.
pub(crate) fn find(resource_type: &str) -> Found {
    let target = Target::of(resource_type);
    if let Some((parent, last)) = resource_type.rsplit_once('/')
        && last.eq_ignore_ascii_case("privateEndpointConnections")
        && let Some(owner) = Target::of(parent)
    {
        return Found {
            table: &CONNECTION,
            generic: false,
            target: None,
            connection_of: Some(owner),
        };
    }
    let (table, generic) = match row(resource_type) {
        Some(row) => (row, false),
        None if target.is_some() => (&PLAIN_TARGET, false),
        None if resource_type
            .get(..18)
            .is_some_and(|start| start.eq_ignore_ascii_case("Microsoft.Network/")) =>
        {
            (&GENERIC_NETWORK, true)
        }
        None => (&GENERIC, true),
    };
    Found {
        table,
        generic,
        target,
        connection_of: None,
    }
}

/// The type in the casing of its table; as given when it has none.
pub(crate) fn canonical(resource_type: &str) -> String {
    if let Some(row) = row(resource_type) {
        return row.name.to_owned();
    }
    if let Some(target) = Target::of(resource_type) {
        return target.resource_type.to_owned();
    }
    if let Some((parent, last)) = resource_type.rsplit_once('/')
        && last.eq_ignore_ascii_case("privateEndpointConnections")
        && let Some(owner) = Target::of(parent)
    {
        return format!("{}/privateEndpointConnections", owner.resource_type);
    }
    resource_type.to_owned()
}
