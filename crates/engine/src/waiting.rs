//! Who waits for something in Azure that another object of this installation may be about to make.
//!
//! An object that refers to a resource by its id has no object to watch. While it is not as wanted, it is noted here with
//! every id that it asks about; whoever makes or removes one of these has it looked at again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use privatelink_arm::ResourceId;

use crate::kind::{ObjectKey, ObjectKeys};

#[derive(Default)]
pub struct Waiting {
    index: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    by_id: BTreeMap<String, ObjectKeys>,
    by_object: BTreeMap<ObjectKey, Vec<String>>,
    called: ObjectKeys,
}

impl Waiting {
    /// Notes that an object is about to ask about a resource, or about a collection below it. To be called before Azure
    /// is asked.
    pub fn note(&self, object: &ObjectKey, id: &ResourceId, collection: Option<&str>) {
        let about = about(id, collection);
        let mut index = self.lock();
        if index
            .by_id
            .entry(about.clone())
            .or_default()
            .insert(object.clone())
        {
            index.by_object.entry(object.clone()).or_default().push(about);
        }
    }

    /// An object waits for nothing any longer.
    pub fn forget(&self, object: &ObjectKey) {
        self.keep(object, &[]);
    }

    /// An object waits only for these any longer, each by what [`about`] makes of it.
    pub fn keep(&self, object: &ObjectKey, missed: &[String]) {
        let mut index = self.lock();
        if missed.is_empty() {
            index.called.remove(object);
        }
        let mut ids = index.by_object.remove(object).unwrap_or_default();
        let gone: Vec<String> = ids.extract_if(.., |id| !missed.contains(id)).collect();
        if !ids.is_empty() {
            ids.shrink_to_fit();
            index.by_object.insert(object.clone(), ids);
        }
        for id in gone {
            if let Some(objects) = index.by_id.get_mut(&id) {
                objects.remove(object);
                if objects.is_empty() {
                    index.by_id.remove(&id);
                }
            }
        }
    }

    /// Calls everybody who asked about a resource, or about a collection that it is in.
    pub fn call(&self, id: &ResourceId) -> ObjectKeys {
        let collections = id.parent().map(|parent| {
            let resource_type = id.resource_type();
            let segment = resource_type.rsplit('/').next().unwrap_or_default();
            [below(&parent, segment), below(&parent, EVERYTHING)]
        });
        let mut index = self.lock();
        let about = collections.into_iter().flatten().chain([id.key().to_owned()]);
        let called: ObjectKeys = about
            .filter_map(|about| index.by_id.get(&about).cloned())
            .flatten()
            .collect();
        index.called.extend(called.iter().cloned());
        called
    }

    /// Whether an object has been called since this was asked last: what it was told before no longer holds.
    pub fn was_called(&self, object: &ObjectKey) -> bool {
        self.lock().called.remove(object)
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The collection of all children, whatever their type.
const EVERYTHING: &str = "all";

/// What stands for a resource, or for a collection below it.
pub fn about(id: &ResourceId, collection: Option<&str>) -> String {
    match collection {
        Some(collection) => below(id, collection),
        None => id.key().to_owned(),
    }
}

fn below(id: &ResourceId, collection: &str) -> String {
    format!("{}/{}", id.key(), collection.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_found_by_every_id_that_it_asked_about_until_it_waits_no_longer() {
        let waiting = Waiting::default();
        let zone = |name: &str| {
            let group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";
            ResourceId::parse(&format!("{group}/privateDnsZones/{name}")).unwrap()
        };
        let object = |name: &str| ObjectKey {
            kind: "PrivateEndpoint",
            namespace: "n".to_owned(),
            name: name.to_owned(),
        };
        let (one, other) = (object("one"), object("other"));
        waiting.note(&one, &zone("a.b"), None);
        waiting.note(&one, &zone("c.d"), Some("virtualNetworkLinks"));
        waiting.note(&one, &zone("a.b"), None);
        waiting.note(&other, &zone("A.B"), None);
        waiting.note(&other, &zone("c.d"), Some("ALL"));
        let both = ObjectKeys::from([one.clone(), other.clone()]);
        assert_eq!(waiting.call(&zone("a.b")), both);
        assert_eq!(
            waiting.call(&zone("c.d")),
            ObjectKeys::new(),
            "only what is in it"
        );
        let (link, record) = (
            zone("c.d").child("virtualNetworkLinks", "l").unwrap(),
            zone("c.d").child("A", "r").unwrap(),
        );
        assert_eq!(waiting.call(&link), both);
        assert_eq!(waiting.call(&record), ObjectKeys::from([other.clone()]));
        assert!(waiting.was_called(&one) && !waiting.was_called(&one));
        waiting.keep(&one, &[about(&zone("c.d"), Some("virtualNetworkLinks"))]);
        assert_eq!(waiting.call(&zone("a.b")), ObjectKeys::from([other.clone()]));
        assert_eq!(waiting.call(&link), both);
        waiting.forget(&one);
        assert_eq!(waiting.call(&link), ObjectKeys::from([other.clone()]));
        waiting.forget(&other);
        let index = waiting.lock();
        assert!(index.by_id.is_empty() && index.by_object.is_empty() && index.called.is_empty());
    }
}
