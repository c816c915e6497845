//! Scope, objects and namespace are deleted in any order: all of it goes, in Azure too.

use privatelink_testkit::environment::seeded;
use serde_json::{Value, json};

use crate::cluster::*;

const TEAM: &str = "team";

/// A namespace, its scope, a zone with a link, and an endpoint.
fn objects() -> Vec<Value> {
    let namespaced = |kind: &str, name: &str, spec: Value| {
        json!({
            "apiVersion": "privatelink.dev/v1alpha1", "kind": kind,
            "metadata": {"name": name, "namespace": TEAM}, "spec": spec,
        })
    };
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}}),
        json!({
            "apiVersion": "privatelink.dev/v1alpha1", "kind": "AzureScope", "metadata": {"name": TEAM},
            "spec": {
                "namespaces": [TEAM],
                "defaults": {"subscriptionId": seeded::SUBSCRIPTION_ID, "resourceGroup": seeded::RESOURCE_GROUP},
                "allow": [{"on": seeded::group_id(), "verbs": ["Manage", "Join", "Link", "LinkZones", "Connect", "AutoApprove"]}],
                "zoneNames": ["*"],
            },
        }),
        namespaced("PrivateDnsZone", "privatelink.azurecr.io", json!({})),
        namespaced(
            "PrivateDnsZoneLink",
            "registry",
            json!({"zone": {"name": "privatelink.azurecr.io"}, "virtualNetwork": {"id": seeded::network_id()}}),
        ),
        namespaced(
            "PrivateEndpoint",
            "registry",
            json!({
                "subnet": {"id": seeded::subnet_id()},
                "target": {"id": seeded::registry_id(), "groupId": "registry"},
                "dns": {"mode": "None"},
            }),
        ),
    ]
}

/// The kinds that live in the namespace.
const KINDS: &str = "privateendpoints,privatednszones,privatednszonelinks";
const ALL: [&str; 4] = ["scope", "zone", "link", "endpoint"];

fn delete(cluster: &Cluster, what: &str) {
    let object: &[&str] = match what {
        "scope" => &["azurescope", TEAM],
        "zone" => &["pdz", "privatelink.azurecr.io", "-n", TEAM],
        "link" => &["privatednszonelink", "registry", "-n", TEAM],
        _ => &["pe", "registry", "-n", TEAM],
    };
    cluster.kubectl(&[&["delete", "--wait=false"], object].concat());
}

fn make(cluster: &Cluster) {
    for object in objects() {
        cluster.apply(&object.to_string());
    }
    for object in [
        "pe/registry",
        "pdz/privatelink.azurecr.io",
        "privatednszonelink/registry",
    ] {
        cluster.kubectl(&[
            "wait",
            "--for=condition=Ready",
            "--timeout=90s",
            "-n",
            TEAM,
            object,
        ]);
    }
}

async fn until_gone(cluster: &Cluster, order: &[&str]) {
    until(&format!("all is gone, deleted as {order:?}"), async || {
        let left = cluster.kubectl(&["get", "privatelink,azurescopes", "-A", "-o", "name"]);
        left.is_empty().then_some(())
    })
    .await;
    assert!(cluster.in_azure("registry").await.is_none(), "{order:?}");
    let zone = format!(
        "{}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io?api-version=2024-06-01",
        seeded::group_id()
    );
    assert!(
        cluster.emulator.get(&zone, Some(&cluster.token)).await.is_err(),
        "{order:?}"
    );
}

#[test]
fn scope_and_objects_may_be_deleted_in_any_order() {
    scenario(async |cluster| {
        cluster.install(&[]);
        // Each goes first once and last once.
        for turn in 0..ALL.len() {
            let mut order = ALL;
            order.rotate_left(turn);
            make(cluster);
            for what in order {
                delete(cluster, what);
            }
            until_gone(cluster, &order).await;
        }
    });
}

#[test]
fn a_scope_that_is_deleted_first_waits_for_its_objects() {
    scenario(async |cluster| {
        cluster.install(&[]);
        make(cluster);
        delete(cluster, "scope");
        until("the scope says that it is in use", async || {
            let scope = cluster.object(&["azurescope", TEAM])?;
            scope.to_string().contains("InUse").then_some(())
        })
        .await;
        assert!(cluster.in_azure("registry").await.is_some());
        for what in ["endpoint", "link", "zone"] {
            delete(cluster, what);
        }
        until_gone(cluster, &["scope", "endpoint", "link", "zone"]).await;
    });
}

#[test]
fn in_a_namespace_that_is_terminating_everything_goes_although_no_event_can_be_made() {
    scenario(async |cluster| {
        cluster.install(&["--set=log.level=info\\,privatelink_engine=debug"]);
        make(cluster);
        cluster.kubectl(&["delete", "namespace", TEAM, "--wait=false"]);
        // Nobody here empties namespaces: the test does what a cluster's own controller would.
        cluster.kubectl(&["delete", KINDS, "--all", "-n", TEAM, "--wait=false"]);
        cluster.try_kubectl(&["delete", "serviceaccounts", "--all", "-n", TEAM], "");
        until("the namespace is empty", async || {
            let left = cluster.kubectl(&["get", KINDS, "-n", TEAM, "-o", "name"]);
            left.is_empty().then_some(())
        })
        .await;
        delete(cluster, "scope");
        until_gone(cluster, &["namespace", "scope"]).await;
        // Events were tried and refused: that is what is proven to block nothing.
        let mut refused = 0;
        for entry in std::fs::read_dir(cluster.node.folder()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let log = std::fs::read_to_string(path).unwrap();
                refused += log
                    .lines()
                    .filter(|line| {
                        line.contains("an event could not be made") && line.contains("being terminated")
                    })
                    .count();
            }
        }
        assert!(
            refused > 0,
            "no event was refused: the namespace was not terminating"
        );
        // What is left of the namespace goes, as its finalizer would.
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}, "spec": {"finalizers": []}});
        let finalize = format!("/api/v1/namespaces/{TEAM}/finalize");
        let output = cluster.try_kubectl(
            &["replace", "--raw", &finalize, "-f", "-"],
            &namespace.to_string(),
        );
        assert!(output.success, "{}", output.stderr);
    });
}
