//! Manifests with mistakes: the API server refuses them, and its message names the field and what is allowed.

use serde_json::{Value, json};

use crate::installation::{apply, kubectl, run, scenario};
use crate::manifests::{endpoint, manifest};

#[test]
fn a_manifest_with_a_mistake_is_refused_with_the_name_of_its_field() {
    let cases: [(&str, Value, &[&str]); 7] = [
        (
            "a policy that is none",
            json!({"deletionPolicy": "Keep"}),
            &["spec.deletionPolicy", "Delete", "Retain"],
        ),
        (
            "two targets",
            json!({"target": {"alias": "a", "id": "/subscriptions/x", "groupId": "blob"}}),
            &["spec.target"],
        ),
        (
            "no target",
            json!({"target": {"groupId": "blob"}}),
            &["spec.target", "exactly one"],
        ),
        (
            "a short name",
            json!({"azureName": "a"}),
            &["spec.azureName", "2 to 80"],
        ),
        (
            "a subnet that is none",
            json!({"subnet": {"id": "/subscriptions/x"}}),
            &["spec.subnet"],
        ),
        (
            "an address that is none",
            json!({"ipAddresses": [{"memberName": "blob", "address": "10.20.0.300"}]}),
            &["spec.ipAddresses", "address"],
        ),
        (
            "a field that does not exist",
            json!({"tag": {"team": "orders"}}),
            &["spec.tag"],
        ),
    ];
    scenario(async |environment| {
        for (case, more, words) in cases {
            let manifest = endpoint("refused", more).to_string();
            let output = kubectl(environment, &["apply", "--validate=strict", "-f", "-"], &manifest);
            assert!(!output.success, "{case} was accepted");
            for word in words {
                assert!(
                    output.stderr.contains(word),
                    "{case}: the message lacks {word:?}:\n{}",
                    output.stderr
                );
            }
        }
        let left = run(environment, &["get", "pe", "refused", "--ignore-not-found"]);
        assert_eq!(left, "");
    });
}

#[test]
fn a_mistake_about_traffic_is_refused_with_the_name_of_its_field() {
    let rule = |more: Value| {
        let mut rule = json!({"name": "r", "direction": "Inbound", "priority": 100, "access": "Allow"});
        if let (Some(rule), Value::Object(more)) = (rule.as_object_mut(), more) {
            rule.extend(more);
        }
        json!({"rules": [rule]})
    };
    let route = |prefix: &str, hop: &str| json!({"routes": [{"name": "r", "addressPrefix": prefix, "nextHopType": hop}]});
    let two_sides = json!({"source": {"prefixes": ["10.0.0.0/8"], "serviceTag": "Internet"}});
    let many: Vec<Value> = (0..1001)
        .map(|number| json!({"name": format!("r{number}"), "direction": "Inbound", "priority": 100 + number, "access": "Deny"}))
        .collect();
    let table = "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Network/routeTables/t";
    let cases: [(&str, Value, &[&str]); 10] = [
        (
            "NetworkSecurityGroup",
            rule(json!({"priority": 99})),
            &["spec.rules[0].priority", "100"],
        ),
        (
            "NetworkSecurityGroup",
            rule(two_sides),
            &["spec.rules[0].source", "set one and remove the others"],
        ),
        (
            "NetworkSecurityGroup",
            json!({"rules": many}),
            &["spec.rules", "1000"],
        ),
        (
            "ApplicationSecurityGroup",
            json!({"location": "West Europe"}),
            &["spec.location", "westeurope"],
        ),
        (
            "ApplicationSecurityGroupBinding",
            json!({"applicationSecurityGroups": [{"name": "a"}], "privateEndpointSelector": {}, "onContest": "Yield"}),
            &["spec.onContest", "remove it"],
        ),
        (
            "SubnetBinding",
            json!({"subnet": {"alias": "shop-web"}}),
            &["spec", "networkSecurityGroup", "set what the subnet should have"],
        ),
        (
            "SubnetBinding",
            json!({"subnet": {"alias": "shop-web"}, "networkSecurityGroup": {"id": table}}),
            &["spec.networkSecurityGroup.id", "networkSecurityGroups/<name>"],
        ),
        (
            "SubnetBinding",
            json!({"subnet": {"alias": "shop-web"}, "serviceEndpoints": ["Storage"]}),
            &["spec.serviceEndpoints[0]", "Microsoft.Storage"],
        ),
        (
            "RouteTable",
            route("10.0.0.0/33", "None"),
            &["spec.routes[0].addressPrefix", "10.1.0.0/16"],
        ),
        (
            "RouteTable",
            route("10.0.0.0/8", "VirtualAppliance"),
            &["spec.routes[0]", "nextHopIpAddress", "set or remove it"],
        ),
    ];
    scenario(async |environment| {
        for (kind, spec, words) in cases {
            let manifest = manifest(kind, "refused", spec).to_string();
            let output = kubectl(environment, &["apply", "--server-side", "-f", "-"], &manifest);
            assert!(!output.success, "{manifest} was accepted");
            for word in words {
                assert!(
                    output.stderr.contains(word),
                    "{kind}: the message lacks {word:?}:\n{}",
                    output.stderr
                );
            }
        }
    });
}

#[test]
fn what_cannot_be_changed_says_what_to_do_instead() {
    scenario(async |environment| {
        // Its target is no alias of the scope, so nothing is made in Azure.
        let target = json!({"alias": "nowhere", "groupId": "blob"});
        apply(environment, &endpoint("unchangeable", json!({"target": target})));
        let other = json!({"alias": "orders-storage", "groupId": "blob"});
        let manifest = endpoint("unchangeable", json!({"target": other})).to_string();
        let output = kubectl(environment, &["apply", "-f", "-"], &manifest);
        assert!(!output.success, "an immutable field was changed");
        for word in ["spec.target", "create a new object"] {
            assert!(
                output.stderr.contains(word),
                "the message lacks {word:?}:\n{}",
                output.stderr
            );
        }
        run(environment, &["delete", "pe", "unchangeable", "--timeout=60s"]);
    });
}
