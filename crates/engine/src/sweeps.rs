//! The observation cache: one LIST of a type in a resource group serves all objects there.
//!
//! Of an object's own resources a sweep can say "as wanted" and nothing else: no write is decided on it. The cost of rest
//! so does not grow with the number of objects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use privatelink_arm::{ArmClient, ArmError, ArmErrorKind, ListTarget, Priority, ResourceId};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::plan::{Observed, Snapshot};

/// What a LIST came to, by lower-cased id. Bodies stay text: a tenth of what a parsed tree takes. A failure is kept as
/// well, so that a hundred objects do not repeat it one after the other.
struct Sweep {
    began: Instant,
    outcome: Result<Resources, ArmError>,
}

type Resources = BTreeMap<String, Box<RawValue>>;

/// Sweeps that nobody has asked for this long are forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(1800);

/// What is read of a listed resource to find it again.
#[derive(Deserialize)]
struct Listed {
    id: String,
}

type SweepKey = (String, String);

type Slot = Arc<tokio::sync::Mutex<Option<Sweep>>>;

/// The sweeps of all resource groups and types.
#[derive(Default)]
pub struct Sweeps {
    sweeps: Mutex<BTreeMap<SweepKey, Slot>>,
}

/// One type in one resource group, or under one resource.
#[derive(Clone, Copy, Debug)]
pub struct SweepTarget<'a> {
    pub parent: &'a ResourceId,
    pub resource_type: &'a str,
    pub api_version: &'a str,
}

impl SweepTarget<'_> {
    /// What a resource is listed under: its group, or the resource that it lives in.
    pub fn parent(id: &ResourceId) -> Option<ResourceId> {
        if id.resource_type().matches('/').count() == 1 {
            id.resource_group_id()
        } else {
            id.parent()
        }
    }

    fn list(&self) -> ListTarget {
        match self.resource_type.rsplit_once('/') {
            Some((_, segment)) if self.resource_type.matches('/').count() > 1 => {
                ListTarget::children(self.parent, segment)
            }
            _ => ListTarget::in_group(self.parent, self.resource_type),
        }
    }
}

impl Sweeps {
    /// What a sweep that began after `not_before` shows of a resource, and when it began; sweeps when there is none.
    ///
    /// # Errors
    /// Whatever the LIST came back with, until a sweep is due again.
    pub async fn observe(
        &self,
        arm: &ArmClient,
        target: SweepTarget<'_>,
        id: &ResourceId,
        not_before: Instant,
        priority: Priority,
    ) -> Result<(Observed, Instant), ArmError> {
        let slot = self.slot(target);
        let mut slot = slot.lock().await;
        let (resources, began) = self.current(&mut slot, arm, target, not_before, priority).await?;
        let found = resources.get(id.key());
        let observed = match found.and_then(|text| serde_json::from_str::<Value>(text.get()).ok()) {
            Some(body) => Observed::Swept(Snapshot::listed(body)),
            // Not listed: only an authoritative read may say that it is not there.
            None => Observed::Unread,
        };
        Ok((observed, began))
    }

    /// Takes a resource out of a sweep that began after `not_before`: for what is looked at once and by one object alone.
    ///
    /// # Errors
    /// Whatever the LIST came back with.
    pub async fn take(
        &self,
        arm: &ArmClient,
        target: SweepTarget<'_>,
        id: &ResourceId,
        not_before: Instant,
    ) -> Result<Option<Box<RawValue>>, ArmError> {
        let slot = self.slot(target);
        let mut slot = slot.lock().await;
        let (resources, _) = self
            .current(&mut slot, arm, target, not_before, Priority::Drift)
            .await?;
        Ok(resources.remove(id.key()))
    }

    fn slot(&self, target: SweepTarget<'_>) -> Slot {
        let key = (target.parent.key().to_owned(), target.resource_type.to_owned());
        let mut sweeps = self.sweeps.lock().unwrap_or_else(PoisonError::into_inner);
        sweeps.entry(key).or_default().clone()
    }

    /// The sweep of a slot and when it began, a new one where it is too old.
    async fn current<'a>(
        &self,
        slot: &'a mut Option<Sweep>,
        arm: &ArmClient,
        target: SweepTarget<'_>,
        not_before: Instant,
        priority: Priority,
    ) -> Result<(&'a mut Resources, Instant), ArmError> {
        let sweep = match slot.take().filter(|sweep| sweep.began >= not_before) {
            Some(sweep) => sweep,
            // The old one has gone by now: two at once is the most memory that a sweep ever takes.
            None => {
                let began = Instant::now();
                let listed = target.list();
                let outcome = arm.list(&listed, target.api_version, priority).await;
                self.forget_before(began.checked_sub(FORGET_AFTER));
                if let Err(error) = &outcome
                    && error.kind == ArmErrorKind::BudgetExhausted
                {
                    // Azure was not asked: whoever comes next may have the turn.
                    return Err(error.clone());
                }
                Sweep {
                    began,
                    outcome: outcome.map(by_id),
                }
            }
        };
        let sweep = slot.insert(sweep);
        match &mut sweep.outcome {
            Ok(resources) => Ok((resources, sweep.began)),
            Err(error) => Err(error.clone()),
        }
    }

    /// Forgets the sweeps that began before an instant and are not being asked for.
    fn forget_before(&self, instant: Option<Instant>) {
        let Some(instant) = instant else { return };
        let mut sweeps = self.sweeps.lock().unwrap_or_else(PoisonError::into_inner);
        sweeps.retain(|_, slot| {
            slot.try_lock().map_or(true, |sweep| {
                sweep.as_ref().is_none_or(|sweep| sweep.began >= instant)
            })
        });
    }
}

fn by_id(resources: Vec<Box<RawValue>>) -> Resources {
    let listed = resources.into_iter().filter_map(|resource| {
        let listed: Listed = serde_json::from_str(resource.get()).ok()?;
        Some((listed.id.to_ascii_lowercase(), resource))
    });
    listed.collect()
}
