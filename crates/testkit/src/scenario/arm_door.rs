//! The controller's way to the emulator: counts the calls, puts a fault at one of them, and watches where tokens go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::HeaderName;
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use privatelink_arm_emulator::client::InProcessClient;

use super::foreigners::{Foreigner, Outside};
use super::world::Mutant;

/// One call to ARM, addressed so that it can be found again in another run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArmCall {
    pub method: String,
    /// Path, with operation ids masked.
    pub path: String,
    /// How many calls with this method and path there were, from 1.
    pub occurrence: u64,
}

impl std::fmt::Display for ArmCall {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {} #{}", self.method, self.path, self.occurrence)
    }
}

/// What happens to one call.
#[derive(Clone, Debug, PartialEq)]
pub enum ArmFault {
    /// The connection is not accepted.
    Refused,
    /// The connection breaks before the effect.
    CutBefore,
    /// The effect takes place and the answer is lost.
    CutAfter,
    /// An error answer without effect.
    Answer {
        status: u16,
        code: &'static str,
        retry_after: Option<u64>,
    },
    /// A GET shows the resource as it was before the last write to it.
    Stale,
    /// The body of a successful answer is something else.
    Body(&'static str),
    /// Operation URLs and next links lead to a foreign host.
    Hostile,
    /// The process dies before the call leaves.
    CrashBefore,
    /// The process dies with the call in flight.
    CrashAfter,
    /// The lease is lost while the call is in flight, and the call takes effect long after.
    LateEffect,
    /// Another replica takes the lease while the call is in flight, and does nothing with it; the process lives on.
    LeaseTaken,
    /// Somebody else writes to Azure just before the call.
    Foreign(Foreigner),
}

#[derive(Default)]
struct State {
    occurrences: BTreeMap<(String, String), u64>,
    calls: Vec<ArmCall>,
    faults: Vec<(ArmCall, ArmFault)>,
    fired: usize,
    /// What a GET of a path showed before the last write to it.
    before: BTreeMap<String, (u16, Vec<u8>)>,
    crashed: bool,
    foreign: Vec<String>,
    mutant: Mutant,
    /// How long a call takes. Where this is set, nothing is read on the side either, and stale reads show nothing old.
    far: Option<Duration>,
    /// Takes the lease from whoever holds it.
    take_lease: Option<Arc<dyn Fn() + Send + Sync>>,
    /// Those who write to Azure beside us.
    outside: Option<Outside>,
}

/// A transport that all controllers of a world share; each has a life of its own.
#[derive(Clone)]
pub struct ArmDoor {
    inner: InProcessClient,
    state: Arc<Mutex<State>>,
    /// Set when this process has died: nothing that it still does reaches anybody.
    dead: tokio::sync::watch::Receiver<bool>,
}

impl std::fmt::Debug for ArmDoor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ArmDoor").finish_non_exhaustive()
    }
}

impl ArmDoor {
    pub(crate) fn new(inner: InProcessClient, dead: tokio::sync::watch::Receiver<bool>) -> Self {
        ArmDoor {
            inner,
            state: Arc::default(),
            dead,
        }
    }

    /// The same door for another process.
    pub(crate) fn for_process(&self, dead: tokio::sync::watch::Receiver<bool>) -> Self {
        ArmDoor { dead, ..self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<ArmCall> {
        self.lock().calls.clone()
    }

    /// Puts a fault at a call.
    pub fn add_fault(&self, call: ArmCall, fault: ArmFault) {
        self.lock().faults.push((call, fault));
    }

    /// Breaks the controller deliberately, as seen from Azure.
    pub fn mutate(&self, mutant: Mutant) {
        self.lock().mutant = mutant;
    }

    /// Lets every call take a while, and sends nothing but what controllers ask for: what is read on the side would
    /// count against Azure's limits.
    pub(crate) fn be_far_away(&self, far: Duration) {
        self.lock().far = Some(far);
    }

    /// How the lease is taken from whoever holds it.
    pub(crate) fn on_lease_taken(&self, take_lease: impl Fn() + Send + Sync + 'static) {
        self.lock().take_lease = Some(Arc::new(take_lease));
    }

    /// Where others write to Azure.
    pub(crate) fn open_to(&self, outside: Outside) {
        self.lock().outside = Some(outside);
    }

    /// How many faults have happened.
    pub fn fired(&self) -> usize {
        self.lock().fired
    }

    /// Whether a crash is due: the world then starts another process.
    pub(crate) fn take_crash(&self) -> bool {
        std::mem::take(&mut self.lock().crashed)
    }

    /// Calls that carried a token to a host that is not the cloud's.
    pub fn foreign(&self) -> Vec<String> {
        self.lock().foreign.clone()
    }

    async fn death(&self) {
        let mut dead = self.dead.clone();
        let _ = dead.wait_for(|dead| *dead).await;
        std::future::pending::<()>().await;
    }

    fn crash(&self) {
        self.lock().crashed = true;
    }

    async fn execute(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let fault = {
            let mut state = self.lock();
            let token = request
                .headers()
                .get_optional_str(&HeaderName::from_static("authorization"));
            let host = request.url().authority().to_owned();
            let scheme = request.url().scheme().to_owned();
            if token.is_some() && (host != "management.azure.com" || scheme != "https") {
                state
                    .foreign
                    .push(format!("{} {}", request.method().as_ref(), request.url()));
            }
            if host == "login.microsoftonline.com" {
                None
            } else {
                let call = state.number(request);
                let found = state.faults.iter().position(|(at, _)| *at == call);
                state.calls.push(call);
                found.map(|index| {
                    state.fired += 1;
                    state.faults.remove(index).1
                })
            }
        };
        let kind = |kind: ErrorKind, text: &'static str| Err(Error::with_message(kind, text));
        match fault {
            None => self.forward(request).await,
            Some(ArmFault::Refused) => kind(ErrorKind::Connection, "connection refused"),
            Some(ArmFault::CutBefore) => kind(ErrorKind::Io, "connection reset"),
            Some(ArmFault::CutAfter) => {
                self.forward(request).await?;
                kind(ErrorKind::Io, "connection reset")
            }
            Some(ArmFault::Answer {
                status,
                code,
                retry_after,
            }) => Ok(error_answer(status, code, retry_after)),
            Some(ArmFault::Stale) => {
                let before = self
                    .lock()
                    .before
                    .get(&request.url().path().to_ascii_lowercase())
                    .cloned();
                match before {
                    Some((status, body)) => Ok(answer(status, &[], body)),
                    None => self.forward(request).await,
                }
            }
            Some(ArmFault::Body(text)) => {
                let real = self.forward(request).await?;
                if u16::from(real.status()) >= 300 {
                    return Ok(real);
                }
                let (status, headers, _) = real.deconstruct();
                Ok(AsyncRawResponse::from_bytes(
                    status,
                    headers,
                    text.as_bytes().to_vec(),
                ))
            }
            Some(ArmFault::Hostile) => {
                let real = self.forward(request).await?;
                let (status, mut headers, body) = real.deconstruct();
                let body = body.collect().await?;
                for name in ["azure-asyncoperation", "location"] {
                    let name = HeaderName::from_static(name);
                    if let Some(value) = headers.get_optional_str(&name) {
                        let hostile = value.replace("https://management.azure.com", "https://evil.example");
                        headers.insert(name, hostile);
                    }
                }
                let body = String::from_utf8_lossy(&body).replace(
                    "\"nextLink\":\"https://management.azure.com",
                    "\"nextLink\":\"https://evil.example",
                );
                Ok(AsyncRawResponse::from_bytes(status, headers, body.into_bytes()))
            }
            Some(ArmFault::CrashBefore) => {
                self.crash();
                std::future::pending().await
            }
            Some(ArmFault::CrashAfter) => {
                let _ = self.forward(request).await;
                self.crash();
                std::future::pending().await
            }
            Some(ArmFault::LeaseTaken) => {
                let take_lease = self.lock().take_lease.clone();
                if let Some(take_lease) = take_lease {
                    take_lease();
                }
                self.forward(request).await
            }
            Some(ArmFault::Foreign(foreigner)) => {
                let outside = self.lock().outside.clone();
                if let Some(outside) = outside {
                    outside.act(foreigner);
                }
                self.forward(request).await
            }
            Some(ArmFault::LateEffect) => {
                self.crash();
                let (door, request) = (self.clone(), request.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(40)).await;
                    let _ = door.forward(&request).await;
                });
                std::future::pending().await
            }
        }
    }

    async fn forward(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let far = self.lock().far;
        if let Some(far) = far {
            tokio::time::sleep(far / 2).await;
            let answer = self.inner.execute_request(request).await;
            tokio::time::sleep(far / 2).await;
            return answer;
        }
        if request.method().as_ref() != "GET" && request.url().path().starts_with("/subscriptions/") {
            self.remember(request).await;
        }
        let mutant = self.lock().mutant;
        match mutant {
            Mutant::None => self.inner.execute_request(request).await,
            _ => self.execute_mutated(request, mutant).await,
        }
    }

    async fn execute_mutated(
        &self,
        request: &Request,
        mutant: Mutant,
    ) -> azure_core::Result<AsyncRawResponse> {
        let put = request.method().as_ref() == "PUT";
        match mutant {
            Mutant::RedundantWrites if put => {
                let first = self.inner.execute_request(request).await?;
                let mut again = request.clone();
                again.headers_mut().remove(HeaderName::from_static("if-match"));
                tokio::time::sleep(Duration::from_secs(30)).await;
                self.inner.execute_request(&again).await?;
                Ok(first)
            }
            Mutant::LosesForeignFields if put => {
                let mut changed = request.clone();
                if let azure_core::http::request::Body::Bytes(bytes) = request.body()
                    && let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(bytes)
                {
                    if let Some(tags) = body.get_mut("tags").and_then(serde_json::Value::as_object_mut) {
                        tags.retain(|name, _| !name.starts_with("theirs"));
                    }
                    changed.set_body(body.to_string());
                }
                self.inner.execute_request(&changed).await
            }
            Mutant::FollowsForeignHosts => {
                self.lock().foreign.push("https://evil.example".to_owned());
                self.inner.execute_request(request).await
            }
            Mutant::SaysReadyTooEarly if request.method().as_ref() == "GET" => {
                let real = self.inner.execute_request(request).await?;
                let (status, headers, body) = real.deconstruct();
                let text = String::from_utf8_lossy(&body.collect().await?).replace("somebody else", "orders");
                Ok(AsyncRawResponse::from_bytes(status, headers, text.into_bytes()))
            }
            _ => self.inner.execute_request(request).await,
        }
    }

    /// Keeps what a GET shows before a write, for a later stale read.
    async fn remember(&self, request: &Request) {
        let mut read = Request::new(request.url().clone(), azure_core::http::Method::Get);
        let authorization = HeaderName::from_static("authorization");
        if let Some(token) = request.headers().get_optional_str(&authorization) {
            read.insert_header(authorization, token.to_owned());
        }
        if let Ok(shown) = self.inner.execute_request(&read).await {
            let (status, _, body) = shown.deconstruct();
            if let Ok(body) = body.collect().await {
                let path = request.url().path().to_ascii_lowercase();
                self.lock()
                    .before
                    .insert(path, (u16::from(status), body.to_vec()));
            }
        }
    }
}

impl State {
    fn number(&mut self, request: &Request) -> ArmCall {
        let (method, path) = (request.method().as_ref().to_owned(), masked(request.url().path()));
        let count = self
            .occurrences
            .entry((method.clone(), path.clone()))
            .or_insert(0);
        *count += 1;
        ArmCall {
            method,
            path,
            occurrence: *count,
        }
    }
}

/// A path without what only the server chooses.
fn masked(path: &str) -> String {
    let segments: Vec<&str> = path.split('/').collect();
    let mut masked = Vec::with_capacity(segments.len());
    let mut last = "";
    for segment in segments {
        let operation = ["operations", "operationresults", "operationstatuses"]
            .iter()
            .any(|kind| last.to_ascii_lowercase().ends_with(kind));
        masked.push(if operation { "*" } else { segment });
        last = segment;
    }
    masked.join("/")
}

fn answer(status: u16, headers: &[(&'static str, String)], body: Vec<u8>) -> AsyncRawResponse {
    let mut map = azure_core::http::headers::Headers::new();
    map.insert("content-type", "application/json; charset=utf-8");
    for (name, value) in headers {
        map.insert(*name, value.clone());
    }
    AsyncRawResponse::from_bytes(status.into(), map, body)
}

fn error_answer(status: u16, code: &str, retry_after: Option<u64>) -> AsyncRawResponse {
    let body = serde_json::json!({"error": {"code": code, "message": "put here by a test", "details": []}});
    let headers: Vec<_> = retry_after
        .map(|seconds| ("retry-after", seconds.to_string()))
        .into_iter()
        .collect();
    answer(status, &headers, body.to_string().into_bytes())
}

#[async_trait]
impl HttpClient for ArmDoor {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        if *self.dead.borrow() {
            return std::future::pending().await;
        }
        tokio::select! {
            biased;
            () = self.death() => std::future::pending().await,
            answer = self.execute(request) => answer,
        }
    }
}
