//! The ARM client: one request per call, no retries of its own, no sleeping.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::HttpClient;
use serde_json::Value;

use crate::budget::RequestBudget;
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::error::{ArmError, ArmErrorKind};
use crate::pinning::OperationUrl;
use crate::reply::{ListTarget, Poll, Precondition, Priority, Reply};
use crate::resource_id::ResourceId;

/// Sees every request that was sent, for metrics.
pub trait RequestObserver: Send + Sync {
    /// `method` as on the wire; `resource_type` as `Microsoft.Network/privateEndpoints`; `status` none when no answer came.
    fn observe(&self, method: &'static str, resource_type: &str, status: Option<u16>, elapsed: Duration);
}

/// Says at the last moment whether this process may write; the text says why not.
pub type WritePermit = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What a client is made of.
#[derive(Clone)]
pub struct ArmClientOptions {
    pub cloud: Cloud,
    pub transport: Arc<dyn HttpClient>,
    pub credential: Arc<dyn TokenCredential>,
    pub clock: Clock,
    pub budget: Arc<RequestBudget>,
    /// The leader's fence, asked right before a write is sent.
    pub write_permit: Option<WritePermit>,
    pub observer: Option<Arc<dyn RequestObserver>>,
    pub user_agent: String,
    /// The longest that one call may take, token included.
    pub call_timeout: Duration,
}

impl ArmClientOptions {
    /// Options with no fence, no observer and a call timeout of 60 s.
    pub fn new(
        cloud: Cloud,
        transport: Arc<dyn HttpClient>,
        credential: Arc<dyn TokenCredential>,
        clock: Clock,
        budget: Arc<RequestBudget>,
    ) -> Self {
        ArmClientOptions {
            cloud,
            transport,
            credential,
            clock,
            budget,
            write_permit: None,
            observer: None,
            user_agent: concat!("privatelink-controller/", env!("CARGO_PKG_VERSION")).to_owned(),
            call_timeout: Duration::from_secs(60),
        }
    }
}

/// A client of Azure Resource Manager; clones share everything.
#[derive(Clone)]
pub struct ArmClient {
    options: Arc<ArmClientOptions>,
}

impl ArmClient {
    pub fn new(options: ArmClientOptions) -> Self {
        ArmClient { options: Arc::new(options) }
    }

    /// The cloud that this client talks to.
    pub fn cloud(&self) -> &Cloud {
        &self.options.cloud
    }

    pub async fn get(&self, id: &ResourceId, api_version: &str, priority: Priority) -> Result<Reply, ArmError> {
        self.get_under(id, "", api_version, priority).await
    }

    pub async fn get_under(
        &self,
        _id: &ResourceId,
        _suffix: &str,
        _api_version: &str,
        _priority: Priority,
    ) -> Result<Reply, ArmError> {
        Err(ArmError::new(ArmErrorKind::NotSent, "NotSent", "not connected"))
    }

    pub async fn put(
        &self,
        id: &ResourceId,
        api_version: &str,
        _body: &Value,
        _precondition: Precondition,
        priority: Priority,
    ) -> Result<Reply, ArmError> {
        self.get(id, api_version, priority).await
    }

    pub async fn patch(
        &self,
        id: &ResourceId,
        api_version: &str,
        _body: &Value,
        _precondition: Precondition,
        priority: Priority,
    ) -> Result<Reply, ArmError> {
        self.get(id, api_version, priority).await
    }

    pub async fn delete(
        &self,
        id: &ResourceId,
        api_version: &str,
        _precondition: Precondition,
        priority: Priority,
    ) -> Result<Reply, ArmError> {
        self.get(id, api_version, priority).await
    }

    pub async fn post(
        &self,
        id: &ResourceId,
        action: &str,
        api_version: &str,
        _body: Option<&Value>,
        priority: Priority,
    ) -> Result<Reply, ArmError> {
        self.get_under(id, action, api_version, priority).await
    }

    pub async fn list(
        &self,
        collection: &ListTarget,
        api_version: &str,
        priority: Priority,
    ) -> Result<Vec<Value>, ArmError> {
        self.get_under(&collection.scope, &collection.path, api_version, priority).await.map(|_| Vec::new())
    }

    pub async fn poll(&self, _operation: &OperationUrl, _priority: Priority) -> Result<Poll, ArmError> {
        Err(ArmError::new(ArmErrorKind::NotSent, "NotSent", "not connected"))
    }
}
