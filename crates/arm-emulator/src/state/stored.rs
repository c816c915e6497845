//! The form of a store in a snapshot: what the indexes follow from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{AddedMember, LingeringLink, State, Subscription};
use crate::operations::Operation;
use crate::random::Random;
use crate::state::record::Record;
use crate::targets::vault::deleted::DeletedVault;

/// The parts of [`State`] from which the indexes follow.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct StoredState {
    records: Vec<Arc<Record>>,
    /// Operations that have ended, in the order of their ends.
    ended: Vec<Operation>,
    /// Those whose end is to come, in its order, with those that a DELETE has stopped meanwhile.
    due: Vec<Operation>,
    subscriptions: BTreeMap<String, Subscription>,
    open_subscriptions: bool,
    ended_groups: BTreeMap<String, u32>,
    added_members: BTreeMap<String, Vec<AddedMember>>,
    #[serde(default)]
    lingering_links: BTreeMap<String, LingeringLink>,
    #[serde(default)]
    deleted_vaults: BTreeMap<String, DeletedVault>,
    random: Random,
    sequence: u64,
}

impl TryFrom<StoredState> for State {
    type Error = String;

    /// A store of these parts.
    ///
    /// # Errors
    /// A resource or an operation that is there twice: one of the two would get lost.
    fn try_from(stored: StoredState) -> Result<Self, String> {
        let mut state = State::new(0);
        for record in stored.records {
            if state.get(&record.key()).is_some() {
                return Err(format!("the resource {} is there twice", record.id));
            }
            state.insert(record);
        }
        let mut names = BTreeSet::new();
        let operations = stored.ended.iter().chain(&stored.due);
        if let Some(twice) = operations.map(|one| &one.name).find(|name| !names.insert(*name)) {
            return Err(format!("the operation {twice} is there twice"));
        }
        for operation in stored.ended {
            state.begin(operation);
        }
        for operation in stored.due {
            state.expect(operation);
        }
        state.subscriptions = stored.subscriptions;
        state.open_subscriptions = stored.open_subscriptions;
        state.ended_groups = stored.ended_groups;
        for (target, members) in stored.added_members {
            for member in members {
                state.add_member(&target, member);
            }
        }
        state.lingering_links = stored.lingering_links.into_iter().collect();
        state.deleted_vaults = stored.deleted_vaults;
        state.random = stored.random;
        state.sequence = stored.sequence;
        Ok(state)
    }
}

impl From<State> for StoredState {
    fn from(state: State) -> Self {
        let mut operations = state.operations;
        // An operation whose end was put off or forward is there twice; the first place counts.
        let mut taken = |name: &String| operations.remove(name);
        let ended = state.ended.iter().filter_map(|(_, name)| taken(name)).collect();
        let due = state.due.iter().filter_map(|(_, _, name)| taken(name)).collect();
        StoredState {
            records: state.records.into_values().collect(),
            ended,
            due,
            subscriptions: state.subscriptions,
            open_subscriptions: state.open_subscriptions,
            ended_groups: state.ended_groups,
            added_members: state.added_members.into_iter().collect(),
            lingering_links: state.lingering_links.into_iter().collect(),
            deleted_vaults: state.deleted_vaults,
            random: state.random,
            sequence: state.sequence,
        }
    }
}
