//! Status while a pass works on it: the part that all kinds share, typed, and the kind's own part.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use privatelink_api::{
    ConditionType, Difference as StatusDifference, ManagedResource, ManagedStatus, Operation, OperationKind,
    Reason,
};
use privatelink_arm::ResourceId;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::diff::{self, Applied, Difference};
use crate::loan::{self, Loans};

/// Stands before the field of keys that a write is about to put into Azure: until it has, others may have put them there.
const PENDING: &str = "+";
/// At most this many differences are shown.
const MOST_DIFFERENCES: usize = 20;
/// A difference's value is shown up to this length.
const MOST_TEXT: usize = 200;

#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub managed: ManagedStatus,
    /// The kind's own fields.
    pub own: Map<String, Value>,
}

impl Draft {
    /// The status that an object has.
    pub fn of<K: ManagedResource>(object: &K) -> Self {
        Draft::read(
            status_of(object),
            object.managed_status().cloned().unwrap_or_default(),
        )
    }

    /// A status that we wrote ourselves.
    pub fn of_value(status: &Value) -> Self {
        Draft::read(
            status.clone(),
            ManagedStatus::deserialize(status).unwrap_or_default(),
        )
    }

    fn read(status: Value, managed: ManagedStatus) -> Self {
        let own = match status {
            Value::Object(map) => map
                .into_iter()
                .filter(|(name, _)| !SHARED.contains(&name.as_str()))
                .collect(),
            _ => Map::new(),
        };
        Draft { managed, own }
    }

    /// The status to write.
    pub fn to_value(&self) -> Value {
        let mut status = self.own.clone();
        if let Ok(Value::Object(managed)) = serde_json::to_value(&self.managed) {
            status.extend(managed.into_iter().filter(|(_, value)| !value.is_null()));
        }
        Value::Object(status)
    }

    /// The keys that a node put into shared maps and lists.
    pub fn applied(&self, node: &str) -> Applied {
        self.keys(node, |path| (!path.starts_with(PENDING)).then_some(path))
    }

    /// The keys that a write of a node is about to put there, or has put without that being seen.
    fn pending(&self, node: &str) -> Applied {
        self.keys(node, |path| path.strip_prefix(PENDING))
    }

    fn keys(&self, node: &str, name: impl Fn(&str) -> Option<&str>) -> Applied {
        let fields = self.managed.applied.get(node).into_iter().flatten();
        fields
            .filter_map(|(path, keys)| Some((name(path)?.to_owned(), keys.iter().cloned().collect())))
            .collect()
    }

    /// All keys that status lists for a node.
    pub fn listed(&self, node: &str) -> Applied {
        diff::union(self.applied(node), &self.pending(node))
    }

    /// Lists the keys of a node that the next write puts there, beside those that are there.
    pub fn set_listed(&mut self, node: &str, listed: &Applied) {
        let applied = self.applied(node);
        let pending = diff::without(listed, &applied);
        let fields = pending
            .into_iter()
            .map(|(path, keys)| (format!("{PENDING}{path}"), keys));
        self.write_keys(node, applied.clone().into_iter().chain(fields).collect());
    }

    /// What a node has put into shared maps and lists, and nothing else.
    pub fn set_applied(&mut self, node: &str, applied: &Applied) {
        self.write_keys(node, applied.clone());
    }

    /// Azure took a write: what it carried is there. What else was about to be put is not.
    pub fn confirm(&mut self, node: &str, carried: &Applied) {
        if self.managed.applied.contains_key(node) {
            self.write_keys(node, diff::union(self.applied(node), carried));
        }
    }

    fn write_keys(&mut self, node: &str, keys: Applied) {
        let fields = keys
            .into_iter()
            .map(|(path, keys)| (path, keys.into_iter().collect()))
            .collect();
        self.managed.applied.insert(node.to_owned(), fields);
    }

    /// What fields of somebody else's resource held before we set them.
    pub fn loans(&self) -> Loans {
        loan::from_status(&self.managed.previous)
    }

    pub fn set_loans(&mut self, loans: &Loans) {
        self.managed.previous = loan::to_status(loans);
    }

    pub fn resource_id(&self) -> Option<ResourceId> {
        self.managed
            .resource_id
            .as_deref()
            .and_then(|id| ResourceId::parse(id).ok())
    }

    pub fn operation(&self, node: &str) -> Option<&Operation> {
        self.managed
            .operations
            .iter()
            .find(|operation| operation.node == node)
    }

    pub fn set_operation(&mut self, node: &str, operation: Option<Operation>) {
        self.managed.operations.retain(|operation| operation.node != node);
        self.managed.operations.extend(operation);
    }

    pub fn set_differences(&mut self, differences: &[Difference]) {
        self.managed.differences = differences.iter().take(MOST_DIFFERENCES).map(show).collect();
    }

    /// Why Ready has the status that it has.
    pub fn ready_reason(&self) -> Option<Reason> {
        let ready = self
            .managed
            .conditions
            .iter()
            .find(|shown| shown.type_ == ConditionType::Ready.as_str())?;
        Reason::ALL
            .iter()
            .find(|reason| reason.as_str() == ready.reason)
            .copied()
    }

    /// Whether a user must act, as far as was found for a generation.
    pub fn is_stalled_at(&self, generation: i64) -> bool {
        self.is_true_at(ConditionType::Stalled, generation)
    }

    /// Whether the resource was seen to be as some generation wanted it.
    pub fn was_programmed(&self) -> bool {
        let programmed = ConditionType::Programmed.as_str();
        self.managed
            .conditions
            .iter()
            .any(|shown| shown.type_ == programmed && shown.status == "True")
    }

    /// Whether a condition was said to be True for a generation.
    pub fn is_true_at(&self, condition: ConditionType, generation: i64) -> bool {
        self.managed.observed_generation == Some(generation)
            && self
                .managed
                .conditions
                .iter()
                .any(|shown| shown.type_ == condition.as_str() && shown.status == "True")
    }
}

/// The merge patch that takes away what a status has and a wanted one has not: whoever may write status gains nothing
/// by what stays in it. `None` where nothing does.
pub fn leftovers(shown: &Value, wanted: &Value) -> Option<Value> {
    match (shown, wanted) {
        (Value::Object(shown), Value::Object(wanted)) => {
            let patch: Map<String, Value> = shown
                .iter()
                .filter_map(|(name, shown)| match wanted.get(name) {
                    None => Some((name.clone(), Value::Null)),
                    Some(wanted) => leftovers(shown, wanted).map(|patch| (name.clone(), patch)),
                })
                .collect();
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        (Value::Array(shown), Value::Array(kept)) => {
            let extra = shown.iter().any(|element| !kept.contains(element));
            extra.then(|| wanted.clone())
        }
        _ => None,
    }
}

/// An object's status as JSON.
pub fn status_of<K: ManagedResource>(object: &K) -> Value {
    serde_json::to_value(object)
        .ok()
        .and_then(|mut object| object.get_mut("status").map(Value::take))
        .unwrap_or(Value::Null)
}

/// The names of the fields that all kinds share.
const SHARED: [&str; 9] = [
    "observedGeneration",
    "conditions",
    "lastHandledReconcileAt",
    "resourceId",
    "effective",
    "applied",
    "previous",
    "operations",
    "differences",
];

fn show(difference: &Difference) -> StatusDifference {
    StatusDifference {
        path: difference.path.clone(),
        wanted: difference.wanted.as_ref().map(text),
        found: difference.found.as_ref().map(text),
    }
}

fn text(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() <= MOST_TEXT {
        text
    } else {
        text.chars().take(MOST_TEXT - 1).chain(['…']).collect()
    }
}

/// The record of an operation.
pub fn operation(
    node: &str,
    kind: OperationKind,
    url: String,
    supersedes: Option<String>,
    now: Timestamp,
) -> Operation {
    Operation {
        node: node.to_owned(),
        url: Some(url),
        started_at: Time(now),
        kind: Some(kind),
        supersedes: supersedes.filter(|etag| etag.len() <= 256),
    }
}
