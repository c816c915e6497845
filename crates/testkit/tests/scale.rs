//! What many objects cost together: reads do not grow with their number once they are Ready.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use privatelink_testkit::scenario::{World, endpoint, endpoint_id};
use serde_json::{Value, json};

const MANY: usize = 40;

fn name(number: usize) -> String {
    format!("endpoint-{number:02}")
}

/// A world whose endpoints are Ready, with their addresses in status.
async fn ready_world() -> World {
    let mut world = World::new().unwrap();
    world.start();
    for number in 0..MANY {
        world.apply(endpoint(&name(number), json!({})));
    }
    world.pass(Duration::from_secs(300)).await;
    for number in 0..MANY {
        let object = world.get(&name(number)).unwrap();
        let addresses = &object["status"]["ipConfigurations"];
        assert!(addresses[0]["ipAddress"].is_string(), "{object}");
    }
    world
}

fn addresses(world: &World) -> Vec<Value> {
    let object = |number| world.get(&name(number)).unwrap();
    (0..MANY)
        .map(|number| object(number)["status"]["ipConfigurations"].clone())
        .collect()
}

fn interface_reads(world: &World, since: usize) -> usize {
    let calls = world.door.calls();
    let interfaces = |path: &str| path.to_ascii_lowercase().contains("/networkinterfaces");
    calls[since..]
        .iter()
        .filter(|call| interfaces(&call.path))
        .count()
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_interfaces_are_read_by_list() {
    let mut world = ready_world().await;
    let (since, before) = (world.door.calls().len(), addresses(&world));
    world.stop().await;
    world.start();
    world.pass(Duration::from_secs(120)).await;
    let reads = interface_reads(&world, since);
    // Ten one by one and a LIST, for each of the one or two sweeps in which the objects are first looked at.
    assert!((1..=22).contains(&reads), "{reads} reads for {MANY} endpoints");
    assert_eq!(addresses(&world), before);
    assert_eq!(world.violations(), []);
}

#[tokio::test(start_paused = true)]
async fn at_rest_interfaces_are_read_again_by_list() {
    let mut world = ready_world().await;
    let since = world.door.calls().len();
    // What is known of an interface is believed for ten minutes.
    world.pass(Duration::from_secs(1200)).await;
    let reads = interface_reads(&world, since);
    assert!((2..=44).contains(&reads), "{reads} reads for {MANY} endpoints");
    assert_eq!(world.violations(), []);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_interfaces_is_not_older_than_what_it_is_asked_for() {
    let mut world = ready_world().await;
    world.stop().await;
    world.start();
    world.pass(Duration::from_secs(40)).await;
    // An endpoint that is made anew by somebody else has another interface, which no earlier list shows.
    let id = endpoint_id(&name(MANY - 1));
    world.delete_outside(&id);
    world.pass(Duration::from_secs(400)).await;
    let object = world.get(&name(MANY - 1)).unwrap();
    let shown = object["status"]["networkInterfaceId"].as_str().unwrap();
    let interface = world.emulator.resource(shown).unwrap();
    assert_eq!(
        object["status"]["ipConfigurations"][0]["ipAddress"],
        interface["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"],
        "{id}"
    );
}
