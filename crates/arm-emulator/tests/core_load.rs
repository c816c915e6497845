//! How much the emulator holds and answers. Prints rates; only counts decide.

mod core_support;

use std::time::Instant;

use core_support::{Bench, SUBSCRIPTION, id};
use serde_json::json;

/// `cargo test --release --test core_load -- --ignored --nocapture` prints what the machine gives.
#[test]
#[ignore = "a measurement: takes long without optimization"]
fn ten_thousand_endpoints() {
    let bench = Bench::with_network();
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Network");
    for number in 0..10 {
        bench.ok(
            "PUT",
            &format!("{group}/virtualNetworks/net{number}"),
            json!({"location": "westeurope", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/20"}}]}}),
        );
    }
    bench.pass();
    let resident = || {
        let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        text.lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap_or_default()
            .to_owned()
    };
    println!("before: {}", resident());
    let start = Instant::now();
    for number in 0..10_000 {
        bench.ok("PUT", &format!("{group}/privateEndpoints/pe{number}"), json!({"location": "westeurope", "properties": {
            "subnet": {"id": format!("{group}/virtualNetworks/net{}/subnets/s", number % 10)},
            "privateLinkServiceConnections": [{"name": "c", "properties": {
                "privateLinkServiceId": id("Microsoft.Storage/storageAccounts/acct"), "groupIds": ["blob"]}}]}}));
    }
    println!(
        "PUT: {:.0} a second; {}",
        10_000.0 / start.elapsed().as_secs_f64(),
        resident()
    );
    bench.pass();
    let start = Instant::now();
    for number in 0..10_000 {
        assert_eq!(
            bench.get(&format!("{group}/privateEndpoints/pe{number}"))["properties"]["provisioningState"],
            "Succeeded"
        );
    }
    println!(
        "GET: {:.0} a second; {}",
        10_000.0 / start.elapsed().as_secs_f64(),
        resident()
    );
    // One more does not fit into a full network.
    let body = json!({"location": "westeurope", "properties": {
        "subnet": {"id": format!("{group}/virtualNetworks/net0/subnets/s")},
        "privateLinkServiceConnections": [{"name": "c", "properties": {
            "privateLinkServiceId": id("Microsoft.Storage/storageAccounts/acct"), "groupIds": ["blob"]}}]}});
    assert_eq!(
        bench
            .refused("PUT", &format!("{group}/privateEndpoints/more"), body)
            .1,
        "PrivateEndpointCountLimitReached"
    );
    assert_eq!(
        bench.emulator.resource_ids().len(),
        30_025,
        "three for each endpoint, and the 25 around them"
    );
}
