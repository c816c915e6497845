//! What a failed call to Azure looks like to callers: a closed list of kinds, and Azure's own words.

use std::time::Duration;

/// What a failure is, so far as callers must act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArmErrorKind {
    /// 404: the resource, its parent, group or subscription is not there, or may not be seen.
    NotFound,
    /// 401, after one more try with a fresh token.
    Unauthorized,
    /// 403: rights, policy or a lock of the gateway.
    Forbidden,
    /// 409 that waiting alone does not mend.
    Conflict,
    /// 412: the resource changed since it was read.
    PreconditionFailed,
    /// 429: too many requests.
    Throttled,
    /// Another operation holds this or a related resource, whatever the status: a lock, not a quota.
    Busy,
    /// Other 4xx: the request itself is refused.
    Invalid,
    /// 5xx.
    Server,
    /// No connection was made: the request had no effect.
    NotSent,
    /// Cut or timed out after it may have been sent: a write may have taken effect.
    Interrupted,
    /// An answer that ARM does not give: a success without a body, HTML, truncated JSON, no object.
    Malformed,
    /// A URL, next link or redirect led to where the token must not go; nothing was sent there.
    ForeignHost,
    /// No token could be had.
    Credential,
    /// This process may not write now: its claim to lead ended. Nothing was sent.
    Fenced,
    /// The request limits of Azure would be passed. Nothing was sent; `retry_after` says when it is this caller's turn.
    BudgetExhausted,
}

/// A failed call. Never holds a token, a secret or a signed URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ArmError {
    pub kind: ArmErrorKind,
    /// The HTTP status, where an answer came.
    pub status: Option<u16>,
    /// Azure's code, for instance `ResourceNotFound`; where Azure gave none, a name for the status or the kind.
    pub code: String,
    /// At most 500 characters.
    pub message: String,
    pub target: Option<String>,
    pub details: Vec<ErrorDetail>,
    /// How long Azure (or the budget) asks to wait.
    pub retry_after: Option<Duration>,
    /// What Azure's support asks for first.
    pub correlation_id: Option<String>,
    /// `x-ms-request-id` of the answer.
    pub request_id: Option<String>,
}

/// One of `error.details`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorDetail {
    pub code: String,
    /// At most 500 characters.
    pub message: String,
    pub target: Option<String>,
}

impl ArmError {
    /// A failure without an answer from Azure.
    pub fn new(kind: ArmErrorKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        ArmError {
            kind,
            status: None,
            code: code.into(),
            message: message.into(),
            target: None,
            details: Vec::new(),
            retry_after: None,
            correlation_id: None,
            request_id: None,
        }
    }

    /// Whether the request certainly had no effect in Azure.
    pub fn had_no_effect(&self) -> bool {
        !matches!(
            self.kind,
            ArmErrorKind::Interrupted | ArmErrorKind::Server | ArmErrorKind::Malformed
        )
    }

    /// Whether this or one of its details has the code, without case.
    pub fn has_code(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code)
            || self
                .details
                .iter()
                .any(|detail| detail.code.eq_ignore_ascii_case(code))
    }
}
