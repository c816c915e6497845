//! `$expand`: answers with what they refer to, as recorded.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use crate::support::{Bench, endpoint_body, network};
use serde_json::{Value, json};

const NIC: &str = "networkInterfaces/nic";

/// An interface with a public address, in a subnet with a security group.
fn estate() -> Bench {
    let bench = Bench::with_network();
    let put = |path: &str, body: Value| {
        bench.ok("PUT", &network(path), body);
        bench.pass();
    };
    put("networkSecurityGroups/nsg", json!({"location": "westeurope"}));
    put("publicIPAddresses/pip", json!({"location": "westeurope"}));
    put(
        "virtualNetworks/vnet/subnets/a",
        json!({"properties": {"addressPrefix": "10.0.0.0/24",
            "networkSecurityGroup": {"id": network("networkSecurityGroups/nsg")}}}),
    );
    put(
        NIC,
        json!({"location": "westeurope", "properties": {"ipConfigurations": [{"name": "ipconfig1", "properties": {
            "subnet": {"id": network("virtualNetworks/vnet/subnets/a")},
            "publicIPAddress": {"id": network("publicIPAddresses/pip")}}}]}}),
    );
    bench
}

fn expanded(bench: &Bench, path: &str, what: &str) -> Value {
    bench.get(&format!("{}?$expand={what}", network(path)))
}

#[test]
fn an_interface_shows_its_public_address_or_its_subnet_whole() {
    let bench = estate();
    // Recorded: the case of the option does not matter, and what stands there refers to others by their ids.
    let shown = expanded(&bench, NIC, "IpConfigurations%2FPublicIPAddress");
    let properties = &shown["properties"]["ipConfigurations"][0]["properties"];
    assert_eq!(
        properties["publicIPAddress"],
        bench.get(&network("publicIPAddresses/pip"))
    );
    assert_eq!(
        properties["publicIPAddress"]["properties"]["ipConfiguration"],
        json!({"id": network("networkInterfaces/nic/ipConfigurations/ipconfig1")})
    );
    assert_eq!(
        properties["subnet"],
        json!({"id": network("virtualNetworks/vnet/subnets/a")})
    );
    let both = expanded(
        &bench,
        NIC,
        "ipConfigurations/subnet,ipConfigurations/publicIPAddress",
    );
    let properties = &both["properties"]["ipConfigurations"][0]["properties"];
    assert_eq!(
        properties["subnet"],
        bench.get(&network("virtualNetworks/vnet/subnets/a"))
    );
    assert_eq!(
        properties["publicIPAddress"]["type"],
        "Microsoft.Network/publicIPAddresses"
    );
    assert_eq!(bench.get(&network(NIC))["etag"], both["etag"]);
}

#[test]
fn back_references_are_expanded_too() {
    let bench = estate();
    let nic = bench.get(&network(NIC));
    let configuration = &nic["properties"]["ipConfigurations"][0];
    let subnet = expanded(
        &bench,
        "virtualNetworks/vnet/subnets/a",
        "ipConfigurations,networkSecurityGroup",
    );
    assert_eq!(&subnet["properties"]["ipConfigurations"][0], configuration);
    assert_eq!(
        subnet["properties"]["networkSecurityGroup"]["properties"]["securityRules"],
        json!([])
    );
    let whole = expanded(&bench, "virtualNetworks/vnet", "subnets/ipConfigurations");
    assert_eq!(
        &whole["properties"]["subnets"][0]["properties"]["ipConfigurations"][0],
        configuration
    );
    let group = expanded(&bench, "networkSecurityGroups/nsg", "networkInterfaces,subnets");
    assert_eq!(group["properties"]["subnets"][0]["name"], "a");
    assert_eq!(
        group["properties"].get("networkInterfaces"),
        None,
        "what is not there stays so"
    );
    let address = expanded(&bench, "publicIPAddresses/pip", "ipConfiguration");
    assert_eq!(&address["properties"]["ipConfiguration"], configuration);
}

#[test]
fn the_interfaces_of_an_endpoint_are_expanded() {
    let bench = Bench::with_network();
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint_body("b"));
    bench.pass();
    let shown = expanded(&bench, "privateEndpoints/pe", "networkInterfaces");
    let interface = &shown["properties"]["networkInterfaces"][0];
    let configuration = &interface["properties"]["ipConfigurations"][0];
    assert_eq!(configuration["properties"]["privateIPAddress"], "10.0.1.4");
    // The ids of a subnet's back references are in capitals.
    let subnet = expanded(
        &bench,
        "virtualNetworks/vnet/subnets/b",
        "ipConfigurations,privateEndpoints",
    );
    assert_eq!(&subnet["properties"]["ipConfigurations"][0], configuration);
    assert_eq!(subnet["properties"]["privateEndpoints"][0]["name"], "pe");
}

#[test]
fn what_is_no_reference_cannot_be_expanded() {
    let bench = estate();
    for (path, what, name) in [
        // Reported: an empty option, and a name that there is not.
        (NIC, "", ""),
        (NIC, "versions", "versions"),
        (NIC, "ipConfigurations/nothing", "nothing"),
        (NIC, "ipConfigurations", "ipConfigurations"),
        ("virtualNetworks/vnet", "subnets/foo/bar", "foo"),
        ("networkSecurityGroups/nsg", "subnets,location", "location"),
        ("virtualNetworks/vnet/subnets/a", "addressPrefix", "addressPrefix"),
    ] {
        let (status, answer, _) =
            bench.send("GET", &format!("{}?$expand={what}", network(path)), Value::Null);
        assert_eq!(status, 400, "{path} {what}");
        assert_eq!(
            answer,
            json!({"error": {"code": "InvalidExpandQueryOptionValue", "details": [], "message": format!(
                "$expand query option value is invalid. The resource does not have property {name} or the property does not represent a reference to another resource."
            )}})
        );
    }
    assert_eq!(
        bench.refused(
            "GET",
            &format!("{}?$expand=subnets", network("networkSecurityGroups/none")),
            Value::Null
        ),
        (404, "ResourceNotFound".to_owned())
    );
}
