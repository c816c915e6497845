//! Names beyond the stories: what objects warn of without being any less Ready (names that a link hides, links of others,
//! limits that are near), and an endpoint with as many zones as Azure takes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use privatelink_testkit::scenario::{
    GROUP, LINKS, NAMESPACE, World, ZONES, dns_object, endpoint, endpoint_id, simulate, target, zone_id,
};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const BLOB: &str = "privatelink.blob.core.windows.net";

/// A condition's message; none where the object has no such condition.
fn message(object: &Value, condition: &str) -> Option<String> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array)?;
    let found = conditions
        .iter()
        .find(|shown| shown.get("type").is_some_and(|kind| kind == condition))?;
    found.get("message").and_then(Value::as_str).map(str::to_owned)
}

fn is_ready(object: &Value) -> bool {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|shown| {
        shown.get("type").is_some_and(|kind| kind == "Ready")
            && shown.get("status").is_some_and(|status| status == "True")
    })
}

fn network(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/{name}")
}

/// A link of a zone to the endpoints' network, named after the zone.
fn link(zone: &str, policy: Option<&str>) -> Value {
    let mut spec = json!({"zone": {"name": zone}, "virtualNetwork": {"id": network("vnet")}});
    if let Some(policy) = policy {
        spec.as_object_mut()
            .unwrap()
            .insert("resolutionPolicy".to_owned(), json!(policy));
    }
    dns_object("PrivateDnsZoneLink", zone, spec)
}

#[test]
fn a_link_warns_of_public_names_that_its_zone_hides() {
    simulate(async |mut world| {
        // The scope knows the account by an alias, and somebody gives it an endpoint whose record is in no zone here.
        let mut scope = privatelink_testkit::scenario::scope(&[NAMESPACE]);
        scope
            .pointer_mut("/spec")
            .and_then(Value::as_object_mut)
            .unwrap()
            .insert("aliases".to_owned(), json!({"orders": target("orders")}));
        world.apply(scope);
        world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
        world.apply(link(BLOB, None));
        world.pass(MINUTE * 5).await;
        let shown = |world: &World| world.api.get(LINKS, NAMESPACE, BLOB).unwrap();
        assert_eq!(
            message(&shown(&world), "NamesShadowed"),
            None,
            "the account has no endpoint: its name leads into no zone"
        );
        let body = json!({"location": "westeurope", "properties": {
            "subnet": {"id": format!("{}/subnets/endpoints", network("vnet"))},
            "privateLinkServiceConnections": [{"name": "other", "properties": {"privateLinkServiceId": target("orders"), "groupIds": ["blob"]}}],
        }});
        world.make_outside(&endpoint_id("other"), body);
        world.pass(MINUTE * 15).await;
        let warned = message(&shown(&world), "NamesShadowed").unwrap();
        assert!(
            warned.contains("orders") && warned.contains("NxDomainRedirect"),
            "{warned}"
        );
        assert!(is_ready(&shown(&world)), "a warning does not touch Ready");

        world.apply(link(BLOB, Some("NxDomainRedirect")));
        world.pass(MINUTE * 5).await;
        assert_eq!(message(&shown(&world), "NamesShadowed"), None);
        assert!(world.violations().is_empty(), "{:?}", world.violations());
    })
    .unwrap();
}

#[test]
fn a_zone_shows_links_of_others_and_says_when_a_limit_is_near() {
    simulate(async |mut world| {
        world.apply(dns_object("PrivateDnsZone", "orders.internal", json!({})));
        world.apply(link("orders.internal", None));
        world.pass(MINUTE * 3).await;
        let shown = |world: &World| world.api.get(ZONES, NAMESPACE, "orders.internal").unwrap();
        assert_eq!(shown(&world).pointer("/status/foreignLinks"), None);
        // A zone takes 100 links with registration.
        for number in 0..80 {
            let name = format!("spoke-{number:02}");
            world.make_outside(
                &network(&name),
                json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/24"]}}}),
            );
            if number == 79 {
                world.pass(MINUTE * 12).await;
                assert_eq!(message(&shown(&world), "NearLimit"), None, "79 of 100");
            }
            world.make_outside(
                &format!("{}/virtualNetworkLinks/{name}", zone_id("orders.internal")),
                json!({"location": "global", "properties": {"virtualNetwork": {"id": network(&name)}, "registrationEnabled": true}}),
            );
        }
        world.pass(MINUTE * 12).await;
        let zone = shown(&world);
        let foreign = zone
            .pointer("/status/foreignLinks")
            .and_then(Value::as_array)
            .unwrap();
        assert_eq!(foreign.len(), 80);
        assert_eq!(
            foreign.first().unwrap(),
            &json!({"name": "spoke-00", "virtualNetwork": network("spoke-00")}),
            "ours is none of them"
        );
        let warned = message(&zone, "NearLimit").unwrap();
        assert!(
            warned.contains("80 or more of 100 links with registration"),
            "{warned}"
        );
        assert!(is_ready(&zone), "a warning does not touch Ready");
    })
    .unwrap();
}

#[test]
fn an_endpoint_with_as_many_zones_as_azure_takes_has_all_of_them_looked_at() {
    simulate(async |mut world| {
        let zones = ["a.internal", "b.internal", "c.internal", "d.internal", BLOB];
        for zone in zones {
            world.apply(dns_object("PrivateDnsZone", zone, json!({})));
            world.apply(link(zone, None));
        }
        // With everything that can be asked about an endpoint.
        world.apply(endpoint("one", json!({"spec": {
            "recovery": "IfTargetRecreated",
            "dns": {"mode": "Managed", "zones": zones.map(|zone| json!({"name": zone})), "verify": "Lookup"},
        }})));
        world.pass(MINUTE * 8).await;
        let shown = world.get("one").unwrap();
        assert!(is_ready(&shown), "{shown}");
        assert!(world.violations().is_empty(), "{:?}", world.violations());
    })
    .unwrap();
}

#[test]
fn a_record_set_follows_the_addresses_and_members_of_its_endpoint() {
    simulate(async |mut world| {
        world.apply(dns_object("PrivateDnsZone", "orders.internal", json!({})));
        world.apply(endpoint("one", json!({})));
        let spec = json!({
            "zone": {"name": "orders.internal"}, "recordName": "blob", "fromPrivateEndpoint": {"name": "one"},
        });
        world.apply(dns_object("PrivateDnsRecordSet", "blob", spec));
        world.pass(MINUTE * 4).await;
        let record = |world: &World| {
            let record = world
                .emulator
                .resource(&format!("{}/A/blob", zone_id("orders.internal")));
            let addresses = record?.pointer("/properties/aRecords").cloned();
            addresses.and_then(|addresses| addresses.as_array().map(Vec::len))
        };
        let shown = |world: &World| {
            let endpoint = world.get("one").unwrap();
            let addresses = endpoint
                .pointer("/status/ipConfigurations")
                .and_then(Value::as_array);
            addresses.map(Vec::len)
        };
        assert_eq!((shown(&world), record(&world)), (Some(1), Some(1)));
        let before = world.door.calls().len();
        // The service grows, and the endpoint gets an address for the new member.
        let grown =
            world
                .emulator
                .add_member(&target("orders"), "blob", "blob_new", "new.blob.core.windows.net");
        grown.unwrap();
        let mut seconds = 0;
        while shown(&world) != Some(2) {
            world.pass(Duration::from_secs(1)).await;
            seconds += 1;
            assert!(seconds < 900, "the endpoint does not show its new address");
        }
        world.pass(Duration::from_secs(5)).await;
        assert_eq!(record(&world), Some(2), "its next pass, and no later");
        let writes = world
            .door
            .calls()
            .into_iter()
            .skip(before)
            .filter(|call| call.method == "PUT");
        assert_eq!(writes.count(), 1);
        assert!(world.violations().is_empty(), "{:?}", world.violations());
    })
    .unwrap();
}
