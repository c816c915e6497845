//! Network security groups: their rules, the rules that all of them have, and where they are attached.

use serde_json::{Map, Value, json};

use crate::network::{back_references, children, referring, security_rule};
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, parent_key};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::types::hooks::Instead;
use crate::types::traffic::{DEFAULT_RULES, DefaultRule};

/// What a group can be attached to: the list of back references, and the type.
const ATTACHED: [(&str, &str); 2] = [
    ("subnets", "Microsoft.Network/virtualNetworks/subnets"),
    ("networkInterfaces", "Microsoft.Network/networkInterfaces"),
];

/// Adds the default rules and back references.
pub(crate) fn show(state: &State, record: &Record, etag: &str, properties: &mut Map<String, Value>) {
    let rules = DEFAULT_RULES
        .iter()
        .map(|rule| shown_default(record, etag, rule))
        .collect();
    properties.insert("defaultSecurityRules".into(), Value::Array(rules));
    for (list, resource_type) in ATTACHED {
        if let Some(users) = back_references(state, &record.key(), resource_type) {
            properties.insert(list.into(), users);
        }
    }
}

fn shown_default(group: &Record, etag: &str, rule: &DefaultRule) -> Value {
    json!({
        "name": rule.name,
        "id": format!("{}/defaultSecurityRules/{}", group.id, rule.name),
        "etag": etag,
        "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
        "properties": {
            "provisioningState": group.provisioning_state,
            "description": rule.description,
            "protocol": "*",
            "sourcePortRange": "*",
            "destinationPortRange": "*",
            "sourceAddressPrefix": rule.source,
            "destinationAddressPrefix": rule.destination,
            "access": rule.access,
            "priority": rule.priority,
            "direction": rule.direction,
            "sourcePortRanges": [],
            "destinationPortRanges": [],
            "sourceAddressPrefixes": [],
            "destinationAddressPrefixes": [],
        },
    })
}

/// Answers a request about one default rule.
///
/// ARM behaviour: they can only be read.
pub(crate) fn default_rule(world: &World<'_, '_>, place: &Place) -> Instead {
    let parent = place.parent.as_deref().unwrap_or_default();
    let group = world.state.get(&parent.to_ascii_lowercase())?;
    let etag = answer::etag(world.state, group);
    let rule = DEFAULT_RULES
        .iter()
        .find(|rule| rule.name.eq_ignore_ascii_case(&place.name))?;
    Some(Ok(
        Outcome::json(200, shown_default(group, &etag, rule)).header("etag", etag.clone())
    ))
}

/// The default rules of a group as a list.
pub(crate) fn list_default(world: &World<'_, '_>, group: &str) -> Instead {
    let group = world.state.get(group)?;
    let etag = answer::etag(world.state, group);
    let value: Vec<Value> = DEFAULT_RULES
        .iter()
        .map(|rule| shown_default(group, &etag, rule))
        .collect();
    Some(Ok(Outcome::json(200, json!({"value": value}))))
}

/// Prepares a write of a group and of the rules inside it.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    let Some(inline) = children::list_of(record, "securityRules") else {
        return Ok(());
    };
    let planned = children::plan(world, record, inline)?;
    for rule in &planned {
        security_rule::check(rule)?;
        security_rule::check_groups(world.state, rule)?;
    }
    security_rule::check_together(&record.id, &planned.iter().collect::<Vec<_>>())?;
    children::replace(world, draft, inline, planned, |_| Ok(()), |_, _| Ok(()))
}

/// Prepares a write of one rule.
pub(crate) fn prepare_rule(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let rule = &draft.record;
    security_rule::check(rule)?;
    let key = rule.key();
    let Some(group) = parent_key(&key).and_then(|parent| world.state.get(parent)) else {
        return Ok(());
    };
    security_rule::check_groups(world.state, rule)?;
    let mut rules = children::others(world.state, rule);
    rules.push(rule);
    security_rule::check_together(&group.id, &rules)
}

/// ARM behaviour: a group on a subnet or interface is not deleted.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let state = &*world.state;
    let key = record.key();
    let users: Vec<&str> = ATTACHED
        .iter()
        .flat_map(|(_, resource_type)| referring(state, &key, resource_type))
        .map(|user| user.id.as_str())
        .collect();
    if users.is_empty() {
        return Ok(());
    }
    Err(Failure::network(
        400,
        "InUseNetworkSecurityGroupCannotBeDeleted",
        format!(
            "Network security group {} cannot be deleted because it is in use by the following resources: {}. In order to delete the Network security group, remove the association with the resource(s). To learn how to do this, see aka.ms/deletensg.",
            record.id,
            users.join(", ")
        ),
    ))
}
