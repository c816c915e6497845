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
                    role(namespace, name),
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

/// What grants the right to ask for this one account's tokens and for no other.
fn role(namespace: &str, name: &str) -> String {
    format!(
        "grant that in namespace {namespace} by a Role and a RoleBinding to the controller's service account, with the rule {{apiGroups: [\"\"], resources: [serviceaccounts/token], resourceNames: [{name}], verbs: [create]}}"
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
