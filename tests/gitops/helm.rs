//! Helm itself: what `--wait` waits for, and the recipe that blocks no pipeline while an endpoint awaits approval.

use std::time::{Duration, Instant};

use privatelink_testkit::charts::{EXAMPLES, workspace};
use privatelink_testkit::environment::seeded;
use privatelink_testkit::kubernetes::{Helm, Identity, KubectlOutput};
use serde_json::json;

use crate::installation::{Installation, reason_of, scenario_of};

/// What a blocked `--wait` is given before it gives up.
const LIMIT: Duration = Duration::from_secs(15);
/// What a pipeline that is not blocked may take on a busy machine: far less than the timeout that it allows.
const PROMPT: Duration = Duration::from_secs(60);
const ENDPOINT: &str = "pe/partner-orders";

/// Helm in an installation, and a release of the chart with one endpoint that somebody else approves.
struct Release<'a> {
    installation: &'a Installation,
    helm: Helm,
    values: String,
}

impl<'a> Release<'a> {
    fn new(installation: &'a Installation) -> Self {
        let helm = Helm::provide(installation.folder.join("helm")).expect("Helm is built");
        let values = json!({
            "scope": {"create": false},
            "endpoints": {"partner-orders": {
                "subnet": {"alias": "endpoints"},
                "target": {"alias": "partner-service", "approval": "Manual", "requestMessage": "orders of the shop"},
            }},
        });
        let path = installation.folder.join("partner.json");
        std::fs::write(&path, values.to_string()).unwrap();
        Self {
            helm: helm.with_kubeconfig(installation.environment.kubeconfig(Identity::ADMIN).unwrap()),
            values: path.display().to_string(),
            installation,
        }
    }

    /// `helm VERB partner` with flags: what it said, and how long it took.
    fn run(&self, verb: &str, flags: &[&str]) -> (KubectlOutput, Duration) {
        let chart = workspace().join(EXAMPLES).display().to_string();
        let mut arguments = vec![verb, "partner", "--namespace", seeded::NAMESPACE];
        if verb != "uninstall" {
            arguments.extend([&chart, "--values", &self.values]);
        }
        arguments.extend(flags);
        let began = Instant::now();
        let output = self.helm.run(&arguments).expect("helm runs");
        (output, began.elapsed())
    }

    /// The same, which has to succeed without waiting for anybody.
    fn promptly(&self, verb: &str, flags: &[&str]) {
        let (output, took) = self.run(verb, flags);
        assert!(output.success, "{verb} {flags:?}: {}", output.stderr);
        assert!(took < PROMPT, "{verb} {flags:?} took {took:?}");
    }

    fn reason(&self) -> String {
        let endpoint = self.installation.get(&["-n", seeded::NAMESPACE, ENDPOINT]);
        endpoint
            .map(|endpoint| reason_of(&endpoint).to_owned())
            .unwrap_or_default()
    }

    /// Waits as the recipe says where a pipeline has to know that the request was made.
    fn requested(&self) {
        let wait = [
            "wait",
            "-n",
            seeded::NAMESPACE,
            ENDPOINT,
            "--for=condition=Programmed",
            "--timeout=60s",
        ];
        self.installation.kubectl(&wait);
        assert_eq!(self.reason(), "AwaitingApproval");
    }

    async fn uninstall(&self) {
        let (output, _) = self.run("uninstall", &["--wait", "--timeout=60s"]);
        assert!(output.success, "{}", output.stderr);
        self.installation
            .until_empty(seeded::NAMESPACE, Duration::from_secs(90), |_| true)
            .await;
    }
}

#[test]
fn helm_waits_for_an_approval_with_plain_wait_and_for_nobody_by_the_recipes() {
    // Of the scope, and of one endpoint: made, awaiting approval, approved and deleted.
    scenario_of("helm", 5, async |installation| {
        let release = Release::new(installation);

        // The contrast: `--wait` goes by kstatus, and blocks until it gives up, although the request was made long ago.
        let limit = format!("--timeout={}s", LIMIT.as_secs());
        let (output, took) = release.run("install", &["--wait", &limit]);
        assert!(
            !output.success && took >= LIMIT,
            "after {took:?}: {}",
            output.stdout
        );
        assert!(
            output.stderr.contains("partner-orders") && output.stderr.contains("InProgress"),
            "{}",
            output.stderr
        );
        assert_eq!(release.reason(), "AwaitingApproval");
        release.uninstall().await;

        // A release of its own without `--wait`, and where that matters a wait for the request.
        release.promptly("install", &[]);
        release.requested();
        release.promptly("upgrade", &[]);
        release.uninstall().await;

        // One release with what is to be waited for: `--wait=legacy` waits for workloads and not for custom resources.
        release.promptly("install", &["--wait=legacy", "--timeout=5m"]);
        release.requested();
        release.promptly("upgrade", &["--wait=legacy", "--timeout=5m"]);

        // Once it is approved, plain `--wait` has nothing to wait for.
        installation.approve(seeded::NAMESPACE, "partner-orders").await;
        let (output, took) = release.run("upgrade", &["--wait", "--timeout=60s"]);
        assert!(output.success, "after {took:?}: {}", output.stderr);
        assert_eq!(release.reason(), "Succeeded");
        release.uninstall().await;
    });
}
