//! An endpoint's names: which private DNS zones hold them, the zone group that keeps the records there, and whether the
//! records are what clients in the endpoint's network should find.

use kube::ResourceExt;
use privatelink_api::{
    ConditionType, DnsMode, DnsRecord, EndpointDns, IpConfiguration, PrivateEndpoint, Reason, Verb,
};
use privatelink_arm::ResourceId;
use privatelink_arm::catalogue::{self, TargetFacts};
use privatelink_arm::models::private_dns_zone::{self, API_VERSION};
use privatelink_arm::models::private_dns_zone_group::{self as wire, MODEL};
use privatelink_arm::models::{private_dns_zone_link, virtual_network};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::plan::{DesiredNode, Snapshot, Want};
use privatelink_engine::{Finding, Grant, Missing, ObjectKey, Truth, Unresolved, World};
use serde_json::{Value, json};

use super::target::TargetId;
use crate::reference;

/// The node's name.
pub(super) const NODE: &str = "zoneGroup";

/// What spec says of DNS, where it says that we see to it.
fn managed(endpoint: &PrivateEndpoint) -> Option<&EndpointDns> {
    endpoint
        .spec
        .dns
        .as_ref()
        .filter(|dns| dns.mode() == DnsMode::Managed)
}

/// The zones that spec refers to by the name of an object.
pub(super) fn references(endpoint: &PrivateEndpoint) -> Vec<ObjectKey> {
    let namespace = endpoint.namespace().unwrap_or_default();
    let zones = managed(endpoint).into_iter().flat_map(|dns| &dns.zones);
    zones
        .filter_map(|zone| reference::zone_key(zone, &namespace))
        .collect()
}

/// The zones, and whether each is known to be there.
///
/// # Errors
/// A reference that leads nowhere, or a target that no zone is known for.
fn zones(endpoint: &PrivateEndpoint, world: &World<'_>) -> Result<Vec<(ResourceId, bool)>, Missing> {
    let Some(dns) = managed(endpoint) else {
        return Ok(Vec::new());
    };
    let namespace = endpoint.namespace().unwrap_or_default();
    if !dns.zones.is_empty() {
        let zones = dns.zones.iter().enumerate().map(|(index, zone)| {
            let field = format!("spec.dns.zones[{index}]");
            Ok(reference::zone_of(&field, zone, &namespace, world)?)
        });
        return zones.collect();
    }
    let group = reference::dns_resource_group(None, world.scope)?;
    let names = recommended(endpoint, world)?;
    names
        .into_iter()
        .map(|name| {
            let id = format!("{group}/providers/{}/{name}", private_dns_zone::RESOURCE_TYPE);
            Ok((reference::parse("spec.dns", &id)?, true))
        })
        .collect()
}

/// The names of the zones that Microsoft recommends for the target.
fn recommended(endpoint: &PrivateEndpoint, world: &World<'_>) -> Result<Vec<String>, Missing> {
    let by_hand =
        |why: String| Missing::from(Unresolved::invalid(format!("spec.dns.zones is needed: {why}")));
    let Some(cloud) = world.catalogue else {
        return Err(by_hand(
            "no table of private DNS zones is known for this cloud (--zone-catalogue names one)".to_owned(),
        ));
    };
    let (TargetId::Resource(target), Some(group)) = (
        TargetId::of(endpoint, world.scope)?,
        endpoint.spec.target.group_id.as_deref(),
    ) else {
        return Err(by_hand(
            "a private link service has no recommended zone".to_owned(),
        ));
    };
    let resource_type = target.resource_type();
    let facts = match catalogue::needs(cloud, &resource_type, group) {
        None => TargetFacts::default(),
        Some(needed) => match world.fact(&FactQuery::of(&target, needed.api_version))? {
            Fact::Known(body) => TargetFacts::of(body),
            Fact::Absent => {
                return Err(Unresolved::dependency(format!(
                    "spec.target: {target} does not exist, and its zones depend on it; it is looked for again"
                ))
                .into());
            }
            Fact::Unreadable(why) => {
                return Err(by_hand(format!(
                    "the zones of {target} depend on its properties, which cannot be read ({why})"
                )));
            }
        },
    };
    let wanted = catalogue::recommended(&catalogue::Target {
        cloud,
        resource_type: &resource_type,
        group,
        facts: &facts,
    })
    .map_err(|why| by_hand(why.to_string()))?;
    let names: Vec<String> = wanted.required().map(str::to_owned).collect();
    if names.len() > catalogue::MAX_ZONES_IN_ZONE_GROUP {
        return Err(by_hand(format!(
            "{} has {} recommended zones, and an endpoint's zone group takes {}: choose among {}",
            wanted.service,
            names.len(),
            catalogue::MAX_ZONES_IN_ZONE_GROUP,
            names.join(", ")
        )));
    }
    Ok(names)
}

/// The zone group, where spec asks for it and its zones are there, and the right to join each zone.
///
/// # Errors
/// What is missing before it can be said.
pub(super) fn desired(
    endpoint: &PrivateEndpoint,
    id: &ResourceId,
    world: &World<'_>,
) -> Result<Option<DesiredNode>, Missing> {
    let group = id
        .child(wire::SEGMENT, wire::NAME)
        .map_err(|error| Unresolved::invalid(format!("spec.azureName: {error}")))?;
    let node = |want| DesiredNode {
        name: NODE,
        id: group.clone(),
        model: &MODEL,
        want,
    };
    if managed(endpoint).is_none() {
        let recorded = endpoint.status.as_ref().map(|status| &status.managed.applied);
        let made = recorded.is_some_and(|applied| applied.contains_key(NODE));
        return Ok(made.then(|| node(Want::Absent)));
    }
    let zones = zones(endpoint, world)?;
    let grants: Vec<Grant> = zones.iter().map(|(zone, _)| join(zone)).collect();
    world.scope.check(&grants)?;
    let mut facts = Vec::new();
    for (zone, _) in &zones {
        if let Err(Missing::Facts(queries)) = world.fact(&FactQuery::of(zone, API_VERSION)) {
            facts.extend(queries);
        }
    }
    if !facts.is_empty() {
        return Err(Missing::Facts(facts));
    }
    if missing_zone(&zones, world)?.is_some() {
        // The endpoint is made all the same; its condition says which zone is missing.
        return Ok(None);
    }
    let body = wire::ZoneGroup {
        properties: wire::Properties {
            private_dns_zone_configs: zones
                .iter()
                .map(|(zone, _)| wire::ZoneConfig {
                    name: zone.name().replace('.', "-"),
                    properties: wire::ZoneConfigProperties {
                        private_dns_zone_id: zone.to_string(),
                    },
                })
                .collect(),
        },
    };
    Ok(Some(node(Want::Present(json!(body)))))
}

fn join(zone: &ResourceId) -> Grant {
    Grant::On {
        id: zone.clone(),
        verb: Verb::Join,
    }
}

/// The first zone that is not there.
fn missing_zone<'a>(
    zones: &'a [(ResourceId, bool)],
    world: &World<'_>,
) -> Result<Option<&'a ResourceId>, Missing> {
    for (zone, there) in zones {
        let absent = matches!(world.fact(&FactQuery::of(zone, API_VERSION))?, Fact::Absent);
        if absent || !there {
            return Ok(Some(zone));
        }
    }
    Ok(None)
}

/// Whether the endpoint's names resolve to its addresses in its own network, as far as Azure's records say, and the
/// records. None where nothing is to be said.
///
/// # Errors
/// What has to be read first.
pub(super) fn finding(
    endpoint: &PrivateEndpoint,
    group: Option<&Snapshot>,
    addresses: &[IpConfiguration],
    world: &World<'_>,
) -> Result<Option<(Finding, Vec<DnsRecord>)>, Missing> {
    if managed(endpoint).is_none() {
        return Ok(None);
    }
    let broken = |reason, message| Finding::new(ConditionType::DnsReady, Truth::False, reason, message);
    let zones = zones(endpoint, world)?;
    if let Some(zone) = missing_zone(&zones, world)? {
        return Ok(Some((
            broken(Reason::ZoneNotFound, zone_missing(zone)),
            Vec::new(),
        )));
    }
    let Some(group) = group else {
        let message = "the endpoint's records are not in its zones yet".to_owned();
        return Ok(Some((broken(Reason::RecordMissing, message), Vec::new())));
    };
    let answer: wire::Answer =
        serde_json::from_value(group.body.clone()).map_err(|error| Missing::Malformed(error.to_string()))?;
    let records = records(&answer);
    let finding = match broken_record(addresses, &zones, &answer, world) {
        Some((reason, message)) => broken(reason, message),
        None => match unlinked(endpoint, &zones, world)? {
            Linked::Yes => Finding::new(
                ConditionType::DnsReady,
                Truth::True,
                Reason::Succeeded,
                format!(
                    "{} names resolve to the endpoint's addresses in its network",
                    records.len()
                ),
            ),
            Linked::No(message) => broken(Reason::ZoneNotLinked, message),
            Linked::Unknown(message) => Finding::new(
                ConditionType::DnsReady,
                Truth::Unknown,
                Reason::NotVerified,
                message,
            ),
        },
    };
    Ok(Some((finding, records)))
}

fn zone_missing(zone: &ResourceId) -> String {
    format!(
        "the private DNS zone {zone} does not exist. Where zones are central: name them in spec.dns.zones, or their resource group in spec.defaults.dnsResourceGroup of the AzureScope. Else create it: {{apiVersion: privatelink.dev/v1alpha1, kind: PrivateDnsZone, metadata: {{name: {}}}}}, and a PrivateDnsZoneLink to the network of the clients",
        zone.name().to_ascii_lowercase()
    )
}

fn records(answer: &wire::Answer) -> Vec<DnsRecord> {
    let mut records: Vec<DnsRecord> = answer
        .properties
        .private_dns_zone_configs
        .iter()
        .flat_map(|config| {
            config.properties.record_sets.iter().map(|record| DnsRecord {
                fqdn: record.fqdn.clone(),
                zone: config.properties.private_dns_zone_id.clone(),
                ip_addresses: sorted(record.ip_addresses.clone()),
            })
        })
        .collect();
    records.sort_by(|one, other| (&one.fqdn, &one.zone).cmp(&(&other.fqdn, &other.zone)));
    records.dedup_by(|one, other| one.fqdn == other.fqdn && one.zone == other.zone);
    records
}

fn sorted(mut addresses: Vec<String>) -> Vec<String> {
    addresses.sort();
    addresses.dedup();
    addresses
}

/// The first of the endpoint's names that its zones do not hold as they should.
fn broken_record(
    addresses: &[IpConfiguration],
    zones: &[(ResourceId, bool)],
    answer: &wire::Answer,
    world: &World<'_>,
) -> Option<(Reason, String)> {
    let cloud = world.catalogue?;
    let kept: Vec<&wire::RecordSet> = answer
        .properties
        .private_dns_zone_configs
        .iter()
        .flat_map(|config| &config.properties.record_sets)
        .collect();
    for (fqdn, wanted) in by_name(addresses) {
        let place = catalogue::record_in(cloud, fqdn, zones.iter().map(|(zone, _)| zone.name()));
        let Some(place) = place else {
            let message = format!(
                "none of the endpoint's zones is for the name {fqdn}; add its zone to spec.dns.zones"
            );
            return Some((Reason::RecordMissing, message));
        };
        let record = kept
            .iter()
            .find(|record| record.record_set_name.eq_ignore_ascii_case(&place.record_name));
        match record {
            None => {
                let message = format!(
                    "the zone {} has no record {} for {fqdn}",
                    place.zone, place.record_name
                );
                return Some((Reason::RecordMissing, message));
            }
            Some(record) if sorted(record.ip_addresses.clone()) != wanted => {
                let message = format!(
                    "the record {} in the zone {} has {}, and the endpoint {}",
                    place.record_name,
                    place.zone,
                    record.ip_addresses.join(", "),
                    wanted.join(", ")
                );
                return Some((Reason::WrongAddress, message));
            }
            Some(_) => {}
        }
    }
    None
}

/// The endpoint's names and the addresses of each.
fn by_name(addresses: &[IpConfiguration]) -> std::collections::BTreeMap<&str, Vec<String>> {
    let mut names: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
    for configuration in addresses {
        for fqdn in &configuration.fqdns {
            names
                .entry(fqdn)
                .or_default()
                .push(configuration.ip_address.clone());
        }
    }
    names
        .into_iter()
        .map(|(name, addresses)| (name, sorted(addresses)))
        .collect()
}

/// Whether clients in the endpoint's own network ask the zones.
enum Linked {
    Yes,
    No(String),
    /// Nobody said where the clients resolve.
    Unknown(String),
}

fn unlinked(
    endpoint: &PrivateEndpoint,
    zones: &[(ResourceId, bool)],
    world: &World<'_>,
) -> Result<Linked, Missing> {
    let subnet = reference::resolve("spec.subnet", &endpoint.spec.subnet, world.scope)?;
    let Some(network) = subnet.parent() else {
        return Ok(Linked::Unknown(format!("{subnet} is not the id of a subnet")));
    };
    match world.fact(&reference::network_facts(&network))? {
        Fact::Known(body) => {
            let servers = virtual_network::dns_servers(body);
            if !servers.is_empty() {
                return Ok(Linked::Unknown(format!(
                    "the clients of {network} ask DNS servers of their own ({}); whether those ask the zones is not verified",
                    servers.join(", ")
                )));
            }
        }
        Fact::Absent | Fact::Unreadable(_) => {
            return Ok(Linked::Unknown(format!(
                "{network} cannot be read, so whether its clients ask the zones is not verified"
            )));
        }
    }
    for (zone, _) in zones {
        let query = FactQuery::of(zone, API_VERSION).all(private_dns_zone_link::SEGMENT);
        let Fact::Known(links) = world.fact(&query)? else {
            return Ok(Linked::Unknown(format!(
                "the links of {zone} cannot be read, so whether clients ask it is not verified"
            )));
        };
        let to_network = |link: &Value| {
            let id = link
                .pointer("/properties/virtualNetwork/id")
                .and_then(Value::as_str);
            id.and_then(|id| ResourceId::parse(id).ok())
                .is_some_and(|id| id == network)
        };
        if !links.as_array().into_iter().flatten().any(to_network) {
            return Ok(Linked::No(format!(
                "the zone {zone} is not linked to {network}, so its clients get the public address; create a PrivateDnsZoneLink between them"
            )));
        }
    }
    Ok(Linked::Yes)
}
