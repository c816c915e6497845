//! The same requests get the same answers, byte for byte; a snapshot goes on where it was taken.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::support::{Bench, Limited, SUBSCRIPTION, endpoint_on, id, network};
use jiff::SignedDuration;
use privatelink_arm_emulator::throttle::Limits;
use privatelink_arm_emulator::wire::Response;
use privatelink_arm_emulator::{Emulator, Options, Snapshot};
use proptest::prelude::*;
use serde_json::{Value, json};

const SUBNET: &str = "virtualNetworks/vnet/subnets/a";
const ZONE: &str = "privateDnsZones/privatelink.blob.core.windows.net";

fn deterministic(seed: u64) -> Bench {
    Bench {
        emulator: Emulator::new(Options::deterministic(seed).unwrap()),
    }
}

/// Everything of an answer that goes over the wire.
fn bytes(response: &Response) -> Vec<u8> {
    let mut bytes = format!("{}\n", response.status).into_bytes();
    for (name, value) in &response.headers {
        bytes.extend_from_slice(format!("{name}: ").as_bytes());
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(&response.body);
    bytes
}

fn group() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g")
}

fn account(number: u8) -> String {
    id(&format!("Microsoft.Storage/storageAccounts/acct{number}"))
}

fn endpoint(number: u8) -> String {
    network(&format!("privateEndpoints/pe{number}"))
}

/// One step of a script.
fn step(bench: &Bench, (what, number): (u8, u8)) -> Vec<u8> {
    let target = account(number);
    let account_body = json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}});
    let network_body = json!({"location": "westeurope", "tags": {"n": number.to_string()}, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [
        {"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]}});
    let zones = json!({"properties": {"privateDnsZoneConfigs": [{"name": "blob", "properties": {"privateDnsZoneId": network(ZONE)}}]}});
    let (method, path, body) = match what {
        0 => ("PUT", group(), json!({"location": "westeurope"})),
        1 => ("PUT", network("virtualNetworks/vnet"), network_body),
        2 => ("PUT", target, account_body),
        3 => (
            "PUT",
            endpoint(number),
            endpoint_on("a", &target, &["blob"], false),
        ),
        4 => ("PUT", network(ZONE), json!({"location": "global"})),
        5 => (
            "PUT",
            format!("{}/privateDnsZoneGroups/default", endpoint(number)),
            zones,
        ),
        6 => ("DELETE", endpoint(number), Value::Null),
        7 => ("GET", network(&format!("{ZONE}/ALL")), Value::Null),
        8 => ("GET", network(SUBNET), Value::Null),
        9 => ("GET", endpoint(number), Value::Null),
        10 => ("DELETE", target, Value::Null),
        11 => (
            "POST",
            "https://login.microsoftonline.com/nobody/oauth2/v2.0/token".to_owned(),
            Value::Null,
        ),
        12 => ("GET", format!("{}/resources", group()), Value::Null),
        _ => {
            let by = SignedDuration::from_secs(i64::from(number));
            bench.emulator.advance(by);
            return Vec::new();
        }
    };
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    bytes(&bench.send_with(method, &path, text.as_bytes(), &[]))
}

/// A group, a network, a zone, and two endpoints with all that belongs to them; looked at along the way.
fn script() -> Vec<(u8, u8)> {
    let mut steps = vec![(0, 0), (1, 0), (4, 0), (13, 60)];
    for number in 0..2 {
        steps.extend([
            (2, number),
            (13, 60),
            (3, number),
            (9, number),
            (9, number),
            (13, 60),
        ]);
        steps.extend([(5, number), (13, 60), (9, number)]);
    }
    steps.extend([
        (11, 0),
        (7, 0),
        (8, 0),
        (12, 0),
        (6, 1),
        (9, 1),
        (13, 60),
        (9, 1),
        (7, 0),
        (10, 0),
    ]);
    steps
}

fn run(bench: &Bench, steps: &[(u8, u8)]) -> Vec<Vec<u8>> {
    steps.iter().map(|one| step(bench, *one)).collect()
}

fn snapshot(bench: &Bench) -> String {
    serde_json::to_string(&bench.emulator.snapshot()).unwrap()
}

#[test]
fn the_same_script_gives_the_same_bytes_and_another_seed_others() {
    let (one, again, other) = (deterministic(7), deterministic(7), deterministic(8));
    let answers = run(&one, &script());
    assert_eq!(answers, run(&again, &script()));
    assert_eq!(snapshot(&one), snapshot(&again));
    let others = run(&other, &script());
    for (number, (answer, other)) in answers.iter().zip(&others).enumerate() {
        assert!(answer.is_empty() || answer != other, "step {number}");
    }
    let text = String::from_utf8_lossy(&answers.concat()).into_owned();
    assert!(
        text.contains("2026-01-01 00:00:") && text.contains("AADSTS"),
        "{text}"
    );
}

#[test]
fn each_request_moves_the_clock_on_and_operations_end_by_it() {
    let bench = deterministic(1);
    let start = bench.emulator.now();
    assert_eq!(start.to_string(), "2026-01-01T00:00:00Z");
    run(&bench, &[(0, 0), (1, 0)]);
    assert_eq!(
        bench.emulator.now().duration_since(start),
        SignedDuration::from_secs(2)
    );
    let state = || bench.get(&network("virtualNetworks/vnet"))["properties"]["provisioningState"].clone();
    let shown: Vec<Value> = (0..30).map(|_| state()).collect();
    assert_eq!((&shown[0], &shown[29]), (&json!("Updating"), &json!("Succeeded")));
}

#[test]
fn who_may_do_what_comes_with_a_snapshot() {
    let bench = Bench::with_network();
    let limited = Limited::of(&bench);
    limited.grant("/", &["*/read"]);
    let mut limits = Limits::default();
    limits.reads.capacity = 2.0;
    bench.emulator.set_limits(Some(limits));
    let text = snapshot(&bench);
    let copy = Bench::empty();
    copy.emulator.load(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(snapshot(&copy), text);
    let read = || {
        let answer = copy.send_with("GET", &network("virtualNetworks/vnet"), &[], &limited.headers());
        answer.status.as_u16()
    };
    assert_eq!([read(), read(), read()], [200, 200, 429]);
    let refused = copy.send_with(
        "DELETE",
        &network("virtualNetworks/vnet"),
        &[],
        &limited.headers(),
    );
    assert_eq!(refused.status.as_u16(), 403);
    assert_eq!(copy.send("GET", &group(), Value::Null).0, 401, "nobody else");
    // What is restored alone leaves them as they are.
    let open = Bench::empty();
    open.emulator.restore(&serde_json::from_str(&text).unwrap());
    assert_eq!(open.send("GET", &group(), Value::Null).0, 200);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Operations in flight, and how a resource was before its last write, are in it too.
    #[test]
    fn a_loaded_snapshot_is_what_was_taken_and_goes_on_the_same(
        steps in proptest::collection::vec((0_u8..14, 0_u8..3), 1..60), cut in any::<proptest::sample::Index>(),
    ) {
        let mut steps = [script(), steps].concat();
        let later = steps.split_off(cut.index(steps.len()));
        let original = deterministic(3);
        run(&original, &steps);
        let text = snapshot(&original);
        let taken: Snapshot = serde_json::from_str(&text).unwrap();
        let copy = deterministic(4);
        run(&copy, &script());
        copy.emulator.load(&taken).unwrap();
        prop_assert_eq!(snapshot(&copy), text);
        prop_assert_eq!(run(&copy, &later), run(&original, &later));
        prop_assert_eq!(snapshot(&copy), snapshot(&original));
    }
}
