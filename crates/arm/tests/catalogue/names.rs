//! From public names to zones and records, and what Azure's own words say against a list of zones.

use privatelink_arm::catalogue::{
    KnownCloud, Lacking, TargetFacts, check_zone_name, cross_check, record_in, rows, zone_of,
};
use proptest::prelude::*;

use crate::zones_of;

const PUBLIC: KnownCloud = KnownCloud::Public;

#[test]
fn a_public_name_is_a_record_in_a_zone() {
    for (cloud, name, zone, record_name) in [
        (
            PUBLIC,
            "orders.blob.core.windows.net",
            "privatelink.blob.core.windows.net",
            "orders",
        ),
        (
            PUBLIC,
            "Orders.Blob.Core.Windows.Net.",
            "privatelink.blob.core.windows.net",
            "orders",
        ),
        (
            PUBLIC,
            "orders.privatelink.blob.core.windows.net",
            "privatelink.blob.core.windows.net",
            "orders",
        ),
        (
            PUBLIC,
            "orders-secondary.blob.core.windows.net",
            "privatelink.blob.core.windows.net",
            "orders-secondary",
        ),
        (
            PUBLIC,
            "keys.vault.azure.net",
            "privatelink.vaultcore.azure.net",
            "keys",
        ),
        (
            PUBLIC,
            "keys.vaultcore.azure.net",
            "privatelink.vaultcore.azure.net",
            "keys",
        ),
        (
            KnownCloud::Government,
            "keys.vault.usgovcloudapi.net",
            "privatelink.vaultcore.usgovcloudapi.net",
            "keys",
        ),
        (
            KnownCloud::China,
            "keys.vault.azure.cn",
            "privatelink.vaultcore.azure.cn",
            "keys",
        ),
        (PUBLIC, "images.azurecr.io", "privatelink.azurecr.io", "images"),
        (
            PUBLIC,
            "images.westeurope.data.azurecr.io",
            "privatelink.azurecr.io",
            "images.westeurope.data",
        ),
        (
            PUBLIC,
            "shop.azurewebsites.net",
            "privatelink.azurewebsites.net",
            "shop",
        ),
        (
            PUBLIC,
            "shop.scm.azurewebsites.net",
            "privatelink.azurewebsites.net",
            "shop.scm",
        ),
        (
            PUBLIC,
            "batch1.westeurope.service.batch.azure.com",
            "privatelink.batch.azure.com",
            "batch1.westeurope.service",
        ),
        (
            PUBLIC,
            "data.westeurope.kusto.windows.net",
            "privatelink.westeurope.kusto.windows.net",
            "data",
        ),
        (
            PUBLIC,
            "mi1.0f1e2d3c.database.windows.net",
            "privatelink.0f1e2d3c.database.windows.net",
            "mi1",
        ),
        (
            PUBLIC,
            "server1.database.windows.net",
            "privatelink.database.windows.net",
            "server1",
        ),
        (
            PUBLIC,
            "river.5.azurestaticapps.net",
            "privatelink.5.azurestaticapps.net",
            "river",
        ),
        (
            PUBLIC,
            "river.azurestaticapps.net",
            "privatelink.azurestaticapps.net",
            "river",
        ),
        (
            PUBLIC,
            "cache1.westeurope.redis.azure.net",
            "privatelink.redis.azure.net",
            "cache1.westeurope",
        ),
        (
            PUBLIC,
            "api-1.a1b2.privatelink.westeurope.azmk8s.io",
            "a1b2.privatelink.westeurope.azmk8s.io",
            "api-1",
        ),
        (
            PUBLIC,
            "*.id1.inference.westeurope.api.azureml.ms",
            "privatelink.api.azureml.ms",
            "*.id1.inference.westeurope",
        ),
        (
            PUBLIC,
            "management.azure.com",
            "privatelink.azure.com",
            "management",
        ),
        (
            PUBLIC,
            "brain.openai.azure.com",
            "privatelink.openai.azure.com",
            "brain",
        ),
    ] {
        let place = zone_of(cloud, name).unwrap_or_else(|| panic!("{name} has no zone"));
        assert_eq!(
            (place.zone.as_str(), place.record_name.as_str()),
            (zone, record_name),
            "{name}"
        );
        // The same among a few zones, as somebody may have named them.
        let zones = [
            "privatelink.example.net",
            zone,
            "privatelink.queue.core.windows.net",
        ];
        assert_eq!(record_in(cloud, name, zones), Some(place), "{name}");
    }
    for name in [
        "",
        ".",
        "www.example.com",
        "blob.core.windows.net.example.com",
        "xblob.core.windows.net",
        "widget.newservice.azure.com",
        "westeurope.kusto.windows.net",
    ] {
        assert_eq!(zone_of(PUBLIC, name), None, "{name}");
    }
    // Names of one cloud are in no zone of another.
    assert_eq!(zone_of(KnownCloud::China, "orders.blob.core.windows.net"), None);
}

#[test]
fn of_several_zones_the_nearest_answers() {
    let zones = [
        "privatelink.azurehealthcareapis.com",
        "privatelink.dicom.azurehealthcareapis.com",
    ];
    let place = record_in(PUBLIC, "images.dicom.azurehealthcareapis.com", zones).unwrap();
    assert_eq!(
        (place.zone.as_str(), place.record_name.as_str()),
        (zones[1], "images")
    );
    let place = record_in(PUBLIC, "ws-fhir.fhir.azurehealthcareapis.com", zones).unwrap();
    assert_eq!(
        (place.zone.as_str(), place.record_name.as_str()),
        (zones[0], "ws-fhir.fhir")
    );
    // A zone without the label `privatelink` has names that carry it whole, and its own name is its apex.
    let place = record_in(PUBLIC, "orders.internal", ["orders.internal", "internal"]).unwrap();
    assert_eq!(
        (place.zone.as_str(), place.record_name.as_str()),
        ("orders.internal", "@")
    );
    assert_eq!(record_in(PUBLIC, "orders.internal", ["", "."]), None);
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn recommended_names(resource_type: &str, group: &str) -> Vec<String> {
    zones_of(
        PUBLIC,
        resource_type,
        group,
        &TargetFacts::in_region("westeurope"),
    )
    .map(|found| found.names().map(str::to_owned).collect())
    .unwrap_or_default()
}

#[test]
fn what_azure_says_agrees_with_the_catalogue() {
    let check = cross_check(
        PUBLIC,
        &recommended_names("Microsoft.Storage/storageAccounts", "blob"),
        &strings(&["privateLink.Blob.core.windows.net."]),
        &strings(&["orders.blob.core.windows.net"]),
    );
    assert!(check.agrees(), "{check:?}");
    assert_eq!(check.records.len(), 1);
    assert_eq!(check.records[0].1.record_name, "orders");
    // Without a word from Azure there is nothing to hold against the catalogue.
    let names = recommended_names("Microsoft.CognitiveServices/accounts", "account");
    assert!(cross_check(PUBLIC, &names, &[], &[]).agrees());
}

#[test]
fn what_is_lacking_and_what_is_in_excess_is_named() {
    // An account of a narrower kind: two of the three zones have no names of it.
    let names = recommended_names("Microsoft.CognitiveServices/accounts", "account");
    let check = cross_check(PUBLIC, &names, &strings(&["privatelink.openai.azure.com"]), &[]);
    assert_eq!(check.lacking, []);
    assert_eq!(
        check.excess,
        [
            "privatelink.cognitiveservices.azure.com",
            "privatelink.services.ai.azure.com"
        ]
    );
    // Somebody's own list without one of the zones, said by a name and by the target.
    let check = cross_check(
        PUBLIC,
        &strings(&["privatelink.blob.core.windows.net"]),
        &strings(&[
            "privatelink.queue.core.windows.net",
            "privatelink.<region>.kusto.windows.net",
        ]),
        &strings(&[
            "a.queue.core.windows.net",
            "a.table.core.windows.net",
            "b.table.core.windows.net",
            "a.example.com",
        ]),
    );
    assert_eq!(
        check.lacking,
        [
            Lacking {
                zone: "privatelink.queue.core.windows.net".to_owned(),
                name: None
            },
            Lacking {
                zone: "privatelink.table.core.windows.net".to_owned(),
                name: Some("a.table.core.windows.net".to_owned())
            },
        ]
    );
    assert_eq!(check.excess, ["privatelink.blob.core.windows.net"]);
    assert_eq!(check.unplaced, ["a.example.com"]);
    assert_eq!(check.unreadable, ["privatelink.<region>.kusto.windows.net"]);
    assert!(!check.agrees());
}

/// A name under a zone's public domain is found in that zone, for every zone of the data that has no placeholder.
#[test]
fn every_fixed_zone_answers_for_its_own_domain() {
    for row in rows() {
        for zone in row
            .zones()
            .iter()
            .filter(|zone| !zone.contains('{') && zone.starts_with("privatelink."))
        {
            let (_, domain) = zone.split_once('.').unwrap();
            let place = zone_of(row.cloud(), &format!("x1.{domain}")).unwrap();
            assert_eq!(
                (place.zone.as_str(), place.record_name.as_str()),
                (*zone, "x1"),
                "{domain}"
            );
        }
    }
}

proptest! {
    /// Whatever Azure or a person writes: no panic, every place is a zone's name, and the record and the zone's domain
    /// make up the name again.
    #[test]
    fn any_name_is_placed_or_not(
        name in prop_oneof![any::<String>(), "([a-z0-9*-]{0,6}\\.){0,5}(blob\\.core\\.windows\\.net|vault\\.azure\\.net|azmk8s\\.io|azure\\.com|5\\.azurestaticapps\\.net)\\.?"],
        zones in proptest::collection::vec(prop_oneof![any::<String>(), "privatelink\\.(blob\\.core\\.windows\\.net|azure\\.com)"], 0..4),
    ) {
        for cloud in KnownCloud::ALL {
            if let Some(place) = zone_of(cloud, &name) {
                prop_assert_eq!(check_zone_name(&place.zone), Ok(()));
                let lower = name.to_ascii_lowercase();
                let start = format!("{}.", place.record_name);
                prop_assert!(place.record_name == "@" || lower.starts_with(&start), "{} is not {}", lower, start);
            }
            let check = cross_check(cloud, &zones, &zones, std::slice::from_ref(&name));
            prop_assert!(check.records.len() + check.unplaced.len() <= 1);
        }
    }
}
