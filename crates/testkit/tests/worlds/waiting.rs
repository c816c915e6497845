//! Objects that wait for something in Azure which another object makes or removes: they are looked at when it is done,
//! and not only when their turn comes round.

#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use privatelink_testkit::scenario::{
    ENDPOINTS, GROUP, NAMESPACE, RECORD_SETS, World, ZONES, dns_object, endpoint, simulate, zone_id,
};
use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);
const BLOB: &str = "privatelink.blob.core.windows.net";

/// Status and reason of Ready.
fn ready(object: &Value) -> (String, String) {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|shown| shown["type"] == "Ready");
    let text = |name: &str| ready.and_then(|ready| ready[name].as_str()).unwrap_or_default();
    (text("status").to_owned(), text("reason").to_owned())
}

/// How long it takes until an object has a reason, in whole seconds; at most `most`.
async fn until(world: &mut World, plural: &str, name: &str, reason: &str, most: u64) -> u64 {
    for second in 0..=most {
        let object = world.api.get(plural, NAMESPACE, name);
        if object.is_some_and(|object| ready(&object).1 == reason) {
            return second;
        }
        world.pass(SECOND).await;
    }
    panic!(
        "{name} is not {reason} after {most} s: {:?}",
        world.api.get(plural, NAMESPACE, name)
    );
}

fn link() -> Value {
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
    let spec = json!({"zone": {"id": zone_id(BLOB)}, "virtualNetwork": {"id": network}});
    dns_object("PrivateDnsZoneLink", "net", spec)
}

fn managed(name: &str) -> Value {
    endpoint(
        name,
        json!({"spec": {"dns": {"mode": "Managed", "zones": [{"id": zone_id(BLOB)}]}}}),
    )
}

#[test]
fn an_endpoint_goes_on_when_its_zone_and_its_link_are_there() {
    simulate(async |mut world| {
        world.apply(managed("one"));
        until(&mut world, ENDPOINTS, "one", "ZoneNotFound", 60).await;
        world.pass(SECOND * 100).await;
        // Both refer to the zone by its id: nothing in Kubernetes leads from one to the other.
        world.apply(link());
        world.pass(SECOND * 45).await;
        world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
        let zone = until(&mut world, ZONES, BLOB, "Succeeded", 120).await;
        let all = until(&mut world, ENDPOINTS, "one", "Succeeded", 60).await;
        assert!(
            all <= 25,
            "Ready {all} s after its zone, which took {zone} s: two operations side by side"
        );
        assert!(world.violations().is_empty(), "{:?}", world.violations());
    })
    .unwrap();
}

#[test]
fn an_endpoint_without_a_word_on_names_gets_them_when_the_zone_comes() {
    simulate(async |mut world| {
        let mut scope = privatelink_testkit::scenario::scope(&[NAMESPACE]);
        let defaults = scope.pointer_mut("/spec/defaults").and_then(Value::as_object_mut);
        defaults
            .unwrap()
            .insert("dnsResourceGroup".to_owned(), json!(GROUP));
        world.apply(scope);
        world.apply(endpoint("one", json!({"spec": {"dns": null}})));
        until(&mut world, ENDPOINTS, "one", "Succeeded", 60).await;
        world.pass(SECOND * 100).await;
        world.apply(link());
        world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
        until(&mut world, ZONES, BLOB, "Succeeded", 120).await;
        world.pass(SECOND * 25).await;
        let records = world.get("one").unwrap();
        assert!(records.pointer("/status/dnsRecords/0").is_some(), "{records}");
    })
    .unwrap();
}

#[test]
fn a_zone_goes_when_what_held_it_is_gone() {
    simulate(async |mut world| {
        world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
        world.apply(link());
        world.apply(managed("one"));
        until(&mut world, ENDPOINTS, "one", "Succeeded", 300).await;
        world.delete_of(ZONES, BLOB);
        until(&mut world, ZONES, BLOB, "InUse", 60).await;
        world.pass(SECOND * 400).await;
        world.delete_of("privatednszonelinks.privatelink.dev", "net");
        world.delete_of(ENDPOINTS, "one");
        let gone = |world: &World, plural| world.api.list(plural, Some(NAMESPACE)).is_empty();
        let mut last = 0;
        while !gone(&world, ENDPOINTS) || !gone(&world, "privatednszonelinks.privatelink.dev") {
            world.pass(SECOND).await;
            last += 1;
            assert!(last < 120, "the endpoint or the link stays");
        }
        let mut zone = 0;
        while !gone(&world, ZONES) {
            world.pass(SECOND).await;
            zone += 1;
            assert!(zone <= 25, "the zone stays, which one operation takes away");
        }
    })
    .unwrap();
}

#[test]
fn two_endpoints_of_one_name_do_not_write_over_each_other_and_the_second_takes_over() {
    simulate(async |mut world| {
        world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
        world.apply(link());
        until(&mut world, ZONES, BLOB, "Succeeded", 120).await;
        world.pass(SECOND * 60).await;
        // Both at once: neither finds a record in its way.
        world.apply(managed("one"));
        world.apply(managed("two"));
        world.pass(SECOND * 120).await;
        let reasons = |world: &World| ["one", "two"].map(|name| ready(&world.get(name).unwrap()).1);
        let now = reasons(&world);
        let (first, second) = match now.each_ref().map(String::as_str) {
            ["Succeeded", "RecordConflict"] => ("one", "two"),
            ["RecordConflict", "Succeeded"] => ("two", "one"),
            _ => panic!("{now:?}"),
        };
        world.pass(SECOND * 900).await;
        assert_eq!(reasons(&world), now, "and so it stays");
        world.delete_of(ENDPOINTS, first);
        let took = until(&mut world, ENDPOINTS, second, "Succeeded", 60).await;
        assert!(
            took <= 45,
            "{second} is Ready {took} s after {first} was deleted: two operations"
        );
        assert!(world.violations().is_empty(), "{:?}", world.violations());
    })
    .unwrap();
}

#[test]
fn a_record_set_by_id_goes_on_when_its_zone_is_there() {
    simulate(async |mut world| {
        let spec =
            json!({"zone": {"id": zone_id("orders.internal")}, "recordName": "www", "a": ["10.1.0.9"]});
        world.apply(dns_object("PrivateDnsRecordSet", "www", spec));
        until(&mut world, RECORD_SETS, "www", "DependencyNotReady", 60).await;
        world.pass(SECOND * 95).await;
        world.apply(dns_object("PrivateDnsZone", "orders.internal", json!({})));
        until(&mut world, ZONES, "orders.internal", "Succeeded", 120).await;
        let took = until(&mut world, RECORD_SETS, "www", "Succeeded", 60).await;
        assert!(took <= 5, "{took} s after its zone: a record takes no operation");
    })
    .unwrap();
}
