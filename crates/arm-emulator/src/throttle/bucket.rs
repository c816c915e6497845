//! The buckets: what fills them, and what of them is kept.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    GLOBAL, Limit, Limits, OperationClass, PrivateDnsRequest, ProviderRequest, StorageClass, Window,
};

/// How many buckets there are at least before the full ones are thrown away.
const FEW: usize = 1_024;

/// What has a limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Principal(String, String, OperationClass),
    Subscription(String, OperationClass),
    Network(String, String, bool),
    PrivateDns(PrivateDnsRequest),
    /// Subscription and region.
    Storage(String, String, StorageClass),
    /// As the one before, but by the second.
    StorageSecond(String, String),
    /// Tenant and principal.
    ResourceGraph(String, String),
    /// A subscription's requests for one type, counted and told only.
    Told(String, ProviderRequest),
}

/// How a bucket is filled again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Flow(Limit),
    Window(Window),
}

impl Rule {
    pub(super) fn capacity(self) -> f64 {
        match self {
            Rule::Flow(limit) => limit.capacity,
            Rule::Window(window) => window.capacity,
        }
    }
}

impl Key {
    pub(super) fn rule(&self, limits: &Limits) -> Rule {
        Rule::Flow(match self {
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
            Key::Storage(_, _, class) => limits.storage.of(*class),
            Key::StorageSecond(..) => limits.storage.writes_by_second,
            Key::Told(_, request) => limits.resource_requests.of(request),
            Key::ResourceGraph(..) => return Rule::Window(limits.resource_graph),
        })
    }

    /// Whether an empty bucket refuses requests.
    pub(super) fn refuses(&self) -> bool {
        !matches!(self, Key::Told(..))
    }

    /// What a limit is of, for people.
    pub(super) fn words(&self) -> String {
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
            Key::Storage(subscription, region, class) => {
                format!("Microsoft.Storage {}s in {region}, {subscription}", class.noun())
            }
            Key::StorageSecond(subscription, region) => {
                format!("Microsoft.Storage writes by the second in {region}, {subscription}")
            }
            Key::ResourceGraph(tenant, principal) => {
                format!("Resource Graph queries of {principal} in {tenant}")
            }
            Key::Told(subscription, request) => format!("{}, {subscription} (told only)", request.words()),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    /// When it was filled last; of a window: when it began.
    filled: Timestamp,
}

impl Bucket {
    fn full(rule: Rule, now: Timestamp) -> Self {
        Bucket {
            tokens: rule.capacity(),
            filled: now,
        }
    }

    /// How it is at a later time. A clock that was set back refills nothing.
    fn at(self, rule: Rule, now: Timestamp, scale: f64) -> Self {
        let passed = now.duration_since(self.filled).as_secs_f64() * scale;
        match rule {
            Rule::Flow(limit) => Bucket {
                tokens: (self.tokens + passed.max(0.0) * limit.refill).min(limit.capacity),
                filled: now,
            },
            Rule::Window(window) if passed < window.seconds => self,
            Rule::Window(_) => Bucket::full(rule, now),
        }
    }

    /// How many seconds it takes until it admits one request.
    fn wait(self, rule: Rule, now: Timestamp, scale: f64) -> f64 {
        match rule {
            Rule::Flow(limit) => (1.0 - self.tokens) / (limit.refill * scale),
            Rule::Window(window) => window.seconds / scale - now.duration_since(self.filled).as_secs_f64(),
        }
    }
}

/// The buckets in use. A bucket that is not there is full.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    /// How many times faster than the clock time runs for refills.
    scale: f64,
    in_use: HashMap<Key, Bucket>,
    /// At how many buckets the full ones are thrown away.
    prune_at: usize,
}

impl Buckets {
    pub(super) fn new(scale: f64) -> Self {
        Buckets {
            scale,
            in_use: HashMap::new(),
            prune_at: FEW,
        }
    }

    pub(super) fn clear(&mut self) {
        self.in_use.clear();
        self.prune_at = FEW;
    }

    /// How many are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.in_use.len()
    }

    fn now(&self, key: &Key, rule: Rule, now: Timestamp) -> Bucket {
        self.in_use.get(key).map_or_else(
            || Bucket::full(rule, now),
            |bucket| bucket.at(rule, now, self.scale),
        )
    }

    /// What is left in a bucket.
    pub(super) fn tokens(&self, key: &Key, rule: Rule, now: Timestamp) -> f64 {
        self.now(key, rule, now).tokens
    }

    /// Whole seconds until a bucket admits a request, at least 1; `None` where it does now.
    pub(super) fn wait(&self, key: &Key, rule: Rule, now: Timestamp) -> Option<u64> {
        let bucket = self.now(key, rule, now);
        (bucket.tokens < 1.0).then(|| whole(bucket.wait(rule, now, self.scale)))
    }

    /// Whole seconds until a window ends.
    pub(super) fn resets_after(&self, key: &Key, rule: Rule, now: Timestamp) -> u64 {
        whole(self.now(key, rule, now).wait(rule, now, self.scale))
    }

    /// Takes a request out of a bucket, if there is one in it.
    pub(super) fn take(&mut self, limits: &Limits, key: Key, rule: Rule, now: Timestamp) {
        let mut bucket = self.now(&key, rule, now);
        bucket.tokens = (bucket.tokens - 1.0).max(0.0);
        self.in_use.insert(key, bucket);
        if self.in_use.len() >= self.prune_at {
            let scale = self.scale;
            self.in_use.retain(|key, bucket| {
                let rule = key.rule(limits);
                bucket.at(rule, now, scale).tokens < rule.capacity()
            });
            self.prune_at = self.in_use.len().saturating_mul(2).max(FEW);
        }
    }

    /// The buckets in use, with what is left in each and its capacity.
    pub(super) fn left(&self, limits: &Limits, now: Timestamp) -> impl Iterator<Item = (&Key, f64, f64)> {
        let limits = *limits;
        self.in_use.iter().map(move |(key, bucket)| {
            let rule = key.rule(&limits);
            (key, bucket.at(rule, now, self.scale).tokens, rule.capacity())
        })
    }
}

/// Seconds as a client is told them. A limit without refill never admits again; an hour is what such a client is told.
fn whole(seconds: f64) -> u64 {
    if seconds.is_finite() {
        (seconds.ceil() as u64).clamp(1, 3_600)
    } else {
        3_600
    }
}
