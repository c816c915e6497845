//! Long-running operations: where their URLs come from, and what one look at each shows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod scripted;

use std::time::Duration;

use privatelink_arm::{OperationUrl, Poll, Precondition, Priority};
use scripted::{answer, client, endpoint_id, operation_on};
use serde_json::json as value;

const VERSION: &str = "2025-05-01";

#[tokio::test]
async fn operations_are_found_in_the_headers() {
    let asynchronous = operation_on("management.azure.com");
    let location = asynchronous.replace("/operations/", "/operationResults/");
    let resource =
        "https://management.azure.com/subscriptions/s/resourceGroups/r/providers/A.B/c/d?api-version=1";
    let long = format!("{asynchronous}{}", "x".repeat(9000));
    for (headers, operation, refused) in [
        (
            vec![
                ("azure-asyncoperation", asynchronous.as_str()),
                ("location", &location),
            ],
            Some(&asynchronous),
            false,
        ),
        (vec![("location", location.as_str())], Some(&location), false),
        (vec![("location", resource)], None, false),
        (
            vec![("azure-asyncoperation", long.as_str()), ("location", &location)],
            Some(&location),
            false,
        ),
        (vec![("azure-asyncoperation", long.as_str())], None, false),
        (vec![("azure-asyncoperation", resource)], None, true),
        (vec![("azure-asyncoperation", "not a url")], None, true),
    ] {
        let (_, client) = client([answer(201, &headers, "{}")]);
        let reply = client
            .put(
                &endpoint_id(),
                VERSION,
                &value!({}),
                Precondition::None,
                Priority::Create,
            )
            .await
            .unwrap();
        assert_eq!(
            reply.operation.as_ref().map(OperationUrl::as_str),
            operation.map(String::as_str),
            "{headers:?}"
        );
        assert_eq!(reply.operation_refused.is_some(), refused, "{headers:?}");
    }
}

#[tokio::test]
async fn one_look_at_an_operation() {
    let status = operation_on("management.azure.com");
    let result = status.replace("/operations/", "/operationResults/");
    let failed = r#"{"status":"FAILED","error":{"code":"AnotherOperationInProgress","message":"busy"}}"#;
    let not_found = r#"{"error":{"code":"NotFound","message":"no such operation"}}"#;
    // URL, status, body, what it is taken for.
    for (url, code, body, expected) in [
        (&status, 200, r#"{"status":"InProgress"}"#, "Running"),
        (&status, 202, r#"{}"#, "Running"),
        (&status, 202, r#"{"status":"InProgress"}"#, "Running"),
        (&status, 202, "", "Running"),
        (&status, 200, r#"{"status":"Enqueued"}"#, "Running"),
        (&status, 200, r#"{"status":"Dequeued"}"#, "Running"),
        (&status, 200, r#"{"status":"Pondering"}"#, "Running"),
        (&status, 200, r#"{"status":"succeeded"}"#, "Succeeded"),
        (
            &status,
            200,
            r#"{"id":"x","name":"y","status":"Succeeded","properties":{}}"#,
            "Succeeded",
        ),
        (&status, 200, failed, "Failed Busy AnotherOperationInProgress"),
        (
            &status,
            200,
            r#"{"status":"Failed"}"#,
            "Failed Conflict OperationFailed",
        ),
        (
            &status,
            200,
            r#"{"status":"Canceled","error":{}}"#,
            "Canceled Conflict Canceled",
        ),
        (
            &status,
            200,
            r#"{"status":"Cancelled"}"#,
            "Canceled Conflict Canceled",
        ),
        (&status, 200, "", "Err Malformed"),
        (&status, 204, "", "Err Malformed"),
        (&status, 200, "{}", "Err Malformed"),
        (&status, 200, "<html>", "Err Malformed"),
        (&status, 404, not_found, "Gone"),
        (&status, 404, "<html>", "Err Malformed"),
        (
            &status,
            403,
            r#"{"error":{"code":"AuthorizationFailed"}}"#,
            "Err Forbidden",
        ),
        (&status, 500, "", "Err Server"),
        (&status, 400, "{}", "Err Invalid"),
        (&result, 202, "", "Running"),
        (&result, 200, "", "Succeeded"),
        (&result, 201, r#"{"id":"/x"}"#, "Succeeded"),
        (&result, 204, "", "Succeeded"),
        (
            &result,
            200,
            r#"{"properties":{"provisioningState":"Updating"}}"#,
            "Running",
        ),
        (
            &result,
            200,
            r#"{"properties":{"provisioningState":"Failed"}}"#,
            "Failed Conflict OperationFailed",
        ),
        (&result, 200, "<html>", "Err Malformed"),
        (
            &result,
            409,
            r#"{"error":{"code":"InUse","message":"in use"}}"#,
            "Failed Conflict InUse",
        ),
        (&result, 429, "", "Err Throttled"),
    ] {
        let (_, client) = client([answer(code, &[("retry-after", "3")], body)]);
        let operation = OperationUrl::parse(client.cloud(), url).unwrap();
        let three = Some(Duration::from_secs(3));
        let shown = match client.poll(&operation, Priority::Poll).await {
            Ok(Poll::Running { retry_after }) => {
                assert_eq!(retry_after, three);
                "Running".to_owned()
            }
            Ok(Poll::Succeeded) => "Succeeded".to_owned(),
            Ok(Poll::Failed(error)) => format!("Failed {:?} {}", error.kind, error.code),
            Ok(Poll::Canceled(error)) => format!("Canceled {:?} {}", error.kind, error.code),
            Ok(Poll::Gone) => "Gone".to_owned(),
            Err(error) => format!("Err {:?}", error.kind),
        };
        assert_eq!(shown, expected, "{code} {body:?} of {url}");
    }
}
