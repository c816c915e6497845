//! What assignments bring about: requests that are refused, and zone groups that are made.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::assignments::{Rule, holding, rules, scope_of};
use super::expression::{Context, resolved};
use super::rule;
use crate::body;
use crate::network::zone_group;
use crate::request::call::Call;
use crate::request::errors::Failure;
use crate::request::place::Place;
use crate::request::write::share_etag;
use crate::state::State;
use crate::state::record::{Facts, Record, Writers, ZoneGroupFacts};
use crate::types;

const GROUP_TYPE: &str = "Microsoft.Resources/subscriptions/resourceGroups";
const ZONE_GROUP: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";

/// Refuses a write that an assignment denies.
///
/// ARM behaviour: the request is held against the rules before its provider sees it; a PATCH as it would change the resource.
pub(crate) fn check(state: &State, call: &Call<'_>) -> Result<(), Failure> {
    if !matches!(*call.method, http::Method::PUT | http::Method::PATCH) {
        return Ok(());
    }
    let found = holding(state, &call.key);
    if found.is_empty() {
        return Ok(());
    }
    let Some((kind, name)) = written(call) else {
        return Ok(());
    };
    let Ok(request) = call.json() else {
        return Ok(());
    };
    let existing = state.get(&call.key);
    let mut resource = match existing {
        Some(existing) if *call.method == http::Method::PATCH => Value::clone(&existing.body),
        _ => json!({}),
    };
    body::merge(&mut resource, &request);
    if let Some(location) = existing.and_then(|record| record.location())
        && resource.get("location").is_none()
    {
        body::put(&mut resource, "location", json!(location));
    }
    let resource = described(resource, &kind, &name, &call.path);
    for assignment in found {
        for rule in rules(state, assignment) {
            if rule.effect() == "deny" && applies(&rule, &resource) {
                return Err(refusal(assignment, &rule, &resource));
            }
        }
    }
    Ok(())
}

/// Type and name of what a request writes; rules are not held against policies themselves.
fn written(call: &Call<'_>) -> Option<(String, String)> {
    if let Some(place) = Place::parse(&call.path) {
        let kind = types::canonical(&place.resource_type);
        let of_policy = kind
            .to_ascii_lowercase()
            .starts_with("microsoft.authorization/policy");
        return (!of_policy).then_some((kind, place.name));
    }
    match call.segments().as_slice() {
        [_, _, _, name] => Some((GROUP_TYPE.to_owned(), (*name).to_owned())),
        _ => None,
    }
}

/// A resource as rules see it.
fn described(mut resource: Value, kind: &str, name: &str, id: &str) -> Value {
    if let Some(location) = body::text(&resource, "location").map(crate::targets::squeezed) {
        body::put(&mut resource, "location", json!(location));
    }
    for (field, value) in [("type", kind), ("name", name), ("fullName", name), ("id", id)] {
        body::put(&mut resource, field, json!(value));
    }
    resource
}

/// ARM behaviour: in the mode `Indexed` a rule is about resources with a location only, and not about groups.
fn applies(rule: &Rule, resource: &Value) -> bool {
    let mode = body::text(&rule.definition, "properties.mode").unwrap_or("Indexed");
    let indexed = resource.get("location").is_some() && body::text(resource, "type") != Some(GROUP_TYPE);
    let context = Context {
        parameters: &rule.parameters,
        resource: Some(resource),
    };
    (indexed || !mode.eq_ignore_ascii_case("Indexed"))
        && body::at(&rule.definition, "properties.policyRule.if")
            .is_some_and(|condition| rule::holds(condition, context))
}

fn refusal(assignment: &Record, rule: &Rule, resource: &Value) -> Failure {
    let text = |path: &str| body::text(&rule.definition, path).unwrap_or_default();
    let title = |own: &str, other: &str| {
        if own.is_empty() {
            other.to_owned()
        } else {
            own.to_owned()
        }
    };
    let definition_title = title(text("properties.displayName"), text("name"));
    let assignment_title = title(
        assignment
            .text(&["properties", "displayName"])
            .unwrap_or_default(),
        assignment.name(),
    );
    let name = body::text(resource, "name").unwrap_or_default();
    let reasons: Vec<&str> = body::all(&assignment.body, "properties.nonComplianceMessages.*")
        .into_iter()
        .filter(|message| {
            let of = body::text(message, "policyDefinitionReferenceId");
            of.is_none_or(|of| rule.member.as_ref().is_some_and(|(_, own)| own == of))
        })
        .filter_map(|message| body::text(message, "message"))
        .collect();
    let message = if reasons.is_empty() {
        let identifiers = json!([{
            "policyAssignment": {"name": assignment_title, "id": assignment.id},
            "policyDefinition": {"name": definition_title, "id": text("id")},
        }]);
        format!("Resource '{name}' was disallowed by policy. Policy identifiers: '{identifiers}'.")
    } else {
        format!(
            "Resource '{name}' was disallowed by policy. Reasons: '{}'. See error details for policy resource IDs.",
            reasons.join("', '")
        )
    };
    let mut info = json!({
        "policyDefinitionId": text("id"),
        "policyDefinitionName": text("name"),
        "policyDefinitionDisplayName": definition_title,
        "policyDefinitionEffect": "deny",
        "policyAssignmentId": assignment.id,
        "policyAssignmentName": assignment.name(),
        "policyAssignmentDisplayName": assignment_title,
        "policyAssignmentScope": scope_of(&assignment.id),
        "policyAssignmentParameters": body::at(&assignment.body, "properties.parameters").cloned().unwrap_or_else(|| json!({})),
        "policyExemptionIds": [],
    });
    if let Some(reason) = reasons.first() {
        body::put(&mut info, "evaluationDetails.reason", json!(reason));
    }
    if let Some((set, reference)) = &rule.member {
        body::put(&mut info, "policySetDefinitionId", json!(set));
        body::put(&mut info, "policyDefinitionReferenceId", json!(reference));
    }
    let failure = Failure::gateway(403, "RequestDisallowedByPolicy", message);
    let whole = json!({"error": {
        "code": failure.code,
        "target": name,
        "message": failure.message,
        "additionalInfo": [{"type": "PolicyViolation", "info": info}],
    }});
    Failure {
        whole: Some(Box::new(whole)),
        ..failure
    }
}

/// Makes what assignments deploy once a write has ended well: the zone group of a private endpoint that has none.
///
/// ARM behaviour: the deployment comes after the resource; in Azure some minutes later.
pub(crate) fn after(state: &mut State, key: &str) {
    let Some(endpoint) = state.get(key).cloned() else {
        return;
    };
    if endpoint.resource_type != "Microsoft.Network/privateEndpoints" {
        return;
    }
    let resource = described(
        Value::clone(&endpoint.body),
        &endpoint.resource_type,
        endpoint.name(),
        &endpoint.id,
    );
    let assignments: Vec<Arc<Record>> = holding(state, key).into_iter().cloned().collect();
    for assignment in assignments {
        for rule in rules(state, &assignment) {
            if zone_group::of(state, key).is_some() {
                return;
            }
            if rule.effect() == "deployifnotexists" && applies(&rule, &resource) {
                deploy(state, &endpoint, &assignment, &rule, &resource);
            }
        }
    }
}

/// Runs the deployment of a rule, as far as it makes a zone group; one whose zone is not there comes to nothing.
fn deploy(
    state: &mut State,
    endpoint: &Record,
    assignment: &Record,
    rule: &Rule,
    resource: &Value,
) -> Option<()> {
    let details = body::at(&rule.definition, "properties.policyRule.then.details")?;
    if !body::text(details, "type")?.eq_ignore_ascii_case(ZONE_GROUP) {
        return None;
    }
    let outer = Context {
        parameters: &rule.parameters,
        resource: Some(resource),
    };
    let mut parameters = Map::new();
    let given = body::at(details, "deployment.properties.parameters").and_then(Value::as_object);
    for (name, value) in given.into_iter().flatten() {
        parameters.insert(name.clone(), resolved(value.get("value")?, outer)?);
    }
    let inner = Context {
        parameters: &parameters,
        resource: None,
    };
    let made = body::all(details, "deployment.properties.template.resources.*")
        .into_iter()
        .find(|made| body::text(made, "type").is_some_and(|kind| kind.eq_ignore_ascii_case(ZONE_GROUP)))?;
    let name = resolved(made.get("name")?, inner)?;
    let name = name.as_str()?.rsplit('/').next()?.to_owned();
    let configurations = resolved(body::at(made, "properties.privateDnsZoneConfigs")?, inner)?;
    let zones = body::all(&configurations, "*.properties.privateDnsZoneId");
    let there = |zone: &&Value| {
        zone.as_str()
            .and_then(|zone| state.get(&zone.to_ascii_lowercase()))
            .is_some_and(|zone| zone.resource_type == "Microsoft.Network/privateDnsZones")
    };
    if zones.is_empty() || !zones.iter().all(there) {
        return None;
    }
    let author: Arc<str> = Arc::from(assignment.guid.as_str());
    let mut group = Record {
        id: format!("{}/privateDnsZoneGroups/{name}", endpoint.id),
        resource_type: ZONE_GROUP.to_owned(),
        body: json!({"properties": {"privateDnsZoneConfigs": configurations}}).into(),
        etag: state.random.guid(),
        guid: state.random.guid(),
        writers: Writers {
            created_by: author.clone(),
            last_modified_by: author,
            ..Writers::default()
        },
        facts: Facts::ZoneGroup(ZoneGroupFacts::default()),
        addresses: Vec::new(),
        alias: None,
        counted_in: Vec::new(),
        claims: Vec::new(),
        previous: None,
        created: endpoint.modified,
        ..endpoint.clone()
    };
    let key = group.key();
    group.references = body::referred(&group.body, &key);
    state.insert(Arc::new(group));
    share_etag(state, &key);
    zone_group::ended(state, &key, true);
    Some(())
}
