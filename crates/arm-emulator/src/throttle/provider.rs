//! What providers other than the network's count: storage accounts, Resource Graph, and the numbers that some of them tell.
//!
//! ARM behaviour: the documented numbers of storage accounts and Resource Graph. The numbers of requests by type are recorded:
//! reads of 500, writes and deletes each of 12,000, for every type of private DNS and of DNS resolvers by itself, and 300
//! writes of metric alerts. Nobody was seen to be refused for them, and how they fill again is not known.

use serde::{Deserialize, Serialize};

use super::{Limit, OperationClass};
use crate::request::place::split_provider;

/// What a request to a storage account counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StorageClass {
    Read,
    List,
    /// Deletions too.
    Write,
}

impl StorageClass {
    pub(super) fn noun(self) -> &'static str {
        match self {
            StorageClass::Read => "read",
            StorageClass::List => "list",
            StorageClass::Write => "write",
        }
    }
}

/// What a request counts against at its provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProviderRequest {
    /// In a region; empty for lists of a whole subscription.
    Storage { class: StorageClass, region: String },
    /// A query, in a tenant.
    ResourceGraph { tenant: String },
    /// A request for one lower-cased type, which is counted and told.
    Type { name: String, operation: OperationClass },
}

/// Types whose provider tells how many requests are left: what they begin with.
const DNS_TYPES: &[&str] = &[
    "microsoft.network/privatedns",
    "microsoft.network/dnsresolvers",
    "microsoft.network/dnsforwardingrulesets",
    "microsoft.network/locations/dnsresolveroperation",
];
const ALERTS: &str = "microsoft.insights/metricalerts";

impl ProviderRequest {
    /// What a request with this lower-cased path counts against. `region` is that of the resource, `tenant` the caller's.
    pub fn of(key: &str, operation: OperationClass, region: Option<&str>, tenant: &str) -> Option<Self> {
        let (_, tail) = split_provider(key)?;
        if tail == "microsoft.resourcegraph/resources" && operation == OperationClass::Write {
            return Some(Self::ResourceGraph {
                tenant: tenant.to_ascii_lowercase(),
            });
        }
        let mut pieces = tail.split('/');
        let mut name = pieces.next().unwrap_or_default().to_owned();
        let rest: Vec<&str> = pieces.collect();
        if name == "microsoft.storage" {
            let class = match operation {
                // Lists of accounts; what is listed of one account is a read of it.
                OperationClass::Read if rest.len() == 1 => StorageClass::List,
                OperationClass::Read => StorageClass::Read,
                OperationClass::Write | OperationClass::Delete => StorageClass::Write,
            };
            let region = region.unwrap_or_default().to_owned();
            return Some(Self::Storage { class, region });
        }
        // What is below a location is a type of its own: the polls of resolvers.
        let located = rest.first() == Some(&"locations");
        for (number, piece) in rest.iter().enumerate() {
            let is_type = if located {
                number != 1 && number != 3
            } else {
                number % 2 == 0
            };
            if is_type {
                name.push('/');
                name.push_str(piece);
            }
        }
        let told = DNS_TYPES.iter().any(|known| name.starts_with(known))
            || (name == ALERTS && operation == OperationClass::Write);
        told.then_some(Self::Type { name, operation })
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Storage { class, region } => format!("Microsoft.Storage {}s in {region}", class.noun()),
            Self::ResourceGraph { tenant } => format!("Resource Graph queries in {tenant}"),
            Self::Type { name, operation } => format!("{}s of {name}", operation.noun()),
        }
    }
}

const fn within(requests: f64, seconds: f64) -> Limit {
    Limit {
        capacity: requests,
        refill: requests / seconds,
    }
}

/// The limits of storage accounts, in a subscription and region.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StorageLimits {
    pub reads: Limit,
    pub lists: Limit,
    /// By the hour.
    pub writes: Limit,
    pub writes_by_second: Limit,
}

impl Default for StorageLimits {
    fn default() -> Self {
        Self {
            reads: within(800.0, 300.0),
            lists: within(100.0, 300.0),
            writes: within(1_200.0, 3_600.0),
            writes_by_second: within(10.0, 1.0),
        }
    }
}

impl StorageLimits {
    pub(super) fn of(&self, class: StorageClass) -> Limit {
        match class {
            StorageClass::Read => self.reads,
            StorageClass::List => self.lists,
            StorageClass::Write => self.writes,
        }
    }
}

/// The numbers of requests for one type in a subscription, which are counted and told.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ResourceRequestLimits {
    pub dns_reads: Limit,
    /// Writes; deletions have as many of their own.
    pub dns_writes: Limit,
    pub alert_writes: Limit,
}

impl Default for ResourceRequestLimits {
    fn default() -> Self {
        Self {
            dns_reads: within(500.0, 300.0),
            dns_writes: within(12_000.0, 3_600.0),
            alert_writes: within(300.0, 3_600.0),
        }
    }
}

impl ResourceRequestLimits {
    pub(super) fn of(&self, request: &ProviderRequest) -> Limit {
        match request {
            ProviderRequest::Type { name, .. } if name == ALERTS => self.alert_writes,
            ProviderRequest::Type {
                operation: OperationClass::Read,
                ..
            } => self.dns_reads,
            _ => self.dns_writes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_their_provider() {
        let group = "/subscriptions/s/resourcegroups/g/providers";
        let of = |path: &str, operation| ProviderRequest::of(path, operation, Some("westeurope"), "T");
        let named = |name: &str, operation| {
            Some(ProviderRequest::Type {
                name: name.to_owned(),
                operation,
            })
        };
        let storage = |class| {
            Some(ProviderRequest::Storage {
                class,
                region: "westeurope".to_owned(),
            })
        };
        let (read, write) = (OperationClass::Read, OperationClass::Write);
        for (path, operation, expected) in [
            (
                format!("{group}/microsoft.network/privatednszones/z/a/x"),
                write,
                named("microsoft.network/privatednszones/a", write),
            ),
            (
                "/subscriptions/s/providers/microsoft.network/locations/westeurope/dnsresolveroperationstatuses/x".to_owned(),
                read,
                named("microsoft.network/locations/dnsresolveroperationstatuses", read),
            ),
            (
                format!("{group}/microsoft.network/dnsresolvers/r/inboundendpoints/e"),
                read,
                named("microsoft.network/dnsresolvers/inboundendpoints", read),
            ),
            (
                format!("{group}/microsoft.insights/metricalerts/a"),
                write,
                named(ALERTS, write),
            ),
            (format!("{group}/microsoft.insights/metricalerts/a"), read, None),
            (format!("{group}/microsoft.network/virtualnetworks/v"), read, None),
            (format!("{group}/microsoft.storage/storageaccounts"), read, storage(StorageClass::List)),
            (format!("{group}/microsoft.storage/storageaccounts/a"), read, storage(StorageClass::Read)),
            (
                format!("{group}/microsoft.storage/storageaccounts/a/privatelinkresources"),
                read,
                storage(StorageClass::Read),
            ),
            (
                format!("{group}/microsoft.storage/storageaccounts/a"),
                OperationClass::Delete,
                storage(StorageClass::Write),
            ),
            (
                "/providers/microsoft.resourcegraph/resources".to_owned(),
                write,
                Some(ProviderRequest::ResourceGraph { tenant: "t".to_owned() }),
            ),
            ("/subscriptions/s".to_owned(), read, None),
        ] {
            assert_eq!(of(&path, operation), expected, "{path}");
        }
    }
}
