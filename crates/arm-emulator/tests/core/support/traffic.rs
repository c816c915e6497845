//! Bodies of security groups, rules and subnets.

use serde_json::{Value, json};

use super::{Bench, network};

pub const NSG: &str = "networkSecurityGroups/nsg";

pub fn rule(changes: &Value) -> Value {
    let mut properties = json!({
        "protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 200,
        "sourcePortRange": "*", "destinationPortRange": "443",
        "sourceAddressPrefix": "10.0.0.0/8", "destinationAddressPrefix": "*",
    });
    for (name, value) in changes.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!({"properties": properties})
}

pub fn named(name: &str, changes: &Value) -> Value {
    let mut made = rule(changes);
    made["name"] = json!(name);
    made
}

pub fn group(rules: &[Value]) -> Value {
    json!({"location": "westeurope", "properties": {"securityRules": rules}})
}

pub fn with_group() -> Bench {
    let bench = Bench::with_network();
    bench.ok("PUT", &network(NSG), json!({"location": "westeurope"}));
    bench.pass();
    bench
}

pub fn make(bench: &Bench, path: &str) -> String {
    make_in(bench, path, "westeurope")
}

pub fn make_in(bench: &Bench, path: &str, location: &str) -> String {
    let id = network(path);
    bench.ok("PUT", &id, json!({"location": location}));
    bench.pass();
    id
}

pub fn asg(bench: &Bench, name: &str) -> Value {
    json!({"id": make(bench, &format!("applicationSecurityGroups/{name}"))})
}

pub fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

/// The subnet `a` with further properties.
pub fn subnet_with(changes: &Value) -> Value {
    let mut properties = json!({"addressPrefix": "10.0.0.0/24"});
    for (name, value) in changes.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!({"properties": properties})
}
