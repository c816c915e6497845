//! Which records still know how they were before their last write.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use super::Key;
use crate::state::record::Record;

/// How many records know it: an answer comes late by seconds, and nothing else asks.
const KEPT: usize = 1000;

/// The records that were written last, the oldest first, with how they were.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(VecDeque<(Key, Weak<Record>)>);

impl Recent {
    /// Notes a written record down; gives back which ones are to forget how they were.
    pub(super) fn note(
        &mut self,
        key: &Key,
        record: &Record,
        before: Option<&Record>,
    ) -> Vec<(Key, Weak<Record>)> {
        let Some(previous) = &record.previous else {
            return Vec::new();
        };
        let known = before.and_then(|before| before.previous.as_ref());
        if known.is_some_and(|known| Arc::ptr_eq(known, previous)) {
            return Vec::new();
        }
        self.0.push_back((key.clone(), Arc::downgrade(previous)));
        let over = self.0.len().saturating_sub(KEPT);
        self.0.drain(..over).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::State;
    use super::*;
    use crate::state::record::{Body, Facts, Writers};

    fn record(id: &str, previous: Option<Arc<Record>>) -> Record {
        Record {
            id: id.to_owned(),
            resource_type: String::new(),
            body: Body::default(),
            provisioning_state: String::new(),
            etag: String::new(),
            guid: String::new(),
            created: Timestamp::UNIX_EPOCH,
            modified: Timestamp::UNIX_EPOCH,
            writers: Writers::default(),
            operation: None,
            deleting: false,
            generic: false,
            facts: Facts::None,
            references: Default::default(),
            addresses: Vec::new(),
            alias: None,
            counted_in: Vec::new(),
            claims: Vec::new(),
            previous,
        }
    }

    #[test]
    fn only_the_last_writes_are_known() {
        let mut state = State::new(1);
        for number in 0..KEPT + 2 {
            let id = format!("/a/{number}");
            state.insert(Arc::new(record(&id, None)));
            state.insert(Arc::new(record(&id, Some(Arc::new(record(&id, None))))));
            // What changes without a write keeps what it knows.
            state.update(&id, |record| record.deleting = true);
        }
        let knows = |number: usize| {
            state
                .get(&format!("/a/{number}"))
                .is_some_and(|record| record.previous.is_some())
        };
        assert!(!knows(0) && !knows(1));
        assert!((2..KEPT + 2).all(knows));
    }
}
