//! Rules of load balancers that would send the same to the same place, word for word as Azure was reported to refuse them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, network};
use serde_json::{Value, json};

const LB: &str = "loadBalancers/lb";

fn refusal(bench: &Bench, path: &str, body: Value) -> Value {
    let (status, answer, _) = bench.send("PUT", &network(path), body);
    assert_eq!(status, 400, "{answer}");
    answer["error"].clone()
}

fn frontend(name: &str) -> Value {
    json!({"name": name, "properties": {"subnet": {"id": network("virtualNetworks/vnet/subnets/a")}}})
}

fn id(list: &str, name: &str) -> Value {
    json!({"id": network(&format!("{LB}/{list}/{name}"))})
}

/// A rule for all ports of a frontend, to the pool.
fn rule(name: &str, frontend: &str, floating: bool) -> Value {
    json!({"name": name, "properties": {"protocol": "All", "frontendPort": 0, "backendPort": 0, "enableFloatingIP": floating,
        "frontendIPConfiguration": id("frontendIPConfigurations", frontend),
        "backendAddressPool": id("backendAddressPools", "LoadBalancerNetWeaverBackend")}})
}

fn balancer(rules: Vec<Value>) -> Value {
    json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [frontend("one"), frontend("two")],
        "backendAddressPools": [{"name": "LoadBalancerNetWeaverBackend"}],
        "loadBalancingRules": rules}})
}

#[test]
fn two_rules_do_not_lead_to_one_port_of_a_pool() {
    let bench = Bench::with_network();
    let rules = |floating: bool| {
        vec![
            rule("NetWeaverASCSRule", "one", floating),
            rule("LoadBalancerNetWeaverERSRule", "two", floating),
        ]
    };
    assert_eq!(
        refusal(&bench, LB, balancer(rules(false))),
        json!({"code": "RulesUseSameBackendPortProtocolAndPool", "details": [], "message":
            "Load balancing rules NetWeaverASCSRule and LoadBalancerNetWeaverERSRule with floating IP disabled use the same protocol All and backend port 0, and must not be used with the same backend address pool LoadBalancerNetWeaverBackend."})
    );
    bench.ok("PUT", &network(LB), balancer(rules(true)));
}

#[test]
fn two_nat_rules_do_not_lead_to_one_port_of_an_interface() {
    let bench = Bench::with_network();
    let nat = |name: &str, port: u16, floating: bool| {
        json!({"name": name, "properties": {"protocol": "Tcp", "frontendPort": port, "backendPort": 3389,
            "enableFloatingIP": floating, "frontendIPConfiguration": id("frontendIPConfigurations", "one")}})
    };
    bench.ok(
        "PUT",
        &network(LB),
        json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {
            "frontendIPConfigurations": [frontend("one")],
            "inboundNatRules": [nat("RDP-VM0", 50001, false), nat("RDP-VM1", 50002, false), nat("floats", 50003, true)]}}),
    );
    bench.pass();
    let nic = |rules: &[&str]| {
        let rules: Vec<Value> = rules.iter().map(|name| id("inboundNatRules", name)).collect();
        json!({"location": "westeurope", "properties": {"ipConfigurations": [{"name": "ipconfig1", "properties": {
            "subnet": {"id": network("virtualNetworks/vnet/subnets/a")}, "loadBalancerInboundNatRules": rules}}]}})
    };
    let path = "networkInterfaces/dev-NIC0";
    let (one, two) = (
        network(&format!("{LB}/inboundNatRules/RDP-VM0")),
        network(&format!("{LB}/inboundNatRules/RDP-VM1")),
    );
    assert_eq!(
        refusal(&bench, path, nic(&["RDP-VM0", "RDP-VM1"])),
        json!({"code": "RulesUseSameBackendPortProtocolAndIPConfig", "details": [], "message": format!(
            "Load balancer rules {one} and {two} with floating IP disabled use the same backend port 3389 and protocol Tcp, and must not be used with the same backend IP {}.",
            network("networkInterfaces/dev-NIC0/ipConfigurations/ipconfig1")
        )})
    );
    bench.ok("PUT", &network(path), nic(&["RDP-VM0", "floats"]));
}
