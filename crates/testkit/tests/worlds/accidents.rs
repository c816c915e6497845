//! What goes wrong between processes and between pages: deletions that were held stay held after a restart, and an
//! object that is made while a watch is away is looked at.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use privatelink_testkit::scenario::{ENDPOINTS, KubernetesFault, NAMESPACE, World, endpoint, endpoint_id};
use privatelink_testkit::simulated::{Call, Fault, Verb};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

fn simulate(scenario: impl AsyncFnOnce(World)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async { scenario(World::new().unwrap()).await });
}

fn reason(object: &Value) -> &str {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.get("type").is_some_and(|kind| kind == "Ready"));
    ready
        .and_then(|ready| ready.get("reason"))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[test]
fn deletions_that_were_held_stay_held_after_a_restart_and_go_when_they_are_meant() {
    simulate(async |mut world| {
        let names: Vec<String> = (0..30).map(|number| format!("one-{number:02}")).collect();
        for name in &names {
            world.apply(endpoint(name, json!({})));
        }
        world.start();
        world.pass(MINUTE * 3).await;
        assert!(
            names
                .iter()
                .all(|name| reason(&world.get(name).unwrap()) == "Succeeded")
        );
        let deleted = names.get(..25).unwrap();
        deleted.iter().for_each(|name| world.delete(name));
        let held = |world: &World| {
            deleted.iter().all(|name| {
                let object = world.get(name).unwrap();
                reason(&object) == "DeletionHeld" && world.emulator.resource(&endpoint_id(name)).is_some()
            })
        };
        world.pass(MINUTE).await;
        assert!(held(&world), "all are held, the first as the last");
        let counted = "privatelink_objects{kind=\"PrivateEndpoint\",ready=\"False\",reason=\"DeletionHeld\"}";
        assert_eq!(world.metric(counted), Some(25.0));
        assert_eq!(world.metric("privatelink_deletions_held_total"), Some(25.0));
        // Long after the window in which deletions count, in a process that remembers nothing.
        world.pass(MINUTE * 15).await;
        world.stop().await;
        world.start();
        world.pass(MINUTE * 15).await;
        assert!(held(&world), "held by another process too");
        assert_eq!(world.metric(counted), Some(25.0));
        assert_eq!(
            world.metric("privatelink_deletions_held_total"),
            Some(0.0),
            "they were held before, and are not held once more"
        );
        world
            .api
            .annotate(
                "azurescopes.privatelink.dev",
                "",
                "orders",
                "privatelink.dev/allow-mass-deletion",
                Some("true"),
            )
            .unwrap();
        world.pass(MINUTE * 5).await;
        assert!(deleted.iter().all(|name| world.get(name).is_none()));
        assert_eq!(reason(&world.get("one-29").unwrap()), "Succeeded");
        assert_eq!(world.violations(), Vec::new());
    });
}

#[test]
fn a_status_that_tells_of_a_deletion_takes_no_object_out_of_the_hold() {
    simulate(async |mut world| {
        let names: Vec<String> = (0..30).map(|number| format!("one-{number:02}")).collect();
        names
            .iter()
            .for_each(|name| world.apply(endpoint(name, json!({}))));
        world.start();
        world.pass(MINUTE * 3).await;
        world.stop().await;
        let deleted = names.get(..25).unwrap();
        let url = "https://management.azure.com/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Network/locations/westeurope/operations/22222222-2222-2222-2222-222222222222?api-version=2025-05-01";
        for name in deleted {
            let mut status = world.get(name).unwrap()["status"].clone();
            status["operations"] = json!([{
                "node": "endpoint", "kind": "Delete", "startedAt": "2026-01-01T00:03:00Z", "url": url,
            }]);
            world
                .api
                .force_status(ENDPOINTS, NAMESPACE, name, &status)
                .unwrap();
            world.delete(name);
        }
        world.start();
        world.pass(MINUTE * 20).await;
        for name in deleted {
            let object = world.get(name).unwrap();
            assert_eq!(reason(&object), "DeletionHeld", "{object}");
            assert!(world.emulator.resource(&endpoint_id(name)).is_some(), "{name}");
        }
        assert_eq!(world.metric("privatelink_deletions_held_total"), Some(25.0));
        assert_eq!(world.violations(), Vec::new());
    });
}

#[test]
fn an_object_that_is_made_while_the_watch_is_away_is_looked_at_although_the_list_has_pages() {
    simulate(async |mut world| {
        // More than a page, in a namespace that comes later and has no scope.
        world.api.create_namespace("zzz").unwrap();
        for number in 0..600 {
            let mut manifest = endpoint(&format!("other-{number:03}"), json!({}));
            manifest["metadata"]["namespace"] = json!("zzz");
            world.apply(manifest);
        }
        let fault = |verb, occurrence, fault| KubernetesFault {
            call: Call {
                client: String::new(),
                verb,
                resource: ENDPOINTS.to_owned(),
                subresource: String::new(),
                namespace: String::new(),
                name: String::new(),
                occurrence,
            },
            fault,
            crash: false,
        };
        // The watch breaks and its place is forgotten; the second page of the new list takes its time.
        let cut = fault(Verb::Watch, 1, Fault::Cut);
        let slow_page = fault(Verb::List, 4, Fault::Delay(Duration::from_secs(30)));
        [cut, slow_page]
            .into_iter()
            .for_each(|fault| world.add_kubernetes_fault(fault));
        world.start();
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.apply(endpoint("new", json!({})));
        world.api.compact();
        world.pass(MINUTE * 5).await;
        let new = world.api.get(ENDPOINTS, NAMESPACE, "new").unwrap();
        assert_eq!(reason(&new), "Succeeded");
        assert_eq!(world.fired(), 2, "the faults met their calls");
        assert_eq!(world.violations(), Vec::new());
    });
}
