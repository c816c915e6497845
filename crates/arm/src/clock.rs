//! The time that everything on the Azure side reads: the wall clock, or one that a test moves.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A source of the current time. Clones share it.
///
/// Nothing on the Azure side reads the wall clock by itself, so that a simulation owns time.
#[derive(Clone)]
pub struct Clock {
    source: Source,
}

#[derive(Clone)]
enum Source {
    System,
    Simulated {
        origin: Timestamp,
        start: Instant,
        /// By how many seconds it was set.
        shifted: Arc<AtomicI64>,
    },
}

impl Clock {
    /// The machine's wall clock.
    pub fn system() -> Self {
        Clock {
            source: Source::System,
        }
    }

    /// A clock that shows `origin` now and from then on follows [`tokio::time::Instant`], paused or not.
    pub fn simulated(origin: Timestamp) -> Self {
        Clock {
            source: Source::Simulated {
                origin,
                start: Instant::now(),
                shifted: Arc::default(),
            },
        }
    }

    /// Sets a simulated clock, and all its clones, forward by seconds or back. The machine's is not ours to set.
    pub fn shift(&self, seconds: i64) {
        if let Source::Simulated { shifted, .. } = &self.source {
            shifted.fetch_add(seconds, Ordering::Relaxed);
        }
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        match &self.source {
            Source::System => Timestamp::now(),
            Source::Simulated {
                origin,
                start,
                shifted,
            } => {
                let passed = SignedDuration::try_from(start.elapsed()).unwrap_or(SignedDuration::MAX);
                let shifted = SignedDuration::from_secs(shifted.load(Ordering::Relaxed));
                let passed = passed.saturating_add(shifted);
                origin.checked_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::System => formatter.write_str("Clock(system)"),
            Source::Simulated { .. } => write!(formatter, "Clock(simulated, {})", self.now()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_simulated_clock_follows_the_paused_runtime() {
        let origin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Clock::simulated(origin);
        assert_eq!(clock.now(), origin);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.clone().now(), origin + SignedDuration::from_secs(90));
    }

    #[test]
    fn the_end_of_time_is_not_passed() {
        let clock = Clock::simulated(Timestamp::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }
}
