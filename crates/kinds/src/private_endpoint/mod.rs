//! `PrivateEndpoint`: from spec to one private endpoint in Azure, and from Azure's answer to status.

mod access;
mod desired;
mod dns;
mod outputs;
mod target;

use kube::ResourceExt;
use privatelink_api::{Approval, PrivateEndpoint, Verb};
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use privatelink_arm::models::private_endpoint::{self as wire, MODEL};
use privatelink_arm::models::{
    application_security_group, private_dns_record_set, private_dns_zone, private_dns_zone_group,
    private_dns_zone_link, subnet,
};
use privatelink_engine::{
    Claim, Grant, Kind, Missing, ObjectKey, Outputs, Resolved, Right, Snapshots, Unresolved, World,
};
use serde_json::{Map, Value};

use self::target::TargetId;
use crate::{membership, reference, rights};

const NODE: &str = "endpoint";

/// The kind `PrivateEndpoint`.
pub struct PrivateEndpointKind;

impl Kind for PrivateEndpointKind {
    type Object = PrivateEndpoint;

    const MAIN_NODE: &'static str = NODE;
    const OTHER_NODES: &'static [&'static str] = &[dns::NODE];
    const NO_NEWS: &'static [&'static str] = &["access"];
    const OBSERVES: &'static [&'static str] = access::OBSERVED;

    fn model(id: &ResourceId) -> Option<&'static ResourceModel> {
        id.resource_type()
            .eq_ignore_ascii_case(MODEL.resource_type)
            .then_some(&MODEL)
    }

    fn references(object: &PrivateEndpoint) -> Vec<ObjectKey> {
        let groups = membership::named(object);
        dns::references(object).into_iter().chain(groups).collect()
    }

    fn azure_rights() -> Vec<Right> {
        let mut rights = Right::keeping(Verb::Manage, &MODEL, "the endpoint");
        rights.extend(Right::keeping(
            Verb::Manage,
            &private_dns_zone_group::MODEL,
            "the endpoint's zone group",
        ));
        rights.extend(rights::joins(&MODEL));
        rights.extend(rights::joins(&private_dns_zone_group::MODEL));
        rights.extend(rights::on_targets());
        rights.extend([
            rights::network(
                "take its region; say who reaches the endpoint, and which DNS servers its clients ask",
            ),
            Right::reading(
                subnet::MODEL.read_action(),
                "the endpoint's subnet",
                "say who reaches the endpoint",
            ),
            Right::reading(
                "Microsoft.Network/networkInterfaces/read",
                "the interface that Azure makes for the endpoint, in its resource group",
                "show the address of each member",
            ),
            Right::reading(
                application_security_group::MODEL.read_action(),
                "groups that an ApplicationSecurityGroupBinding gives the endpoint",
                "leave out a group of another region",
            ),
            Right::reading(
                private_dns_zone::MODEL.read_action(),
                "the endpoint's zones",
                "say which is missing",
            ),
            Right::reading(
                private_dns_zone_link::MODEL.read_action(),
                "the endpoint's zones",
                "say whether the clients' networks are linked to them",
            ),
            Right::reading(
                private_dns_record_set::A.read_action(),
                "the endpoint's zones",
                "overwrite no record of others; say whether the names resolve",
            ),
        ]);
        rights
    }

    fn claim(object: &PrivateEndpoint, world: &World<'_>) -> Result<Claim, Unresolved> {
        let scope = world.scope;
        let subnet = reference::resolve("spec.subnet", &object.spec.subnet, scope)?;
        let placement = &object.spec.placement;
        let group = reference::resource_group(
            placement.resource_group.as_deref(),
            subnet.subscription_id(),
            scope,
        )?;
        let name = placement.azure_name.clone().unwrap_or_else(|| object.name_any());
        let id = reference::parse(
            "spec.azureName",
            &format!("{group}/providers/{}/{name}", wire::RESOURCE_TYPE),
        )?;
        let on = |id: &ResourceId, verb| Grant::On { id: id.clone(), verb };
        let mut grants = vec![on(&subnet, Verb::Join)];
        let target = TargetId::of(object, scope)?;
        match &target {
            TargetId::Resource(target) => {
                grants.push(on(target, Verb::Connect));
                if object.spec.target.approval() == Approval::Automatic {
                    grants.push(on(target, Verb::AutoApprove));
                }
            }
            TargetId::ServiceAlias(alias) => grants.push(Grant::ServiceAlias(alias.clone())),
        }
        for (index, group) in object.spec.application_security_groups.iter().enumerate() {
            let field = format!("spec.applicationSecurityGroups[{index}]");
            // Those of objects are known later.
            let given = reference::given(&field, group, scope)?;
            grants.extend(given.map(|group| on(&group, Verb::Use)));
        }
        let effective = desired::effective(object, &id, &subnet, &target, scope);
        Ok(Claim {
            id,
            grants,
            effective,
        })
    }

    fn resolve(object: &PrivateEndpoint, id: &ResourceId, world: &World<'_>) -> Result<Resolved, Missing> {
        desired::desired(object, id, world)
    }

    fn touched(object: &PrivateEndpoint) -> Vec<ResourceId> {
        dns::touched(object)
    }

    fn admit(
        object: &PrivateEndpoint,
        resolved: &Resolved,
        node: &'static str,
        observed: &Snapshots,
        world: &World<'_>,
    ) -> Result<Vec<ResourceId>, Missing> {
        let (Some(endpoint), Some(main)) = (observed.get(NODE), resolved.nodes.first()) else {
            return Ok(Vec::new());
        };
        if node != dns::NODE {
            return Ok(Vec::new());
        }
        let seen = outputs::seen(endpoint, world)?;
        let shown = dns::Shown {
            endpoint: object,
            id: &main.id,
            snapshot: endpoint,
            addresses: &seen.addresses,
        };
        dns::admit(shown, world)
    }

    fn outputs(
        object: &PrivateEndpoint,
        resolved: &Resolved,
        observed: &Snapshots,
        recorded: &Map<String, Value>,
        world: &World<'_>,
    ) -> Result<Outputs, Missing> {
        let endpoint = observed
            .get(NODE)
            .ok_or_else(|| Missing::Malformed("the endpoint was not read".to_owned()))?;
        let main = resolved
            .nodes
            .first()
            .ok_or_else(|| Missing::Malformed("the endpoint has no node".to_owned()))?;
        outputs::outputs(
            object,
            &main.id,
            endpoint,
            observed.get(dns::NODE),
            recorded,
            world,
        )
    }
}
