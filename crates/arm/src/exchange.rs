//! One request and its answer: token, budget, fence, headers, and what a refusal means. Never retries, but with a
//! fresh token after a 401, which had no effect; waits for its turn where that comes within two seconds and what was done
//! before would have to be done again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{Method, Request};
use bytes::Bytes;
use tokio::time::Instant;
use url::Url;

use crate::body::Body;
use crate::budget::{Blocked, LimitsSeen, OperationClass, RequestClass};
use crate::client::Shared;
use crate::error::{ArmError, ArmErrorKind};
use crate::error_body;
use crate::options::RequestObserver;
use crate::pinning::check_host;
use crate::redaction::shown;
use crate::reply::{Precondition, Priority};
use crate::retry_after::retry_after;
use crate::token::Token;

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-ms-correlation-request-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const FAILURE_CAUSE: HeaderName = HeaderName::from_static("x-ms-failure-cause");
const ROUTING_ID: HeaderName = HeaderName::from_static("x-ms-routing-request-id");
const LOCATION: HeaderName = HeaderName::from_static("location");

/// A turn that comes this soon is waited for by those who go on with something: to come again would cost more.
const SOON: Duration = Duration::from_secs(2);
/// How often.
const WAITS: u32 = 4;

/// Codes of a 401 that say nothing about the token's age.
const ANOTHER_IS_REFUSED_TOO: [&str; 2] = [
    "InvalidAuthenticationTokenTenant",
    "InvalidAuthenticationTokenAudience",
];

/// One request, ready to be sent.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// For metrics.
    pub(crate) resource_type: &'a str,
    pub(crate) subscription: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) region: Option<&'a str>,
    /// Tells the pages of a list apart.
    pub(crate) page: usize,
    pub(crate) body: Option<Bytes>,
    pub(crate) precondition: &'a Precondition,
    pub(crate) priority: Priority,
}

impl Call<'_> {
    /// Whether requests have been made already that would have to be made again: those that a write is decided on, and
    /// the pages before this one.
    fn goes_on(&self) -> bool {
        self.method != Method::Get || self.page > 0 || self.priority == Priority::Continued
    }
}

/// A successful answer (2xx), its body not looked at yet.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Body,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) correlation_id: String,
    pub(crate) request_id: Option<String>,
}

impl Answer {
    pub(crate) fn header(&self, name: &'static str) -> Option<&str> {
        self.headers.get_optional_str(&HeaderName::from_static(name))
    }

    /// Whether it has a header that only Azure sets.
    fn is_signed(&self) -> bool {
        let own = [&REQUEST_ID, &CORRELATION_ID, &ROUTING_ID, &FAILURE_CAUSE];
        own.into_iter()
            .any(|name| self.headers.get_optional_str(name).is_some())
    }

    /// A body that is not what ARM answers; where it is a web page, that is what is told.
    pub(crate) fn unlike(&self, message: &str) -> ArmError {
        let page = error_body::page(&self.body.bytes());
        self.malformed(page.as_deref().unwrap_or(message))
    }

    /// An answer that ARM does not give.
    pub(crate) fn malformed(&self, message: &str) -> ArmError {
        let mut error = ArmError::new(ArmErrorKind::Malformed, "UnexpectedAnswer", message);
        error.status = Some(self.status);
        error.correlation_id = Some(self.correlation_id.clone());
        error.request_id.clone_from(&self.request_id);
        error
    }
}

/// Sends a request and waits for its answer, at most for the client's call timeout.
pub(crate) async fn exchange(shared: &Shared, call: &Call<'_>) -> Result<Answer, ArmError> {
    check_host(&shared.options.cloud, &call.url)
        .map_err(|refused| ArmError::new(ArmErrorKind::ForeignHost, "ForeignHost", refused.to_string()))?;
    let correlation_id = shared.guid();
    let in_flight = AtomicBool::new(false);
    let timeout = shared.options.call_timeout;
    let outcome = tokio::time::timeout(timeout, attempts(shared, call, &correlation_id, &in_flight)).await;
    let sent = in_flight.load(Ordering::Relaxed);
    let outcome = outcome.unwrap_or_else(|_elapsed| {
        let seconds = timeout.as_secs_f64();
        Err(if sent {
            ArmError::new(
                ArmErrorKind::Interrupted,
                "TimedOut",
                format!("no answer within {seconds} s"),
            )
        } else {
            let message = format!("no token and no turn within {seconds} s; nothing was sent");
            ArmError::new(ArmErrorKind::NotSent, "TimedOut", message)
        })
    });
    outcome.map_err(|mut error| {
        if sent && error.correlation_id.is_none() {
            error.correlation_id = Some(correlation_id);
        }
        error
    })
}

async fn attempts(
    shared: &Shared,
    call: &Call<'_>,
    correlation_id: &str,
    in_flight: &AtomicBool,
) -> Result<Answer, ArmError> {
    let mut retried = false;
    let mut waits = 0;
    loop {
        let token = shared.tokens.token().await.inspect_err(|error| {
            if let Some(observer) = &shared.options.observer {
                observer.unidentified(&error.code);
            }
        })?;
        let class = class_of(shared, call);
        if class.operation != OperationClass::Read
            && let Some(permit) = &shared.options.write_permit
        {
            permit().map_err(|reason| ArmError::new(ArmErrorKind::Fenced, "Fenced", shown(&reason)))?;
        }
        match shared.options.budget.admit(&class) {
            Err(wait) if wait <= SOON && waits < WAITS && call.goes_on() => {
                waits += 1;
                tokio::time::sleep(wait).await;
                continue;
            }
            Err(wait) => {
                let message = "waits for its turn within the request limits of Azure";
                let mut error = ArmError::new(ArmErrorKind::BudgetExhausted, "BudgetExhausted", message);
                error.retry_after = Some(wait);
                if let Some(observer) = &shared.options.observer {
                    observer.deferred(call.method.as_str());
                }
                return Err(error);
            }
            Ok(()) => {}
        }
        in_flight.store(true, Ordering::Relaxed);
        let answer = send(shared, call, &class, &token, correlation_id).await;
        match &answer {
            // Another token of the same tenant and audience is refused as well.
            Err(error) if ANOTHER_IS_REFUSED_TOO.iter().any(|code| error.has_code(code)) => {}
            Err(error) if error.kind == ArmErrorKind::Unauthorized => {
                if shared.tokens.refused(&token) && !retried {
                    retried = true;
                    in_flight.store(false, Ordering::Relaxed);
                    continue;
                }
            }
            // What lies between us and Azure answers as well, and looks at no token.
            Ok(answer) if answer.is_signed() => shared.tokens.taken(&token),
            Ok(_) => {}
            Err(error) => {
                // Who calls comes before what is asked for.
                let of_azure = error.request_id.is_some()
                    && !matches!(error.kind, ArmErrorKind::Malformed | ArmErrorKind::Throttled);
                if of_azure && error.status.is_some_and(|status| (400..500).contains(&status)) {
                    shared.tokens.taken(&token);
                }
            }
        }
        return answer;
    }
}

fn class_of(shared: &Shared, call: &Call<'_>) -> RequestClass {
    let operation = match call.method {
        Method::Get | Method::Head => OperationClass::Read,
        Method::Delete => OperationClass::Delete,
        _ => OperationClass::Write,
    };
    let path = call.url.path().to_ascii_lowercase();
    let principal = shared.options.principal.clone();
    RequestClass {
        subscription: call.subscription.to_owned(),
        operation,
        namespace: call.namespace.to_owned(),
        region_hint: call.region.map(str::to_owned),
        request: format!("{principal} {} {path} {}", call.method.as_str(), call.page),
        principal,
        path,
        priority: call.priority,
    }
}

/// Tells the observer about a request when it is over, however it ends.
struct Observation<'a> {
    observer: Option<&'a Arc<dyn RequestObserver>>,
    call: &'a Call<'a>,
    correlation_id: &'a str,
    began: Instant,
    status: Option<u16>,
}

impl Drop for Observation<'_> {
    fn drop(&mut self) {
        let elapsed = self.began.elapsed();
        let method = self.call.method.as_str();
        tracing::debug!(
            method,
            path = self.call.url.path(),
            status = self.status,
            correlation_id = self.correlation_id,
            ?elapsed,
            "asked Azure"
        );
        if let Some(observer) = self.observer {
            observer.observe(method, self.call.resource_type, self.status, elapsed);
        }
    }
}

async fn send(
    shared: &Shared,
    call: &Call<'_>,
    class: &RequestClass,
    token: &Token,
    correlation_id: &str,
) -> Result<Answer, ArmError> {
    let request = request(shared, call, token, correlation_id)?;
    let mut observation = Observation {
        observer: shared.options.observer.as_ref(),
        call,
        correlation_id,
        began: Instant::now(),
        status: None,
    };
    let response = shared
        .options
        .transport
        .execute_request(&request)
        .await
        .map_err(|error| unanswered(&error))?;
    let status = u16::from(response.status());
    observation.status = Some(status);
    let (_, headers, body) = response.deconstruct();
    let body = match Body::collect(body).await {
        Ok(body) => body,
        // What was refused is refused, whether or not the reason could be read.
        Err(_) if status >= 400 => Body::default(),
        Err(error) => {
            return Err(ArmError {
                status: Some(status),
                ..error
            });
        }
    };
    drop(observation);
    let told = |name: &HeaderName| {
        headers
            .get_optional_str(name)
            .map(|text| text.chars().take(100).collect::<String>())
    };
    let answer = Answer {
        status,
        retry_after: retry_after(&headers, shared.options.clock.now()),
        correlation_id: told(&CORRELATION_ID).unwrap_or_else(|| correlation_id.to_owned()),
        request_id: told(&REQUEST_ID),
        headers,
        body,
    };
    let outcome = match status {
        200..300 => Ok(()),
        300..400 => Err(redirected(shared, call, &answer)),
        _ => Err(refused(&answer)),
    };
    shared
        .options
        .budget
        .learn(class, limits_seen(&answer, outcome.as_ref().err()));
    outcome.map(|()| answer)
}

fn request(
    shared: &Shared,
    call: &Call<'_>,
    token: &Token,
    correlation_id: &str,
) -> Result<Request, ArmError> {
    let mut request = Request::new(call.url.clone(), call.method);
    request.insert_header("authorization", token.authorization());
    request.insert_header("accept", "application/json");
    request.insert_header("user-agent", shared.options.user_agent.clone());
    request.insert_header("x-ms-correlation-request-id", correlation_id.to_owned());
    request.insert_header("x-ms-client-request-id", shared.guid());
    match call.precondition {
        Precondition::None => {}
        Precondition::IfMatch(etag) => {
            if etag.is_empty() || !etag.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
                return Err(ArmError::new(
                    ArmErrorKind::NotSent,
                    "InvalidETag",
                    "the etag cannot stand in a header",
                ));
            }
            request.insert_header("if-match", etag.clone());
        }
        Precondition::IfNoneMatchAny => request.insert_header("if-none-match", "*"),
    }
    match &call.body {
        Some(body) => {
            request.insert_header("content-type", "application/json");
            request.set_body(body.clone());
        }
        // Some front ends refuse these methods without a length.
        None if matches!(call.method, Method::Post | Method::Put | Method::Patch) => {
            request.insert_header("content-length", "0");
        }
        None => {}
    }
    Ok(request)
}

/// No answer came: whether the request was sent decides what it may have done.
fn unanswered(error: &azure_core::Error) -> ArmError {
    let (kind, code) = match error.kind() {
        ErrorKind::Connection => (ArmErrorKind::NotSent, "NotConnected"),
        ErrorKind::Other => (ArmErrorKind::NotSent, "NotSent"),
        _ => (ArmErrorKind::Interrupted, "Interrupted"),
    };
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    ArmError::new(kind, code, shown(&message))
}

fn redirected(shared: &Shared, call: &Call<'_>, answer: &Answer) -> ArmError {
    let target = answer
        .headers
        .get_optional_str(&LOCATION)
        .and_then(|location| call.url.join(location).ok());
    let mut error =
        answer.malformed("Azure Resource Manager does not redirect, but the answer is a redirect");
    error.code = "Redirected".to_owned();
    if let Some(Err(refused)) = target.map(|target| check_host(&shared.options.cloud, &target)) {
        error.kind = ArmErrorKind::ForeignHost;
        error.message = shown(&format!(
            "the answer is a redirect that is not followed: {refused}"
        ));
    }
    error
}

fn refused(answer: &Answer) -> ArmError {
    let spoken = error_body::read(&answer.body.bytes());
    let status = answer.status;
    let from_azure = spoken.from_azure || answer.is_signed();
    let kind = error_body::kind_of_answer(status, spoken.code.as_deref());
    // Something between us and Azure may refuse as well, or say 404: on its word nothing is to be taken for gone, and
    // nobody's spec, rights or token is at fault. Azure never answers with a web page, nor 407.
    let others = match kind {
        ArmErrorKind::NotFound => !from_azure || spoken.page,
        ArmErrorKind::Throttled | ArmErrorKind::Interrupted | ArmErrorKind::Server => false,
        _ => spoken.page || status == 407,
    };
    let kind = if others { ArmErrorKind::Malformed } else { kind };
    ArmError {
        kind,
        status: Some(status),
        code: spoken.code.unwrap_or_else(|| error_body::name_of_status(status)),
        message: spoken
            .message
            .unwrap_or_else(|| format!("HTTP {status} without an explanation")),
        target: spoken.target,
        details: spoken.details,
        retry_after: answer.retry_after,
        correlation_id: Some(answer.correlation_id.clone()),
        request_id: answer.request_id.clone(),
    }
}

fn limits_seen(answer: &Answer, error: Option<&ArmError>) -> LimitsSeen {
    let remaining = answer
        .headers
        .iter()
        .filter(|(name, _)| {
            let name = name.as_str();
            name.starts_with("x-ms-ratelimit-remaining-")
                && [
                    "subscription-reads",
                    "subscription-writes",
                    "subscription-deletes",
                    "subscription-global-reads",
                    "subscription-global-writes",
                    "subscription-global-deletes",
                    "tenant-reads",
                    "tenant-writes",
                    "tenant-deletes",
                ]
                .iter()
                .any(|ending| name.ends_with(ending))
        })
        .filter_map(|(_, value)| value.as_str().trim().parse().ok())
        .min();
    let blocked = error
        .filter(|error| error.kind == ArmErrorKind::Throttled)
        .and_then(|error| {
            let wait = error.retry_after?;
            let by_gateway = error.code.to_ascii_lowercase().ends_with("requeststhrottled")
                || answer
                    .headers
                    .get_optional_str(&FAILURE_CAUSE)
                    .is_some_and(|cause| cause.eq_ignore_ascii_case("gateway"));
            Some(if by_gateway {
                Blocked::Gateway(wait)
            } else {
                Blocked::Provider(wait)
            })
        });
    LimitsSeen { remaining, blocked }
}
