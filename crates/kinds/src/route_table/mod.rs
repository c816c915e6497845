//! `RouteTable`: one route table in Azure, with all of its routes.

mod effect;

use std::collections::BTreeMap;

use kube::ResourceExt;
use privatelink_api::{ManagedResource, NextHopType, PrivateEndpoint, RouteTable, SubnetBinding, Verb};
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use privatelink_arm::models::route_table::{self as wire, MODEL};
use privatelink_engine::plan::{DesiredNode, Snapshot, Want};
use privatelink_engine::{
    Claim, Kind, Missing, ObjectKey, Outputs, Resolved, Right, Snapshots, Unresolved, World,
};
use serde_json::{Map, Value, json};

use crate::{reference, rights};

const NODE: &str = "table";

/// The kind `RouteTable`.
pub struct RouteTableKind;

impl Kind for RouteTableKind {
    type Object = RouteTable;

    const MAIN_NODE: &'static str = NODE;

    fn model(id: &ResourceId) -> Option<&'static ResourceModel> {
        id.resource_type()
            .eq_ignore_ascii_case(MODEL.resource_type)
            .then_some(&MODEL)
    }

    fn azure_rights() -> Vec<Right> {
        let mut rights = Right::keeping(Verb::Manage, &MODEL, "the table");
        rights.push(rights::resource_group());
        rights
    }

    fn claim(object: &RouteTable, world: &World<'_>) -> Result<Claim, Unresolved> {
        let placement = &object.spec.placement;
        let id = reference::placed(placement, object.name_any(), wire::RESOURCE_TYPE, world.scope)?;
        Ok(Claim {
            grants: Vec::new(),
            effective: reference::effective(&id, world),
            id,
        })
    }

    fn resolve(object: &RouteTable, id: &ResourceId, world: &World<'_>) -> Result<Resolved, Missing> {
        let spec = &object.spec;
        each_prefix_once(object)?;
        let routes = spec.routes.iter().map(|route| wire::Route {
            name: route.name.clone(),
            properties: wire::RouteProperties {
                address_prefix: route.address_prefix.clone(),
                next_hop_type: next_hop(route.next_hop_type),
                next_hop_ip_address: route.next_hop_ip_address.clone(),
            },
        });
        let body = wire::RouteTable {
            location: reference::location(&spec.placement, id, world)?,
            tags: reference::tags(&spec.placement.tags, world.scope),
            properties: wire::Properties {
                disable_bgp_route_propagation: spec.disable_bgp_route_propagation.unwrap_or_default(),
                routes: routes.collect(),
            },
        };
        Ok(Resolved {
            nodes: vec![DesiredNode {
                name: NODE,
                id: id.clone(),
                model: &MODEL,
                want: Want::Present(json!(body)),
            }],
            effective: reference::effective(id, world),
        })
    }

    fn departure(
        _object: &RouteTable,
        _id: &ResourceId,
        observed: &Snapshot,
        _world: &World<'_>,
    ) -> Result<(), Missing> {
        let remedy = "take it off them first: spec.routeTable of the SubnetBindings, or in Azure";
        Ok(reference::unused(
            &observed.body,
            &["/properties/subnets"],
            remedy,
        )?)
    }

    fn references(object: &RouteTable) -> Vec<ObjectKey> {
        let namespace = object.namespace().unwrap_or_default();
        let kinds = [PrivateEndpoint::KIND, SubnetBinding::KIND];
        kinds.map(|kind| ObjectKey::all(kind, Some(&namespace))).to_vec()
    }

    fn outputs(
        object: &RouteTable,
        _resolved: &Resolved,
        observed: &Snapshots,
        _recorded: &Map<String, Value>,
        world: &World<'_>,
    ) -> Result<Outputs, Missing> {
        let mut status = Map::new();
        let mut findings = Vec::new();
        if let Some(table) = observed.get(NODE) {
            let routes = table.body.pointer("/properties/routes").and_then(Value::as_array);
            status.insert("routes".to_owned(), json!(routes.map_or(0, Vec::len)));
            let subnets = reference::ids_of(&table.body, "/properties/subnets");
            // A table that nothing uses leads nothing anywhere, and nobody expects it to.
            let using = table
                .body
                .pointer("/properties/subnets")
                .and_then(Value::as_array);
            let using = using
                .into_iter()
                .flatten()
                .filter_map(|subnet| subnet.get("id")?.as_str());
            let mut networks: Vec<ResourceId> = using
                .filter_map(|id| ResourceId::parse(id).ok()?.parent())
                .collect();
            networks.sort_by(|one, other| one.key().cmp(other.key()));
            networks.dedup();
            if !networks.is_empty() {
                findings.extend(effect::powerless(object, &networks, world)?);
            }
            status.extend(subnets.map(|subnets| ("subnets".to_owned(), subnets)));
        }
        Ok(Outputs {
            status,
            findings,
            ..Outputs::default()
        })
    }
}

/// Azure takes one route for a prefix.
fn each_prefix_once(object: &RouteTable) -> Result<(), Unresolved> {
    let mut seen = BTreeMap::new();
    for route in &object.spec.routes {
        if let Some(other) = seen.insert(route.address_prefix.to_ascii_lowercase(), &route.name) {
            return Err(Unresolved::invalid(format!(
                "spec.routes: {other} and {} are both for {}; remove one of them",
                route.name, route.address_prefix
            )));
        }
    }
    Ok(())
}

fn next_hop(hop: NextHopType) -> &'static str {
    match hop {
        NextHopType::VirtualNetworkGateway => "VirtualNetworkGateway",
        NextHopType::VnetLocal => "VnetLocal",
        NextHopType::Internet => "Internet",
        NextHopType::VirtualAppliance => "VirtualAppliance",
        NextHopType::None => "None",
    }
}
