//! Whatever is asked for in whatever order: no answer says that the server broke, and what is stored agrees with itself.

use crate::support::{Bench, comes_back_and_goes, endpoint_on, id, network};
use proptest::prelude::*;
use serde_json::{Value, json};

const ZONES: [&str; 3] = ["privatelink.blob.core.windows.net", "corp.example", "b.example"];

/// One request, or time that passes.
#[derive(Clone, Debug)]
enum Step {
    Zone {
        zone: usize,
        delete: bool,
    },
    Link {
        zone: usize,
        name: u8,
        registers: bool,
        delete: bool,
    },
    Record {
        zone: usize,
        kind: usize,
        name: u8,
        ttl: u32,
        delete: bool,
    },
    Endpoint {
        name: u8,
        manual: bool,
        delete: bool,
    },
    Group {
        endpoint: u8,
        name: u8,
        zones: Vec<usize>,
        delete: bool,
    },
    Approve {
        endpoint: u8,
    },
    Disconnect {
        endpoint: u8,
    },
    Network {
        delete: bool,
    },
    Pass {
        seconds: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..3_usize, prop::bool::weighted(0.2)).prop_map(|(zone, delete)| Step::Zone { zone, delete }),
        3 => (0..3_usize, 0..3_u8, any::<bool>(), any::<bool>())
            .prop_map(|(zone, name, registers, delete)| Step::Link { zone, name, registers, delete }),
        3 => (0..3_usize, 0..4_usize, 0..3_u8, 0..3_u32, any::<bool>())
            .prop_map(|(zone, kind, name, ttl, delete)| Step::Record { zone, kind, name, ttl, delete }),
        3 => (0..3_u8, any::<bool>(), prop::bool::weighted(0.3))
            .prop_map(|(name, manual, delete)| Step::Endpoint { name, manual, delete }),
        4 => (0..3_u8, 0..2_u8, prop::collection::vec(prop_oneof![3 => Just(0_usize), 1 => 1..3_usize], 0..3), prop::bool::weighted(0.2))
            .prop_map(|(endpoint, name, zones, delete)| Step::Group { endpoint, name, zones, delete }),
        1 => (0..3_u8).prop_map(|endpoint| Step::Approve { endpoint }),
        1 => (0..3_u8).prop_map(|endpoint| Step::Disconnect { endpoint }),
        1 => any::<bool>().prop_map(|delete| Step::Network { delete }),
        5 => prop_oneof![Just(1_i64), Just(12), Just(60)].prop_map(|seconds| Step::Pass { seconds }),
    ]
}

fn zone(number: usize) -> String {
    network(&format!(
        "privateDnsZones/{}",
        ZONES.get(number).copied().unwrap_or_default()
    ))
}

fn endpoint(name: u8) -> String {
    network(&format!("privateEndpoints/pe{name}"))
}

/// The request of a step: method, path and body; `None` for what is no request.
fn request(step: &Step) -> Option<(&'static str, String, Value)> {
    let (path, body, delete) = match step {
        Step::Zone { zone: number, delete } => (zone(*number), json!({"location": "global"}), *delete),
        Step::Link {
            zone: number,
            name,
            registers,
            delete,
        } => (
            format!("{}/virtualNetworkLinks/l{name}", zone(*number)),
            json!({"location": "global", "properties": {
                "virtualNetwork": {"id": network("virtualNetworks/vnet")}, "registrationEnabled": registers}}),
            *delete,
        ),
        Step::Record {
            zone: number,
            kind,
            name,
            ttl,
            delete,
        } => {
            let (kind, records) = match kind {
                0 => ("A", json!({"aRecords": [{"ipv4Address": "10.9.9.9"}]})),
                1 => ("CNAME", json!({"cnameRecord": {"cname": "x.y"}})),
                2 => ("TXT", json!({"txtRecords": [{"value": ["x"]}]})),
                _ => ("SOA", json!({})),
            };
            let name = ["acct", "www", "@"]
                .get(usize::from(*name))
                .copied()
                .unwrap_or_default();
            let mut body = json!({"properties": records});
            if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
                properties.insert("ttl".into(), json!(ttl));
            }
            (format!("{}/{kind}/{name}", zone(*number)), body, *delete)
        }
        Step::Endpoint { name, manual, delete } => (
            endpoint(*name),
            endpoint_on(
                "a",
                &id("Microsoft.Storage/storageAccounts/acct"),
                &["blob"],
                *manual,
            ),
            *delete,
        ),
        Step::Group {
            endpoint: owner,
            name,
            zones,
            delete,
        } => {
            let configurations: Vec<Value> = zones
                .iter()
                .enumerate()
                .map(|(number, other)| json!({"name": format!("c{number}"), "properties": {"privateDnsZoneId": zone(*other)}}))
                .collect();
            (
                format!("{}/privateDnsZoneGroups/g{name}", endpoint(*owner)),
                json!({"properties": {"privateDnsZoneConfigs": configurations}}),
                *delete,
            )
        }
        Step::Network { delete } => (
            network("virtualNetworks/vnet"),
            json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}),
            *delete,
        ),
        Step::Approve { .. } | Step::Disconnect { .. } | Step::Pass { .. } => return None,
    };
    Some(if delete {
        ("DELETE", path, Value::Null)
    } else {
        ("PUT", path, body)
    })
}

fn run(bench: &Bench, step: &Step) -> Result<(), TestCaseError> {
    match step {
        Step::Pass { seconds } => bench.emulator.advance(jiff::SignedDuration::from_secs(*seconds)),
        // Refused where there is nothing to decide about.
        Step::Approve { endpoint: name } => drop(bench.emulator.approve(&endpoint(*name), "yes")),
        Step::Disconnect { endpoint: name } => drop(bench.emulator.disconnect(&endpoint(*name))),
        _ => {
            if let Some((method, path, body)) = request(step) {
                let (status, answer, _) = bench.send(method, &path, body);
                prop_assert!(status < 500, "{step:?}: {status} {answer}");
            }
        }
    }
    Ok(())
}

fn length(bench: &Bench, path: &str) -> usize {
    let (_, answer, _) = bench.send("GET", path, Value::Null);
    answer
        .pointer("/value")
        .and_then(Value::as_array)
        .map_or(0, Vec::len)
}

/// What has to hold once everything has come to its end.
fn check(bench: &Bench) -> Result<(), TestCaseError> {
    for number in 0..ZONES.len() {
        let (status, shown, _) = bench.send("GET", &zone(number), Value::Null);
        if status != 200 {
            prop_assert_eq!(length(bench, &format!("{}/ALL", zone(number))), 0);
            continue;
        }
        let counted = |name: &str| {
            shown
                .pointer(&format!("/properties/{name}"))
                .and_then(Value::as_u64)
        };
        let sets = length(bench, &format!("{}/ALL", zone(number)));
        prop_assert_eq!(counted("numberOfRecordSets"), Some(sets as u64));
        let links = length(bench, &format!("{}/virtualNetworkLinks", zone(number)));
        prop_assert_eq!(counted("numberOfVirtualNetworkLinks"), Some(links as u64));
        prop_assert!(links <= 1, "one link to the one network");
        prop_assert!(counted("numberOfVirtualNetworkLinksWithRegistration") <= Some(links as u64));
        // A record that an endpoint wrote goes with the endpoint.
        let (_, record, _) = bench.send("GET", &format!("{}/A/acct", zone(number)), Value::Null);
        if let Some(creator) = record
            .pointer("/properties/metadata/creator")
            .and_then(Value::as_str)
        {
            let name = creator.split(' ').nth(4).unwrap_or_default();
            let (status, _, _) =
                bench.send("GET", &network(&format!("privateEndpoints/{name}")), Value::Null);
            prop_assert_eq!(status, 200, "{}", creator);
        }
    }
    let mut taken = Vec::new();
    for name in 0..3 {
        let (status, shown, _) = bench.send("GET", &endpoint(name), Value::Null);
        if status != 200 {
            continue;
        }
        let groups = length(bench, &format!("{}/privateDnsZoneGroups", endpoint(name)));
        prop_assert!(groups <= 1);
        let names = shown
            .pointer("/properties/customDnsConfigs")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        prop_assert!(groups == 0 || names.is_empty());
        taken.extend(names.iter().map(|one| one["ipAddresses"].clone()));
    }
    let count = taken.len();
    taken.sort_by_key(Value::to_string);
    taken.dedup();
    prop_assert_eq!(taken.len(), count, "no address twice");
    comes_back_and_goes(bench)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn private_dns_agrees_with_itself(steps in prop::collection::vec(step(), 1..60)) {
        let bench = Bench::with_network();
        // So that most steps have something to work on.
        for number in 0..ZONES.len() {
            bench.send("PUT", &zone(number), json!({"location": "global"}));
        }
        for name in 0..2 {
            run(&bench, &Step::Endpoint { name, manual: false, delete: false })?;
        }
        bench.pass();
        for step in &steps {
            run(&bench, step)?;
        }
        bench.pass();
        check(&bench)?;
    }
}
