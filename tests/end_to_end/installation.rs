//! The one installation that all scenarios share, and what they ask of it.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use privatelink_arm::models::private_link_resource::is_published;
use privatelink_testkit::environment::{Environment, EnvironmentError, Extra, seeded, succeed};
use privatelink_testkit::kubernetes::KubectlOutput;
use privatelink_testkit::processes::Deadline;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::RwLock;

use crate::manifests::endpoint_id;

/// How long anything may take before a scenario gives up. Operations last seconds in the emulator's clock.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// The installation. Scenarios that leave the controller alone share it; one that ends the controller has it alone.
struct Shared {
    runtime: Runtime,
    environment: RwLock<Environment>,
    /// Held as long as the process lives: two runs must not use one folder.
    _lock: std::fs::File,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Result<Shared, String>> = OnceLock::new();
    match SHARED.get_or_init(start) {
        Ok(shared) => shared,
        Err(reason) => panic!("there is no installation to test: {reason}"),
    }
}

/// Where logs are, also after the run.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("end-to-end")
}

fn start() -> Result<Shared, String> {
    let folder = folder();
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(said)?;
    let lock = std::fs::File::create(folder.join("lock")).map_err(said)?;
    lock.lock().map_err(said)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(said)?;
    let extra = Extra {
        // An Event that is refused is told at this level only.
        controller: vec!["--log-level=info,privatelink_engine=debug".to_owned()],
        emulator: vec!["--time-scale=20".to_owned()],
        release: false,
    };
    let mut environment = Environment::new(&folder, extra);
    environment.remove_files();
    drop(std::fs::remove_file(folder.join("replica.log")));
    let outcome = runtime.block_on(environment.start());
    outcome
        .and_then(|()| allow_mass_deletion(&environment))
        .map_err(|failure| format!("{failure}\nlogs are kept in {}", folder.display()))?;
    Ok(Shared {
        runtime,
        environment: RwLock::new(environment),
        _lock: lock,
    })
}

/// All scenarios delete what they made, which together is what the controller holds for an accident.
fn allow_mass_deletion(environment: &Environment) -> Result<(), EnvironmentError> {
    let allow = "privatelink.dev/allow-mass-deletion=true";
    succeed(
        environment
            .kubectl()?
            .run(&["annotate", "azurescope", "demo", allow])?,
    )
}

/// Plays a scenario beside others, then asks what every scenario is asked.
pub fn scenario(play: impl AsyncFnOnce(&Environment)) {
    let shared = shared();
    shared.runtime.block_on(async {
        let environment = shared.environment.read().await;
        play(&environment).await;
        nothing_was_refused();
        nothing_was_denied_in_azure(&environment).await;
        nothing_was_written_in_vain(&environment).await;
    });
}

/// Plays a scenario that ends the controller, while no other one runs.
pub fn scenario_alone(play: impl AsyncFnOnce(&mut Environment)) {
    let shared = shared();
    shared.runtime.block_on(async {
        let mut environment = shared.environment.write().await;
        play(&mut environment).await;
        nothing_was_refused();
        nothing_was_denied_in_azure(&environment).await;
        nothing_was_written_in_vain(&environment).await;
    });
}

/// kubectl in the namespace of the scenarios; what it refuses is in the output.
pub fn kubectl(environment: &Environment, arguments: &[&str], input: &str) -> KubectlOutput {
    let mut all = vec!["--namespace=demo"];
    all.extend(arguments);
    let kubectl = environment.kubectl().expect("the API server runs");
    kubectl.run_with_input(&all, input).expect("kubectl runs")
}

/// kubectl, which has to succeed; gives its standard output.
pub fn run(environment: &Environment, arguments: &[&str]) -> String {
    let output = kubectl(environment, arguments, "");
    assert!(
        output.success,
        "kubectl {arguments:?}: {}{}",
        output.stdout, output.stderr
    );
    output.stdout
}

/// `kubectl apply` of manifests that have to be accepted.
pub fn apply(environment: &Environment, manifest: &Value) {
    let output = kubectl(environment, &["apply", "-f", "-"], &manifest.to_string());
    assert!(output.success, "kubectl apply of {manifest:#}: {}", output.stderr);
}

/// `kubectl wait` until Ready has a status (`True`) and `kubectl get` says why it has not.
pub fn until_ready(environment: &Environment, name: &str) {
    let object = format!("privateendpoint/{name}");
    let arguments = ["wait", "--for=condition=Ready", "--timeout=60s", &object];
    let output = kubectl(environment, &arguments, "");
    if !output.success {
        let state = kubectl(environment, &["get", "pe", name, "-o", "yaml"], "").stdout;
        panic!("{name} is not Ready: {}\n{state}", output.stderr);
    }
}

/// The object as the API server has it.
pub fn object(environment: &Environment, name: &str) -> Value {
    serde_json::from_str(&run(environment, &["get", "pe", name, "-o", "json"])).expect("JSON")
}

/// A field of the object's Ready condition.
pub fn ready(object: &Value, field: &str) -> String {
    let conditions = object["status"]["conditions"].as_array();
    let ready = conditions.and_then(|all| all.iter().find(|condition| condition["type"] == "Ready"));
    ready
        .map_or("", |ready| ready[field].as_str().unwrap_or_default())
        .to_owned()
}

/// Asks until there is an answer; gives it and how long that took.
pub async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> (T, Duration) {
    let deadline = Deadline::after(limit);
    loop {
        if let Some(answer) = ask().await {
            return (answer, deadline.waited());
        }
        assert!(!deadline.passed(), "{what}: not within {} s", limit.as_secs());
        tokio::time::sleep(PAUSE).await;
    }
}

/// As [`eventually`], with the patience of all scenarios.
pub async fn until<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually(what, PATIENCE, ask).await.0
}

/// Waits until Ready says a reason, and gives the object.
pub async fn until_reason(environment: &Environment, name: &str, reason: &str) -> Value {
    until(&format!("{name} Ready with reason {reason}"), async || {
        let object = object(environment, name);
        (ready(&object, "reason") == reason).then_some(object)
    })
    .await
}

/// Waits until the Ready condition of an object of any kind (`pdz/orders`) says a reason, and gives its message.
pub async fn until_said(environment: &Environment, name: &str, reason: &str) -> String {
    until(&format!("{name} Ready with reason {reason}"), async || {
        let shown = kubectl(environment, &["get", name, "-o", "json"], "");
        let object: Value = serde_json::from_str(&shown.stdout).ok()?;
        (ready(&object, "reason") == reason).then(|| ready(&object, "message"))
    })
    .await
}

/// A resource of private DNS in Azure; none where there is none.
pub async fn resource(environment: &Environment, id: &str) -> Option<Value> {
    let path = format!("{id}?api-version=2024-06-01");
    let emulator = environment.emulator().expect("the emulator runs");
    emulator.get(&path, Some(environment.token())).await.ok()
}

/// The endpoint in Azure; none where there is none.
pub async fn in_azure(environment: &Environment, name: &str) -> Option<Value> {
    let path = format!("{}?api-version=2024-05-01", endpoint_id(name));
    let emulator = environment.emulator().expect("the emulator runs");
    emulator.get(&path, Some(environment.token())).await.ok()
}

/// Something that someone else does in Azure.
pub async fn change(environment: &Environment, change: &Value) {
    let emulator = environment.emulator().expect("the emulator runs");
    emulator.change(change).await.expect("the change is made");
}

/// The number of the journal's last entry.
pub async fn now(environment: &Environment) -> u64 {
    journal(environment, 0)
        .await
        .last()
        .and_then(|entry| entry["sequence"].as_u64())
        .unwrap_or_default()
}

async fn journal(environment: &Environment, since: u64) -> Vec<Value> {
    let emulator = environment.emulator().expect("the emulator runs");
    emulator.journal(since).await.expect("the journal is read")
}

/// The requests that the controller made for one endpoint with one method, after an entry of the journal.
pub async fn requests(environment: &Environment, method: &str, name: &str, since: u64) -> Vec<Value> {
    let id = endpoint_id(name);
    journal(environment, since)
        .await
        .into_iter()
        .filter(|entry| entry["method"] == method && entry["principal"] == seeded::CONTROLLER_CLIENT_ID)
        .filter(|entry| {
            let about = entry["resourceId"].as_str().unwrap_or_default();
            about.eq_ignore_ascii_case(&id)
        })
        .collect()
}

/// The rights that users install are enough: no request of a controller was refused. Its log is asked, for the API
/// server's own counter of answers does not count what RBAC refuses.
fn nothing_was_refused() {
    let mut said = Vec::new();
    for (name, always) in [("controller.log", true), ("replica.log", false)] {
        let log = std::fs::read_to_string(folder().join(name)).unwrap_or_default();
        assert!(
            !always || !log.is_empty(),
            "{name} is empty: nothing could be found in it"
        );
        let lines = log
            .lines()
            .filter(|line| line.to_ascii_lowercase().contains("forbidden"));
        said.extend(lines.map(str::to_owned));
    }
    assert!(
        said.is_empty(),
        "the API server refused requests (logs are in {}):\n{}",
        folder().display(),
        said.join("\n")
    );
}

/// The role that users assign is enough where it is assigned: nothing that the controller asked for there was denied, but for
/// what no custom role can hold and the controller does without.
async fn nothing_was_denied_in_azure(environment: &Environment) {
    let denied: Vec<Value> = journal(environment, 0)
        .await
        .into_iter()
        .filter(|entry| entry["principal"] == seeded::CONTROLLER_CLIENT_ID)
        .filter(|entry| {
            entry["denied"].as_str().is_some_and(is_published) && entry["errorCode"] == "AuthorizationFailed"
        })
        .filter(|entry| {
            let path = entry["path"].as_str().unwrap_or_default().to_ascii_lowercase();
            let assigned = seeded::ROLE_SCOPES.iter().map(|scope| scope.to_ascii_lowercase());
            assigned
                .into_iter()
                .any(|scope| path.starts_with(&format!("{scope}/")))
        })
        .collect();
    assert!(denied.is_empty(), "the role is not enough: {denied:#?}");
}

/// No accepted write of the controller left everything as it was.
async fn nothing_was_written_in_vain(environment: &Environment) {
    let in_vain: Vec<Value> = journal(environment, 0)
        .await
        .into_iter()
        .filter(|entry| entry["principal"] == seeded::CONTROLLER_CLIENT_ID && entry["changed"] == false)
        .filter(|entry| {
            ["PUT", "PATCH", "DELETE"]
                .iter()
                .any(|method| entry["method"] == *method)
        })
        .filter(|entry| entry["status"].as_u64().is_some_and(|status| status < 300))
        .collect();
    assert!(in_vain.is_empty(), "writes that changed nothing: {in_vain:#?}");
}
