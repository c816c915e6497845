//! From references, names and defaults to ARM ids. No call is made: what an id leads to is for others to find out.

use std::collections::BTreeMap;

use privatelink_api::{ArmReference, ManagedResource, ObjectReference, PrivateDnsZone};
use privatelink_arm::ResourceId;
use privatelink_arm::models::virtual_network;
use privatelink_engine::facts::FactQuery;
use privatelink_engine::{ObjectKey, Scope, Unresolved, World};

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

/// What is asked of a virtual network.
pub fn network_facts(network: &ResourceId) -> FactQuery {
    FactQuery::of(network, virtual_network::API_VERSION).keeping(virtual_network::READ)
}

/// The id of a private DNS zone, of an object of this cluster or of somebody else's. The second is whether it is known to
/// be there: an object's zone is when Azure equals its spec.
///
/// # Errors
/// The field, and what is missing.
pub fn zone(
    reference: &ObjectReference,
    namespace: &str,
    world: &World<'_>,
) -> Result<(ResourceId, bool), Unresolved> {
    zone_of("spec.zone", reference, namespace, world)
}

/// As [`zone`], for a field of another name.
///
/// # Errors
/// The field, and what is missing.
pub fn zone_of(
    field: &str,
    reference: &ObjectReference,
    namespace: &str,
    world: &World<'_>,
) -> Result<(ResourceId, bool), Unresolved> {
    match (
        reference.name.as_deref(),
        reference.id.as_deref(),
        reference.alias.as_deref(),
    ) {
        (Some(_), None, None) => {
            let key = zone_key(reference, namespace);
            let key = key.ok_or_else(|| Unresolved::invalid(format!("{field} must name an object")))?;
            let seen = world.objects.get(field, &key, namespace)?;
            let id = seen
                .resource_id
                .ok_or_else(|| Unresolved::object(format!("{field}: {key} has no zone in Azure yet")))?;
            Ok((id, seen.programmed && !seen.deleting))
        }
        (None, Some(id), None) => Ok((parse(&format!("{field}.id"), id)?, true)),
        (None, None, Some(alias)) => Ok((
            resolve_alias(&format!("{field}.alias"), alias, world.scope)?,
            true,
        )),
        _ => Err(Unresolved::invalid(format!(
            "{field} must have exactly one of name, id and alias"
        ))),
    }
}

/// The object that a reference to a zone names, if it names one.
pub fn zone_key(reference: &ObjectReference, namespace: &str) -> Option<ObjectKey> {
    let name = reference.name.clone()?;
    Some(ObjectKey {
        kind: PrivateDnsZone::KIND,
        namespace: reference
            .namespace
            .clone()
            .unwrap_or_else(|| namespace.to_owned()),
        name,
    })
}

/// The tags of a resource: the scope's, and over them the object's own.
pub fn tags(own: &BTreeMap<String, String>, scope: &Scope) -> BTreeMap<String, String> {
    let defaults = scope.spec().defaults.as_ref();
    let mut tags = defaults.map(|defaults| defaults.tags.clone()).unwrap_or_default();
    // ARM compares names of tags without case.
    tags.retain(|name, _| !own.keys().any(|own| own.eq_ignore_ascii_case(name)));
    tags.extend(own.clone());
    tags
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
    let default = scope
        .spec()
        .defaults
        .as_ref()
        .and_then(|defaults| defaults.resource_group.as_deref());
    let default = default.map(|group| ("spec.defaults.resourceGroup of the scope", group));
    let wish = wish.map(|group| ("spec.resourceGroup", group));
    let Some((field, group)) = wish.or(default) else {
        let message = format!(
            "spec.resourceGroup is needed: AzureScope {} has no spec.defaults.resourceGroup",
            scope.name()
        );
        return Err(Unresolved::invalid(message));
    };
    group_id(field, group, subscription_id, scope)
}

/// The resource group of a new DNS zone: the wish, else the scope's DNS resource group, else its resource group.
///
/// # Errors
/// `InvalidSpec` where neither spec nor scope name a group.
pub fn dns_resource_group(wish: Option<&str>, scope: &Scope) -> Result<ResourceId, Unresolved> {
    let default = scope
        .spec()
        .defaults
        .as_ref()
        .and_then(|defaults| defaults.dns_resource_group.as_deref());
    match (wish, default) {
        (None, Some(group)) => group_id("spec.defaults.dnsResourceGroup of the scope", group, None, scope),
        _ => resource_group(wish, None, scope),
    }
}

fn group_id(
    field: &str,
    group: &str,
    subscription_id: Option<&str>,
    scope: &Scope,
) -> Result<ResourceId, Unresolved> {
    let defaults = scope.spec().defaults.as_ref();
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
