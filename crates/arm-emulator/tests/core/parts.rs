//! Names of the parts of bodies of the network provider: connections, configurations, frontends, rules, children.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use crate::support::{Bench, endpoint_body, network, service_body};
use serde_json::{Value, json};

/// Where a part is, in what resource.
type Case = (String, &'static str, Value);

/// Requests that are in order, each with the place of a part with a name.
fn cases(bench: &Bench) -> Vec<Case> {
    let zone = network("privateDnsZones/privatelink.blob.core.windows.net");
    bench.ok("PUT", &zone, json!({"location": "global"}));
    let service = service_body(bench, json!({}));
    bench.ok("PUT", &network("privateEndpoints/other"), endpoint_body("a"));
    bench.pass();
    let mut manual = endpoint_body("a");
    let connections = manual["properties"]["privateLinkServiceConnections"].take();
    manual["properties"] = json!({
        "subnet": manual["properties"]["subnet"], "manualPrivateLinkServiceConnections": connections,
    });
    let mut with_address = endpoint_body("a");
    with_address["properties"]["ipConfigurations"] = json!([{"name": "ip", "properties": {
        "groupId": "blob", "memberName": "blob", "privateIPAddress": "10.0.0.77",
    }}]);
    let subnet = json!({"id": network("virtualNetworks/vnet/subnets/a")});
    let interface = json!({"location": "westeurope", "properties": {
        "ipConfigurations": [{"name": "ip", "properties": {"subnet": subnet}}],
    }});
    let zones = json!({"properties": {
        "privateDnsZoneConfigs": [{"name": "blob", "properties": {"privateDnsZoneId": zone}}],
    }});
    let frontend = json!({"id": network("loadBalancers/lb/frontendIPConfigurations/fe")});
    let balancer = json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [{"name": "fe", "properties": {"subnet": subnet}}],
        "backendAddressPools": [{"name": "pool"}],
        "probes": [{"name": "probe", "properties": {"protocol": "Tcp", "port": 80}}],
        "loadBalancingRules": [{"name": "rule", "properties": {
            "protocol": "Tcp", "frontendPort": 80, "backendPort": 80, "frontendIPConfiguration": frontend,
        }}],
    }});
    let space = json!({"location": "westeurope", "properties": {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
        "subnets": [{"name": "one", "properties": {"addressPrefix": "10.9.0.0/24"}}],
    }});
    let in_endpoint = "/properties/privateLinkServiceConnections/0";
    let in_manual = "/properties/manualPrivateLinkServiceConnections/0";
    let in_balancer = |list: &'static str| (network("loadBalancers/lb"), list, balancer.clone());
    vec![
        (network("privateEndpoints/pe"), in_endpoint, endpoint_body("a")),
        (network("privateEndpoints/pe"), in_manual, manual),
        (
            network("privateEndpoints/pe"),
            "/properties/ipConfigurations/0",
            with_address,
        ),
        (
            network("networkInterfaces/nic"),
            "/properties/ipConfigurations/0",
            interface,
        ),
        (
            network("privateLinkServices/pls"),
            "/properties/ipConfigurations/0",
            service,
        ),
        (
            network("privateEndpoints/other/privateDnsZoneGroups/default"),
            "/properties/privateDnsZoneConfigs/0",
            zones,
        ),
        in_balancer("/properties/frontendIPConfigurations/0"),
        in_balancer("/properties/backendAddressPools/0"),
        in_balancer("/properties/probes/0"),
        in_balancer("/properties/loadBalancingRules/0"),
        (network("virtualNetworks/new"), "/properties/subnets/0", space),
    ]
}

fn named((path, part, body): &Case, name: Value) -> (String, Value) {
    let mut body = body.clone();
    if let Some(part) = body.pointer_mut(part) {
        part["name"] = name;
    }
    (path.clone(), body)
}

#[test]
fn a_part_without_a_name_cannot_be_parsed_and_the_refusal_does_not_say_which() {
    let bench = Bench::with_network();
    for case in cases(&bench) {
        let (path, body) = named(&case, Value::Null);
        let (status, answer, _) = bench.send("PUT", &path, body);
        assert_eq!(status, 400, "{case:?}");
        assert_eq!(
            answer,
            json!({"error": {"code": "InvalidRequestFormat", "message": "Cannot parse the request.", "details": []}}),
            "{case:?}"
        );
        assert_eq!(bench.refused("GET", &path, Value::Null).0, 404);
    }
}

#[test]
fn names_of_parts_are_like_those_of_resources() {
    let bench = Bench::with_network();
    for case in cases(&bench) {
        for wrong in ["a/b", "a b", "a:b", "-a", "a-", ".", "n\u{e9}", &"n".repeat(81)] {
            let (path, body) = named(&case, json!(wrong));
            let (status, answer, _) = bench.send("PUT", &path, body);
            assert_eq!(status, 400, "{wrong} {case:?}");
            assert_eq!(answer["error"]["code"], "InvalidResourceName", "{wrong} {case:?}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(
                message.starts_with(&format!("Resource name {wrong} is invalid. ")),
                "{message}"
            );
        }
    }
    // All of them are taken with a name as it should be.
    for case in cases(&bench) {
        if case.1.ends_with("manualPrivateLinkServiceConnections/0") {
            continue;
        }
        let (path, body) = named(&case, json!("a_b.c-1_"));
        if case.1.contains("frontendIPConfigurations") {
            // Its rule names the frontend.
            continue;
        }
        bench.ok("PUT", &path, body);
        bench.pass();
        bench.ok("DELETE", &path, Value::Null);
        bench.pass();
    }
}
