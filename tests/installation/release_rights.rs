//! The rights of the job before an uninstall: each of them is needed, and the program says which one is missing.

use privatelink_api::names::FINALIZER;
use privatelink_testkit::charts::{RELEASE as FLAGS, VALUES, render, workspace};
use privatelink_testkit::environment::seeded;
use privatelink_testkit::kubernetes::{Identity, KubectlOutput};
use serde_json::{Value, json};

use crate::charts::objects;
use crate::cluster::*;

const ACCOUNT: &str = "privatelink-controller-release";

/// One verb on one resource, in the role that gives it.
struct Right {
    role: usize,
    group: String,
    resource: String,
    name: Option<String>,
    verb: String,
}

impl Right {
    fn rule(&self) -> Value {
        let mut rule = json!({"apiGroups": [self.group], "resources": [self.resource], "verbs": [self.verb]});
        if let Some(name) = &self.name {
            rule["resourceNames"] = json!([name]);
        }
        rule
    }

    /// Whether the account has it, as the API server sees it now.
    fn is_given(&self, cluster: &Cluster) -> bool {
        let (resource, part) = self.resource.split_once('/').unwrap_or((&self.resource, ""));
        let group = if self.group.is_empty() {
            String::new()
        } else {
            format!(".{}", self.group)
        };
        let name = self
            .name
            .as_ref()
            .map(|name| format!("/{name}"))
            .unwrap_or_default();
        let account = format!("--as=system:serviceaccount:{NAMESPACE}:{ACCOUNT}");
        let asked = format!("{resource}{group}{name}");
        let part = format!("--subresource={part}");
        let arguments = [
            "auth", "can-i", &self.verb, &asked, &account, &part, "-n", NAMESPACE,
        ];
        cluster.try_kubectl(&arguments, "").stdout.trim() == "yes"
    }
}

/// Every right that roles give, one by one.
fn rights(roles: &[Value]) -> Vec<Right> {
    let texts = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut rights = Vec::new();
    for (role, object) in roles.iter().enumerate() {
        for rule in object["rules"].as_array().unwrap() {
            let names = texts(&rule["resourceNames"]);
            assert!(names.len() <= 1, "{rule}");
            for resource in texts(&rule["resources"]) {
                for verb in texts(&rule["verbs"]) {
                    rights.push(Right {
                        role,
                        group: texts(&rule["apiGroups"]).remove(0),
                        resource: resource.clone(),
                        name: names.first().cloned(),
                        verb,
                    });
                }
            }
        }
    }
    rights
}

/// An object of each kind that can be held, held by the controller's finalizer: the first of its kind in the examples.
fn held() -> String {
    let folder = workspace().join("deploy/examples");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let mut all = objects(&seeded::scope());
    for file in files {
        all.extend(objects(&std::fs::read_to_string(file).unwrap()));
    }
    // The binding of a group is of its endpoint, and has no finalizer of its own.
    let mut kinds = vec![json!("ApplicationSecurityGroupBinding")];
    all.retain(|object| {
        let new = !kinds.contains(&object["kind"]);
        kinds.push(object["kind"].clone());
        new && object["apiVersion"]
            .as_str()
            .unwrap()
            .starts_with(privatelink_api::GROUP)
    });
    for object in &mut all {
        object["metadata"]["finalizers"] = json!([FINALIZER]);
        if object["kind"] != "AzureScope" {
            object["metadata"]["namespace"] = json!(seeded::NAMESPACE);
        }
    }
    json!({"apiVersion": "v1", "kind": "List", "items": all}).to_string()
}

/// A kubeconfig of the job's service account.
fn kubeconfig(cluster: &Cluster) -> std::path::PathBuf {
    let text = std::fs::read_to_string(cluster.server.kubeconfig(Identity::ADMIN)).unwrap();
    let mut config: Value = serde_saphyr::from_str(&text).unwrap();
    config["users"][0]["user"]["as"] = json!(format!("system:serviceaccount:{NAMESPACE}:{ACCOUNT}"));
    let path = folder().join("release-rights.kubeconfig");
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

#[test]
fn without_any_single_right_the_job_before_an_uninstall_fails_and_says_which() {
    scenario(async |cluster| {
        let rendered = render(&helm(), &format!("{VALUES}/defaults.yaml"), &FLAGS).unwrap();
        let rendered = objects(&rendered);
        let job = rendered.iter().find(|object| object["kind"] == "Job").unwrap();
        let arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
            .as_array()
            .unwrap();
        let arguments = arguments
            .iter()
            .map(|argument| argument.as_str().unwrap().to_owned());
        // Nothing else leads here: there is nothing to wait for. Refusals are looked for in a text.
        let mut arguments: Vec<String> = arguments
            .filter(|argument| !argument.starts_with("--timeout") && !argument.starts_with("--log-format"))
            .collect();
        arguments.extend([
            "--timeout=1s".to_owned(),
            format!("--lease-namespace={NAMESPACE}"),
        ]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();

        for namespace in [NAMESPACE, seeded::NAMESPACE] {
            cluster.apply(
                &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
                    .to_string(),
            );
        }
        let definitions = workspace()
            .join("charts/privatelink-controller/files/crds")
            .display()
            .to_string();
        cluster.kubectl(&["apply", "--server-side", "-k", &definitions]);
        cluster.kubectl(&[
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "crd",
            "--all",
        ]);
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": RELEASE, "namespace": NAMESPACE},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "none"}}, "template": {
                "metadata": {"labels": {"app": "none"}}, "spec": {"containers": [{"name": "none", "image": "none"}]}}},
        });
        cluster.apply(&deployment.to_string());
        let rights_only = rendered.iter().filter(|object| object["kind"] != "Job");
        rights_only.for_each(|object| cluster.apply(&object.to_string()));
        let roles = rendered
            .iter()
            .filter(|object| ["Role", "ClusterRole"].iter().any(|kind| object["kind"] == *kind));
        let roles: Vec<Value> = roles.cloned().collect();
        let rights = rights(&roles);
        let (held, kubeconfig) = (held(), kubeconfig(cluster));
        let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": {},
            "metadata": {"name": "privatelink.dev-controller", "namespace": NAMESPACE}});
        let play = |right: Option<&Right>| -> KubectlOutput {
            cluster.apply(&held);
            // The Lease is there, but for the right to make it.
            if right.is_some_and(|right| right.resource == "leases" && right.verb == "create") {
                cluster.kubectl(&["delete", "lease", "privatelink.dev-controller", "-n", NAMESPACE]);
            } else {
                cluster.apply(&lease.to_string());
            }
            cluster.program_as(&kubeconfig, &arguments)
        };

        let with_all = play(None);
        assert!(with_all.success, "{with_all:?}");
        let count = privatelink_api::crds().len() - 1;
        let all = format!("{count} objects released");
        assert!(
            with_all.stdout.contains(&all),
            "a kind has nothing that is held: {with_all:?}"
        );
        for (index, right) in rights.iter().enumerate() {
            let others = rights
                .iter()
                .enumerate()
                .filter(|(other, each)| *other != index && each.role == right.role);
            let mut less = roles[right.role].clone();
            less["rules"] = others.map(|(_, other)| other.rule()).collect();
            cluster.apply(&less.to_string());
            until("the right is gone", async || {
                (!right.is_given(cluster)).then_some(())
            })
            .await;
            let without = play(Some(right));
            let words = format!("cannot {} resource \"{}\"", right.verb, right.resource);
            assert!(!without.success, "without {}: {without:?}", right.rule());
            assert!(
                without.stderr.contains(&words),
                "no {words:?} in {}",
                without.stderr
            );
            assert!(
                !without.stderr.contains("still renewed"),
                "nobody holds the Lease: {}",
                without.stderr
            );
            cluster.apply(&roles[right.role].to_string());
            until("the right is back", async || {
                right.is_given(cluster).then_some(())
            })
            .await;
        }
        println!(
            "{} rights of the job before an uninstall were taken away, one at a time",
            rights.len()
        );
        let with_all = play(None);
        assert!(with_all.success && with_all.stdout.contains(&all), "{with_all:?}");
        let release = workspace().join("deploy/kustomize/release").display().to_string();
        cluster.kubectl(&["delete", "--ignore-not-found", "-k", &release]);
        cluster.kubectl(&["delete", "deployment", RELEASE, "-n", NAMESPACE]);
    });
}
