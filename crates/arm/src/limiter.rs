//! Two ways to limit requests, in plain arithmetic: a bucket that refills, and a window that slides.
//!
//! Times are microseconds since some origin. Nothing here reads a clock.

use std::collections::VecDeque;

/// Rounding must not keep a whole token out.
const ALMOST_ONE: f64 = 1.0 - 1e-6;
const MILLISECOND: i64 = 1_000;
const SECOND: i64 = 1_000 * MILLISECOND;

/// A limit and how much of it is used.
#[derive(Clone, Debug)]
pub(crate) enum Limiter {
    Bucket(Bucket),
    Window(Window),
    /// Only what an answer asks for is kept.
    Unlimited,
}

impl Limiter {
    /// A full bucket.
    pub(crate) fn bucket(capacity: f64, per_second: f64) -> Self {
        Limiter::Bucket(Bucket {
            capacity,
            per_second,
            reserve: 0.0,
            level: capacity,
            filled: i64::MIN,
        })
    }

    /// So many in any stretch of so many milliseconds.
    pub(crate) fn window(most: u32, milliseconds: i64) -> Self {
        Limiter::Window(Window {
            most,
            reserve: 0,
            length: milliseconds * MILLISECOND,
            uses: VecDeque::new(),
            used: 0,
        })
    }

    /// The same limit, of which so many are for those alone whose work has begun.
    pub(crate) fn keeping_back(mut self, reserve: u32) -> Self {
        match &mut self {
            Limiter::Bucket(bucket) => bucket.reserve = f64::from(reserve),
            Limiter::Window(window) => window.reserve = reserve,
            Limiter::Unlimited => {}
        }
        self
    }

    /// The first time from `time` on at which somebody whose work has begun may go on.
    pub(crate) fn next_free_kept_back(&mut self, time: i64) -> i64 {
        match self {
            Limiter::Bucket(bucket) => bucket.next_free(time, 0.0),
            Limiter::Window(window) => window.next_free(time, 0),
            Limiter::Unlimited => time,
        }
    }

    /// How far apart uses are in the long run, in microseconds; 0 where they may come together.
    pub(crate) fn pace(&self) -> f64 {
        match self {
            Limiter::Bucket(bucket) => SECOND as f64 / bucket.per_second,
            Limiter::Window(_) | Limiter::Unlimited => 0.0,
        }
    }

    /// The first time from `time` on at which one more is free.
    pub(crate) fn next_free(&mut self, time: i64) -> i64 {
        match self {
            Limiter::Bucket(bucket) => bucket.next_free(time, bucket.reserve),
            Limiter::Window(window) => window.next_free(time, window.reserve),
            Limiter::Unlimited => time,
        }
    }

    /// Uses one, whether one is free or not.
    pub(crate) fn take(&mut self, time: i64) {
        match self {
            Limiter::Bucket(bucket) => {
                bucket.fill(time);
                bucket.level -= 1.0;
            }
            Limiter::Window(window) => window.take(time),
            Limiter::Unlimited => {}
        }
    }

    /// What part is left, from 0 to 1; none without a limit.
    pub(crate) fn left(&mut self, time: i64) -> Option<f64> {
        let ratio = match self {
            Limiter::Bucket(bucket) => {
                bucket.fill(time);
                bucket.level / bucket.capacity
            }
            Limiter::Window(window) => {
                window.forget(time);
                f64::from(window.most.saturating_sub(window.used)) / f64::from(window.most)
            }
            Limiter::Unlimited => return None,
        };
        Some(ratio.clamp(0.0, 1.0))
    }

    /// Azure says that no more than so many remain.
    pub(crate) fn lower(&mut self, time: i64, remaining: u32) {
        if let Limiter::Bucket(bucket) = self {
            bucket.fill(time);
            bucket.level = bucket.level.min(f64::from(remaining));
        }
    }
}

/// Refills at a steady rate up to its capacity.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    capacity: f64,
    per_second: f64,
    reserve: f64,
    level: f64,
    filled: i64,
}

impl Bucket {
    fn fill(&mut self, time: i64) {
        let passed = time.saturating_sub(self.filled);
        // A clock that was set back refills nothing and takes nothing.
        if passed > 0 {
            self.level = (self.level + passed as f64 / SECOND as f64 * self.per_second).min(self.capacity);
            self.filled = time;
        }
    }

    fn next_free(&mut self, time: i64, reserve: f64) -> i64 {
        self.fill(time);
        if self.level >= ALMOST_ONE + reserve {
            return time;
        }
        let missing = (1.0 + reserve - self.level) / self.per_second * SECOND as f64;
        time.saturating_add((missing.ceil() as i64).max(1))
    }
}

/// Counts uses by the second; a second's uses are free again when all of it has left the window.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    most: u32,
    reserve: u32,
    length: i64,
    /// The start of a second and how many uses fell into it, oldest first.
    uses: VecDeque<(i64, u32)>,
    used: u32,
}

impl Window {
    fn forget(&mut self, time: i64) {
        while let Some(&(second, count)) = self.uses.front() {
            if second.saturating_add(SECOND + self.length) > time {
                return;
            }
            self.uses.pop_front();
            self.used = self.used.saturating_sub(count);
        }
    }

    fn next_free(&mut self, time: i64, reserve: u32) -> i64 {
        self.forget(time);
        let mut used = self.used;
        let mut uses = self.uses.iter();
        let mut free = time;
        while used >= self.most.saturating_sub(reserve)
            && let Some((second, count)) = uses.next()
        {
            used = used.saturating_sub(*count);
            free = second.saturating_add(SECOND + self.length).max(time);
        }
        free
    }

    fn take(&mut self, time: i64) {
        self.forget(time);
        let second = time.div_euclid(SECOND) * SECOND;
        match self.uses.back_mut() {
            // Also when the clock was set back: the order of seconds is kept.
            Some((last, count)) if *last >= second => *count += 1,
            _ => self.uses.push_back((second, 1)),
        }
        self.used = self.used.saturating_add(1);
    }
}
