//! Role assignments: who has which role where. They count as soon as they are written, and no longer once they are gone.
//!
//! Those that requests make are records, and rights are read from the records: so they come back with a snapshot and go
//! with their group. Those of the seed are in [`RbacState`], and are shown and taken away like the others.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::definitions;
use crate::authorization::rbac::{self, RbacState, RoleAssignment, RoleDefinition};
use crate::identity::Principal;
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, is_guid, split_provider};
use crate::request::refusals::{self, Wrong};
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::state::{Key, State};
use crate::types::ResourceType;
use crate::types::hooks::Instead;

/// What all assignments refer to; and, with an object id or a role's GUID before it, those of a principal or a role.
const ALL: &str = "#roleassignments";

fn mark(of: &str) -> String {
    format!("{}{ALL}", of.to_ascii_lowercase())
}

/// The scope of an assignment, by its id.
fn scope_of(id: &str) -> &str {
    match split_provider(id) {
        Some(("", _)) | None => "/",
        Some((scope, _)) => scope,
    }
}

fn guid_of_role(id: &str) -> String {
    id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase()
}

/// Whether somebody has a role by a request.
pub(crate) fn has(state: &State, role: &str) -> bool {
    state.referrers(&mark(role)).next().is_some()
}

/// The roles that requests gave to a principal, where they hold at a scope.
pub(crate) fn roles_at(
    state: &State,
    rbac: &RbacState,
    principal: &Principal,
    scope: &str,
) -> Vec<RoleDefinition> {
    if principal.is_open_owner {
        return Vec::new();
    }
    state
        .referrers(&mark(&principal.object_id))
        .filter(|record| rbac::is_within(scope, scope_of(&record.id)))
        .filter_map(|record| {
            let role = record.text(&["properties", "roleDefinitionId"])?;
            definitions::allowed(state, rbac, &guid_of_role(role))
        })
        .collect()
}

/// By which action of a role that a request gave to it a principal may do something.
pub(crate) fn allowed_by(
    state: &State,
    rbac: &RbacState,
    principal: &Principal,
    action: &str,
    scope: &str,
) -> Option<String> {
    roles_at(state, rbac, principal, scope)
        .iter()
        .find_map(|role| role.allowed_by(action).map(str::to_owned))
}

/// Whether a principal may do something, by a role of the seed's or by one that a request gave to it.
pub(crate) fn may(state: &State, rbac: &RbacState, principal: &Principal, action: &str, scope: &str) -> bool {
    rbac::authorize_at(rbac, principal, action, scope)
        || allowed_by(state, rbac, principal, action, scope).is_some()
}

/// Whether a principal has any right at a scope, above it or below it.
pub(crate) fn sees(state: &State, rbac: &RbacState, principal: &Principal, scope: &str) -> bool {
    let near = |at: &str| rbac::is_within(scope, at) || rbac::is_within(at, scope);
    principal.is_open_owner
        || rbac.scopes_of(&principal.object_id).any(near)
        || state
            .referrers(&mark(&principal.object_id))
            .any(|record| near(scope_of(&record.id)))
}

/// Checks an assignment, and lets it be found by whom it is for.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    let text = |name: &str| record.text(&["properties", name]).unwrap_or_default().to_owned();
    let principal = text("principalId");
    if !is_guid(&principal) {
        return Err(Failure::provider(
            400,
            "InvalidPrincipalId",
            format!("The Principal ID '{principal}' is not valid. Principal ID must be a GUID."),
        ));
    }
    let role = guid_of_role(&text("roleDefinitionId"));
    if definitions::find(world.state, world.rbac, &role).is_none() {
        return Err(definitions::missing(400, &role.replace('-', "")));
    }
    // ARM behaviour: with the principal's type in the request nobody asks whether it is there yet.
    if text("principalType").is_empty() && !world.rbac.knows(&principal) {
        return Err(Failure::provider(
            400,
            "PrincipalNotFound",
            format!(
                "Principal {} does not exist in the directory {}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
                principal.replace('-', ""),
                world.call.principal.tenant_id
            ),
        ));
    }
    if let Some(old) = existing {
        let same = |name: &str, new: &str| {
            let before = old.text(&["properties", name]).unwrap_or_default();
            guid_of_role(before) == guid_of_role(new)
        };
        if !same("principalId", &principal) || !same("roleDefinitionId", &role) {
            return Err(Failure::provider(
                400,
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            ));
        }
    }
    let scope = scope_of(&record.id).to_owned();
    let claim = claim_of(&scope, &principal, &role);
    let taken = world
        .state
        .taken_by_other(&claim, &record.key())
        .map(|other| other.name().to_owned())
        .or_else(|| {
            let seeded = seeded(world.rbac, world.state).into_iter();
            let mut same = seeded
                .filter(|other| claim_of(&other.scope, &other.principal, &other.role) == claim)
                .filter(|other| !other.guid.eq_ignore_ascii_case(record.name()));
            same.next().map(|other| other.guid)
        });
    if let Some(other) = taken {
        return Err(Failure::provider(
            409,
            "RoleAssignmentExists",
            format!(
                "The role assignment already exists. The ID of the existing role assignment is {}.",
                other.replace('-', "")
            ),
        ));
    }
    record.claims = vec![claim];
    record.references = [mark(""), mark(&principal), mark(&role)]
        .into_iter()
        .map(Key::from)
        .collect();
    Ok(())
}

fn claim_of(scope: &str, principal: &str, role: &str) -> String {
    format!("role {scope} {principal} {role}").to_ascii_lowercase()
}

/// Adds what the provider makes.
pub(crate) fn show(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    properties
        .entry("principalType")
        .or_insert_with(|| json!("ServicePrincipal"));
    for absent in [
        "condition",
        "conditionVersion",
        "delegatedManagedIdentityResourceId",
        "description",
    ] {
        properties.entry(absent).or_insert(Value::Null);
    }
    for (name, value) in [
        ("scope", json!(scope_of(&record.id))),
        ("createdOn", json!(record.created.to_string())),
        ("updatedOn", json!(record.modified.to_string())),
        ("createdBy", json!(record.writers.created_by)),
        ("updatedBy", json!(record.writers.last_modified_by)),
    ] {
        properties.insert(name.to_owned(), value);
    }
}

/// An assignment of the seed, or of who runs the emulator in its own program.
struct Seeded {
    guid: String,
    principal: String,
    scope: String,
    role: String,
}

impl Seeded {
    fn id(&self) -> String {
        let scope = self.scope.trim_end_matches('/');
        format!(
            "{scope}/providers/Microsoft.Authorization/roleAssignments/{}",
            self.guid
        )
    }

    fn shown(&self) -> Value {
        let within: String = match self.scope.split('/').collect::<Vec<&str>>().as_slice() {
            ["", _, subscription, ..] if !subscription.is_empty() => format!("/subscriptions/{subscription}"),
            _ => String::new(),
        };
        json!({
            "id": self.id(),
            "name": self.guid,
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "roleDefinitionId": format!("{within}/providers/Microsoft.Authorization/roleDefinitions/{}", self.role),
                "principalId": self.principal,
                "principalType": "ServicePrincipal",
                "scope": self.scope,
            },
        })
    }
}

fn seeded(rbac: &RbacState, state: &State) -> Vec<Seeded> {
    let roles = definitions::all(state, rbac);
    rbac.assignments()
        .map(|(principal, assignment)| Seeded {
            guid: guid_of(principal, assignment),
            principal: principal.to_owned(),
            scope: assignment.scope.clone(),
            role: roles
                .iter()
                .find(|role| role.definition == assignment.role)
                .map(|role| role.guid.clone())
                .unwrap_or_default(),
        })
        .collect()
}

/// The name of an assignment that was not made by a request: always the same.
fn guid_of(principal: &str, assignment: &RoleAssignment) -> String {
    let mut text = format!("{principal} {}", assignment.scope.to_ascii_lowercase());
    for action in assignment.role.actions.iter().chain(&assignment.role.not_actions) {
        text.push(' ');
        text.push_str(action);
    }
    rbac::guid_from(&text)
}

/// Answers a read of an assignment that was not made by a request.
pub(crate) fn read(world: &World<'_, '_>, place: &Place) -> Instead {
    if world.state.get(&place.key).is_some() {
        return None;
    }
    seeded(world.rbac, world.state)
        .iter()
        .find(|assignment| assignment.id().eq_ignore_ascii_case(&place.id))
        .map(|assignment| Ok(Outcome::json(200, assignment.shown())))
}

/// ARM behaviour: the provider misses assignments itself.
pub(crate) fn missing(world: &World<'_, '_>, place: &Place, verb: &str) -> Failure {
    let scope_is_there = place
        .parent
        .as_ref()
        .is_none_or(|scope| world.state.get(&scope.to_ascii_lowercase()).is_some());
    if !scope_is_there {
        return refusals::missing(world, place, verb);
    }
    Failure::provider(
        404,
        "RoleAssignmentNotFound",
        format!("The role assignment '{}' is not found.", place.name),
    )
}

/// Answers a DELETE; `None` for other types.
///
/// ARM behaviour: the answer is the assignment as it was.
pub(crate) fn delete(world: &mut World<'_, '_>, place: &Place) -> Option<Outcome> {
    if !place
        .resource_type
        .eq_ignore_ascii_case("Microsoft.Authorization/roleAssignments")
    {
        return None;
    }
    if let Some(record) = world.state.get(&place.key).cloned() {
        let shown = answer::render(world.state, &record);
        world.state.remove(&place.key);
        return Some(Outcome::json(200, shown).changed(true));
    }
    let found = seeded(world.rbac, world.state)
        .into_iter()
        .find(|assignment| assignment.id().eq_ignore_ascii_case(&place.id))?;
    world.rbac.take_away(&found.principal, |assignment| {
        guid_of(&found.principal, assignment) == found.guid
    });
    Some(Outcome::json(200, found.shown()).changed(true))
}

/// Which assignments a list is about.
#[derive(Default)]
struct Filter {
    /// Leaves out what is below the scope.
    at_scope: bool,
    principal: Option<String>,
}

/// A filter that the provider does not know.
pub(crate) fn unknown_filter(filter: &str) -> Failure {
    Failure::provider(
        400,
        "InvalidFilter",
        format!("The filter '{filter}' is not supported."),
    )
}

fn parse_filter(filter: &str) -> Result<Filter, Failure> {
    let mut parsed = Filter::default();
    for term in filter
        .split(" and ")
        .map(str::trim)
        .filter(|term| !term.is_empty())
    {
        let squeezed = term.to_ascii_lowercase().replace(' ', "");
        let quoted = |before: &str, after: &str| {
            squeezed
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .map(str::to_owned)
        };
        if squeezed == "atscope()" {
            parsed.at_scope = true;
        } else if let Some(principal) = quoted("principalideq'", "'").or_else(|| quoted("assignedto('", "')"))
        {
            parsed.principal = Some(principal);
        } else {
            return Err(unknown_filter(filter));
        }
    }
    Ok(parsed)
}

/// Answers a list: the assignments at a scope, above it and below it.
pub(crate) fn list(world: &World<'_, '_>, _: &str) -> Instead {
    let filter = match parse_filter(&world.call.query("$filter").unwrap_or_default()) {
        Ok(filter) => filter,
        Err(refused) => return Some(Err(refused)),
    };
    let scope = scope_of(&world.call.path);
    if Place::parse(scope)
        .is_some_and(|place| !place.is_management_group() && world.state.get(&place.key).is_none())
    {
        return None;
    }
    let related = |of: &str| rbac::is_within(scope, of) || (!filter.at_scope && rbac::is_within(of, scope));
    let found: Vec<&Arc<Record>> = match &filter.principal {
        Some(principal) => world.state.referrers(&mark(principal)).collect(),
        None => world.state.referrers(ALL).collect(),
    };
    let mut value: Vec<Value> = found
        .into_iter()
        .filter(|record| related(scope_of(&record.id)))
        .map(|record| answer::render(world.state, record))
        .collect();
    let others = seeded(world.rbac, world.state);
    value.extend(
        others
            .iter()
            .filter(|assignment| related(&assignment.scope))
            .filter(|assignment| {
                filter
                    .principal
                    .as_ref()
                    .is_none_or(|principal| principal.eq_ignore_ascii_case(&assignment.principal))
            })
            .map(Seeded::shown),
    );
    Some(Ok(Outcome::json(200, json!({"value": value}))))
}

/// The provider's words for what is wrong.
pub(crate) fn refused(table: &ResourceType, wrong: &Wrong<'_>) -> Failure {
    match wrong {
        Wrong::Name(name) => Failure::provider(
            400,
            "InvalidRoleAssignmentId",
            format!("The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."),
        ),
        Wrong::Missing { .. } => {
            let usual = refusals::refused(table, wrong);
            Failure::provider(400, "BadRequestFormat", usual.message)
        }
        _ => refusals::refused(table, wrong),
    }
}
