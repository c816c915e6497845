//! Private DNS: zones, links to virtual networks, record sets.
//!
//! Owns what this provider does differently from all others: its refusals. Which of them a
//! client hears of at once, and which from an operation that fails, is its own too: what can be seen in the request alone is
//! refused at once, what depends on other resources by the operation.

pub(crate) mod link;
pub(crate) mod names;
pub(crate) mod record_set;
pub(crate) mod registration;
pub(crate) mod zone;

use crate::operations::Operation;
use crate::request::errors::Failure;
use crate::request::place::Place;
use crate::state::world::World;

/// A request on a record set whose `If-Match` or `If-None-Match` does not fit what is there.
///
/// ARM behaviour: a record set says 412 at once; zones and links accept the request, and the operation says it.
pub(crate) fn stale_record_set(place: &Place, wanted: &str, exists: bool) -> Failure {
    stale_said_of(&format!("The Record set {}", place.name), wanted, exists)
}

fn stale_said_of(what: &str, wanted: &str, exists: bool) -> Failure {
    let message = if wanted == "*" && exists {
        format!("{what} exists already and hence cannot be created again.")
    } else {
        format!("{what} has been modified (etag mismatch).")
    };
    Failure::private_dns(412, "PreconditionFailed", message)
}

/// A write on something that another operation is still working on.
pub(crate) fn pending(_: &World<'_, '_>, place: &Place, operation: &Operation) -> Failure {
    let group = place
        .id
        .split('/')
        .filter(|segment| {
            !segment.is_empty()
                && !segment.eq_ignore_ascii_case("providers")
                && !segment.eq_ignore_ascii_case("Microsoft.Network")
        })
        .fold(String::new(), |text, segment| format!("{text}|{segment}"));
    Failure::private_dns(
        409,
        "Conflict",
        format!(
            "Operation group '/operations/groups/id/{group}' already has 1 operations like '/operations/type/Upsert{}/id/{}' queued.",
            operation.label, operation.name
        ),
    )
}

/// A request that is wrong by itself.
pub(crate) fn bad_request(message: impl Into<String>) -> Failure {
    Failure::private_dns(400, "BadRequest", message)
}
