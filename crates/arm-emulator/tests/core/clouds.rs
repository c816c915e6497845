//! The same estate in each cloud: names, zones, regions, sign-in.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use std::sync::Arc;

use crate::support::{Bench, Limited, SUBSCRIPTION, id, network};
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use privatelink_arm_emulator::cloud::Cloud;
use privatelink_arm_emulator::dns::RecordType;
use privatelink_arm_emulator::{Emulator, Options};
use serde_json::{Value, json};

/// A cloud, a region of it, what its storage and vault names end with, the zone of vaults, the login host.
struct Known {
    cloud: Cloud,
    region: &'static str,
    storage: &'static str,
    vault: &'static str,
    vault_zone: &'static str,
    manager: &'static str,
    login: &'static str,
}

const ALL: [Known; 3] = [
    Known {
        cloud: Cloud::Public,
        region: "westeurope",
        storage: "core.windows.net",
        vault: "vault.azure.net",
        vault_zone: "privatelink.vaultcore.azure.net",
        manager: "https://management.azure.com",
        login: "https://login.microsoftonline.com",
    },
    Known {
        cloud: Cloud::Government,
        region: "usgovvirginia",
        storage: "core.usgovcloudapi.net",
        vault: "vault.usgovcloudapi.net",
        vault_zone: "privatelink.vaultcore.usgovcloudapi.net",
        manager: "https://management.usgovcloudapi.net",
        login: "https://login.microsoftonline.us",
    },
    Known {
        cloud: Cloud::China,
        region: "chinaeast2",
        storage: "core.chinacloudapi.cn",
        vault: "vault.azure.cn",
        vault_zone: "privatelink.vaultcore.azure.cn",
        manager: "https://management.chinacloudapi.cn",
        login: "https://login.chinacloudapi.cn",
    },
];

fn empty(cloud: Cloud) -> Bench {
    let origin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut options = Options::new(Arc::new(move || origin)).unwrap();
    options.cloud = cloud;
    Bench {
        emulator: Emulator::new(options),
    }
}

/// A network, a storage account and a vault, each with an endpoint, and zones for both that are linked.
fn estate(known: &Known) -> Bench {
    let bench = empty(known.cloud);
    let region = known.region;
    let put = |id: &str, body: Value| {
        bench.ok("PUT", id, body);
        bench.pass();
    };
    put(
        &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g"),
        json!({"location": region}),
    );
    put(
        &network("virtualNetworks/vnet"),
        json!({"location": region, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}),
    );
    put(
        &id("Microsoft.Storage/storageAccounts/acct"),
        json!({"location": region, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}),
    );
    put(
        &id("Microsoft.KeyVault/vaults/keys"),
        json!({"location": region, "properties": {"tenantId": SUBSCRIPTION, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}),
    );
    for (name, target, group, zone) in [
        (
            "blobs",
            "Microsoft.Storage/storageAccounts/acct",
            "blob",
            format!("privatelink.blob.{}", known.storage),
        ),
        (
            "keys",
            "Microsoft.KeyVault/vaults/keys",
            "vault",
            known.vault_zone.to_owned(),
        ),
    ] {
        let endpoint = network(&format!("privateEndpoints/{name}"));
        let zone = network(&format!("privateDnsZones/{zone}"));
        put(
            &endpoint,
            json!({"location": region, "properties": {
                "subnet": {"id": network("virtualNetworks/vnet/subnets/a")},
                "privateLinkServiceConnections": [{"name": "c", "properties": {"privateLinkServiceId": id(target), "groupIds": [group]}}]}}),
        );
        put(&zone, json!({"location": "global"}));
        put(
            &format!("{zone}/virtualNetworkLinks/l"),
            json!({"location": "global", "properties": {"registrationEnabled": false, "virtualNetwork": {"id": network("virtualNetworks/vnet")}}}),
        );
        put(
            &format!("{endpoint}/privateDnsZoneGroups/default"),
            json!({"properties": {"privateDnsZoneConfigs": [{"name": "z", "properties": {"privateDnsZoneId": zone}}]}}),
        );
    }
    bench
}

#[test]
fn endpoints_have_their_records_in_the_clouds_zones_and_names_resolve() {
    for known in &ALL {
        let bench = estate(known);
        for (name, zone) in [
            (
                format!("acct.blob.{}", known.storage),
                format!("privatelink.blob.{}", known.storage),
            ),
            (format!("keys.{}", known.vault), known.vault_zone.to_owned()),
        ] {
            let label = name.split('.').next().unwrap();
            let record = bench.get(&network(&format!("privateDnsZones/{zone}/A/{label}")));
            let address = record["properties"]["aRecords"][0]["ipv4Address"]
                .as_str()
                .unwrap();
            let answer = bench
                .emulator
                .resolve(&network("virtualNetworks/vnet"), &name, RecordType::A);
            let found: Vec<String> = answer
                .answers
                .iter()
                .map(|record| record.data.to_string())
                .collect();
            assert_eq!(
                found,
                [format!("{label}.{zone}"), address.to_owned()],
                "{}",
                known.cloud
            );
        }
    }
}

#[test]
fn bodies_and_private_link_resources_have_the_clouds_names() {
    for known in &ALL {
        let bench = estate(known);
        let account = id("Microsoft.Storage/storageAccounts/acct");
        let blob = &bench.get(&account)["properties"]["primaryEndpoints"]["blob"];
        assert_eq!(blob, &format!("https://acct.blob.{}/", known.storage));
        let vault = bench.get(&id("Microsoft.KeyVault/vaults/keys"));
        assert_eq!(
            vault["properties"]["vaultUri"],
            format!("https://keys.{}/", known.vault)
        );
        let list = bench.get(&format!("{account}/privateLinkResources"));
        let blob = list["value"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["name"] == "blob")
            .unwrap();
        assert_eq!(
            blob["properties"]["requiredZoneNames"],
            json!([format!("privatelink.blob.{}", known.storage)])
        );
    }
    // A snapshot says nothing of the cloud: whose it is loaded into decides.
    let known = &ALL[1];
    let copy = empty(known.cloud);
    copy.emulator.restore(&estate(&ALL[0]).emulator.snapshot());
    let blob =
        &copy.get(&id("Microsoft.Storage/storageAccounts/acct"))["properties"]["primaryEndpoints"]["blob"];
    assert_eq!(blob, &format!("https://acct.blob.{}/", known.storage));
    let name = format!("acct.blob.{}", known.storage);
    let answer = copy.emulator.resolve("/none", &name, RecordType::A);
    assert_eq!(
        answer.answers.len(),
        2,
        "an alias, and the public address: {answer:?}"
    );
}

#[test]
fn a_subscription_shows_the_regions_of_its_cloud() {
    let locations = format!("/subscriptions/{SUBSCRIPTION}/locations");
    for (known, expected) in ALL.iter().zip([
        json!(["West Europe", "(Europe) West Europe", "Europe", "Europe"]),
        json!(["USGov Virginia", "(US) USGov Virginia", "US Government", "US"]),
        json!(["China East 2", "(China) China East 2", "China", "China"]),
    ]) {
        let list = empty(known.cloud).get(&locations);
        let list = list["value"].as_array().unwrap();
        let region = list.iter().find(|region| region["name"] == known.region).unwrap();
        let metadata = &region["metadata"];
        assert_eq!(
            json!([
                region["displayName"],
                region["regionalDisplayName"],
                metadata["geography"],
                metadata["geographyGroup"]
            ]),
            expected
        );
        assert_eq!(region["id"], format!("{locations}/{}", known.region));
        assert_eq!(
            (
                &region["type"],
                &metadata["regionType"],
                &metadata["regionCategory"]
            ),
            (&json!("Region"), &json!("Physical"), &json!("Recommended"))
        );
        let elsewhere = ALL.iter().filter(|other| other.cloud != known.cloud);
        for other in elsewhere {
            assert!(list.iter().all(|region| region["name"] != other.region));
        }
    }
    let bench = empty(Cloud::Public);
    assert_eq!(bench.send("PUT", &locations, json!({})).0, 404);
    let limited = Limited::of(&bench);
    let status = || {
        bench
            .send_with("GET", &locations, b"", &limited.headers())
            .status
            .as_u16()
    };
    assert_eq!(status(), 403);
    limited.grant(
        &format!("/subscriptions/{SUBSCRIPTION}"),
        &["Microsoft.Resources/subscriptions/locations/read"],
    );
    assert_eq!(status(), 200);
}

#[test]
fn a_snapshot_of_any_cloud_agrees_with_itself() {
    for known in &ALL {
        let bench = estate(known);
        assert_eq!(bench.emulator.audit(), Vec::<String>::new(), "{}", known.cloud);
        let snapshot = bench.emulator.snapshot();
        let text = serde_json::to_string(&snapshot).unwrap();
        let copy = empty(known.cloud);
        copy.emulator.load(&snapshot).unwrap();
        copy.emulator.load(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(copy.emulator.resource_ids(), bench.emulator.resource_ids());
    }
}

#[test]
fn what_a_cloud_does_not_have_is_not_there() {
    let bench = empty(Cloud::China);
    bench.ok(
        "PUT",
        &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g"),
        json!({"location": "chinaeast2"}),
    );
    let search = id("Microsoft.Search/searchServices/seek");
    bench.ok(
        "PUT",
        &search,
        json!({"location": "chinaeast2", "properties": {}}),
    );
    bench.pass();
    assert_eq!(
        bench.get(&format!("{search}/privateLinkResources"))["value"],
        json!([])
    );

    let (status, code) = bench.refused(
        "PUT",
        &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/h"),
        json!({"location": "westeurope"}),
    );
    assert_eq!(
        (status, code.as_str()),
        (400, "LocationNotAvailableForResourceGroup")
    );
    let network = network("virtualNetworks/vnet");
    let body = |region: &str| json!({"location": region, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    let (status, code) = bench.refused("PUT", &network, body("US Gov Virginia"));
    assert_eq!(
        (status, code.as_str()),
        (400, "LocationNotAvailableForResourceType")
    );
    bench.ok("PUT", &network, body("chinanorth9"));
}

#[test]
fn discovery_and_sign_in_are_the_clouds() {
    for known in &ALL {
        let bench = empty(known.cloud);
        let metadata = |version: &str| {
            let answer = bench.send_from_here(&format!(
                "https://localhost:8443/metadata/endpoints?api-version={version}"
            ));
            serde_json::from_slice::<Value>(&answer.body).unwrap()
        };
        let whole = metadata("2022-09-01");
        assert_eq!(whole["name"], known.cloud.to_string());
        assert_eq!(whole["suffixes"]["storage"], known.storage);
        assert_eq!(whole["suffixes"]["keyVaultDns"], known.vault);
        assert_eq!(whole["resourceManager"], "https://localhost:8443/");
        for field in [
            "portal",
            "graph",
            "graphAudience",
            "microsoftGraphResourceId",
            "media",
            "batch",
            "gallery",
            "sqlManagement",
            "vmImageAliasDoc",
            "logAnalyticsResourceId",
            "appInsightsResourceId",
            "ossrDbmsResourceId",
            "synapseAnalyticsResourceId",
        ] {
            assert!(
                whole[field].as_str().unwrap().starts_with("https://"),
                "{} {field}",
                known.cloud
            );
        }
        assert_eq!(metadata("2019-05-01"), json!([whole]));
        let audiences = whole["authentication"]["audiences"].as_array().unwrap();
        assert!(
            audiences.contains(&json!(format!("{}/", known.manager))),
            "{audiences:?}"
        );

        let hour = SignedDuration::from_hours(1);
        for other in &ALL {
            let (token, _) = bench
                .emulator
                .issue_token(None, Some(other.manager), hour)
                .unwrap();
            let bearer = format!("Bearer {token}");
            let answer = bench.send_with("GET", "/subscriptions", b"", &[("authorization", &bearer)]);
            let expected = if other.cloud == known.cloud { 200 } else { 401 };
            assert_eq!(
                answer.status.as_u16(),
                expected,
                "{} for {}",
                other.manager,
                known.cloud
            );
            if expected == 401 {
                let challenge: &HeaderValue = answer.headers.get("www-authenticate").unwrap();
                let challenge = challenge.to_str().unwrap();
                assert!(
                    challenge.contains(&format!("authorization_uri=\"{}/", known.login)),
                    "{challenge}"
                );
            }
        }
        let (token, _) = bench.emulator.issue_token(None, None, hour).unwrap();
        let bearer = format!("Bearer {token}");
        let answer = bench.send_with("GET", "/tenants", b"", &[("authorization", &bearer)]);
        assert_eq!(answer.status, 200);
    }
}

#[test]
fn subscriptions_are_those_that_the_caller_can_see() {
    let bench = Bench::with_network();
    let other = "55555555-5555-5555-5555-555555555555";
    bench.ok(
        "PUT",
        &format!("/subscriptions/{other}/resourceGroups/h"),
        json!({"location": "westeurope"}),
    );
    assert_eq!(bench.get("/subscriptions")["value"].as_array().unwrap().len(), 2);
    let limited = Limited::of(&bench);
    let list = || {
        let answer = bench.send_with("GET", "/subscriptions", b"", &limited.headers());
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let ids = answer["value"].as_array().unwrap().iter();
        ids.map(|one| one["subscriptionId"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(list(), Vec::<String>::new());
    limited.grant(&format!("/subscriptions/{other}/resourceGroups/h"), &["*/read"]);
    assert_eq!(list(), [other]);
    limited.grant("/", &["*/read"]);
    assert_eq!(list().len(), 2);
    let answer = bench.send_with("GET", "/tenants", b"", &limited.headers());
    let tenants: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        tenants["value"][0]["tenantId"],
        "33333333-3333-3333-3333-333333333333"
    );
}
