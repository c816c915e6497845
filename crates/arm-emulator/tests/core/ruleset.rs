//! DNS forwarding rulesets, their rules and their links to networks.

use crate::support::{Bench, SUBSCRIPTION, comes_back_and_goes, network};
use serde_json::{Value, json};

const RULESET: &str = "dnsForwardingRulesets/set";

fn endpoint(name: &str) -> String {
    network(&format!("dnsResolvers/r/outboundEndpoints/{name}"))
}

fn ruleset_on(endpoints: &[&str]) -> Value {
    let list: Vec<Value> = endpoints
        .iter()
        .map(|name| json!({"id": endpoint(name)}))
        .collect();
    json!({"location": "westeurope", "properties": {"dnsResolverOutboundEndpoints": list}})
}

fn rule_to(domain: &str, servers: &[&str]) -> Value {
    let list: Vec<Value> = servers
        .iter()
        .map(|address| json!({"ipAddress": address}))
        .collect();
    json!({"properties": {"domainName": domain, "targetDnsServers": list}})
}

fn link_to(vnet: &str) -> Value {
    json!({"properties": {"virtualNetwork": {"id": network(&format!("virtualNetworks/{vnet}"))}, "metadata": {"a": "b"}}})
}

fn rule(name: &str) -> String {
    network(&format!("{RULESET}/forwardingRules/{name}"))
}

fn link(name: &str) -> String {
    network(&format!("{RULESET}/virtualNetworkLinks/{name}"))
}

/// A resolver with the outbound endpoints `o1`, `o2` and `o3`, and the ruleset [`RULESET`] on the first.
fn with_ruleset() -> Bench {
    let bench = Bench::with_network();
    bench.ok(
        "PUT",
        &network("dnsResolvers/r"),
        json!({"location": "westeurope", "properties": {"virtualNetwork": {"id": network("virtualNetworks/vnet")}}}),
    );
    for number in 1..=3 {
        let subnet = network(&format!("virtualNetworks/vnet/subnets/s{number}"));
        bench.ok(
            "PUT",
            &subnet,
            json!({"properties": {"addressPrefix": format!("10.0.{number}0.0/28")}}),
        );
        bench.pass();
        bench.ok(
            "PUT",
            &endpoint(&format!("o{number}")),
            json!({"location": "westeurope", "properties": {"subnet": {"id": subnet}}}),
        );
    }
    bench.pass();
    bench.ok("PUT", &network(RULESET), ruleset_on(&["o1"]));
    bench.pass();
    bench
}

/// Sends a write that is accepted, lets its operation end, and gives back what its status says.
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an answer in another form fails the test"
)]
fn outcome(bench: &Bench, method: &str, path: &str, body: Value) -> Value {
    let (status, answer, headers) = bench.send(method, path, body);
    assert_eq!(status, 202, "{method} {path}: {answer}");
    bench.pass();
    bench.get(headers["azure-asyncoperation"].to_str().unwrap())
}

/// The code with which the status of an accepted PUT says in the end that it failed.
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an answer in another form fails the test"
)]
fn failure(bench: &Bench, path: &str, body: Value) -> u16 {
    let (status, answer, headers) = bench.send("PUT", path, body);
    assert_eq!(status, 202, "{path}: {answer}");
    bench.pass();
    let url = headers["azure-asyncoperation"].to_str().unwrap();
    bench.refused("GET", url, Value::Null).0
}

#[test]
fn a_ruleset_uses_one_or_two_outbound_endpoints() {
    let bench = with_ruleset();
    let path = network(RULESET);
    let shown = bench.get(&path);
    assert_eq!(
        shown["properties"]["dnsResolverOutboundEndpoints"],
        json!([{"id": endpoint("o1")}])
    );
    assert!(shown["properties"]["resourceGuid"].is_string());
    let elsewhere = json!({"location": "northeurope", "properties": {"dnsResolverOutboundEndpoints": [{"id": endpoint("o1")}]}});
    for body in [
        ruleset_on(&[]),
        ruleset_on(&["o1", "o2", "o3"]),
        ruleset_on(&["o1", "O1"]),
        ruleset_on(&["none"]),
        elsewhere,
    ] {
        assert_eq!(
            bench.refused("PUT", &network("dnsForwardingRulesets/bad"), body.clone()),
            (400, "BadRequest".into()),
            "{body}"
        );
    }
    assert_eq!(
        outcome(
            &bench,
            "PATCH",
            &path,
            json!({"tags": {"a": "b"}, "dnsResolverOutboundEndpoints": [{"id": endpoint("o2")}]})
        )["status"],
        "Succeeded"
    );
    let patched = bench.get(&path);
    assert_eq!(
        patched["properties"]["dnsResolverOutboundEndpoints"],
        json!([{"id": endpoint("o2")}])
    );
    assert!(patched.get("dnsResolverOutboundEndpoints").is_none());
    assert_eq!(
        bench.refused("DELETE", &endpoint("o2"), Value::Null),
        (409, "Conflict".into())
    );
    assert_eq!(
        outcome(&bench, "DELETE", &endpoint("o1"), Value::Null)["status"],
        "Succeeded"
    );
    // Two rulesets for an endpoint.
    bench.ok(
        "PUT",
        &network("dnsForwardingRulesets/second"),
        ruleset_on(&["o2", "o3"]),
    );
    assert_eq!(
        bench.refused(
            "PUT",
            &network("dnsForwardingRulesets/third"),
            ruleset_on(&["o2"])
        ),
        (400, "BadRequest".into())
    );
    bench.pass();
    assert_eq!(
        outcome(&bench, "DELETE", &path, Value::Null)["status"],
        "Succeeded"
    );
    let (status, gone, _) = bench.send("GET", &path, Value::Null);
    assert_eq!(status, 404);
    assert_eq!(
        gone["error"]["message"],
        json!(format!(
            "DNS forwarding ruleset not found in database. dnsForwardingRulesetResourceId=/subscriptions/{SUBSCRIPTION}/resourceGroups/g/dnsForwardingRulesets/set"
        ))
    );
    assert_eq!(
        bench.refused("DELETE", &rule("x"), Value::Null),
        (404, "ParentResourceNotFound".into())
    );
}

#[test]
fn a_ruleset_uses_no_endpoint_that_failed() {
    let bench = with_ruleset();
    let subnet = network("virtualNetworks/vnet/subnets/b");
    let body = json!({"location": "westeurope", "properties": {"subnet": {"id": subnet}}});
    assert_eq!(
        failure(&bench, &endpoint("o4"), body),
        400,
        "the subnet is too small"
    );
    assert_eq!(
        bench.refused("PUT", &network("dnsForwardingRulesets/bad"), ruleset_on(&["o4"])),
        (400, "BadRequest".into())
    );
}

#[test]
fn rules_are_written_at_once() {
    let bench = with_ruleset();
    let path = rule("corp");
    let (status, made, headers) =
        bench.send("PUT", &path, rule_to("corp.example.", &["10.1.0.4", "10.1.0.5"]));
    assert_eq!(status, 201);
    assert!(!headers.contains_key("azure-asyncoperation"));
    assert_eq!(
        made["properties"],
        json!({"domainName": "corp.example.", "forwardingRuleState": "Enabled", "provisioningState": "Succeeded",
            "targetDnsServers": [{"ipAddress": "10.1.0.4", "port": 53}, {"ipAddress": "10.1.0.5", "port": 53}]})
    );
    assert!(made.get("tags").is_none() && made["etag"].is_string());
    let patch = json!({"properties": {"forwardingRuleState": "disabled", "metadata": {"k": "v"}}});
    let (status, patched, _) = bench.send("PATCH", &path, patch);
    assert_eq!(status, 200);
    assert_eq!(patched["properties"]["forwardingRuleState"], "Disabled");
    assert_ne!(patched["etag"], made["etag"]);
    assert_eq!(
        bench
            .get(&network(&format!("{RULESET}/forwardingRules")))
            .get("value")
            .and_then(Value::as_array)
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(
        bench.refused("PUT", &path, rule_to("other.example.", &["10.1.0.4"])),
        (409, "Conflict".into()),
        "the domain stays"
    );
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 200);
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 204);
    let (status, gone, _) = bench.send("GET", &path, Value::Null);
    assert_eq!(status, 404);
    assert_eq!(
        gone["error"]["message"],
        json!(format!(
            "Forwarding rule not found in database. forwardingRuleIdentity=/subscriptions/{SUBSCRIPTION}/resourceGroups/g/dnsForwardingRulesets/set/forwardingRules/corp"
        ))
    );
}

#[test]
fn rules_that_are_taken_and_refused() {
    let bench = with_ruleset();
    let long = format!("{}.", "a".repeat(64));
    for domain in [
        "corp.example",
        "",
        "..",
        "a..b.",
        "-a.",
        "*.example.",
        "a b.",
        &long,
    ] {
        assert_eq!(
            bench.refused("PUT", &rule("bad"), rule_to(domain, &["10.1.0.4"])),
            (400, "BadRequest".into()),
            "{domain:?}"
        );
    }
    for (number, domain) in [
        ".",
        "test.",
        "_tcp.Corp.example.",
        "privatelink.blob.core.windows.net.",
    ]
    .into_iter()
    .enumerate()
    {
        bench.ok(
            "PUT",
            &rule(&format!("good{number}")),
            rule_to(domain, &["10.1.0.4"]),
        );
    }
    let many = ["10.1.0.4"; 7];
    for servers in [&[][..], &many, &["x"], &["168.63.129.16"]] {
        assert_eq!(
            bench.refused("PUT", &rule("bad"), rule_to("a.example.", servers)),
            (400, "BadRequest".into()),
            "{servers:?}"
        );
    }
    for (field, value) in [
        ("targetDnsServers", json!([{"ipAddress": "10.1.0.4", "port": 0}])),
        (
            "targetDnsServers",
            json!([{"ipAddress": "10.1.0.4", "port": 65_536}]),
        ),
        ("forwardingRuleState", json!("Paused")),
        ("metadata", json!({"a": 1})),
        ("metadata", json!("a")),
        ("domainName", json!(7)),
    ] {
        let mut body = rule_to("a.example.", &["10.1.0.4"]);
        body["properties"][field] = value;
        assert_eq!(
            bench.refused("PUT", &rule("bad"), body.clone()),
            (400, "BadRequest".into()),
            "{body}"
        );
    }
}

#[test]
fn a_network_is_linked_to_one_ruleset_in_its_region() {
    let bench = with_ruleset();
    let path = link("l");
    let (status, body, headers) = bench.send("PUT", &path, link_to("vnet"));
    assert_eq!((status, body), (202, json!({})));
    assert!(headers.contains_key("azure-asyncoperation"));
    bench.pass();
    let shown = bench.get(&path);
    assert_eq!(shown["properties"]["provisioningState"], "Succeeded");
    assert_eq!(shown["properties"]["metadata"], json!({"a": "b"}));
    assert!(shown["properties"].get("resourceGuid").is_none() && shown.get("location").is_none());
    let found = bench.ok(
        "POST",
        &network("virtualNetworks/vnet/listDnsForwardingRulesets"),
        Value::Null,
    );
    assert_eq!(
        found,
        json!({"value": [{"id": network(RULESET), "properties": {"virtualNetworkLink": {"id": path}}}]})
    );
    bench.ok(
        "PUT",
        &network("dnsForwardingRulesets/second"),
        ruleset_on(&["o2"]),
    );
    bench.pass();
    let second = network("dnsForwardingRulesets/second/virtualNetworkLinks/l");
    assert_eq!(
        bench.refused("PUT", &second, link_to("vnet")),
        (409, "Conflict".into())
    );
    assert_eq!(
        bench.refused("PUT", &link("m"), link_to("vnet")),
        (409, "Conflict".into())
    );
    for (name, region) in [("near", "westeurope"), ("far", "northeurope")] {
        bench.ok(
            "PUT",
            &network(&format!("virtualNetworks/{name}")),
            json!({"location": region, "properties": {"addressSpace": {"addressPrefixes": ["10.5.0.0/16"]}}}),
        );
    }
    bench.pass();
    assert_eq!(
        bench.refused("PUT", &path, link_to("near")),
        (409, "Conflict".into()),
        "a link stays where it is"
    );
    assert_eq!(
        bench.refused("PUT", &link("far"), link_to("far")),
        (400, "BadRequest".into())
    );
    assert_eq!(failure(&bench, &link("none"), link_to("none")), 400);
    assert_eq!(
        outcome(&bench, "PUT", &link("none"), link_to("near"))["status"],
        "Succeeded"
    );
    assert_eq!(
        bench.refused("DELETE", &network(RULESET), Value::Null),
        (409, "Conflict".into())
    );
    for name in ["l", "none"] {
        assert_eq!(
            outcome(&bench, "DELETE", &link(name), Value::Null)["status"],
            "Succeeded"
        );
    }
    assert_eq!(bench.refused("GET", &path, Value::Null), (404, "NotFound".into()));
    assert_eq!(
        outcome(&bench, "PUT", &second, link_to("vnet"))["status"],
        "Succeeded"
    );
    assert_eq!(
        outcome(&bench, "DELETE", &network(RULESET), Value::Null)["status"],
        "Succeeded"
    );
}

#[test]
fn all_of_it_comes_back_and_goes_with_its_group() {
    let bench = with_ruleset();
    bench.ok("PUT", &rule("corp"), rule_to("corp.example.", &["10.1.0.4"]));
    bench.ok("PUT", &link("l"), link_to("vnet"));
    bench.pass();
    comes_back_and_goes(&bench).unwrap();
}
