//! Members of bodies that the network provider does not know.

#![allow(clippy::indexing_slicing, reason = "tests")]

use crate::support::examples::{EXAMPLES, Numbers};
use crate::support::{Bench, SUBSCRIPTION, endpoint_body, id, network, service_body};
use serde_json::{Value, json};

/// The refusal of a request: status, code, and code and message of what is in its details.
fn refusal(bench: &Bench, path: &str, body: &str) -> (u16, String, Vec<(String, String)>) {
    let response = bench.send_with("PUT", path, body.as_bytes(), &[]);
    let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let details = answer["error"]["details"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|detail| (text(&detail["code"]), text(&detail["message"])))
        .collect();
    (response.status.as_u16(), text(&answer["error"]["code"]), details)
}

/// The messages of a request that cannot be parsed.
fn unparsed(bench: &Bench, path: &str, body: &str) -> Vec<String> {
    let (status, code, details) = refusal(bench, path, body);
    assert_eq!((status, code.as_str()), (400, "InvalidRequestFormat"), "{body}");
    details
        .into_iter()
        .map(|(code, message)| {
            assert_eq!(code, "InvalidJson");
            message
        })
        .collect()
}

#[test]
fn a_member_that_is_none_is_refused_with_its_object_and_place() {
    let bench = Bench::with_network();
    let path = network("virtualNetworks/new");
    let body = r#"{
  "location": "westeurope",
  "properties": {
    "addressSpace": {"addressPrefixes": ["10.9.0.0/16"], "prefixes": []},
    "subnets": [
      {"name": "one", "properties": {"addressPrefix": "10.9.0.0/24"}},
      {"name": "two", "resourceGroup": "g", "properties": {"addressPrefix": "10.9.1.0/24", "colour": 1}}
    ],
    "virtualNetworkPeerings": [{"name": "to", "properties": {"remoteNetwork": {"id": "x"}}}],
    "colour": "red"
  }
}"#;
    assert_eq!(
        unparsed(&bench, &path, body),
        [
            "Could not find member 'prefixes' on object of type 'AddressSpace'. Path 'properties.addressSpace.prefixes', line 4, position 68.",
            "Could not find member 'resourceGroup' on object of type 'Subnet'. Path 'properties.subnets[1].resourceGroup', line 7, position 38.",
            "Could not find member 'colour' on object of type 'SubnetProperties'. Path 'properties.subnets[1].properties.colour', line 7, position 100.",
            "Could not find member 'remoteNetwork' on object of type 'VirtualNetworkPeeringProperties'. Path 'properties.virtualNetworkPeerings[0].properties.remoteNetwork', line 9, position 77.",
            "Could not find member 'colour' on object of type 'VirtualNetworkProperties'. Path 'properties.colour', line 10, position 13.",
        ]
    );
    assert_eq!(bench.refused("GET", &path, Value::Null).0, 404);
}

#[test]
fn children_know_their_own_members() {
    let bench = Bench::with_network();
    let subnet = network("virtualNetworks/vnet/subnets/a");
    for (properties, member, object) in [
        (
            json!({"addressPrefix": "10.0.0.0/24", "colour": 1}),
            "colour",
            "SubnetProperties",
        ),
        (
            json!({"addressPrefix": "10.0.0.0/24", "serviceEndpoints": [{"services": "x"}]}),
            "services",
            "ServiceEndpointProperties",
        ),
    ] {
        let body = json!({"properties": properties}).to_string();
        let told = unparsed(&bench, &subnet, &body);
        assert!(
            told[0].starts_with(&format!(
                "Could not find member '{member}' on object of type '{object}'. Path 'properties."
            )),
            "{told:?}"
        );
        assert!(told[0].contains(", line 1, position "), "{told:?}");
    }
    let endpoint = network("privateEndpoints/pe");
    let mut body = endpoint_body("a");
    body["properties"]["privateLinkServiceConnections"][0]["groupIds"] = json!(["blob"]);
    assert_eq!(unparsed(&bench, &endpoint, &body.to_string()).len(), 1);
}

#[test]
fn connections_of_a_service_have_members_too() {
    let bench = Bench::with_network();
    let service = network("privateLinkServices/pls");
    let body = service_body(&bench, json!({}));
    bench.ok("PUT", &service, body);
    bench.pass();
    let mut endpoint = endpoint_body("a");
    endpoint["properties"]["privateLinkServiceConnections"] =
        json!([{"name": "c", "properties": {"privateLinkServiceId": service}}]);
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint);
    bench.pass();
    let list = bench.get(&format!("{service}/privateEndpointConnections"));
    let mut shown = list["value"][0].clone();
    let connection = shown["id"].as_str().unwrap_or_default().to_owned();
    bench.ok("PUT", &connection, shown.clone());
    shown["properties"]["state"] = json!("Approved");
    assert_eq!(unparsed(&bench, &connection, &shown.to_string()).len(), 1);
}

#[test]
fn the_gateway_knows_what_a_whole_resource_has() {
    let bench = Bench::with_network();
    let group = network("applicationSecurityGroups/asg");
    let body = r#"{"location": "westeurope", "resourceGroup": "g", "properties": {"colour": 1}}"#;
    let response = bench.send_with("PUT", &group, body.as_bytes(), &[]);
    let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    assert_eq!(response.status, 400);
    assert_eq!(
        answer["error"],
        json!({"code": "InvalidRequestContent", "message": "The request content was invalid and could not be deserialized: 'Could not find member 'resourceGroup' on object of type 'ResourceDefinition'. Path 'resourceGroup', line 1, position 43.'."})
    );
    // The gateway looks first.
    assert_eq!(
        refusal(&bench, &group, r#"{"properties": {"colour": 1}}"#).1,
        "LocationRequired"
    );
    bench.ok(
        "PUT",
        &group,
        json!({"location": "westeurope", "kind": "x", "plan": {"name": "x"}, "properties": {}}),
    );
}

#[test]
fn members_compare_without_case_and_are_shown_as_azure_spells_them() {
    let bench = Bench::with_network();
    let path = network("virtualNetworks/new");
    let body = json!({"Location": "westeurope", "Properties": {
        "AddressSpace": {"AddressPrefixes": ["10.9.0.0/16"]},
        "SUBNETS": [{"Name": "one", "properties": {"addressprefix": "10.9.0.0/24"}}],
    }});
    bench.ok("PUT", &path, body);
    bench.pass();
    let shown = bench.get(&path);
    assert_eq!(
        shown["properties"]["addressSpace"]["addressPrefixes"],
        json!(["10.9.0.0/16"])
    );
    assert_eq!(
        shown["properties"]["subnets"][0]["properties"]["addressPrefix"],
        "10.9.0.0/24"
    );
    assert_eq!(shown["properties"].get("SUBNETS"), None);
}

#[test]
fn below_what_is_ignored_or_stands_for_an_id_anything_may_be() {
    let bench = Bench::with_network();
    let group = network("networkSecurityGroups/nsg");
    bench.ok("PUT", &group, json!({"location": "westeurope", "properties": {}}));
    bench.pass();
    bench.ok(
        "PUT",
        &network("virtualNetworks/vnet/subnets/a"),
        json!({"properties": {
            "addressPrefix": "10.0.0.0/24",
            "networkSecurityGroup": {"id": group, "resourceGroup": "g"},
            "ipConfigurations": [{"id": "x", "resourceGroup": "g"}],
        }}),
    );
    // What a type is that has no list of members.
    bench.ok(
        "PUT",
        &id("Microsoft.Network/natGateways/nat"),
        json!({"location": "westeurope", "colour": 1, "properties": {"colour": 1}}),
    );
}

#[test]
fn what_is_read_may_be_written_back_whole() {
    let bench = Bench::empty();
    bench.ok(
        "PUT",
        &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g"),
        json!({"location": "westeurope"}),
    );
    for example in EXAMPLES {
        for number in [0, 1] {
            let numbers = Numbers::all(number);
            bench.send("PUT", &example.url(numbers, ""), example.body(numbers));
            bench.pass();
        }
    }
    let mut written = 0;
    for example in EXAMPLES {
        let url = example.url(Numbers::all(1), "");
        let (status, shown, _) = bench.send("GET", &url, Value::Null);
        if !example.kind.starts_with("Microsoft.Network/") || status != 200 {
            continue;
        }
        let (status, answer, _) = bench.send("PUT", &url, shown);
        assert!(status < 400, "{url}: {answer}");
        bench.pass();
        written += 1;
    }
    assert!(written > 20, "{written}");
}
