//! From references to the objects of an estate, or to the words that say what is missing.

use std::collections::BTreeMap;

use kube::ResourceExt;
use privatelink_api::{
    ApplicationSecurityGroup, ArmReference, AzureScope, ManagedResource, ObjectReference, Placement,
};
use privatelink_arm::ResourceId;

use super::model::last_segment;

/// Objects of a kind, by namespace and name.
pub(super) type Objects<T> = BTreeMap<(String, String), T>;

/// Where an object is that refers to others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Referrer<'a> {
    pub namespace: &'a str,
    pub scope_name: Option<&'a str>,
}

impl<'a> Referrer<'a> {
    pub(super) fn new<T: ManagedResource>(object: &'a T) -> Self {
        Referrer {
            namespace: namespace(object),
            scope_name: object.managed().scope_name.as_deref(),
        }
    }
}

/// An object's namespace; manifests may leave out `default`.
pub(super) fn namespace<T: kube::Resource>(object: &T) -> &str {
    object.meta().namespace.as_deref().unwrap_or("default")
}

/// A subnet that a reference is to.
pub(super) struct SubnetId {
    /// In lower case, or what stands for it.
    pub id: String,
    pub name: String,
    pub network: Option<String>,
}

/// The object that a reference is to.
///
/// # Errors
/// What is not there, as the subject of a sentence.
pub(super) fn find<'a, T: ManagedResource>(
    what: &str,
    objects: &'a Objects<T>,
    reference: &ObjectReference,
    referrer: Referrer<'_>,
    scopes: &BTreeMap<String, AzureScope>,
) -> Result<&'a T, String> {
    if let Some(name) = &reference.name {
        let namespace = reference.namespace.as_deref().unwrap_or(referrer.namespace);
        let key = (namespace.to_owned(), name.clone());
        let Some(object) = objects.get(&key) else {
            return Err(format!(
                "{} {namespace}/{name} (not among the objects known here)",
                T::KIND
            ));
        };
        return if admits(object, referrer.namespace) {
            Ok(object)
        } else {
            Err(format!(
                "{} {namespace}/{name} (its allowedNamespaces do not name {})",
                T::KIND,
                referrer.namespace
            ))
        };
    }
    let id = match (&reference.id, &reference.alias) {
        (Some(id), _) => id.clone(),
        (None, Some(alias)) => resolve_alias(alias, referrer, scopes).ok_or_else(|| {
            format!("{what} with the alias {alias} (no AzureScope in these manifests has it)")
        })?,
        (None, None) => return Err(format!("{what} (the reference is empty)")),
    };
    by_id(objects, &id).ok_or_else(|| format!("{what} {id} (not among the objects known here)"))
}

/// The object that an ARM id is of.
pub(super) fn by_id<'a, T: ManagedResource>(objects: &'a Objects<T>, id: &str) -> Option<&'a T> {
    let is = |object: &&T| resource_id(*object).is_some_and(|own| own.eq_ignore_ascii_case(id));
    objects.values().find(is)
}

fn resource_id<T: ManagedResource>(object: &T) -> Option<&str> {
    object.managed_status()?.resource_id.as_deref()
}

/// Whether an object of a namespace may name this one. What labels a namespace has is not known.
fn admits<T: ManagedResource>(object: &T, other: &str) -> bool {
    let names = object
        .allowed_namespaces()
        .and_then(|allowed| allowed.names.as_ref());
    namespace(object) == other || names.is_some_and(|names| names.iter().any(|name| name == other))
}

/// The id that an alias stands for, where all scopes that may be the object's agree.
fn resolve_alias(
    alias: &str,
    referrer: Referrer<'_>,
    scopes: &BTreeMap<String, AzureScope>,
) -> Option<String> {
    let serves = |scope: &AzureScope| match (referrer.scope_name, &scope.spec.namespaces) {
        (Some(name), _) => scope.name_any() == name,
        (None, Some(namespaces)) => namespaces.iter().any(|name| name == referrer.namespace),
        // It goes by labels, which are not known.
        (None, None) => true,
    };
    let mut ids = scopes
        .values()
        .filter(|scope| serves(scope))
        .filter_map(|scope| scope.spec.aliases.get(alias));
    let first = ids.next()?;
    ids.all(|id| id.eq_ignore_ascii_case(first))
        .then(|| first.clone())
}

/// What a reference to a subnet is to. An alias that nothing resolves stands for itself.
pub(super) fn subnet(
    reference: &ArmReference,
    referrer: Referrer<'_>,
    scopes: &BTreeMap<String, AzureScope>,
) -> SubnetId {
    let alias = reference.alias.as_deref();
    let resolved = alias.and_then(|alias| resolve_alias(alias, referrer, scopes));
    let Some(id) = reference.id.clone().or(resolved) else {
        let alias = alias.unwrap_or_default();
        return SubnetId {
            id: format!("alias/{}/{alias}", referrer.scope_name.unwrap_or_default()),
            name: alias.to_owned(),
            network: None,
        };
    };
    let network = ResourceId::parse(&id).ok().and_then(|id| id.parent());
    SubnetId {
        name: last_segment(&id).to_owned(),
        id: id.to_ascii_lowercase(),
        network: network.map(|network| network.key().to_owned()),
    }
}

/// The id of an application security group in lower case, or what stands for it: see
/// [`same_group`](super::model::same_group).
pub(super) fn application_group(
    reference: &ObjectReference,
    groups: &Objects<ApplicationSecurityGroup>,
    referrer: Referrer<'_>,
    scopes: &BTreeMap<String, AzureScope>,
) -> String {
    if let Some(id) = &reference.id {
        return id.to_ascii_lowercase();
    }
    if let Some(alias) = &reference.alias {
        let id = resolve_alias(alias, referrer, scopes);
        return id.map_or_else(|| format!("alias/{alias}/?"), |id| id.to_ascii_lowercase());
    }
    let name = reference.name.as_deref().unwrap_or_default();
    let namespace = reference.namespace.as_deref().unwrap_or(referrer.namespace);
    let object = groups.get(&(namespace.to_owned(), name.to_owned()));
    if let Some(id) = object.and_then(resource_id) {
        return id.to_ascii_lowercase();
    }
    let azure_name = match object.map(|object| &object.spec.placement) {
        Some(Placement { azure_name: None, .. }) => name,
        Some(Placement {
            azure_name: Some(azure_name),
            ..
        }) => azure_name,
        None => "?",
    };
    let object = format!("applicationsecuritygroup/{namespace}/{name}");
    if azure_name == name {
        object
    } else {
        format!("{object}/{azure_name}")
    }
    .to_ascii_lowercase()
}
