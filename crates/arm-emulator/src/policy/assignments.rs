//! Policy assignments: which definitions hold where, and with which parameters.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::definitions;
use super::expression::{Context, resolved};
use crate::authorization::rbac::is_within;
use crate::body;
use crate::identity::DEFAULT_TENANT;
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, split_provider};
use crate::request::refusals;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::state::{Key, State};
use crate::types::hooks::Instead;

/// What all assignments refer to and count in; with a scope or a definition before it, those of that.
pub(crate) const ALL: &str = "#policyassignments";

/// What assignments at management groups refer to.
const ABOVE: &str = "#managementgroups";

fn mark(of: &str) -> String {
    format!("{}{ALL}", of.to_ascii_lowercase())
}

/// The scope of an assignment, by its id.
pub(crate) fn scope_of(id: &str) -> &str {
    split_provider(id).map_or("", |(scope, _)| scope)
}

/// One definition that an assignment puts to work.
pub(crate) struct Rule {
    /// As it is shown.
    pub(crate) definition: Value,
    pub(crate) parameters: Map<String, Value>,
    /// Of a set of definitions: its id, and what the set calls the definition.
    pub(crate) member: Option<(String, String)>,
}

impl Rule {
    /// The effect in lower case.
    pub(crate) fn effect(&self) -> String {
        let given = body::at(&self.definition, "properties.policyRule.then.effect")
            .cloned()
            .unwrap_or_default();
        let context = Context {
            parameters: &self.parameters,
            resource: None,
        };
        resolved(&given, context)
            .and_then(|effect| effect.as_str().map(str::to_ascii_lowercase))
            .unwrap_or_default()
    }
}

/// The parameters' values: given ones, else the definition's defaults.
fn parameters_of(definition: &Value, given: &Value) -> Map<String, Value> {
    let mut found = Map::new();
    let declared = body::at(definition, "properties.parameters").and_then(Value::as_object);
    for (name, declaration) in declared.into_iter().flatten() {
        if let Some(default) = declaration.get("defaultValue") {
            found.insert(name.clone(), default.clone());
        }
    }
    for (name, value) in given.as_object().into_iter().flatten() {
        // Names compare without case; a rule asks for them as they are declared.
        let names = declared.into_iter().flatten().map(|(name, _)| name);
        let declared = names.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        if let Some(value) = value.get("value") {
            found.insert(declared.unwrap_or(name).clone(), value.clone());
        }
    }
    found
}

/// The definitions that an assignment puts to work: one, or those of a set.
pub(crate) fn rules(state: &State, assignment: &Record) -> Vec<Rule> {
    let id = assignment
        .text(&["properties", "policyDefinitionId"])
        .unwrap_or_default();
    let given = body::at(&assignment.body, "properties.parameters")
        .cloned()
        .unwrap_or_default();
    if let Some(definition) = definitions::find(state, id) {
        let parameters = parameters_of(&definition, &given);
        // A set has members in place of a rule.
        let Some(members) = body::at(&definition, "properties.policyDefinitions").and_then(Value::as_array)
        else {
            return vec![Rule {
                definition,
                parameters,
                member: None,
            }];
        };
        return members
            .iter()
            .filter_map(|member| {
                let context = Context {
                    parameters: &parameters,
                    resource: None,
                };
                let given = resolved(&member.get("parameters").cloned().unwrap_or_default(), context)?;
                let inner = definitions::find(state, body::text(member, "policyDefinitionId")?)?;
                let reference = body::text(member, "policyDefinitionReferenceId").unwrap_or_default();
                Some(Rule {
                    parameters: parameters_of(&inner, &given),
                    definition: inner,
                    member: Some((id.to_owned(), reference.to_owned())),
                })
            })
            .collect();
    }
    Vec::new()
}

/// The assignments that hold for what has this key, without those that leave it out.
pub(crate) fn holding<'a>(state: &'a State, key: &str) -> Vec<&'a Arc<Record>> {
    if state.count_in(ALL) == 0 {
        return Vec::new();
    }
    let scopes = key
        .match_indices('/')
        .map(|(at, _)| at)
        .chain([key.len()])
        .filter_map(|at| key.get(..at))
        .filter(|scope| !scope.is_empty());
    let mut found: Vec<&Arc<Record>> = state.referrers(ABOVE).collect();
    for scope in scopes {
        found.extend(
            state
                .referrers(&mark(scope))
                .filter(|record| scope_of(&record.id).eq_ignore_ascii_case(scope)),
        );
    }
    found.retain(|record| {
        let enforced = record.text(&["properties", "enforcementMode"]) != Some("DoNotEnforce");
        let left_out = body::texts(&record.body, "properties.notScopes");
        enforced && !left_out.iter().any(|scope| is_within(key, scope))
    });
    found
}

/// An assignment of a definition.
pub(crate) fn of_definition(state: &State, definition: &str) -> Option<String> {
    let mark = mark(definition);
    let mut found = state.referrers(&mark);
    found.next().map(|record| record.id.clone())
}

/// Checks an assignment, and lets it be found by its scope.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let name = draft.record.name().to_owned();
    let id = draft
        .record
        .text(&["properties", "policyDefinitionId"])
        .unwrap_or_default()
        .to_owned();
    let scope = scope_of(&draft.record.id).to_owned();
    let above = scope
        .to_ascii_lowercase()
        .starts_with("/providers/microsoft.management/managementgroups/");
    let refused = |code: &str, message: String| Err(Failure::provider(400, code, message));
    if above && name.chars().count() > 24 {
        return refused(
            "InvalidPolicyAssignmentName",
            format!(
                "The policy assignment name '{name}' is invalid. At a management group it can have up to 24 characters."
            ),
        );
    }
    let Some(definition) = definitions::find(world.state, &id) else {
        return Err(definitions::missing(id.rsplit('/').next().unwrap_or_default()));
    };
    let given = body::at(&draft.record.body, "properties.parameters")
        .cloned()
        .unwrap_or_default();
    check_parameters(&name, &definition, &given)?;
    let record = &mut draft.record;
    record.references.insert(Key::from(ALL));
    record.references.insert(Key::from(mark(&id)));
    record
        .references
        .insert(Key::from(if above { ABOVE.to_owned() } else { mark(&scope) }));
    record.counted_in = vec![Key::from(ALL)];
    let deploys = rules(world.state, record)
        .iter()
        .any(|rule| ["deployifnotexists", "modify"].contains(&rule.effect().as_str()));
    let identity = body::text(&record.body, "identity.type").unwrap_or("None");
    if deploys && identity == "None" {
        return refused(
            "ResourceIdentityRequired",
            format!(
                "The policy assignment '{name}' has a definition with the effect deployIfNotExists or modify, and needs an 'identity'."
            ),
        );
    }
    if identity != "None" && record.location().is_none() {
        return Err(Failure::gateway(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        ));
    }
    Ok(())
}

/// ARM behaviour: every parameter without a default is given, none that the definition does not have, and only allowed values.
fn check_parameters(name: &str, definition: &Value, given: &Value) -> Result<(), Failure> {
    let title = body::text(definition, "name").unwrap_or_default();
    let none = Map::new();
    let declared = body::at(definition, "properties.parameters")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let given = given.as_object().unwrap_or(&none);
    let find = |wanted: &str| {
        given
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    };
    let unknown = given
        .keys()
        .find(|name| !declared.keys().any(|known| known.eq_ignore_ascii_case(name)));
    if let Some(unknown) = unknown {
        return Err(Failure::provider(
            400,
            "UndefinedPolicyParameter",
            format!(
                "The policy assignment '{name}' has defined parameters '{unknown}' which are not defined in the policy definition '{title}'."
            ),
        ));
    }
    for (parameter, declaration) in declared {
        let Some(value) = find(parameter).and_then(|value| value.get("value")) else {
            if declaration.get("defaultValue").is_none() {
                return Err(Failure::provider(
                    400,
                    "MissingPolicyParameter",
                    format!(
                        "The policy assignment '{name}' is missing the parameter(s) '{parameter}' as defined in the policy definition '{title}'."
                    ),
                ));
            }
            continue;
        };
        let Some(allowed) = declaration.get("allowedValues").and_then(Value::as_array) else {
            continue;
        };
        if value.is_string() && !allowed.contains(value) {
            let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
            return Err(Failure::provider(
                400,
                "PolicyParameterValueNotAllowed",
                format!(
                    "The value '{}' is not allowed for policy parameter '{parameter}' in policy definition '{title}'. The allowed values are '{}'.",
                    value.as_str().unwrap_or_default(),
                    allowed.join(", ")
                ),
            ));
        }
    }
    Ok(())
}

/// Adds the scope.
pub(crate) fn show(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    properties.insert("scope".into(), json!(scope_of(&record.id)));
}

/// The identity that Azure makes for an assignment that asks for one.
pub(crate) fn show_whole(record: &Record, shown: &mut Value) {
    if body::text(shown, "identity.type") == Some("SystemAssigned") {
        body::put(shown, "identity.principalId", json!(record.guid));
        body::put(shown, "identity.tenantId", json!(DEFAULT_TENANT));
    }
}

/// ARM behaviour: the provider misses assignments itself.
pub(crate) fn missing(world: &World<'_, '_>, place: &Place, verb: &str) -> Failure {
    let gone = |scope: &String| world.state.get(&scope.to_ascii_lowercase()).is_none();
    if place.parent.as_ref().is_some_and(gone) {
        return refusals::missing(world, place, verb);
    }
    Failure::provider(
        404,
        "PolicyAssignmentNotFound",
        format!("The policy assignment '{}' is not found.", place.name),
    )
}

/// Answers a list: the assignments at a scope, above it and below it.
///
/// ARM behaviour: `$filter` is `atScope()` (without those below), `atExactScope()` or `policyDefinitionId eq '…'`.
pub(crate) fn list(world: &World<'_, '_>, _: &str) -> Instead {
    let given = world.call.query("$filter").unwrap_or_default();
    let filter = given.to_ascii_lowercase();
    let definition = filter
        .strip_prefix("policydefinitionid eq '")
        .and_then(|rest| rest.strip_suffix('\''));
    if !["", "atscope()", "atexactscope()"].contains(&filter.as_str()) && definition.is_none() {
        return Some(Err(crate::authorization::assignments::unknown_filter(&given)));
    }
    let scope = scope_of(&world.call.path);
    if Place::parse(scope)
        .is_some_and(|place| !place.is_management_group() && world.state.get(&place.key).is_none())
    {
        return None;
    }
    let below_a_subscription = scope.to_ascii_lowercase().starts_with("/subscriptions/");
    let value: Vec<Value> = world
        .state
        .referrers(&definition.map_or_else(|| ALL.to_owned(), mark))
        .filter(|record| {
            let of = scope_of(&record.id);
            let exact = of.eq_ignore_ascii_case(scope);
            let is_above = record.references.contains(ABOVE);
            match filter.as_str() {
                "atexactscope()" => exact,
                "atscope()" => is_within(scope, of) || (below_a_subscription && is_above),
                _ => is_within(scope, of) || is_within(of, scope) || (below_a_subscription && is_above),
            }
        })
        .map(|record| answer::render(world.state, record))
        .collect();
    Some(Ok(Outcome::json(200, json!({"value": value}))))
}
