//! Who else answers questions: the DNS servers of networks and interfaces, inbound endpoints, and whom rulesets forward to.

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::body;
use crate::dns::{is_in_force, suffixes};
use crate::network::peering;
use crate::request::place::parent_key;
use crate::resolver;
use crate::state::State;
use crate::state::record::Record;

/// Azure's own resolver, at the same address in every network.
pub(super) const PLATFORM: &str = "168.63.129.16";

/// What an interface says that wants Azure's resolver and not its network's servers.
const PROVIDED: &str = "AzureProvidedDNS";

/// Where inbound endpoints listen.
const PORT: u64 = 53;

/// Names that a rule for everything (`.`) is not for, nor for names below them.
///
/// ARM behaviour: the last two labels of the zones in the documentation of private endpoints are reserved for Azure's
/// services.
const RESERVED: &[&str] = &[
    "azconfig.io",
    "azmk8s.io",
    "aznbcontent.net",
    "azure-api.net",
    "azure-automation.cn",
    "azure-automation.net",
    "azure-automation.us",
    "azure-devices-provisioning.cn",
    "azure-devices-provisioning.net",
    "azure-devices-provisioning.us",
    "azure-devices.cn",
    "azure-devices.net",
    "azure-devices.us",
    "azure.cn",
    "azure.com",
    "azure.net",
    "azure.us",
    "azurecontainerapps.io",
    "azurecr.io",
    "azurecr.us",
    "azuredatabricks.net",
    "azurehdinsight.cn",
    "azurehdinsight.net",
    "azurehdinsight.us",
    "azurehealthcareapis.com",
    "azurehealthcareapis.us",
    "azureiotcentral.com",
    "azureml.cn",
    "azureml.ms",
    "azureml.us",
    "azurestaticapps.net",
    "azuresynapse.net",
    "azurewebsites.net",
    "azurewebsites.us",
    "botframework.com",
    "chinacloudapi.cn",
    "chinacloudsites.cn",
    "microsoft.com",
    "signalr.net",
    "usgovcloudapi.net",
    "videoindexer.ai",
    "visualstudio.com",
    "windows.cn",
    "windows.net",
    "windows.us",
    "windowsazure.com",
    "windowsazure.us",
];

/// The DNS servers that clients in a network ask; none where they ask Azure's.
pub(super) fn servers_of_network(state: &State, network_key: &str) -> Vec<String> {
    state
        .get(network_key)
        .map(|network| body::texts(&network.body, "properties.dhcpOptions.dnsServers"))
        .unwrap_or_default()
}

/// The network of an interface, and the DNS servers that it asks; `None` when there is no such interface.
///
/// ARM behaviour: the servers of an interface take the place of its network's.
pub(super) fn of_interface(state: &State, id: &str) -> Option<(String, Vec<String>)> {
    let interface = state.get(&id.to_ascii_lowercase())?;
    let (subnet, _) = interface.addresses.first()?;
    let network = parent_key(subnet)?.to_owned();
    let own = body::texts(&interface.body, "properties.dnsSettings.dnsServers");
    let servers = match own.first() {
        None => servers_of_network(state, &network),
        Some(first) if first.eq_ignore_ascii_case(PROVIDED) => Vec::new(),
        Some(_) => own,
    };
    Some((network, servers))
}

/// The inbound endpoint that has an address in one of the networks, or in one that is peered with it.
pub(super) fn inbound_endpoint<'a>(
    state: &'a State,
    from: &[String],
    server: &str,
) -> Option<&'a Arc<Record>> {
    let address = u32::from(server.parse::<Ipv4Addr>().ok()?);
    from.iter().find_map(|network| {
        with_address(state, network, address).or_else(|| {
            peering::connected(state, network)
                .into_iter()
                .find_map(|peer| with_address(state, &peer, address))
        })
    })
}

fn with_address<'a>(state: &'a State, network: &str, address: u32) -> Option<&'a Arc<Record>> {
    state.get(network)?;
    let resolver = state.claimant(&resolver::claim(network))?;
    state
        .collection(&format!("{}/inboundendpoints", resolver.key()))
        .find(|endpoint| is_in_force(endpoint) && endpoint.addresses.iter().any(|(_, held)| *held == address))
}

/// The key of the network that an endpoint's resolver is in.
pub(super) fn network_of_endpoint(state: &State, endpoint_key: &str) -> String {
    parent_key(endpoint_key)
        .and_then(|resolver| state.get(resolver))
        .and_then(|resolver| resolver.text(&["properties", "virtualNetwork", "id"]))
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// A forwarding rule, as it applies to a question.
pub(super) struct Rule {
    pub(super) id: String,
    /// The addresses of the servers, in order; those on another port than 53 with it.
    pub(super) targets: Vec<String>,
    /// The networks of the ruleset's outbound endpoints.
    pub(super) from: Vec<String>,
}

/// The rule that is for a name, of the ruleset that is linked to a network.
///
/// ARM behaviour: of the rules that are enabled the one with the longest domain; `.` is for every name but Azure's own.
pub(super) fn rule(state: &State, network_key: &str, name: &str) -> Option<Rule> {
    let link = state.claimant(&resolver::link::claim(network_key))?;
    if !is_in_force(link) {
        return None;
    }
    let link_key = link.key();
    let ruleset = state.get(parent_key(&link_key)?)?;
    let ruleset_key = ruleset.key();
    let everything = (!is_reserved(name)).then_some("");
    let rule = suffixes(name).chain(everything).find_map(|domain| {
        let rules = state.names().rules(&ruleset_key, domain);
        rules
            .filter_map(|key| state.get(key))
            .find(|rule| rule.text(&["properties", "forwardingRuleState"]) != Some("Disabled"))
    })?;
    let endpoints = body::all(&ruleset.body, "properties.dnsResolverOutboundEndpoints.*");
    let mut from: Vec<String> = Vec::new();
    for id in endpoints.into_iter().filter_map(|one| body::text(one, "id")) {
        let network = network_of_endpoint(state, &id.to_ascii_lowercase());
        if !network.is_empty() && !from.contains(&network) {
            from.push(network);
        }
    }
    Some(Rule {
        id: rule.id.clone(),
        targets: targets_of(rule),
        from,
    })
}

fn targets_of(rule: &Record) -> Vec<String> {
    body::all(&rule.body, "properties.targetDnsServers.*")
        .into_iter()
        .filter_map(|target| {
            let address = body::text(target, "ipAddress")?;
            let port = target.get("port").and_then(serde_json::Value::as_u64);
            Some(match port {
                Some(port) if port != PORT => format!("{address}:{port}"),
                _ => address.to_owned(),
            })
        })
        .collect()
}

fn is_reserved(name: &str) -> bool {
    suffixes(name).any(|suffix| RESERVED.contains(&suffix))
}
