//! Which API versions types answer to, and which they tell.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use serde_json::{Value, json};

use crate::support::{Bench, SUBSCRIPTION, id, network, target_body};

/// Status, code and message of a GET in a version.
fn asked(bench: &Bench, path: &str, version: &str) -> (u16, String, String) {
    let (status, body, _) = bench.send("GET", &format!("{path}?api-version={version}"), Value::Null);
    let text = |field: &str| body["error"][field].as_str().unwrap_or_default().to_owned();
    (status, text("code"), text("message"))
}

#[test]
fn a_version_is_taken_up_to_the_day_of_the_clock_and_none_of_the_future() {
    let bench = Bench::with_network();
    let path = network("virtualNetworks/vnet");
    for version in ["2015-06-15", "2025-09-01", "2025-12-24", "2026-01-01"] {
        assert_eq!(asked(&bench, &path, version).0, 200, "{version}");
    }
    for version in ["2015-06-14", "2026-01-02", "2026-12-31", "2099-12-31"] {
        assert_eq!(
            asked(&bench, &path, version),
            (
                404,
                "InvalidResourceType".to_owned(),
                format!(
                    "The resource type 'virtualNetworks' could not be found in the namespace 'Microsoft.Network' for api version '{version}'. The supported api-versions are '2015-06-15,2025-09-01'."
                )
            )
        );
    }
    bench.emulator.advance(jiff::SignedDuration::from_hours(24));
    assert_eq!(asked(&bench, &path, "2026-01-02").0, 200, "a day later");
}

#[test]
fn what_is_known_is_taken_whatever_the_clock_says() {
    let bench = Bench::with_network();
    let account = id("Microsoft.Storage/storageAccounts/acct");
    assert_eq!(asked(&bench, &account, "2026-04-01").0, 200);
    assert_eq!(asked(&bench, &account, "2026-04-02").0, 404);
    assert_eq!(asked(&bench, &account, "2014-01-01").0, 404);
    let vault = id("Microsoft.KeyVault/vaults/vault");
    bench.ok("PUT", &vault, target_body(&json!({})));
    let (status, code, message) = asked(&bench, &vault, "2026-03-02");
    assert_eq!((status, code.as_str()), (404, "InvalidResourceType"));
    assert!(
        message.ends_with("'2015-06-01,2026-02-01,2026-03-01-preview'."),
        "{message}"
    );
    assert_eq!(asked(&bench, &vault, "2026-03-01-preview").0, 200);
}

#[test]
fn the_resolver_has_a_preview_and_a_zone_no_versions_of_the_network() {
    let bench = Bench::with_network();
    let resolvers = network("dnsResolvers");
    assert_eq!(asked(&bench, &resolvers, "2025-10-01-preview").0, 200);
    assert_eq!(asked(&bench, &resolvers, "2025-10-02").1, "InvalidResourceType");
    let zones = network("privateDnsZones");
    assert_eq!(asked(&bench, &zones, "2024-06-01").0, 200);
    let (_, _, message) = asked(&bench, &zones, "2025-05-01");
    assert!(message.ends_with("'2018-09-01,2024-06-01'."), "{message}");
}

#[test]
fn children_have_the_versions_of_what_they_are_in() {
    let bench = Bench::with_network();
    let account = id("Microsoft.Storage/storageAccounts/acct");
    let oldest = "2015-06-15";
    for child in [
        "privateEndpointConnections",
        "networkSecurityPerimeterConfigurations",
        "blobServices",
    ] {
        let list = format!("{account}/{child}");
        assert_eq!(asked(&bench, &list, oldest).0, 200, "{child}");
        assert_eq!(
            asked(&bench, &list, "2015-06-14").1,
            "InvalidResourceType",
            "{child}"
        );
        let (_, _, message) = asked(&bench, &list, "2026-04-02");
        assert!(message.ends_with(&format!("'{oldest},2026-04-01'.")), "{message}");
    }
}

#[test]
fn a_kind_of_records_that_there_is_not_has_no_versions() {
    let bench = Bench::with_network();
    let (status, _, message) = asked(&bench, &network("privateDnsZones/z.test/NS/w"), "2024-06-01");
    assert_eq!(
        (status, message.as_str()),
        (
            404,
            "The resource type could not be found in the namespace 'Microsoft.Network' for api version '2024-06-01'."
        )
    );
}

#[test]
fn a_provider_tells_versions_that_there_are_newest_first() {
    let bench = Bench::with_network();
    let versions = |namespace: &str, short: &str| {
        let provider = bench.get(&format!("/subscriptions/{SUBSCRIPTION}/providers/{namespace}"));
        let types = provider["resourceTypes"].as_array().unwrap();
        let found = types.iter().find(|one| one["resourceType"] == short);
        found.unwrap()["apiVersions"].clone()
    };
    for (namespace, short, expected) in [
        (
            "Microsoft.Network",
            "virtualNetworks",
            json!(["2025-09-01", "2015-06-15"]),
        ),
        (
            "Microsoft.Network",
            "privateEndpoints",
            json!(["2025-09-01", "2018-10-01"]),
        ),
        (
            "Microsoft.Network",
            "dnsResolvers",
            json!(["2025-10-01-preview", "2025-05-01", "2020-04-01-preview"]),
        ),
        (
            "Microsoft.Insights",
            "diagnosticSettings",
            json!(["2021-05-01-preview", "2016-09-01", "2015-07-01"]),
        ),
        (
            "Microsoft.Authorization",
            "policyAssignments",
            json!(["2026-07-01", "2015-10-01-preview"]),
        ),
        (
            "Microsoft.Storage",
            "storageAccounts/blobServices",
            json!(["2026-04-01", "2015-06-15"]),
        ),
        (
            "Microsoft.EventGrid",
            "namespaces",
            json!(["2025-07-15-preview", "2025-02-15", "2023-06-01-preview"]),
        ),
        (
            "Microsoft.Purview",
            "accounts/networkSecurityPerimeterConfigurations",
            json!(["2022-02-01-preview"]),
        ),
    ] {
        assert_eq!(versions(namespace, short), expected, "{namespace}/{short}");
    }
    for namespace in [
        "Microsoft.Network",
        "Microsoft.Storage",
        "Microsoft.KeyVault",
        "Microsoft.EventGrid",
    ] {
        let provider = bench.get(&format!("/subscriptions/{SUBSCRIPTION}/providers/{namespace}"));
        for known in provider["resourceTypes"].as_array().unwrap() {
            assert!(!known["apiVersions"].as_array().unwrap().is_empty(), "{known}");
        }
    }
}

#[test]
fn a_query_shows_the_newest_version() {
    let bench = Bench::with_network();
    let found = bench.send(
        "POST",
        "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01",
        json!({"query": "Resources | where type =~ 'microsoft.storage/storageaccounts' | project apiVersion"}),
    );
    assert_eq!(found.1["data"][0]["apiVersion"], "2026-04-01");
}
