//! One limit, how much of it is used, and the turns that are kept within it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::private_dns::{self, Counted};
use super::{OperationClass, RequestClass};
use crate::limiter::Limiter;
use crate::reply::Priority;

/// A kept turn: when, and in which order it was given.
pub(super) type Turn = (i64, u64);

/// Where somebody stands among those who are late: what leads to no write stands last.
type Place = (bool, u64);

fn place(order: u64, priority: Priority) -> Place {
    (priority == Priority::Drift, order)
}

/// How long those behind wait for somebody who is late once more.
const PATIENCE: i64 = 1_000_000;

/// What a lane counts together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum LaneKey {
    Gateway(Arc<str>, String, OperationClass),
    /// Writes and deletes share a limit; the flag says whether it is the one of reads.
    Provider(String, String, String, bool),
    PrivateDns(Counted),
}

impl LaneKey {
    /// ARM's own limit and the provider's.
    pub(super) fn of(class: &RequestClass) -> [LaneKey; 2] {
        let subscription = class.subscription.to_ascii_lowercase();
        let path = class.path.to_ascii_lowercase();
        let reads = class.operation == OperationClass::Read;
        let gateway = LaneKey::Gateway(class.principal.clone(), subscription.clone(), class.operation);
        if let Some(counted) = private_dns::counted(&path, reads) {
            return [gateway, LaneKey::PrivateDns(counted)];
        }
        let region = class
            .region_hint
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase()
            .replace(' ', "");
        let namespace = if private_dns::is_operation(&path) {
            private_dns::NAMESPACE.to_owned()
        } else {
            class.namespace.to_ascii_lowercase()
        };
        [gateway, LaneKey::Provider(subscription, namespace, region, reads)]
    }

    /// The limit's name, of a closed list, and whose limit it is: a subscription's, or nothing for the tenant's.
    pub(super) fn name(&self) -> (&'static str, &str) {
        match self {
            LaneKey::Gateway(_, subscription, OperationClass::Read) => {
                ("resource_manager_reads", subscription)
            }
            LaneKey::Gateway(_, subscription, OperationClass::Write) => {
                ("resource_manager_writes", subscription)
            }
            LaneKey::Gateway(_, subscription, OperationClass::Delete) => {
                ("resource_manager_deletes", subscription)
            }
            LaneKey::Provider(subscription, namespace, _, reads) => {
                let network = namespace == "microsoft.network";
                let limit = match (network, reads) {
                    (true, true) => "network_reads",
                    (true, false) => "network_writes",
                    (false, true) => "other_provider_reads",
                    (false, false) => "other_provider_writes",
                };
                (limit, subscription)
            }
            LaneKey::PrivateDns(counted) => {
                let limit = if counted.reads {
                    "private_dns_reads"
                } else {
                    "private_dns_writes"
                };
                (limit, counted.subscription())
            }
        }
    }

    /// Azure's limits, with some room because requests overtake one another on their way: buckets are smaller by about
    /// 2 in 100, windows longer by 1 in 100 and up to a second.
    fn limiter(&self) -> Limiter {
        match self {
            LaneKey::Gateway(_, _, OperationClass::Read) => Limiter::bucket(245.0, 25.0).keeping_back(60),
            LaneKey::Gateway(..) => Limiter::bucket(196.0, 10.0),
            LaneKey::Provider(_, namespace, _, reads) if namespace == "microsoft.network" => {
                Limiter::window(if *reads { 10_000 } else { 1_000 }, 303_000)
            }
            LaneKey::Provider(..) => Limiter::Unlimited,
            LaneKey::PrivateDns(counted) => {
                let limiter = Limiter::window(counted.per_minute, 60_600);
                limiter.keeping_back(if counted.reads {
                    counted.per_minute * 3 / 10
                } else {
                    0
                })
            }
        }
    }
}

pub(super) struct Lane {
    pub(super) limiter: Limiter,
    pub(super) blocked_until: i64,
    pub(super) turns: BTreeMap<Turn, Arc<str>>,
    /// Whose turn has come without room for it: those who begin, and those who go on. What leads to no write comes last,
    /// else they are in the order of their turns. With the time at which each is to come again.
    late: [BTreeMap<Place, i64>; 2],
}

impl Lane {
    pub(super) fn new(key: &LaneKey) -> Self {
        Lane {
            limiter: key.limiter(),
            blocked_until: i64::MIN,
            turns: BTreeMap::new(),
            late: Default::default(),
        }
    }

    /// What part is left; none where there is no limit and Azure refuses nothing.
    pub(super) fn left(&mut self, now: i64) -> Option<f64> {
        if self.blocked_until > now {
            return Some(0.0);
        }
        self.limiter.left(now)
    }

    /// Whether somebody whose work has begun may go on now.
    pub(super) fn may_go_on(&mut self, now: i64) -> bool {
        self.blocked_until <= now && self.limiter.next_free_kept_back(now) <= now
    }

    /// When somebody is to come again whose turn has come, or whose work has begun, and who found no room: one after the
    /// other in the order of their turns, before all who only wait.
    pub(super) fn postpone(&mut self, now: i64, order: u64, priority: Priority) -> i64 {
        self.arrived(order);
        let continued = priority == Priority::Continued;
        let time = now.max(self.blocked_until);
        let free = if continued {
            self.limiter.next_free_kept_back(time)
        } else {
            self.limiter.next_free(time)
        };
        let [begin, go_on] = &mut self.late;
        let late = if continued { go_on } else { begin };
        let place = place(order, priority);
        let before = late.range(..place).count() as f64;
        let due = free.saturating_add((self.limiter.pace() * before) as i64);
        late.insert(place, due);
        due
    }

    /// Whether somebody who is about to come goes before.
    pub(super) fn must_yield(&self, now: i64, order: u64, priority: Priority) -> bool {
        let [begin, _] = &self.late;
        let mut before = begin.range(..place(order, priority));
        before.any(|(_, due)| due.saturating_add(PATIENCE) >= now)
    }

    /// Whoever was late has come, or comes no more.
    pub(super) fn arrived(&mut self, order: u64) {
        for late in &mut self.late {
            late.remove(&(false, order));
            late.remove(&(true, order));
        }
    }

    /// The first time from `time` on at which one is free, kept turns aside.
    pub(super) fn next_free(&mut self, time: i64) -> i64 {
        let time = time.max(self.blocked_until);
        self.limiter.next_free(time)
    }

    /// The first time from `time` on at which one more leaves every kept turn its own. Nobody comes for a turn before
    /// `now`.
    ///
    /// A turn may be kept far ahead for the sake of another lane, so this is not after all of them.
    pub(super) fn first_gap(&mut self, now: i64, time: i64) -> i64 {
        let mut time = time.max(now).max(self.blocked_until);
        let mut ahead = self.limiter.clone();
        let mut coming = self.turns.keys().map(|&(due, _)| due.max(now)).peekable();
        loop {
            while let Some(due) = coming.next_if(|due| *due <= time) {
                ahead.take(due);
            }
            let free = ahead.next_free(time);
            if free > time {
                time = coming.peek().map_or(free, |due| free.min(*due));
                continue;
            }
            let mut with_one_more = ahead.clone();
            with_one_more.take(time);
            let robbed = coming.clone().find(|&due| {
                let free = with_one_more.next_free(due) <= due;
                with_one_more.take(due);
                !free
            });
            match robbed {
                // Before it there is no room for one more.
                Some(due) => time = due,
                None => return time,
            }
        }
    }
}
