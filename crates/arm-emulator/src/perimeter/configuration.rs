//! What a resource in a perimeter knows of it: `networkSecurityPerimeterConfigurations`, made from the association, its
//! profile and the rules at every read.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{around, association};
use crate::body;
use crate::operations::completion;
use crate::operations::{self, OperationKind};
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{World, fresh};
use crate::types::{self, Pace};

/// Where the record names its association.
const ASSOCIATION: [&str; 3] = ["properties", "resourceAssociation", "id"];

/// The mirror of an association on its resource, where there is none yet.
pub(super) fn of(
    world: &mut World<'_, '_>,
    association: &Record,
    perimeter: &Record,
    target: &Record,
) -> Option<Record> {
    let (guid, name) = (&perimeter.guid, association.name());
    let list = "networkSecurityPerimeterConfigurations";
    let id = format!("{}/{list}/{guid}.{name}", target.id);
    if world.state.get(&id.to_ascii_lowercase()).is_some() {
        return None;
    }
    let mut record = fresh(world, &id, &format!("{}/{list}", target.resource_type));
    record.body = json!({"properties": {
        "networkSecurityPerimeter": {"id": perimeter.id},
        "resourceAssociation": {"id": association.id},
    }})
    .into();
    record.references = body::referred(&record.body, &record.key());
    Some(record)
}

fn association_of<'a>(state: &'a State, record: &Record) -> Option<&'a Arc<Record>> {
    state.get(&record.text(&ASSOCIATION)?.to_ascii_lowercase())
}

/// A version that is a number here and a text in the perimeter.
fn version(profile: &Record, name: &str) -> u64 {
    profile
        .text(&["properties", name])
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

/// Puts what the resource knows in place of what the record says.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let Some(association) = association_of(state, record) else {
        return;
    };
    let shown = match association.provisioning_state.as_str() {
        settled @ ("Succeeded" | "Failed" | "Canceled" | "Deleting") => settled,
        _ => "Accepted",
    };
    properties.insert("provisioningState".into(), json!(shown));
    let mut issues = Vec::new();
    if association::has_issues(association) {
        issues.push(json!({"name": "ConfigurationPropagationFailure", "properties": {
            "issueType": "ConfigurationPropagationFailure",
            "severity": "Error",
            "description": format!("The configuration of association {} could not be applied to the resource.", association.id),
        }}));
    }
    properties.insert("provisioningIssues".into(), Value::Array(issues));
    properties.insert(
        "resourceAssociation".into(),
        json!({"name": association.name(), "accessMode": association::mode(association)}),
    );
    let profile = association
        .text(&["properties", "profile", "id"])
        .and_then(|id| state.get(&id.to_ascii_lowercase()));
    let Some((perimeter, profile)) = around(state, &association.key()).zip(profile) else {
        return;
    };
    properties.insert(
        "networkSecurityPerimeter".into(),
        json!({"id": perimeter.id, "perimeterGuid": perimeter.guid, "location": perimeter.location()}),
    );
    let rules: Vec<Value> = state
        .collection(&format!("{}/accessrules", profile.key()))
        .map(|rule| json!({"name": rule.name(), "properties": rule.body.get("properties")}))
        .collect();
    let logging = state.get(&format!("{}/loggingconfigurations/instance", perimeter.key()));
    let categories = logging.map_or_else(Vec::new, |logging| {
        body::texts(&logging.body, "properties.enabledLogCategories")
    });
    properties.insert(
        "profile".into(),
        json!({
            "name": profile.name(),
            "accessRulesVersion": version(profile, "accessRulesVersion"),
            "accessRules": rules,
            "diagnosticSettingsVersion": version(profile, "diagnosticSettingsVersion"),
            "enabledLogCategories": categories,
        }),
    );
}

/// What is not there any more is in no perimeter: the association goes with its resource.
pub(crate) fn remove(state: &mut State, record: &Arc<Record>) {
    let association = association_of(state, record).map(|association| association.key());
    completion::take_out(state, record);
    if let Some(association) = association {
        state.remove(&association);
    }
}

/// Asks the resource to take its configuration over once more.
pub(crate) fn reconcile(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let table = types::find(&place.resource_type).table;
    let Some(record) = world.state.get(&place.key).cloned() else {
        return Err((table.hooks.missing)(world, place, "action"));
    };
    let pace = Pace {
        seconds: 3.0,
        retry_after: 3,
    };
    let operation = operations::begin(world, place, &record, table, OperationKind::Update, pace);
    let mut outcome = Outcome::empty(202).changed(true);
    outcome.headers = operations::headers_of_write(&operation, world.call, pace);
    let name = operation.name.clone();
    world
        .state
        .update(&place.key, |record| record.operation = Some(name));
    world.state.begin(operation);
    Ok(outcome)
}

/// The end of that.
pub(crate) fn ended(state: &mut State, key: &str, succeeded: bool) {
    let association = state
        .get(key)
        .and_then(|record| association_of(state, record))
        .map(|association| association.key());
    if let Some(association) = association.filter(|_| succeeded) {
        association::settle(state, &association);
    }
}
