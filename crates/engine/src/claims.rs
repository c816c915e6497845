//! Which object claims which ARM id, so that two objects for one resource never fight.
//!
//! The oldest object has the id. The index is fed by the watches, before any object is looked at, and costs no call.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use privatelink_arm::ResourceId;

use crate::kind::{ObjectKey, ObjectKeys};

/// What decides between two claims: age first, then namespace and name, so that every replica decides alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seniority {
    /// RFC 3339, as the API server writes it: text order is time order.
    pub created: String,
    pub key: ObjectKey,
}

#[derive(Default)]
pub struct Claims {
    index: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    by_id: BTreeMap<String, Vec<Seniority>>,
    by_object: BTreeMap<ObjectKey, String>,
}

impl Claims {
    /// Notes what an object claims, or that it claims nothing. Returns the objects whose standing may have changed.
    pub fn note(&self, seniority: Seniority, id: Option<&ResourceId>) -> ObjectKeys {
        let mut index = self.lock();
        let key = seniority.key.clone();
        let wanted = id.map(|id| id.key().to_owned());
        if index.by_object.get(&key) == wanted.as_ref() {
            return ObjectKeys::new();
        }
        let mut affected = index.release(&key);
        if let Some(id) = wanted {
            let claimants = index.by_id.entry(id.clone()).or_default();
            affected.extend(claimants.iter().map(|claimant| claimant.key.clone()));
            claimants.push(seniority);
            claimants.sort();
            index.by_object.insert(key.clone(), id);
        }
        affected.remove(&key);
        affected
    }

    /// Forgets an object. Returns the objects that claim the same id.
    pub fn forget(&self, key: &ObjectKey) -> ObjectKeys {
        self.lock().release(key)
    }

    /// The object that has an id before this one does, if any.
    pub fn senior(&self, id: &ResourceId, key: &ObjectKey) -> Option<ObjectKey> {
        let index = self.lock();
        let first = index.by_id.get(id.key())?.first()?;
        (first.key != *key).then(|| first.key.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn release(&mut self, key: &ObjectKey) -> ObjectKeys {
        let Some(id) = self.by_object.remove(key) else {
            return ObjectKeys::new();
        };
        let Some(claimants) = self.by_id.get_mut(&id) else {
            return ObjectKeys::new();
        };
        claimants.retain(|claimant| claimant.key != *key);
        let left = claimants.iter().map(|claimant| claimant.key.clone()).collect();
        if claimants.is_empty() {
            self.by_id.remove(&id);
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
        assert_eq!(claims.senior(&id, &young.key), None);
        assert_eq!(
            claims.note(old.clone(), Some(&same)),
            ObjectKeys::from([young.key.clone()])
        );
        assert_eq!(claims.senior(&id, &young.key), Some(old.key.clone()));
        assert_eq!(claims.senior(&id, &old.key), None);
        assert_eq!(claims.forget(&old.key), ObjectKeys::from([young.key.clone()]));
        assert_eq!(claims.senior(&id, &young.key), None);
    }
}
