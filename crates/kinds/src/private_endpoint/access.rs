//! Who reaches an endpoint, for status: from the objects of its namespace and from what Azure shows of its subnet.

use std::hash::{DefaultHasher, Hash, Hasher};

use kube::ResourceExt;
use privatelink_api::{
    ApplicationSecurityGroup, ApplicationSecurityGroupBinding, AzureScope, ConditionType, EndpointPolicies,
    ManagedResource, NetworkSecurityGroup, PrivateEndpoint, Reason, RouteTable, SubnetBinding,
};
use privatelink_arm::ResourceId;
use privatelink_arm::models::{subnet, virtual_network};
use privatelink_engine::facts::Fact;
use privatelink_engine::{Finding, Missing, ObjectKey, Truth, World, both};
use serde_json::{Value, json};

use crate::access::Estate;
use crate::access::prefix::Prefix;
use crate::reference;

/// What is known of the endpoint's surroundings.
pub(super) struct Surroundings {
    subnet: ResourceId,
    /// Azure's word for what of the subnet's group and routes counts for endpoints; none where it cannot be read.
    policy: Option<String>,
    /// The id of the group that the subnet has.
    group: Option<String>,
    network: ResourceId,
    space: Vec<Prefix>,
    /// The networks that the network is connected to; none where that cannot be read.
    peers: Option<Vec<String>>,
}

/// The kinds whose objects' change changes the answer.
pub(super) const OBSERVED: &[&str] = &[
    SubnetBinding::KIND,
    NetworkSecurityGroup::KIND,
    RouteTable::KIND,
    ApplicationSecurityGroup::KIND,
    ApplicationSecurityGroupBinding::KIND,
];

/// Reads what Azure shows of the endpoint's subnet and network.
///
/// # Errors
/// What has to be read first.
pub(super) fn surroundings(
    endpoint: &PrivateEndpoint,
    world: &World<'_>,
) -> Result<Option<Surroundings>, Missing> {
    let subnet = reference::resolve("spec.subnet", &endpoint.spec.subnet, world.scope)?;
    let Some(network) = subnet.parent() else {
        return Ok(None);
    };
    let (of_subnet, of_network) = both(
        world.fact(&reference::subnet_facts(&subnet)),
        world.fact(&reference::network_facts(&network)),
    )?;
    let known = |fact: &Fact| match fact {
        Fact::Known(body) => Some(body.clone()),
        _ => None,
    };
    let body = known(of_subnet);
    let group = body.as_deref().and_then(|body| {
        Some(
            body.pointer("/properties/networkSecurityGroup/id")?
                .as_str()?
                .to_owned(),
        )
    });
    let network_body = known(of_network);
    let space = network_body.as_deref().map(virtual_network::address_space);
    let peers = network_body.as_deref().map(|body| {
        let peers = virtual_network::peers(body).into_iter();
        peers.map(str::to_owned).collect()
    });
    Ok(Some(Surroundings {
        policy: body
            .as_deref()
            .map(|body| subnet::endpoint_policies(body).to_owned()),
        group,
        network,
        peers,
        space: space
            .into_iter()
            .flatten()
            .filter_map(|text| text.parse().ok())
            .collect(),
        subnet,
    }))
}

/// The line of status, where subnets of the namespace are bound: else nothing is known of clients.
pub(super) fn access(endpoint: &PrivateEndpoint, around: &Surroundings, world: &World<'_>) -> Option<Value> {
    let namespace = endpoint.namespace().unwrap_or_default();
    let mut inputs = DefaultHasher::new();
    let mut bound = false;
    world.objects.each(Some(&namespace), |binding: &SubnetBinding| {
        bound = true;
        note(binding, &mut inputs);
    });
    if !bound {
        return None;
    }
    let each = &world.objects;
    each.each(Some(&namespace), |group: &NetworkSecurityGroup| {
        note(group, &mut inputs)
    });
    each.each(Some(&namespace), |table: &RouteTable| note(table, &mut inputs));
    each.each(Some(&namespace), |group: &ApplicationSecurityGroup| {
        note(group, &mut inputs)
    });
    each.each(Some(&namespace), |binding: &ApplicationSecurityGroupBinding| {
        note(binding, &mut inputs);
    });
    let status = endpoint.status.as_ref();
    let addresses =
        status.map(|status| json!([status.ip_configurations, status.application_security_groups]));
    (
        &endpoint.metadata.uid,
        endpoint.metadata.generation,
        endpoint.labels(),
    )
        .hash(&mut inputs);
    addresses.unwrap_or_default().to_string().hash(&mut inputs);
    (&around.policy, &around.group).hash(&mut inputs);
    (&around.space, &around.peers).hash(&mut inputs);
    world.scope.spec().aliases.hash(&mut inputs);
    let key = ObjectKey {
        kind: PrivateEndpoint::KIND,
        name: endpoint.name_any(),
        namespace,
    };
    Some(world.objects.memo.get(&key, inputs.finish(), || {
        let report = estate(endpoint, around, world).access(endpoint);
        json!({"summary": report.summary(), "count": report.count()})
    }))
}

/// A version of an object stands for it.
fn note<T: ManagedResource>(object: &T, inputs: &mut DefaultHasher) {
    let metadata = object.meta();
    (&metadata.uid, &metadata.resource_version).hash(inputs);
}

fn estate(endpoint: &PrivateEndpoint, around: &Surroundings, world: &World<'_>) -> Estate {
    let namespace = endpoint.namespace().unwrap_or_default();
    let mut estate = Estate::default()
        .with_scope(&AzureScope::new(world.scope.name(), world.scope.spec().clone()))
        .with_address_space(around.network.as_ref(), around.space.clone());
    if let Some(peers) = &around.peers {
        estate = estate.with_peers(around.network.as_ref(), peers);
    }
    if let Some(policy) = around.policy.as_deref().and_then(policy) {
        estate = estate.with_policy(around.subnet.as_ref(), policy);
    }
    let (objects, namespace) = (world.objects, Some(namespace.as_str()));
    let mut built = Some(estate);
    let mut add = |with: &dyn Fn(Estate) -> Estate| built = built.take().map(with);
    objects.each(namespace, |binding: &SubnetBinding| {
        add(&|estate| estate.with_subnet(binding))
    });
    objects.each(namespace, |group: &NetworkSecurityGroup| {
        add(&|estate| estate.with_group(group))
    });
    objects.each(namespace, |table: &RouteTable| {
        add(&|estate| estate.with_route_table(table))
    });
    objects.each(namespace, |group: &ApplicationSecurityGroup| {
        add(&|estate| estate.with_application_group(group));
    });
    objects.each(namespace, |binding: &ApplicationSecurityGroupBinding| {
        add(&|estate| estate.with_membership(binding));
    });
    built.unwrap_or_default()
}

fn policy(word: &str) -> Option<EndpointPolicies> {
    [
        EndpointPolicies::Disabled,
        EndpointPolicies::Enabled,
        EndpointPolicies::NetworkSecurityGroupEnabled,
        EndpointPolicies::RouteTableEnabled,
    ]
    .into_iter()
    .find(|policy| format!("{policy:?}").eq_ignore_ascii_case(word))
}

/// The trap: the subnet has a group, and its policy makes Azure ignore it for endpoints.
pub(super) fn ignored(around: &Surroundings) -> Option<Finding> {
    let (group, policy) = (around.group.as_ref()?, around.policy.as_ref()?);
    if subnet::applies_groups(policy) {
        return None;
    }
    let message = format!(
        "the subnet {} has the network security group {group}, and its privateEndpointNetworkPolicies is {policy}: Azure ignores the group for this endpoint; set spec.privateEndpointNetworkPolicies: NetworkSecurityGroupEnabled (or Enabled) on a SubnetBinding of the subnet, or have its owner set it",
        around.subnet.name()
    );
    Some(Finding::new(
        ConditionType::NetworkPolicyEnforced,
        Truth::False,
        Reason::PolicyDisabled,
        message,
    ))
}
