//! The three-way comparison, by properties: what `merge` makes of any observed body satisfies desired state, loses
//! nothing of others, and needs no second write.
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use privatelink_arm::models::private_endpoint::MODEL;
use privatelink_engine::diff::{Applied, diff, merge, owned_keys};
use proptest::prelude::*;
use serde_json::{Value, json};

fn tags() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[a-d]", "[x-z]", 0..4)
}

fn groups() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set("/asg/[a-e]", 0..4)
}

fn body(tags: &BTreeMap<String, String>, groups: &BTreeSet<String>) -> Value {
    let groups: Vec<Value> = groups.iter().map(|id| json!({"id": id})).collect();
    json!({
        "location": "westeurope",
        "tags": tags,
        "properties": {
            "subnet": {"id": "/subnet"},
            "privateLinkServiceConnections": [{"name": "e", "properties": {"privateLinkServiceId": "/target", "groupIds": ["blob"]}}],
            "applicationSecurityGroups": groups,
        },
    })
}

/// The body as Azure would show it: with its own fields and others' spelling.
fn shown(mut body: Value) -> Value {
    body["etag"] = json!("W/\"1\"");
    body["location"] = json!("West Europe");
    body["properties"]["provisioningState"] = json!("Succeeded");
    body["properties"]["billingSku"] = json!("PayAsYouGo");
    body["properties"]["subnet"]["id"] = json!("/SUBNET");
    body
}

proptest! {
    #[test]
    fn merge_satisfies_desired_keeps_what_is_others_and_removes_what_was_ours(
        wanted_tags in tags(), wanted_groups in groups(),
        found_tags in tags(), found_groups in groups(),
        ours in prop::collection::btree_set("[a-d]", 0..4), our_groups in groups(),
    ) {
        let desired = body(&wanted_tags, &wanted_groups);
        let observed = shown(body(&found_tags, &found_groups));
        let applied = Applied::from([
            ("tags".to_owned(), ours.clone()),
            ("properties.applicationSecurityGroups".to_owned(), our_groups.clone()),
        ]);
        let merged = merge(&MODEL, &desired, Some(&observed), &applied);
        prop_assert_eq!(diff(&MODEL, &desired, &shown(merged.clone()), &applied), vec![]);
        for (name, value) in &found_tags {
            if !ours.contains(name) && !wanted_tags.contains_key(name) {
                prop_assert_eq!(merged["tags"][name].as_str(), Some(value.as_str()), "a tag of others is lost");
            }
            if ours.contains(name) && !wanted_tags.contains_key(name) {
                prop_assert!(merged["tags"].get(name).is_none(), "a tag that was dropped stays");
            }
        }
        let left: BTreeSet<&str> = merged["properties"]["applicationSecurityGroups"].as_array().unwrap().iter().map(|group| group["id"].as_str().unwrap()).collect();
        for group in found_groups.iter().filter(|group| !our_groups.contains(*group)) {
            prop_assert!(left.contains(group.as_str()), "a group of others is lost");
        }
        prop_assert_eq!(merged["properties"]["billingSku"].as_str(), Some("PayAsYouGo"));
        prop_assert!(merged.get("etag").is_none() && merged["properties"].get("provisioningState").is_none());
    }

    #[test]
    fn there_is_a_difference_exactly_where_a_merge_changes_something(
        wanted_tags in tags(), found_tags in tags(), ours in prop::collection::btree_set("[a-d]", 0..4),
    ) {
        let none = BTreeSet::new();
        let desired = body(&wanted_tags, &none);
        let observed = shown(body(&found_tags, &none));
        let applied = Applied::from([("tags".to_owned(), ours)]);
        let differs = !diff(&MODEL, &desired, &observed, &applied).is_empty();
        let merged = merge(&MODEL, &desired, Some(&observed), &applied);
        prop_assert_eq!(differs, merged["tags"] != observed["tags"]);
    }
}

#[test]
fn only_shared_maps_and_lists_have_owned_keys() {
    let desired = body(
        &BTreeMap::from([("a".to_owned(), "x".to_owned())]),
        &BTreeSet::from(["/asg/a".to_owned()]),
    );
    let keys = owned_keys(&MODEL, &desired);
    assert_eq!(
        keys.keys().map(String::as_str).collect::<Vec<_>>(),
        ["properties.applicationSecurityGroups", "tags"]
    );
}

#[test]
fn another_target_is_a_difference_that_no_update_can_mend() {
    let none = (BTreeMap::new(), BTreeSet::new());
    let mut observed = shown(body(&none.0, &none.1));
    observed["properties"]["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceId"] =
        json!("/other");
    let differences = diff(&MODEL, &body(&none.0, &none.1), &observed, &Applied::new());
    assert!(!differences.is_empty());
    assert!(
        differences
            .iter()
            .all(|difference| difference.change == privatelink_arm::model::Change::OnCreation)
    );
}
