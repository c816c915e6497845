//! A report in one line: short as a rule, never too long for status.

use privatelink_api::{
    Direction, EndpointPolicies, NetworkSecurityGroup, PrivateEndpoint, Protocol, SubnetBinding,
};
use privatelink_kinds::access::report::{Decision, Row, Source, Verdict};
use privatelink_kinds::access::{Estate, Report};
use serde_json::{Value, json};

fn row(index: usize, name_length: usize, ports: (u16, u16), verdict: Verdict) -> Row {
    Row {
        source: Source::Subnet {
            id: format!("/snet-{index}"),
            name: format!("snet-{index}-{}", "x".repeat(name_length)),
            parts: Vec::new(),
        },
        protocols: vec![Protocol::Tcp],
        ports: vec![ports],
        verdict,
    }
}

fn rule(name: &str) -> Decision {
    Decision::Rule {
        group: "nsg".to_owned(),
        rule: name.to_owned(),
        direction: Direction::Inbound,
    }
}

fn report(rows: Vec<Row>) -> Report {
    Report {
        namespace: "orders".to_owned(),
        endpoint: "orders-blob".to_owned(),
        note: None,
        rows,
    }
}

#[test]
fn of_many_subnets_the_first_are_named_and_all_are_counted() {
    let allowed = |index| {
        row(
            index,
            0,
            (443, 443),
            Verdict::Allowed {
                rule: rule("allow-web"),
            },
        )
    };
    let denied = |index| {
        row(
            index,
            0,
            (443, 443),
            Verdict::Denied {
                rule: rule("deny-rest"),
            },
        )
    };
    let report = report((0..50).map(allowed).chain((50..60).map(denied)).collect());
    assert_eq!(report.count(), 50);
    assert_eq!(
        report.summary(),
        "reached on 443 from snet-0-, snet-1-, snet-2-, snet-3- and 46 more (allow-web); not from snet-50-, snet-51-, snet-52-, snet-53- and 6 more (deny-rest)"
    );
}

#[test]
fn a_summary_fits_into_status() {
    let ports = |index: usize| u16::try_from(index).map_or((0, 0), |port| (port, port));
    let allowed = |index| row(index, 80, ports(index), Verdict::Allowed { rule: rule("allow") });
    let report = report((0..100).map(allowed).collect());
    assert_eq!(report.count(), 100);
    assert_eq!(report.summary().chars().count(), 1024);
}

#[test]
fn what_only_may_be_is_not_counted() {
    let depends = Verdict::Depends {
        rule: rule("allow-members"),
        allows: true,
        on: "the source is in members".to_owned(),
        otherwise: rule("deny-rest"),
    };
    let report = report(vec![row(1, 0, (443, 443), depends)]);
    assert_eq!(
        (report.count(), report.summary().as_str()),
        (0, "perhaps from snet-1-, if the source is in members")
    );
}

#[test]
fn a_binding_that_azure_does_not_have_counts_for_nothing() {
    let network = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
    let subnet = format!("{network}/subnets/endpoints");
    let object = |kind: &str, spec: Value, status: Value| json!({"apiVersion": "privatelink.dev/v1alpha1", "kind": kind, "metadata": {"name": "one", "namespace": "orders", "generation": 1}, "spec": spec, "status": status});
    let binding = |programmed: &str| -> SubnetBinding {
        let condition = json!({"type": "Programmed", "status": programmed, "reason": "Contested", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"});
        let spec = json!({"subnet": {"id": subnet}, "networkSecurityGroup": {"name": "one"}, "privateEndpointNetworkPolicies": "Enabled"});
        let status =
            json!({"observedGeneration": 1, "conditions": [condition], "addressPrefixes": ["10.1.0.0/24"]});
        serde_json::from_value(object("SubnetBinding", spec, status)).unwrap()
    };
    let rules =
        json!({"rules": [{"name": "nobody", "direction": "Inbound", "priority": 100, "access": "Deny"}]});
    let group: NetworkSecurityGroup =
        serde_json::from_value(object("NetworkSecurityGroup", rules, json!({}))).unwrap();
    let spec = json!({"subnet": {"id": subnet}, "target": {"alias": "a", "groupId": "blob"}});
    let endpoint: PrivateEndpoint =
        serde_json::from_value(object("PrivateEndpoint", spec, json!({}))).unwrap();
    let count = |programmed: &str| {
        let estate = Estate::default()
            .with_group(&group)
            .with_subnet(&binding(programmed));
        let estate = estate.with_policy(&subnet, EndpointPolicies::Disabled);
        estate.access(&endpoint).count()
    };
    assert_eq!(count("True"), 0);
    assert_eq!(count("False"), 1, "Azure ignores the group for endpoints");
}
