//! Tokens of a service account, by Kubernetes' TokenRequest: for one audience, for ten minutes, bound to nothing.
//!
//! Nothing is kept: a token is asked for when Entra wants one, which is about once an hour.

use std::fmt;
use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, PostParams};
use kube::{Client, Error};
use privatelink_api::ServiceAccountReference;
use privatelink_arm::{AssertionSource, EXCHANGE_AUDIENCE, NoAssertion, Secret};

/// The shortest that Kubernetes gives: long enough to be exchanged.
const GOOD_FOR_SECONDS: i64 = 600;

pub(super) struct ServiceAccountTokens {
    api: Api<ServiceAccount>,
    account: ServiceAccountReference,
    timeout: Duration,
}

impl ServiceAccountTokens {
    pub(super) fn new(kube: Client, account: ServiceAccountReference, timeout: Duration) -> Self {
        ServiceAccountTokens {
            api: Api::namespaced(kube, &account.namespace),
            account,
            timeout,
        }
    }

    fn explain(&self, error: &Error) -> NoAssertion {
        let ServiceAccountReference { namespace, name } = &self.account;
        match error {
            Error::Api(status) if status.code == 403 => NoAssertion {
                code: "TokenRequestForbidden",
                message: format!(
                    "Kubernetes gives this controller no token of service account {namespace}/{name}: {}; it says: {}",
                    role(namespace, name, asking(&status.message)),
                    status.message.chars().take(500).collect::<String>()
                ),
                trouble: false,
            },
            Error::Api(status) if status.code == 404 => NoAssertion {
                code: "ServiceAccountNotFound",
                message: format!(
                    "there is no service account {name} in namespace {namespace}: make it, or correct spec.identity.serviceAccount"
                ),
                trouble: false,
            },
            Error::Api(status) if status.code < 500 && status.code != 429 => NoAssertion {
                code: "TokenRequestRefused",
                message: format!(
                    "Kubernetes gives no token of service account {namespace}/{name}: {}",
                    status.message
                ),
                trouble: false,
            },
            error => unreached(&error.to_string()),
        }
    }
}

/// The service account, as namespace and name, that Kubernetes refused something: it tells who asked.
fn asking(refusal: &str) -> Option<(&str, &str)> {
    let (_, rest) = refusal.split_once("User \"system:serviceaccount:")?;
    let (account, _) = rest.split_once('"')?;
    let (namespace, name) = account.split_once(':')?;
    let is_name = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        (1..=253).contains(&text.len()) && text.bytes().all(allowed)
    };
    (is_name(namespace) && is_name(name)).then_some((namespace, name))
}

/// The commands that grant the right to ask for this one account's tokens and for no other.
fn role(namespace: &str, name: &str, asking: Option<(&str, &str)>) -> String {
    let (of, controller) = asking.unwrap_or(("<namespace>", "<controller>"));
    format!(
        "grant that with `kubectl create role privatelink-token-{name} --namespace {namespace} --verb=create --resource=serviceaccounts/token --resource-name={name}` and `kubectl create rolebinding privatelink-token-{name} --namespace {namespace} --role=privatelink-token-{name} --serviceaccount={of}:{controller}`"
    )
}

fn unreached(why: &str) -> NoAssertion {
    NoAssertion {
        code: "TokenRequestFailed",
        message: format!("Kubernetes could not be asked for a token: {why}"),
        trouble: true,
    }
}

#[async_trait::async_trait]
impl AssertionSource for ServiceAccountTokens {
    async fn assertion(&self) -> Result<Secret, NoAssertion> {
        let request = TokenRequest {
            spec: TokenRequestSpec {
                audiences: vec![EXCHANGE_AUDIENCE.to_owned()],
                expiration_seconds: Some(GOOD_FOR_SECONDS),
                bound_object_ref: None,
            },
            ..TokenRequest::default()
        };
        let parameters = PostParams::default();
        let asked = self
            .api
            .create_token_request(&self.account.name, &parameters, &request);
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(Ok(answer)) => match answer.status.map(|status| status.token) {
                Some(token) if !token.is_empty() => Ok(Secret::new(token)),
                _ => Err(unreached("its answer has no token")),
            },
            Ok(Err(error)) => Err(self.explain(&error)),
            Err(_) => Err(unreached("it did not answer in time")),
        }
    }
}

impl fmt::Debug for ServiceAccountTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ServiceAccountReference { namespace, name } = &self.account;
        write!(formatter, "ServiceAccountTokens({namespace}/{name})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_for_whoever_asked() {
        let refusal = |user: &str| {
            format!(
                "serviceaccounts \"orders\" is forbidden: User \"{user}\" cannot create resource \"serviceaccounts/token\" in API group \"\" in the namespace \"platform\""
            )
        };
        let said = refusal("system:serviceaccount:privatelink-system:privatelink-controller");
        assert_eq!(
            role("platform", "orders", asking(&said)),
            "grant that with `kubectl create role privatelink-token-orders --namespace platform --verb=create --resource=serviceaccounts/token --resource-name=orders` and `kubectl create rolebinding privatelink-token-orders --namespace platform --role=privatelink-token-orders --serviceaccount=privatelink-system:privatelink-controller`"
        );
        for unknown in [
            &refusal("somebody"),
            &refusal("system:serviceaccount:a:b c"),
            "no",
        ] {
            assert_eq!(asking(unknown), None);
            assert!(
                role("platform", "orders", None).ends_with(" --serviceaccount=<namespace>:<controller>`")
            );
        }
    }
}
