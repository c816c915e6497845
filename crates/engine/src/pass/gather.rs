//! What a pass reads: the facts that a kind asks for, sweeps, and authoritative reads of nodes.

use std::sync::Arc;
use std::time::Duration;

use privatelink_api::{ConditionType, Reason};
use privatelink_arm::{ArmError, ArmErrorKind, Priority};
use serde_json::Value;
use tokio::time::Instant;

use super::{Look, MOST_ROUNDS, Next, Pass, Subject};
use crate::facts::{self, Fact, FactQuery, Fetched, KnownFacts, Listing};
use crate::failure::{Doing, Failure, Retry};
use crate::kind::{Kind, Missing, Outputs, Resolved, Snapshots, Unresolved, World};
use crate::lookup::Lookup;
use crate::plan::{DesiredNode, Observed, Snapshot};
use crate::scope::Scope;
use crate::sweeps::SweepTarget;
use crate::waiting;

/// What a question is put for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// How things are, after what the object may have written.
    Look,
    /// Whether something of others' is in the way of a write.
    Write,
}

/// When somebody looks again who found that another object makes the same.
const RESERVED: Duration = Duration::from_secs(10);

impl<K: Kind> Pass<'_, K> {
    /// Puts a question to the kind until it has read what it needs to answer. The inner error is what keeps it from an answer.
    async fn ask<T>(
        &mut self,
        scope: &Scope,
        settled: bool,
        swept_at: Option<Instant>,
        purpose: Purpose,
        question: impl Fn(&Self, &World<'_>) -> Result<T, Missing> + Send,
    ) -> Result<Result<T, Unresolved>, Look> {
        let mut facts = self.seen_beside.clone();
        let loans = self.draft.loans();
        for _ in 0..MOST_ROUNDS {
            let world = World {
                scope,
                facts: &facts,
                objects: &self.context.objects,
                loans: &loans,
                catalogue: self.context.settings.catalogue,
            };
            match question(self, &world) {
                Ok(answer) => return Ok(Ok(answer)),
                Err(Missing::Facts(queries)) => {
                    self.fetch(scope, queries, swept_at, purpose, &mut facts).await?;
                }
                Err(Missing::Lookups(lookups)) => self.look_up(lookups, &mut facts).await,
                Err(Missing::Definition(name)) => match self.definition_stays(name, Instant::now()).await {
                    Some(stays) => facts.insert_definition(name, stays),
                    None => {
                        let message = format!("the custom resource definition {name} could not be read");
                        return Err(self.failing(
                            ConditionType::Programmed,
                            Reason::Retrying,
                            &message,
                            Retry::Backoff,
                        ));
                    }
                },
                Err(Missing::Unresolved(unresolved)) => return Ok(Err(unresolved)),
                Err(Missing::Malformed(why)) => return Err(self.malformed(&why, settled)),
            }
        }
        tracing::error!(object = %self.key, "a kind asks for ever more");
        Err(self.failing(
            ConditionType::Programmed,
            Reason::Retrying,
            "what the object depends on could not be read in full",
            Retry::Backoff,
        ))
    }

    pub(super) async fn resolve(&mut self, subject: &Subject) -> Result<Resolved, Look> {
        let settled = self.settled();
        let resolved = self
            .ask(&subject.scope, settled, None, Purpose::Look, |pass, world| {
                K::resolve(pass.object, &subject.id, world)
            })
            .await?;
        resolved.map_err(|unresolved| {
            // What the scope does not let be read is not Azure's to let.
            let unread = unresolved.unreadable.as_ref();
            if unresolved.on_object {
                self.unresolved(unresolved)
            } else if unread.is_some_and(|id| subject.scope.may_read(id)) && self.was_ready() {
                self.unverified(&unresolved.message)
            } else {
                // What facts of Azure say may change without a word to us.
                self.unresolved_by_facts(unresolved)
            }
        })
    }

    /// What may be left of an object that is being deleted.
    pub(super) async fn depart(&mut self, subject: &Subject) -> Result<Resolved, Look> {
        let nodes = self
            .ask(&subject.scope, false, None, Purpose::Look, |pass, world| {
                K::departing(pass.object, &subject.id, world)
            })
            .await?;
        let nodes = nodes.map_err(|unresolved| self.unresolved(unresolved))?;
        let effective = self.draft.managed.effective.clone();
        Ok(Resolved { nodes, effective })
    }

    pub(super) async fn outputs(
        &mut self,
        scope: &Scope,
        resolved: &Resolved,
        snapshots: &Snapshots,
        settled: bool,
    ) -> Result<Outputs, Look> {
        let outputs = self
            .ask(scope, settled, self.swept_at, Purpose::Look, |pass, world| {
                K::outputs(pass.object, resolved, snapshots, &pass.draft.own, world)
            })
            .await?;
        outputs.map_err(|unresolved| self.unresolved(unresolved))
    }

    /// What status shows of a resource that is not as wanted: the rest of it is true all the same. What cannot be read is
    /// left as it was.
    pub(super) async fn glimpse(&mut self, subject: &Subject, resolved: &Resolved, snapshots: &Snapshots) {
        if snapshots.get(K::MAIN_NODE).is_none() {
            return;
        }
        if let Ok(outputs) = self.outputs(&subject.scope, resolved, snapshots, true).await {
            self.draft.own = outputs.status;
            self.glimpsed = outputs.findings;
        }
    }

    /// Whether the main resource may be deleted now: what lives in it may have to go first.
    pub(super) async fn may_depart(&mut self, subject: &Subject, seen: &Observed) -> Result<(), Look> {
        let Observed::Present(snapshot) = seen else {
            return Ok(());
        };
        let may = self
            .ask(&subject.scope, false, None, Purpose::Look, |pass, world| {
                K::departure(pass.object, &subject.id, snapshot, world)
            })
            .await?;
        may.map_err(|unresolved| self.unresolved(unresolved))
    }

    /// Whether a node beside the main one may be written now: what is in its way of others' stays as it is.
    pub(super) async fn may_write(
        &mut self,
        subject: &Subject,
        resolved: &Resolved,
        node: &DesiredNode,
        snapshots: &Snapshots,
    ) -> Result<(), Look> {
        let may = self
            .ask(&subject.scope, false, None, Purpose::Write, |pass, world| {
                K::admit(pass.object, resolved, node.name, snapshots, world)
            })
            .await?;
        match may {
            Ok(beside) if self.context.reservations.keep(&beside, self.key) => Ok(()),
            // By then the other's is there to be seen.
            Ok(_) => Err(Look::Nothing {
                retry: Next::At(Retry::After(RESERVED)),
            }),
            Err(unresolved) => {
                self.glimpse(subject, resolved, snapshots).await;
                Err(self.not_admitted(unresolved))
            }
        }
    }

    fn malformed(&mut self, why: &str, settled: bool) -> Look {
        let message = format!("Azure's answer has an unexpected shape: {why}");
        if settled || self.was_ready() {
            return self.unverified(&message);
        }
        self.failing(
            ConditionType::Programmed,
            Reason::Retrying,
            &message,
            Retry::Backoff,
        )
    }

    async fn fetch(
        &mut self,
        scope: &Scope,
        queries: Vec<FactQuery>,
        swept_at: Option<Instant>,
        purpose: Purpose,
        facts: &mut KnownFacts,
    ) -> Result<(), Look> {
        let session = self.session.clone();
        let (arm, sweeps) = (&session.arm, &session.sweeps);
        let listing = Listing {
            sweeps,
            swept: swept_at,
            wrote: self.wrote().filter(|_| purpose == Purpose::Look),
            sent: self.memory.nodes.values().filter_map(|node| node.sent).max(),
        };
        for query in queries {
            let collection = query.suffix.filter(|_| query.collection);
            self.context.waiting.note(self.key, &query.id, collection);
            if self.is_asked() {
                session.facts.forget(&query);
            }
            let priority = self.read_priority();
            match session.facts.fetch(arm, scope, &query, listing, priority).await {
                Ok(Fetched::Kept(fact)) => {
                    self.note_missed(&query, &fact);
                    facts.insert(&query, fact);
                }
                Ok(Fetched::Read(fact)) => {
                    self.begun = true;
                    self.note_missed(&query, &fact);
                    facts.insert(&query.clone().now(), fact.clone());
                    facts.insert(&query, fact);
                }
                Err(error) => {
                    let settled = self.settled();
                    return Err(self.failed_or_unverified(session.explain(&error, Doing::Reading), settled));
                }
            }
        }
        Ok(())
    }

    fn note_missed(&mut self, query: &FactQuery, fact: &Fact) {
        if *fact == Fact::Absent {
            let collection = query.suffix.filter(|_| query.collection);
            self.missed.push(waiting::about(&query.id, collection));
        }
    }

    async fn look_up(&self, lookups: Vec<Lookup>, facts: &mut KnownFacts) {
        let asked = lookups.iter().map(|lookup| self.context.resolver.lookup(lookup));
        let answers = futures::future::join_all(asked).await;
        for (lookup, answer) in lookups.into_iter().zip(answers) {
            facts.insert_lookup(lookup, answer);
        }
    }

    /// A read that may serve to say "as wanted"; unread where the scope does not let us list. A LIST that Azure has no
    /// time for is not replaced by a read of each object: that would cost more at the worst moment.
    pub(super) async fn swept(
        &mut self,
        subject: &Subject,
        node: &DesiredNode,
        settled: bool,
    ) -> Result<Observed, Look> {
        let parent = SweepTarget::parent(&node.id);
        let Some(parent) = parent.filter(|parent| subject.scope.may_list(parent)) else {
            return Ok(Observed::Unread);
        };
        let mut not_before = Instant::now()
            .checked_sub(self.context.sweep_age())
            .unwrap_or_else(Instant::now);
        if let Some(wrote) = self.wrote() {
            not_before = not_before.max(wrote);
        }
        let target = SweepTarget {
            parent: &parent,
            resource_type: node.model.resource_type,
            api_version: node.model.api_version,
        };
        let session = self.session.clone();
        let (arm, sweeps) = (&session.arm, &session.sweeps);
        let priority = if self.goes_on {
            Priority::Continued
        } else {
            Priority::Read
        };
        match sweeps.observe(arm, target, &node.id, not_before, priority).await {
            Ok((observed, began)) => {
                self.swept_at = Some(began);
                Ok(observed)
            }
            Err(error)
                if matches!(
                    error.kind,
                    ArmErrorKind::Forbidden | ArmErrorKind::NotFound | ArmErrorKind::Invalid
                ) =>
            {
                Ok(Observed::Unread)
            }
            Err(error) if settled || self.goes_on => {
                Err(self.failed_or_unverified(session.explain(&error, Doing::Reading), settled))
            }
            Err(error) => {
                let failure = session.explain(&error, Doing::Reading);
                if failure.finding.reason == Reason::IdentityFailed {
                    return Err(self.failed(failure));
                }
                // An outage says nothing about what was seen last, and whoever awaits an approval goes on doing so.
                Err(Look::Nothing {
                    retry: Next::At(failure.retry),
                })
            }
        }
    }

    /// Just after this process last wrote for the object: what was asked before says nothing.
    fn wrote(&self) -> Option<Instant> {
        let last = self.memory.nodes.values().filter_map(|node| node.wrote).max();
        last.map(|wrote| wrote + Duration::from_millis(1))
    }

    /// An authoritative read, held against what was written and seen before.
    pub(super) async fn read_and_judge(&mut self, node: &DesiredNode) -> Result<Observed, Failure> {
        self.swept_at = None;
        let read = self.read(node).await?;
        let (was_programmed, second_look) = (self.draft.was_programmed(), self.context.second_look());
        let memory = self.node(node.name);
        let expected = !memory.deleted && (memory.verified.is_some() || was_programmed);
        Ok(memory.judge(read, expected, second_look))
    }

    /// A read that has to wait would cost all that this pass has asked before, or its turn to write.
    fn read_priority(&self) -> Priority {
        match (self.winds_up, self.begun) {
            (true, _) => Priority::Drift,
            (false, true) => Priority::Continued,
            (false, false) => Priority::Read,
        }
    }

    async fn read(&mut self, node: &DesiredNode) -> Result<Observed, Failure> {
        if let Some(parent) = node.id.parent() {
            self.context.waiting.note(self.key, &parent, None);
        }
        let answer = if node.model.alone {
            self.read_with_siblings(node).await
        } else {
            self.read_alone(node).await
        };
        self.begun |= answer.is_ok()
            || answer
                .as_ref()
                .is_err_and(|error| error.kind == ArmErrorKind::NotFound);
        match answer {
            Ok(Some(snapshot)) => Ok(Observed::Present(snapshot)),
            Ok(None) => Ok(Observed::Absent),
            // A missing group has no resources; a subscription that is not to be seen says nothing (it may be the wrong
            // tenant's token); with a deletion that is success, with a creation the PUT will say so.
            Err(error) if error.kind == ArmErrorKind::NotFound && !error.has_code("SubscriptionNotFound") => {
                Ok(Observed::Absent)
            }
            Err(error) => Err(self.session.explain(&error, Doing::Reading)),
        }
    }

    async fn read_alone(&self, node: &DesiredNode) -> Result<Option<Snapshot>, ArmError> {
        let session = self.session.clone();
        let (arm, priority) = (&session.arm, self.read_priority());
        let reply = arm.get(&node.id, node.model.api_version, priority).await?;
        let etag = reply.etag;
        Ok(reply.body.map(|body| Snapshot { body, etag }))
    }

    /// Reads all that is under the node's parent: what Azure takes one of may be somebody else's.
    async fn read_with_siblings(&mut self, node: &DesiredNode) -> Result<Option<Snapshot>, ArmError> {
        let parent = node.id.parent();
        let (Some(parent), Some((_, segment))) = (parent, node.model.resource_type.rsplit_once('/')) else {
            return self.read_alone(node).await;
        };
        let query = FactQuery::of(&parent, node.model.api_version).all(segment);
        let session = self.session.clone();
        let (arm, priority) = (&session.arm, self.read_priority());
        let siblings = facts::list(arm, &query, segment, priority).await?;
        let is_node = |body: &&Value| {
            let id = body.get("id").and_then(Value::as_str);
            id.is_some_and(|id| id.eq_ignore_ascii_case(node.id.as_ref()))
        };
        let found = siblings.iter().find(is_node).cloned().map(Snapshot::listed);
        self.seen_beside
            .insert(&query, Fact::Known(Arc::new(Value::Array(siblings))));
        Ok(found)
    }
}
