//! `PrivateDnsZoneLink`: one link between a private DNS zone and a virtual network.

use std::collections::BTreeMap;

use kube::ResourceExt;
use privatelink_api::{ConditionType, PrivateDnsZoneLink, ResolutionPolicy, Verb};
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use privatelink_arm::models::private_dns_zone::LOCATION;
use privatelink_arm::models::private_dns_zone_link::{self as wire, MODEL};
use privatelink_arm::models::private_endpoint::SubResource;
use privatelink_arm::models::{private_dns_record_set, private_endpoint};
use privatelink_engine::plan::{DesiredNode, Want};
use privatelink_engine::{
    Claim, Grant, Kind, Missing, ObjectKey, Outputs, Resolved, Right, Snapshots, Unresolved, World,
};
use serde_json::{Map, Value, json};

use crate::{reference, rights, shadowed_names};

const NODE: &str = "link";

/// The kind `PrivateDnsZoneLink`.
pub struct PrivateDnsZoneLinkKind;

impl Kind for PrivateDnsZoneLinkKind {
    type Object = PrivateDnsZoneLink;

    const MAIN_NODE: &'static str = NODE;

    fn model(id: &ResourceId) -> Option<&'static ResourceModel> {
        id.resource_type()
            .eq_ignore_ascii_case(MODEL.resource_type)
            .then_some(&MODEL)
    }

    /// The right is one on the zone: it is the zone that gets another network.
    fn rights(id: &ResourceId) -> Vec<Grant> {
        let zone = id.parent().unwrap_or_else(|| id.clone());
        let name = Grant::ZoneName(zone.name().to_owned());
        let verb = Verb::Link;
        vec![Grant::On { id: zone, verb }, name]
    }

    fn references(object: &PrivateDnsZoneLink) -> Vec<ObjectKey> {
        let namespace = object.namespace().unwrap_or_default();
        reference::zone_key(&object.spec.zone, &namespace)
            .into_iter()
            .collect()
    }

    fn azure_rights() -> Vec<Right> {
        let mut rights = Right::keeping(Verb::Link, &MODEL, "the zone");
        rights.extend(rights::joins(&MODEL));
        rights.extend(rights::reads_of_targets());
        rights.extend([
            Right::reading(
                private_endpoint::MODEL.read_action(),
                "endpoints of those targets",
                "learn which group of the target an endpoint is for",
            ),
            Right::reading(
                private_dns_record_set::A.read_action(),
                "the zone",
                "warn of public names that the zone hides",
            ),
        ]);
        rights
    }

    fn claim(object: &PrivateDnsZoneLink, world: &World<'_>) -> Result<Claim, Unresolved> {
        let namespace = object.namespace().unwrap_or_default();
        let (zone, _) = reference::zone(&object.spec.zone, &namespace, world)?;
        let network = network(object, world)?;
        let name = object
            .spec
            .azure_name
            .clone()
            .unwrap_or_else(|| object.name_any());
        let id = zone
            .child(wire::SEGMENT, &name)
            .map_err(|error| Unresolved::invalid(format!("spec.azureName: {error}")))?;
        Ok(Claim {
            grants: vec![Grant::On {
                id: network.clone(),
                verb: Verb::LinkZones,
            }],
            effective: effective(object, &zone, &network, world),
            id,
        })
    }

    fn resolve(object: &PrivateDnsZoneLink, id: &ResourceId, world: &World<'_>) -> Result<Resolved, Missing> {
        let spec = &object.spec;
        let namespace = object.namespace().unwrap_or_default();
        let (zone, there) = reference::zone(&spec.zone, &namespace, world)?;
        if !there {
            return Err(Unresolved::object(format!(
                "spec.zone: the zone {zone} is not ready yet, or is being deleted"
            ))
            .into());
        }
        let network = network(object, world)?;
        let redirects = spec.resolution_policy == Some(ResolutionPolicy::NxDomainRedirect);
        if redirects && !zone.name().to_ascii_lowercase().starts_with("privatelink.") {
            let message = format!(
                "spec.resolutionPolicy: NxDomainRedirect is for zones that begin with privatelink. only, and this one is {}; leave it out",
                zone.name()
            );
            return Err(Unresolved::invalid(message).into());
        }
        if !was_programmed(object) {
            shadowed_names::no_rival(id, &zone, &network, world)?;
        }
        let body = wire::VirtualNetworkLink {
            location: LOCATION,
            tags: reference::tags(&spec.tags, world.scope),
            properties: wire::Properties {
                virtual_network: SubResource {
                    id: network.to_string(),
                },
                registration_enabled: spec.registration_enabled.unwrap_or_default(),
                resolution_policy: policy(object),
            },
        };
        Ok(Resolved {
            nodes: vec![DesiredNode {
                name: NODE,
                id: id.clone(),
                model: &MODEL,
                want: Want::Present(json!(body)),
            }],
            effective: effective(object, &zone, &network, world),
        })
    }

    fn outputs(
        object: &PrivateDnsZoneLink,
        resolved: &Resolved,
        observed: &Snapshots,
        _recorded: &Map<String, Value>,
        world: &World<'_>,
    ) -> Result<Outputs, Missing> {
        let redirects = object.spec.resolution_policy == Some(ResolutionPolicy::NxDomainRedirect);
        let zone = resolved.nodes.first().and_then(|node| node.id.parent());
        let warning = match zone.filter(|_| !redirects) {
            Some(zone) => shadowed_names::shadowed(&zone, &network(object, world)?, world)?,
            None => None,
        };
        let state = observed
            .get(NODE)
            .and_then(|link| link.body.pointer("/properties/virtualNetworkLinkState"))
            .and_then(Value::as_str);
        let status = state.map(|state| ("state".to_owned(), json!(state)));
        Ok(Outputs {
            status: status.into_iter().collect(),
            findings: warning.into_iter().collect(),
            ..Outputs::default()
        })
    }
}

/// What names that the zone does not have come to. What was asked for once is asked for in the other way when it is dropped
/// from spec: Azure keeps it otherwise.
fn policy(object: &PrivateDnsZoneLink) -> Option<&'static str> {
    let effective = object.status.as_ref().map(|status| &status.managed.effective);
    let was_set = effective.is_some_and(|effective| effective.contains_key(POLICY));
    match object.spec.resolution_policy {
        Some(ResolutionPolicy::NxDomainRedirect) => Some("NxDomainRedirect"),
        Some(ResolutionPolicy::Default) => Some("Default"),
        None => was_set.then_some("Default"),
    }
}

/// Under which name status keeps what was asked for.
const POLICY: &str = "resolutionPolicy";

/// Whether status says that the link was made as some generation wanted it: then nobody can be in its way.
fn was_programmed(object: &PrivateDnsZoneLink) -> bool {
    let conditions = object.status.as_ref().map(|status| &status.managed.conditions);
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == ConditionType::Programmed.as_str() && condition.status == "True")
}

fn network(object: &PrivateDnsZoneLink, world: &World<'_>) -> Result<ResourceId, Unresolved> {
    reference::resolve("spec.virtualNetwork", &object.spec.virtual_network, world.scope)
}

fn effective(
    object: &PrivateDnsZoneLink,
    zone: &ResourceId,
    network: &ResourceId,
    world: &World<'_>,
) -> BTreeMap<String, String> {
    let policy = policy(object).map(|policy| (POLICY, policy.to_owned()));
    let effective = [
        ("scope", world.scope.name().to_owned()),
        ("virtualNetwork", network.to_string()),
        ("zone", zone.to_string()),
        ("zoneName", zone.name().to_owned()),
    ];
    effective
        .into_iter()
        .chain(policy)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
