//! What is in which resource group, and what is in none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Key;

/// Resource groups by their keys, with the number of resources in each.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupIndex {
    groups: BTreeMap<Key, Group>,
    /// The keys of what is above all groups.
    above: BTreeSet<Key>,
}

#[derive(Clone, Debug)]
struct Group {
    /// As the group spells it, or else the first that is in it.
    id: Arc<str>,
    resources: usize,
    /// Whether the group itself is there.
    exists: bool,
}

impl GroupIndex {
    /// Notes down a record that is new.
    pub(super) fn add(&mut self, key: &Key, id: &str) {
        let shown = group_of(id);
        if shown.is_empty() {
            self.above.insert(key.clone());
            return;
        }
        let own = group_of(key);
        if !self.groups.contains_key(own) {
            let group = Group {
                id: Arc::from(shown),
                resources: 0,
                exists: false,
            };
            self.groups.insert(Arc::from(own), group);
        }
        let Some(group) = self.groups.get_mut(own) else {
            return;
        };
        if own == &**key {
            group.exists = true;
            group.id = Arc::from(shown);
        } else {
            group.resources += 1;
        }
    }

    /// Forgets a record.
    pub(super) fn remove(&mut self, key: &Key) {
        self.above.remove(key);
        let own = group_of(key);
        let Some(group) = self.groups.get_mut(own) else {
            return;
        };
        if own == &**key {
            group.exists = false;
        } else {
            group.resources = group.resources.saturating_sub(1);
        }
        if !group.exists && group.resources == 0 {
            self.groups.remove(own);
        }
    }

    /// The groups' ids and the numbers of their resources; an empty id stands for what is above all groups.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&str, usize)> {
        let above = (!self.above.is_empty()).then_some(("", self.above.len()));
        let groups = self.groups.values().map(|group| (&*group.id, group.resources));
        above.into_iter().chain(groups)
    }

    /// The keys of what is above all groups.
    pub(crate) fn above(&self) -> impl Iterator<Item = &Key> {
        self.above.iter()
    }
}

/// The resource group's id in an id; of what is in none, nothing.
fn group_of(id: &str) -> &str {
    let segments: Vec<&str> = id.split('/').take(5).collect();
    match segments.as_slice() {
        [_, _, _, groups, _] if groups.eq_ignore_ascii_case("resourceGroups") => {
            let end = id.match_indices('/').nth(4).map_or(id.len(), |(at, _)| at);
            id.get(..end).unwrap_or_default()
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_what_stands_before_the_providers() {
        assert_eq!(
            group_of("/subscriptions/s/resourceGroups/g"),
            "/subscriptions/s/resourceGroups/g"
        );
        assert_eq!(
            group_of("/subscriptions/s/resourcegroups/g/providers/A.B/c/d"),
            "/subscriptions/s/resourcegroups/g"
        );
        assert_eq!(group_of("/subscriptions/s/providers/A.B/c/d"), "");
        assert_eq!(group_of("/subscriptions/s"), "");
        assert_eq!(group_of(""), "");
    }

    #[test]
    fn groups_are_counted_as_long_as_anything_is_in_them() {
        let mut index = GroupIndex::default();
        let group = "/subscriptions/s/resourceGroups/G";
        let ids = [
            format!("{group}/providers/A.B/c/d"),
            group.to_owned(),
            "/providers/A.B/c/d".to_owned(),
        ];
        let key = |id: &str| -> Key { Arc::from(id.to_ascii_lowercase()) };
        for id in &ids {
            index.add(&key(id), id);
        }
        assert_eq!(index.counts().collect::<Vec<_>>(), [("", 1), (group, 1)]);
        index.remove(&key(group));
        assert_eq!(index.counts().count(), 2);
        for id in &ids {
            index.remove(&key(id));
        }
        assert_eq!(index.counts().count(), 0);
    }
}
