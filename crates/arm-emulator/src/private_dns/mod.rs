//! Private DNS: zones, links to virtual networks, record sets.
//!
//! Owns what this provider does differently from all others: the names of its operations, and its refusals. Which of them a
//! client hears of at once, and which from an operation that fails, is its own too: what can be seen in the request alone is
//! refused at once, what depends on other resources by the operation.

pub(crate) mod link;
pub(crate) mod names;
pub(crate) mod record_set;
pub(crate) mod zone;

use base64::Engine;

use crate::call::Call;
use crate::errors::Failure;
use crate::operations::{Operation, OperationKind};
use crate::place::Place;
use crate::types::{Behaviour, ResourceType};

/// ARM behaviour: the last segment of an operation's URLs is readable base64:
/// `FrontEndAsyncOperation;UpsertPrivateDnsZone;{guid}_{subscription}`.
pub(crate) fn operation_name(
    call: &Call<'_>,
    table: &ResourceType,
    kind: OperationKind,
    subscription: &str,
) -> String {
    let text = format!(
        "FrontEndAsyncOperation;{};{}_{subscription}",
        operation_type(call, table, kind),
        call.request_id
    );
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn operation_type(call: &Call<'_>, table: &ResourceType, kind: OperationKind) -> String {
    let deletes = kind == OperationKind::Delete || *call.method == http::Method::DELETE;
    let verb = if deletes { "Delete" } else { "Upsert" };
    format!("{verb}{}", table.operation)
}

/// A request whose `If-Match` or `If-None-Match` does not fit what is there.
///
/// ARM behaviour: a record set says 412 at once; zones and links accept the request, and the operation says it.
pub(crate) fn precondition_failed(place: &Place, table: &ResourceType, exists_already: bool) -> Failure {
    let name = &place.name;
    let what = match table.behaviour {
        Behaviour::DnsZone => format!("The Zone {name}"),
        Behaviour::DnsLink => {
            let zone = place.parent.as_deref().and_then(|zone| zone.rsplit('/').next());
            format!(
                "The Virtual Network link {name} for the Private DNS zone {}",
                zone.unwrap_or_default()
            )
        }
        _ => format!("The Record set {name}"),
    };
    let message = if exists_already {
        format!("{what} exists already and hence cannot be created again.")
    } else {
        format!("{what} has been modified (etag mismatch).")
    };
    let failure = Failure::private_dns(412, "PreconditionFailed", message);
    match table.behaviour {
        Behaviour::DnsZone | Behaviour::DnsLink => failure.by_operation(),
        _ => failure,
    }
}

/// A write on something that another operation is still working on.
pub(crate) fn pending(place: &Place, operation: &Operation) -> Failure {
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
