//! The token goes to the cloud's resource manager and nowhere else, and is never printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod scripted;

use std::sync::Arc;

use privatelink_arm::{
    ArmClient, ArmErrorKind, Clock, Cloud, CredentialChoice, CredentialKind, ListTarget, OperationUrl,
    Precondition, Priority, check_host,
};
use proptest::prelude::*;
use scripted::{SECRET, answer, client, endpoint_id, json, operation_on, options};
use serde_json::json as value;

const VERSION: &str = "2025-05-01";

/// Places that look like the resource manager and are not.
const FOREIGN: [&str; 10] = [
    "https://evil.test",
    "https://management.azure.com.evil.test",
    "https://evil.test/management.azure.com",
    "https://management.azure.com@evil.test",
    "https://user:hunter2@management.azure.com",
    "https://user@management.azure.com",
    "https://management.azure.com:8443",
    "http://management.azure.com",
    "http://management.azure.com:443",
    "https://management.usgovcloudapi.net",
];

const OPERATION: &str =
    "/subscriptions/0b1f6471/providers/Microsoft.Network/locations/we/operations/1?api-version=1&s=signature";

#[tokio::test]
async fn no_next_link_leads_the_token_away() {
    for place in FOREIGN {
        let (script, client) = client([json(
            200,
            value!({"value": [], "nextLink": format!("{place}/next?x=1")}),
        )]);
        let target = ListTarget::in_subscription(
            &endpoint_id().subscription_root().unwrap(),
            "Microsoft.Network/privateEndpoints",
        );
        let error = client.list(&target, VERSION, Priority::Drift).await.unwrap_err();
        assert_eq!(error.kind, ArmErrorKind::ForeignHost, "{place}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert_eq!(script.seen().len(), 1, "{place}");
    }
}

#[tokio::test]
async fn no_operation_url_leads_the_token_away() {
    for place in FOREIGN {
        for header in ["azure-asyncoperation", "location"] {
            let url = format!("{place}{OPERATION}");
            let (script, client) = client([answer(201, &[(header, url.as_str())], "{}")]);
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
            assert_eq!(reply.operation, None, "{header} {place}");
            let refused = reply.operation_refused.expect(place);
            assert!(
                !refused.contains("signature") && !refused.contains("hunter2"),
                "{refused}"
            );
            assert!(OperationUrl::parse(client.cloud(), &url).is_err());
            assert_eq!(script.hosts(), ["management.azure.com"]);
        }
    }
}

#[tokio::test]
async fn an_operation_url_of_another_cloud_is_not_polled() {
    let script = scripted::Script::new([]);
    let client = ArmClient::new(options(&script));
    let elsewhere =
        OperationUrl::parse(&Cloud::china(), &operation_on("management.chinacloudapi.cn")).unwrap();
    let error = client.poll(&elsewhere, Priority::Poll).await.unwrap_err();
    assert_eq!(error.kind, ArmErrorKind::ForeignHost);
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        for (place, kind) in FOREIGN
            .map(|place| (place, ArmErrorKind::ForeignHost))
            .into_iter()
            .chain([
                ("https://management.azure.com/elsewhere", ArmErrorKind::Malformed),
                ("/elsewhere", ArmErrorKind::Malformed),
                ("//evil.test/elsewhere", ArmErrorKind::ForeignHost),
            ])
        {
            let (script, client) = client([answer(status, &[("location", place)], "")]);
            let error = client
                .get(&endpoint_id(), VERSION, Priority::Read)
                .await
                .unwrap_err();
            assert_eq!(
                (error.kind, error.code.as_str()),
                (kind, "Redirected"),
                "{status} {place}"
            );
            assert_eq!(script.seen().len(), 1);
        }
    }
}

#[test]
fn operation_urls_are_of_an_operation_in_a_subscription() {
    let cloud = Cloud::public();
    let host = "https://management.azure.com";
    for path in [
        OPERATION,
        "/subscriptions/0b1f/resourceGroups/rg/providers/Microsoft.Network/privateDnsOperationStatuses/abc?api-version=1",
        "/subscriptions/0b1f/resourceGroups/rg/providers/Microsoft.Network/privateDnsOperationResults/abc?api-version=1",
        "/subscriptions/0b1f/providers/Microsoft.Network/locations/we/dnsResolverOperationStatuses/abc?api-version=1",
        "/SUBSCRIPTIONS/0b1f/operationresults/eyJqb2JJZCI6Ilg?api-version=1",
        "/subscriptions/0b1f/providers/Microsoft.Storage/locations/we/asyncoperations/1?monitor=true",
        "/subscriptions/0b1f/providers/Microsoft.AppConfiguration/locations/we/operationsStatus/x?api-version=1",
    ] {
        let url = format!("{host}{path}");
        let parsed = OperationUrl::parse(&cloud, &url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(parsed.to_string(), url);
        assert_eq!(serde_json::to_value(&parsed).unwrap(), value!(url));
        assert!(parsed.subscription_id().starts_with("0b1f"));
        assert!(!format!("{parsed:?}").contains("signature"));
    }
    for path in [
        "/",
        "/subscriptions/s",
        "/subscriptions/s/operations",
        "/subscriptions/s/operations/",
        "/subscriptions//operations/1",
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/v?api-version=1",
        "/providers/Microsoft.Network/operations/1",
        "/subscriptions/s/resourceGroups/operations/../rg/providers/A.B/c/d",
        "/subscriptions/s/operations/1/%2e%2e/%2e%2e/resourceGroups/rg",
        "/subscriptions/s/operations/..%2f..%2fresourceGroups",
        "/subscriptions/s/resourceGroups/rg-operations/providers/Microsoft.Storage/storageAccounts/secret",
        "/subscriptions/s/resourceGroups/rg/providers/A.B/services/operations/apis/x",
        "/subscriptions/s/resourceGroups/rg/providers/A.B/services/x/operations/y",
        "/subscriptions/s/resourceGroups/rg/providers/A.B/operations/1/more/2",
        "/subscriptions/s/providers/A.B/locations/we/operations/1/",
    ] {
        assert!(
            OperationUrl::parse(&cloud, &format!("{host}{path}")).is_err(),
            "{path}"
        );
    }
    assert!(OperationUrl::parse(&cloud, &format!("{host}{OPERATION}{}", "x".repeat(8192))).is_err());
    assert!(
        OperationUrl::parse(&cloud, &format!("{host}:443{OPERATION}")).is_ok(),
        "the default port"
    );
}

#[tokio::test]
async fn tokens_and_secrets_are_in_no_error_and_no_debug_text() {
    let echo = format!("The token {SECRET}0 of 'Bearer {SECRET}0' is not valid");
    let (_, client) = client([
        json(
            400,
            value!({"error": {"code": "Bad", "message": echo, "details": [{"code": "X", "message": echo}]}}),
        ),
        answer(403, &[], &echo),
    ]);
    for _ in 0..2 {
        let error = client
            .get(&endpoint_id(), VERSION, Priority::Read)
            .await
            .unwrap_err();
        let shown = format!("{error} {error:?} {client:?}");
        assert!(!shown.contains(SECRET) && shown.contains("[redacted]"), "{shown}");
    }
    let variables = |name: &str| {
        Some(if name == "AZURE_CLIENT_SECRET" {
            "hunter2".to_owned()
        } else {
            "0b1f".to_owned()
        })
    };
    let choice = CredentialChoice::from_environment(CredentialKind::ClientSecret, variables).unwrap();
    assert!(!format!("{choice:?}").contains("hunter2"));
    let script = scripted::Script::new([]);
    let credential = choice
        .credential(&Cloud::public(), script, &Clock::system())
        .unwrap();
    assert!(!format!("{credential:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_client_secret_goes_to_the_clouds_authority_and_a_refusal_keeps_its_code() {
    let refusal = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.","error_codes":[7000215]}"#;
    let script = scripted::Script::new([answer(401, &[], refusal), answer(503, &[], "<html>busy</html>")]);
    let variables = |name: &str| {
        Some(if name == "AZURE_CLIENT_SECRET" {
            "hunter2".to_owned()
        } else {
            "0b1f".to_owned()
        })
    };
    for (kind, code) in [
        (ArmErrorKind::Credential, "AADSTS7000215"),
        (ArmErrorKind::NotSent, "TokenUnavailable"),
    ] {
        let choice = CredentialChoice::from_environment(CredentialKind::ClientSecret, variables).unwrap();
        let mut options = options(&script);
        options.cloud = Cloud::custom("lab", "https://arm.lab:8443", None, "https://login.lab:8443").unwrap();
        options.credential = choice
            .credential(&options.cloud, script.clone(), &options.clock)
            .unwrap();
        let error = ArmClient::new(options)
            .get(&endpoint_id(), VERSION, Priority::Read)
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (kind, code), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    let seen = script.seen();
    assert_eq!(seen.len(), 2, "no hidden retries");
    assert!(
        seen.iter()
            .all(|seen| seen.url == "https://login.lab:8443/0b1f/oauth2/v2.0/token"),
        "{seen:?}"
    );
    assert!(
        seen[0]
            .body
            .contains("scope=https%3A%2F%2Farm.lab%3A8443%2F.default"),
        "{}",
        seen[0].body
    );
}

#[test]
fn a_missing_variable_is_named() {
    let script: Arc<scripted::Script> = scripted::Script::new([]);
    let none = |_: &str| None;
    for (kind, variable) in [
        (CredentialKind::WorkloadIdentity, "AZURE_TENANT_ID"),
        (CredentialKind::ClientSecret, "AZURE_TENANT_ID"),
    ] {
        let error = CredentialChoice::from_environment(kind, none)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(variable) && error.contains(kind.as_str()),
            "{error}"
        );
    }
    let two = |name: &str| Some(name.to_owned());
    assert!(
        CredentialChoice::from_environment(CredentialKind::ManagedIdentity, two)
            .unwrap_err()
            .to_string()
            .contains("only one")
    );
    let file = |name: &str| {
        Some(if name.ends_with("FILE") {
            "/nonexistent/token".to_owned()
        } else {
            "0b1f".to_owned()
        })
    };
    let choice = CredentialChoice::from_environment(CredentialKind::WorkloadIdentity, file).unwrap();
    let error = choice
        .credential(&Cloud::public(), script, &Clock::system())
        .unwrap_err()
        .to_string();
    assert!(error.contains("/nonexistent/token"), "{error}");
    assert!(
        "default"
            .parse::<CredentialKind>()
            .unwrap_err()
            .to_string()
            .contains("workload-identity")
    );
}

proptest! {
    /// Whatever is accepted leads home, and is what it was given.
    #[test]
    fn no_text_is_taken_for_an_operation_elsewhere(
        scheme in "(https?|HTTPS|ftp|file)", user in "([a-z]{1,4}(:[a-z]{1,3})?@)?",
        host in "(management\\.azure\\.com|Management\\.Azure\\.Com\\.?|evil\\.test|management\\.azure\\.com\\\\@evil\\.test|\\[::1\\])",
        port in "(:443|:80|:0443|)", noise in "[\t\n /\\\\?#@:%.a-z]{0,6}",
    ) {
        let cloud = Cloud::public();
        let text = format!("{scheme}://{user}{host}{port}{noise}/subscriptions/s/operations/1");
        if let Ok(url) = OperationUrl::parse(&cloud, &text) {
            let parsed = url::Url::parse(url.as_str()).unwrap();
            prop_assert!(check_host(&cloud, &parsed).is_ok());
            prop_assert_eq!(parsed.host_str(), Some("management.azure.com"));
            prop_assert!(parsed.username().is_empty() && parsed.password().is_none());
        }
    }
}
