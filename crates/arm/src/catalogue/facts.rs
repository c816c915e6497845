//! What a zone may depend on beside type and group: properties of the target itself.
//!
//! Most zones depend on none, so that the target need not be read. [`needs`] says when it must be, and which
//! properties count; [`TargetFacts::of`] takes them from the answer.

use serde_json::Value;

use super::placeholder::{Placeholder, placeholders};
use super::{CatalogueRow, ChosenBy, KnownCloud, matching};

/// A property of the target that a zone depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Where the target is; an endpoint may be elsewhere.
    Region,
    /// AKS: `system`, `none` or the id of a private DNS zone.
    PrivateDnsZone,
    /// SQL Managed Instance: the label between the instance's name and `database`.
    DnsZone,
    /// Static Web Apps: the host name that the site was given.
    DefaultHostname,
    /// Redis Enterprise: the name of the SKU.
    Sku,
}

impl Fact {
    const ALL: [Self; 5] = [
        Self::Region,
        Self::PrivateDnsZone,
        Self::DnsZone,
        Self::DefaultHostname,
        Self::Sku,
    ];

    /// Where the property is in the target's body, for instance `properties.dnsZone`.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Region => "location",
            Self::PrivateDnsZone => "properties.apiServerAccessProfile.privateDNSZone",
            Self::DnsZone => "properties.dnsZone",
            Self::DefaultHostname => "properties.defaultHostname",
            Self::Sku => "sku.name",
        }
    }

    fn of_placeholder(placeholder: Placeholder) -> Option<Self> {
        match placeholder {
            Placeholder::RegionName | Placeholder::RegionCode => Some(Self::Region),
            Placeholder::DnsPrefix => Some(Self::DnsZone),
            Placeholder::Subzone => Some(Self::PrivateDnsZone),
            Placeholder::PartitionId => Some(Self::DefaultHostname),
            Placeholder::InstanceName | Placeholder::WorkspaceName => None,
        }
    }
}

impl ChosenBy {
    /// The property of the target that it is.
    pub const fn fact(self) -> Fact {
        match self {
            Self::PrivateDnsZone => Fact::PrivateDnsZone,
            Self::DnsZone => Fact::DnsZone,
            Self::DefaultHostname => Fact::DefaultHostname,
            Self::Sku => Fact::Sku,
        }
    }
}

impl std::fmt::Display for Fact {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.path())
    }
}

/// What has to be known of a target before its zones can be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// In the order of [`Fact`], none twice, at least one.
    pub facts: Vec<Fact>,
    /// The api-version of the GET that shows them.
    pub api_version: &'static str,
}

/// What the zones of a type and group depend on; none where they depend on nothing, and none where the catalogue does
/// not know the type and group (then [`recommended`](super::recommended) says so without being told more).
///
/// Zones that are optional ask for nothing: one that cannot be named is left out.
pub fn needs(cloud: KnownCloud, resource_type: &str, group: &str) -> Option<Needed> {
    let mut needed: Option<Needed> = None;
    for row in matching(cloud, resource_type, group) {
        let Some(api_version) = row.api_version() else {
            continue;
        };
        for fact in facts_of(row) {
            let needed = needed.get_or_insert_with(|| Needed {
                facts: Vec::new(),
                api_version,
            });
            if !needed.facts.contains(&fact) {
                needed.facts.push(fact);
            }
        }
    }
    if let Some(needed) = &mut needed {
        needed.facts.sort_unstable();
    }
    needed
}

fn facts_of(row: CatalogueRow) -> impl Iterator<Item = Fact> {
    let placeholders = row
        .zones()
        .iter()
        .filter(move |zone| !row.optional().contains(zone))
        .flat_map(|zone| placeholders(zone))
        .filter_map(Fact::of_placeholder);
    row.chosen_by()
        .map(ChosenBy::fact)
        .into_iter()
        .chain(placeholders)
}

/// What is known of a target. What nobody looked at, and what the target does not have, is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetFacts {
    pub region: Option<String>,
    pub private_dns_zone: Option<String>,
    pub dns_zone: Option<String>,
    pub default_hostname: Option<String>,
    pub sku: Option<String>,
}

impl TargetFacts {
    /// Only the region.
    pub fn in_region(region: &str) -> Self {
        Self {
            region: Some(region.to_owned()),
            ..Self::default()
        }
    }

    /// Whatever of the facts a target's body has, as ARM answers a GET of it.
    pub fn of(target: &Value) -> Self {
        let mut facts = Self::default();
        for fact in Fact::ALL {
            let value = fact
                .path()
                .split('.')
                .try_fold(target, |value, name| value.get(name))
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty());
            *facts.slot(fact) = value.map(str::to_owned);
        }
        facts
    }

    /// One of them.
    pub fn get(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Region => &self.region,
            Fact::PrivateDnsZone => &self.private_dns_zone,
            Fact::DnsZone => &self.dns_zone,
            Fact::DefaultHostname => &self.default_hostname,
            Fact::Sku => &self.sku,
        }
        .as_deref()
    }

    fn slot(&mut self, fact: Fact) -> &mut Option<String> {
        match fact {
            Fact::Region => &mut self.region,
            Fact::PrivateDnsZone => &mut self.private_dns_zone,
            Fact::DnsZone => &mut self.dns_zone,
            Fact::DefaultHostname => &mut self.default_hostname,
            Fact::Sku => &mut self.sku,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_target_is_read_only_where_a_zone_depends_on_it() {
        let asked = |resource_type: &str, group: &str| {
            needs(KnownCloud::Public, resource_type, group).map(|needed| needed.facts)
        };
        for (resource_type, group, facts) in [
            ("Microsoft.Storage/storageAccounts", "blob", None),
            ("Microsoft.KeyVault/vaults", "vault", None),
            ("Microsoft.Batch/batchAccounts", "batchAccount", None),
            ("Microsoft.ContainerRegistry/registries", "registry", None),
            ("Microsoft.Kusto/clusters", "cluster", Some(vec![Fact::Region])),
            (
                "microsoft.recoveryservices/vaults",
                "azurebackup",
                Some(vec![Fact::Region]),
            ),
            ("Microsoft.RecoveryServices/vaults", "AzureSiteRecovery", None),
            (
                "Microsoft.ContainerService/managedClusters",
                "management",
                Some(vec![Fact::Region, Fact::PrivateDnsZone]),
            ),
            (
                "Microsoft.Sql/managedInstances",
                "managedInstance",
                Some(vec![Fact::DnsZone]),
            ),
            (
                "Microsoft.Web/staticSites",
                "staticSites",
                Some(vec![Fact::DefaultHostname]),
            ),
            (
                "Microsoft.Cache/redisEnterprise",
                "redisEnterprise",
                Some(vec![Fact::Sku]),
            ),
            ("Contoso.Widgets/widgets", "widget", None),
        ] {
            assert_eq!(asked(resource_type, group), facts, "{resource_type}");
        }
        // An optional zone is no reason to read the registry.
        assert_eq!(
            needs(
                KnownCloud::Government,
                "Microsoft.ContainerRegistry/registries",
                "registry"
            ),
            None
        );
    }

    #[test]
    fn facts_are_taken_from_the_targets_body() {
        let cluster = json!({
            "location": "westeurope", "sku": {"name": "Base", "tier": "Free"},
            "properties": {"apiServerAccessProfile": {"enablePrivateCluster": true, "privateDNSZone": "system"}}
        });
        let facts = TargetFacts::of(&cluster);
        assert_eq!(facts.get(Fact::Region), Some("westeurope"));
        assert_eq!(facts.get(Fact::PrivateDnsZone), Some("system"));
        assert_eq!(facts.get(Fact::DnsZone), None);
        let odd = json!({"location": 7, "properties": {"dnsZone": "", "apiServerAccessProfile": null}});
        assert_eq!(TargetFacts::of(&odd), TargetFacts::default());
        assert_eq!(TargetFacts::of(&Value::Null), TargetFacts::default());
    }
}
