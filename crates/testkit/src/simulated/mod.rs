//! A Kubernetes API server in memory, for scenarios on a paused clock and one thread.
//!
//! It serves only what the controller sends. Any other request is answered with 501 and listed by
//! [`SimulatedApi::unexpected`], which every scenario asserts to be empty. It never reads a wall clock, draws no random
//! numbers and depends on no hash order: uids and resource versions are counters. A differential test sends the same
//! requests to it and to a real API server.
//!
//! What it does not do: authentication, CEL rules, patterns and formats of a schema, label selectors,
//! conversion between versions.

mod admission;
mod apply;
mod deletion;
mod field_set;
mod journal;
mod object;
mod patch;
mod read;
mod refusal;
mod request;
mod resource;
mod rights;
mod schema;
mod server;
mod store;
mod token_request;
mod user;
mod watch;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

pub use journal::{Call, Fault, FaultHook, JournalEntry, Verb};
pub use refusal::Refusal;
pub use rights::{Right, Rights};
pub use server::SimulatedService;
pub use token_request::ISSUER;

use store::Store;

/// Where the server takes the time from.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// How late watches show changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WatchLag {
    /// At once.
    #[default]
    None,
    /// This long after the change, in tokio's clock.
    Time(Duration),
    /// When this many later changes (of any resource) happened, or at [`SimulatedApi::flush_watches`].
    Changes(u64),
}

struct State {
    store: Store,
    journal: Vec<JournalEntry>,
    unexpected: Vec<String>,
    occurrences: BTreeMap<Call, u64>,
    /// What clients may do; none: everything.
    rights: Option<Rights>,
    /// The rights by which requests were let in.
    used: BTreeSet<Right>,
    /// What clients were not allowed.
    forbidden: Vec<String>,
}

struct Shared {
    state: Mutex<State>,
    hook: Mutex<Option<Arc<dyn FaultHook>>>,
    /// Wakes those who watch in the order in which they began to wait: a simulation's order is to be its own.
    changed: tokio::sync::Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hook(&self) -> Option<Arc<dyn FaultHook>> {
        self.hook.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn notify(&self) {
        self.changed.notify_waiters();
    }
}

/// The simulated API server. Clones are the same server.
#[derive(Clone)]
pub struct SimulatedApi {
    shared: Arc<Shared>,
}

impl SimulatedApi {
    /// A server with these definitions and with the namespaces `default` and `kube-system`.
    #[must_use]
    pub fn new(clock: Clock, definitions: &[CustomResourceDefinition]) -> Self {
        let state = State {
            store: Store::new(clock),
            journal: Vec::new(),
            unexpected: Vec::new(),
            occurrences: BTreeMap::new(),
            rights: None,
            used: BTreeSet::new(),
            forbidden: Vec::new(),
        };
        let api = Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                hook: Mutex::new(None),
                changed: tokio::sync::Notify::new(),
            }),
        };
        for namespace in ["default", "kube-system"] {
            api.seed(serde_json::json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace },
            }));
        }
        for definition in definitions {
            api.seed(resource::stored_definition(definition));
        }
        api
    }

    fn seed(&self, object: serde_json::Value) {
        if let Err(refusal) = self.create(object) {
            self.shared.lock().unexpected.push(format!("seed: {refusal}"));
        }
    }

    /// A connection for [`kube::Client::new`]; the name tells clients apart in journal and faults, and is the field
    /// manager of writes that name none.
    #[must_use]
    pub fn service(&self, client: &str) -> SimulatedService {
        SimulatedService {
            shared: Arc::clone(&self.shared),
            client: client.to_owned(),
        }
    }

    /// A client. Call it inside a tokio runtime: the client runs a task of its own.
    #[must_use]
    pub fn client(&self, name: &str) -> kube::Client {
        kube::Client::new(self.service(name), "default")
    }

    /// From now on the hook decides the fate of each request; `None` lets all pass.
    pub fn set_fault_hook(&self, hook: Option<Arc<dyn FaultHook>>) {
        *self.shared.hook.lock().unwrap_or_else(PoisonError::into_inner) = hook;
    }

    /// From now on clients may do only this; `None` lets them do everything.
    pub fn set_rights(&self, rights: Option<Rights>) {
        self.shared.lock().rights = rights;
    }

    /// The rights that requests were let in by.
    #[must_use]
    pub fn used_rights(&self) -> BTreeSet<Right> {
        self.shared.lock().used.clone()
    }

    /// What was refused for want of a right, in the server's words. A scenario asserts that there is nothing.
    #[must_use]
    pub fn forbidden(&self) -> Vec<String> {
        self.shared.lock().forbidden.clone()
    }

    /// From now on watches are this late. A shorter lag shows what was hidden.
    pub fn set_watch_lag(&self, lag: WatchLag) {
        self.shared.lock().store.lag = lag;
        self.shared.notify();
    }

    /// Shows all changes up to now, whatever the lag.
    pub fn flush_watches(&self) {
        {
            let store = &mut self.shared.lock().store;
            store.flushed = store.revision;
        }
        self.shared.notify();
    }

    /// Forgets all revisions before the present one: a watch or a continued list from them gets 410.
    pub fn compact(&self) {
        let store = &mut self.shared.lock().store;
        store.compacted = store.revision;
    }

    /// Ends every open watch, without a word.
    pub fn drop_watches(&self) {
        self.shared.lock().store.cuts += 1;
        self.shared.notify();
    }

    /// Tells every open watch 410 and ends it.
    pub fn expire_watches(&self) {
        self.shared.lock().store.expiries += 1;
        self.shared.notify();
    }

    /// Every request so far.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.shared.lock().journal.clone()
    }

    /// The requests that the journal has since this many.
    #[must_use]
    pub fn journal_since(&self, sequence: u64) -> Vec<JournalEntry> {
        let from = usize::try_from(sequence).unwrap_or(usize::MAX);
        self.shared
            .lock()
            .journal
            .get(from..)
            .unwrap_or_default()
            .to_vec()
    }

    /// How many requests there were.
    #[must_use]
    pub fn journal_length(&self) -> u64 {
        self.shared.lock().journal.len() as u64
    }

    /// How many requests there were per verb and resource.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(Verb, String), u64> {
        let mut counts = BTreeMap::new();
        for entry in &self.shared.lock().journal {
            *counts
                .entry((entry.call.verb, entry.call.resource.clone()))
                .or_insert(0) += 1;
        }
        counts
    }

    /// How many writes clients sent, leases excepted: renewing a lease is not a write of the reconciler.
    #[must_use]
    pub fn writes(&self) -> u64 {
        let counted = |entry: &&JournalEntry| {
            entry.call.verb.is_write() && entry.call.resource != "leases.coordination.k8s.io"
        };
        self.shared.lock().journal.iter().filter(counted).count() as u64
    }

    /// Requests that the simulation does not know, each with the reason. A scenario asserts that there are none.
    #[must_use]
    pub fn unexpected(&self) -> Vec<String> {
        self.shared.lock().unexpected.clone()
    }

    /// Every custom object as it was after every change, in the order of the changes.
    #[must_use]
    pub fn revisions(&self) -> Vec<serde_json::Value> {
        let store = &self.shared.lock().store;
        let custom = |change: &&store::Change| {
            let (_, group) = change.key.0.split_once('.').unwrap_or_default();
            change.kind != store::ChangeKind::Deleted && store.custom_groups.contains(group)
        };
        store
            .log
            .iter()
            .filter(custom)
            .map(|change| (*change.object).clone())
            .collect()
    }

    /// The revision of the last change.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.shared.lock().store.revision
    }
}
