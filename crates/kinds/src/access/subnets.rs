//! What an estate knows of one subnet: from the objects that bind it, and from what they saw of it in Azure.

use std::sync::Arc;

use kube::ResourceExt;
use privatelink_api::{EndpointPolicies, ManagedResource, NetworkSecurityGroup, RouteTable, SubnetBinding};

use super::estate::Estate;
use super::model::{Bound, Policy, SecurityGroup, Subnet};
use super::resolve::{self, Referrer, SubnetId, application_group, by_id, find};
use super::rules::{route_table, security_group};
use crate::reference;

impl Estate {
    /// All bindings of a subnet, in the order of their names.
    pub(super) fn bindings(&self, id: &SubnetId) -> Vec<&SubnetBinding> {
        let is = |binding: &&SubnetBinding| {
            resolve::subnet(&binding.spec.subnet, Referrer::new(*binding), &self.scopes).id == id.id
        };
        self.subnets.values().filter(is).collect()
    }

    /// The policy of a subnet: what is bound, else what its owner is known to have set.
    pub(super) fn policy(&self, id: &SubnetId, bindings: &[&SubnetBinding]) -> Option<EndpointPolicies> {
        let mut in_force = bindings.iter().filter(|binding| is_in_force(**binding));
        let bound = in_force.find_map(|binding| binding.spec.private_endpoint_network_policies);
        bound.or_else(|| self.policies.get(&id.id).copied())
    }

    /// What is known of a subnet. What bindings leave to its owner is what they saw in Azure, if they saw it.
    pub(super) fn subnet(&self, id: SubnetId) -> Subnet {
        let bindings = self.bindings(&id);
        let mut seen = bindings.iter().filter_map(|binding| binding.status.as_ref());
        let seen = seen.find(|status| !status.address_prefixes.is_empty());
        let prefixes = seen.and_then(|seen| {
            seen.address_prefixes
                .iter()
                .map(|prefix| prefix.parse().ok())
                .collect()
        });
        let left = |what: &str| match (bindings.first(), seen) {
            (Some(_), Some(_)) => None,
            (Some(binding), None) => Some(format!(
                "the {what} that SubnetBinding {} leaves to the owner of {}",
                binding.name_any(),
                id.name
            )),
            (None, _) => Some(format!("the {what} of {} (no SubnetBinding known here)", id.name)),
        };
        let in_force = || bindings.iter().filter(|binding| is_in_force(**binding));
        let group = in_force().find_map(|binding| {
            let reference = binding.spec.network_security_group.as_ref()?;
            let referrer = Referrer::new(*binding);
            Some(find(
                "the security group",
                &self.groups,
                reference,
                referrer,
                &self.scopes,
            ))
        });
        let group = group.or_else(|| {
            let id = seen?.network_security_group_id.as_ref()?;
            let found = by_id(&self.groups, id);
            Some(found.ok_or_else(|| format!("the security group {id} (not among the objects known here)")))
        });
        let table = in_force().find_map(|binding| {
            let reference = binding.spec.route_table.as_ref()?;
            let referrer = Referrer::new(*binding);
            Some(find(
                "the route table",
                &self.tables,
                reference,
                referrer,
                &self.scopes,
            ))
        });
        let table = table.or_else(|| {
            let id = seen?.route_table_id.as_ref()?;
            let found = by_id(&self.tables, id);
            Some(found.ok_or_else(|| format!("the route table {id} (not among the objects known here)")))
        });
        Subnet {
            policy: self.policy(&id, &bindings).map(policy_of),
            group: bound(group.map(|found| self.rules(found?)), left("security group")),
            routes: bound(table.map(|found| routes(found?)), left("route table")),
            id: id.id,
            name: id.name,
            network: id.network,
            prefixes,
        }
    }

    fn rules(&self, object: &NetworkSecurityGroup) -> Result<SecurityGroup, String> {
        let resolve = |reference: &_| {
            application_group(
                reference,
                &self.application_groups,
                Referrer::new(object),
                &self.scopes,
            )
        };
        if !is_in_force(object) {
            return Err(format!(
                "the security group {} (Azure does not have its rules as spec has them)",
                object.name_any()
            ));
        }
        security_group(object, resolve)
            .map_err(|problem| format!("the security group {} ({problem})", object.name_any()))
    }
}

/// Whether Azure has what an object wants: a manifest that no controller has looked at yet is taken at its word, and of any
/// other what was seen counts.
pub(super) fn is_in_force<T: ManagedResource>(object: &T) -> bool {
    let looked = object.managed_status().is_some_and(|status| {
        status
            .observed_generation
            .is_some_and(|generation| generation >= 0)
    });
    !looked || reference::is_programmed(object)
}

fn routes(object: &RouteTable) -> Result<super::model::RouteTable, String> {
    if is_in_force(object) {
        return Ok(route_table(object));
    }
    Err(format!(
        "the route table {} (Azure does not have its routes as spec has them)",
        object.name_any()
    ))
}

/// What is bound, or else what is left to others: nothing, or something that is not known.
fn bound<T>(found: Option<Result<T, String>>, left: Option<String>) -> Bound<Arc<T>> {
    match (found, left) {
        (Some(Ok(known)), _) => Bound::Known(Arc::new(known)),
        (Some(Err(what)), _) | (None, Some(what)) => Bound::Unknown(what),
        (None, None) => Bound::Nothing,
    }
}

/// What a policy makes hold.
pub(super) fn policy_of(policy: EndpointPolicies) -> Policy {
    let (group, routes) = match policy {
        EndpointPolicies::Disabled => (false, false),
        EndpointPolicies::Enabled => (true, true),
        EndpointPolicies::NetworkSecurityGroupEnabled => (true, false),
        EndpointPolicies::RouteTableEnabled => (false, true),
    };
    Policy { group, routes }
}
