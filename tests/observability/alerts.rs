//! The rules, the dashboard, the runbooks and the page of metrics against one another and against the catalogue.

use std::collections::BTreeSet;

use privatelink_api::{Reason, Stance};
use serde_json::Value;

use crate::promtool::{promtool, read, workspace};
use crate::queries::{metric, mistakes, names};

const ALERTS: &str = "deploy/monitoring/alerts.yaml";
const TESTS: &str = "deploy/monitoring/alerts_test.yaml";

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The alerting rules.
fn rules() -> Vec<Value> {
    let file = yaml(ALERTS);
    let groups = file["groups"].as_array().unwrap();
    let rules: Vec<Value> = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap().clone())
        .collect();
    assert!(!rules.is_empty());
    rules
}

fn text<'a>(rule: &'a Value, field: &str) -> &'a str {
    rule[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} is missing in {rule:#}"))
}

#[test]
fn promtool_finds_nothing_wrong_with_the_rules_and_plays_them() {
    promtool(&["check", "rules", ALERTS], "").unwrap();
    promtool(&["test", "rules", TESTS], "").unwrap();
}

#[test]
fn every_alert_is_played_both_while_it_fires_and_while_it_does_not() {
    let file = yaml(TESTS);
    let played: Vec<&Value> = file["tests"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|test| test["alert_rule_test"].as_array().unwrap())
        .collect();
    for rule in rules() {
        let name = text(&rule, "alert");
        let fires = |fires: bool| {
            played.iter().any(|case| {
                let expected = case["exp_alerts"]
                    .as_array()
                    .is_some_and(|alerts| !alerts.is_empty());
                case["alertname"] == name && expected == fires
            })
        };
        assert!(fires(true), "{name} is never seen to fire");
        assert!(fires(false), "{name} is never seen not to fire");
    }
}

#[test]
fn alerts_name_metrics_and_labels_that_exist() {
    for rule in rules() {
        let wrong = mistakes(text(&rule, "expr"));
        assert!(wrong.is_empty(), "{}: {wrong:?}", text(&rule, "alert"));
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["critical", "warning", "info"].contains(&severity), "{severity}");
    }
}

#[test]
fn the_alert_about_stalled_objects_has_every_reason_for_which_a_user_must_act() {
    let stalled: BTreeSet<&str> = Reason::ALL
        .iter()
        .filter(|reason| reason.stance() == Stance::Stalled && **reason != Reason::DeletionHeld)
        .map(Reason::as_str)
        .collect();
    let also: BTreeSet<&str> = ["AwaitingApproval", "DeletionHeld"].into();
    for (alert, operator, wanted) in [
        ("PrivateLinkObjectsStalled", "reason=~\"", stalled.clone()),
        ("PrivateLinkObjectsNotReady", "reason!~\"", &stalled | &also),
    ] {
        let rule = rules().into_iter().find(|rule| rule["alert"] == alert).unwrap();
        let (_, rest) = text(&rule, "expr").split_once(operator).unwrap();
        let named: BTreeSet<&str> = rest.split('"').next().unwrap().split('|').collect();
        assert_eq!(named, wanted, "{alert}");
    }
    let page = read("docs/runbooks/PrivateLinkObjectsStalled.md");
    for reason in stalled {
        assert!(
            page.contains(&format!("`{reason}`")),
            "the runbook says nothing about {reason}"
        );
    }
}

/// Where runbooks are: the project's latest, for rules that no chart has rendered.
const RUNBOOKS: &str = "https://github.com/privatelink-dev/privatelink-controller/blob/main/docs/runbooks";

#[test]
fn every_alert_has_its_runbook_and_no_runbook_is_without_one() {
    let index = read("docs/runbooks/README.md");
    let mut pages = BTreeSet::from(["README.md".to_owned()]);
    for rule in rules() {
        let name = text(&rule, "alert");
        let annotations = &rule["annotations"];
        for field in ["summary", "description"] {
            assert!(!text(annotations, field).is_empty(), "{name}: {field}");
        }
        assert_eq!(text(annotations, "runbook_url"), format!("{RUNBOOKS}/{name}.md"));
        let page = read(&format!("docs/runbooks/{name}.md"));
        let headings: Vec<&str> = page.lines().filter(|line| line.starts_with('#')).collect();
        let wanted = [
            &format!("# {name}"),
            "## Meaning",
            "## Impact",
            "## Diagnosis",
            "## Mitigation",
        ];
        assert_eq!(headings, wanted, "{name}");
        let (_, diagnosis) = page.split_once("## Diagnosis").unwrap();
        assert!(diagnosis.contains("```sh\n"), "{name}: a diagnosis has commands");
        assert!(
            index.contains(&format!("]({name}.md)")),
            "{name} is not in the index"
        );
        pages.insert(format!("{name}.md"));
    }
    let present = std::fs::read_dir(workspace().join("docs/runbooks")).unwrap();
    let present: BTreeSet<String> = present
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(present, pages);
}

#[test]
fn pages_name_metrics_that_exist() {
    let runbooks = std::fs::read_dir(workspace().join("docs/runbooks")).unwrap();
    let runbooks = runbooks.map(|entry| format!("docs/runbooks/{}", entry.unwrap().file_name().display()));
    let mut seen = 0;
    for page in runbooks.chain([
        "docs/metrics.md".to_owned(),
        "deploy/monitoring/README.md".to_owned(),
    ]) {
        for name in names(&read(&page)) {
            // A histogram may be spoken of as a whole.
            let whole = metric(name).or_else(|| metric(&format!("{name}_bucket")));
            assert!(whole.is_some(), "{page}: {name} is no metric of the catalogue");
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} names were found");
}

#[test]
fn the_dashboard_shows_metrics_that_exist_by_queries_that_are_well_formed() {
    let dashboard: Value = serde_json::from_str(&read("deploy/monitoring/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    let mut shown = BTreeSet::new();
    let mut identifiers = BTreeSet::new();
    for panel in panels {
        assert!(identifiers.insert(panel["id"].as_u64().unwrap()), "{panel:#}");
        let title = text(panel, "title");
        if panel["type"] == "row" {
            continue;
        }
        assert!(!text(panel, "description").is_empty(), "{title}");
        for target in panel["targets"].as_array().unwrap() {
            let query = text(target, "expr");
            let wrong = mistakes(query);
            assert!(wrong.is_empty(), "{title}: {query}: {wrong:?}");
            shown.extend(
                names(query)
                    .into_iter()
                    .filter_map(metric)
                    .map(|metric| metric.name),
            );
            let plain = query.replace("$__rate_interval", "5m");
            let number = shown.len();
            rules.push_str(&format!(
                "      - {{record: 'dashboard:panel_{}_{}:{number}', expr: '{plain}'}}\n",
                panel["id"],
                text(target, "refId")
            ));
        }
    }
    assert!(shown.len() > 25, "only {} metrics are shown", shown.len());
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard-queries.yaml");
    std::fs::write(&file, rules).unwrap();
    promtool(&["check", "rules", file.to_str().unwrap()], "").unwrap();
}
