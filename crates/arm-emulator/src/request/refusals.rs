//! How providers word what is wrong with a request: the usual functions of [`crate::types::Hooks`].

use serde_json::Value;

use crate::operations::{self, Operation};
use crate::request::checks::is_name;
use crate::request::errors::{self, Failure};
use crate::request::place::Place;
use crate::state::world::World;
use crate::types::{self, NETWORK_NAME, ResourceType, Shape};

/// What is wrong with a request, as its table sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wrong<'a> {
    /// The resource's name.
    Name(&'a str),
    /// A property that is required is not there; with the resource's id.
    Missing { path: &'a str, id: &'a str },
    /// A property is of another kind.
    Shape { path: &'a str, shape: Shape },
    /// A value is not one of a closed set.
    Value {
        path: &'a str,
        value: &'a Value,
        allowed: &'a [&'static str],
    },
    /// A text does not match a regular expression.
    Pattern {
        path: &'a str,
        value: &'a Value,
        pattern: &'a str,
    },
    /// A number is too small or too large.
    Range {
        path: &'a str,
        value: &'a Value,
        range: (i64, i64),
    },
    /// A text or list is too short or too long.
    Length {
        path: &'a str,
        length: usize,
        range: (usize, usize),
    },
    /// An id of something that is not there, of another type, or too far away; with the resource's own id.
    Reference { target: &'a str, source: &'a str },
    /// There are as many resources of the type as there may be.
    Limit { code: &'a str, message: &'a str },
}

impl Wrong<'_> {
    fn message(&self) -> String {
        match self {
            Wrong::Name(name) => format!(
                "Resource name {name} is invalid. The name can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'."
            ),
            Wrong::Missing { path, .. } => {
                format!("The property '{path}' is required and was not specified.")
            }
            Wrong::Shape { path, shape } => {
                let expected = match shape {
                    Shape::Object => "an object",
                    Shape::Boolean => "true or false",
                    Shape::Text => "a string",
                    Shape::Integer => "an integer",
                    Shape::Objects => "a list of objects",
                    Shape::Texts => "a list of strings",
                };
                format!("Error converting value: '{path}' is not {expected}.")
            }
            Wrong::Value { path, value, allowed } => format!(
                "Value {value} of property '{path}' is not valid. Allowed values: {}.",
                allowed.join(", ")
            ),
            Wrong::Pattern { path, value, pattern } => format!(
                "Value {value} of property '{path}' is not valid. It has to match the pattern '{pattern}'."
            ),
            Wrong::Range { path, value, range } => format!(
                "Value {value} of property '{path}' is not valid. Allowed range: {} to {}.",
                range.0, range.1
            ),
            Wrong::Length { path, length, range } => format!(
                "The length {length} of property '{path}' is not valid. Allowed range: {} to {}.",
                range.0, range.1
            ),
            Wrong::Reference { target, source } => format!(
                "Resource {target} referenced by resource {source} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
            ),
            Wrong::Limit { message, .. } => (*message).to_owned(),
        }
    }
}

/// A name that none of the network provider's resources and parts can have.
pub(crate) fn network_name(name: &str) -> Failure {
    Failure::network(400, "InvalidResourceName", Wrong::Name(name).message())
}

/// A virtual network that Azure does not take as it is.
pub(crate) fn network_site(name: &str) -> Failure {
    Failure::network(
        400,
        "NetcfgInvalidVirtualNetworkSite",
        format!("Virtual network site is not valid as specified with the name '{name}'."),
    )
}

/// A label that no public address can have.
pub(crate) fn domain_name_label(label: &str, pattern: &str) -> Failure {
    Failure::network(
        400,
        "InvalidDomainNameLabel",
        format!(
            "The domain name label {label} is invalid. It must conform to the following regular expression: {pattern}."
        ),
    )
}

/// The network provider's words.
///
/// ARM behaviour: a virtual network has a shorter name than others; one that they could have is told as a site that is wrong.
pub(crate) fn refused_by_network(table: &ResourceType, wrong: &Wrong<'_>) -> Failure {
    match wrong {
        Wrong::Name(name)
            if table.name == "Microsoft.Network/virtualNetworks"
                && is_name(name, NETWORK_NAME.0, NETWORK_NAME.1) =>
        {
            network_site(name)
        }
        Wrong::Name(name) => network_name(name),
        Wrong::Missing { path, .. } if path.ends_with(".id") => {
            let owner = path.trim_end_matches(".id");
            errors::invalid_format(
                "MissingJsonReferenceId",
                format!("Value for reference id is missing. Path {owner}."),
            )
        }
        Wrong::Missing { path, id } => errors::invalid_format(
            "MissingRequiredProperty",
            format!("Required property '{path}' of resource {id} is missing."),
        ),
        Wrong::Pattern { path, value, pattern } if path.ends_with(".domainNameLabel") => {
            domain_name_label(value.as_str().unwrap_or_default(), pattern)
        }
        Wrong::Reference { .. } => Failure::network(400, "InvalidResourceReference", wrong.message()),
        Wrong::Limit { code, .. } => Failure::network(400, code, wrong.message()),
        _ => errors::invalid_format("InvalidJson", wrong.message()),
    }
}

/// Private DNS's words.
pub(crate) fn refused_by_private_dns(table: &ResourceType, wrong: &Wrong<'_>) -> Failure {
    match wrong {
        Wrong::Name(_) => refused_by_network(table, wrong),
        _ => Failure::private_dns(400, "BadRequest", wrong.message()),
    }
}

/// Every other provider's words.
pub(crate) fn refused(table: &ResourceType, wrong: &Wrong<'_>) -> Failure {
    match wrong {
        Wrong::Name(_) => refused_by_network(table, wrong),
        Wrong::Missing { .. } => Failure::provider(400, "InvalidRequestContent", wrong.message()),
        Wrong::Shape { .. } => Failure::gateway(
            400,
            "InvalidRequestContent",
            format!(
                "The request content was invalid and could not be deserialized: '{}'.",
                wrong.message()
            ),
        ),
        Wrong::Reference { .. } => Failure::provider(400, "InvalidResourceReference", wrong.message()),
        Wrong::Limit { code, .. } => Failure::provider(400, code, wrong.message()),
        _ => Failure::provider(400, "InvalidPropertyValue", wrong.message()),
    }
}

/// A resource that is not there, or whose parent is not.
///
/// ARM behaviour: who says it, and how, depends on what is missing and whose it is.
pub(crate) fn missing(world: &World<'_, '_>, place: &Place, verb: &str) -> Failure {
    let Some(parent) = &place.parent else {
        return missing_at_top(place);
    };
    let group = place.group.as_deref().unwrap_or_default();
    if world.state.get(&parent.to_ascii_lowercase()).is_some() {
        return errors::resource_not_found(&place.named, group);
    }
    if !place.parent_is_type {
        return missing_below(place);
    }
    if types::find(&place.resource_type).table.is_tracked() {
        return errors::resource_not_found(&place.named, group);
    }
    orphan(place, parent, verb)
}

/// A child is asked for whose parent is not there.
pub(crate) fn orphan(place: &Place, parent: &str, verb: &str) -> Failure {
    let short = place
        .resource_type
        .split_once('/')
        .map_or(place.resource_type.as_str(), |(_, short)| short);
    errors::parent_not_found(verb, short, parent)
}

/// What a resource is below is not there.
pub(crate) fn missing_below(place: &Place) -> Failure {
    let above = place.parent.as_deref().and_then(Place::parse);
    let named = above.map_or_else(|| place.named.clone(), |above| above.named);
    errors::resource_not_found(&named, place.group.as_deref().unwrap_or_default())
}

/// The same of the network provider: it misses children by itself.
pub(crate) fn missing_in_network(world: &World<'_, '_>, place: &Place, _: &str) -> Failure {
    let Some(parent) = &place.parent else {
        return missing_at_top(place);
    };
    if world.state.get(&parent.to_ascii_lowercase()).is_some() {
        return errors::network_child_not_found(&place.id);
    }
    missing_below(place)
}

fn missing_at_top(place: &Place) -> Failure {
    let (namespace, rest) = place.named.split_once('/').unwrap_or((&place.named, ""));
    let canonical = types::canonical(&place.resource_type);
    let short = canonical.split_once('/').map_or(rest, |(_, short)| short);
    errors::resource_not_found(
        &format!("{namespace}/{short}/{}", place.name),
        place.group.as_deref().unwrap_or_default(),
    )
}

/// A request whose `If-Match` or `If-None-Match` does not fit.
pub(crate) fn stale(place: &Place, wanted: &str, _: bool) -> Failure {
    errors::precondition_failed(wanted, &place.id)
}

/// A write on something that another operation still works on.
pub(crate) fn busy(world: &World<'_, '_>, _: &Place, operation: &Operation) -> Failure {
    errors::another_operation(&operations::status_url(operation, &world.call.origin))
}
