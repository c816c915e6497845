//! A life with failures, twice: with a client secret and a text log, then with workload identity and a JSON log, everything at
//! `trace`; and a beginning without an identity.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use privatelink_engine::metrics::catalogue::ALL;
use privatelink_testkit::environment::{Environment, Extra, seeded};
use privatelink_testkit::kubernetes::Identity;
use privatelink_testkit::processes::Deadline;
use serde_json::{Value, json};

use crate::exposition::{Row, rows, sum};
use crate::log::{Line, lines};
use crate::promtool::promtool;
use crate::secrets::Secrets;

const PATIENCE: Duration = Duration::from_secs(60);
const ISSUER: &str = "https://issuer.example";
const SUBJECT: &str = "system:serviceaccount:privatelink-system:privatelink-controller";
/// The API server's own issuer, and a service account of which the controller may ask for tokens.
const CLUSTER: &str = "https://kubernetes.default.svc";
const ACCOUNT: &str = "system:serviceaccount:demo:orders-azure";
/// A little more than the drift interval of the installation.
const REST: Duration = Duration::from_secs(6);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("observability")
}

/// A service account's token as a cluster signs them; the emulator reads the claims and takes any signature.
fn assertion(issuer: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({"alg": "RS256", "kid": "key-of-the-tests"}));
    let claims = part(json!({
        "iss": issuer, "sub": SUBJECT, "aud": ["api://AzureADTokenExchange"],
        "iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 4_102_444_800_u64,
    }));
    format!(
        "{head}.{claims}.{}",
        URL_SAFE_NO_PAD.encode("a signature that nobody checks")
    )
}

/// The seed, with a federated credential for the controller.
fn seed() -> String {
    let secret = format!("clientSecret: {}\n", seeded::CONTROLLER_SECRET);
    let seed = seeded::seed().unwrap();
    assert_eq!(seed.matches(&secret).count(), 1);
    let federated = format!(
        "{secret}    federatedCredentials: [{{issuer: '{ISSUER}', subject: '{SUBJECT}'}}, {{issuer: '{CLUSTER}', subject: '{ACCOUNT}'}}]\n"
    );
    seed.replace(&secret, &federated)
}

fn write(name: &str, text: &str) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

struct Installation {
    environment: Environment,
    secrets: Secrets,
    /// How much of the log belongs to earlier processes.
    told: usize,
    /// The metrics that any scrape had.
    scraped: BTreeSet<&'static str>,
}

impl Installation {
    fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        let output = self
            .environment
            .kubectl()
            .unwrap()
            .run_with_input(arguments, input)
            .unwrap();
        assert!(output.success, "kubectl {arguments:?}: {}", output.stderr);
        output.stdout
    }

    fn apply(&self, name: &str, tag: &str) {
        let endpoint = json!({
            "apiVersion": "privatelink.dev/v1alpha1",
            "kind": "PrivateEndpoint",
            "metadata": {"name": name, "namespace": seeded::NAMESPACE},
            "spec": {
                "subnet": {"alias": "endpoints"},
                "target": {"alias": "orders-storage", "groupId": "blob"},
                "tags": {"team": tag},
                "dns": {"mode": "None"},
            },
        });
        self.kubectl(&["apply", "-f", "-"], &endpoint.to_string());
    }

    fn object(&self, name: &str) -> Value {
        let shown = self.kubectl(&["get", "pe", name, "-n", seeded::NAMESPACE, "-o", "json"], "");
        serde_json::from_str(&shown).unwrap()
    }

    /// Waits until Ready says a reason for the present generation, and gives its message.
    async fn until(&self, name: &str, reason: &str) -> String {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let object = self.object(name);
            let conditions = object["status"]["conditions"].as_array();
            let ready = conditions.and_then(|all| all.iter().find(|one| one["type"] == "Ready"));
            if let Some(ready) = ready
                && ready["reason"] == reason
                && ready["observedGeneration"] == object["metadata"]["generation"]
            {
                return ready["message"].as_str().unwrap().to_owned();
            }
            assert!(
                !deadline.passed(),
                "{name} does not say {reason}: {:#}",
                object["status"]
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn fault(&self, rule: Value) {
        self.environment.emulator().unwrap().fault(&rule).await.unwrap();
    }

    async fn clear_faults(&self) {
        self.environment.emulator().unwrap().clear_faults().await.unwrap();
    }

    /// Starts the controller anew with other flags.
    async fn restart(&mut self, flags: &[String]) {
        self.environment.stop_controller().await;
        self.told = self.whole_log().len();
        self.environment.pass_on(flags.to_vec());
        self.environment.start_controller().await.unwrap();
    }

    fn whole_log(&self) -> String {
        std::fs::read_to_string(folder().join("controller.log")).unwrap()
    }

    /// What the present process has logged, up to its last whole line.
    fn log(&self) -> String {
        let log = self.whole_log();
        let own = &log[self.told..];
        own[..own.rfind('\n').map_or(0, |end| end + 1)].to_owned()
    }

    async fn scrape(&self, accept: &str) -> String {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client
            .get(self.environment.metrics_url())
            .header("accept", accept);
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        answer.text().await.unwrap()
    }

    /// From the first manifest to nothing, with what Azure and the network do to it on the way.
    async fn live(&self, name: &str) {
        self.apply(name, "first");
        self.until(name, "Succeeded").await;
        let mine = format!("*/privateEndpoints/{name}*");
        // Something on the way answers instead of Azure; then Azure takes the token no longer, and the controller gets another;
        // then Azure asks for fewer requests.
        self.fault(
            json!({"match": {"method": "GET", "path": mine}, "occurrence": 1, "then": {"body": "html"}}),
        )
        .await;
        let message = "The access token expiry is in the past.";
        let expired = json!({"status": 401, "code": "ExpiredAuthenticationToken", "message": message});
        let many =
            json!({"status": 429, "code": "TooManyRequests", "message": "Slow down.", "retryAfter": 1});
        for (occurrence, answer) in [(1, expired), (2, many)] {
            self.fault(json!({"match": {"method": "PUT", "path": mine}, "occurrence": occurrence, "then": {"answer": answer}}))
                .await;
        }
        self.apply(name, "second");
        self.until(name, "Succeeded").await;
        self.clear_faults().await;
        // A right is missing.
        self.fault(json!({"match": {"method": "PUT", "path": mine},
            "then": {"answer": {"status": 403, "code": "AuthorizationFailed", "message": "The client does not have authorization to perform the action."}}}))
            .await;
        self.apply(name, "third");
        let message = self.until(name, "Forbidden").await;
        assert!(message.contains("AuthorizationFailed"), "{message}");
        assert!(
            message.contains("(correlation id "),
            "for a support ticket: {message}"
        );
        self.clear_faults().await;
        // The answer to a write is lost, then Azure names an operation of somebody else's.
        for (tag, then) in [
            ("fourth", json!({"cut": "afterEffect"})),
            ("fifth", json!({"rewriteLinks": {"host": "evil.example"}})),
        ] {
            self.fault(json!({"match": {"method": "PUT", "path": mine}, "occurrence": 1, "then": then}))
                .await;
            self.apply(name, tag);
            self.until(name, "Succeeded").await;
            self.clear_faults().await;
        }
        // And nothing happens for a while.
        let before = self.log().len();
        tokio::time::sleep(REST).await;
        let log = self.log();
        let rest = &log[before..];
        let shown = rest.lines().filter(|line| line.contains(name));
        let shown: Vec<&str> = shown
            .filter(|line| {
                [" INFO ", " WARN ", "\"INFO\"", "\"WARN\""]
                    .iter()
                    .any(|level| line.contains(level))
            })
            .collect();
        assert!(shown.is_empty(), "a Ready object has nothing to say: {shown:#?}");
    }

    /// Gives the scope an identity of its own: a service account whose tokens the controller asks the API server for.
    fn identify_scope(&self) {
        let rights = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "orders-azure", "namespace": "demo"}},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                "metadata": {"name": "orders-azure-tokens", "namespace": "demo"},
                "rules": [{"apiGroups": [""], "resources": ["serviceaccounts/token"],
                    "resourceNames": ["orders-azure"], "verbs": ["create"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": {"name": "orders-azure-tokens", "namespace": "demo"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "orders-azure-tokens"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": Identity::CONTROLLER}]},
        ]});
        self.kubectl(&["apply", "-f", "-"], &rights.to_string());
        let identity = json!({"spec": {"identity": {
            "type": "WorkloadIdentity",
            "clientId": seeded::CONTROLLER_CLIENT_ID,
            "tenantId": seeded::TENANT_ID,
            "serviceAccount": {"namespace": "demo", "name": "orders-azure"},
        }}});
        self.kubectl(
            &[
                "patch",
                "azurescope",
                "demo",
                "--type=merge",
                "-p",
                &identity.to_string(),
            ],
            "",
        );
    }

    fn delete(&self, name: &str) {
        self.kubectl(
            &["delete", "pe", name, "-n", seeded::NAMESPACE, "--timeout=60s"],
            "",
        );
    }

    /// Nothing that can be read shows a secret, and metrics follow the catalogue and promtool's rules.
    async fn look_for_secrets(&mut self) -> Vec<Row> {
        let log = self.log();
        let levels = ["TRACE", "DEBUG"].map(|level| log.matches(level).count());
        assert!(
            levels.iter().all(|count| *count > 100),
            "there is too little in the log: {levels:?}"
        );
        for loud in [
            "azure_identity",
            "typespec_client_core",
            "kube_client",
            "hyper_util",
        ] {
            assert!(log.contains(loud), "{loud} logs nothing: it was not looked at");
        }
        let plain = self.scrape("text/plain").await;
        let places = [
            ("log", log),
            ("events", self.kubectl(&["get", "events", "-A", "-o", "json"], "")),
            (
                "objects",
                self.kubectl(
                    &["get", "privatelink", "-A", "-o", "json", "--show-managed-fields"],
                    "",
                ),
            ),
            ("scopes", self.kubectl(&["get", "azurescopes", "-o", "json"], "")),
            ("leases", self.kubectl(&["get", "leases", "-A", "-o", "json"], "")),
            ("metrics", plain.clone()),
            (
                "metrics as OpenMetrics",
                self.scrape("application/openmetrics-text").await,
            ),
        ];
        for (place, text) in places {
            let found = self.secrets.found_in(&text);
            assert!(found.is_empty(), "{place}: {:#?}", &found[..found.len().min(20)]);
        }
        if let Err(said) = promtool(&["check", "metrics"], &plain) {
            panic!("promtool on the metrics: {said}");
        }
        let rows = rows(&plain);
        self.scraped.extend(rows.iter().map(|row| row.metric.name));
        rows
    }
}

async fn start() -> Installation {
    std::fs::create_dir_all(folder()).unwrap();
    let extra = Extra {
        controller: vec!["--log-level=trace".to_owned()],
        emulator: vec![
            "--time-scale=20".to_owned(),
            format!("--seed={}", write("seed-with-federation.yaml", &seed()).display()),
        ],
        release: false,
    };
    let mut environment = Environment::new(&folder(), extra);
    environment.remove_files();
    if let Err(failure) = environment.start().await {
        panic!("{failure}\nlogs are kept in {}", folder().display());
    }
    let mut secrets = Secrets::default();
    secrets.add("the client secret", seeded::CONTROLLER_SECRET);
    secrets.add(
        "the controller's Kubernetes token",
        &kubernetes_token(&environment),
    );
    let token = environment
        .emulator()
        .unwrap()
        .token("controller", 1)
        .await
        .unwrap();
    secrets.add_token("a token for Azure", &token);
    Installation {
        environment,
        secrets,
        told: 0,
        scraped: BTreeSet::new(),
    }
}

fn kubernetes_token(environment: &Environment) -> String {
    let path = environment.kubeconfig(Identity::CONTROLLER).unwrap();
    let kubeconfig: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    kubeconfig["users"][0]["user"]["token"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn federated(token_file: &Path) -> Vec<String> {
    [
        "--log-level=trace",
        "--log-format=json",
        "--azure-credential=workload-identity",
        &format!("--azure-federated-token-file={}", token_file.display()),
    ]
    .map(str::to_owned)
    .to_vec()
}

/// How many PUTs were answered with a status.
fn writes(rows: &[Row], status: &str) -> f64 {
    rows.iter()
        .filter(|row| row.metric.name == "privatelink_arm_requests_total")
        .filter(|row| row.labels["method"] == "PUT" && row.labels["status"] == status)
        .map(|row| row.number)
        .sum()
}

/// Whether the log tells that an object was let go of.
fn let_go(installation: &Installation, name: &str) -> bool {
    let object = format!("PrivateEndpoint {}/{name}", seeded::NAMESPACE);
    let ended = |line: &Line| {
        line.object() == Some(object.as_str()) && line.message() == "let go: the finalizer is off"
    };
    lines(&installation.log()).iter().any(ended)
}

/// Every turn of Ready is told once in the log and once as an event, and every line about the object says so.
fn told_once(installation: &Installation, name: &str) {
    let object = format!("PrivateEndpoint {}/{name}", seeded::NAMESPACE);
    let all = lines(&installation.log());
    let shown: Vec<&Line> = all.iter().filter(|line| line.is_shown()).collect();
    for line in &shown {
        let about = line.target().starts_with("privatelink_engine::pass")
            || ["runner", "scope_runner", "transition"]
                .iter()
                .any(|module| line.target() == format!("privatelink_engine::{module}"));
        assert!(
            !about || line.object().is_some(),
            "a line without its object: {line}"
        );
    }
    let own: Vec<&&Line> = shown
        .iter()
        .filter(|line| line.object() == Some(object.as_str()))
        .collect();
    let turns: Vec<(&str, &str)> = own
        .iter()
        .filter(|line| line.message() == "Ready has changed")
        .map(|line| (line.field("ready").unwrap(), line.field("reason").unwrap()))
        .collect();
    assert!(turns.len() >= 8, "{turns:?}");
    for pair in turns.windows(2) {
        assert_ne!(pair[0], pair[1], "told twice in a row: {turns:?}");
    }
    let writes: Vec<&&&Line> = own
        .iter()
        .filter(|line| line.message().ends_with(" in Azure"))
        .collect();
    assert_eq!(
        writes.len(),
        4,
        "created, twice updated, deleted; the answer to a third update was lost"
    );
    for write in &writes {
        assert!(write.field("id").is_some_and(|id| id.ends_with(name)), "{write}");
    }
    for line in own.iter().filter(|line| line.field("id").is_some()) {
        assert!(
            line.field("correlation_id").is_some_and(|id| id.len() == 36),
            "a line about Azure without its correlation id: {line}"
        );
    }
    // A line for each turn, for each write, one at the end, and one for each failure that was put in its way.
    let expected = turns.len() + writes.len() + 1;
    let warned = own.iter().filter(|line| line.level() != "INFO").count();
    assert!(warned <= 4, "more warnings than failures: {warned}");
    assert_eq!(
        own.len() - warned,
        expected,
        "{:#?}",
        own.iter().map(|line| line.to_string()).collect::<Vec<_>>()
    );

    let events = installation.kubectl(
        &[
            "get",
            "events.events.k8s.io",
            "-n",
            seeded::NAMESPACE,
            "-o",
            "json",
        ],
        "",
    );
    let events: Value = serde_json::from_str(&events).unwrap();
    let mut by_reason: BTreeMap<&str, i64> = BTreeMap::new();
    for event in events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["regarding"]["name"] == name)
    {
        *by_reason.entry(event["reason"].as_str().unwrap()).or_default() += 1;
    }
    for (_, reason) in &turns {
        *by_reason.entry(*reason).or_default() -= 1;
    }
    assert!(
        by_reason.values().all(|more| *more == 0),
        "events beyond turns, or turns without: {by_reason:?}"
    );
}

#[test]
fn a_life_with_failures_is_told_once_and_shows_no_secret() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut installation = start().await;
        installation.live("with-a-secret").await;
        let rows = installation.look_for_secrets().await;
        assert_eq!(sum(&rows, "privatelink_objects", "kind", "PrivateEndpoint"), 1.0);
        assert_eq!(sum(&rows, "privatelink_objects", "kind", "AzureScope"), 1.0);
        assert_eq!(writes(&rows, "403"), 1.0);
        assert_eq!(writes(&rows, "429"), 1.0);
        assert_eq!(
            sum(
                &rows,
                "leader_election_master_status",
                "name",
                "privatelink.dev-controller"
            ),
            1.0
        );
        installation.delete("with-a-secret");

        let good = assertion(ISSUER);
        installation.secrets.add_token("the assertion", &good);
        let file = write("assertion", &good);
        installation.restart(&federated(&file)).await;
        installation.live("with-federation").await;
        installation.look_for_secrets().await;
        installation.delete("with-federation");
        // The object is gone a moment before that is told.
        let deadline = Deadline::after(PATIENCE);
        while !let_go(&installation, "with-federation") {
            assert!(!deadline.passed(), "its end is never told");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        told_once(&installation, "with-federation");

        let foreign = assertion("https://another.example");
        installation.secrets.add_token("the foreign assertion", &foreign);
        let file = write("foreign-assertion", &foreign);
        installation.restart(&federated(&file)).await;
        installation.apply("nobody", "none");
        let message = installation.until("nobody", "IdentityFailed").await;
        assert!(message.contains("AADSTS700211"), "{message}");
        let rows = installation.look_for_secrets().await;
        assert!(
            sum(
                &rows,
                "privatelink_identity_failures_total",
                "code",
                "AADSTS700211"
            ) >= 1.0
        );
        // The endpoint, and its scope once it has looked.
        let failed = sum(&rows, "privatelink_objects", "reason", "IdentityFailed");
        assert!((1.0..=2.0).contains(&failed), "{failed}");

        // The scope's own identity works although the controller's does not.
        installation.identify_scope();
        installation.until("nobody", "Succeeded").await;
        installation.look_for_secrets().await;
        installation.delete("nobody");

        let known: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
        let missing: Vec<&&str> = known.difference(&installation.scraped).collect();
        assert!(missing.is_empty(), "metrics that no scrape had: {missing:?}");
        installation.environment.stop().await;
    });
}
