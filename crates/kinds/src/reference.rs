//! From references, names and defaults to ARM ids. No call is made: what an id leads to is for others to find out.

use std::collections::BTreeMap;
use std::time::Duration;

use privatelink_api::{
    ApplicationSecurityGroup, ArmReference, ConditionType, ManagedResource, ObjectReference, Placement,
    PrivateDnsZone, Verb,
};
use privatelink_arm::ResourceId;
use privatelink_arm::models::{subnet, virtual_network};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::{Grant, Missing, ObjectKey, Scope, Unresolved, World};
use serde_json::{Value, json};

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

/// What others set on a subnet decides who gets through: it is looked at more often than what hardly ever changes.
const SUBNETS_BELIEVED_FOR: Duration = Duration::from_secs(150);

/// What is asked of a subnet that somebody else owns.
pub fn subnet_facts(id: &ResourceId) -> FactQuery {
    FactQuery::of(id, subnet::MODEL.api_version)
        .keeping(subnet::READ)
        .believed_for(SUBNETS_BELIEVED_FOR)
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
    object_key(PrivateDnsZone::KIND, reference, namespace)
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

/// The id of a resource with a place of its own in a resource group: its name is the object's where spec gives no other.
///
/// # Errors
/// `InvalidSpec` where neither spec nor scope name a group, or the name is none.
pub fn placed(
    placement: &Placement,
    name: String,
    resource_type: &str,
    scope: &Scope,
) -> Result<ResourceId, Unresolved> {
    let group = resource_group(placement.resource_group.as_deref(), None, scope)?;
    let name = placement.azure_name.clone().unwrap_or(name);
    parse(
        "spec.azureName",
        &format!("{group}/providers/{resource_type}/{name}"),
    )
}

/// The region of a new resource: the wish, else its resource group's.
///
/// # Errors
/// What has to be read first, or that there is none.
pub fn location(placement: &Placement, id: &ResourceId, world: &World<'_>) -> Result<String, Missing> {
    if let Some(location) = &placement.location {
        return Ok(location.clone());
    }
    let Some(group) = id.resource_group_id() else {
        return Err(Unresolved::invalid("spec.location is needed").into());
    };
    let query = FactQuery::of(&group, RESOURCE_GROUP_API_VERSION).keeping(&["/location"]);
    let message = match world.fact(&query)? {
        Fact::Known(body) => match body.get("location").and_then(Value::as_str) {
            Some(location) => return Ok(location.to_owned()),
            None => format!("{group} has no location; set spec.location"),
        },
        Fact::Absent => format!("the resource group {group} does not exist; it is looked for again"),
        Fact::Unreadable(why) => {
            let message = format!("{group} cannot be read ({why}); allow reading it, or set spec.location");
            return Err(Unresolved::unreadable(&group, message).into());
        }
    };
    Err(Unresolved::dependency(message).into())
}

/// With which version a resource group is asked for.
const RESOURCE_GROUP_API_VERSION: &str = "2021-04-01";

/// What status shows of where a resource is.
pub fn effective(id: &ResourceId, world: &World<'_>) -> BTreeMap<String, String> {
    let group = id.resource_group().unwrap_or_default();
    let effective = [("resourceGroup", group), ("scope", world.scope.name())];
    effective
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// At most this many ids are shown in status.
const MOST_SHOWN: usize = 100;

/// The ids that a resource lists under a property, for status; none where it lists none.
pub fn ids_of(body: &Value, pointer: &str) -> Option<Value> {
    let list = body.pointer(pointer).and_then(Value::as_array)?.iter();
    let mut ids: Vec<&str> = list.filter_map(|entry| entry.get("id")?.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(MOST_SHOWN);
    (!ids.is_empty()).then(|| json!(ids))
}

/// Refuses to delete what Azure shows to be in use; `remedy` says how it gets out of use.
///
/// # Errors
/// `InUse` with those that use it.
pub fn unused(body: &Value, pointers: &[&str], remedy: &str) -> Result<(), Unresolved> {
    let users = pointers
        .iter()
        .filter_map(|pointer| body.pointer(pointer)?.as_array());
    let users: Vec<&str> = users
        .flatten()
        .filter_map(|user| user.get("id")?.as_str())
        .collect();
    if users.is_empty() {
        return Ok(());
    }
    let more = users.len().saturating_sub(MOST_TOLD);
    let mut told = users
        .iter()
        .take(MOST_TOLD)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        told.push_str(&format!(" and {more} more"));
    }
    Err(Unresolved::in_use(format!("{told} use it; {remedy}")))
}

/// At most so many ids in a message.
const MOST_TOLD: usize = 5;

/// The id of an application security group, of an object of this cluster or of somebody else's.
///
/// # Errors
/// The field, and what is missing.
pub fn group(
    field: &str,
    reference: &ObjectReference,
    namespace: &str,
    world: &World<'_>,
) -> Result<ResourceId, Unresolved> {
    object(
        field,
        ApplicationSecurityGroup::KIND,
        reference,
        namespace,
        false,
        world,
    )
}

/// Whether Azure was as an object wants it, at this generation: what it refers to was there.
pub fn is_programmed<T: ManagedResource>(object: &T) -> bool {
    let programmed = ConditionType::Programmed.as_str();
    object.managed_status().is_some_and(|status| {
        status.observed_generation == object.meta().generation
            && status
                .conditions
                .iter()
                .any(|shown| shown.type_ == programmed && shown.status == "True")
    })
}

/// The id of a resource of an object of this cluster, which Azure has as the object wants it, or of somebody else's resource.
/// Whoever `has` it already has it while it is being changed too.
///
/// # Errors
/// The field, and what is missing.
pub fn object(
    field: &str,
    kind: &'static str,
    reference: &ObjectReference,
    namespace: &str,
    has: bool,
    world: &World<'_>,
) -> Result<ResourceId, Unresolved> {
    match object_key(kind, reference, namespace) {
        Some(key) if reference.id.is_none() && reference.alias.is_none() => {
            let seen = world.objects.get(field, &key, namespace)?;
            let id = seen
                .resource_id
                .filter(|_| has || seen.programmed && !seen.deleting);
            id.ok_or_else(|| {
                Unresolved::object(format!("{field}: {key} is not ready yet, or is being deleted"))
            })
        }
        _ => {
            let id = given(field, reference, world.scope)?.ok_or_else(|| {
                Unresolved::invalid(format!("{field} must have exactly one of name, id and alias"))
            })?;
            // An alias may stand for anything, and not every list of ids has a rule in its schema.
            let wanted = format!("Microsoft.Network/{kind}s");
            if !id.resource_type().eq_ignore_ascii_case(&wanted) {
                return Err(Unresolved::invalid(format!(
                    "{field}: {id} is no {kind}; give the id of one, or the name of its object"
                )));
            }
            Ok(id)
        }
    }
}

/// The id that a reference gives itself, by id or alias; none where it names an object.
///
/// # Errors
/// The field, and what is wrong with it.
pub fn given(
    field: &str,
    reference: &ObjectReference,
    scope: &Scope,
) -> Result<Option<ResourceId>, Unresolved> {
    match (&reference.name, &reference.id, &reference.alias) {
        (Some(_), None, None) => Ok(None),
        (None, Some(id), None) => parse(&format!("{field}.id"), id).map(Some),
        (None, None, Some(alias)) => resolve_alias(&format!("{field}.alias"), alias, scope).map(Some),
        _ => Err(Unresolved::invalid(format!(
            "{field} must have exactly one of name, id and alias"
        ))),
    }
}

/// The right that it takes to have one's own resources use one of others.
pub fn uses(id: &ResourceId) -> Grant {
    Grant::On {
        id: id.clone(),
        verb: Verb::Use,
    }
}

/// The object of a kind that a reference names, if it names one.
pub fn object_key(kind: &'static str, reference: &ObjectReference, namespace: &str) -> Option<ObjectKey> {
    let name = reference.name.clone()?;
    let namespace = reference.namespace.as_deref().unwrap_or(namespace).to_owned();
    Some(ObjectKey {
        kind,
        namespace,
        name,
    })
}
