//! Argo CD's engine: it applies by waves, and what it has applied it never shows as different.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use privatelink_testkit::kubernetes::Identity;
use serde_json::{Value, json};

use crate::installation::{Installation, name_of, reason_of, scenario};
use crate::judges::{ARGOCD_SETTINGS, ask, checkout, program, run};

const TRACKING: &str = "argocd.argoproj.io/tracking-id";
const WAVE: &str = "argocd.argoproj.io/sync-wave";
const LONG: Duration = Duration::from_secs(240);

/// Manifests of a folder, as JSON.
fn manifests(installation: &Installation, folder: &str) -> Vec<Value> {
    let folder = checkout(folder);
    let arguments = [
        "create",
        "--dry-run=client",
        "-o",
        "json",
        "-R",
        "-f",
        folder.to_str().unwrap(),
    ];
    parsed(&installation.kubectl(&arguments))
}

/// The objects that kubectl prints, one after the other or as a list.
fn parsed(text: &str) -> Vec<Value> {
    let objects = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    objects
        .map(|object| object.expect("JSON"))
        .flat_map(|object| match object["items"].as_array() {
            Some(items) => items.clone(),
            None => vec![object],
        })
        .collect()
}

/// One operation of Argo CD's engine.
fn synchronise(installation: &Installation, manifests: &[Value], server_side: bool, limit: &str) -> Value {
    let mut command = Command::new(program("synchronise"));
    command
        .arg("--kubeconfig")
        .arg(installation.environment.kubeconfig(Identity::ADMIN).unwrap())
        .arg("--argocd-cm")
        .arg(checkout(ARGOCD_SETTINGS[0]))
        .arg(format!("--server-side={server_side}"))
        .args(["--timeout", limit]);
    let log = installation.folder.join("synchronise.log");
    command.stderr(std::fs::File::create(log).unwrap());
    let lines = manifests.iter().map(|manifest| format!("{manifest}\n")).collect();
    run(command, lines).remove(0)
}

fn synchronise_whole(installation: &Installation, manifests: &[Value], server_side: bool) {
    let told = synchronise(installation, manifests, server_side, "3m");
    assert_eq!(told["completed"], true, "{told:#}");
    assert!(told["error"].is_null(), "{told:#}");
    let results = told["results"].as_array().unwrap();
    assert_eq!(results.len(), manifests.len(), "{told:#}");
    assert!(
        results.iter().all(|result| result["status"] == "Synced"),
        "{told:#}"
    );
}

/// Argo CD shows no object as out of sync, by none of its ways to compare.
fn assert_no_difference(installation: &Installation, namespace: &str, manifests: &[Value]) {
    let openapi = installation.folder.join("openapi.json");
    std::fs::write(&openapi, installation.kubectl(&["get", "--raw", "/openapi/v2"])).unwrap();
    let questions = questions(installation, namespace, manifests);
    let answers = ask(&questions, Some(&openapi));
    for (question, answer) in questions.iter().zip(&answers) {
        for way in ["threeWay", "structured", "serverSide"] {
            let difference = &answer["differences"][way];
            let name = name_of(&question["live"]);
            assert_eq!(*difference, json!({"modified": false}), "{way} of {name}");
        }
    }
    println!("{} objects show no difference, in three ways", answers.len());
}

/// For each manifest: the live object, the manifest as it was applied, and what a dry run of it gives. Both are about the
/// same revision: what the controller writes in between is asked for once more.
fn questions(installation: &Installation, namespace: &str, manifests: &[Value]) -> Vec<Value> {
    let by_name = |text: &str| -> BTreeMap<String, Value> {
        let objects = parsed(text).into_iter();
        objects.map(|object| (name_of(&object), object)).collect()
    };
    let get = [
        "get",
        "--show-managed-fields",
        "-n",
        namespace,
        "-o",
        "json",
        &kinds_of(manifests),
    ];
    let dry_run = [
        "apply",
        "--server-side",
        "--dry-run=server",
        "--force-conflicts",
        "--field-manager=argocd-controller",
        "--show-managed-fields",
        "-o",
        "json",
        "-f",
        "-",
    ];
    let mut questions = BTreeMap::new();
    for _ in 0..20 {
        let live = by_name(&installation.kubectl(&get));
        let desired: Vec<Value> = manifests
            .iter()
            .map(|manifest| {
                let mut desired = manifest.clone();
                let tracking = live[&name_of(manifest)]["metadata"]["annotations"][TRACKING].clone();
                assert!(tracking.is_string(), "{} was not applied", name_of(manifest));
                desired["metadata"]["annotations"][TRACKING] = tracking;
                desired
            })
            .collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": desired});
        let predicted = by_name(&installation.kubectl_with_input(&dry_run, &list.to_string()));
        for desired in desired {
            let name = name_of(&desired);
            let (live, predicted) = (&live[&name], &predicted[&name]);
            let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
            if version(live) == version(predicted) {
                let question = json!({"live": live, "desired": desired, "predicted": predicted});
                questions.entry(name).or_insert(question);
            }
        }
        if questions.len() == manifests.len() {
            return questions.into_values().collect();
        }
    }
    panic!("the objects do not come to rest");
}

fn kinds_of(manifests: &[Value]) -> String {
    let mut kinds: Vec<&str> = manifests
        .iter()
        .map(|manifest| manifest["kind"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.join(",")
}

#[test]
fn argo_shows_no_difference_after_a_sync_of_the_examples() {
    scenario("argo-examples", async |installation| {
        let examples = manifests(installation, "deploy/examples");
        assert!(examples.len() > 30, "{} examples", examples.len());
        // Client-side first, as is Argo CD's default, and at once: finalizers and status come meanwhile.
        synchronise_whole(installation, &examples, false);
        assert_no_difference(installation, "demo", &examples);
        installation.run_policy().await;
        installation.approve("demo", "partner-orders").await;
        installation.look_again("demo");
        installation
            .until("every example is Ready", LONG, |installation| {
                let objects = installation.objects("demo");
                objects
                    .iter()
                    .all(|object| reason_of(object) == "Succeeded")
                    .then_some(())
            })
            .await;
        assert_no_difference(installation, "demo", &examples);
        // Then server-side over it, as whoever turns ServerSideApply on does.
        synchronise_whole(installation, &examples, true);
        assert_no_difference(installation, "demo", &examples);

        // A difference would be seen.
        let mut questions = questions(installation, "demo", &examples);
        let other = questions
            .iter_mut()
            .find(|question| question["desired"]["spec"]["target"]["groupId"].is_string())
            .unwrap();
        other["desired"]["spec"]["target"]["groupId"] = json!("another");
        other["predicted"]["spec"]["target"]["groupId"] = json!("another");
        let openapi = installation.folder.join("openapi.json");
        let answers = ask(std::slice::from_ref(other), Some(&openapi));
        for way in ["threeWay", "structured", "serverSide"] {
            assert_eq!(answers[0]["differences"][way]["modified"], true, "{way}");
        }

        let told = synchronise(installation, &[], true, "3m");
        assert_eq!(told["completed"], true, "{told:#}");
        installation.until_empty("demo", LONG, |_| true).await;
    });
}

#[test]
fn argo_follows_the_waves_and_does_not_wait_for_an_approval() {
    scenario("argo-waves", async |installation| {
        // A real API server takes the settings as they are: a key with a wildcard it would refuse.
        installation.kubectl(&["create", "namespace", "argocd"]);
        for settings in ARGOCD_SETTINGS {
            installation.kubectl(&["apply", "-f", checkout(settings).to_str().unwrap()]);
        }
        let shipped = manifests(installation, "deploy/gitops/manifests");
        // Waves do hold: where the endpoint that awaits approval comes before others, these wait for it.
        let mut blocking = shipped.clone();
        let partner = blocking
            .iter_mut()
            .find(|object| name_of(object) == "PrivateEndpoint/partner")
            .unwrap();
        partner["metadata"]["annotations"][WAVE] = json!("2");
        let told = synchronise(installation, &blocking, true, "40s");
        assert_eq!(told["completed"], false, "{told:#}");
        assert!(installation.get(&["-n", "orders", "pe", "orders-file"]).is_none());

        // As it is shipped, with that one last, nothing waits for it.
        synchronise_whole(installation, &shipped, true);
        let endpoint = installation.get(&["-n", "orders", "pe", "orders-file"]).unwrap();
        assert_eq!(reason_of(&endpoint), "Succeeded");
        installation
            .until_reason("orders", "partner", "AwaitingApproval")
            .await;
        // What waits by kstatus, as `helm --wait` does, waits for the approval; whoever need not, waits for the request.
        let partner = installation.get(&["-n", "orders", "pe", "partner"]).unwrap();
        let answers = ask(&[json!({"live": partner})], None);
        assert_eq!(answers[0]["kstatus"]["status"], "InProgress");
        let requested = [
            "wait",
            "-n",
            "orders",
            "pe/partner",
            "--for=condition=Programmed",
            "--timeout=30s",
        ];
        installation.kubectl(&requested);
        let of_namespace: Vec<Value> = shipped
            .iter()
            .filter(|manifest| manifest["metadata"]["namespace"] == "orders")
            .cloned()
            .collect();
        assert_no_difference(installation, "orders", &of_namespace);

        pause(installation).await;

        // Pruned, last wave first; the scope is held until nothing uses it.
        let told = synchronise(installation, &[], true, "3m");
        assert_eq!(told["completed"], true, "{told:#}");
        let gone = |installation: &Installation| installation.get(&["azurescope", "orders"]).is_none();
        installation.until_empty("orders", LONG, gone).await;
    });
}

/// Objects are paused before the first look, when Ready, while spec changes, and while they are deleted: the record has
/// what is said of each.
async fn pause(installation: &Installation) {
    const PAUSED: &str = "privatelink.dev/paused=true";
    const GO_ON: &str = "privatelink.dev/paused-";
    let mut fresh = manifests(installation, "deploy/examples/key-vault.yaml").remove(0);
    fresh["metadata"]["annotations"]["privatelink.dev/paused"] = json!("true");
    installation.kubectl_with_input(&["apply", "-f", "-"], &fresh.to_string());
    installation.until_reason("demo", "orders-vault", "Paused").await;
    installation.kubectl(&["delete", "-n", "demo", "pe/orders-vault", "--wait=false"]);
    installation.kubectl(&["annotate", "-n", "orders", "pe/orders-file", PAUSED]);
    installation.until_reason("orders", "orders-file", "Paused").await;
    let tags = json!({"spec": {"tags": {"stage": "test"}}}).to_string();
    installation.kubectl(&[
        "patch",
        "-n",
        "orders",
        "pe/orders-file",
        "--type=merge",
        "-p",
        &tags,
    ]);
    // Nothing happens, which only time can show.
    tokio::time::sleep(Duration::from_secs(2)).await;
    installation.until_reason("orders", "orders-file", "Paused").await;
    installation.kubectl(&["annotate", "-n", "orders", "pe/orders-file", GO_ON]);
    installation
        .until_reason("orders", "orders-file", "Succeeded")
        .await;
    // One that never had a finalizer is gone already.
    let go_on = ["annotate", "-n", "demo", "--all", "pe", GO_ON];
    installation.kubectl(&go_on);
    installation
        .until("the paused endpoint is gone", LONG, |installation| {
            installation.objects("demo").is_empty().then_some(())
        })
        .await;
}
