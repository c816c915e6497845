//! What a pass does in Azure: one write, or one look at an operation.

use std::time::Duration;

use privatelink_api::{ConditionType, OperationKind, Reason};
use privatelink_arm::model::Conditional;
use privatelink_arm::{ArmError, ArmErrorKind, OperationUrl, Poll, Precondition, Priority, Reply};
use serde_json::Value;
use tokio::time::Instant;

use super::{Look, Next, POLL_PACE, Pass, Subject};
use crate::diff::owned_keys;
use crate::draft;
use crate::failure::{Doing, Retry};
use crate::kind::Kind;
use crate::loan;
use crate::memory::fingerprint;
use crate::plan::{DesiredNode, Observed, Provisioning, Snapshot, Want};

/// An operation that is this old and cannot be asked about is over: the resource says what became of it.
const OLD_OPERATION: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);
/// How many looks at an operation may fail in a row before status says so.
const QUIET_FAILURES: u32 = 3;

impl<K: Kind> Pass<'_, K> {
    /// Asks once how the recorded operation is doing. `None`: it is over, look at the resource. After the last node's
    /// operation there is nothing more to write: others go first.
    pub(super) async fn poll(&mut self, subject: &Subject, node: &DesiredNode, last: bool) -> Option<Look> {
        let memory = self.node(node.name);
        let operation = memory.operation.clone()?;
        if let Some(left) = memory
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
            .and_then(|url| OperationUrl::parse(self.session.arm.cloud(), url).ok());
        let url = url.filter(|url| subject.scope.knows_subscription(url.subscription_id()));
        let Some(url) = url else {
            self.node(node.name).end_operation(false);
            return None;
        };
        self.winds_up = last;
        let priority = if last { Priority::Drift } else { Priority::Poll };
        let answer = self.session.arm.poll(&url, priority).await;
        self.begun |= answer.is_ok();
        match answer {
            Ok(Poll::Running { retry_after }) => {
                let pace = retry_after.unwrap_or(POLL_PACE);
                self.node(node.name).poll_not_before = Some(Instant::now() + pace);
                let reason = self.reason_of(operation.kind);
                Some(self.progressing(reason, "an operation runs in Azure", Retry::After(pace)))
            }
            Ok(Poll::Succeeded | Poll::Gone) => {
                self.node(node.name).end_operation(false);
                None
            }
            Ok(Poll::Failed(error) | Poll::Canceled(error)) => {
                self.node(node.name).end_operation(true);
                Some(self.refused(&error, None))
            }
            Err(error) => self.poll_failed(node, &error, operation.started_at.0),
        }
    }

    /// A look at an operation failed, which says nothing about the operation.
    fn poll_failed(
        &mut self,
        node: &DesiredNode,
        error: &ArmError,
        started: jiff::Timestamp,
    ) -> Option<Look> {
        let hopeless = matches!(
            error.kind,
            ArmErrorKind::Forbidden
                | ArmErrorKind::Invalid
                | ArmErrorKind::Malformed
                | ArmErrorKind::ForeignHost
        );
        let asked = error.kind != ArmErrorKind::BudgetExhausted;
        if hopeless || asked && self.context.clock.now().duration_since(started) > OLD_OPERATION {
            tracing::warn!(object = %self.key, error = error as &dyn std::error::Error, correlation_id = error.correlation_id, "an operation cannot be asked about; the resource is read");
            self.node(node.name).end_operation(false);
            return None;
        }
        let failure = self.session.explain(error, Doing::Polling);
        if matches!(failure.retry, Retry::After(_)) || self.memory.failures < QUIET_FAILURES {
            return Some(Look::Nothing {
                retry: Next::At(failure.retry),
            });
        }
        Some(self.failed(failure))
    }

    pub(super) async fn create(&mut self, node: &DesiredNode, body: &Value) -> Look {
        // Where it is honoured, what somebody else makes between our look and our write is not overwritten.
        let precondition = match node.model.conditional {
            Conditional::Updates => Precondition::None,
            Conditional::CreationsToo => Precondition::IfNoneMatchAny,
        };
        self.put(node, body, None, precondition, OperationKind::Create, "created")
            .await
    }

    pub(super) async fn update(
        &mut self,
        node: &DesiredNode,
        body: &Value,
        seen: &Observed,
        if_match: Option<String>,
        adopts: bool,
    ) -> Look {
        let precondition = if_match.map_or(Precondition::None, Precondition::IfMatch);
        let done = if adopts { "adopted" } else { "updated" };
        self.put(
            node,
            body,
            snapshot(seen),
            precondition,
            OperationKind::Update,
            done,
        )
        .await
    }

    async fn put(
        &mut self,
        node: &DesiredNode,
        body: &Value,
        before: Option<&Snapshot>,
        precondition: Precondition,
        kind: OperationKind,
        done: &str,
    ) -> Look {
        let request = fingerprint((node.name, body.to_string()));
        if let Some(left) = self.refused_for(request) {
            return Look::Nothing {
                retry: Next::At(Retry::After(left)),
            };
        }
        let priority = if kind == OperationKind::Create {
            Priority::Create
        } else {
            Priority::Update
        };
        let arm = &self.session.arm;
        match arm
            .put(&node.id, node.model.api_version, body, precondition, priority)
            .await
        {
            Ok(reply) => {
                self.node(node.name).deleted = false;
                tracing::info!(object = %self.key, id = %node.id, generation = self.generation, correlation_id = reply.correlation_id, "{done} in Azure");
                self.written(node, before, reply, kind)
            }
            Err(error) if !error.had_no_effect() => self.answer_lost(node, before, &error, kind),
            Err(error) => self.refused(&error, Some(request)),
        }
    }

    pub(super) async fn delete(
        &mut self,
        node: &DesiredNode,
        seen: &Observed,
        if_match: Option<String>,
    ) -> Look {
        let precondition = if_match.map_or(Precondition::None, Precondition::IfMatch);
        let arm = &self.session.arm;
        match arm
            .delete(&node.id, node.model.api_version, precondition, Priority::Delete)
            .await
        {
            Ok(reply) => {
                tracing::info!(object = %self.key, id = %node.id, correlation_id = reply.correlation_id, "deleted in Azure");
                self.memory.verified = None;
                let memory = self.node(node.name);
                (memory.deleted, memory.verified) = (true, None);
                self.written(node, snapshot(seen), reply, OperationKind::Delete)
            }
            Err(error) if !error.had_no_effect() => {
                self.answer_lost(node, snapshot(seen), &error, OperationKind::Delete)
            }
            Err(error) => self.refused(&error, None),
        }
    }

    /// Azure took a write: from here on only a read can say what came of it.
    fn written(
        &mut self,
        node: &DesiredNode,
        before: Option<&Snapshot>,
        reply: Reply,
        kind: OperationKind,
    ) -> Look {
        // A retry of what failed before: status goes on telling of the failure until it is over.
        let quiet = kind != OperationKind::Delete && self.keeps_failure();
        let now = self.context.clock.now();
        self.memory.failures = 0;
        self.memory.refused = None;
        self.memory.turn = None;
        self.memory.departs |= self.deleting();
        if let Some(refused) = &reply.operation_refused {
            tracing::error!(object = %self.key, refused, correlation_id = reply.correlation_id, "Azure named an operation that is not one of this cloud's; it is not followed");
        }
        self.confirm(node);
        if kind != OperationKind::Delete
            && let Some(contest) = &mut self.memory.contest
        {
            contest.correct(now);
        }
        let wanted = super::wanted(node);
        let memory = self.node(node.name);
        memory.written = (kind != OperationKind::Delete).then_some((wanted, now));
        let supersedes = memory.note_write(before);
        let pace = match reply.operation {
            None => Duration::from_secs(1),
            Some(url) => {
                let pace = reply.retry_after.unwrap_or(POLL_PACE);
                let operation = draft::operation(node.name, kind, url.to_string(), supersedes, now);
                memory.operation = Some(operation);
                memory.quiet = quiet;
                memory.poll_not_before = Some(Instant::now() + pace);
                pace
            }
        };
        let reason = self.reason_of(Some(kind));
        let message = match reason {
            Reason::Creating => "the resource is being created in Azure",
            Reason::Deleting => "the resource is being deleted in Azure",
            Reason::DriftDetected => "somebody changed the resource in Azure; it is being put back",
            _ => "the resource is being updated in Azure",
        };
        self.progressing(reason, message, Retry::After(pace))
    }

    /// The answer to a write was lost, or Azure failed over it: only a read can say what came of it.
    fn answer_lost(
        &mut self,
        node: &DesiredNode,
        before: Option<&Snapshot>,
        error: &ArmError,
        kind: OperationKind,
    ) -> Look {
        tracing::warn!(object = %self.key, id = %node.id, error = error as &dyn std::error::Error, correlation_id = error.correlation_id, "the answer to a write was lost");
        self.memory.departs |= self.deleting();
        // What it was about to put may be there or not: a read that shows all as wanted will say.
        self.node(node.name).note_lost_answer(before);
        if matches!(error.kind, ArmErrorKind::Server | ArmErrorKind::Malformed) {
            return self.refused(error, None);
        }
        let reason = self.reason_of(Some(kind));
        let message = "Azure's answer to the last change was lost; what came of it is looked up";
        self.progressing(reason, message, Retry::After(self.context.lag_pace()))
    }

    /// Status lists what a write has put into shared maps and lists.
    fn confirm(&mut self, node: &DesiredNode) {
        match &node.want {
            Want::Present(body) => self.draft.confirm(node.name, &owned_keys(node.model, body)),
            Want::Lent { fields, .. } => {
                let confirmed = loan::confirmed(node.model, fields, &self.draft.loans());
                self.draft.set_loans(&confirmed);
            }
            Want::Absent => {}
        }
    }

    /// Azure did not take a write, or said later that it failed.
    fn refused(&mut self, error: &ArmError, request: Option<u64>) -> Look {
        let failure = self.session.explain(error, Doing::Writing);
        match error.kind {
            // Somebody else wrote between our read and our write: read again.
            ArmErrorKind::PreconditionFailed => {
                return self.progressing(
                    Reason::Retrying,
                    "the resource changed in Azure while it was being updated; it is read again",
                    Retry::Backoff,
                );
            }
            ArmErrorKind::Fenced | ArmErrorKind::BudgetExhausted => {
                self.memory.turn = error.retry_after.map(|wait| Instant::now() + wait);
                return Look::Nothing {
                    retry: Next::At(failure.retry),
                };
            }
            _ => {}
        }
        let passing = matches!(failure.finding.reason, Reason::Throttled | Reason::ParentBusy);
        self.memory.failed_write |= !passing;
        let pause = match failure.retry {
            Retry::Slowly => Some(Duration::from_secs(290)),
            Retry::Patiently => Some(Duration::from_secs(25)),
            _ => None,
        };
        if let (Some(request), Some(pause)) = (request, pause) {
            self.memory.refused = Some((request, Instant::now() + pause));
        }
        self.handled();
        self.failed(failure)
    }

    /// Our last write ended badly, as the resource shows; how, nobody could be asked. That is nobody else's change.
    pub(super) fn ended_unseen(&mut self, node: &DesiredNode, seen: &Observed) -> Option<Look> {
        let Provisioning::Ended(word) = snapshot(seen)?.provisioning() else {
            return None;
        };
        let (_, written) = self.node(node.name).written?;
        if self.memory.verified.is_some_and(|verified| verified > written) {
            return None;
        }
        self.node(node.name).end_operation(true);
        self.memory.failed_write = true;
        self.handled();
        let message = format!(
            "Azure ended the change as {word}, and why is not known: to ask takes {}; the activity log of the resource has it too",
            node.model.operations.unwrap_or("a right to read operations")
        );
        Some(self.failing(
            ConditionType::Programmed,
            Reason::Retrying,
            &message,
            Retry::Patiently,
        ))
    }

    /// For how long a request is not sent again that Azure has refused; none where somebody asks for another try.
    fn refused_for(&self, request: u64) -> Option<Duration> {
        let (refused, until) = self.memory.refused?;
        let left = until
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())?;
        (refused == request && !self.is_asked()).then_some(left)
    }

    /// What status calls an operation.
    pub(super) fn reason_of(&self, kind: Option<OperationKind>) -> Reason {
        match kind {
            Some(OperationKind::Delete) => Reason::Deleting,
            Some(OperationKind::Create) => Reason::Creating,
            Some(OperationKind::Update) if self.memory.correcting => Reason::DriftDetected,
            Some(OperationKind::Update) => Reason::Updating,
            None => self.reason_of_waiting(),
        }
    }
}

fn snapshot(seen: &Observed) -> Option<&Snapshot> {
    match seen {
        Observed::Present(snapshot) => Some(snapshot),
        _ => None,
    }
}
