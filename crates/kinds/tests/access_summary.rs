//! A report in one line: short as a rule, never too long for status.

use privatelink_api::{Direction, Protocol};
use privatelink_kinds::access::Report;
use privatelink_kinds::access::report::{Decision, Row, Source, Verdict};

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
