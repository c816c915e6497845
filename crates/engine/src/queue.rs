//! The work queue: which object is looked at next, and when.
//!
//! A key is handed out to one worker at a time. What is asked for while it is out is remembered and comes due when
//! it returns. The earliest time wins. Order is by time and then by arrival, never by hash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

#[derive(Debug)]
pub struct Queue<K> {
    state: Mutex<State<K>>,
    changed: Notify,
}

#[derive(Debug)]
struct State<K> {
    due: BTreeMap<(Instant, u64), K>,
    scheduled: BTreeMap<K, (Instant, u64)>,
    running: BTreeSet<K>,
    again: BTreeMap<K, Instant>,
    arrivals: u64,
}

impl<K: Ord + Clone> Default for Queue<K> {
    fn default() -> Self {
        let state = State {
            due: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            running: BTreeSet::new(),
            again: BTreeMap::new(),
            arrivals: 0,
        };
        Queue {
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }
}

impl<K: Ord + Clone> Queue<K> {
    /// Asks for a key as soon as possible.
    pub fn add(&self, key: K) {
        self.add_after(key, Duration::ZERO);
    }

    /// Asks for a key after a while; an earlier time that was asked for stands.
    pub fn add_after(&self, key: K, delay: Duration) {
        let at = Instant::now() + delay;
        let mut state = self.lock();
        if state.running.contains(&key) {
            let earliest = state.again.get(&key).map_or(at, |other| at.min(*other));
            state.again.insert(key, earliest);
        } else {
            state.schedule(key, at);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// The next key that is due. Give it back with [`Queue::done`].
    pub async fn next(&self) -> K {
        loop {
            let changed = self.changed.notified();
            let earliest = {
                let mut state = self.lock();
                match state.take_due(Instant::now()) {
                    Ok(key) => {
                        // Another worker may find the next one due as well.
                        self.changed.notify_one();
                        return key;
                    }
                    Err(earliest) => earliest,
                }
            };
            match earliest {
                Some(at) => tokio::select! { () = changed => {}, () = tokio::time::sleep_until(at) => {} },
                None => changed.await,
            }
        }
    }

    /// A worker is through with a key, and perhaps wants it again later.
    pub fn done(&self, key: K, again_after: Option<Duration>) {
        let mut state = self.lock();
        state.running.remove(&key);
        let asked = state.again.remove(&key);
        let wanted = again_after.map(|delay| Instant::now() + delay);
        if let Some(at) = [asked, wanted].into_iter().flatten().min() {
            state.schedule(key, at);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// How many keys wait or run.
    pub fn len(&self) -> usize {
        let state = self.lock();
        state.due.len() + state.running.len()
    }

    /// Whether nothing waits or runs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        // A panic while the lock was held leaves the maps whole: every change is a few moves that cannot fail.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord + Clone> State<K> {
    fn schedule(&mut self, key: K, at: Instant) {
        if let Some(slot) = self.scheduled.get(&key).copied() {
            if slot.0 <= at {
                return;
            }
            self.due.remove(&slot);
        }
        self.arrivals += 1;
        let slot = (at, self.arrivals);
        self.due.insert(slot, key.clone());
        self.scheduled.insert(key, slot);
    }

    /// The first key that is due, or when the first one will be.
    fn take_due(&mut self, now: Instant) -> Result<K, Option<Instant>> {
        let Some(entry) = self.due.first_entry() else {
            return Err(None);
        };
        let at = entry.key().0;
        if at > now {
            return Err(Some(at));
        }
        let key = entry.remove();
        self.scheduled.remove(&key);
        self.running.insert(key.clone());
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_earliest_time_wins_and_a_key_runs_once_at_a_time() {
        let queue = Queue::default();
        queue.add_after("a", Duration::from_secs(10));
        queue.add_after("a", Duration::from_secs(2));
        queue.add_after("b", Duration::from_secs(5));
        let start = Instant::now();
        assert_eq!(queue.next().await, "a");
        assert_eq!(start.elapsed(), Duration::from_secs(2));
        queue.add("a");
        let other = tokio::time::timeout(Duration::from_secs(1), queue.next()).await;
        assert!(other.is_err(), "a key that is out must not be handed out again");
        queue.done("a", Some(Duration::from_secs(60)));
        assert_eq!(
            queue.next().await,
            "a",
            "what was asked for meanwhile comes due at once"
        );
        queue.done("a", None);
        assert_eq!(queue.next().await, "b");
        queue.done("b", None);
        assert!(queue.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn order_is_by_arrival_among_equals() {
        let queue = Queue::default();
        for key in ["c", "a", "b"] {
            queue.add(key);
        }
        for key in ["c", "a", "b"] {
            assert_eq!(queue.next().await, key);
        }
    }
}
