//! `NetworkSecurityGroup`: one network security group in Azure, with its rules in one body.

mod rules;

use kube::ResourceExt;
use privatelink_api::{
    ApplicationSecurityGroup, ConditionType, ManagedResource, NetworkSecurityGroup, PrivateEndpoint, Reason,
    Side, SubnetBinding, UnmanagedRules, Verb,
};
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use privatelink_arm::models::network_security_group::{self as wire, MODEL, MODEL_AMONG_OTHERS};
use privatelink_engine::plan::{DesiredNode, Snapshot, Want};
use privatelink_engine::{
    Claim, Finding, Grant, Kind, Missing, ObjectKey, Outputs, Resolved, Right, Snapshots, Truth, Unresolved,
    World,
};
use serde_json::{Map, Value, json};

use crate::{membership, reference, rights};

const NODE: &str = "group";

/// The kind `NetworkSecurityGroup`.
pub struct NetworkSecurityGroupKind;

impl Kind for NetworkSecurityGroupKind {
    type Object = NetworkSecurityGroup;

    const MAIN_NODE: &'static str = NODE;

    fn model(id: &ResourceId) -> Option<&'static ResourceModel> {
        id.resource_type()
            .eq_ignore_ascii_case(MODEL.resource_type)
            .then_some(&MODEL)
    }

    fn references(object: &NetworkSecurityGroup) -> Vec<ObjectKey> {
        let namespace = object.namespace().unwrap_or_default();
        let groups = sides(object).flat_map(|side| side.application_security_groups.iter().flatten());
        let mut keys: Vec<ObjectKey> = groups
            .filter_map(|group| reference::object_key(ApplicationSecurityGroup::KIND, group, &namespace))
            .collect();
        if !keys.is_empty() {
            // In which network a group is its members say.
            keys.push(ObjectKey::all(PrivateEndpoint::KIND, None));
        }
        if object.metadata.deletion_timestamp.is_some() {
            // It goes as soon as the last of them has let go of it.
            keys.push(ObjectKey::all(SubnetBinding::KIND, None));
        }
        keys.sort();
        keys.dedup();
        keys
    }

    fn azure_rights() -> Vec<Right> {
        let mut rights = Right::keeping(Verb::Manage, &MODEL, "the group");
        rights.extend(rights::joins(&MODEL));
        rights.push(rights::resource_group());
        rights
    }

    fn claim(object: &NetworkSecurityGroup, world: &World<'_>) -> Result<Claim, Unresolved> {
        let placement = &object.spec.placement;
        let id = reference::placed(placement, object.name_any(), wire::RESOURCE_TYPE, world.scope)?;
        Ok(Claim {
            grants: Vec::new(),
            effective: reference::effective(&id, world),
            id,
        })
    }

    fn resolve(
        object: &NetworkSecurityGroup,
        id: &ResourceId,
        world: &World<'_>,
    ) -> Result<Resolved, Missing> {
        let spec = &object.spec;
        let rules = rules::wire_rules(object, world)?;
        let groups = rules.iter().flat_map(|rule| {
            let properties = &rule.properties;
            let destination = &properties.destination_application_security_groups;
            properties
                .source_application_security_groups
                .iter()
                .chain(destination)
        });
        one_network(&rules, world)?;
        let grants: Vec<Grant> = groups
            .filter_map(|group| ResourceId::parse(&group.id).ok())
            .map(|id| Grant::On { id, verb: Verb::Use })
            .collect();
        world.scope.check(&grants)?;
        let body = wire::NetworkSecurityGroup {
            location: reference::location(&spec.placement, id, world)?,
            tags: reference::tags(&spec.placement.tags, world.scope),
            properties: wire::Properties {
                security_rules: rules,
            },
        };
        let model = match spec.unmanaged_rules.unwrap_or_default() {
            UnmanagedRules::Delete => &MODEL,
            UnmanagedRules::Keep => &MODEL_AMONG_OTHERS,
        };
        Ok(Resolved {
            nodes: vec![DesiredNode {
                name: NODE,
                id: id.clone(),
                model,
                want: Want::Present(json!(body)),
            }],
            effective: reference::effective(id, world),
        })
    }

    fn departure(
        _object: &NetworkSecurityGroup,
        _id: &ResourceId,
        observed: &Snapshot,
        _world: &World<'_>,
    ) -> Result<(), Missing> {
        let remedy = "take it off them first: spec.networkSecurityGroup of the SubnetBindings, or in Azure";
        Ok(reference::unused(
            &observed.body,
            &["/properties/subnets", "/properties/networkInterfaces"],
            remedy,
        )?)
    }

    fn outputs(
        object: &NetworkSecurityGroup,
        _resolved: &Resolved,
        observed: &Snapshots,
        _recorded: &Map<String, Value>,
        _world: &World<'_>,
    ) -> Result<Outputs, Missing> {
        let mut status = Map::new();
        if let Some(group) = observed.get(NODE) {
            let rules = group
                .body
                .pointer("/properties/securityRules")
                .and_then(Value::as_array);
            status.insert("rules".to_owned(), json!(rules.map_or(0, Vec::len)));
            for (name, pointer) in [
                ("subnets", "/properties/subnets"),
                ("networkInterfaces", "/properties/networkInterfaces"),
            ] {
                let ids = reference::ids_of(&group.body, pointer);
                status.extend(ids.map(|ids| (name.to_owned(), ids)));
            }
        }
        Ok(Outputs {
            status,
            findings: near_limit(object).into_iter().collect(),
            ..Outputs::default()
        })
    }
}

/// Azure takes so many combinations of source, destination and port for the private endpoints of a subnet.
const MOST_COMBINATIONS: usize = 250_000;

/// A warning where Azure would refuse the group on a subnet with endpoints, or soon will.
fn near_limit(object: &NetworkSecurityGroup) -> Option<Finding> {
    let many = rules::combinations(&object.spec.rules);
    (many > MOST_COMBINATIONS / 5 * 4).then(|| {
        let message = format!(
            "the rules come to {many} combinations of source, destination and port, and Azure takes {MOST_COMBINATIONS} on a subnet of private endpoints: use wider prefixes, service tags or application security groups"
        );
        Finding::new(ConditionType::NearLimit, Truth::True, Reason::LimitNear, message)
    })
}

/// Azure takes groups of one virtual network in a rule. In which network a group is its members say, as far as they are of
/// this cluster.
fn one_network(rules: &[wire::Rule], world: &World<'_>) -> Result<(), Unresolved> {
    let has_groups = |rule: &&wire::Rule| {
        let properties = &rule.properties;
        !properties.source_application_security_groups.is_empty()
            || !properties.destination_application_security_groups.is_empty()
    };
    let mut rules = rules.iter().filter(has_groups).peekable();
    if rules.peek().is_none() {
        return Ok(());
    }
    let networks = membership::networks(world);
    for rule in rules {
        let sides = [
            &rule.properties.source_application_security_groups,
            &rule.properties.destination_application_security_groups,
        ];
        let ids = sides
            .into_iter()
            .flatten()
            .map(|group| group.id.to_ascii_lowercase());
        let mut known = ids.filter_map(|id| networks.get(&id).map(|network| (id, network)));
        let Some((first, network)) = known.next() else {
            continue;
        };
        if let Some((other, elsewhere)) = known.find(|(_, other)| *other != network) {
            return Err(Unresolved::invalid(format!(
                "spec.rules[{}]: {first} has members in {network} and {other} in {elsewhere}, and Azure takes groups of one virtual network in a rule; make a rule of each, or use prefixes",
                rule.name
            )));
        }
    }
    Ok(())
}

fn sides(object: &NetworkSecurityGroup) -> impl Iterator<Item = &Side> {
    let rules = object.spec.rules.iter();
    rules.flat_map(|rule| rule.source.iter().chain(&rule.destination))
}

/// What messages call an object.
fn named(object: &NetworkSecurityGroup) -> String {
    format!("{} {}", NetworkSecurityGroup::KIND, object.name_any())
}
