//! Guards against accidents: a CRD that goes away takes nothing in Azure with it, and a scope whose objects are
//! deleted in bulk is held until somebody says that it is meant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::kind::ObjectKey;

/// Deletions are counted over this time.
const WINDOW: Duration = Duration::from_secs(600);
/// This many deletions are never an accident.
const ALWAYS_ALLOWED: usize = 20;

/// What is being deleted, scope by scope.
#[derive(Default)]
pub struct Deletions {
    scopes: Mutex<BTreeMap<String, Scope>>,
}

#[derive(Default)]
struct Scope {
    alive: BTreeSet<ObjectKey>,
    deleted: BTreeMap<ObjectKey, Instant>,
    /// Held once, held until somebody says that it is meant.
    held: BTreeSet<ObjectKey>,
}

impl Deletions {
    /// Notes an object that is there and not being deleted.
    pub fn alive(&self, scope: &str, key: &ObjectKey) {
        self.with(scope, |scope| {
            scope.deleted.remove(key);
            scope.alive.insert(key.clone());
        });
    }

    /// Whether a scope has so many objects that a deletion is better not begun before its neighbours are seen.
    pub fn is_large(&self, scope: &str) -> bool {
        self.with(scope, |scope| {
            scope.alive.len() + scope.deleted.len() > ALWAYS_ALLOWED
        })
    }

    /// Notes an object that is being deleted or gone, in whichever scope it was.
    pub fn gone(&self, key: &ObjectKey) {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        for scope in scopes.values_mut() {
            scope.held.remove(key);
            if scope.alive.remove(key) {
                scope.deleted.insert(key.clone(), Instant::now());
            }
        }
    }

    /// Notes an object that is being deleted. True when so many are that it may be an accident: more than half of
    /// the scope's objects, and more than 20, within 10 minutes.
    pub fn is_suspicious(&self, scope: &str, key: &ObjectKey) -> bool {
        self.with(scope, |scope| {
            let now = Instant::now();
            scope.alive.remove(key);
            scope.deleted.entry(key.clone()).or_insert(now);
            if scope.held.contains(key) {
                return true;
            }
            scope
                .deleted
                .retain(|other, at| other == key || now.duration_since(*at) < WINDOW);
            let deleted = scope.deleted.len();
            let suspicious = deleted > ALWAYS_ALLOWED && deleted * 2 > deleted + scope.alive.len();
            if suspicious {
                scope.held.insert(key.clone());
            }
            suspicious
        })
    }

    fn with<T>(&self, scope: &str, act: impl FnOnce(&mut Scope) -> T) -> T {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        act(scopes.entry(scope.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> ObjectKey {
        ObjectKey {
            kind: "PrivateEndpoint",
            namespace: "n".to_owned(),
            name: number.to_string(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_half_and_more_than_twenty_within_ten_minutes_are_suspicious() {
        let deletions = Deletions::default();
        (0..60).for_each(|number| deletions.alive("s", &key(number)));
        let held: Vec<bool> = (0..40)
            .map(|number| deletions.is_suspicious("s", &key(number)))
            .collect();
        assert_eq!(
            held.iter().position(|held| *held),
            Some(30),
            "31 of 60 are more than half"
        );
        tokio::time::advance(WINDOW).await;
        assert!(
            !deletions.is_suspicious("s", &key(41)),
            "old deletions do not count"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_objects_may_all_go() {
        let deletions = Deletions::default();
        (0..20).for_each(|number| deletions.alive("s", &key(number)));
        assert!((0..20).all(|number| !deletions.is_suspicious("s", &key(number))));
    }
}
