//! What many objects cost together: reads do not grow with their number once they are Ready.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use privatelink_testkit::scenario::{GROUP, World, dns_object, endpoint, endpoint_id, target};
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

/// Calls since, by method and by what the path ends with where names are masked.
fn calls(world: &World, since: usize, method: &str, within: &str) -> usize {
    let calls = world.door.calls();
    let calls = calls[since..].iter();
    calls
        .filter(|call| call.method == method && call.path.to_ascii_lowercase().contains(within))
        .count()
}

#[tokio::test(start_paused = true)]
async fn many_endpoints_with_names_take_two_writes_each_and_their_records_are_read_together_at_rest() {
    const ZONE: &str = "privatelink.blob.core.windows.net";
    let many = 60;
    let mut world = World::new().unwrap();
    world.start();
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
    world.apply(dns_object("PrivateDnsZone", ZONE, json!({})));
    let link = json!({"zone": {"name": ZONE}, "virtualNetwork": {"id": network}});
    world.apply(dns_object("PrivateDnsZoneLink", "net", link));
    world.pass(Duration::from_secs(120)).await;
    for number in 0..many {
        let account = format!("account{number:02}");
        world.make_target(&account).unwrap();
        let dns = json!({"mode": "Managed", "zones": [{"name": ZONE}]});
        let spec = json!({"target": {"id": target(&account)}, "dns": dns});
        world.apply(endpoint(&name(number), json!({"spec": spec})));
    }
    world.pass(Duration::from_secs(300)).await;
    for number in 0..many {
        let object = world.get(&name(number)).unwrap();
        assert!(
            object["status"]["dnsRecords"][0]["ipAddresses"][0].is_string(),
            "{object}"
        );
    }
    assert_eq!(
        calls(&world, 0, "PUT", "/privateendpoints/"),
        2 * many,
        "an endpoint and a zone group each"
    );
    // Each record by itself before its zone group is written, as long as they are few, and after; at rest ten a minute.
    let records = calls(&world, 0, "GET", "/a/account");
    assert!(records <= 40 + many + 10 * 5, "{records} reads of {many} records");
    let since = world.door.calls().len();
    world.pass(Duration::from_secs(1200)).await;
    // Ten one by one in a minute, and LISTs of a page.
    let records = calls(&world, since, "GET", &format!("{ZONE}/a"));
    assert!(
        records <= 20 * 12,
        "{records} reads for {many} endpoints in 20 minutes"
    );
    assert_eq!(calls(&world, since, "PUT", "/"), 0);
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
