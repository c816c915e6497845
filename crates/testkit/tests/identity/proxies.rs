//! Something between us and Azure that answers in its place: it is told, and nothing is taken for gone, empty or done.

use privatelink_arm_emulator::faults::{BodyFault, FaultAction, FaultRule, RequestKind};
use privatelink_testkit::scenario::{
    NAMESPACE, World, ZONES, dns_object, endpoint, endpoint_id, simulate, zone_id,
};
use serde_json::json;

use super::{MINUTE, asked_since, assert_says, mark, of_endpoint, said, writes_since};

/// What proxies answer: a page to sign in at, a block, a demand to say who one is, and that they get no further.
const STATUSES: [u16; 5] = [200, 403, 404, 407, 502];
const ZONE: &str = "team.internal";

/// What has to be told: that it is a page, of whom, and what to do.
const WORDS: [&str; 3] = ["web page", "\"Proxy\"", "HTTPS_PROXY"];

/// Two endpoints and a zone that are Ready, and somebody else's record in the zone.
async fn settle(world: &mut World) {
    for name in ["kept", "changed", "gone"] {
        world.apply(endpoint(name, json!({})));
    }
    world.apply(dns_object("PrivateDnsZone", ZONE, json!({})));
    world.pass(MINUTE * 4).await;
    for name in ["kept", "changed", "gone"] {
        assert_says(&of_endpoint(world, name), "True", "Succeeded", &[]);
    }
    world.make_outside(
        &format!("{}/A/theirs", zone_id(ZONE)),
        json!({"properties": {"ttl": 300, "aRecords": [{"ipv4Address": "10.9.9.9"}]}}),
    );
}

/// Users go on meanwhile.
fn go_on(world: &World) {
    world.patch_spec("changed", json!({"tags": {"team": "later"}}));
    world.delete("gone");
    world.delete_of(ZONES, ZONE);
    world.apply(endpoint("fresh", json!({})));
}

fn answers(world: &World, status: u16, kind: RequestKind) {
    world
        .emulator
        .add_fault(FaultRule::new(FaultAction::Page(status)).kind(kind));
}

fn of_zone(world: &World) -> (String, String, String) {
    said(&world.api.get(ZONES, NAMESPACE, ZONE).unwrap(), "Ready")
}

fn team(world: &World, name: &str) -> Option<String> {
    let body = world.emulator.resource(&endpoint_id(name))?;
    body["tags"]["team"].as_str().map(str::to_owned)
}

/// The proxy is gone: everything comes to what users wanted, but for the zone that still has a record.
async fn assert_all_is_well_after(world: &mut World) {
    world.emulator.clear_faults();
    world.pass(MINUTE * 12).await;
    for name in ["kept", "changed", "fresh"] {
        assert_says(&of_endpoint(world, name), "True", "Succeeded", &[]);
    }
    assert_eq!(team(world, "changed").as_deref(), Some("later"));
    assert!(world.get("gone").is_none() && world.emulator.resource(&endpoint_id("gone")).is_none());
    assert_says(&of_zone(world), "False", "InUse", &[]);
    assert!(
        world
            .emulator
            .resource(&format!("{}/A/theirs", zone_id(ZONE)))
            .is_some()
    );
}

#[test]
fn a_page_in_place_of_a_resource_does_not_mean_that_it_is_absent() {
    for status in STATUSES {
        simulate(async move |mut world| {
            settle(&mut world).await;
            answers(&world, status, RequestKind::Read);
            go_on(&world);
            let since = mark(&world);
            world.pass(MINUTE * 20).await;
            for name in ["changed", "fresh", "gone"] {
                assert_says(&of_endpoint(&world, name), "False", "Retrying", &WORDS);
            }
            assert_says(&of_zone(&world), "False", "Retrying", &WORDS);
            assert_eq!(writes_since(&world, since), Vec::<String>::new(), "{status}");
            assert_eq!(team(&world, "changed").as_deref(), Some("orders"));
            assert!(world.get("gone").is_some());
            let asked = asked_since(&world, since).len();
            assert!(asked < 400, "{status}: {asked} requests in 20 minutes");
            assert_all_is_well_after(&mut world).await;
        })
        .unwrap();
    }
}

#[test]
fn a_page_in_place_of_a_list_does_not_mean_that_it_is_empty() {
    for status in STATUSES {
        simulate(async move |mut world| {
            settle(&mut world).await;
            answers(&world, status, RequestKind::List);
            world.delete_of(ZONES, ZONE);
            let since = mark(&world);
            world.pass(MINUTE * 20).await;
            assert_says(&of_endpoint(&world, "kept"), "True", "Unverified", &WORDS);
            // What lives in the zone could not be read: it stays, with all that is in it.
            assert_says(&of_zone(&world), "False", "Retrying", &WORDS);
            assert_eq!(writes_since(&world, since), Vec::<String>::new(), "{status}");
            go_on(&world);
            assert_all_is_well_after(&mut world).await;
        })
        .unwrap();
    }
}

#[test]
fn a_page_in_answer_to_a_write_is_told_and_does_not_mean_that_it_was_done() {
    for status in STATUSES {
        simulate(async move |mut world| {
            settle(&mut world).await;
            answers(&world, status, RequestKind::Write);
            answers(&world, status, RequestKind::Delete);
            go_on(&world);
            let since = mark(&world);
            world.pass(MINUTE * 20).await;
            for name in ["changed", "fresh", "gone"] {
                assert_says(&of_endpoint(&world, name), "False", "Retrying", &WORDS);
            }
            assert_says(&of_endpoint(&world, "kept"), "True", "Succeeded", &[]);
            assert!(world.get("gone").is_some());
            let writes = writes_since(&world, since);
            // Three objects, each ever later: 1, 2, 4 .. 240 seconds apart.
            assert!(
                writes.len() < 60,
                "{status}: {} writes in 20 minutes",
                writes.len()
            );
            assert_eq!(team(&world, "changed").as_deref(), Some("orders"));
            assert_eq!(team(&world, "fresh"), None);
            assert_all_is_well_after(&mut world).await;
        })
        .unwrap();
    }
}

#[test]
fn a_write_that_took_effect_behind_a_page_is_found_and_not_made_twice() {
    simulate(async |mut world| {
        let page = FaultAction::Body(BodyFault::Html);
        world
            .emulator
            .add_fault(FaultRule::new(page).kind(RequestKind::Write));
        let since = mark(&world);
        world.apply(endpoint("fresh", json!({})));
        world.pass(MINUTE * 5).await;
        assert_says(&of_endpoint(&world, "fresh"), "True", "Succeeded", &[]);
        assert_eq!(writes_since(&world, since).len(), 1);
        assert_eq!(world.violations(), Vec::new());
    })
    .unwrap();
}
