//! Zone groups: the records that private endpoints keep in private DNS zones.

use crate::support::{Bench, Limited, SUBSCRIPTION, endpoint_body, endpoint_on, id, network, target_body};
use privatelink_arm_emulator::faults::FaultRule;
use serde_json::{Value, json};

const BLOB: &str = "privatelink.blob.core.windows.net";

fn zone(name: &str) -> String {
    network(&format!("privateDnsZones/{name}"))
}

fn group_of(zones: &[&str]) -> Value {
    let configurations: Vec<Value> = zones
        .iter()
        .map(|name| json!({"name": name.replace('.', "-"), "properties": {"privateDnsZoneId": zone(name)}}))
        .collect();
    json!({"properties": {"privateDnsZoneConfigs": configurations}})
}

/// A network, the blob zone, and an endpoint `pe` on the account's blobs.
fn with_endpoint() -> Bench {
    let bench = Bench::with_network();
    bench.ok("PUT", &zone(BLOB), json!({"location": "global"}));
    bench.ok("PUT", &network("privateEndpoints/pe"), endpoint_body("a"));
    bench.pass();
    bench
}

fn group(endpoint: &str) -> String {
    network(&format!(
        "privateEndpoints/{endpoint}/privateDnsZoneGroups/default"
    ))
}

#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an answer in another form fails the test"
)]
fn addresses(bench: &Bench, zone_name: &str, record: &str) -> Vec<String> {
    let (status, shown, _) = bench.send("GET", &format!("{}/A/{record}", zone(zone_name)), Value::Null);
    if status == 404 {
        return Vec::new();
    }
    let records = shown["properties"]["aRecords"].as_array().unwrap();
    records
        .iter()
        .map(|one| one["ipv4Address"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_name_that_a_cname_has_gets_no_record_and_the_group_says_so() {
    let bench = with_endpoint();
    bench.ok(
        "PUT",
        &format!("{}/CNAME/acct", zone(BLOB)),
        json!({"properties": {"ttl": 60, "cnameRecord": {"cname": "elsewhere.example"}}}),
    );
    bench.ok("PUT", &group("pe"), group_of(&[BLOB]));
    bench.pass();
    let none: Vec<String> = Vec::new();
    assert_eq!(addresses(&bench, BLOB, "acct"), none);
    let set = || {
        let shown = bench.get(&group("pe"));
        shown["properties"]["privateDnsZoneConfigs"][0]["properties"]["recordSets"][0]["provisioningState"]
            .clone()
    };
    assert_eq!(set(), "Failed");
    bench.ok("DELETE", &format!("{}/CNAME/acct", zone(BLOB)), Value::Null);
    bench.ok("PUT", &group("pe"), group_of(&[BLOB]));
    bench.pass();
    assert_eq!(addresses(&bench, BLOB, "acct"), ["10.0.0.4"]);
    assert_eq!(set(), "Succeeded");
}

#[test]
fn a_group_writes_the_record_when_its_operation_ends() {
    let bench = with_endpoint();
    let endpoint = network("privateEndpoints/pe");
    let before = bench.get(&endpoint);
    assert_eq!(
        before["properties"]["customDnsConfigs"].as_array().unwrap().len(),
        1
    );
    let (status, made, headers) = bench.send("PUT", &group("pe"), group_of(&[BLOB]));
    assert_eq!(status, 201);
    assert_eq!(headers["retry-after"], "10");
    assert!(bench.last_changed());
    let configuration = &made["properties"]["privateDnsZoneConfigs"][0];
    assert_eq!(made["properties"]["provisioningState"], "Updating");
    assert_eq!(
        configuration["id"],
        format!(
            "{}/privateDnsZoneConfigs/privatelink-blob-core-windows-net",
            group("pe")
        )
    );
    assert_eq!(configuration["etag"], made["etag"]);
    assert_eq!(
        configuration["properties"]["recordSets"],
        json!([{"recordType": "A", "recordSetName": "acct", "fqdn": format!("acct.{BLOB}"), "ttl": 10, "provisioningState": "Updating", "ipAddresses": ["10.0.0.4"]}])
    );
    assert_eq!(addresses(&bench, BLOB, "acct"), Vec::<String>::new());
    bench.pass();
    assert_eq!(
        bench.get(headers["azure-asyncoperation"].to_str().unwrap()),
        json!({"status": "Succeeded"})
    );
    let shown = bench.get(&group("pe"));
    assert_ne!(shown["etag"], made["etag"]);
    assert_eq!(
        shown["properties"]["privateDnsZoneConfigs"][0]["properties"]["recordSets"][0]["provisioningState"],
        "Succeeded"
    );
    let record = bench.get(&format!("{}/A/acct", zone(BLOB)));
    let after = bench.get(&endpoint);
    assert_eq!(record["properties"]["ttl"], 10);
    assert_eq!(
        record["properties"]["metadata"],
        json!({"creator": format!("created by private endpoint pe with resource guid {}", after["properties"]["resourceGuid"].as_str().unwrap())})
    );
    assert_eq!(addresses(&bench, BLOB, "acct"), ["10.0.0.4"]);
    assert_eq!(
        after["properties"]["customDnsConfigs"],
        json!([]),
        "the names are in the group now"
    );
    assert_eq!(after["etag"], shown["etag"], "children share their parent's etag");
    assert_eq!(bench.get(&zone(BLOB))["properties"]["numberOfRecordSets"], 2);
    // What a GET answers can be put again, and changes nothing.
    assert_eq!(bench.send("PUT", &group("pe"), shown).0, 200);
    assert!(!bench.last_changed());
    bench.ok("DELETE", &group("pe"), Value::Null);
    bench.pass();
    assert_eq!(addresses(&bench, BLOB, "acct"), Vec::<String>::new());
    assert_eq!(
        bench.get(&endpoint)["properties"]["customDnsConfigs"],
        before["properties"]["customDnsConfigs"]
    );
}

#[test]
fn two_endpoints_on_one_record_overwrite_each_other() {
    let bench = with_endpoint();
    bench.ok("PUT", &network("privateEndpoints/other"), endpoint_body("a"));
    bench.pass();
    bench.ok("PUT", &group("pe"), group_of(&[BLOB]));
    bench.pass();
    bench.ok("PUT", &group("other"), group_of(&[BLOB]));
    bench.pass();
    assert_eq!(
        addresses(&bench, BLOB, "acct"),
        ["10.0.0.5"],
        "the later one wins"
    );
    bench.ok("DELETE", &network("privateEndpoints/pe"), Value::Null);
    bench.pass();
    assert_eq!(
        addresses(&bench, BLOB, "acct"),
        Vec::<String>::new(),
        "either takes it away"
    );
    let (status, _, _) = bench.send("PUT", &group("other"), group_of(&[BLOB]));
    assert_eq!(status, 200);
    assert!(
        bench.last_changed(),
        "the same body, but the record is written again"
    );
    bench.pass();
    assert_eq!(addresses(&bench, BLOB, "acct"), ["10.0.0.5"]);
    bench.ok(
        "PUT",
        &format!("{}/A/acct", zone(BLOB)),
        json!({"properties": {"ttl": 5, "aRecords": [{"ipv4Address": "1.2.3.4"}]}}),
    );
    bench.ok("PUT", &group("other"), group_of(&[BLOB]));
    assert!(bench.last_changed(), "somebody's change is written over");
    bench.pass();
    assert_eq!(addresses(&bench, BLOB, "acct"), ["10.0.0.5"]);
}

#[test]
fn names_go_into_the_zones_that_they_belong_to() {
    let bench = Bench::with_network();
    let zones = [
        "privatelink.azurecr.io",
        "privatelink.documents.azure.com",
        "privatelink.vaultcore.azure.net",
        "privatelink.openai.azure.com",
        "privatelink.cognitiveservices.azure.com",
        "corp.example",
    ];
    for name in zones {
        bench.ok("PUT", &zone(name), json!({"location": "global"}));
    }
    let registry = id("Microsoft.ContainerRegistry/registries/regis");
    bench.ok(
        "PUT",
        &registry,
        json!({"location": "westeurope", "sku": {"name": "Premium"}}),
    );
    let account = id("Microsoft.DocumentDB/databaseAccounts/cos");
    bench.ok(
        "PUT",
        &account,
        target_body(
            &json!({"locations": [{"locationName": "West Europe"}, {"locationName": "North Europe"}]}),
        ),
    );
    let vault = id("Microsoft.KeyVault/vaults/kv1");
    bench.ok("PUT", &vault, target_body(&json!({})));
    let cognitive = id("Microsoft.CognitiveServices/accounts/ai");
    bench.ok("PUT", &cognitive, json!({"location": "westeurope"}));
    let service = network("privateLinkServices/pls");
    let body = crate::support::service_body(&bench, json!({"fqdns": ["svc.corp.example"]}));
    bench.ok("PUT", &service, body);
    bench.pass();
    for (name, target, groups, zones, expected) in [
        (
            "regis",
            &registry,
            vec!["registry"],
            vec!["privatelink.azurecr.io"],
            vec!["regis", "regis.westeurope.data"],
        ),
        (
            "cos",
            &account,
            vec!["Sql"],
            vec!["privatelink.documents.azure.com"],
            vec!["cos", "cos-northeurope", "cos-westeurope"],
        ),
        (
            "kv",
            &vault,
            vec!["vault"],
            vec!["privatelink.vaultcore.azure.net"],
            vec!["kv1"],
        ),
        (
            "ai",
            &cognitive,
            vec!["account"],
            vec![
                "privatelink.openai.azure.com",
                "privatelink.cognitiveservices.azure.com",
            ],
            vec!["ai"],
        ),
        ("pls", &service, vec![], vec!["corp.example"], vec!["svc"]),
        ("wrong", &vault, vec!["vault"], vec!["corp.example"], vec![]),
    ] {
        bench.ok(
            "PUT",
            &network(&format!("privateEndpoints/{name}")),
            endpoint_on("a", target, &groups, false),
        );
        bench.pass();
        bench.ok("PUT", &group(name), group_of(&zones));
        bench.pass();
        let shown = bench.get(&group(name));
        for (number, zone_name) in zones.iter().enumerate() {
            let sets = shown["properties"]["privateDnsZoneConfigs"][number]["properties"]["recordSets"]
                .as_array()
                .unwrap();
            let names: Vec<&str> = sets
                .iter()
                .map(|set| set["recordSetName"].as_str().unwrap())
                .collect();
            assert_eq!(names, expected, "{name} in {zone_name}");
            for record in &expected {
                assert_eq!(
                    addresses(&bench, zone_name, record).len(),
                    1,
                    "{record} in {zone_name}"
                );
            }
        }
    }
    // A region that Azure adds later gets its record too.
    bench
        .emulator
        .add_member(&account, "Sql", "cos-eastus", "cos-eastus.documents.azure.com")
        .unwrap();
    assert_eq!(
        addresses(&bench, "privatelink.documents.azure.com", "cos-eastus").len(),
        1
    );
}

#[test]
fn groups_are_checked() {
    let bench = with_endpoint();
    for number in 0..6 {
        bench.ok(
            "PUT",
            &zone(&format!("z{number}.example")),
            json!({"location": "global"}),
        );
    }
    bench.pass();
    let six = [
        "z0.example",
        "z1.example",
        "z2.example",
        "z3.example",
        "z4.example",
        "z5.example",
    ];
    assert_eq!(bench.refused("PUT", &group("pe"), group_of(&six)).0, 400);
    let detail = |body: Value| {
        let (status, answer, _) = bench.send("PUT", &group("pe"), body);
        (
            status,
            answer["error"]["details"][0]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let one = |name: Value, zone_id: Value| json!({"properties": {"privateDnsZoneConfigs": [{"name": name, "properties": {"privateDnsZoneId": zone_id}}]}});
    assert_eq!(detail(one(Value::Null, json!(zone(BLOB)))), (400, String::new()));
    assert_eq!(
        detail(one(json!("a"), Value::Null)),
        (400, "MissingJsonReferenceId".into())
    );
    assert_eq!(
        detail(json!({"properties": {"privateDnsZoneConfigs": "x"}})),
        (400, "InvalidJson".into())
    );
    let mut twice = group_of(&[BLOB, "z0.example"]);
    twice["properties"]["privateDnsZoneConfigs"][1]["name"] =
        twice["properties"]["privateDnsZoneConfigs"][0]["name"].clone();
    assert_eq!(detail(twice), (400, "DuplicateResourceName".into()));
    bench.ok("PUT", &group("pe"), group_of(&[BLOB]));
    bench.pass();
    let second = network("privateEndpoints/pe/privateDnsZoneGroups/second");
    assert_eq!(
        bench.refused("PUT", &second, group_of(&[BLOB])),
        (
            400,
            "MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed".into()
        )
    );
    let mut moved = group_of(&[BLOB]);
    moved["properties"]["privateDnsZoneConfigs"][0]["properties"]["privateDnsZoneId"] =
        json!(zone("z0.example"));
    assert_eq!(
        bench.refused("PUT", &group("pe"), moved).1,
        "PropertyChangeNotAllowed"
    );
    // Another configuration in its place is allowed: the old record goes.
    bench.ok("PUT", &group("pe"), group_of(&["z0.example"]));
    bench.pass();
    assert_eq!(addresses(&bench, BLOB, "acct"), Vec::<String>::new());
    let orphan = network("privateEndpoints/absent/privateDnsZoneGroups/default");
    assert_eq!(bench.refused("PUT", &orphan, group_of(&[BLOB])).0, 404);
}

#[test]
fn a_zone_that_is_missing_fails_the_operation() {
    let bench = with_endpoint();
    let (status, _, headers) = bench.send(
        "PUT",
        &group("pe"),
        group_of(&["privatelink.file.core.windows.net"]),
    );
    assert_eq!(status, 201);
    bench.pass();
    let told = bench.get(headers["azure-asyncoperation"].to_str().unwrap());
    assert_eq!(
        (&told["status"], &told["error"]["code"]),
        (&json!("Failed"), &json!("InvalidPrivateDnsZoneIds"))
    );
    assert_eq!(
        bench.get(&group("pe"))["properties"]["provisioningState"],
        "Failed"
    );
    let told = bench
        .emulator
        .put(&group("pe"), &group_of(&["privatelink.file.core.windows.net"]))
        .unwrap_err();
    assert_eq!(
        told.code, "InvalidPrivateDnsZoneIds",
        "a change by someone else says so too"
    );
    bench.ok(
        "PUT",
        &zone("privatelink.file.core.windows.net"),
        json!({"location": "global"}),
    );
    bench.pass();
    bench.ok(
        "PUT",
        &group("pe"),
        group_of(&["privatelink.file.core.windows.net"]),
    );
    bench.pass();
    assert_eq!(
        bench.get(&group("pe"))["properties"]["provisioningState"],
        "Succeeded"
    );
}

#[test]
fn an_operation_that_fails_writes_no_record() {
    let bench = with_endpoint();
    let rule: FaultRule = serde_json::from_str(
        r#"{"match": {"method": "PUT"}, "occurrence": 1, "then": {"operationEnds": {"status": "Failed", "code": "InternalServerError", "message": "no"}}}"#,
    )
    .unwrap();
    bench.emulator.add_fault(rule);
    bench.ok("PUT", &group("pe"), group_of(&[BLOB]));
    bench.pass();
    assert_eq!(addresses(&bench, BLOB, "acct"), Vec::<String>::new());
    bench.ok("PUT", &group("pe"), group_of(&[BLOB]));
    bench.pass();
    assert_eq!(addresses(&bench, BLOB, "acct"), ["10.0.0.4"]);
}

#[test]
fn an_endpoint_that_waits_gets_its_records_when_it_is_approved() {
    let bench = with_endpoint();
    let endpoint = network("privateEndpoints/manual");
    let body = endpoint_on(
        "a",
        &id("Microsoft.Storage/storageAccounts/acct"),
        &["blob"],
        true,
    );
    assert_eq!(bench.send("PUT", &endpoint, body).0, 201);
    let (status, code) = bench.refused("PUT", &group("manual"), group_of(&[BLOB]));
    assert_eq!(
        (status, code.as_str()),
        (429, "RetryableError"),
        "the endpoint is still being made"
    );
    bench.pass();
    bench.ok("PUT", &group("manual"), group_of(&[BLOB]));
    bench.pass();
    assert_eq!(addresses(&bench, BLOB, "acct"), Vec::<String>::new());
    bench.emulator.approve(&endpoint, "yes").unwrap();
    assert_eq!(addresses(&bench, BLOB, "acct"), ["10.0.0.5"]);
}

#[test]
fn a_snapshot_keeps_what_a_group_wrote() {
    let bench = with_endpoint();
    bench.ok("PUT", &group("pe"), group_of(&[BLOB]));
    bench.pass();
    let text = serde_json::to_string(&bench.emulator.snapshot()).unwrap();
    bench.emulator.reset();
    bench.emulator.restore(&serde_json::from_str(&text).unwrap());
    assert_eq!(addresses(&bench, BLOB, "acct"), ["10.0.0.4"]);
    bench.ok("DELETE", &network("privateEndpoints/pe"), Value::Null);
    bench.pass();
    assert_eq!(addresses(&bench, BLOB, "acct"), Vec::<String>::new());
}

#[test]
fn zones_and_networks_have_to_be_joined() {
    let bench = with_endpoint();
    let limited = Limited::of(&bench);
    let scope = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g");
    let grant = |actions: &[&str]| limited.grant(&scope, actions);
    let put = |path: &str, body: &Value| {
        let response = bench.send_with("PUT", path, body.to_string().as_bytes(), &limited.headers());
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        (
            response.status.as_u16(),
            answer["error"]["message"].as_str().unwrap_or_default().to_owned(),
        )
    };
    grant(&[
        "Microsoft.Network/privateEndpoints/*",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks/*",
        "Microsoft.Network/privateDnsZones/A/*",
    ]);
    let link = format!("{}/virtualNetworkLinks/l", zone(BLOB));
    let link_body = json!({"location": "global", "properties": {"virtualNetwork": {"id": network("virtualNetworks/vnet")}}});
    let (status, message) = put(&link, &link_body);
    assert_eq!(status, 403);
    assert!(
        message.contains("'Microsoft.Network/virtualNetworks/join/action'"),
        "{message}"
    );
    let (status, message) = put(&group("pe"), &group_of(&[BLOB]));
    assert_eq!(status, 403);
    assert!(
        message.contains("'Microsoft.Network/privateDnsZones/join/action'"),
        "{message}"
    );
    assert_eq!(
        put(&format!("{}/A/x", zone(BLOB)), &json!({"properties": {"ttl": 5}})).0,
        201
    );
    assert_eq!(
        put(
            &format!("{}/TXT/x", zone(BLOB)),
            &json!({"properties": {"ttl": 5}})
        )
        .0,
        403
    );
    grant(&[
        "Microsoft.Network/virtualNetworks/join/action",
        "Microsoft.Network/privateDnsZones/join/action",
    ]);
    assert_eq!(put(&link, &link_body).0, 202);
    assert_eq!(put(&group("pe"), &group_of(&[BLOB])).0, 201);
}
