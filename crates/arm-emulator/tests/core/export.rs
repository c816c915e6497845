//! What is there, written as a seed, makes the same again.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use crate::support::{Bench, SUBSCRIPTION, endpoint_on, id, network};
use privatelink_arm_emulator::rbac::{RoleAssignment, RoleDefinition};
use privatelink_arm_emulator::{Emulator, seed};
use proptest::prelude::*;
use serde_json::{Value, json};

const ZONE: &str = "privateDnsZones/privatelink.blob.core.windows.net";

fn account(number: u8) -> String {
    id(&format!("Microsoft.Storage/storageAccounts/acct{number}"))
}

fn endpoint(number: u8) -> String {
    network(&format!("privateEndpoints/pe{number}"))
}

/// Sends one of many requests, right or wrong, and lets what it begins come to its end.
fn step(bench: &Bench, (what, number): (u8, u8)) {
    let n = number;
    let vnet = network(&format!("virtualNetworks/net{n}"));
    let other = network(&format!("virtualNetworks/net{}", (n + 1) % 3));
    let zone = network(ZONE);
    let storage = json!({"location": "northeurope", "kind": "StorageV2", "sku": {"name": "Standard_GRS"}, "tags": {"on": "true", "n": "1"}, "properties": {"publicNetworkAccess": "Disabled"}});
    let (method, path, body) = match what {
        0 => (
            "PUT",
            vnet,
            json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": [format!("10.{n}.0.0/16")]}, "dhcpOptions": {"dnsServers": ["10.0.0.4"]}}}),
        ),
        1 => (
            "PUT",
            format!("{vnet}/subnets/sub{n}"),
            json!({"properties": {"addressPrefix": format!("10.{n}.1.0/24"), "privateEndpointNetworkPolicies": "Enabled", "networkSecurityGroup": {"id": network("networkSecurityGroups/nsg")}}}),
        ),
        2 => (
            "PUT",
            format!("{vnet}/virtualNetworkPeerings/to-other"),
            json!({"properties": {"remoteVirtualNetwork": {"id": other}, "allowForwardedTraffic": true}}),
        ),
        3 => ("PUT", account(n), storage),
        4 => (
            "PUT",
            endpoint(n),
            endpoint_on("a", &account(n), &["blob"], false),
        ),
        5 => (
            "PUT",
            endpoint(n + 3),
            endpoint_on("a", &account(n), &["file"], true),
        ),
        6 => (
            "PUT",
            format!("{}/privateDnsZoneGroups/default", endpoint(n)),
            json!({"properties": {"privateDnsZoneConfigs": [{"name": "privatelink-blob-core-windows-net", "properties": {"privateDnsZoneId": zone}}]}}),
        ),
        7 => (
            "PUT",
            format!("{}/privateDnsZoneGroups/other", endpoint(n)),
            json!({"properties": {"privateDnsZoneConfigs": [{"name": "z", "properties": {"privateDnsZoneId": zone}}]}}),
        ),
        8 => (
            "PUT",
            format!("{zone}/virtualNetworkLinks/link{n}"),
            json!({"location": "global", "tags": {"a": "b"}, "properties": {"virtualNetwork": {"id": vnet}, "registrationEnabled": n == 1}}),
        ),
        9 => (
            "PUT",
            format!("{zone}/A/own{n}"),
            json!({"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.9.9.9"}, {"ipv4Address": "10.9.9.8"}]}}),
        ),
        10 => (
            "PUT",
            format!("{zone}/TXT/text{n}"),
            json!({"properties": {"ttl": 60, "metadata": {"k": "yes"}, "txtRecords": [{"value": ["a: b # c", "12", "\"q\"", "é\u{2028}\u{7}", ""]}]}}),
        ),
        11 => (
            "PUT",
            network("routeTables/table"),
            json!({"location": "westeurope", "tags": {"": "x"}, "properties": {"routes": [{"name": "r1", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}}]}}),
        ),
        12 => (
            "PUT",
            network("networkSecurityGroups/nsg"),
            json!({"location": "westeurope", "properties": {"securityRules": []}}),
        ),
        13 => (
            "PUT",
            network(&format!("networkSecurityGroups/nsg/securityRules/r{n}")),
            json!({"properties": {"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 100 + u32::from(n), "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "sourcePortRange": "*", "destinationPortRange": "443"}}),
        ),
        14 => ("DELETE", endpoint(n), Value::Null),
        15 => ("DELETE", account(n), Value::Null),
        16 => ("DELETE", vnet, Value::Null),
        17 => (
            "PUT",
            format!("{}/providers/Microsoft.Authorization/locks/keep", account(n)),
            json!({"properties": {"level": "CanNotDelete"}}),
        ),
        18 => {
            drop(bench.emulator.approve(&endpoint(n + 3), "fine"));
            return bench.pass();
        }
        19 => {
            drop(bench.emulator.reject(&endpoint(n), "no"));
            return bench.pass();
        }
        20 => (
            "PUT",
            id(&format!("Contoso.Things/widgets/w{n}")),
            json!({"location": "westeurope", "plan": {"name": "p"}, "properties": {"deep": {"list": [1, 2.5, null, true, "no"]}}}),
        ),
        _ => ("DELETE", zone, Value::Null),
    };
    bench.send(method, &path, body);
    bench.pass();
}

fn start() -> Bench {
    let bench = Bench::with_network();
    bench.ok("PUT", &network(ZONE), json!({"location": "global"}));
    bench.pass();
    bench
}

/// Ids and stored bodies; of endpoints also how their connection is.
fn stored(emulator: &Emulator) -> BTreeMap<String, Value> {
    // Whose time has come ends before anything is looked at.
    emulator.resource_ids();
    let snapshot = serde_json::to_value(emulator.snapshot()).unwrap();
    let records = snapshot["state"]["records"].as_array().unwrap();
    let entry = |record: &Value| {
        let facts = &record["facts"]["Endpoint"];
        let shown = json!({"body": record["body"], "status": facts["status"], "description": facts["description"], "guid": facts["status"].as_str().map(|_| &record["guid"])});
        (record["id"].as_str().unwrap().to_owned(), shown)
    };
    records.iter().map(entry).collect()
}

fn made_of(text: &str) -> Result<Bench, seed::SeedError> {
    let copy = Bench::empty();
    copy.emulator.apply_seed(&seed::parse("export.yaml", text)?)?;
    copy.pass();
    Ok(copy)
}

/// The ids that an export says it leaves out.
fn left_out(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| line.starts_with("# Left out"));
    lines
        .filter_map(|line| line.rsplit_once(": "))
        .map(|(_, id)| id)
        .collect()
}

#[test]
fn an_export_reads_like_an_estate() {
    let bench = start();
    for what in [
        (0, 1),
        (12, 0),
        (1, 1),
        (0, 2),
        (2, 1),
        (3, 1),
        (4, 1),
        (6, 1),
        (8, 1),
        (9, 1),
        (20, 1),
    ] {
        step(&bench, what);
    }
    let text = bench.emulator.export_seed().unwrap();
    for line in [
        "anySubscription: true",
        "  resourceGroups:",
        "    networks:",
        "      addressSpace:",
        "      - name: sub1",
        "        prefix: 10.1.1.0/24",
        "    zones:",
        "    targets:",
        "    - storageAccount: acct1",
        "    endpoints:",
        "      - blob",
        "    - type: Contoso.Things/widgets",
    ] {
        assert!(
            text.lines()
                .any(|found| found.trim_start().trim_start_matches("- ")
                    == line.trim_start().trim_start_matches("- ")),
            "{line}\n{text}"
        );
    }
    assert_eq!(stored(&made_of(&text).unwrap().emulator), stored(&bench.emulator));
}

#[test]
fn who_may_do_what_comes_along() {
    let bench = start();
    let limited = crate::support::Limited::of(&bench);
    limited.grant("/", &["*/read"]);
    bench.emulator.define_role(
        "mine",
        RoleDefinition {
            actions: vec!["*/write".into()],
            not_actions: vec!["a/b".into()],
        },
    );
    let object = "22222222-2222-2222-2222-222222222222";
    let role = RoleDefinition {
        actions: vec!["x/*".into()],
        not_actions: vec!["x/y".into()],
    };
    bench.emulator.assign_role(
        object,
        RoleAssignment {
            scope: format!("/subscriptions/{SUBSCRIPTION}"),
            role,
        },
    );
    let text = bench.emulator.export_seed().unwrap();
    let copy = made_of(&text).unwrap();
    let access = |bench: &Bench| serde_json::to_value(bench.emulator.snapshot()).unwrap()["access"].clone();
    let (mut one, mut other) = (access(&bench), access(&copy));
    for access in [&mut one, &mut other] {
        // Each principal's tenant exists by its principal already.
        access["directory"]["tenants"].take();
    }
    assert_eq!(one, other, "{text}");
}

/// The estate of the documentation.
fn documented() -> &'static str {
    let page = include_str!("../../../../docs/emulator/seed.md");
    let (_, rest) = page.split_once("```yaml emulator-seed\n").unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_estate_of_the_documentation_is_there_as_it_says() {
    let bench = made_of(documented()).unwrap();
    let group =
        |name: &str| format!("/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/{name}");
    let get =
        |name: &str, rest: &str| bench.get(&format!("{}/providers/Microsoft.Network/{rest}", group(name)));
    for network in ["hub", "spoke"] {
        let other = if network == "hub" { "spoke" } else { "hub" };
        let peering = get(
            "network",
            &format!("virtualNetworks/{network}/virtualNetworkPeerings/{other}"),
        );
        assert_eq!(peering["properties"]["peeringState"], "Connected");
    }
    let guard = get("network", "networkSecurityGroups/guard");
    assert_eq!(guard["properties"]["securityRules"][0]["name"], "https");
    assert_eq!(guard["properties"]["subnets"].as_array().unwrap().len(), 1);
    let zone = "privateDnsZones/privatelink.blob.core.windows.net";
    assert_eq!(
        get("network", zone)["properties"]["numberOfVirtualNetworkLinks"],
        2
    );
    let set = |name: &str| get("network", name)["properties"].clone();
    assert_eq!(
        set(&format!("{zone}/A/acctorders"))["aRecords"],
        json!([{"ipv4Address": "10.0.0.4"}])
    );
    assert_eq!(
        set("privateDnsZones/corp.example/A/www")["aRecords"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        set("privateDnsZones/corp.example/CNAME/shop")["cnameRecord"],
        json!({"cname": "www.corp.example"})
    );
    let logs = get("data", "privateEndpoints/logs");
    let connection = &logs["properties"]["manualPrivateLinkServiceConnections"][0]["properties"];
    assert_eq!(
        connection["privateLinkServiceConnectionState"]["status"],
        "Rejected"
    );
    assert_eq!(connection["requestMessage"], "please");
    assert_eq!(bench.send("GET", &group("other"), Value::Null).0, 404);
    let text = bench.emulator.export_seed().unwrap();
    assert_eq!(stored(&made_of(&text).unwrap().emulator), stored(&bench.emulator));
}

#[test]
fn mistakes_in_an_estate_have_their_place_and_a_remedy() {
    let group = "subscriptions:\n- id: 00000000-0000-0000-0000-000000000001\n  resourceGroups:\n  - name: one\n    location: westeurope\n";
    let networks = "    networks:\n    - {name: hub, addressSpace: [10.0.0.0/16], peerings: [{network: WANTED}]}\n  - name: two\n    location: westeurope\n    networks: [{name: net, addressSpace: []}]\n  - name: three\n    location: westeurope\n    networks: [{name: net, addressSpace: []}]\n";
    let mut wrong = Vec::new();
    for (text, place, message) in [
        (
            networks.replace("WANTED", "hup"),
            "7:69:",
            "this file has no network 'hup'; write the name",
        ),
        (
            networks.replace("WANTED", "net"),
            "7:69:",
            "more than one network 'net'; write 'group/name'",
        ),
        (
            networks.replace("WANTED", "four/net"),
            "7:69:",
            "no network 'four/net'",
        ),
        ("    zone: []\n".to_owned(), "6:5:", "unknown field"),
        (
            "    targets: [{location: here}]\n".to_owned(),
            "6:15:",
            "a target has one name, under one of storageAccount,",
        ),
        (
            "    endpoints: [{name: pe, subnet: sub}]\n".to_owned(),
            "6:36:",
            "names no subnet; write 'network/subnet'",
        ),
        (
            "    zones: [{name: a.b, records: [{name: x, type: MX, values: [y]}]}]\n".to_owned(),
            "6:51:",
            "give them in 'properties'",
        ),
        (
            "    zones: [{name: a.b, records: [{name: x, type: CNAME, values: [y, z]}]}]\n".to_owned(),
            "6:51:",
            "a CNAME has one value",
        ),
        (
            "    resources: [{type: A.B/c/d, name: x}]\n".to_owned(),
            "6:39:",
            "do not fit",
        ),
        (
            "    networks: [{name: a/b, addressSpace: []}]\n".to_owned(),
            "6:23:",
            "do not fit",
        ),
    ] {
        let error = seed::parse("estate.yaml", &format!("{group}{text}"))
            .unwrap_err()
            .to_string();
        if !error.starts_with(&format!("estate.yaml:{place}")) || !error.contains(message) {
            wrong.push(format!("{text}\n{error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What only the resource manager knows has its place too.
    let text = format!("{group}    networks: [{{name: net, addressSpace: [10.0.0.1/16]}}]\n");
    let error = made_of(&text).err().unwrap().to_string();
    assert!(
        error.starts_with("export.yaml:6:23:") && error.contains("/net is refused with "),
        "{error}"
    );
}

#[test]
fn what_leads_to_something_gone_is_left_out_by_name() {
    let bench = start();
    for what in [(3, 1), (4, 1), (6, 1), (15, 1)] {
        step(&bench, what);
    }
    let text = bench.emulator.export_seed().unwrap();
    assert_eq!(
        left_out(&text),
        [
            endpoint(1),
            format!("{}/privateDnsZoneGroups/default", endpoint(1))
        ]
    );
    made_of(&text).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_export_makes_the_same_estate(steps in proptest::collection::vec((0_u8..22, 0_u8..3), 1..50)) {
        comes_back(&steps)?;
    }
}

#[test]
fn a_balancer_comes_back_with_the_pool_that_its_rule_names() {
    let bench = start();
    let balancer = network("loadBalancers/lb");
    let part = |rest: &str| json!({"id": format!("{balancer}/{rest}")});
    bench.ok(
        "PUT",
        &balancer,
        json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {
            "frontendIPConfigurations": [{"name": "fe", "properties": {"subnet": {"id": network("virtualNetworks/vnet/subnets/a")}}}],
            "backendAddressPools": [{"name": "be"}],
            "loadBalancingRules": [{"name": "r", "properties": {
                "protocol": "Tcp", "frontendPort": 80, "backendPort": 80,
                "frontendIPConfiguration": part("frontendIPConfigurations/fe"), "backendAddressPool": part("backendAddressPools/be")}}]}}),
    );
    bench.pass();
    let text = bench.emulator.export_seed().unwrap();
    assert_eq!(stored(&made_of(&text).unwrap().emulator), stored(&bench.emulator));
}

#[test]
fn a_record_whose_endpoint_is_left_out_comes_along() {
    comes_back(&[(3, 1), (4, 1), (0, 0), (6, 1), (0, 0), (15, 1)]).unwrap();
    // What was decided after the names came, of which nothing is left with their zone.
    comes_back(&[(3, 2), (4, 2), (6, 2), (19, 2), (21, 0)]).unwrap();
    comes_back(&[(3, 2), (4, 2), (6, 2), (15, 2), (21, 0), (3, 2)]).unwrap();
    // A peering that was cut off cannot be made: a new one is connected.
    comes_back(&[(0, 1), (0, 2), (2, 1), (16, 2), (0, 2)]).unwrap();
}

/// Whether the export of an estate that so many steps make is the same estate again.
fn comes_back(steps: &[(u8, u8)]) -> Result<(), TestCaseError> {
    let bench = start();
    for one in steps {
        step(&bench, *one);
    }
    let text = bench.emulator.export_seed().unwrap();
    let copy = made_of(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
    let mut before = stored(&bench.emulator);
    for gone in left_out(&text) {
        // With an endpoint go its zone group and its interface.
        let name = format!("/{}.nic.", gone.rsplit('/').next().unwrap());
        before.retain(|id, _| id != gone && !id.starts_with(&format!("{gone}/")) && !id.contains(&name));
    }
    prop_assert_eq!(stored(&copy.emulator), before, "{}", text);
    let told: String = text
        .lines()
        .filter(|line| !line.starts_with("# Left"))
        .map(|line| format!("{line}\n"))
        .collect();
    prop_assert_eq!(copy.emulator.export_seed().unwrap(), told);
    Ok(())
}
