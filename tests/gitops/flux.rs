//! Flux's own kustomize-controller: it applies, waits, finds no drift, and prunes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use privatelink_testkit::kubernetes::Identity;
use privatelink_testkit::processes::{Process, Program, free_ports};
use serde_json::{Value, json};

use crate::installation::{Installation, name_of, reason_of, scenario};
use crate::judges::{checkout, program};
use crate::source::Artifact;

const APPLIED: &str = "server-side apply completed";
const NAMESPACE: &str = "flux-system";
const LONG: Duration = Duration::from_secs(240);
const GRACE: Duration = Duration::from_secs(10);

/// Flux's part of an installation.
struct Flux {
    controller: Process,
    log: PathBuf,
    revision: String,
}

impl Flux {
    /// Installs Flux's definitions, starts its controller, and lets a GitRepository show the files.
    fn start(installation: &Installation, files: &BTreeMap<String, PathBuf>) -> Self {
        for path in definitions() {
            installation.kubectl(&["apply", "--server-side", "-f", path.to_str().unwrap()]);
        }
        let wait = [
            "wait",
            "--for=condition=Established",
            "--timeout=30s",
            "crd",
            "--all",
        ];
        installation.kubectl(&wait);
        installation.kubectl(&["create", "namespace", NAMESPACE]);
        let artifact = Artifact::serve(&installation.folder, files);
        let repository = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "privatelink", "namespace": NAMESPACE},
            "spec": {"interval": "10m", "url": "https://github.com/example/platform"},
        });
        installation.kubectl_with_input(&["apply", "-f", "-"], &repository.to_string());
        installation.kubectl(&[
            "patch",
            "-n",
            NAMESPACE,
            "gitrepository",
            "privatelink",
            "--subresource=status",
            "--type=merge",
            "-p",
            &artifact.status().to_string(),
        ]);
        let ports = free_ports(2).unwrap();
        let log = installation.folder.join("kustomize-controller.log");
        drop(std::fs::remove_file(&log));
        let controller = Program::new("kustomize-controller", program("kustomize-controller"), &log)
            .arguments([
                format!("--metrics-addr=127.0.0.1:{}", ports[0]),
                format!("--health-addr=127.0.0.1:{}", ports[1]),
                "--watch-all-namespaces=true".to_owned(),
                "--requeue-dependency=1s".to_owned(),
                "--interval-jitter-percentage=0".to_owned(),
            ])
            .environment("RUNTIME_NAMESPACE", NAMESPACE)
            .environment(
                "KUBECONFIG",
                installation.environment.kubeconfig(Identity::ADMIN).unwrap(),
            )
            .grace(GRACE)
            .start()
            .unwrap();
        Self {
            controller,
            log,
            revision: artifact.revision(),
        }
    }

    /// What each of its applications of a Kustomization came to so far, by object.
    fn applications(&self, kustomization: &str) -> Vec<BTreeMap<String, String>> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|entry| entry["msg"] == APPLIED && entry["Kustomization"]["name"] == kustomization)
            .map(|entry| serde_json::from_value(entry["output"].clone()).expect("what was applied"))
            .collect()
    }

    async fn until_ready(&self, installation: &Installation, kustomization: &str) {
        let what = format!("Kustomization {kustomization} is Ready");
        installation
            .until(&what, LONG, |installation| {
                let shown = installation.get(&["-n", NAMESPACE, "kustomization", kustomization])?;
                let ready = reason_of(&shown) == "ReconciliationSucceeded"
                    && shown["status"]["lastAppliedRevision"] == *self.revision
                    && shown["status"]["observedGeneration"] == shown["metadata"]["generation"];
                ready.then_some(())
            })
            .await;
    }

    async fn stop(self) {
        self.controller.stop(GRACE).await;
    }
}

/// Flux's definitions, from its modules.
fn definitions() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (module, package) in [
        ("kubernetes/judges", "github.com/fluxcd/kustomize-controller"),
        ("kubernetes/flux", "github.com/fluxcd/source-controller"),
    ] {
        let folder = module_folder(&checkout(module), package).join("config/crd/bases");
        let files =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        found.extend(files.map(|file| file.unwrap().path()));
    }
    found
}

/// Where Go keeps a module, which it fetches where it has none.
fn module_folder(module: &Path, package: &str) -> PathBuf {
    let output = Command::new("go")
        .args(["mod", "download", "-json", package])
        .env("GOWORK", "off")
        .current_dir(module)
        .output()
        .expect("go runs");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let folder = told["Dir"].as_str();
    PathBuf::from(folder.unwrap_or_else(|| panic!("go mod download {package}: {told}")))
}

fn yaml_files(folder: &str) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(checkout(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(yaml_files(&format!("{folder}/{name}")));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.insert(format!("{folder}/{name}"), path);
        }
    }
    files
}

fn kustomization(name: &str, path: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "interval": "5s", "retryInterval": "5s", "timeout": "4m", "path": path,
            "sourceRef": {"kind": "GitRepository", "name": "privatelink"},
            "prune": true, "wait": true, "deletionPolicy": "WaitForTermination",
        },
    })
}

/// What would change if anybody wrote: every object's version and who manages which of its fields.
fn versions(objects: &[Value]) -> BTreeMap<String, (Value, Value)> {
    objects
        .iter()
        .map(|object| {
            let metadata = &object["metadata"];
            (
                name_of(object),
                (
                    metadata["resourceVersion"].clone(),
                    metadata["managedFields"].clone(),
                ),
            )
        })
        .collect()
}

#[test]
fn flux_applies_the_examples_finds_no_drift_and_prunes_them() {
    scenario("flux-examples", async |installation| {
        let files = yaml_files("deploy/examples");
        let flux = Flux::start(installation, &files);
        let examples = kustomization("examples", "./deploy/examples");
        installation.kubectl_with_input(&["apply", "-f", "-"], &examples.to_string());
        installation.run_policy().await;
        installation.approve("demo", "partner-orders").await;
        installation.look_again("demo");
        flux.until_ready(installation, "examples").await;

        // Ready when all are, and no sooner.
        let objects = installation.objects("demo");
        assert!(objects.len() > 30, "{} objects", objects.len());
        for object in &objects {
            assert_eq!(reason_of(object), "Succeeded", "{}", name_of(object));
        }
        let created = flux.applications("examples").remove(0);
        assert_eq!(created.len(), objects.len());

        // Two more intervals change nothing, whoever looks.
        let before = flux.applications("examples").len();
        let at_rest = versions(&installation.objects("demo"));
        installation
            .until("two more intervals", LONG, |_| {
                (flux.applications("examples").len() >= before + 2).then_some(())
            })
            .await;
        for applied in flux.applications("examples").split_off(before) {
            assert_eq!(applied.len(), objects.len());
            assert!(
                applied.values().all(|change| change == "unchanged"),
                "{applied:?}"
            );
        }
        assert_eq!(versions(&installation.objects("demo")), at_rest);

        // All goes, in the order that Flux likes, and nothing is left in Azure.
        installation.kubectl(&[
            "delete",
            "--wait=false",
            "-n",
            NAMESPACE,
            "kustomization",
            "examples",
        ]);
        let gone = |installation: &Installation| {
            installation
                .get(&["-n", NAMESPACE, "kustomization", "examples"])
                .is_none()
        };
        installation.until_empty("demo", LONG, gone).await;
        flux.stop().await;
    });
}

#[test]
fn flux_follows_the_order_and_does_not_wait_for_an_approval() {
    scenario("flux-order", async |installation| {
        let files = yaml_files("deploy/gitops/manifests");
        let flux = Flux::start(installation, &files);
        let shipped = checkout("deploy/gitops/flux/kustomizations.yaml");
        // As it is shipped, but for the source, which is played and has no branch.
        installation.kubectl(&["apply", "-f", shipped.to_str().unwrap()]);
        let names = ["scope", "zones", "bindings", "endpoints", "approvals"]
            .map(|part| format!("privatelink-{part}"));
        for name in &names {
            flux.until_ready(installation, name).await;
        }
        let partner = installation.get(&["-n", "orders", "pe", "partner"]).unwrap();
        assert_eq!(reason_of(&partner), "AwaitingApproval");
        let made = |name: &str| {
            let object = installation.get(&["-n", "orders", name]).unwrap();
            object["metadata"]["creationTimestamp"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let zone = made("pdz/privatelink.file.core.windows.net");
        assert!(zone <= made("pe/orders-file"), "the zone comes first");
        assert!(
            made("snb/orders-endpoints") <= made("pe/orders-file"),
            "the binding comes first"
        );

        // One that is rejected fails: the recipe waives the waiting, not the failing.
        installation.decide("partner", "Rejected").await;
        installation.until_reason("orders", "partner", "Rejected").await;
        let again = "reconcile.fluxcd.io/requestedAt=now";
        installation.kubectl(&[
            "annotate",
            "-n",
            NAMESPACE,
            "kustomization",
            "privatelink-approvals",
            again,
        ]);
        installation
            .until("the rejection is seen", LONG, |installation| {
                let shown = installation.get(&["-n", NAMESPACE, "kustomization", "privatelink-approvals"])?;
                (reason_of(&shown) == "HealthCheckFailed").then_some(())
            })
            .await;

        // Everything at once, the scope first: it stays until nothing uses it any more.
        let mut delete = vec!["delete", "--wait=false", "-n", NAMESPACE, "kustomization"];
        delete.extend(names.iter().map(String::as_str));
        installation.kubectl(&delete);
        let gone = |installation: &Installation| installation.get(&["azurescope", "orders"]).is_none();
        installation.until_empty("orders", LONG, gone).await;
        flux.stop().await;
    });
}
