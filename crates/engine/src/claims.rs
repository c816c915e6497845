//! Which object claims which ARM id, so that two objects for one resource never fight.
//!
//! The oldest object has the id. The index is fed by the watches, before any object is looked at, and costs no call.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use privatelink_arm::ResourceId;

use crate::kind::{ObjectKey, ObjectKeys};

/// What decides between two claims: age first, then who has recorded the id, then namespace and name, so that every replica
/// decides alike. Ages are in whole seconds: of two that were applied together, the one that has begun goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seniority {
    /// RFC 3339, as the API server writes it: text order is time order.
    pub created: String,
    /// Status names no id yet.
    pub fresh: bool,
    pub key: ObjectKey,
}

impl Seniority {
    pub fn of(metadata: &ObjectMeta, recorded: bool, key: ObjectKey) -> Self {
        let created = metadata.creation_timestamp.as_ref();
        Seniority {
            created: created.map(|time| time.0.to_string()).unwrap_or_default(),
            fresh: !recorded,
            key,
        }
    }
}

#[derive(Default)]
pub struct Claims {
    index: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    /// The oldest first. Nearly always there is one, for which a set would hold eleven places.
    by_id: BTreeMap<String, Vec<Seniority>>,
    by_object: BTreeMap<ObjectKey, Entry>,
}

struct Entry {
    seniority: Seniority,
    /// What spec and scope say.
    claimed: Option<String>,
    /// The recorded id where Azure has shown that it is the object's: it counts before the claim.
    pinned: Option<String>,
}

impl Entry {
    fn held(&self) -> Option<&String> {
        self.pinned.as_ref().or(self.claimed.as_ref())
    }
}

impl Claims {
    /// Notes what an object claims, or that it claims nothing. Returns the objects whose standing may have changed.
    pub fn note(&self, seniority: Seniority, id: Option<&ResourceId>) -> ObjectKeys {
        let claimed = id.map(|id| id.key().to_owned());
        self.lock().change(seniority, |entry| entry.claimed = claimed)
    }

    /// Notes that an object was seen to have another id than the one that it claims; none: that it has not.
    /// Returns the objects whose standing may have changed.
    pub fn pin(&self, seniority: Seniority, id: Option<&ResourceId>) -> ObjectKeys {
        let pinned = id.map(|id| id.key().to_owned());
        self.lock().change(seniority, |entry| entry.pinned = pinned)
    }

    /// Forgets an object. Returns the objects that claim the same id.
    pub fn forget(&self, key: &ObjectKey) -> ObjectKeys {
        let mut index = self.lock();
        let affected = index.release(key);
        index.by_object.remove(key);
        affected
    }

    /// The older object that has an id before this one does, if any.
    pub fn senior(&self, id: &ResourceId, seniority: &Seniority) -> Option<ObjectKey> {
        let index = self.lock();
        let first = index.by_id.get(id.key())?.first()?;
        (first < seniority).then(|| first.key.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn change(&mut self, seniority: Seniority, change: impl FnOnce(&mut Entry)) -> ObjectKeys {
        let key = seniority.key.clone();
        let last = self.by_object.remove(&key);
        let before = last
            .as_ref()
            .and_then(|entry| entry.held().map(|id| (entry.seniority.clone(), id.clone())));
        let mut entry = match last {
            Some(entry) => Entry {
                // An object that is made again under the same name begins with its own age.
                pinned: entry.pinned.filter(|_| entry.seniority == seniority),
                claimed: entry.claimed,
                seniority,
            },
            None => Entry {
                seniority,
                claimed: None,
                pinned: None,
            },
        };
        change(&mut entry);
        let after = entry.held().map(|id| (entry.seniority.clone(), id.clone()));
        self.by_object.insert(key.clone(), entry);
        if before == after {
            return ObjectKeys::new();
        }
        let mut affected = ObjectKeys::new();
        if let Some((seniority, id)) = before {
            affected.extend(self.take(&seniority, &id));
        }
        if let Some((seniority, id)) = after {
            let claimants = self.by_id.entry(id).or_default();
            affected.extend(claimants.iter().map(|claimant| claimant.key.clone()));
            let place = claimants.partition_point(|claimant| *claimant < seniority);
            claimants.reserve_exact(1);
            claimants.insert(place, seniority);
        }
        affected.remove(&key);
        affected
    }

    fn release(&mut self, key: &ObjectKey) -> ObjectKeys {
        let held = self
            .by_object
            .get(key)
            .and_then(|entry| entry.held().map(|id| (entry.seniority.clone(), id.clone())));
        held.map(|(seniority, id)| self.take(&seniority, &id))
            .unwrap_or_default()
    }

    /// Takes a claimant off an id; the others that claim it.
    fn take(&mut self, seniority: &Seniority, id: &str) -> ObjectKeys {
        let Some(claimants) = self.by_id.get_mut(id) else {
            return ObjectKeys::new();
        };
        claimants.retain(|claimant| claimant != seniority);
        let left = claimants.iter().map(|claimant| claimant.key.clone()).collect();
        if claimants.is_empty() {
            self.by_id.remove(id);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seniority(created: &str, name: &str) -> Seniority {
        let key = ObjectKey {
            kind: "PrivateEndpoint",
            namespace: "n".to_owned(),
            name: name.to_owned(),
        };
        Seniority {
            created: created.to_owned(),
            fresh: false,
            key,
        }
    }

    #[test]
    fn the_oldest_has_the_id_whatever_the_order_and_the_casing_and_the_next_takes_over() {
        let claims = Claims::default();
        let id = ResourceId::parse(
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/e",
        )
        .unwrap();
        let same = ResourceId::parse(
            "/subscriptions/s/resourcegroups/G/providers/microsoft.network/privateendpoints/E",
        )
        .unwrap();
        let (young, old) = (
            seniority("2026-01-02T00:00:00Z", "young"),
            seniority("2026-01-01T00:00:00Z", "old"),
        );
        assert!(claims.note(young.clone(), Some(&id)).is_empty());
        assert_eq!(claims.senior(&id, &young), None);
        assert_eq!(
            claims.note(old.clone(), Some(&same)),
            ObjectKeys::from([young.key.clone()])
        );
        assert_eq!(claims.senior(&id, &young), Some(old.key.clone()));
        assert_eq!(claims.senior(&id, &old), None);
        assert_eq!(claims.forget(&old.key), ObjectKeys::from([young.key.clone()]));
        assert_eq!(claims.senior(&id, &young), None);
    }
    fn id(name: &str) -> ResourceId {
        let text =
            format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/{name}");
        ResourceId::parse(&text).unwrap()
    }

    #[test]
    fn an_object_that_claims_nothing_has_no_younger_senior() {
        let claims = Claims::default();
        let (young, old) = (
            seniority("2026-01-02T00:00:00Z", "young"),
            seniority("2026-01-01T00:00:00Z", "old"),
        );
        claims.note(young.clone(), Some(&id("e")));
        claims.note(old.clone(), None);
        assert_eq!(
            claims.senior(&id("e"), &old),
            None,
            "the one that claims it is younger"
        );
    }

    #[test]
    fn the_id_that_an_object_is_pinned_to_counts_before_the_one_that_it_claims() {
        let claims = Claims::default();
        let (old, young) = (
            seniority("2026-01-01T00:00:00Z", "old"),
            seniority("2026-01-02T00:00:00Z", "young"),
        );
        claims.note(old.clone(), Some(&id("new-default")));
        claims.note(young.clone(), Some(&id("new-default")));
        assert_eq!(
            claims.pin(old.clone(), Some(&id("old-default"))),
            ObjectKeys::from([young.key.clone()])
        );
        assert_eq!(claims.senior(&id("new-default"), &young), None);
        assert_eq!(claims.senior(&id("old-default"), &young), Some(old.key.clone()));
        claims.note(old.clone(), Some(&id("newer-default")));
        assert_eq!(claims.senior(&id("old-default"), &young), Some(old.key.clone()));
        claims.pin(old.clone(), None);
        assert_eq!(claims.senior(&id("old-default"), &young), None);
    }

    #[test]
    fn an_object_that_is_made_again_has_its_own_age() {
        let claims = Claims::default();
        claims.note(seniority("2026-01-01T00:00:00Z", "one"), Some(&id("e")));
        let other = seniority("2026-01-02T00:00:00Z", "other");
        claims.note(other.clone(), Some(&id("e")));
        claims.note(seniority("2026-01-03T00:00:00Z", "one"), Some(&id("e")));
        assert_eq!(claims.senior(&id("e"), &other), None);
    }
}
