//! Somebody undoes our change again and again: how often, and for how long it is left to them.

use jiff::{SignedDuration, Timestamp};

/// So many times within [`WITHIN`] are no accident.
const TIMES: usize = 3;
/// Within this time undoings belong together; without one for as long, the contest is over.
const WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// How often what is contested is still put right, where we are to win.
const PACE: SignedDuration = SignedDuration::from_mins(30);

/// How often somebody undid what we had done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contest {
    /// When it was seen, the last three times.
    undone: Vec<Timestamp>,
    /// It has been too often, and has not ended since.
    stands: bool,
    /// When it was last put right, or found by a process that cannot know.
    corrected: Option<Timestamp>,
}

impl Contest {
    /// What a process makes of a contest that status tells of.
    pub fn resumed(now: Timestamp) -> Self {
        Contest {
            undone: Vec::new(),
            stands: true,
            corrected: Some(now),
        }
    }

    /// Notes that what was last seen as wanted, or written so, at `done` is not so any longer.
    pub fn note(&mut self, done: Option<Timestamp>, now: Timestamp) {
        // A process that has neither seen nor done it knows of no undoing of its own.
        if self.stands && done.is_none() {
            return;
        }
        // Seen once more before it could be put right.
        if self
            .undone
            .last()
            .is_some_and(|last| done.is_none_or(|at| at <= *last))
        {
            return;
        }
        self.undone.retain(|at| now.duration_since(*at) <= WITHIN);
        self.undone.push(now);
        self.stands |= self.undone.len() >= TIMES;
        if self.undone.len() > TIMES {
            self.undone.remove(0);
        }
    }

    /// Whether it has been too often.
    pub fn stands(&self) -> bool {
        self.stands
    }

    /// When it was undone, as far as this process knows.
    pub fn times(&self) -> &[Timestamp] {
        &self.undone
    }

    /// Whether it is to be put right now, where we are to win.
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.stands || self.corrected.is_none_or(|at| now.duration_since(at) >= PACE)
    }

    /// It is being put right.
    pub fn correct(&mut self, now: Timestamp) {
        self.corrected = Some(now);
    }

    /// Whether nobody has undone anything for so long that it is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        let last = self.undone.last().or(self.corrected.as_ref());
        last.is_none_or(|last| now.duration_since(*last) > WITHIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    #[test]
    fn three_times_within_an_hour_are_too_often_and_then_it_is_put_right_seldom() {
        let mut contest = Contest::default();
        for (minute, stands) in [(10, false), (30, false), (75, false), (80, true)] {
            assert!(contest.is_due(at(minute)));
            contest.note(Some(at(minute - 1)), at(minute));
            assert_eq!(contest.stands(), stands, "{minute}");
            if !stands {
                contest.correct(at(minute));
            }
        }
        assert_eq!(contest.times(), [at(30), at(75), at(80)]);
        assert!(!contest.is_due(at(81)) && contest.is_due(at(105)));
        contest.correct(at(105));
        contest.note(Some(at(106)), at(107));
        assert!(contest.stands() && !contest.is_due(at(134)) && contest.is_due(at(135)));
        assert!(!contest.is_over(at(166)) && contest.is_over(at(168)));
    }

    #[test]
    fn what_is_seen_again_before_it_could_be_put_right_counts_once() {
        let mut contest = Contest::default();
        for minute in [10, 11, 12, 13] {
            contest.note(Some(at(9)), at(minute));
        }
        assert!(!contest.stands());
        assert_eq!(contest.times(), [at(10)]);
    }
}
