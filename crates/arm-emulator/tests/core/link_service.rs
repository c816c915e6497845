//! Private link services.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, SUBSCRIPTION, endpoint_on, network, service_body};
use serde_json::{Value, json};

const PLS: &str = "privateLinkServices/pls";

fn configuration(name: &str, more: Value) -> Value {
    let mut properties = json!({"subnet": {"id": network("virtualNetworks/vnet/subnets/nat")}});
    for (name, value) in more.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!({"name": name, "properties": properties})
}

#[test]
fn a_service_takes_addresses_and_brings_an_interface() {
    let bench = Bench::with_network();
    let fixed =
        json!({"privateIPAllocationMethod": "Static", "privateIPAddress": "10.0.200.9", "primary": true});
    let body = service_body(
        &bench,
        json!({"ipConfigurations": [configuration("one", json!({})), configuration("two", fixed)]}),
    );
    bench.ok("PUT", &network(PLS), body.clone());
    bench.pass();
    let shown = bench.get(&network(PLS));
    let configurations = &shown["properties"]["ipConfigurations"];
    assert_eq!(configurations[0]["properties"]["primary"], false);
    assert_eq!(configurations[0]["properties"].get("privateIPAddress"), None);
    assert_eq!(configurations[1]["properties"]["privateIPAddress"], "10.0.200.9");
    assert_eq!(shown["properties"]["accessMode"], "Default");
    bench.ok("PUT", &network(PLS), shown.clone());
    assert!(!bench.last_changed(), "what is read can be written back");
    let interface = shown["properties"]["networkInterfaces"][0]["id"]
        .as_str()
        .unwrap();
    let nic = bench.get(interface);
    let addresses: Vec<&Value> = nic["properties"]["ipConfigurations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["properties"]["privateIPAddress"])
        .collect();
    // The balancer has the first.
    assert_eq!(addresses, ["10.0.200.5", "10.0.200.9"]);
    assert_eq!(nic["properties"]["privateLinkService"]["id"], network(PLS));
    assert_eq!(
        bench.refused("DELETE", interface, Value::Null).1,
        "NicInUseWithPrivateLinkService"
    );
    assert_eq!(
        bench.refused("PUT", interface, nic).1,
        "CannotModifyNicAttachedToPrivateLinkService"
    );
    let check = network("virtualNetworks/vnet/checkIPAddressAvailability?ipAddress=10.0.200.9");
    assert_eq!(bench.get(&check)["available"], false);
    bench.ok("DELETE", &network(PLS), Value::Null);
    bench.pass();
    assert_eq!(bench.send("GET", interface, Value::Null).0, 404);
    assert_eq!(bench.get(&check)["available"], true);
}

#[test]
fn what_a_service_needs_is_checked() {
    let bench = Bench::with_network();
    let whole = service_body(&bench, json!({}));
    let one = |primary: bool| configuration("x", json!({"primary": primary}));
    let many: Vec<Value> = (0..9)
        .map(|number| configuration(&format!("ip{number}"), json!({})))
        .collect();
    let elsewhere =
        json!([{"name": "ip", "properties": {"subnet": {"id": network("virtualNetworks/far/subnets/a")}}}]);
    bench.ok(
        "PUT",
        &network("virtualNetworks/far"),
        json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
            "subnets": [{"name": "a", "properties": {"addressPrefix": "10.9.0.0/24", "privateLinkServiceNetworkPolicies": "Disabled"}}]}}),
    );
    bench.pass();
    let mut second = configuration("y", json!({"primary": true}));
    second["name"] = json!("X");
    for (list, value, code) in [
        (
            "loadBalancerFrontendIpConfigurations",
            json!([]),
            "PrivateLinkServiceMissingLoadBalancerFrontendIpConfigurationOrDestinationIPAddress",
        ),
        (
            "loadBalancerFrontendIpConfigurations",
            json!([{"id": network("loadBalancers/nat/frontendIPConfigurations/none")}]),
            "InvalidResourceReference",
        ),
        (
            "loadBalancerFrontendIpConfigurations",
            json!([{"id": network("loadBalancers/none/frontendIPConfigurations/fe")}]),
            "InvalidResourceReference",
        ),
        (
            "destinationIPAddress",
            json!("10.0.0.9"),
            "PrivateLinkServiceCannotHaveBothLoadBalancerAndDestinationIPAddress",
        ),
        ("ipConfigurations", json!([]), "InvalidRequestFormat"),
        (
            "ipConfigurations",
            json!(many),
            "PrivateLinkServiceIpConfigurationCountLimitReached",
        ),
        (
            "ipConfigurations",
            json!([one(false)]),
            "IpConfigurationsMustHaveExactlyOnePrimary",
        ),
        (
            "ipConfigurations",
            json!([one(true), configuration("y", json!({"primary": true}))]),
            "IpConfigurationsMustHaveExactlyOnePrimary",
        ),
        (
            "ipConfigurations",
            json!([one(true), second]),
            "InvalidRequestFormat",
        ),
        (
            "ipConfigurations",
            json!([{"name": "ip", "properties": {}}]),
            "PrivateLinkServiceIpConfigurationMissingSubnet",
        ),
        ("ipConfigurations", elsewhere, "SubnetsNotInSameVnet"),
        (
            "visibility",
            json!({"subscriptions": ["mine"]}),
            "InvalidSubscriptionId",
        ),
        (
            "visibility",
            json!({"subscriptions": vec![SUBSCRIPTION; 101]}),
            "InvalidRequestFormat",
        ),
        (
            "autoApproval",
            json!({"subscriptions": ["x"]}),
            "InvalidSubscriptionId",
        ),
        ("accessMode", json!("Open"), "InvalidRequestFormat"),
    ] {
        let mut body = whole.clone();
        body["properties"][list] = value;
        assert_eq!(
            bench.refused("PUT", &network(PLS), body.clone()).1,
            code,
            "{body}"
        );
    }
    let basic = network("loadBalancers/basic");
    bench.ok(
        "PUT",
        &basic,
        json!({"location": "westeurope", "properties": {"frontendIPConfigurations": [configuration("fe", json!({}))]}}),
    );
    bench.pass();
    let mut body = whole.clone();
    body["properties"]["loadBalancerFrontendIpConfigurations"] =
        json!([{"id": format!("{basic}/frontendIPConfigurations/fe")}]);
    assert_eq!(
        bench.refused("PUT", &network(PLS), body).1,
        "PrivateLinkServiceRequiresStandardLoadBalancer"
    );
    let by_address = network("loadBalancers/nat/backendAddressPools/addresses");
    bench.ok(
        "PUT",
        &by_address,
        json!({"properties": {"loadBalancerBackendAddresses": [{"name": "one", "properties": {"ipAddress": "10.0.0.77"}}]}}),
    );
    bench.pass();
    assert_eq!(
        bench.refused("PUT", &network(PLS), whole.clone()).1,
        "PrivateLinkServiceNotSupportedWithIPBasedBackendPool"
    );
    bench.ok("DELETE", &by_address, Value::Null);
    bench.pass();
    // Eight services stand behind one balancer, and keep its frontend.
    for number in 0..8 {
        bench.ok(
            "PUT",
            &network(&format!("privateLinkServices/s{number}")),
            whole.clone(),
        );
    }
    assert_eq!(
        bench.refused("PUT", &network(PLS), whole).1,
        "PrivateLinkServicePerLoadBalancerCountLimitReached"
    );
    bench.pass();
    let other = json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"frontendIPConfigurations": [configuration("other", json!({}))]}});
    assert_eq!(
        bench.refused("PUT", &network("loadBalancers/nat"), other).1,
        "InUseFrontendIPConfigurationCannotBeDeleted"
    );
}

#[test]
fn a_service_without_a_balancer_has_pairs_of_addresses() {
    let bench = Bench::with_network();
    service_body(&bench, json!({}));
    let direct = |count: usize| {
        let list: Vec<Value> = (0..count)
            .map(|number| configuration(&format!("ip{number}"), json!({})))
            .collect();
        json!({"location": "westeurope", "properties": {"destinationIPAddress": "192.168.0.7", "ipConfigurations": list}})
    };
    for count in [1, 3] {
        assert_eq!(
            bench.refused("PUT", &network(PLS), direct(count)).1,
            "PrivateLinkServiceDirectConnectInvalidIpConfigurationCount"
        );
    }
    for number in 0..10 {
        let path = network(&format!("privateLinkServices/d{number}"));
        bench.ok("PUT", &path, direct(2));
    }
    assert_eq!(
        bench.refused("PUT", &network(PLS), direct(2)).1,
        "PrivateLinkServiceDirectConnectCountLimitReached"
    );
    bench.pass();
    let path = network("privateLinkServices/d0");
    bench.ok("PUT", &path, direct(4));
    bench.pass();
    let behind = service_body(&bench, json!({}));
    assert_eq!(
        bench.refused("PUT", &path, behind).1,
        "PrivateLinkServiceDestinationCannotBeChanged"
    );
    bench.ok("DELETE", &path, Value::Null);
    bench.pass();
    bench.ok("PUT", &network(PLS), direct(2));
    bench.pass();
    bench.ok(
        "PUT",
        &network("privateEndpoints/pe"),
        endpoint_on("a", &network(PLS), &[], false),
    );
}

#[test]
fn a_group_keeps_a_service_that_others_are_connected_to() {
    let bench = Bench::with_network();
    let far = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/far");
    bench.ok("PUT", &far, json!({"location": "westeurope"}));
    let service = format!("{far}/providers/Microsoft.Network/{PLS}");
    bench.ok("PUT", &service, service_body(&bench, json!({})));
    bench.pass();
    let endpoint = network("privateEndpoints/pe");
    bench.ok("PUT", &endpoint, endpoint_on("a", &service, &[], true));
    bench.pass();
    let connections = format!("{service}/privateEndpointConnections");
    let before = bench.get(&connections);
    assert_eq!(before["value"].as_array().unwrap().len(), 1);

    let (status, _, headers) = bench.send("DELETE", &far, Value::Null);
    assert_eq!(status, 202);
    bench.pass();
    let (status, answer, _) = bench.send("GET", headers["location"].to_str().unwrap(), Value::Null);
    assert_eq!(
        (status, &answer["error"]["code"]),
        (409, &json!("ResourceGroupDeletionBlocked")),
        "{answer}"
    );
    assert_eq!(bench.get(&connections), before);
    let shown = bench.get(&endpoint);
    assert_eq!(
        shown["properties"]["manualPrivateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]
            ["status"],
        "Pending"
    );
    // Without the endpoint nothing keeps it.
    bench.ok("DELETE", &endpoint, Value::Null);
    bench.pass();
    bench.ok("DELETE", &far, Value::Null);
    bench.pass();
    assert_eq!(bench.send("GET", &far, Value::Null).0, 404);
}
