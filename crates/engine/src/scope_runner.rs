//! The pass over an `AzureScope`: what it is for at present, and that it is not deleted while it is used.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kube::ResourceExt;
use kube::runtime::reflector::{ObjectRef, Store};
use privatelink_api::{AzureScope, ConditionType, Reason};
use serde_json::json;
use tokio::time::Instant;

use crate::context::Context;
use crate::events::reference;
use crate::kind::{Finding, ObjectKey, Truth};
use crate::metrics::Outcome;
use crate::runner::Runner;
use crate::scope::Scope;
use crate::status::{Standing, conditions};
use crate::transition::Transition;
use crate::writer::{WriteError, Writer, has_finalizer};

/// The kind's name in object keys.
pub(crate) const SCOPE_KIND: &str = "AzureScope";
/// The pace at which a failed write is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// At most this many namespaces are shown.
const MOST_NAMESPACES: usize = 1000;

/// Says how many objects use a scope.
pub(crate) type CountObjects = Box<dyn Fn(&str) -> usize + Send + Sync>;

pub(crate) struct ScopeRunner {
    context: Arc<Context>,
    store: Store<AzureScope>,
    writer: Writer,
    count: CountObjects,
    /// The scopes that this process has served.
    served: Mutex<BTreeSet<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ScopeRunner {
    pub(crate) fn new(context: Arc<Context>, store: Store<AzureScope>, count: CountObjects) -> Self {
        let writer = Writer::new::<AzureScope>(context.kube.clone(), context.settings.kubernetes_timeout);
        ScopeRunner {
            context,
            store,
            writer,
            count,
            served: Mutex::default(),
        }
    }

    fn findings(&self, object: &AzureScope, scope: &Scope, objects: usize) -> Vec<Finding> {
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
        findings.push(match scope.identity_problem() {
            None => Finding::new(
                ConditionType::IdentityReady,
                Truth::True,
                Reason::Succeeded,
                "the controller's own identity is used",
            ),
            Some(problem) => Finding::new(
                ConditionType::IdentityReady,
                Truth::False,
                Reason::Unsupported,
                problem,
            ),
        });
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
        } else if object.spec.namespace_selector.is_none() {
            findings.push(Finding::new(
                ConditionType::Ready,
                Truth::True,
                Reason::Succeeded,
                "the scope is in force",
            ));
        } else {
            let message = "in force; namespaces are chosen by label, so whoever may label a namespace grants it these rights (spec.namespaces names them)";
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

    async fn pass(&self, key: &ObjectKey, object: &AzureScope) -> Result<(), WriteError> {
        let name = object.name_any();
        let Some(scope) = self.context.scopes.get(&name) else {
            return self.let_go(object).await;
        };
        lock(&self.served).insert(name.clone());
        let objects = (self.count)(&name);
        let deleting = object.metadata.deletion_timestamp.is_some();
        match (deleting, has_finalizer(&object.metadata)) {
            (true, false) => return Ok(()),
            (true, true) if objects == 0 => {
                return self
                    .writer
                    .set_finalizer(&object.metadata, false)
                    .await
                    .map(|_| ());
            }
            (false, false) => {
                return self
                    .writer
                    .set_finalizer(&object.metadata, true)
                    .await
                    .map(|_| ());
            }
            _ => {}
        }
        let generation = object.metadata.generation.unwrap_or(0);
        let status = object.status.clone().unwrap_or_default();
        let standing = Standing::Found(self.findings(object, &scope, objects));
        let conditions = conditions(
            &status.conditions,
            &standing,
            generation,
            self.context.clock.now(),
        );
        let now = self.context.clock.now();
        self.context.tally.note(key, &conditions, None, now);
        let mut namespaces = self.context.scopes.namespaces(&scope);
        namespaces.truncate(MOST_NAMESPACES);
        let wanted = json!({
            "observedGeneration": generation,
            "conditions": conditions,
            "namespaces": namespaces,
            "objects": objects,
        });
        let shown = json!({
            "observedGeneration": status.observed_generation,
            "conditions": status.conditions,
            "namespaces": status.namespaces,
            "objects": status.objects,
        });
        if wanted == shown {
            return Ok(());
        }
        self.writer.apply_status(&object.metadata, &wanted).await?;
        if let Some(transition) = Transition::between(&status.conditions, &conditions) {
            transition.tell(&self.context, key, reference(object)).await;
        }
        Ok(())
    }
}

#[async_trait]
impl Runner for ScopeRunner {
    async fn run(&self, key: &ObjectKey) -> Option<Duration> {
        let Some(object) = self.store.get(&ObjectRef::new(&key.name)) else {
            self.context.tally.forget(key);
            return None;
        };
        let began = Instant::now();
        let passed = self.pass(key, &object).await;
        let outcome = match &passed {
            Ok(()) => Outcome::Success,
            Err(WriteError::Changed) => Outcome::RequeueAfter,
            Err(_) => Outcome::Error,
        };
        self.context.metrics.passed(key.kind, outcome, began.elapsed());
        match passed {
            Ok(()) => None,
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
}
