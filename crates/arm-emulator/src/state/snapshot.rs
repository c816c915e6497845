//! What there is at one moment, to go back to: in the same emulator, or in another one from a file.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::authorization::rbac::RbacState;
use crate::identity::Directory;
use crate::state::State;
use crate::throttle::Limits;
use crate::{Emulator, LAST};

/// Resources, operations and subscriptions, the clock, and who may do what how often. As JSON the same state has the same
/// bytes. What is not in it: the journal, faults, listeners, and what is left of limits.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    #[serde(alias = "clock_offset")]
    clock_offset: SignedDuration,
    /// What requests have moved a deterministic clock on by.
    #[serde(default)]
    stepped: SignedDuration,
    access: Access,
    state: State,
}

/// Who may do what, and how often.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Access {
    directory: Directory,
    roles: RbacState,
    limits: Option<Limits>,
}

/// Why a snapshot is not loaded: everything in which its parts disagree, in words.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the snapshot contradicts itself: {}", .0.join("; "))]
pub struct Contradictory(pub Vec<String>);

impl Emulator {
    /// The state at this moment.
    pub fn snapshot(&self) -> Snapshot {
        self.with(|inner, _| Snapshot {
            clock_offset: inner.clock_offset,
            stepped: inner.stepped,
            access: Access {
                directory: inner.identity.directory(),
                roles: inner.rbac.clone(),
                limits: inner.throttle.limits(),
            },
            state: inner.state.clone(),
        })
    }

    /// Goes back to a snapshot's resources, operations, subscriptions and clock. Journal, faults, principals, their roles and
    /// limits stay, see [`Emulator::load`], and so does the cloud: the names of targets are its.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.with(|inner, options| {
            inner.state = snapshot.state.clone().of_cloud(options.cloud);
            inner.clock_offset = snapshot.clock_offset;
            inner.stepped = snapshot.stepped;
            inner.listeners.keep_for(&inner.state);
        });
    }

    /// Becomes what a snapshot was taken of: also its principals, their roles, and its limits, of which nothing is used up.
    /// Journal, faults and the key of tokens stay.
    ///
    /// # Errors
    /// A snapshot that contradicts itself: somebody wrote in it. Nothing is changed then.
    pub fn load(&self, snapshot: &Snapshot) -> Result<(), Contradictory> {
        let mut found = snapshot.state.disagreements();
        if !self.has_time_at(snapshot) {
            found.push(format!(
                "clockOffset: the clock would stand outside of the dates up to {LAST}"
            ));
        }
        if !found.is_empty() {
            return Err(Contradictory(found));
        }
        self.restore(snapshot);
        let Access {
            directory,
            roles,
            limits,
        } = snapshot.access.clone();
        self.with(|inner, _| {
            inner.identity.set_directory(directory);
            inner.rbac = roles;
            inner.throttle.set_limits(limits);
        });
        Ok(())
    }

    /// Whether the clock would stand where there are dates before and after it.
    fn has_time_at(&self, snapshot: &Snapshot) -> bool {
        let wall = (self.options().time)().checked_add(snapshot.stepped);
        wall.and_then(|wall| wall.checked_add(snapshot.clock_offset))
            .is_ok_and(|now| now >= Timestamp::UNIX_EPOCH && now <= LAST)
    }

    /// Makes the present state the one that [`Emulator::reset`] goes back to: called once a seed is in.
    pub fn mark_initial(&self) {
        let snapshot = self.snapshot();
        self.with(|inner, _| inner.initial = Some(snapshot));
    }

    /// Goes back to the state of [`Emulator::mark_initial`], or to an empty one; forgets journal and faults, and fills the
    /// limits.
    pub fn reset(&self) {
        self.with(|inner, options| {
            match inner.initial.clone() {
                Some(initial) => {
                    inner.state = initial.state;
                    inner.clock_offset = initial.clock_offset;
                    inner.stepped = initial.stepped;
                }
                None => {
                    inner.state = State::new(options.seed_number).of_cloud(options.cloud);
                    inner.clock_offset = SignedDuration::ZERO;
                    inner.stepped = SignedDuration::ZERO;
                }
            }
            inner.rbac.give_back();
            inner.journal.clear();
            inner.faults.clear();
            inner.throttle.reset();
            inner.listeners.keep_for(&inner.state);
        });
    }
}
