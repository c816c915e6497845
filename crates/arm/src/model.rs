//! How a resource type's wire body is described: which fields we own, how each is owned, and how it is compared.
//!
//! A model says nothing about fields that nobody here writes: what others put on a resource is none of our
//! business and survives every write. The engine reads models; it knows no resource type by name.

/// How a field is owned, and so what a difference in it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// One value that is ours entirely, where desired state names it.
    Atomic,
    /// One value that is ours entirely: where desired state does not name it, it is not to be there. Azure's empty texts and
    /// lists count as nothing.
    OrNothing,
    /// A list that is ours entirely, where desired state names it: elements that we do not know are drift.
    Whole(Key),
    /// A map or list shared with others: only the keys that we put there are ours.
    OwnedKeys(Key),
}

impl Field {
    /// A single value that is ours, and is not to be there where desired state does not name it.
    pub const fn or_nothing(path: &'static [&'static str], compare: Compare) -> Self {
        Field {
            path,
            ownership: Ownership::OrNothing,
            compare,
            change: Change::Allowed,
            elements: &[],
        }
    }
}

/// What identifies an element of a map or list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The key of a JSON map. ARM compares tag names without case.
    MapKey,
    /// A string field of each element, by its path below the element, compared without case.
    Field(&'static [&'static str]),
    /// The element itself, a string.
    Element,
    /// The element itself, whatever it is: there is nothing else that tells one from another.
    Whole,
}

/// How two values of a field are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Equal JSON.
    Exact,
    /// Equal but for ASCII case: ARM ids and names.
    IgnoreCase,
    /// Region names: `West Europe` and `westeurope` are one.
    Location,
}

/// Whether two texts name one region: Azure takes and gives both `West Europe` and `westeurope`.
pub fn is_same_location(one: &str, other: &str) -> bool {
    let normal = |location: &str| {
        location
            .chars()
            .filter(|character| *character != ' ')
            .map(|character| character.to_ascii_lowercase())
            .collect::<String>()
    };
    normal(one) == normal(other)
}

/// Whether a difference can be mended by another PUT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Azure takes a new value.
    Allowed,
    /// Azure takes a value at creation only; a difference later needs a new resource.
    OnCreation,
}

/// Which conditions a resource provider honours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditional {
    /// `If-Match` on PUT and DELETE.
    Updates,
    /// `If-None-Match: *` too: what is there is not overwritten by what is meant to create it.
    CreationsToo,
}

/// One field that we may own.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Path below the body, or below the element for fields of list elements.
    pub path: &'static [&'static str],
    pub ownership: Ownership,
    pub compare: Compare,
    pub change: Change,
    /// For lists of objects: the fields of an element that are compared. Empty: the key is all there is.
    pub elements: &'static [Field],
}

impl Field {
    /// A single value that is ours entirely.
    pub const fn atomic(path: &'static [&'static str], compare: Compare, change: Change) -> Self {
        Field {
            path,
            ownership: Ownership::Atomic,
            compare,
            change,
            elements: &[],
        }
    }
}

/// What is the server's at every depth of most types.
pub const SERVER_NAMES: &[&str] = &["etag", "provisioningState"];

/// A resource type as we write it.
#[derive(Debug)]
pub struct ResourceModel {
    /// For instance `Microsoft.Network/privateEndpoints`.
    pub resource_type: &'static str,
    /// The api-version that every call for this type uses.
    pub api_version: &'static str,
    pub fields: &'static [Field],
    /// Paths that answers carry and requests must not: laid out of every PUT.
    pub read_only: &'static [&'static [&'static str]],
    /// The map in which ownership is written, `tags` as a rule. None: the resource belongs to whom its parent does.
    pub mark: Option<&'static [&'static str]>,
    pub conditional: Conditional,
    /// Names of what is the server's at every depth: left out of every PUT.
    pub server_names: &'static [&'static str],
    /// Azure takes one resource of this type under its parent: it is read with those that are there.
    pub alone: bool,
    /// Azure takes one write at a time under the parent, and each changes the etags of all that is there.
    pub one_at_a_time: bool,
    /// The action of whoever asks how a write to it is doing; none where every write ends at once.
    pub operations: Option<&'static str>,
    /// The actions that a write needs on what its body refers to, whoever put the reference there: Azure checks them on
    /// each of those resources, in another subscription too.
    pub joins: &'static [&'static str],
}

/// Asking for the status of an operation of the network provider; it is asked for at the subscription.
pub const NETWORK_OPERATIONS: &str = "Microsoft.Network/locations/operations/read";

/// Asking for the status of an operation of private DNS; it is asked for in the zone's resource group.
pub const PRIVATE_DNS_OPERATIONS: &str = "Microsoft.Network/privateDnsOperationStatuses/read";

impl ResourceModel {
    /// The action of whoever reads a resource of the type, alone or in a list.
    pub fn read_action(&self) -> String {
        format!("{}/read", self.resource_type)
    }

    /// The action of whoever creates or changes one.
    pub fn write_action(&self) -> String {
        format!("{}/write", self.resource_type)
    }

    /// The action of whoever deletes one.
    pub fn delete_action(&self) -> String {
        format!("{}/delete", self.resource_type)
    }
}
