//! docs/metrics.md: the catalogue of metrics as a page.

use std::fmt::Write as _;

use privatelink_engine::metrics::catalogue::{ALL, Description};

const HEAD: &str = "\
<!-- Generated from crates/engine/src/metrics/catalogue.rs by `cargo xtask docs`; do not edit. -->

# Metrics

The controller serves metrics on `/metrics` of its admin address (`--admin-listen`, port 8080): in OpenMetrics to those who ask for
it, else in Prometheus' text format. What controller-runtime and client-go measure too has their names, so that dashboards made for
those show this controller as well. No label carries an object's name or namespace, and types and codes that come from outside have at
most 64 values, further ones are `other`; subscriptions have at most 100.

[deploy/monitoring](../deploy/monitoring/README.md) has a Grafana dashboard and Prometheus alerts, and [runbooks](runbooks/README.md)
say what to do about each of these.

Counts begin at 0 with each process. Only the leader counts objects (`privatelink_objects`, `privatelink_verification_age_seconds`,
`privatelink_arm_operations_in_flight`), so that sums over replicas are right. A row appears with what it counts, but for the rows of
passes and of the queue, which are there for each kind from the start.
";

/// The parts of the page, by the beginnings of names.
const PARTS: [(&str, &[&str]); 5] = [
    (
        "Objects",
        &[
            "privatelink_objects",
            "privatelink_verification",
            "privatelink_deletions",
            "privatelink_drift",
        ],
    ),
    ("Azure", &["privatelink_arm_", "privatelink_identity_"]),
    ("Passes and the queue", &["controller_runtime_", "workqueue_"]),
    ("Kubernetes", &["leader_election_", "rest_client_"]),
    ("The process", &["process_", "privatelink_build_"]),
];

const LABELS: &str = "\
## Labels

| Label | Values |
|---|---|
| `kind` | the kind of object, such as `PrivateEndpoint`; `AzureScope` too |
| `controller`, `name` | the same in lower case, as controller-runtime names controllers and queues; of `leader_election_master_status` the Lease |
| `ready`, `reason` | status and reason of the condition Ready, of closed lists |
| `result` | what a pass came to: `success`, `requeue`, `requeue_after` or `error` |
| `method` | the method of a request |
| `resource_type` | the type that a request was about, such as `microsoft.network/privateendpoints`; `operations` for looks at what Azure works on |
| `status`, `code` | the status code of an answer; `none` and `<error>` where there was none; of `privatelink_identity_failures_total` Entra's code |
| `limit` | `resource_manager_reads`, `resource_manager_writes`, `resource_manager_deletes`, `network_reads`, `network_writes`, `private_dns_reads`, `private_dns_writes`, `other_provider_reads` or `other_provider_writes` |
| `subscription` | the id of a subscription that a scope allows |
| `host` | host and port of the Kubernetes API |
| `version` | the controller's version |
";

fn row(metric: &Description) -> String {
    let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
    format!(
        "| `{}` | {} | {} | {} |\n",
        metric.name,
        metric.form.as_str(),
        labels.join(", "),
        metric.help.replace('<', "&lt;").replace('>', "&gt;")
    )
}

/// The page.
pub(super) fn page() -> String {
    let mut text = HEAD.to_owned();
    for (title, beginnings) in PARTS {
        let _ = write!(
            text,
            "\n## {title}\n\n| Metric | Form | Labels | Meaning |\n|---|---|---|---|\n"
        );
        let is_of = |metric: &&&Description| {
            beginnings
                .iter()
                .any(|beginning| metric.name.starts_with(beginning))
        };
        ALL.iter()
            .filter(is_of)
            .for_each(|metric| text.push_str(&row(metric)));
    }
    text.push('\n');
    text.push_str(LABELS);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_and_every_label_has_its_row_once() {
        let page = page();
        for metric in ALL {
            let row = format!("| `{}` |", metric.name);
            assert_eq!(page.matches(&row).count(), 1, "{}", metric.name);
            for label in metric.labels {
                assert!(LABELS.contains(&format!("`{label}`")), "{label}");
            }
        }
    }
}
