//! Which application security groups an endpoint is to be in: its own list, and what bindings add. Worked out here for the
//! endpoint, whose pass writes it, and for the bindings, which say how it is.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use kube::ResourceExt;
use privatelink_api::{
    ApplicationSecurityGroup, ApplicationSecurityGroupBinding, ManagedResource, ObjectReference,
    PrivateEndpoint, Reason,
};
use privatelink_arm::ResourceId;
use privatelink_arm::model::is_same_location;
use privatelink_arm::models::{application_security_group, virtual_network};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::{Missing, Unresolved, World, both, selects};

use crate::reference;

/// The definition of bindings of groups.
const BINDINGS: &str = "applicationsecuritygroupbindings.privatelink.dev";
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

impl Hindrance {
    /// What an endpoint says whose own list names the group.
    fn of_own(self, field: &str) -> Unresolved {
        match self {
            Hindrance::Waits(unresolved) => unresolved,
            Hindrance::Never(why) => Unresolved::invalid(format!("{field}: {why}; name another group")),
            Hindrance::Full => Unresolved {
                reason: Reason::QuotaExceeded,
                ..Unresolved::invalid(format!(
                    "{field}: Azure takes {MOST_MEMBERS} private endpoints in a group, and it has as many; name another group"
                ))
            },
        }
    }
}

/// The groups of an endpoint: by spec first, then by bindings, each once.
///
/// # Errors
/// What has to be read first, or which group of its own list is missing.
pub fn groups(endpoint: &PrivateEndpoint, world: &World<'_>) -> Result<Vec<ResourceId>, Missing> {
    let namespace = endpoint.namespace().unwrap_or_default();
    let around = LazyCell::new(|| Around::of(world));
    let mut groups = Vec::new();
    for (index, group) in endpoint.spec.application_security_groups.iter().enumerate() {
        let field = format!("spec.applicationSecurityGroups[{index}]");
        let Known { id, ready } = known(&field, group, &namespace, world)?;
        world.scope.check(&[reference::uses(&id)])?;
        if !is_in(endpoint, &id) {
            if !ready {
                return Err(Unresolved::object(format!(
                    "{field}: {id} is not ready yet, or is being deleted"
                ))
                .into());
            }
            fits(endpoint, &id, &around, world)?.map_err(|hindrance| hindrance.of_own(&field))?;
        }
        groups.push(id);
    }
    let (mut missing, mut waits) = (Ok(()), false);
    for binding in selecting(endpoint, world) {
        for group in &binding.spec.application_security_groups {
            let joins = joins(endpoint, group, &around, world);
            match both(std::mem::replace(&mut missing, Ok(())), joins) {
                Ok(((), Ok(id))) => groups.push(id),
                Ok(((), Err(hindrance))) => waits |= matches!(hindrance, Hindrance::Waits(_)),
                Err(why) => missing = Err(why),
            }
        }
    }
    missing?;
    let leaves = applied(endpoint).any(|id| !groups.contains(&id));
    // A group that cannot be named now may be one of those that were joined, and bindings that go with their definition are
    // not taken back by anybody: on neither account is a group left.
    if leaves && (waits || !world.definition_stays(BINDINGS)?) {
        groups.extend(applied(endpoint).filter(|id| world.scope.grants(&reference::uses(id))));
    }
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

/// The groups that the endpoint's own pass has put it into, as far as it is in them.
fn applied(endpoint: &PrivateEndpoint) -> impl Iterator<Item = ResourceId> + '_ {
    let nodes = endpoint.status.as_ref().map(|status| &status.managed.applied);
    let fields = nodes.into_iter().flat_map(BTreeMap::values);
    let groups = fields.filter_map(|fields| fields.get("properties.applicationSecurityGroups"));
    let ids = groups.flatten().filter_map(|id| ResourceId::parse(id).ok());
    ids.filter(|id| is_in(endpoint, id))
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
    around: &impl Deref<Target = Around>,
    world: &World<'_>,
) -> Result<Result<ResourceId, Hindrance>, Missing> {
    let namespace = endpoint.namespace().unwrap_or_default();
    let field = "spec.applicationSecurityGroups";
    let allowed = known(field, group, &namespace, world)
        .and_then(|known| world.scope.check(&[reference::uses(&known.id)]).map(|()| known));
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
    Ok(fits(endpoint, &id, around, world)?.map(|()| id))
}

/// Whether Azure would take an endpoint into a group that it is not in.
///
/// # Errors
/// What has to be read first.
fn fits(
    endpoint: &PrivateEndpoint,
    id: &ResourceId,
    around: &impl Deref<Target = Around>,
    world: &World<'_>,
) -> Result<Result<(), Hindrance>, Missing> {
    let Ok(subnet) = reference::resolve("spec.subnet", &endpoint.spec.subnet, world.scope) else {
        return Ok(Err(Hindrance::Never("its subnet is not known".to_owned())));
    };
    let Some(network) = subnet.parent() else {
        return Ok(Err(Hindrance::Never(format!("{subnet} is no subnet"))));
    };
    let group_query =
        FactQuery::of(id, application_security_group::MODEL.api_version).keeping(&["/location"]);
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
    Ok(around.room(endpoint, id, &network, world))
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

/// All endpoints of the cluster, as far as groups go by them.
pub struct Around {
    endpoints: Vec<Placed>,
}

struct Placed {
    /// The order in which places in a group are given: by age, then by namespace and name.
    order: (Option<String>, Option<String>, Option<String>),
    labels: BTreeMap<String, String>,
    /// The groups that it is in, lower-cased.
    groups: Vec<String>,
    network: Option<ResourceId>,
    going: bool,
}

fn order(endpoint: &PrivateEndpoint) -> (Option<String>, Option<String>, Option<String>) {
    let created = endpoint.creation_timestamp().map(|time| time.0.to_string());
    (created, endpoint.namespace(), Some(endpoint.name_any()))
}

impl Around {
    /// Looks around.
    pub fn of(world: &World<'_>) -> Self {
        let mut endpoints = Vec::new();
        world.objects.each(None, |endpoint: &PrivateEndpoint| {
            let subnet = effective(endpoint, "subnet").and_then(|id| ResourceId::parse(id).ok());
            let groups = endpoint
                .status
                .as_ref()
                .map(|status| &status.application_security_groups);
            endpoints.push(Placed {
                order: order(endpoint),
                labels: endpoint.labels().clone(),
                groups: groups
                    .into_iter()
                    .flatten()
                    .map(|id| id.to_ascii_lowercase())
                    .collect(),
                network: subnet.and_then(|subnet| subnet.parent()),
                going: endpoint.metadata.deletion_timestamp.is_some(),
            });
        });
        Around { endpoints }
    }

    /// Whether a group has room for an endpoint: others of its network only, and not too many. Places are given in a fixed
    /// order, so that of many that are made at once the same ones get in, whoever looks first.
    fn room(
        &self,
        endpoint: &PrivateEndpoint,
        group: &ResourceId,
        network: &ResourceId,
        world: &World<'_>,
    ) -> Result<(), Hindrance> {
        let own = order(endpoint);
        let bindings = of_group(endpoint, group, world);
        let mut before = 0;
        for other in self.endpoints.iter().filter(|other| other.order != own) {
            if other.groups.iter().any(|id| id == group.key()) {
                before += 1;
                if let Some(others) = other.network.as_ref().filter(|others| *others != network) {
                    let name = other.order.2.as_deref().unwrap_or_default();
                    return Err(Hindrance::Never(format!(
                        "the group has endpoints of {others} ({name}), and Azure takes those of one virtual network only, not of {network} too"
                    )));
                }
            } else if !other.going && other.order < own && other.order.1 == own.1 {
                let selected = bindings
                    .iter()
                    .any(|binding| selects(&binding.spec.private_endpoint_selector, &other.labels));
                before += usize::from(selected);
            }
        }
        if before >= MOST_MEMBERS {
            return Err(Hindrance::Full);
        }
        Ok(())
    }
}

/// The bindings of an endpoint's namespace that put endpoints into a group.
fn of_group(
    endpoint: &PrivateEndpoint,
    group: &ResourceId,
    world: &World<'_>,
) -> Vec<ApplicationSecurityGroupBinding> {
    let namespace = endpoint.namespace().unwrap_or_default();
    let mut bindings = Vec::new();
    let is_group = |reference: &ObjectReference| {
        let known = known("spec.applicationSecurityGroups", reference, &namespace, world);
        known.is_ok_and(|known| known.id == *group)
    };
    world
        .objects
        .each(Some(&namespace), |binding: &ApplicationSecurityGroupBinding| {
            let going = binding.metadata.deletion_timestamp.is_some();
            if !going && binding.spec.application_security_groups.iter().any(is_group) {
                bindings.push(binding.clone());
            }
        });
    bindings
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
