//! What no table can say of `Microsoft.Network`'s networks, subnets, security groups, route tables, network interfaces, private
//! link services, private endpoints and what they bring into being elsewhere.
//!
//! Also in `Microsoft.Network`, and in modules of their own: load balancers, private DNS, the DNS resolver, perimeters, peerings.

use serde_json::{Value, json};

use crate::state::State;
use crate::state::record::Record;

pub(crate) mod addresses;
pub(crate) mod allocation;
pub(crate) mod application_security_group;
pub(crate) mod children;
pub(crate) mod connection;
pub(crate) mod effective;
mod endpoint_request;
pub(crate) mod expand;
pub(crate) mod interface;
pub(crate) mod link_service;
pub(crate) mod parts;
pub(crate) mod peering;
mod prefixes;
pub(crate) mod private_endpoint;
pub(crate) mod region;
pub(crate) mod route_table;
pub(crate) mod security_group;
mod security_rule;
mod static_addresses;
pub(crate) mod subnet;
pub(crate) mod virtual_network;
pub(crate) mod zone_group;

/// Back references spell the names of groups and resources in capitals, and nothing else.
///
/// ARM behaviour: a subnet's `privateEndpoints` and `ipConfigurations` are so; ids have to be compared without case.
pub(crate) fn capital_names(id: &str) -> String {
    let mut shown = String::with_capacity(id.len());
    for (number, segment) in id.split('/').enumerate() {
        if number > 0 {
            shown.push('/');
        }
        // /subscriptions/{2}/resourceGroups/{4}/providers/{6}/type/{8}/type/{10}
        if number == 4 || (number >= 8 && number % 2 == 0) {
            shown.push_str(&segment.to_uppercase());
        } else {
            shown.push_str(segment);
        }
    }
    shown
}

/// The resources of a type that refer to `key`.
pub(crate) fn referring<'a>(
    state: &'a State,
    key: &str,
    resource_type: &'a str,
) -> impl Iterator<Item = &'a Record> {
    state
        .referrers(key)
        .map(|user| &**user)
        .filter(move |user| user.resource_type.eq_ignore_ascii_case(resource_type))
}

/// The ids of the resources of a type that refer to `key`; `None` when there are none.
///
/// ARM behaviour: an answer has no back references rather than an empty list of them.
pub(crate) fn back_references(state: &State, key: &str, resource_type: &str) -> Option<Value> {
    let found: Vec<Value> = referring(state, key, resource_type)
        .map(|user| json!({"id": user.id}))
        .collect();
    (!found.is_empty()).then_some(Value::Array(found))
}
