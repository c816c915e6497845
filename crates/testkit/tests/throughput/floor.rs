//! The least time that a number of writes takes within limits.

use std::collections::VecDeque;
use std::time::Duration;

use privatelink_arm_emulator::throttle::{Limit, Limits};

/// Azure's limits, as the emulator has them.
pub struct Limiters {
    limits: Limits,
}

impl Limiters {
    pub fn azure() -> Self {
        Limiters {
            limits: Limits::default(),
        }
    }

    /// Writes of the network provider.
    pub fn network(&self, writes: u32) -> Work {
        self.work(writes, self.limits.network_writes)
    }

    /// Writes of record sets in one zone.
    pub fn zone_records(&self, writes: u32) -> Work {
        self.work(writes, self.limits.private_dns.record_writes)
    }

    fn work(&self, writes: u32, provider: Limit) -> Work {
        Work {
            writes,
            gateway: self.limits.writes,
            provider,
        }
    }
}

/// Writes that count against ARM's own limit and against a provider's.
pub struct Work {
    writes: u32,
    gateway: Limit,
    provider: Limit,
}

impl Work {
    /// From the first write to the last. ARM's own limit is a bucket; a provider's is so many in any stretch of so long,
    /// which is how the documents put it, and which a bucket of the same size takes as well.
    pub fn floor(&self) -> Duration {
        let stretch = self.provider.capacity / self.provider.refill;
        let mut within: VecDeque<f64> = VecDeque::new();
        let (mut now, mut tokens) = (0.0_f64, self.gateway.capacity);
        for _ in 0..self.writes {
            let mut at = now;
            if within.len() as f64 >= self.provider.capacity
                && let Some(oldest) = within.pop_front()
            {
                at = at.max(oldest + stretch);
            }
            tokens = (tokens + (at - now) * self.gateway.refill).min(self.gateway.capacity);
            if tokens < 1.0 {
                at += (1.0 - tokens) / self.gateway.refill;
                tokens = 1.0;
            }
            tokens -= 1.0;
            within.push_back(at);
            now = at;
        }
        Duration::from_secs_f64(now)
    }
}
