//! How many requests Azure takes, so that none is sent that Azure would refuse.
//!
//! A request that does not fit is refused with the time of its turn, and the turn is kept for it: whoever comes back
//! with the same request at that time is admitted, in the order of asking, but for those who go on with what has begun:
//! these go first. A turn that nobody takes lapses. Nothing here sleeps.
//!
//! ARM behaviour: per subscription, principal and class of operation 250 reads refilled at 25 a second, 200 writes and 200
//! deletes refilled at 10 a second. Microsoft.Network takes 1,000 writes and deletes, and 10,000 reads, in 5 minutes per
//! subscription and region. Private DNS has limits of its own instead, see [`private_dns`].

mod lane;
mod private_dns;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::reply::Priority;
use lane::{Lane, LaneKey, Turn};

/// How late somebody may come for a turn.
const GRACE: i64 = 30_000_000;
/// The most turns that are kept; beyond that, callers are told a time that is not kept for them.
const MOST_TURNS: usize = 100_000;

/// What ARM counts a request as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationClass {
    Read,
    Write,
    Delete,
}

/// The limits that a request falls under, and whose request it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestClass {
    /// Who asks: each principal has limits of its own at ARM, and shares those of the resource providers.
    pub principal: Arc<str>,
    /// The subscription's id; empty for the tenant. Compared without case.
    pub subscription: String,
    pub operation: OperationClass,
    /// The resource provider's namespace. Compared without case.
    pub namespace: String,
    /// The region of the resource, where the caller knows it; else all regions share one limit.
    pub region_hint: Option<String>,
    /// The path of the request. Compared without case.
    pub path: String,
    /// By what a caller who comes back is known again: its principal, and the method and the id of its request.
    pub request: String,
    /// [`Priority::Continued`] may use what is kept back for it. All other turns are given in the order of asking; of
    /// those that have come without room for them, [`Priority::Drift`] comes last.
    pub priority: Priority,
}

/// What Azure said about its limits in an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitsSeen {
    /// The lowest of `x-ms-ratelimit-remaining-{subscription|tenant}[-global]-{reads|writes|deletes}`.
    pub remaining: Option<u32>,
    /// A 429: no more for so long.
    pub blocked: Option<Blocked>,
}

/// Who refuses further requests, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// ARM itself, for the subscription and class of operation.
    Gateway(Duration),
    /// The resource provider, for the subscription, region and kind of operation.
    Provider(Duration),
}

/// What is left of one limit.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetLeft {
    /// Which limit it is; of a closed list.
    pub limit: &'static str,
    /// In lower case; empty for the tenant.
    pub subscription: String,
    /// From 0 to 1; 0 while Azure refuses.
    pub ratio: f64,
}

/// The request limits of Azure, kept on our side. One for a process, whatever the number of its principals.
pub struct RequestBudget {
    limits: Option<(Clock, Mutex<Books>)>,
}

#[derive(Default)]
struct Books {
    lanes: HashMap<LaneKey, Lane>,
    turns: HashMap<Arc<str>, (Turn, Vec<LaneKey>)>,
    given: u64,
}

impl RequestBudget {
    /// The documented limits, driven by the clock.
    pub fn azure(clock: Clock) -> Self {
        RequestBudget {
            limits: Some((clock, Mutex::default())),
        }
    }

    /// No limits at all.
    pub fn unlimited() -> Self {
        RequestBudget { limits: None }
    }

    /// Admits a request now, or gives it a turn.
    ///
    /// # Errors
    /// How long to wait. The turn is kept for the same `request` and half a minute longer; asking before it admits
    /// only where nobody else's turn suffers.
    pub fn admit(&self, class: &RequestClass) -> Result<(), Duration> {
        let Some((clock, books)) = &self.limits else {
            return Ok(());
        };
        let now = clock.now().as_microsecond();
        let due = lock(books).admit(now, class);
        match due {
            None => Ok(()),
            Some(due) => Err(Duration::from_micros(
                u64::try_from(due.saturating_sub(now)).unwrap_or(0).max(1000),
            )),
        }
    }

    /// What is left of the limits that requests have fallen under: a part for each subscription, region and zone.
    pub fn left(&self) -> Vec<BudgetLeft> {
        let Some((clock, books)) = &self.limits else {
            return Vec::new();
        };
        let now = clock.now().as_microsecond();
        let mut books = lock(books);
        let lanes = books.lanes.iter_mut();
        lanes
            .filter_map(|(key, lane)| {
                let (limit, subscription) = key.name();
                Some(BudgetLeft {
                    limit,
                    subscription: subscription.to_owned(),
                    ratio: lane.left(now)?,
                })
            })
            .collect()
    }

    /// Takes in what an answer said.
    pub fn learn(&self, class: &RequestClass, seen: LimitsSeen) {
        let Some((clock, books)) = &self.limits else {
            return;
        };
        if seen == LimitsSeen::default() {
            return;
        }
        let now = clock.now().as_microsecond();
        let mut books = lock(books);
        let [gateway, provider] = LaneKey::of(class);
        if let Some(remaining) = seen.remaining {
            books.lane(&gateway).limiter.lower(now, remaining);
        }
        let (lane, wait) = match seen.blocked {
            Some(Blocked::Gateway(wait)) => (gateway, wait),
            Some(Blocked::Provider(wait)) => (provider, wait),
            None => return,
        };
        let until = now.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX));
        let lane = books.lane(&lane);
        lane.blocked_until = lane.blocked_until.max(until);
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Books {
    fn lane(&mut self, key: &LaneKey) -> &mut Lane {
        self.lanes.entry(key.clone()).or_insert_with(|| Lane::new(key))
    }

    /// None: admitted. Else the time of the request's turn.
    fn admit(&mut self, now: i64, class: &RequestClass) -> Option<i64> {
        let keys = LaneKey::of(class);
        self.lapse(now, &keys);
        let kept = self.take_back(&class.request);
        let continued = class.priority == Priority::Continued;
        let admitted = match kept {
            _ if continued => keys.iter().all(|key| self.lane(key).may_go_on(now)),
            // Its turn has come: later turns were given with this one in mind.
            Some((due, order)) if due <= now => {
                let yields = |key| self.lane(key).must_yield(now, order, class.priority);
                !keys.iter().any(yields) && self.free(now, &keys)
            }
            _ => self.free(now, &keys) && self.first_gap(now, now, &keys) <= now,
        };
        if admitted {
            for key in &keys {
                let lane = self.lane(key);
                lane.limiter.take(now);
                kept.into_iter().for_each(|(_, order)| lane.arrived(order));
            }
            return None;
        }
        // Whoever goes on waits for its own turn, and not for the one of somebody who begins with the same.
        if let Some(turn) = kept.filter(|(due, _)| !continued && *due > now) {
            self.keep(turn, class, keys);
            return Some(turn.0);
        }
        self.given += 1;
        let order = kept.map_or(self.given, |(_, order)| order);
        let due = if continued || kept.is_some() {
            let times = keys
                .iter()
                .map(|key| self.lane(key).postpone(now, order, class.priority));
            times.max().unwrap_or(now)
        } else {
            self.first_gap_in_all(now, &keys)
        };
        if self.turns.len() < MOST_TURNS {
            self.keep((due, order), class, keys);
        } else {
            keys.iter().for_each(|key| self.lane(key).arrived(order));
        }
        Some(due)
    }

    /// Whether every lane has one left now, kept turns aside.
    fn free(&mut self, now: i64, keys: &[LaneKey]) -> bool {
        keys.iter().all(|key| self.lane(key).next_free(now) <= now)
    }

    /// The first time from `time` on that may be the first one that every lane has room at.
    fn first_gap(&mut self, now: i64, time: i64, keys: &[LaneKey]) -> i64 {
        let gaps = keys.iter().map(|key| self.lane(key).first_gap(now, time));
        gaps.max().unwrap_or(time)
    }

    /// The first time at which every lane has room for one more.
    fn first_gap_in_all(&mut self, now: i64, keys: &[LaneKey]) -> i64 {
        let mut time = now;
        loop {
            let gap = self.first_gap(now, time, keys);
            if gap <= time {
                return time;
            }
            time = gap;
        }
    }

    fn keep(&mut self, turn: Turn, class: &RequestClass, keys: [LaneKey; 2]) {
        let request: Arc<str> = Arc::from(class.request.as_str());
        for key in &keys {
            self.lane(key).turns.insert(turn, request.clone());
        }
        self.turns.insert(request, (turn, keys.into()));
    }

    /// A turn is no longer kept. Whoever was late stays so until it arrives.
    fn take_back(&mut self, request: &str) -> Option<Turn> {
        let (turn, keys) = self.turns.remove(request)?;
        for key in &keys {
            self.lane(key).turns.remove(&turn);
        }
        Some(turn)
    }

    /// Drops turns that nobody came for.
    fn lapse(&mut self, now: i64, keys: &[LaneKey]) {
        for key in keys {
            while let Some((turn, request)) = self.lane(key).turns.first_key_value() {
                if turn.0.saturating_add(GRACE) >= now {
                    break;
                }
                let request = request.clone();
                if let Some((_, order)) = self.take_back(&request) {
                    keys.iter().for_each(|key| self.lane(key).arrived(order));
                }
            }
        }
    }
}

impl fmt::Debug for RequestBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.limits {
            Some(_) => formatter.write_str("RequestBudget(azure)"),
            None => formatter.write_str("RequestBudget(unlimited)"),
        }
    }
}
