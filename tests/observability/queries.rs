//! Which metrics and labels a PromQL query names. No parser: promtool says whether a query is well formed.

use privatelink_engine::metrics::catalogue::{ALL, Description, Form};

/// Labels that Prometheus or the data adds.
const ADDED: [&str; 3] = ["job", "instance", "le"];
/// The beginnings of all that the catalogue names.
const OURS: [&str; 6] = [
    "privatelink_",
    "controller_runtime_",
    "workqueue_",
    "leader_election_",
    "rest_client_",
    "process_",
];

/// The metric that a name in a query or in a scrape belongs to.
pub fn metric(name: &str) -> Option<&'static Description> {
    ALL.iter().copied().find(|metric| {
        let rest = name.strip_prefix(metric.name);
        match metric.form {
            Form::Histogram => rest.is_some_and(|rest| ["_bucket", "_count", "_sum"].contains(&rest)),
            Form::Counter | Form::Gauge => rest == Some(""),
        }
    })
}

/// The words of a text that look like metrics.
pub fn names(text: &str) -> Vec<&str> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_' || character == ':'))
        .filter(|word| OURS.iter().any(|beginning| word.starts_with(beginning)))
        .collect()
}

/// What is wrong with the metrics and labels that a query names.
pub fn mistakes(query: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    let named = names(query);
    if named.is_empty() {
        mistakes.push("it names no metric".to_owned());
    }
    let mut labels: Vec<&str> = ADDED.to_vec();
    for name in named {
        match metric(name) {
            None => mistakes.push(format!("{name} is no metric of the catalogue")),
            Some(metric) => labels.extend(metric.labels),
        }
    }
    for (name, label) in matched(query) {
        let known =
            metric(name).is_none_or(|metric| metric.labels.contains(&label) || ADDED.contains(&label));
        if !known {
            mistakes.push(format!("{name} has no label {label}"));
        }
    }
    for label in grouped(query) {
        if !labels.contains(&label) {
            mistakes.push(format!("none of its metrics has the label {label}"));
        }
    }
    mistakes
}

/// The labels in braces, each with its metric.
fn matched(query: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for (at, _) in query.match_indices('{') {
        let name = query[..at]
            .rsplit(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
            .next()
            .unwrap_or_default();
        let inside = query[at + 1..].split('}').next().unwrap_or_default();
        // Values hold no quotes here; what is outside of them are labels and operators.
        let outside = inside.split('"').step_by(2);
        found.extend(outside.filter_map(|part| {
            let label = part
                .trim()
                .trim_start_matches(',')
                .trim()
                .trim_end_matches(['=', '~', '!'])
                .trim();
            (!label.is_empty()).then_some((name, label))
        }));
    }
    found
}

/// The labels that are grouped or joined by.
fn grouped(query: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for word in ["by (", "on (", "without ("] {
        for (at, _) in query.match_indices(word) {
            let inside = query[at + word.len()..].split(')').next().unwrap_or_default();
            found.extend(inside.split(',').map(str::trim).filter(|label| !label.is_empty()));
        }
    }
    found
}

#[test]
fn a_query_with_a_mistake_is_noticed() {
    assert_eq!(
        mistakes("sum by (kind) (privatelink_objects{ready=\"True\", reason!~\"A|B\"})"),
        [""; 0]
    );
    assert_eq!(
        mistakes("rate(controller_runtime_reconcile_time_seconds_bucket[5m])"),
        [""; 0]
    );
    for (query, word) in [
        ("vector(1)", "no metric"),
        ("privatelink_object", "privatelink_object is no metric"),
        (
            "rate(controller_runtime_reconcile_time_seconds[5m])",
            "is no metric",
        ),
        ("rate(privatelink_arm_requests[5m])", "is no metric"),
        ("privatelink_objects{status=\"True\"}", "has no label status"),
        ("sum by (code) (privatelink_objects)", "the label code"),
    ] {
        let mistakes = mistakes(query).join("; ");
        assert!(mistakes.contains(word), "{query}: {mistakes:?}");
    }
}
