//! Which application security groups an endpoint is to be in: its own list, and what bindings add. Worked out here for the
//! endpoint, whose pass writes it, and for the bindings, which say how it is.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;
use privatelink_api::{
    ApplicationSecurityGroup, ApplicationSecurityGroupBinding, ManagedResource, ObjectReference,
    PrivateEndpoint, Verb,
};
use privatelink_arm::ResourceId;
use privatelink_arm::model::is_same_location;
use privatelink_arm::models::{application_security_group, virtual_network};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::{Grant, Missing, Unresolved, World, both, selects};

use crate::reference;

/// Azure takes so many groups on an endpoint.
const MOST_GROUPS: usize = 20;
/// Azure takes so many private endpoints in a group.
const MOST_MEMBERS: usize = 50;

/// Why an endpoint that a binding selects is not to join a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// It waits for the group.
    Waits(Unresolved),
    /// What would have to change, in words.
    Never(String),
    /// The group is full.
    Full,
}

/// The groups of an endpoint: by spec first, then by bindings, each once.
///
/// # Errors
/// What has to be read first, or which group of its own list is missing.
pub fn groups(endpoint: &PrivateEndpoint, world: &World<'_>) -> Result<Vec<ResourceId>, Missing> {
    let namespace = endpoint.namespace().unwrap_or_default();
    let mut groups = Vec::new();
    for (index, group) in endpoint.spec.application_security_groups.iter().enumerate() {
        let field = format!("spec.applicationSecurityGroups[{index}]");
        let Known { id, ready } = known(&field, group, &namespace, world)?;
        if !ready && !is_in(endpoint, &id) {
            return Err(
                Unresolved::object(format!("{field}: {id} is not ready yet, or is being deleted")).into(),
            );
        }
        world.scope.check(&[uses(&id)])?;
        groups.push(id);
    }
    let mut missing = Ok(());
    for binding in selecting(endpoint, world) {
        for group in &binding.spec.application_security_groups {
            let joins = joins(endpoint, group, world);
            match both(std::mem::replace(&mut missing, Ok(())), joins) {
                Ok(((), Ok(id))) => groups.push(id),
                Ok(((), Err(_))) => {}
                Err(why) => missing = Err(why),
            }
        }
    }
    missing?;
    let mut seen = BTreeSet::new();
    groups.retain(|id| seen.insert(id.key().to_owned()));
    if groups.len() > MOST_GROUPS {
        return Err(Unresolved::invalid(format!(
            "spec.applicationSecurityGroups, and the ApplicationSecurityGroupBindings that select the endpoint, come to {} groups, and Azure takes {MOST_GROUPS}: leave some out",
            groups.len()
        ))
        .into());
    }
    Ok(groups)
}

/// The objects that an endpoint's own list names.
pub fn named(endpoint: &PrivateEndpoint) -> impl Iterator<Item = privatelink_engine::ObjectKey> + '_ {
    let namespace = endpoint.namespace().unwrap_or_default();
    let groups = endpoint.spec.application_security_groups.iter();
    groups.filter_map(move |group| reference::object_key(ApplicationSecurityGroup::KIND, group, &namespace))
}

/// Whether a binding selects an endpoint.
pub fn is_selected(endpoint: &PrivateEndpoint, binding: &ApplicationSecurityGroupBinding) -> bool {
    endpoint.namespace() == binding.namespace()
        && selects(&binding.spec.private_endpoint_selector, endpoint.labels())
}

fn selecting(endpoint: &PrivateEndpoint, world: &World<'_>) -> Vec<ApplicationSecurityGroupBinding> {
    let mut bindings = Vec::new();
    let namespace = endpoint.namespace().unwrap_or_default();
    world
        .objects
        .each(Some(&namespace), |binding: &ApplicationSecurityGroupBinding| {
            if binding.metadata.deletion_timestamp.is_none() && is_selected(endpoint, binding) {
                bindings.push(binding.clone());
            }
        });
    bindings
}

/// Whether a selected endpoint is to be in a group of a binding: its id, or what keeps it from it. One that is in stays in
/// while the group is being changed: to leave a group opens or closes doors.
///
/// # Errors
/// What has to be read first.
pub fn joins(
    endpoint: &PrivateEndpoint,
    group: &ObjectReference,
    world: &World<'_>,
) -> Result<Result<ResourceId, Hindrance>, Missing> {
    let namespace = endpoint.namespace().unwrap_or_default();
    let field = "spec.applicationSecurityGroups";
    let allowed = known(field, group, &namespace, world)
        .and_then(|known| world.scope.check(&[uses(&known.id)]).map(|()| known));
    let id = match allowed {
        Ok(known) if is_in(endpoint, &known.id) => return Ok(Ok(known.id)),
        Ok(Known { id, ready: true }) => id,
        Ok(Known { id, .. }) => {
            let why = Unresolved::object(format!(
                "spec.applicationSecurityGroups: {id} is not ready yet, or is being deleted"
            ));
            return Ok(Err(Hindrance::Waits(why)));
        }
        Err(unresolved) => return Ok(Err(Hindrance::Waits(unresolved))),
    };
    let Ok(subnet) = reference::resolve("spec.subnet", &endpoint.spec.subnet, world.scope) else {
        return Ok(Err(Hindrance::Never("its subnet is not known".to_owned())));
    };
    let Some(network) = subnet.parent() else {
        return Ok(Err(Hindrance::Never(format!("{subnet} is no subnet"))));
    };
    let group_query =
        FactQuery::of(&id, application_security_group::MODEL.api_version).keeping(&["/location"]);
    let (group_fact, network_fact) = both(
        world.fact(&group_query),
        world.fact(&reference::network_facts(&network)),
    )?;
    if let (Fact::Known(group), Fact::Known(network)) = (group_fact, network_fact)
        && let (Some(group), Some(network)) = (
            virtual_network::location(group),
            virtual_network::location(network),
        )
        && !is_same_location(group, network)
    {
        let why = format!(
            "the group is in {group} and the endpoint in {network}, and Azure takes groups of its own region only"
        );
        return Ok(Err(Hindrance::Never(why)));
    }
    Ok(room(endpoint, &id, &network, world).map(|()| id))
}

/// A group behind a reference.
struct Known {
    id: ResourceId,
    ready: bool,
}

fn known(
    field: &str,
    group: &ObjectReference,
    namespace: &str,
    world: &World<'_>,
) -> Result<Known, Unresolved> {
    let Some(key) = reference::object_key(ApplicationSecurityGroup::KIND, group, namespace) else {
        let id = reference::group(field, group, namespace, world)?;
        return Ok(Known { id, ready: true });
    };
    let seen = world.objects.get(field, &key, namespace)?;
    let missing = || Unresolved::object(format!("{field}: {key} has no group in Azure yet"));
    let id = seen.resource_id.ok_or_else(missing)?;
    let ready = seen.programmed && !seen.deleting;
    Ok(Known { id, ready })
}

/// Whether the group has room for an endpoint: others of its network only, and not too many.
fn room(
    endpoint: &PrivateEndpoint,
    group: &ResourceId,
    network: &ResourceId,
    world: &World<'_>,
) -> Result<(), Hindrance> {
    let (mut members, mut elsewhere) = (0, None);
    world.objects.each(None, |other: &PrivateEndpoint| {
        let same = other.namespace() == endpoint.namespace() && other.name_any() == endpoint.name_any();
        if same || !is_in(other, group) {
            return;
        }
        members += 1;
        let subnet = effective(other, "subnet").and_then(|id| ResourceId::parse(id).ok());
        if let Some(others) = subnet
            .and_then(|subnet| subnet.parent())
            .filter(|others| others != network)
        {
            elsewhere = Some((other.name_any(), others));
        }
    });
    if let Some((name, others)) = elsewhere {
        return Err(Hindrance::Never(format!(
            "the group has endpoints of {others} ({name}), and Azure takes those of one virtual network only, not of {network} too"
        )));
    }
    if members >= MOST_MEMBERS {
        return Err(Hindrance::Full);
    }
    Ok(())
}

/// The network of each group, lower-cased, as status of endpoints shows it: of the first member in a stable order.
pub fn networks(world: &World<'_>) -> BTreeMap<String, String> {
    let mut networks = BTreeMap::new();
    world.objects.each(None, |endpoint: &PrivateEndpoint| {
        let groups = endpoint
            .status
            .as_ref()
            .map(|status| &status.application_security_groups);
        let subnet = effective(endpoint, "subnet").and_then(|id| ResourceId::parse(id).ok());
        let network = subnet.and_then(|subnet| subnet.parent());
        for group in groups.into_iter().flatten() {
            if let Some(network) = &network {
                let network = network.key().to_owned();
                networks.entry(group.to_ascii_lowercase()).or_insert(network);
            }
        }
    });
    networks
}

fn effective<'a>(endpoint: &'a PrivateEndpoint, name: &str) -> Option<&'a str> {
    let status = endpoint.status.as_ref()?;
    status.managed.effective.get(name).map(String::as_str)
}

/// Whether status shows that an endpoint is in a group.
pub fn is_in(endpoint: &PrivateEndpoint, group: &ResourceId) -> bool {
    let groups = endpoint
        .status
        .as_ref()
        .map(|status| &status.application_security_groups);
    groups
        .into_iter()
        .flatten()
        .any(|shown| shown.eq_ignore_ascii_case(group.as_ref()))
}

/// The right that it takes to put an endpoint into a group.
pub fn uses(group: &ResourceId) -> Grant {
    Grant::On {
        id: group.clone(),
        verb: Verb::Use,
    }
}
