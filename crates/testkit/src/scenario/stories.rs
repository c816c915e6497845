//! The scenarios: what users, Azure's owners and accidents do, one story each.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use privatelink_arm_emulator::change::ConnectionStatus;
use serde_json::{Value, json};

use super::manifests::{
    ENDPOINTS, GROUP, LINKS, NAMESPACE, RECORD_SETS, ZONES, dns_object, endpoint, endpoint_id, scope, zone_id,
};
use super::traffic::traffic;
use super::world::World;

/// A group that the scope lets us look into.
const OTHER_GROUP: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-platform";
pub(super) const BLOB: &str = "privatelink.blob.core.windows.net";

/// Between two acts: long enough for everything that an act sets off.
pub(super) const ACT: Duration = Duration::from_secs(240);

/// A scenario.
#[derive(Clone, Copy)]
pub struct Story {
    pub name: &'static str,
    /// Plays it; the world's first controller has been started.
    pub play: for<'a> fn(&'a mut World) -> BoxFuture<'a, ()>,
    /// Ready's reason at the end, by object: what the run without faults must come to.
    pub ends: &'static [(&'static str, &'static str)],
}

macro_rules! story {
    ($name:literal, [$($object:literal => $reason:literal),*], |$world:ident| $body:block) => {
        Story { name: $name, ends: &[$(($object, $reason)),*], play: |$world| async move $body.boxed() }
    };
}

fn patch_tags(tags: Value) -> Value {
    json!({ "tags": tags })
}

pub(super) use story;

/// All scenarios.
pub fn stories() -> Vec<Story> {
    general().into_iter().chain(traffic()).collect()
}

fn general() -> Vec<Story> {
    vec![
        story!("create", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
        }),
        story!("update", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            world.patch_spec("one", patch_tags(json!({"team": "payments", "stage": "test"})));
            world.pass(ACT).await;
        }),
        story!("drop-a-tag", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({"spec": {"tags": {"stage": "test"}}})));
            world.pass(ACT).await;
            world.patch_spec("one", patch_tags(json!({"stage": null})));
            world.pass(ACT).await;
        }),
        story!("drift", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            world.meddle(&endpoint_id("one"), json!({"tags": {"team": "somebody else", "theirs": "stays"}}));
            world.pass(ACT).await;
            world.patch_spec("one", patch_tags(json!({"team": "payments"})));
            world.pass(ACT).await;
        }),
        story!("deleted-outside", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            world.delete_outside(&endpoint_id("one"));
            world.pass(ACT).await;
        }),
        story!("delete", [], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            world.delete("one");
            world.pass(ACT).await;
        }),
        story!("retain", [], |world| {
            world.apply(endpoint("one", json!({"spec": {"deletionPolicy": "Retain"}})));
            world.pass(ACT).await;
            world.delete("one");
            world.pass(ACT).await;
        }),
        story!("adopt", ["one" => "Succeeded"], |world| {
            existing(world, "one", json!({"theirs": "stays"}));
            world.apply(endpoint("one", json!({"spec": {"adoptionPolicy": "Adopt"}})));
            world.pass(ACT).await;
        }),
        story!("adopt-from-another-owner", ["one" => "Succeeded"], |world| {
            existing(world, "one", json!({"privatelink.dev_owner": "old/PrivateEndpoint/orders/one", "theirs": "stays"}));
            world.apply(endpoint("one", json!({"spec": {"adoptFrom": "old"}})));
            world.pass(ACT).await;
        }),
        story!("refuse", ["one" => "NotOwned"], |world| {
            existing(world, "one", json!({"theirs": "stays"}));
            world.judge.protect(&endpoint_id("one"));
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
        }),
        story!("manual-approve", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", manual()));
            world.pass(ACT).await;
            world.decide(&endpoint_id("one"), ConnectionStatus::Approved);
            world.pass(ACT).await;
        }),
        story!("manual-reject", ["one" => "Rejected"], |world| {
            world.apply(endpoint("one", manual()));
            world.pass(ACT).await;
            world.decide(&endpoint_id("one"), ConnectionStatus::Rejected);
            world.pass(ACT).await;
        }),
        story!("disconnect", ["one" => "Disconnected"], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            world.decide(&endpoint_id("one"), ConnectionStatus::Disconnected);
            world.pass(ACT).await;
        }),
        story!("target-appears", ["one" => "Succeeded"], |world| {
            let id = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/later");
            world.apply(endpoint("one", json!({"spec": {"target": {"id": id}}})));
            world.pass(ACT).await;
            if let Err(error) = world.make_target("later") {
                world.judge.complain("bench", error);
            }
            world.pass(ACT * 2).await;
        }),
        story!("scope-narrowed-and-withdrawn", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            let mut narrow = scope(&[NAMESPACE]);
            if let Some(verbs) = narrow.pointer_mut("/spec/allow/0/verbs") {
                *verbs = json!(["Join"]);
            }
            world.apply(narrow);
            world.pass(ACT).await;
            world.apply(scope(&["elsewhere"]));
            world.pass(ACT).await;
            world.apply(scope(&[NAMESPACE]));
            world.pass(ACT).await;
        }),
        story!("two-for-one", ["one" => "Succeeded", "two" => "Conflict"], |world| {
            world.apply(endpoint("one", json!({"spec": {"azureName": "shared"}})));
            world.pass(Duration::from_secs(5)).await;
            world.apply(endpoint("two", json!({"spec": {"azureName": "shared", "tags": {"team": "rivals"}}})));
            world.pass(ACT).await;
        }),
        story!("forged-status", ["one" => "Succeeded"], |world| {
            existing(world, "other", json!({"theirs": "stays"}));
            world.judge.protect(&endpoint_id("other"));
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            let forged = json!({
                "resourceId": endpoint_id("other"),
                "applied": {"endpoint": {"tags": ["theirs"]}},
                "operations": [{"node": "endpoint", "url": "https://evil.example/subscriptions/x/operations/y", "startedAt": "2026-01-01T00:00:00Z"}],
            });
            let _ = world.api.force_status(ENDPOINTS, NAMESPACE, "one", &forged);
            world.pass(ACT).await;
            // What was forged must be gone from status too: another process would believe it.
            world.meddle(&endpoint_id("one"), json!({"tags": {"theirs": "stays"}}));
            world.stop().await;
            world.start();
            world.pass(ACT).await;
        }),
        story!("definition-deleted", [], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            let _ = world.api.mark_definition_deleting(ENDPOINTS);
            world.delete("one");
            world.pass(ACT).await;
        }),
        story!("scope-goes-first", [], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            let _ = world.api.delete("azurescopes.privatelink.dev", "", "orders");
            world.pass(Duration::from_secs(30)).await;
            world.delete("one");
            world.pass(ACT).await;
        }),
        story!("restart", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(Duration::from_secs(20)).await;
            world.stop().await;
            world.patch_spec("one", patch_tags(json!({"team": "payments"})));
            world.start();
            world.pass(ACT).await;
        }),
        story!("paused", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            world.annotate("one", "privatelink.dev/paused", "true");
            world.patch_spec("one", patch_tags(json!({"team": "payments"})));
            world.pass(ACT).await;
            world.annotate("one", "privatelink.dev/paused", "false");
            world.pass(ACT).await;
        }),
        story!("refused-update-over-foreign-tag", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            world.meddle(&endpoint_id("one"), json!({"tags": {"theirs": "stays"}}));
            world.pass(ACT).await;
            let absent = format!("{GROUP}/providers/Microsoft.Network/applicationSecurityGroups/absent");
            world.patch_spec("one", json!({"tags": {"theirs": "mine"}, "applicationSecurityGroups": [{"id": absent}]}));
            world.pass(ACT).await;
            world.patch_spec("one", json!({"tags": {"theirs": null}, "applicationSecurityGroups": null}));
            world.pass(ACT).await;
        }),
        story!("adopt-without-a-foreign-tag", ["one" => "Succeeded"], |world| {
            existing(world, "one", json!({"theirs": "stays"}));
            world.apply(endpoint("one", json!({"spec": {"tags": {"theirs": "mine"}}})));
            world.pass(ACT).await;
            world.patch_spec("one", json!({"tags": {"theirs": null}, "adoptionPolicy": "Adopt"}));
            world.pass(ACT).await;
        }),
        story!("dns-life", [], |world| {
            world.apply(record("www", json!({"a": ["10.1.0.10", "10.1.0.11"]})));
            world.apply(link("orders.internal", "net"));
            world.apply(zone());
            world.pass(ACT).await;
            world.patch_spec_of(RECORD_SETS, "www", json!({"ttl": 60, "a": ["10.1.0.12"]}));
            world.patch_spec_of(ZONES, "orders.internal", json!({"tags": {"team": "orders"}}));
            world.pass(ACT).await;
            world.delete_of(ZONES, "orders.internal");
            world.pass(ACT).await;
            world.delete_of(LINKS, "net");
            world.delete_of(RECORD_SETS, "www");
            world.pass(ACT * 3).await;
        }),
        story!("dns-drift", ["privatednsrecordsets/www" => "Succeeded"], |world| {
            world.apply(zone());
            world.apply(record("www", json!({"a": ["10.1.0.10"]})));
            world.pass(ACT).await;
            let id = format!("{}/A/www", zone_id("orders.internal"));
            world.meddle(&id, json!({"properties": {"ttl": 5, "metadata": {"theirs": "stays"}}}));
            world.pass(ACT).await;
        }),
        story!("record-of-others", ["privatednsrecordsets/www" => "Succeeded"], |world| {
            world.apply(zone());
            world.pass(ACT).await;
            let id = format!("{}/A/www", zone_id("orders.internal"));
            world.make_outside(&id, json!({"properties": {"ttl": 77, "aRecords": [{"ipv4Address": "10.9.9.9"}]}}));
            world.judge.protect(&id);
            world.apply(record("www", json!({"a": ["10.1.0.10"]})));
            world.pass(ACT).await;
            world.delete_outside(&id);
            world.judge.unprotect(&id);
            world.pass(ACT * 3).await;
        }),
        story!("record-of-an-endpoint", ["one" => "Succeeded", "privatednsrecordsets/blob" => "Succeeded"], |world| {
            world.apply(zone());
            world.apply(record("blob", json!({"fromPrivateEndpoint": {"name": "one"}})));
            world.pass(Duration::from_secs(30)).await;
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
        }),
        story!("endpoint-with-names", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({"spec": {"dns": {"mode": "Managed", "zones": [{"name": BLOB}]}}})));
            world.pass(Duration::from_secs(30)).await;
            world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
            world.pass(ACT).await;
            world.apply(link(BLOB, "net"));
            world.pass(ACT * 4).await;
        }),
        story!("names-by-policy", ["one" => "Succeeded"], |world| {
            blob_zone(world);
            world.apply(endpoint("one", json!({"spec": {"dns": {"mode": "Adopt"}}})));
            world.pass(ACT).await;
            let id = group_id("one", "deployedByPolicy");
            world.make_outside(&id, zone_group());
            world.judge.protect(&id);
            world.pass(ACT * 2).await;
        }),
        story!("policy-was-first", ["one" => "Succeeded"], |world| {
            blob_zone(world);
            world.apply(endpoint("one", json!({"spec": {"dns": {"mode": "None"}}})));
            world.pass(ACT).await;
            let id = group_id("one", "deployedByPolicy");
            world.make_outside(&id, zone_group());
            world.judge.protect(&id);
            world.patch_spec("one", json!({"dns": {"mode": "Managed"}}));
            world.pass(ACT).await;
            world.patch_spec("one", json!({"dns": {"mode": "Adopt"}}));
            world.pass(ACT * 2).await;
        }),
        story!("names-by-others", ["one" => "Succeeded"], |world| {
            blob_zone(world);
            world.apply(endpoint("one", json!({"spec": {"dns": {"mode": "External"}}})));
            world.pass(ACT).await;
            let id = format!("{}/A/orders", zone_id(BLOB));
            world.make_outside(&id, json!({"properties": {"ttl": 77, "aRecords": [{"ipv4Address": "10.1.0.4"}]}}));
            world.judge.protect(&id);
            world.pass(ACT * 2).await;
        }),
        story!("record-of-another-endpoint", ["one" => "Succeeded"], |world| {
            blob_zone(world);
            world.pass(ACT).await;
            existing(world, "other", json!({}));
            let id = group_id("other", "default");
            world.make_outside(&id, zone_group());
            world.judge.protect(&endpoint_id("other"));
            world.judge.protect(&id);
            world.judge.protect(&format!("{}/A/orders", zone_id(BLOB)));
            world.apply(endpoint("one", json!({"spec": {"dns": {"mode": "Managed"}}})));
            world.pass(ACT * 2).await;
            world.delete_outside(&id);
            world.judge.unprotect(&format!("{}/A/orders", zone_id(BLOB)));
            world.pass(ACT * 4).await;
        }),
        story!("record-lost", ["one" => "Succeeded"], |world| {
            blob_zone(world);
            world.apply(endpoint("one", json!({"spec": {"dns": {"mode": "Managed"}}})));
            world.pass(ACT).await;
            world.delete_outside(&format!("{}/A/orders", zone_id(BLOB)));
            world.pass(ACT * 4).await;
        }),
        story!("names-looked-up", ["one" => "Succeeded"], |world| {
            world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
            world.apply(endpoint("one", json!({"spec": {"dns": {"mode": "Managed", "verify": "Lookup"}}})));
            world.pass(ACT).await;
            world.apply(link(BLOB, "net"));
            world.pass(ACT * 2).await;
        }),
        story!("two-zones-of-one-name", ["privatednszonelinks/rival" => "Succeeded"], |world| {
            world.apply(zone());
            world.pass(ACT).await;
            let other = format!("{OTHER_GROUP}/providers/Microsoft.Network/privateDnsZones/orders.internal");
            let theirs = format!("{other}/virtualNetworkLinks/theirs");
            world.make_outside(OTHER_GROUP, json!({"location": "westeurope"}));
            world.make_outside(&other, json!({"location": "global"}));
            let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
            world.make_outside(&theirs, json!({"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": false}}));
            world.judge.protect(&theirs);
            world.apply(link("orders.internal", "rival"));
            world.pass(ACT).await;
            world.delete_outside(&theirs);
            world.pass(ACT * 4).await;
        }),
        story!("zones-changed", ["one" => "Succeeded"], |world| {
            blob_zone(world);
            world.apply(dns_object("PrivateDnsZone", "blob.internal", json!({})));
            world.apply(link("blob.internal", "second"));
            world.apply(endpoint("one", json!({"spec": {"dns": {"mode": "Managed", "zones": [{"name": BLOB}]}}})));
            world.pass(ACT).await;
            world.patch_spec("one", json!({"dns": {"zones": [{"name": BLOB}, {"name": "blob.internal"}]}}));
            world.pass(ACT * 2).await;
            world.patch_spec("one", json!({"dns": {"zones": [{"name": BLOB}]}}));
            world.pass(ACT * 2).await;
        }),
        story!("zone-moved", ["one" => "Succeeded"], |world| {
            let other = format!("{OTHER_GROUP}/providers/Microsoft.Network/privateDnsZones/{BLOB}");
            world.make_outside(OTHER_GROUP, json!({"location": "westeurope"}));
            world.make_outside(&other, json!({"location": "global"}));
            world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
            world.apply(endpoint("one", json!({"spec": {"dns": {"mode": "Managed", "zones": [{"name": BLOB}], "verify": "None"}}})));
            world.pass(ACT).await;
            world.patch_spec("one", json!({"dns": {"zones": [{"id": other}]}}));
            world.pass(ACT * 2).await;
        }),
        story!("names-by-default", ["one" => "Succeeded"], |world| {
            world.apply(endpoint("one", json!({"spec": {"dns": null}})));
            world.pass(ACT).await;
            blob_zone(world);
            world.pass(ACT * 3).await;
        }),
        story!("zone-held-by-others", [], |world| {
            world.apply(zone());
            world.pass(ACT).await;
            let id = format!("{}/TXT/theirs", zone_id("orders.internal"));
            world.make_outside(
                &id,
                json!({"properties": {"ttl": 77, "txtRecords": [{"value": ["theirs"]}]}}),
            );
            world.judge.protect(&id);
            world.delete_of(ZONES, "orders.internal");
            world.pass(ACT).await;
            world.delete_outside(&id);
            world.pass(ACT * 3).await;
        }),
        story!("observe-only", ["one" => "DriftDetected"], |world| {
            existing(world, "one", json!({"team": "others"}));
            world.judge.protect(&endpoint_id("one"));
            world.apply(endpoint("one", json!({"spec": {"managementPolicy": "ObserveOnly"}})));
            world.pass(ACT).await;
        }),
    ]
}

/// The zone for blobs, with a link to the endpoints' network.
fn blob_zone(world: &World) {
    world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
    world.apply(link(BLOB, "net"));
}

pub(super) fn group_id(endpoint: &str, name: &str) -> String {
    format!("{}/privateDnsZoneGroups/{name}", endpoint_id(endpoint))
}

pub(super) fn zone_group() -> Value {
    json!({"properties": {"privateDnsZoneConfigs": [
        {"name": "blob", "properties": {"privateDnsZoneId": zone_id(BLOB)}},
    ]}})
}

fn zone() -> Value {
    dns_object("PrivateDnsZone", "orders.internal", json!({}))
}

fn link(zone: &str, name: &str) -> Value {
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
    let spec = json!({"zone": {"name": zone}, "virtualNetwork": {"id": network}});
    dns_object("PrivateDnsZoneLink", name, spec)
}

fn record(name: &str, data: Value) -> Value {
    let mut spec = json!({"zone": {"name": "orders.internal"}, "recordName": name});
    super::manifests::merge(&mut spec, &data);
    dns_object("PrivateDnsRecordSet", name, spec)
}

fn manual() -> Value {
    json!({"spec": {"target": {"approval": "Manual", "requestMessage": "orders team"}}})
}

/// An endpoint for blobs as somebody else writes it.
pub(super) fn existing_body(name: &str, tags: Value) -> Value {
    let subnet = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/endpoints");
    let target = super::manifests::target("orders");
    json!({"location": "westeurope", "tags": tags, "properties": {
        "subnet": {"id": subnet},
        "privateLinkServiceConnections": [{"name": name, "properties": {"privateLinkServiceId": target, "groupIds": ["blob"]}}],
    }})
}

/// An endpoint that somebody else has made.
fn existing(world: &World, name: &str, tags: Value) {
    if let Err(error) = world
        .emulator
        .put(&endpoint_id(name), &existing_body(name, tags.clone()))
    {
        world
            .judge
            .complain("bench", format!("{name} could not be made: {error}"));
    }
    for (tag, value) in tags
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(tag, _)| tag.starts_with("theirs"))
    {
        world
            .judge
            .keep(&endpoint_id(name), &format!("/tags/{tag}"), value.clone());
    }
}
