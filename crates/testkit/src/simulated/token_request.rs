//! Tokens of service accounts: who may ask for whose, and what is in them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::SimulatedApi;
use super::refusal::Refusal;
use super::store::Store;

/// The issuer of the cluster's tokens.
pub const ISSUER: &str = "https://kubernetes.default.svc";

impl SimulatedApi {
    /// From now on there is this service account, and clients may or may not ask for its tokens.
    pub fn set_service_account(&self, namespace: &str, name: &str, may_ask: bool) {
        let key = (namespace.to_owned(), name.to_owned());
        self.shared.lock().store.service_accounts.insert(key, may_ask);
    }

    /// A service account is deleted.
    pub fn remove_service_account(&self, namespace: &str, name: &str) {
        let key = (namespace.to_owned(), name.to_owned());
        self.shared.lock().store.service_accounts.remove(&key);
    }
}

/// Answers a TokenRequest. The right is looked at before the account, as in Kubernetes.
pub(super) fn answer(
    store: &Store,
    client: &str,
    namespace: &str,
    name: &str,
    request: &Value,
) -> Result<Value, Refusal> {
    let key = (namespace.to_owned(), name.to_owned());
    match store.service_accounts.get(&key) {
        Some(false) => {
            return Err(Refusal::new(
                403,
                "Forbidden",
                format!(
                    "serviceaccounts \"{name}\" is forbidden: User \"{client}\" cannot create resource \"serviceaccounts/token\" in API group \"\" in the namespace \"{namespace}\""
                ),
            ));
        }
        None => {
            return Err(Refusal::new(
                404,
                "NotFound",
                format!("serviceaccounts \"{name}\" not found"),
            ));
        }
        Some(true) => {}
    }
    let now = store.time();
    let seconds = request
        .pointer("/spec/expirationSeconds")
        .and_then(Value::as_i64)
        .unwrap_or(3600);
    let audiences = request
        .pointer("/spec/audiences")
        .cloned()
        .unwrap_or_else(|| json!([ISSUER]));
    let claims = json!({
        "iss": ISSUER,
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
        "aud": audiences,
        "iat": now.as_second(),
        "nbf": now.as_second(),
        "exp": now.as_second() + seconds,
    });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let token = format!("{}.{}.c2lnbmF0dXJl", part(json!({"alg": "none"})), part(claims));
    Ok(json!({
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": name, "namespace": namespace},
        "spec": request.get("spec"),
        "status": {"token": token, "expirationTimestamp": (now + jiff::SignedDuration::from_secs(seconds)).to_string()},
    }))
}
