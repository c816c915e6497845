//! What every pass needs from outside: the clock, Azure, Kubernetes, randomness, and the indexes that objects share.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::Client;
use privatelink_arm::catalogue::KnownCloud;
use privatelink_arm::{ArmClient, Clock, ResourceId};

use crate::accidents::{Definitions, Deletions};
use crate::claims::Claims;
use crate::events::Events;
use crate::identity::{Identities, OwnIdentity};
use crate::kind::ObjectKey;
use crate::lease::Claim;
use crate::lookup::Resolver;
use crate::metrics::Metrics;
use crate::objects::Objects;
use crate::queue::Queue;
use crate::reservations::Reservations;
use crate::scope::Scopes;
use crate::tally::Tally;
use crate::turns::Turns;
use crate::waiting::Waiting;

/// How an installation behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Names the installation in owner tags; at most 63 characters.
    pub owner_id: String,
    /// The scopes that this installation serves are those that name it.
    pub controller_name: String,
    /// Within this time a change that somebody made in Azure is found.
    pub drift_interval: Duration,
    /// How many objects are looked at at once.
    pub workers: usize,
    /// The table of private DNS zones that applies; none in a cloud that nobody has published one for.
    pub catalogue: Option<KnownCloud>,
    /// A call to the Kubernetes API takes no longer than this.
    pub kubernetes_timeout: Duration,
    /// As whom the controller calls Azure where a scope does not say otherwise.
    pub own_identity: OwnIdentity,
}

/// Everything that comes in from outside, and what objects share.
pub struct Context {
    pub settings: Settings,
    pub identities: Identities,
    pub resolver: Arc<dyn Resolver>,
    pub kube: Client,
    pub clock: Clock,
    pub events: Events,
    pub metrics: Metrics,
    pub tally: Tally,
    pub leadership: Claim,
    pub queue: Queue<ObjectKey>,
    pub scopes: Scopes,
    pub claims: Claims,
    pub objects: Objects,
    pub reservations: Reservations,
    pub turns: Turns,
    pub waiting: Waiting,
    pub deletions: Deletions,
    pub definitions: Definitions,
    /// The watches are in step.
    pub ready: Arc<AtomicBool>,
    random: Mutex<fastrand::Rng>,
}

impl Context {
    /// Puts a context together. `seed` is all the randomness that there is.
    #[expect(clippy::too_many_arguments, reason = "what comes from outside, each once")]
    pub fn new(
        settings: Settings,
        arm: ArmClient,
        resolver: Arc<dyn Resolver>,
        kube: Client,
        clock: Clock,
        metrics: Metrics,
        leadership: Claim,
        seed: u64,
    ) -> Self {
        let timeout = settings.kubernetes_timeout;
        let identities = Identities::new(arm, &settings.own_identity, kube.clone(), timeout);
        let events = Events::new(kube.clone(), clock.clone(), settings.kubernetes_timeout);
        Context {
            settings,
            identities,
            resolver,
            kube,
            clock,
            events,
            metrics,
            tally: Tally::default(),
            leadership,
            queue: Queue::default(),
            scopes: Scopes::default(),
            claims: Claims::default(),
            objects: Objects::default(),
            reservations: Reservations::default(),
            turns: Turns::default(),
            waiting: Waiting::default(),
            deletions: Deletions::default(),
            definitions: Definitions::default(),
            ready: Arc::default(),
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
        }
    }

    /// An object has made or removed a resource: whoever waits for it looks again.
    pub fn changed(&self, id: &ResourceId) {
        self.identities.forget_facts(id);
        if let Some(parent) = id.parent() {
            self.identities.forget_facts(&parent);
        }
        self.waiting
            .call(id)
            .into_iter()
            .for_each(|key| self.queue.add(key));
    }

    /// An object needs no turn any longer, or for now: whoever is next looks again.
    pub fn release_turn(&self, object: &ObjectKey) {
        let called = self.turns.release(object).into_iter();
        called.for_each(|key| self.queue.add(key));
    }

    /// A number from 0 to 1, so that many objects do not do the same thing at the same moment.
    pub fn jitter(&self) -> f64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }

    /// How long an object that is as wanted is left alone, and how old a sweep may be that says so. Together they
    /// stay within the drift interval.
    pub fn pace(&self) -> Duration {
        self.settings.drift_interval.mul_f64(0.55)
    }

    /// How long after a read that misses what should be there a second one may confirm it.
    pub fn second_look(&self) -> Duration {
        self.settings
            .drift_interval
            .mul_f64(0.15)
            .min(Duration::from_secs(4))
    }

    /// The pace of looks while reads lag: a little more than [`Context::second_look`].
    pub fn lag_pace(&self) -> Duration {
        self.second_look() + Duration::from_millis(250)
    }

    /// See [`Context::pace`].
    pub fn sweep_age(&self) -> Duration {
        self.settings.drift_interval.mul_f64(0.35)
    }
}
