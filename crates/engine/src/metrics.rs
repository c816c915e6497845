//! Metrics in controller-runtime's style. No label carries an object's name or namespace.

use std::sync::Arc;
use std::time::Duration;

use privatelink_arm::RequestObserver;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// What a pass came to.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct PassLabels {
    pub kind: &'static str,
    /// `success` (as wanted), `requeue` (the work goes on), `waiting` (a user or somebody else must act), `error` or
    /// `panic`.
    pub result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct KindLabels {
    pub kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ReadyLabels {
    pub kind: &'static str,
    /// `True`, `False` or `Unknown`.
    pub ready: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RequestLabels {
    pub method: &'static str,
    pub resource_type: String,
    /// The status code; `none` when no answer came.
    pub status: String,
}

/// The controller's metrics; clones share them.
#[derive(Clone)]
pub struct Metrics {
    pub passes: Family<PassLabels, Counter>,
    pub pass_seconds: Family<KindLabels, Histogram>,
    pub managed: Family<ReadyLabels, Gauge>,
    pub requests: Family<RequestLabels, Counter>,
    pub throttled: Counter,
    pub leader: Gauge,
    pub queue_length: Gauge,
    pub deletions_held: Counter,
}

impl Metrics {
    /// Registers all metrics under the prefix `privatelink`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Metrics {
            passes: Family::default(),
            pass_seconds: Family::new_with_constructor(|| {
                Histogram::new([0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0])
            }),
            managed: Family::default(),
            requests: Family::default(),
            throttled: Counter::default(),
            leader: Gauge::default(),
            queue_length: Gauge::default(),
            deletions_held: Counter::default(),
        };
        let registry = registry.sub_registry_with_prefix("privatelink");
        registry.register("reconcile", "Passes by kind and result", metrics.passes.clone());
        registry.register(
            "reconcile_duration_seconds",
            "Duration of passes",
            metrics.pass_seconds.clone(),
        );
        registry.register(
            "managed_resources",
            "Objects by kind and state of Ready",
            metrics.managed.clone(),
        );
        registry.register(
            "arm_requests",
            "Requests to Azure Resource Manager",
            metrics.requests.clone(),
        );
        registry.register(
            "arm_throttled",
            "Requests that Azure Resource Manager refused for their number",
            metrics.throttled.clone(),
        );
        registry.register("leader", "1 while this process leads", metrics.leader.clone());
        registry.register(
            "queue_length",
            "Objects that wait for a pass or are in one",
            metrics.queue_length.clone(),
        );
        registry.register(
            "deletions_held",
            "Deletions held because many objects of a scope went at once",
            metrics.deletions_held.clone(),
        );
        metrics
    }

    /// An observer for the ARM client.
    pub fn request_observer(&self) -> Arc<dyn RequestObserver> {
        Arc::new(self.clone())
    }
}

impl RequestObserver for Metrics {
    fn observe(&self, method: &'static str, resource_type: &str, status: Option<u16>, _elapsed: Duration) {
        if status == Some(429) {
            self.throttled.inc();
        }
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        self.requests
            .get_or_create(&RequestLabels {
                method,
                resource_type: resource_type.to_owned(),
                status,
            })
            .inc();
    }
}
