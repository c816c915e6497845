//! Locks on subscriptions, groups and resources.

use crate::support::{Bench, SUBSCRIPTION, endpoint_body, network};
use serde_json::{Value, json};

fn group() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g")
}

/// The locks of a scope, in the version that they have.
fn locks(scope: &str, rest: &str) -> String {
    format!(
        "https://management.azure.com{scope}/providers/Microsoft.Authorization/locks{rest}api-version=2020-05-01"
    )
}

fn level(level: &str) -> Value {
    json!({"properties": {"level": level, "notes": "n"}})
}

fn locked() -> (u16, String) {
    (409, "ScopeLocked".to_owned())
}

#[test]
fn nothing_below_a_lock_is_deleted() {
    let bench = Bench::with_network();
    let vnet = network("virtualNetworks/vnet");
    let lock = locks(&vnet, "/keep?");
    let (status, answer, _) = bench.send("PUT", &lock, level("cannotdelete"));
    assert_eq!(
        (status, &answer["properties"]["level"]),
        (201, &json!("CanNotDelete"))
    );
    assert_eq!(bench.send("PUT", &lock, level("CanNotDelete")).0, 200);
    assert_eq!(bench.get(&lock)["name"], "keep");
    let (status, answer, headers) = bench.send("DELETE", &vnet, Value::Null);
    assert_eq!(status, 409);
    assert!(headers.contains_key("x-ms-failure-cause"));
    assert_eq!(
        answer["error"]["message"],
        format!(
            "The scope '{vnet}' cannot perform delete operation because following scope(s) are locked: '{vnet}'. Please remove the lock and try again."
        )
    );
    assert_eq!(
        bench.refused("DELETE", &format!("{vnet}/subnets/b"), Value::Null),
        locked()
    );
    // The group with it, and others beside it not.
    assert_eq!(bench.refused("DELETE", &group(), Value::Null), locked());
    bench.ok(
        "DELETE",
        &crate::support::id("Microsoft.Storage/storageAccounts/acct"),
        Value::Null,
    );
    // Writes go on.
    bench.ok(
        "PUT",
        &format!("{vnet}/subnets/b"),
        json!({"properties": {"addressPrefix": "10.0.1.0/28"}}),
    );
    bench.pass();
    assert_eq!(bench.send("DELETE", &lock, Value::Null).0, 200);
    assert_eq!(bench.send("DELETE", &lock, Value::Null).0, 204);
    bench.ok("DELETE", &vnet, Value::Null);
    bench.pass();
    bench.ok("DELETE", &group(), Value::Null);
    bench.pass();
    assert_eq!(bench.emulator.resource_ids(), Vec::<String>::new());
}

#[test]
fn what_is_read_only_is_not_written_either() {
    let bench = Bench::with_network();
    bench.ok("PUT", &locks(&group(), "/freeze?"), level("ReadOnly"));
    let subnet = network("virtualNetworks/vnet/subnets/a");
    bench.get(&subnet);
    for (method, path, body) in [
        ("PUT", network("privateEndpoints/pe"), endpoint_body("a")),
        ("DELETE", subnet, Value::Null),
        ("PATCH", network("virtualNetworks/vnet"), json!({"tags": {}})),
        (
            "POST",
            format!(
                "{}/listKeys",
                crate::support::id("Microsoft.Storage/storageAccounts/acct")
            ),
            Value::Null,
        ),
        ("PUT", group(), json!({"location": "westeurope"})),
        ("DELETE", group(), Value::Null),
    ] {
        assert_eq!(bench.refused(method, &path, body), locked(), "{method} {path}");
    }
    // Locks themselves are not locked.
    bench.ok("PUT", &locks(&group(), "/freeze?"), level("CanNotDelete"));
    bench.ok("PUT", &group(), json!({"location": "westeurope"}));
    bench.ok("DELETE", &locks(&group(), "/freeze?"), Value::Null);
    bench.ok("DELETE", &group(), Value::Null);
}

#[test]
fn a_subscription_is_locked_as_a_whole() {
    let bench = Bench::with_network();
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    bench.ok("PUT", &locks(&subscription, "/all?"), level("CanNotDelete"));
    bench.ok(
        "PUT",
        &locks(&network("virtualNetworks/vnet"), "/one?"),
        level("ReadOnly"),
    );
    assert_eq!(bench.refused("DELETE", &group(), Value::Null), locked());
    let names = |path: &str| -> Vec<String> {
        let answer = bench.get(path);
        answer["value"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|lock| lock["name"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(names(&locks(&subscription, "?")), ["all", "one"]);
    assert_eq!(names(&locks(&subscription, "?$filter=atScope()&")), ["all"]);
    assert_eq!(names(&locks(&group(), "?")), ["one"]);
    assert_eq!(
        bench
            .refused("GET", &locks(&network("virtualNetworks/none"), "?"), Value::Null)
            .0,
        404
    );
    // They are no resources of the group.
    assert_eq!(
        bench.get(&format!("{}/resources", group()))["value"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    // Another subscription is not locked, and a snapshot brings locks back.
    let other = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/o";
    bench.ok("PUT", other, json!({"location": "westeurope"}));
    bench.ok("DELETE", other, Value::Null);
    let snapshot = bench.emulator.snapshot();
    bench.ok("DELETE", &locks(&subscription, "/all?"), Value::Null);
    bench.emulator.restore(&snapshot);
    assert_eq!(bench.refused("DELETE", &group(), Value::Null), locked());
}

#[test]
fn a_lock_has_a_level() {
    let bench = Bench::with_network();
    for body in [
        json!({"properties": {}}),
        level("Sometimes"),
        level("NotSpecified"),
        json!({"properties": {"level": "ReadOnly", "notes": "n".repeat(513)}}),
    ] {
        assert_eq!(bench.refused("PUT", &locks(&group(), "/x?"), body).0, 400);
    }
    assert_eq!(
        bench
            .refused(
                "PUT",
                &locks("/providers/Microsoft.Management/managementGroups/m", "/x?"),
                level("ReadOnly")
            )
            .0,
        400
    );
}

#[test]
fn what_goes_with_another_leaves_no_lock_behind() {
    let bench = Bench::with_network();
    let vnet = network("virtualNetworks/vnet");
    let subnet = format!("{vnet}/subnets/more");
    let add = || {
        bench.ok(
            "PUT",
            &subnet,
            json!({"properties": {"addressPrefix": "10.0.240.0/24"}}),
        );
        bench.pass();
    };
    let without = bench.get(&vnet);
    add();
    let lock = locks(&subnet, "/l?");
    bench.ok("PUT", &lock, level("CanNotDelete"));
    bench.ok("PUT", &vnet, without);
    bench.pass();
    add();
    assert_eq!(bench.send("GET", &lock, Value::Null).0, 404);

    let endpoint = network("privateEndpoints/pe");
    bench.ok("PUT", &endpoint, endpoint_body("a"));
    bench.pass();
    let interface = bench.get(&endpoint)["properties"]["networkInterfaces"][0]["id"].clone();
    let lock = locks(interface.as_str().unwrap(), "/l?");
    bench.ok("PUT", &lock, level("CanNotDelete"));
    bench.ok("DELETE", &endpoint, Value::Null);
    bench.pass();
    assert!(
        !bench
            .emulator
            .resource_ids()
            .iter()
            .any(|id| id.ends_with("/locks/l"))
    );
}

#[test]
fn a_locked_target_is_decided_about_by_nobody_and_left_by_its_endpoints() {
    let bench = Bench::with_network();
    let target = crate::support::id("Microsoft.Storage/storageAccounts/acct");
    let endpoint = network("privateEndpoints/pe");
    let decided = json!({"properties": {"privateLinkServiceConnectionState": {"status": "Rejected", "description": "no"}}});
    for kept in ["ReadOnly", "CanNotDelete"] {
        bench.ok("PUT", &locks(&target, "/keep?"), level(kept));
        bench.ok("PUT", &endpoint, endpoint_body("a"));
        bench.pass();
        let listed = bench.get(&format!("{target}/privateEndpointConnections"));
        let connection = listed
            .pointer("/value/0/id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        assert_eq!(bench.refused("DELETE", connection, Value::Null), locked());
        if kept == "ReadOnly" {
            assert_eq!(bench.refused("PUT", connection, decided.clone()), locked());
        } else {
            bench.ok("PUT", connection, decided.clone());
        }
        // The endpoint is its own owner's.
        bench.ok("DELETE", &endpoint, Value::Null);
        bench.pass();
        assert_eq!(
            bench.get(&format!("{target}/privateEndpointConnections"))["value"],
            json!([])
        );
    }
}
