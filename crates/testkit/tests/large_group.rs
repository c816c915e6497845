//! What a security group of a thousand rules costs: memory in the object cache, and time to plan.

use std::alloc::System;
use std::time::Instant;

use privatelink_api::NetworkSecurityGroup;
use privatelink_arm::models::network_security_group::MODEL;
use privatelink_engine::diff::{Applied, diff, merge};
use privatelink_testkit::scenario::dns_object;
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A group as people write them: most rules with a few prefixes and ports.
fn group() -> Value {
    let rules: Vec<Value> = (0..1000)
        .map(|number| {
            json!({
                "name": format!("allow-team-{number:04}-to-orders"), "direction": if number % 2 == 0 { "Inbound" } else { "Outbound" },
                "priority": 100 + number / 2, "access": "Allow", "protocol": "Tcp",
                "source": {"prefixes": [format!("10.{}.{}.0/24", number / 250, number % 250), format!("10.{}.{}.0/24", 100 + number / 250, number % 250)]},
                "destination": {"prefixes": ["10.1.0.0/20"]},
                "ports": ["443", "8443"],
                "description": format!("Team {number} may call the orders service"),
            })
        })
        .collect();
    dns_object("NetworkSecurityGroup", "large", json!({ "rules": rules }))
}

#[test]
fn the_object_cache_holds_a_large_group_in_at_most_twice_its_json() {
    let text = group().to_string();
    let region = Region::new(ALLOCATOR);
    let object: Box<NetworkSecurityGroup> = serde_json::from_str(&text).unwrap();
    let change = region.change();
    let held = change.bytes_allocated - change.bytes_deallocated;
    assert_eq!(object.spec.rules.len(), 1000);
    println!("{} bytes of JSON, {held} bytes held", text.len());
    assert!(held <= 2 * text.len(), "{held} bytes for {} of JSON", text.len());
}

#[test]
#[ignore = "a measurement: cargo test --release -p privatelink-testkit --test large_group -- --ignored --nocapture"]
fn a_large_group_is_compared_and_merged() {
    let rules: Vec<Value> = (0..1000)
        .map(|number| {
            json!({"name": format!("rule-{number}"), "properties": {
                "direction": "Inbound", "priority": 100 + number, "access": "Allow", "protocol": "Tcp",
                "sourceAddressPrefixes": [format!("10.1.{}.0/24", number % 250), "10.2.0.0/16"],
                "destinationAddressPrefix": "10.1.0.0/20", "destinationPortRanges": ["443", "8443"], "sourcePortRange": "*",
            }})
        })
        .collect();
    let wanted = json!({"location": "westeurope", "tags": {}, "properties": {"securityRules": rules}});
    let mut observed = wanted.clone();
    let first = observed
        .pointer_mut("/properties/securityRules/0/properties/priority")
        .unwrap();
    *first = json!(4000);
    let nothing = Applied::new();
    let (mut differences, mut body) = (Vec::new(), Value::Null);
    let times = 20;
    let started = Instant::now();
    for _ in 0..times {
        differences = diff(&MODEL, &wanted, &observed, &nothing);
        body = merge(&MODEL, &wanted, Some(&observed), &nothing);
    }
    let each = started.elapsed() / times;
    assert_eq!(differences.len(), 1);
    assert_eq!(diff(&MODEL, &wanted, &body, &nothing), []);
    println!(
        "1,000 rules compared and merged in {:.2} ms",
        each.as_secs_f64() * 1000.0
    );
}
