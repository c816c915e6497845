//! The emulator's clock: an injected source of time plus an offset that the test door can advance.

use std::sync::Arc;

use jiff::Timestamp;

/// A source of wall-clock time. In a simulation it follows a paused runtime.
pub type TimeSource = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The system's wall clock.
pub fn system() -> TimeSource {
    Arc::new(Timestamp::now)
}

/// A clock that starts at `origin` and follows tokio's clock, paused or not.
pub fn simulated(origin: Timestamp) -> TimeSource {
    let start = tokio::time::Instant::now();
    Arc::new(move || {
        origin
            .saturating_add(jiff::SignedDuration::try_from(start.elapsed()).unwrap_or_default())
            .unwrap_or(Timestamp::MAX)
    })
}
