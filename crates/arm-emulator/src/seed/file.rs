//! The form of a seed file. Every field is known: one that is not is refused with its line and column.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::estate::EstateGroup;
use crate::authorization::rbac::RoleDefinition;
use crate::identity::FederatedCredential;
use crate::throttle::{Limit, PrivateDnsLimits, ResourceRequestLimits, StorageLimits, Window};

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SeedFile {
    /// The subscriptions that exist; none given: any.
    pub subscriptions: Vec<SeededSubscription>,
    /// Whether any other subscription exists too.
    pub any_subscription: bool,
    pub resource_groups: Vec<Group>,
    /// Put in in this order, after the groups: what is referred to comes first. With an estate the order does not matter.
    pub resources: Vec<Spanned<Resource>>,
    /// Who may sign in; none given: any bearer token is an owner.
    pub principals: Vec<Principal>,
    /// Roles of one's own, by name.
    pub role_definitions: BTreeMap<String, RoleDefinition>,
    /// Limits other than Azure's.
    pub throttle: Option<Throttle>,
}

/// A subscription.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeededSubscription {
    pub id: Spanned<String>,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// Namespaces that are not registered; all others are.
    #[serde(default)]
    pub unregistered_providers: BTreeSet<String>,
    /// Its resource groups with what is in them.
    #[serde(default)]
    pub resource_groups: Vec<EstateGroup>,
}

/// A resource group.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Group {
    /// May be left out when the seed names exactly one.
    #[serde(default)]
    pub subscription: Option<Spanned<String>>,
    pub name: Spanned<String>,
    pub location: String,
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
}

/// A resource: its name, and its body as a client would PUT it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resource {
    /// The whole id; or else `type`, `name` and `group`.
    #[serde(default)]
    pub id: Option<Spanned<String>>,
    /// For example `Microsoft.Network/virtualNetworks`.
    #[serde(default)]
    pub r#type: Option<Spanned<String>>,
    /// For a child with the names of its parents: `network/subnet`.
    #[serde(default)]
    pub name: Option<Spanned<String>>,
    #[serde(default)]
    pub group: Option<Spanned<String>>,
    #[serde(default)]
    pub subscription: Option<Spanned<String>>,
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
    /// The whole body, in place of the fields from `location` on.
    #[serde(default)]
    pub body: Option<Value>,
}

/// Who may sign in, and what it may do.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Principal {
    pub name: Spanned<String>,
    #[serde(default)]
    pub object_id: Option<Spanned<String>>,
    #[serde(default)]
    pub tenant_id: Option<Spanned<String>>,
    #[serde(default)]
    pub client_id: Option<Spanned<String>>,
    #[serde(default)]
    pub client_secret: Option<String>,
    #[serde(default)]
    pub federated_credentials: Vec<FederatedCredential>,
    /// Whether the instance metadata service hands out its tokens.
    #[serde(default)]
    pub managed_identity: bool,
    #[serde(default)]
    pub roles: Vec<RoleGrant>,
}

/// A role at a scope.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoleGrant {
    pub scope: Spanned<String>,
    /// A role definition of the seed, or one of Azure's by name or GUID.
    #[serde(default)]
    pub role: Option<Spanned<String>>,
    #[serde(default)]
    pub actions: Option<Vec<String>>,
    #[serde(default)]
    pub not_actions: Vec<String>,
}

/// Limits; what is left out is Azure's.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Throttle {
    pub reads: Option<Limit>,
    pub writes: Option<Limit>,
    pub deletes: Option<Limit>,
    pub network_reads: Option<Limit>,
    pub network_writes: Option<Limit>,
    /// What is left out of it is Azure's too.
    pub private_dns: Option<PrivateDnsLimits>,
    /// The same.
    pub storage: Option<StorageLimits>,
    pub resource_graph: Option<Window>,
    /// The same; these are told, and never refused for.
    pub resource_requests: Option<ResourceRequestLimits>,
}

impl Throttle {
    /// Azure's limits with these in their place.
    pub fn limits(self) -> crate::throttle::Limits {
        let azure = crate::throttle::Limits::default();
        crate::throttle::Limits {
            reads: self.reads.unwrap_or(azure.reads),
            writes: self.writes.unwrap_or(azure.writes),
            deletes: self.deletes.unwrap_or(azure.deletes),
            network_reads: self.network_reads.unwrap_or(azure.network_reads),
            network_writes: self.network_writes.unwrap_or(azure.network_writes),
            private_dns: self.private_dns.unwrap_or(azure.private_dns),
            storage: self.storage.unwrap_or(azure.storage),
            resource_graph: self.resource_graph.unwrap_or(azure.resource_graph),
            resource_requests: self.resource_requests.unwrap_or(azure.resource_requests),
        }
    }
}
