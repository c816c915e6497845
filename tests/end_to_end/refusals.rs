//! Manifests with mistakes: the API server refuses them, and its message names the field and what is allowed.

use serde_json::{Value, json};

use crate::installation::{apply, kubectl, run, scenario};
use crate::manifests::endpoint;

#[test]
fn a_manifest_with_a_mistake_is_refused_with_the_name_of_its_field() {
    let cases: [(&str, Value, &[&str]); 7] = [
        (
            "a policy that is none",
            json!({"deletionPolicy": "Keep"}),
            &["spec.deletionPolicy", "Delete", "Retain"],
        ),
        (
            "two targets",
            json!({"target": {"alias": "a", "id": "/subscriptions/x", "groupId": "blob"}}),
            &["spec.target"],
        ),
        (
            "no target",
            json!({"target": {"groupId": "blob"}}),
            &["spec.target", "exactly one"],
        ),
        (
            "a short name",
            json!({"azureName": "a"}),
            &["spec.azureName", "2 to 80"],
        ),
        (
            "a subnet that is none",
            json!({"subnet": {"id": "/subscriptions/x"}}),
            &["spec.subnet"],
        ),
        (
            "an address that is none",
            json!({"ipAddresses": [{"memberName": "blob", "address": "10.20.0.300"}]}),
            &["spec.ipAddresses", "address"],
        ),
        (
            "a field that does not exist",
            json!({"tag": {"team": "orders"}}),
            &["spec.tag"],
        ),
    ];
    scenario(async |environment| {
        for (case, more, words) in cases {
            let manifest = endpoint("refused", more).to_string();
            let output = kubectl(environment, &["apply", "--validate=strict", "-f", "-"], &manifest);
            assert!(!output.success, "{case} was accepted");
            for word in words {
                assert!(
                    output.stderr.contains(word),
                    "{case}: the message lacks {word:?}:\n{}",
                    output.stderr
                );
            }
        }
        let left = run(environment, &["get", "pe", "refused", "--ignore-not-found"]);
        assert_eq!(left, "");
    });
}

#[test]
fn what_cannot_be_changed_says_what_to_do_instead() {
    scenario(async |environment| {
        // Its target is no alias of the scope, so nothing is made in Azure.
        let target = json!({"alias": "nowhere", "groupId": "blob"});
        apply(environment, &endpoint("unchangeable", json!({"target": target})));
        let other = json!({"alias": "orders-storage", "groupId": "blob"});
        let manifest = endpoint("unchangeable", json!({"target": other})).to_string();
        let output = kubectl(environment, &["apply", "-f", "-"], &manifest);
        assert!(!output.success, "an immutable field was changed");
        for word in ["spec.target", "create a new object"] {
            assert!(
                output.stderr.contains(word),
                "the message lacks {word:?}:\n{}",
                output.stderr
            );
        }
        run(environment, &["delete", "pe", "unchangeable", "--timeout=60s"]);
    });
}
