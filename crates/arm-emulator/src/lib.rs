//! A faithful Azure Resource Manager in memory, as a library and a program.
//!
//! One state machine with two doors: an in-process HTTP client and an HTTPS server. [`Emulator::exchange`] is what both
//! call. Nothing here reads the wall clock or makes up a number by itself: time comes in through [`Options::time`], and
//! every GUID follows from [`Options::seed_number`]. With [`Options::deterministic`] the same requests in the same order get the
//! same answers, byte for byte.

mod authorization;
mod balancer;
mod body;
pub mod clock;
pub mod cloud;
pub mod dns;
mod doors;
pub mod faults;
mod graph;
pub mod identity;
pub mod journal;
mod monitor;
mod network;
mod operations;
mod page;
mod perimeter;
mod policy;
mod private_dns;
mod random;
mod request;
mod resolver;
mod resources;
pub mod seed;
mod state;
mod targets;
pub mod throttle;
mod types;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use url::Url;

pub use authorization::rbac;
use authorization::rbac::RbacState;
use cloud::Cloud;
pub use doors::{change, client, server, tls, wire};
use faults::FaultState;
use identity::IdentityState;
use journal::Journal;
use state::State;
pub use state::Subscription;
pub use state::record::Writers;
pub use state::snapshot::{Contradictory, Snapshot};
use throttle::ThrottleState;
pub use types::types_page;

use doors::wire::{Exchange, Request};

/// Whether requests are limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThrottleMode {
    /// As Azure limits them.
    Azure,
    #[default]
    Off,
}

/// How an emulator is made.
#[derive(Clone)]
pub struct Options {
    /// What time it is.
    pub time: clock::TimeSource,
    /// How many times faster operations run and limits refill than they do in Azure; `Retry-After` shrinks with it, never
    /// below 1 second. 1.0 is Azure's pace.
    pub time_scale: f64,
    /// Refuses types without a table of their own.
    pub strict: bool,
    pub throttle: ThrottleMode,
    /// Which Azure it is: what names end with, who may sign in for what, which regions there are.
    pub cloud: Cloud,
    /// What absolute URLs in answers begin with when the request does not say which host it was sent to.
    pub endpoint: Url,
    /// Decides every GUID.
    pub seed_number: u64,
    /// What each request moves the clock on by, with its timestamps; none: the clock follows `time` alone.
    pub step: Option<SignedDuration>,
}

/// When the clock of a deterministic emulator starts, and what each request moves it on by.
const DETERMINISTIC: (Timestamp, SignedDuration) = (
    // 2026-01-01T00:00:00Z.
    Timestamp::constant(1_767_225_600, 0),
    SignedDuration::from_secs(1),
);

/// The last moment that the test door moves the clock to, a year before dates end: 9998-12-31T00:00:00Z.
pub(crate) const LAST: Timestamp = Timestamp::constant(253_370_678_400, 0);

impl Options {
    /// Azure's pace, the public cloud, open, not throttled, on the given clock.
    ///
    /// # Errors
    /// Never in practice: the fixed endpoint is a URL.
    pub fn new(time: clock::TimeSource) -> Result<Self, url::ParseError> {
        Ok(Options {
            time,
            time_scale: 1.0,
            strict: false,
            throttle: ThrottleMode::Off,
            cloud: Cloud::Public,
            endpoint: Url::parse("https://management.azure.com")?,
            seed_number: 1,
            step: None,
        })
    }

    /// The same answers for the same requests in the same order: the clock starts at 2026-01-01T00:00:00Z and goes on by one
    /// second with each request, and everything that is made up follows from `seed_number`.
    ///
    /// # Errors
    /// Never in practice: the fixed endpoint is a URL.
    pub fn deterministic(seed_number: u64) -> Result<Self, url::ParseError> {
        let (origin, step) = DETERMINISTIC;
        Ok(Options {
            seed_number,
            step: Some(step),
            ..Options::new(Arc::new(move || origin))?
        })
    }
}

/// An Azure Resource Manager. Clones share one state.
#[derive(Clone)]
pub struct Emulator {
    inner: Arc<Mutex<Inner>>,
    options: Arc<Options>,
}

/// Everything that changes.
pub(crate) struct Inner {
    pub(crate) state: State,
    pub(crate) identity: IdentityState,
    pub(crate) rbac: RbacState,
    pub(crate) throttle: ThrottleState,
    pub(crate) faults: FaultState,
    pub(crate) journal: Journal,
    /// What the test door has advanced the clock by.
    pub(crate) clock_offset: SignedDuration,
    /// What requests have moved the clock on by.
    pub(crate) stepped: SignedDuration,
    /// Where a reset goes back to.
    pub(crate) initial: Option<Snapshot>,
    /// The resolvers of networks that listen on this machine.
    pub(crate) listeners: dns::Listeners,
}

/// ARM behaviour: times have at most seven digits of a second.
fn in_ticks(time: Timestamp) -> Timestamp {
    let nanoseconds = time.as_nanosecond();
    Timestamp::from_nanosecond(nanoseconds - nanoseconds.rem_euclid(100)).unwrap_or(time)
}

impl Inner {
    /// The emulator's time, and that of its timestamps.
    pub(crate) fn times(&self, options: &Options) -> (Timestamp, Timestamp) {
        let after = |time: Timestamp, by| time.saturating_add(by).unwrap_or(Timestamp::MAX);
        let wall = in_ticks(after((options.time)(), self.stepped));
        (after(wall, self.clock_offset), wall)
    }
}

impl Emulator {
    /// An empty emulator: open, without resources.
    pub fn new(options: Options) -> Self {
        let limits = match options.throttle {
            ThrottleMode::Azure => Some(throttle::Limits::default()),
            ThrottleMode::Off => None,
        };
        let inner = Inner {
            state: State::new(options.seed_number).of_cloud(options.cloud),
            identity: IdentityState::default().of_cloud(options.cloud),
            rbac: RbacState::default(),
            throttle: ThrottleState::new(limits, options.time_scale),
            faults: FaultState::default(),
            journal: Journal::default(),
            clock_offset: SignedDuration::ZERO,
            stepped: SignedDuration::ZERO,
            initial: None,
            listeners: dns::Listeners::default(),
        };
        Emulator {
            inner: Arc::new(Mutex::new(inner)),
            options: Arc::new(options),
        }
    }

    /// Answers one request. Both doors call this; it never waits.
    pub fn exchange(&self, request: Request) -> Exchange {
        let path = request.url.path();
        if path == "/_emulator" || path.starts_with("/_emulator/") {
            return Exchange {
                delay: std::time::Duration::ZERO,
                response: Some(doors::door::handle(self, &request)),
            };
        }
        request::exchange::run(self, &request)
    }

    /// The emulator's time: the source's, and what the clock was advanced by.
    pub fn now(&self) -> Timestamp {
        self.with(|inner, options| inner.times(options)).0
    }

    /// The source's time: what timestamps and tokens go by.
    pub fn wall_time(&self) -> Timestamp {
        self.with(|inner, options| inner.times(options)).1
    }

    /// Moves the emulator's clock forward: operations end, limits refill. Where dates end, it stands still.
    pub fn advance(&self, by: SignedDuration) {
        self.with(|inner, _| inner.clock_offset = inner.clock_offset.saturating_add(by));
    }

    /// The same, as long as what begins then has time to end.
    ///
    /// # Errors
    /// How far it can be moved at most; it is where it was.
    pub(crate) fn advance_within_dates(&self, by: SignedDuration) -> Result<(), SignedDuration> {
        self.with(|inner, options| {
            let most = LAST.duration_since(inner.times(options).0);
            if by > most {
                return Err(most.max(SignedDuration::ZERO));
            }
            inner.clock_offset = inner.clock_offset.saturating_add(by);
            Ok(())
        })
    }

    /// How the emulator was made.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Runs with the state locked. A panic of another holder does not lock everybody out: every change leaves the state
    /// whole before anything that could fail.
    pub(crate) fn with<R>(&self, run: impl FnOnce(&mut Inner, &Options) -> R) -> R {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let done = run(&mut inner, &self.options);
        for network in std::mem::take(&mut inner.state.gone_networks) {
            inner.listeners.network_is_gone(&network);
        }
        done
    }
}
