//! ARM's and the network provider's request limits: token buckets with the real sizes, headers and refusals.
//!
//! Owns the buckets. Never reads a clock: the caller says what time it is.
//!
//! ARM behaviour: per subscription, principal and class of operation, 250 reads refilled at 25 a second, 200 writes and
//! 200 deletes refilled at 10 a second; 15 times as much for all principals of a subscription together. `Microsoft.Network`:
//! 1,000 writes and deletes, and 10,000 reads, in 5 minutes per subscription and region. Private DNS has limits of its own.

mod private_dns;

pub use private_dns::{PrivateDnsClass, PrivateDnsLimits, PrivateDnsRequest};

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the limits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum OperationClass {
    Read,
    Write,
    Delete,
}

impl OperationClass {
    /// ARM counts GET and HEAD as reads, DELETE as deletes, everything else as writes.
    pub fn of(method: &http::Method) -> Self {
        match *method {
            http::Method::GET | http::Method::HEAD => Self::Read,
            http::Method::DELETE => Self::Delete,
            _ => Self::Write,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }
}

/// What a request counts against.
#[derive(Clone, Copy, Debug)]
pub struct ClassOfRequest<'a> {
    /// `None` for requests to the tenant.
    pub subscription: Option<&'a str>,
    /// The principal's object id.
    pub principal: &'a str,
    pub operation: OperationClass,
    /// The region whose network provider handles the request; `None` when it is not the network provider's.
    pub network_region: Option<&'a str>,
    /// `None` when it is not for private DNS.
    pub private_dns: Option<&'a PrivateDnsRequest>,
}

/// The size of a bucket and what flows back into it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limit {
    /// Requests that a full bucket admits at once.
    pub capacity: f64,
    /// Requests per second.
    pub refill: f64,
}

/// All limits.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    pub reads: Limit,
    pub writes: Limit,
    pub deletes: Limit,
    pub network_reads: Limit,
    /// Writes and deletes together.
    pub network_writes: Limit,
    pub private_dns: PrivateDnsLimits,
}

/// How many times a principal's limit all principals of a subscription have together.
const GLOBAL: f64 = 15.0;

impl Default for Limits {
    fn default() -> Self {
        Self {
            reads: Limit {
                capacity: 250.0,
                refill: 25.0,
            },
            writes: Limit {
                capacity: 200.0,
                refill: 10.0,
            },
            deletes: Limit {
                capacity: 200.0,
                refill: 10.0,
            },
            network_reads: Limit {
                capacity: 10_000.0,
                refill: 10_000.0 / 300.0,
            },
            network_writes: Limit {
                capacity: 1_000.0,
                refill: 1_000.0 / 300.0,
            },
            private_dns: PrivateDnsLimits::default(),
        }
    }
}

impl Limits {
    fn of(&self, operation: OperationClass) -> Limit {
        match operation {
            OperationClass::Read => self.reads,
            OperationClass::Write => self.writes,
            OperationClass::Delete => self.deletes,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Principal(String, String, OperationClass),
    Subscription(String, OperationClass),
    Network(String, String, bool),
    PrivateDns(PrivateDnsRequest),
}

impl Key {
    fn limit(&self, limits: &Limits) -> Limit {
        match self {
            Key::Principal(_, _, operation) => limits.of(*operation),
            Key::Subscription(_, operation) => {
                let limit = limits.of(*operation);
                Limit {
                    capacity: limit.capacity * GLOBAL,
                    refill: limit.refill * GLOBAL,
                }
            }
            Key::Network(_, _, true) => limits.network_reads,
            Key::Network(..) => limits.network_writes,
            Key::PrivateDns(request) => limits.private_dns.of(request.class),
        }
    }

    /// What a limit is of, for people.
    fn words(&self) -> String {
        match self {
            Key::Principal(subscription, principal, operation) => {
                format!("{}s of {principal} in {subscription}", operation.noun())
            }
            Key::Subscription(subscription, operation) => {
                format!("{}s of all in {subscription}", operation.noun())
            }
            Key::Network(subscription, region, reads) => {
                let noun = if *reads { "reads" } else { "writes" };
                format!("Microsoft.Network {noun} in {region}, {subscription}")
            }
            Key::PrivateDns(request) => format!("private DNS {:?}, {}", request.class, request.scope),
        }
    }
}

/// What is left of a limit.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub(crate) struct Budget {
    pub(crate) name: String,
    /// Requests.
    pub(crate) left: f64,
    pub(crate) capacity: f64,
}

/// The buckets in use. A bucket that is not there is full.
#[derive(Clone, Debug)]
pub struct ThrottleState {
    /// `None`: no limits at all.
    limits: Option<Limits>,
    /// How many times faster than the clock time runs for refills.
    time_scale: f64,
    buckets: HashMap<Key, Bucket>,
}

/// The remaining requests, for the answer's headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateHeaders(pub Vec<(String, String)>);

/// A refusal: 429 with `Retry-After`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttled {
    pub code: &'static str,
    pub message: String,
    /// Seconds, at least 1.
    pub retry_after: u64,
    pub headers: RateHeaders,
}

impl Throttled {
    /// The body, as ARM or the network provider sends it.
    pub fn body(&self) -> Value {
        json!({"error": {"code": self.code, "message": self.message}})
    }
}

impl ThrottleState {
    /// `None` switches the limits off. `time_scale` is at least a little more than zero.
    pub fn new(limits: Option<Limits>, time_scale: f64) -> Self {
        let time_scale = if time_scale.is_finite() && time_scale > 0.0 {
            time_scale
        } else {
            1.0
        };
        Self {
            limits,
            time_scale,
            buckets: HashMap::new(),
        }
    }

    /// Fills every bucket.
    pub fn reset(&mut self) {
        self.buckets.clear();
    }

    /// Puts other limits in place; the buckets start full.
    pub fn set_limits(&mut self, limits: Option<Limits>) {
        self.limits = limits;
        self.buckets.clear();
    }

    /// The limits; `None`: there are none.
    pub(crate) fn limits(&self) -> Option<Limits> {
        self.limits
    }

    /// Whether there are limits.
    pub(crate) fn is_limited(&self) -> bool {
        self.limits.is_some()
    }

    /// What is left of the limits that requests counted against, the emptiest first. What is not named is full.
    pub(crate) fn budgets(&self, now: Timestamp) -> Vec<Budget> {
        let Some(limits) = self.limits else {
            return Vec::new();
        };
        let mut budgets: Vec<Budget> = self
            .buckets
            .iter()
            .map(|(key, bucket)| {
                let limit = key.limit(&limits);
                let passed = now.duration_since(bucket.filled).as_secs_f64().max(0.0);
                let tokens = (bucket.tokens + passed * limit.refill * self.time_scale).min(limit.capacity);
                Budget {
                    name: key.words(),
                    left: tokens.floor(),
                    capacity: limit.capacity,
                }
            })
            .filter(|budget| budget.left < budget.capacity)
            .collect();
        let emptiness = |budget: &Budget| budget.left / budget.capacity;
        budgets.sort_by(|one, other| {
            emptiness(one)
                .total_cmp(&emptiness(other))
                .then_with(|| one.name.cmp(&other.name))
        });
        budgets
    }

    fn bucket(&mut self, now: Timestamp, key: &Key, limit: Limit) -> &mut Bucket {
        let scale = self.time_scale;
        let bucket = self.buckets.entry(key.clone()).or_insert(Bucket {
            tokens: limit.capacity,
            filled: now,
        });
        let passed = now.duration_since(bucket.filled).as_secs_f64();
        // A clock that was set back refills nothing.
        if passed > 0.0 {
            bucket.tokens = (bucket.tokens + passed * limit.refill * scale).min(limit.capacity);
        }
        bucket.filled = now;
        bucket
    }
}

/// Counts a request, or refuses it.
///
/// A refused request counts against nothing.
///
/// # Errors
/// [`Throttled`] says how long to wait until the bucket that is empty admits one request.
pub fn admit(
    state: &mut ThrottleState,
    now: Timestamp,
    class: ClassOfRequest<'_>,
) -> Result<RateHeaders, Throttled> {
    let Some(limits) = state.limits else {
        return Ok(RateHeaders::default());
    };
    let time_scale = state.time_scale;
    let limit = limits.of(class.operation);
    let global = Limit {
        capacity: limit.capacity * GLOBAL,
        refill: limit.refill * GLOBAL,
    };
    let subscription = class.subscription.unwrap_or_default().to_ascii_lowercase();
    let noun = class.operation.noun();
    let scope = if class.subscription.is_some() {
        "subscription"
    } else {
        "tenant"
    };

    let mut wanted = vec![
        (
            Key::Principal(
                subscription.clone(),
                class.principal.to_ascii_lowercase(),
                class.operation,
            ),
            limit,
        ),
        (Key::Subscription(subscription.clone(), class.operation), global),
    ];
    if let Some(region) = class.network_region {
        let reads = class.operation == OperationClass::Read;
        let limit = if reads {
            limits.network_reads
        } else {
            limits.network_writes
        };
        wanted.push((
            Key::Network(subscription.clone(), region.to_ascii_lowercase(), reads),
            limit,
        ));
    }

    if let Some(request) = class.private_dns {
        wanted.push((
            Key::PrivateDns(request.clone()),
            limits.private_dns.of(request.class),
        ));
    }

    let mut wait: Option<(u64, &Key)> = None;
    for (key, limit) in &wanted {
        let tokens = state.bucket(now, key, *limit).tokens;
        if tokens < 1.0 {
            let seconds = (1.0 - tokens) / (limit.refill * time_scale);
            // An override without refill never admits again; an hour is what such a client is told.
            let seconds = if seconds.is_finite() {
                (seconds.ceil() as u64).clamp(1, 3_600)
            } else {
                3_600
            };
            wait = Some((seconds, key));
            break;
        }
    }
    if wait.is_none() {
        for (key, limit) in &wanted {
            state.bucket(now, key, *limit).tokens -= 1.0;
        }
    }
    let mut headers = Vec::with_capacity(2);
    for ((key, limit), name) in wanted.iter().zip(["", "global-"]) {
        let remaining = state.bucket(now, key, *limit).tokens.max(0.0).floor();
        headers.push((
            format!("x-ms-ratelimit-remaining-{scope}-{name}{noun}s"),
            format!("{remaining}"),
        ));
    }
    let headers = RateHeaders(headers);
    let Some((retry_after, empty)) = wait else {
        return Ok(headers);
    };
    let (code, message) = match empty {
        Key::Network(..) => (
            "TooManyRequests",
            format!(
                "Number of {noun} requests for subscription {subscription} in location {} exceeded the limit of the resource provider 'Microsoft.Network'. Please try again after {retry_after} seconds.",
                class.network_region.unwrap_or_default()
            ),
        ),
        Key::PrivateDns(request) => (
            "TooManyRequests",
            format!(
                "Number of {noun} requests to private DNS for '{}' exceeded its limit. Please try again after {retry_after} seconds.",
                request.scope
            ),
        ),
        _ => (
            if class.subscription.is_some() {
                "SubscriptionRequestsThrottled"
            } else {
                "TenantRequestsThrottled"
            },
            format!(
                "Number of '{noun}' requests for {scope} '{subscription}' actor '{}' exceeded. Please try again after '{retry_after}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.",
                class.principal
            ),
        ),
    };
    Err(Throttled {
        code,
        message,
        retry_after,
        headers,
    })
}

#[cfg(test)]
mod tests;
