//! Network interfaces that users write.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, network};
use serde_json::{Value, json};

const NIC: &str = "networkInterfaces/nic";

fn configuration(name: &str, more: Value) -> Value {
    let mut properties = json!({"subnet": {"id": network("virtualNetworks/vnet/subnets/a")}});
    for (name, value) in more.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!({"name": name, "properties": properties})
}

fn nic(configurations: Vec<Value>) -> Value {
    json!({"location": "westeurope", "properties": {"ipConfigurations": configurations}})
}

#[test]
fn an_interface_takes_its_addresses_from_the_subnet() {
    let bench = Bench::with_network();
    let fixed = json!({"privateIPAllocationMethod": "Static", "privateIPAddress": "10.0.0.4"});
    let made = bench.ok(
        "PUT",
        &network(NIC),
        nic(vec![
            configuration("one", json!({})),
            configuration("two", fixed.clone()),
        ]),
    );
    let at = |number: usize, name: &str| {
        made["properties"]["ipConfigurations"][number]["properties"][name].clone()
    };
    assert_eq!(
        (at(0, "privateIPAddress"), at(1, "privateIPAddress")),
        (json!("10.0.0.5"), json!("10.0.0.4"))
    );
    assert_eq!((at(0, "primary"), at(1, "primary")), (json!(true), json!(false)));
    assert_eq!(
        (
            at(0, "privateIPAllocationMethod"),
            at(0, "privateIPAddressVersion")
        ),
        (json!("Dynamic"), json!("IPv4"))
    );
    bench.pass();
    bench.ok("PUT", &network(NIC), bench.get(&network(NIC)));
    assert!(!bench.last_changed(), "what is read can be written back");
    assert_eq!(
        bench
            .refused(
                "PUT",
                &network("networkInterfaces/other"),
                nic(vec![configuration("one", fixed)])
            )
            .1,
        "PrivateIPAddressIsAllocated"
    );
    assert_eq!(
        bench
            .refused("DELETE", &network("virtualNetworks/vnet/subnets/a"), Value::Null)
            .1,
        "InUseSubnetCannotBeDeleted"
    );
    bench.ok("DELETE", &network(NIC), Value::Null);
    bench.pass();
    bench.ok("DELETE", &network("virtualNetworks/vnet/subnets/a"), Value::Null);
}

#[test]
fn a_full_subnet_has_no_address_left() {
    let bench = Bench::with_network();
    // `b` is a /29: three addresses.
    let subnet = json!({"subnet": {"id": network("virtualNetworks/vnet/subnets/b")}});
    for number in 0..3 {
        let path = network(&format!("networkInterfaces/n{number}"));
        bench.ok("PUT", &path, nic(vec![configuration("ip", subnet.clone())]));
    }
    assert_eq!(
        bench
            .refused("PUT", &network(NIC), nic(vec![configuration("ip", subnet)]))
            .1,
        "SubnetIsFull"
    );
}

#[test]
fn what_an_interface_needs_is_checked() {
    let bench = Bench::with_network();
    bench.ok(
        "PUT",
        &network("virtualNetworks/far"),
        json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
            "subnets": [{"name": "a", "properties": {"addressPrefix": "10.9.0.0/24"}}]}}),
    );
    bench.pass();
    let subnet = |path: &str| json!({"subnet": {"id": network(path)}});
    for (configurations, code) in [
        (vec![], "InvalidRequestFormat"),
        (
            vec![json!({"name": "ip", "properties": {}})],
            "InvalidRequestFormat",
        ),
        (
            vec![configuration(
                "ip",
                json!({"privateIPAllocationMethod": "Chosen"}),
            )],
            "InvalidRequestFormat",
        ),
        (
            vec![configuration(
                "ip",
                json!({"privateIPAllocationMethod": "Static"}),
            )],
            "StaticIPAddressNotSpecified",
        ),
        (
            vec![configuration("ip", subnet("virtualNetworks/vnet/subnets/none"))],
            "InvalidResourceReference",
        ),
        (
            vec![
                configuration("ip", json!({})),
                configuration("far", subnet("virtualNetworks/far/subnets/a")),
            ],
            "SubnetsNotInSameVnet",
        ),
        (
            vec![configuration("ip", json!({})), configuration("IP", json!({}))],
            "InvalidRequestFormat",
        ),
        (
            vec![
                configuration("ip", json!({"primary": true})),
                configuration("b", json!({"primary": true})),
            ],
            "IpConfigurationsMustHaveExactlyOnePrimary",
        ),
        (
            vec![configuration(
                "ip",
                json!({"loadBalancerBackendAddressPools": [{"id": network("loadBalancers/lb/backendAddressPools/none")}]}),
            )],
            "InvalidResourceReference",
        ),
    ] {
        let body = nic(configurations);
        assert_eq!(
            bench.refused("PUT", &network(NIC), body.clone()).1,
            code,
            "{body}"
        );
    }
}

#[test]
fn interfaces_are_in_pools_and_keep_them() {
    let bench = Bench::with_network();
    let balancer = network("loadBalancers/lb");
    let body = json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [configuration("fe", json!({}))], "backendAddressPools": [{"name": "pool"}]}});
    bench.ok("PUT", &balancer, body.clone());
    bench.pass();
    let pool = format!("{balancer}/backendAddressPools/pool");
    bench.ok(
        "PUT",
        &network(NIC),
        nic(vec![configuration(
            "ip",
            json!({"loadBalancerBackendAddressPools": [{"id": pool}]}),
        )]),
    );
    bench.pass();
    assert_eq!(
        bench.get(&pool)["properties"]["backendIPConfigurations"],
        json!([{"id": network(&format!("{NIC}/ipConfigurations/ip"))}])
    );
    assert_eq!(
        bench.refused("DELETE", &pool, Value::Null).1,
        "InUseBackendAddressPoolCannotBeDeleted"
    );
    assert_eq!(
        bench.refused("DELETE", &balancer, Value::Null).1,
        "InUseLoadBalancerCannotBeDeleted"
    );
    let mut without = body;
    without["properties"]["backendAddressPools"] = json!([]);
    assert_eq!(
        bench.refused("PUT", &balancer, without).1,
        "InUseBackendAddressPoolCannotBeDeleted"
    );
    bench.ok("DELETE", &network(NIC), Value::Null);
    bench.pass();
    bench.ok("DELETE", &balancer, Value::Null);
}
