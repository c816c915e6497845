//! What becomes of an endpoint's names.

use futures::future::FutureExt;
use privatelink_testkit::scenario::{GROUP, dns_object, zone_id};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{BLOB, SECOND, dns, link, network, situation};
use crate::play::Situation;

pub(super) fn names() -> Vec<Situation> {
    vec![
        situation!(
            "zone-not-found",
            "ZoneNotFound",
            &["pe"],
            |world, subject, object| {
                world.start();
                subject.apply_with(world, object, &managed_names());
                subject.until(world, object, "ZoneNotFound").await;
            }
        ),
        situation!(
            "zone-not-linked",
            "ZoneNotLinked",
            &["pe"],
            |world, subject, object| {
                world.start();
                world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
                subject.apply_with(world, object, &managed_names());
                subject.until(world, object, "ZoneNotLinked").await;
            }
        ),
        situation!("no-record", "RecordMissing", &["pe"], |world, subject, object| {
            world.start();
            world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
            subject.apply_with(world, object, &dns(json!({"mode": "Adopt"})));
            subject.until(world, object, "RecordMissing").await;
        }),
        situation!(
            "wrong-address",
            "WrongAddress",
            &["pe"],
            |world, subject, object| {
                world.start();
                world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
                world.apply(link("net", json!({"name": BLOB}), &network()));
                sleep(SECOND * 60).await;
                let record = format!("{}/A/orders", zone_id(BLOB));
                world.make_outside(
                    &record,
                    json!({"properties": {"ttl": 77, "aRecords": [{"ipv4Address": "10.9.9.9"}]}}),
                );
                subject.apply_with(world, object, &dns(json!({"mode": "External"})));
                subject.until(world, object, "WrongAddress").await;
            }
        ),
        situation!(
            "record-of-another",
            "RecordConflict",
            &["pe"],
            |world, subject, object| {
                world.start();
                world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
                world.apply(link("net", json!({"name": BLOB}), &network()));
                let names = |address: &str| {
                    let addresses = json!([{"memberName": "blob", "address": address}]);
                    json!({"spec": {"ipAddresses": addresses, "dns": {"mode": "Managed", "zones": [{"id": zone_id(BLOB)}]}}})
                };
                subject.apply_with(world, "first", &names("10.1.0.10"));
                subject.until(world, "first", "Succeeded").await;
                subject.apply_with(world, object, &names("10.1.0.11"));
                subject.until(world, object, "RecordConflict").await;
            }
        ),
        situation!(
            "public-answer",
            "PublicAnswer",
            &["pe"],
            |world, subject, object| {
                // The zone is linked where clients are said to be, and the servers that are asked are elsewhere.
                let hub = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/hub");
                world.make_outside(&hub, json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}}}));
                world.start();
                world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
                world.apply(link("hub", json!({"name": BLOB}), &hub));
                sleep(SECOND * 60).await;
                let names = json!({"mode": "Managed", "zones": [{"id": zone_id(BLOB)}], "verify": "Lookup", "resolvedFrom": [{"id": hub}]});
                subject.apply_with(world, object, &dns(names));
                subject.until(world, object, "PublicAnswer").await;
            }
        ),
        situation!("no-such-name", "NxDomain", &["pe"], |world, subject, object| {
            // The servers that are asked have a zone of the name, but another one.
            let platform = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-platform";
            let other = format!("{platform}/providers/Microsoft.Network/privateDnsZones/{BLOB}");
            world.make_outside(platform, json!({"location": "westeurope"}));
            world.make_outside(&other, json!({"location": "global"}));
            let body = json!({"location": "global", "properties": {"virtualNetwork": {"id": network()}, "registrationEnabled": false}});
            world.make_outside(&format!("{other}/virtualNetworkLinks/net"), body);
            let hub = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/hub");
            world.make_outside(&hub, json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}}}));
            world.start();
            world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
            world.apply(link("hub", json!({"name": BLOB}), &hub));
            sleep(SECOND * 60).await;
            let names = json!({"mode": "Managed", "zones": [{"id": zone_id(BLOB)}], "verify": "Lookup", "resolvedFrom": [{"id": hub}]});
            subject.apply_with(world, object, &dns(names));
            subject.until(world, object, "NxDomain").await;
        }),
        situation!(
            "no-dns-server",
            "Unreachable",
            &["pe"],
            |world, subject, object| {
                world.silence_resolver();
                world.start();
                world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
                world.apply(link("net", json!({"name": BLOB}), &network()));
                sleep(SECOND * 60).await;
                subject.apply_with(
                    world,
                    object,
                    &dns(json!({"mode": "Managed", "verify": "Lookup"})),
                );
                subject.until(world, object, "Unreachable").await;
            }
        ),
    ]
}

fn managed_names() -> Value {
    dns(json!({"mode": "Managed", "zones": [{"id": zone_id(BLOB)}]}))
}
