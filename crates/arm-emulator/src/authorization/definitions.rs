//! Role definitions: Azure's own, those of the seed, and those that requests make.

use serde_json::{Map, Value, json};

use crate::authorization::rbac::{self, RbacState, RoleDefinition};
use crate::body;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, split_provider};
use crate::request::refusals::{self, Wrong};
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::state::{Key, State};
use crate::types::ResourceType;
use crate::types::hooks::Instead;

/// What the definitions that requests made refer to, so that they are found.
const ALL: &str = "#roledefinitions";

/// A role as it is shown.
pub(crate) struct Role {
    pub(crate) guid: String,
    name: String,
    built_in: bool,
    assignable: Vec<String>,
    /// The properties of one that a request made, as they are shown.
    made: Option<Value>,
    pub(crate) definition: RoleDefinition,
}

/// All roles: built-in ones, the seed's, and those that requests made.
pub(crate) fn all(state: &State, rbac: &RbacState) -> Vec<Role> {
    let built_in = rbac::built_in_roles().map(|(guid, name, definition)| Role {
        guid: guid.to_owned(),
        name: name.to_owned(),
        built_in: true,
        assignable: vec!["/".to_owned()],
        made: None,
        definition,
    });
    let seeded = rbac.definitions().map(|(guid, name, definition)| Role {
        guid,
        name: name.to_owned(),
        built_in: false,
        assignable: vec!["/".to_owned()],
        made: None,
        definition: definition.clone(),
    });
    let made = state.referrers(ALL).map(|record| of_record(record));
    built_in.chain(seeded).chain(made).collect()
}

/// The role with this GUID.
pub(crate) fn find(state: &State, rbac: &RbacState, guid: &str) -> Option<Role> {
    all(state, rbac)
        .into_iter()
        .find(|role| role.guid.eq_ignore_ascii_case(guid))
}

/// What a role with this GUID allows, whoever made it.
pub(crate) fn allowed(state: &State, rbac: &RbacState, guid: &str) -> Option<RoleDefinition> {
    find(state, rbac, guid).map(|role| role.definition)
}

fn of_record(record: &Record) -> Role {
    let permission = |list: &str| -> Vec<String> {
        body::all(&record.body, &format!("properties.permissions.*.{list}.*"))
            .into_iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let mut properties = match record.body.get("properties") {
        Some(Value::Object(properties)) => properties.clone(),
        _ => Map::new(),
    };
    add_times(record, &mut properties);
    Role {
        guid: record.name().to_ascii_lowercase(),
        made: Some(Value::Object(properties)),
        name: record
            .text(&["properties", "roleName"])
            .unwrap_or_default()
            .to_owned(),
        built_in: false,
        assignable: body::texts(&record.body, "properties.assignableScopes"),
        definition: RoleDefinition {
            actions: permission("actions"),
            not_actions: permission("notActions"),
        },
    }
}

/// Adds what the provider makes.
pub(crate) fn show(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    add_times(record, properties);
}

/// ARM behaviour: roles say when they were made and changed, and by whom.
fn add_times(record: &Record, properties: &mut Map<String, Value>) {
    for (name, value) in [
        ("createdOn", json!(record.created.to_string())),
        ("updatedOn", json!(record.modified.to_string())),
        ("createdBy", json!(record.writers.created_by)),
        ("updatedBy", json!(record.writers.last_modified_by)),
    ] {
        properties.insert(name.to_owned(), value);
    }
}

/// A definition as it is shown below a scope.
///
/// ARM behaviour: the id has the subscription of the request in it, and no group.
fn shown(role: &Role, scope: &str) -> Value {
    let within: String = match scope.split('/').collect::<Vec<&str>>().as_slice() {
        ["", word, subscription, ..] if word.eq_ignore_ascii_case("subscriptions") => {
            format!("/subscriptions/{subscription}")
        }
        _ => String::new(),
    };
    let properties = role.made.clone().unwrap_or_else(|| {
        json!({
            "roleName": role.name,
            "type": if role.built_in { "BuiltInRole" } else { "CustomRole" },
            "description": "",
            "assignableScopes": role.assignable,
            "permissions": [{
                "actions": role.definition.actions,
                "notActions": role.definition.not_actions,
                "dataActions": [],
                "notDataActions": [],
            }],
        })
    });
    json!({
        "id": format!("{within}/providers/Microsoft.Authorization/roleDefinitions/{}", role.guid),
        "name": role.guid,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": properties,
    })
}

fn scope_of(path: &str) -> &str {
    split_provider(path).map_or("", |(scope, _)| scope)
}

/// Answers a list.
///
/// ARM behaviour: `$filter` knows `roleName eq '…'`, `type eq '…'` and `atScopeAndBelow()`.
pub(crate) fn list(world: &World<'_, '_>, _: &str) -> Instead {
    let filter = world.call.query("$filter").unwrap_or_default();
    let mut wanted: (Option<String>, Option<String>) = (None, None);
    for term in filter
        .split(" and ")
        .map(str::trim)
        .filter(|term| !term.is_empty())
    {
        let value = |name: &str| -> Option<String> {
            let rest = term
                .get(..name.len())
                .filter(|head| head.eq_ignore_ascii_case(name));
            let rest = rest.and_then(|_| term.get(name.len()..))?.trim();
            let rest = rest.strip_prefix("eq ")?.trim();
            Some(rest.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"))
        };
        if let Some(name) = value("roleName") {
            wanted.0 = Some(name);
        } else if let Some(kind) = value("type") {
            wanted.1 = Some(kind);
        } else if !["atscope()", "atscopeandbelow()"].contains(&term.to_ascii_lowercase().as_str()) {
            return Some(Err(super::assignments::unknown_filter(&filter)));
        }
    }
    let scope = scope_of(&world.call.path);
    let value: Vec<Value> = all(world.state, world.rbac)
        .iter()
        .filter(|role| {
            wanted
                .0
                .as_ref()
                .is_none_or(|name| name.eq_ignore_ascii_case(&role.name))
        })
        .filter(|role| {
            let kind = if role.built_in {
                "BuiltInRole"
            } else {
                "CustomRole"
            };
            wanted
                .1
                .as_ref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(kind))
        })
        .filter(|role| {
            let related = |outer: &String| rbac::is_within(scope, outer) || rbac::is_within(outer, scope);
            role.assignable.iter().any(related)
        })
        .map(|role| shown(role, scope))
        .collect();
    Some(Ok(Outcome::json(200, json!({"value": value}))))
}

/// Answers one definition.
pub(crate) fn read(world: &World<'_, '_>, place: &Place) -> Instead {
    Some(match find(world.state, world.rbac, &place.name) {
        Some(role) => Ok(Outcome::json(200, shown(&role, scope_of(&place.id)))),
        None => Err(missing(404, &place.name)),
    })
}

/// No role has this GUID.
pub(crate) fn missing(status: u16, guid: &str) -> Failure {
    Failure::provider(
        status,
        "RoleDefinitionDoesNotExist",
        format!("The specified role definition with ID '{guid}' does not exist."),
    )
}

/// Checks a custom role.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    let guid = record.name().to_owned();
    let name = record
        .text(&["properties", "roleName"])
        .unwrap_or_default()
        .to_owned();
    for known in all(world.state, world.rbac) {
        let same = known.guid.eq_ignore_ascii_case(&guid);
        if same && known.built_in {
            return Err(Failure::provider(
                400,
                "RoleDefinitionIsBuiltIn",
                format!("The role definition '{guid}' is built in and cannot be changed."),
            ));
        }
        if !same && known.name.eq_ignore_ascii_case(&name) {
            return Err(Failure::provider(
                409,
                "RoleDefinitionWithSameNameExists",
                format!(
                    "Custom role with the same name already exists in this directory. Use a different name. The existing role is '{}'.",
                    known.guid
                ),
            ));
        }
    }
    if body::texts(&record.body, "properties.assignableScopes").is_empty() {
        let scope = scope_of(&record.id).to_owned();
        let scope = if scope.is_empty() { "/".to_owned() } else { scope };
        body::put(&mut record.body, "properties.assignableScopes", json!([scope]));
    }
    let all: Key = ALL.into();
    record.references.insert(all);
    body::put(&mut record.body, "properties.type", json!("CustomRole"));
    Ok(())
}

/// ARM behaviour: a role that somebody has is not deleted.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    if super::assignments::has(world.state, record.name()) {
        return Err(Failure::provider(
            400,
            "RoleDefinitionHasAssignments",
            format!(
                "There are existing role assignments referencing role '{}'. Delete them first.",
                record.name()
            ),
        ));
    }
    Ok(())
}

/// The provider's words for what is wrong.
pub(crate) fn refused(table: &ResourceType, wrong: &Wrong<'_>) -> Failure {
    match wrong {
        Wrong::Name(name) => Failure::provider(
            400,
            "InvalidRoleDefinitionId",
            format!("The role definition ID '{name}' is not valid. The role definition ID must be a GUID."),
        ),
        Wrong::Missing { .. } => {
            let usual = refusals::refused(table, wrong);
            Failure::provider(400, "BadRequestFormat", usual.message)
        }
        _ => refusals::refused(table, wrong),
    }
}
