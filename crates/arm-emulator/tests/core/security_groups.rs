//! Network security groups and application security groups: children and inline lists, what they are attached to, who is in
//! them.

use crate::support::traffic::{NSG, asg, group, make_in, named, names, rule, with_group};
use crate::support::{endpoint_body, id, network};
use serde_json::{Value, json};

#[test]
fn rules_are_children_and_parts() {
    let bench = with_group();
    let path = |name: &str| network(&format!("{NSG}/securityRules/{name}"));
    let inline = group(&[
        named("zeta", &json!({})),
        named("alpha", &json!({"priority": 300, "description": "second"})),
    ]);
    let (status, answer, headers) = bench.send("PUT", &network(NSG), inline);
    assert_eq!(status, 200);
    assert_eq!(headers["retry-after"], "1");
    assert_eq!(names(&answer["properties"]["securityRules"]), ["zeta", "alpha"]);
    assert_eq!(
        answer["properties"]["securityRules"][0]["properties"]["provisioningState"],
        "Updating"
    );
    bench.pass();
    let child = bench.get(&path("alpha"));
    let shown = bench.get(&network(NSG));
    assert_eq!(child, shown["properties"]["securityRules"][1]);
    assert_eq!(child["etag"], shown["etag"], "the parent's");
    assert_eq!(child["properties"]["sourcePortRanges"], json!([]));
    assert_eq!(child["properties"]["description"], "second");
    assert_eq!(child["properties"]["provisioningState"], "Succeeded");
    // A child of its own goes to the end, and changes the parent's etag.
    let (status, _, headers) = bench.send("PUT", &path("beta"), rule(&json!({"priority": 400})));
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (201, "1"));
    bench.pass();
    let after = bench.get(&network(NSG));
    assert_ne!(after["etag"], shown["etag"]);
    assert_eq!(
        names(&after["properties"]["securityRules"]),
        ["zeta", "alpha", "beta"]
    );
    assert_eq!(
        bench.get(&network(&format!("{NSG}/securityRules")))["value"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    // What was read can be written: nothing changes, nor does the etag.
    bench.ok("PUT", &network(NSG), after.clone());
    assert!(!bench.last_changed());
    bench.ok("PUT", &path("beta"), bench.get(&path("beta")));
    assert!(!bench.last_changed());
    // Only tags: at once, and the rules stay.
    let (status, answer, _) = bench.send("PATCH", &network(NSG), json!({"tags": {"a": "b"}}));
    assert_eq!(
        (status, &answer["properties"]["provisioningState"]),
        (200, &json!("Succeeded"))
    );
    assert_eq!(
        names(&answer["properties"]["securityRules"]),
        ["zeta", "alpha", "beta"]
    );
    // A PUT replaces the list.
    bench.ok(
        "PUT",
        &network(NSG),
        group(&[named("alpha", &json!({"priority": 300}))]),
    );
    bench.pass();
    let left = bench.get(&network(NSG));
    assert_eq!(names(&left["properties"]["securityRules"]), ["alpha"]);
    assert_eq!(
        bench.get(&path("alpha"))["properties"].get("invented"),
        None,
        "a rule too"
    );
    assert_eq!(bench.refused("GET", &path("zeta"), Value::Null).1, "NotFound");
    bench.ok("PUT", &network(NSG), json!({"location": "westeurope"}));
    bench.pass();
    assert_eq!(bench.get(&network(NSG))["properties"]["securityRules"], json!([]));
}

#[test]
fn children_are_deleted_by_themselves_and_with_their_group() {
    let bench = with_group();
    let path = |name: &str| network(&format!("{NSG}/securityRules/{name}"));
    for (number, name) in ["a", "b"].iter().enumerate() {
        bench.ok("PUT", &path(name), rule(&json!({"priority": 200 + number})));
    }
    bench.pass();
    let before = bench.get(&network(NSG))["etag"].clone();
    let (status, _, headers) = bench.send("DELETE", &path("a"), Value::Null);
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (202, "1"));
    assert_eq!(
        bench
            .refused("PUT", &network(NSG), group(&[named("a", &json!({}))]))
            .1,
        "AnotherOperationInProgress",
        "a rule that is going does not come back with the list"
    );
    bench.pass();
    assert_ne!(bench.get(&network(NSG))["etag"], before);
    assert_eq!(bench.send("DELETE", &path("a"), Value::Null).0, 204);
    bench.ok("DELETE", &network(NSG), Value::Null);
    bench.pass();
    assert_eq!(
        bench.refused("GET", &path("b"), Value::Null),
        (404, "ResourceNotFound".to_owned())
    );
}

#[test]
fn preconditions_are_about_the_parents_etag() {
    let bench = with_group();
    let path = network(&format!("{NSG}/securityRules/r"));
    bench.ok("PUT", &path, rule(&json!({})));
    bench.pass();
    let etag = bench.get(&network(NSG))["etag"].as_str().unwrap().to_owned();
    let send = |path: &str, etag: &str, body: Value| {
        bench
            .send_with("PUT", path, body.to_string().as_bytes(), &[("if-match", etag)])
            .status
            .as_u16()
    };
    assert_eq!(send(&path, "W/\"old\"", rule(&json!({"priority": 300}))), 412);
    assert_eq!(send(&path, &etag, rule(&json!({"priority": 300}))), 200);
    bench.pass();
    assert_eq!(send(&network(NSG), &etag, group(&[])), 412);
}

#[test]
fn who_a_group_is_attached_to_keeps_it() {
    let bench = with_group();
    let subnet = network("virtualNetworks/vnet/subnets/a");
    let nsg = network(NSG);
    bench.ok(
        "PUT",
        &subnet,
        json!({"properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": nsg, "location": "westeurope"}}}),
    );
    bench.pass();
    assert_eq!(
        bench.get(&subnet)["properties"]["networkSecurityGroup"],
        json!({"id": nsg}),
        "only the id is kept"
    );
    let nic = network("networkInterfaces/nic");
    bench.ok(
        "PUT",
        &nic,
        json!({"location": "westeurope", "properties": {"networkSecurityGroup": {"id": nsg},
            "ipConfigurations": [{"name": "ip", "properties": {"subnet": {"id": network("virtualNetworks/vnet/subnets/b")}}}]}}),
    );
    bench.pass();
    let shown = bench.get(&nsg);
    assert_eq!(shown["properties"]["subnets"], json!([{"id": subnet}]));
    assert_eq!(shown["properties"]["networkInterfaces"], json!([{"id": nic}]));
    let (status, answer, _) = bench.send("DELETE", &nsg, Value::Null);
    assert_eq!(
        (status, answer["error"]["code"].as_str().unwrap()),
        (400, "InUseNetworkSecurityGroupCannotBeDeleted")
    );
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(
        message.contains(&subnet) && message.contains(&nic) && message.ends_with("see aka.ms/deletensg."),
        "{message}"
    );
    bench.ok("DELETE", &nic, Value::Null);
    bench.ok(
        "PUT",
        &subnet,
        json!({"properties": {"addressPrefix": "10.0.0.0/24"}}),
    );
    bench.pass();
    let shown = bench.get(&nsg);
    assert_eq!(shown["properties"].get("subnets"), None);
    assert_eq!(shown["properties"].get("networkInterfaces"), None);
    bench.ok("DELETE", &nsg, Value::Null);
}

#[test]
fn members_tie_application_security_groups_to_one_network() {
    let bench = with_group();
    let (web, data) = (asg(&bench, "web"), asg(&bench, "data"));
    let nic = |name: &str, vnet: &str, group: &Value| {
        let subnet = network(&format!("virtualNetworks/{vnet}/subnets/a"));
        let body = json!({"location": "westeurope", "properties": {"ipConfigurations": [
            {"name": "ip", "properties": {"subnet": {"id": subnet}, "applicationSecurityGroups": [group]}}]}});
        bench.send("PUT", &network(&format!("networkInterfaces/{name}")), body)
    };
    bench.ok(
        "PUT",
        &network("virtualNetworks/other"),
        json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
            "subnets": [{"name": "a", "properties": {"addressPrefix": "10.9.0.0/24"}}]}}),
    );
    let mut endpoint = endpoint_body("a");
    endpoint["properties"]["applicationSecurityGroups"] = json!([data]);
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint.clone());
    bench.pass();
    assert!(nic("web", "other", &web).0 < 300);
    bench.pass();
    let between = rule(&json!({
        "sourceAddressPrefix": null, "sourceApplicationSecurityGroups": [web],
        "destinationAddressPrefix": null, "destinationApplicationSecurityGroups": [data],
    }));
    let path = network(&format!("{NSG}/securityRules/r"));
    let (_, answer, _) = bench.send("PUT", &path, between.clone());
    assert_eq!(
        answer["error"]["code"],
        "AllApplicationSecurityGroupsInSecurityRuleMustBeFromSameVnet"
    );
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("virtualNetworks/vnet") && message.contains("virtualNetworks/other"),
        "{message}"
    );
    bench.ok("DELETE", &network("networkInterfaces/web"), Value::Null);
    bench.pass();
    bench.ok("PUT", &path, between);
    bench.pass();
    // The rule stands: nobody may join from elsewhere, neither its own group nor the other one.
    assert_eq!(
        nic("web", "other", &web).1["error"]["code"],
        "AllApplicationSecurityGroupsInSecurityRuleMustBeFromSameVnet"
    );
    assert_eq!(
        nic("data", "other", &data).1["error"]["code"],
        "AllMembersOfApplicationSecurityGroupMustBeFromSameVnet"
    );
    assert!(nic("web", "vnet", &web).0 < 300);
    // Groups of another region do not count as there.
    let far = json!({"id": make_in(&bench, "applicationSecurityGroups/far", "northeurope")});
    endpoint["properties"]["applicationSecurityGroups"] = json!([data, far]);
    assert_eq!(
        bench
            .refused("PUT", &network("privateEndpoints/pe"), endpoint.clone())
            .1,
        "InvalidResourceReference"
    );
    endpoint["properties"]["applicationSecurityGroups"] = json!([]);
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint);
}

#[test]
fn what_refers_to_an_application_security_group_keeps_it() {
    let bench = with_group();
    let web = asg(&bench, "web");
    let path = web["id"].as_str().unwrap().to_owned();
    bench.ok(
        "PUT",
        &network(&format!("{NSG}/securityRules/r")),
        rule(&json!({"sourceAddressPrefix": null, "sourceApplicationSecurityGroups": [web]})),
    );
    bench.pass();
    let shown = bench.get(&network(&format!("{NSG}/securityRules/r")));
    assert_eq!(
        shown["properties"]["sourceApplicationSecurityGroups"],
        json!([web])
    );
    assert_eq!(
        shown["properties"].get("destinationApplicationSecurityGroups"),
        None
    );
    assert_eq!(
        bench.refused("DELETE", &path, Value::Null),
        (400, "InUseApplicationSecurityGroupCannotBeDeleted".to_owned())
    );
    bench.ok("PUT", &network(NSG), group(&[]));
    let mut endpoint = endpoint_body("a");
    endpoint["properties"]["applicationSecurityGroups"] = json!([web]);
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint);
    bench.pass();
    let interface = bench.get(&network("privateEndpoints/pe"))["properties"]["networkInterfaces"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        bench.get(&interface)["properties"]["ipConfigurations"][0]["properties"]["applicationSecurityGroups"],
        json!([web])
    );
    let (_, answer, _) = bench.send("DELETE", &path, Value::Null);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with(
            "Application Security Group web cannot be deleted because it is referenced by IpConfiguration(s)"
        ),
        "{message}"
    );
    bench.ok("DELETE", &network("privateEndpoints/pe"), Value::Null);
    bench.pass();
    bench.ok("DELETE", &path, Value::Null);
}

#[test]
fn a_group_with_an_endpoint_has_fifty_members() {
    let bench = with_group();
    let web = asg(&bench, "web");
    let join = |number: usize| {
        let mut body = endpoint_body("a");
        body["properties"]["applicationSecurityGroups"] = json!([web]);
        let path = network(&format!("privateEndpoints/pe{number}"));
        bench.send("PUT", &path, body)
    };
    for number in 0..50 {
        let (status, answer, _) = join(number);
        assert_eq!(status, 201, "{number}: {answer}");
    }
    assert_eq!(
        join(50).1["error"]["code"],
        "ApplicationSecurityGroupMemberLimitReached"
    );
}

#[test]
fn the_configurations_of_an_interface_are_in_the_same_groups() {
    let bench = with_group();
    let web = asg(&bench, "web");
    let subnet = network("virtualNetworks/vnet/subnets/a");
    let body = json!({"location": "westeurope", "properties": {"ipConfigurations": [
        {"name": "one", "properties": {"subnet": {"id": subnet}, "applicationSecurityGroups": [web]}},
        {"name": "two", "properties": {"subnet": {"id": subnet}}},
    ]}});
    assert_eq!(
        bench
            .refused("PUT", &id("Microsoft.Network/networkInterfaces/nic"), body)
            .1,
        "AllIpConfigurationsOnANicMustBelongToTheSameApplicationSecurityGroups"
    );
}
