//! What the tables of types say, where no test of a type says it: methods, limits, references, scopes, actions.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use crate::support::{Bench, SUBSCRIPTION, id, network, purge, target_body};
use serde_json::{Value, json};

fn with_vault() -> (Bench, String) {
    let bench = Bench::with_network();
    let vault = id("Microsoft.KeyVault/vaults/vault");
    bench.ok("PUT", &vault, target_body(&json!({})));
    (bench, vault)
}

#[test]
fn a_method_that_a_type_does_not_have_is_refused_before_anything_is_looked_for() {
    let bench = Bench::with_network();
    for path in [
        network("virtualNetworks/vnet/subnets/a"),
        network("virtualNetworks/vnet/subnets/none"),
    ] {
        assert_eq!(
            bench.refused("PATCH", &path, json!({"tags": {}})),
            (405, "MethodNotAllowed".to_owned())
        );
    }
}

#[test]
fn a_region_holds_as_many_networks_as_it_may() {
    let bench = Bench::with_network();
    let body = |region: &str| json!({"location": region, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    for number in 1..1000 {
        bench.ok(
            "PUT",
            &network(&format!("virtualNetworks/more-{number}")),
            body("westeurope"),
        );
    }
    let one_more = network("virtualNetworks/one-more");
    assert_eq!(
        bench.refused("PUT", &one_more, body("West Europe")),
        (400, "VnetCountLimitReached".to_owned())
    );
    bench.pass();
    bench.ok(
        "PUT",
        &network("virtualNetworks/more-1"),
        json!({"location": "westeurope", "tags": {"a": "b"}, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}),
    );
    bench.ok("PUT", &one_more, body("northeurope"));
    bench.ok("DELETE", &network("virtualNetworks/more-2"), Value::Null);
    bench.pass();
    bench.ok(
        "PUT",
        &network("virtualNetworks/in-its-place"),
        body("westeurope"),
    );
}

#[test]
fn a_reference_is_of_the_right_type() {
    let bench = Bench::with_network();
    assert_eq!(
        bench.refused(
            "PUT",
            &network("virtualNetworks/vnet/subnets/a"),
            json!({"properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": network("virtualNetworks/vnet")}}}),
        ),
        (400, "InvalidResourceReference".to_owned())
    );
}

#[test]
fn extensions_are_in_every_scope() {
    let (bench, vault) = with_vault();
    let assignment = "providers/Microsoft.Authorization/policyExemptions";
    for scope in [
        String::new(),
        "/providers/Microsoft.Management/managementGroups/mine".to_owned(),
        format!("/subscriptions/{SUBSCRIPTION}"),
        format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g"),
        vault,
    ] {
        let list = format!("{scope}/{assignment}");
        let one = format!("{list}/a");
        let answer = bench.ok("PUT", &one, json!({"properties": {"displayName": "A"}}));
        assert_eq!(answer["id"], one);
        assert_eq!(answer["type"], "Microsoft.Authorization/policyExemptions");
        assert_eq!(bench.get(&one)["properties"]["displayName"], "A");
        assert_eq!(bench.get(&list)["value"][0]["id"], one);
        bench.ok("DELETE", &one, Value::Null);
        assert_eq!(
            bench.refused("GET", &one, Value::Null),
            (404, "ResourceNotFound".to_owned())
        );
        assert_eq!(bench.get(&list)["value"], json!([]));
    }
}

#[test]
fn an_extension_needs_what_it_is_on() {
    let (bench, vault) = with_vault();
    let settings = "providers/Microsoft.ServiceLinker/linkers";
    let none = id("Microsoft.KeyVault/vaults/none");
    for (method, path, body) in [
        ("PUT", format!("{none}/{settings}/d"), json!({"properties": {}})),
        ("GET", format!("{none}/{settings}/d"), Value::Null),
        ("DELETE", format!("{none}/{settings}/d"), Value::Null),
        ("GET", format!("{none}/{settings}"), Value::Null),
    ] {
        let (status, answer, _) = bench.send(method, &path, body);
        assert_eq!(status, 404, "{method} {path}");
        assert_eq!(answer["error"]["code"], "ResourceNotFound", "{method} {path}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("'Microsoft.KeyVault/vaults/none' under resource group 'g'"),
            "{message}"
        );
    }
    bench.ok("PUT", &format!("{vault}/{settings}/d"), json!({"properties": {}}));
    bench.ok("DELETE", &vault, Value::Null);
    bench.pass();
    bench.ok("POST", &purge("vault"), Value::Null);
    bench.ok("PUT", &vault, target_body(&json!({})));
    assert_eq!(bench.get(&format!("{vault}/{settings}"))["value"], json!([]));
}

#[test]
fn a_network_says_whether_an_address_is_free() {
    let bench = Bench::with_network();
    let ask = |network_name: &str, address: &str| {
        let path = network(&format!(
            "virtualNetworks/{network_name}/checkIPAddressAvailability?ipAddress={address}"
        ));
        bench.send("GET", &path, Value::Null)
    };
    assert_eq!(ask("vnet", "10.0.0.4").1["available"], true);
    assert_eq!(ask("vnet", "10.0.0.1").1["isPlatformReserved"], true);
    assert_eq!(ask("vnet", "x").0, 400);
    assert_eq!(ask("none", "10.0.0.4").0, 404);
}

#[test]
fn an_operation_that_ended_long_ago_is_forgotten() {
    let bench = Bench::with_network();
    let (_, _, headers) = bench.send("DELETE", &network("virtualNetworks/vnet"), Value::Null);
    let status = headers["azure-asyncoperation"].to_str().unwrap().to_owned();
    assert_eq!(bench.get(&status)["status"], "InProgress");
    bench.pass();
    assert_eq!(bench.get(&status)["status"], "Succeeded");
    bench.emulator.advance(jiff::SignedDuration::from_hours(24));
    assert_eq!(
        bench.refused("GET", &status, Value::Null),
        (404, "OperationNotFound".to_owned())
    );
}
