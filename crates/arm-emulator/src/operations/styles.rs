//! The styles of operations: where a provider puts the status of what takes time, and how it says it.

mod connections;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::{Value, json};

use super::{Operation, OperationKind, Progress};
use crate::request::call::Call;
use crate::request::errors::Failure;
use crate::resolver;
use crate::types::{self, ResourceType};

pub(crate) use connections::{
    BATCH_CONNECTION, CONNECTION, EVENT_GRID_CONNECTION, KEY_VAULT, MESSAGING_CONNECTION, SITE_CONNECTION,
};

/// What the URLs of operations begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlScope {
    /// `/subscriptions/{id}`
    Subscription,
    /// The resource group of what is written.
    Group,
    /// What is written itself.
    Resource,
    /// What that is in.
    Parent,
    /// The same, and there is nothing below it: the query names the operation, and the URL of the status is that of the
    /// result too.
    Itself,
}

/// Which answers to writes name the operation. Those to a DELETE that takes time always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// None: only the resource's `provisioningState` tells.
    Never,
    /// The same; the answer says when to look.
    OnlyWhen,
    WhileItRuns,
    Always,
}

/// The answer to a write that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// The resource, with the status that its table says.
    Resource,
    /// 202 without a body.
    Nothing,
    /// 202 with `{}`.
    Braces,
    /// 202 with the operation's name and beginning; the answer to a DELETE too.
    Operation,
}

/// What the URL of the result says once the operation succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResultIs {
    /// 200 without a body.
    Nothing,
    /// The same; 204 after a DELETE.
    NothingOr204,
    /// The resource; 204 when it is gone.
    Resource,
    /// What the status says.
    Status,
    /// The resource; 200 with `{}` when it is gone.
    ResourceOrBraces,
    /// The resource; 200 without a body when it is gone.
    ResourceOrNothing,
}

/// How a provider runs its operations.
///
/// ARM behaviour: there are as many ways as there are providers; clients follow the headers.
pub struct OperationStyle {
    /// What it is called in snapshots.
    pub(crate) name: &'static str,
    pub(crate) scope: UrlScope,
    /// Below the scope, where the status is read (`Azure-AsyncOperation`); `{namespace}` and `{region}` are filled in.
    /// Empty: nowhere.
    pub(crate) status: &'static str,
    /// Where the result is read (`Location`).
    pub(crate) result: &'static str,
    /// What the query of the URLs says besides the version; in the scope `Itself`, the parameter with the operation's name.
    pub(crate) query: &'static str,
    /// Makes the last segment of the URLs.
    pub(crate) naming: fn(&Call<'_>, &ResourceType, OperationKind, &str) -> String,
    pub(crate) named: Named,
    /// Whether the answers to writes have `Location` beside `Azure-AsyncOperation`.
    pub(crate) writes_have_location: bool,
    /// Whether the answer to a DELETE has `Azure-AsyncOperation`, and whether it has `Location`.
    pub(crate) deletes_have_status: bool,
    pub(crate) deletes_have_location: bool,
    /// Whether it shows the resource, as it is from then on.
    pub(crate) deletes_show: bool,
    /// Whether answers have `Azure-AsyncNotification`.
    pub(crate) notifies: bool,
    pub(crate) accepted: Accepted,
    /// The body of the status.
    pub(crate) document: fn(&Operation) -> Value,
    /// Status code of the status while it runs.
    pub(crate) running: u16,
    /// Whether the result is `{}` while it runs, and not empty. It is 202 either way.
    pub(crate) result_has_body: bool,
    /// Whether it says when to ask again.
    pub(crate) result_waits: bool,
    /// Whether the status says in headers when to ask again, and where, while it runs.
    pub(crate) status_waits: bool,
    pub(crate) status_points: bool,
    pub(crate) result_is: ResultIs,
    /// What the URL of the result says of an operation that failed.
    pub(crate) failed: fn(&str, &str) -> Failure,
    /// Whether the status of what failed is the failure itself, as `failed` says it.
    pub(crate) status_fails: bool,
    /// Whether a resource gets another etag when its operation ends.
    pub(crate) new_etag: bool,
    /// Whether a resource gets another etag by a write that changes nothing too.
    pub(crate) always_new_etag: bool,
    /// Whether a change of tags alone ends at once.
    pub(crate) tags_at_once: bool,
}

impl std::fmt::Debug for OperationStyle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

/// The network provider's: 201 with the resource, a bare status.
pub(crate) static NETWORK: OperationStyle = NETWORK_STYLE;

pub(crate) const NETWORK_STYLE: OperationStyle = OperationStyle {
    name: "network",
    scope: UrlScope::Subscription,
    status: "providers/{namespace}/locations/{region}/operations",
    result: "providers/{namespace}/locations/{region}/operationResults",
    query: "",
    naming: |call, _, _, _| call.request_id.clone(),
    named: Named::Always,
    writes_have_location: false,
    deletes_have_status: true,
    deletes_have_location: true,
    deletes_show: false,
    notifies: true,
    accepted: Accepted::Resource,
    document: |operation| bare(operation, Some("details")),
    running: 200,
    result_has_body: false,
    result_waits: true,
    status_waits: true,
    status_points: false,
    result_is: ResultIs::NothingOr204,
    failed: |code, message| Failure::provider(409, code, message),
    status_fails: false,
    new_etag: true,
    always_new_etag: false,
    tags_at_once: true,
};

/// Of providers whose answers to writes name no operation.
pub(crate) static SILENT: OperationStyle = OperationStyle {
    name: "silent",
    named: Named::Never,
    ..NETWORK_STYLE
};

/// `Location` alone; 202 while it runs, then the resource.
pub(crate) static LOCATION: OperationStyle = OperationStyle {
    name: "location",
    status: "",
    result: "providers/{namespace}/locations/{region}/asyncoperations",
    query: "monitor=true&",
    named: Named::WhileItRuns,
    writes_have_location: true,
    notifies: false,
    accepted: Accepted::Nothing,
    result_is: ResultIs::Resource,
    ..NETWORK_STYLE
};

/// SQL's for servers: below the group, with a status that has its name and its beginning.
pub(crate) static SQL_SERVER: OperationStyle = OperationStyle {
    name: "sqlServer",
    status: "providers/{namespace}/locations/{region}/serverAzureAsyncOperation",
    result: "providers/{namespace}/locations/{region}/serverOperationResults",
    ..SQL_STYLE
};

/// The same for connections of private endpoints on them.
pub(crate) static SQL_CONNECTION: OperationStyle = OperationStyle {
    name: "sqlConnection",
    status: "providers/{namespace}/locations/{region}/privateEndpointConnectionAzureAsyncOperation",
    result: "providers/{namespace}/locations/{region}/privateEndpointConnectionOperationResults",
    ..SQL_STYLE
};

/// The purge of a vault: `Location` alone, and at the end the times of its beginning and end.
pub(crate) static PURGE: OperationStyle = OperationStyle {
    name: "purge",
    status: "",
    result: "providers/{namespace}/locations/{region}/operationResults",
    notifies: false,
    document: |operation| {
        let mut document = bare(operation, None);
        let moment = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        if let Some(fields) = document.as_object_mut() {
            fields.insert("createdDateTime".into(), json!(moment(operation.started)));
            fields.insert("lastActionDateTime".into(), json!(moment(operation.ends)));
        }
        document
    },
    result_is: ResultIs::Status,
    ..NETWORK_STYLE
};

const SQL_STYLE: OperationStyle = OperationStyle {
    scope: UrlScope::Group,
    named: Named::WhileItRuns,
    writes_have_location: true,
    notifies: false,
    accepted: Accepted::Operation,
    document: |operation| {
        let mut document = bare(operation, None);
        if let Some(fields) = document.as_object_mut() {
            fields.insert("name".into(), json!(operation.name));
            fields.insert("startTime".into(), json!(operation.started.to_string()));
        }
        document
    },
    status_waits: false,
    result_is: ResultIs::Resource,
    tags_at_once: false,
    ..NETWORK_STYLE
};

/// Private DNS's: below the group, with names of readable base64; the status is 202 while it runs.
pub(crate) static PRIVATE_DNS: OperationStyle = PRIVATE_DNS_STYLE;

const PRIVATE_DNS_STYLE: OperationStyle = OperationStyle {
    name: "privateDns",
    scope: UrlScope::Group,
    status: "providers/{namespace}/privateDnsOperationStatuses",
    result: "providers/{namespace}/privateDnsOperationResults",
    naming: |call, table, kind, subscription| {
        let verb = verb(call, kind);
        let (label, id) = (table.operation, &call.request_id);
        STANDARD.encode(format!(
            "FrontEndAsyncOperation;{verb}{label};{id}_{subscription}"
        ))
    },
    named: Named::WhileItRuns,
    writes_have_location: true,
    notifies: false,
    accepted: Accepted::Braces,
    document: |operation| bare(operation, None),
    running: 202,
    result_has_body: true,
    status_points: true,
    result_is: ResultIs::ResourceOrBraces,
    failed: |code, message| {
        let status = if code == "PreconditionFailed" { 412 } else { 409 };
        Failure::private_dns(status, code, message)
    },
    new_etag: false,
    always_new_etag: true,
    tags_at_once: false,
    ..NETWORK_STYLE
};

/// The DNS resolver's: below the group, with a status that has its own id and times; of what failed it is the refusal.
pub(crate) static RESOLVER: OperationStyle = OperationStyle {
    name: "resolver",
    status: "providers/{namespace}/locations/{region}/dnsResolverOperationStatuses",
    result: "providers/{namespace}/locations/{region}/dnsResolverOperationResults",
    naming: |call, table, kind, _| {
        let verb = verb(call, kind);
        let (label, id) = (table.operation, &call.request_id);
        STANDARD.encode(format!(
            r#"{{"OperationType":"{verb}{label}","OperationId":"{id}"}}"#
        ))
    },
    document: |operation| {
        let mut document = bare(operation, None);
        if let Some(fields) = document.as_object_mut() {
            fields.insert("id".into(), json!(operation.path(operation.style.status)));
            fields.insert("name".into(), json!(operation.name));
            fields.insert("startTime".into(), json!(operation.started.to_string()));
            if !operation.is_running() {
                fields.insert("endTime".into(), json!(operation.ends.to_string()));
            }
        }
        document
    },
    running: 200,
    status_waits: false,
    status_points: false,
    result_is: ResultIs::ResourceOrNothing,
    failed: resolver::told_by_operation,
    status_fails: true,
    new_etag: true,
    ..PRIVATE_DNS_STYLE
};

/// Of many providers: the resource itself is answered, and its status is read at a region.
pub(crate) static STATUS: OperationStyle = STATUS_STYLE;

const STATUS_STYLE: OperationStyle = OperationStyle {
    name: "status",
    status: "providers/{namespace}/locations/{region}/operationsStatus",
    result: "providers/{namespace}/locations/{region}/operationResults",
    named: Named::WhileItRuns,
    notifies: false,
    tags_at_once: false,
    ..NETWORK_STYLE
};

/// The same, with `Location` beside it.
pub(crate) static STATUS_AND_RESULT: OperationStyle = OperationStyle {
    name: "statusAndResult",
    writes_have_location: true,
    result_is: ResultIs::Resource,
    ..STATUS_STYLE
};

/// The flexible servers': 202 without the server.
pub(crate) static FLEXIBLE_SERVER: OperationStyle = OperationStyle {
    name: "flexibleServer",
    status: "providers/{namespace}/locations/{region}/azureAsyncOperation",
    writes_have_location: true,
    accepted: Accepted::Nothing,
    result_is: ResultIs::Resource,
    ..STATUS_STYLE
};

/// `Location` alone, beside the resource.
pub(crate) static RESULT: OperationStyle = RESULT_STYLE;

const RESULT_STYLE: OperationStyle = OperationStyle {
    name: "result",
    status: "",
    writes_have_location: true,
    result_is: ResultIs::Resource,
    ..STATUS_STYLE
};

/// `Location` alone, beside nothing.
pub(crate) static RESULT_ONLY: OperationStyle = OperationStyle {
    name: "resultOnly",
    accepted: Accepted::Nothing,
    ..RESULT_STYLE
};

/// Of providers whose resource tells how far a write is; a deletion has a `Location`.
pub(crate) static TOLD_BY_STATE: OperationStyle = OperationStyle {
    name: "toldByState",
    named: Named::OnlyWhen,
    ..RESULT_STYLE
};

/// The deletion of a resource group: `Location` alone, and an empty 200 at the end.
pub(crate) static RESOURCE_GROUP: OperationStyle = OperationStyle {
    name: "resourceGroup",
    status: "",
    result: "operationresults",
    notifies: false,
    result_is: ResultIs::Nothing,
    ..NETWORK_STYLE
};

/// All styles.
pub(crate) fn all() -> impl Iterator<Item = &'static OperationStyle> {
    [
        &NETWORK,
        &SILENT,
        &LOCATION,
        &PRIVATE_DNS,
        &RESOLVER,
        &RESOURCE_GROUP,
        &SQL_SERVER,
        &SQL_CONNECTION,
        &CONNECTION,
        &KEY_VAULT,
        &PURGE,
        &MESSAGING_CONNECTION,
        &SITE_CONNECTION,
        &BATCH_CONNECTION,
        &EVENT_GRID_CONNECTION,
    ]
    .into_iter()
    .chain(types::rows().map(|row| row.style))
}

/// ARM behaviour: PUT and PATCH are `Upsert`.
fn verb(call: &Call<'_>, kind: OperationKind) -> &'static str {
    if kind == OperationKind::Delete || *call.method == http::Method::DELETE {
        "Delete"
    } else {
        "Upsert"
    }
}

/// `{"status": …}`, and the error where there is one, with an empty list of this name in it.
fn bare(operation: &Operation, list: Option<&str>) -> Value {
    match &operation.progress {
        Progress::Running => json!({"status": "InProgress"}),
        Progress::Succeeded => json!({"status": "Succeeded"}),
        Progress::Ended {
            status,
            code,
            message,
        } => {
            let mut error = json!({"code": code, "message": message});
            if let (Some(list), Some(fields)) = (list, error.as_object_mut()) {
                fields.insert(list.to_owned(), json!([]));
            }
            json!({"status": status, "error": error})
        }
    }
}

/// Writes a style down by its name.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
pub(super) fn serialize<S: Serializer>(
    style: &&'static OperationStyle,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(style.name)
}

/// Finds a style by its name.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<&'static OperationStyle, D::Error> {
    let name = String::deserialize(deserializer)?;
    all()
        .find(|style| style.name == name)
        .ok_or_else(|| serde::de::Error::custom(format!("there is no style of operations '{name}'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_has_one_name() {
        for style in all() {
            let same = all().filter(|other| other.name == style.name);
            for other in same {
                assert!(std::ptr::eq(style, other), "{}", style.name);
            }
        }
    }
}
