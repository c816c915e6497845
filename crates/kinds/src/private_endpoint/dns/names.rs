//! Whether an endpoint's names resolve to its addresses where its clients are: from hop to hop, the first broken one said.

use privatelink_api::{
    ConditionType, DnsMode, DnsRecord, DnsVerification, EndpointDns, PrivateEndpoint, Reason, Stance,
};
use privatelink_arm::ResourceId;
use privatelink_engine::plan::Snapshot;
use privatelink_engine::{Finding, Missing, Truth, World};

use super::groups::{self, Group};
use super::lookups::{self, Told};
use super::records::{self, Broken, Occasion};
use super::resolvers::{Linked, linked};
use super::{Shown, asked, made, silence, zones};

/// What is to be said of an endpoint's names.
pub(in super::super) struct Names {
    pub(in super::super) finding: Finding,
    /// The records that a zone group keeps.
    pub(in super::super) records: Vec<DnsRecord>,
    /// Azure would mend a record if it wrote our zone group again; the text says which.
    pub(in super::super) rewrite: Option<String>,
}

/// Whether the endpoint's names resolve to its addresses where its clients are. `ours` is our zone group, where there is
/// one. None where nobody asks.
///
/// # Errors
/// What has to be read first.
pub(in super::super) fn names(
    shown: Shown<'_>,
    ours: Option<&Snapshot>,
    world: &World<'_>,
) -> Result<Option<Names>, Missing> {
    let endpoint = shown.endpoint;
    let Some(dns) = asked(endpoint) else {
        return Ok(None);
    };
    if let Some(why) = silence(endpoint, dns, world)? {
        let message = format!("nobody sees to the endpoint's names: {why}; spec.dns says who should");
        return Ok(Some(Names {
            finding: Finding {
                stance: Stance::Ready,
                ..unknown(message)
            },
            records: Vec::new(),
            rewrite: None,
        }));
    }
    let group = match (dns.mode(), ours) {
        (DnsMode::Managed, Some(ours)) => Some(groups::read(&ours.body)?),
        (DnsMode::Adopt, _) => groups::of_others(shown.id, false, world)?,
        _ => None,
    };
    let mut names = Names {
        finding: unknown(""),
        records: group.as_ref().map(Group::records).unwrap_or_default(),
        rewrite: None,
    };
    names.finding = match hops(shown, dns, group.as_ref(), world)? {
        Ok(finding) => finding,
        Err(broken)
            if broken.reason == Reason::ZoneNotFound && endpoint.spec.dns.is_none() && !made(endpoint) =>
        {
            unasked(&broken.message)
        }
        Err(broken) => {
            let managed = dns.mode() == DnsMode::Managed;
            // What was read a while ago is a reason to look, not to write.
            if broken.mends && managed && !was_ready(endpoint) {
                names.rewrite = Some(broken.message.clone());
            }
            let reason = match broken.reason {
                // Whoever writes the records here may mean them.
                Reason::RecordConflict if !managed => Reason::WrongAddress,
                reason => reason,
            };
            Finding::new(ConditionType::DnsReady, Truth::False, reason, broken.message)
        }
    };
    Ok(Some(names))
}

/// Goes from hop to hop. The inner error is the first one that is broken.
fn hops(
    shown: Shown<'_>,
    dns: &EndpointDns,
    group: Option<&Group>,
    world: &World<'_>,
) -> Result<Result<Finding, Broken>, Missing> {
    let broken = |reason, message| Ok(Err(Broken::for_good(reason, message)));
    let zones = match (dns.mode(), group) {
        (DnsMode::Adopt, Some(group)) => group.zones.clone(),
        (DnsMode::Adopt, None) => {
            let message = "the endpoint has no zone group yet; Azure Policy makes it some minutes after the endpoint (spec.dns.mode: Adopt waits for it)";
            return broken(Reason::RecordMissing, message.to_owned());
        }
        _ => zones::zones(shown.endpoint, dns, world)?,
    };
    if let Some(zone) = zones::missing(&zones, world)? {
        return broken(Reason::ZoneNotFound, zone_missing(zone, dns));
    }
    if dns.mode() == DnsMode::Managed && group.is_none() {
        let message = "the endpoint's records are not in its zones yet";
        return broken(Reason::RecordMissing, message.to_owned());
    }
    if dns.verify() == DnsVerification::None {
        return Ok(Ok(Finding {
            status: Truth::True,
            ..unknown(
                "Azure holds what was asked for; whether the names resolve is not looked at (spec.dns.verify: None)",
            )
        }));
    }
    let wanted = match records::wanted(shown.addresses, &zones, world) {
        None => {
            return Ok(Ok(unknown(
                "no table of private DNS zones is known for this cloud, so where the names belong is not verified (--zone-catalogue names one)",
            )));
        }
        Some(Err(fqdn)) => {
            let remedy = match dns.mode() {
                DnsMode::Adopt => {
                    "whoever made the zone group has to add its zone (it has to be deleted for that)"
                }
                _ => "add its zone to spec.dns.zones",
            };
            let lacking = zones::lacking(shown.endpoint, &zones, &[&fqdn], world)?;
            let which = match lacking.first() {
                Some(zone) => format!(" ({zone})"),
                None => String::new(),
            };
            let message = format!("none of the endpoint's zones is for the name {fqdn}; {remedy}{which}");
            return broken(Reason::RecordMissing, message);
        }
        Some(Ok(wanted)) => wanted,
    };
    // A zone that has none of the names need not be asked by anybody.
    let mut asked: Vec<ResourceId> = wanted.iter().map(|wanted| wanted.zone.clone()).collect();
    asked.sort_by(|one, other| one.key().cmp(other.key()));
    asked.dedup();
    let links = linked(shown.endpoint, dns, &asked, world)?;
    if let Linked::No(message) = links {
        return broken(Reason::ZoneNotLinked, message);
    }
    let occasion = if was_ready(shown.endpoint) {
        Occasion::Rest
    } else {
        Occasion::AfterWrite
    };
    let found = records::found(&wanted, &shown.creator(), occasion, world)?;
    for (wanted, found) in wanted.iter().zip(&found) {
        match records::broken(wanted, found) {
            Ok(None) => {}
            // Without its zone there is no record, and nothing to write.
            Ok(Some(found)) if found.mends && zones::has_gone(&wanted.zone, world)? => {
                return broken(Reason::ZoneNotFound, zone_missing(&wanted.zone, dns));
            }
            Ok(Some(found)) => return Ok(Err(found)),
            Err(why) => return Ok(Ok(unknown(why))),
        }
    }
    if wanted.is_empty() {
        return Ok(Ok(unknown(match shown.endpoint.spec.target.group_id {
            Some(_) => "Azure does not say yet which names the endpoint has",
            None => {
                "a private link service gives its endpoints no names: set spec.dns.mode: None, and make a PrivateDnsRecordSet with fromPrivateEndpoint"
            }
        })));
    }
    let (names, resolve) = match wanted.len() {
        1 => ("1 name".to_owned(), "resolves"),
        names => (format!("{names} names"), "resolve"),
    };
    let lacking = zones::lacking(shown.endpoint, &zones, &[], world)?;
    let more = match lacking.as_slice() {
        [] => String::new(),
        lacking => format!(
            "; Azure names another zone for this group as well ({}), which is none of the endpoint's",
            lacking.join(", ")
        ),
    };
    if dns.verify() == DnsVerification::Lookup {
        return Ok(match lookups::told(&wanted, world)? {
            Told::Broken(reason, message) => Err(Broken::for_good(reason, message)),
            Told::NobodyToAsk(message) => Ok(unknown(message)),
            // The servers were asked: how they come by their answers is theirs.
            Told::AsWanted => Ok(verified(format!(
                "the scope's DNS servers answer the endpoint's addresses for {names}{more}"
            ))),
        });
    }
    Ok(Ok(match links {
        Linked::Yes(networks) => {
            let networks: Vec<&str> = networks.iter().map(ResourceId::name).collect();
            verified(format!(
                "{names} {resolve} to the endpoint's addresses in {}{more}",
                networks.join(", ")
            ))
        }
        Linked::Unknown(message) | Linked::No(message) => unknown(message),
    }))
}

/// Whether status says that the names resolve: then what was read a while ago does.
fn was_ready(endpoint: &PrivateEndpoint) -> bool {
    let conditions = endpoint.status.as_ref().map(|status| &status.managed.conditions);
    conditions.into_iter().flatten().any(|condition| {
        condition.type_ == ConditionType::DnsReady.as_str() && condition.status == Truth::True.as_str()
    })
}

fn verified(message: String) -> Finding {
    Finding::new(ConditionType::DnsReady, Truth::True, Reason::Succeeded, message)
}

fn unknown(message: impl Into<String>) -> Finding {
    Finding::new(
        ConditionType::DnsReady,
        Truth::Unknown,
        Reason::NotVerified,
        message,
    )
}

/// Spec says nothing of DNS and the zone is not there: nobody said that names should resolve.
fn unasked(why: &str) -> Finding {
    Finding {
        stance: Stance::Ready,
        reason: Reason::ZoneNotFound,
        ..unknown(format!(
            "nobody sees to the endpoint's names, for spec.dns does not say who should: {why}"
        ))
    }
}

fn zone_missing(zone: &ResourceId, dns: &EndpointDns) -> String {
    let central = if dns.zones.is_empty() {
        " Where zones are central: name them in spec.dns.zones, or their resource group in spec.defaults.dnsResourceGroup of the AzureScope"
    } else {
        " Where it is another: name that one in spec.dns.zones"
    };
    let group = zone.resource_group_id().map(|group| group.to_string());
    let others = match dns.mode() {
        DnsMode::Managed => {
            "; where Azure Policy or others see to the records: spec.dns.mode: Adopt or External"
        }
        _ => "",
    };
    format!(
        "the private DNS zone {zone} does not exist.{central}{others}. Else create it: {{apiVersion: privatelink.dev/v1alpha1, kind: PrivateDnsZone, metadata: {{name: {}}}, spec: {{resourceGroup: {}}}}}, and a PrivateDnsZoneLink to the network of the clients",
        zone.name().to_ascii_lowercase(),
        group.unwrap_or_default()
    )
}
