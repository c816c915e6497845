//! The cluster that all scenarios share, and what they do in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use privatelink_testkit::charts::{CONTROLLER, workspace};
use privatelink_testkit::environment::{Emulator, programs, seeded};
use privatelink_testkit::kubernetes::node::{Node, NodeOptions};
use privatelink_testkit::kubernetes::{ApiServer, Helm, Identity, KubectlOutput, Options};
use privatelink_testkit::processes::Deadline;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use crate::identity;

/// The release, its namespace, and what the chart calls its Deployment and its service account.
pub const RELEASE: &str = "privatelink-controller";
pub const NAMESPACE: &str = "privatelink-system";
/// How long anything may take before a scenario gives up.
pub const PATIENCE: Duration = Duration::from_secs(90);
const IMAGE: &str = "ghcr.io/privatelink-dev/privatelink-controller";

/// A running API server, an emulator, a node and Helm.
pub struct Cluster {
    pub server: ApiServer,
    pub emulator: Emulator,
    pub node: Node,
    pub helm: Helm,
    pub controller: PathBuf,
    pub token: String,
    folder: PathBuf,
}

struct Shared {
    runtime: Runtime,
    cluster: Mutex<Cluster>,
    /// Held as long as the process lives: two runs must not use one folder.
    _lock: std::fs::File,
}

/// Where logs are, also after the run.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("installation")
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let folder = folder();
        std::fs::create_dir_all(&folder).unwrap();
        let lock = std::fs::File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        for name in ["kubernetes", "emulator", "node", "helm"] {
            drop(std::fs::remove_dir_all(folder.join(name)));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let cluster = runtime.block_on(start(&folder));
        Shared {
            runtime,
            cluster: Mutex::new(cluster),
            _lock: lock,
        }
    })
}

async fn start(folder: &Path) -> Cluster {
    let helm_folder = folder.join("helm");
    let helm = tokio::task::spawn_blocking(|| Helm::provide(helm_folder));
    let helm = helm.await.unwrap().expect("Helm is built");
    let programs = programs::build(false).await.expect("the programs are built");
    let seed = folder.join("seed.yaml");
    std::fs::write(&seed, seed_with_federation()).unwrap();
    let extra = ["--time-scale=20".to_owned(), format!("--seed={}", seed.display())];
    let emulator = Emulator::start(&programs.emulator, &folder.join("emulator"), &extra).await;
    let emulator = emulator.expect("the emulator serves");
    let options = Options {
        identities: Vec::new(),
        folder: Some(folder.join("kubernetes")),
    };
    let server = ApiServer::start(options).await.expect("the API server serves");
    let options = NodeOptions {
        programs: BTreeMap::from([(IMAGE.to_owned(), programs.controller.clone())]),
        folder: folder.join("node"),
    };
    let node = Node::start(&server, options).await.expect("a node");
    let token = emulator.token("administrator", 24).await.expect("a token");
    Cluster {
        helm: helm.with_kubeconfig(server.kubeconfig(Identity::ADMIN)),
        controller: programs.controller,
        server,
        emulator,
        node,
        token,
        folder: folder.to_path_buf(),
    }
}

/// The demo's seed, with Entra's word that the chart's service account is the controller's application.
fn seed_with_federation() -> String {
    let secret = format!("    clientSecret: {}\n", seeded::CONTROLLER_SECRET);
    let federation = format!(
        "    federatedCredentials: [{{issuer: 'https://kubernetes.default.svc', subject: 'system:serviceaccount:{NAMESPACE}:{RELEASE}'}}]\n"
    );
    let seed = seeded::seed().expect("the demo's seed");
    assert!(seed.contains(&secret) && seed.contains("\nprincipals:\n"));
    let team = format!("\nprincipals:\n{}", identity::principal());
    seed.replace(&secret, &federation)
        .replace("\nprincipals:\n", &team)
}

/// Plays a scenario in a cluster without a release, and leaves it so.
pub fn scenario(play: impl AsyncFnOnce(&mut Cluster)) {
    let shared = shared();
    shared.runtime.block_on(async {
        let mut cluster = shared.cluster.lock().await;
        cluster.clear();
        play(&mut cluster).await;
        cluster.clear();
    });
}

/// The command that uninstalls the controller.
pub const UNINSTALL: [&str; 6] = [
    "uninstall",
    RELEASE,
    "--namespace",
    NAMESPACE,
    "--wait",
    "--timeout=90s",
];

/// Something that needs Helm and no cluster.
pub fn helm() -> Helm {
    Helm::provide(folder().join("helm-alone")).expect("Helm is built")
}

impl Cluster {
    /// kubectl as the administrator; what it refuses is in the output.
    pub fn try_kubectl(&self, arguments: &[&str], input: &str) -> KubectlOutput {
        let kubectl = self.server.kubectl(Identity::ADMIN);
        kubectl.run_with_input(arguments, input).expect("kubectl runs")
    }

    /// kubectl, which has to succeed.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.try_kubectl(arguments, "");
        assert!(
            output.success,
            "kubectl {arguments:?}: {}{}",
            output.stdout, output.stderr
        );
        output.stdout
    }

    /// `kubectl apply` of a manifest.
    pub fn apply(&self, manifest: &str) {
        let output = self.try_kubectl(&["apply", "--server-side", "-f", "-"], manifest);
        assert!(output.success, "{manifest}: {}", output.stderr);
    }

    /// Helm, which has to succeed.
    pub fn helm(&self, arguments: &[&str]) -> String {
        let output = self.helm.run(arguments).expect("helm runs");
        assert!(
            output.success,
            "helm {arguments:?}: {}{}\n{}",
            output.stdout,
            output.stderr,
            self.state()
        );
        output.stdout
    }

    /// The one command that installs the controller, with the values of this cluster.
    pub fn install(&self, extra: &[&str]) {
        let chart = workspace().join(CONTROLLER).display().to_string();
        let values = self.values();
        let mut arguments = vec!["install", RELEASE, &chart, "--namespace", NAMESPACE];
        arguments.extend([
            "--create-namespace",
            "--wait",
            "--timeout=90s",
            "--values",
            &values,
        ]);
        arguments.extend(extra);
        self.prepare();
        self.helm(&arguments);
    }

    /// The namespace, which takes restricted pods alone, with the ConfigMap of the emulator's authority.
    fn prepare(&self) {
        let authority = std::fs::read_to_string(self.emulator.ca()).unwrap();
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        });
        self.apply(&namespace.to_string());
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "authorities", "namespace": NAMESPACE}, "data": {"ca.crt": authority},
        });
        self.apply(&map.to_string());
    }

    /// The values that any cluster needs, written to a file: where Azure is, and as whom it is called.
    pub fn values(&self) -> String {
        let values = json!({
            "ownerId": "installation",
            "cloud": {
                "name": "custom",
                "armEndpoint": self.emulator.endpoint(),
                "armAudience": "https://management.azure.com",
                "authority": self.emulator.authority(),
                "zoneCatalogue": "public",
            },
            "azure": {"clientId": seeded::CONTROLLER_CLIENT_ID, "tenantId": seeded::TENANT_ID},
            "caBundle": {"configMap": "authorities"},
            "driftInterval": "5s",
        });
        let path = self.folder.join("values.json");
        std::fs::write(&path, values.to_string()).unwrap();
        path.display().to_string()
    }

    /// The scope and the example that a first hour begins with, by one command each.
    pub fn first_endpoint(&self) {
        self.apply(&seeded::scope());
        let example = workspace().join("deploy/examples/storage-blob.yaml");
        self.kubectl(&["apply", "-f", &example.display().to_string()]);
    }

    /// Waits until an object (`pe/orders-blob`) is Ready.
    pub fn until_ready(&self, object: &str) {
        let arguments = [
            "wait",
            "--for=condition=Ready",
            "--timeout=90s",
            "-n",
            seeded::NAMESPACE,
            object,
        ];
        let output = self.try_kubectl(&arguments, "");
        assert!(
            output.success,
            "{object}: {}\n{}\n{}",
            output.stderr,
            self.try_kubectl(&["get", object, "-n", seeded::NAMESPACE, "-o", "yaml"], "")
                .stdout,
            self.state()
        );
    }

    /// An object; none where there is none.
    pub fn object(&self, arguments: &[&str]) -> Option<Value> {
        let mut all = vec!["get", "-o", "json", "--ignore-not-found"];
        all.extend(arguments);
        serde_json::from_str(&self.try_kubectl(&all, "").stdout).ok()
    }

    /// The finalizers of an object that is there.
    pub fn finalizers(&self, arguments: &[&str]) -> Vec<String> {
        let object = self
            .object(arguments)
            .unwrap_or_else(|| panic!("{arguments:?} is gone"));
        let finalizers = object["metadata"]["finalizers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        finalizers
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect()
    }

    /// The endpoint of the example in Azure; none where there is none.
    pub async fn in_azure(&self, name: &str) -> Option<Value> {
        let path = format!(
            "{}/providers/Microsoft.Network/privateEndpoints/{name}?api-version=2024-05-01",
            seeded::group_id()
        );
        self.emulator.get(&path, Some(&self.token)).await.ok()
    }

    /// The requests of the controller that change something, after an entry of the journal.
    pub async fn writes(&self, since: u64) -> Vec<String> {
        let journal = self.emulator.journal(since).await.expect("the journal is read");
        let writes = journal.iter().filter(|entry| {
            entry["principal"] == seeded::CONTROLLER_CLIENT_ID
                && ["PUT", "PATCH", "DELETE", "POST"]
                    .iter()
                    .any(|method| entry["method"] == *method)
        });
        writes
            .map(|entry| format!("{} {}", entry["method"], entry["resourceId"]))
            .collect()
    }

    /// The number of the journal's last entry.
    pub async fn now(&self) -> u64 {
        let journal = self.emulator.journal(0).await.expect("the journal is read");
        journal
            .last()
            .and_then(|entry| entry["sequence"].as_u64())
            .unwrap_or_default()
    }

    /// Who holds the leader's Lease.
    pub fn holder(&self) -> Option<String> {
        let lease = self.object(&["lease", "privatelink.dev-controller", "-n", NAMESPACE])?;
        let holder = lease["spec"]["holderIdentity"].as_str()?;
        (!holder.is_empty()).then(|| holder.to_owned())
    }

    /// Runs the program itself, as the administrator.
    pub fn program(&self, arguments: &[&str]) -> KubectlOutput {
        self.program_as(&self.server.kubeconfig(Identity::ADMIN), arguments)
    }

    /// Runs the program itself, as a kubeconfig says.
    pub fn program_as(&self, kubeconfig: &Path, arguments: &[&str]) -> KubectlOutput {
        let output = std::process::Command::new(&self.controller)
            .args(arguments)
            .env("KUBECONFIG", kubeconfig)
            .output()
            .expect("the program runs");
        KubectlOutput {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// What helps to understand a failure.
    fn state(&self) -> String {
        let everything = [
            "get",
            "deployments,jobs,pods,leases",
            "-n",
            NAMESPACE,
            "-o",
            "wide",
        ];
        let events = self.try_kubectl(&everything, "");
        format!("{}\nlogs are in {}", events.stdout, self.node.folder().display())
    }

    /// No release, no objects, no definitions, nothing in Azure: by the ways that are there for an administrator, in whatever
    /// state a scenario has left the cluster.
    fn clear(&self) {
        let uninstalled = self.helm.run(&[
            "uninstall",
            RELEASE,
            "--namespace",
            NAMESPACE,
            "--ignore-not-found",
            "--no-hooks",
        ]);
        assert!(
            uninstalled.as_ref().is_ok_and(|output| output.success),
            "{uninstalled:?}"
        );
        let released = self.program(&[
            "release",
            "--yes",
            "--lease-namespace",
            NAMESPACE,
            "--timeout=60s",
        ]);
        let no_namespace = released.stderr.contains("namespaces");
        assert!(released.success || no_namespace, "{}", released.stderr);
        for definition in privatelink_api::crds() {
            let name = definition.metadata.name.unwrap();
            self.kubectl(&["delete", "crd", &name, "--ignore-not-found", "--timeout=60s"]);
        }
        self.try_kubectl(&["delete", "lease", "--all", "-n", NAMESPACE], "");
    }

    /// Takes an endpoint out of Azure that nobody has an object for any more.
    pub async fn forget(&self, name: &str) {
        let id = format!(
            "{}/providers/Microsoft.Network/privateEndpoints/{name}",
            seeded::group_id()
        );
        self.emulator
            .change(&json!({"id": id, "delete": true}))
            .await
            .expect("the endpoint is taken away");
    }
}

/// Asks until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Deadline::after(PATIENCE);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(!deadline.passed(), "{what}: not within {} s", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
