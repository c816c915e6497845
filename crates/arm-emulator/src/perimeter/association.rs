//! Associations: which resources are in a perimeter, by which profile, and how strictly.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{around, associable, bad, configuration};
use crate::body;
use crate::operations::completion;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, parent_key};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};

/// A resource is in one perimeter, whose profile the association names.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &draft.record;
    let key = record.key();
    let id_at = |record: &Record, name: &str| {
        let id = record.text(&["properties", name, "id"]);
        id.unwrap_or_default().to_ascii_lowercase()
    };
    let Some(perimeter) = around(world.state, &key).cloned() else {
        return Ok(());
    };
    let Some(target) = world.state.get(&id_at(record, "privateLinkResource")).cloned() else {
        return Ok(());
    };
    let profile = id_at(record, "profile");
    if parent_key(&profile) != Some(&perimeter.key()) {
        return Err(bad(format!(
            "Profile {profile} of association {} is not in its perimeter.",
            record.id
        )));
    }
    if associable::of(&target.resource_type).is_none() {
        return Err(bad(format!(
            "Resource {} cannot be associated with a network security perimeter: its type {} is not onboarded.",
            target.id, target.resource_type
        )));
    }
    if existing.is_some_and(|old| id_at(old, "privateLinkResource") != target.key()) {
        return Err(bad(format!(
            "The resource of association {} cannot be changed.",
            record.id
        )));
    }
    let claim = format!("perimeter:{}", target.key());
    let taken = world.state.claimant(&claim).filter(|other| other.key() != key);
    if let Some(other) = taken {
        let (name, mode) = (other.name(), mode(other));
        let mode = mode.as_str().unwrap_or_default().to_ascii_lowercase();
        draft.fails = Some((
            "Conflict".to_owned(),
            format!(
                "Only a single association with access mode '{mode}' is allowed. Association '{name}' already uses access mode '{mode}' on resource {}.",
                target.id
            ),
        ));
        return Ok(());
    }
    if let Some(mirror) = configuration::of(world, &draft.record, &perimeter, &target) {
        draft.also.push(mirror);
    }
    draft.record.claims = vec![claim];
    Ok(())
}

/// ARM behaviour: an association of a resource that another perimeter has is accepted, fails, and is not there.
pub(crate) fn ended(state: &mut State, key: &str, succeeded: bool) {
    let without_effect = |record: &Arc<Record>| record.claims.is_empty();
    if !succeeded && state.get(key).is_some_and(without_effect) {
        state.remove(key);
    }
}

/// Takes an association away, and its mirror.
pub(crate) fn remove(state: &mut State, record: &Arc<Record>) {
    let mirrors: Vec<String> = state
        .referrers(&record.key())
        .map(|mirror| mirror.key())
        .collect();
    completion::take_out(state, record);
    for mirror in mirrors {
        state.remove(&mirror);
    }
}

/// Whether what the association says did not reach its resource.
pub(super) fn has_issues(association: &Record) -> bool {
    ["Failed", "Canceled"].contains(&association.provisioning_state.as_str())
}

/// Adds whether the resource has taken it over.
pub(crate) fn show(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let issues = if has_issues(record) { "yes" } else { "no" };
    properties.insert("hasProvisioningIssues".into(), json!(issues));
}

/// Lets the resource take over once more what the association says; whether that changed anything.
pub(super) fn settle(state: &mut State, key: &str) -> bool {
    let failed = state.get(key).is_some_and(|association| has_issues(association));
    if failed {
        state.update(key, |association| {
            "Succeeded".clone_into(&mut association.provisioning_state);
        });
    }
    failed
}

/// Asks the resource to take over what the association says.
pub(crate) fn reconcile(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let changed = settle(world.state, &place.key);
    Ok(Outcome::json(200, json!({})).changed(changed))
}

/// The access mode.
pub(super) fn mode(association: &Record) -> Value {
    let mode = body::at(&association.body, "properties.accessMode");
    mode.cloned().unwrap_or_default()
}
