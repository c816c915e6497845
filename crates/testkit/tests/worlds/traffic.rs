//! What guards and leads traffic to endpoints, as users see it: who is in a group, who reaches an endpoint, what Azure ignores.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use privatelink_testkit::scenario::{
    APPLICATION_GROUPS, ENDPOINTS, GROUP, GROUP_BINDINGS, NAMESPACE, ROUTE_TABLES, SECURITY_GROUPS,
    SUBNET_BINDINGS, World, condition, dns_object, endpoint, endpoint_id, simulate, subnet_id,
};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

fn get(world: &World, plural: &str, name: &str) -> Value {
    world.api.get(plural, NAMESPACE, name).unwrap()
}

fn reason(world: &World, plural: &str, name: &str) -> String {
    condition(&get(world, plural, name), "Ready").unwrap().1
}

fn labelled(name: &str, tier: &str) -> Value {
    endpoint(name, json!({"metadata": {"labels": {"tier": tier}}}))
}

fn group_binding(name: &str, group: &str, selector: &Value) -> Value {
    let spec = json!({"applicationSecurityGroups": [{"name": group}], "privateEndpointSelector": selector});
    dns_object("ApplicationSecurityGroupBinding", name, spec)
}

fn binding(name: &str, subnet: &str, mut spec: Value) -> Value {
    spec["subnet"] = json!({"id": subnet_id(subnet)});
    dns_object("SubnetBinding", name, spec)
}

fn groups(world: &World, name: &str) -> Vec<String> {
    let body = world.emulator.resource(&endpoint_id(name)).unwrap();
    let groups = body["properties"]["applicationSecurityGroups"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let name = |group: &Value| {
        group["id"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    };
    groups.iter().map(name).collect()
}

/// Adds subnets to the world's network, in its second half.
fn subnets(world: &World, names: &[&str]) {
    for (number, name) in names.iter().enumerate() {
        let prefix = format!("10.1.{}.0/24", 128 + number);
        world.make_outside(&subnet_id(name), json!({"properties": {"addressPrefix": prefix}}));
    }
}

#[test]
fn endpoints_join_and_leave_groups_by_their_labels_and_the_group_says_who_is_in_it() {
    simulate(async |mut world| {
        for group in ["web", "data", "own"] {
            world.apply(dns_object("ApplicationSecurityGroup", group, json!({})));
        }
        world.apply(labelled("one", "web"));
        world.apply(endpoint("two", json!({"metadata": {"labels": {"tier": "data"}}, "spec": {"applicationSecurityGroups": [{"name": "own"}]}})));
        world.apply(group_binding("all", "web", &json!({})));
        world.apply(group_binding("data", "data", &json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["data"]}]})));
        world.pass(MINUTE * 6).await;
        assert_eq!(groups(&world, "one"), ["web"]);
        assert_eq!(groups(&world, "two"), ["own", "web", "data"]);
        let all = get(&world, GROUP_BINDINGS, "all");
        assert_eq!((&all["status"]["selected"], &all["status"]["joined"]), (&json!(2), &json!(2)));
        assert_eq!(all["status"]["privateEndpoints"], json!(["one", "two"]));
        assert_eq!(reason(&world, GROUP_BINDINGS, "all"), "Succeeded");
        let web = get(&world, APPLICATION_GROUPS, "web");
        assert_eq!(web["status"]["members"], 2);
        assert_eq!(web["status"]["privateEndpoints"], json!(["orders/one", "orders/two"]));
        // One write each: none for every binding.
        let puts = world.door.calls().iter().filter(|call| call.method == "PUT" && call.path.contains("privateEndpoints")).count();
        assert!(puts <= 4, "{puts}");
        // A group with members is not deleted before they have left.
        world.delete_of(APPLICATION_GROUPS, "data");
        world.pass(MINUTE * 2).await;
        assert_eq!(reason(&world, APPLICATION_GROUPS, "data"), "InUse");
        world.delete_of(GROUP_BINDINGS, "data");
        world.pass(MINUTE * 12).await;
        assert_eq!(groups(&world, "two"), ["own", "web"]);
        assert!(world.api.get(APPLICATION_GROUPS, NAMESPACE, "data").is_none());
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

#[test]
fn what_a_status_says_of_another_type_is_joined_by_nobody() {
    simulate(async |mut world| {
        // Paused, so that its status stands as it was written.
        let mut paused = dns_object("ApplicationSecurityGroup", "forged", json!({}));
        paused["metadata"]["annotations"] = json!({"privatelink.dev/paused": "true"});
        world.apply(paused);
        let zone = format!("{GROUP}/providers/Microsoft.Network/privateDnsZones/orders.internal");
        let programmed = json!({"type": "Programmed", "status": "True", "reason": "Succeeded", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1});
        let forged = json!({"resourceId": zone, "conditions": [programmed]});
        world
            .api
            .force_status(APPLICATION_GROUPS, NAMESPACE, "forged", &forged)
            .unwrap();
        world.apply(endpoint(
            "one",
            json!({"spec": {"applicationSecurityGroups": [{"name": "forged"}]}}),
        ));
        world.pass(MINUTE * 6).await;
        let group = get(&world, APPLICATION_GROUPS, "forged");
        assert_eq!(group["status"]["resourceId"], zone, "{group}");
        let (_, why, message) = condition(&get(&world, ENDPOINTS, "one"), "Ready").unwrap();
        assert_eq!(why, "DependencyNotReady", "{message}");
        let puts = |world: &World| {
            let calls = world.door.calls();
            calls.iter().filter(|call| call.method == "PUT").count()
        };
        assert_eq!(puts(&world), 0);
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

#[test]
fn who_cannot_join_is_named_with_the_remedy() {
    simulate(async |mut world| {
        let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/other");
        world.make_outside(
            &network,
            json!({"location": "westeurope", "properties": {
                "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
                "subnets": [{"name": "endpoints", "properties": {"addressPrefix": "10.9.0.0/24"}}],
            }}),
        );
        world.apply(dns_object("ApplicationSecurityGroup", "web", json!({})));
        world.apply(dns_object(
            "ApplicationSecurityGroup",
            "far",
            json!({"location": "northeurope"}),
        ));
        world.apply(labelled("one", "web"));
        world.apply(group_binding("all", "web", &json!({})));
        world.pass(MINUTE * 4).await;
        let elsewhere = json!({"id": format!("{network}/subnets/endpoints")});
        world.apply(endpoint("two", json!({"spec": {"subnet": elsewhere}})));
        world.apply(group_binding(
            "far",
            "far",
            &json!({"matchLabels": {"tier": "web"}}),
        ));
        world.pass(MINUTE * 6).await;
        let (_, why, message) = condition(&get(&world, GROUP_BINDINGS, "all"), "Ready").unwrap();
        assert_eq!(why, "InvalidSpec", "{message}");
        assert!(
            message.starts_with("two cannot join") && message.contains("one virtual network only"),
            "{message}"
        );
        let (_, why, message) = condition(&get(&world, GROUP_BINDINGS, "far"), "Ready").unwrap();
        assert_eq!(why, "InvalidSpec", "{message}");
        assert!(
            message.contains("northeurope") && message.contains("westeurope"),
            "{message}"
        );
        // The endpoints themselves are none the worse.
        for name in ["one", "two"] {
            assert_eq!(reason(&world, ENDPOINTS, name), "Succeeded");
        }
        assert_eq!(groups(&world, "two"), [""; 0]);
        assert_eq!(groups(&world, "one"), ["web"]);
    })
    .unwrap();
}

#[test]
fn who_reaches_an_endpoint_stands_in_its_status() {
    simulate(async |mut world| {
        subnets(&world, &["web", "ops"]);
        world.apply(dns_object("ApplicationSecurityGroup", "data", json!({})));
        world.apply(dns_object("NetworkSecurityGroup", "guard", json!({"rules": [
            {"name": "from-web", "direction": "Inbound", "priority": 100, "access": "Allow", "protocol": "Tcp",
             "source": {"prefixes": ["10.1.128.0/24"]}, "destination": {"applicationSecurityGroups": [{"name": "data"}]}, "ports": ["443"]},
            {"name": "rest", "direction": "Inbound", "priority": 4000, "access": "Deny"},
        ]})));
        world.apply(group_binding("all", "data", &json!({})));
        world.apply(endpoint("one", json!({})));
        world.apply(binding("web", "web", json!({"serviceEndpoints": ["Microsoft.Sql"]})));
        world.apply(binding("ops", "ops", json!({"serviceEndpoints": ["Microsoft.Sql"]})));
        world.apply(binding("endpoints", "endpoints", json!({"networkSecurityGroup": {"name": "guard"}})));
        world.pass(MINUTE * 6).await;
        // The trap.
        for (plural, name) in [(ENDPOINTS, "one"), (SUBNET_BINDINGS, "endpoints")] {
            let (status, why, message) = condition(&get(&world, plural, name), "NetworkPolicyEnforced").unwrap();
            assert_eq!((status.as_str(), why.as_str()), ("False", "PolicyDisabled"));
            assert!(message.contains("Disabled") && message.contains("spec.privateEndpointNetworkPolicies"), "{message}");
            assert_eq!(reason(&world, plural, name), "Succeeded", "a warning");
        }
        let access = get(&world, ENDPOINTS, "one")["status"]["access"].clone();
        assert!(access["summary"].as_str().unwrap().contains("does not apply"), "{access}");
        let policies = json!({"privateEndpointNetworkPolicies": "NetworkSecurityGroupEnabled"});
        world.patch_spec_of(SUBNET_BINDINGS, "endpoints", policies);
        world.pass(MINUTE * 4).await;
        assert_eq!(condition(&get(&world, ENDPOINTS, "one"), "NetworkPolicyEnforced"), None);
        assert_eq!(condition(&get(&world, SUBNET_BINDINGS, "endpoints"), "NetworkPolicyEnforced"), None);
        let access = get(&world, ENDPOINTS, "one")["status"]["access"].clone();
        let summary = access["summary"].as_str().unwrap();
        assert_eq!(access["count"], 1, "{summary}");
        assert!(summary.contains("443") && summary.contains("web") && summary.contains("from-web"), "{summary}");
        // A rule changes: so does what is said.
        world.patch_spec_of(SECURITY_GROUPS, "guard", json!({"rules": [{"name": "rest", "direction": "Inbound", "priority": 4000, "access": "Deny"}]}));
        world.pass(MINUTE * 3).await;
        let access = get(&world, ENDPOINTS, "one")["status"]["access"].clone();
        assert_eq!(access["count"], 0, "{access}");
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

#[test]
fn routes_that_do_not_lead_to_endpoints_are_warned_about() {
    simulate(async |mut world| {
        subnets(&world, &["clients"]);
        let hop = |name: &str, prefix: &str| {
            json!({"name": name, "addressPrefix": prefix, "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.200.4"})
        };
        world.apply(dns_object("RouteTable", "firewall", json!({"routes": [hop("all", "0.0.0.0/0")]})));
        world.apply(endpoint("one", json!({})));
        world.pass(MINUTE * 3).await;
        assert_eq!(condition(&get(&world, ROUTE_TABLES, "firewall"), "RoutesEffective"), None, "nothing uses it");
        world.apply(binding("clients", "clients", json!({"routeTable": {"name": "firewall"}})));
        world.pass(MINUTE * 4).await;
        let (_, why, message) = condition(&get(&world, ROUTE_TABLES, "firewall"), "RoutesEffective").unwrap();
        assert_eq!(why, "PolicyDisabled", "{message}");
        assert!(message.contains("one: ") && message.contains("is Disabled") && message.contains("wider than 10.1.0.0/16"), "{message}");
        world.apply(binding("endpoints", "endpoints", json!({"privateEndpointNetworkPolicies": "RouteTableEnabled"})));
        world.pass(MINUTE * 4).await;
        let (_, why, message) = condition(&get(&world, ROUTE_TABLES, "firewall"), "RoutesEffective").unwrap();
        assert_eq!(why, "RouteTooWide", "{message}");
        assert!(!message.contains("privateEndpointNetworkPolicies"), "{message}");
        world.patch_spec_of(ROUTE_TABLES, "firewall", json!({"routes": [hop("all", "0.0.0.0/0"), hop("network", "10.1.0.0/16")]}));
        world.pass(MINUTE * 4).await;
        assert_eq!(condition(&get(&world, ROUTE_TABLES, "firewall"), "RoutesEffective"), None);
        assert_eq!(reason(&world, ROUTE_TABLES, "firewall"), "Succeeded");
        // What is in use is not deleted.
        world.delete_of(ROUTE_TABLES, "firewall");
        world.pass(MINUTE * 2).await;
        let (_, why, message) = condition(&get(&world, ROUTE_TABLES, "firewall"), "Ready").unwrap();
        assert_eq!(why, "InUse", "{message}");
        assert!(message.contains("/subnets/clients"), "{message}");
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

#[test]
fn bindings_that_go_with_their_definition_take_nobody_out_of_a_group() {
    simulate(async |mut world| {
        world.apply(dns_object("ApplicationSecurityGroup", "web", json!({})));
        world.apply(labelled("one", "web"));
        world.apply(group_binding("all", "web", &json!({})));
        world.pass(MINUTE * 4).await;
        assert_eq!(groups(&world, "one"), ["web"]);
        world.api.mark_definition_deleting(GROUP_BINDINGS).unwrap();
        world.delete_of(GROUP_BINDINGS, "all");
        world.pass(MINUTE * 10).await;
        assert!(world.api.get(GROUP_BINDINGS, NAMESPACE, "all").is_none());
        assert_eq!(groups(&world, "one"), ["web"]);
        assert_eq!(reason(&world, ENDPOINTS, "one"), "Succeeded");
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}

#[test]
fn of_more_endpoints_than_a_group_takes_the_oldest_join_and_the_others_are_named() {
    simulate(async |mut world| {
        world.apply(dns_object("ApplicationSecurityGroup", "web", json!({})));
        world.apply(group_binding("all", "web", &json!({})));
        world.pass(MINUTE).await;
        for number in 0..53 {
            world.apply(endpoint(&format!("endpoint-{number:02}"), json!({})));
        }
        world.pass(MINUTE * 12).await;
        let binding = get(&world, GROUP_BINDINGS, "all");
        assert_eq!(
            (&binding["status"]["selected"], &binding["status"]["joined"]),
            (&json!(53), &json!(50))
        );
        let (_, why, message) = condition(&get(&world, GROUP_BINDINGS, "all"), "Ready").unwrap();
        assert_eq!(why, "QuotaExceeded", "{message}");
        assert!(
            message.starts_with("endpoint-50, endpoint-51, endpoint-52 cannot join"),
            "{message}"
        );
        for number in [0, 49, 50, 52] {
            let name = format!("endpoint-{number:02}");
            assert_eq!(reason(&world, ENDPOINTS, &name), "Succeeded", "{name}");
            assert_eq!(groups(&world, &name).len(), usize::from(number < 50), "{name}");
        }
        assert_eq!(world.violations(), []);
    })
    .unwrap();
}
