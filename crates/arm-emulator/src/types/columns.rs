//! The columns of the tables: what can be said of a type as data.

use super::hooks::Hooks;
use super::versions::ApiVersions;
use crate::operations::styles::OperationStyle;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::state::world::World;

/// How an etag is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EtagStyle {
    /// There is none, and `If-Match` means nothing.
    None,
    /// `W/"guid"`; a child shows its parent's.
    Weak,
    /// `guid`, without quotes.
    Bare,
    /// Its 32 digits alone.
    Digits,
    /// `"59000d02-0000-0100-0000-666fa6920000"`, with its quotes.
    Quoted,
    /// `W/"0x8DCD4BC9D224935"`.
    Hex,
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
    /// `nextLink` on the last page of a list too, where it is empty.
    pub(crate) last_link: bool,
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
    /// No `< > % & \ ? /` in names; an empty map is shown.
    Usual,
    /// The same, but for the empty map; names with other characters than letters, digits, `.`, `_` and `-` get lost without a word.
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
    pub(super) const fn to(path: &'static str, action: &'static str) -> Self {
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
    pub(super) const fn to_subnet(path: &'static str) -> Self {
        Self::to(path, "Microsoft.Network/virtualNetworks/subnets/join/action")
            .beside(&["Microsoft.Network/virtualNetworks/subnets"])
    }

    /// To a public address beside it, which has to be joined.
    pub(super) const fn to_public_address(path: &'static str) -> Self {
        Self::to(path, "Microsoft.Network/publicIPAddresses/join/action")
            .beside(&["Microsoft.Network/publicIPAddresses"])
    }

    /// Not looked at by the shared code: the code behind the type says what comes of a request that refers to nothing.
    pub(super) const fn later(self) -> Self {
        Reference {
            at_once: false,
            ..self
        }
    }

    /// Of one of these types, and in the region and subscription of what refers to it.
    pub(super) const fn beside(self, types: &'static [&'static str]) -> Self {
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

/// Something that can be asked of a provider in a subscription: `POST …/providers/{namespace}/{name}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtProvider {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut World<'_, '_>) -> Result<Outcome, Failure>,
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
    /// The API versions that the type answers to; none: those of what it is in.
    pub(crate) api_versions: Option<ApiVersions>,
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
    /// Properties of a request that no answer shows, such as passwords: they are not stored. `*` as before.
    pub(crate) write_only: &'static [&'static str],
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
    /// JSON that every answer shows, by the path below `properties`: what the provider makes. `{name}` and `{region}` are
    /// filled in, and a name of the public cloud in `<>` becomes the one of the cloud; where it has none, nothing is shown. A
    /// request cannot set it.
    pub(crate) makes: &'static [(&'static str, &'static str)],
    pub(crate) references: &'static [Reference],
    /// What `$expand` can ask for besides those: parts of answers that the provider makes. `*` as before.
    pub(crate) expands: &'static [&'static str],
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

impl ResourceType {
    /// Whether the gateway itself knows each resource of the type, and misses it: those that are somewhere.
    pub(crate) const fn is_tracked(&self) -> bool {
        matches!(self.location, LocationRule::Required | LocationRule::Global)
    }
}
