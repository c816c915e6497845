//! One pass over one object: guard, resolve, observe, plan, act, record.
//!
//! A pass makes at most one write to Azure and at most one to Kubernetes, and never sleeps on Azure: what takes
//! time is recorded and looked at again.

mod act;
mod contested;
mod gather;
mod guard;
mod lent;
mod standing;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use privatelink_api::{ConditionType, Reason};
use privatelink_arm::ResourceId;
use serde_json::Value;
use tokio::time::Instant;

use crate::context::Context;
use crate::diff::Applied;
use crate::draft::Draft;
use crate::facts::KnownFacts;
use crate::failure::Retry;
use crate::identity::Session;
use crate::kind::{Finding, Kind, ObjectKey, Resolved, Snapshots};
use crate::memory::{Memory, NodeMemory, fingerprint};
use crate::ownership::Owner;
use crate::plan::{DesiredNode, Intent, NodeState, NodeStep, Observed, Refusal, Step, Wait, Want, plan};
use crate::scope::Scope;
use crate::status::{Standing, failing};

/// How often facts may be asked for within a pass; more is a kind that never has enough.
const MOST_ROUNDS: usize = 12;
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
    /// As whom Azure is called: nobody, until the scope is known.
    pub(crate) session: Arc<Session>,
    pub(crate) key: &'a ObjectKey,
    pub(crate) object: &'a K::Object,
    pub(crate) memory: &'a mut Memory<K::Object>,
    pub(crate) draft: &'a mut Draft,
    pub(crate) generation: i64,
    /// Azure has answered this pass, or its write has its turn: its reads go on with what was begun.
    pub(crate) begun: bool,
    /// The last write is done: what is read now leads to no other, as far as is known.
    pub(crate) winds_up: bool,
    /// Whether this pass goes on with the work of the one before.
    pub(crate) goes_on: bool,
    /// Azure changes the object's resource and others one at a time, and it is this object's turn.
    pub(crate) in_turn: bool,
    /// What was asked about and is not there, as [`crate::waiting`] knows it.
    pub(crate) missed: Vec<String>,
    /// What was read beside a node.
    pub(crate) seen_beside: KnownFacts,
    /// When the sweep began that this pass goes by; none once something was read authoritatively.
    pub(crate) swept_at: Option<Instant>,
    /// What the kind says of a resource that is not as wanted, beside that.
    pub(crate) glimpsed: Vec<Finding>,
}

/// What we know of a node from our own record; see [`NodeState`].
struct Record {
    listed: Applied,
    applied: Applied,
    recorded: bool,
    operation: bool,
}

/// What came of writing a node once more.
enum Rewrite {
    /// It has to be read first.
    Read,
    Written(Look),
}

/// What the guard lets through.
struct Subject {
    scope: Arc<Scope>,
    id: ResourceId,
    owner: Owner,
    intent: Intent,
    /// The main node, where the guard had to look at it.
    seen: Observed,
}

impl<K: Kind> Pass<'_, K> {
    pub(crate) async fn look(&mut self) -> Look {
        if !K::IN_AZURE {
            return self.look_at_others().await;
        }
        self.show_operations();
        let look = match self.guard().await {
            Ok(subject) => self.advance(subject).await,
            Err(look) => look,
        };
        self.show_operations();
        look
    }

    /// Says of an object that has nothing of its own in Azure how those are that it is about.
    async fn look_at_others(&mut self) -> Look {
        let scope = match self.scope_alone() {
            Ok(scope) => scope,
            Err(look) => return look,
        };
        let resolved = Resolved {
            nodes: Vec::new(),
            effective: BTreeMap::from([("scope".to_owned(), scope.name().to_owned())]),
        };
        self.draft.managed.effective.clone_from(&resolved.effective);
        match self
            .outputs(&scope, &resolved, &Snapshots::default(), false)
            .await
        {
            Ok(outputs) => self.in_sync(&[], outputs),
            Err(look) => look,
        }
    }

    /// Brings Azure to what the object wants, or takes away what it made, a step at a time.
    async fn advance(&mut self, mut subject: Subject) -> Look {
        let resolved = if subject.intent.deleting {
            self.depart(&subject).await
        } else {
            self.resolve(&subject).await
        };
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(look) => return look,
        };
        self.draft.managed.effective.clone_from(&resolved.effective);
        let mut nodes = resolved.nodes.clone();
        nodes.iter_mut().for_each(|node| own(node, &subject.owner));
        let settled = self.settled();
        let mut observed = match self.first_look(&mut subject, &nodes, settled).await {
            Ok(observed) => observed,
            Err(look) => return look,
        };
        for _ in 0..MOST_ROUNDS + 2 * nodes.len() {
            let (index, step) = match self.plan(&subject, &nodes, &observed) {
                Step::EnsureFinalizer => return Look::Finalizer { present: true },
                Step::RemoveFinalizer => {
                    if !nodes.iter().all(|node| self.is_given_back(node)) {
                        return self.lagging(settled);
                    }
                    self.tell_what_is_left(&nodes, &observed).await;
                    return Look::Finalizer { present: false };
                }
                Step::Record {
                    resource_id,
                    applied,
                    loans,
                } => {
                    self.draft.managed.resource_id = Some(resource_id.to_string());
                    for (node, listed) in &applied {
                        self.draft.set_listed(node, listed);
                    }
                    self.draft.set_loans(&loans);
                    for (node, seen) in nodes.iter().zip(&observed) {
                        if let Observed::Present(snapshot) = seen {
                            self.node(node.name).carried = Some(Box::new(snapshot.clone()));
                        }
                    }
                    return self.recorded(settled);
                }
                Step::Node(index, step) => (index, step),
                Step::InSync => {
                    let snapshots = snapshots(&nodes, &observed);
                    let outputs = match self.outputs(&subject.scope, &resolved, &snapshots, settled).await {
                        Ok(outputs) => outputs,
                        Err(look) => return look,
                    };
                    let swept = observed.iter().any(|seen| matches!(seen, Observed::Swept(_)));
                    match &outputs.recreate {
                        Some(why) if !subject.intent.recreate && !subject.intent.observe_only => {
                            tracing::info!(object = %self.key, why, "the resource is made anew");
                            subject.intent.recreate = true;
                            observed.fill(Observed::Unread);
                        }
                        // Ready is said only after an authoritative read.
                        _ if swept && !settled && failing(&outputs.findings).is_none() => {
                            observed.fill(Observed::Unread);
                        }
                        _ => {
                            let rewrite = outputs.rewrite.clone().filter(|_| !subject.intent.observe_only);
                            if let Some((name, why)) = rewrite
                                && let Some(look) = self
                                    .rewrite(&subject, &resolved, &nodes, &mut observed, name, &why)
                                    .await
                            {
                                match look {
                                    Rewrite::Read => continue,
                                    Rewrite::Written(look) => return look,
                                }
                            }
                            return self.in_sync(&nodes, outputs);
                        }
                    }
                    continue;
                }
            };
            if subject.intent.deleting
                && step.writes()
                && let Err(look) = self.hold_deletion(&subject.scope)
            {
                return look;
            }
            if index == 0 && shows_something(&step) {
                let snapshots = snapshots(&nodes, &observed);
                self.glimpse(&subject, &resolved, &snapshots).await;
            }
            if index > 0
                && matches!(step, NodeStep::Create { .. } | NodeStep::Update { .. })
                && let Some(node) = nodes.get(index)
            {
                // Nodes are made one after the other: those before this one are as wanted, and are expected to stay.
                for before in nodes
                    .iter()
                    .take(index)
                    .filter(|before| before.want != Want::Absent)
                {
                    self.node(before.name).verified = Some(wanted(before));
                }
                let snapshots = snapshots(&nodes, &observed);
                if let Err(look) = self.may_write(&subject, &resolved, node, &snapshots).await {
                    return look;
                }
            }
            let (Some(node), Some(seen)) = (nodes.get(index), observed.get_mut(index)) else {
                break;
            };
            match step {
                NodeStep::Read => {
                    let differs = matches!(seen, Observed::Swept(_));
                    if (differs || !settled) && !self.has_turn(node) {
                        return self.in_line();
                    }
                    match self.read_and_judge(node).await {
                        Ok(read) => *seen = read,
                        Err(failure) => return self.failed_or_unverified(failure, settled),
                    }
                }
                NodeStep::Poll if node.model.one_at_a_time && !self.in_turn => {
                    // Another process may have begun it: nobody else's turn it is, as far as is known here.
                    self.has_turn(node);
                    self.in_turn = true;
                }
                NodeStep::Poll => match self.poll(&subject, node, index + 1 == nodes.len()).await {
                    None => *seen = Observed::Unread,
                    Some(look) => return look,
                },
                NodeStep::Wait(Wait::Lagging) => return self.lagging(settled),
                NodeStep::Wait(Wait::Busy(_)) if settled && matches!(node.want, Want::Lent { .. }) => {
                    // Ours was done: it is at work for somebody else, and what it shows when it is through says more.
                    return Look::Nothing {
                        retry: Next::At(Retry::After(POLL_PACE)),
                    };
                }
                NodeStep::Wait(Wait::Busy(state)) => return self.busy(&state),
                NodeStep::Create { body } => {
                    if self.was_wanted(node, settled)
                        && let Some(look) = self.contested(node, &[])
                    {
                        return look;
                    }
                    return self.create(node, &body).await;
                }
                NodeStep::Update {
                    body,
                    if_match,
                    differences,
                    adopts,
                } => {
                    if node.model.one_at_a_time && !self.in_turn {
                        // What was read before it had the turn may have changed since.
                        if !self.has_turn(node) {
                            return self.in_line();
                        }
                        *seen = Observed::Unread;
                        continue;
                    }
                    if let Some(look) = self.ended_unseen(node, seen) {
                        return look;
                    }
                    let undone = !adopts && self.was_wanted(node, settled);
                    self.memory.correcting |= undone;
                    if undone
                        && !subject.intent.deleting
                        && let Some(look) = self.contested(node, &differences)
                    {
                        return look;
                    }
                    let worth_showing = self.memory.correcting || adopts;
                    self.draft
                        .set_differences(if worth_showing { &differences } else { &[] });
                    return self.update(node, &body, seen, if_match, adopts).await;
                }
                NodeStep::Delete { if_match } => {
                    if index == 0 && subject.intent.deleting {
                        let seen = seen.clone();
                        if let Err(look) = self.may_depart(&subject, &seen).await {
                            return look;
                        }
                        return self.delete(node, &seen, if_match).await;
                    }
                    return self.delete(node, seen, if_match).await;
                }
                NodeStep::Refuse(refusal) => return self.refuse(refusal),
                NodeStep::Differs { differences } => return self.differs(&differences),
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

    /// Writes a node that is as wanted once more, after an authoritative read. None: it was not long ago.
    async fn rewrite(
        &mut self,
        subject: &Subject,
        resolved: &Resolved,
        nodes: &[DesiredNode],
        observed: &mut [Observed],
        name: &str,
        why: &str,
    ) -> Option<Rewrite> {
        let shown = snapshots(nodes, observed);
        let index = nodes.iter().position(|node| node.name == name)?;
        let (node, seen) = (nodes.get(index)?, observed.get_mut(index)?);
        let Want::Present(body) = &node.want else {
            return None;
        };
        if let Observed::Swept(_) = seen {
            *seen = Observed::Unread;
            return Some(Rewrite::Read);
        }
        let if_match = match seen {
            Observed::Present(snapshot) if self.node(node.name).may_rewrite() => snapshot.etag.clone(),
            _ => return None,
        };
        if let Err(look) = self.may_write(subject, resolved, node, &shown).await {
            return Some(Rewrite::Written(look));
        }
        let wrote = self.node(node.name).wrote;
        tracing::info!(object = %self.key, id = %node.id, why, "the resource is written once more");
        self.memory.correcting = true;
        let seen = seen.clone();
        let look = self.update(node, body, &seen, if_match, false).await;
        // One that Azure had no time for, or refused, was none.
        let memory = self.node(node.name);
        if memory.wrote != wrote {
            memory.note_rewrite();
        }
        Some(Rewrite::Written(look))
    }

    /// Whether what is wanted of a node was there, or Azure took it: somebody has changed that since. What is wanted may have
    /// changed without spec: the scope's defaults.
    fn was_wanted(&mut self, node: &DesiredNode, settled: bool) -> bool {
        let wanted = wanted(node);
        let memory = self.node(node.name);
        let as_before = memory.verified.is_none_or(|last| last == wanted);
        let written = memory.written.is_some_and(|(last, _)| last == wanted);
        let done = settled || self.programmed() || self.memory.correcting || self.is_contested();
        as_before && done || written
    }

    fn plan(&mut self, subject: &Subject, nodes: &[DesiredNode], observed: &[Observed]) -> Step {
        let records: Vec<Record> = nodes.iter().map(|node| self.record(node)).collect();
        let loans = self.draft.loans();
        let states: Vec<NodeState<'_>> = nodes
            .iter()
            .zip(observed)
            .zip(&records)
            .map(|((node, observed), record)| NodeState {
                node,
                observed,
                listed: &record.listed,
                applied: &record.applied,
                loans: &loans,
                recorded: record.recorded,
                operation: record.operation,
            })
            .collect();
        let recorded = self.draft.resource_id();
        plan(&subject.intent, &subject.owner, recorded.as_ref(), &states)
    }

    fn record(&mut self, node: &DesiredNode) -> Record {
        Record {
            listed: self.draft.listed(node.name),
            applied: self.draft.applied(node.name),
            recorded: self.draft.managed.applied.contains_key(node.name),
            operation: self.node(node.name).operation.is_some(),
        }
    }

    /// What is known of the nodes before anything is asked for: what the guard saw, and sweeps where they may serve.
    async fn first_look(
        &mut self,
        subject: &mut Subject,
        nodes: &[DesiredNode],
        settled: bool,
    ) -> Result<Vec<Observed>, Look> {
        let mut observed = vec![std::mem::replace(&mut subject.seen, Observed::Unread)];
        observed.resize(nodes.len(), Observed::Unread);
        if subject.intent.deleting {
            return Ok(observed);
        }
        let all = settled || self.programmed();
        for (node, seen) in nodes.iter().zip(&mut observed) {
            let carried = self.node(node.name).carried.take();
            if let Some(snapshot) = carried.filter(|_| self.goes_on && *seen == Observed::Unread) {
                // Read a moment ago, to record what was there; a write on it says which state it was.
                *seen = Observed::Present(*snapshot);
                self.in_turn = self.has_turn(node);
                continue;
            }
            if self.gives_back(node) {
                continue;
            }
            if *seen == Observed::Unread && (all || self.was_seen_as_wanted(node)) {
                *seen = self.swept(subject, node, settled).await?;
            }
        }
        Ok(observed)
    }

    /// Whether the pass that this one goes on with saw the node to be as wanted: a LIST that does as well is enough to go on
    /// to the next node.
    fn was_seen_as_wanted(&mut self, node: &DesiredNode) -> bool {
        let expected = Some(wanted(node));
        self.goes_on && self.undisturbed() && self.node(node.name).verified == expected
    }

    /// What is remembered of a node; at first, what status says of it.
    fn node(&mut self, name: &'static str) -> &mut NodeMemory {
        let draft = &*self.draft;
        self.memory
            .nodes
            .entry(name, || NodeMemory::resumed(draft.operation(name).cloned()))
    }

    /// Status tells of the operations that this process knows of. Those of nodes that it has not come to stay; those of
    /// nodes that the kind does not have are nobody's.
    fn show_operations(&mut self) {
        let known = |node: &str| node == K::MAIN_NODE || K::OTHER_NODES.contains(&node);
        self.draft
            .managed
            .operations
            .retain(|operation| known(&operation.node));
        for (name, node) in self.memory.nodes.iter() {
            let shown = node.operation.clone().filter(|_| !node.quiet);
            self.draft.set_operation(name, shown);
        }
    }
}

/// Whether a step is about a resource that is ours, or only looked at, and that says more than that it differs.
fn shows_something(step: &NodeStep) -> bool {
    matches!(
        step,
        NodeStep::Update { adopts: false, .. }
            | NodeStep::Differs { .. }
            | NodeStep::Refuse(Refusal::NotUpdatable { .. })
    )
}

/// Stands for what is wanted of a node.
fn wanted(node: &DesiredNode) -> u64 {
    node.want.body().map_or(0, |body| fingerprint(body.to_string()))
}

/// The nodes that are wanted, as they were seen.
fn snapshots(nodes: &[DesiredNode], observed: &[Observed]) -> Snapshots {
    let seen = nodes
        .iter()
        .zip(observed)
        .filter_map(|(node, observed)| match (node.want.body(), observed) {
            (Some(_), Observed::Present(snapshot) | Observed::Swept(snapshot)) => {
                Some((node.name, snapshot.clone()))
            }
            _ => None,
        });
    Snapshots(seen.collect())
}

/// Adds our marks to what is wanted.
fn own(node: &mut DesiredNode, owner: &Owner) {
    let (Want::Present(body), Some(path)) = (&mut node.want, node.model.mark) else {
        return;
    };
    let empty = || Value::Object(serde_json::Map::new());
    let map = path.iter().try_fold(body, |value, name| {
        let map = value.as_object_mut()?;
        Some(map.entry((*name).to_owned()).or_insert_with(empty))
    });
    if let Some(map) = map.and_then(Value::as_object_mut) {
        let marks = owner.tags().into_iter();
        map.extend(marks.map(|(name, value)| (name.to_owned(), Value::from(value))));
    }
}
