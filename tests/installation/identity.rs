//! A scope that acts as a service account of a platform namespace: what it says until the account, the right and the
//! federated credential are there, and whose requests they are then.

use privatelink_testkit::environment::seeded;
use serde_json::{Value, json};

use crate::cluster::*;

/// The namespace of the platform's service accounts.
const PLATFORM: &str = "platform";
/// The application of the team, which may do in Azure what the shipped role says.
pub const CLIENT_ID: &str = "7a1b2c3d-0000-4000-8000-0000000000a2";

/// The application as the emulator's seed has it.
pub fn principal() -> String {
    let (tenant, subscription) = (seeded::TENANT_ID, seeded::SUBSCRIPTION_ID);
    format!(
        "  - name: team\n    objectId: 7a1b2c3d-0000-4000-8000-0000000000a1\n    clientId: {CLIENT_ID}\n    tenantId: {tenant}\n    federatedCredentials: [{{issuer: 'https://kubernetes.default.svc', subject: 'system:serviceaccount:{PLATFORM}:orders'}}]\n    roles: [{{scope: /subscriptions/{subscription}, role: privatelink-controller}}]\n"
    )
}

fn account(name: &str) -> String {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": PLATFORM}})
        .to_string()
}

/// The demo's scope, as a service account.
fn act_as(cluster: &Cluster, account: &str) {
    let identity = json!({"spec": {"identity": {
        "type": "WorkloadIdentity", "clientId": CLIENT_ID, "tenantId": seeded::TENANT_ID,
        "serviceAccount": {"namespace": PLATFORM, "name": account},
    }}});
    let patch = format!("--patch={identity}");
    cluster.kubectl(&["patch", "azurescope", "demo", "--type=merge", &patch]);
}

fn condition(cluster: &Cluster, name: &str) -> Option<(String, String)> {
    let scope = cluster.object(&["azurescope", "demo"])?;
    let conditions = scope.pointer("/status/conditions")?.as_array()?.clone();
    let found = conditions
        .into_iter()
        .find(|condition| condition["type"] == name)?;
    let text = |name: &str| {
        found
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Some((text("reason"), text("message")))
}

async fn until_scope_says(cluster: &Cluster, reason: &str, word: &str) {
    let what = format!("the scope says {reason}: {word}");
    until(&what, async || {
        condition(cluster, "IdentityReady").filter(|(now, message)| now == reason && message.contains(word))
    })
    .await;
}

#[test]
fn a_scope_acts_as_its_service_account_once_all_that_this_needs_is_there() {
    scenario(async |cluster| {
        let named = |name: &str| {
            [
                format!("--set=workloadIdentities[0].namespace={PLATFORM}"),
                format!("--set=workloadIdentities[0].name={name}"),
            ]
        };
        cluster.apply(
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLATFORM}}).to_string(),
        );
        let [namespace, name] = named("orders");
        cluster.install(&[&namespace, &name]);
        cluster.apply(&seeded::scope());

        // An account that the chart was not told of: the Role that is missing is printed.
        cluster.apply(&account("bills"));
        act_as(cluster, "bills");
        until_scope_says(
            cluster,
            "IdentityFailed",
            "--resource=serviceaccounts/token --resource-name=bills` and `kubectl create rolebinding privatelink-token-bills",
        )
        .await;
        // One that is named, and not there.
        act_as(cluster, "orders");
        until_scope_says(cluster, "IdentityFailed", "there is no service account orders").await;
        // With the account there, a look that is asked for finds it.
        cluster.apply(&account("orders"));
        let since = cluster.now().await;
        let touch = "privatelink.dev/reconcile-requested-at=now";
        cluster.kubectl(&["annotate", "azurescope", "demo", touch]);
        until_scope_says(cluster, "Succeeded", "platform/orders").await;
        let example = privatelink_testkit::charts::workspace().join("deploy/examples/storage-blob.yaml");
        cluster.kubectl(&["apply", "-f", &example.display().to_string()]);
        cluster.until_ready("pe/orders-blob");

        let journal = cluster.emulator.journal(since).await.unwrap();
        let mut callers: Vec<&str> = journal
            .iter()
            .filter(|entry| {
                entry["path"]
                    .as_str()
                    .is_some_and(|path| path.starts_with("/subscriptions/"))
            })
            .filter_map(|entry| entry["principal"].as_str())
            .filter(|caller| *caller == CLIENT_ID || *caller == seeded::CONTROLLER_CLIENT_ID)
            .collect();
        callers.sort_unstable();
        callers.dedup();
        assert_eq!(callers, [CLIENT_ID], "nothing is asked as the controller itself");

        // Without its account a deletion goes on with the token at hand.
        cluster.kubectl(&["delete", "serviceaccount", "orders", "-n", PLATFORM]);
        cluster.kubectl(&[
            "delete",
            "pe",
            "orders-blob",
            "-n",
            seeded::NAMESPACE,
            "--timeout=60s",
        ]);
        assert!(cluster.in_azure("orders-blob").await.is_none());
    });
}
