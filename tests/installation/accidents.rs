//! What happens to installations.
//!
//! Mass deletion that is held, also over a restart, is played in `crates/testkit/tests/worlds/accidents.rs`.

use privatelink_testkit::charts::{CONTROLLER, VALUES, render, workspace};
use privatelink_testkit::environment::seeded;
use rustix::process::Signal;
use serde_json::json;

use crate::cluster::*;

/// The job before an uninstall, its service account and what they have in the release's namespace.
const HOOK: &str = "privatelink-controller-release";
const ENDPOINT: [&str; 4] = ["pe", "orders-blob", "-n", seeded::NAMESPACE];

#[test]
fn an_uninstall_waits_out_the_lease_of_a_dead_process() {
    scenario(async |cluster| {
        cluster.install(&[]);
        cluster.first_endpoint();
        cluster.until_ready("pe/orders-blob");
        // The machine with all replicas is lost; an object is being deleted, and nobody is there to see to it.
        cluster.node.lose(RELEASE).await;
        let dead = cluster.holder().expect("a dead process holds the Lease");
        cluster.kubectl(&[
            "delete",
            "pe",
            "orders-blob",
            "-n",
            seeded::NAMESPACE,
            "--wait=false",
        ]);
        let before = cluster.now().await;
        cluster.helm(&UNINSTALL);
        assert!(cluster.object(&ENDPOINT).is_none(), "nothing holds it any more");
        assert!(cluster.finalizers(&["azurescope", "demo"]).is_empty());
        assert_ne!(cluster.holder(), Some(dead));
        assert!(
            cluster.in_azure("orders-blob").await.is_some(),
            "nothing is deleted in Azure"
        );
        assert_eq!(cluster.writes(before).await, Vec::<String>::new());
        cluster.forget("orders-blob").await;
    });
}

#[test]
fn nothing_is_let_go_of_beside_a_controller_that_works_nor_of_what_is_anothers() {
    scenario(async |cluster| {
        cluster.install(&[]);
        cluster.first_endpoint();
        cluster.until_ready("pe/orders-blob");
        let listed = cluster.program(&["release"]);
        assert!(
            listed.success && listed.stdout.contains("PrivateEndpoint demo/orders-blob"),
            "{listed:?}"
        );
        let refused = cluster.program(&["release", "--yes", "--lease-namespace", NAMESPACE, "--timeout=4s"]);
        assert!(!refused.success, "{refused:?}");
        let holder = cluster.holder().expect("a leader");
        for word in [NAMESPACE, &holder, "--scale-down"] {
            assert!(refused.stderr.contains(word), "no {word} in {}", refused.stderr);
        }
        // Another installation has a Lease of its own, and nothing here is its.
        let other = [
            "release",
            "--yes",
            "--controller-name=example.com/other",
            "--lease-namespace",
            NAMESPACE,
        ];
        let other = cluster.program(&other);
        assert!(
            other.success && other.stdout.contains("0 objects released"),
            "{other:?}"
        );
        assert!(
            other.stdout.contains("left to the other installations"),
            "{other:?}"
        );
        assert!(!cluster.finalizers(&ENDPOINT).is_empty());
        assert!(!cluster.finalizers(&["azurescope", "demo"]).is_empty());
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

/// All replicas stand still, and somebody who does not end holds the Lease.
async fn keep_the_lease(cluster: &Cluster) {
    for pod in cluster.node.pods(RELEASE).await {
        cluster.node.signal(&pod, Signal::STOP).await;
    }
    let take = r#"{"spec": {"holderIdentity": "kept-by-hand", "leaseDurationSeconds": 3600, "renewTime": "2030-01-01T00:00:00.000000Z"}}"#;
    cluster.kubectl(&[
        "patch",
        "lease",
        "privatelink.dev-controller",
        "-n",
        NAMESPACE,
        "--type=merge",
        "-p",
        take,
    ]);
}

#[test]
fn an_uninstall_that_cannot_have_the_lease_lets_go_of_nothing_and_goes_through_later() {
    scenario(async |cluster| {
        // A process that does not end holds the Lease for longer than the hook waits.
        cluster.install(&["--set=releaseOnUninstall.timeout=3s"]);
        cluster.first_endpoint();
        cluster.until_ready("pe/orders-blob");
        keep_the_lease(cluster).await;
        let refused = cluster
            .helm
            .run(&["uninstall", RELEASE, "--namespace", NAMESPACE, "--timeout=60s"])
            .unwrap();
        assert!(!refused.success, "{refused:?}");
        assert!(!cluster.finalizers(&ENDPOINT).is_empty(), "nothing was let go of");
        // What Helm has told of stays so: the job has made its one attempt.
        let job = cluster.object(&["job", HOOK, "-n", NAMESPACE]).expect("the job");
        assert_eq!(job["status"]["failed"], 1, "{job:#}");
        assert_eq!(job["status"]["active"].as_u64().unwrap_or_default(), 0, "{job:#}");
        let release = cluster.helm(&["status", RELEASE, "--namespace", NAMESPACE]);
        assert!(release.contains(RELEASE), "{release}");
        assert!(
            cluster
                .object(&["deployment", RELEASE, "-n", NAMESPACE])
                .is_some()
        );

        // When the Lease is free, the same command goes through.
        for pod in cluster.node.pods(RELEASE).await {
            cluster.node.signal(&pod, Signal::CONT).await;
        }
        cluster.kubectl(&["delete", "lease", "privatelink.dev-controller", "-n", NAMESPACE]);
        cluster.helm(&UNINSTALL);
        assert!(cluster.finalizers(&ENDPOINT).is_empty());
        assert!(cluster.in_azure("orders-blob").await.is_some());
        cluster.forget("orders-blob").await;
    });
}

#[test]
fn what_a_failed_hook_leaves_goes_by_the_lines_of_the_pages() {
    scenario(async |cluster| {
        cluster.install(&["--set=releaseOnUninstall.timeout=1s"]);
        keep_the_lease(cluster).await;
        let refused = cluster.helm.run(&UNINSTALL).unwrap();
        assert!(!refused.success, "{refused:?}");
        cluster.helm(&[&UNINSTALL[..], &["--no-hooks"]].concat());

        let everything = |cluster: &Cluster| {
            let inside = "jobs,serviceaccounts,roles,rolebindings";
            let inside = cluster.kubectl(&["get", inside, "-n", NAMESPACE, "-o", "name"]);
            let outside = cluster.kubectl(&["get", "clusterroles,clusterrolebindings", "-o", "name"]);
            let both = inside.lines().chain(outside.lines());
            both.filter(|name| name.contains(RELEASE))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        // The rights go with the attempt; a Helm that is killed while the job runs leaves them too.
        assert_eq!(everything(cluster), [format!("job.batch/{HOOK}")]);
        let rights = ["--show-only=templates/release/rights.yaml"];
        cluster.apply(&render(&helm(), &format!("{VALUES}/defaults.yaml"), &rights).unwrap());
        let left = everything(cluster);
        assert_eq!(left.len(), 6, "{left:?}");
        for line in [
            format!(
                "delete --ignore-not-found --namespace {NAMESPACE} job,serviceaccount,role,rolebinding {HOOK}"
            ),
            format!("delete --ignore-not-found clusterrole,clusterrolebinding {HOOK}.{NAMESPACE}"),
        ] {
            for page in [&format!("{CONTROLLER}/README.md"), "docs/operations.md"] {
                let text = std::fs::read_to_string(workspace().join(page)).unwrap();
                assert!(
                    text.contains(&format!("kubectl {line}\n")),
                    "{page} has no {line}"
                );
            }
            cluster.kubectl(&line.split(' ').collect::<Vec<_>>());
        }
        assert_eq!(everything(cluster), Vec::<String>::new());
        cluster.kubectl(&["delete", "lease", "privatelink.dev-controller", "-n", NAMESPACE]);
    });
}

#[test]
fn the_job_by_hand_lets_go_of_everything_where_there_is_no_hook() {
    scenario(async |cluster| {
        cluster.install(&["--set=releaseOnUninstall.enabled=false"]);
        cluster.first_endpoint();
        cluster.until_ready("pe/orders-blob");
        let before = cluster.now().await;
        let folder = workspace().join("deploy/kustomize/release").display().to_string();
        cluster.kubectl(&["apply", "--server-side", "-k", &folder]);
        let wait = ["wait", "--for=condition=Complete", "--timeout=90s"];
        cluster.kubectl(&[&wait[..], &["-n", NAMESPACE, &format!("job/{HOOK}")]].concat());
        assert!(cluster.finalizers(&ENDPOINT).is_empty());
        assert!(cluster.finalizers(&["azurescope", "demo"]).is_empty());
        assert!(
            cluster.node.pods(RELEASE).await.is_empty(),
            "the controller is stopped"
        );
        cluster.kubectl(&["delete", "-k", &folder]);
        cluster.helm(&UNINSTALL);
        assert!(cluster.in_azure("orders-blob").await.is_some());
        assert_eq!(cluster.writes(before).await, Vec::<String>::new());
        cluster.forget("orders-blob").await;
    });
}

/// The namespace goes with all that is in it, as where Kubernetes' own controller of namespaces sees to it.
fn lose_the_namespace(cluster: &Cluster) {
    let kinds = "deployments,jobs,pods,services,serviceaccounts,roles,rolebindings,leases,configmaps,secrets,networkpolicies,poddisruptionbudgets";
    cluster.kubectl(&["delete", "namespace", NAMESPACE, "--wait=false"]);
    cluster.kubectl(&["delete", kinds, "--all", "-n", NAMESPACE, "--timeout=60s"]);
    let gone = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}, "spec": {"finalizers": []}});
    let finalize = format!("/api/v1/namespaces/{NAMESPACE}/finalize");
    let output = cluster.try_kubectl(&["replace", "--raw", &finalize, "-f", "-"], &gone.to_string());
    assert!(output.success, "{output:?}");
    assert!(cluster.object(&["namespace", NAMESPACE]).is_none());
}

#[test]
fn a_namespace_that_is_deleted_leaves_everything_to_a_new_installation_or_to_the_lines_of_the_page() {
    scenario(async |cluster| {
        cluster.install(&[]);
        cluster.first_endpoint();
        cluster.until_ready("pe/orders-blob");
        let before = cluster.now().await;
        lose_the_namespace(cluster);
        assert!(!cluster.finalizers(&ENDPOINT).is_empty());
        // The same command as at first: what the release has in the whole cluster is its own.
        cluster.install(&[]);
        until("a leader", async || cluster.holder()).await;
        cluster.until_ready("pe/orders-blob");

        lose_the_namespace(cluster);
        let delete = [
            "delete",
            "pe",
            "orders-blob",
            "-n",
            seeded::NAMESPACE,
            "--wait=false",
        ];
        cluster.kubectl(&delete);
        assert!(
            cluster.object(&ENDPOINT).is_some(),
            "nobody takes the finalizer off"
        );
        let page = std::fs::read_to_string(workspace().join("docs/operations.md")).unwrap();
        let (_, section) = page.split_once("\n### The namespace is gone\n").unwrap();
        let (_, block) = section.split_once("```sh\n").unwrap();
        let (lines, _) = block.split_once("```").unwrap();
        let root = format!("{}/deploy/", workspace().display());
        for line in lines.lines() {
            let line = line.replace("deploy/", &root);
            // Nobody here ends a namespace.
            let (_, arguments) = line.split_once("kubectl ").unwrap();
            if !arguments.starts_with("delete namespace") {
                cluster.kubectl(&arguments.split(' ').collect::<Vec<_>>());
            }
        }
        assert!(cluster.object(&ENDPOINT).is_none(), "nothing holds it any more");
        assert!(cluster.finalizers(&["azurescope", "demo"]).is_empty());
        assert!(cluster.in_azure("orders-blob").await.is_some());
        assert_eq!(cluster.writes(before).await, Vec::<String>::new());
        let kinds =
            "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings";
        let left = cluster.kubectl(&["get", kinds, "-o", "name"]);
        assert!(!left.contains(RELEASE), "{left}");
        cluster.forget("orders-blob").await;
    });
}

#[test]
fn a_definition_that_is_deleted_takes_nothing_in_azure_with_it() {
    scenario(async |cluster| {
        cluster.install(&[]);
        cluster.first_endpoint();
        cluster.until_ready("pe/orders-blob");
        let was = cluster.in_azure("orders-blob").await.expect("the endpoint");
        let before = cluster.now().await;
        let crd = "privateendpoints.privatelink.dev";
        cluster.kubectl(&["delete", "crd", crd, "--timeout=60s"]);
        assert!(cluster.in_azure("orders-blob").await.is_some());
        assert_eq!(cluster.writes(before).await, Vec::<String>::new());

        // An upgrade brings it back; the same manifest takes up the same endpoint.
        let chart = workspace().join(CONTROLLER).display().to_string();
        let values = cluster.values();
        let arguments = [
            "upgrade",
            RELEASE,
            &chart,
            "--namespace",
            NAMESPACE,
            "--values",
            &values,
        ];
        cluster.helm(&[&arguments[..], &["--wait", "--timeout=90s"]].concat());
        cluster.first_endpoint();
        cluster.until_ready("pe/orders-blob");
        // The object is another one, which the endpoint's tag has to say; the endpoint is the same.
        let writes = cluster.writes(before).await;
        assert!(writes.len() == 1 && writes[0].contains("PUT"), "{writes:?}");
        let now = cluster.in_azure("orders-blob").await.expect("the endpoint");
        assert_eq!(
            now["properties"]["networkInterfaces"],
            was["properties"]["networkInterfaces"]
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
