//! What an endpoint connects to: the target's id or alias, the groups that it offers, and what tells it from a later
//! one of the same name.

use privatelink_api::{Approval, PrivateEndpoint, Recovery};
use privatelink_arm::ResourceId;
use privatelink_arm::models::private_link_resource;
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::plan::Snapshot;
use privatelink_engine::{Missing, Scope, Unresolved, World};
use serde_json::Value;

use crate::reference;

/// What the spec connects to.
pub(super) enum TargetId {
    Resource(ResourceId),
    ServiceAlias(String),
}

impl TargetId {
    pub(super) fn of(endpoint: &PrivateEndpoint, scope: &Scope) -> Result<Self, Unresolved> {
        let target = &endpoint.spec.target;
        match (
            target.id.as_deref(),
            target.alias.as_deref(),
            target.service_alias.as_deref(),
        ) {
            (Some(id), None, None) => Ok(TargetId::Resource(reference::parse("spec.target.id", id)?)),
            (None, Some(alias), None) => Ok(TargetId::Resource(reference::resolve_alias(
                "spec.target.alias",
                alias,
                scope,
            )?)),
            (None, None, Some(alias)) => Ok(TargetId::ServiceAlias(alias.to_owned())),
            _ => Err(Unresolved::invalid(
                "spec.target must have exactly one of id, alias and serviceAlias",
            )),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            TargetId::Resource(id) => id.to_string(),
            TargetId::ServiceAlias(alias) => alias.clone(),
        }
    }
}

/// The zones that the target names for the group, where it can be read and names any.
pub(super) fn required_zone_names(
    endpoint: &PrivateEndpoint,
    world: &World<'_>,
) -> Result<Vec<String>, Missing> {
    let (Ok(TargetId::Resource(id)), Some(group)) = (
        TargetId::of(endpoint, world.scope),
        endpoint.spec.target.group_id.as_deref(),
    ) else {
        return Ok(Vec::new());
    };
    let Some(api_version) = private_link_resource::api_version(&id.resource_type()) else {
        return Ok(Vec::new());
    };
    let Fact::Known(body) = world.fact(&FactQuery::of(&id, api_version).under("privateLinkResources"))?
    else {
        return Ok(Vec::new());
    };
    let groups = private_link_resource::read(body).into_iter();
    let ours = groups.filter(|known| known.group_id.eq_ignore_ascii_case(group));
    Ok(ours.flat_map(|known| known.required_zone_names).collect())
}

/// Checks the group against what the target offers, where the target can be read; else Azure decides.
pub(super) fn check_group(
    endpoint: &PrivateEndpoint,
    target: &TargetId,
    world: &World<'_>,
) -> Result<(), Missing> {
    let spec = &endpoint.spec.target;
    let (TargetId::Resource(id), Some(group)) = (target, spec.group_id.as_deref()) else {
        return Ok(());
    };
    let Some(api_version) = private_link_resource::api_version(&id.resource_type()) else {
        return Ok(());
    };
    // Groups by pattern, as the slots of a web app, are not in the list.
    if spec.approval() == Approval::Manual || group.to_ascii_lowercase().starts_with("sites-") {
        return Ok(());
    }
    let query = FactQuery::of(id, api_version).under("privateLinkResources");
    let Fact::Known(body) = world.fact(&query)? else {
        return Ok(());
    };
    let groups = private_link_resource::read(body);
    if groups.is_empty()
        || groups
            .iter()
            .any(|known| known.group_id.eq_ignore_ascii_case(group))
    {
        return Ok(());
    }
    let names: Vec<&str> = groups.iter().map(|known| known.group_id.as_str()).collect();
    let message = format!(
        "spec.target.groupId: {id} has no group {group}; it has {}",
        names.join(", ")
    );
    Err(Unresolved::invalid(message).into())
}

/// What tells a target from a later one of the same name; read only where recovery asks for it.
pub(super) fn identity(
    endpoint: &PrivateEndpoint,
    observed: &Snapshot,
    world: &World<'_>,
) -> Result<Option<String>, Missing> {
    if endpoint.spec.recovery.unwrap_or_default() != Recovery::IfTargetRecreated {
        return Ok(None);
    }
    let Ok(TargetId::Resource(id)) = TargetId::of(endpoint, world.scope) else {
        return Ok(None);
    };
    let Some(api_version) = private_link_resource::api_version(&id.resource_type()) else {
        return Ok(None);
    };
    // A connection that changes its state changes the endpoint: then the target may be another.
    let query = FactQuery::of(&id, api_version)
        .stamped(observed.etag.clone())
        .keeping(IDENTITY);
    match world.fact(&query)? {
        Fact::Known(body) => Ok(identity_of(body)),
        _ => Ok(None),
    }
}

/// Where a resource says what tells it from a later one of the same name, as JSON pointers.
const IDENTITY: &[&str] = &[
    "/systemData/createdAt",
    "/properties/creationTime",
    "/properties/creationDate",
    "/properties/resourceGuid",
];

fn identity_of(body: &Value) -> Option<String> {
    let values = IDENTITY.iter().filter_map(|pointer| body.pointer(pointer));
    values.filter_map(Value::as_str).next().map(str::to_owned)
}
