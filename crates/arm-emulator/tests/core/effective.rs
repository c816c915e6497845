//! What holds for an interface: rules and routes in force, of interfaces with a machine only.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use crate::support::estate::machine_id;
use crate::support::{Bench, network};
use serde_json::{Value, json};

const NIC: &str = "networkInterfaces/nic";

fn put(bench: &Bench, path: &str, body: Value) {
    bench.ok("PUT", &network(path), body);
    bench.pass();
}

fn with_interface() -> Bench {
    let bench = Bench::with_network();
    put(
        &bench,
        NIC,
        json!({"location": "westeurope", "properties": {"ipConfigurations": [
            {"name": "ip", "properties": {"subnet": {"id": network("virtualNetworks/vnet/subnets/a")}}}]}}),
    );
    bench
}

fn with_machine() -> Bench {
    let bench = with_interface();
    bench.ok(
        "PUT",
        &machine_id("vm"),
        json!({"location": "westeurope", "properties": {"networkProfile": {"networkInterfaces": [{"id": network(NIC)}]}}}),
    );
    bench.pass();
    bench
}

/// The result of an action: accepted, then read where `Location` says.
fn result(bench: &Bench, action: &str) -> Value {
    let (status, body, headers) = bench.send("POST", &format!("{}/{action}", network(NIC)), Value::Null);
    assert_eq!((status, body), (202, Value::Null));
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("retry-after"), "10");
    let (poll, location) = (header("azure-asyncoperation"), header("location"));
    assert!(location.contains("/locations/westeurope/operationResults/"));
    assert_eq!(bench.send("GET", &location, Value::Null).0, 202);
    assert_eq!(bench.get(&poll)["status"], "InProgress");
    bench.pass();
    assert_eq!(bench.get(&poll)["status"], "Succeeded");
    bench.get(&location)
}

#[test]
fn only_an_interface_of_a_machine_has_them() {
    let bench = with_interface();
    let nic = network(NIC);
    for (action, code, what) in [
        (
            "effectiveNetworkSecurityGroups",
            "NicMustBeAttachedToRunningVmToGetEffectiveSecurityGroups",
            "security groups",
        ),
        (
            "effectiveRouteTable",
            "NicMustBeAttachedToRunningVmToGetEffectiveRoutes",
            "routes",
        ),
    ] {
        // The first one is recorded.
        let (status, answer, _) = bench.send("POST", &format!("{nic}/{action}"), Value::Null);
        assert_eq!(
            (status, answer),
            (
                400,
                json!({"error": {"code": code, "details": [], "message": format!(
                    "A network interface must be attached to a running virtual machine to get effective {what}. The network interface {nic} is not attached to a running virtual machine."
                )}})
            )
        );
        let missing = network(&format!("networkInterfaces/none/{action}"));
        assert_eq!(
            bench.refused("POST", &missing, Value::Null),
            (404, "ResourceNotFound".to_owned())
        );
    }
}

#[test]
fn routes_of_azure_come_before_those_of_the_table() {
    let bench = with_machine();
    let found = result(&bench, "effectiveRouteTable");
    // Recorded, of a network 10.20.0.0/16.
    let made = |prefix: &str, kind: &str, state: &str| {
        json!({"disableBgpRoutePropagation": false, "source": "Default", "state": state, "hasBgpOverride": false,
            "addressPrefix": [prefix], "nextHopType": kind, "nextHopIpAddress": [], "destinationServiceTags": [], "tagMap": {}})
    };
    let value = found["value"].as_array().unwrap();
    assert_eq!(
        value[..4],
        [
            made("10.0.0.0/16", "VnetLocal", "Active"),
            made("0.0.0.0/0", "Internet", "Active"),
            made("10.0.0.0/8", "None", "Active"),
            made("127.0.0.0/8", "None", "Active"),
        ]
    );
    put(
        &bench,
        "routeTables/rt",
        json!({"location": "westeurope", "properties": {"routes": [
            {"name": "out", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.9"}},
            {"name": "tag", "properties": {"addressPrefix": "Storage", "nextHopType": "Internet"}}]}}),
    );
    put(
        &bench,
        "virtualNetworks/vnet/subnets/a",
        json!({"properties": {"addressPrefix": "10.0.0.0/24", "routeTable": {"id": network("routeTables/rt")}}}),
    );
    let found = result(&bench, "effectiveRouteTable");
    assert_eq!(found["value"][1], made("0.0.0.0/0", "Internet", "Invalid"));
    let own = &found["value"].as_array().unwrap()[value.len()..];
    assert_eq!(
        own[0],
        json!({"name": "out", "disableBgpRoutePropagation": false, "source": "User", "state": "Active", "hasBgpOverride": false,
            "addressPrefix": ["0.0.0.0/0"], "nextHopType": "VirtualAppliance", "nextHopIpAddress": ["10.0.0.9"],
            "destinationServiceTags": [], "tagMap": {}})
    );
    assert_eq!(
        (&own[1]["addressPrefix"], &own[1]["destinationServiceTags"]),
        (&json!([]), &json!(["Storage"]))
    );
}

#[test]
fn rules_are_those_of_the_groups_on_the_subnet_and_the_interface() {
    let bench = with_machine();
    assert_eq!(
        result(&bench, "effectiveNetworkSecurityGroups"),
        json!({"value": []}),
        "recorded for an interface without groups"
    );
    put(
        &bench,
        "networkSecurityGroups/nsg",
        json!({"location": "westeurope", "properties": {"securityRules": [{"name": "web", "properties": {
            "protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 101,
            "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefixes": ["10.0.0.4", "10.0.0.5"], "destinationPortRanges": ["80", "8000-8010"]}}]}}),
    );
    put(
        &bench,
        "virtualNetworks/vnet/subnets/a",
        json!({"properties": {"addressPrefix": "10.0.0.0/24",
            "networkSecurityGroup": {"id": network("networkSecurityGroups/nsg")}}}),
    );
    let found = result(&bench, "effectiveNetworkSecurityGroups");
    let group = &found["value"][0];
    assert_eq!(found["value"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&group["networkSecurityGroup"]["id"], &group["association"]),
        (
            &json!(network("networkSecurityGroups/nsg")),
            &json!({"subnet": {"id": network("virtualNetworks/vnet/subnets/a")}})
        )
    );
    let rules = group["effectiveSecurityRules"].as_array().unwrap();
    assert_eq!(rules.len(), 7);
    assert_eq!(
        rules[0],
        json!({"name": "securityRules/web", "protocol": "Tcp", "access": "Allow", "priority": 101, "direction": "Inbound",
            "sourcePortRange": "0-65535", "sourcePortRanges": ["0-65535"],
            "sourceAddressPrefix": "0.0.0.0/0", "sourceAddressPrefixes": ["0.0.0.0/0"],
            "destinationPortRange": "80-80", "destinationPortRanges": ["80-80", "8000-8010"],
            "destinationAddressPrefix": "10.0.0.4", "destinationAddressPrefixes": ["10.0.0.4", "10.0.0.5"]})
    );
    // Recorded: the tag stays, and its prefixes are beside it.
    assert_eq!(
        rules[1],
        json!({"name": "defaultSecurityRules/AllowVnetInBound", "protocol": "All", "access": "Allow", "priority": 65000,
            "direction": "Inbound", "sourcePortRange": "0-65535", "sourcePortRanges": ["0-65535"],
            "sourceAddressPrefix": "VirtualNetwork", "sourceAddressPrefixes": ["VirtualNetwork"],
            "expandedSourceAddressPrefix": ["10.0.0.0/16"],
            "destinationPortRange": "0-65535", "destinationPortRanges": ["0-65535"],
            "destinationAddressPrefix": "VirtualNetwork", "destinationAddressPrefixes": ["VirtualNetwork"],
            "expandedDestinationAddressPrefix": ["10.0.0.0/16"]})
    );
    assert_eq!(group["tagMap"]["AzureLoadBalancer"], json!(["168.63.129.16/32"]));
}

#[test]
fn members_of_groups_stand_for_their_addresses() {
    let bench = with_machine();
    put(
        &bench,
        "applicationSecurityGroups/web",
        json!({"location": "westeurope"}),
    );
    let group = json!([{"id": network("applicationSecurityGroups/web")}]);
    put(
        &bench,
        NIC,
        json!({"location": "westeurope", "properties": {
            "networkSecurityGroup": null,
            "ipConfigurations": [{"name": "ip", "properties": {
                "subnet": {"id": network("virtualNetworks/vnet/subnets/a")}, "applicationSecurityGroups": group}}]}}),
    );
    put(
        &bench,
        "networkSecurityGroups/nsg",
        json!({"location": "westeurope", "properties": {"securityRules": [{"name": "in", "properties": {
            "protocol": "*", "access": "Allow", "direction": "Inbound", "priority": 100, "sourceAddressPrefix": "*",
            "sourcePortRange": "*", "destinationApplicationSecurityGroups": group, "destinationPortRange": "443"}}]}}),
    );
    let mut nic = bench.get(&network(NIC));
    nic["properties"]["networkSecurityGroup"] = json!({"id": network("networkSecurityGroups/nsg")});
    put(&bench, NIC, nic);
    let found = result(&bench, "effectiveNetworkSecurityGroups");
    assert_eq!(
        found["value"][0]["association"],
        json!({"networkInterface": {"id": network(NIC)}})
    );
    assert_eq!(
        found["value"][0]["effectiveSecurityRules"][0]["destinationAddressPrefixes"],
        json!(["10.0.0.4/32"])
    );
}
