//! Backend pools: who is in them, and which rules lead to them.

use serde_json::{Map, Value, json};

use crate::balancer::users::users_of;
use crate::body;
use crate::network::parts;
use crate::request::errors::Failure;
use crate::request::place::parent_key;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::World;

/// Adds the rules, and the IP configurations of network interfaces.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let key = record.key();
    let Some(balancer) = parent_key(&key).and_then(|parent| state.get(parent)) else {
        return;
    };
    for (list, users) in users_of(state, balancer).of(&key) {
        properties.insert(list.to_owned(), Value::Array(users.clone()));
    }
    let members: Vec<Value> = members(state, &key)
        .into_iter()
        .map(|id| json!({"id": id}))
        .collect();
    if !members.is_empty() {
        properties.insert("backendIPConfigurations".into(), Value::Array(members));
    }
}

/// The ids of the IP configurations that are in a pool, or that a NAT rule leads to.
pub(crate) fn members(state: &State, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    for user in state.referrers(key) {
        for part in parts::parts(user, "ipConfigurations") {
            let names = ["loadBalancerBackendAddressPools", "loadBalancerInboundNatRules"]
                .iter()
                .flat_map(|list| body::all(part, &format!("properties.{list}.*.id")))
                .filter_map(Value::as_str)
                .any(|id| id.eq_ignore_ascii_case(key));
            if names {
                let name = body::text(part, "name").unwrap_or_default();
                found.push(format!("{}/ipConfigurations/{name}", user.id));
            }
        }
    }
    found
}

/// ARM behaviour: a pool or NAT rule with members, and a pool that a rule names, is not deleted.
pub(crate) fn check_free(state: &State, record: &Record) -> Result<(), Failure> {
    let key = record.key();
    let mut users = members(state, &key);
    if let Some(balancer) = parent_key(&key).and_then(|parent| state.get(parent)) {
        let rules = users_of(state, balancer);
        users.extend(
            rules
                .of(&key)
                .flat_map(|(_, users)| users)
                .filter_map(|user| body::text(user, "id"))
                .map(str::to_owned),
        );
    }
    refuse(record, &users)
}

/// The same, where the balancer is written: its own rules are checked as they will be.
pub(crate) fn check_empty(state: &State, record: &Record) -> Result<(), Failure> {
    refuse(record, &members(state, &record.key()))
}

fn refuse(record: &Record, users: &[String]) -> Result<(), Failure> {
    if users.is_empty() {
        return Ok(());
    }
    let kind = if record.resource_type.ends_with("inboundNatRules") {
        "InboundNatRule"
    } else {
        "BackendAddressPool"
    };
    Err(Failure::network(
        400,
        &format!("InUse{kind}CannotBeDeleted"),
        format!(
            "{kind} {} cannot be deleted because it is in use by the following resources: {}.",
            record.id,
            users.join(", ")
        ),
    ))
}

/// Refuses to delete what is in use.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    check_free(world.state, record)
}
