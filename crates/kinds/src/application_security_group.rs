//! `ApplicationSecurityGroup`: one application security group in Azure.

use kube::ResourceExt;
use privatelink_api::{
    ApplicationSecurityGroup, ManagedResource, NetworkSecurityGroup, PrivateEndpoint, Verb,
};
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use privatelink_arm::models::application_security_group::{self as wire, MODEL};
use privatelink_engine::plan::{DesiredNode, Snapshot, Want};
use privatelink_engine::{
    Claim, Kind, Missing, ObjectKey, Outputs, Resolved, Right, Snapshots, Unresolved, World,
};
use serde_json::{Map, Value, json};

use crate::{membership, reference, rights};

const NODE: &str = "group";

/// The kind `ApplicationSecurityGroup`.
pub struct ApplicationSecurityGroupKind;

impl Kind for ApplicationSecurityGroupKind {
    type Object = ApplicationSecurityGroup;

    const MAIN_NODE: &'static str = NODE;
    const NO_NEWS: &'static [&'static str] = &["members", "privateEndpoints"];

    fn model(id: &ResourceId) -> Option<&'static ResourceModel> {
        id.resource_type()
            .eq_ignore_ascii_case(MODEL.resource_type)
            .then_some(&MODEL)
    }

    fn azure_rights() -> Vec<Right> {
        let mut rights = Right::keeping(Verb::Manage, &MODEL, "the group");
        rights.push(rights::resource_group());
        rights
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

    fn references(object: &ApplicationSecurityGroup) -> Vec<ObjectKey> {
        let mut keys = vec![ObjectKey::all(PrivateEndpoint::KIND, None)];
        if object.metadata.deletion_timestamp.is_some() {
            // Their rules name it: it goes as soon as the last of them has.
            keys.push(ObjectKey::all(NetworkSecurityGroup::KIND, None));
        }
        keys
    }

    fn departure(
        _object: &ApplicationSecurityGroup,
        id: &ResourceId,
        _observed: &Snapshot,
        world: &World<'_>,
    ) -> Result<(), Missing> {
        let members = members(id, world);
        if members.is_empty() {
            return Ok(());
        }
        let message = format!(
            "private endpoints are in the group: {}; take them out (their spec.applicationSecurityGroups, and the ApplicationSecurityGroupBindings that select them) first",
            members
                .iter()
                .take(MOST_TOLD)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ")
        );
        Err(Unresolved::in_use(message).into())
    }

    fn outputs(
        _object: &ApplicationSecurityGroup,
        resolved: &Resolved,
        _observed: &Snapshots,
        _recorded: &Map<String, Value>,
        world: &World<'_>,
    ) -> Result<Outputs, Missing> {
        let mut outputs = Outputs::default();
        if let Some(node) = resolved.nodes.first() {
            let mut members = members(&node.id, world);
            outputs.status.insert("members".to_owned(), json!(members.len()));
            members.truncate(MOST_NAMED);
            if !members.is_empty() {
                outputs
                    .status
                    .insert("privateEndpoints".to_owned(), json!(members));
            }
        }
        Ok(outputs)
    }
}

/// At most so many members are named.
const MOST_NAMED: usize = 100;
/// In a message, so many.
const MOST_TOLD: usize = 5;

/// The endpoints of the cluster that are in the group, as namespace and name.
fn members(id: &ResourceId, world: &World<'_>) -> Vec<String> {
    let mut members = Vec::new();
    world.objects.each(None, |endpoint: &PrivateEndpoint| {
        if membership::is_in(endpoint, id) {
            let namespace = endpoint.namespace().unwrap_or_default();
            members.push(format!("{namespace}/{}", endpoint.name_any()));
        }
    });
    members
}
