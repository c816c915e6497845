//! The form of an estate as a person writes it: groups below their subscription, networks with their subnets, zones with their
//! links and records, endpoints by the names of what they join.
//!
//! Owns the form and nothing else; `super::expand` makes resources of it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

/// A resource group with what is in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EstateGroup {
    pub name: Spanned<String>,
    /// Also the region of what is in it, where that says none.
    pub location: String,
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub networks: Vec<Network>,
    #[serde(default)]
    pub zones: Vec<Zone>,
    #[serde(default)]
    pub targets: Vec<Spanned<Target>>,
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
    /// Anything else.
    #[serde(default)]
    pub resources: Vec<Other>,
}

/// A virtual network.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    pub name: Spanned<String>,
    /// That of the group, if none is given.
    #[serde(default)]
    pub location: Option<String>,
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    /// Prefixes.
    pub address_space: Vec<String>,
    /// Servers that are asked instead of Azure's resolver.
    #[serde(default)]
    pub dns_servers: Vec<String>,
    #[serde(default)]
    pub subnets: Vec<Subnet>,
    #[serde(default)]
    pub peerings: Vec<Peering>,
    /// Properties besides these, as a request has them.
    #[serde(default)]
    pub properties: Option<Value>,
}

/// A subnet.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subnet {
    pub name: Spanned<String>,
    #[serde(default)]
    pub prefix: Option<String>,
    #[serde(default)]
    pub properties: Option<Value>,
}

/// One side of a peering.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Peering {
    /// The other network: its name in this file, `group/name`, or its id.
    pub network: Spanned<String>,
    /// The other network's name, if none is given.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub properties: Option<Value>,
}

/// A private DNS zone.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Zone {
    pub name: Spanned<String>,
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub links: Vec<Link>,
    #[serde(default)]
    pub records: Vec<RecordSet>,
    #[serde(default)]
    pub properties: Option<Value>,
}

/// A zone's link to a network.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// The network: its name in this file, `group/name`, or its id.
    pub network: Spanned<String>,
    /// The network's name, if none is given.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether virtual machines of the network are registered in the zone.
    #[serde(default)]
    pub registration: bool,
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub properties: Option<Value>,
}

/// A record set.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordSet {
    /// Relative to the zone; `@` is the zone itself.
    pub name: Spanned<String>,
    pub r#type: Spanned<String>,
    /// Seconds; 3600 if none is given.
    #[serde(default)]
    pub ttl: Option<u64>,
    /// Addresses, the name of a CNAME, texts, or names of PTR records. Other types have their records in `properties`.
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub properties: Option<Value>,
}

/// Something that endpoints lead to: one of the short kinds with its name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Target {
    pub storage_account: Option<Spanned<String>>,
    pub key_vault: Option<Spanned<String>>,
    pub sql_server: Option<Spanned<String>>,
    pub cosmos_account: Option<Spanned<String>>,
    pub container_registry: Option<Spanned<String>>,
    pub web_app: Option<Spanned<String>>,
    pub service_bus: Option<Spanned<String>>,
    pub event_hub: Option<Spanned<String>>,
    pub location: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
    pub kind: Option<String>,
    pub sku: Option<Value>,
    pub identity: Option<Value>,
    pub properties: Option<Value>,
}

impl Target {
    /// The types and names that it gives: one, if it is right.
    pub(super) fn named(&self) -> Vec<(&'static str, &Spanned<String>)> {
        let fields = [
            &self.storage_account,
            &self.key_vault,
            &self.sql_server,
            &self.cosmos_account,
            &self.container_registry,
            &self.web_app,
            &self.service_bus,
            &self.event_hub,
        ];
        SHORT_KINDS
            .iter()
            .zip(fields)
            .filter_map(|((_, kind), name)| name.as_ref().map(|name| (*kind, name)))
            .collect()
    }
}

/// The short kinds of targets with their types, in the order of the fields of [`Target`].
pub(super) const SHORT_KINDS: [(&str, &str); 8] = [
    ("storageAccount", "Microsoft.Storage/storageAccounts"),
    ("keyVault", "Microsoft.KeyVault/vaults"),
    ("sqlServer", "Microsoft.Sql/servers"),
    ("cosmosAccount", "Microsoft.DocumentDB/databaseAccounts"),
    ("containerRegistry", "Microsoft.ContainerRegistry/registries"),
    ("webApp", "Microsoft.Web/sites"),
    ("serviceBus", "Microsoft.ServiceBus/namespaces"),
    ("eventHub", "Microsoft.EventHub/namespaces"),
];

/// A private endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    pub name: Spanned<String>,
    #[serde(default)]
    pub location: Option<String>,
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    /// `network/subnet`, `group/network/subnet`, or the subnet's id.
    pub subnet: Spanned<String>,
    /// What it leads to: a name in this file, `group/name`, an id, or the alias of a private link service. Left out where
    /// `properties` have the connection.
    #[serde(default)]
    pub target: Option<Spanned<String>>,
    /// Groups of the target, such as `blob`.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether the target's owner has to approve it, and what they are told.
    #[serde(default)]
    pub manual: bool,
    #[serde(default)]
    pub message: Option<String>,
    /// The name of its connection in its own body; that of the endpoint, if none is given.
    #[serde(default)]
    pub connection_name: Option<String>,
    /// The private DNS zones that its records are written into: names in this file, `group/name`, or ids.
    #[serde(default)]
    pub zones: Vec<Spanned<String>>,
    /// What the target's owner decided.
    #[serde(default)]
    pub decision: Option<Decision>,
    /// What the server made up when it was made.
    #[serde(default)]
    pub made: Option<Made>,
    #[serde(default)]
    pub properties: Option<Value>,
}

/// What a target's owner did with the connection.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decision {
    pub status: crate::doors::change::ConnectionStatus,
    #[serde(default)]
    pub description: Option<String>,
    /// The endpoint's names were in its zones by then, where they stay.
    #[serde(default)]
    pub after_names: bool,
}

/// What a server made up for an endpoint: an export names it, so that the endpoint comes back with it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Made {
    /// `resourceGuid`.
    pub guid: Option<String>,
    /// The name of its interface.
    pub interface: Option<String>,
    /// The name of the connection on its target.
    pub connection: Option<String>,
    /// Addresses by the members of its group; the member of a private link service has no name.
    pub addresses: BTreeMap<String, Ipv4Addr>,
}

/// Any resource of a group.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Other {
    /// For example `Microsoft.Network/routeTables`.
    pub r#type: Spanned<String>,
    /// For a child with the names of its parents: `table/route`.
    pub name: Spanned<String>,
    #[serde(default)]
    pub location: Option<String>,
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub sku: Option<Value>,
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub identity: Option<Value>,
    #[serde(default)]
    pub properties: Option<Value>,
    /// The whole body as a request has it, in place of the fields above.
    #[serde(default)]
    pub body: Option<Value>,
}
