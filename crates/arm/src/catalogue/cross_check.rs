//! From a service's public name to the zone and the record that answer for it, and what Azure's own words about a
//! target say against a list of zones.

use super::placeholder::{Ending, ends_with, fill};
use super::{KnownCloud, check_zone_name, rows};

/// The domain of Azure Resource Manager (`management.azure.com`), which is the parent of many services' domains.
const SHARED_DOMAIN: &str = "azure.com";

/// Where a name is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameInZone {
    /// In lower case, without a dot at the end.
    pub zone: String,
    /// Relative to the zone, in lower case; `@` for the zone itself.
    pub record_name: String,
}

/// Where a service's public name is answered, out of the given zones: the zone's domain is the zone's name without
/// its first label `privatelink`, and a record keeps what the name has before that domain (the rule by which Azure
/// writes records for an endpoint). A name that is in the zone already is found too. Of several zones the one with
/// the longest domain answers, as in DNS.
///
/// None where the name belongs to none of them, and for an empty name.
pub fn record_in<'zone>(
    cloud: KnownCloud,
    name: &str,
    zones: impl IntoIterator<Item = &'zone str>,
) -> Option<NameInZone> {
    let name = plain(name);
    let mut best: Option<(usize, NameInZone)> = None;
    for zone in zones {
        let zone = plain(zone);
        let spelt_otherwise = rows()
            .filter(|row| row.cloud() == cloud && row.zones().first() == Some(&zone.as_str()))
            .flat_map(|row| row.suffixes().iter().copied());
        let domains = [Some(zone.as_str()), public_domain(&zone)];
        for domain in domains.into_iter().flatten().chain(spelt_otherwise) {
            let Some(record_name) = before(&name, domain) else {
                continue;
            };
            if best.as_ref().is_none_or(|(length, _)| domain.len() > *length) {
                let found = NameInZone {
                    zone: zone.clone(),
                    record_name: record_name.to_owned(),
                };
                best = Some((domain.len(), found));
            }
        }
    }
    best.map(|(_, found)| found)
}

/// Where a service's public name is answered, out of all zones that a cloud's table knows; placeholders of a zone are
/// read off the name. None where no zone of the table has the name. Azure Virtual Desktop has two zones for one domain
/// (`privatelink` and `privatelink-global`): the first is given, because the second has one well-known name in it.
pub fn zone_of(cloud: KnownCloud, name: &str) -> Option<NameInZone> {
    let name = plain(name);
    let mut best: Option<(Ending, NameInZone)> = None;
    for row in rows().filter(|row| row.cloud() == cloud) {
        for zone in row.zones() {
            let first = row.zones().first() == Some(zone);
            let suffixes = row.suffixes().iter().copied().filter(|_| first);
            let domain = public_domain(zone).filter(|_| zone.starts_with("privatelink."));
            for domain in [Some(*zone), domain].into_iter().flatten().chain(suffixes) {
                let Some(ending) = ends_with(domain, &name) else {
                    continue;
                };
                let better = best.as_ref().is_none_or(|(known, _)| ending > *known);
                if let Some(found) = better.then(|| placed(&name, zone, domain, ending)).flatten() {
                    best = Some((ending, found));
                }
            }
        }
    }
    best.map(|(_, found)| found)
}

/// The name's place in a zone that may have placeholders: what stands in their place in the domain is read off the
/// name, and the record keeps what the name has before the domain.
fn placed(name: &str, zone: &str, domain: &str, ending: Ending) -> Option<NameInZone> {
    let labels: Vec<&str> = name.split('.').collect();
    let (record, _) = labels.split_at_checked(labels.len().checked_sub(ending.labels)?)?;
    let guessed = zone.contains('{');
    // What is only guessed from the name must leave something of it; and a domain that half of Azure shares answers
    // for the names directly in it alone.
    if (guessed && record.is_empty()) || (domain == SHARED_DOMAIN && record.len() != 1) {
        return None;
    }
    let mut values: Vec<&str> = domain
        .rsplit('.')
        .zip(name.rsplit('.'))
        .filter_map(|(label, value)| label.starts_with('{').then_some(value))
        .collect();
    let zone = fill(zone, |_| values.pop().map(str::to_owned).ok_or(())).ok()?;
    Some(NameInZone {
        zone,
        record_name: if record.is_empty() {
            "@".to_owned()
        } else {
            record.join(".")
        },
    })
}

/// The domain that a zone answers for in the public names: the zone without a first label `privatelink` (for Azure
/// Virtual Desktop `privatelink-global`). None for a zone that starts otherwise: its names carry it whole.
fn public_domain(zone: &str) -> Option<&str> {
    let (first, domain) = zone.split_once('.')?;
    (first == "privatelink" || first.starts_with("privatelink-")).then_some(domain)
}

/// What a name has before a domain.
fn before<'name>(name: &'name str, domain: &str) -> Option<&'name str> {
    if domain.is_empty() {
        return None;
    }
    match name.strip_suffix(domain)? {
        "" => Some("@"),
        rest => rest.strip_suffix('.').filter(|record| !record.is_empty()),
    }
}

fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// A zone that a list does not have, and who says that it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    pub zone: String,
    /// The endpoint's name that the zone would answer; none where the target's `requiredZoneNames` ask for it.
    pub name: Option<String>,
}

/// A list of zones held against what Azure says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrossCheck {
    /// Zones that Azure's words ask for and the list does not have, without doubles.
    pub lacking: Vec<Lacking>,
    /// Zones of the list that Azure's words do not ask for. They do no harm; a target of a narrower kind (an account
    /// for speech, say, where the row is for all of Azure AI) has no names in them.
    pub excess: Vec<String>,
    /// Each of the endpoint's names with its place in the list, in their order.
    pub records: Vec<(String, NameInZone)>,
    /// Names of the endpoint that no zone, of the list or of the table, is known to answer.
    pub unplaced: Vec<String>,
    /// What the target gives as a required zone and is no zone's name.
    pub unreadable: Vec<String>,
}

impl CrossCheck {
    /// Whether the list is exactly what Azure's words ask for.
    pub fn agrees(&self) -> bool {
        self.lacking.is_empty()
            && self.excess.is_empty()
            && self.unplaced.is_empty()
            && self.unreadable.is_empty()
    }
}

/// Holds a list of zones (recommended ones, or somebody's own) against the `requiredZoneNames` that the target's
/// private link resource gives for the group and against the names that the endpoint reports (`customDnsConfigs`).
/// Either may be empty: Azure gives the first for some types and the second once the endpoint exists; with neither,
/// nothing is lacking and nothing in excess. Names compare without case.
pub fn cross_check<Text: AsRef<str>>(
    cloud: KnownCloud,
    zones: &[Text],
    required_zone_names: &[Text],
    names: &[Text],
) -> CrossCheck {
    let zones: Vec<String> = zones.iter().map(|zone| plain(zone.as_ref())).collect();
    let mut check = CrossCheck::default();
    let mut asked: Vec<String> = Vec::new();
    for required in required_zone_names {
        let required = plain(required.as_ref());
        if check_zone_name(&required).is_err() {
            check.unreadable.push(required);
        } else {
            lack(&mut check, &zones, &required, None);
            asked.push(required);
        }
    }
    for name in names {
        let name = name.as_ref();
        if let Some(place) = record_in(cloud, name, zones.iter().map(String::as_str)) {
            asked.push(place.zone.clone());
            check.records.push((name.to_owned(), place));
        } else if let Some(place) = zone_of(cloud, name) {
            lack(&mut check, &zones, &place.zone, Some(name));
            asked.push(place.zone);
        } else {
            check.unplaced.push(name.to_owned());
        }
    }
    if !asked.is_empty() {
        check.excess = zones.into_iter().filter(|zone| !asked.contains(zone)).collect();
    }
    check
}

fn lack(check: &mut CrossCheck, zones: &[String], zone: &str, name: Option<&str>) {
    let known =
        zones.iter().any(|listed| listed == zone) || check.lacking.iter().any(|lacking| lacking.zone == zone);
    if !known {
        check.lacking.push(Lacking {
            zone: zone.to_owned(),
            name: name.map(str::to_owned),
        });
    }
}
