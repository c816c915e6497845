//! `kubectl get privatelink`: all kinds in one command.

use std::time::Duration;

use privatelink_api::crds;
use privatelink_testkit::scenario::{NAMESPACE, World, dns_object, endpoint, in_virtual_time, subnet_id};
use privatelink_tests::golden::{golden, masked};
use serde_json::{Value, json};

use crate::cluster::{kubectl, make_namespace, put};
use crate::play::Shown;
use crate::subjects::{SCOPE, SUBJECTS};

/// A small installation of which everything is Ready: every object of the namespace, and its scope.
fn an_installation() -> Vec<Shown> {
    const BLOB: &str = "privatelink.blob.core.windows.net";
    let objects = in_virtual_time(async {
        let mut world = World::new()?;
        world.start();
        let rule = json!({"name": "web", "direction": "Inbound", "priority": 100, "access": "Allow", "ports": ["443"],
            "destination": {"applicationSecurityGroups": [{"name": "data"}]}});
        let route = json!({"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"});
        let network = subnet_id("endpoints").replace("/subnets/endpoints", "");
        for (kind, name, spec) in [
            ("PrivateDnsZone", BLOB, json!({})),
            (
                "PrivateDnsZoneLink",
                "blob",
                json!({"zone": {"name": BLOB}, "virtualNetwork": {"id": network}}),
            ),
            (
                "PrivateDnsRecordSet",
                "mirror",
                json!({"zone": {"name": BLOB}, "recordName": "mirror", "fromPrivateEndpoint": {"name": "orders-blob"}}),
            ),
            ("ApplicationSecurityGroup", "data", json!({})),
            (
                "ApplicationSecurityGroupBinding",
                "data",
                json!({"applicationSecurityGroups": [{"name": "data"}], "privateEndpointSelector": {}}),
            ),
            ("NetworkSecurityGroup", "endpoints", json!({"rules": [rule]})),
            ("RouteTable", "through-firewall", json!({"routes": [route]})),
            (
                "SubnetBinding",
                "endpoints",
                json!({"subnet": {"id": subnet_id("endpoints")}, "networkSecurityGroup": {"name": "endpoints"},
                "routeTable": {"name": "through-firewall"}, "privateEndpointNetworkPolicies": "Enabled"}),
            ),
        ] {
            world.apply(dns_object(kind, name, spec));
        }
        world.apply(endpoint(
            "orders-blob",
            json!({"spec": {"dns": {"mode": "Managed", "zones": [{"name": BLOB}]}}}),
        ));
        tokio::time::sleep(Duration::from_secs(600)).await;
        let mut objects: Vec<Value> = SUBJECTS
            .iter()
            .flat_map(|subject| world.api.list(subject.plural, Some(NAMESPACE)))
            .collect();
        objects.extend(world.api.list(SCOPE.plural, None));
        Ok(objects)
    });
    let shown = |object| Shown {
        object,
        events: Vec::new(),
    };
    objects.unwrap().into_iter().map(shown).collect()
}

/// Holds what kubectl prints of all kinds against the golden file.
pub fn look() {
    let namespace = "together";
    make_namespace(namespace);
    put(&an_installation(), namespace);
    // One table per kind, each with columns of its own.
    let tables = |category: &str| {
        let printed = kubectl(&["get", category, "-n", namespace]);
        printed.split("\n\n").map(masked).collect::<Vec<String>>()
    };
    let printed = tables("privatelink");
    assert_eq!(printed, tables("azure"), "both categories are the same");
    assert_eq!(printed.len(), crds().len());
    golden("kubectl/together.txt", &printed.join("\n"));
    let scope = "azurescope/orders";
    kubectl(&[
        "patch",
        scope,
        "--type=merge",
        "-p",
        r#"{"metadata":{"finalizers":null}}"#,
    ]);
    kubectl(&["delete", scope, "--ignore-not-found"]);
}
