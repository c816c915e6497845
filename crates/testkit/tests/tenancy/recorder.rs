//! The emulator behind a door that writes down every request, when it left, and what was there before it. Each takes a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::headers::HeaderName;
use azure_core::http::request::Body;
use azure_core::http::{AsyncRawResponse, HttpClient, Request as CoreRequest};
use privatelink_arm_emulator::Emulator;
use privatelink_arm_emulator::client::InProcessClient;
use serde_json::Value;
use tokio::time::Instant;

use crate::rights::Request;

/// How long a call takes.
pub const CALL: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub struct Recorder {
    emulator: Emulator,
    inner: InProcessClient,
    seen: Arc<Mutex<Vec<(Instant, Request)>>>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    pub fn new(emulator: &Emulator) -> Self {
        Recorder {
            emulator: emulator.clone(),
            inner: InProcessClient::new(emulator.clone()),
            seen: Arc::default(),
        }
    }

    /// The requests that left after a moment.
    pub fn after(&self, moment: Instant) -> Vec<Request> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let late = seen.iter().filter(|(at, _)| *at > moment);
        late.map(|(_, request)| request.clone()).collect()
    }
}

#[async_trait]
impl HttpClient for Recorder {
    async fn execute_request(&self, request: &CoreRequest) -> azure_core::Result<AsyncRawResponse> {
        let url = request.url();
        let method = request.method().as_ref().to_owned();
        let body = match request.body() {
            Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap_or(Value::Null),
            Body::SeekableStream(_) => Value::Null,
        };
        let before = match method.as_str() {
            "GET" => Value::Null,
            _ => self.emulator.resource(url.path()).unwrap_or(Value::Null),
        };
        let token = request
            .headers()
            .get_optional_str(&HeaderName::from_static("authorization"));
        let seen = Request {
            origin: format!("{}://{}", url.scheme(), url.authority()),
            path: url.path().to_owned(),
            token: token.unwrap_or_default().to_owned(),
            method,
            body,
            before,
            above: Value::Null,
        };
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((Instant::now(), seen));
        tokio::time::sleep(CALL).await;
        self.inner.execute_request(request).await
    }
}
