//! An endpoint's names: which private DNS zones hold them, the zone group that keeps the records there, and whether the
//! names resolve to the endpoint where its clients are.

mod groups;
mod lookups;
mod records;
mod resolvers;
mod zones;

use std::time::Duration;

use kube::ResourceExt;
use privatelink_api::{
    ConditionType, DnsMode, DnsRecord, DnsVerification, EndpointDns, IpConfiguration, PrivateEndpoint,
    Reason, Stance, Verb,
};
use privatelink_arm::ResourceId;
use privatelink_arm::models::private_dns_zone::API_VERSION;
use privatelink_arm::models::private_dns_zone_group::{self as wire, MODEL};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::plan::{DesiredNode, Snapshot, Want};
use privatelink_engine::{Finding, Grant, Missing, ObjectKey, Truth, Unresolved, World, all};
use serde_json::{Value, json};

use crate::reference;
use lookups::Told;
use records::{Creator, Wanted};
use resolvers::{Linked, linked};

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

/// Whether names are none of our business: spec says nothing of them, and no zone is known for the target, or the scope
/// does not let us use it.
fn is_silent(endpoint: &PrivateEndpoint, dns: &EndpointDns, world: &World<'_>) -> Result<bool, Missing> {
    if endpoint.spec.dns.is_some() || made(endpoint) {
        return Ok(false);
    }
    let zones = match zones::zones(endpoint, dns, world) {
        Err(Missing::Unresolved(_)) => return Ok(true),
        zones => zones?,
    };
    let grants: Vec<Grant> = zones.iter().map(|(zone, _)| join(zone)).collect();
    if world.scope.check(&grants).is_err() {
        return Ok(true);
    }
    let facts = all(zones
        .iter()
        .map(|(zone, _)| world.fact(&FactQuery::of(zone, API_VERSION))))?;
    Ok(facts.iter().any(|fact| matches!(fact, Fact::Unreadable(_))))
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
    if is_silent(endpoint, dns, world)? {
        return Ok(None);
    }
    let zones = zones::zones(endpoint, dns, world)?;
    let grants: Vec<Grant> = zones.iter().map(|(zone, _)| join(zone)).collect();
    world.scope.check(&grants)?;
    all(zones
        .iter()
        .filter(|(_, there)| *there)
        .map(|(zone, _)| world.fact(&FactQuery::of(zone, API_VERSION))))?;
    if zones::missing(&zones, world)?.is_some() {
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

/// Whether the zone group may be written now that the endpoint is there: no record of another's is overwritten, and
/// Azure takes one group only.
///
/// # Errors
/// What has to be read first, or whose record or group it is.
pub(super) fn admit(
    endpoint: &PrivateEndpoint,
    id: &ResourceId,
    observed: &Snapshot,
    addresses: &[IpConfiguration],
    world: &World<'_>,
) -> Result<(), Missing> {
    let Some(dns) = managed(endpoint) else {
        return Ok(());
    };
    if let Some(other) = groups::of_others(id, true, world)? {
        return Err(Missing::Unresolved(Unresolved {
            condition: ConditionType::DnsReady,
            reason: Reason::Conflict,
            message: format!(
                "the endpoint has the zone group {} already, which is not ours (Azure Policy makes such), and Azure takes one: set spec.dns.mode: Adopt, or have it removed",
                other.name
            ),
            on_object: false,
        }));
    }
    let zones: Vec<ResourceId> = zones::zones(endpoint, dns, world)?
        .into_iter()
        .map(|(zone, _)| zone)
        .collect();
    let Some(Ok(wanted)) = records::wanted(addresses, &zones, world) else {
        return Ok(());
    };
    let found = records::found(&wanted, &creator(id, observed), true, world)?;
    for (wanted, found) in wanted.iter().zip(&found) {
        if let Ok(Some(broken)) = records::broken(wanted, found)
            && broken.reason == Reason::RecordConflict
        {
            return Err(Missing::Unresolved(Unresolved {
                condition: ConditionType::DnsReady,
                reason: broken.reason,
                message: broken.message,
                on_object: false,
            }));
        }
    }
    Ok(())
}

fn creator<'a>(id: &'a ResourceId, observed: &'a Snapshot) -> Creator<'a> {
    Creator {
        name: id.name(),
        guid: observed
            .body
            .pointer("/properties/resourceGuid")
            .and_then(Value::as_str),
    }
}

/// What is to be said of an endpoint's names.
pub(super) struct Names {
    pub(super) finding: Finding,
    /// The records that a zone group keeps.
    pub(super) records: Vec<DnsRecord>,
    /// Azure would mend a record if it wrote our zone group again; the text says which.
    pub(super) rewrite: Option<String>,
}

/// Whether the endpoint's names resolve to its addresses where its clients are. None where nobody asks.
///
/// # Errors
/// What has to be read first.
pub(super) fn names(
    endpoint: &PrivateEndpoint,
    id: &ResourceId,
    observed: &Snapshot,
    ours: Option<&Snapshot>,
    addresses: &[IpConfiguration],
    world: &World<'_>,
) -> Result<Option<Names>, Missing> {
    let Some(dns) = asked(endpoint) else {
        return Ok(None);
    };
    if is_silent(endpoint, dns, world)? {
        return Ok(None);
    }
    let mut names = Names {
        finding: verified("the names are not verified".to_owned()),
        records: Vec::new(),
        rewrite: None,
    };
    names.finding = match hops(endpoint, dns, id, observed, ours, addresses, world, &mut names)? {
        Ok(finding) => finding,
        Err((Reason::ZoneNotFound, _)) if endpoint.spec.dns.is_none() && !made(endpoint) => unasked(),
        Err((reason, message)) => Finding::new(ConditionType::DnsReady, Truth::False, reason, message),
    };
    Ok(Some(names))
}

/// What is to be said, or the hop that is broken.
type Hop = Result<Finding, (Reason, String)>;

/// Goes from hop to hop. An inner error is the first one that is broken.
#[expect(clippy::too_many_arguments, reason = "it is one question about all of them")]
fn hops(
    endpoint: &PrivateEndpoint,
    dns: &EndpointDns,
    id: &ResourceId,
    observed: &Snapshot,
    ours: Option<&Snapshot>,
    addresses: &[IpConfiguration],
    world: &World<'_>,
    names: &mut Names,
) -> Result<Hop, Missing> {
    let group = match (dns.mode(), ours) {
        (DnsMode::Managed, Some(ours)) => Some(groups::read(&ours.body)?),
        (DnsMode::Adopt, _) => groups::of_others(id, false, world)?,
        _ => None,
    };
    names.records = group.as_ref().map(groups::Group::records).unwrap_or_default();
    let zones = match (dns.mode(), &group) {
        (DnsMode::Adopt, Some(group)) => group.zones.iter().map(|zone| (zone.clone(), true)).collect(),
        (DnsMode::Adopt, None) => {
            let message = "the endpoint has no zone group yet; Azure Policy makes it some minutes after the endpoint (spec.dns.mode: Adopt waits for it)";
            return Ok(Err((Reason::RecordMissing, message.to_owned())));
        }
        _ => zones::zones(endpoint, dns, world)?,
    };
    if let Some(zone) = zones::missing(&zones, world)? {
        return Ok(Err((Reason::ZoneNotFound, zone_missing(zone))));
    }
    let zones: Vec<ResourceId> = zones.into_iter().map(|(zone, _)| zone).collect();
    if dns.mode() == DnsMode::Managed && group.is_none() {
        let message = "the endpoint's records are not in its zones yet";
        return Ok(Err((Reason::RecordMissing, message.to_owned())));
    }
    if dns.verify() == DnsVerification::None {
        let message = "Azure holds what was asked for; whether the names resolve is not looked at (spec.dns.verify: None)";
        return Ok(Ok(Finding::new(
            ConditionType::DnsReady,
            Truth::True,
            Reason::NotVerified,
            message,
        )));
    }
    let wanted = match records::wanted(addresses, &zones, world) {
        None => return Ok(Ok(unknown(
            "no table of private DNS zones is known for this cloud, so where the names belong is not verified (--zone-catalogue names one)".to_owned(),
        ))),
        Some(Err(fqdn)) => {
            let message = format!(
                "none of the endpoint's zones is for the name {fqdn}; add its zone to spec.dns.zones"
            );
            return Ok(Err((Reason::RecordMissing, message)));
        }
        Some(Ok(wanted)) => wanted,
    };
    let links = linked(endpoint, dns, &zones, world)?;
    if let Linked::No(message) = links {
        return Ok(Err((Reason::ZoneNotLinked, message)));
    }
    if let Some(outcome) = check(
        &wanted,
        &creator(id, observed),
        was_ready(endpoint),
        dns,
        world,
        names,
    )? {
        return Ok(outcome);
    }
    if dns.verify() == DnsVerification::Lookup {
        match lookups::told(&wanted, world)? {
            Told::Broken(reason, message) => return Ok(Err((reason, message))),
            Told::NobodyToAsk(message) => return Ok(Ok(unknown(message))),
            // The servers were asked: how they come by their answers is theirs.
            Told::AsWanted if !wanted.is_empty() => {
                let message = format!(
                    "the scope's DNS servers answer the endpoint's addresses for {}",
                    counted(wanted.len())
                );
                return Ok(Ok(verified(message)));
            }
            Told::AsWanted => {}
        }
    }
    Ok(Ok(match links {
        Linked::Unknown(message) => unknown(message),
        Linked::No(_) | Linked::Yes(_) if wanted.is_empty() => {
            unknown("Azure does not say yet which names the endpoint has".to_owned())
        }
        Linked::No(_) => unknown(String::new()),
        Linked::Yes(networks) => {
            let networks: Vec<&str> = networks.iter().map(ResourceId::name).collect();
            verified(format!(
                "{} resolve to the endpoint's addresses in {}",
                counted(wanted.len()),
                networks.join(", ")
            ))
        }
    }))
}

/// Holds the records against what they should be; none where all of them are.
fn check(
    wanted: &[Wanted],
    creator: &Creator<'_>,
    was_ready: bool,
    dns: &EndpointDns,
    world: &World<'_>,
    names: &mut Names,
) -> Result<Option<Hop>, Missing> {
    let found = records::found(wanted, creator, !was_ready, world)?;
    for (wanted, found) in wanted.iter().zip(&found) {
        match records::broken(wanted, found) {
            Ok(None) => {}
            Ok(Some(broken)) => {
                let managed = dns.mode() == DnsMode::Managed;
                // What was read a while ago is a reason to look, not to write.
                names.rewrite = (broken.mends && managed && !was_ready).then(|| broken.message.clone());
                let reason = match broken.reason {
                    // Whoever writes the records here may mean them.
                    Reason::RecordConflict if !managed => Reason::WrongAddress,
                    reason => reason,
                };
                return Ok(Some(Err((reason, broken.message))));
            }
            Err(why) => return Ok(Some(Ok(unknown(why)))),
        }
    }
    Ok(None)
}

/// Whether status says that the names resolve: then what was read a while ago does.
fn was_ready(endpoint: &PrivateEndpoint) -> bool {
    let conditions = endpoint.status.as_ref().map(|status| &status.managed.conditions);
    conditions.into_iter().flatten().any(|condition| {
        condition.type_ == ConditionType::DnsReady.as_str() && condition.status == Truth::True.as_str()
    })
}

fn counted(names: usize) -> String {
    if names == 1 {
        "1 name".to_owned()
    } else {
        format!("{names} names")
    }
}

fn verified(message: String) -> Finding {
    Finding::new(ConditionType::DnsReady, Truth::True, Reason::Succeeded, message)
}

fn unknown(message: String) -> Finding {
    Finding::new(
        ConditionType::DnsReady,
        Truth::Unknown,
        Reason::NotVerified,
        message,
    )
}

/// Spec says nothing of DNS and the zone is not there: nobody said that names should resolve.
fn unasked() -> Finding {
    Finding {
        stance: Stance::Ready,
        ..Finding::new(
            ConditionType::DnsReady,
            Truth::Unknown,
            Reason::ZoneNotFound,
            "the target's private DNS zone is not in the scope's DNS resource group, so nobody sees to its names; spec.dns says who should",
        )
    }
}

fn zone_missing(zone: &ResourceId) -> String {
    format!(
        "the private DNS zone {zone} does not exist. Where zones are central: name them in spec.dns.zones, or their resource group in spec.defaults.dnsResourceGroup of the AzureScope; where Azure Policy or others see to the records: spec.dns.mode: Adopt or External. Else create it: {{apiVersion: privatelink.dev/v1alpha1, kind: PrivateDnsZone, metadata: {{name: {}}}}}, and a PrivateDnsZoneLink to the network of the clients",
        zone.name().to_ascii_lowercase()
    )
}
