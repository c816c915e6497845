//! Leader election on a `Lease`, with client-go's semantics.
//!
//! The decision is pure; the loop around it reads and writes the Lease with optimistic concurrency and publishes a
//! claim with an expiry on our own monotonic clock. A claim is checked at the moment of use: Azure has no fencing
//! token, so nothing is written to Azure without one that is good for a little longer.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, PostParams};
use privatelink_arm::Clock;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What an installation's Lease is called: one for each controller name, so that scopes can be split over installations.
pub fn lease_name(controller_name: &str) -> String {
    let name: String = controller_name
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() || character == '.' {
                character.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    name.trim_matches(['-', '.']).to_owned()
}

/// How long a lease lasts without renewal, how long a leader tries to renew it, and how often anybody looks.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    pub lease: Duration,
    pub renew: Duration,
    pub retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            lease: Duration::from_secs(15),
            renew: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// A write to Azure is begun only while the claim is good for this long.
pub const MARGIN: Duration = Duration::from_secs(2);

/// Until when we lead.
#[derive(Clone, Debug)]
pub struct Claim {
    until: watch::Receiver<Option<Instant>>,
}

impl Claim {
    /// A claim that never ends, for one who runs alone.
    pub fn forever() -> Self {
        let (sender, until) = watch::channel(Some(
            Instant::now() + Duration::from_secs(60 * 60 * 24 * 365 * 10),
        ));
        drop(sender);
        Claim { until }
    }

    /// Whether a write may begin now.
    ///
    /// # Errors
    /// A message when we do not lead, or not for long enough.
    pub fn permit(&self) -> Result<(), String> {
        match *self.until.borrow() {
            Some(until) if until > Instant::now() + MARGIN => Ok(()),
            Some(_) => Err("the leader lease is about to end".to_owned()),
            None => Err("this process does not lead".to_owned()),
        }
    }

    /// Whether we lead now.
    pub fn is_held(&self) -> bool {
        self.until.borrow().is_some_and(|until| until > Instant::now())
    }

    /// Waits until we lead.
    pub async fn held(&mut self) {
        while !self.is_held() {
            if self.until.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until we lead no longer.
    pub async fn lost(&mut self) {
        loop {
            let until = *self.until.borrow_and_update();
            let Some(until) = until.filter(|until| *until > Instant::now()) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                changed = self.until.changed() => if changed.is_err() { tokio::time::sleep_until(until).await },
            }
        }
    }
}

/// The lease as we last saw it change, on our own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sighting {
    holder: Option<String>,
    renewed: Option<Timestamp>,
    transitions: i32,
    at: Instant,
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// Nobody holds it, or its holder has not renewed it for its whole duration.
    Acquire,
    Renew,
    Wait,
}

fn decide(sighting: &Sighting, identity: &str, duration: Duration, now: Instant) -> Decision {
    match sighting.holder.as_deref() {
        Some(holder) if holder == identity => Decision::Renew,
        None | Some("") => Decision::Acquire,
        Some(_) if now.duration_since(sighting.at) >= duration => Decision::Acquire,
        Some(_) => Decision::Wait,
    }
}

/// Takes part in the election of one lease.
pub struct Elector {
    pub api: Api<Lease>,
    pub name: String,
    pub identity: String,
    pub timing: Timing,
    pub clock: Clock,
}

impl Elector {
    /// The claim, and the loop that keeps it; the loop ends, and releases the lease, when `shutdown` is cancelled.
    pub fn start(self, shutdown: CancellationToken) -> (Claim, impl Future<Output = ()> + Send) {
        let (sender, until) = watch::channel(None);
        (Claim { until }, self.run(sender, shutdown))
    }

    async fn run(self, claim: watch::Sender<Option<Instant>>, shutdown: CancellationToken) {
        let mut sighting = None;
        while !shutdown.is_cancelled() {
            let began = Instant::now();
            let attempt =
                tokio::time::timeout(self.timing.renew / 2, self.attempt(&mut sighting, began)).await;
            match attempt {
                Ok(Ok(true)) => {
                    // Counted from before the request: the holder may only ever believe in less time than others do.
                    let until = began + self.timing.renew;
                    claim.send_replace(Some(until));
                }
                Ok(Ok(false)) => drop(claim.send_replace(None)),
                Ok(Err(error)) => {
                    tracing::warn!(%error, lease = self.name, "the leader lease could not be read or written")
                }
                Err(_) => tracing::warn!(lease = self.name, "the leader lease did not answer in time"),
            }
            tokio::select! { () = tokio::time::sleep(self.timing.retry) => {}, () = shutdown.cancelled() => {} }
        }
        let held = claim.borrow().is_some_and(|until| until > Instant::now());
        claim.send_replace(None);
        if held
            && let Err(error) = tokio::time::timeout(self.timing.retry, self.release())
                .await
                .unwrap_or(Ok(()))
        {
            tracing::warn!(%error, lease = self.name, "the leader lease could not be released");
        }
    }

    /// One look, and one write where the look asks for it. True when the lease is ours.
    async fn attempt(&self, sighting: &mut Option<Sighting>, now: Instant) -> Result<bool, kube::Error> {
        let Some(lease) = self.api.get_opt(&self.name).await? else {
            let lease = self.written(None, 0, None);
            return match self.api.create(&PostParams::default(), &lease).await {
                Ok(_) => Ok(true),
                Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(false),
                Err(error) => Err(error),
            };
        };
        let spec = lease.spec.clone().unwrap_or_default();
        let renewed = spec.renew_time.as_ref().map(|time| time.0);
        let seen = Sighting {
            holder: spec.holder_identity.clone(),
            renewed,
            transitions: spec.lease_transitions.unwrap_or(0),
            at: now,
        };
        let unchanged = sighting.as_ref().is_some_and(|last| {
            last.holder == seen.holder && last.renewed == seen.renewed && last.transitions == seen.transitions
        });
        if !unchanged {
            *sighting = Some(seen.clone());
        }
        let current = sighting.as_ref().unwrap_or(&seen);
        let duration = spec
            .lease_duration_seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map_or(self.timing.lease, Duration::from_secs);
        let lease = match decide(current, &self.identity, duration, now) {
            Decision::Wait => return Ok(false),
            Decision::Renew => self.written(Some(&lease), current.transitions, spec.acquire_time),
            Decision::Acquire => self.written(Some(&lease), current.transitions.saturating_add(1), None),
        };
        match self.api.replace(&self.name, &PostParams::default(), &lease).await {
            Ok(_) => Ok(true),
            // Somebody else wrote first: they decide, we look again.
            Err(kube::Error::Api(status)) if status.is_conflict() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn written(&self, lease: Option<&Lease>, transitions: i32, acquired: Option<MicroTime>) -> Lease {
        let now = MicroTime(self.clock.now());
        let mut written = lease.cloned().unwrap_or_default();
        written.metadata.name = Some(self.name.clone());
        written.spec = Some(LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(self.timing.lease.as_secs()).ok(),
            acquire_time: Some(acquired.unwrap_or_else(|| now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(transitions),
            ..written.spec.unwrap_or_default()
        });
        written
    }

    async fn release(&self) -> Result<(), kube::Error> {
        let Some(mut lease) = self.api.get_opt(&self.name).await? else {
            return Ok(());
        };
        let Some(spec) = lease
            .spec
            .as_mut()
            .filter(|spec| spec.holder_identity.as_deref() == Some(&self.identity))
        else {
            return Ok(());
        };
        // As client-go does: an empty holder and a duration of a second, so that the next one need not wait.
        spec.holder_identity = None;
        spec.lease_duration_seconds = Some(1);
        spec.renew_time = Some(MicroTime(self.clock.now()));
        self.api
            .replace(&self.name, &PostParams::default(), &lease)
            .await
            .map(|_| ())
    }
}

/// The permit that an ARM client asks for before each write.
pub fn write_permit(claim: Claim) -> Arc<dyn Fn() -> Result<(), String> + Send + Sync> {
    Arc::new(move || claim.permit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(holder: Option<&str>, at: Instant) -> Sighting {
        Sighting {
            holder: holder.map(str::to_owned),
            renewed: None,
            transitions: 3,
            at,
        }
    }

    #[test]
    fn a_lease_is_named_after_its_installation() {
        assert_eq!(
            lease_name("privatelink.dev/controller"),
            "privatelink.dev-controller"
        );
        assert_eq!(lease_name("-Team_A/"), "team-a");
    }

    #[test]
    fn a_lease_is_taken_only_from_nobody_or_from_one_that_stopped_renewing() {
        let seen = Instant::now();
        let later = seen + Duration::from_secs(15);
        let duration = Duration::from_secs(15);
        assert_eq!(
            decide(&sighting(None, seen), "me", duration, seen),
            Decision::Acquire
        );
        assert_eq!(
            decide(&sighting(Some(""), seen), "me", duration, seen),
            Decision::Acquire
        );
        assert_eq!(
            decide(&sighting(Some("me"), seen), "me", duration, later),
            Decision::Renew
        );
        assert_eq!(
            decide(&sighting(Some("other"), seen), "me", duration, seen),
            Decision::Wait
        );
        assert_eq!(
            decide(
                &sighting(Some("other"), seen),
                "me",
                duration,
                later - Duration::from_millis(1)
            ),
            Decision::Wait
        );
        assert_eq!(
            decide(&sighting(Some("other"), seen), "me", duration, later),
            Decision::Acquire
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_ends_by_itself_and_refuses_writes_before_it_ends() {
        let (sender, until) = watch::channel(None);
        let mut claim = Claim { until };
        assert!(claim.permit().is_err());
        sender.send_replace(Some(Instant::now() + Duration::from_secs(10)));
        claim.held().await;
        assert!(claim.permit().is_ok());
        tokio::time::advance(Duration::from_millis(8500)).await;
        assert!(claim.is_held());
        assert!(
            claim.permit().is_err(),
            "a write must not begin within the margin"
        );
        let start = Instant::now();
        claim.lost().await;
        assert_eq!(start.elapsed(), Duration::from_millis(1500));
    }
}
