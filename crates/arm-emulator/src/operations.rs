//! Long-running operations: what a write began, where its status is read, and how it ends.
//!
//! Owns the forms of operation URLs and of their answers. The effects of an operation's end are in `crate::completion`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::Call;
use crate::errors::Failure;
use crate::outcome::Outcome;
use crate::place::{Place, parent_key};
use crate::record::Record;
use crate::state::State;
use crate::targets::squeezed;
use crate::types::{Pace, ResourceType};
use crate::world::{World, fresh};

/// Where a provider puts the status of its operations.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum OperationStyle {
    /// `…/providers/NS/locations/{region}/operations/{guid}`, and `operationResults` for a DELETE's `Location`.
    Network,
    /// The same; but the answers to writes do not name it: only the resource's `provisioningState` tells.
    Silent,
    /// `…/providers/NS/locations/{region}/asyncoperations/{guid}?monitor=true` in `Location` alone; 202 while it runs, then
    /// the resource.
    Location,
    /// `…/resourceGroups/R/providers/Microsoft.Network/privateDnsOperationStatuses/{base64}`, and `privateDnsOperationResults`
    /// in `Location`; 202 while it runs.
    PrivateDns,
    /// `/subscriptions/S/operationresults/{base64}` in `Location` alone: the deletion of a resource group.
    ResourceGroup,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum OperationKind {
    Create,
    Update,
    Delete,
    /// Nothing: it only says why a request had no effect.
    Refused,
}

/// How far an operation is.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum Progress {
    Running,
    Succeeded,
    /// `Failed` or `Canceled`, with code and message.
    Ended {
        status: String,
        code: String,
        message: String,
    },
}

/// One operation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Operation {
    /// The last segment of its URLs.
    pub name: String,
    pub style: OperationStyle,
    pub kind: OperationKind,
    /// The provider's own name for what runs, for instance `PutSubnetOperation`.
    pub label: String,
    /// The resource's id.
    pub target: String,
    pub subscription: String,
    pub namespace: String,
    pub location: String,
    pub api_version: String,
    pub started: Timestamp,
    pub due: Timestamp,
    /// Seconds that a client is told to wait between polls.
    pub retry_after: u64,
    pub progress: Progress,
    /// How it is going to end, when not well.
    pub will_end: Option<Progress>,
}

impl Operation {
    /// Whether its end is still to come.
    pub fn is_running(&self) -> bool {
        self.progress == Progress::Running
    }
}

/// An operation on `record`; it ends at once where the pace says so.
pub(crate) fn begin(
    world: &mut World<'_, '_>,
    place: &Place,
    record: &Record,
    table: &ResourceType,
    kind: OperationKind,
    pace: Pace,
) -> Operation {
    let call = world.call;
    let running = pace.seconds > 0.0;
    let will_end = call.plan.operation_ends.as_ref().map(|end| Progress::Ended {
        status: end.status.text().to_owned(),
        code: end.code.clone(),
        message: end.message.clone(),
    });
    let progress = if running {
        Progress::Running
    } else {
        Progress::Succeeded
    };
    let name = match table.style {
        OperationStyle::PrivateDns => {
            crate::private_dns::operation_name(call, table, kind, &place.subscription)
        }
        _ => call.request_id.clone(),
    };
    Operation {
        name,
        style: table.style,
        kind,
        label: table.operation.to_owned(),
        target: record.id.clone(),
        subscription: place.subscription.clone(),
        namespace: place.namespace.clone(),
        location: region_of(world.state, record),
        api_version: call.api_version.clone(),
        started: call.wall,
        due: call.due(pace.seconds),
        retry_after: call.scaled(pace.retry_after),
        progress,
        will_end,
    }
}

/// A request that is accepted and has no effect: its operation ends with the refusal.
///
/// ARM behaviour: private DNS looks at what is there only after it has answered 202.
pub(crate) fn refused(
    world: &mut World<'_, '_>,
    place: &Place,
    table: &ResourceType,
    failure: &Failure,
) -> Outcome {
    let existing = world.state.get(&place.key).cloned();
    let record = match existing {
        Some(record) => Record::clone(&record),
        None => fresh(world, &place.id, table.name),
    };
    let mut operation = begin(world, place, &record, table, OperationKind::Refused, table.update);
    operation.will_end = Some(Progress::Ended {
        status: "Failed".to_owned(),
        code: failure.code.clone(),
        message: failure.message.clone(),
    });
    let deleting = *world.call.method == http::Method::DELETE;
    let mut outcome = if deleting {
        Outcome::empty(202)
    } else {
        Outcome::json(202, json!({}))
    };
    outcome.headers = headers_of_write(&operation, world.call, table.update);
    outcome.will_fail = Some(failure.code.clone());
    world.state.begin(operation);
    outcome
}

/// The region whose provider runs operations on the record: a child's is its parent's.
pub(crate) fn region_of(state: &State, record: &Record) -> String {
    let mut key = record.key();
    loop {
        if let Some(location) = state.get(&key).and_then(|record| record.location()) {
            return squeezed(location);
        }
        match parent_key(&key) {
            Some(parent) if parent.contains("/providers/") => key = parent.to_owned(),
            _ => break,
        }
    }
    record.location().map_or_else(|| "global".to_owned(), squeezed)
}

/// Where the operation's status is read.
pub(crate) fn status_url(operation: &Operation, origin: &str) -> String {
    let Operation {
        name,
        subscription,
        namespace,
        location,
        api_version,
        ..
    } = operation;
    match operation.style {
        OperationStyle::Network | OperationStyle::Silent => {
            format!(
                "{origin}/subscriptions/{subscription}/providers/{namespace}/locations/{location}/operations/{name}?api-version={api_version}"
            )
        }
        OperationStyle::Location => format!(
            "{origin}/subscriptions/{subscription}/providers/{namespace}/locations/{location}/asyncoperations/{name}?monitor=true&api-version={api_version}"
        ),
        OperationStyle::PrivateDns => {
            let group = operation.target.split("/providers/").next().unwrap_or_default();
            format!(
                "{origin}{group}/providers/{namespace}/privateDnsOperationStatuses/{name}?api-version={api_version}"
            )
        }
        OperationStyle::ResourceGroup => {
            format!("{origin}/subscriptions/{subscription}/operationresults/{name}?api-version={api_version}")
        }
    }
}

/// Where the result of a DELETE is read.
fn result_url(operation: &Operation, origin: &str) -> String {
    status_url(operation, origin)
        .replacen("/operations/", "/operationResults/", 1)
        .replacen("/privateDnsOperationStatuses/", "/privateDnsOperationResults/", 1)
}

/// ARM behaviour: a write in the network provider always names an operation; only one that still runs has `Retry-After`.
pub(crate) fn headers_of_write(
    operation: &Operation,
    call: &Call<'_>,
    pace: Pace,
) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    let running = operation.is_running();
    match operation.style {
        OperationStyle::Network => {
            headers.push(("azure-asyncnotification", "Enabled".to_owned()));
            headers.push(("azure-asyncoperation", status_url(operation, &call.origin)));
        }
        OperationStyle::PrivateDns if running => {
            headers.push(("azure-asyncoperation", status_url(operation, &call.origin)));
            headers.push(("location", result_url(operation, &call.origin)));
        }
        OperationStyle::Location if running => {
            headers.push(("location", status_url(operation, &call.origin)))
        }
        _ => return headers,
    }
    if running {
        headers.push(("retry-after", call.scaled(pace.retry_after).to_string()));
    }
    headers
}

/// ARM behaviour: 202 carries both URLs.
pub(crate) fn headers_of_delete(
    operation: &Operation,
    call: &Call<'_>,
    pace: Pace,
) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("azure-asyncoperation", status_url(operation, &call.origin)),
        ("location", result_url(operation, &call.origin)),
        ("retry-after", call.scaled(pace.retry_after).to_string()),
    ];
    if matches!(operation.style, OperationStyle::Network | OperationStyle::Silent) {
        headers.push(("azure-asyncnotification", "Enabled".to_owned()));
    }
    headers
}

/// ARM behaviour: a DELETE stops the write that still runs.
pub(crate) fn supersede(state: &mut State, record: &Record) {
    if let Some(operation) = record
        .operation
        .as_ref()
        .and_then(|name| state.operations.get_mut(name))
        && operation.is_running()
        && !matches!(operation.kind, OperationKind::Delete | OperationKind::Refused)
    {
        operation.progress = Progress::Ended {
            status: "Canceled".to_owned(),
            code: "CanceledAndSupersededDueToAnotherOperation".to_owned(),
            message: format!(
                "Operation {} ({}) was canceled and superseded by operation Delete.",
                operation.label, operation.name
            ),
        };
    }
}

/// Answers a poll.
pub(crate) fn poll(world: &World<'_, '_>) -> Result<Outcome, Failure> {
    let call = world.call;
    let mut segments = call.path.rsplit('/');
    let name = segments.next().unwrap_or_default();
    let collection = segments.next().unwrap_or_default().to_ascii_lowercase();
    let unknown = || {
        Failure::gateway(
            404,
            "OperationNotFound",
            format!("The operation '{name}' could not be found. It may have expired."),
        )
    };
    if call.plan.poll_not_found {
        return Err(unknown());
    }
    let known = world
        .state
        .operations
        .get(name)
        .or_else(|| world.state.operations.get(&name.to_ascii_lowercase()));
    let operation = known
        .filter(|operation| {
            !matches!(operation.style, OperationStyle::Network | OperationStyle::Silent)
                || !collection.is_empty()
        })
        .ok_or_else(unknown)?;
    let waiting = |outcome: Outcome| outcome.header("retry-after", operation.retry_after.max(1).to_string());
    match (&operation.progress, operation.style, collection.as_str()) {
        (Progress::Running, OperationStyle::Network | OperationStyle::Silent, "operations") => {
            Ok(waiting(Outcome::json(200, json!({"status": "InProgress"}))))
        }
        (Progress::Running, OperationStyle::Network | OperationStyle::Silent, _) => {
            Ok(waiting(Outcome::empty(202)).header("location", result_url(operation, &call.origin)))
        }
        (Progress::Running, OperationStyle::PrivateDns, collection) => {
            let outcome = match collection {
                "privatednsoperationstatuses" => Outcome::json(202, json!({"status": "InProgress"})),
                _ => Outcome::json(202, json!({})),
            };
            Ok(waiting(outcome)
                .header("azure-asyncoperation", status_url(operation, &call.origin))
                .header("location", result_url(operation, &call.origin)))
        }
        (Progress::Running, _, _) => {
            Ok(waiting(Outcome::empty(202)).header("location", status_url(operation, &call.origin)))
        }
        (Progress::Succeeded, OperationStyle::Network | OperationStyle::Silent, "operations") => {
            Ok(Outcome::json(200, json!({"status": "Succeeded"})))
        }
        (Progress::Succeeded, OperationStyle::Network | OperationStyle::Silent, _) => {
            Ok(Outcome::empty(if operation.kind == OperationKind::Delete {
                204
            } else {
                200
            }))
        }
        (Progress::Succeeded, OperationStyle::PrivateDns, "privatednsoperationstatuses") => {
            Ok(Outcome::json(200, json!({"status": "Succeeded"})))
        }
        (Progress::Succeeded, OperationStyle::Location | OperationStyle::PrivateDns, _) => {
            match world.state.get(&operation.target.to_ascii_lowercase()) {
                Some(record) => Ok(Outcome::json(200, crate::answer::render(world.state, record))),
                None => Ok(Outcome::empty(204)),
            }
        }
        (Progress::Succeeded, OperationStyle::ResourceGroup, _) => Ok(Outcome::empty(200)),
        (
            Progress::Ended {
                status,
                code,
                message,
            },
            OperationStyle::Network | OperationStyle::Silent,
            "operations",
        ) => Ok(Outcome::json(
            200,
            json!({"status": status, "error": {"code": code, "message": message, "details": []}}),
        )),
        (
            Progress::Ended {
                status,
                code,
                message,
            },
            OperationStyle::PrivateDns,
            "privatednsoperationstatuses",
        ) => Ok(Outcome::json(
            200,
            json!({"status": status, "error": {"code": code, "message": message}}),
        )),
        (Progress::Ended { code, message, .. }, OperationStyle::PrivateDns, _) => {
            let status = if code == "PreconditionFailed" { 412 } else { 409 };
            Err(Failure::private_dns(status, code, message.clone()))
        }
        (Progress::Ended { code, message, .. }, _, _) => Err(Failure::provider(409, code, message.clone())),
    }
}
