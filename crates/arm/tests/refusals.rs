//! Refusals as Azure sent them, in all their shapes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod scripted;

use std::time::Duration;

use privatelink_arm::{ArmErrorKind, ListTarget, OperationUrl, Poll, Precondition, Priority};
use proptest::prelude::*;
use scripted::{answer, client, endpoint_id, operation_on};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    status: u16,
    code: Option<String>,
    headers: std::collections::BTreeMap<String, String>,
    body: String,
}

fn recorded() -> Vec<Recorded> {
    serde_json::from_str(include_str!("data/refusals.json")).unwrap()
}

#[tokio::test]
async fn every_recorded_refusal_keeps_its_code_and_message() {
    let mut refusals = 0;
    for recorded in recorded().into_iter().filter(|recorded| recorded.status >= 400) {
        refusals += 1;
        let mut headers: Vec<_> = recorded
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        headers.push(("x-ms-request-id", "request"));
        let (_, client) = client([answer(recorded.status, &headers, &recorded.body)]);
        let error = client.get(&endpoint_id(), "1", Priority::Read).await.unwrap_err();
        let body = &recorded.body;
        assert_eq!(error.status, Some(recorded.status));
        if let Some(code) = &recorded.code {
            assert_eq!(&error.code, code, "{body}");
        }
        assert!(!error.code.is_empty() && !error.message.is_empty(), "{body}");
        assert!(error.message.chars().count() <= 500);
        assert_ne!(error.kind, ArmErrorKind::Malformed, "{body}");
        assert_eq!(error.request_id.as_deref(), Some("request"));
    }
    assert_eq!(refusals, 36);
}

#[tokio::test]
async fn every_recorded_failed_operation_keeps_its_code() {
    let mut operations = 0;
    for recorded in recorded().into_iter().filter(|recorded| recorded.status == 200) {
        operations += 1;
        let (_, client) = client([answer(200, &[], &recorded.body)]);
        let url = OperationUrl::parse(client.cloud(), &operation_on("management.azure.com")).unwrap();
        let Ok(Poll::Failed(error)) = client.poll(&url, Priority::Poll).await else {
            panic!("{}", recorded.body);
        };
        assert_eq!(Some(error.code), recorded.code);
        assert!(!error.message.is_empty());
    }
    assert_eq!(operations, 4);
}

#[tokio::test]
async fn every_shape_of_a_refusal() {
    let long = format!(r#"{{"error":{{"code":"X","message":"{}"}}}}"#, "m".repeat(10_000));
    // Status, body, kind, code, message (or its start), number of details.
    for (status, body, kind, code, message, details) in [
        (
            404,
            r#"{"error":{"code":"ResourceNotFound","message":"m"}}"#,
            ArmErrorKind::NotFound,
            "ResourceNotFound",
            "m",
            0,
        ),
        (
            404,
            r#"{"error":{"code":"InvalidResourceType","message":"m"}}"#,
            ArmErrorKind::Invalid,
            "InvalidResourceType",
            "m",
            0,
        ),
        (
            412,
            r#"{"code":"PreconditionFailed","message":"m"}"#,
            ArmErrorKind::PreconditionFailed,
            "PreconditionFailed",
            "m",
            0,
        ),
        (
            400,
            r#"{"Code":"BadRequest","Message":"m","Details":[{"Message":"d"},{"Code":"c"},{"ErrorEntity":{}}]}"#,
            ArmErrorKind::Invalid,
            "BadRequest",
            "m",
            2,
        ),
        (
            404,
            r#"{"error":{"code":"NotFound","message":"m","target":"","details":{},"innererror":{}}}"#,
            ArmErrorKind::NotFound,
            "NotFound",
            "m",
            0,
        ),
        (
            404,
            r#"{"code":404002,"httpStatusCode":"NotFound","message":"m"}"#,
            ArmErrorKind::NotFound,
            "404002",
            "m",
            0,
        ),
        (
            405,
            r#"{"Message":"no such method"}"#,
            ArmErrorKind::Invalid,
            "MethodNotAllowed",
            "no such method",
            0,
        ),
        (
            400,
            r#"{"odata.error":{"code":"O","message":{"lang":"en","value":"m"}}}"#,
            ArmErrorKind::Invalid,
            "O",
            "m",
            0,
        ),
        (
            401,
            r#"{"error":"invalid_token","error_description":"m"}"#,
            ArmErrorKind::Unauthorized,
            "invalid_token",
            "m",
            0,
        ),
        (
            429,
            r#"{"error":{"code":"RetryableError","message":"m","details":[{"code":"ReferencedResourceNotProvisioned","message":"d","target":"t"}]}}"#,
            ArmErrorKind::Busy,
            "RetryableError",
            "m",
            1,
        ),
        (
            409,
            r#"{"error":{"code":"AnotherOperationInProgress","message":"m"}}"#,
            ArmErrorKind::Busy,
            "AnotherOperationInProgress",
            "m",
            0,
        ),
        (
            409,
            r#"{"error":{"code":"ScopeLocked","message":"m"}}"#,
            ArmErrorKind::Conflict,
            "ScopeLocked",
            "m",
            0,
        ),
        (
            403,
            r#"{"error":{"code":"AuthorizationFailed","message":"m"}}"#,
            ArmErrorKind::Forbidden,
            "AuthorizationFailed",
            "m",
            0,
        ),
        (429, "", ArmErrorKind::Throttled, "TooManyRequests", "HTTP 429", 0),
        (
            500,
            "plain text",
            ArmErrorKind::Server,
            "InternalServerError",
            "plain text",
            0,
        ),
        (
            502,
            "<html><head><title>502 Bad Gateway</title></head></html>",
            ArmErrorKind::Server,
            "BadGateway",
            "the answer is a web page, titled \"502 Bad Gateway\"",
            0,
        ),
        (
            503,
            "<html>",
            ArmErrorKind::Server,
            "ServiceUnavailable",
            "the answer is a web page",
            0,
        ),
        (
            500,
            r#""a string""#,
            ArmErrorKind::Server,
            "InternalServerError",
            "a string",
            0,
        ),
        (
            500,
            "[1,2]",
            ArmErrorKind::Server,
            "InternalServerError",
            "HTTP 500",
            0,
        ),
        (
            400,
            r#"{"error":null}"#,
            ArmErrorKind::Invalid,
            "BadRequest",
            "HTTP 400",
            0,
        ),
        (
            400,
            r#"{"error":{"code":"#,
            ArmErrorKind::Invalid,
            "BadRequest",
            "{",
            0,
        ),
        (
            400,
            r#"{"error":""}"#,
            ArmErrorKind::Invalid,
            "BadRequest",
            "HTTP 400",
            0,
        ),
        (
            400,
            r#"{"code":" ","message":"\n"}"#,
            ArmErrorKind::Invalid,
            "BadRequest",
            "HTTP 400",
            0,
        ),
        (418, "{}", ArmErrorKind::Invalid, "Http418", "HTTP 418", 0),
        (400, long.as_str(), ArmErrorKind::Invalid, "X", "mmm", 0),
        (
            404,
            "<html>not here</html>",
            ArmErrorKind::Malformed,
            "NotFound",
            "the answer is a web page",
            0,
        ),
        (404, "", ArmErrorKind::Malformed, "NotFound", "HTTP 404", 0),
        (
            400,
            "<html><title>Proxy</title></html>",
            ArmErrorKind::Malformed,
            "BadRequest",
            "the answer is a web page, titled \"Proxy\"",
            0,
        ),
        (
            401,
            "<html><title>Proxy</title></html>",
            ArmErrorKind::Malformed,
            "Unauthorized",
            "the answer is a web page, titled \"Proxy\"",
            0,
        ),
        (
            403,
            "<html><title>Proxy</title></html>",
            ArmErrorKind::Malformed,
            "Forbidden",
            "the answer is a web page, titled \"Proxy\"",
            0,
        ),
        (
            407,
            "<html><title>Proxy</title></html>",
            ArmErrorKind::Malformed,
            "ProxyAuthenticationRequired",
            "the answer is a web page, titled \"Proxy\"",
            0,
        ),
        (
            409,
            "<html><title>Proxy</title></html>",
            ArmErrorKind::Malformed,
            "Conflict",
            "the answer is a web page, titled \"Proxy\"",
            0,
        ),
        (
            407,
            "",
            ArmErrorKind::Malformed,
            "ProxyAuthenticationRequired",
            "HTTP 407",
            0,
        ),
    ] {
        // A 401 is tried once more.
        let (_, client) = client((0..2).map(|_| answer(status, &[("retry-after", "12")], body)));
        let error = client.get(&endpoint_id(), "1", Priority::Read).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (kind, code), "{status} {body}");
        assert!(
            error.message.starts_with(message),
            "{status} {body}: {}",
            error.message
        );
        assert!(error.message.chars().count() <= 500);
        assert_eq!(error.details.len(), details, "{status} {body}");
        assert_eq!(error.retry_after, Some(Duration::from_secs(12)));
        assert!(error.correlation_id.is_some());
    }
}

proptest! {
    /// Whatever comes back, nothing panics, nothing is sent twice (but once after a 401), and what is shown is bounded.
    #[test]
    fn any_answer_is_survived(
        status in prop_oneof![100u16..600, Just(200), Just(202), Just(401), Just(404), Just(429)],
        body in prop_oneof![
            "(?s).{0,300}",
            r#"\{"(error|status|value|nextLink|properties|code)":(null|1|"[a-z]{0,9}"|\{\}|\[\]|\{"code":(1|"[A-Z]{1,9}"|null|\[\]),"details":(\{\}|\[1,\{\}\]|"x")\})\}"#,
        ],
        header in prop_oneof!["[ -~]{0,80}", "(https?://)?[a-z.@:/?#%]{0,60}", "-?[0-9]{0,30}"],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let names = ["location", "azure-asyncoperation", "retry-after", "x-ms-retry-after-ms", "etag", "x-ms-request-id"];
            let headers = names.map(|name| (name, header.as_str()));
            let (script, client) = client((0..8).map(|_| answer(status, &headers, &body)));
            let id = endpoint_id();
            let operation = OperationUrl::parse(client.cloud(), &operation_on("management.azure.com")).unwrap();
            let written = serde_json::json!({});
            let target = ListTarget::in_group(&id.resource_group_id().unwrap(), "A.B/c");
            let errors = [
                client.get(&id, "1", Priority::Read).await.err(),
                client.put(&id, "1", &written, Precondition::None, Priority::Create).await.err(),
                client.delete(&id, "1", Precondition::None, Priority::Delete).await.err(),
                client.poll(&operation, Priority::Poll).await.err(),
            ];
            let sent = script.seen().len();
            // The second token is refused as well: a third would fare no better. A web page says nothing about the token.
            let refused = status == 401 && !body.trim().trim_start_matches('\u{feff}').starts_with('<');
            prop_assert_eq!(sent, if refused { 5 } else { 4 });
            if sent == 4 {
                let _ = client.list(&target, "1", Priority::Drift).await;
            }
            prop_assert!(script.hosts().iter().all(|host| host == "management.azure.com"));
            for error in errors.into_iter().flatten() {
                prop_assert!(error.message.chars().count() <= 500 && !error.code.is_empty());
                prop_assert!(error.retry_after.is_none_or(|wait| wait <= Duration::from_secs(3600)));
            }
            Ok(())
        })?;
    }
}
