//! What a write makes beside its own resource, kept for one object until everybody can see it.
//!
//! Two objects of this process that looked at the same moment would both find nothing in their way.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use privatelink_arm::ResourceId;
use tokio::time::Instant;

use crate::kind::ObjectKey;

/// Azure shows what a write has made well within this time.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// Ids of resources that do not exist yet, and whose they are going to be.
#[derive(Default)]
pub struct Reservations {
    kept: Mutex<BTreeMap<String, (ObjectKey, Instant)>>,
}

impl Reservations {
    /// Keeps all of them for an object, or none.
    ///
    /// # Errors
    /// How long another object keeps one of them.
    pub fn keep(&self, ids: &[ResourceId], object: &ObjectKey) -> Result<(), Duration> {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (_, until)| *until > now);
        let others = |id: &ResourceId| {
            let (holder, until) = kept.get(id.key())?;
            (holder != object).then(|| *until - now)
        };
        if let Some(wait) = ids.iter().filter_map(others).max() {
            return Err(wait);
        }
        let until = now + KEPT_FOR;
        kept.extend(
            ids.iter()
                .map(|id| (id.key().to_owned(), (object.clone(), until))),
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str) -> ObjectKey {
        ObjectKey {
            kind: "PrivateEndpoint",
            namespace: "n".to_owned(),
            name: name.to_owned(),
        }
    }

    fn record(name: &str) -> ResourceId {
        ResourceId::parse(&format!(
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/a.b/A/{name}"
        ))
        .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_object_is_about_to_make_is_not_another_s_until_everybody_can_see_it() {
        let reservations = Reservations::default();
        let (one, other) = (object("one"), object("other"));
        let (both, second) = ([record("x"), record("y")], [record("Y")]);
        assert_eq!(reservations.keep(&both, &one), Ok(()));
        assert_eq!(reservations.keep(&both, &one), Ok(()), "its own");
        assert_eq!(
            reservations.keep(&second, &other),
            Err(KEPT_FOR),
            "compared without case"
        );
        assert_eq!(reservations.keep(&[record("z")], &other), Ok(()));
        tokio::time::advance(KEPT_FOR).await;
        assert_eq!(reservations.keep(&second, &other), Ok(()));
        assert_eq!(
            reservations.keep(&both, &one),
            Err(KEPT_FOR),
            "one of them is the other's now"
        );
        assert_eq!(
            reservations.keep(&[record("x")], &other),
            Ok(()),
            "and none was kept"
        );
    }
}
