//! Runs passes over the objects of one kind and writes down what they come to.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use kube::api::DynamicObject;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};
use privatelink_api::{ConditionType, ManagedResource, Reason};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::Instrument;

use crate::context::Context;
use crate::draft::{Draft, leftovers, status_of};
use crate::events::reference;
use crate::facts::KnownFacts;
use crate::failure::{Retry, backoff, patiently, slowly};
use crate::kind::{Finding, Kind, ObjectKey, Truth};
use crate::memory::{Memories, Memory, version};
use crate::metrics::Outcome;
use crate::pass::{Look, Next, Pass};
use crate::status::{Standing, conditions};
use crate::tally::Verified;
use crate::transition::Transition;
use crate::writer::{WriteError, Writer, has_finalizer};

/// How long an object whose pass panicked is left alone, unless it changes.
pub(crate) const QUARANTINE: Duration = Duration::from_secs(600);

/// Looks at objects of one kind.
#[async_trait]
pub trait Runner: Send + Sync {
    /// One pass over one object; when the next one is due, if time alone asks for one.
    async fn run(&self, key: &ObjectKey) -> Option<Duration>;

    /// Forgets what was remembered between passes: another process may have led meanwhile.
    fn forget(&self) {}
}

/// What a pass came to.
struct Passed {
    /// When the next one is due, if time alone asks for one.
    again: Option<Duration>,
    result: Outcome,
}

/// The runner of a kind that stands for resources in Azure.
pub struct KindRunner<K: Kind> {
    context: Arc<Context>,
    store: Store<DeserializeGuard<K::Object>>,
    writer: Writer,
    memories: Arc<Memories<K::Object>>,
}

impl<K: Kind> KindRunner<K> {
    pub fn new(
        context: Arc<Context>,
        store: Store<DeserializeGuard<K::Object>>,
        memories: Arc<Memories<K::Object>>,
    ) -> Self {
        let writer = Writer::new::<K::Object>(context.kube.clone(), context.settings.kubernetes_timeout);
        KindRunner {
            context,
            store,
            writer,
            memories,
        }
    }

    fn find(&self, key: &ObjectKey) -> Option<Arc<DeserializeGuard<K::Object>>> {
        let reference = ObjectRef::new(&key.name);
        let reference = if key.namespace.is_empty() {
            reference
        } else {
            reference.within(&key.namespace)
        };
        self.store.get(&reference)
    }

    async fn pass(&self, key: &ObjectKey, object: &K::Object, memory: &mut Memory<K::Object>) -> Passed {
        // The watch lags behind our own patches: go on from the newer of the two.
        let written = memory
            .written
            .take()
            .filter(|written| version(&**written) > version(object) && written.uid() == object.uid());
        let object = written.as_deref().unwrap_or(object);
        let generation = object.meta().generation.unwrap_or(0);
        if memory.last_generation != Some(generation) {
            // Whoever changes spec has had a word with those who undo it.
            memory.contest = None;
        }
        if memory.last_generation != Some(generation) || self.context.waiting.was_called(key) {
            memory.failures = 0;
            memory.failed_write = false;
            memory.refused = None;
            memory.last_generation = Some(generation);
        }
        let shown = status_of(object).to_string();
        // A status that is not the one we wrote last is somebody else's; what we know ourselves counts more.
        let ours = memory.status.as_ref().filter(|status| ***status != *shown);
        let mut draft = match ours.and_then(|ours| serde_json::from_str::<Value>(ours).ok()) {
            Some(ours) => Draft::of_value(&ours),
            None => Draft::of(object),
        };
        let begun = memory.turn.take_if(|turn| *turn <= Instant::now()).is_some();
        let mut pass = Pass::<K> {
            begun,
            goes_on: begun,
            winds_up: false,
            in_turn: false,
            missed: Vec::new(),
            seen_beside: KnownFacts::default(),
            context: &self.context,
            session: self.context.identities.nobody(),
            key,
            object,
            memory,
            draft: &mut draft,
            generation,
            swept_at: None,
            glimpsed: Vec::new(),
        };
        let look = pass.look().await;
        let in_turn = pass.in_turn;
        let missed = std::mem::take(&mut pass.missed);
        let begun = pass.begun;
        memory.in_turn = in_turn;
        if begun
            && matches!(
                look,
                Look::Finalizer { present: true } | Look::Status { retry: Next::Now, .. }
            )
        {
            // The next pass is the next step of the same work.
            memory.turn = Some(Instant::now());
        }
        let (standing, next) = match look {
            Look::Finalizer { present } => {
                let again = self.finalizer(key, object, present, memory).await;
                self.count(key, &draft.managed.conditions, memory.verified);
                if !present {
                    self.context.reservations.release(key);
                    let ids = draft.resource_id().into_iter().chain(K::touched(object));
                    ids.for_each(|id| self.context.changed(&id));
                }
                memory.written = memory.written.take().or(written);
                return Passed {
                    again,
                    result: Outcome::Requeue,
                };
            }
            Look::Nothing { retry } => {
                let passed = self.passed(retry, memory);
                self.count(key, &draft.managed.conditions, memory.verified);
                memory.written = written;
                return passed;
            }
            Look::Status { standing, retry } => (standing, retry),
        };
        let passed = self.passed(next, memory);
        if next == Next::Rest {
            self.context.reservations.release(key);
            self.context.waiting.keep(key, &missed);
        }
        let before = draft.managed.conditions.clone();
        let was_ready = ready_of(&draft) == "True";
        draft.managed.conditions = conditions(&before, &standing, generation, self.context.clock.now());
        self.count(key, &draft.managed.conditions, memory.verified);
        if !was_ready
            && ready_of(&draft) == "True"
            && let Some(id) = draft.resource_id()
        {
            self.context.changed(&id);
        }
        if let Standing::Found(_) = standing {
            draft.managed.observed_generation = Some(generation);
        }
        let status = draft.to_value();
        let text = status.to_string().into_boxed_str();
        if *text == *shown {
            memory.status = Some(text);
            memory.written = written;
            return passed;
        }
        self.memories.note_status(key, &text);
        let touched = K::touched(object);
        match self.writer.apply_status(object.meta(), &status).await {
            Ok(mut object) => {
                let shown = object.data.get("status").cloned().unwrap_or_default();
                if let Some(leftovers) = leftovers(&shown, &status) {
                    tracing::warn!(object = %key, "status held what the controller did not write; it is taken out");
                    match self.writer.clear_status(&object.metadata, leftovers).await {
                        Ok(cleared) => object = cleared,
                        Err(error) => {
                            tracing::warn!(object = %key, error = &error as &dyn std::error::Error, "status could not be cleared");
                        }
                    }
                }
                memory.written = typed(object);
                memory.status = Some(text);
                if let Some(now) = memory.written.as_deref() {
                    let left = K::touched(now);
                    let gone = touched.into_iter().filter(|id| !left.contains(id));
                    gone.for_each(|id| self.context.changed(&id));
                }
                let transition = Transition::between(&before, &draft.managed.conditions);
                if let Some((transition, object)) = transition.zip(memory.written.as_deref()) {
                    transition.tell(&self.context, key, reference(object)).await;
                }
                passed
            }
            Err(WriteError::Changed) => {
                // The next pass sees the object as it is; what was to be written comes out again.
                memory.failures += 1;
                let pause = backoff(memory.failures.saturating_sub(4), self.context.jitter()) / 10;
                Passed {
                    again: Some(pause.max(Duration::from_millis(100))),
                    result: Outcome::RequeueAfter,
                }
            }
            Err(error) => {
                tracing::warn!(object = %key, error = &error as &dyn std::error::Error, "status could not be written");
                memory.failures += 1;
                Passed {
                    again: Some(backoff(memory.failures, self.context.jitter())),
                    result: Outcome::Error,
                }
            }
        }
    }

    async fn finalizer(
        &self,
        key: &ObjectKey,
        object: &K::Object,
        present: bool,
        memory: &mut Memory<K::Object>,
    ) -> Option<Duration> {
        if has_finalizer(object.meta()) == present {
            return None;
        }
        match self.writer.set_finalizer(object.meta(), present).await {
            Ok(object) if present => {
                memory.written = typed(object);
                Some(Duration::ZERO)
            }
            Ok(object) => {
                tracing::info!(object = %key, "let go: the finalizer is off");
                memory.written = typed(object);
                None
            }
            Err(WriteError::Changed) => Some(Duration::from_millis(200)),
            Err(error) => {
                tracing::warn!(object = %key, error = &error as &dyn std::error::Error, "the finalizer could not be written");
                memory.failures += 1;
                Some(backoff(memory.failures, self.context.jitter()))
            }
        }
    }

    fn passed(&self, next: Next, memory: &mut Memory<K::Object>) -> Passed {
        let jitter = self.context.jitter();
        let result = match next {
            Next::Rest | Next::At(Retry::OnChange) => Outcome::Success,
            Next::Now => Outcome::Requeue,
            Next::At(Retry::After(_) | Retry::Slowly | Retry::Patiently) => Outcome::RequeueAfter,
            Next::At(Retry::Backoff) => Outcome::Error,
        };
        let again = match next {
            Next::Now => Some(Duration::ZERO),
            Next::Rest => Some(self.context.pace().mul_f64(0.95 + 0.1 * jitter)),
            Next::At(Retry::After(delay)) => Some(delay),
            Next::At(Retry::Slowly) => Some(slowly(jitter)),
            Next::At(Retry::OnChange) => None,
            Next::At(Retry::Patiently) => {
                let delay = patiently(memory.failures, jitter);
                memory.failures += 1;
                Some(delay)
            }
            Next::At(Retry::Backoff) => {
                let delay = backoff(memory.failures, jitter);
                memory.failures += 1;
                Some(delay)
            }
        };
        Passed { again, result }
    }

    /// An object that cannot be read as its kind: it says so itself, and the others go on.
    async fn undecodable(
        &self,
        key: &ObjectKey,
        invalid: &kube::core::error_boundary::InvalidObject,
    ) -> Option<Duration> {
        let metadata = &invalid.metadata;
        let abandoned = metadata
            .annotations
            .iter()
            .flatten()
            .any(|(name, value)| name == privatelink_api::names::ABANDON_ANNOTATION && value == "true");
        if abandoned && has_finalizer(metadata) {
            let _ = self.writer.set_finalizer(metadata, false).await;
            return None;
        }
        let message = format!("the object cannot be read: {}; correct spec", invalid.error);
        let finding = Finding::new(
            ConditionType::Accepted,
            Truth::False,
            Reason::InvalidSpec,
            message,
        );
        self.tell(key, metadata, finding).await
    }

    /// Says one thing in status and leaves everything else there as it is.
    async fn tell(&self, key: &ObjectKey, metadata: &ObjectMeta, finding: Finding) -> Option<Duration> {
        let failed = |error: WriteError| {
            if matches!(error, WriteError::Changed) {
                return Some(Duration::from_millis(200));
            }
            tracing::warn!(object = %key, error = &error as &dyn std::error::Error, "status could not be written");
            Some(QUARANTINE)
        };
        let object = match self.writer.get(metadata).await {
            Ok(object) => object,
            Err(error) => return failed(error),
        };
        let generation = object.metadata.generation.unwrap_or(0);
        let mut status = object.data.get("status").cloned().unwrap_or_else(|| json!({}));
        let before = status.get("conditions").cloned().unwrap_or_default();
        let before: Vec<Condition> = serde_json::from_value(before).unwrap_or_default();
        let after = conditions(
            &before,
            &Standing::Found(vec![finding]),
            generation,
            self.context.clock.now(),
        );
        self.count(key, &after, None);
        if after == before {
            return None;
        }
        if let Some(status) = status.as_object_mut() {
            status.insert("conditions".to_owned(), json!(after));
            status.insert("observedGeneration".to_owned(), json!(generation));
        }
        self.memories.note_status(key, &status.to_string());
        match self.writer.apply_status(&object.metadata, &status).await {
            Ok(written) => {
                if let Some(transition) = Transition::between(&before, &after) {
                    let object = ObjectReference {
                        api_version: Some(<K::Object as Resource>::api_version(&()).into_owned()),
                        kind: Some(<K::Object as Resource>::kind(&()).into_owned()),
                        name: written.metadata.name,
                        namespace: written.metadata.namespace,
                        uid: written.metadata.uid,
                        ..ObjectReference::default()
                    };
                    transition.tell(&self.context, key, object).await;
                }
                None
            }
            Err(error) => failed(error),
        }
    }

    /// Counts the object under what its conditions say, and when this process verified it.
    fn count(&self, key: &ObjectKey, conditions: &[Condition], verified: Option<Timestamp>) {
        let verified = if K::IN_AZURE {
            Verified::Last(verified)
        } else {
            Verified::HasNothing
        };
        let now = self.context.clock.now();
        self.context.tally.note(key, conditions, verified, now);
    }
}

#[async_trait]
impl<K: Kind> Runner for KindRunner<K> {
    async fn run(&self, key: &ObjectKey) -> Option<Duration> {
        let started = Instant::now();
        let Some(guard) = self.find(key) else {
            self.memories.forget(key);
            self.context.waiting.forget(key);
            self.context.reservations.release(key);
            let called = self.context.turns.forget(key).into_iter();
            called.for_each(|key| self.context.queue.add(key));
            self.context.tally.forget(key);
            return None;
        };
        let object = match &guard.0 {
            Ok(object) => object,
            Err(invalid) => {
                self.context.release_turn(key);
                let again = self.undecodable(key, invalid).await;
                self.context
                    .metrics
                    .passed(key.kind, Outcome::Success, started.elapsed());
                return again;
            }
        };
        let mut memory = self.memories.take(key);
        if memory.uid != object.uid() {
            memory = Memory::default();
            memory.uid = object.uid();
        }
        let span = tracing::info_span!("pass", object = %key, generation = object.meta().generation);
        let pass = AssertUnwindSafe(self.pass(key, object, &mut memory))
            .catch_unwind()
            .instrument(span);
        let Passed { again, result } = match pass.await {
            Ok(passed) => passed,
            Err(_) => {
                tracing::error!(object = %key, "a pass panicked; the object is left alone for 10 minutes");
                self.context.metrics.panicked(key.kind);
                memory = Memory {
                    uid: object.uid(),
                    ..Memory::default()
                };
                let message = "the controller failed on this object; its log says where, and the object is left alone for 10 minutes";
                let finding = Finding::new(
                    ConditionType::Programmed,
                    Truth::False,
                    Reason::InternalError,
                    message,
                );
                let again = self.tell(key, object.meta(), finding).await;
                Passed {
                    again: again.or(Some(QUARANTINE)),
                    result: Outcome::Error,
                }
            }
        };
        let at_work = memory.in_turn && memory.nodes.values().any(|node| node.operation.is_some());
        if !at_work && again != Some(Duration::ZERO) {
            self.context.release_turn(key);
        }
        let operations = memory.nodes.values().filter(|node| node.operation.is_some());
        self.context.tally.note_operations(key, operations.count());
        self.memories.keep(key, memory);
        // The watch may have shown what this pass wrote while the pass still held the memory.
        if let Some(Ok(shown)) = self.find(key).as_ref().map(|guard| &guard.0) {
            self.memories.caught_up(key, shown);
        }
        self.context.metrics.passed(key.kind, result, started.elapsed());
        again
    }

    fn forget(&self) {
        self.memories.clear();
        self.context.turns.clear();
    }
}

/// What Ready says, as a label.
fn ready_of(draft: &Draft) -> &'static str {
    let conditions = &draft.managed.conditions;
    let ready = conditions
        .iter()
        .find(|condition| condition.type_ == ConditionType::Ready.as_str());
    match ready.map(|ready| ready.status.as_str()) {
        Some("True") => "True",
        Some("False") => "False",
        _ => "Unknown",
    }
}

fn typed<K: ManagedResource>(mut object: DynamicObject) -> Option<Box<K>> {
    object.metadata.managed_fields = None;
    object.try_parse().ok().map(Box::new)
}
