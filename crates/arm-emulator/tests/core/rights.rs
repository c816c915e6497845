//! Rights at the gateway, operations that end badly, and answers that come late.

use crate::support::{Bench, Limited, SUBSCRIPTION, endpoint_body, network};
use privatelink_arm_emulator::faults::FaultRule;
use serde_json::{Value, json};

#[allow(clippy::unwrap_used, reason = "a rule that cannot be read fails the test")]
fn fault(text: &str) -> FaultRule {
    serde_json::from_str(text).unwrap()
}

#[test]
fn rights_are_checked_before_groups_and_on_linked_scopes() {
    let bench = Bench::with_network();
    let limited = Limited::of(&bench);
    let scope = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g");
    let grant = |actions: &[&str]| limited.grant(&scope, actions);
    let send = |method: &str, path: &str, body: Value| {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = bench.send_with(method, path, text.as_bytes(), &limited.headers());
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        (
            response.status.as_u16(),
            answer["error"]["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let absent = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/none/providers/Microsoft.Network/virtualNetworks/x"
    );
    assert_eq!(
        send("GET", &absent, Value::Null),
        (403, "AuthorizationFailed".into())
    );
    let path = network("privateEndpoints/pe");
    grant(&["Microsoft.Network/privateEndpoints/*"]);
    assert_eq!(send("GET", &path, Value::Null).0, 404);
    assert_eq!(
        send("PUT", &path, endpoint_body("a")),
        (403, "LinkedAuthorizationFailed".into())
    );
    grant(&["Microsoft.Network/virtualNetworks/subnets/join/action"]);
    assert_eq!(
        send("PUT", &path, endpoint_body("a")),
        (403, "LinkedAuthorizationFailed".into())
    );
    grant(&["Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action"]);
    assert_eq!(send("PUT", &path, endpoint_body("a")).0, 201);
    // What the children inside a body refer to counts as well.
    let group = network("networkSecurityGroups/nsg");
    let body = json!({"location": "westeurope", "properties": {"securityRules": [{"name": "r", "properties": {
        "sourceApplicationSecurityGroups": [{"id": network("applicationSecurityGroups/web")}]}}]}});
    grant(&["Microsoft.Network/networkSecurityGroups/*"]);
    assert_eq!(
        send("PUT", &group, body.clone()),
        (403, "LinkedAuthorizationFailed".into())
    );
    grant(&["Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action"]);
    assert_eq!(
        send("PUT", &group, body),
        (400, "InvalidResourceReference".into())
    );
    // The operation's status is asked for at the subscription.
    let operation = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Network/locations/westeurope/operations/x"
    );
    assert_eq!(
        send("GET", &operation, Value::Null),
        (403, "AuthorizationFailed".into())
    );
}

#[test]
fn an_operation_can_fail_and_be_forgotten() {
    let bench = Bench::with_network();
    bench.emulator.add_fault(fault(
        r#"{"match": {"method": "PUT"}, "occurrence": 1, "then": {"operationEnds": {"status": "Failed", "code": "InternalServerError", "message": "m"}}}"#,
    ));
    let path = network("privateEndpoints/pe");
    let (_, _, headers) = bench.send("PUT", &path, endpoint_body("a"));
    let operation = headers["azure-asyncoperation"].to_str().unwrap().to_owned();
    bench.pass();
    let status = bench.get(&operation);
    assert_eq!(
        (status["status"].as_str(), status["error"]["code"].as_str()),
        (Some("Failed"), Some("InternalServerError"))
    );
    assert_eq!(bench.get(&path)["properties"]["provisioningState"], "Failed");
    bench
        .emulator
        .add_fault(fault(r#"{"match": {"kind": "poll"}, "then": "pollNotFound"}"#));
    assert_eq!(bench.refused("GET", &operation, Value::Null).0, 404);
    bench.emulator.clear_faults();
    // Trying again brings it to its end, although nothing is asked for that was not asked for before.
    bench.ok("PUT", &path, endpoint_body("a"));
    bench.pass();
    let shown = bench.get(&path);
    assert_eq!(shown["properties"]["provisioningState"], "Succeeded");
    assert_eq!(
        shown["properties"]["customDnsConfigs"][0]["ipAddresses"],
        json!(["10.0.0.4"])
    );
}

#[test]
fn a_read_can_come_from_before_the_last_write() {
    let bench = Bench::with_network();
    let path = network("privateEndpoints/pe");
    bench.ok("PUT", &path, endpoint_body("a"));
    bench.pass();
    let mut tagged = endpoint_body("a");
    tagged["tags"] = json!({"new": "1"});
    bench.ok("PUT", &path, tagged);
    bench.emulator.add_fault(fault(
        r#"{"match": {"kind": "read"}, "occurrence": 1, "then": "staleRead"}"#,
    ));
    assert!(bench.get(&path).get("tags").is_none());
    assert_eq!(bench.get(&path)["tags"], json!({"new": "1"}));
}

#[test]
fn a_late_read_of_a_parent_shows_the_children_of_then() {
    let bench = Bench::with_network();
    let path = network("routeTables/rt");
    let table = |names: &[&str]| {
        let routes: Vec<Value> = names
            .iter()
            .enumerate()
            .map(|(number, name)| {
                let prefix = format!("10.{number}.0.0/16");
                json!({"name": name, "properties": {"addressPrefix": prefix, "nextHopType": "None"}})
            })
            .collect();
        json!({"location": "westeurope", "properties": {"routes": routes}})
    };
    bench.ok("PUT", &path, table(&["old"]));
    bench.pass();
    bench.ok("PUT", &path, table(&["new", "newer"]));
    bench.pass();
    bench.emulator.add_fault(fault(
        r#"{"match": {"kind": "read"}, "occurrence": 1, "then": "staleRead"}"#,
    ));
    let names = |shown: &Value| -> Vec<String> {
        shown["properties"]["routes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|route| route["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&bench.get(&path)), ["old"]);
    assert_eq!(names(&bench.get(&path)), ["new", "newer"]);
}

#[test]
fn a_delete_supersedes_the_write_that_still_runs() {
    let bench = Bench::with_network();
    let path = network("privateEndpoints/pe");
    let (_, _, headers) = bench.send("PUT", &path, endpoint_body("a"));
    let operation = headers["azure-asyncoperation"].to_str().unwrap().to_owned();
    assert_eq!(bench.send("DELETE", &path, Value::Null).0, 202);
    assert_eq!(bench.get(&operation)["status"], "Canceled");
    bench.pass();
    assert_eq!(bench.refused("GET", &path, Value::Null).0, 404);
}

#[test]
fn a_caller_is_told_what_it_may_do_where() {
    let bench = Bench::with_network();
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g");
    let asked = |scope: &str, headers: &[(&str, &str)]| {
        let path = format!("{scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01");
        let response = bench.send_with("GET", &path, b"", headers);
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        (response.status.as_u16(), answer)
    };
    let everything = json!([{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}]);
    assert_eq!(
        asked(&group, &[("authorization", "Bearer anybody")]),
        (200, json!({"value": everything}))
    );

    let limited = Limited::of(&bench);
    assert_eq!(asked(&group, &limited.headers()).0, 403);
    limited.grant(&group, &["*/read"]);
    let network = format!("{group}/providers/Microsoft.Network/virtualNetworks/vnet");
    for at in [&group, &network] {
        let (status, answer) = asked(at, &limited.headers());
        assert_eq!(
            (status, &answer["value"][0]["actions"]),
            (200, &json!(["*/read"])),
            "{at}"
        );
    }
    let above = format!("/subscriptions/{SUBSCRIPTION}");
    assert_eq!(asked(&above, &limited.headers()).0, 403);
}
