//! What an estate takes of memory, counted by the allocator.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[path = "core/support/mod.rs"]
mod support;

use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use support::{Bench, id, network};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are held for an endpoint with its target, interface, connection, zone group and record, and with what is kept of
/// the four requests and three operations that made it. Ten thousand of them are to fit into 400 MB with what an allocator
/// adds.
const PER_ENDPOINT: usize = 24_000;
const ENDPOINTS: usize = 500;

fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

// One test: what another one holds would be counted too.
#[test]
fn an_endpoint_takes_little_and_a_write_leaves_nothing_behind() {
    let bench = Bench::with_network();
    let subnet = network("virtualNetworks/vnet/subnets/big");
    bench.ok(
        "PUT",
        &subnet,
        json!({"properties": {"addressPrefix": "10.0.16.0/20"}}),
    );
    let zone = network("privateDnsZones/privatelink.blob.core.windows.net");
    bench.ok("PUT", &zone, json!({"location": "global"}));
    bench.pass();
    let before = held();
    for number in 0..ENDPOINTS {
        let account = id(&format!("Microsoft.Storage/storageAccounts/acct{number}"));
        let endpoint = network(&format!("privateEndpoints/pe{number}"));
        bench.ok(
            "PUT",
            &account,
            json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}}),
        );
        bench.pass();
        bench.ok(
            "PUT",
            &endpoint,
            support::endpoint_on("big", &account, &["blob"], false),
        );
        bench.pass();
        bench.ok(
            "PUT",
            &format!("{endpoint}/privateDnsZoneGroups/default"),
            json!({"properties": {"privateDnsZoneConfigs": [{"name": "blob", "properties": {"privateDnsZoneId": zone}}]}}),
        );
        bench.pass();
        bench.get(&endpoint);
    }
    let each = (held() - before) / ENDPOINTS;
    assert!(each <= PER_ENDPOINT, "{each} bytes for an endpoint");

    // Thousands of writes of one resource: how it was is known once, and journal and operations have their bounds.
    let group = format!("/subscriptions/{}/resourceGroups/g", support::SUBSCRIPTION);
    let account = id("Microsoft.Storage/storageAccounts/acct0");
    let write = |number: usize| {
        let body = json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
            "tags": {"n": format!("{number}-{}", "x".repeat(200))}, "properties": {}});
        bench.ok("PUT", &account, body);
        bench.pass();
    };
    (0..1100).for_each(write);
    bench.emulator.advance(jiff::SignedDuration::from_hours(25));
    bench.get(&group);
    let before = held();
    (1100..2200).for_each(write);
    bench.emulator.advance(jiff::SignedDuration::from_hours(25));
    bench.get(&group);
    let more = held().saturating_sub(before) / 1100;
    println!("{each} bytes for an endpoint, {more} for a write");
    // What stays is the journal's entry.
    assert!(more <= 2000, "{more} bytes for a write");
}
