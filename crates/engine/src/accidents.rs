//! Guards against accidents: a CRD that goes away takes nothing in Azure with it, and a scope whose objects are
//! deleted in bulk is held until somebody says that it is meant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::kind::ObjectKey;

/// Deletions are counted over this time.
const WINDOW: SignedDuration = SignedDuration::from_secs(600);
/// This many deletions are never an accident.
const ALWAYS_ALLOWED: usize = 20;
/// In a scope with many objects a deletion in Azure is not begun before this time has passed: the first of many is
/// not to be gone before the last is seen.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// What is being deleted, scope by scope. Fed by the watches, so that it is whole before the first pass.
#[derive(Default)]
pub struct Deletions {
    scopes: Mutex<BTreeMap<String, Scope>>,
    /// When this process saw that an object is being deleted.
    seen: Mutex<BTreeMap<ObjectKey, Instant>>,
}

#[derive(Default)]
struct Scope {
    alive: BTreeSet<ObjectKey>,
    deleted: BTreeMap<ObjectKey, Timestamp>,
    /// Held once, held until somebody says that it is meant.
    held: BTreeSet<ObjectKey>,
}

/// What becomes of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    Go,
    /// Too early to say whether it is one of many.
    Pause,
    /// It may be an accident.
    Hold,
}

impl Deletions {
    /// Notes an object as the watch shows it: the scope that it has, and since when it is being deleted.
    pub fn note(&self, scope: Option<&str>, key: &ObjectKey, deleted_at: Option<Timestamp>) {
        if deleted_at.is_some() {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.entry(key.clone()).or_insert_with(Instant::now);
        }
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, other) in scopes.iter_mut() {
            if scope != Some(name.as_str()) {
                other.alive.remove(key);
                other.deleted.remove(key);
                other.held.remove(key);
            }
        }
        let Some(name) = scope else { return };
        let scope = scopes.entry(name.to_owned()).or_default();
        match deleted_at {
            Some(at) => {
                scope.alive.remove(key);
                scope.deleted.insert(key.clone(), at);
            }
            None => {
                scope.deleted.remove(key);
                scope.held.remove(key);
                scope.alive.insert(key.clone());
            }
        }
    }

    /// Notes that an object is gone, in whichever scope it was.
    pub fn gone(&self, key: &ObjectKey, now: Timestamp) {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        for scope in scopes.values_mut() {
            scope.held.remove(key);
            if scope.alive.remove(key) {
                scope.deleted.insert(key.clone(), now);
            }
        }
    }

    /// When this process saw that the object is being deleted.
    pub fn seen(&self, key: &ObjectKey) -> Option<Instant> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(key).copied()
    }

    /// Whether a deletion may go on to Azure. It is held where more than half of the scope's objects, and more than 20,
    /// are deleted within 10 minutes, and from then on; `was_held` says that status tells of that already.
    pub fn rule(&self, scope: &str, key: &ObjectKey, now: Timestamp, was_held: bool) -> Ruling {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let scope = scopes.entry(scope.to_owned()).or_default();
        if was_held || scope.held.contains(key) {
            scope.held.insert(key.clone());
            return Ruling::Hold;
        }
        let Scope { alive, deleted, held } = scope;
        deleted.retain(|other, at| other == key || held.contains(other) || now.duration_since(*at) < WINDOW);
        let recent = deleted.len();
        if recent > ALWAYS_ALLOWED && recent > alive.len() {
            held.insert(key.clone());
            return Ruling::Hold;
        }
        let large = alive.len() + recent > ALWAYS_ALLOWED;
        match deleted.get(key) {
            Some(at) if large && now.duration_since(*at) < PAUSE => Ruling::Pause,
            _ => Ruling::Go,
        }
    }
}

/// Definitions of kinds that were seen to stay, and when they were read.
#[derive(Default)]
pub struct Definitions {
    stays: Mutex<BTreeMap<String, Instant>>,
}

impl Definitions {
    /// Notes that a definition, read from this instant on, is not being deleted.
    pub fn note_stays(&self, name: &str, began: Instant) {
        let mut stays = self.stays.lock().unwrap_or_else(PoisonError::into_inner);
        stays.insert(name.to_owned(), began);
    }

    /// Whether a read of the definition that began after an instant has shown that it stays.
    pub fn stayed_after(&self, name: &str, instant: Instant) -> bool {
        let stays = self.stays.lock().unwrap_or_else(PoisonError::into_inner);
        stays.get(name).is_some_and(|began| *began > instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Timestamp = Timestamp::UNIX_EPOCH;

    fn key(number: usize) -> ObjectKey {
        ObjectKey {
            kind: "PrivateEndpoint",
            namespace: "n".to_owned(),
            name: number.to_string(),
        }
    }

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn scope_of(objects: usize, deleted: usize) -> Deletions {
        let deletions = Deletions::default();
        (0..objects).for_each(|number| deletions.note(Some("s"), &key(number), None));
        (0..deleted).for_each(|number| deletions.note(Some("s"), &key(number), Some(ORIGIN)));
        deletions
    }

    #[test]
    fn more_than_half_and_more_than_twenty_within_ten_minutes_are_held() {
        let deletions = scope_of(60, 30);
        assert_eq!(
            deletions.rule("s", &key(0), after(6), false),
            Ruling::Go,
            "half is not more than half"
        );
        let deletions = scope_of(60, 31);
        for number in 0..31 {
            assert_eq!(
                deletions.rule("s", &key(number), after(6), false),
                Ruling::Hold,
                "the first as the last"
            );
        }
        assert_eq!(
            deletions.rule("s", &key(3), after(7000), false),
            Ruling::Hold,
            "held once, held on"
        );
    }

    #[test]
    fn old_deletions_do_not_count() {
        let deletions = scope_of(60, 25);
        deletions.note(Some("s"), &key(41), Some(after(601)));
        assert_eq!(deletions.rule("s", &key(41), after(610), false), Ruling::Go);
    }

    #[test]
    fn a_few_objects_may_all_go() {
        let deletions = scope_of(20, 20);
        assert!((0..20).all(|number| deletions.rule("s", &key(number), after(1), false) == Ruling::Go));
    }

    #[test]
    fn in_a_large_scope_the_first_waits_for_its_neighbours() {
        let deletions = scope_of(60, 1);
        assert_eq!(deletions.rule("s", &key(0), after(2), false), Ruling::Pause);
        assert_eq!(deletions.rule("s", &key(0), after(5), false), Ruling::Go);
    }

    #[test]
    fn what_status_says_was_held_stays_held_in_the_next_process() {
        let deletions = scope_of(60, 1);
        assert_eq!(deletions.rule("s", &key(0), after(9999), true), Ruling::Hold);
    }

    #[test]
    fn an_object_counts_in_one_scope() {
        let deletions = scope_of(60, 31);
        (0..31).for_each(|number| deletions.note(Some("other"), &key(number), Some(ORIGIN)));
        deletions.note(Some("s"), &key(40), Some(ORIGIN));
        assert_eq!(deletions.rule("s", &key(40), after(6), false), Ruling::Go);
    }
}
