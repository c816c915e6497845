//! Long-running operations: what a write began, where its status is read, and how it ends.
//!
//! Owns the forms of operation URLs and of their answers. The effects of an operation's end are in `crate::operations::completion`.

pub(crate) mod completion;
pub(crate) mod styles;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use styles::OperationStyle;
use styles::{Named, ResultIs, UrlScope};

use crate::request::call::Call;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, parent_key};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{World, fresh};
use crate::targets::squeezed;
use crate::types::hooks::Instead;
use crate::types::{Pace, ResourceType};

/// What an operation does.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum OperationKind {
    Create,
    Update,
    Delete,
    /// Nothing: it only says why a request had no effect, or that one without any has ended.
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
    /// How its provider runs operations.
    #[serde(with = "styles")]
    pub style: &'static OperationStyle,
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
    /// When it ends, by the emulator's clock.
    pub due: Timestamp,
    /// The same, as its status shows it.
    pub ends: Timestamp,
    /// Seconds that a client is told to wait between polls.
    pub retry_after: u64,
    pub progress: Progress,
    /// How it is going to end, when not well.
    pub will_end: Option<Progress>,
    /// What the URL of its result says once it has ended well, where that is not the style's usual answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Box<serde_json::Value>>,
}

impl Operation {
    /// Whether its end is still to come.
    pub fn is_running(&self) -> bool {
        self.progress == Progress::Running
    }

    /// The path of its status or result, of which its style says `below`.
    pub(crate) fn path(&self, below: &str) -> String {
        let scope = match self.style.scope {
            UrlScope::Subscription => format!("/subscriptions/{}", self.subscription),
            UrlScope::Group => self
                .target
                .split("/providers/")
                .next()
                .unwrap_or_default()
                .to_owned(),
            UrlScope::Resource | UrlScope::Itself => self.target.clone(),
            UrlScope::Parent => {
                let mut segments = self.target.rsplitn(3, '/');
                segments.nth(2).unwrap_or_default().to_owned()
            }
        };
        let below = below
            .replace("{namespace}", &self.namespace)
            .replace("{region}", &self.location);
        format!("{scope}/{below}/{}", self.name)
    }

    fn url(&self, below: &str, origin: &str) -> String {
        let (query, version) = (self.style.query, &self.api_version);
        if self.style.scope == UrlScope::Itself {
            let (target, name) = (&self.target, &self.name);
            return format!("{origin}{target}?api-version={version}&{query}={name}");
        }
        let path = self.path(below);
        format!("{origin}{path}?{query}api-version={version}")
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
    let due = call.due(pace.seconds);
    Operation {
        name: (table.style.naming)(call, table, kind, &place.subscription),
        style: table.style,
        kind,
        label: table.operation.to_owned(),
        target: record.id.clone(),
        subscription: place.subscription.clone(),
        namespace: place.namespace.clone(),
        location: region_of(world.state, record),
        api_version: call.api_version.clone(),
        started: call.wall,
        due,
        ends: call.on_the_wall(due),
        retry_after: call.scaled(pace.retry_after),
        progress,
        will_end,
        answer: None,
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

/// Where the operation's status is read; where its style has none, its result.
pub(crate) fn status_url(operation: &Operation, origin: &str) -> String {
    match operation.style.status {
        "" => result_url(operation, origin),
        status => operation.url(status, origin),
    }
}

fn result_url(operation: &Operation, origin: &str) -> String {
    operation.url(operation.style.result, origin)
}

/// The body of a 202 that says what began, and when.
pub(crate) fn beginning(operation: &Operation) -> serde_json::Value {
    let verb = match operation.kind {
        OperationKind::Delete => "Drop",
        _ => "Upsert",
    };
    json!({
        "operation": format!("{verb}{}", operation.label),
        "startTime": operation.started.to_string(),
    })
}

/// The headers of an answer to a write that began the operation.
///
/// ARM behaviour: only an operation that still runs has `Retry-After`.
pub(crate) fn headers_of_write(
    operation: &Operation,
    call: &Call<'_>,
    pace: Pace,
) -> Vec<(&'static str, String)> {
    let running = operation.is_running();
    let mut headers = match operation.style.named {
        Named::Never => return Vec::new(),
        Named::WhileItRuns | Named::OnlyWhen if !running => return Vec::new(),
        Named::OnlyWhen => Vec::new(),
        Named::Always | Named::WhileItRuns => {
            headers(operation, call, true, operation.style.writes_have_location)
        }
    };
    if running && pace.retry_after > 0 {
        headers.push(("retry-after", call.scaled(pace.retry_after).to_string()));
    }
    headers
}

/// Answers an action that takes time and has a result: 202, with where its status and its result are read.
pub(crate) fn accepted(
    world: &mut World<'_, '_>,
    place: &Place,
    record: &Record,
    table: &ResourceType,
    pace: Pace,
    answer: serde_json::Value,
) -> Outcome {
    let mut operation = begin(world, place, record, table, OperationKind::Refused, pace);
    operation.answer = Some(Box::new(answer));
    let mut outcome = Outcome::empty(202);
    outcome.headers = headers_of_delete(&operation, world.call, pace);
    world.state.begin(operation);
    outcome
}

/// ARM behaviour: the 202 to a DELETE carries both URLs; that of key vaults the second alone, that of messaging's namespaces
/// the first.
pub(crate) fn headers_of_delete(
    operation: &Operation,
    call: &Call<'_>,
    pace: Pace,
) -> Vec<(&'static str, String)> {
    let style = operation.style;
    let mut headers = headers(
        operation,
        call,
        style.deletes_have_status,
        style.deletes_have_location,
    );
    if pace.retry_after > 0 {
        headers.push(("retry-after", call.scaled(pace.retry_after).to_string()));
    }
    headers
}

fn headers(
    operation: &Operation,
    call: &Call<'_>,
    with_status: bool,
    with_location: bool,
) -> Vec<(&'static str, String)> {
    let style = operation.style;
    let mut headers = Vec::new();
    if with_status && !style.status.is_empty() {
        headers.push(("azure-asyncoperation", status_url(operation, &call.origin)));
    }
    if with_location {
        headers.push(("location", result_url(operation, &call.origin)));
    }
    if style.notifies {
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

/// The words before the last segment of the URLs of all styles, in lower case.
static WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    styles::all()
        .flat_map(|style| [last(style.status), last(style.result)])
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect()
});

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Whether the path is that of an operation's status or result.
pub(crate) fn is_poll(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut segments = lower.rsplit('/');
    let name = segments.next().unwrap_or_default();
    !name.is_empty()
        && segments.next().is_some_and(|word| WORDS.contains(word))
        && lower.starts_with("/subscriptions/")
}

/// Answers a poll.
pub(crate) fn poll(world: &World<'_, '_>) -> Result<Outcome, Failure> {
    let call = world.call;
    let mut segments = call.path.rsplit('/');
    let name = segments.next().unwrap_or_default();
    let word = segments.next().unwrap_or_default();
    let known = world
        .state
        .operations
        .get(name)
        .or_else(|| world.state.operations.get(&name.to_ascii_lowercase()))
        .filter(|_| !call.plan.poll_not_found);
    let Some(operation) = known else {
        return Err(Failure::gateway(
            404,
            "OperationNotFound",
            format!("The operation '{name}' could not be found. It may have expired."),
        ));
    };
    if last(operation.style.status).eq_ignore_ascii_case(word) {
        return status(operation, call);
    }
    result(world, operation)
}

/// Answers a read of a resource that is told of an operation on it, where the query names one.
pub(crate) fn read_of_itself(world: &World<'_, '_>, place: &Place) -> Instead {
    let table = crate::types::find(&place.resource_type).table;
    let name = world.call.query(table.style.query)?;
    let operation = world.state.operations.get(&name)?;
    Some(match operation.kind {
        OperationKind::Delete => result(world, operation),
        _ => status(operation, world.call),
    })
}

fn result(world: &World<'_, '_>, operation: &Operation) -> Result<Outcome, Failure> {
    let (style, call) = (operation.style, world.call);
    match &operation.progress {
        Progress::Running => {
            let outcome = if style.result_has_body {
                Outcome::json(202, json!({}))
            } else {
                Outcome::empty(202)
            };
            let outcome = if style.result_waits {
                waiting(outcome, operation)
            } else {
                outcome
            };
            Ok(if style.status_points {
                pointing(outcome, operation, call)
            } else {
                outcome.header("location", result_url(operation, &call.origin))
            })
        }
        Progress::Succeeded if operation.answer.is_some() => Ok(Outcome::json(
            200,
            operation.answer.as_deref().cloned().unwrap_or_default(),
        )),
        Progress::Succeeded => Ok(match style.result_is {
            ResultIs::NothingOr204 if operation.kind == OperationKind::Delete => Outcome::empty(204),
            ResultIs::Nothing | ResultIs::NothingOr204 => Outcome::empty(200),
            ResultIs::Status => Outcome::json(200, (style.document)(operation)),
            how => match (world.state.get(&operation.target.to_ascii_lowercase()), how) {
                (Some(record), _) => Outcome::json(200, crate::request::answer::render(world.state, record)),
                (None, ResultIs::ResourceOrBraces) => Outcome::json(200, json!({})),
                (None, ResultIs::ResourceOrNothing) => Outcome::empty(200),
                (None, _) => Outcome::empty(204),
            },
        }),
        Progress::Ended { code, message, .. } => Err((style.failed)(code, message)),
    }
}

fn status(operation: &Operation, call: &Call<'_>) -> Result<Outcome, Failure> {
    let style = operation.style;
    if let Progress::Ended {
        status,
        code,
        message,
    } = &operation.progress
        && style.status_fails
        && status == "Failed"
    {
        return Err((style.failed)(code, message));
    }
    let document = (style.document)(operation);
    if !operation.is_running() {
        return Ok(Outcome::json(200, document));
    }
    let mut outcome = Outcome::json(style.running, document);
    if style.status_waits {
        outcome = waiting(outcome, operation);
    }
    if style.status_points {
        outcome = pointing(outcome, operation, call);
    }
    Ok(outcome)
}

fn waiting(outcome: Outcome, operation: &Operation) -> Outcome {
    outcome.header("retry-after", operation.retry_after.max(1).to_string())
}

fn pointing(outcome: Outcome, operation: &Operation, call: &Call<'_>) -> Outcome {
    let outcome = outcome.header("azure-asyncoperation", status_url(operation, &call.origin));
    if operation.style.result.is_empty() {
        return outcome;
    }
    outcome.header("location", result_url(operation, &call.origin))
}
