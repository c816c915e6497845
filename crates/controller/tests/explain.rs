//! `explain access`, as somebody runs it: no cluster, no Azure, only files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const TIERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/explain/three-tiers");

fn explain(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_privatelink-controller"))
        .args(["explain", "access"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn printed(arguments: &[&str], input: &str) -> String {
    let output = explain(arguments, input);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn refusal(arguments: &[&str], input: &str) -> String {
    let output = explain(arguments, input);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

/// The expected text is written anew with `UPDATE_GOLDEN=1`.
fn golden(name: &str, text: &str) {
    let path = format!("{}/tests/explain/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap_or_default(), "{path}");
}

#[test]
fn three_tiers_are_explained_in_a_table() {
    golden("three-tiers.txt", &printed(&["-f", TIERS], ""));
}

#[test]
fn one_endpoint_is_explained_in_json() {
    let arguments = ["-f", TIERS, "--endpoint", "orders/orders-blob", "-o", "json"];
    golden("orders-blob.json", &printed(&arguments, ""));
}

#[test]
fn what_no_manifest_says_is_not_claimed() {
    let endpoint = "
apiVersion: privatelink.dev/v1alpha1
kind: PrivateEndpoint
metadata: {name: orders}
spec:
  subnet: {id: /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/snet-endpoints}
  target: {id: /subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a, groupId: blob}
";
    let web = "
---
apiVersion: privatelink.dev/v1alpha1
kind: SubnetBinding
metadata: {name: web}
spec:
  subnet: {id: /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/snet-web}
  networkSecurityGroup: {id: /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/nsg-web}
";
    let endpoints = "
---
apiVersion: privatelink.dev/v1alpha1
kind: NetworkSecurityGroup
metadata: {name: nsg}
spec: {}
---
apiVersion: privatelink.dev/v1alpha1
kind: SubnetBinding
metadata: {name: endpoints}
spec:
  subnet: {id: /subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/snet-endpoints}
  networkSecurityGroup: {name: nsg}
";
    golden(
        "nothing-bound.txt",
        &printed(&["-f", "-"], &format!("{endpoint}{web}")),
    );
    golden(
        "policy-left-out.txt",
        &printed(&["-f", "-"], &format!("{endpoint}{endpoints}")),
    );
    let disabled = "  privateEndpointNetworkPolicies: Disabled\n";
    golden(
        "policy-disabled.txt",
        &printed(&["-f", "-"], &format!("{endpoint}{endpoints}{disabled}")),
    );
}

#[test]
fn a_route_holds_only_where_it_is_as_specific_as_the_network() {
    let network = "/subscriptions/6f1c0000-0000-0000-0000-000000000000/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet-orders";
    let route = |prefix: &str, space: &str| {
        let tiers = std::fs::read_to_string(format!("{TIERS}/network.yaml")).unwrap();
        let app = std::fs::read_to_string(format!("{TIERS}/app.yaml")).unwrap();
        let input = format!("{app}---\n{}", tiers.replace("0.0.0.0/0", prefix));
        let space = format!("{network}={space}");
        let table = printed(
            &[
                "-f",
                "-",
                "--endpoint",
                "reports-vault",
                "--address-space",
                &space,
            ],
            &input,
        );
        table
            .lines()
            .find(|line| line.starts_with("snet-app"))
            .unwrap()
            .to_owned()
    };
    assert!(
        route("10.1.0.0/16", "10.1.0.0/16")
            .contains("route everything-out of rt-app allows only if the appliance 10.1.9.4 lets it through")
    );
    assert!(route("10.0.0.0/8", "10.1.0.0/16").contains("AllowVnetInBound"));
}

#[test]
fn wrong_documents_are_refused_with_their_place_and_field() {
    let group = |rule: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: a}}\n---\napiVersion: privatelink.dev/v1alpha1\nkind: NetworkSecurityGroup\nmetadata: {{name: nsg}}\nspec:\n  rules:\n  - {{name: first, direction: Inbound, priority: 100, access: Deny}}\n  - {{name: web, {rule}}}\n"
        )
    };
    let inputs = [
        group("direction: Inbond, priority: 200, access: Allow"),
        group("direction: Inbound, priority: high, access: Allow"),
        group("direction: Inbound, access: Allow"),
        group("direction: Inbound, priority: 200, access: Allow, source: {prefixes: [10.1.0.0/33]}"),
        group("direction: Inbound, priority: 200, access: Allow, ports: [https]"),
        "a: [1".to_owned(),
        "just text".to_owned(),
        "{\"apiVersion\": \"privatelink.dev/v1alpha1\", \"kind\": \"List\", \"items\": [{}]}".to_owned(),
        String::new(),
    ];
    let refusals: Vec<String> = inputs.iter().map(|input| refusal(&["-f", "-"], input)).collect();
    golden("refusals.txt", &refusals.join("\n"));
    assert!(refusal(&["-f", "/nowhere.yaml"], "").contains("/nowhere.yaml"));
}
