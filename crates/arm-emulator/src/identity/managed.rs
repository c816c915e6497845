//! The instance metadata service: tokens of managed identities.

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::entra::json_response;
use super::{DEFAULT_TENANT, IdentityState, OPEN_OWNER};
use crate::doors::wire::{Request, Response};

/// Its tokens live a day.
const LIFETIME: SignedDuration = SignedDuration::from_secs(86_399);

/// Answers a request for a token of a managed identity.
pub(super) fn answer(identity: &IdentityState, request: &Request, now: Timestamp) -> Response {
    let refused = |error: &str, description: &str| {
        json_response(
            StatusCode::BAD_REQUEST,
            &json!({"error": error, "error_description": description}),
        )
    };
    if request.method != Method::GET {
        return json_response(
            StatusCode::METHOD_NOT_ALLOWED,
            &json!({"error": "invalid_request", "error_description": "Method not allowed"}),
        );
    }
    if !request
        .headers
        .get("metadata")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return refused("invalid_request", "Required metadata header not specified");
    }
    let query = |name: &str| {
        request
            .url
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    if query("api-version").is_none() {
        return refused(
            "invalid_request",
            "Required query variable 'api-version' is missing",
        );
    }
    let Some(resource) = query("resource").filter(|resource| !resource.is_empty()) else {
        return refused("invalid_request", "Required query variable 'resource' is missing");
    };
    let wanted = query("client_id")
        .or_else(|| query("object_id"))
        .or_else(|| query("principal_id"))
        .or_else(|| query("msi_res_id"));
    let mut managed = identity
        .principals()
        .iter()
        .filter(|principal| principal.managed_identity);
    let record = match &wanted {
        Some(wanted) => managed.find(|principal| {
            principal.client_id.eq_ignore_ascii_case(wanted)
                || principal.object_id.eq_ignore_ascii_case(wanted)
                || principal.name == *wanted
                || is_identity(wanted, &principal.name)
        }),
        None => managed.next(),
    };
    if record.is_none() && !identity.is_open() {
        return refused("invalid_request", "Identity not found");
    }
    let open_client = wanted.as_deref().unwrap_or(OPEN_OWNER);
    let (tenant, client, object) = record.map_or((DEFAULT_TENANT, open_client, open_client), |record| {
        (
            record.tenant_id.as_str(),
            record.client_id.as_str(),
            record.object_id.as_str(),
        )
    });
    let issued = now.as_second();
    json_response(
        StatusCode::OK,
        &json!({
            "access_token": identity.sign(tenant, client, object, resource.trim_end_matches('/'), LIFETIME, now),
            "client_id": client,
            "expires_in": LIFETIME.as_secs().to_string(),
            "expires_on": issued.saturating_add(LIFETIME.as_secs()).to_string(),
            "ext_expires_in": LIFETIME.as_secs().to_string(),
            "not_before": issued.to_string(),
            "resource": resource,
            "token_type": "Bearer",
        }),
    )
}

/// Whether an ARM id is that of the user-assigned identity with a name.
fn is_identity(id: &str, name: &str) -> bool {
    let suffix = format!(
        "/providers/microsoft.managedidentity/userassignedidentities/{}",
        name.to_ascii_lowercase()
    );
    id.to_ascii_lowercase().ends_with(&suffix)
}
