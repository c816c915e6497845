//! Who calls: principals, tokens, and the check that comes first on every ARM request.
//!
//! Owns the principals and the signing key. Never decides what a principal may do (that is [`crate::authorization::rbac`]).
//!
//! Without principals the emulator is *open*: any bearer token is an owner. A token that the emulator signed itself is
//! checked for its expiry and audience in both modes, so that a client's handling of expired tokens can be tried out.

mod discovery;
mod entra;
mod managed;
pub mod token;

use aws_lc_rs::hmac;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cloud::Cloud;
use crate::doors::change::SOMEONE_ELSE;
pub(crate) use entra::{is_authority, respond};
use token::{Claims, Reading};

/// The tenant of an emulator whose seed names none.
pub const DEFAULT_TENANT: &str = "00000000-0000-0000-0000-00000000a0a0";
/// The object id of the owner that any bearer token stands for while the emulator is open.
pub const OPEN_OWNER: &str = "00000000-0000-0000-0000-0000000000ff";
/// The audience that the emulator's own tokens are made for in the public cloud.
pub const DEFAULT_AUDIENCE: &str = "https://management.azure.com";

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Entra's object id.
    pub object_id: String,
    /// The name that ARM puts into its messages: for an application its client id.
    pub name: String,
    pub tenant_id: String,
    /// Whether the emulator is open, so that this principal may do everything.
    pub is_open_owner: bool,
}

/// One principal of the seed.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct PrincipalRecord {
    /// The name that the seed and the test door know it by.
    pub name: String,
    pub object_id: String,
    pub tenant_id: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    pub federated_credentials: Vec<FederatedCredential>,
    /// Whether the instance metadata service hands out its tokens.
    pub managed_identity: bool,
}

/// Which tokens of another issuer sign a principal in.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FederatedCredential {
    pub issuer: String,
    pub subject: String,
    #[serde(default = "exchange_audience")]
    pub audience: String,
}

fn exchange_audience() -> String {
    "api://AzureADTokenExchange".to_owned()
}

/// Who may sign in, as a snapshot keeps it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Directory {
    principals: Vec<PrincipalRecord>,
    tenants: Vec<String>,
}

/// Everything that the sign-in and the token check know.
#[derive(Clone)]
pub struct IdentityState {
    key: hmac::Key,
    principals: Vec<PrincipalRecord>,
    tenants: Vec<String>,
    /// Where tokens are issued, and what for.
    cloud: Cloud,
}

impl std::fmt::Debug for IdentityState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("IdentityState")
            .field("principals", &self.principals.len())
            .finish_non_exhaustive()
    }
}

impl Default for IdentityState {
    fn default() -> Self {
        Self::new(b"arm-emulator: tokens of an emulator that keeps no key")
    }
}

impl IdentityState {
    /// An open emulator whose tokens are signed with `secret`.
    pub fn new(secret: &[u8]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            principals: Vec::new(),
            tenants: Vec::new(),
            cloud: Cloud::Public,
        }
    }

    /// The same in another cloud.
    pub(crate) fn of_cloud(self, cloud: Cloud) -> Self {
        Self { cloud, ..self }
    }

    /// The audience that the emulator's own tokens are made for.
    pub(crate) fn audience(&self) -> &'static str {
        self.cloud.endpoints().manager
    }

    /// Signs with another key: tokens that were issued before are no longer good.
    pub fn set_key(&mut self, secret: &[u8]) {
        self.key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    }

    /// Names the principals; with at least one the emulator is closed. `tenants` are further tenants that exist.
    pub fn set_principals(&mut self, principals: Vec<PrincipalRecord>, tenants: Vec<String>) {
        self.tenants = principals
            .iter()
            .map(|principal| principal.tenant_id.clone())
            .chain(tenants)
            .collect();
        self.principals = principals;
    }

    /// Who may sign in.
    pub(crate) fn directory(&self) -> Directory {
        Directory {
            principals: self.principals.clone(),
            tenants: self.tenants.clone(),
        }
    }

    /// Puts others in place of those who may sign in.
    pub(crate) fn set_directory(&mut self, directory: Directory) {
        self.principals = directory.principals;
        self.tenants = directory.tenants;
    }

    /// Whether any bearer token is an owner.
    pub fn is_open(&self) -> bool {
        self.principals.is_empty()
    }

    /// The principals of the seed, in its order.
    pub fn principals(&self) -> &[PrincipalRecord] {
        &self.principals
    }

    /// The principal with this name, client id or object id.
    pub fn find(&self, wanted: &str) -> Option<&PrincipalRecord> {
        self.principals.iter().find(|principal| {
            principal.name == wanted
                || principal.client_id.eq_ignore_ascii_case(wanted)
                || principal.object_id.eq_ignore_ascii_case(wanted)
        })
    }

    fn tenant_exists(&self, tenant: &str) -> bool {
        self.is_open()
            || self
                .tenants
                .iter()
                .any(|known| known.eq_ignore_ascii_case(tenant))
    }

    /// A bearer token for scripts: for `principal` (name, client id or object id), or for the owner of an open emulator.
    /// `None` when the emulator is closed and knows no such principal.
    pub fn issue(
        &self,
        principal: Option<&str>,
        audience: &str,
        lifetime: SignedDuration,
        now: Timestamp,
    ) -> Option<String> {
        let record = match principal {
            Some(wanted) => match self.find(wanted) {
                Some(found) => Some(found),
                None if self.is_open() => None,
                None => return None,
            },
            None => self.principals.first(),
        };
        let (tenant, client, object) = match record {
            Some(found) => (
                found.tenant_id.as_str(),
                found.client_id.as_str(),
                found.object_id.as_str(),
            ),
            None => (DEFAULT_TENANT, principal.unwrap_or(OPEN_OWNER), OPEN_OWNER),
        };
        Some(self.sign(tenant, client, object, audience, lifetime, now))
    }

    /// A token of the one who makes changes through the test door: an owner, open or not.
    pub(crate) fn someone_else(&self, now: Timestamp) -> String {
        self.sign(
            DEFAULT_TENANT,
            SOMEONE_ELSE,
            SOMEONE_ELSE,
            self.audience(),
            SignedDuration::from_mins(5),
            now,
        )
    }

    fn sign(
        &self,
        tenant: &str,
        client: &str,
        object: &str,
        audience: &str,
        lifetime: SignedDuration,
        now: Timestamp,
    ) -> String {
        let issued = now.as_second();
        let claims = Claims {
            aud: audience.to_owned(),
            iss: format!("{}/{tenant}/", self.cloud.endpoints().issuer),
            iat: issued,
            nbf: issued,
            exp: issued.saturating_add(lifetime.as_secs()),
            appid: client.to_owned(),
            oid: object.to_owned(),
            sub: object.to_owned(),
            tid: tenant.to_owned(),
            idtyp: "app".to_owned(),
            ver: "1.0".to_owned(),
        };
        token::sign(&self.key, &claims)
    }
}

/// Why a request has no caller. Always a 401.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AuthenticationError {
    /// ARM's error code.
    pub code: &'static str,
    /// ARM's message.
    pub message: String,
    /// The tenant that the challenge names.
    pub tenant: String,
    /// Where the challenge sends to.
    pub login: &'static str,
}

impl AuthenticationError {
    /// The value of `WWW-Authenticate`.
    pub fn challenge(&self) -> String {
        format!(
            "Bearer authorization_uri=\"{}/{}\", error=\"invalid_token\", error_description=\"{}\"",
            self.login,
            self.tenant,
            self.message.replace(['"', '\\'], "'")
        )
    }

    /// The body, as ARM's gateway sends it.
    pub fn body(&self) -> serde_json::Value {
        serde_json::json!({"error": {"code": self.code, "message": self.message}})
    }
}

/// Finds out who calls.
///
/// # Errors
/// ARM behaviour: 401 `AuthenticationFailed` without a usable header, `InvalidAuthenticationToken` for a token that no
/// authority issued, `ExpiredAuthenticationToken`, and `InvalidAuthenticationTokenAudience`.
pub fn authenticate(
    identity: &IdentityState,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Principal, AuthenticationError> {
    let refused = |code, message: String| AuthenticationError {
        code,
        message,
        tenant: identity
            .tenants
            .first()
            .cloned()
            .unwrap_or_else(|| DEFAULT_TENANT.to_owned()),
        login: identity.cloud.endpoints().login,
    };
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Err(refused(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.".to_owned(),
        ));
    };
    // Of two, neither counts: they would be read as one.
    let alone = headers.get_all(AUTHORIZATION).iter().count() == 1;
    let bearer = value
        .to_str()
        .ok()
        .filter(|_| alone)
        .and_then(|text| text.trim().split_once(' '))
        .filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty())
        .map(|(_, token)| token.trim());
    let Some(bearer) = bearer else {
        return Err(refused(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is provided in an invalid format.".to_owned(),
        ));
    };
    let claims = match token::read(&identity.key, bearer) {
        Reading::Signed(claims) => claims,
        Reading::Foreign if identity.is_open() => {
            return Ok(open_owner(OPEN_OWNER, OPEN_OWNER, DEFAULT_TENANT));
        }
        Reading::Forged if identity.is_open() => {
            return Ok(open_owner(OPEN_OWNER, OPEN_OWNER, DEFAULT_TENANT));
        }
        Reading::Foreign => {
            return Err(refused(
                "InvalidAuthenticationToken",
                "The access token is invalid.".to_owned(),
            ));
        }
        Reading::Forged => {
            return Err(refused(
                "InvalidAuthenticationToken",
                "The access token signature is invalid: the signing key does not belong to the issuer of the token.".to_owned(),
            ));
        }
    };
    if now.as_second() >= claims.exp {
        let expiry = Timestamp::from_second(claims.exp).unwrap_or(now);
        return Err(refused(
            "ExpiredAuthenticationToken",
            format!(
                "The access token expiry UTC time '{}' is earlier than current UTC time '{}'.",
                token::american(expiry),
                token::american(now)
            ),
        ));
    }
    let audiences = identity.cloud.endpoints().audiences;
    if !audience_is_ours(audiences, &claims.aud, headers) {
        let allowed: Vec<String> = audiences
            .iter()
            .flat_map(|one| [format!("'{one}/'"), format!("'{one}'")])
            .collect();
        return Err(refused(
            "InvalidAuthenticationTokenAudience",
            format!(
                "The access token has been obtained for wrong audience or resource '{}'. It should exactly match with one of the allowed audiences {}.",
                claims.aud,
                allowed.join(",")
            ),
        ));
    }
    if identity.is_open() || claims.oid == SOMEONE_ELSE {
        return Ok(open_owner(&claims.oid, &claims.appid, &claims.tid));
    }
    match identity.find(&claims.oid) {
        Some(record) => Ok(Principal {
            object_id: record.object_id.clone(),
            name: record.client_id.clone(),
            tenant_id: record.tenant_id.clone(),
            is_open_owner: false,
        }),
        None => Err(refused(
            "InvalidAuthenticationToken",
            format!(
                "The access token is invalid: its principal '{}' does not exist.",
                claims.oid
            ),
        )),
    }
}

fn open_owner(object_id: &str, name: &str, tenant_id: &str) -> Principal {
    Principal {
        object_id: object_id.to_owned(),
        name: name.to_owned(),
        tenant_id: tenant_id.to_owned(),
        is_open_owner: true,
    }
}

/// ARM's own audiences in a cloud, or the address that the client speaks to: a custom cloud's audience is its endpoint.
fn audience_is_ours(known: [&str; 2], audience: &str, headers: &HeaderMap) -> bool {
    let bare = audience.trim_end_matches('/');
    if known.iter().any(|known| known.eq_ignore_ascii_case(bare)) {
        return true;
    }
    let Some((_, authority)) = bare.split_once("://") else {
        return false;
    };
    let host = headers
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    authority.eq_ignore_ascii_case(host)
        || ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| {
            authority
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        })
}
