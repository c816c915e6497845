//! The observation cache: one LIST of a type in a resource group serves all objects there.
//!
//! A sweep can say "as wanted" and nothing else: no write is decided on it. The cost of rest so does not grow with
//! the number of objects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use privatelink_arm::{ArmClient, ArmError, ListTarget, Priority, ResourceId};
use serde_json::Value;
use tokio::time::Instant;

use crate::plan::{Observed, Snapshot};

/// What a LIST came to, by lower-cased id. Bodies are kept as text: a tenth of what a parsed tree takes. A failure is
/// kept as well, so that a hundred objects do not repeat it one after the other.
struct Sweep {
    began: Instant,
    outcome: Result<BTreeMap<String, Box<str>>, ArmError>,
}

/// Sweeps that nobody has asked for this long are forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(1800);

type SweepKey = (String, &'static str);

/// The sweeps of all resource groups and types.
#[derive(Default)]
pub struct Sweeps {
    sweeps: Mutex<BTreeMap<SweepKey, Arc<tokio::sync::Mutex<Option<Sweep>>>>>,
}

impl Sweeps {
    /// What a sweep that began after `not_before` shows of a resource; sweeps when there is none.
    ///
    /// # Errors
    /// Whatever the LIST came back with, until a sweep is due again.
    pub async fn observe(
        &self,
        arm: &ArmClient,
        group: &ResourceId,
        resource_type: &'static str,
        api_version: &'static str,
        id: &ResourceId,
        not_before: Instant,
    ) -> Result<Observed, ArmError> {
        let slot = {
            let mut sweeps = self.sweeps.lock().unwrap_or_else(PoisonError::into_inner);
            sweeps
                .entry((group.key().to_owned(), resource_type))
                .or_default()
                .clone()
        };
        let mut slot = slot.lock().await;
        if slot.as_ref().is_none_or(|sweep| sweep.began < not_before) {
            let began = Instant::now();
            let target = ListTarget::in_group(group, resource_type);
            let listed = arm.list(&target, api_version, Priority::Drift).await;
            let outcome = listed.map(|resources| {
                let resources = resources.into_iter().filter_map(|resource| {
                    let id = resource.get("id").and_then(Value::as_str)?.to_ascii_lowercase();
                    Some((id, resource.to_string().into_boxed_str()))
                });
                resources.collect()
            });
            *slot = Some(Sweep { began, outcome });
            self.forget_before(began.checked_sub(FORGET_AFTER));
        }
        let found = match slot.as_ref().map(|sweep| &sweep.outcome) {
            Some(Ok(resources)) => resources.get(id.key()),
            Some(Err(error)) => return Err(error.clone()),
            None => None,
        };
        Ok(
            match found.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
                Some(body) => {
                    let etag = body.get("etag").and_then(Value::as_str).map(str::to_owned);
                    Observed::Swept(Snapshot { body, etag })
                }
                // Not listed: only an authoritative read may say that it is not there.
                None => Observed::Unread,
            },
        )
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
