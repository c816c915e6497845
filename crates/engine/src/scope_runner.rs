//! The pass over an `AzureScope`: what it is for at present, and that it is not deleted while it is used.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kube::ResourceExt;
use kube::runtime::reflector::{ObjectRef, Store};
use privatelink_api::names::RECONCILE_REQUESTED_AT_ANNOTATION;
use privatelink_api::{AzureScope, AzureScopeStatus, ConditionType, Reason};
use tokio::time::Instant;
use tracing::Instrument;

use crate::context::Context;
use crate::events::reference;
use crate::identity::Session;
use crate::kind::{Finding, ObjectKey, Truth};
use crate::memory::fingerprint;
use crate::metrics::Outcome;
use crate::runner::Runner;
use crate::scope::Scope;
use crate::scope_probe::{Probe, RequiredActions, probe};
use crate::status::{Standing, conditions};
use crate::tally::Verified;
use crate::transition::Transition;
use crate::writer::{WriteError, Writer, has_finalizer};

/// The kind's name in object keys.
pub const SCOPE_KIND: &str = "AzureScope";
/// The pace at which a failed write is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// At most this many namespaces are shown.
const MOST_NAMESPACES: usize = 1000;

/// While something is wrong, Azure is asked this often.
const PROBE_AGAIN: Duration = Duration::from_secs(60);
/// And otherwise so often.
const PROBE_EVERY: Duration = Duration::from_secs(600);

/// What is known of the objects of scopes.
pub(crate) trait ScopedObjects: Send + Sync {
    /// How many objects use a scope.
    fn count(&self, scope: &str) -> usize;
    /// The objects of a scope come due.
    fn wake(&self, scope: &str);
}

pub(crate) struct ScopeRunner {
    context: Arc<Context>,
    store: Store<AzureScope>,
    writer: Writer,
    objects: Box<dyn ScopedObjects>,
    required: RequiredActions,
    /// The scopes that this process has served.
    served: Mutex<BTreeSet<String>>,
    /// What Azure has said of each.
    probed: Mutex<BTreeMap<String, Probed>>,
}

/// What Azure said of a scope, when, and of which spec.
#[derive(Clone)]
struct Probed {
    probe: Probe,
    at: Instant,
    spec: u64,
    /// The value of the annotation that asks for a new look.
    asked: Option<String>,
}

impl Probed {
    fn due(&self) -> Instant {
        self.at
            + if self.probe.is_good() {
                PROBE_EVERY
            } else {
                PROBE_AGAIN
            }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ScopeRunner {
    pub(crate) fn new(
        context: Arc<Context>,
        store: Store<AzureScope>,
        objects: Box<dyn ScopedObjects>,
        required: RequiredActions,
    ) -> Self {
        let writer = Writer::new::<AzureScope>(context.kube.clone(), context.settings.kubernetes_timeout);
        ScopeRunner {
            context,
            store,
            writer,
            objects,
            required,
            served: Mutex::default(),
            probed: Mutex::default(),
        }
    }

    /// What Azure says of the scope: as it was told lately, or asked anew. An identity that works again, or that has its
    /// roles now, brings the scope's objects back to work.
    async fn probe(&self, object: &AzureScope, scope: &Scope, session: &Session) -> Probed {
        let name = scope.name();
        let spec = fingerprint(serde_json::to_string(scope.spec()).unwrap_or_default());
        let asked = asked(object);
        let last = lock(&self.probed).get(name).cloned();
        if let Some(last) = &last
            && (last.spec, &last.asked) == (spec, &asked)
            && Instant::now() < last.due()
        {
            return last.clone();
        }
        if last.as_ref().is_some_and(|last| last.asked != asked) {
            session.arm.sign_in_anew();
        }
        let at = Instant::now();
        let probe = probe(session, scope, self.required).await;
        let same_spec = last.filter(|last| last.spec == spec);
        let mended = same_spec.as_ref().is_some_and(|last| {
            let last = &last.probe;
            let works_again = last.failure.is_some() && probe.failure.is_none();
            !last.says_nothing() && (works_again || last.broken.is_some() && probe.is_good())
        });
        let probe = match same_spec {
            // That Azure could not be asked this time makes nothing untrue.
            Some(last) if probe.says_nothing() && !last.probe.says_nothing() => last.probe,
            _ => probe,
        };
        if mended {
            self.objects.wake(name);
        }
        let probed = Probed {
            probe,
            at,
            spec,
            asked,
        };
        lock(&self.probed).insert(name.to_owned(), probed.clone());
        probed
    }

    fn findings(
        &self,
        object: &AzureScope,
        scope: &Scope,
        objects: usize,
        identity: Finding,
        warning: Option<&str>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.push(if scope.problems.is_empty() {
            Finding::new(
                ConditionType::Accepted,
                Truth::True,
                Reason::Succeeded,
                "the scope is in force",
            )
        } else {
            let message = format!(
                "{}; entries that cannot be understood allow nothing: correct them",
                scope.problems.join("; ")
            );
            Finding::new(
                ConditionType::Accepted,
                Truth::False,
                Reason::InvalidSpec,
                message,
            )
        });
        findings.push(identity);
        if object.metadata.deletion_timestamp.is_some() && objects > 0 {
            let message = format!(
                "{objects} objects use this scope; delete or move them first, or let them go with the annotation privatelink.dev/abandon: \"true\""
            );
            findings.push(Finding::new(
                ConditionType::Accepted,
                Truth::False,
                Reason::InUse,
                message,
            ));
        } else {
            let mut message = "the scope is in force".to_owned();
            if object.spec.namespace_selector.is_some() {
                message.push_str("; namespaces are chosen by label, so whoever may label a namespace grants it these rights (spec.namespaces names them)");
            }
            if let Some(warning) = warning {
                message = format!("{message}; {warning}");
            }
            findings.push(Finding::new(
                ConditionType::Ready,
                Truth::True,
                Reason::Succeeded,
                message,
            ));
        }
        findings
    }

    /// A scope that names another installation now: what holds it for us goes, once. That installation puts its own there.
    async fn let_go(&self, object: &AzureScope) -> Result<(), WriteError> {
        let served = lock(&self.served).contains(&object.name_any());
        if served && has_finalizer(&object.metadata) {
            self.writer.set_finalizer(&object.metadata, false).await?;
        }
        lock(&self.served).remove(&object.name_any());
        Ok(())
    }

    /// One pass, and when the next is due.
    async fn pass(&self, key: &ObjectKey, object: &AzureScope) -> Result<Option<Duration>, WriteError> {
        let name = object.name_any();
        let Some(scope) = self.context.scopes.get(&name) else {
            self.context.identities.forget(&name);
            lock(&self.probed).remove(&name);
            return self.let_go(object).await.map(|()| None);
        };
        lock(&self.served).insert(name.clone());
        let objects = self.objects.count(&name);
        let deleting = object.metadata.deletion_timestamp.is_some();
        match (deleting, has_finalizer(&object.metadata)) {
            (true, false) => return Ok(None),
            (true, true) if objects == 0 => {
                self.writer.set_finalizer(&object.metadata, false).await?;
                return Ok(None);
            }
            (false, false) => {
                self.writer.set_finalizer(&object.metadata, true).await?;
                return Ok(None);
            }
            _ => {}
        }
        let (identity, subscriptions, warning, again) = match self.context.identities.of(&scope) {
            Ok(session) => {
                let probed = self.probe(object, &scope, &session).await;
                let again = probed.due().saturating_duration_since(Instant::now());
                (
                    probed.probe.finding(&session),
                    probed.probe.subscriptions,
                    probed.probe.warning,
                    Some(again),
                )
            }
            Err(problem) => {
                lock(&self.probed).remove(&name);
                let finding = Finding::new(
                    ConditionType::IdentityReady,
                    Truth::False,
                    Reason::IdentityFailed,
                    problem,
                );
                (finding, Vec::new(), None, None)
            }
        };
        let generation = object.metadata.generation.unwrap_or(0);
        let status = object.status.clone().unwrap_or_default();
        let standing = Standing::Found(self.findings(object, &scope, objects, identity, warning.as_deref()));
        let now = self.context.clock.now();
        let conditions = conditions(&status.conditions, &standing, generation, now);
        self.context
            .tally
            .note(key, &conditions, Verified::HasNothing, now);
        let mut namespaces = self.context.scopes.namespaces(&scope);
        namespaces.truncate(MOST_NAMESPACES);
        let wanted = AzureScopeStatus {
            observed_generation: Some(generation),
            conditions,
            last_handled_reconcile_at: asked(object),
            namespaces,
            objects: i64::try_from(objects).ok(),
            subscriptions,
        };
        if wanted != status {
            let written = serde_json::to_value(&wanted).unwrap_or_default();
            self.writer.apply_status(&object.metadata, &written).await?;
            if let Some(transition) = Transition::between(&status.conditions, &wanted.conditions) {
                transition.tell(&self.context, key, reference(object)).await;
            }
        }
        Ok(again)
    }
}

/// What the annotation that asks for a new look says, as status repeats it.
fn asked(object: &AzureScope) -> Option<String> {
    let value = object.annotations().get(RECONCILE_REQUESTED_AT_ANNOTATION)?;
    Some(value.chars().take(1024).collect())
}

#[async_trait]
impl Runner for ScopeRunner {
    async fn run(&self, key: &ObjectKey) -> Option<Duration> {
        let Some(object) = self.store.get(&ObjectRef::new(&key.name)) else {
            self.context.tally.forget(key);
            return None;
        };
        let began = Instant::now();
        let span = tracing::info_span!("pass", object = %key, generation = object.metadata.generation);
        let passed = self.pass(key, &object).instrument(span).await;
        let outcome = match &passed {
            Ok(_) => Outcome::Success,
            Err(WriteError::Changed) => Outcome::RequeueAfter,
            Err(_) => Outcome::Error,
        };
        self.context.metrics.passed(key.kind, outcome, began.elapsed());
        match passed {
            Ok(again) => again,
            Err(WriteError::Changed) => Some(Duration::from_millis(200)),
            Err(error) => {
                tracing::warn!(
                    object = %key,
                    error = &error as &dyn std::error::Error,
                    "the scope could not be written"
                );
                Some(AGAIN)
            }
        }
    }

    fn forget(&self) {
        lock(&self.probed).clear();
    }
}
