//! Sets of keys, most of which hold one: the connections of a target, the zone groups of an endpoint.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::Key;

/// A sorted set of keys that takes no memory of its own while it holds one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum KeySet {
    #[default]
    None,
    One(Key),
    Many(BTreeSet<Key>),
}

impl KeySet {
    pub(crate) fn insert(&mut self, key: Key) {
        match self {
            KeySet::None => *self = KeySet::One(key),
            KeySet::One(known) if *known == key => {}
            KeySet::One(known) => *self = KeySet::Many(BTreeSet::from([known.clone(), key])),
            KeySet::Many(keys) => {
                keys.insert(key);
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        match self {
            KeySet::None => {}
            KeySet::One(known) => {
                if &**known == key {
                    *self = KeySet::None;
                }
            }
            KeySet::Many(keys) => {
                keys.remove(key);
                if keys.len() <= 1 {
                    *self = keys.pop_first().map_or(KeySet::None, KeySet::One);
                }
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            KeySet::None => 0,
            KeySet::One(_) => 1,
            KeySet::Many(keys) => keys.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All keys, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.one(|_| true)
            .into_iter()
            .chain(self.many().into_iter().flatten())
    }

    /// The keys after one that need not be among them, sorted.
    pub(crate) fn after<'a>(&'a self, after: &Key) -> impl Iterator<Item = &'a Key> + use<'a> {
        let bounds = (Bound::Excluded(after.clone()), Bound::Unbounded);
        let later = self.many().map(|keys| keys.range::<Key, _>(bounds));
        self.one(|key| key > after)
            .into_iter()
            .chain(later.into_iter().flatten())
    }

    fn one(&self, wanted: impl Fn(&Key) -> bool) -> Option<&Key> {
        match self {
            KeySet::One(key) => Some(key).filter(|key| wanted(key)),
            _ => None,
        }
    }

    fn many(&self) -> Option<&BTreeSet<Key>> {
        match self {
            KeySet::Many(keys) => Some(keys),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_set(steps in proptest::collection::vec((any::<bool>(), 0_u8..5), 0..30), after in 0_u8..6) {
            let key = |number: u8| -> Key { Arc::from(number.to_string()) };
            let (mut set, mut model) = (KeySet::default(), BTreeSet::new());
            for (inserted, number) in steps {
                if inserted {
                    set.insert(key(number));
                    model.insert(key(number));
                } else {
                    set.remove(&key(number));
                    model.remove(&key(number));
                }
                prop_assert_eq!(set.iter().collect::<Vec<_>>(), model.iter().collect::<Vec<_>>());
                prop_assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
                let later: Vec<_> = model.iter().filter(|other| **other > key(after)).collect();
                prop_assert_eq!(set.after(&key(after)).collect::<Vec<_>>(), later);
            }
        }
    }
}
