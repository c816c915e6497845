//! What is somebody else's stays as it is, and the object says whose it is and what to do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use privatelink_testkit::scenario::{
    ArmCall, ArmFault, ENDPOINTS, GROUP, LINKS, NAMESPACE, RECORD_SETS, World, ZONES, condition, dns_object,
    endpoint, simulate, zone_id,
};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const BLOB: &str = "privatelink.blob.core.windows.net";

/// A condition that the object has to have.
#[track_caller]
fn said(world: &World, plural: &str, name: &str, kind: &str) -> (String, String, String) {
    let object = world.api.get(plural, NAMESPACE, name).unwrap();
    condition(&object, kind).unwrap_or_else(|| panic!("{name} has no condition {kind}: {object}"))
}

fn link(zone: &str) -> Value {
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
    let spec = json!({"zone": {"name": zone}, "virtualNetwork": {"id": network}});
    dns_object("PrivateDnsZoneLink", zone, spec)
}

fn managed(zones: &[&str]) -> Value {
    let zones: Vec<Value> = zones.iter().map(|zone| json!({"name": zone})).collect();
    endpoint(
        "one",
        json!({"spec": {"dns": {"mode": "Managed", "zones": zones}}}),
    )
}

fn puts(world: &World, within: &str) -> usize {
    let calls = world.door.calls();
    let within = within.to_ascii_lowercase();
    let is_put = |call: &&ArmCall| call.method == "PUT" && call.path.to_ascii_lowercase().contains(&within);
    calls.iter().filter(is_put).count()
}

#[test]
fn a_record_without_a_mark_is_not_overwritten() {
    simulate(async |mut world| {
        world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
        world.apply(link(BLOB));
        world.pass(MINUTE * 2).await;
        let record = format!("{}/A/orders", zone_id(BLOB));
        let theirs = json!({"properties": {"ttl": 600, "aRecords": [{"ipv4Address": "192.168.9.9"}]}});
        world.make_outside(&record, theirs);
        world.judge.protect(&record);
        world.judge.keep(
            &record,
            "/properties/aRecords/0/ipv4Address",
            json!("192.168.9.9"),
        );
        world.apply(managed(&[BLOB]));
        world.pass(MINUTE * 20).await;
        let (_, reason, message) = said(&world, ENDPOINTS, "one", "DNSReady");
        assert_eq!(reason, "RecordConflict", "{message}");
        assert!(
            message.contains("192.168.9.9") && message.contains("left no mark"),
            "{message}"
        );
        assert_eq!(puts(&world, "privateDnsZoneGroups"), 0);
        world.judge.let_go(&record, "/properties/aRecords/0/ipv4Address");
        world.judge.unprotect(&record);
        world.delete_outside(&record);
        world.pass(MINUTE * 12).await;
        assert_eq!(said(&world, ENDPOINTS, "one", "Ready").0, "True");
        assert!(world.violations().is_empty(), "{:?}", world.violations());
    })
    .unwrap();
}

#[test]
fn a_zone_whose_records_cannot_be_read_is_not_deleted() {
    simulate(async |mut world| {
        world.apply(dns_object("PrivateDnsZone", "orders.internal", json!({})));
        world.pass(MINUTE * 2).await;
        let record = format!("{}/A/theirs", zone_id("orders.internal"));
        let theirs = json!({"properties": {"ttl": 600, "aRecords": [{"ipv4Address": "192.168.9.9"}]}});
        world.make_outside(&record, theirs);
        let asked = world
            .door
            .calls()
            .into_iter()
            .filter(|call| call.path.ends_with("/ALL"))
            .count();
        for occurrence in 1..=3 {
            let call = ArmCall {
                method: "GET".to_owned(),
                path: format!("{}/ALL", zone_id("orders.internal")),
                occurrence: u64::try_from(asked).unwrap() + occurrence,
            };
            let forbidden = ArmFault::Answer {
                status: 403,
                code: "AuthorizationFailed",
                retry_after: None,
            };
            world.door.add_fault(call, forbidden);
        }
        world.delete_of(ZONES, "orders.internal");
        world.pass(MINUTE).await;
        let (_, reason, message) = said(&world, ZONES, "orders.internal", "Ready");
        assert_eq!(reason, "InUse", "{message}");
        assert!(
            message.contains("records cannot be read") && message.contains("AuthorizationFailed"),
            "{message}"
        );
        world.pass(MINUTE * 30).await;
        let (_, reason, message) = said(&world, ZONES, "orders.internal", "Ready");
        assert_eq!(reason, "InUse", "{message}");
        assert!(message.contains("the record theirs"), "{message}");
        assert!(world.emulator.resource(&record).is_some());
    })
    .unwrap();
}

#[test]
fn of_two_record_sets_of_one_name_the_one_that_began_goes_on() {
    simulate(async |mut world| {
        world.apply(dns_object("PrivateDnsZone", "orders.internal", json!({})));
        world.pass(MINUTE * 2).await;
        let set = |name: &str| {
            let spec = json!({"zone": {"name": "orders.internal"}, "recordName": "www", "a": ["10.1.0.9"]});
            dns_object("PrivateDnsRecordSet", name, spec)
        };
        world.apply(set("b-first"));
        world.pass(Duration::from_millis(400)).await;
        world.apply(set("a-second"));
        world.pass(MINUTE * 12).await;
        assert_eq!(said(&world, RECORD_SETS, "b-first", "Ready").0, "True");
        assert_eq!(said(&world, RECORD_SETS, "a-second", "Ready").1, "Conflict");
        world.delete_of(RECORD_SETS, "b-first");
        world.pass(MINUTE * 12).await;
        assert_eq!(said(&world, RECORD_SETS, "a-second", "Ready").0, "True");
        assert!(world.violations().is_empty(), "{:?}", world.violations());
    })
    .unwrap();
}

#[test]
fn a_zone_that_somebody_deleted_is_said_to_be_gone() {
    simulate(async |mut world| {
        world.make_outside(&zone_id(BLOB), json!({"location": "global"}));
        let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
        let by_link = format!("{}/virtualNetworkLinks/theirs", zone_id(BLOB));
        world.make_outside(
            &by_link,
            json!({"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": false}}),
        );
        world.apply(endpoint(
            "one",
            json!({"spec": {"dns": {"mode": "Managed", "zones": [{"id": zone_id(BLOB)}]}}}),
        ));
        world.pass(MINUTE * 3).await;
        assert_eq!(said(&world, ENDPOINTS, "one", "Ready").0, "True");
        let before = puts(&world, "privateEndpoints");
        world.delete_outside(&format!("{}/A/orders", zone_id(BLOB)));
        world.delete_outside(&by_link);
        world.delete_outside(&zone_id(BLOB));
        world.pass(MINUTE * 6).await;
        let (_, reason, message) = said(&world, ENDPOINTS, "one", "DNSReady");
        assert_eq!(reason, "ZoneNotFound", "{message}");
        assert_eq!(
            puts(&world, "privateEndpoints"),
            before,
            "there is nothing to write"
        );
        world.make_outside(&zone_id(BLOB), json!({"location": "global"}));
        world.make_outside(
            &by_link,
            json!({"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": false}}),
        );
        world.pass(MINUTE * 15).await;
        let ready = said(&world, ENDPOINTS, "one", "Ready");
        assert_eq!(ready.0, "True", "{ready:?}");
    })
    .unwrap();
}

#[test]
fn only_the_zones_that_hold_the_names_have_to_be_linked_and_each_name_is_taken_once() {
    simulate(async |mut world| {
        for zone in [BLOB, "privatelink.table.core.windows.net"] {
            world.apply(dns_object("PrivateDnsZone", zone, json!({})));
        }
        world.apply(link(BLOB));
        world.apply(managed(&[BLOB, "privatelink.table.core.windows.net"]));
        world.pass(MINUTE * 4).await;
        let (status, reason, message) = said(&world, ENDPOINTS, "one", "DNSReady");
        assert_eq!(
            (status.as_str(), reason.as_str()),
            ("True", "Succeeded"),
            "{message}"
        );
        let twice = json!({"mode": "Managed", "zones": [{"name": BLOB}, {"id": zone_id(BLOB)}]});
        world.patch_spec("one", json!({"dns": twice}));
        world.pass(MINUTE).await;
        let (_, reason, message) = said(&world, ENDPOINTS, "one", "Ready");
        assert_eq!(reason, "InvalidSpec");
        assert!(
            message.contains("spec.dns.zones[1]") && message.contains("spec.dns.zones[0]"),
            "{message}"
        );
    })
    .unwrap();
}

#[test]
fn names_that_nobody_sees_to_are_said_to_be_so() {
    simulate(async |mut world| {
        let mut scope = privatelink_testkit::scenario::scope(&[NAMESPACE]);
        let central = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-central";
        let defaults = scope.pointer_mut("/spec/defaults").and_then(Value::as_object_mut);
        defaults
            .unwrap()
            .insert("dnsResourceGroup".to_owned(), json!(central));
        world.apply(scope);
        world.apply(endpoint("one", json!({"spec": {"dns": null}})));
        world.pass(MINUTE * 2).await;
        let (status, _, message) = said(&world, ENDPOINTS, "one", "DNSReady");
        assert_eq!(status, "Unknown");
        assert!(
            message.contains("rg-central") && message.contains("spec.dns"),
            "{message}"
        );
        let ready = said(&world, ENDPOINTS, "one", "Ready");
        assert_eq!(ready.0, "True", "{ready:?}");
        let outside = |call: &ArmCall| call.path.contains("rg-central");
        assert!(
            !world.door.calls().iter().any(outside),
            "not one call outside the scope"
        );
    })
    .unwrap();
}

#[test]
fn a_second_link_between_a_zone_and_a_network_is_refused_before_it_is_written() {
    simulate(async |mut world| {
        world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
        world.pass(MINUTE).await;
        let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
        let theirs = format!("{}/virtualNetworkLinks/theirs", zone_id(BLOB));
        world.make_outside(
            &theirs,
            json!({"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": false}}),
        );
        world.apply(link(BLOB));
        world.pass(MINUTE * 3).await;
        let (_, reason, message) = said(&world, LINKS, BLOB, "Ready");
        assert_eq!(reason, "Conflict");
        assert!(message.contains("by the link theirs"), "{message}");
        assert_eq!(puts(&world, "virtualNetworkLinks"), 0);
    })
    .unwrap();
}

#[test]
fn another_default_of_the_scope_moves_no_names() {
    simulate(async |mut world| {
        let with_default = |group: &str| {
            let mut scope = privatelink_testkit::scenario::scope(&[NAMESPACE]);
            let defaults = scope.pointer_mut("/spec/defaults").and_then(Value::as_object_mut);
            defaults
                .unwrap()
                .insert("dnsResourceGroup".to_owned(), json!(group));
            scope
        };
        world.apply(with_default(GROUP));
        world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
        world.apply(link(BLOB));
        world.apply(endpoint("one", json!({"spec": {"dns": {"mode": "Managed"}}})));
        world.pass(MINUTE * 4).await;
        assert_eq!(said(&world, ENDPOINTS, "one", "Ready").0, "True");
        let before = puts(&world, "privateDnsZoneGroups");
        world.apply(with_default(
            "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-platform",
        ));
        world.pass(MINUTE * 4).await;
        assert_eq!(said(&world, ENDPOINTS, "one", "Ready").0, "True");
        assert_eq!(puts(&world, "privateDnsZoneGroups"), before);
        // Another process knows it from status alone.
        world.stop().await;
        world.start();
        world.pass(MINUTE * 4).await;
        assert_eq!(said(&world, ENDPOINTS, "one", "Ready").0, "True");
        assert_eq!(puts(&world, "privateDnsZoneGroups"), before);
    })
    .unwrap();
}

#[test]
fn a_redirect_that_is_dropped_from_spec_is_dropped_in_azure() {
    simulate(async |mut world| {
        world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
        let mut redirecting = link(BLOB);
        let spec = redirecting
            .pointer_mut("/spec")
            .and_then(Value::as_object_mut)
            .unwrap();
        spec.insert("resolutionPolicy".to_owned(), json!("NxDomainRedirect"));
        world.apply(redirecting);
        world.pass(MINUTE * 3).await;
        let policy = |world: &World| {
            let shown = world
                .emulator
                .resource(&format!("{}/virtualNetworkLinks/{BLOB}", zone_id(BLOB)));
            shown.unwrap().pointer("/properties/resolutionPolicy").cloned()
        };
        assert_eq!(policy(&world), Some(json!("NxDomainRedirect")));
        world.apply(link(BLOB));
        world.pass(MINUTE * 3).await;
        assert_ne!(policy(&world), Some(json!("NxDomainRedirect")));
        let settled = puts(&world, "virtualNetworkLinks");
        world.pass(MINUTE * 20).await;
        assert_eq!(puts(&world, "virtualNetworkLinks"), settled, "and that is all");
    })
    .unwrap();
}

#[test]
fn names_and_addresses_have_one_spelling() {
    simulate(async |mut world| {
        world.apply(dns_object("PrivateDnsZone", "orders.internal", json!({})));
        let set = |name: &str, data: Value| {
            let mut spec = json!({"zone": {"name": "orders.internal"}, "recordName": name});
            spec.as_object_mut()
                .unwrap()
                .extend(data.as_object().unwrap().clone());
            dns_object("PrivateDnsRecordSet", name, spec)
        };
        world.apply(set(
            "six",
            json!({"aaaa": ["2001:db8::1:0:0:1", "2001:0DB8:0::1:0:0:1"]}),
        ));
        world.apply(set(
            "mail",
            json!({"mx": [{"preference": 10, "exchange": "A.example."}]}),
        ));
        world.pass(MINUTE * 3).await;
        let before = puts(&world, "privateDnsZones");
        world.apply(set("six", json!({"aaaa": ["2001:db8:0:0:1::1"]})));
        world.apply(set(
            "mail",
            json!({"mx": [{"preference": 10, "exchange": "a.example"}]}),
        ));
        world.pass(MINUTE * 3).await;
        for name in ["six", "mail"] {
            assert_eq!(said(&world, RECORD_SETS, name, "Ready").0, "True");
        }
        assert_eq!(puts(&world, "privateDnsZones"), before, "nothing has changed");
    })
    .unwrap();
}
