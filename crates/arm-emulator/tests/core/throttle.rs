//! Limits as a client meets them: headers on every answer, and the refusals.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, SUBSCRIPTION, id, network};
use http::HeaderMap;
use privatelink_arm_emulator::seed;
use privatelink_arm_emulator::throttle::{Limit, Limits};
use serde_json::{Value, json};

const GRAPH: &str =
    "https://management.azure.com/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01";

fn limited(limits: Limits) -> Bench {
    let bench = Bench::with_network();
    bench.emulator.set_limits(Some(limits));
    bench
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned())
}

#[test]
fn the_sixteenth_query_in_five_seconds_is_refused_as_resource_graph_does() {
    let bench = limited(Limits::default());
    let query = json!({"query": "Resources | count"});
    for left in (0..15).rev() {
        let (status, _, headers) = bench.send("POST", GRAPH, query.clone());
        assert_eq!(status, 200);
        assert_eq!(
            header(&headers, "x-ms-user-quota-remaining"),
            Some(left.to_string())
        );
        assert_eq!(
            header(&headers, "x-ms-user-quota-resets-after").as_deref(),
            Some("00:00:05")
        );
        assert_eq!(
            header(&headers, "x-ms-tenant-subscription-limit-hit").as_deref(),
            Some("false")
        );
    }
    let (status, answer, headers) = bench.send("POST", GRAPH, query.clone());
    assert_eq!(status, 429);
    assert_eq!(answer["error"]["code"], "RateLimiting");
    assert_eq!(answer["error"]["details"][0]["code"], "RateLimiting");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Please provide below info when asking for support: timestamp = "),
        "{message}"
    );
    assert_eq!(
        header(&headers, "x-ms-user-quota-remaining").as_deref(),
        Some("0")
    );
    assert_eq!(
        header(&headers, "x-ms-user-quota-resets-after").as_deref(),
        Some("00:00:05")
    );
    assert_eq!(header(&headers, "retry-after").as_deref(), Some("5"));
    assert_eq!(header(&headers, "x-ms-failure-cause"), None);
    bench.pass();
    assert_eq!(bench.send("POST", GRAPH, query).0, 200);
}

#[test]
fn a_refusal_tells_what_is_left_too() {
    let none = Limit {
        capacity: 1.0,
        refill: 0.0,
    };
    let bench = limited(Limits {
        deletes: none,
        ..Limits::default()
    });
    let missing = network("routeTables/none");
    let (status, _, headers) = bench.send("DELETE", &missing, Value::Null);
    assert_eq!(status, 204);
    let left = "x-ms-ratelimit-remaining-subscription-deletes";
    assert_eq!(header(&headers, left).as_deref(), Some("0"));
    let (status, _, headers) = bench.send("DELETE", &missing, Value::Null);
    assert_eq!(status, 429);
    assert_eq!(header(&headers, left).as_deref(), Some("0"));
    assert_eq!(
        header(&headers, "x-ms-ratelimit-remaining-subscription-global-deletes").as_deref(),
        Some("14")
    );
    assert_eq!(header(&headers, "x-ms-failure-cause").as_deref(), Some("gateway"));
}

#[test]
fn private_dns_and_resolvers_tell_their_numbers_as_recorded() {
    let bench = limited(Limits::default());
    let zone = network("privateDnsZones/a.example");
    let name = "x-ms-ratelimit-remaining-subscription-resource-requests";
    let (_, _, headers) = bench.send("PUT", &zone, json!({"location": "global"}));
    assert_eq!(header(&headers, name).as_deref(), Some("11999"));
    bench.pass();
    for left in ["499", "498"] {
        let (_, _, headers) = bench.send("GET", &zone, Value::Null);
        assert_eq!(header(&headers, name).as_deref(), Some(left));
    }
    let (status, _, headers) = bench.send("GET", &network("dnsResolvers/none"), Value::Null);
    assert_eq!(status, 404);
    assert_eq!(header(&headers, name).as_deref(), Some("499"));
    let (_, _, headers) = bench.send("GET", &network("virtualNetworks/vnet"), Value::Null);
    assert_eq!(header(&headers, name), None);
}

#[test]
fn storage_accounts_are_limited_by_their_region_and_the_door_shows_it() {
    let seed = seed::parse(
        "seed.yaml",
        "throttle:\n  storage: {reads: {capacity: 2, refill: 0.1}}\n  resourceGraph: {capacity: 1, seconds: 60}\n  resourceRequests: {dnsReads: {capacity: 7, refill: 1}}\n",
    )
    .unwrap();
    let limits = seed.throttle.unwrap().limits();
    assert_eq!(limits.storage.lists, Limits::default().storage.lists);
    let bench = limited(limits);
    let account = id("Microsoft.Storage/storageAccounts/acct");
    bench.get(&account);
    bench.get(&account);
    let (status, answer, headers) = bench.send("GET", &account, Value::Null);
    assert_eq!(status, 429);
    assert_eq!(
        answer,
        json!({"error": {"code": "TooManyRequests", "message": "The request is being throttled as the limit has been reached for operation type - Read_ObservationWindow_00:05:00. For more information, see - https://aka.ms/srpthrottlinglimits"}})
    );
    assert_eq!(header(&headers, "retry-after").as_deref(), Some("10"));
    let list = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Storage/storageAccounts");
    bench.get(&list);
    bench.ok("POST", GRAPH, json!({"query": "Resources | count"}));
    assert_eq!(
        bench.send("POST", GRAPH, json!({"query": "Resources | count"})).0,
        429
    );

    let door = bench.send_from_here("https://localhost/_emulator/overview");
    let overview: Value = serde_json::from_slice(&door.body).unwrap();
    let names: Vec<&str> = overview["budgets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|budget| budget["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&format!("Microsoft.Storage reads in northeurope, {SUBSCRIPTION}").as_str()),
        "{names:?}"
    );
    assert!(
        names
            .iter()
            .any(|name| name.starts_with("Resource Graph queries of ")),
        "{names:?}"
    );
}
