//! Operations: those that run, by when they end, and those that have ended, until they are forgotten.

use jiff::{SignedDuration, Timestamp};

use super::State;
use crate::operations::Operation;

/// How long the end of an operation can be asked for, and how many ended operations are kept at most.
const OPERATION_KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
const OPERATIONS_KEPT: usize = 10_000;

impl State {
    /// Notes an operation down. One that runs ends when its time has come; one that has ended is forgotten later.
    pub(crate) fn begin(&mut self, operation: Operation) {
        if operation.is_running() {
            self.expect(operation);
        } else {
            self.ended.push_back((operation.due, operation.name.clone()));
            self.operations.insert(operation.name.clone(), operation);
        }
    }

    /// Looks at an operation again when its time has come.
    pub(super) fn expect(&mut self, operation: Operation) {
        self.sequence += 1;
        self.due
            .insert((operation.due, self.sequence, operation.name.clone()));
        self.operations.insert(operation.name.clone(), operation);
    }

    /// The operations whose end is still to come.
    pub(crate) fn running_operations(&self) -> impl Iterator<Item = &Operation> {
        let due = self.due.iter();
        due.filter_map(|(_, _, name)| self.operations.get(name))
            .filter(|operation| operation.is_running())
    }

    /// Forgets operations that ended long ago, or that so many others ended after: their polls find nothing.
    pub(crate) fn forget_operations(&mut self, now: Timestamp) {
        while let Some((ended, name)) = self.ended.front() {
            if self.ended.len() <= OPERATIONS_KEPT && now.duration_since(*ended) <= OPERATION_KEPT_FOR {
                break;
            }
            // The name may be that of an operation that was begun anew.
            if self
                .operations
                .get(name)
                .is_some_and(|operation| !operation.is_running())
            {
                self.operations.remove(name);
            }
            self.ended.pop_front();
        }
    }

    /// The operation that is next to end, when its time has come.
    pub(crate) fn next_due(&mut self, now: Timestamp) -> Option<String> {
        let first = self.due.first().filter(|(due, ..)| *due <= now).cloned()?;
        self.due.remove(&first);
        Some(first.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{OperationKind, Progress, styles};

    fn ended(number: usize, due: Timestamp) -> Operation {
        Operation {
            name: number.to_string(),
            style: &styles::NETWORK,
            kind: OperationKind::Update,
            label: String::new(),
            target: String::new(),
            subscription: String::new(),
            namespace: String::new(),
            location: String::new(),
            api_version: String::new(),
            started: due,
            due,
            ends: due,
            retry_after: 1,
            progress: Progress::Succeeded,
            will_end: None,
            answer: None,
        }
    }

    #[test]
    fn operations_that_have_ended_are_forgotten_by_age_and_by_number() {
        let mut state = State::new(1);
        let start = Timestamp::UNIX_EPOCH;
        for number in 0..OPERATIONS_KEPT + 5 {
            state.begin(ended(number, start));
        }
        state.forget_operations(start);
        assert_eq!(state.operations.len(), OPERATIONS_KEPT);
        assert!(!state.operations.contains_key("4"));
        assert!(state.operations.contains_key("5"));
        let later = start.saturating_add(OPERATION_KEPT_FOR).unwrap_or(Timestamp::MAX);
        state.forget_operations(later);
        assert_eq!(state.operations.len(), OPERATIONS_KEPT);
        let running = Operation {
            progress: Progress::Running,
            ..ended(usize::MAX, later)
        };
        state.begin(running);
        state.forget_operations(Timestamp::MAX);
        assert_eq!(state.operations.len(), 1, "what runs stays");
    }

    #[test]
    fn the_style_of_an_operation_comes_back_from_a_snapshot() {
        let written = serde_json::to_value(ended(1, Timestamp::UNIX_EPOCH)).unwrap_or_default();
        assert_eq!(
            written.get("style").and_then(|name| name.as_str()),
            Some("network")
        );
        let read: Option<Operation> = serde_json::from_value(written).ok();
        assert!(read.is_some_and(|read| std::ptr::eq(read.style, &styles::NETWORK)));
    }
}
