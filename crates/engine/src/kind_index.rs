//! A kind's objects as the watch shows them: what of them matters, which id and scope each has, and who comes due when
//! that changes.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};
use privatelink_api::{ManagedResource, ManagementPolicy};

use crate::claims::Seniority;
use crate::context::Context;
use crate::draft::{Draft, status_of};
use crate::facts::KnownFacts;
use crate::kind::{Claim, Kind, ObjectKey, ObjectKeys, World};
use crate::loan::NO_LOANS;
use crate::memory::{Memories, fingerprint};
use crate::objects::{Find, Seen};
use crate::scope::Scope;
use crate::scope_runner::SCOPE_KIND;

/// Changes of many objects of a scope are counted together after this time.
pub(crate) const SCOPE_DEBOUNCE: Duration = Duration::from_secs(2);

/// What of status nobody else goes by.
const OUR_OWN: [&str; 7] = [
    "conditions",
    "operations",
    "applied",
    "previous",
    "differences",
    "observedGeneration",
    "lastHandledReconcileAt",
];
/// The same for those who go by all objects of a kind.
const OBSERVERS_DEBOUNCE: Duration = Duration::from_secs(1);

/// Re-evaluates what objects may do after scopes or namespaces have changed.
pub(crate) trait Refresh: Send + Sync {
    /// The objects of a namespace claim anew and come due.
    fn refresh_namespace(&self, namespace: &str);
    /// The objects whose scope this is or was claim anew and come due.
    fn refresh_scope(&self, scope: &str);
    /// How many objects use a scope.
    fn count(&self, scope: &str) -> usize;
}

/// A kind's objects as the watch shows them.
pub(crate) struct KindIndex<K: Kind> {
    pub(crate) context: Arc<Context>,
    store: Store<DeserializeGuard<K::Object>>,
    memories: Arc<Memories<K::Object>>,
    seen: Mutex<BTreeMap<ObjectKey, Known>>,
    /// What others see of each object, as a fingerprint.
    shown: Mutex<BTreeMap<ObjectKey, u64>>,
}

/// What was seen of an object last.
struct Known {
    /// What of it matters besides status, to tell that from our own writes.
    fingerprint: u64,
    /// The scope that it had.
    scope: Option<String>,
}

impl<K: Kind> KindIndex<K> {
    pub(crate) fn new(
        context: Arc<Context>,
        store: Store<DeserializeGuard<K::Object>>,
        memories: Arc<Memories<K::Object>>,
    ) -> Self {
        KindIndex {
            context,
            store,
            memories,
            seen: Mutex::default(),
            shown: Mutex::default(),
        }
    }

    fn key(object: &DeserializeGuard<K::Object>) -> ObjectKey {
        ObjectKey {
            kind: <K::Object as ManagedResource>::KIND,
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, Known>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an object. Its key, where it has to be looked at.
    pub(crate) fn applied(&self, object: &DeserializeGuard<K::Object>) -> Option<ObjectKey> {
        let key = Self::key(object);
        let fingerprint = fingerprint_of(object.meta());
        let changed = self
            .seen()
            .get(&key)
            .is_none_or(|seen| seen.fingerprint != fingerprint);
        let ours = object.0.as_ref().is_ok_and(|object| {
            self.memories.caught_up(&key, object);
            self.memories.is_ours(&key, &status_of(object).to_string())
        });
        let shows = self.shows_something_new(&key, object);
        if shows {
            for referrer in self.context.objects.referrers(&key) {
                self.context.queue.add(referrer);
            }
        }
        if changed || shows && K::SHOWS_STATUS_TO_ALL {
            self.wake_observers(&key);
        }
        if changed {
            let references = object.0.as_ref().map(K::references).unwrap_or_default();
            self.context.objects.note(&key, references.into_iter().collect());
            let scope = self.claim(object);
            if let Some(name) = &scope {
                self.wake_scope(name);
            }
            let last = self.seen().insert(key.clone(), Known { fingerprint, scope });
            if let Some(last) = last.and_then(|last| last.scope) {
                self.wake_scope(&last);
            }
        }
        (changed || !ours).then_some(key)
    }

    pub(crate) fn deleted(&self, object: &DeserializeGuard<K::Object>) {
        self.gone(&Self::key(object));
    }

    /// Objects that went while the watch was away.
    pub(crate) fn prune(&self) {
        let store = self.store.state();
        let present: BTreeSet<ObjectKey> = store.iter().map(|object| Self::key(object)).collect();
        let gone: Vec<ObjectKey> = self
            .seen()
            .keys()
            .filter(|key| !present.contains(*key))
            .cloned()
            .collect();
        gone.iter().for_each(|key| self.gone(key));
    }

    /// Whether what others see of an object differs from what they saw last.
    fn shows_something_new(&self, key: &ObjectKey, object: &DeserializeGuard<K::Object>) -> bool {
        let shown = match &object.0 {
            Ok(object) => {
                let mut status = status_of(object);
                if let Some(status) = status.as_object_mut() {
                    // Times and messages are no news to others, nor is what we remember for ourselves.
                    for name in OUR_OWN {
                        status.remove(name);
                    }
                    K::NO_NEWS.iter().for_each(|name| drop(status.remove(*name)));
                }
                let programmed = Draft::of(object).was_programmed();
                let deleting = object.meta().deletion_timestamp.is_some();
                fingerprint((status.to_string(), programmed, deleting))
            }
            Err(_) => 0,
        };
        let mut all = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(key.clone(), shown) != Some(shown)
    }

    fn gone(&self, key: &ObjectKey) {
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
        self.context.objects.note(key, ObjectKeys::new());
        self.context.objects.memo.forget(key);
        for referrer in self.context.objects.referrers(key) {
            self.context.queue.add(referrer);
        }
        self.wake_observers(key);
        let seen = self.seen().remove(key);
        if let Some(scope) = seen.and_then(|seen| seen.scope) {
            self.wake_scope(&scope);
        }
        for other in self.context.claims.forget(key) {
            self.context.queue.add(other);
        }
        self.context.deletions.gone(key, self.context.clock.now());
        self.context.queue.add(key.clone());
    }

    /// Notes the id that an object claims and whether it is being deleted. The scope that it has.
    fn claim(&self, object: &DeserializeGuard<K::Object>) -> Option<String> {
        let key = Self::key(object);
        let scope = self.scope_of(object);
        let deleted_at = object.meta().deletion_timestamp.as_ref().map(|time| time.0);
        self.context
            .deletions
            .note(scope.as_ref().map(|scope| scope.name()), &key, deleted_at);
        let claim = match (&scope, &object.0) {
            (Some(scope), Ok(object)) => claim_of::<K>(object, scope, &self.context),
            _ => None,
        };
        let status = object.0.as_ref().ok().and_then(ManagedResource::managed_status);
        let recorded = status.is_some_and(|status| status.resource_id.is_some());
        let seniority = Seniority::of(object.meta(), recorded, key);
        let id = claim.as_ref().map(|claim| &claim.id);
        for other in self.context.claims.note(seniority, id) {
            self.context.queue.add(other);
        }
        scope.map(|scope| scope.name().to_owned())
    }

    fn scope_of(&self, object: &DeserializeGuard<K::Object>) -> Option<Arc<Scope>> {
        let namespace = object.namespace().unwrap_or_default();
        let named = object
            .0
            .as_ref()
            .ok()
            .and_then(|object| object.managed().scope_name.as_deref());
        self.context.scopes.find(&namespace, named).ok()
    }

    /// Whoever goes by all objects of the kind looks again. Many may change at once.
    fn wake_observers(&self, key: &ObjectKey) {
        for observer in self.context.objects.observers(key.kind, &key.namespace) {
            if observer != *key {
                self.context.queue.add_after(observer, OBSERVERS_DEBOUNCE);
            }
        }
    }

    fn wake_scope(&self, name: &str) {
        let key = ObjectKey {
            kind: SCOPE_KIND,
            namespace: String::new(),
            name: name.to_owned(),
        };
        self.context.queue.add_after(key, SCOPE_DEBOUNCE);
    }

    fn refresh(&self, concerned: impl Fn(&DeserializeGuard<K::Object>) -> bool) {
        let objects = self.store.state();
        let concerned = objects.iter().filter(|object| concerned(object));
        // In a stable order: the store's is that of hashes.
        let sorted: BTreeMap<ObjectKey, _> = concerned.map(|object| (Self::key(object), object)).collect();
        for (key, object) in sorted {
            let scope = self.claim(object);
            if let Some(seen) = self.seen().get_mut(&key) {
                seen.scope = scope;
            }
            self.context.queue.add(key);
        }
    }
}

impl<K: Kind> Refresh for KindIndex<K> {
    fn refresh_namespace(&self, namespace: &str) {
        self.refresh(|object| object.namespace().as_deref() == Some(namespace));
    }

    fn refresh_scope(&self, scope: &str) {
        self.refresh(|object| {
            let last = self
                .seen()
                .get(&Self::key(object))
                .and_then(|seen| seen.scope.clone());
            match (last, self.scope_of(object)) {
                // With no scope or too many of them, before or now, any scope that comes or goes may matter.
                (None, _) | (_, None) => true,
                (Some(last), Some(now)) => last == scope || now.name() == scope,
            }
        });
    }

    fn count(&self, scope: &str) -> usize {
        let objects = self.store.state();
        // Several scopes may be open to an object: each of them is in use until it has chosen.
        let uses = |object: &&Arc<DeserializeGuard<K::Object>>| {
            let namespace = object.namespace().unwrap_or_default();
            let object = object.0.as_ref().ok();
            let named = object.and_then(|object| object.managed().scope_name.as_deref());
            self.context.scopes.may_use(scope, &namespace, named)
        };
        objects.iter().filter(uses).count()
    }
}

impl<K: Kind> Find for KindIndex<K> {
    fn find(&self, namespace: &str, name: &str) -> Option<Seen> {
        let guard = self.store.get(&ObjectRef::new(name).within(namespace))?;
        let object = guard.0.as_ref().ok()?;
        let draft = Draft::of(object);
        Some(Seen {
            // A status is written by others too: an id of another type is nothing that this object can have.
            resource_id: draft.resource_id().filter(|id| K::model(id).is_some()),
            programmed: draft.was_programmed(),
            deleting: object.meta().deletion_timestamp.is_some(),
            status: status_of(object),
            allowed_namespaces: object.allowed_namespaces().cloned(),
        })
    }

    fn keys(&self, namespace: &str) -> Vec<ObjectKey> {
        let objects = self.store.state();
        let objects = objects.iter();
        objects
            .filter(|object| object.meta().namespace.as_deref() == Some(namespace))
            .map(|object| Self::key(object))
            .collect()
    }

    fn each(&self, namespace: Option<&str>, visit: &mut dyn FnMut(&dyn Any)) {
        let mut objects = self.store.state();
        if let Some(namespace) = namespace {
            objects.retain(|object| object.meta().namespace.as_deref() == Some(namespace));
        }
        objects.sort_by(|one, other| {
            let (one, other) = (one.meta(), other.meta());
            (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name))
        });
        let objects = objects.iter().filter_map(|object| object.0.as_ref().ok());
        objects.for_each(|object| visit(object));
    }
}

/// What an object claims. Whoever may not touch a resource, or only looks at it, keeps nobody else from it.
fn claim_of<K: Kind>(object: &K::Object, scope: &Scope, context: &Context) -> Option<Claim> {
    if object.managed().management_policy() != ManagementPolicy::Manage {
        return None;
    }
    let facts = KnownFacts::default();
    let claim = K::claim(
        object,
        &World {
            scope,
            facts: &facts,
            objects: &context.objects,
            loans: &NO_LOANS,
            catalogue: context.settings.catalogue,
        },
    )
    .ok()?;
    let mut needed = claim.grants.clone();
    needed.extend(K::rights(&claim.id));
    scope.check(&needed).is_ok().then_some(claim)
}

/// Stands for what of an object matters besides its status.
fn fingerprint_of(metadata: &ObjectMeta) -> u64 {
    fingerprint((
        &metadata.uid,
        metadata.generation,
        metadata.deletion_timestamp.is_some(),
        &metadata.labels,
        &metadata.annotations,
        &metadata.finalizers,
    ))
}
