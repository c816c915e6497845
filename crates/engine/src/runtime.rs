//! Watches, workers and leadership: everything around the passes.
//!
//! Every replica watches and fills the indexes; only the leader's workers look at objects. On a shutdown the
//! workers finish the passes in hand, and nothing new begins.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::reflector::{self, Store, store::Writer};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource, ResourceExt};
use privatelink_api::{AzureScope, ManagedResource, ManagementPolicy};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::claims::Seniority;
use crate::context::Context;
use crate::draft::status_of;
use crate::failure::backoff;
use crate::kind::{Kind, ObjectKey};
use crate::memory::{Memories, fingerprint};
use crate::runner::{KindRunner, Runner};
use crate::scope_runner::{SCOPE_KIND, ScopeRunner};

/// How many objects the first list of a watch shows at once. All of a page are held with their managed fields, which
/// take several times as much as the rest of an object and are dropped one page after the other.
const PAGE: u32 = 50;

/// Changes of many objects of a scope are counted together after this time.
const SCOPE_DEBOUNCE: Duration = Duration::from_secs(2);

/// A copy of the whole manifest that `kubectl apply` leaves on an object. It says nothing that the object does not.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Puts kinds together and runs them.
pub struct Runtime {
    context: Arc<Context>,
    runners: BTreeMap<&'static str, Arc<dyn Runner>>,
    watches: Vec<BoxFuture<'static, ()>>,
    refreshers: Vec<Arc<dyn Refresh>>,
    synced: Vec<watch::Receiver<bool>>,
}

/// Re-evaluates what objects claim after scopes or namespaces have changed.
trait Refresh: Send + Sync {
    /// All objects of the kind in a namespace, or everywhere, claim anew and come due.
    fn refresh(&self, namespace: Option<&str>);
    /// How many objects use a scope, and the scopes' names by object.
    fn count(&self, scope: &str) -> usize;
}

impl Runtime {
    pub fn new(context: Arc<Context>) -> Self {
        Runtime {
            context,
            runners: BTreeMap::new(),
            watches: Vec::new(),
            refreshers: Vec::new(),
            synced: Vec::new(),
        }
    }

    /// Adds a kind.
    #[must_use]
    pub fn with<K: Kind>(mut self) -> Self {
        let (store, writer) = reflector::store::<DeserializeGuard<K::Object>>();
        let memories = Arc::new(Memories::default());
        self.runners.insert(
            <K::Object as ManagedResource>::KIND,
            Arc::new(KindRunner::<K>::new(
                self.context.clone(),
                store.clone(),
                memories.clone(),
            )),
        );
        let index = Arc::new(KindIndex::<K> {
            context: self.context.clone(),
            store,
            memories,
            seen: Mutex::default(),
        });
        self.refreshers.push(index.clone());
        let (sender, synced) = watch::channel(false);
        self.synced.push(synced);
        self.watches.push(Box::pin(watch_kind(index, writer, sender)));
        self
    }

    /// Runs until `shutdown` is cancelled; the passes in hand are finished first.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let refreshers = Arc::new(std::mem::take(&mut self.refreshers));
        let (store, writer) = reflector::store::<AzureScope>();
        let counts = refreshers.clone();
        let count = move |scope: &str| counts.iter().map(|kind| kind.count(scope)).sum::<usize>();
        self.runners.insert(
            SCOPE_KIND,
            Arc::new(ScopeRunner::new(self.context.clone(), store, Box::new(count))),
        );
        let runners = Arc::new(self.runners);
        let tasks = TaskTracker::new();
        let stop_watches = CancellationToken::new();
        let spawn_watch = |watch: BoxFuture<'static, ()>| {
            let stop = stop_watches.clone();
            tasks.spawn(async move { stop.run_until_cancelled(watch).await.unwrap_or(()) })
        };
        // Scopes and namespaces first: an object that is seen before its scope would be refused for a moment.
        let (scopes_sender, scopes_synced) = watch::channel(false);
        let (namespaces_sender, namespaces_synced) = watch::channel(false);
        spawn_watch(Box::pin(watch_scopes(
            self.context.clone(),
            refreshers.clone(),
            writer,
            scopes_sender,
        )));
        spawn_watch(Box::pin(watch_namespaces(
            self.context.clone(),
            refreshers.clone(),
            namespaces_sender,
        )));
        let ready = wait_for([scopes_synced, namespaces_synced]);
        if shutdown.run_until_cancelled(ready).await.is_some() {
            for watch in self.watches {
                spawn_watch(watch);
            }
            if shutdown
                .run_until_cancelled(wait_for(self.synced))
                .await
                .is_some()
            {
                tracing::info!("all watches are in step");
                self.context.ready.store(true, Ordering::Relaxed);
                lead(&self.context, &runners, &shutdown).await;
            }
        }
        stop_watches.cancel();
        tasks.close();
        tasks.wait().await;
    }
}

async fn wait_for(receivers: impl IntoIterator<Item = watch::Receiver<bool>>) {
    for mut receiver in receivers {
        let _ = receiver.wait_for(|synced| *synced).await;
    }
}

/// Works while this process leads, and stands by while it does not.
async fn lead(
    context: &Arc<Context>,
    runners: &Arc<BTreeMap<&'static str, Arc<dyn Runner>>>,
    shutdown: &CancellationToken,
) {
    let mut leadership = context.leadership.clone();
    while shutdown.run_until_cancelled(leadership.held()).await.is_some() {
        context.metrics.leader.set(1);
        let stop = CancellationToken::new();
        let workers = TaskTracker::new();
        for _ in 0..context.settings.workers.max(1) {
            workers.spawn(work(context.clone(), runners.clone(), stop.clone()));
        }
        workers.close();
        tokio::select! { () = shutdown.cancelled() => {}, () = leadership.lost() => tracing::warn!("this process leads no longer") }
        stop.cancel();
        // A pass in hand ends by itself: every call in it has a timeout, and a write needs the lease.
        workers.wait().await;
        context.metrics.leader.set(0);
        runners.values().for_each(|runner| runner.forget());
    }
}

async fn work(
    context: Arc<Context>,
    runners: Arc<BTreeMap<&'static str, Arc<dyn Runner>>>,
    stop: CancellationToken,
) {
    while let Some(key) = stop.run_until_cancelled(context.queue.next()).await {
        let again = match runners.get(key.kind) {
            Some(runner) => runner.run(&key).await,
            None => None,
        };
        context.queue.done(key, again);
        context
            .metrics
            .queue_length
            .set(i64::try_from(context.queue.len()).unwrap_or(i64::MAX));
    }
}

/// Stands for what of an object matters besides its status.
fn seen_of(metadata: &ObjectMeta) -> u64 {
    fingerprint((
        &metadata.uid,
        metadata.generation,
        metadata.deletion_timestamp.is_some(),
        &metadata.labels,
        &metadata.annotations,
        &metadata.finalizers,
    ))
}

/// A kind's objects as the watch shows them.
struct KindIndex<K: Kind> {
    context: Arc<Context>,
    store: Store<DeserializeGuard<K::Object>>,
    memories: Arc<Memories<K::Object>>,
    /// What of each object was seen last, to tell what matters from our own writes.
    seen: Mutex<BTreeMap<ObjectKey, u64>>,
}

impl<K: Kind> KindIndex<K> {
    fn key(object: &DeserializeGuard<K::Object>) -> ObjectKey {
        ObjectKey {
            kind: <K::Object as ManagedResource>::KIND,
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
        }
    }

    fn applied(&self, object: &DeserializeGuard<K::Object>) {
        let key = Self::key(object);
        let seen = seen_of(object.meta());
        let spec_changed = {
            let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let unchanged = all.get(&key) == Some(&seen);
            all.insert(key.clone(), seen);
            !unchanged
        };
        let ours = object.0.as_ref().is_ok_and(|object| {
            self.memories.caught_up(&key, object);
            self.memories.is_ours(&key, &status_of(object).to_string())
        });
        if spec_changed {
            self.claim(object);
            self.wake_scope(object);
        }
        if spec_changed || !ours {
            self.context.queue.add(key);
        }
    }

    fn deleted(&self, object: &DeserializeGuard<K::Object>) {
        let key = Self::key(object);
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key);
        for other in self.context.claims.forget(&key) {
            self.context.queue.add(other);
        }
        self.context.deletions.gone(&key);
        self.wake_scope(object);
        self.context.queue.add(key);
    }

    /// Objects that went while the watch was away.
    fn prune(&self) {
        let present: std::collections::BTreeSet<ObjectKey> = self
            .store
            .state()
            .iter()
            .map(|object| Self::key(object))
            .collect();
        let gone: Vec<ObjectKey> = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = seen
                .keys()
                .filter(|key| !present.contains(*key))
                .cloned()
                .collect::<Vec<_>>();
            seen.retain(|key, _| present.contains(key));
            gone
        };
        for key in gone {
            for other in self.context.claims.forget(&key) {
                self.context.queue.add(other);
            }
            self.context.deletions.gone(&key);
            self.context.queue.add(key);
        }
    }

    fn claim(&self, object: &DeserializeGuard<K::Object>) {
        let key = Self::key(object);
        let created = object
            .creation_timestamp()
            .map(|time| time.0.to_string())
            .unwrap_or_default();
        let scope = object.0.as_ref().ok().and_then(|object| {
            let namespace = object.namespace().unwrap_or_default();
            let scope = self
                .context
                .scopes
                .find(&namespace, object.managed().scope_name.as_deref())
                .ok()?;
            // Whoever may not touch a resource, or only looks at it, keeps nobody else from it.
            let claim = K::claim(object, &scope).ok()?;
            let manages = object.managed().management_policy() == ManagementPolicy::Manage;
            (manages && scope.check(&claim.grants).is_ok()).then_some(claim)
        });
        for other in self
            .context
            .claims
            .note(Seniority { created, key }, scope.as_ref().map(|claim| &claim.id))
        {
            self.context.queue.add(other);
        }
    }

    fn wake_scope(&self, object: &DeserializeGuard<K::Object>) {
        let namespace = object.namespace().unwrap_or_default();
        let named = object
            .0
            .as_ref()
            .ok()
            .and_then(|object| object.managed().scope_name.clone());
        if let Ok(scope) = self.context.scopes.find(&namespace, named.as_deref()) {
            let key = ObjectKey {
                kind: SCOPE_KIND,
                namespace: String::new(),
                name: scope.name().to_owned(),
            };
            self.context.queue.add_after(key, SCOPE_DEBOUNCE);
        }
    }
}

impl<K: Kind> Refresh for KindIndex<K> {
    fn refresh(&self, namespace: Option<&str>) {
        let objects = self.store.state();
        let concerned = objects.iter().filter(|object| {
            namespace.is_none_or(|namespace| object.namespace().as_deref() == Some(namespace))
        });
        for object in concerned {
            self.claim(object);
            self.context.queue.add(Self::key(object));
        }
    }

    fn count(&self, scope: &str) -> usize {
        let objects = self.store.state();
        let uses = |object: &&Arc<DeserializeGuard<K::Object>>| {
            let namespace = object.namespace().unwrap_or_default();
            let named = object
                .0
                .as_ref()
                .ok()
                .and_then(|object| object.managed().scope_name.clone());
            self.context
                .scopes
                .find(&namespace, named.as_deref())
                .is_ok_and(|found| found.name() == scope)
        };
        objects.iter().filter(uses).count()
    }
}

/// Reads a watch for ever; the pauses after failures grow and need no randomness.
async fn follow<K, F>(api: Api<K>, config: watcher::Config, mut handle: F)
where
    K: Resource + Clone + std::fmt::Debug + Send + serde::de::DeserializeOwned + 'static,
    F: FnMut(Event<K>),
{
    let mut failures = 0;
    let mut stream = std::pin::pin!(watcher(api, config));
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                failures = 0;
                handle(event);
            }
            Err(error) => {
                tracing::warn!(%error, "a watch failed; it is taken up again");
                tokio::time::sleep(backoff(failures, 0.5).min(Duration::from_secs(30))).await;
                failures += 1;
            }
        }
    }
}

async fn watch_kind<K: Kind>(
    index: Arc<KindIndex<K>>,
    mut writer: Writer<DeserializeGuard<K::Object>>,
    synced: watch::Sender<bool>,
) {
    let api: Api<DeserializeGuard<K::Object>> = Api::all(index.context.kube.clone());
    follow(api, watcher::Config::default().page_size(PAGE), |mut event| {
        if let Event::Apply(object) | Event::InitApply(object) | Event::Delete(object) = &mut event {
            let metadata = object.meta_mut();
            metadata.managed_fields = None;
            metadata
                .annotations
                .as_mut()
                .map(|annotations| annotations.remove(LAST_APPLIED));
        }
        writer.apply_watcher_event(&event);
        match event {
            Event::Apply(object) | Event::InitApply(object) => index.applied(&object),
            Event::Delete(object) => index.deleted(&object),
            Event::InitDone => {
                index.prune();
                synced.send_replace(true);
            }
            Event::Init => {}
        }
    })
    .await;
}

async fn watch_scopes(
    context: Arc<Context>,
    kinds: Arc<Vec<Arc<dyn Refresh>>>,
    mut writer: Writer<AzureScope>,
    synced: watch::Sender<bool>,
) {
    let api: Api<AzureScope> = Api::all(context.kube.clone());
    let mut listed: Vec<String> = Vec::new();
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    follow(api, watcher::Config::default(), |event| {
        writer.apply_watcher_event(&event);
        let mut changed = false;
        let wake = |name: &str| {
            context.queue.add(ObjectKey {
                kind: SCOPE_KIND,
                namespace: String::new(),
                name: name.to_owned(),
            });
        };
        match &event {
            Event::Init => listed.clear(),
            Event::Apply(scope) | Event::InitApply(scope) => {
                let name = scope.name_any();
                changed = context.scopes.put(scope, &context.settings.controller_name);
                let mut metadata = scope.metadata.clone();
                (metadata.managed_fields, metadata.resource_version) = (None, None);
                let seen = serde_json::json!([metadata, scope.spec]);
                if last.insert(name.clone(), seen.clone()) != Some(seen) {
                    wake(&name);
                }
                listed.push(name);
            }
            Event::Delete(scope) => {
                let name = scope.name_any();
                last.remove(&name);
                changed = context.scopes.remove(&name);
            }
            Event::InitDone => {
                for name in context
                    .scopes
                    .names()
                    .into_iter()
                    .filter(|name| !listed.contains(name))
                {
                    last.remove(&name);
                    changed |= context.scopes.remove(&name);
                }
                synced.send_replace(true);
            }
        }
        if changed {
            kinds.iter().for_each(|kind| kind.refresh(None));
        }
    })
    .await;
}

async fn watch_namespaces(
    context: Arc<Context>,
    kinds: Arc<Vec<Arc<dyn Refresh>>>,
    synced: watch::Sender<bool>,
) {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(context.kube.clone());
    follow(api, watcher::Config::default(), |event| match event {
        Event::Apply(namespace) | Event::InitApply(namespace) => {
            let labels = namespace.metadata.labels.clone().unwrap_or_default();
            let name = namespace.name_any();
            if context.scopes.put_namespace(&name, Some(labels)) {
                wake_scopes(&context);
                kinds.iter().for_each(|kind| kind.refresh(Some(&name)));
            }
        }
        Event::Delete(namespace) => {
            context.scopes.put_namespace(&namespace.name_any(), None);
            wake_scopes(&context);
        }
        Event::InitDone => drop(synced.send_replace(true)),
        Event::Init => {}
    })
    .await;
}

fn wake_scopes(context: &Context) {
    for name in context.scopes.names() {
        context.queue.add_after(
            ObjectKey {
                kind: SCOPE_KIND,
                namespace: String::new(),
                name,
            },
            SCOPE_DEBOUNCE,
        );
    }
}

/// Whether a kind's objects are counted: used by the scope's own pass.
pub(crate) type CountObjects = Box<dyn Fn(&str) -> usize + Send + Sync>;
