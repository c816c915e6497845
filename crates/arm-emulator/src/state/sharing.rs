//! What records have in common is in memory once: the same JSON, the names of those who write.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Weak};

use serde_json::Value;

use crate::state::record::{Body, Record};

/// Names that are remembered: callers of an open emulator can have any.
const NAMES: usize = 1000;
/// Below this number of bodies nothing is cleared up.
const FEW: usize = 1024;

/// The bodies and names that are there.
#[derive(Clone, Debug, Default)]
pub(super) struct Sharing {
    bodies: HashMap<u64, Weak<Value>>,
    /// How many bodies were there when those that are gone were last taken out.
    after_clearing: usize,
    names: HashSet<Arc<str>>,
}

impl Sharing {
    /// Makes a record use what is there already. `before` is the record in whose place it comes.
    pub(super) fn share(&mut self, record: &mut Record, before: Option<&Record>) {
        if !before.is_some_and(|before| before.body.is_same(&record.body)) {
            self.share_body(&mut record.body);
        }
        let writers = &mut record.writers;
        for name in [&mut writers.created_by, &mut writers.last_modified_by]
            .into_iter()
            .chain(writers.areas.values_mut())
        {
            match self.names.get(name) {
                Some(known) => *name = known.clone(),
                None if self.names.len() < NAMES => {
                    self.names.insert(name.clone());
                }
                None => {}
            }
        }
    }

    fn share_body(&mut self, body: &mut Body) {
        let mut hasher = DefaultHasher::new();
        (**body).hash(&mut hasher);
        let known = self.bodies.entry(hasher.finish()).or_default();
        match known.upgrade() {
            Some(same) if same == *body.shared() => *body = Body::from(same),
            // Two bodies with one hash: the first keeps its place.
            Some(_) => {}
            None => *known = Arc::downgrade(body.shared()),
        }
        if self.bodies.len() > FEW.max(2 * self.after_clearing) {
            self.bodies.retain(|_, body| body.strong_count() > 0);
            self.bodies.shrink_to(2 * self.bodies.len());
            self.after_clearing = self.bodies.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_body_is_there_once_and_what_is_gone_is_cleared_up() {
        let mut sharing = Sharing::default();
        let (mut one, mut other) = (Body::from(json!({"a": [1]})), Body::from(json!({"a": [1]})));
        let mut different = Body::from(json!({"a": [2]}));
        for body in [&mut one, &mut other, &mut different] {
            sharing.share_body(body);
        }
        assert!(one.is_same(&other) && !one.is_same(&different));
        other["a"] = json!(3);
        assert_eq!(*one, json!({"a": [1]}));
        for number in 0..10 * FEW {
            sharing.share_body(&mut Body::from(json!(number)));
        }
        assert!(sharing.bodies.len() <= FEW + 1);
    }
}
