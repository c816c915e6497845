//! Objects that refer to each other by name: what each shows of itself, and who comes due when that changes.
//!
//! What an object shows of itself is its status, and status is not trusted: an id from there counts only as far as the
//! scope of the asking object grants it.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, Weak};

use privatelink_api::{AllowedNamespaces, ManagedResource};
use privatelink_arm::ResourceId;
use serde_json::Value;

use crate::kind::{ObjectKey, ObjectKeys, Unresolved};
use crate::memo::Memo;
use crate::selector;

/// An object as others may see it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The resource that it stands for.
    pub resource_id: Option<ResourceId>,
    /// Azure equals its spec.
    pub programmed: bool,
    pub deleting: bool,
    /// Its status, whole.
    pub status: Value,
    /// The namespaces whose objects may refer to it; none: its own.
    pub allowed_namespaces: Option<AllowedNamespaces>,
}

/// Finds the objects of one kind.
pub(crate) trait Find: Send + Sync {
    fn find(&self, namespace: &str, name: &str) -> Option<Seen>;
    /// The objects of a namespace.
    fn keys(&self, namespace: &str) -> Vec<ObjectKey>;
    /// Shows the objects of a namespace, or of all of them, that can be read as their kind; in a stable order.
    fn each(&self, namespace: Option<&str>, visit: &mut dyn FnMut(&dyn Any));
}

/// All objects, by kind, and who refers to whom.
#[derive(Default)]
pub struct Objects {
    /// Held weakly: an index of objects knows the context that this is part of.
    kinds: RwLock<BTreeMap<&'static str, Weak<dyn Find>>>,
    index: RwLock<Index>,
    /// By kind, the kinds whose objects go by all objects of it in their namespace.
    observers: RwLock<BTreeMap<&'static str, Vec<&'static str>>>,
    pub memo: Memo,
}

#[derive(Default)]
struct Index {
    references: BTreeMap<ObjectKey, ObjectKeys>,
    referrers: BTreeMap<ObjectKey, ObjectKeys>,
    labels: BTreeMap<String, BTreeMap<String, String>>,
}

impl Objects {
    pub(crate) fn add_kind(
        &self,
        kind: &'static str,
        find: Weak<dyn Find>,
        observes: &'static [&'static str],
    ) {
        let mut observers = self.observers.write().unwrap_or_else(PoisonError::into_inner);
        for observed in observes {
            observers.entry(observed).or_default().push(kind);
        }
        drop(observers);
        let mut kinds = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        kinds.insert(kind, find);
    }

    pub(crate) fn note_labels(&self, namespace: &str, labels: Option<&BTreeMap<String, String>>) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        match labels {
            Some(labels) => drop(index.labels.insert(namespace.to_owned(), labels.clone())),
            None => drop(index.labels.remove(namespace)),
        }
    }

    /// Notes what an object refers to; an empty list forgets it.
    pub(crate) fn note(&self, from: &ObjectKey, to: ObjectKeys) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if index.references.get(from).is_some_and(|last| *last == to) {
            return;
        }
        for last in index.references.remove(from).unwrap_or_default() {
            if let Some(referrers) = index.referrers.get_mut(&last) {
                referrers.remove(from);
                if referrers.is_empty() {
                    index.referrers.remove(&last);
                }
            }
        }
        if to.is_empty() {
            return;
        }
        for target in &to {
            index
                .referrers
                .entry(target.clone())
                .or_default()
                .insert(from.clone());
        }
        index.references.insert(from.clone(), to);
    }

    /// The objects that go by all objects of a kind in a namespace, one by one or as a kind.
    pub(crate) fn observers(&self, kind: &'static str, namespace: &str) -> ObjectKeys {
        let mut keys = self.referrers(&ObjectKey::all(kind, Some(namespace)));
        keys.extend(self.referrers(&ObjectKey::all(kind, None)));
        let observers = {
            let observers = self.observers.read().unwrap_or_else(PoisonError::into_inner);
            observers.get(kind).cloned().unwrap_or_default()
        };
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        let found: Vec<_> = observers
            .iter()
            .filter_map(|observer| kinds.get(observer)?.upgrade())
            .collect();
        drop(kinds);
        keys.extend(found.iter().flat_map(|kind| kind.keys(namespace)));
        keys
    }

    /// The objects that refer to one.
    pub(crate) fn referrers(&self, to: &ObjectKey) -> ObjectKeys {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.referrers.get(to).cloned().unwrap_or_default()
    }

    /// Shows all objects of a kind, in one namespace or everywhere, in a stable order. Whoever goes by them refers to
    /// [`ObjectKey::all`].
    pub fn each<T: ManagedResource>(&self, namespace: Option<&str>, mut visit: impl FnMut(&T)) {
        let kind = {
            let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
            kinds.get(T::KIND).and_then(Weak::upgrade)
        };
        if let Some(kind) = kind {
            kind.each(namespace, &mut |object| {
                object.downcast_ref().map_or((), &mut visit)
            });
        }
    }

    /// The object behind a reference. One that is missing and one that does not admit the asking namespace read the same.
    ///
    /// # Errors
    /// [`Unresolved`] on the object, with the field and the remedy.
    pub fn get(&self, field: &str, key: &ObjectKey, asking_namespace: &str) -> Result<Seen, Unresolved> {
        let kind = {
            let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
            kinds.get(key.kind).and_then(Weak::upgrade)
        };
        let seen = kind.and_then(|kind| kind.find(&key.namespace, &key.name));
        let seen = seen.filter(|seen| {
            key.namespace == asking_namespace
                || self.admits(seen.allowed_namespaces.as_ref(), asking_namespace)
        });
        seen.ok_or_else(|| {
            let remedy = if key.namespace == asking_namespace {
                "create it"
            } else {
                "create it, and name this namespace in its spec.allowedNamespaces"
            };
            Unresolved::object(format!(
                "{field}: there is no {key} for namespace {asking_namespace}; {remedy}"
            ))
        })
    }

    fn admits(&self, allowed: Option<&AllowedNamespaces>, namespace: &str) -> bool {
        let Some(allowed) = allowed else { return false };
        if let Some(names) = &allowed.names {
            return names.iter().any(|name| name == namespace);
        }
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        match (&allowed.selector, index.labels.get(namespace)) {
            (Some(selector), Some(labels)) => selector::matches(selector, labels),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &'static str, name: &str) -> ObjectKey {
        ObjectKey {
            kind,
            namespace: "n".to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn whoever_refers_to_an_object_is_known_until_it_refers_to_another() {
        let objects = Objects::default();
        let (link, zone, other) = (key("Link", "l"), key("Zone", "z"), key("Zone", "o"));
        objects.note(&link, ObjectKeys::from([zone.clone()]));
        assert_eq!(objects.referrers(&zone), ObjectKeys::from([link.clone()]));
        objects.note(&link, ObjectKeys::from([other.clone()]));
        assert_eq!(objects.referrers(&zone), ObjectKeys::new());
        assert_eq!(objects.referrers(&other), ObjectKeys::from([link.clone()]));
        objects.note(&link, ObjectKeys::new());
        assert_eq!(objects.referrers(&other), ObjectKeys::new());
    }
}
