//! The scenarios about what guards and leads traffic: groups, route tables, and the subnets that use them.

use std::time::Duration;

use futures::future::FutureExt;
use serde_json::{Value, json};

use super::manifests::{
    APPLICATION_GROUPS, GROUP, ROUTE_TABLES, SECURITY_GROUPS, SUBNET_BINDINGS, dns_object, endpoint,
    subnet_id,
};
use super::stories::{ACT, Story, story};

/// The scenarios in which others write to the same subnet between any two calls.
pub const SHARED_SUBNETS: &[&str] = &["subnet-life", "subnet-shared", "subnet-rivals"];

pub(super) fn traffic() -> Vec<Story> {
    vec![
        story!("traffic-life", [], |world| {
            world.apply(dns_object("NetworkSecurityGroup", "guard", json!({"tags": {"team": "orders"}, "rules": [
                {"name": "web", "direction": "Inbound", "priority": 100, "access": "Allow", "protocol": "Tcp",
                 "destination": {"applicationSecurityGroups": [{"name": "web"}]}, "ports": ["443"]},
            ]})));
            world.apply(dns_object("RouteTable", "firewall", json!({"routes": [
                {"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"},
            ]})));
            world.apply(dns_object("ApplicationSecurityGroup", "web", json!({})));
            world.pass(ACT).await;
            world.patch_spec_of(SECURITY_GROUPS, "guard", json!({"rules": [
                {"name": "web", "direction": "Inbound", "priority": 110, "access": "Allow", "protocol": "Tcp",
                 "source": {"prefixes": ["10.1.0.0/16", "10.2.0.0/16"]}, "ports": ["443", "8000-8100"]},
                {"name": "rest", "direction": "Inbound", "priority": 4000, "access": "Deny"},
            ]}));
            world.patch_spec_of(
                ROUTE_TABLES,
                "firewall",
                json!({"disableBgpRoutePropagation": true, "routes": [
                    {"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"},
                ]}),
            );
            world.pass(ACT).await;
            for (plural, name) in [
                (SECURITY_GROUPS, "guard"),
                (ROUTE_TABLES, "firewall"),
                (APPLICATION_GROUPS, "web"),
            ] {
                world.delete_of(plural, name);
            }
            world.pass(ACT * 2).await;
        }),
        story!("traffic-drift", ["networksecuritygroups/guard" => "Succeeded", "networksecuritygroups/shared" => "Succeeded"], |world| {
            let rule = json!([{"name": "web", "direction": "Inbound", "priority": 100, "access": "Allow"}]);
            world.apply(dns_object("NetworkSecurityGroup", "guard", json!({"rules": rule})));
            world.apply(dns_object("NetworkSecurityGroup", "shared", json!({"rules": rule, "unmanagedRules": "Keep"})));
            world.pass(ACT).await;
            let theirs = json!({"properties": {"direction": "Inbound", "priority": 200, "access": "Allow", "protocol": "*",
                "sourcePortRange": "*", "destinationPortRange": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*"}});
            for group in ["guard", "shared"] {
                let id = format!("{GROUP}/providers/Microsoft.Network/networkSecurityGroups/{group}/securityRules/theirs");
                world.make_outside(&id, theirs.clone());
            }
            world.pass(ACT * 2).await;
        }),
        story!("subnet-life", [], |world| {
            world.apply(guard());
            world.apply(firewall());
            world.apply(binding(
                "bound",
                json!({
                    "networkSecurityGroup": {"name": "guard"}, "routeTable": {"name": "firewall"},
                    "privateEndpointNetworkPolicies": "Enabled", "serviceEndpoints": ["Microsoft.Storage"],
                }),
            ));
            world.pass(ACT).await;
            world.patch_spec_of(
                SUBNET_BINDINGS,
                "bound",
                json!({
                    "routeTable": null, "privateEndpointNetworkPolicies": "NetworkSecurityGroupEnabled",
                    "serviceEndpoints": ["Microsoft.KeyVault"],
                }),
            );
            world.pass(ACT).await;
            world.delete_of(SUBNET_BINDINGS, "bound");
            world.pass(ACT).await;
            world.delete_of(SECURITY_GROUPS, "guard");
            world.delete_of(ROUTE_TABLES, "firewall");
            world.pass(ACT * 2).await;
        }),
        story!("groups-joined", ["one" => "Succeeded", "two" => "Succeeded", "applicationsecuritygroups/web" => "Succeeded",
                "applicationsecuritygroupbindings/all" => "Succeeded"], |world| {
            let labelled = |name: &str, tier: &str| {
                // Whichever is made first has the same address.
                let address = if name == "one" { "10.1.0.10" } else { "10.1.0.11" };
                let addresses = json!([{"memberName": "blob", "address": address}]);
                endpoint(name, json!({"metadata": {"labels": {"tier": tier}}, "spec": {"ipAddresses": addresses}}))
            };
            world.apply(labelled("one", "web"));
            world.apply(labelled("two", "data"));
            let groups = json!({"applicationSecurityGroups": [{"name": "web"}], "privateEndpointSelector": {}});
            world.apply(dns_object("ApplicationSecurityGroupBinding", "all", groups));
            let mut tier = dns_object("ApplicationSecurityGroupBinding", "tier", json!({
                "applicationSecurityGroups": [{"name": "web"}, {"name": "data"}],
                "privateEndpointSelector": {"matchLabels": {"tier": "data"}},
            }));
            world.apply(tier.clone());
            world.pass(Duration::from_secs(30)).await;
            for name in ["web", "data"] {
                world.apply(dns_object("ApplicationSecurityGroup", name, json!({})));
            }
            world.pass(ACT).await;
            world.apply(labelled("one", "data"));
            world.apply(labelled("two", "web"));
            world.pass(ACT).await;
            super::manifests::merge(&mut tier, &json!({"spec": {"privateEndpointSelector": {"matchLabels": {"tier": "none"}}}}));
            world.apply(tier);
            world.delete_of(APPLICATION_GROUPS, "data");
            world.pass(ACT).await;
        }),
        story!("subnet-shared", ["subnetbindings/bound" => "Succeeded", "one" => "Succeeded"], |world| {
            world.apply(guard());
            world.apply(binding("bound", json!({
                "networkSecurityGroup": {"name": "guard"}, "privateEndpointNetworkPolicies": "Enabled",
            })));
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            world.patch_spec_of(SUBNET_BINDINGS, "bound", json!({"serviceEndpoints": ["Microsoft.Storage"]}));
            world.pass(ACT * 2).await;
        }),
        story!("subnet-rivals", ["subnetbindings/second" => "Succeeded"], |world| {
            world.apply(guard());
            world.apply(binding("first", json!({"networkSecurityGroup": {"name": "guard"}})));
            world.pass(Duration::from_secs(5)).await;
            world.apply(binding("second", json!({"privateEndpointNetworkPolicies": "Enabled"})));
            world.pass(ACT).await;
            world.delete_of(SUBNET_BINDINGS, "first");
            world.pass(ACT * 2).await;
        }),
        story!("subnet-drift", ["subnetbindings/bound" => "Succeeded"], |world| {
            world.apply(guard());
            world.apply(binding("bound", json!({
                "networkSecurityGroup": {"name": "guard"}, "serviceEndpoints": ["Microsoft.Storage"],
            })));
            world.pass(ACT).await;
            world.meddle(&subnet_id("endpoints"), json!({"properties": {"networkSecurityGroup": null, "theirs": "stays"}}));
            world.pass(ACT).await;
        }),
        story!("subnet-of-the-past", ["networksecuritygroups/guard" => "Succeeded"], |world| {
            // What the subnet had goes while ours is there.
            let before = format!("{GROUP}/providers/Microsoft.Network/networkSecurityGroups/before");
            world.make_outside(&before, json!({"location": "westeurope"}));
            world.meddle(
                &subnet_id("endpoints"),
                json!({"properties": {"networkSecurityGroup": {"id": before}}}),
            );
            world.apply(guard());
            world.apply(binding(
                "bound",
                json!({
                    "networkSecurityGroup": {"name": "guard"}, "privateEndpointNetworkPolicies": "Enabled",
                }),
            ));
            world.pass(ACT).await;
            world.delete_outside(&before);
            world.delete_of(SUBNET_BINDINGS, "bound");
            world.pass(ACT).await;
        }),
    ]
}

fn guard() -> Value {
    let rules = json!([{"name": "web", "direction": "Inbound", "priority": 100, "access": "Allow", "ports": ["443"]}]);
    dns_object("NetworkSecurityGroup", "guard", json!({ "rules": rules }))
}

fn firewall() -> Value {
    dns_object(
        "RouteTable",
        "firewall",
        json!({"routes": [
            {"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"},
        ]}),
    )
}

/// A binding of the endpoints' subnet.
fn binding(name: &str, mut spec: Value) -> Value {
    super::manifests::merge(&mut spec, &json!({"subnet": {"id": subnet_id("endpoints")}}));
    dns_object("SubnetBinding", name, spec)
}
