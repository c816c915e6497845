//! From references, names and defaults to ARM ids. No call is made: what an id leads to is for others to find out.

use privatelink_api::ArmReference;
use privatelink_arm::ResourceId;
use privatelink_engine::{Scope, Unresolved};

/// The id behind a reference.
///
/// # Errors
/// `InvalidSpec` with the field where the id cannot be one or the alias is not the scope's.
pub fn resolve(field: &str, reference: &ArmReference, scope: &Scope) -> Result<ResourceId, Unresolved> {
    match (reference.id.as_deref(), reference.alias.as_deref()) {
        (Some(id), None) => parse(&format!("{field}.id"), id),
        (None, Some(alias)) => resolve_alias(&format!("{field}.alias"), alias, scope),
        _ => Err(Unresolved::invalid(format!(
            "{field} must have exactly one of id and alias"
        ))),
    }
}

/// The id behind an alias of the scope.
///
/// # Errors
/// `InvalidSpec` where the scope has no such alias.
pub fn resolve_alias(field: &str, alias: &str, scope: &Scope) -> Result<ResourceId, Unresolved> {
    scope.alias(alias).cloned().ok_or_else(|| {
        Unresolved::invalid(format!(
            "{field}: AzureScope {} has no alias {alias}; add it to its spec.aliases, or give an id",
            scope.name()
        ))
    })
}

/// An id from a spec.
///
/// # Errors
/// `InvalidSpec` with the field and what is wrong.
pub fn parse(field: &str, id: &str) -> Result<ResourceId, Unresolved> {
    ResourceId::parse(id).map_err(|error| Unresolved::invalid(format!("{field}: {error}")))
}

/// The resource group of a new resource: a full id, or a name in a subscription.
///
/// # Errors
/// `InvalidSpec` where neither spec nor scope name a group.
pub fn resource_group(
    wish: Option<&str>,
    subscription_id: Option<&str>,
    scope: &Scope,
) -> Result<ResourceId, Unresolved> {
    let defaults = scope.spec().defaults.as_ref();
    let (field, group) = match (
        wish,
        defaults.and_then(|defaults| defaults.resource_group.as_deref()),
    ) {
        (Some(group), _) => ("spec.resourceGroup", group),
        (None, Some(group)) => ("spec.defaults.resourceGroup of the scope", group),
        (None, None) => {
            let message = format!(
                "spec.resourceGroup is needed: AzureScope {} has no spec.defaults.resourceGroup",
                scope.name()
            );
            return Err(Unresolved::invalid(message));
        }
    };
    if group.starts_with('/') {
        return parse(field, group);
    }
    let subscription =
        subscription_id.or_else(|| defaults.and_then(|defaults| defaults.subscription_id.as_deref()));
    let Some(subscription) = subscription else {
        return Err(Unresolved::invalid(format!(
            "{field}: the subscription of {group} is not known; give the full id of the group"
        )));
    };
    parse(
        field,
        &format!("/subscriptions/{subscription}/resourceGroups/{group}"),
    )
}
