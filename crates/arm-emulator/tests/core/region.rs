//! What the network provider says about a region.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};

use crate::support::{Bench, SUBSCRIPTION, endpoint_body, network};

fn at(what: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/locations/westeurope/{what}")
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let mut items = list["value"].as_array().unwrap().iter();
    items
        .find(|item| item["name"] == name || item["name"]["value"] == name)
        .unwrap_or(&Value::Null)
}

#[test]
fn what_has_a_limit_is_counted() {
    let bench = Bench::with_network();
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint_body("a"));
    bench.pass();
    let usages = bench.get(&at("usages"));
    assert_eq!(
        named(&usages, "VirtualNetworks"),
        &json!({"currentValue": 1, "id": at("usages/VirtualNetworks"), "limit": 1000,
            "name": {"localizedValue": "Virtual Networks", "value": "VirtualNetworks"}, "unit": "Count"})
    );
    let endpoints = named(&usages, "PrivateEndpoints");
    assert_eq!(
        (&endpoints["currentValue"], &endpoints["limit"]),
        (&json!(1), &json!(64_000))
    );
    // Networks count in their own region.
    let elsewhere = bench.get(&at("usages").replace("westeurope", "North Europe"));
    assert_eq!(named(&elsewhere, "VirtualNetworks")["currentValue"], 0);
}

#[test]
fn subnets_and_rules_can_name_what_is_listed() {
    let bench = Bench::with_network();
    let delegations = bench.get(&at("availableDelegations"));
    let shown = named(&delegations, "Microsoft.Sql.managedInstances");
    assert_eq!(shown["serviceName"], "Microsoft.Sql/managedInstances");
    assert_eq!(shown["type"], "Microsoft.Network/availableDelegations");
    let group = at("availableDelegations").replace("/providers", "/resourceGroups/g/providers");
    assert_eq!(bench.get(&group), delegations);

    // A subnet with such a delegation and endpoint shows the same.
    let services = bench.get(&at("virtualNetworkAvailableEndpointServices"));
    assert_eq!(
        named(&services, "Microsoft.Storage")["type"],
        "Microsoft.Network/virtualNetworkEndpointServices"
    );
    let subnet = network("virtualNetworks/vnet/subnets/sql");
    bench.ok(
        "PUT",
        &subnet,
        json!({"properties": {"addressPrefix": "10.0.9.0/24",
        "serviceEndpoints": [{"service": "Microsoft.Storage"}],
        "delegations": [{"name": "d", "properties": {"serviceName": shown["serviceName"]}}]}}),
    );
    bench.pass();
    assert_eq!(
        bench.get(&subnet)["properties"]["delegations"][0]["properties"]["actions"],
        shown["actions"]
    );

    let tags = bench.get(&at("serviceTags"));
    assert_eq!(
        (&tags["name"], &tags["cloud"]),
        (&json!("public"), &json!("Public"))
    );
    for tag in tags["values"].as_array().unwrap() {
        assert_eq!(tag["properties"]["addressPrefixes"], json!([]));
    }
    assert!(
        tags["values"]
            .as_array()
            .unwrap()
            .iter()
            .any(|tag| tag["name"] == "Storage")
    );
}

#[test]
fn what_a_region_does_not_have_is_no_type() {
    let bench = Bench::with_network();
    let (status, answer, _) = bench.send("GET", &at("nosuch"), Value::Null);
    assert_eq!(
        (status, answer["error"]["code"].as_str()),
        (404, Some("InvalidResourceType")),
        "{answer}"
    );
    assert_eq!(
        bench.refused("POST", &at("nosuch"), json!({})),
        (404, "NotFound".to_owned())
    );
}

#[test]
fn a_subnet_is_prepared_and_given_back() {
    let bench = Bench::with_network();
    let subnet = network("virtualNetworks/vnet/subnets/a");
    let before = bench.get(&subnet);
    for action in ["prepareNetworkPolicies", "unprepareNetworkPolicies"] {
        let body = json!({"serviceName": "Microsoft.Sql/managedInstances"});
        let (status, answer, headers) = bench.send("POST", &format!("{subnet}/{action}"), body);
        assert_eq!((status, answer), (202, Value::Null));
        let poll = headers["azure-asyncoperation"].to_str().unwrap();
        assert_eq!(bench.get(poll)["status"], "InProgress");
        bench.pass();
        assert_eq!(bench.get(poll)["status"], "Succeeded");
        assert_eq!(bench.get(&subnet), before);
    }
    let missing = network("virtualNetworks/vnet/subnets/none/prepareNetworkPolicies");
    assert_eq!(bench.refused("POST", &missing, json!({})).0, 404);
}
