//! Metrics: what is counted as it happens. What is looked up when somebody asks is in [`live`], and what all of it is called
//! in [`catalogue`].
//!
//! No label carries an object's name or namespace, and none has more values than its bound.

mod bounded;
pub mod catalogue;
pub mod live;
mod process;
mod rows;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use privatelink_arm::RequestObserver;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};

use bounded::{Word, Words};
use catalogue::{
    DEFERRED, DELETIONS_HELD, Description, IDENTITY_FAILURES, KUBERNETES_REQUESTS, LEADER, QUEUE_DURATION,
    QUEUE_RETRIES, RECONCILE, RECONCILE_ERRORS, RECONCILE_PANICS, RECONCILE_TIME, REQUEST_DURATION, REQUESTS,
    THROTTLED, WORK_DURATION,
};

/// The methods of Azure Resource Manager.
const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];
/// Types of resources that have rows of their own.
const MOST_TYPES: usize = 64;
/// Codes of failed sign-ins that have rows of their own.
const MOST_CODES: usize = 32;

/// What a pass came to.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is left to do until something changes, but for the check for drift.
    Success,
    /// The next step of the same work follows at once.
    Requeue,
    /// Something is waited for: Azure, a turn, a user.
    RequeueAfter,
    /// The pass failed, and is tried again with growing pauses.
    Error,
}

impl Outcome {
    const ALL: [Outcome; 4] = [
        Outcome::Success,
        Outcome::Requeue,
        Outcome::RequeueAfter,
        Outcome::Error,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Requeue => "requeue",
            Outcome::RequeueAfter => "requeue_after",
            Outcome::Error => "error",
        }
    }
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        self.as_str().encode(encoder)
    }
}

/// A kind as controller-runtime names the controller for it: in lower case.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
struct Controller(&'static str);

impl EncodeLabelValue for Controller {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        self.0.to_ascii_lowercase().encode(encoder)
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PassLabels {
    controller: Controller,
    result: Outcome,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ControllerLabels {
    controller: Controller,
}

/// client-go names the queue, controller-runtime the controller; here they are the same.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct QueueLabels {
    controller: Controller,
    name: Controller,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct NameLabels {
    name: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    resource_type: Word,
    status: Status,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TypeLabels {
    method: &'static str,
    resource_type: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct MethodLabels {
    method: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CodeLabels {
    code: Word,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KubernetesLabels {
    code: Word,
    host: String,
    method: Word,
}

/// A status code, or that no answer came.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
struct Status(Option<u16>);

impl EncodeLabelValue for Status {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        match self.0 {
            Some(status) => status.encode(encoder),
            None => "none".encode(encoder),
        }
    }
}

type Seconds<L> = Family<L, Histogram, fn() -> Histogram>;

/// The controller's metrics; clones share them.
#[derive(Clone)]
pub struct Metrics {
    lease: String,
    kinds: Arc<Mutex<BTreeSet<&'static str>>>,
    passes: Family<PassLabels, Counter>,
    pass_errors: Family<ControllerLabels, Counter>,
    pass_panics: Family<ControllerLabels, Counter>,
    pass_seconds: Seconds<ControllerLabels>,
    queue_seconds: Seconds<QueueLabels>,
    work_seconds: Seconds<QueueLabels>,
    retries: Family<QueueLabels, Counter>,
    leader: Family<NameLabels, Gauge>,
    kubernetes: Family<KubernetesLabels, Counter>,
    kubernetes_words: Arc<Words>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Seconds<TypeLabels>,
    types: Arc<Words>,
    throttled: Counter,
    deferred: Family<MethodLabels, Counter>,
    identity_failures: Family<CodeLabels, Counter>,
    codes: Arc<Words>,
    deletions_held: Counter,
}

impl Metrics {
    /// Registers all metrics that are counted as things happen. `lease` names the election that the process takes part in.
    pub fn register(registry: &mut Registry, lease: &str) -> Self {
        let seconds: fn() -> Histogram =
            || Histogram::new([0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0]);
        let metrics = Metrics {
            lease: lease.to_owned(),
            kinds: Arc::default(),
            passes: Family::default(),
            pass_errors: Family::default(),
            pass_panics: Family::default(),
            pass_seconds: Family::new_with_constructor(seconds),
            queue_seconds: Family::new_with_constructor(seconds),
            work_seconds: Family::new_with_constructor(seconds),
            retries: Family::default(),
            leader: Family::default(),
            kubernetes: Family::default(),
            kubernetes_words: Arc::new(Words::at_most(MOST_TYPES)),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            types: Arc::new(Words::at_most(MOST_TYPES).lower()),
            throttled: Counter::default(),
            deferred: Family::default(),
            identity_failures: Family::default(),
            codes: Arc::new(Words::at_most(MOST_CODES)),
            deletions_held: Counter::default(),
        };
        add(registry, &RECONCILE, &metrics.passes);
        add(registry, &RECONCILE_ERRORS, &metrics.pass_errors);
        add(registry, &RECONCILE_PANICS, &metrics.pass_panics);
        add(registry, &RECONCILE_TIME, &metrics.pass_seconds);
        add(registry, &QUEUE_DURATION, &metrics.queue_seconds);
        add(registry, &WORK_DURATION, &metrics.work_seconds);
        add(registry, &QUEUE_RETRIES, &metrics.retries);
        add(registry, &LEADER, &metrics.leader);
        add(registry, &KUBERNETES_REQUESTS, &metrics.kubernetes);
        add(registry, &REQUESTS, &metrics.requests);
        add(registry, &REQUEST_DURATION, &metrics.request_seconds);
        add(registry, &THROTTLED, &metrics.throttled);
        add(registry, &DEFERRED, &metrics.deferred);
        add(registry, &IDENTITY_FAILURES, &metrics.identity_failures);
        add(registry, &DELETIONS_HELD, &metrics.deletions_held);
        metrics.leads(false);
        for method in METHODS {
            drop(metrics.deferred.get_or_create(&MethodLabels { method }));
        }
        metrics
    }

    /// Makes the rows of a kind, so that its first failure is seen as one more than before.
    pub fn know(&self, kind: &'static str) {
        lock(&self.kinds).insert(kind);
        let controller = Controller(kind);
        for result in Outcome::ALL {
            drop(self.passes.get_or_create(&PassLabels { controller, result }));
        }
        drop(self.pass_errors.get_or_create(&ControllerLabels { controller }));
        drop(self.pass_panics.get_or_create(&ControllerLabels { controller }));
        drop(self.retries.get_or_create(&queue_labels(kind)));
    }

    pub(super) fn kinds(&self) -> Vec<&'static str> {
        lock(&self.kinds).iter().copied().collect()
    }

    /// A pass is over.
    pub fn passed(&self, kind: &'static str, result: Outcome, elapsed: Duration) {
        let controller = Controller(kind);
        self.passes
            .get_or_create(&PassLabels { controller, result })
            .inc();
        let labels = ControllerLabels { controller };
        self.pass_seconds
            .get_or_create(&labels)
            .observe(elapsed.as_secs_f64());
        if result == Outcome::Error {
            self.pass_errors.get_or_create(&labels).inc();
            self.retries.get_or_create(&queue_labels(kind)).inc();
        }
    }

    /// A pass panicked. That it is over is told by [`Metrics::passed`].
    pub fn panicked(&self, kind: &'static str) {
        let controller = Controller(kind);
        self.pass_panics
            .get_or_create(&ControllerLabels { controller })
            .inc();
    }

    /// A worker took an object that had waited so long since it was due.
    pub fn taken(&self, kind: &'static str, waited: Duration) {
        self.queue_seconds
            .get_or_create(&queue_labels(kind))
            .observe(waited.as_secs_f64());
    }

    /// A worker is through with an object.
    pub fn worked(&self, kind: &'static str, elapsed: Duration) {
        self.work_seconds
            .get_or_create(&queue_labels(kind))
            .observe(elapsed.as_secs_f64());
    }

    /// Whether this process leads.
    pub fn leads(&self, leads: bool) {
        let name = self.lease.clone();
        self.leader
            .get_or_create(&NameLabels { name })
            .set(i64::from(leads));
    }

    /// A deletion is held.
    pub fn deletion_held(&self) {
        self.deletions_held.inc();
    }

    /// The Kubernetes API answered, or did not. `host` is the one of the process's own configuration.
    pub fn asked_kubernetes(&self, method: &str, host: &str, status: Option<u16>) {
        let code = status.map_or_else(|| "<error>".to_owned(), |status| status.to_string());
        let labels = KubernetesLabels {
            code: self.kubernetes_words.word(&code),
            host: host.to_owned(),
            method: self.kubernetes_words.word(method),
        };
        self.kubernetes.get_or_create(&labels).inc();
    }

    /// An observer for the ARM client.
    pub fn request_observer(&self) -> Arc<dyn RequestObserver> {
        Arc::new(self.clone())
    }
}

impl RequestObserver for Metrics {
    fn observe(&self, method: &'static str, resource_type: &str, status: Option<u16>, elapsed: Duration) {
        if status == Some(429) {
            self.throttled.inc();
        }
        let resource_type = self.types.word(resource_type);
        let labels = TypeLabels {
            method,
            resource_type: resource_type.clone(),
        };
        self.request_seconds
            .get_or_create(&labels)
            .observe(elapsed.as_secs_f64());
        self.requests
            .get_or_create(&RequestLabels {
                method,
                resource_type,
                status: Status(status.filter(|status| (100..600).contains(status))),
            })
            .inc();
    }

    fn deferred(&self, method: &'static str) {
        self.deferred.get_or_create(&MethodLabels { method }).inc();
    }

    fn unidentified(&self, code: &str) {
        let code = self.codes.word(code);
        self.identity_failures.get_or_create(&CodeLabels { code }).inc();
    }
}

fn add<M: Metric + Clone>(registry: &mut Registry, description: &Description, metric: &M) {
    registry.register(description.registered(), description.help, metric.clone());
}

fn queue_labels(kind: &'static str) -> QueueLabels {
    QueueLabels {
        controller: Controller(kind),
        name: Controller(kind),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
