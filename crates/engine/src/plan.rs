//! The decision of one pass: from what is wanted, what is there and what we know of ourselves to the one next step.
//!
//! Pure and total: every combination of inputs has an answer, and nothing here reads a clock, a network or a store.
//! The driver does exactly the step that comes out, so crash safety is a property of this file: before a write
//! there is always a recorded id and a finalizer, and after one there is always a read.
//!
//! An object wants a short list of nodes. They are made in their order, each when those before it are as wanted, and
//! taken away in the reverse order.

mod lent;

use std::collections::BTreeMap;

use privatelink_arm::ResourceId;
use privatelink_arm::model::{Change, ResourceModel};
use serde_json::Value;

use crate::diff::{self, Applied, Difference, at};
use crate::loan::{self, Kept, Loans};
use crate::ownership::{Owner, OwnerTag};

/// What is to become of the object's resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The object has a deletion timestamp.
    pub deleting: bool,
    /// Our finalizer is on the object.
    pub finalizer: bool,
    /// Compare only: no finalizer, no write.
    pub observe_only: bool,
    /// Deleting the object leaves Azure as it is.
    pub retain: bool,
    /// The object's main resource is dead and has to go before a new one is made.
    pub recreate: bool,
    pub adoption: Adoption,
}

/// Whether a resource that is there and not ours may be taken over.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Adoption {
    /// A resource without an owner may be taken.
    pub unowned: bool,
    /// A resource of this other owner id may be taken.
    pub from: Option<String>,
}

/// One resource of the desired graph. The first node is the object's main one: `status.resourceId` names it.
#[derive(Clone, Debug)]
pub struct DesiredNode {
    /// The node's name within its kind, for instance `endpoint`.
    pub name: &'static str,
    pub id: ResourceId,
    pub model: &'static ResourceModel,
    pub want: Want,
}

/// What is wanted of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Want {
    /// It is there and like this: only the fields that we own.
    Present(Value),
    /// It is not there, where it was ours.
    Absent,
    /// It is somebody else's, and these fields of it are to be like this; what we set besides is given back.
    Lent {
        fields: Value,
        /// What is not given back, and why.
        kept: Kept,
    },
}

impl Want {
    /// The fields that we own, of a node that is to be there.
    pub fn body(&self) -> Option<&Value> {
        match self {
            Want::Present(body) | Want::Lent { fields: body, .. } => Some(body),
            Want::Absent => None,
        }
    }
}

/// What is known of a node in Azure.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    /// Nobody looked, or the look is too old for a decision.
    Unread,
    /// A read that may serve to say "in sync", but no write is decided on it.
    Swept(Snapshot),
    Absent,
    Present(Snapshot),
    /// Azure does not show yet what our last write made, or what was there a moment ago: its reads lag.
    Lagging,
}

/// A resource as a read showed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub body: Value,
    pub etag: Option<String>,
}

impl Snapshot {
    /// What a LIST shows.
    pub fn listed(body: Value) -> Self {
        let etag = body.get("etag").and_then(Value::as_str).map(str::to_owned);
        Snapshot { body, etag }
    }

    /// Azure's word for what the resource is doing. Absent means that it is at rest.
    pub fn provisioning(&self) -> Provisioning {
        match at(&self.body, &["properties", "provisioningState"]).and_then(Value::as_str) {
            None => Provisioning::AtRest,
            Some(state) if state.eq_ignore_ascii_case("Succeeded") => Provisioning::AtRest,
            Some(state) if ["failed", "canceled"].contains(&state.to_ascii_lowercase().as_str()) => {
                Provisioning::Ended(state.to_owned())
            }
            Some(state) => Provisioning::Running(state.to_owned()),
        }
    }
}

/// `provisioningState`, in the three ways that matter. An unknown word counts as running: nothing is written on a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provisioning {
    AtRest,
    Running(String),
    Ended(String),
}

/// A node, what Azure shows of it, and what we know of it from our own record.
#[derive(Clone, Debug)]
pub struct NodeState<'a> {
    pub node: &'a DesiredNode,
    pub observed: &'a Observed,
    /// The keys that status says we put into shared maps and lists, or were about to.
    pub listed: &'a Applied,
    /// Those of them that a write which Azure took has put there: what is dropped of these is removed.
    pub applied: &'a Applied,
    /// What status says that fields held before we set them, where the node is somebody else's.
    pub loans: &'a Loans,
    /// Status tells of the node: whoever comes after us knows that it may be there.
    pub recorded: bool,
    /// An operation of this node runs and has not been seen to end.
    pub operation: bool,
}

/// The one next step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Put our finalizer on the object.
    EnsureFinalizer,
    /// Take our finalizer off: nothing of ours is left, or it is to be left alone.
    RemoveFinalizer,
    /// Write the main node's id, and by node the keys that the next writes add, into status.
    Record {
        resource_id: ResourceId,
        applied: BTreeMap<&'static str, Applied>,
        /// What fields of somebody else's resource held before.
        loans: Loans,
    },
    /// A step of one node, by its place in the list.
    Node(usize, NodeStep),
    /// Azure is as wanted.
    InSync,
}

/// A step of one node.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeStep {
    /// Read the node authoritatively.
    Read,
    /// Ask how the recorded operation is doing.
    Poll,
    /// Nothing can be done now; look again later.
    Wait(Wait),
    Create {
        body: Value,
    },
    Update {
        body: Value,
        if_match: Option<String>,
        differences: Vec<Difference>,
        adopts: bool,
    },
    Delete {
        if_match: Option<String>,
    },
    /// A user must act.
    Refuse(Refusal),
    /// Observed only: Azure is not as wanted. No differences: it is not there at all.
    Differs {
        differences: Vec<Difference>,
    },
}

impl NodeStep {
    /// Whether it changes something in Azure.
    pub fn writes(&self) -> bool {
        matches!(
            self,
            NodeStep::Create { .. } | NodeStep::Update { .. } | NodeStep::Delete { .. }
        )
    }
}

/// Why nothing can be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// See [`Observed::Lagging`].
    Lagging,
    /// Azure is at work on the resource; its provisioning state.
    Busy(String),
}

/// Why a step is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The resource is there and not ours.
    NotOwned {
        owner: OwnerTag,
        differences: Vec<Difference>,
    },
    /// Fields differ that Azure takes at creation only.
    NotUpdatable { differences: Vec<Difference> },
    /// The body is not one that a resource of this type can have.
    Malformed,
    /// Somebody else's resource, of which fields are wanted, is not there.
    NotThere,
}

/// What one node comes to.
enum Verdict {
    Act(NodeStep),
    /// As wanted.
    Settled,
}

/// Decides the next step for an object. `recorded` is the id that status names.
pub fn plan(intent: &Intent, owner: &Owner, recorded: Option<&ResourceId>, nodes: &[NodeState<'_>]) -> Step {
    if intent.deleting {
        return plan_deletion(intent, owner, nodes);
    }
    if !intent.observe_only {
        if let Some(index) = nodes.iter().position(|state| state.operation) {
            return Step::Node(index, NodeStep::Poll);
        }
        if let Some(step) = prepare(intent, recorded, nodes) {
            return step;
        }
    }
    let unwanted = nodes
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, state)| state.node.want == Want::Absent);
    let wanted = nodes
        .iter()
        .enumerate()
        .filter(|(_, state)| state.node.want != Want::Absent);
    for (index, state) in unwanted.chain(wanted) {
        match &state.node.want {
            Want::Absent if intent.observe_only => {}
            Want::Absent => {
                if let Some(step) = departure(owner, nodes, index, state) {
                    return step;
                }
            }
            Want::Present(body) => {
                let recreate = intent.recreate && index == 0;
                if let Verdict::Act(step) = presence(intent, recreate, owner, nodes, state, body) {
                    return Step::Node(index, step);
                }
            }
            Want::Lent { fields, kept } => match lent::lent(intent, recorded, state, fields, kept) {
                Some(lent::LentStep::Record(step)) => return step,
                Some(lent::LentStep::Node(step)) => return Step::Node(index, step),
                None => {}
            },
        }
    }
    Step::InSync
}

fn plan_deletion(intent: &Intent, owner: &Owner, nodes: &[NodeState<'_>]) -> Step {
    if !intent.finalizer {
        return Step::InSync;
    }
    if intent.retain || intent.observe_only {
        return Step::RemoveFinalizer;
    }
    if let Some(index) = nodes.iter().position(|state| state.operation) {
        return Step::Node(index, NodeStep::Poll);
    }
    for (index, state) in nodes.iter().enumerate().rev() {
        let step = match &state.node.want {
            Want::Lent { fields, kept } => {
                lent::give_back(state, fields, kept).map(|step| Step::Node(index, step))
            }
            _ => departure(owner, nodes, index, state),
        };
        if let Some(step) = step {
            return step;
        }
    }
    Step::RemoveFinalizer
}

/// What takes a node away that is ours; what is not ours is nothing to take away.
fn departure(owner: &Owner, nodes: &[NodeState<'_>], index: usize, state: &NodeState<'_>) -> Option<Step> {
    if let Some(main) = titled_by(nodes, state)
        && matches!(main.observed, Observed::Unread | Observed::Swept(_))
    {
        return Some(Step::Node(0, NodeStep::Read));
    }
    let step = match state.observed {
        Observed::Unread | Observed::Swept(_) => NodeStep::Read,
        Observed::Lagging => NodeStep::Wait(Wait::Lagging),
        Observed::Absent => return None,
        Observed::Present(snapshot) => {
            match (title(owner, nodes, state, snapshot), snapshot.provisioning()) {
                (OwnerTag::Ours, Provisioning::Running(word)) => NodeStep::Wait(Wait::Busy(word)),
                (OwnerTag::Ours, _) => NodeStep::Delete {
                    if_match: snapshot.etag.clone(),
                },
                // Somebody else's by now, or never ours: not ours to delete.
                _ => return None,
            }
        }
    };
    Some(Step::Node(index, step))
}

fn presence(
    intent: &Intent,
    recreate: bool,
    owner: &Owner,
    nodes: &[NodeState<'_>],
    state: &NodeState<'_>,
    body: &Value,
) -> Verdict {
    match state.observed {
        Observed::Unread => Verdict::Act(NodeStep::Read),
        Observed::Lagging => Verdict::Act(NodeStep::Wait(Wait::Lagging)),
        Observed::Absent if intent.observe_only => Verdict::Act(NodeStep::Differs {
            differences: Vec::new(),
        }),
        Observed::Absent => Verdict::Act(NodeStep::Create { body: body.clone() }),
        Observed::Swept(snapshot) => match present(intent, recreate, owner, nodes, state, body, snapshot) {
            Verdict::Settled => Verdict::Settled,
            // Whatever has to be done about it is decided on an authoritative read.
            Verdict::Act(_) => Verdict::Act(NodeStep::Read),
        },
        Observed::Present(snapshot) => present(intent, recreate, owner, nodes, state, body, snapshot),
    }
}

fn present(
    intent: &Intent,
    recreate: bool,
    owner: &Owner,
    nodes: &[NodeState<'_>],
    state: &NodeState<'_>,
    wanted: &Value,
    snapshot: &Snapshot,
) -> Verdict {
    let model = state.node.model;
    if !snapshot.body.get("properties").is_none_or(Value::is_object) {
        return Verdict::Act(NodeStep::Refuse(Refusal::Malformed));
    }
    let title = title(owner, nodes, state, snapshot);
    // In what is not ours yet, nothing was put by us.
    let nothing = Applied::new();
    let applied = if title == OwnerTag::Ours {
        state.applied
    } else {
        &nothing
    };
    let mut differences = diff::diff(model, wanted, &snapshot.body, applied);
    if intent.observe_only {
        differences.retain(|difference| !owner.is_mark(&difference.path));
        return match snapshot.provisioning() {
            Provisioning::Running(word) => Verdict::Act(NodeStep::Wait(Wait::Busy(word))),
            _ if differences.is_empty() => Verdict::Settled,
            _ => Verdict::Act(NodeStep::Differs { differences }),
        };
    }
    let adopts = match &title {
        OwnerTag::Ours => false,
        OwnerTag::None if intent.adoption.unowned => true,
        OwnerTag::Other { owner_id } if intent.adoption.from.as_deref() == Some(owner_id.as_str()) => true,
        _ => {
            differences.retain(|difference| !owner.is_mark(&difference.path));
            return Verdict::Act(NodeStep::Refuse(Refusal::NotOwned {
                owner: title,
                differences,
            }));
        }
    };
    if recreate && !adopts && !matches!(snapshot.provisioning(), Provisioning::Running(_)) {
        return Verdict::Act(NodeStep::Delete {
            if_match: snapshot.etag.clone(),
        });
    }
    match snapshot.provisioning() {
        Provisioning::Running(word) => return Verdict::Act(NodeStep::Wait(Wait::Busy(word))),
        Provisioning::Ended(word) => differences.push(Difference {
            path: "properties.provisioningState".to_owned(),
            wanted: Some(Value::from("Succeeded")),
            found: Some(Value::from(word)),
            change: Change::Allowed,
        }),
        Provisioning::AtRest => {}
    }
    if differences
        .iter()
        .any(|difference| difference.change == Change::OnCreation)
    {
        if titled_by(nodes, state).is_some() {
            // Part of the main resource and all ours: Azure takes the change by another creation only.
            return Verdict::Act(NodeStep::Delete {
                if_match: snapshot.etag.clone(),
            });
        }
        differences.retain(|difference| difference.change == Change::OnCreation);
        return Verdict::Act(NodeStep::Refuse(Refusal::NotUpdatable { differences }));
    }
    if differences.is_empty() {
        return Verdict::Settled;
    }
    Verdict::Act(NodeStep::Update {
        body: diff::merge(model, wanted, Some(&snapshot.body), applied),
        if_match: snapshot.etag.clone(),
        differences,
        adopts,
    })
}

/// Whose a resource is. One that cannot carry a mark is whose the main node is, where it lives under that.
fn title(owner: &Owner, nodes: &[NodeState<'_>], state: &NodeState<'_>, snapshot: &Snapshot) -> OwnerTag {
    match titled_by(nodes, state) {
        None => OwnerTag::of(&snapshot.body, state.node.model, owner),
        Some(main) => match main.observed {
            Observed::Present(parent) | Observed::Swept(parent) => {
                OwnerTag::of(&parent.body, main.node.model, owner)
            }
            _ => OwnerTag::None,
        },
    }
}

/// The main node, for a node that cannot carry a mark and lives under it.
fn titled_by<'a, 'b>(nodes: &'a [NodeState<'b>], state: &NodeState<'_>) -> Option<&'a NodeState<'b>> {
    nodes
        .first()
        .filter(|main| state.node.model.mark.is_none() && main.node.model.mark.is_some())
        .filter(|main| state.node.id.is_at_or_under(&main.node.id))
}

/// What has to be written down before the object's resources may be touched.
fn prepare(intent: &Intent, recorded: Option<&ResourceId>, nodes: &[NodeState<'_>]) -> Option<Step> {
    if !intent.finalizer {
        return Some(Step::EnsureFinalizer);
    }
    let main = nodes.first()?;
    let mut complete = recorded == Some(&main.node.id);
    let mut applied = BTreeMap::new();
    let mut loans = Loans::new();
    for state in nodes {
        let body = match &state.node.want {
            Want::Present(body) => body,
            Want::Absent => continue,
            Want::Lent { fields, .. } => {
                // What it held before can be said once it has been seen.
                let needed = loan::needed(state.node.model, fields, None, state.loans);
                let needed = needed.unwrap_or_else(|| state.loans.clone());
                complete &= state.recorded && needed == *state.loans;
                loans.extend(needed);
                applied.insert(state.node.name, Applied::new());
                continue;
            }
        };
        let mut keys = state.listed.clone();
        for (path, owned) in diff::owned_keys(state.node.model, body) {
            keys.entry(path).or_default().extend(owned);
        }
        complete &= state.recorded && keys == *state.listed;
        applied.insert(state.node.name, keys);
    }
    (!complete).then(|| Step::Record {
        resource_id: main.node.id.clone(),
        applied,
        loans,
    })
}
