//! Types that only the generic resource knows: they are marked, and refused in strict mode.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use crate::support::{Bench, SUBSCRIPTION, id, network};
use jiff::Timestamp;
use privatelink_arm_emulator::{Emulator, Options};
use serde_json::{Value, json};

fn strict() -> Bench {
    let origin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut options = Options::new(Arc::new(move || origin)).unwrap();
    options.strict = true;
    let bench = Bench {
        emulator: Emulator::new(options),
    };
    bench.ok(
        "PUT",
        &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g"),
        json!({"location": "westeurope"}),
    );
    bench
}

fn is_marked(bench: &Bench, path: &str) -> bool {
    let (status, answer, headers) = bench.send("GET", path, Value::Null);
    assert_eq!(status, 200, "{path}: {answer}");
    headers.contains_key("x-emulator-generic")
}

#[test]
fn strict_mode_refuses_whatever_is_only_generic() {
    let bench = strict();
    let fabric = id("Microsoft.Fabric/capacities");
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    for (method, path) in [
        ("PUT", format!("{fabric}/c")),
        ("GET", format!("{fabric}/c")),
        ("PATCH", format!("{fabric}/c")),
        ("DELETE", format!("{fabric}/c")),
        ("GET", fabric.clone()),
        (
            "GET",
            format!("{subscription}/providers/Microsoft.Fabric/capacities"),
        ),
        ("GET", format!("{fabric}/c/items")),
        ("POST", format!("{fabric}/c/suspend")),
        ("GET", network("virtualNetworks/v/taps")),
    ] {
        let (status, code) = bench.refused(method, &path, json!({"location": "westeurope"}));
        assert_eq!(
            (status, code.as_str()),
            (400, "EmulatorTypeNotSupported"),
            "{method} {path}"
        );
    }
}

#[test]
fn strict_mode_lets_what_has_a_table_pass() {
    let bench = strict();
    let account = id("Microsoft.Storage/storageAccounts/acct");
    bench.ok(
        "PUT",
        &account,
        json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}),
    );
    bench.ok(
        "PUT",
        &network("privateDnsZones/a.b"),
        json!({"location": "global"}),
    );
    bench.pass();
    for path in [
        format!("{account}/privateLinkResources"),
        format!("{account}/privateLinkResources/blob"),
        format!("{account}/privateEndpointConnections"),
        network("privateDnsZones/a.b/ALL"),
        network("privateDnsZones/a.b/A"),
        network("privateEndpoints"),
        format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/privateDnsZones"),
        format!("/subscriptions/{SUBSCRIPTION}/resources"),
        format!(
            "https://management.azure.com{account}/providers/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01"
        ),
        format!(
            "https://management.azure.com{account}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"
        ),
    ] {
        assert!(!is_marked(&bench, &path), "{path}");
    }
}

#[test]
fn what_can_only_be_read_is_not_written() {
    let bench = Bench::with_network();
    bench.ok(
        "PUT",
        &network("privateDnsZones/a.b"),
        json!({"location": "global"}),
    );
    for path in [
        id("Microsoft.Storage/storageAccounts/acct/privateLinkResources/blob"),
        network("privateDnsZones/a.b/ALL/x"),
    ] {
        for method in ["PUT", "PATCH", "DELETE"] {
            assert_eq!(bench.refused(method, &path, json!({})).0, 405, "{method} {path}");
        }
    }
}

#[test]
fn a_generic_list_says_so() {
    let bench = Bench::with_network();
    let fabric = id("Microsoft.Fabric/capacities");
    assert!(is_marked(&bench, &fabric), "empty");
    let resources = format!("/subscriptions/{SUBSCRIPTION}/resources");
    assert!(!is_marked(&bench, &resources));
    bench.ok("PUT", &format!("{fabric}/c"), json!({"location": "westeurope"}));
    assert!(is_marked(&bench, &fabric));
    assert!(is_marked(&bench, &resources));
    assert!(!is_marked(&bench, &network("routeTables")));
}
