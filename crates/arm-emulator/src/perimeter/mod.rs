//! The behaviour of network security perimeters that no table can say.
//!
//! A perimeter's own parts (profiles, rules, logging) are in [`rule`]. What reaches beyond it has its mirror there: an
//! association has a configuration on its resource ([`configuration`]), a link has a reference in the other perimeter
//! ([`link`]).

pub(crate) mod associable;
pub(crate) mod association;
pub(crate) mod configuration;
pub(crate) mod link;
pub(crate) mod rule;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body;
use crate::operations::styles::{self, Named, ResultIs, UrlScope};
use crate::operations::{Operation, OperationKind, OperationStyle, Progress};
use crate::request::errors::Failure;
use crate::request::place::{Place, parent_key};
use crate::request::refusals::{self, Wrong};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::World;
use crate::types::ResourceType;

/// How perimeters are deleted.
///
/// ARM behaviour: nothing of the perimeters' operations says when to ask again.
pub(crate) static OPERATIONS: OperationStyle = OPERATIONS_STYLE;

/// How associations are written and deleted: only the status is named, and a DELETE shows what goes.
pub(crate) static ASSOCIATION_OPERATIONS: OperationStyle = OperationStyle {
    name: "perimeterAssociation",
    deletes_have_location: false,
    deletes_show: true,
    ..OPERATIONS_STYLE
};

const OPERATIONS_STYLE: OperationStyle = OperationStyle {
    name: "perimeter",
    status: "providers/{namespace}/locations/{region}/networkSecurityPerimeterOperationStatuses",
    result: "providers/{namespace}/locations/{region}/networkSecurityPerimeterOperationStatuses",
    named: Named::WhileItRuns,
    notifies: false,
    document,
    result_waits: false,
    status_waits: false,
    tags_at_once: false,
    ..styles::NETWORK_STYLE
};

/// How links and references are deleted: the result is below what goes, and there is no status.
pub(crate) static LINK_OPERATIONS: OperationStyle = OperationStyle {
    name: "perimeterLink",
    scope: UrlScope::Resource,
    status: "",
    result: "operationResults",
    named: Named::WhileItRuns,
    notifies: false,
    result_waits: false,
    result_is: ResultIs::NothingOr204,
    ..styles::NETWORK_STYLE
};

/// ARM behaviour: the status of what runs says what is done, and of what.
fn document(operation: &Operation) -> Value {
    let status = match (&operation.progress, operation.kind) {
        (Progress::Succeeded, _) => "Succeeded",
        (Progress::Ended { status, .. }, _) => status,
        (Progress::Running, OperationKind::Create) => "Creating",
        (Progress::Running, OperationKind::Delete) => "Deleting",
        (Progress::Running, _) => "Updating",
    };
    let mut document = json!({
        "name": operation.name,
        "id": operation.path(operation.style.status),
        "status": status,
        "startTime": operation.started.to_string(),
        "properties": {"resourceId": operation.target},
    });
    if !operation.is_running() {
        body::put(&mut document, "endTime", json!(operation.ends.to_string()));
    }
    if let Progress::Ended { code, message, .. } = &operation.progress {
        body::put(&mut document, "error", json!({"code": code, "message": message}));
    }
    document
}

/// A request that is wrong.
pub(crate) fn bad(message: impl Into<String>) -> Failure {
    Failure::provider(400, "BadRequest", message)
}

/// ARM behaviour: what is missing in a perimeter is missed by the provider, a perimeter by the gateway.
pub(crate) fn missing(world: &World<'_, '_>, place: &Place, verb: &str) -> Failure {
    let in_one = place
        .parent
        .as_ref()
        .is_some_and(|parent| world.state.get(&parent.to_ascii_lowercase()).is_some());
    if in_one {
        Failure::provider(
            404,
            "NotFound",
            format!("Resource [{}] does not exist or has been deleted", place.id),
        )
    } else {
        refusals::missing(world, place, verb)
    }
}

/// The provider's words.
pub(crate) fn refused(table: &ResourceType, wrong: &Wrong<'_>) -> Failure {
    let usual = refusals::refused(table, wrong);
    match wrong {
        Wrong::Name(_) | Wrong::Shape { .. } | Wrong::Limit { .. } => usual,
        _ => bad(usual.message),
    }
}

/// The perimeter that something with this key is directly in.
pub(crate) fn around<'a>(state: &'a State, key: &str) -> Option<&'a Arc<Record>> {
    state.get(parent_key(key)?)
}

/// Adds the perimeter's GUID.
pub(crate) fn show(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    properties.insert("perimeterGuid".into(), json!(record.guid));
}

/// ARM behaviour: a perimeter has an etag, which is empty, and always tags.
pub(crate) fn show_whole(_: &Record, shown: &mut Value) {
    body::edit(shown, |fields| {
        fields.insert("etag".into(), json!(""));
        fields.entry("tags").or_insert_with(|| json!({}));
    });
}

/// ARM behaviour: a perimeter with associations is only deleted with `forceDeletion=true`, and they with it.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let forced = world
        .call
        .query("forceDeletion")
        .is_some_and(|forced| forced.eq_ignore_ascii_case("true"));
    let associations = format!("{}/resourceassociations", record.key());
    match world.state.collection(&associations).next() {
        Some(association) if !forced => Err(Failure::provider(
            409,
            "Conflict",
            format!(
                "Network security perimeter {} cannot be deleted since it has resource associations, for example {}. Delete the associations first, or use forceDeletion.",
                record.id, association.id
            ),
        )),
        _ => Ok(()),
    }
}
