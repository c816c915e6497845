//! Laws of resource ids.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privatelink_arm::ResourceId;
use proptest::prelude::*;

fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_parts_of_every_shape() {
    // id, subscription, group, namespace, type, name, parent
    let rows = [
        (
            "/subscriptions/S",
            Some("S"),
            None,
            "Microsoft.Resources",
            "Microsoft.Resources/subscriptions",
            "S",
            None,
        ),
        (
            "/subscriptions/S/resourceGroups/rg",
            Some("S"),
            Some("rg"),
            "Microsoft.Resources",
            "Microsoft.Resources/resourceGroups",
            "rg",
            Some("/subscriptions/S"),
        ),
        (
            "/subscriptions/S/providers/Microsoft.Network",
            Some("S"),
            None,
            "Microsoft.Network",
            "Microsoft.Resources/providers",
            "Microsoft.Network",
            Some("/subscriptions/S"),
        ),
        (
            "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v",
            Some("S"),
            Some("rg"),
            "Microsoft.Network",
            "Microsoft.Network/virtualNetworks",
            "v",
            Some("/subscriptions/S/resourceGroups/rg"),
        ),
        (
            "/subscriptions/S/RESOURCEGROUPS/rg/PROVIDERS/Microsoft.Network/virtualNetworks/v/subnets/providers",
            Some("S"),
            Some("rg"),
            "Microsoft.Network",
            "Microsoft.Network/virtualNetworks/subnets",
            "providers",
            Some("/subscriptions/S/RESOURCEGROUPS/rg/PROVIDERS/Microsoft.Network/virtualNetworks/v"),
        ),
        (
            "/subscriptions/S/providers/Microsoft.Authorization/policyAssignments/p",
            Some("S"),
            None,
            "Microsoft.Authorization",
            "Microsoft.Authorization/policyAssignments",
            "p",
            Some("/subscriptions/S"),
        ),
        (
            "/subscriptions/S/resourceGroups/rg/providers/A.B/c/d/providers/Microsoft.Insights/diagnosticSettings/x",
            Some("S"),
            Some("rg"),
            "Microsoft.Insights",
            "Microsoft.Insights/diagnosticSettings",
            "x",
            Some("/subscriptions/S/resourceGroups/rg/providers/A.B/c/d"),
        ),
        (
            "/providers/Microsoft.Management/managementGroups/m",
            None,
            None,
            "Microsoft.Management",
            "Microsoft.Management/managementGroups",
            "m",
            None,
        ),
    ];
    for (text, subscription, group, namespace, kind, name, parent) in rows {
        let id = id(text);
        assert_eq!(id.to_string(), text);
        assert_eq!(id.subscription_id(), subscription, "{text}");
        assert_eq!(id.resource_group(), group, "{text}");
        assert_eq!(id.namespace(), namespace, "{text}");
        assert_eq!(id.resource_type(), kind, "{text}");
        assert_eq!(id.name(), name, "{text}");
        assert_eq!(id.parent().as_ref().map(ResourceId::as_str), parent, "{text}");
    }
}

#[test]
fn roots_and_children() {
    let network = id("/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Network/virtualNetworks/v");
    let group = network.resource_group_id().unwrap();
    assert_eq!(group.as_str(), "/subscriptions/S/resourceGroups/Rg");
    assert_eq!(network.subscription_root().unwrap().as_str(), "/subscriptions/S");
    assert_eq!(
        group.resource("Microsoft.Network/virtualNetworks", "V").unwrap(),
        network
    );
    let subnet = network.child("subnets", "default").unwrap();
    assert_eq!(subnet.parent().unwrap(), network);
    for (kind, name) in [
        ("subnets", ""),
        ("subnets", "a/b"),
        ("subnets", ".."),
        ("", "a"),
        ("subnets/x", "a"),
        ("a b", "c"),
    ] {
        assert!(network.child(kind, name).is_err(), "{kind} {name}");
    }
    assert!(
        group.child("virtualNetworks", "v").is_err(),
        "a resource group has no children but providers"
    );
}

#[test]
fn what_is_refused_is_said() {
    let long = format!("/subscriptions/{}", "s".repeat(2048));
    for (text, message) in [
        ("", "must start with"),
        ("/", "empty"),
        ("subscriptions/S", "must start with"),
        ("https://management.azure.com/subscriptions/S", "must start with"),
        ("/resourceGroups/rg", "must start with"),
        ("/subscriptions", "has no name"),
        ("/subscriptions/S/", "ends with a slash"),
        ("/subscriptions//resourceGroups/rg", "empty segment"),
        ("/subscriptions/S/resourceGroups", "has no name"),
        (
            "/subscriptions/S/locations/westeurope",
            "not resourceGroups or providers",
        ),
        (
            "/subscriptions/S/resourceGroups/rg/virtualNetworks/v",
            "not providers",
        ),
        (
            "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network",
            "names a provider but no type",
        ),
        (
            "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks",
            "has no name",
        ),
        (
            "/subscriptions/S/resourceGroups/../providers/A.B/c/d",
            "would change the path",
        ),
        (
            "/subscriptions/S/resourceGroups/./providers/A.B/c/d",
            "would change the path",
        ),
        ("/subscriptions/S/resourceGroups/a%2Fb", "percent-encoded"),
        ("/subscriptions/S/resourceGroups/a\nb", "control character"),
        ("/subscriptions/S/resourceGroups/rg?x=1", "one of ?"),
        ("/subscriptions/S/resourceGroups/rg#x", "one of ?"),
        ("/subscriptions/S/resourceGroups/a\\b", "one of ?"),
        ("/subscriptions/S/resourceGroups/rg ", "white space"),
        (
            "/subscriptions/S/resourceGroups/rg/providers/Microsoft Network/a/b",
            "provider namespace",
        ),
        (
            "/subscriptions/S/providers/A.B/providers/C.D/e/f",
            "a provider without a type",
        ),
        (long.as_str(), "longer than 2048"),
    ] {
        let error = ResourceId::parse(text).expect_err(text).to_string();
        assert!(
            error.starts_with("not an Azure resource id: ") && error.contains(message),
            "{text}: {error}"
        );
    }
}

#[test]
fn look_alikes_are_not_under_one_another() {
    let group = id("/subscriptions/s/resourceGroups/rg-a");
    for (text, under) in [
        ("/subscriptions/s/resourceGroups/rg-a", true),
        ("/SUBSCRIPTIONS/S/resourcegroups/RG-A/providers/A.B/c/d", true),
        ("/subscriptions/s/resourceGroups/rg-ab", false),
        ("/subscriptions/s/resourceGroups/rg-ab/providers/A.B/c/d", false),
        ("/subscriptions/s/resourceGroups/rg", false),
        ("/subscriptions/s", false),
        ("/subscriptions/s2/resourceGroups/rg-a", false),
    ] {
        assert_eq!(id(text).is_at_or_under(&group), under, "{text}");
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9][A-Za-z0-9_.-]{0,20}[A-Za-z0-9]",
        "providers|subscriptions|resourceGroups",
        "[a-zé(]{1,5}"
    ]
}

fn any_id() -> impl Strategy<Value = String> {
    let typed = proptest::collection::vec(("[A-Za-z]{1,12}", name()), 1..4);
    let provider = ("[A-Za-z]{2,9}\\.[A-Za-z]{2,9}", typed).prop_map(|(namespace, typed)| {
        let path: String = typed
            .iter()
            .enumerate()
            // "providers" as a type would open the next provider.
            .map(|(index, (kind, name))| format!("/t{index}{kind}/{name}"))
            .collect();
        format!("/providers/{namespace}{path}")
    });
    let group = proptest::option::of(name());
    (name(), group, proptest::collection::vec(provider, 0..3)).prop_map(|(subscription, group, providers)| {
        let group = group
            .map(|group| format!("/resourceGroups/{group}"))
            .unwrap_or_default();
        format!("/subscriptions/{subscription}{group}{}", providers.concat())
    })
}

/// Flips the case of some letters.
fn recased(text: &str, seed: u64) -> String {
    text.chars()
        .enumerate()
        .map(|(index, letter)| match (seed >> (index % 64)) & 1 {
            1 if letter.is_ascii_lowercase() => letter.to_ascii_uppercase(),
            1 => letter.to_ascii_lowercase(),
            _ => letter,
        })
        .collect()
}

proptest! {
    #[test]
    fn printing_and_parsing_go_round(text in any_id()) {
        let id = ResourceId::parse(&text).unwrap();
        prop_assert_eq!(id.as_str(), &text);
        let through: ResourceId = serde_json::from_str(&serde_json::to_string(&id).unwrap()).unwrap();
        prop_assert_eq!(through.as_str(), &text);
    }

    #[test]
    fn case_makes_no_difference(text in any_id(), seed in any::<u64>()) {
        use std::collections::{BTreeSet, HashSet};
        let one = ResourceId::parse(&text).unwrap();
        let other = ResourceId::parse(&recased(&text, seed)).unwrap();
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one.key(), other.key());
        prop_assert_eq!(one.resource_type().to_ascii_lowercase(), other.resource_type().to_ascii_lowercase());
        prop_assert_eq!(HashSet::from([one.clone(), other.clone()]).len(), 1);
        prop_assert_eq!(BTreeSet::from([one.clone(), other.clone()]).len(), 1);
        prop_assert!(one.is_at_or_under(&other) && other.is_at_or_under(&one));
    }

    #[test]
    fn an_id_is_under_its_parents_and_they_are_not_under_it(text in any_id()) {
        let id = ResourceId::parse(&text).unwrap();
        let mut above = id.parent();
        while let Some(parent) = above {
            prop_assert_eq!(&ResourceId::parse(parent.as_str()).unwrap(), &parent);
            prop_assert!(id.is_at_or_under(&parent));
            prop_assert!(!parent.is_at_or_under(&id));
            above = parent.parent();
        }
        prop_assert!(id.is_at_or_under(&id.subscription_root().unwrap()));
    }

    #[test]
    fn a_longer_name_is_not_under_a_shorter_one(text in any_id(), more in "[a-z0-9-]{1,5}") {
        let one = ResourceId::parse(&text).unwrap();
        let other = ResourceId::parse(&format!("{text}{more}")).unwrap();
        prop_assert!(!other.is_at_or_under(&one) && !one.is_at_or_under(&other));
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,200}", tail in "[/a-zA-Z0-9.%?#\\\\ \u{0}-\u{1f}]{0,80}") {
        for text in [text, tail.clone(), format!("/subscriptions/s/resourceGroups/{tail}")] {
            if let Ok(id) = ResourceId::parse(&text) {
                prop_assert_eq!(id.as_str(), &text);
                prop_assert!(!text.contains('%') && !text.ends_with('/'));
                let _ = (id.parent(), id.resource_type(), id.namespace().len(), id.resource_group_id());
            }
        }
    }
}
