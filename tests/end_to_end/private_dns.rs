//! The life of a zone, a link and a record set, with kubectl.

use serde_json::{Value, json};

use crate::installation::*;
use crate::manifests::{endpoint, manifest};
use privatelink_testkit::environment::seeded;

fn zone_id() -> String {
    format!(
        "{}/providers/Microsoft.Network/privateDnsZones/shop.internal",
        seeded::group_id()
    )
}

#[test]
fn names_live_from_their_manifests_to_nothing() {
    scenario(async |environment| {
        // In the wrong order: what depends on the zone waits for it.
        let spec = json!({"zone": {"name": "shop.internal"}, "recordName": "www.shop.internal.", "a": ["10.20.0.99"]});
        apply(environment, &manifest("PrivateDnsRecordSet", "www", spec));
        let spec = json!({"zone": {"name": "shop.internal"}, "virtualNetwork": {"alias": "network"}});
        apply(environment, &manifest("PrivateDnsZoneLink", "demo", spec));
        let waiting = until_said(environment, "pdr/www", "DependencyNotReady").await;
        assert!(waiting.contains("PrivateDnsZone demo/shop.internal"), "{waiting}");
        apply(
            environment,
            &manifest("PrivateDnsZone", "shop.internal", json!({})),
        );
        for object in ["pdz/shop.internal", "pdl/demo", "pdr/www"] {
            run(
                environment,
                &["wait", "--for=condition=Ready", object, "--timeout=60s"],
            );
        }
        let columns = run(environment, &["get", "pdr", "www", "--no-headers"]);
        let columns: Vec<&str> = columns.split_whitespace().collect();
        assert_eq!(
            columns.get(..5),
            Some(&["www", "True", "Succeeded", "www.shop.internal.", "A"][..])
        );
        let record = resource(environment, &format!("{}/A/www", zone_id()))
            .await
            .unwrap();
        assert_eq!(
            record["properties"]["aRecords"],
            json!([{"ipv4Address": "10.20.0.99"}])
        );
        assert_eq!(
            record["properties"]["metadata"]["privatelink.dev_owner"],
            json!(format!("{}/PrivateDnsRecordSet/demo/www", owner_id(&record)))
        );

        // A zone that holds something is not deleted, and says what.
        run(environment, &["delete", "pdz", "shop.internal", "--wait=false"]);
        let held = until_said(environment, "pdz/shop.internal", "InUse").await;
        assert!(
            held.contains("the record www") && held.contains("the link demo"),
            "{held}"
        );
        run(environment, &["delete", "pdr/www", "pdl/demo", "--timeout=60s"]);
        // What holds it is looked at again after half a minute and more; a change of the object makes that sooner.
        run(
            environment,
            &[
                "annotate",
                "pdz",
                "shop.internal",
                "privatelink.dev/reconcile-requested-at=now",
            ],
        );
        run(
            environment,
            &["wait", "--for=delete", "pdz/shop.internal", "--timeout=60s"],
        );
        assert!(resource(environment, &zone_id()).await.is_none());
    });
}

#[test]
fn an_endpoint_says_which_zone_it_lacks_and_is_ready_when_its_name_resolves() {
    scenario(async |environment| {
        let (name, zone) = ("named", "privatelink.blob.core.windows.net");
        apply(environment, &endpoint(name, json!({"dns": {}})));
        let lacking = until_reason(environment, name, "ZoneNotFound").await;
        let message = ready(&lacking, "message");
        assert!(
            message.contains(zone) && message.contains("PrivateDnsZone"),
            "{message}"
        );

        apply(environment, &manifest("PrivateDnsZone", zone, json!({})));
        until_reason(environment, name, "ZoneNotLinked").await;
        let spec = json!({"zone": {"name": zone}, "virtualNetwork": {"alias": "network"}});
        apply(environment, &manifest("PrivateDnsZoneLink", "blob", spec));
        run(
            environment,
            &["wait", "--for=condition=Ready", "pdl/blob", "--timeout=60s"],
        );
        // Links of a zone are looked at again after minutes; whoever asks has the answer now.
        run(
            environment,
            &[
                "annotate",
                "pe",
                name,
                "privatelink.dev/reconcile-requested-at=now",
            ],
        );
        until_ready(environment, name);
        let resolved = object(environment, name);
        let record = &resolved["status"]["dnsRecords"][0];
        assert_eq!(record["fqdn"], format!("stdemoorders.{zone}"));
        assert_eq!(
            record["ipAddresses"][0],
            resolved["status"]["ipConfigurations"][0]["ipAddress"]
        );

        run(environment, &["delete", "pe", name, "--timeout=60s"]);
        run(environment, &["delete", "pdl/blob", "--timeout=60s"]);
        run(environment, &["delete", &format!("pdz/{zone}"), "--timeout=120s"]);
    });
}

#[test]
fn an_endpoint_says_what_a_real_dns_server_answers() {
    scenario(async |environment| {
        let (name, zone) = ("looked-up", "privatelink.table.core.windows.net");
        apply(environment, &manifest("PrivateDnsZone", zone, json!({})));
        // The zone is linked where clients are said to be, and not where the scope's lookup server is.
        let link = |network: &str| {
            let spec = json!({"zone": {"name": zone}, "virtualNetwork": {"alias": network}});
            manifest("PrivateDnsZoneLink", &format!("table-{network}"), spec)
        };
        apply(environment, &link("network-west"));
        for object in [format!("pdz/{zone}"), "pdl/table-network-west".to_owned()] {
            run(
                environment,
                &["wait", "--for=condition=Ready", &object, "--timeout=60s"],
            );
        }
        let dns = json!({"zones": [{"name": zone}], "resolvedFrom": [{"alias": "network-west"}], "verify": "Lookup"});
        let target = json!({"alias": "orders-storage", "groupId": "table"});
        apply(
            environment,
            &endpoint(name, json!({"target": target, "dns": dns})),
        );
        let public = until_reason(environment, name, "PublicAnswer").await;
        let message = ready(&public, "message");
        assert!(
            message.contains("127.0.0.1") && message.contains("stdemoorders.table.core.windows.net"),
            "{message}"
        );

        apply(environment, &link("network"));
        until_ready(environment, name);
        run(environment, &["delete", "pe", name, "--timeout=60s"]);
        run(
            environment,
            &[
                "delete",
                "pdl",
                "table-network-west",
                "table-network",
                "--timeout=60s",
            ],
        );
        run(environment, &["delete", &format!("pdz/{zone}"), "--timeout=120s"]);
    });
}

/// The owner id in a record's mark.
fn owner_id(record: &Value) -> String {
    let mark = record["properties"]["metadata"]["privatelink.dev_owner"].as_str();
    mark.and_then(|mark| mark.split('/').next())
        .unwrap_or_default()
        .to_owned()
}
