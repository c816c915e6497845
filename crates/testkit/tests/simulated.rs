//! The simulated Kubernetes API by itself. That it agrees with a real one is the business of `differential.rs`.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod probe;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, WatchParams,
};
use kube::core::WatchEvent;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use privatelink_testkit::simulated::{Call, Fault, SimulatedApi, Verb, WatchLag};
use serde_json::{Value, json};

/// A probe with this spec.
fn probe(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "example.dev/v1", "kind": "Probe",
        "metadata": { "name": name, "namespace": "default" },
        "spec": spec,
    })
}

fn server() -> SimulatedApi {
    let start: jiff::Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let began = tokio::time::Instant::now();
    let clock = Arc::new(move || start + jiff::SignedDuration::try_from(began.elapsed()).unwrap());
    SimulatedApi::new(clock, &[probe::typed_definition()])
}

fn resource() -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("example.dev", "v1", "Probe"), "probes")
}

fn probes(api: &SimulatedApi) -> Api<DynamicObject> {
    Api::namespaced_with(api.client("controller"), "default", &resource())
}

fn status(value: Value) -> Patch<Value> {
    Patch::Apply(json!({ "apiVersion": "example.dev/v1", "kind": "Probe", "status": value }))
}

fn ours() -> PatchParams {
    PatchParams::apply("controller").force()
}

fn code(error: kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn applied_status_removes_what_is_left_out_and_keeps_what_others_set() {
    let api = server();
    api.create(probe("one", json!({ "size": 1 }))).unwrap();
    let probes = probes(&api);
    let first = json!({ "phase": "A", "address": "10.0.0.4",
        "conditions": [{ "type": "Ready", "status": "True" }, { "type": "Drifted", "status": "True" }] });
    probes.patch_status("one", &ours(), &status(first)).await.unwrap();
    let other = json!({ "conditions": [{ "type": "Other", "status": "True" }] });
    probes
        .patch_status("one", &PatchParams::apply("other").force(), &status(other))
        .await
        .unwrap();
    let second = json!({ "phase": "A", "conditions": [{ "type": "Ready", "status": "False" }] });
    let object = probes
        .patch_status("one", &ours(), &status(second.clone()))
        .await
        .unwrap();
    let conditions = json!([
        { "type": "Ready", "status": "False", "reason": "Pending" },
        { "type": "Other", "status": "True" },
    ]);
    assert_eq!(
        object.data["status"],
        json!({ "observedGeneration": -1, "phase": "A", "conditions": conditions })
    );
    let again = probes
        .patch_status("one", &ours(), &status(second))
        .await
        .unwrap();
    assert_eq!(object.metadata.resource_version, again.metadata.resource_version);
    assert!(!api.journal().last().unwrap().changed);
    assert_eq!(api.unexpected(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn generation_counts_spec_and_deletion_only() {
    let api = server();
    let generation = |object: &Value| object["metadata"]["generation"].as_i64().unwrap();
    let created = api
        .create(probe("one", json!({ "size": 1, "unknown": true })))
        .unwrap();
    assert_eq!(generation(&created), 1);
    assert_eq!(created["spec"], json!({ "size": 1, "mode": "Fast" }));
    assert_eq!(created["status"]["observedGeneration"], -1);
    let annotated = api.annotate("probes", "default", "one", "a", Some("b")).unwrap();
    assert_eq!(generation(&annotated), 1);
    assert_eq!(
        generation(
            &api.patch_spec("probes", "default", "one", &json!({ "size": 2 }))
                .unwrap()
        ),
        2
    );
    assert_eq!(
        generation(
            &api.force_status("probes", "default", "one", &json!({ "phase": "F" }))
                .unwrap()
        ),
        2
    );
    api.set_finalizers("probes", "default", "one", &["example.dev/hold"])
        .unwrap();
    let deleting = api.delete("probes", "default", "one").unwrap();
    assert_eq!(generation(&deleting), 3);
    assert!(deleting["metadata"]["deletionTimestamp"].is_string());
    let refused = api.set_finalizers(
        "probes",
        "default",
        "one",
        &["example.dev/hold", "example.dev/new"],
    );
    assert_eq!(refused.unwrap_err().code, 422);
    api.set_finalizers("probes", "default", "one", &[]).unwrap();
    assert_eq!(api.get("probes", "default", "one"), None);
}

#[tokio::test(start_paused = true)]
async fn a_stale_resource_version_is_a_conflict() {
    let api = server();
    let old = api.create(probe("one", json!({ "size": 1 }))).unwrap();
    let version = old["metadata"]["resourceVersion"].clone();
    api.patch_spec("probes", "default", "one", &json!({ "size": 2 }))
        .unwrap();
    let probes = probes(&api);
    let finalizer = json!({ "metadata": { "resourceVersion": version, "finalizers": ["example.dev/hold"] } });
    let merge = probes
        .patch("one", &PatchParams::default(), &Patch::Merge(&finalizer))
        .await;
    assert_eq!(code(merge.unwrap_err()), 409);
    let applied = json!({ "apiVersion": "example.dev/v1", "kind": "Probe",
        "metadata": { "resourceVersion": version }, "status": { "phase": "A" } });
    let apply = probes.patch_status("one", &ours(), &Patch::Apply(applied)).await;
    assert_eq!(code(apply.unwrap_err()), 409);
    assert!(api.journal().iter().all(|entry| !entry.changed));
}

#[tokio::test(start_paused = true)]
async fn watches_lag_and_are_flushed() {
    let api = server();
    let probes = probes(&api);
    let version = probes
        .list(&ListParams::default())
        .await
        .unwrap()
        .metadata
        .resource_version
        .unwrap();
    api.set_watch_lag(WatchLag::Time(Duration::from_secs(5)));
    let mut events = Box::pin(probes.watch(&WatchParams::default(), &version).await.unwrap());
    let began = tokio::time::Instant::now();
    api.create(probe("one", json!({}))).unwrap();
    assert!(matches!(
        events.next().await.unwrap().unwrap(),
        WatchEvent::Added(_)
    ));
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    api.delete("probes", "default", "one").unwrap();
    api.flush_watches();
    assert!(matches!(
        events.next().await.unwrap().unwrap(),
        WatchEvent::Deleted(_)
    ));
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_compacted_version_is_gone_and_bookmarks_move_on() {
    let api = server();
    let probes = probes(&api);
    api.create(probe("one", json!({}))).unwrap();
    api.compact();
    let mut events = Box::pin(probes.watch(&WatchParams::default(), "1").await.unwrap());
    match events.next().await.unwrap().unwrap() {
        WatchEvent::Error(status) => assert_eq!((status.code, status.reason.as_str()), (410, "Expired")),
        other => panic!("{other:?}"),
    }
    let mut events = Box::pin(
        probes
            .watch(&WatchParams::default(), &api.revision().to_string())
            .await
            .unwrap(),
    );
    api.create_namespace("elsewhere").unwrap();
    match events.next().await.unwrap().unwrap() {
        WatchEvent::Bookmark(bookmark) => {
            assert_eq!(bookmark.metadata.resource_version, api.revision().to_string())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_reflector_survives_cut_watches_and_410() {
    let api = server();
    for at in 0..7 {
        api.create(probe(&format!("p{at}"), json!({}))).unwrap();
    }
    let writer = reflector::store::Writer::new(resource());
    let reader = writer.as_reader();
    let stream = watcher(probes(&api), watcher::Config::default().page_size(3))
        .default_backoff()
        .reflect(writer);
    let task = tokio::spawn(stream.for_each(|_| std::future::ready(())));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(reader.len(), 7);
    for disturb in [SimulatedApi::drop_watches, SimulatedApi::expire_watches] {
        disturb(&api);
        api.delete(
            "probes",
            "default",
            api.list("probes", None)[0]["metadata"]["name"].as_str().unwrap(),
        )
        .unwrap();
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!(reader.len(), api.list("probes", None).len());
    }
    assert_eq!(reader.len(), 5);
    assert_eq!(api.unexpected(), Vec::<String>::new());
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn faults_strike_before_and_after_the_effect() {
    let api = server();
    let probes = probes(&api);
    api.set_fault_hook(Some(Arc::new(|call: &Call| {
        match (call.verb, call.name.as_str(), call.occurrence) {
            (Verb::Create, "before", 1) => Fault::answer(503, "ServiceUnavailable"),
            (Verb::Create, "after", 1) => Fault::AnswerAfter {
                status: 500,
                reason: "InternalError".to_owned(),
            },
            (Verb::Create, "cut", 1) => Fault::CutAfter,
            (Verb::Create, "hang", 1) => Fault::HangAfter,
            (Verb::Create, "slow", 1) => Fault::Delay(Duration::from_secs(7)),
            _ => Fault::Continue,
        }
    })));
    let create = |name: &str| {
        let object: DynamicObject = serde_json::from_value(probe(name, json!({}))).unwrap();
        let probes = probes.clone();
        async move { probes.create(&kube::api::PostParams::default(), &object).await }
    };
    assert_eq!(code(create("before").await.unwrap_err()), 503);
    assert_eq!(api.get("probes", "default", "before"), None);
    create("before").await.unwrap();
    assert_eq!(code(create("after").await.unwrap_err()), 500);
    assert!(api.get("probes", "default", "after").is_some());
    assert!(matches!(
        create("cut").await.unwrap_err(),
        kube::Error::Service(_)
    ));
    assert!(api.get("probes", "default", "cut").is_some());
    assert!(
        tokio::time::timeout(Duration::from_secs(60), create("hang"))
            .await
            .is_err()
    );
    assert!(api.get("probes", "default", "hang").is_some());
    let began = tokio::time::Instant::now();
    create("slow").await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(7));
    assert_eq!(api.journal()[0].status, Some(503));
    assert_eq!(api.writes(), 6);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_request_is_refused_and_listed() {
    let api = server();
    let client = api.client("controller");
    let pods: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(client.clone(), "default");
    assert_eq!(code(pods.get("one").await.unwrap_err()), 501);
    let selected = probes(&api).list(&ListParams::default().labels("a=b")).await;
    assert_eq!(code(selected.unwrap_err()), 501);
    assert_eq!(api.unexpected().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_is_deleted_takes_its_instances_along() {
    let api = server();
    api.create(probe("free", json!({}))).unwrap();
    api.create(probe("held", json!({}))).unwrap();
    api.set_finalizers("probes", "default", "held", &["example.dev/hold"])
        .unwrap();
    api.mark_definition_deleting("probes.example.dev").unwrap();
    assert_eq!(api.list("probes", None).len(), 2);
    assert_eq!(api.create(probe("late", json!({}))).unwrap_err().code, 405);
    api.finish_definition_cleanup("probes.example.dev");
    assert_eq!(api.list("probes", None).len(), 1);
    api.set_finalizers("probes", "default", "held", &[]).unwrap();
    assert_eq!(
        api.get("customresourcedefinitions", "", "probes.example.dev"),
        None
    );
    assert_eq!(
        code(probes(&api).list(&ListParams::default()).await.unwrap_err()),
        404
    );
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_deleted_is_emptied_first() {
    let api = server();
    api.create_namespace("demo").unwrap();
    let mut object = probe("held", json!({}));
    object["metadata"]["namespace"] = json!("demo");
    object["metadata"]["finalizers"] = json!(["example.dev/hold"]);
    api.create(object.clone()).unwrap();
    api.delete_namespace("demo").unwrap();
    assert_eq!(
        api.get("namespaces", "", "demo").unwrap()["status"]["phase"],
        "Terminating"
    );
    object["metadata"]["name"] = json!("late");
    assert_eq!(api.create(object).unwrap_err().code, 403);
    api.set_finalizers("probes", "demo", "held", &[]).unwrap();
    assert_eq!(api.get("namespaces", "", "demo"), None);
}
