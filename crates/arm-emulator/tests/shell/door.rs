//! The door for tests, in process: who is let in, journal, faults, clock, snapshot, changes by someone else.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Method};
use jiff::SignedDuration;
use privatelink_arm_emulator::change::{Change, ConnectionChange, ConnectionStatus, SOMEONE_ELSE};
use privatelink_arm_emulator::faults::{ErrorAnswer, FaultAction, FaultRule, RequestKind, When};
use privatelink_arm_emulator::wire::{Exchange, Request};
use privatelink_arm_emulator::{Emulator, Options, clock, seed};
use serde_json::{Value, json};
use url::Url;

const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg";

fn seeded() -> Emulator {
    let emulator = Emulator::new(Options::new(clock::system()).unwrap());
    let text = "
subscriptions: [{id: 00000000-0000-0000-0000-000000000001}]
resourceGroups: [{name: rg, location: westeurope}]
resources:
  - {type: Microsoft.Network/virtualNetworks, name: net, group: rg, location: westeurope, properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}}
  - {type: Microsoft.Network/virtualNetworks/subnets, name: net/sub, group: rg, properties: {addressPrefix: 10.0.0.0/24}}
  - {type: Microsoft.Storage/storageAccounts, name: acct, group: rg, location: westeurope, kind: StorageV2, sku: {name: Standard_LRS}}
";
    emulator
        .apply_seed(&seed::parse("seed.yaml", text).unwrap())
        .unwrap();
    emulator.mark_initial();
    emulator
}

fn exchange(emulator: &Emulator, method: Method, path: &str, body: &str, peer: Option<IpAddr>) -> Exchange {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Bearer any"));
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let url = Url::parse(&format!("https://management.azure.com{path}")).unwrap();
    emulator.exchange(Request {
        method,
        url,
        headers,
        body: body.to_owned().into(),
        peer,
    })
}

fn send(emulator: &Emulator, method: Method, path: &str, body: &str) -> (u16, Value) {
    let response = exchange(emulator, method, path, body, None).response.unwrap();
    (
        response.status.as_u16(),
        serde_json::from_slice(&response.body).unwrap_or_default(),
    )
}

fn network(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/{name}?api-version=2025-05-01")
}

fn endpoint_body() -> String {
    json!({"location": "westeurope", "properties": {
        "subnet": {"id": format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/sub")},
        "privateLinkServiceConnections": [{"name": "c", "properties": {
            "privateLinkServiceId": format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/acct"), "groupIds": ["blob"]}}]}})
    .to_string()
}

#[test]
fn only_callers_of_the_same_machine_are_let_in() {
    let emulator = seeded();
    let status = |path: &str, peer: &str| {
        exchange(&emulator, Method::GET, path, "", Some(peer.parse().unwrap()))
            .response
            .unwrap()
            .status
            .as_u16()
    };
    for peer in ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(status("/_emulator/journal", peer), 200, "{peer}");
    }
    for peer in ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1"] {
        assert_eq!(status("/_emulator/journal", peer), 403, "{peer}");
        assert_eq!(status("/_emulator/token", peer), 403, "{peer}");
        assert_eq!(status("/_emulator/health", peer), 200, "{peer}");
    }
}

#[test]
fn mistakes_at_the_door_are_explained() {
    let emulator = seeded();
    for (method, path, body, expected) in [
        (
            Method::POST,
            "faults",
            r#"{"then": "refuse", "when": 1}"#,
            "unknown field `when`",
        ),
        (Method::POST, "faults", "{", "line 1 column 1"),
        (
            Method::POST,
            "clock",
            r#"{"advanceSeconds": -1}"#,
            "the clock goes forward only",
        ),
        (
            Method::POST,
            "clock",
            r#"{"advanceSeconds": 1e300}"#,
            "the clock goes forward only",
        ),
        (
            Method::POST,
            "change",
            r#"{"id": "/subscriptions/s"}"#,
            "exactly one of",
        ),
        (
            Method::POST,
            "change",
            r#"{"id": "x", "delete": true}"#,
            "no resource id",
        ),
        (Method::GET, "journal?since=x", "", "'x' is no number"),
        (Method::DELETE, "faults/7", "", "no fault rule '7'"),
        (Method::GET, "nothing", "", "GET health"),
    ] {
        let (status, answer) = send(&emulator, method, &format!("/_emulator/{path}"), body);
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(
            (400..500).contains(&status) && message.contains(expected),
            "{path} {body}: {status} {answer}"
        );
    }
}

#[test]
fn the_clock_goes_as_far_as_there_are_dates_and_no_further() {
    let emulator = seeded();
    let advance = |seconds: &str| {
        let body = format!("{{\"advanceSeconds\": {seconds}}}");
        send(&emulator, Method::POST, "/_emulator/clock", &body)
    };
    let before = emulator.now();
    for seconds in ["-1", "-1e300", "1e12", "9.3e18", "1e300"] {
        let (status, answer) = advance(seconds);
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{seconds}: {answer}");
        assert!(
            message.starts_with("advanceSeconds: has to be a number of seconds between 0 and 25")
                && message.ends_with("and not beyond 9998-12-31T00:00:00Z."),
            "{seconds}: {message}"
        );
    }
    for seconds in ["1e400", "\"1\"", "null"] {
        assert_eq!(advance(seconds).0, 400, "{seconds}");
    }
    assert!(emulator.now().duration_since(before) < SignedDuration::from_hours(1));
    // Seven thousand years are no trouble, and what begins then ends.
    assert_eq!(advance("220000000000").0, 200);
    let (_, clock) = send(&emulator, Method::GET, "/_emulator/clock", "");
    assert!(clock["now"].as_str().unwrap().starts_with("899"), "{clock}");
    send(
        &emulator,
        Method::PUT,
        &network("privateEndpoints/pe"),
        &endpoint_body(),
    );
    assert_eq!(advance("3600").0, 200);
    let (_, endpoint) = send(&emulator, Method::GET, &network("privateEndpoints/pe"), "");
    assert_eq!(endpoint["properties"]["provisioningState"], "Succeeded");
    assert_eq!(advance("220000000000").0, 400);

    let (_, mut snapshot) = send(&emulator, Method::GET, "/_emulator/snapshot", "");
    for offset in ["PT9000000000000000S", "-PT9000000000000000S"] {
        snapshot["clockOffset"] = offset.into();
        let (status, answer) = send(
            &emulator,
            Method::POST,
            "/_emulator/restore",
            &snapshot.to_string(),
        );
        assert_eq!(status, 400, "{answer}");
        assert!(answer.to_string().contains("clockOffset: "), "{answer}");
    }
}

#[test]
fn the_journal_says_what_changed() {
    let emulator = seeded();
    let before = emulator.journal_since(0).last;
    let body = r#"{"location":"westeurope","tags":{"a":"b"}}"#;
    send(
        &emulator,
        Method::PUT,
        &network("applicationSecurityGroups/web"),
        body,
    );
    emulator.advance(SignedDuration::from_hours(1));
    send(
        &emulator,
        Method::PUT,
        &network("applicationSecurityGroups/web"),
        body,
    );
    send(
        &emulator,
        Method::GET,
        &network("applicationSecurityGroups/none"),
        "",
    );
    let (_, journal) = send(
        &emulator,
        Method::GET,
        &format!("/_emulator/journal?since={before}"),
        "",
    );
    let seen: Vec<Value> = journal["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            json!([
                entry["method"],
                entry["status"],
                entry["changed"],
                entry["errorCode"],
                entry["generic"],
                entry["bodySha256"].is_string()
            ])
        })
        .collect();
    assert_eq!(
        seen,
        [
            json!(["PUT", 201, true, null, false, true]),
            json!(["PUT", 200, false, null, false, true]),
            json!(["GET", 404, false, "ResourceNotFound", false, false]),
        ]
    );
    let id = format!("{GROUP}/providers/Microsoft.Network/applicationSecurityGroups/web");
    assert_eq!(journal["entries"][0]["resourceId"], Value::String(id));
}

#[test]
fn faults_act_on_real_requests() {
    let emulator = seeded();
    let path = network("privateEndpoints/pe");
    let throttled = ErrorAnswer::new(429, "TooManyRequests", "Slow down.").retry_after(7);
    emulator.add_fault(
        FaultRule::new(FaultAction::Answer(throttled))
            .kind(RequestKind::Write)
            .only(1),
    );
    let refused = exchange(&emulator, Method::PUT, &path, &endpoint_body(), None)
        .response
        .unwrap();
    assert_eq!(
        (
            refused.status.as_u16(),
            refused.headers["retry-after"].to_str().unwrap()
        ),
        (429, "7")
    );
    assert_eq!(
        send(&emulator, Method::GET, &path, "").0,
        404,
        "nothing took effect"
    );

    send(
        &emulator,
        Method::POST,
        "/_emulator/faults",
        r#"{"match": {"method": "PUT"}, "occurrence": 1, "then": {"cut": "afterEffect"}}"#,
    );
    assert!(
        exchange(&emulator, Method::PUT, &path, &endpoint_body(), None)
            .response
            .is_none()
    );
    assert_eq!(
        send(&emulator, Method::GET, &path, "").0,
        200,
        "it took effect all the same"
    );
    emulator.advance(SignedDuration::from_hours(1));

    let state = |emulator: &Emulator| send(emulator, Method::GET, &path, "").1["tags"].clone();
    emulator
        .change(Change {
            id: format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/pe"),
            patch: Some(json!({"tags": {"a": "1"}})),
            ..Change::default()
        })
        .unwrap();
    emulator.add_fault(
        FaultRule::new(FaultAction::StaleRead)
            .kind(RequestKind::Read)
            .only(1),
    );
    assert_ne!(state(&emulator), json!({"a": "1"}));
    assert_eq!(state(&emulator), json!({"a": "1"}));
    let (_, faults) = send(&emulator, Method::GET, "/_emulator/faults", "");
    assert_eq!(
        faults["faults"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["fired"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [1, 1, 1]
    );
}

#[test]
fn operations_end_as_a_rule_says() {
    let emulator = seeded();
    send(
        &emulator,
        Method::POST,
        "/_emulator/faults",
        r#"{"match": {"path": "*/privateEndpoints/*"}, "occurrence": 1, "then": {"operationEnds": {"status": "Failed", "code": "InternalServerError", "message": "An error occurred."}}}"#,
    );
    let created = exchange(
        &emulator,
        Method::PUT,
        &network("privateEndpoints/pe"),
        &endpoint_body(),
        None,
    )
    .response
    .unwrap();
    let poll = created.headers["azure-asyncoperation"]
        .to_str()
        .unwrap()
        .trim_start_matches("https://management.azure.com")
        .to_owned();
    send(
        &emulator,
        Method::POST,
        "/_emulator/clock",
        r#"{"advanceSeconds": 3600}"#,
    );
    let (status, answer) = send(&emulator, Method::GET, &poll, "");
    assert_eq!(
        (status, &answer["status"], &answer["error"]["code"]),
        (200, &json!("Failed"), &json!("InternalServerError"))
    );
    emulator.add_fault(FaultRule::new(FaultAction::PollNotFound).kind(RequestKind::Poll));
    assert_eq!(send(&emulator, Method::GET, &poll, "").0, 404);
}

#[test]
fn snapshot_restore_and_reset() {
    let emulator = seeded();
    let path = network("applicationSecurityGroups/web");
    let (_, empty) = send(&emulator, Method::GET, "/_emulator/snapshot", "");
    send(&emulator, Method::PUT, &path, r#"{"location":"westeurope"}"#);
    let (_, full) = send(&emulator, Method::GET, "/_emulator/snapshot", "");
    assert_eq!(
        send(&emulator, Method::POST, "/_emulator/restore", &empty.to_string()).0,
        200
    );
    assert_eq!(send(&emulator, Method::GET, &path, "").0, 404);
    assert_eq!(
        send(&emulator, Method::POST, "/_emulator/restore", &full.to_string()).0,
        200
    );
    assert_eq!(send(&emulator, Method::GET, &path, "").0, 200);
    assert_eq!(send(&emulator, Method::POST, "/_emulator/reset", "").0, 200);
    assert_eq!(send(&emulator, Method::GET, &path, "").0, 404);
    assert_eq!(
        send(&emulator, Method::GET, &network("virtualNetworks/net"), "").0,
        200,
        "the seed is back"
    );
}

#[test]
fn a_snapshot_that_contradicts_itself_is_refused_and_changes_nothing() {
    let emulator = seeded();
    send(
        &emulator,
        Method::PUT,
        &network("privateEndpoints/pe"),
        &endpoint_body(),
    );
    emulator.advance(SignedDuration::from_hours(1));
    let (_, good) = send(&emulator, Method::GET, "/_emulator/snapshot", "");
    let without = |end: &str| {
        let mut snapshot = good.clone();
        let records = snapshot["state"]["records"].as_array_mut().unwrap();
        let before = records.len();
        records.retain(|record| !record["id"].as_str().unwrap().to_lowercase().ends_with(end));
        assert_eq!(records.len() + 1, before, "{end}");
        snapshot
    };
    let twice = {
        let mut snapshot = good.clone();
        let records = snapshot["state"]["records"].as_array_mut().unwrap();
        records.push(records[0].clone());
        snapshot
    };
    for (snapshot, code, expected) in [
        (
            without("resourcegroups/rg"),
            "ContradictorySnapshot",
            "has no group",
        ),
        (
            without("virtualnetworks/net"),
            "ContradictorySnapshot",
            "has no parent",
        ),
        (
            without("subnets/sub"),
            "ContradictorySnapshot",
            "which is not there",
        ),
        (
            without("privateendpoints/pe"),
            "ContradictorySnapshot",
            "do not know each other",
        ),
        (twice, "InvalidRequest", "is there twice"),
    ] {
        let (status, answer) = send(
            &emulator,
            Method::POST,
            "/_emulator/restore",
            &snapshot.to_string(),
        );
        assert_eq!(
            (status, answer["error"]["code"].as_str()),
            (400, Some(code)),
            "{answer}"
        );
        assert!(answer.to_string().contains(expected), "{expected}: {answer}");
        let (_, after) = send(&emulator, Method::GET, "/_emulator/snapshot", "");
        assert_eq!(after, good, "nothing was changed");
    }
    let restore = send(&emulator, Method::POST, "/_emulator/restore", &good.to_string());
    assert_eq!(restore.0, 200);
}

#[test]
fn someone_else_changes_things() {
    let emulator = seeded();
    let id = format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/pe");
    let account = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/acct");
    send(
        &emulator,
        Method::PUT,
        &network("privateEndpoints/pe"),
        &endpoint_body(),
    );
    emulator.advance(SignedDuration::from_hours(1));
    let get = || send(&emulator, Method::GET, &network("privateEndpoints/pe"), "").1;
    let connection = || {
        get()["properties"]["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]["status"].clone()
    };
    assert_eq!(connection(), "Approved");

    let before = emulator.journal_since(0).last;
    emulator
        .change(Change {
            id: id.clone(),
            patch: Some(json!({"tags": {"drift": "yes"}})),
            ..Change::default()
        })
        .unwrap();
    assert_eq!(
        (
            get()["tags"].clone(),
            get()["properties"]["provisioningState"].clone()
        ),
        (json!({"drift": "yes"}), json!("Succeeded"))
    );
    let put = emulator
        .journal_since(before)
        .entries
        .into_iter()
        .find(|entry| entry.method == "PUT")
        .unwrap();
    assert_eq!(
        (put.principal.as_deref(), put.changed),
        (Some(SOMEONE_ELSE), true)
    );

    for (status, expected) in [
        (ConnectionStatus::Rejected, "Rejected"),
        (ConnectionStatus::Disconnected, "Disconnected"),
    ] {
        let change = ConnectionChange {
            status,
            description: Some("No.".to_owned()),
        };
        emulator
            .change(Change {
                id: id.clone(),
                connection: Some(change),
                ..Change::default()
            })
            .unwrap();
        assert_eq!(connection(), expected);
    }
    emulator
        .change(Change {
            id: account.clone(),
            recreate: true,
            ..Change::default()
        })
        .unwrap();
    emulator
        .change(Change {
            id: id.clone(),
            delete: true,
            ..Change::default()
        })
        .unwrap();
    assert_eq!(
        send(&emulator, Method::GET, &network("privateEndpoints/pe"), "").0,
        404
    );
    let missing = emulator
        .change(Change {
            id,
            patch: Some(json!({})),
            ..Change::default()
        })
        .unwrap_err();
    assert_eq!(missing.code, "ResourceNotFound");
}

#[tokio::test(start_paused = true)]
async fn the_in_process_door_refuses_cuts_and_waits() {
    use azure_core::error::ErrorKind;
    use azure_core::http::{HttpClient, Method as CoreMethod, Request as CoreRequest};

    let emulator = seeded();
    let client = privatelink_arm_emulator::client::InProcessClient::new(emulator.clone());
    let path = network("virtualNetworks/net");
    let url = Url::parse(&format!("https://management.azure.com{path}")).unwrap();
    let mut request = CoreRequest::new(url, CoreMethod::Get);
    request.insert_header("authorization", "Bearer any");

    let before = emulator.journal_since(0).last;
    emulator.add_fault(FaultRule::new(FaultAction::Refuse).only(1));
    let refused = client.execute_request(&request).await.unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Connection), "{refused:?}");
    assert_eq!(
        emulator.journal_since(0).last,
        before,
        "a refused request never arrives"
    );
    assert_eq!(
        emulator
            .faults()
            .iter()
            .map(|rule| rule.fired)
            .collect::<Vec<_>>(),
        [1]
    );

    emulator.add_fault(FaultRule::new(FaultAction::Cut(When::BeforeEffect)).only(1));
    let cut = client.execute_request(&request).await.unwrap_err();
    assert!(matches!(cut.kind(), ErrorKind::Io), "{cut:?}");

    emulator.add_fault(FaultRule::new(FaultAction::DelayMilliseconds(90_000)).only(1));
    let begun = tokio::time::Instant::now();
    assert_eq!(
        u16::from(client.execute_request(&request).await.unwrap().status()),
        200
    );
    assert_eq!(begun.elapsed().as_secs(), 90);
}
