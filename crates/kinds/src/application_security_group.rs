//! `ApplicationSecurityGroup`: one application security group in Azure.

use kube::ResourceExt;
use privatelink_api::ApplicationSecurityGroup;
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use privatelink_arm::models::application_security_group::{self as wire, MODEL};
use privatelink_engine::plan::{DesiredNode, Want};
use privatelink_engine::{Claim, Kind, Missing, Outputs, Resolved, Snapshots, Unresolved, World};
use serde_json::{Map, Value, json};

use crate::reference;

const NODE: &str = "group";

/// The kind `ApplicationSecurityGroup`.
pub struct ApplicationSecurityGroupKind;

impl Kind for ApplicationSecurityGroupKind {
    type Object = ApplicationSecurityGroup;

    const MAIN_NODE: &'static str = NODE;

    fn model(id: &ResourceId) -> Option<&'static ResourceModel> {
        id.resource_type()
            .eq_ignore_ascii_case(MODEL.resource_type)
            .then_some(&MODEL)
    }

    fn claim(object: &ApplicationSecurityGroup, world: &World<'_>) -> Result<Claim, Unresolved> {
        let placement = &object.spec.placement;
        let id = reference::placed(placement, object.name_any(), wire::RESOURCE_TYPE, world.scope)?;
        Ok(Claim {
            grants: Vec::new(),
            effective: reference::effective(&id, world),
            id,
        })
    }

    fn resolve(
        object: &ApplicationSecurityGroup,
        id: &ResourceId,
        world: &World<'_>,
    ) -> Result<Resolved, Missing> {
        let placement = &object.spec.placement;
        let body = wire::ApplicationSecurityGroup {
            location: reference::location(placement, id, world)?,
            tags: reference::tags(&placement.tags, world.scope),
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

    fn outputs(
        _object: &ApplicationSecurityGroup,
        _resolved: &Resolved,
        _observed: &Snapshots,
        _recorded: &Map<String, Value>,
        _world: &World<'_>,
    ) -> Result<Outputs, Missing> {
        Ok(Outputs::default())
    }
}
