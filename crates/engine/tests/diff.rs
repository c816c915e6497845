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

mod groups_of_rules {
    //! Rules, of whose fields those that are not used are not to be there.

    use privatelink_arm::models::network_security_group::{MODEL, MODEL_AMONG_OTHERS};

    use super::*;

    /// One of the ways to give a side of a rule.
    fn side(name: &str, choice: u8) -> (String, Value) {
        match choice {
            0 => (format!("{name}AddressPrefix"), json!("10.1.0.0/16")),
            1 => (
                format!("{name}AddressPrefixes"),
                json!(["10.2.0.0/16", "10.1.0.0/16"]),
            ),
            2 => (
                format!("{name}ApplicationSecurityGroups"),
                json!([{"id": "/asg/a"}, {"id": "/asg/b"}]),
            ),
            _ => (format!("{name}AddressPrefix"), json!("Internet")),
        }
    }

    fn rules() -> impl Strategy<Value = BTreeMap<String, (u8, u8, bool)>> {
        prop::collection::btree_map("[a-f]", (0..4_u8, 0..4_u8, any::<bool>()), 0..5)
    }

    fn group(rules: &BTreeMap<String, (u8, u8, bool)>) -> Value {
        let rules = rules.iter().map(|(name, (source, destination, described))| {
            let mut properties =
                json!({"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 100});
            let fields = properties.as_object_mut().into_iter().flatten();
            let mut all: serde_json::Map<String, Value> = fields
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            all.extend([side("source", *source), side("destination", *destination)]);
            if *described {
                all.insert("description".to_owned(), json!("why"));
            }
            json!({"name": name, "properties": all})
        });
        let rules: Vec<Value> = rules.collect();
        json!({"location": "westeurope", "tags": {}, "properties": {"securityRules": rules}})
    }

    /// As Azure shows it: with an empty list for what is not given, in another order and spelling, and with its own fields.
    fn shown(mut group: Value) -> Value {
        group["properties"]["defaultSecurityRules"] = json!([{"name": "AllowVnetInBound"}]);
        let mut rules = group["properties"]["securityRules"].take();
        for rule in rules.as_array_mut().into_iter().flatten() {
            rule["etag"] = json!("W/\"1\"");
            for side in ["source", "destination"] {
                let name = format!("{side}AddressPrefixes");
                let mut prefixes = rule["properties"][&name].take();
                match prefixes.as_array_mut() {
                    Some(prefixes) => prefixes.reverse(),
                    None => prefixes = json!([]),
                }
                rule["properties"][&name] = prefixes;
            }
            rule["properties"]["theirs"] = json!("unheard of");
        }
        if let Some(rules) = rules.as_array_mut() {
            rules.reverse();
        }
        group["properties"]["securityRules"] = rules;
        group
    }

    fn names(group: &Value) -> BTreeSet<String> {
        let rules = group["properties"]["securityRules"]
            .as_array()
            .into_iter()
            .flatten();
        rules
            .filter_map(|rule| Some(rule["name"].as_str()?.to_owned()))
            .collect()
    }

    proptest! {
        #[test]
        fn one_write_makes_every_rule_as_wanted_and_no_more(
            wanted in rules(), found in rules(), ours in prop::collection::btree_set("[a-f]", 0..4),
        ) {
            let (desired, observed) = (group(&wanted), shown(group(&found)));
            let applied = Applied::from([("properties.securityRules".to_owned(), ours.clone())]);
            for model in [&MODEL, &MODEL_AMONG_OTHERS] {
                let differences = diff(model, &desired, &observed, &applied);
                let merged = merge(model, &desired, Some(&observed), &applied);
                prop_assert_eq!(diff(model, &desired, &shown(merged.clone()), &applied), vec![]);
                let kept: BTreeSet<String> = match model.fields.last().map(|field| field.ownership) {
                    Some(privatelink_arm::model::Ownership::Whole(_)) => BTreeSet::new(),
                    _ => found.keys().filter(|name| !ours.contains(*name)).cloned().collect(),
                };
                let expected: BTreeSet<String> = wanted.keys().cloned().chain(kept).collect();
                prop_assert_eq!(names(&merged), expected);
                let rules = merged["properties"]["securityRules"].as_array().into_iter().flatten();
                for rule in rules.filter(|rule| found.contains_key(rule["name"].as_str().unwrap_or_default())) {
                    prop_assert_eq!(&rule["properties"]["theirs"], "unheard of");
                }
                // A side that is given in another way is given in that way alone.
                for (name, (source, ..)) in &wanted {
                    let rules = merged["properties"]["securityRules"].as_array();
                    let rule = rules.into_iter().flatten().find(|rule| rule["name"] == *name);
                    let rule = rule.cloned().unwrap_or_default();
                    let given = [
                        !rule["properties"]["sourceAddressPrefix"].is_null(),
                        rule["properties"]["sourceAddressPrefixes"].as_array().is_some_and(|list| !list.is_empty()),
                        !rule["properties"]["sourceApplicationSecurityGroups"].is_null(),
                    ];
                    prop_assert_eq!(given, [[0, 3].contains(source), *source == 1, *source == 2], "{}", name);
                }
                let same = wanted == found;
                prop_assert!(!same || differences.is_empty(), "{:?}", differences);
            }
        }
    }
}
