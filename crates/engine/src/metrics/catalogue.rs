//! Every metric that the controller has, as data: its name on the wire, its labels and what it says. Registration, the
//! page `docs/metrics.md` and the tests of dashboards and alerts all go by this list. Owns no numbers.
//!
//! What controller-runtime and client-go measure too has their names, so that dashboards made for them show this
//! controller as well; what is ours begins with `privatelink_`. No label carries an object's name, a namespace or any
//! other text that users can make more of: see [`super::bounded`].

use prometheus_client::metrics::MetricType;

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Counter,
    Gauge,
    Histogram,
}

impl Form {
    /// As it stands in a `# TYPE` line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Counter => "counter",
            Form::Gauge => "gauge",
            Form::Histogram => "histogram",
        }
    }

    pub(super) const fn metric_type(self) -> MetricType {
        match self {
            Form::Counter => MetricType::Counter,
            Form::Gauge => MetricType::Gauge,
            Form::Histogram => MetricType::Histogram,
        }
    }
}

/// One metric.
#[derive(Debug, PartialEq, Eq)]
pub struct Description {
    /// As scraped: a counter's ends in `_total`.
    pub name: &'static str,
    pub form: Form,
    pub labels: &'static [&'static str],
    /// One sentence without its full stop.
    pub help: &'static str,
}

impl Description {
    /// The name that is registered: the encoder adds `_total` to a counter's.
    pub(super) fn registered(&self) -> &'static str {
        match self.form {
            Form::Counter => self.name.strip_suffix("_total").unwrap_or(self.name),
            Form::Gauge | Form::Histogram => self.name,
        }
    }
}

macro_rules! catalogue {
    ($($constant:ident: $form:ident $name:literal [$($label:literal),*] $help:literal,)+) => {
        $(pub const $constant: Description = Description {
            name: $name,
            form: Form::$form,
            labels: &[$($label),*],
            help: $help,
        };)+

        /// All of them, in the order of the documentation.
        pub const ALL: &[&Description] = &[$(&$constant,)+];
    };
}

catalogue! {
    RECONCILE: Counter "controller_runtime_reconcile_total" ["controller", "result"]
        "Passes over objects by kind and result: success (nothing is left to do), requeue (the next step follows at once), requeue_after (something is waited for) or error",
    RECONCILE_ERRORS: Counter "controller_runtime_reconcile_errors_total" ["controller"]
        "Passes that failed and are tried again with growing pauses, panics included",
    RECONCILE_PANICS: Counter "controller_runtime_reconcile_panics_total" ["controller"]
        "Passes that panicked: a mistake in the controller, whose object is left alone for ten minutes",
    RECONCILE_TIME: Histogram "controller_runtime_reconcile_time_seconds" ["controller"]
        "How long passes took",
    MAX_CONCURRENT: Gauge "controller_runtime_max_concurrent_reconciles" ["controller"]
        "How many objects may be looked at at once; all kinds share these workers",
    ACTIVE_WORKERS: Gauge "controller_runtime_active_workers" ["controller"]
        "How many objects are being looked at",
    QUEUE_DEPTH: Gauge "workqueue_depth" ["controller", "name"]
        "Objects that are due and wait for a worker",
    QUEUE_ADDS: Counter "workqueue_adds_total" ["controller", "name"]
        "Times that an object was put into the queue, for now or for later",
    QUEUE_DURATION: Histogram "workqueue_queue_duration_seconds" ["controller", "name"]
        "How long objects that were due waited for a worker",
    WORK_DURATION: Histogram "workqueue_work_duration_seconds" ["controller", "name"]
        "How long workers were busy with one object",
    QUEUE_RETRIES: Counter "workqueue_retries_total" ["controller", "name"]
        "Times that an object was put back because its pass failed",
    UNFINISHED_WORK: Gauge "workqueue_unfinished_work_seconds" ["controller", "name"]
        "For how long the passes that run now have run, added up",
    LONGEST_RUNNING: Gauge "workqueue_longest_running_processor_seconds" ["controller", "name"]
        "For how long the longest of the passes that run now has run",
    LEADER: Gauge "leader_election_master_status" ["name"]
        "1 while this process leads and writes, 0 while it stands by; name is the Lease",
    KUBERNETES_REQUESTS: Counter "rest_client_requests_total" ["code", "host", "method"]
        "Requests to the Kubernetes API by status code; <error> where no answer came",
    PROCESS_CPU: Counter "process_cpu_seconds_total" []
        "User and system time that the process has used",
    PROCESS_RESIDENT: Gauge "process_resident_memory_bytes" []
        "Memory that the process holds",
    PROCESS_VIRTUAL: Gauge "process_virtual_memory_bytes" []
        "Address space that the process has reserved",
    PROCESS_OPEN_FILES: Gauge "process_open_fds" []
        "Open file descriptors",
    PROCESS_MOST_FILES: Gauge "process_max_fds" []
        "The most file descriptors that the process may have open",
    PROCESS_START: Gauge "process_start_time_seconds" []
        "When the process started, in seconds since 1970",
    BUILD_INFO: Gauge "privatelink_build_info" ["version"]
        "Always 1; the label tells the version of the controller",
    DRIFT_INTERVAL: Gauge "privatelink_drift_interval_seconds" []
        "Within this time a change that somebody makes in Azure is found",
    OBJECTS: Gauge "privatelink_objects" ["kind", "ready", "reason"]
        "Objects by kind and by what their condition Ready says; only the leader counts",
    VERIFICATION_AGE: Gauge "privatelink_verification_age_seconds" ["kind"]
        "How long ago Azure was last seen to be as wanted, for the object of each kind where that was longest ago among those that are Ready and not paused",
    OPERATIONS: Gauge "privatelink_arm_operations_in_flight" ["kind"]
        "Long-running operations that Azure works on",
    REQUESTS: Counter "privatelink_arm_requests_total" ["method", "resource_type", "status"]
        "Requests to Azure Resource Manager by method, type of resource in lower case, and status code; none where no answer came",
    REQUEST_DURATION: Histogram "privatelink_arm_request_duration_seconds" ["method", "resource_type"]
        "How long requests to Azure Resource Manager took",
    THROTTLED: Counter "privatelink_arm_throttled_requests_total" []
        "Requests that Azure Resource Manager refused for their number (429)",
    DEFERRED: Counter "privatelink_arm_deferred_requests_total" ["method"]
        "Requests that were put off before they were sent, because Azure's request limits left no room for them",
    BUDGET: Gauge "privatelink_arm_budget_remaining_ratio" ["limit", "subscription"]
        "How much of Azure's request limits is left, from 0 to 1: of each limit and subscription the region or zone with the least",
    DELETIONS_HELD: Counter "privatelink_deletions_held_total" []
        "Deletions held because many objects of a scope went at once",
    IDENTITY_FAILURES: Counter "privatelink_identity_failures_total" ["code"]
        "Requests that were not sent because there was no token, by Entra's code",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_follow_the_rules() {
        let names: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            assert_eq!(
                metric.form == Form::Counter,
                metric.name.ends_with("_total"),
                "{}",
                metric.name
            );
            assert!(!metric.help.ends_with('.'), "{}", metric.name);
            let labels: Vec<_> = metric.labels.to_vec();
            assert!(labels.is_sorted(), "{}: {labels:?}", metric.name);
            assert!(
                !labels
                    .iter()
                    .any(|label| ["namespace", "object", "id"].contains(label)),
                "{}: {labels:?}",
                metric.name
            );
        }
    }
}
