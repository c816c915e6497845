//! Entra's side of the wire: the token endpoints and the discovery documents.
//!
//! Routed by path alone, so that one address serves ARM and its authority. None of these paths is one of ARM's.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::{IdentityState, PrincipalRecord, discovery, managed, token};
use crate::cloud::Cloud;
use crate::doors::wire::{Request, Response};
use crate::random::Random;

/// Entra's tokens for applications live an hour.
const LIFETIME: SignedDuration = SignedDuration::from_secs(3_599);
const OPEN_ID_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Answers a request to the authority; `None` when it is not one.
pub(crate) fn respond(
    identity: &IdentityState,
    request: &Request,
    now: Timestamp,
    random: &mut Random,
) -> Option<Response> {
    let path = request.url.path();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match *segments.as_slice() {
        [tenant, "oauth2", "v2.0", "token"] => Some(token_answer(
            identity,
            (tenant, Protocol::V2),
            request,
            now,
            random,
        )),
        [tenant, "oauth2", "token"] => Some(token_answer(
            identity,
            (tenant, Protocol::V1),
            request,
            now,
            random,
        )),
        [_, "discovery", "instance"] => Some(json_response(
            StatusCode::OK,
            &instance_discovery(identity.cloud, request),
        )),
        [tenant, "v2.0", ".well-known", "openid-configuration"] => {
            Some(openid_configuration(identity, tenant, request, now, random))
        }
        [_, "discovery", "v2.0", "keys"] => Some(json_response(StatusCode::OK, &json!({"keys": []}))),
        ["metadata", "endpoints"] => Some(json_response(
            StatusCode::OK,
            &discovery::endpoints(
                identity.cloud,
                &authority(request),
                &crate::request::call::query(request, "api-version").unwrap_or_default(),
            ),
        )),
        ["metadata", "identity", "oauth2", "token"] => Some(managed::answer(identity, request, now)),
        _ => None,
    }
}

/// Whether a path is one of those that [`respond`] answers.
pub(crate) fn is_authority(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    matches!(
        segments.as_slice(),
        [_, "oauth2", "v2.0", "token"]
            | [_, "oauth2", "token"]
            | [_, "discovery", "instance"]
            | [_, "v2.0", ".well-known", "openid-configuration"]
            | [_, "discovery", "v2.0", "keys"]
            | ["metadata", "endpoints"]
            | ["metadata", "identity", "oauth2", "token"]
    )
}

/// One of Entra's refusals.
struct EntraError {
    number: u32,
    error: &'static str,
    text: String,
}

impl EntraError {
    fn new(number: u32, error: &'static str, text: impl Into<String>) -> Self {
        Self {
            number,
            error,
            text: text.into(),
        }
    }

    fn response(&self, cloud: Cloud, now: Timestamp, random: &mut Random) -> Response {
        // Entra answers 401 when the client could not prove who it is, and 400 for everything else.
        let status = if self.error == "invalid_client" {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::BAD_REQUEST
        };
        let (trace, correlation) = (random.guid(), random.guid());
        let time = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        json_response(
            status,
            &json!({
                "error": self.error,
                "error_description": format!(
                    "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
                    self.number, self.text
                ),
                "error_codes": [self.number],
                "timestamp": time,
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": format!("{}/error?code={}", cloud.endpoints().login, self.number),
            }),
        )
    }
}

/// Which of Entra's two token endpoints is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// `resource` says what the token is for.
    V1,
    /// `scope` does.
    V2,
}

fn token_answer(
    identity: &IdentityState,
    endpoint: (&str, Protocol),
    request: &Request,
    now: Timestamp,
    random: &mut Random,
) -> Response {
    let granted = if request.method == Method::POST {
        grant(identity, endpoint, request, now)
    } else {
        Err(EntraError::new(
            900_561,
            "invalid_request",
            "The endpoint only accepts POST requests. Received a GET request.",
        ))
    };
    let seconds = LIFETIME.as_secs();
    match (granted, endpoint.1) {
        (Ok((access_token, _)), Protocol::V2) => json_response(
            StatusCode::OK,
            &json!({
                "token_type": "Bearer",
                "expires_in": seconds,
                "ext_expires_in": seconds,
                "access_token": access_token,
            }),
        ),
        // ARM behaviour: numbers are texts here.
        (Ok((access_token, resource)), Protocol::V1) => json_response(
            StatusCode::OK,
            &json!({
                "token_type": "Bearer",
                "expires_in": seconds.to_string(),
                "ext_expires_in": seconds.to_string(),
                "expires_on": now.as_second().saturating_add(seconds).to_string(),
                "not_before": now.as_second().to_string(),
                "resource": resource,
                "access_token": access_token,
            }),
        ),
        (Err(refusal), _) => refusal.response(identity.cloud, now, random),
    }
}

/// What a client wants a token for, by the scope that it asks for.
fn audience_of(scope: &str) -> Result<&str, EntraError> {
    // MSAL for Go asks for OpenID Connect's scopes with every grant; they add nothing to a client's own token.
    let mut resources = scope
        .split_whitespace()
        .filter(|word| !OPEN_ID_SCOPES.contains(word));
    let first = resources
        .next()
        .and_then(|resource| resource.strip_suffix("/.default"))
        .filter(|audience| !audience.is_empty());
    match (first, resources.next()) {
        (Some(audience), None) => Ok(audience),
        _ => Err(EntraError::new(
            1_002_012,
            "invalid_scope",
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
            ),
        )),
    }
}

/// A token, and what it is for.
fn grant(
    identity: &IdentityState,
    (tenant, protocol): (&str, Protocol),
    request: &Request,
    now: Timestamp,
) -> Result<(String, String), EntraError> {
    let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    };
    let required = |name: &'static str| {
        field(name).ok_or_else(|| {
            EntraError::new(
                900_144,
                "invalid_request",
                format!("The request body must contain the following parameter: '{name}'."),
            )
        })
    };
    if !identity.tenant_exists(tenant) {
        return Err(EntraError::new(
            90_002,
            "invalid_request",
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
            ),
        ));
    }
    let grant_type = required("grant_type")?;
    if grant_type != "client_credentials" {
        return Err(EntraError::new(
            70_003,
            "unsupported_grant_type",
            format!("The app requested an unsupported grant type '{grant_type}'."),
        ));
    }
    let client = required("client_id")?;
    let audience = match protocol {
        Protocol::V1 => field("resource").ok_or_else(|| {
            EntraError::new(
                500_013,
                "invalid_resource",
                "Resource identifier is not provided.",
            )
        })?,
        Protocol::V2 => audience_of(required("scope")?)?,
    };
    let record = identity.principals().iter().find(|principal| {
        principal.client_id.eq_ignore_ascii_case(client) && principal.tenant_id.eq_ignore_ascii_case(tenant)
    });
    if record.is_none() && !identity.is_open() {
        return Err(EntraError::new(
            700_016,
            "unauthorized_client",
            format!(
                "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
            ),
        ));
    }
    match (field("client_secret"), field("client_assertion")) {
        (_, Some(assertion)) => {
            if field("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(EntraError::new(
                    900_144,
                    "invalid_request",
                    "The request body must contain the following parameter: 'client_assertion_type'.",
                ));
            }
            check_assertion(record, client, assertion, now)?;
        }
        (Some(secret), None) => {
            if record.is_some_and(|record| record.client_secret.as_deref() != Some(secret)) {
                return Err(EntraError::new(
                    7_000_215,
                    "invalid_client",
                    format!(
                        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
                    ),
                ));
            }
        }
        (None, None) => {
            return Err(EntraError::new(
                7_000_218,
                "invalid_client",
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            ));
        }
    }
    let object = record.map_or(client, |record| record.object_id.as_str());
    let token = identity.sign(tenant, client, object, audience, LIFETIME, now);
    Ok((token, audience.to_owned()))
}

/// Holds an assertion against the federated credentials. An open emulator takes any assertion that is a token in date.
fn check_assertion(
    record: Option<&PrincipalRecord>,
    client: &str,
    assertion: &str,
    now: Timestamp,
) -> Result<(), EntraError> {
    let Some(claims) = token::read_assertion(assertion) else {
        return Err(EntraError::new(
            50_027,
            "invalid_request",
            "JWT token is invalid or malformed.",
        ));
    };
    let second = now.as_second();
    if claims.exp.is_some_and(|end| end <= second)
        || claims.nbf.is_some_and(|start| start > second.saturating_add(300))
    {
        return Err(EntraError::new(
            700_024,
            "invalid_client",
            format!(
                "Client assertion is not within its valid time range. Current time: {now}, assertion valid until {:?}.",
                claims.exp
            ),
        ));
    }
    let Some(record) = record else {
        return Ok(());
    };
    if record.federated_credentials.is_empty() {
        return Err(EntraError::new(
            70_025,
            "invalid_client",
            format!(
                "The client '{client}'({}) has no configured federated identity credentials.",
                record.name
            ),
        ));
    }
    // The number says which part did not match, in the order in which Entra compares them.
    let (mut by_issuer, mut by_subject) = (false, false);
    for credential in record
        .federated_credentials
        .iter()
        .filter(|credential| credential.issuer == claims.iss)
    {
        by_issuer = true;
        if credential.subject == claims.sub {
            by_subject = true;
            if claims.aud.contains(&credential.audience) {
                return Ok(());
            }
        }
    }
    let (number, part, value) = if by_subject {
        (700_212, "audience", claims.aud.text())
    } else if by_issuer {
        (700_213, "subject", claims.sub.clone())
    } else {
        (700_211, "issuer", claims.iss.clone())
    };
    Err(EntraError::new(
        number,
        "invalid_client",
        format!(
            "No matching federated identity record found for presented assertion {part} '{value}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
        ),
    ))
}

/// The address under which the client reached the authority.
fn authority(request: &Request) -> String {
    request.url.origin().ascii_serialization()
}

/// What a login host says of the one that the client means to sign in at.
///
/// ARM behaviour: the answer leads to the tenant that `authorization_endpoint` names.
fn instance_discovery(cloud: Cloud, request: &Request) -> Value {
    let meant = request
        .url
        .query_pairs()
        .find(|(name, _)| name == "authorization_endpoint")
        .and_then(|(_, endpoint)| Url::parse(&endpoint).ok())
        .filter(|endpoint| endpoint.scheme() == "https" && endpoint.has_host());
    let tenant = meant
        .as_ref()
        .and_then(|endpoint| endpoint.path_segments()?.next())
        .filter(|tenant| !tenant.is_empty())
        .unwrap_or("common");
    let url = meant.as_ref().unwrap_or(&request.url);
    let login = cloud.endpoints().login.trim_start_matches("https://");
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => login.to_owned(),
    };
    let origin = url.origin().ascii_serialization();
    json!({
        "tenant_discovery_endpoint": format!("{origin}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    })
}

fn openid_configuration(
    identity: &IdentityState,
    tenant: &str,
    request: &Request,
    now: Timestamp,
    random: &mut Random,
) -> Response {
    let shared = ["common", "organizations", "consumers"].contains(&tenant);
    if !shared && !identity.tenant_exists(tenant) {
        return EntraError::new(90_002, "invalid_tenant", format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."))
            .response(identity.cloud, now, random);
    }
    let authority = authority(request);
    json_response(
        StatusCode::OK,
        &json!({
            "token_endpoint": format!("{authority}/{tenant}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{authority}/{tenant}/discovery/v2.0/keys"),
            "issuer": format!("{authority}/{tenant}/v2.0"),
            "authorization_endpoint": format!("{authority}/{tenant}/oauth2/v2.0/authorize"),
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": OPEN_ID_SCOPES,
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }),
    )
}

pub(super) fn json_response(status: StatusCode, body: &Value) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-cache"),
    );
    Response {
        status,
        headers,
        body: Bytes::from(body.to_string()),
    }
}
