//! The API server that all tests share: it has the definitions, and no controller that would change what is put there.

use std::sync::OnceLock;

use privatelink_testkit::kubernetes::{ApiServer, Identity, Kubectl, Options};
use serde_json::{Value, json};

use crate::play::Shown;

struct Cluster {
    kubectl: Kubectl,
    /// Both end with this process.
    _server: ApiServer,
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let server = runtime
            .block_on(ApiServer::start(Options::default()))
            .expect("an API server");
        let kubectl = server.kubectl(Identity::ADMIN);
        let definitions: Vec<String> = privatelink_api::crds()
            .iter()
            .map(|one| privatelink_api::to_yaml(one).unwrap())
            .collect();
        let cluster = Cluster {
            kubectl,
            _server: server,
        };
        cluster.succeed(&["apply", "--server-side", "-f", "-"], &definitions.join("---\n"));
        cluster.succeed(
            &[
                "wait",
                "--for=condition=Established",
                "--timeout=30s",
                "crd",
                "--all",
            ],
            "",
        );
        cluster
    })
}

impl Cluster {
    fn succeed(&self, arguments: &[&str], input: &str) -> String {
        let output = self
            .kubectl
            .run_with_input(arguments, input)
            .expect("kubectl runs");
        assert!(
            output.success,
            "kubectl {arguments:?}: {}{}",
            output.stdout, output.stderr
        );
        output.stdout
    }
}

/// kubectl, which has to succeed.
pub fn kubectl(arguments: &[&str]) -> String {
    cluster().succeed(arguments, "")
}

/// kubectl with a text on its standard input; gives both outputs, and whether it succeeded.
pub fn try_kubectl(arguments: &[&str], input: &str) -> (bool, String, String) {
    let output = cluster()
        .kubectl
        .run_with_input(arguments, input)
        .expect("kubectl runs");
    (output.success, output.stdout, output.stderr)
}

/// A namespace that is there from now on.
pub fn make_namespace(name: &str) {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    cluster().succeed(&["apply", "--server-side", "-f", "-"], &namespace.to_string());
}

/// A list of objects for `kubectl -f -`.
fn list(objects: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

/// Puts objects of one kind into the cluster as they were: spec, annotations, status, events, and what is being deleted.
/// A namespaced object goes into `namespace`.
pub fn put(shown: &[Shown], namespace: &str) {
    let cluster = cluster();
    let in_namespace = |object: &Value| {
        let mut metadata = json!({"name": object["metadata"]["name"]});
        if object["metadata"]["namespace"].is_string() {
            metadata["namespace"] = json!(namespace);
        }
        metadata
    };
    let (mut created, mut statuses) = (Vec::new(), Vec::new());
    for Shown { object, .. } in shown {
        let mut new = json!({
            "apiVersion": object["apiVersion"], "kind": object["kind"],
            "metadata": in_namespace(object), "spec": object["spec"],
        });
        for field in ["labels", "annotations", "finalizers"] {
            if !object["metadata"][field].is_null() {
                new["metadata"][field] = object["metadata"][field].clone();
            }
        }
        if was_changed(object) {
            // Whatever it was; it is only to be changed.
            new["spec"]["deletionPolicy"] = json!("Retain");
        }
        created.push(new);
        if !object["status"].is_null() {
            statuses.push(json!({
                "apiVersion": object["apiVersion"], "kind": object["kind"],
                "metadata": in_namespace(object), "spec": object["spec"], "status": object["status"],
            }));
        }
    }
    cluster.succeed(&["create", "-f", "-"], &list(&created));
    for Shown { object, .. } in shown {
        let name = format!(
            "{}.privatelink.dev/{}",
            object["kind"].as_str().unwrap(),
            object["metadata"]["name"].as_str().unwrap()
        );
        let at = ["-n", namespace, &name];
        if was_changed(object) {
            let patch = r#"{"spec":{"deletionPolicy":null}}"#;
            cluster.succeed(&[&["patch", "--type=merge", "-p", patch][..], &at].concat(), "");
        }
        if is_deleted(object) {
            cluster.succeed(&[&["delete", "--wait=false"][..], &at].concat(), "");
        }
    }
    let status = [
        "apply",
        "--server-side",
        "--subresource=status",
        "--force-conflicts",
        "-f",
        "-",
    ];
    cluster.succeed(&status, &list(&statuses));
    put_events(shown, namespace);
}

fn put_events(shown: &[Shown], namespace: &str) {
    let mut events = Vec::new();
    for Shown { object, events: made } in shown {
        let name = object["metadata"]["name"].as_str().unwrap();
        if made.is_empty() {
            continue;
        }
        let kind = format!("{}.privatelink.dev", object["kind"].as_str().unwrap());
        let uid = kubectl(&[
            "get",
            "-n",
            namespace,
            &kind,
            name,
            "-o",
            "jsonpath={.metadata.uid}",
        ]);
        for event in made {
            let mut event = event.clone();
            let mut metadata =
                json!({"name": event["metadata"]["name"], "namespace": event["metadata"]["namespace"]});
            event["regarding"]["uid"] = json!(uid);
            if object["metadata"]["namespace"].is_string() {
                metadata["namespace"] = json!(namespace);
                event["regarding"]["namespace"] = json!(namespace);
            }
            event["metadata"] = metadata;
            events.push(event);
        }
    }
    if !events.is_empty() {
        cluster().succeed(&["create", "-f", "-"], &list(&events));
    }
}

fn is_deleted(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// Whether its spec was changed after it was made: a deletion counts as a generation too.
fn was_changed(object: &Value) -> bool {
    object["metadata"]["generation"].as_i64().unwrap_or(1) - i64::from(is_deleted(object)) > 1
}
