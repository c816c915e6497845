//! The styles of operations on private endpoint connections, where their target's provider has one of its own.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{NETWORK_STYLE, Named, OperationStyle, UrlScope, bare};
use crate::body;
use crate::operations::OperationKind;
use crate::request::call::Call;

/// Of connections on other targets.
pub(crate) static CONNECTION: OperationStyle = OperationStyle {
    name: "connection",
    named: Named::WhileItRuns,
    writes_have_location: true,
    notifies: false,
    ..NETWORK_STYLE
};

/// Of connections on key vaults: told at the connection itself, to a write by `Azure-AsyncOperation` and to a DELETE by
/// `Location`.
pub(crate) static KEY_VAULT: OperationStyle = OperationStyle {
    name: "keyVault",
    scope: UrlScope::Itself,
    status: KEY_VAULT_OPERATION,
    result: "",
    query: KEY_VAULT_OPERATION,
    naming: |call, _, kind, _| {
        let verb = match kind {
            OperationKind::Delete => "delete",
            _ => "write",
        };
        let (begun, etag) = (call.wall, call.request_id.replace('-', ""));
        URL_SAFE_NO_PAD.encode(format!(
            r#"{{"code":"privateEndpointConnections/{verb}","st":"{begun}","etag":"{etag}"}}"#
        ))
    },
    named: Named::WhileItRuns,
    deletes_have_status: false,
    notifies: false,
    status_waits: false,
    ..NETWORK_STYLE
};

const KEY_VAULT_OPERATION: &str = "kv-operation";

/// The last segment of the request's path: what is written or deleted.
fn last_segment<'a>(call: &'a Call<'_>) -> &'a str {
    call.path.rsplit('/').next().unwrap_or_default()
}

/// Of connections on namespaces of Event Hubs and Service Bus: told below the connection, under its own name.
pub(crate) static MESSAGING_CONNECTION: OperationStyle = OperationStyle {
    name: "messagingConnection",
    scope: UrlScope::Resource,
    status: "operationStatus",
    result: "",
    naming: |call, _, _, _| last_segment(call).to_owned(),
    deletes_have_location: false,
    document: |operation| {
        let mut document = bare(operation, None);
        body::put(&mut document, "id", json!(operation.path(operation.style.status)));
        body::put(&mut document, "name", json!(operation.name));
        match (operation.is_running(), operation.kind) {
            (true, OperationKind::Delete) => body::put(&mut document, "status", json!("Deleting")),
            (true, _) => body::put(&mut document, "status", json!("Updating")),
            (false, _) => {}
        }
        document
    },
    status_points: true,
    ..TOLD_OF_CONNECTION
};

/// Of connections on sites: both URLs are one.
pub(crate) static SITE_CONNECTION: OperationStyle = OperationStyle {
    name: "siteConnection",
    status: "providers/{namespace}/locations/{region}/operationResults",
    result: "providers/{namespace}/locations/{region}/operationResults",
    writes_have_location: true,
    ..TOLD_OF_CONNECTION
};

/// Of connections on Batch accounts: told at the account, under a name that says what happens to which.
pub(crate) static BATCH_CONNECTION: OperationStyle = OperationStyle {
    name: "batchConnection",
    scope: UrlScope::Parent,
    status: "privateEndpointConnectionResults",
    result: "privateEndpointConnectionResults",
    naming: |call, _, _, _| format!("Deleting${}${}", last_segment(call), call.request_id),
    ..TOLD_OF_CONNECTION
};

/// Of connections on what Event Grid has: names in capitals, which the status says in small letters.
pub(crate) static EVENT_GRID_CONNECTION: OperationStyle = OperationStyle {
    name: "eventGridConnection",
    status: "providers/{namespace}/locations/{region}/operationsStatus",
    naming: |call, _, _, _| call.request_id.to_ascii_uppercase(),
    document: |operation| {
        let mut document = bare(operation, None);
        body::put(&mut document, "id", json!(operation.path(operation.style.status)));
        body::put(&mut document, "name", json!(operation.name.to_ascii_lowercase()));
        document
    },
    ..TOLD_OF_CONNECTION
};

/// What the last four have in common: nothing says when to ask again.
const TOLD_OF_CONNECTION: OperationStyle = OperationStyle {
    named: Named::WhileItRuns,
    notifies: false,
    result_waits: false,
    status_waits: false,
    ..NETWORK_STYLE
};
