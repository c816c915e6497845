//! What tokens the controller may ask for: those of the service accounts that are named, and of Entra's audience alone.

use privatelink_testkit::kubernetes::KubectlOutput;
use serde_json::json;

use crate::cluster::*;

const TENANT: &str = "tenant";

/// Asks for a token of an account as the controller would.
fn ask(cluster: &Cluster, account: &str, flags: &[&str]) -> KubectlOutput {
    let controller = format!("--as=system:serviceaccount:{NAMESPACE}:{RELEASE}");
    let arguments = ["create", "token", account, "-n", TENANT, &controller];
    cluster.try_kubectl(&[&arguments[..], flags].concat(), "")
}

const AUDIENCE: &str = "--audience=api://AzureADTokenExchange";

#[test]
fn the_controller_gets_tokens_of_named_accounts_for_entra_and_no_others() {
    scenario(async |cluster| {
        for object in [
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TENANT}}),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "azure", "namespace": TENANT}}),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "admin", "namespace": TENANT}}),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bound", "namespace": TENANT}}),
        ] {
            cluster.apply(&object.to_string());
        }
        cluster.install(&[
            "--set=workloadIdentities[0].namespace=tenant",
            "--set=workloadIdentities[0].name=azure",
        ]);
        let given = ask(cluster, "azure", &[AUDIENCE, "--duration=1h"]);
        assert!(
            given.success && given.stdout.matches('.').count() == 2,
            "{given:?}"
        );

        // Another account: the right is not there.
        let refused = ask(cluster, "admin", &[AUDIENCE]);
        assert!(
            !refused.success
                && refused
                    .stderr
                    .contains("cannot create resource \"serviceaccounts/token\""),
            "{refused:?}"
        );

        // Another audience, more time, or bound to an object: the policy says no. It is in force a little after it is made.
        until("the policy is in force", async || {
            (!ask(cluster, "azure", &["--audience=elsewhere"]).success).then_some(())
        })
        .await;
        for (flags, word) in [
            (
                vec!["--audience=https://kubernetes.default.svc"],
                "api://AzureADTokenExchange alone",
            ),
            (vec![], "api://AzureADTokenExchange alone"),
            (
                vec![AUDIENCE, "--audience=elsewhere"],
                "api://AzureADTokenExchange alone",
            ),
            (vec![AUDIENCE, "--duration=2h"], "at most 3600 seconds"),
            (
                vec![
                    AUDIENCE,
                    "--bound-object-kind=Secret",
                    "--bound-object-name=bound",
                ],
                "bound to an object",
            ),
        ] {
            let refused = ask(cluster, "azure", &flags);
            assert!(!refused.success, "{flags:?}");
            assert!(refused.stderr.contains(word), "{flags:?}: {}", refused.stderr);
        }
        assert!(
            ask(cluster, "azure", &[AUDIENCE]).success,
            "what is allowed stays allowed"
        );

        // Nobody else is concerned.
        let others = cluster.try_kubectl(&["create", "token", "admin", "-n", TENANT, "--duration=2h"], "");
        assert!(others.success, "{others:?}");
    });
}
