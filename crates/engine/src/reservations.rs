//! What a write makes beside its own resource, kept for one object until everybody can see it.
//!
//! Two objects of this process that looked at the same moment would both find nothing in their way.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use privatelink_arm::ResourceId;
use tokio::time::Instant;

use crate::kind::ObjectKey;

/// Azure shows what a write has made well within this time: a write waits for its turn, and its operation runs.
const KEPT_FOR: Duration = Duration::from_secs(180);

/// Ids of resources that do not exist yet, and whose they are going to be.
#[derive(Default)]
pub struct Reservations {
    kept: Mutex<BTreeMap<String, (ObjectKey, Instant)>>,
}

impl Reservations {
    /// Keeps nothing for an object any longer: what it made is there to be seen, or it makes nothing more.
    pub fn release(&self, object: &ObjectKey) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (holder, _)| holder != object);
    }

    /// Keeps all of them for an object, or none: another keeps one of them.
    pub fn keep(&self, ids: &[ResourceId], object: &ObjectKey) -> bool {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (_, until)| *until > now);
        let is_others = |id: &ResourceId| kept.get(id.key()).is_some_and(|(holder, _)| holder != object);
        if ids.iter().any(is_others) {
            return false;
        }
        let until = now + KEPT_FOR;
        kept.extend(
            ids.iter()
                .map(|id| (id.key().to_owned(), (object.clone(), until))),
        );
        true
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
        assert!(reservations.keep(&both, &one));
        assert!(reservations.keep(&both, &one), "its own");
        assert!(!reservations.keep(&second, &other), "compared without case");
        assert!(reservations.keep(&[record("z")], &other));
        tokio::time::advance(KEPT_FOR).await;
        assert!(reservations.keep(&second, &other));
        assert!(!reservations.keep(&both, &one), "one of them is the other's now");
        assert!(reservations.keep(&[record("x")], &other), "and none was kept");
        reservations.release(&other);
        assert!(reservations.keep(&both, &one));
    }
}
