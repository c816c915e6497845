//! What a link between a zone and a network does to names of others: another zone of the same name that is linked already,
//! and public names that the zone hides because it has no record for them.

use privatelink_api::{ConditionType, Reason, Verb};
use privatelink_arm::ResourceId;
use privatelink_arm::catalogue::{self, KnownCloud};
use privatelink_arm::models::private_dns_zone::{API_VERSION, RESOURCE_TYPE};
use privatelink_arm::models::{private_dns_zone_link, private_endpoint, private_link_resource};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::{Finding, Missing, Truth, Unresolved, World, all};
use serde_json::Value;

/// At most this many targets are looked at, and zones.
const MOST: usize = 16;

/// The scope's entries as ids.
fn allowed<'a>(world: &World<'a>) -> impl Iterator<Item = (ResourceId, &'a [Verb])> {
    let entries = world.scope.spec().allow.iter();
    entries.filter_map(|entry| Some((ResourceId::parse(&entry.on).ok()?, entry.verbs.as_slice())))
}

/// Whether the network is linked by another link than our own, to the zone or to another of this name, as far as the scope
/// lets us look: in its resource groups and among the zones that it names.
///
/// # Errors
/// What has to be read first, or the other zone.
pub fn no_rival(
    own: &ResourceId,
    zone: &ResourceId,
    network: &ResourceId,
    world: &World<'_>,
) -> Result<(), Missing> {
    let mut others: Vec<ResourceId> = allowed(world)
        .filter_map(|(id, _)| {
            if id.resource_type().eq_ignore_ascii_case(RESOURCE_TYPE) {
                return id.name().eq_ignore_ascii_case(zone.name()).then_some(id);
            }
            let group = id.resource_group_id().filter(|group| *group == id)?;
            ResourceId::parse(&format!("{group}/providers/{RESOURCE_TYPE}/{}", zone.name())).ok()
        })
        .chain([zone.clone()])
        .collect();
    others.sort_by(|one, other| one.key().cmp(other.key()));
    others.dedup();
    others.truncate(MOST);
    let queries = others
        .iter()
        .map(|other| FactQuery::of(other, API_VERSION).all(private_dns_zone_link::SEGMENT));
    let links = all(queries.map(|query| world.fact(&query)))?;
    for (other, links) in others.iter().zip(links) {
        let Fact::Known(links) = links else { continue };
        let links = links.as_array().map(Vec::as_slice).unwrap_or_default();
        let name = |link: &Value| {
            link.get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let is_ours = |link: &Value| other == zone && name(link).eq_ignore_ascii_case(own.name());
        if let Some(link) = links
            .iter()
            .find(|link| private_dns_zone_link::leads_to(link, network) && !is_ours(link))
        {
            let name = name(link);
            if other == zone {
                return Err(Missing::Unresolved(Unresolved {
                    condition: ConditionType::Programmed,
                    reason: Reason::Conflict,
                    message: format!(
                        "spec.virtualNetwork: {network} is linked to the zone already, by the link {name}, and Azure takes one link between the two: name that one in spec.azureName and take it over with spec.adoptionPolicy: Adopt, or remove it"
                    ),
                    on_object: false,
                    unreadable: None,
                }));
            }
            return Err(Missing::Unresolved(Unresolved {
                condition: ConditionType::Programmed,
                reason: Reason::Conflict,
                message: format!(
                    "spec.virtualNetwork: {network} is linked to another zone of this name already ({other}, by its link {name}), and clients can ask one only: put the records into that zone, or remove its link"
                ),
                on_object: false,
                unreadable: None,
            }));
        }
    }
    Ok(())
}

/// A warning where clients of the network get no address for services that the scope knows: their public names lead into
/// the zone, and the zone has no record for them.
///
/// # Errors
/// What has to be read first.
pub fn shadowed(
    zone: &ResourceId,
    network: &ResourceId,
    world: &World<'_>,
) -> Result<Option<Finding>, Missing> {
    let Some(cloud) = world.catalogue else {
        return Ok(None);
    };
    let mut targets: Vec<ResourceId> = allowed(world)
        .filter(|(_, verbs)| verbs.contains(&Verb::Connect))
        .map(|(id, _)| id)
        .chain(
            world
                .scope
                .spec()
                .aliases
                .values()
                .filter_map(|id| ResourceId::parse(id).ok()),
        )
        .filter(|id| is_answered_in(cloud, id, zone.name()))
        .collect();
    targets.sort_by(|one, other| one.key().cmp(other.key()));
    targets.dedup();
    targets.truncate(MOST);
    let hidden = all(targets.iter().map(|target| is_hidden(target, zone, world)))?;
    let names: Vec<&str> = targets
        .iter()
        .zip(hidden)
        .filter(|(_, hidden)| *hidden)
        .map(|(target, _)| target.name())
        .collect();
    if names.is_empty() {
        return Ok(None);
    }
    let message = format!(
        "clients in {network} get no address (NXDOMAIN) for {}: they have private endpoints elsewhere, so their public names lead into {}, which has no record for them; give each an endpoint and a record here, or set spec.resolutionPolicy: NxDomainRedirect",
        names.join(", "),
        zone.name()
    );
    Ok(Some(Finding::new(
        ConditionType::NamesShadowed,
        Truth::True,
        Reason::NoRecord,
        message,
    )))
}

/// Whether names of a resource are answered in a zone of this name.
fn is_answered_in(cloud: KnownCloud, id: &ResourceId, zone: &str) -> bool {
    let resource_type = id.resource_type();
    catalogue::rows().any(|row| {
        row.cloud() == cloud
            && row.resource_type().eq_ignore_ascii_case(&resource_type)
            && row.zones().iter().any(|name| name.eq_ignore_ascii_case(zone))
    })
}

/// Whether a connection is of a group whose names are answered in a zone of this name. Where the target does not say which
/// group it is of, the endpoint does; where that cannot be read, only a type with one zone leaves no doubt.
fn leads_into(
    connection: &Value,
    resource_type: &str,
    zone: &str,
    world: &World<'_>,
) -> Result<bool, Missing> {
    let mut groups = texts(connection.pointer("/properties/groupIds"));
    let endpoint = connection.pointer("/properties/privateEndpoint/id");
    let endpoint = endpoint
        .and_then(Value::as_str)
        .and_then(|id| ResourceId::parse(id).ok());
    if groups.is_empty()
        && let Some(endpoint) = endpoint
        && let Fact::Known(body) =
            world.fact(&FactQuery::of(&endpoint, private_endpoint::API_VERSION).keeping(CONNECTIONS))?
    {
        let connections = CONNECTIONS
            .iter()
            .filter_map(|list| body.pointer(list)?.as_array());
        groups = connections
            .flatten()
            .flat_map(|connection| texts(connection.pointer("/properties/groupIds")))
            .collect();
    }
    let mut rows = catalogue::rows().filter(|row| {
        Some(row.cloud()) == world.catalogue && row.resource_type().eq_ignore_ascii_case(resource_type)
    });
    let has_zone = |zones: &[&str]| zones.iter().any(|name| name.eq_ignore_ascii_case(zone));
    if groups.is_empty() {
        return Ok(rows.all(|row| has_zone(row.zones())));
    }
    Ok(rows.any(|row| has_zone(row.zones()) && groups.iter().any(|group| row.matches_group(group))))
}

/// Where an endpoint says which groups of its target it is for.
const CONNECTIONS: &[&str] = &[
    "/properties/privateLinkServiceConnections",
    "/properties/manualPrivateLinkServiceConnections",
];

fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Whether a resource has private endpoints, and the zone has no record of its name.
fn is_hidden(target: &ResourceId, zone: &ResourceId, world: &World<'_>) -> Result<bool, Missing> {
    let Some(api_version) = private_link_resource::api_version(&target.resource_type()) else {
        return Ok(false);
    };
    let Ok(record) = zone.child("A", &target.name().to_ascii_lowercase()) else {
        return Ok(false);
    };
    let query = FactQuery::of(target, api_version).keeping(&["/properties/privateEndpointConnections"]);
    let Fact::Known(body) = world.fact(&query)? else {
        return Ok(false);
    };
    let connections = body
        .pointer("/properties/privateEndpointConnections")
        .and_then(Value::as_array);
    let Some(connections) = connections else {
        return Ok(false);
    };
    let connections = connections.iter().take(MOST);
    let leads_here = all(
        connections.map(|connection| leads_into(connection, &target.resource_type(), zone.name(), world))
    )?;
    if !leads_here.contains(&true) {
        return Ok(false);
    }
    Ok(*world.fact(&FactQuery::of(&record, API_VERSION))? == Fact::Absent)
}
