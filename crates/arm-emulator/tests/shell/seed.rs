//! Seed files: every mistake is refused with its place and a remedy.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use privatelink_arm_emulator::seed::parse;

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

fn mistake(text: &str) -> String {
    parse("seed.yaml", &text.replace("SUBSCRIPTION", SUBSCRIPTION))
        .unwrap_err()
        .to_string()
}

#[test]
fn a_place_is_told_once() {
    for text in [
        "subscription: []\n",
        "resourceGroups:\n  - name: rg\n",
        "throttle:\n  reads: {capacity: many, refill: 1}\n",
        "subscriptions: [\n",
        "subscriptions: *nobody\n",
        "subscriptions: 7\n",
        "anySubscription: true\nanySubscription: true\n",
    ] {
        let message = mistake(text);
        assert!(message.starts_with("seed.yaml:"), "{message}");
        assert!(!message.contains("column"), "{message}");
    }
}

#[test]
fn mistakes_are_refused_with_line_and_column() {
    for (text, place, message) in [
        ("subscription: []\n", "seed.yaml:1:1:", "unknown field"),
        (
            "subscriptions:\n  - id: 12\n    nam: x\n",
            "seed.yaml:3:5:",
            "unknown field",
        ),
        (
            "subscriptions:\n  - id: 12\n",
            "seed.yaml:2:9:",
            "is no subscription id; write a GUID",
        ),
        (
            "subscriptions:\n  - id: SUBSCRIPTION\n  - id: SUBSCRIPTION\n",
            "seed.yaml:3:9:",
            "named twice",
        ),
        (
            "resourceGroups:\n  - name: rg\n    location: w\n",
            "seed.yaml:2:11:",
            "add 'subscription: GUID'",
        ),
        ("resourceGroups:\n  - name: rg\n", "seed.yaml:2:", "missing field"),
        (
            "resourceGroups:\n  - name: rg\n    location: w\n    location: w\n",
            "seed.yaml:4:5:",
            "the key 'location' is given twice",
        ),
        (
            "subscriptions: [{id: SUBSCRIPTION}]\nresourceGroups:\n  - {name: rg, location: w}\n  - {name: RG, location: w}\n",
            "seed.yaml:4:12:",
            "already seeded in line 3",
        ),
        (
            "subscriptions: [{id: SUBSCRIPTION}]\nresources:\n  - type: Microsoft.Network/virtualNetworks/subnets\n    name: a\n    group: rg\n",
            "seed.yaml:4:11:",
            "do not fit",
        ),
        (
            "resources:\n  - location: w\n",
            "seed.yaml:2:5:",
            "either by 'id' alone, or by 'type', 'name' and 'group'",
        ),
        ("resources:\n  - id: x/y\n", "seed.yaml:2:9:", "is no resource id"),
        (
            "principals:\n  - name: a\n",
            "seed.yaml:2:11:",
            "needs 'objectId' or 'clientId'",
        ),
        (
            "principals:\n  - name: a\n    clientId: b\n",
            "seed.yaml:3:15:",
            "is no GUID",
        ),
        (
            "principals:\n  - name: a\n    clientId: SUBSCRIPTION\n    roles:\n      - scope: /\n        role: Gardener\n",
            "seed.yaml:6:15:",
            "role 'Gardener' is not known; known are: Owner, Contributor, Reader, User Access Administrator, Network Contributor",
        ),
        (
            "principals:\n  - name: a\n    clientId: SUBSCRIPTION\n    roles:\n      - scope: here\n        role: Reader\n",
            "seed.yaml:5:16:",
            "scope 'here' is not valid",
        ),
        (
            "throttle:\n  reads: {capacity: many, refill: 1}\n",
            "seed.yaml:2:21:",
            "invalid",
        ),
        (
            "throttle:\n  reads: {capacity: -1, refill: 1}\n",
            "seed.yaml:2:",
            "-1 is no number above zero",
        ),
        (
            "throttle:\n  reads: {capacity: 1, refill: .inf}\n",
            "seed.yaml:2:",
            "inf is no number from zero up",
        ),
        ("subscriptions: [\n", "seed.yaml:", ""),
    ] {
        let error = mistake(text);
        assert!(
            error.starts_with(place) && error.contains(message),
            "{text}\n{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn what_private_dns_refuses_is_told_in_its_words() {
    let zone = "subscriptions: [{id: SUBSCRIPTION}]\nresourceGroups: [{name: rg, location: westeurope}]\nresources:\n  - {type: Microsoft.Network/privateDnsZones, name: com, group: rg, location: global}\n";
    let seed = parse("seed.yaml", &zone.replace("SUBSCRIPTION", SUBSCRIPTION)).unwrap();
    let clock = privatelink_arm_emulator::clock::system();
    let options = privatelink_arm_emulator::Options::new(clock).unwrap();
    let refusal = privatelink_arm_emulator::Emulator::new(options)
        .apply_seed(&seed)
        .unwrap_err();
    assert_eq!(refusal.line, 4);
    let (_, words) = refusal.message.split_once("is refused with ").unwrap();
    let (code, message) = words.split_once(": ").unwrap();
    assert!(!code.is_empty() && message.contains("com"), "{words}");
}

#[test]
fn a_full_seed_is_read() {
    let seed = parse(
        "seed.yaml",
        &r#"
subscriptions:
  - id: SUBSCRIPTION
    name: test
    unregisteredProviders: [Microsoft.Sql]
resourceGroups:
  - {name: rg, location: westeurope, tags: {a: b}}
resources:
  - type: Microsoft.Network/virtualNetworks
    name: net
    group: rg
    location: westeurope
    properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
  - type: Microsoft.Network/virtualNetworks/subnets
    name: net/endpoints
    group: rg
    properties: {addressPrefix: 10.0.0.0/24}
  - id: /subscriptions/SUBSCRIPTION/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/acct
    location: westeurope
    kind: StorageV2
    sku: {name: Standard_LRS}
roleDefinitions:
  mine: {actions: [Microsoft.Network/*], notActions: ["*/delete"]}
principals:
  - name: a
    clientId: 00000000-0000-0000-0000-00000000000a
    clientSecret: s
    roles: [{scope: /, role: mine}, {scope: /subscriptions/SUBSCRIPTION, actions: ["*/read"]}]
throttle: {reads: {capacity: 10, refill: 1}}
"#
        .replace("SUBSCRIPTION", SUBSCRIPTION),
    )
    .unwrap();
    let ids: Vec<&str> = seed
        .resources
        .iter()
        .map(|resource| resource.id.as_str())
        .collect();
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg");
    assert_eq!(
        ids,
        [
            group.clone(),
            format!("{group}/providers/Microsoft.Network/virtualNetworks/net"),
            format!("{group}/providers/Microsoft.Network/virtualNetworks/net/subnets/endpoints"),
            format!("{group}/providers/Microsoft.Storage/storageAccounts/acct"),
        ]
    );
    assert_eq!(
        seed.resources[2].body,
        serde_json::json!({"properties": {"addressPrefix": "10.0.0.0/24"}})
    );
    assert_eq!((seed.assignments.len(), seed.principals.len()), (2, 1));
    assert_eq!(seed.throttle.unwrap().limits().reads.capacity, 10.0);
}
