//! Tags as a resource of their own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use privatelink_arm_emulator::seed;
use serde_json::{Value, json};

use crate::support::{Bench, SUBSCRIPTION, id, network};

fn tags_of(scope: &str) -> String {
    format!("{scope}/providers/Microsoft.Resources/tags/default")
}

fn tags(tags: Value) -> Value {
    json!({"properties": {"tags": tags}})
}

fn patch(operation: &str, tags: Value) -> Value {
    json!({"operation": operation, "properties": {"tags": tags}})
}

#[test]
fn tags_have_their_effect_on_what_they_are_of() {
    let bench = Bench::with_network();
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    for scope in [
        id("Microsoft.Storage/storageAccounts/acct"),
        network("virtualNetworks/vnet"),
        format!("{subscription}/resourceGroups/g"),
        subscription.clone(),
    ] {
        let own = tags_of(&scope);
        let shown = || bench.get(&scope)["tags"].clone();
        let (status, answer, _) = bench.send("PUT", &own, tags(json!({"team": "network", "stage": "test"})));
        assert_eq!(status, 200, "{answer}");
        assert!(bench.last_changed());
        assert_eq!(
            answer,
            json!({"id": own, "name": "default", "type": "Microsoft.Resources/tags",
                "properties": {"tags": {"team": "network", "stage": "test"}}})
        );
        assert_eq!(bench.get(&own), answer);
        assert_eq!(shown(), json!({"team": "network", "stage": "test"}));
        // The same again is no change.
        bench.ok("PUT", &own, tags(json!({"team": "network", "stage": "test"})));
        assert!(!bench.last_changed());

        bench.ok("PATCH", &own, patch("Merge", json!({"TEAM": "dns", "new": "x"})));
        assert_eq!(shown(), json!({"TEAM": "dns", "stage": "test", "new": "x"}));
        bench.ok(
            "PATCH",
            &own,
            patch("delete", json!({"Stage": "test", "new": "other"})),
        );
        assert_eq!(shown(), json!({"TEAM": "dns", "new": "x"}));
        bench.ok("PATCH", &own, patch("Replace", json!({"only": "1"})));
        assert_eq!(shown(), json!({"only": "1"}));

        assert_eq!(bench.send("DELETE", &own, Value::Null).0, 200);
        assert!(shown().as_object().is_none_or(|tags| tags.is_empty()));
        assert_eq!(bench.get(&own)["properties"]["tags"], json!({}));
    }
    // It is no resource among others.
    let all = bench.get(&format!("{subscription}/resources"));
    assert!(!all.to_string().contains("Microsoft.Resources/tags"));
}

#[test]
fn tags_of_what_has_none_are_refused() {
    let bench = Bench::with_network();
    let vnet = network("virtualNetworks/vnet");
    for (scope, status, code) in [
        (network("virtualNetworks/none"), 404, "ResourceNotFound"),
        (format!("{vnet}/subnets/a"), 400, "InvalidTags"),
        (
            format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/none"),
            404,
            "ResourceGroupNotFound",
        ),
    ] {
        assert_eq!(
            bench.refused("PUT", &tags_of(&scope), tags(json!({"a": "b"}))),
            (status, code.to_owned()),
            "{scope}"
        );
    }
    for (method, body) in [
        ("PUT", json!({})),
        ("PUT", tags(json!({"a": 1}))),
        ("PUT", tags(json!({"a<": "b"}))),
        ("PATCH", tags(json!({"a": "b"}))),
        ("PATCH", patch("Add", json!({"a": "b"}))),
    ] {
        assert_eq!(bench.refused(method, &tags_of(&vnet), body).0, 400);
    }
    assert_eq!(bench.get(&vnet)["tags"], Value::Null);
    assert_eq!(bench.refused("POST", &tags_of(&vnet), json!({})).0, 405);
}

#[test]
fn tags_of_a_subscription_come_back_from_an_export() {
    let bench = Bench::with_network();
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    bench.ok("PUT", &tags_of(&subscription), tags(json!({"team": "network"})));
    let text = bench.emulator.export_seed().unwrap();
    let other = Bench::empty();
    let seed = seed::parse("export.yaml", &text).unwrap();
    other.emulator.apply_seed(&seed).unwrap();
    assert_eq!(other.get(&subscription)["tags"], json!({"team": "network"}));
}

#[test]
fn a_subscription_counts_the_tags_in_it() {
    let bench = Bench::with_network();
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    for (scope, given) in [
        (network("virtualNetworks/vnet"), json!({"team": "network"})),
        (
            id("Microsoft.Storage/storageAccounts/acct"),
            json!({"Team": "dns", "x": ""}),
        ),
        (
            format!("{subscription}/resourceGroups/g"),
            json!({"team": "network"}),
        ),
    ] {
        bench.ok("PUT", &tags_of(&scope), tags(given));
    }
    let names = format!("{subscription}/tagNames");
    let count = |value: usize| json!({"type": "Total", "value": value});
    assert_eq!(
        bench.get(&names),
        json!({"value": [
            {"id": format!("{names}/team"), "tagName": "team", "count": count(3), "values": [
                {"id": format!("{names}/team/tagValues/dns"), "tagValue": "dns", "count": count(1)},
                {"id": format!("{names}/team/tagValues/network"), "tagValue": "network", "count": count(2)},
            ]},
            {"id": format!("{names}/x"), "tagName": "x", "count": count(1), "values": [
                {"id": format!("{names}/x/tagValues/"), "tagValue": "", "count": count(1)},
            ]},
        ]})
    );
}
