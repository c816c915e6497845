//! What one look at a long-running operation shows.
//!
//! ARM behaviour: an `Azure-AsyncOperation` URL answers 200 with `{"status":..}`, bare or with more around it, and
//! private DNS answers 202 while it runs; a `Location` URL answers 202 while it runs and then whatever the request
//! itself would have answered. Both may answer 404 when the operation is long past.

use std::time::Duration;

use serde_json::Value;

use crate::error::{ArmError, ArmErrorKind};
use crate::error_body;
use crate::pinning::OperationUrl;
use crate::reply::Poll;

/// Reads a successful answer.
pub(crate) fn read(
    operation: &OperationUrl,
    status: u16,
    body: &[u8],
    retry_after: Option<Duration>,
) -> Result<Poll, ArmError> {
    let running = Poll::Running { retry_after };
    let blank = body.iter().all(u8::is_ascii_whitespace);
    let parsed = serde_json::from_slice::<Value>(body).ok();
    let object = parsed.as_ref().and_then(Value::as_object);
    if let Some(body) = object
        && let Some(word) = body
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case("status"))
            .and_then(|(_, word)| word.as_str())
    {
        return Ok(by_word(word, parsed.as_ref()).unwrap_or(running));
    }
    if status == 202 {
        return Ok(running);
    }
    if !operation.is_result() {
        // Such a URL always names a status: to take anything else for success would be a guess.
        return Err(malformed(status, "the answer about an operation has no status"));
    }
    if blank {
        return Ok(Poll::Succeeded);
    }
    let state = parsed
        .as_ref()
        .and_then(|body| body.pointer("/properties/provisioningState"))
        .and_then(Value::as_str);
    match (object, state) {
        (None, _) if parsed.is_none() => Err(malformed(status, "the answer about an operation is not JSON")),
        (_, Some(state)) => Ok(by_word(state, parsed.as_ref()).unwrap_or(running)),
        _ => Ok(Poll::Succeeded),
    }
}

/// Whether a refusal is the outcome of the operation and not of the look at it.
pub(crate) fn is_outcome(operation: &OperationUrl, error: &ArmError) -> bool {
    let refused = matches!(error.status, Some(400 | 405 | 409 | 412 | 422));
    operation.is_result() && refused && error.kind != ArmErrorKind::Busy
}

/// None: still running, or a word that is not known.
fn by_word(word: &str, body: Option<&Value>) -> Option<Poll> {
    match word.to_ascii_lowercase().as_str() {
        "succeeded" => Some(Poll::Succeeded),
        "failed" => Some(Poll::Failed(outcome(
            "OperationFailed",
            "the operation failed and Azure does not say why",
            body,
        ))),
        "canceled" | "cancelled" => Some(Poll::Canceled(outcome(
            "Canceled",
            "the operation was canceled in Azure",
            body,
        ))),
        _ => None,
    }
}

fn outcome(code: &str, message: &str, body: Option<&Value>) -> ArmError {
    let has_error = body.and_then(Value::as_object).is_some_and(|body| {
        body.iter()
            .any(|(key, value)| key.eq_ignore_ascii_case("error") && value.is_object())
    });
    let spoken = body
        .filter(|_| has_error)
        .map(error_body::read_value)
        .unwrap_or_default();
    let kind = error_body::kind_of_operation(spoken.code.as_deref());
    let mut error = ArmError::new(
        kind,
        spoken.code.as_deref().unwrap_or(code),
        spoken.message.as_deref().unwrap_or(message),
    );
    error.target = spoken.target;
    error.details = spoken.details;
    error
}

fn malformed(status: u16, message: &str) -> ArmError {
    let mut error = ArmError::new(ArmErrorKind::Malformed, "UnexpectedAnswer", message);
    error.status = Some(status);
    error
}
