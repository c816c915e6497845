//! From the first command to an uninstall, and back.

use std::path::Path;
use std::time::Instant;

use privatelink_testkit::charts::{CONTROLLER, EXAMPLES, workspace};
use privatelink_testkit::environment::seeded;
use serde_json::json;

use crate::cluster::*;

const ENDPOINT: [&str; 4] = ["pe", "orders-blob", "-n", seeded::NAMESPACE];

#[test]
fn one_command_installs_it_and_one_each_makes_a_scope_and_the_first_endpoint() {
    scenario(async |cluster| {
        let begun = Instant::now();
        cluster.install(&[]);
        let installed = begun.elapsed();
        cluster.first_endpoint();
        cluster.until_ready("pe/orders-blob");
        println!(
            "helm install took {} ms; the first endpoint was Ready after {} ms",
            installed.as_millis(),
            begun.elapsed().as_millis()
        );
        // Two replicas, one of which leads, in pods that Pod Security has let in as restricted.
        let pods = cluster.node.pods(RELEASE).await;
        assert_eq!(pods.len(), 2, "{pods:?}");
        let holder = cluster.holder().expect("a leader");
        assert!(pods.contains(&holder), "{holder} is one of {pods:?}");
        nothing_was_refused(cluster, &pods);

        // The leader is frozen; the standby takes over and works, and the old leader does not when it wakes up.
        cluster.node.signal(&holder, rustix::process::Signal::STOP).await;
        let follower = until("another leader", async || {
            cluster.holder().filter(|now| *now != holder)
        })
        .await;
        cluster.node.signal(&holder, rustix::process::Signal::CONT).await;
        assert!(pods.contains(&follower));
        cluster.kubectl(&[
            "delete",
            "pe",
            "orders-blob",
            "-n",
            seeded::NAMESPACE,
            "--timeout=60s",
        ]);
        assert!(cluster.in_azure("orders-blob").await.is_none());
        nothing_was_refused(cluster, &pods);
    });
}

/// The rights that the chart gives are enough: no request of these pods was refused.
fn nothing_was_refused(cluster: &Cluster, pods: &[String]) {
    for pod in pods {
        let path = cluster.node.folder().join(format!("{NAMESPACE}.{pod}.log"));
        let log = std::fs::read_to_string(&path).unwrap();
        assert!(!log.is_empty(), "nothing could be found in {}", path.display());
        let lines = log.lines();
        let refused: Vec<&str> = lines
            .filter(|line| line.to_ascii_lowercase().contains("forbidden"))
            .collect();
        assert!(refused.is_empty(), "{}: {refused:?}", path.display());
    }
}

#[test]
fn an_upgrade_brings_new_definitions_and_a_rollback_the_old_ones_while_objects_live_on() {
    scenario(async |cluster| {
        cluster.install(&[]);
        cluster.first_endpoint();
        cluster.until_ready("pe/orders-blob");
        let before = cluster.now().await;
        let old_pods = cluster.node.pods(RELEASE).await;

        // The next version of the chart: a definition has a column more.
        let next = folder().join("next-chart");
        drop(std::fs::remove_dir_all(&next));
        copy(&workspace().join(CONTROLLER), &next);
        let definition = next.join("files/crds/privateendpoints.yaml");
        let text = std::fs::read_to_string(&definition).unwrap();
        let column = "  - additionalPrinterColumns:\n    - name: NEXT\n      type: string\n      jsonPath: .spec.scopeName\n";
        let changed = text.replacen("  - additionalPrinterColumns:\n", column, 1);
        assert_ne!(text, changed);
        std::fs::write(&definition, changed).unwrap();
        let values = cluster.values();
        let chart = next.display().to_string();
        let arguments = [
            "upgrade",
            RELEASE,
            &chart,
            "--namespace",
            NAMESPACE,
            "--values",
            &values,
        ];
        let flags = ["--set=workers=8", "--wait", "--timeout=90s"];
        cluster.helm(&[&arguments[..], &flags[..]].concat());
        assert!(cluster.kubectl(&["get", "pe", "-A"]).contains("NEXT"));
        assert!(deployment(cluster).contains("--workers=8"));
        let pods = cluster.node.pods(RELEASE).await;
        assert!(pods.iter().all(|pod| !old_pods.contains(pod)), "{pods:?} are new");
        cluster.until_ready("pe/orders-blob");

        cluster.helm(&[
            "rollback",
            RELEASE,
            "1",
            "--namespace",
            NAMESPACE,
            "--wait",
            "--timeout=90s",
        ]);
        assert!(!cluster.kubectl(&["get", "pe", "-A"]).contains("NEXT"));
        assert!(deployment(cluster).contains("--workers=16"));
        // The controller that runs now still works.
        until("a leader", async || cluster.holder()).await;
        let tags = json!({"spec": {"tags": {"team": "payments"}}}).to_string();
        cluster.kubectl(&[
            "patch",
            "pe",
            "orders-blob",
            "-n",
            seeded::NAMESPACE,
            "--type=merge",
            "-p",
            &tags,
        ]);
        until("the tag in Azure", async || {
            let endpoint = cluster.in_azure("orders-blob").await?;
            (endpoint["tags"]["team"] == "payments").then_some(())
        })
        .await;
        let writes = cluster.writes(before).await;
        assert_eq!(
            writes.len(),
            1,
            "an upgrade and a rollback write nothing to Azure: {writes:?}"
        );
        cluster.kubectl(&[
            "delete",
            "pe",
            "orders-blob",
            "-n",
            seeded::NAMESPACE,
            "--timeout=60s",
        ]);
    });
}

fn deployment(cluster: &Cluster) -> String {
    cluster
        .object(&["deployment", RELEASE, "-n", NAMESPACE])
        .expect("the Deployment")
        .to_string()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
}

#[test]
fn an_uninstall_lets_go_of_everything_deletes_nothing_and_can_be_taken_back() {
    scenario(async |cluster| {
        cluster.install(&[]);
        cluster.first_endpoint();
        cluster.until_ready("pe/orders-blob");
        assert!(!cluster.finalizers(&ENDPOINT).is_empty());
        let before = cluster.now().await;

        let begun = Instant::now();
        cluster.helm(&UNINSTALL);
        println!("helm uninstall took {} ms", begun.elapsed().as_millis());
        assert!(cluster.finalizers(&ENDPOINT).is_empty());
        assert!(cluster.finalizers(&["azurescope", "demo"]).is_empty());
        assert!(
            cluster.in_azure("orders-blob").await.is_some(),
            "it is still in Azure"
        );
        assert_eq!(cluster.writes(before).await, Vec::<String>::new());
        until("the pods are gone", async || {
            let pods = cluster.kubectl(&["get", "pods", "-n", NAMESPACE, "-o", "name"]);
            pods.is_empty().then_some(())
        })
        .await;
        // What the hook needed is gone too, and so is every right.
        for kind in [
            "deployments",
            "jobs",
            "serviceaccounts",
            "roles",
            "rolebindings",
            "networkpolicies",
        ] {
            assert_eq!(
                cluster.kubectl(&["get", kind, "-n", NAMESPACE, "-o", "name"]),
                "",
                "{kind}"
            );
        }
        for kind in [
            "clusterroles",
            "clusterrolebindings",
            "validatingadmissionpolicies",
        ] {
            let left = cluster.kubectl(&["get", kind, "-o", "name"]);
            assert!(!left.contains(RELEASE), "{left}");
        }
        // The definitions are kept, and with them every object.
        assert_eq!(
            cluster
                .kubectl(&["get", "crd", "-o", "name"])
                .matches("privatelink.dev")
                .count(),
            privatelink_api::crds().len()
        );

        // Twice is once.
        let again = cluster.helm.run(&UNINSTALL).unwrap();
        assert!(
            !again.success && again.stderr.contains("not found"),
            "{}",
            again.stderr
        );
        let released = cluster.program(&["release", "--yes", "--lease-namespace", NAMESPACE]);
        assert!(
            released.success && released.stdout.contains("0 objects released"),
            "{released:?}"
        );

        // The same installation takes up what it left, without writing.
        cluster.install(&[]);
        until("the endpoint is held again", async || {
            (!cluster.finalizers(&ENDPOINT).is_empty()).then_some(())
        })
        .await;
        cluster.until_ready("pe/orders-blob");
        assert_eq!(cluster.writes(before).await, Vec::<String>::new());
        cluster.kubectl(&[
            "delete",
            "pe",
            "orders-blob",
            "-n",
            seeded::NAMESPACE,
            "--timeout=60s",
        ]);
        assert!(cluster.in_azure("orders-blob").await.is_none());
    });
}

#[test]
fn examples_are_a_release_of_their_own() {
    scenario(async |cluster| {
        cluster.install(&[]);
        let group = seeded::group_id();
        let values = json!({
            "scope": {"allow": [{"on": group, "verbs": ["Manage", "Join", "Link", "LinkZones", "Connect", "AutoApprove"]}], "zoneNames": ["*"],
                "defaults": {"subscriptionId": seeded::SUBSCRIPTION_ID, "resourceGroup": seeded::RESOURCE_GROUP}},
            "zones": {"privatelink.vaultcore.azure.net": [seeded::network_id()]},
            "endpoints": {"vault": {"subnet": {"id": seeded::subnet_id()},
                "target": {"id": seeded::key_vault_id(), "groupId": "vault"}, "dns": {"mode": "None"}}},
        });
        let path = folder().join("examples.json");
        std::fs::write(&path, values.to_string()).unwrap();
        let chart = workspace().join(EXAMPLES).display().to_string();
        let values = path.display().to_string();
        // --wait asks kstatus: every object is Ready when it returns.
        let arguments = [
            "install",
            "examples",
            &chart,
            "--namespace",
            seeded::NAMESPACE,
            "--create-namespace",
        ];
        cluster.helm(&[&arguments[..], &["--values", &values, "--wait", "--timeout=90s"]].concat());
        let ready = cluster.kubectl(&["get", "privatelink", "-A", "-o", "name"]);
        assert_eq!(ready.lines().count(), 4, "{ready}");
        cluster.until_ready("pe/vault");
        assert!(cluster.in_azure("vault").await.is_some());
        cluster.helm(&[
            "uninstall",
            "examples",
            "--namespace",
            seeded::NAMESPACE,
            "--wait",
            "--timeout=90s",
        ]);
        until("all is gone", async || {
            let left = cluster.kubectl(&["get", "privatelink,azurescopes", "-A", "-o", "name"]);
            left.is_empty().then_some(())
        })
        .await;
        assert!(cluster.in_azure("vault").await.is_none());
    });
}
