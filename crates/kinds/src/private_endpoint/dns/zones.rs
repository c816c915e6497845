//! The private DNS zones that hold an endpoint's names: those that spec names, or those that Microsoft recommends.

use kube::ResourceExt;
use privatelink_api::{EndpointDns, PrivateEndpoint};
use privatelink_arm::ResourceId;
use privatelink_arm::catalogue::{self, TargetFacts};
use privatelink_arm::models::private_dns_zone::{self, API_VERSION};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::{Missing, Unresolved, World, all};

use super::super::target::TargetId;
use crate::reference;

/// The zones, and whether each is known to be there.
///
/// # Errors
/// A reference that leads nowhere, or a target that no zone is known for.
pub(super) fn zones(
    endpoint: &PrivateEndpoint,
    dns: &EndpointDns,
    world: &World<'_>,
) -> Result<Vec<(ResourceId, bool)>, Missing> {
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

/// The first zone that is not there.
///
/// # Errors
/// What has to be read first, all of it at once.
pub(super) fn missing<'a>(
    zones: &'a [(ResourceId, bool)],
    world: &World<'_>,
) -> Result<Option<&'a ResourceId>, Missing> {
    // Azure is not asked for a zone whose object waits for it still: that it is not there would be believed for a while.
    let is_missing = |(zone, there): &(ResourceId, bool)| {
        Ok(!there || *world.fact(&FactQuery::of(zone, API_VERSION))? == Fact::Absent)
    };
    let missing = all(zones.iter().map(is_missing))?;
    let first = zones.iter().zip(missing).find(|(_, missing)| *missing);
    Ok(first.map(|((zone, _), _)| zone))
}

/// The zones without what is known of them.
pub(super) fn ids(zones: Vec<(ResourceId, bool)>) -> Vec<ResourceId> {
    zones.into_iter().map(|(zone, _)| zone).collect()
}
