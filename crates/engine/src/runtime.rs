//! Watches, workers and leadership: everything around the passes.
//!
//! Every replica watches and fills the indexes; only the leader's workers look at objects. On a shutdown the
//! workers finish the passes in hand, and nothing new begins.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::FutureExt;
use futures::future::BoxFuture;
use kube::core::DeserializeGuard;
use kube::runtime::reflector;
use privatelink_api::{AzureScope, ManagedResource};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::context::Context;
use crate::kind::Kind;
use crate::kind_index::{KindIndex, Refresh};
use crate::memory::Memories;
use crate::metrics::Outcome;
use crate::objects::Find;
use crate::runner::{KindRunner, QUARANTINE, Runner};
use crate::scope_probe::RequiredActions;
use crate::scope_runner::{SCOPE_KIND, ScopeRunner, ScopedObjects};
use crate::watches::{watch_kind, watch_namespaces, watch_scopes};

/// Puts kinds together and runs them.
pub struct Runtime {
    context: Arc<Context>,
    runners: BTreeMap<&'static str, Arc<dyn Runner>>,
    watches: Vec<BoxFuture<'static, ()>>,
    refreshers: Vec<Arc<dyn Refresh>>,
    synced: Vec<watch::Receiver<bool>>,
    required: RequiredActions,
}

impl Runtime {
    pub fn new(context: Arc<Context>) -> Self {
        Runtime {
            context,
            runners: BTreeMap::new(),
            watches: Vec::new(),
            refreshers: Vec::new(),
            synced: Vec::new(),
            required: |_, _| BTreeSet::new(),
        }
    }

    /// Which actions in Azure the verbs of scopes come to: what of them an identity lacks is told.
    #[must_use]
    pub fn requiring(mut self, required: RequiredActions) -> Self {
        self.required = required;
        self
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
        let index = Arc::new(KindIndex::<K>::new(self.context.clone(), store, memories));
        let finder: Arc<dyn Find> = index.clone();
        self.context.objects.add_kind(
            <K::Object as ManagedResource>::KIND,
            Arc::downgrade(&finder),
            K::OBSERVES,
        );
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
        let objects = Box::new(Everything(refreshers.clone()));
        self.runners.insert(
            SCOPE_KIND,
            Arc::new(ScopeRunner::new(
                self.context.clone(),
                store,
                objects,
                self.required,
            )),
        );
        let runners = Arc::new(self.runners);
        runners.keys().for_each(|kind| self.context.metrics.know(kind));
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

/// The objects of all kinds.
struct Everything(Arc<Vec<Arc<dyn Refresh>>>);

impl ScopedObjects for Everything {
    fn count(&self, scope: &str) -> usize {
        self.0.iter().map(|kind| kind.count(scope)).sum()
    }

    fn wake(&self, scope: &str) {
        self.0.iter().for_each(|kind| kind.refresh_scope(scope));
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
        context.metrics.leads(true);
        tracing::info!("this process leads");
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
        context.metrics.leads(false);
        runners.values().for_each(|runner| runner.forget());
        // The next leader counts them; two replicas that both do would count double.
        context.tally.clear();
    }
}

async fn work(
    context: Arc<Context>,
    runners: Arc<BTreeMap<&'static str, Arc<dyn Runner>>>,
    stop: CancellationToken,
) {
    while let Some((key, waited)) = stop.run_until_cancelled(context.queue.next()).await {
        let (kind, began) = (key.kind, Instant::now());
        context.metrics.taken(kind, waited);
        let again = match runners.get(key.kind) {
            Some(runner) => AssertUnwindSafe(runner.run(&key)).catch_unwind().await,
            None => Ok(None),
        };
        // Whatever panics takes neither the worker nor the key with it.
        let again = again.unwrap_or_else(|_| {
            tracing::error!(object = %key, "the work on an object panicked; it is left alone for 10 minutes, unless it changes");
            context.metrics.panicked(kind);
            context.metrics.passed(kind, Outcome::Error, began.elapsed());
            Some(QUARANTINE)
        });
        context.queue.done(key, again);
        context.metrics.worked(kind, began.elapsed());
    }
}
