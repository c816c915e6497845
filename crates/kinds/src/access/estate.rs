//! What is known of the networks around endpoints, from objects alone: of manifests, or of one namespace of a cluster.

use std::collections::BTreeMap;

use kube::ResourceExt;
use kube::core::{Selector, SelectorExt};
use privatelink_api::{
    ApplicationSecurityGroup, ApplicationSecurityGroupBinding, AzureScope, EndpointPolicies,
    NetworkSecurityGroup, PrivateEndpoint, RouteTable, SubnetBinding,
};

use super::evaluate::evaluate;
use super::model::{Bound, Endpoint, Policy, Situation, Subnet};
use super::prefix::Prefix;
use super::report::Report;
use super::resolve::{self, Objects, Referrer, SubnetId, application_group, namespace};
use super::subnets::policy_of;

/// Objects that decide together who reaches an endpoint. What is not among them is not known.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    pub(super) groups: Objects<NetworkSecurityGroup>,
    pub(super) application_groups: Objects<ApplicationSecurityGroup>,
    pub(super) tables: Objects<RouteTable>,
    pub(super) subnets: Objects<SubnetBinding>,
    memberships: Objects<ApplicationSecurityGroupBinding>,
    pub(super) scopes: BTreeMap<String, AzureScope>,
    spaces: BTreeMap<String, Vec<Prefix>>,
    pub(super) policies: BTreeMap<String, EndpointPolicies>,
    /// The networks that a network is connected to, where that is known.
    peers: BTreeMap<String, Vec<String>>,
}

fn key<T: kube::Resource>(object: &T) -> (String, String) {
    (namespace(object).to_owned(), object.name_any())
}

impl Estate {
    /// With a network security group.
    #[must_use]
    pub fn with_group(mut self, object: &NetworkSecurityGroup) -> Self {
        self.groups.insert(key(object), object.clone());
        self
    }

    /// With an application security group.
    #[must_use]
    pub fn with_application_group(mut self, object: &ApplicationSecurityGroup) -> Self {
        self.application_groups.insert(key(object), object.clone());
        self
    }

    /// With a route table.
    #[must_use]
    pub fn with_route_table(mut self, object: &RouteTable) -> Self {
        self.tables.insert(key(object), object.clone());
        self
    }

    /// With a subnet. Those of an endpoint's namespace are its clients.
    #[must_use]
    pub fn with_subnet(mut self, object: &SubnetBinding) -> Self {
        self.subnets.insert(key(object), object.clone());
        self
    }

    /// With endpoints' memberships in application security groups.
    #[must_use]
    pub fn with_membership(mut self, object: &ApplicationSecurityGroupBinding) -> Self {
        self.memberships.insert(key(object), object.clone());
        self
    }

    /// With a scope, for its aliases.
    #[must_use]
    pub fn with_scope(mut self, object: &AzureScope) -> Self {
        self.scopes.insert(object.name_any(), object.clone());
        self
    }

    /// With the address space of a virtual network, which no object has.
    #[must_use]
    pub fn with_address_space(mut self, network_id: &str, prefixes: Vec<Prefix>) -> Self {
        self.spaces.insert(network_id.to_ascii_lowercase(), prefixes);
        self
    }

    /// With the networks that a virtual network is connected to: subnets of others are no clients of its endpoints.
    #[must_use]
    pub fn with_peers(mut self, network_id: &str, peers: &[String]) -> Self {
        let peers = peers.iter().map(|peer| peer.to_ascii_lowercase()).collect();
        self.peers.insert(network_id.to_ascii_lowercase(), peers);
        self
    }

    /// With what a subnet's owner has set as its `privateEndpointNetworkPolicies`, for bindings that leave it to the owner.
    #[must_use]
    pub fn with_policy(mut self, subnet_id: &str, policy: EndpointPolicies) -> Self {
        self.policies.insert(subnet_id.to_ascii_lowercase(), policy);
        self
    }

    /// Who reaches an endpoint.
    #[must_use]
    pub fn access(&self, endpoint: &PrivateEndpoint) -> Report {
        let situation = self.situation(endpoint);
        Report {
            namespace: namespace(endpoint).to_owned(),
            endpoint: endpoint.name_any(),
            note: self.note(&situation.endpoint.subnet),
            rows: evaluate(&situation),
        }
    }

    /// A warning: a security group is bound to the endpoint's subnet, and Azure ignores it, or may do so.
    #[must_use]
    pub fn policy_ignored(&self, endpoint: &PrivateEndpoint) -> Option<String> {
        let id = resolve::subnet(&endpoint.spec.subnet, Referrer::new(endpoint), &self.scopes);
        let bindings = self.bindings(&id);
        let binding = bindings
            .iter()
            .find(|binding| binding.spec.network_security_group.is_some())?;
        let group = binding.spec.network_security_group.as_ref()?;
        let group = [&group.name, &group.id, &group.alias]
            .into_iter()
            .flatten()
            .next()?;
        let (namespace, name) = key(*binding);
        let ignored = match self.policy(&id, &bindings) {
            Some(policy) if policy_of(policy).group => return None,
            Some(policy) => format!("does not apply it to private endpoints: privateEndpointNetworkPolicies is {policy:?}"),
            None => "applies it to private endpoints only if the subnet's owner has enabled privateEndpointNetworkPolicies, whose default is Disabled".to_owned(),
        };
        Some(format!(
            "SubnetBinding {namespace}/{name} binds the network security group {group} to {}, but Azure {ignored}; set spec.privateEndpointNetworkPolicies: NetworkSecurityGroupEnabled or Enabled on the SubnetBinding",
            id.name
        ))
    }

    /// What has to be said before all else.
    fn note(&self, subnet: &Subnet) -> Option<String> {
        match subnet.policy {
            Some(Policy { group: true, .. }) => None,
            _ if subnet.group == Bound::Nothing => None,
            None if !matches!(subnet.group, Bound::Known(_)) => None,
            Some(Policy { routes, .. }) => {
                let policy = if routes { "RouteTableEnabled" } else { "Disabled" };
                Some(format!(
                    "the subnet's privateEndpointNetworkPolicies is {policy}: its NSG does not apply to endpoints"
                ))
            }
            None => Some(
                "the subnet's privateEndpointNetworkPolicies is not known: its NSG may not apply to endpoints".to_owned(),
            ),
        }
    }

    fn situation(&self, object: &PrivateEndpoint) -> Situation {
        let id = resolve::subnet(&object.spec.subnet, Referrer::new(object), &self.scopes);
        let mut ids: BTreeMap<String, SubnetId> = BTreeMap::new();
        for binding in self
            .subnets
            .values()
            .filter(|binding| namespace(*binding) == namespace(object))
        {
            let id = resolve::subnet(&binding.spec.subnet, Referrer::new(binding), &self.scopes);
            ids.entry(id.id.clone()).or_insert(id);
        }
        let peers = id.network.as_ref().and_then(|network| self.peers.get(network));
        if let Some(peers) = peers {
            ids.retain(|_, client| {
                client.network == id.network
                    || client
                        .network
                        .as_ref()
                        .is_none_or(|network| peers.contains(network))
            });
        }
        let mut clients: Vec<Subnet> = ids.into_values().map(|id| self.subnet(id)).collect();
        clients.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        Situation {
            endpoint: Endpoint {
                name: object.name_any(),
                addresses: addresses(object),
                groups: self.groups_of(object),
                subnet: self.subnet(id),
            },
            clients,
            spaces: self.spaces.clone(),
        }
    }

    /// The application security groups of an endpoint: those that Azure shows it to be in, whoever has put it there; where it
    /// is not made yet, its own list and what bindings of its namespace add.
    fn groups_of(&self, object: &PrivateEndpoint) -> Vec<String> {
        if let Some(status) = &object.status
            && status.managed.resource_id.is_some()
            && !status.ip_configurations.is_empty()
        {
            let shown = status.application_security_groups.iter();
            return shown.map(|id| id.to_ascii_lowercase()).collect();
        }
        let own = object.spec.application_security_groups.iter();
        let own = own.map(|group| (Referrer::new(object), group));
        let matching = self.memberships.values().filter(|binding| {
            let selector = Selector::try_from(binding.spec.private_endpoint_selector.clone());
            namespace(*binding) == namespace(object)
                && selector.is_ok_and(|selector| selector.matches(object.labels()))
        });
        let added = matching.flat_map(|binding| {
            let groups = binding.spec.application_security_groups.iter();
            groups.map(move |group| (Referrer::new(binding), group))
        });
        let mut groups: Vec<String> = own
            .chain(added)
            .map(|(referrer, group)| {
                application_group(group, &self.application_groups, referrer, &self.scopes)
            })
            .collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

/// Those that Azure shows, else those that are asked for. None where one cannot be read.
fn addresses(object: &PrivateEndpoint) -> Option<Vec<Prefix>> {
    let shown = object.status.iter().flat_map(|status| &status.ip_configurations);
    let shown: Vec<&str> = shown
        .map(|configuration| configuration.ip_address.as_str())
        .collect();
    let asked: Vec<&str> = object
        .spec
        .ip_addresses
        .iter()
        .map(|asked| asked.address.as_str())
        .collect();
    let texts = if shown.is_empty() { asked } else { shown };
    let addresses: Vec<Prefix> = texts
        .iter()
        .map(|text| text.parse().ok())
        .collect::<Option<_>>()?;
    (!addresses.is_empty()).then_some(addresses)
}
