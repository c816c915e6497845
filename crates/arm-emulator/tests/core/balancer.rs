//! Load balancers and public addresses.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, network};
use serde_json::{Value, json};

fn public(bench: &Bench, name: &str) -> String {
    let id = network(&format!("publicIPAddresses/{name}"));
    bench.ok(
        "PUT",
        &id,
        json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}),
    );
    id
}

fn inside(name: &str) -> Value {
    json!({"name": name, "properties": {"subnet": {"id": network("virtualNetworks/vnet/subnets/a")}}})
}

fn balancer(properties: Value) -> Value {
    json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": properties})
}

const LB: &str = "loadBalancers/lb";

fn part(rest: &str) -> Value {
    json!({"id": network(&format!("{LB}/{rest}"))})
}

#[test]
fn a_public_address_is_there_once_it_is_made_and_goes_when_nobody_uses_it() {
    let bench = Bench::with_network();
    let id = public(&bench, "ip");
    let made = bench.get(&id);
    assert_eq!(made["properties"]["provisioningState"], "Updating");
    assert_eq!(made["properties"].get("ipAddress"), None);
    assert_eq!(made["sku"], json!({"name": "Standard", "tier": "Regional"}));
    let frontend = json!({"name": "fe", "properties": {"publicIPAddress": {"id": id}}});
    let body = balancer(json!({"frontendIPConfigurations": [frontend]}));
    let (status, answer, headers) = bench.send("PUT", &network(LB), body.clone());
    assert_eq!(status, 429, "{answer}");
    assert_eq!(
        answer["error"]["details"][0]["code"],
        "ReferencedResourceNotProvisioned"
    );
    assert_eq!(headers.get("retry-after"), None);
    bench.pass();
    let address = bench.get(&id)["properties"]["ipAddress"].clone();
    assert!(address.as_str().unwrap().starts_with("20."), "{address}");
    let (status, made, headers) = bench.send("PUT", &network(LB), body.clone());
    assert_eq!(
        (status, &made["properties"]["provisioningState"]),
        (201, &json!("Succeeded"))
    );
    assert!(headers.contains_key("azure-asyncoperation") && !headers.contains_key("retry-after"));
    let used = bench.get(&id)["properties"]["ipConfiguration"]["id"].clone();
    assert_eq!(used, network(&format!("{LB}/frontendIPConfigurations/fe")));
    let (status, answer, _) = bench.send("DELETE", &id, Value::Null);
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("PublicIPAddressCannotBeDeleted"))
    );
    assert_eq!(
        bench.refused("PUT", &network("loadBalancers/other"), body).1,
        "PublicIPAddressInUse"
    );
    bench.ok("DELETE", &network(LB), Value::Null);
    bench.pass();
    bench.ok("DELETE", &id, Value::Null);
}

#[test]
fn skus_of_public_addresses_and_balancers_agree() {
    let bench = Bench::with_network();
    let dynamic = json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Dynamic"}});
    assert_eq!(
        bench.refused("PUT", &network("publicIPAddresses/ip"), dynamic).1,
        "StandardSkuPublicIPAddressesMustBeStatic"
    );
    let basic = network("publicIPAddresses/basic");
    let labelled =
        json!({"location": "westeurope", "properties": {"dnsSettings": {"domainNameLabel": "front"}}});
    bench.ok("PUT", &basic, labelled.clone());
    assert_eq!(
        bench
            .refused("PUT", &network("publicIPAddresses/second"), labelled)
            .1,
        "DnsRecordInUse"
    );
    bench.pass();
    let shown = bench.get(&basic);
    assert_eq!(
        shown["properties"]["dnsSettings"]["fqdn"],
        "front.westeurope.cloudapp.azure.com"
    );
    assert_eq!(shown["properties"].get("ipAddress"), None, "it is dynamic");
    let frontend = json!({"name": "fe", "properties": {"publicIPAddress": {"id": basic}}});
    let mut body = balancer(json!({"frontendIPConfigurations": [frontend]}));
    assert_eq!(
        bench.refused("PUT", &network(LB), body.clone()).1,
        "PublicIPAndLBSkuDoNotMatch"
    );
    body["sku"]["name"] = json!("Basic");
    bench.ok("PUT", &network(LB), body.clone());
    assert!(bench.get(&basic)["properties"]["ipAddress"].is_string());
    body["sku"]["name"] = json!("Standard");
    assert_eq!(
        bench.refused("PUT", &network(LB), body).1,
        "LoadBalancerSkuCannotBeChanged"
    );
}

#[test]
fn frontends_take_their_addresses_from_the_subnet() {
    let bench = Bench::with_network();
    let subnet = network("virtualNetworks/vnet/subnets/a");
    let fixed = json!({"name": "fixed", "properties": {"subnet": {"id": subnet},
        "privateIPAllocationMethod": "Static", "privateIPAddress": "10.0.0.5"}});
    let list = |frontends: Vec<Value>| balancer(json!({"frontendIPConfigurations": frontends}));
    let (_, made, headers) = bench.send(
        "PUT",
        &network(LB),
        list(vec![inside("one"), fixed.clone(), inside("two")]),
    );
    assert_eq!(headers["retry-after"], "3");
    let addresses = |shown: &Value| -> Vec<String> {
        shown["properties"]["frontendIPConfigurations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["properties"]["privateIPAddress"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(addresses(&made), ["10.0.0.4", "10.0.0.5", "10.0.0.6"]);
    bench.pass();
    // The one that stays keeps its address.
    let shown = bench.ok("PUT", &network(LB), list(vec![inside("two")]));
    assert_eq!(addresses(&shown), ["10.0.0.6"]);
    bench.pass();
    let users = bench.get(&subnet)["properties"]["ipConfigurations"].clone();
    assert_eq!(users, json!([part("frontendIPConfigurations/two")]));
    assert_eq!(
        bench.refused("DELETE", &subnet, Value::Null).1,
        "InUseSubnetCannotBeDeleted"
    );
    for (address, code) in [
        ("10.0.0.6", "PrivateIPAddressIsAllocated"),
        ("10.0.0.3", "PrivateIPAddressInReservedRange"),
        ("10.0.9.9", "PrivateIPAddressNotInSubnet"),
        ("x", "InvalidIPAddressFormat"),
    ] {
        let mut wrong = fixed.clone();
        wrong["properties"]["privateIPAddress"] = json!(address);
        assert_eq!(
            bench
                .refused("PUT", &network("loadBalancers/other"), list(vec![wrong]))
                .1,
            code
        );
    }
    assert_eq!(
        bench
            .refused("PUT", &network(LB), list(vec![inside("two"), inside("Two")]))
            .1,
        "InvalidRequestFormat"
    );
    assert_eq!(
        bench
            .refused("PUT", &network(LB), list(vec![json!({"name": "nothing"})]))
            .1,
        "InvalidFrontendIPConfiguration"
    );
    let mut gone = inside("one");
    gone["properties"]["subnet"]["id"] = json!(network("virtualNetworks/vnet/subnets/none"));
    assert_eq!(
        bench.refused("PUT", &network(LB), list(vec![gone])).1,
        "InvalidResourceReference"
    );
}

#[test]
fn parts_name_each_other_and_show_who_names_them() {
    let bench = Bench::with_network();
    let rule = json!({"name": "web", "properties": {"frontendIPConfiguration": part("frontendIPConfigurations/fe"),
        "backendAddressPool": part("backendAddressPools/pool"), "probe": part("probes/health"),
        "protocol": "Tcp", "frontendPort": 80, "backendPort": 8080}});
    let whole = balancer(json!({
        "frontendIPConfigurations": [inside("fe")],
        "backendAddressPools": [{"name": "pool"}],
        "probes": [{"name": "health", "properties": {"protocol": "Tcp", "port": 8080}}],
        "loadBalancingRules": [rule],
        "inboundNatRules": [{"name": "ssh", "properties": {"frontendIPConfiguration": part("frontendIPConfigurations/fe"),
            "frontendPort": 22, "backendPort": 22}}],
        "outboundRules": [{"name": "out", "properties": {"protocol": "All",
            "frontendIPConfigurations": [part("frontendIPConfigurations/fe")], "backendAddressPool": part("backendAddressPools/pool")}}],
    }));
    bench.ok("PUT", &network(LB), whole.clone());
    bench.pass();
    let shown = bench.get(&network(LB));
    let at = |path: &str| shown.pointer(path).cloned().unwrap();
    assert_eq!(
        at("/properties/frontendIPConfigurations/0/properties/loadBalancingRules"),
        json!([part("loadBalancingRules/web")])
    );
    assert_eq!(
        at("/properties/frontendIPConfigurations/0/properties/inboundNatRules"),
        json!([part("inboundNatRules/ssh")])
    );
    assert_eq!(
        at("/properties/backendAddressPools/0/properties/outboundRules"),
        json!([part("outboundRules/out")])
    );
    assert_eq!(
        at("/properties/probes/0/properties/loadBalancingRules"),
        json!([part("loadBalancingRules/web")])
    );
    assert_eq!(at("/properties/loadBalancingRules/0/etag"), at("/etag"));
    // Parts can be read, and nothing else.
    let probe = bench.get(&network(&format!("{LB}/probes/health")));
    assert_eq!(probe, at("/properties/probes/0"));
    assert_eq!(
        bench.get(&network(&format!("{LB}/loadBalancingRules")))["value"][0]["name"],
        "web"
    );
    assert_eq!(
        bench
            .send("GET", &network(&format!("{LB}/probes/none")), Value::Null)
            .0,
        404
    );
    assert_eq!(
        bench
            .send("PUT", &network(&format!("{LB}/probes/health")), json!({}))
            .0,
        405
    );
    // What is read can be written back, and changes nothing.
    bench.ok("PUT", &network(LB), shown.clone());
    assert!(!bench.last_changed());
    assert_eq!(
        bench
            .refused(
                "DELETE",
                &network(&format!("{LB}/backendAddressPools/pool")),
                Value::Null
            )
            .1,
        "InUseBackendAddressPoolCannotBeDeleted"
    );
    for (path, value, code) in [
        (
            "/properties/loadBalancingRules/0/properties/probe",
            part("probes/none"),
            "InvalidResourceReference",
        ),
        (
            "/properties/backendAddressPools",
            json!([]),
            "InvalidResourceReference",
        ),
        (
            "/properties/frontendIPConfigurations",
            json!([inside("else")]),
            "InvalidResourceReference",
        ),
        (
            "/properties/loadBalancingRules/0/properties/frontendPort",
            json!(22),
            "RulesUseSameFrontendPortProtocolAndIPConfig",
        ),
        (
            "/properties/loadBalancingRules/0/properties/frontendPort",
            json!(70000),
            "InvalidRequestFormat",
        ),
        (
            "/properties/loadBalancingRules/0/properties/protocol",
            json!("Icmp"),
            "InvalidRequestFormat",
        ),
        (
            "/properties/loadBalancingRules/0/properties/protocol",
            json!(null),
            "InvalidRequestFormat",
        ),
        (
            "/properties/probes/0/properties/protocol",
            json!("Http"),
            "InvalidProbeRequestPath",
        ),
    ] {
        let mut body = whole.clone();
        *body.pointer_mut(path).unwrap() = value;
        assert_eq!(bench.refused("PUT", &network(LB), body).1, code, "{path}");
    }
}

#[test]
fn nat_rules_are_resources_of_their_own() {
    let bench = Bench::with_network();
    bench.ok(
        "PUT",
        &network(LB),
        balancer(json!({"frontendIPConfigurations": [inside("fe")]})),
    );
    bench.pass();
    let path = network(&format!("{LB}/inboundNatRules/ssh"));
    let rule = |frontend: &str, port: u16| json!({"properties": {"frontendIPConfiguration": part(&format!("frontendIPConfigurations/{frontend}")), "frontendPort": port, "backendPort": 22}});
    assert_eq!(
        bench.refused("PUT", &path, rule("none", 22)).1,
        "InvalidResourceReference"
    );
    assert_eq!(bench.send("PUT", &path, rule("fe", 22)).0, 201);
    assert_eq!(bench.send("PUT", &path, rule("fe", 23)).0, 200);
    assert_eq!(
        bench
            .refused(
                "PUT",
                &network(&format!("{LB}/inboundNatRules/b")),
                rule("fe", 23)
            )
            .1,
        "RulesUseSameFrontendPortProtocolAndIPConfig"
    );
    let shown = bench.get(&network(LB));
    assert_eq!(
        shown["properties"]["inboundNatRules"][0]["properties"]["frontendPort"],
        23
    );
    assert_eq!(shown["etag"], bench.get(&path)["etag"]);
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 202);
    bench.pass();
    assert_eq!(bench.send("GET", &path, Value::Null).0, 404);
    // A write of the balancer replaces its list.
    bench.ok("PUT", &path, rule("fe", 22));
    bench.ok(
        "PUT",
        &network(LB),
        balancer(json!({"frontendIPConfigurations": [inside("fe")]})),
    );
    bench.pass();
    assert_eq!(bench.send("GET", &path, Value::Null).0, 404);
    bench.ok("DELETE", &network(LB), Value::Null);
    bench.pass();
    assert_eq!(
        bench.emulator.resource_ids().len(),
        5,
        "{:?}",
        bench.emulator.resource_ids()
    );
}
