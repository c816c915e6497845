//! An installation for one scenario: API server, emulator, controller, a record of every object that the API server ever
//! showed, and what people elsewhere do.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::{Api, DynamicObject, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use privatelink_testkit::environment::{Environment, Extra, seeded, succeed};
use privatelink_testkit::kubernetes::Identity;
use privatelink_testkit::processes::Deadline;
use serde_json::{Value, json};

use crate::expected;
use crate::judges::{assert_none, violations};

const PAUSE: Duration = Duration::from_millis(200);

/// Every kind of ours, as kubectl names them in a list.
pub const ALL_KINDS: &str = "privatelink";

pub struct Installation {
    pub environment: Environment,
    pub folder: PathBuf,
    record: Arc<Mutex<Vec<Value>>>,
    _lock: std::fs::File,
}

/// One installation after another: two at once would wait for each other's processor time.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Plays a scenario of many objects in an installation of its own. Afterwards every state that the API server has shown is
/// judged.
pub fn scenario(name: &str, play: impl AsyncFnOnce(&mut Installation)) {
    scenario_of(name, 20, play);
}

/// The same of few objects, which come to more than so many states.
pub fn scenario_of(name: &str, more_than: usize, play: impl AsyncFnOnce(&mut Installation)) {
    let _turn = turn();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut installation = Installation::start(name).await;
        play(&mut installation).await;
        installation.judge(name, more_than);
        installation.environment.stop().await;
    });
}

impl Installation {
    async fn start(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("gitops")
            .join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let lock = std::fs::File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let extra = Extra {
            controller: Vec::new(),
            emulator: vec!["--time-scale=20".to_owned()],
            release: false,
        };
        let mut environment = Environment::new(&folder, extra);
        environment.remove_files();
        environment
            .start()
            .await
            .unwrap_or_else(|error| panic!("{error}\nlogs are kept in {}", folder.display()));
        let installation = Self {
            environment,
            folder,
            record: Arc::default(),
            _lock: lock,
        };
        installation.record_all().await;
        // All is deleted at the end, which is what the controller holds for an accident.
        installation.allow_mass_deletion("demo");
        installation
    }

    pub fn allow_mass_deletion(&self, scope: &str) {
        let allow = "privatelink.dev/allow-mass-deletion=true";
        self.kubectl(&["annotate", "azurescope", scope, allow]);
    }

    /// Watches every kind from the first revision on.
    async fn record_all(&self) {
        let kubeconfig = self.environment.kubeconfig(Identity::ADMIN).unwrap();
        let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .unwrap();
        let client = kube::Client::try_from(config).unwrap();
        for definition in privatelink_api::crds() {
            let names = definition.spec.names;
            let kind = GroupVersionKind::gvk(&definition.spec.group, "v1alpha1", &names.kind);
            let resource = ApiResource::from_gvk_with_plural(&kind, &names.plural);
            let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            tokio::spawn(record(api, self.record.clone()));
        }
    }

    /// kubectl, which has to succeed; gives its standard output.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.kubectl_with_input(arguments, "")
    }

    pub fn kubectl_with_input(&self, arguments: &[&str], input: &str) -> String {
        let kubectl = self.environment.kubectl().unwrap();
        let output = kubectl.run_with_input(arguments, input).unwrap();
        let text = output.stdout.clone();
        succeed(output).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        text
    }

    /// What kubectl shows as JSON; nothing where it fails.
    pub fn get(&self, arguments: &[&str]) -> Option<Value> {
        let mut all = vec!["get", "-o", "json"];
        all.extend(arguments);
        let output = self.environment.kubectl().unwrap().run(&all).unwrap();
        serde_json::from_str(&output.stdout).ok()
    }

    /// All objects of ours in a namespace, as they are now.
    pub fn objects(&self, namespace: &str) -> Vec<Value> {
        let kinds: Vec<String> = privatelink_api::crds()
            .into_iter()
            .filter(|definition| definition.spec.scope == "Namespaced")
            .map(|definition| definition.spec.names.plural)
            .collect();
        let list = self.get(&["-n", namespace, &kinds.join(",")]).expect("a list");
        list["items"].as_array().unwrap().clone()
    }

    /// Waits until there is an answer.
    pub async fn until<T>(&self, what: &str, limit: Duration, mut ask: impl FnMut(&Self) -> Option<T>) -> T {
        let deadline = Deadline::after(limit);
        loop {
            if let Some(answer) = ask(self) {
                return answer;
            }
            if deadline.passed() {
                let shown = self.kubectl(&["get", ALL_KINDS, "-A", "-o", "wide"]);
                panic!(
                    "{what}: not within {} s; logs are in {}\n{shown}",
                    limit.as_secs(),
                    self.folder.display()
                );
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub async fn until_reason(&self, namespace: &str, endpoint: &str, reason: &str) {
        let what = format!("{endpoint} says {reason}");
        self.until(&what, Duration::from_secs(90), |installation| {
            let object = installation.get(&["-n", namespace, "pe", endpoint])?;
            (reason_of(&object) == reason).then_some(())
        })
        .await;
    }

    /// Everything in a namespace goes, and whoever looks only now and then looks again.
    pub async fn until_empty(&self, namespace: &str, limit: Duration, gone: impl Fn(&Self) -> bool) {
        let mut looked = Deadline::after(Duration::from_secs(5));
        self.until("everything is gone", limit, |installation| {
            if looked.passed() {
                installation.look_again(namespace);
                looked = Deadline::after(Duration::from_secs(5));
            }
            (gone(installation) && installation.objects(namespace).is_empty()).then_some(())
        })
        .await;
        let remains = self.remains().await;
        assert!(remains.is_empty(), "{remains:?}");
    }

    /// Objects look again now: zones and links do so only now and then. As this field manager, for what others of kubectl
    /// have set Flux takes away again.
    pub fn look_again(&self, namespace: &str) {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let wish = format!("privatelink.dev/reconcile-requested-at={}", now.as_nanos());
        for kinds in [
            "privatednszones",
            "privateendpoints",
            "networksecuritygroups,routetables",
        ] {
            let as_flux = "--field-manager=flux-client-side-apply";
            let arguments = [
                "annotate",
                "--overwrite",
                "--all",
                as_flux,
                "-n",
                namespace,
                kinds,
                &wish,
            ];
            // An object may go meanwhile.
            let _ = self.environment.kubectl().unwrap().run(&arguments).unwrap();
        }
    }

    /// What Azure Policy does about the example that waits for it.
    pub async fn run_policy(&self) {
        self.until_reason("demo", "orders-sql", "RecordMissing").await;
        let zone = format!(
            "/subscriptions/{}/resourceGroups/rg-hub-dns/providers/Microsoft.Network/privateDnsZones/privatelink.database.windows.net",
            seeded::HUB_SUBSCRIPTION_ID
        );
        let group = format!(
            "{}/privateDnsZoneGroups/deployedByPolicy",
            endpoint_id("orders-sql")
        );
        let config = json!({"name": "sql", "properties": {"privateDnsZoneId": zone}});
        let put = json!({"id": group, "put": {"properties": {"privateDnsZoneConfigs": [config]}}});
        self.environment.emulator().unwrap().change(&put).await.unwrap();
    }

    /// What the partner does about an endpoint that waits for its approval.
    pub async fn approve(&self, namespace: &str, endpoint: &str) {
        self.until_reason(namespace, endpoint, "AwaitingApproval").await;
        self.decide(endpoint, "Approved").await;
    }

    /// The target's owner decides about an endpoint's connection.
    pub async fn decide(&self, endpoint: &str, status: &str) {
        let decision = json!({"id": endpoint_id(endpoint), "connection": {"status": status}});
        self.environment
            .emulator()
            .unwrap()
            .change(&decision)
            .await
            .unwrap();
    }

    /// What is left in Azure of what the controller made.
    async fn remains(&self) -> Vec<String> {
        let emulator = self.environment.emulator().unwrap();
        emulator.remains(self.environment.token()).await.unwrap()
    }

    /// Judges every state that was ever shown.
    fn judge(&self, name: &str, more_than: usize) {
        let record = self.record.lock().unwrap().clone();
        let count = record.len();
        let (states, mut wrong) = expected::states(record);
        println!("{name}: {} states of {count} revisions are judged", states.len());
        assert!(states.len() > more_than, "the record is not whole");
        wrong.extend(violations(&states));
        assert_none(&wrong);
    }
}

/// The id of an endpoint in the seeded group.
fn endpoint_id(name: &str) -> String {
    format!(
        "{}/providers/Microsoft.Network/privateEndpoints/{name}",
        seeded::group_id()
    )
}

pub fn reason_of(object: &Value) -> &str {
    let conditions = object["status"]["conditions"].as_array();
    let ready = conditions.and_then(|all| all.iter().find(|condition| condition["type"] == "Ready"));
    ready
        .and_then(|ready| ready["reason"].as_str())
        .unwrap_or_default()
}

/// An object's kind and name, for messages and as a key.
pub fn name_of(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    format!("{}/{}", text("/kind"), text("/metadata/name"))
}

async fn record(api: Api<DynamicObject>, record: Arc<Mutex<Vec<Value>>>) {
    let mut version = "0".to_owned();
    loop {
        if let Ok(events) = api.watch(&WatchParams::default(), &version).await {
            let mut events = events.boxed();
            while let Some(Ok(event)) = events.next().await {
                match event {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                        version = object.metadata.resource_version.clone().unwrap_or(version);
                        let object = serde_json::to_value(&object).unwrap();
                        record.lock().unwrap().push(object);
                    }
                    WatchEvent::Deleted(object) => {
                        version = object.metadata.resource_version.unwrap_or(version);
                    }
                    WatchEvent::Bookmark(_) => {}
                    WatchEvent::Error(error) => panic!("a watch failed: {error:?}"),
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
