//! Bindings of subnets that other people own: how many writes they take, what comes back, and what is left to others.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use privatelink_arm_emulator::change::SOMEONE_ELSE;
use privatelink_testkit::scenario::{
    ArmCall, ArmFault, GROUP, NAMESPACE, SECURITY_GROUPS, SUBNET_BINDINGS, World, dns_object,
    in_virtual_time, simulate, subnet_id,
};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

fn guard(name: &str) -> Value {
    dns_object("NetworkSecurityGroup", name, json!({"rules": []}))
}

fn binding(name: &str, subnet: &str, spec: &Value) -> Value {
    let mut object = dns_object("SubnetBinding", name, spec.clone());
    object["spec"]["subnet"] = json!({"id": subnet_id(subnet)});
    object
}

fn group_id(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/networkSecurityGroups/{name}")
}

/// Ready's status, reason and message.
fn ready(world: &World, plural: &str, name: &str) -> (String, String, String) {
    let object = world.api.get(plural, NAMESPACE, name).unwrap();
    let conditions = object["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let Some(found) = conditions.iter().find(|shown| shown["type"] == "Ready") else {
        panic!("{name} has no Ready: {object}");
    };
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"), text("message"))
}

/// Calls since that go to subnets, by method.
fn calls(world: &World, since: usize, method: &str) -> usize {
    let to_subnet = |call: &&ArmCall| {
        let path = call.path.to_ascii_lowercase();
        call.method == method && path.contains("/subnets/")
    };
    world.door.calls()[since..].iter().filter(to_subnet).count()
}

fn subnet(world: &World) -> Value {
    world.emulator.resource(&subnet_id("endpoints")).unwrap()
}

#[test]
fn what_holds_already_is_not_written_and_a_change_of_one_field_is_one_read_and_one_write() {
    simulate(async |mut world| {
        world.apply(guard("guard"));
        world.pass(MINUTE).await;
        world.meddle(
            &subnet_id("endpoints"),
            json!({"properties": {"networkSecurityGroup": {"id": group_id("guard")}}}),
        );
        world.pass(MINUTE).await;
        world.apply(binding(
            "bound",
            "endpoints",
            &json!({"networkSecurityGroup": {"name": "guard"}}),
        ));
        world.pass(MINUTE * 5).await;
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").0, "True");
        assert_eq!(calls(&world, 0, "PUT"), 0);

        let since = world.door.calls().len();
        let change =
            json!({"privateEndpointNetworkPolicies": "Enabled", "serviceEndpoints": ["Microsoft.Sql"]});
        world.patch_spec_of(SUBNET_BINDINGS, "bound", change);
        world.pass(Duration::from_secs(2)).await;
        assert_eq!((calls(&world, since, "GET"), calls(&world, since, "PUT")), (1, 1));
        world.pass(MINUTE).await;
        assert_eq!(calls(&world, since, "PUT"), 1);
        assert_eq!(calls(&world, since, "GET"), 2, "another shows that it is so");
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").0, "True");
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

#[test]
fn two_hundred_subnets_of_one_network_are_written_one_after_the_other_once_each() {
    const MANY: usize = 200;
    in_virtual_time(async {
        let mut world = World::limited()?;
        let subnets: Vec<Value> = (0..MANY)
            .map(|number| json!({"name": format!("s{number}"), "properties": {"addressPrefix": format!("10.2.{number}.0/24")}}))
            .collect();
        world.make_outside(
            &format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"),
            json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}, "subnets": subnets}}),
        );
        world.apply(guard("guard"));
        world.start();
        world.pass(MINUTE).await;
        for number in 0..MANY {
            let spec = json!({"networkSecurityGroup": {"name": "guard"}});
            world.apply(binding(&format!("b{number}"), &format!("s{number}"), &spec));
        }
        world.pass(MINUTE * 40).await;
        for number in 0..MANY {
            let (status, reason, message) = ready(&world, SUBNET_BINDINGS, &format!("b{number}"));
            assert_eq!(status, "True", "b{number}: {reason}: {message}");
        }
        let journal = world.emulator.journal_since(0).entries;
        let ours = journal.iter().filter(|entry| entry.principal.as_deref() != Some(SOMEONE_ELSE));
        let ours: Vec<_> = ours.collect();
        let refused: Vec<_> = ours
            .iter()
            .filter(|entry| [409, 412, 429].contains(&entry.status.unwrap_or_default()))
            .map(|entry| (&entry.method, &entry.path, entry.status))
            .collect();
        assert_eq!(refused, []);
        let of = |method: &str| {
            let to_subnets = ours.iter().filter(|entry| entry.path.to_ascii_lowercase().contains("/subnets/"));
            to_subnets.filter(|entry| entry.method == method).count()
        };
        assert_eq!(of("PUT"), MANY);
        let reads = of("GET");
        println!("{MANY} bindings: {MANY} PUTs, {reads} GETs of subnets, {} calls in all", ours.len());
        assert!(reads <= 2 * MANY + 10, "{reads} reads");
        assert_eq!(world.violations(), []);
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_was_there_before_comes_back_and_what_is_gone_or_changed_since_is_told() {
    simulate(async |mut world| {
        world.make_outside(&group_id("before"), json!({"location": "westeurope"}));
        world.meddle(&subnet_id("endpoints"), json!({"properties": {
            "networkSecurityGroup": {"id": group_id("before")}, "serviceEndpoints": [{"service": "Microsoft.Sql"}],
            "applicationGatewayIPConfigurations": [1, {"etag": "x"}],
        }}));
        world.apply(guard("guard"));
        let spec = json!({
            "networkSecurityGroup": {"name": "guard"}, "privateEndpointNetworkPolicies": "Enabled",
            "serviceEndpoints": ["Microsoft.Sql", "Microsoft.Storage"],
        });
        world.apply(binding("bound", "endpoints", &spec));
        world.pass(MINUTE * 3).await;
        let object = world.api.get(SUBNET_BINDINGS, NAMESPACE, "bound").unwrap();
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").0, "True", "{object}");
        assert_eq!(object["status"]["addressPrefixes"], json!(["10.1.0.0/20"]));
        // The owner settles on another policy, and the group of before goes.
        world.delete_of(SUBNET_BINDINGS, "bound");
        world.meddle(&subnet_id("endpoints"), json!({"properties": {"privateEndpointNetworkPolicies": "RouteTableEnabled"}}));
        world.pass(MINUTE * 3).await;
        let properties = subnet(&world)["properties"].clone();
        assert_eq!(properties["networkSecurityGroup"]["id"], group_id("before"));
        assert_eq!(properties["privateEndpointNetworkPolicies"], "RouteTableEnabled");
        let services = properties["serviceEndpoints"].as_array().unwrap();
        assert_eq!(services.len(), 1, "{services:?}");
        assert_eq!(properties["applicationGatewayIPConfigurations"], json!([1, {"etag": "x"}]));
        assert!(world.api.get(SUBNET_BINDINGS, NAMESPACE, "bound").is_none());
        let events = world.api.list("events.events.k8s.io", Some(NAMESPACE));
        let told = events.iter().filter(|event| event["reason"] == "NotPutBack");
        let told: Vec<&str> = told.filter_map(|event| event["note"].as_str()).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("privateEndpointNetworkPolicies stays \"RouteTableEnabled\""), "{told:?}");
    })
    .unwrap();
}

#[test]
fn whoever_forges_what_was_there_before_gains_nothing() {
    simulate(async |mut world| {
        let theirs = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-platform";
        let secret = format!("{theirs}/providers/Microsoft.Network/networkSecurityGroups/secret");
        world.make_outside(theirs, json!({"location": "westeurope"}));
        world.make_outside(&secret, json!({"location": "westeurope"}));
        world.apply(guard("guard"));
        world.apply(binding(
            "bound",
            "endpoints",
            &json!({"networkSecurityGroup": {"name": "guard"}}),
        ));
        world.pass(MINUTE * 3).await;
        world.stop().await;
        let forged = json!({"previous": [{
            "path": "properties.networkSecurityGroup",
            "value": json!({"id": secret}).to_string(),
            "put": [json!({"id": group_id("guard")}).to_string()],
        }]});
        world
            .api
            .force_status(SUBNET_BINDINGS, NAMESPACE, "bound", &forged)
            .unwrap();
        world.delete_of(SUBNET_BINDINGS, "bound");
        world.start();
        world.pass(MINUTE * 5).await;
        let (_, reason, message) = ready(&world, SUBNET_BINDINGS, "bound");
        assert_eq!(reason, "ForbiddenByScope", "{message}");
        assert!(message.contains("secret") && message.contains("Use"), "{message}");
        assert_eq!(
            subnet(&world)["properties"]["networkSecurityGroup"]["id"],
            group_id("guard")
        );
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

/// Undoes a binding's group again and again, and lets time pass each time.
async fn undo(world: &mut World, times: usize, pause: Duration) {
    for _ in 0..times {
        world.meddle(
            &subnet_id("endpoints"),
            json!({"properties": {"networkSecurityGroup": null}}),
        );
        world.pass(pause).await;
    }
}

#[test]
fn whoever_undoes_it_again_and_again_is_named_and_fought_seldom() {
    simulate(async |mut world| {
        world.apply(guard("guard"));
        world.apply(binding(
            "bound",
            "endpoints",
            &json!({"networkSecurityGroup": {"name": "guard"}}),
        ));
        world.pass(MINUTE * 3).await;
        undo(&mut world, 2, MINUTE * 4).await;
        assert_eq!(
            ready(&world, SUBNET_BINDINGS, "bound").0,
            "True",
            "twice is no contest"
        );
        let since = world.door.calls().len();
        undo(&mut world, 1, MINUTE * 4).await;
        let (status, reason, message) = ready(&world, SUBNET_BINDINGS, "bound");
        assert_eq!(
            (status.as_str(), reason.as_str()),
            ("False", "Contested"),
            "{message}"
        );
        assert!(
            message.contains("properties.networkSecurityGroup")
                && message.matches("2026-01-01T").count() == 3,
            "{message}"
        );
        let object = world.api.get(SUBNET_BINDINGS, NAMESPACE, "bound").unwrap();
        assert_eq!(
            object["status"]["differences"][0]["path"],
            "properties.networkSecurityGroup"
        );
        assert_eq!(calls(&world, since, "PUT"), 0, "it is left alone for now");
        // Every half hour it is put right, and another process goes on with that, and with what was said.
        world.stop().await;
        world.start();
        world.pass(MINUTE * 20).await;
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").2, message);
        world.pass(MINUTE * 25).await;
        assert_eq!(calls(&world, since, "PUT"), 1);
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").0, "True");
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

#[test]
fn whoever_yields_leaves_it_to_them_until_spec_changes() {
    simulate(async |mut world| {
        world.apply(guard("guard"));
        world.apply(guard("other"));
        let spec = json!({"networkSecurityGroup": {"name": "guard"}, "onContest": "Yield"});
        world.apply(binding("bound", "endpoints", &spec));
        world.pass(MINUTE * 3).await;
        undo(&mut world, 3, MINUTE * 4).await;
        let since = world.door.calls().len();
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").1, "Contested");
        world.pass(MINUTE * 180).await;
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").1, "Contested");
        assert_eq!(calls(&world, since, "PUT"), 0);
        world.patch_spec_of(
            SUBNET_BINDINGS,
            "bound",
            json!({"networkSecurityGroup": {"name": "other"}}),
        );
        world.pass(MINUTE * 3).await;
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").0, "True");
        assert_eq!(
            subnet(&world)["properties"]["networkSecurityGroup"]["id"],
            group_id("other")
        );
    })
    .unwrap();
}

#[test]
fn every_kind_has_its_contests() {
    simulate(async |mut world| {
        let rule = json!([{"name": "web", "direction": "Inbound", "priority": 100, "access": "Allow"}]);
        world.apply(dns_object(
            "NetworkSecurityGroup",
            "guard",
            json!({"rules": rule}),
        ));
        world.pass(MINUTE * 3).await;
        for _ in 0..3 {
            world.delete_outside(&format!("{}/securityRules/web", group_id("guard")));
            world.pass(MINUTE * 4).await;
        }
        let (_, reason, message) = ready(&world, SECURITY_GROUPS, "guard");
        assert_eq!(reason, "Contested", "{message}");
        assert!(message.contains("securityRules[web]"), "{message}");
    })
    .unwrap();
}

#[test]
fn what_azure_would_not_bind_is_said_before() {
    simulate(async |mut world| {
        let group = |name: &str, location: &str| {
            let mut group = guard(name);
            group["spec"]["location"] = json!(location);
            group
        };
        world.make_outside(
            &subnet_id("GatewaySubnet"),
            json!({"properties": {"addressPrefix": "10.1.250.0/24"}}),
        );
        world.make_outside(
            &subnet_id("other"),
            json!({"properties": {"addressPrefix": "10.1.251.0/24"}}),
        );
        world.apply(group("far", "northeurope"));
        world.apply(group("near", "westeurope"));
        world.apply(binding(
            "far",
            "endpoints",
            &json!({"networkSecurityGroup": {"name": "far"}}),
        ));
        world.apply(binding(
            "gateway",
            "GatewaySubnet",
            &json!({"networkSecurityGroup": {"name": "near"}}),
        ));
        world.apply(binding(
            "absent",
            "other",
            &json!({"networkSecurityGroup": {"id": group_id("nowhere")}}),
        ));
        world.apply(binding(
            "nowhere",
            "nowhere",
            &json!({"networkSecurityGroup": {"name": "near"}}),
        ));
        world.pass(MINUTE * 5).await;
        for (name, expected, words) in [
            ("far", "InvalidSpec", ["spec.networkSecurityGroup", "northeurope"]),
            (
                "gateway",
                "InvalidSpec",
                ["spec.networkSecurityGroup", "GatewaySubnet"],
            ),
            (
                "absent",
                "DependencyNotReady",
                ["spec.networkSecurityGroup", "does not exist"],
            ),
            (
                "nowhere",
                "DependencyNotReady",
                ["does not exist", "not the controller's to make"],
            ),
        ] {
            let (_, reason, message) = ready(&world, SUBNET_BINDINGS, name);
            assert_eq!(reason, expected, "{name}: {message}");
            assert!(
                words.iter().all(|word| message.contains(word)),
                "{name}: {message}"
            );
        }
        assert_eq!(calls(&world, 0, "PUT"), 0);
    })
    .unwrap();
}

#[test]
fn the_older_binding_has_the_subnet_and_the_other_takes_over() {
    simulate(async |mut world| {
        world.apply(guard("guard"));
        world.apply(binding(
            "first",
            "endpoints",
            &json!({"networkSecurityGroup": {"name": "guard"}}),
        ));
        world.pass(MINUTE).await;
        world.apply(binding(
            "second",
            "endpoints",
            &json!({"privateEndpointNetworkPolicies": "Enabled"}),
        ));
        world.pass(MINUTE * 2).await;
        let (_, reason, message) = ready(&world, SUBNET_BINDINGS, "second");
        assert_eq!(reason, "Conflict", "{message}");
        assert!(message.contains("SubnetBinding orders/first"), "{message}");
        world.delete_of(SUBNET_BINDINGS, "first");
        world.pass(MINUTE * 2).await;
        assert_eq!(ready(&world, SUBNET_BINDINGS, "second").0, "True");
        let properties = subnet(&world)["properties"].clone();
        assert_eq!(properties["privateEndpointNetworkPolicies"], "Enabled");
        assert!(properties["networkSecurityGroup"].is_null(), "put back first");
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

#[test]
fn whoever_undoes_it_before_it_was_seen_is_named_too() {
    simulate(async |mut world| {
        world.apply(guard("guard"));
        world.pass(MINUTE).await;
        world.apply(binding(
            "bound",
            "endpoints",
            &json!({"networkSecurityGroup": {"name": "guard"}}),
        ));
        let mut early = 0;
        for second in 0..600 {
            if second == 150 {
                early = calls(&world, 0, "PUT");
            }
            world.pass(Duration::from_secs(2)).await;
            if !subnet(&world)["properties"]["networkSecurityGroup"].is_null() {
                world.meddle(
                    &subnet_id("endpoints"),
                    json!({"properties": {"networkSecurityGroup": null}}),
                );
            }
        }
        let (_, reason, message) = ready(&world, SUBNET_BINDINGS, "bound");
        assert_eq!(reason, "Contested", "{message}");
        assert!((3..=5).contains(&early), "{early} writes in five minutes");
        assert_eq!(
            calls(&world, 0, "PUT"),
            early,
            "and none in the quarter of an hour after"
        );
    })
    .unwrap();
}

#[test]
fn whoever_forges_which_subnet_it_was_moves_nothing() {
    simulate(async |mut world| {
        world.make_outside(&group_id("theirs"), json!({"location": "westeurope"}));
        world.make_outside(
            &subnet_id("other"),
            json!({"properties": {
                "addressPrefix": "10.1.251.0/24", "networkSecurityGroup": {"id": group_id("theirs")},
            }}),
        );
        world.judge.protect(&subnet_id("other"));
        world.apply(guard("guard"));
        world.apply(binding(
            "bound",
            "endpoints",
            &json!({"networkSecurityGroup": {"name": "guard"}}),
        ));
        world.pass(MINUTE * 2).await;
        world.stop().await;
        let upper = json!({"ID": group_id("theirs")}).to_string();
        let ours = json!({"id": group_id("guard")}).to_string();
        let forged = json!({"resourceId": subnet_id("other"), "previous": [
            {"path": "properties.networkSecurityGroup", "value": upper, "put": [ours]},
        ]});
        world
            .api
            .force_status(SUBNET_BINDINGS, NAMESPACE, "bound", &forged)
            .unwrap();
        world.start();
        world.pass(MINUTE * 5).await;
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").0, "True");
        let object = world.api.get(SUBNET_BINDINGS, NAMESPACE, "bound").unwrap();
        assert_eq!(object["status"]["resourceId"], subnet_id("endpoints"));
        world.delete_of(SUBNET_BINDINGS, "bound");
        world.pass(MINUTE * 3).await;
        assert!(world.api.get(SUBNET_BINDINGS, NAMESPACE, "bound").is_none());
        assert_ne!(
            subnet(&world)["properties"]["networkSecurityGroup"]["id"],
            group_id("theirs")
        );
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

#[test]
fn what_somebody_set_while_azure_refused_us_comes_back() {
    simulate(async |mut world| {
        for name in ["first", "second"] {
            world.make_outside(&group_id(name), json!({"location": "westeurope"}));
        }
        let set = |name: &str| json!({"properties": {"networkSecurityGroup": {"id": group_id(name)}}});
        world.meddle(&subnet_id("endpoints"), set("first"));
        world.apply(guard("guard"));
        world.pass(MINUTE).await;
        // The role is missing.
        let put = ArmCall {
            method: "PUT".to_owned(),
            path: subnet_id("endpoints"),
            occurrence: 1,
        };
        world.door.add_fault(
            put,
            ArmFault::Answer {
                status: 403,
                code: "AuthorizationFailed",
                retry_after: None,
            },
        );
        world.apply(binding(
            "bound",
            "endpoints",
            &json!({"networkSecurityGroup": {"name": "guard"}}),
        ));
        world.pass(MINUTE * 2).await;
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").1, "Forbidden");
        world.meddle(&subnet_id("endpoints"), set("second"));
        world.pass(MINUTE * 15).await;
        assert_eq!(ready(&world, SUBNET_BINDINGS, "bound").0, "True");
        world.delete_of(SUBNET_BINDINGS, "bound");
        world.pass(MINUTE * 3).await;
        assert_eq!(
            subnet(&world)["properties"]["networkSecurityGroup"]["id"],
            group_id("second")
        );
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

#[test]
fn a_field_that_is_dropped_from_spec_is_given_back_or_told() {
    simulate(async |mut world| {
        world.apply(guard("guard"));
        let spec = json!({"networkSecurityGroup": {"name": "guard"}, "privateEndpointNetworkPolicies": "Enabled"});
        world.apply(binding("bound", "endpoints", &spec));
        world.pass(MINUTE * 2).await;
        world.meddle(
            &subnet_id("endpoints"),
            json!({"properties": {"privateEndpointNetworkPolicies": "RouteTableEnabled"}}),
        );
        let fewer = json!({"privateEndpointNetworkPolicies": null, "networkSecurityGroup": null, "serviceEndpoints": ["Microsoft.Sql"]});
        world.patch_spec_of(SUBNET_BINDINGS, "bound", fewer);
        world.pass(MINUTE * 3).await;
        let properties = subnet(&world)["properties"].clone();
        assert!(properties["networkSecurityGroup"].is_null(), "given back");
        assert_eq!(properties["privateEndpointNetworkPolicies"], "RouteTableEnabled");
        let object = world.api.get(SUBNET_BINDINGS, NAMESPACE, "bound").unwrap();
        assert_eq!(
            object["status"]["left"],
            json!(["properties.privateEndpointNetworkPolicies stays \"RouteTableEnabled\": somebody has changed it since"])
        );
        assert_eq!(object["status"]["previous"].as_array().unwrap().len(), 1, "what is held still");
        // What is asked for again is no longer left.
        world.patch_spec_of(SUBNET_BINDINGS, "bound", json!({"privateEndpointNetworkPolicies": "Enabled"}));
        world.pass(MINUTE * 3).await;
        let object = world.api.get(SUBNET_BINDINGS, NAMESPACE, "bound").unwrap();
        assert!(object["status"]["left"].is_null(), "{object}");
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}
