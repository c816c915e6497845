//! The private DNS zones that hold an endpoint's names: those that spec names, or those that Microsoft recommends.

use kube::ResourceExt;
use privatelink_api::{EndpointDns, PrivateEndpoint};
use privatelink_arm::ResourceId;
use privatelink_arm::catalogue::{self, TargetFacts};
use privatelink_arm::models::private_dns_zone::{self, API_VERSION};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::{Missing, Unresolved, World, all};

use super::super::target::{self, TargetId};
use super::{LOOK_AGAIN, made};
use crate::reference;

/// The zones.
///
/// # Errors
/// A reference that leads nowhere, or a target that no zone is known for.
pub(super) fn zones(
    endpoint: &PrivateEndpoint,
    dns: &EndpointDns,
    world: &World<'_>,
) -> Result<Vec<ResourceId>, Missing> {
    let namespace = endpoint.namespace().unwrap_or_default();
    if !dns.zones.is_empty() {
        let zones = dns.zones.iter().enumerate().map(|(index, zone)| {
            let field = format!("spec.dns.zones[{index}]");
            Ok(reference::zone_of(&field, zone, &namespace, world)?.0)
        });
        let zones: Vec<ResourceId> = zones.collect::<Result<_, Missing>>()?;
        return without_doubles(zones);
    }
    let group = match pinned(endpoint) {
        Some(group) => group,
        None => reference::dns_resource_group(None, world.scope)?,
    };
    let names = recommended(endpoint, world)?;
    names
        .into_iter()
        .map(|name| {
            let id = format!("{group}/providers/{}/{name}", private_dns_zone::RESOURCE_TYPE);
            Ok(reference::parse("spec.dns", &id)?)
        })
        .collect()
}

/// Where the recommended zones were when the records were written: another default of the scope moves nothing.
pub(super) fn pinned(endpoint: &PrivateEndpoint) -> Option<ResourceId> {
    let effective = endpoint.status.as_ref().map(|status| &status.managed.effective);
    let group = effective.and_then(|effective| effective.get(GROUP));
    group
        .filter(|_| made(endpoint))
        .and_then(|group| ResourceId::parse(group).ok())
}

/// Under which name status keeps the resource group of recommended zones.
pub(super) const GROUP: &str = "dnsResourceGroup";

/// Azure takes one zone of a name.
fn without_doubles(zones: Vec<ResourceId>) -> Result<Vec<ResourceId>, Missing> {
    for (index, zone) in zones.iter().enumerate() {
        let before = zones.iter().take(index);
        let of_name = before
            .enumerate()
            .find(|(_, other)| other.name().eq_ignore_ascii_case(zone.name()));
        if let Some((other, _)) = of_name {
            let message = format!(
                "spec.dns.zones[{index}] has the name of spec.dns.zones[{other}] ({}), and an endpoint's records go into one zone of a name: remove one of them",
                zone.name()
            );
            return Err(Unresolved::invalid(message).into());
        }
    }
    Ok(zones)
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

/// Zones that Azure names for the target's group, or that hold one of the names, and that are not among the endpoint's.
///
/// # Errors
/// What has to be read first.
pub(super) fn lacking(
    endpoint: &PrivateEndpoint,
    zones: &[ResourceId],
    names: &[&str],
    world: &World<'_>,
) -> Result<Vec<String>, Missing> {
    let Some(cloud) = world.catalogue else {
        return Ok(Vec::new());
    };
    let required = target::required_zone_names(endpoint, world)?;
    let required: Vec<&str> = required.iter().map(String::as_str).collect();
    let zones: Vec<&str> = zones.iter().map(ResourceId::name).collect();
    let check = catalogue::cross_check(cloud, &zones, &required, names);
    Ok(check.lacking.into_iter().map(|lacking| lacking.zone).collect())
}

/// The first zone that is not there.
///
/// # Errors
/// What has to be read first, all of it at once.
pub(super) fn missing<'a>(
    zones: &'a [ResourceId],
    world: &World<'_>,
) -> Result<Option<&'a ResourceId>, Missing> {
    // What an object says of itself does not count: one that is being deleted, or that its scope forbids, may have a zone.
    let missing = all(zones.iter().map(|zone| is_missing(zone, world)))?;
    let first = zones.iter().zip(missing).find(|(_, missing)| *missing);
    Ok(first.map(|(zone, _)| zone))
}

fn is_missing(zone: &ResourceId, world: &World<'_>) -> Result<bool, Missing> {
    let query = FactQuery::of(zone, API_VERSION).believed_for(LOOK_AGAIN);
    Ok(*world.fact(&query)? == Fact::Absent)
}

/// Whether a zone has gone, as it is now.
///
/// # Errors
/// What has to be read first.
pub(super) fn has_gone(zone: &ResourceId, world: &World<'_>) -> Result<bool, Missing> {
    Ok(*world.fact(&FactQuery::of(zone, API_VERSION).now())? == Fact::Absent)
}
