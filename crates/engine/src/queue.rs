//! The work queue: which object is looked at next, and when.
//!
//! A key is handed out to one worker at a time. What is asked for while it is out is remembered and comes due when
//! it returns. The earliest time wins. Order is by time and then by arrival, never by hash.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// What keys are counted by.
pub trait Grouped {
    fn group(&self) -> &'static str;
}

/// How a group of keys is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Keys that are due and wait for a worker.
    pub due: usize,
    /// How often a key was put into the queue, for whatever time.
    pub added: u64,
    /// Keys that are handed out.
    pub running: usize,
    /// For how long those have been handed out, added up.
    pub unfinished: Duration,
    /// For how long the first of them has.
    pub longest: Duration,
}

#[derive(Debug)]
pub struct Queue<K> {
    state: Mutex<State<K>>,
    changed: Notify,
}

#[derive(Debug)]
struct State<K> {
    due: BTreeMap<(Instant, u64), K>,
    scheduled: BTreeMap<K, (Instant, u64)>,
    /// Since when.
    running: BTreeMap<K, Instant>,
    again: BTreeMap<K, Instant>,
    added: BTreeMap<&'static str, u64>,
    arrivals: u64,
}

impl<K: Ord + Clone> Default for Queue<K> {
    fn default() -> Self {
        let state = State {
            due: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            running: BTreeMap::new(),
            again: BTreeMap::new(),
            added: BTreeMap::new(),
            arrivals: 0,
        };
        Queue {
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }
}

impl<K: Ord + Clone + Grouped> Queue<K> {
    /// Asks for a key as soon as possible.
    pub fn add(&self, key: K) {
        self.add_after(key, Duration::ZERO);
    }

    /// Asks for a key after a while; an earlier time that was asked for stands.
    pub fn add_after(&self, key: K, delay: Duration) {
        let at = Instant::now() + delay;
        let mut state = self.lock();
        if state.running.contains_key(&key) {
            let earliest = state.again.get(&key).map_or(at, |other| at.min(*other));
            state.again.insert(key, earliest);
        } else {
            state.schedule(key, at);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// The next key that is due, and how long it has been. Give it back with [`Queue::done`].
    pub async fn next(&self) -> (K, Duration) {
        loop {
            let changed = self.changed.notified();
            let earliest = {
                let mut state = self.lock();
                match state.take_due(Instant::now()) {
                    Ok(taken) => {
                        // Another worker may find the next one due as well.
                        self.changed.notify_one();
                        return taken;
                    }
                    Err(earliest) => earliest,
                }
            };
            match earliest {
                Some(at) => {
                    tokio::select! { biased; () = changed => {}, () = tokio::time::sleep_until(at) => {} }
                }
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

    /// How each group is doing.
    pub fn figures(&self) -> BTreeMap<&'static str, Figures> {
        let now = Instant::now();
        let mut figures: BTreeMap<&'static str, Figures> = BTreeMap::new();
        let state = self.lock();
        for (group, added) in &state.added {
            figures.entry(group).or_default().added = *added;
        }
        for (_, key) in state.due.range(..=(now, u64::MAX)) {
            figures.entry(key.group()).or_default().due += 1;
        }
        for (key, since) in &state.running {
            let group = figures.entry(key.group()).or_default();
            let elapsed = now.duration_since(*since);
            group.running += 1;
            group.unfinished += elapsed;
            group.longest = group.longest.max(elapsed);
        }
        figures
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

impl<K: Ord + Clone + Grouped> State<K> {
    fn schedule(&mut self, key: K, at: Instant) {
        if let Some(slot) = self.scheduled.get(&key).copied() {
            if slot.0 <= at {
                return;
            }
            self.due.remove(&slot);
        } else {
            *self.added.entry(key.group()).or_default() += 1;
        }
        self.arrivals += 1;
        let slot = (at, self.arrivals);
        self.due.insert(slot, key.clone());
        self.scheduled.insert(key, slot);
    }

    /// The first key that is due and how long it has been, or when the first one will be.
    fn take_due(&mut self, now: Instant) -> Result<(K, Duration), Option<Instant>> {
        let Some(entry) = self.due.first_entry() else {
            return Err(None);
        };
        let at = entry.key().0;
        if at > now {
            return Err(Some(at));
        }
        let key = entry.remove();
        self.scheduled.remove(&key);
        self.running.insert(key.clone(), now);
        Ok((key, now.duration_since(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Grouped for &'static str {
        fn group(&self) -> &'static str {
            "letters"
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_is_counted_by_what_is_due_and_what_is_out() {
        let queue = Queue::default();
        queue.add("a");
        queue.add("b");
        queue.add("b");
        queue.add_after("c", Duration::from_secs(60));
        queue.add_after("c", Duration::from_secs(30));
        tokio::time::advance(Duration::from_secs(2)).await;
        let letters = |queue: &Queue<&'static str>| queue.figures()["letters"];
        assert_eq!((letters(&queue).due, letters(&queue).added), (2, 3));
        let (key, waited) = queue.next().await;
        assert_eq!((key, waited), ("a", Duration::from_secs(2)));
        tokio::time::advance(Duration::from_secs(5)).await;
        let out = Figures {
            due: 1,
            added: 3,
            running: 1,
            unfinished: Duration::from_secs(5),
            longest: Duration::from_secs(5),
        };
        assert_eq!(letters(&queue), out);
        queue.done("a", Some(Duration::from_secs(60)));
        assert_eq!(
            (letters(&queue).running, letters(&queue).added),
            (0, 4),
            "what comes again is added again"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_earliest_time_wins_and_a_key_runs_once_at_a_time() {
        let queue = Queue::default();
        queue.add_after("a", Duration::from_secs(10));
        queue.add_after("a", Duration::from_secs(2));
        queue.add_after("b", Duration::from_secs(5));
        let start = Instant::now();
        assert_eq!(queue.next().await.0, "a");
        assert_eq!(start.elapsed(), Duration::from_secs(2));
        queue.add("a");
        let other = tokio::time::timeout(Duration::from_secs(1), queue.next()).await;
        assert!(other.is_err(), "a key that is out must not be handed out again");
        queue.done("a", Some(Duration::from_secs(60)));
        assert_eq!(
            queue.next().await.0,
            "a",
            "what was asked for meanwhile comes due at once"
        );
        queue.done("a", None);
        assert_eq!(queue.next().await.0, "b");
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
            assert_eq!(queue.next().await.0, key);
        }
    }
}
