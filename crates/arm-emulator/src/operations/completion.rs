//! The ends of operations, and of resources.

use std::sync::Arc;

use jiff::Timestamp;

use crate::operations::{Operation, OperationKind, Progress};
use crate::private_dns::registration;
use crate::request::write::share_etag;
use crate::state::State;
use crate::state::record::Record;
use crate::types::{self, EtagStyle};

/// Ends every operation whose time has come, in their order.
pub(crate) fn settle(state: &mut State, now: Timestamp) {
    state.clock = now;
    while let Some(name) = state.next_due(now) {
        let Some(mut operation) = state.operations.get(&name).cloned() else {
            continue;
        };
        // A later one has its name: its time is still to come.
        if operation.is_running() && operation.due > now {
            continue;
        }
        // What a DELETE has stopped has had its end.
        if operation.is_running() {
            let given_up = give_up(state, &operation);
            operation.progress = given_up
                .or_else(|| operation.will_end.clone())
                .unwrap_or(Progress::Succeeded);
            finish(state, &mut operation);
        }
        state.begin(operation);
    }
    state.forget_operations(now);
    registration::settle(state);
}

/// Takes out what was to be made and cannot be; how its operation ends then.
fn give_up(state: &mut State, operation: &Operation) -> Option<Progress> {
    if operation.kind != OperationKind::Create || operation.will_end.is_some() {
        return None;
    }
    let record = state.get(&operation.target.to_ascii_lowercase())?.clone();
    if record.operation.as_deref() != Some(operation.name.as_str()) {
        return None;
    }
    let failure = (types::find(&record.resource_type).table.hooks.given_up)(state, &record)?;
    remove_resource(state, &record);
    Some(Progress::Ended {
        status: "Failed".to_owned(),
        code: failure.code,
        message: failure.message,
    })
}

fn finish(state: &mut State, operation: &mut Operation) {
    let key = operation.target.to_ascii_lowercase();
    let succeeded = operation.progress == Progress::Succeeded;
    match operation.kind {
        OperationKind::Refused => {}
        OperationKind::Delete if succeeded && !key.contains("/providers/") => {
            if let Some(blocker) = crate::resources::groups::remove(state, &key) {
                operation.progress = Progress::Ended {
                    status: "Failed".to_owned(),
                    code: "ResourceGroupDeletionBlocked".to_owned(),
                    message: format!(
                        "Deletion of resource group failed as resources in it are in use: {blocker}."
                    ),
                };
                state.update(&key, |record| {
                    record.deleting = false;
                    record.operation = None;
                    record.provisioning_state = "Succeeded".to_owned();
                });
            }
        }
        // What has come since under the same id is none of its business.
        OperationKind::Delete if succeeded => {
            if let Some(record) = state.get(&key).filter(|record| record.deleting).cloned() {
                remove_resource(state, &record);
            }
            let etag = state.random.guid();
            if let Some(parent) = crate::request::place::parent_key(&key)
                && let Some(record) = state.get(parent)
                && types::find(&record.resource_type).table.etag == EtagStyle::Weak
            {
                state.update(parent, |parent| parent.etag = etag);
            }
        }
        _ if is_of_another(state, &key, operation) => {}
        _ => {
            let etag = operation.style.new_etag.then(|| state.random.guid());
            let ended = match &operation.progress {
                Progress::Ended { status, .. } => status.clone(),
                _ => "Succeeded".to_owned(),
            };
            state.update(&key, |record| {
                record.operation = None;
                record.deleting = false;
                record.provisioning_state = ended;
                if let Some(etag) = etag {
                    record.etag = etag;
                }
            });
            share_etag(state, &key);
            if let Some(record) = state.get(&key) {
                let ended = types::find(&record.resource_type).table.hooks.ended;
                ended(state, &key, succeeded);
            }
            if succeeded {
                crate::policy::effects::after(state, &key);
            }
        }
    }
}

/// Whether a resource is worked on by another operation: what an older one was about has gone, and the id was taken anew.
fn is_of_another(state: &State, key: &str, operation: &Operation) -> bool {
    let current = state.get(key).and_then(|record| record.operation.as_deref());
    current.is_some_and(|current| current != operation.name)
}

/// Takes a resource away with everything below it and everything that it brought into being.
pub(crate) fn remove_resource(state: &mut State, record: &Arc<Record>) {
    let key = record.key();
    let below: Vec<String> = state.descendants(&key).map(|(key, _)| key.to_string()).collect();
    for child in below {
        remove_one(state, &child);
    }
    remove_one(state, &key);
}

/// Takes out what another resource has brought into being, with what is on it, such as a lock.
pub(crate) fn remove_made(state: &mut State, id: &str) {
    let key = id.to_ascii_lowercase();
    let on_it: Vec<String> = state.descendants(&key).map(|(key, _)| key.to_string()).collect();
    for extension in on_it {
        remove_one(state, &extension);
    }
    state.remove(&key);
}

fn remove_one(state: &mut State, key: &str) {
    let Some(record) = state.get(key).cloned() else {
        return;
    };
    state.lingering_links.remove(key);
    (types::find(&record.resource_type).table.hooks.remove)(state, &record);
}

/// Takes the record out, and nothing else.
pub(crate) fn take_out(state: &mut State, record: &Arc<Record>) {
    state.remove(&record.key());
}
