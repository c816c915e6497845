//! The decision of one pass: from what is wanted, what is there and what we know of ourselves to the one next step.
//!
//! Pure and total: every combination of inputs has an answer, and nothing here reads a clock, a network or a store.
//! The driver does exactly the step that comes out, so crash safety is a property of this file: before a write
//! there is always a recorded id and a finalizer, and after one there is always a read.

use privatelink_arm::ResourceId;
use privatelink_arm::model::{Change, ResourceModel};
use serde_json::Value;

use crate::diff::{self, Applied, Difference, at};
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
    /// The resource that is there is dead and has to go before a new one is made.
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

/// One resource of the desired graph.
#[derive(Clone, Debug)]
pub struct DesiredNode {
    /// The node's name within its kind, for instance `endpoint`.
    pub name: &'static str,
    pub id: ResourceId,
    pub model: &'static ResourceModel,
    /// Only the fields that we own.
    pub body: Value,
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
    /// Azure answers as it did before our last write: its reads lag.
    Lagging,
}

/// A resource as a read showed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub body: Value,
    pub etag: Option<String>,
}

impl Snapshot {
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

/// What we know of a node from our own record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The id that status names for the main node.
    pub resource_id: Option<ResourceId>,
    /// The keys that status says we put into shared maps and lists.
    pub applied: Applied,
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
    /// Write the id, and the keys that the next write adds, into status.
    Record {
        resource_id: ResourceId,
        applied: Applied,
    },
    /// Read the node authoritatively.
    Read,
    /// Ask how the recorded operation is doing.
    Poll,
    /// Azure is busy with the node; look again later. The text is Azure's provisioning state, or says that reads lag.
    Wait {
        state: String,
    },
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
    /// Azure is as wanted.
    InSync,
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
}

/// The state of a node whose reads do not show what our last write made.
const LAGGING: &str = "reads do not show yet what should be there; they may lag";

/// Decides the next step for one node.
pub fn plan(
    intent: &Intent,
    owner: &Owner,
    node: &DesiredNode,
    observed: &Observed,
    record: &Record,
) -> Step {
    if intent.deleting {
        plan_deletion(intent, owner, node, observed, record)
    } else {
        plan_presence(intent, owner, node, observed, record)
    }
}

fn plan_deletion(
    intent: &Intent,
    owner: &Owner,
    node: &DesiredNode,
    observed: &Observed,
    record: &Record,
) -> Step {
    if !intent.finalizer {
        return Step::InSync;
    }
    if intent.retain || intent.observe_only {
        return Step::RemoveFinalizer;
    }
    if record.operation {
        return Step::Poll;
    }
    match observed {
        Observed::Unread | Observed::Swept(_) => Step::Read,
        Observed::Lagging => Step::Wait {
            state: LAGGING.to_owned(),
        },
        Observed::Absent => Step::RemoveFinalizer,
        Observed::Present(snapshot) => match (
            OwnerTag::of(&snapshot.body, node.model, owner),
            snapshot.provisioning(),
        ) {
            (OwnerTag::Ours, Provisioning::Running(state)) => Step::Wait { state },
            (OwnerTag::Ours, _) => Step::Delete {
                if_match: condition(node.model, snapshot),
            },
            // Somebody else's by now, or never ours: not ours to delete.
            _ => Step::RemoveFinalizer,
        },
    }
}

fn plan_presence(
    intent: &Intent,
    owner: &Owner,
    node: &DesiredNode,
    observed: &Observed,
    record: &Record,
) -> Step {
    if !intent.observe_only {
        if record.operation {
            return Step::Poll;
        }
        if let Some(step) = prepare(intent, node, record) {
            return step;
        }
    }
    match observed {
        Observed::Unread => Step::Read,
        Observed::Lagging => Step::Wait {
            state: LAGGING.to_owned(),
        },
        Observed::Absent if intent.observe_only => Step::Differs {
            differences: Vec::new(),
        },
        Observed::Absent => Step::Create {
            body: node.body.clone(),
        },
        Observed::Swept(snapshot) => match plan_present(intent, owner, node, snapshot, record) {
            Step::InSync => Step::InSync,
            // Whatever has to be done about it is decided on an authoritative read.
            _ => Step::Read,
        },
        Observed::Present(snapshot) => plan_present(intent, owner, node, snapshot, record),
    }
}

fn plan_present(
    intent: &Intent,
    owner: &Owner,
    node: &DesiredNode,
    snapshot: &Snapshot,
    record: &Record,
) -> Step {
    if !snapshot.body.get("properties").is_none_or(Value::is_object) {
        return Step::Refuse(Refusal::Malformed);
    }
    let tag = OwnerTag::of(&snapshot.body, node.model, owner);
    let mut differences = diff::diff(node.model, &node.body, &snapshot.body, &record.applied);
    if intent.observe_only {
        differences.retain(|difference| !owner.is_tag_path(&difference.path));
        return match snapshot.provisioning() {
            Provisioning::Running(state) => Step::Wait { state },
            _ if differences.is_empty() => Step::InSync,
            _ => Step::Differs { differences },
        };
    }
    let adopts = match &tag {
        OwnerTag::Ours => false,
        OwnerTag::None if intent.adoption.unowned => true,
        OwnerTag::Other { owner_id } if intent.adoption.from.as_deref() == Some(owner_id.as_str()) => true,
        _ => {
            differences.retain(|difference| !owner.is_tag_path(&difference.path));
            return Step::Refuse(Refusal::NotOwned {
                owner: tag,
                differences,
            });
        }
    };
    if intent.recreate && !adopts && !matches!(snapshot.provisioning(), Provisioning::Running(_)) {
        return Step::Delete {
            if_match: condition(node.model, snapshot),
        };
    }
    match snapshot.provisioning() {
        Provisioning::Running(state) => return Step::Wait { state },
        Provisioning::Ended(state) => differences.push(Difference {
            path: "properties.provisioningState".to_owned(),
            wanted: Some(Value::from("Succeeded")),
            found: Some(Value::from(state)),
            change: Change::Allowed,
        }),
        Provisioning::AtRest => {}
    }
    if differences
        .iter()
        .any(|difference| difference.change == Change::OnCreation)
    {
        differences.retain(|difference| difference.change == Change::OnCreation);
        return Step::Refuse(Refusal::NotUpdatable { differences });
    }
    if differences.is_empty() {
        return Step::InSync;
    }
    let body = diff::merge(node.model, &node.body, Some(&snapshot.body), &record.applied);
    Step::Update {
        body,
        if_match: condition(node.model, snapshot),
        differences,
        adopts,
    }
}

/// What has to be written down before the object's resource may be touched.
fn prepare(intent: &Intent, node: &DesiredNode, record: &Record) -> Option<Step> {
    if !intent.finalizer {
        return Some(Step::EnsureFinalizer);
    }
    let mut applied = record.applied.clone();
    for (path, keys) in diff::owned_keys(node.model, &node.body) {
        applied.entry(path).or_default().extend(keys);
    }
    let recorded = record.resource_id.as_ref() == Some(&node.id) && applied == record.applied;
    (!recorded).then(|| Step::Record {
        resource_id: node.id.clone(),
        applied,
    })
}

fn condition(model: &ResourceModel, snapshot: &Snapshot) -> Option<String> {
    snapshot.etag.clone().filter(|_| model.conditional)
}
