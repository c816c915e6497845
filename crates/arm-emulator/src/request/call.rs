//! One ARM request, taken apart.

use http::{HeaderMap, Method};
use jiff::Timestamp;
use serde_json::Value;

use crate::doors::wire::Request;
use crate::faults::{FaultPlan, RequestKind};
use crate::identity::Principal;
use crate::request::errors::Failure;

/// A request with everything that answering it needs but the state.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    /// Decoded, without a slash at its end, with the casing of the request.
    pub(crate) path: String,
    /// The same in lower case: the key of what the request is about.
    pub(crate) key: String,
    pub(crate) api_version: String,
    pub(crate) request: &'a Request,
    pub(crate) principal: Principal,
    /// The emulator's time: operations go by it.
    pub(crate) now: Timestamp,
    /// The source's time: timestamps in answers.
    pub(crate) wall: Timestamp,
    /// What URLs in the answer begin with.
    pub(crate) origin: String,
    pub(crate) plan: FaultPlan,
    pub(crate) time_scale: f64,
    /// The request's id: also the name of the operation that it begins.
    pub(crate) request_id: String,
}

impl Call<'_> {
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.request.headers
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.split('/').skip(1).collect()
    }

    /// A query parameter; names compare without case.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        query(self.request, name)
    }

    /// The JSON of the body.
    ///
    /// ARM behaviour: what is not a JSON object is `InvalidRequestContent` from the gateway.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        let refused = |reason: String| {
            Failure::gateway(
                400,
                "InvalidRequestContent",
                format!("The request content was invalid and could not be deserialized: '{reason}'."),
            )
        };
        if self.request.body.is_empty() {
            return Err(refused("the body is empty".to_owned()));
        }
        if self.request.body.len() > MAX_REQUEST_BYTES {
            return Err(Failure::gateway(
                413,
                "RequestContentTooLarge",
                format!("The request content size exceeds the maximum size of {MAX_REQUEST_BYTES} bytes."),
            ));
        }
        match serde_json::from_slice::<Value>(self.content()) {
            Ok(body) if body.is_object() => Ok(body),
            Ok(_) => Err(refused(
                "Error converting value: a JSON object is expected.".to_owned(),
            )),
            Err(error) => Err(refused(error.to_string())),
        }
    }

    /// The body as it was sent.
    ///
    /// ARM behaviour: a byte order mark does no harm.
    fn content(&self) -> &[u8] {
        let body = &self.request.body;
        body.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(body)
    }

    /// The body as text, where it is that.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.content()).ok()
    }

    /// Seconds that a client is told to wait: Azure's number at the emulator's pace, never below 1.
    pub(crate) fn scaled(&self, seconds: u64) -> u64 {
        let scaled = (seconds as f64 / self.time_scale).ceil();
        if scaled.is_finite() && scaled >= 1.0 {
            scaled as u64
        } else {
            1
        }
    }

    /// A time of the emulator's clock, as answers show it.
    pub(crate) fn on_the_wall(&self, time: Timestamp) -> Timestamp {
        self.wall
            .saturating_add(time.duration_since(self.now))
            .unwrap_or(Timestamp::MAX)
    }

    /// When something that takes Azure `seconds` ends.
    pub(crate) fn due(&self, seconds: f64) -> Timestamp {
        let milliseconds = (seconds * 1000.0 / self.time_scale).min(1e12);
        self.now
            .saturating_add(jiff::SignedDuration::from_millis(milliseconds as i64))
            .unwrap_or(Timestamp::MAX)
    }
}

/// ARM behaviour: requests of more than 4 MB are refused.
const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// A query parameter by its name, without case.
pub(crate) fn query(request: &Request, name: &str) -> Option<String> {
    request
        .url
        .query_pairs()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.into_owned())
}

/// What the request is for, as fault rules see it.
pub(crate) fn kind_of(method: &Method, path: &str) -> RequestKind {
    if crate::operations::is_poll(path) {
        return RequestKind::Poll;
    }
    match method.as_str() {
        "PUT" | "PATCH" => RequestKind::Write,
        "DELETE" => RequestKind::Delete,
        "POST" => RequestKind::Action,
        _ if is_resource(path) => RequestKind::Read,
        _ => RequestKind::List,
    }
}

/// Whether the path names one resource and not a collection.
pub(crate) fn is_resource(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let count = |path: &str| path.split('/').filter(|segment| !segment.is_empty()).count();
    match lower.rsplit_once("/providers/") {
        Some((_, tail)) => count(tail) % 2 == 1,
        None => count(&lower).is_multiple_of(2),
    }
}
