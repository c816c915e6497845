//! What a security group of a thousand rules costs: memory in the object cache, and time to plan.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::System;
use std::time::Duration;

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

/// For how long this thread has run, whoever else was busy: the kernel's own count.
fn busy(work: impl FnOnce()) -> Duration {
    let ran = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        text.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let before = ran();
    work();
    Duration::from_nanos(ran() - before)
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
    let times = 50;
    let compared = busy(|| {
        for _ in 0..times {
            differences = diff(&MODEL, &wanted, &observed, &nothing);
        }
    });
    let merged = busy(|| {
        for _ in 0..times {
            body = merge(&MODEL, &wanted, Some(&observed), &nothing);
        }
    });
    assert_eq!(differences.len(), 1);
    assert_eq!(diff(&MODEL, &wanted, &body, &nothing), []);
    let each = |time: Duration| time.as_secs_f64() * 1000.0 / f64::from(times);
    println!(
        "1,000 rules: compared in {:.2} ms, merged in {:.2} ms of processor time",
        each(compared),
        each(merged)
    );
}
