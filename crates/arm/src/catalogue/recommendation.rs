//! From a target to its zones.

use super::facts::{Fact, TargetFacts};
use super::placeholder::{Placeholder, fill, makes};
use super::refusal::{not_found, shown, unknown_region};
use super::region::{region_code, region_name};
use super::{CatalogueRow, ChosenBy, KnownCloud, NoRecommendation, matching};

/// How many zones one zone group of an endpoint may name (Azure's limit). A row may have more.
pub const MAX_ZONES_IN_ZONE_GROUP: usize = 5;

/// What an endpoint leads to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub cloud: KnownCloud,
    /// For instance `Microsoft.Storage/storageAccounts`, in any case.
    pub resource_type: &'a str,
    /// For instance `blob`, in any case.
    pub group: &'a str,
    /// What [`needs`](super::needs) asks for; what it does not ask for may be absent.
    pub facts: &'a TargetFacts,
}

/// The zones of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// What the service is called.
    pub service: &'static str,
    /// Without doubles, in the order of Microsoft's page, names in lower case and without a dot at the end.
    pub zones: Vec<RecommendedZone>,
}

/// One zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecommendedZone {
    pub name: String,
    /// Whether the endpoint's names are incomplete without it. A zone that is not required serves a use of the
    /// service that not everybody has.
    pub required: bool,
}

impl Recommendation {
    /// The names of all zones.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.zones.iter().map(|zone| zone.name.as_str())
    }

    /// The names of the zones that the endpoint cannot do without.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.zones
            .iter()
            .filter(|zone| zone.required)
            .map(|zone| zone.name.as_str())
    }
}

/// The zones that Microsoft recommends for a target.
///
/// # Errors
/// [`NoRecommendation`], which says what is unknown and how to name zones by hand.
pub fn recommended(target: &Target<'_>) -> Result<Recommendation, NoRecommendation> {
    let mut candidates = matching(target.cloud, target.resource_type, target.group).peekable();
    let Some(first) = candidates.peek().copied() else {
        return Err(not_found(target.cloud, target.resource_type, target.group));
    };
    let facts = target.facts;
    let (row, zones) = match first.chosen_by() {
        Some(ChosenBy::Sku) => {
            let row = of_sku(first, candidates, facts)?;
            (row, every_zone(row, facts)?)
        }
        Some(ChosenBy::PrivateDnsZone) => (first, vec![required(cluster_zone(first, facts)?)]),
        Some(ChosenBy::DefaultHostname) => (first, vec![required(site_zone(first, facts)?)]),
        Some(ChosenBy::DnsZone) | None => (first, every_zone(first, facts)?),
    };
    Ok(Recommendation {
        service: row.service(),
        zones,
    })
}

fn required(name: String) -> RecommendedZone {
    RecommendedZone { name, required: true }
}

/// All zones of a row; an optional one that cannot be named is left out.
fn every_zone(row: CatalogueRow, facts: &TargetFacts) -> Result<Vec<RecommendedZone>, NoRecommendation> {
    let mut zones: Vec<RecommendedZone> = Vec::new();
    for template in row.zones() {
        let required = !row.optional().contains(template);
        match filled(row, template, facts) {
            Ok(name) if zones.iter().any(|zone| zone.name == name) => {}
            Ok(name) => zones.push(RecommendedZone { name, required }),
            Err(refusal) if required => return Err(refusal),
            Err(_) => {}
        }
    }
    Ok(zones)
}

fn filled(
    row: CatalogueRow,
    template: &'static str,
    facts: &TargetFacts,
) -> Result<String, NoRecommendation> {
    fill(template, |placeholder| {
        let fact = match placeholder {
            Placeholder::RegionName | Placeholder::RegionCode => Fact::Region,
            Placeholder::DnsPrefix => Fact::DnsZone,
            Placeholder::Subzone => Fact::PrivateDnsZone,
            // Zones have no names of instances or workspaces in them; a site's partition is known before this.
            Placeholder::PartitionId | Placeholder::InstanceName | Placeholder::WorkspaceName => {
                Fact::DefaultHostname
            }
        };
        let value = known(row, facts, fact)?;
        let label = match placeholder {
            Placeholder::RegionName => region_name(value),
            Placeholder::RegionCode => region_code(value)
                .ok_or_else(|| unknown_region(row.service(), value, template))?
                .to_owned(),
            _ => value.to_owned(),
        };
        if placeholder.accepts(&label) {
            Ok(label)
        } else {
            Err(unusable(row, fact, value, "cannot be part of a zone's name"))
        }
    })
}

fn known(row: CatalogueRow, facts: &TargetFacts, fact: Fact) -> Result<&str, NoRecommendation> {
    facts.get(fact).ok_or(NoRecommendation::MissingFact {
        service: row.service(),
        fact,
    })
}

fn unusable(row: CatalogueRow, fact: Fact, value: &str, reason: impl Into<String>) -> NoRecommendation {
    NoRecommendation::UnusableFact {
        service: row.service(),
        fact,
        value: shown(value),
        reason: reason.into(),
    }
}

/// Redis Enterprise and Azure Managed Redis are one type and group; the SKU's name tells which it is.
fn of_sku(
    first: CatalogueRow,
    mut candidates: impl Iterator<Item = CatalogueRow>,
    facts: &TargetFacts,
) -> Result<CatalogueRow, NoRecommendation> {
    let sku = known(first, facts, Fact::Sku)?;
    let mut starts: Vec<&str> = Vec::new();
    candidates
        .find(|row| {
            starts.extend(row.skus());
            row.skus().iter().any(|start| {
                sku.get(..start.len())
                    .is_some_and(|found| found.eq_ignore_ascii_case(start))
            })
        })
        .ok_or_else(|| {
            let reason = format!("starts with none of {}", starts.join(", "));
            unusable(first, Fact::Sku, sku, reason)
        })
}

/// An AKS cluster's names end with the zone that it was made with. `system` is a zone of AKS's own in the group of the
/// nodes; an endpoint in another network reaches such clusters by the region's zone.
fn cluster_zone(row: CatalogueRow, facts: &TargetFacts) -> Result<String, NoRecommendation> {
    let fact = Fact::PrivateDnsZone;
    let value = known(row, facts, fact)?;
    if value.eq_ignore_ascii_case("none") {
        return Err(NoRecommendation::PublicName {
            fact,
            value: shown(value),
        });
    }
    if value.eq_ignore_ascii_case("system") {
        let Some(region_zone) = row.zones().first() else {
            return Err(unusable(row, fact, value, "has no zone"));
        };
        return filled(row, region_zone, facts);
    }
    let name = value.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    if value.contains('/') && row.zones().iter().any(|template| makes(template, &name)) {
        Ok(name)
    } else {
        let reason = format!(
            "is neither system nor none nor the id of a zone named {}",
            row.zones().join(" or ")
        );
        Err(unusable(row, fact, value, reason))
    }
}

/// A static site's partition is the number before the service's domain, where it has one.
fn site_zone(row: CatalogueRow, facts: &TargetFacts) -> Result<String, NoRecommendation> {
    let fact = Fact::DefaultHostname;
    let host = known(row, facts, fact)?.trim_end_matches('.');
    for template in row.zones().iter().rev() {
        let domain = template.strip_prefix("privatelink.").unwrap_or(template);
        let labels = domain.split('.').count();
        // The site's own name stands before the domain.
        if host.split('.').count() <= labels || super::placeholder::ends_with(domain, host).is_none() {
            continue;
        }
        let partition = host.rsplit('.').nth(labels - 1).unwrap_or_default();
        return fill(template, |_| Ok(partition.to_owned()));
    }
    let reason = format!("does not end with {}", row.forwarders().join(" or "));
    Err(unusable(row, fact, host, reason))
}
