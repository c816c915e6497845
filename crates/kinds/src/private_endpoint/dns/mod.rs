//! An endpoint's names: which private DNS zones hold them, the zone group that keeps the records there, and whether the
//! names resolve to the endpoint where its clients are.

mod groups;
mod lookups;
mod names;
mod records;
mod resolvers;
mod zones;

use std::time::Duration;

use kube::ResourceExt;
use privatelink_api::{
    ConditionType, DnsMode, DnsRecord, EndpointDns, IpConfiguration, PrivateEndpoint, Reason, Verb,
};
use privatelink_arm::ResourceId;
use privatelink_arm::models::private_dns_zone::API_VERSION;
use privatelink_arm::models::private_dns_zone_group::{self as wire, MODEL};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::plan::{DesiredNode, Snapshot, Want};
use privatelink_engine::{Grant, Missing, ObjectKey, Unresolved, World, all};
use serde_json::{Value, json};

use self::records::{Creator, Found, Occasion, Wanted};
use crate::reference;

pub(super) use self::names::names;

/// The node's name.
pub(super) const NODE: &str = "zoneGroup";

/// How long records and links are believed, and how soon a broken name is looked at again.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What holds where spec says nothing of DNS.
static UNSAID: EndpointDns = EndpointDns {
    mode: None,
    zones: Vec::new(),
    resolved_from: Vec::new(),
    verify: None,
};

/// What is asked for, where anything is.
fn asked(endpoint: &PrivateEndpoint) -> Option<&EndpointDns> {
    let dns = endpoint.spec.dns.as_ref();
    dns.or_else(|| is_known_service(endpoint).then_some(&UNSAID))
        .filter(|dns| dns.mode() != DnsMode::None)
}

/// A private link service has no names of its own: there, only what spec says counts.
fn is_known_service(endpoint: &PrivateEndpoint) -> bool {
    endpoint.spec.target.service_alias.is_none() && endpoint.spec.target.group_id.is_some()
}

/// What is asked for, where it is that we see to the records.
fn managed(endpoint: &PrivateEndpoint) -> Option<&EndpointDns> {
    asked(endpoint).filter(|dns| dns.mode() == DnsMode::Managed)
}

/// Whether status says that we have written a zone group, or were about to.
fn made(endpoint: &PrivateEndpoint) -> bool {
    let recorded = endpoint.status.as_ref().map(|status| &status.managed.applied);
    recorded.is_some_and(|applied| applied.contains_key(NODE))
}

/// Why names are none of our business, where they are not: spec says nothing of them, and no zone is known for the target,
/// or the scope does not let us use it.
fn silence(
    endpoint: &PrivateEndpoint,
    dns: &EndpointDns,
    world: &World<'_>,
) -> Result<Option<String>, Missing> {
    if endpoint.spec.dns.is_some() || made(endpoint) {
        return Ok(None);
    }
    let zones = match zones::zones(endpoint, dns, world) {
        Err(Missing::Unresolved(why)) => return Ok(Some(why.message)),
        zones => zones?,
    };
    let grants: Vec<Grant> = zones.iter().map(join).collect();
    if let Err(forbidden) = world.scope.check(&grants) {
        return Ok(Some(forbidden.message));
    }
    let facts = all(zones
        .iter()
        .map(|zone| world.fact(&FactQuery::of(zone, API_VERSION))))?;
    Ok(facts.into_iter().find_map(|fact| match fact {
        Fact::Unreadable(why) => Some(why.clone()),
        _ => None,
    }))
}

/// Where the recommended zones are, for status: as it was when the records were written, or in the group that is wanted now.
pub(super) fn place_of(endpoint: &PrivateEndpoint, group: Option<&DesiredNode>) -> Option<(String, String)> {
    managed(endpoint).filter(|dns| dns.zones.is_empty())?;
    let wanted = group.and_then(|group| {
        let zone = "/properties/privateDnsZoneConfigs/0/properties/privateDnsZoneId";
        let zone = group.want.body()?.pointer(zone)?.as_str()?;
        ResourceId::parse(zone).ok()?.resource_group_id()
    });
    let place = wanted.or_else(|| zones::pinned(endpoint))?;
    Some((zones::GROUP.to_owned(), place.to_string()))
}

/// The records that Azure takes away with the endpoint.
pub(super) fn touched(endpoint: &PrivateEndpoint) -> Vec<ResourceId> {
    let records = endpoint.status.iter().flat_map(|status| &status.dns_records);
    let record = |record: &DnsRecord| {
        let zone = ResourceId::parse(&record.zone).ok()?;
        let (fqdn, zone_name) = (record.fqdn.to_ascii_lowercase(), zone.name().to_ascii_lowercase());
        let name = fqdn.strip_suffix(&zone_name)?.strip_suffix('.')?;
        zone.child("A", name).ok()
    };
    records.filter_map(record).collect()
}

/// The zones that spec refers to by the name of an object.
pub(super) fn references(endpoint: &PrivateEndpoint) -> Vec<ObjectKey> {
    let namespace = endpoint.namespace().unwrap_or_default();
    let zones = asked(endpoint).into_iter().flat_map(|dns| &dns.zones);
    zones
        .filter_map(|zone| reference::zone_key(zone, &namespace))
        .collect()
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
    let Some(dns) = managed(endpoint) else {
        return Ok(made(endpoint).then(|| node(Want::Absent)));
    };
    if silence(endpoint, dns, world)?.is_some() {
        return Ok(None);
    }
    let zones = zones::zones(endpoint, dns, world)?;
    let grants: Vec<Grant> = zones.iter().map(join).collect();
    world.scope.check(&grants)?;
    if zones::missing(&zones, world)?.is_some() {
        // The endpoint is made all the same; its condition says which zone is missing.
        return Ok(None);
    }
    let body = wire::ZoneGroup {
        properties: wire::Properties {
            private_dns_zone_configs: zones
                .iter()
                .map(|zone| wire::ZoneConfig {
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

/// An endpoint as Azure shows it.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) endpoint: &'a PrivateEndpoint,
    pub(super) id: &'a ResourceId,
    pub(super) snapshot: &'a Snapshot,
    pub(super) addresses: &'a [IpConfiguration],
}

impl<'a> Shown<'a> {
    fn creator(&self) -> Creator<'a> {
        let guid = self.snapshot.body.pointer("/properties/resourceGuid");
        Creator {
            name: self.id.name(),
            guid: guid.and_then(Value::as_str),
        }
    }
}

/// Whether the zone group may be written now that the endpoint is there: no record of another's is overwritten, and
/// Azure takes one group only. The records that it makes.
///
/// # Errors
/// What has to be read first, or whose record or group it is.
pub(super) fn admit(shown: Shown<'_>, world: &World<'_>) -> Result<Vec<ResourceId>, Missing> {
    let Some(dns) = managed(shown.endpoint) else {
        return Ok(Vec::new());
    };
    let in_the_way = |reason, message| {
        Missing::Unresolved(Unresolved {
            condition: ConditionType::DnsReady,
            reason,
            message,
            on_object: false,
            unreadable: None,
        })
    };
    if let Some(other) = groups::of_others(shown.id, true, world)? {
        let message = format!(
            "the endpoint has the zone group {} already, which is not ours (Azure Policy makes such), and Azure takes one: set spec.dns.mode: Adopt, or have it removed",
            other.name
        );
        return Err(in_the_way(Reason::Conflict, message));
    }
    let zones = zones::zones(shown.endpoint, dns, world)?;
    if records::are_all_elsewhere(shown.addresses, &zones, world) {
        let message = "none of the zones in spec.dns.zones is for any of the endpoint's names, so no records are written: name the zones of its names";
        return Err(in_the_way(Reason::RecordMissing, message.to_owned()));
    }
    let Some(Ok(wanted)) = records::wanted(shown.addresses, &zones, world) else {
        return Ok(Vec::new());
    };
    let found = records::found(&wanted, &shown.creator(), Occasion::BeforeWrite, world)?;
    let found: Vec<Found> = found.into_iter().map(Found::before_write).collect();
    let broken = wanted
        .iter()
        .zip(&found)
        .filter_map(|(wanted, found)| records::broken(wanted, found).ok().flatten());
    match broken
        .into_iter()
        .find(|broken| broken.reason == Reason::RecordConflict)
    {
        Some(broken) => Err(in_the_way(broken.reason, broken.message)),
        None => Ok(wanted.iter().filter_map(Wanted::id).collect()),
    }
}
