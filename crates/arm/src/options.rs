//! What the ARM client is made of. Everything that is not pure comes in from outside.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::http::HttpClient;

use crate::budget::RequestBudget;
use crate::clock::Clock;
use crate::cloud::Cloud;

/// Sees every request that was sent, for metrics.
pub trait RequestObserver: Send + Sync {
    /// `method` as on the wire; `resource_type` as `Microsoft.Network/privateEndpoints`; `status` none when no answer came.
    fn observe(&self, method: &'static str, resource_type: &str, status: Option<u16>, elapsed: Duration);

    /// A request was not sent, because the request limits had no room for it.
    fn deferred(&self, _method: &'static str) {}

    /// A request was not sent, because there was no token; `code` is Entra's, or the kind of trouble.
    fn unidentified(&self, _code: &str) {}
}

/// Says at the last moment whether this process may write; the text says why not.
pub type WritePermit = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What a client is made of.
#[derive(Clone)]
pub struct ArmClientOptions {
    pub cloud: Cloud,
    pub transport: Arc<dyn HttpClient>,
    pub credential: Arc<dyn TokenCredential>,
    /// Whose requests these are, as the budget tells principals apart.
    pub principal: Arc<str>,
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
            principal: Arc::default(),
            clock,
            budget,
            write_permit: None,
            observer: None,
            user_agent: concat!("privatelink-controller/", env!("CARGO_PKG_VERSION")).to_owned(),
            call_timeout: Duration::from_secs(60),
        }
    }
}
