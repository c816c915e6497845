//! ARM's and the network provider's request limits: token buckets with the real sizes, headers and refusals.
//!
//! Owns the buckets. Never reads a clock: the caller says what time it is.
//!
//! ARM behaviour: per subscription, principal and class of operation, 250 reads refilled at 25 a second, 200 writes and
//! 200 deletes refilled at 10 a second; 15 times as much for all principals of a subscription together. `Microsoft.Network`:
//! 1,000 writes and deletes, and 10,000 reads, in 5 minutes per subscription and region. Private DNS, storage accounts and
//! Resource Graph have limits of their own.

mod admit;
mod bucket;
mod private_dns;
mod provider;

pub use admit::admit;
pub use private_dns::{PrivateDnsClass, PrivateDnsLimits, PrivateDnsRequest};
pub use provider::{ProviderRequest, ResourceRequestLimits, StorageClass, StorageLimits};

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use bucket::Buckets;

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
    /// What else its provider counts.
    pub provider: Option<&'a ProviderRequest>,
}

/// The size of a bucket and what flows back into it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limit {
    /// Requests that a full bucket admits at once.
    #[serde(deserialize_with = "above_zero")]
    pub capacity: f64,
    /// Requests per second.
    #[serde(deserialize_with = "not_below_zero")]
    pub refill: f64,
}

/// How many requests a window of time admits, beginning with the first one in it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// Requests.
    #[serde(deserialize_with = "above_zero")]
    pub capacity: f64,
    /// How long it is.
    #[serde(deserialize_with = "above_zero")]
    pub seconds: f64,
}

fn above_zero<'de, D: Deserializer<'de>>(given: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(given)?;
    if number.is_finite() && number > 0.0 {
        Ok(number)
    } else {
        Err(D::Error::custom(format!("{number} is no number above zero")))
    }
}

fn not_below_zero<'de, D: Deserializer<'de>>(given: D) -> Result<f64, D::Error> {
    let number = f64::deserialize(given)?;
    if number.is_finite() && number >= 0.0 {
        Ok(number)
    } else {
        Err(D::Error::custom(format!("{number} is no number from zero up")))
    }
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
    pub storage: StorageLimits,
    /// Queries of a principal in a tenant.
    pub resource_graph: Window,
    /// What some providers count and tell, and never refuse for.
    pub resource_requests: ResourceRequestLimits,
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
            storage: StorageLimits::default(),
            resource_graph: Window {
                capacity: 15.0,
                seconds: 5.0,
            },
            resource_requests: ResourceRequestLimits::default(),
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
    buckets: Buckets,
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
    /// Whether a provider refuses, and not the gateway.
    pub by_provider: bool,
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
            buckets: Buckets::new(time_scale),
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
        let Some(limits) = &self.limits else {
            return Vec::new();
        };
        let mut budgets: Vec<Budget> = self
            .buckets
            .left(limits, now)
            .map(|(key, tokens, capacity)| Budget {
                name: key.words(),
                left: tokens.floor(),
                capacity,
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
}

#[cfg(test)]
mod tests;
