//! The decision about somebody else's resource of which fields are wanted: never made, never deleted, and given back as it was.

use std::collections::BTreeMap;

use privatelink_arm::ResourceId;
use serde_json::Value;

use super::{Intent, NodeState, NodeStep, Observed, Provisioning, Refusal, Step, Wait};
use crate::diff::Applied;
use crate::loan::{self, Kept, Loans};

/// A step for somebody else's resource.
pub(super) enum LentStep {
    Record(Step),
    Node(NodeStep),
}

/// What makes fields of somebody else's resource as wanted, and gives back those that are no longer.
pub(super) fn lent(
    intent: &Intent,
    recorded: Option<&ResourceId>,
    state: &NodeState<'_>,
    fields: &Value,
    kept: &Kept,
) -> Option<LentStep> {
    let model = state.node.model;
    let (snapshot, swept) = match state.observed {
        Observed::Unread => return Some(LentStep::Node(NodeStep::Read)),
        Observed::Lagging => return Some(LentStep::Node(NodeStep::Wait(Wait::Lagging))),
        Observed::Absent if intent.observe_only => {
            let differences = Vec::new();
            return Some(LentStep::Node(NodeStep::Differs { differences }));
        }
        Observed::Absent => return Some(LentStep::Node(NodeStep::Refuse(Refusal::NotThere))),
        Observed::Swept(snapshot) => (snapshot, true),
        Observed::Present(snapshot) => (snapshot, false),
    };
    if !snapshot.body.get("properties").is_none_or(Value::is_object) {
        return Some(LentStep::Node(NodeStep::Refuse(Refusal::Malformed)));
    }
    let nothing = Loans::new();
    let loans = if intent.observe_only {
        &nothing
    } else {
        state.loans
    };
    let differences = loan::diff(model, fields, &snapshot.body, loans, kept);
    let needed = loan::needed(model, fields, Some(&snapshot.body), loans);
    let records = !intent.observe_only && needed.as_ref().is_some_and(|needed| needed != loans);
    let step = match snapshot.provisioning() {
        // Whatever becomes of it is decided on an authoritative read.
        _ if swept && (records || !differences.is_empty()) => NodeStep::Read,
        Provisioning::Running(word) => NodeStep::Wait(Wait::Busy(word)),
        _ if differences.is_empty() && !records => return None,
        _ if intent.observe_only => NodeStep::Differs { differences },
        _ if records => {
            return Some(LentStep::Record(Step::Record {
                resource_id: recorded.unwrap_or(&state.node.id).clone(),
                applied: BTreeMap::from([(state.node.name, Applied::new())]),
                loans: needed.unwrap_or_default(),
            }));
        }
        _ => NodeStep::Update {
            body: loan::merge(model, fields, &snapshot.body, loans, kept),
            if_match: snapshot.etag.clone(),
            differences,
            adopts: false,
        },
    };
    Some(LentStep::Node(step))
}

/// What gives back what we set in somebody else's resource; nothing where there is nothing to give back.
pub(super) fn give_back(state: &NodeState<'_>, fields: &Value, kept: &Kept) -> Option<NodeStep> {
    if state.loans.is_empty() {
        return None;
    }
    let model = state.node.model;
    match state.observed {
        Observed::Unread | Observed::Swept(_) => Some(NodeStep::Read),
        Observed::Lagging => Some(NodeStep::Wait(Wait::Lagging)),
        Observed::Absent => None,
        Observed::Present(snapshot) => {
            let differences = loan::diff(model, fields, &snapshot.body, state.loans, kept);
            match snapshot.provisioning() {
                Provisioning::Running(word) => Some(NodeStep::Wait(Wait::Busy(word))),
                _ if differences.is_empty() => None,
                _ => Some(NodeStep::Update {
                    body: loan::merge(model, fields, &snapshot.body, state.loans, kept),
                    if_match: snapshot.etag.clone(),
                    differences,
                    adopts: false,
                }),
            }
        }
    }
}
