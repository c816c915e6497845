//! One pass over one object: guard, resolve, observe, plan, act, record.
//!
//! A pass makes at most one write to Azure and at most one to Kubernetes, and never sleeps on Azure: what takes
//! time is recorded and looked at again.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, Resource};
use privatelink_api::names::{ABANDON_ANNOTATION, PAUSED_ANNOTATION, RECONCILE_REQUESTED_AT_ANNOTATION};
use privatelink_api::{
    AdoptionPolicy, ConditionType, DeletionPolicy, ManagedResource, ManagementPolicy, Reason, Verb,
};
use privatelink_arm::{ArmErrorKind, OperationUrl, Poll, Precondition, Priority, Reply, ResourceId};
use serde_json::Value;
use tokio::time::Instant;

use crate::context::Context;
use crate::diff;
use crate::draft::{self, Draft};
use crate::facts::{FactQuery, KnownFacts, Listing};
use crate::failure::{Doing, Failure, Retry, explain};
use crate::kind::{
    Finding, Grant, Kind, ObjectKey, Outputs, Reading, Resolution, Resolved, Truth, Unresolved,
};
use crate::memory::Memory;
use crate::observe::SweepTarget;
use crate::ownership::{Owner, OwnerTag};
use crate::plan::{Adoption, DesiredNode, Intent, Observed, Record, Refusal, Snapshot, Step, plan};
use crate::scope::Scope;
use crate::status::{Standing, failing};
use crate::writer::has_finalizer;

/// How often facts may be asked for within a pass; more is a kind that never has enough.
const MOST_ROUNDS: usize = 4;
/// In a scope with many objects a deletion in Azure is not begun before this time has passed.
const MASS_DELETION_PAUSE: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);
/// The pace of polls where Azure names none.
const POLL_PACE: Duration = Duration::from_secs(10);

/// What a pass came to, before it is written down.
pub(crate) enum Look {
    /// Put the finalizer on, or take it off, and nothing else.
    Finalizer { present: bool },
    /// Write status, where it says anything new, and come back.
    Status { standing: Standing, retry: Next },
    /// Nothing to say.
    Nothing { retry: Next },
}

/// When the object's next pass is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    At(Retry),
    /// The next step of the same work.
    Now,
    /// Azure is as wanted: at the pace of the drift check.
    Rest,
}

/// Everything a pass works with.
pub(crate) struct Pass<'a, K: Kind> {
    pub(crate) context: &'a Context,
    pub(crate) key: &'a ObjectKey,
    pub(crate) object: &'a K::Object,
    pub(crate) memory: &'a mut Memory<K::Object>,
    pub(crate) draft: &'a mut Draft,
    pub(crate) generation: i64,
}

/// What guard and resolve agree on.
struct Subject {
    scope: Arc<Scope>,
    id: ResourceId,
    owner: Owner,
    intent: Intent,
}

impl<K: Kind> Pass<'_, K> {
    pub(crate) async fn look(&mut self) -> Look {
        match self.guard().await {
            Ok(subject) if subject.intent.deleting => self.remove(subject).await,
            Ok(subject) => self.bring_about(subject).await,
            Err(look) => look,
        }
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.object
            .meta()
            .annotations
            .as_ref()?
            .get(name)
            .map(String::as_str)
    }

    /// Everything that can be decided without Azure.
    async fn guard(&mut self) -> Result<Subject, Look> {
        let metadata = self.object.meta();
        let deleting = metadata.deletion_timestamp.is_some();
        let finalizer = has_finalizer(metadata);
        if self.annotation(ABANDON_ANNOTATION) == Some("true") {
            return Err(match (finalizer, deleting) {
                (true, _) => Look::Finalizer { present: false },
                (false, true) => Look::Nothing {
                    retry: Next::At(Retry::OnChange),
                },
                (false, false) => kept(
                    Reason::Paused,
                    "abandoned: nothing is done about it in Azure until the annotation privatelink.dev/abandon goes",
                ),
            });
        }
        if deleting && !finalizer {
            return Err(Look::Nothing {
                retry: Next::At(Retry::OnChange),
            });
        }
        if self.annotation(PAUSED_ANNOTATION) == Some("true") {
            return Err(kept(
                Reason::Paused,
                "paused by the annotation privatelink.dev/paused: no call is made to Azure",
            ));
        }
        let spec = self.object.managed();
        let observe_only = spec.management_policy == Some(ManagementPolicy::ObserveOnly);
        if observe_only && finalizer {
            return Err(Look::Finalizer { present: false });
        }
        if deleting && (observe_only || spec.deletion_policy == Some(DeletionPolicy::Retain)) {
            return Err(Look::Finalizer { present: false });
        }
        if deleting {
            let going = self.definition_is_going().await;
            let Some(going) = going else {
                let message = "the custom resource definition could not be read, and nothing is deleted in Azure before it is known to stay";
                return Err(self.failing(
                    ConditionType::Programmed,
                    Reason::Retrying,
                    message,
                    Retry::Backoff,
                ));
            };
            if going {
                tracing::warn!(object = %self.key, "the custom resource definition is being deleted: the resource in Azure is kept");
                return Err(Look::Finalizer { present: false });
            }
        }
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        let scope = self.context.scopes.find(namespace, spec.scope_name.as_deref());
        let scope = scope.map_err(|unresolved| self.unresolved(unresolved, deleting))?;
        let retain = scope.deletion_policy(spec.deletion_policy) == DeletionPolicy::Retain;
        if deleting && retain {
            return Err(Look::Finalizer { present: false });
        }
        if let Some(problem) = scope.identity_problem() {
            let message = format!("AzureScope {}: {problem}", scope.name());
            return Err(self.failing(
                ConditionType::Accepted,
                Reason::IdentityFailed,
                &message,
                Retry::OnChange,
            ));
        }
        let owner = Owner {
            owner_id: self.context.settings.owner_id.clone(),
            kind: <K::Object as ManagedResource>::KIND.to_owned(),
            namespace: namespace.to_owned(),
            name: metadata.name.clone().unwrap_or_default(),
            uid: metadata.uid.clone().unwrap_or_default(),
        };
        let id = self.identify(&scope, &owner, deleting).await?;
        let begun = self.memory.deleted || !self.draft.managed.operations.is_empty();
        if deleting && !begun && !scope.mass_deletion_allowed {
            // Deletions come one after the other: the first of many is not to be gone before the last is seen.
            let age = metadata
                .deletion_timestamp
                .as_ref()
                .map(|at| self.context.clock.now().duration_since(at.0));
            if self.context.deletions.is_large(scope.name())
                && age.is_some_and(|age| age < MASS_DELETION_PAUSE)
            {
                self.context.deletions.is_suspicious(scope.name(), self.key);
                return Err(Look::Nothing {
                    retry: Next::At(Retry::After(Duration::from_secs(5))),
                });
            }
            if self.context.deletions.is_suspicious(scope.name(), self.key) {
                self.context.metrics.deletions_held.inc();
                let message = format!(
                    "more than half of the objects of AzureScope {0} are being deleted at once; if that is meant, annotate it: kubectl annotate azurescope {0} privatelink.dev/allow-mass-deletion=true",
                    scope.name()
                );
                return Err(self.failing(
                    ConditionType::Programmed,
                    Reason::DeletionHeld,
                    &message,
                    Retry::Slowly,
                ));
            }
        } else if !deleting {
            self.context.deletions.alive(scope.name(), self.key);
            if let Some(senior) = self.context.claims.senior(&id, self.key) {
                let message = format!(
                    "{id} is managed by the older {senior}; delete one of the two, or choose another spec.azureName"
                );
                return Err(self.failing(
                    ConditionType::Accepted,
                    Reason::Conflict,
                    &message,
                    Retry::OnChange,
                ));
            }
        }
        let adoption = Adoption {
            unowned: spec.adoption_policy == Some(AdoptionPolicy::Adopt),
            from: spec.adopt_from.clone(),
        };
        let intent = Intent {
            deleting,
            finalizer,
            observe_only,
            retain,
            recreate: false,
            adoption,
        };
        Ok(Subject {
            scope,
            id,
            owner,
            intent,
        })
    }

    /// The id that the object stands for: the recorded one where Azure shows that it is ours, else the claimed one.
    async fn identify(&mut self, scope: &Scope, owner: &Owner, deleting: bool) -> Result<ResourceId, Look> {
        let claimed = K::claim(self.object, scope);
        let recorded = self
            .draft
            .resource_id()
            .filter(|id| id.resource_type().eq_ignore_ascii_case(K::MODEL.resource_type));
        let manage = |id: &ResourceId| Grant::On {
            id: id.clone(),
            verb: Verb::Manage,
        };
        let pinned = match (&recorded, &claimed) {
            (Some(recorded), Ok(claimed)) if claimed.id == *recorded => None,
            (Some(recorded), _) if scope.grants(&manage(recorded)) => Some(recorded.clone()),
            _ => None,
        };
        // Status alone proves nothing: a recorded id counts where the resource there names this object as its owner.
        let pinned = match pinned {
            Some(recorded) if self.read_is_ours(&recorded, owner).await? => Some(recorded),
            _ => None,
        };
        let (id, grants) = match (pinned, claimed) {
            (Some(id), Ok(claimed)) => {
                let grants = claimed
                    .grants
                    .into_iter()
                    .filter(|grant| *grant != manage(&claimed.id));
                let grants = grants.chain([manage(&id)]).collect();
                (id, grants)
            }
            (Some(id), Err(_)) if deleting => (id.clone(), vec![manage(&id)]),
            (None, Ok(claimed)) => (claimed.id, claimed.grants),
            (_, Err(unresolved)) => return Err(self.unresolved(unresolved, deleting)),
        };
        let needed = if deleting { vec![manage(&id)] } else { grants };
        scope
            .check(&needed)
            .map_err(|unresolved| self.unresolved(unresolved, deleting))?;
        Ok(id)
    }

    async fn read_is_ours(&mut self, id: &ResourceId, owner: &Owner) -> Result<bool, Look> {
        match self.read(id).await {
            Ok(Observed::Present(snapshot)) => {
                Ok(OwnerTag::of(&snapshot.body, K::MODEL, owner) == OwnerTag::Ours)
            }
            Ok(_) => Ok(false),
            Err(failure) => Err(self.failed(failure)),
        }
    }

    /// Takes away what is ours in Azure, then the finalizer.
    async fn remove(&mut self, subject: Subject) -> Look {
        let node = DesiredNode {
            name: K::MAIN_NODE,
            id: subject.id.clone(),
            model: K::MODEL,
            body: Value::Null,
        };
        let mut observed = Observed::Unread;
        for _ in 0..MOST_ROUNDS {
            let record = self.record(&node);
            match plan(&subject.intent, &subject.owner, &node, &observed, &record) {
                Step::Read => match self.read(&node.id).await {
                    Ok(read) => {
                        observed = self
                            .memory
                            .judge(read, !self.memory.deleted, self.context.second_look())
                    }
                    Err(failure) => return self.failed(failure),
                },
                Step::Poll => match self.poll(&subject, &node, Reason::Deleting).await {
                    None => observed = Observed::Unread,
                    Some(look) => return look,
                },
                Step::Delete { if_match } => return self.delete(&node, &observed, if_match).await,
                Step::Wait { state } => return self.waiting(&state, Reason::Deleting),
                Step::RemoveFinalizer => return Look::Finalizer { present: false },
                step => {
                    tracing::error!(object = %self.key, ?step, "a deletion came to a step that it cannot have");
                    break;
                }
            }
        }
        self.failing(
            ConditionType::Programmed,
            Reason::Retrying,
            "the deletion is looked at again",
            Retry::Backoff,
        )
    }

    /// Brings Azure to what the object wants, a step at a time.
    async fn bring_about(&mut self, mut subject: Subject) -> Look {
        let resolved = match self.resolve(&subject).await {
            Ok(resolved) => resolved,
            Err(look) => return look,
        };
        self.draft.managed.effective = resolved.effective.clone();
        let Some(node) = resolved.nodes.first() else {
            return self.failing(
                ConditionType::Programmed,
                Reason::Retrying,
                "the object wants nothing",
                Retry::Slowly,
            );
        };
        let mut node = node.clone();
        own(&mut node, &subject.owner);
        let settled = self.settled();
        let expected = self.draft.was_programmed() || self.memory.verified.is_some();
        let (mut observed, swept_at) = if settled || self.programmed() {
            self.swept(&subject, &node).await
        } else {
            (Observed::Unread, None)
        };
        for _ in 0..MOST_ROUNDS + 2 {
            let record = self.record(&node);
            match plan(&subject.intent, &subject.owner, &node, &observed, &record) {
                Step::EnsureFinalizer => return Look::Finalizer { present: true },
                Step::Record { resource_id, applied } => {
                    self.draft.managed.resource_id = Some(resource_id.to_string());
                    self.draft.set_applied(node.name, &applied);
                    let standing = if settled {
                        Standing::Found(self.ready_findings())
                    } else {
                        Standing::Found(vec![
                            accepted(),
                            resolved_references(),
                            programmed(Reason::Creating, "about to look at Azure"),
                        ])
                    };
                    return Look::Status {
                        standing,
                        retry: Next::Now,
                    };
                }
                Step::Read => match self.read(&node.id).await {
                    Ok(read) => observed = self.memory.judge(read, expected, self.context.second_look()),
                    Err(failure) => return self.failed_or_unverified(failure, settled),
                },
                Step::Poll => match self.poll(&subject, &node, Reason::Updating).await {
                    None => observed = Observed::Unread,
                    Some(look) => return look,
                },
                Step::Wait { state } => return self.waiting(&state, Reason::Updating),
                Step::Create { body } => {
                    return self.write(&node, &body, None, Reason::Creating, "created").await;
                }
                Step::Update {
                    body,
                    if_match,
                    differences,
                    adopts,
                } => {
                    let drift = settled
                        || self
                            .draft
                            .managed
                            .conditions
                            .iter()
                            .any(|condition| condition.reason == Reason::DriftDetected.as_str());
                    self.draft
                        .set_differences(if drift || adopts { &differences } else { &[] });
                    let reason = if drift && !adopts {
                        Reason::DriftDetected
                    } else {
                        Reason::Updating
                    };
                    let before = match &observed {
                        Observed::Present(snapshot) => Some((snapshot.clone(), if_match)),
                        _ => None,
                    };
                    return self
                        .write(
                            &node,
                            &body,
                            before,
                            reason,
                            if adopts { "adopted" } else { "updated" },
                        )
                        .await;
                }
                Step::Delete { if_match } => return self.delete(&node, &observed, if_match).await,
                Step::Refuse(refusal) => return self.refuse(refusal),
                Step::Differs { differences } => return self.differs(&differences),
                Step::InSync => match &observed {
                    Observed::Present(snapshot) | Observed::Swept(snapshot) => {
                        let (snapshot, swept) = (snapshot.clone(), matches!(observed, Observed::Swept(_)));
                        let swept_at = swept_at.filter(|_| swept);
                        let outputs = self.outputs(&subject, &resolved, &snapshot, settled, swept_at);
                        let outputs = match outputs.await {
                            Ok(outputs) => outputs,
                            Err(look) => return look,
                        };
                        match outputs.recreate.clone() {
                            Some(why) if !subject.intent.recreate && !subject.intent.observe_only => {
                                tracing::info!(object = %self.key, why, "the resource is made anew");
                                subject.intent.recreate = true;
                                observed = Observed::Unread;
                            }
                            // Ready is said only after an authoritative read.
                            _ if swept && !settled && failing(&outputs.findings).is_none() => {
                                observed = Observed::Unread
                            }
                            _ => return self.in_sync(&node, outputs),
                        }
                    }
                    _ => break,
                },
                Step::RemoveFinalizer => break,
            }
        }
        tracing::error!(object = %self.key, "a pass did not come to an end");
        self.failing(
            ConditionType::Programmed,
            Reason::Retrying,
            "the object is looked at again",
            Retry::Backoff,
        )
    }

    /// Whether the object was Ready at this generation and nobody asks for a closer look.
    fn settled(&self) -> bool {
        self.draft.is_true_at(ConditionType::Ready, self.generation) && self.undisturbed()
    }

    /// Whether Azure equalled spec at this generation, and what is missing is for others to do.
    fn programmed(&self) -> bool {
        self.draft.is_true_at(ConditionType::Programmed, self.generation) && self.undisturbed()
    }

    /// No operation runs, and nobody asks for a closer look.
    fn undisturbed(&self) -> bool {
        let asked = self.asked();
        self.draft.managed.operations.is_empty()
            && self.memory.quiet_operation.is_none()
            && (asked.is_none() || asked == self.draft.managed.last_handled_reconcile_at)
    }

    async fn resolve(&mut self, subject: &Subject) -> Result<Box<Resolved>, Look> {
        let mut facts = KnownFacts::default();
        for _ in 0..MOST_ROUNDS {
            match K::resolve(self.object, &subject.id, &subject.scope, &facts) {
                Resolution::Resolved(resolved) => return Ok(resolved),
                Resolution::Unresolved(unresolved) => return Err(self.unresolved(unresolved, false)),
                Resolution::Needs(queries) => self.fetch(&subject.scope, queries, None, &mut facts).await?,
            }
        }
        Err(self.failing(
            ConditionType::ResolvedRefs,
            Reason::Retrying,
            "what the object refers to could not be worked out",
            Retry::Backoff,
        ))
    }

    async fn outputs(
        &mut self,
        subject: &Subject,
        resolved: &Resolved,
        snapshot: &Snapshot,
        settled: bool,
        swept_at: Option<Instant>,
    ) -> Result<Outputs, Look> {
        let mut facts = KnownFacts::default();
        for _ in 0..MOST_ROUNDS {
            match K::outputs(self.object, resolved, snapshot, &subject.scope, &facts) {
                Reading::Outputs(outputs) => return Ok(outputs),
                Reading::Malformed(why) => {
                    let message = format!("Azure's answer has an unexpected shape: {why}");
                    return Err(if settled {
                        self.unverified(&message)
                    } else {
                        self.failing(
                            ConditionType::Programmed,
                            Reason::Retrying,
                            &message,
                            Retry::Backoff,
                        )
                    });
                }
                Reading::Needs(queries) => {
                    self.fetch(&subject.scope, queries, swept_at, &mut facts).await?;
                }
            }
        }
        Err(self.failing(
            ConditionType::Programmed,
            Reason::Retrying,
            "the resource could not be read in full",
            Retry::Backoff,
        ))
    }

    async fn fetch(
        &mut self,
        scope: &Scope,
        queries: Vec<FactQuery>,
        swept_at: Option<Instant>,
        facts: &mut KnownFacts,
    ) -> Result<(), Look> {
        let (arm, sweeps) = (&self.context.arm, &self.context.sweeps);
        let listing = swept_at.map(|since| Listing { sweeps, since });
        for query in queries {
            match self.context.facts.fetch(arm, scope, &query, listing).await {
                Ok(fact) => facts.insert(&query, fact),
                Err(error) => {
                    let settled = self.settled();
                    return Err(self.failed_or_unverified(explain(&error, Doing::Reading), settled));
                }
            }
        }
        Ok(())
    }

    /// A read that may serve to say "as wanted", and when it began; unread where the scope does not let us list, or a
    /// LIST fails.
    async fn swept(&mut self, subject: &Subject, node: &DesiredNode) -> (Observed, Option<Instant>) {
        let Some(group) = node
            .id
            .resource_group_id()
            .filter(|group| subject.scope.may_list(group))
        else {
            return (Observed::Unread, None);
        };
        let mut not_before = Instant::now()
            .checked_sub(self.context.sweep_age())
            .unwrap_or_else(Instant::now);
        if let Some(wrote) = self.memory.wrote {
            not_before = not_before.max(wrote + Duration::from_millis(1));
        }
        let target = SweepTarget {
            group: &group,
            resource_type: node.model.resource_type,
            api_version: node.model.api_version,
        };
        let (arm, sweeps) = (&self.context.arm, &self.context.sweeps);
        match sweeps.observe(arm, target, &node.id, not_before).await {
            Ok((observed, began)) => (observed, Some(began)),
            Err(_) => (Observed::Unread, None),
        }
    }

    async fn read(&mut self, id: &ResourceId) -> Result<Observed, Failure> {
        match self
            .context
            .arm
            .get(id, K::MODEL.api_version, Priority::Read)
            .await
        {
            Ok(reply) => match reply.body {
                Some(body) => Ok(Observed::Present(Snapshot {
                    etag: reply.etag,
                    body,
                })),
                None => Ok(Observed::Absent),
            },
            // A missing group has no resources; a subscription that is not to be seen says nothing (it may be the wrong
            // tenant's token); with a deletion that is success, with a creation the PUT will say so.
            Err(error) if error.kind == ArmErrorKind::NotFound && !error.has_code("SubscriptionNotFound") => {
                Ok(Observed::Absent)
            }
            Err(error) => Err(explain(&error, Doing::Reading)),
        }
    }

    fn record(&self, node: &DesiredNode) -> Record {
        Record {
            resource_id: self.draft.resource_id(),
            applied: self.draft.applied(node.name),
            operation: self.draft.operation(node.name).is_some() || self.memory.quiet_operation.is_some(),
        }
    }

    /// Asks once how the recorded operation is doing. `None`: it is over, look at the resource.
    async fn poll(&mut self, subject: &Subject, node: &DesiredNode, doing: Reason) -> Option<Look> {
        let operation = self
            .draft
            .operation(node.name)
            .cloned()
            .or_else(|| self.memory.quiet_operation.clone())?;
        self.memory.resume(operation.supersedes.as_deref());
        if let Some(left) = self
            .memory
            .poll_not_before
            .and_then(|at| at.checked_duration_since(Instant::now()))
            .filter(|left| !left.is_zero())
        {
            return Some(Look::Nothing {
                retry: Next::At(Retry::After(left)),
            });
        }
        // Status is not trusted: a URL that is not one of this cloud's operations, in a subscription that the scope
        // knows, is not followed.
        let url = operation
            .url
            .as_deref()
            .and_then(|url| OperationUrl::parse(self.context.arm.cloud(), url).ok());
        let url = url.filter(|url| subject.scope.knows_subscription(url.subscription_id()));
        let Some(url) = url else {
            self.end_operation(node);
            return None;
        };
        match self.context.arm.poll(&url, Priority::Poll).await {
            Ok(Poll::Running { retry_after }) => {
                let pace = retry_after.unwrap_or(POLL_PACE);
                self.memory.poll_not_before = Some(Instant::now() + pace);
                let reason = self.running_reason().unwrap_or(doing);
                Some(self.progressing(reason, "an operation runs in Azure", Retry::After(pace)))
            }
            Ok(Poll::Succeeded | Poll::Gone) => {
                self.end_operation(node);
                None
            }
            Ok(Poll::Failed(error) | Poll::Canceled(error)) => {
                self.end_operation(node);
                Some(self.failed(explain(&error, Doing::Writing)))
            }
            Err(error) => Some(self.failed(explain(&error, Doing::Polling))),
        }
    }

    fn end_operation(&mut self, node: &DesiredNode) {
        self.draft.set_operation(node.name, None);
        self.memory.quiet_operation = None;
        self.memory.poll_not_before = None;
    }

    /// The reason that status gave when the operation began.
    fn running_reason(&self) -> Option<Reason> {
        let ready = self
            .draft
            .managed
            .conditions
            .iter()
            .find(|condition| condition.type_ == "Ready")?;
        [
            Reason::Creating,
            Reason::Updating,
            Reason::Deleting,
            Reason::DriftDetected,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == ready.reason)
    }

    async fn write(
        &mut self,
        node: &DesiredNode,
        body: &Value,
        before: Option<(Snapshot, Option<String>)>,
        reason: Reason,
        done: &str,
    ) -> Look {
        let (snapshot, if_match) =
            before.map_or((None, None), |(snapshot, if_match)| (Some(snapshot), if_match));
        let precondition = if_match.map_or(Precondition::None, Precondition::IfMatch);
        let priority = if snapshot.is_some() {
            Priority::Update
        } else {
            Priority::Create
        };
        match self
            .context
            .arm
            .put(&node.id, node.model.api_version, body, precondition, priority)
            .await
        {
            Ok(reply) => {
                self.memory.deleted = false;
                tracing::info!(object = %self.key, id = %node.id, generation = self.generation, correlation_id = reply.correlation_id, "{done} in Azure");
                self.written(node, snapshot.as_ref(), reply, reason)
            }
            Err(error) => self.refused_write(explain(&error, Doing::Writing), error.kind),
        }
    }

    async fn delete(&mut self, node: &DesiredNode, observed: &Observed, if_match: Option<String>) -> Look {
        let snapshot = match observed {
            Observed::Present(snapshot) => Some(snapshot.clone()),
            _ => None,
        };
        let precondition = if_match.map_or(Precondition::None, Precondition::IfMatch);
        match self
            .context
            .arm
            .delete(&node.id, node.model.api_version, precondition, Priority::Delete)
            .await
        {
            Ok(reply) => {
                tracing::info!(object = %self.key, id = %node.id, correlation_id = reply.correlation_id, "deleted in Azure");
                self.memory.deleted = true;
                self.memory.verified = None;
                self.written(node, snapshot.as_ref(), reply, Reason::Deleting)
            }
            Err(error) => self.refused_write(explain(&error, Doing::Writing), error.kind),
        }
    }

    /// Azure took a write: from here on only a read can say what came of it.
    fn written(
        &mut self,
        node: &DesiredNode,
        before: Option<&Snapshot>,
        reply: Reply,
        reason: Reason,
    ) -> Look {
        let supersedes = self.memory.note_write(before);
        self.memory.failures = 0;
        if let Some(refused) = &reply.operation_refused {
            tracing::error!(object = %self.key, refused, "Azure named an operation that is not one of this cloud's; it is not followed");
        }
        let pace = reply.retry_after.unwrap_or(POLL_PACE);
        let at_once = reply.operation.is_none();
        if let Some(url) = reply.operation {
            let operation = draft::operation(
                node.name,
                Some(url.to_string()),
                supersedes,
                self.context.clock.now(),
            );
            self.memory.poll_not_before = Some(Instant::now() + pace);
            if self.stays_stalled() {
                // A retry of what failed before: status goes on telling of the failure until it is over.
                self.memory.quiet_operation = Some(operation);
                return Look::Nothing {
                    retry: Next::At(Retry::After(pace)),
                };
            }
            self.draft.set_operation(node.name, Some(operation));
        }
        let message = match reason {
            Reason::Creating => "the resource is being created in Azure",
            Reason::Deleting => "the resource is being deleted in Azure",
            Reason::DriftDetected => "somebody changed the resource in Azure; it is being put back",
            _ => "the resource is being updated in Azure",
        };
        let retry = if at_once {
            Retry::After(Duration::from_secs(1))
        } else {
            Retry::After(pace)
        };
        self.progressing(reason, message, retry)
    }

    fn stays_stalled(&self) -> bool {
        let stalled = self
            .draft
            .managed
            .conditions
            .iter()
            .any(|condition| condition.type_ == "Stalled" && condition.status == "True");
        stalled
            && self.draft.managed.observed_generation == Some(self.generation)
            && self.object.meta().deletion_timestamp.is_none()
    }

    fn refused_write(&mut self, failure: Failure, kind: ArmErrorKind) -> Look {
        match kind {
            // Somebody else wrote between our read and our write: read again.
            ArmErrorKind::PreconditionFailed => self.progressing(
                Reason::Retrying,
                "the resource changed in Azure while it was being updated; it is read again",
                Retry::Backoff,
            ),
            ArmErrorKind::Fenced => Look::Nothing {
                retry: Next::At(Retry::Backoff),
            },
            _ => self.failed(failure),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Look {
        let (reason, message) = match refusal {
            Refusal::NotOwned { owner, differences } => {
                self.draft.set_differences(&differences);
                let message = match owner {
                    OwnerTag::Other { owner_id } => format!("the resource exists in Azure and belongs to owner {owner_id}; choose another spec.azureName, or take it over with spec.adoptFrom: {owner_id}"),
                    _ => "the resource exists in Azure and is not ours; choose another spec.azureName, or take it over with spec.adoptionPolicy: Adopt (status.differences shows what would change)".to_owned(),
                };
                (Reason::NotOwned, message)
            }
            Refusal::NotUpdatable { differences } => {
                let paths: Vec<&str> = differences
                    .iter()
                    .map(|difference| difference.path.as_str())
                    .collect();
                let message = format!(
                    "Azure takes {} at creation only, and what is there differs (status.differences); delete the resource in Azure, or make another object",
                    paths.join(", ")
                );
                self.draft.set_differences(&differences);
                (Reason::Conflict, message)
            }
            Refusal::Malformed => {
                return self.failing(
                    ConditionType::Programmed,
                    Reason::Retrying,
                    "Azure's answer has an unexpected shape: properties is not an object",
                    Retry::Backoff,
                );
            }
        };
        self.handled();
        self.failing(ConditionType::Programmed, reason, &message, Retry::Slowly)
    }

    fn differs(&mut self, differences: &[diff::Difference]) -> Look {
        self.draft.set_differences(differences);
        self.handled();
        let message = if differences.is_empty() {
            "the resource does not exist in Azure (managementPolicy: ObserveOnly)".to_owned()
        } else {
            format!(
                "Azure differs from spec in {} (managementPolicy: ObserveOnly)",
                differences
                    .iter()
                    .map(|difference| difference.path.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        let finding = Finding::new(
            ConditionType::Programmed,
            Truth::False,
            Reason::DriftDetected,
            message,
        )
        .stalled();
        Look::Status {
            standing: Standing::Found(vec![accepted(), resolved_references(), finding]),
            retry: Next::Rest,
        }
    }

    fn in_sync(&mut self, node: &DesiredNode, outputs: Outputs) -> Look {
        self.memory.verified = Some(self.context.clock.now());
        self.memory.failures = 0;
        self.handled();
        self.draft.managed.differences.clear();
        let applied = diff::owned_keys(node.model, &node.body);
        if !self
            .object
            .managed()
            .management_policy
            .is_some_and(|policy| policy == ManagementPolicy::ObserveOnly)
        {
            self.draft.set_applied(node.name, &applied);
        }
        self.draft.own = outputs.status;
        let mut findings = self.ready_findings();
        findings.extend(outputs.findings);
        Look::Status {
            standing: Standing::Found(findings),
            retry: Next::Rest,
        }
    }

    /// The value of the annotation that asks for a closer look, as status can hold it.
    fn asked(&self) -> Option<String> {
        self.annotation(RECONCILE_REQUESTED_AT_ANNOTATION)
            .map(|value| value.chars().take(1024).collect())
    }

    /// A pass that looked at Azure has answered a request to look.
    fn handled(&mut self) {
        if let Some(asked) = self.asked() {
            self.draft.managed.last_handled_reconcile_at = Some(asked);
        }
    }

    fn ready_findings(&self) -> Vec<Finding> {
        let programmed = Finding::new(
            ConditionType::Programmed,
            Truth::True,
            Reason::Succeeded,
            "Azure equals spec",
        );
        vec![accepted(), resolved_references(), programmed]
    }

    fn waiting(&mut self, state: &str, reason: Reason) -> Look {
        let pace = if state.contains("lag") {
            self.context.lag_pace()
        } else {
            POLL_PACE
        };
        let reason = if state.eq_ignore_ascii_case("Deleting") {
            Reason::Deleting
        } else {
            self.running_reason().unwrap_or(reason)
        };
        let message = format!("Azure is busy with the resource: {state}");
        self.progressing(reason, &message, Retry::After(pace))
    }

    fn progressing(&mut self, reason: Reason, message: &str, retry: Retry) -> Look {
        if reason != Reason::Deleting && self.stays_stalled() {
            return Look::Nothing {
                retry: Next::At(retry),
            };
        }
        Look::Status {
            standing: Standing::Found(vec![
                accepted(),
                resolved_references(),
                programmed(reason, message),
            ]),
            retry: Next::At(retry),
        }
    }

    fn failing(&mut self, condition: ConditionType, reason: Reason, message: &str, retry: Retry) -> Look {
        let finding = Finding::new(condition, Truth::False, reason, message);
        self.failed(Failure { finding, retry })
    }

    fn failed(&mut self, failure: Failure) -> Look {
        let mut findings = Vec::new();
        if failure.finding.condition == ConditionType::Programmed {
            findings.extend([accepted(), resolved_references()]);
        } else if failure.finding.condition == ConditionType::ResolvedRefs {
            findings.push(accepted());
        }
        findings.push(failure.finding);
        Look::Status {
            standing: Standing::Found(findings),
            retry: Next::At(failure.retry),
        }
    }

    fn unresolved(&mut self, unresolved: Unresolved, deleting: bool) -> Look {
        let mut message = unresolved.message;
        if deleting {
            message.push_str("; the deletion waits: widen the scope, set spec.deletionPolicy: Retain, or let go with the annotation privatelink.dev/abandon: \"true\"");
        }
        let retry = if unresolved.condition == ConditionType::Accepted {
            Retry::OnChange
        } else {
            Retry::Patiently
        };
        self.failing(unresolved.condition, unresolved.reason, &message, retry)
    }

    fn failed_or_unverified(&mut self, failure: Failure, settled: bool) -> Look {
        if !settled {
            return self.failed(failure);
        }
        if failure.finding.reason == Reason::Throttled {
            // The check comes later; nothing is wrong with the object.
            return Look::Nothing {
                retry: Next::At(failure.retry),
            };
        }
        self.unverified(&failure.finding.message)
    }

    fn unverified(&mut self, why: &str) -> Look {
        let since = self.memory.verified.map_or_else(
            || "this controller started".to_owned(),
            |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        );
        let message = format!("not verified since {since}: {why}");
        Look::Status {
            standing: Standing::Kept {
                reason: Reason::Unverified,
                message,
            },
            retry: Next::At(Retry::Backoff),
        }
    }

    /// Whether the kind's definition is being deleted, and every object with it. `None`: it could not be read.
    async fn definition_is_going(&self) -> Option<bool> {
        let name = format!(
            "{}.{}",
            <K::Object as kube::Resource>::plural(&()),
            <K::Object as kube::Resource>::group(&())
        );
        let api: Api<CustomResourceDefinition> = Api::all(self.context.kube.clone());
        match tokio::time::timeout(self.context.settings.kubernetes_timeout, api.get_opt(&name)).await {
            Ok(Ok(Some(definition))) => Some(definition.metadata.deletion_timestamp.is_some()),
            // Gone altogether: then so are the objects, and nothing may be deleted on their account.
            Ok(Ok(None)) => Some(true),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the custom resource definition could not be read");
                None
            }
            Err(_) => None,
        }
    }
}

fn kept(reason: Reason, message: &str) -> Look {
    Look::Status {
        standing: Standing::Kept {
            reason,
            message: message.to_owned(),
        },
        retry: Next::At(Retry::OnChange),
    }
}

fn accepted() -> Finding {
    Finding::new(
        ConditionType::Accepted,
        Truth::True,
        Reason::Succeeded,
        "spec and scope allow it",
    )
}

fn resolved_references() -> Finding {
    Finding::new(
        ConditionType::ResolvedRefs,
        Truth::True,
        Reason::Succeeded,
        "all references are resolved",
    )
}

fn programmed(reason: Reason, message: &str) -> Finding {
    Finding::new(ConditionType::Programmed, Truth::False, reason, message)
}

/// Adds our owner tags to what is wanted.
fn own(node: &mut DesiredNode, owner: &Owner) {
    if !node.model.taggable {
        return;
    }
    if let Some(body) = node.body.as_object_mut() {
        let tags = body
            .entry("tags")
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(tags) = tags.as_object_mut() {
            tags.extend(
                owner
                    .tags()
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), Value::from(value))),
            );
        }
    }
}
