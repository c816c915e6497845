//! Several installations share a cluster: what another one serves is left alone, and goes over by the scope's word.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use privatelink_arm_emulator::change::SOMEONE_ELSE;
use privatelink_testkit::scenario::{NAMESPACE, World, endpoint, endpoint_id, scope, simulate};
use privatelink_testkit::simulated::Verb;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

/// The world's scope, served by this installation or by another.
fn served_by(controller_name: Option<&str>) -> Value {
    let mut manifest = scope(&[NAMESPACE]);
    if let Some(name) = controller_name {
        manifest["spec"]["controllerName"] = json!(name);
    }
    manifest
}

fn ready(world: &World, name: &str) -> String {
    let object = world.get(name).unwrap();
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "Ready");
    ready.unwrap()["reason"].as_str().unwrap_or_default().to_owned()
}

/// What was written about an object, to Kubernetes.
fn written(world: &World, name: &str) -> usize {
    let calls = world.kubernetes_calls().into_iter();
    calls
        .filter(|call| ![Verb::Get, Verb::List, Verb::Watch].contains(&call.verb) && call.name == name)
        .count()
}

/// The requests to Azure that are the controller's.
fn asked(world: &World) -> usize {
    let entries = world.emulator.journal_since(0).entries.into_iter();
    entries
        .filter(|entry| entry.principal.as_deref() != Some(SOMEONE_ELSE))
        .count()
}

#[test]
fn what_another_installation_serves_is_left_alone_until_it_is_handed_over() {
    simulate(async |mut world| {
        world.apply(served_by(Some("example.com/other")));
        world.apply(endpoint("one", json!({})));
        world.pass(MINUTE * 5).await;
        assert_eq!(
            written(&world, "one"),
            0,
            "neither a finalizer nor a word in status"
        );
        assert_eq!(asked(&world), 0, "nor a call to Azure");

        world.apply(served_by(None));
        world.pass(MINUTE * 3).await;
        assert_eq!(ready(&world, "one"), "Succeeded");

        // Handed to the other one: nothing is said of it any longer, and its deletion is the other one's.
        world.apply(served_by(Some("example.com/other")));
        world.pass(MINUTE).await;
        let before = written(&world, "one");
        world.delete("one");
        world.pass(MINUTE * 15).await;
        assert_eq!(written(&world, "one"), before);
        assert!(world.get("one").is_some(), "its finalizer stays");
        assert!(world.emulator.resource(&endpoint_id("one")).is_some());

        world.apply(served_by(None));
        world.pass(MINUTE * 5).await;
        assert!(world.get("one").is_none());
        assert!(world.emulator.resource(&endpoint_id("one")).is_none());
    })
    .unwrap();
}
