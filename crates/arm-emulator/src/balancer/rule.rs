//! What the rules of a load balancer name, and the ports that they take: load balancing rules, outbound rules, NAT pools
//! and, as resources of their own, NAT rules.

use serde_json::Value;

use crate::body;
use crate::network::{children, parts};
use crate::request::errors::{self, Failure};
use crate::request::place::parent_key;
use crate::request::refusals::Wrong;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::types;

const FRONTEND: &str = "properties.frontendIPConfiguration.id";

/// What each part of a list has to say.
const REQUIRED: &[(&str, &[&str])] = &[
    (
        "loadBalancingRules",
        &[FRONTEND, "properties.protocol", "properties.frontendPort"],
    ),
    ("probes", &["properties.protocol", "properties.port"]),
    (
        "outboundRules",
        &[
            "properties.protocol",
            "properties.frontendIPConfigurations",
            "properties.backendAddressPool.id",
        ],
    ),
    (
        "inboundNatPools",
        &[
            FRONTEND,
            "properties.protocol",
            "properties.frontendPortRangeStart",
            "properties.frontendPortRangeEnd",
            "properties.backendPort",
        ],
    ),
];

/// Where a part names another, and the list that this has to stand in.
const NAMED: &[(&str, &str)] = &[
    (FRONTEND, "frontendIPConfigurations"),
    (
        "properties.frontendIPConfigurations.*.id",
        "frontendIPConfigurations",
    ),
    ("properties.backendAddressPool.id", "backendAddressPools"),
    ("properties.backendAddressPools.*.id", "backendAddressPools"),
    ("properties.probe.id", "probes"),
];

/// The ids of other parts that a part names, with the lists that they stand in.
pub(crate) fn named(part: &Value) -> impl Iterator<Item = (&str, &'static str)> {
    NAMED.iter().flat_map(move |(path, list)| {
        body::all(part, path)
            .into_iter()
            .filter_map(Value::as_str)
            .map(move |id| (id, *list))
    })
}

/// Checks the parts of a balancer, with the pools that it is to have.
pub(crate) fn check_parts(balancer: &Record, pools: &[Record]) -> Result<(), Failure> {
    for (list, required) in REQUIRED {
        for part in parts::parts(balancer, list) {
            for path in *required {
                if body::at(part, path).is_none() {
                    return Err(missing(balancer, list, path));
                }
            }
            check_named(balancer, pools, part)?;
        }
    }
    for probe in parts::parts(balancer, "probes") {
        let protocol = body::text(probe, "properties.protocol").unwrap_or_default();
        let has_path = body::text(probe, "properties.requestPath").is_some_and(|path| !path.is_empty());
        if has_path == protocol.eq_ignore_ascii_case("Tcp") {
            return Err(Failure::network(
                400,
                "InvalidProbeRequestPath",
                format!(
                    "Probe {} of load balancer {}: a request path is required for the protocols Http and Https, and not allowed for Tcp.",
                    body::text(probe, "name").unwrap_or_default(),
                    balancer.id
                ),
            ));
        }
    }
    Ok(())
}

fn missing(balancer: &Record, list: &str, path: &str) -> Failure {
    let path = format!("properties.{list}.{path}");
    let table = types::find(&balancer.resource_type).table;
    let wrong = Wrong::Missing {
        path: &path,
        id: &balancer.id,
    };
    (table.hooks.refused)(table, &wrong)
}

/// ARM behaviour: a part names parts of its own balancer only, and such as are there.
fn check_named(balancer: &Record, pools: &[Record], part: &Value) -> Result<(), Failure> {
    for (id, list) in named(part) {
        let is_there = if list == "backendAddressPools" {
            pools.iter().any(|pool| pool.id.eq_ignore_ascii_case(id))
        } else {
            parts::parts(balancer, list)
                .into_iter()
                .filter_map(|part| body::text(part, "name"))
                .any(|name| id.eq_ignore_ascii_case(&format!("{}/{list}/{name}", balancer.id)))
        };
        if !is_there {
            return Err(errors::invalid_reference(id, &balancer.id));
        }
    }
    Ok(())
}

/// The ports of a frontend that a rule takes.
struct Ports {
    frontend: String,
    protocol: String,
    first: i64,
    last: i64,
    name: String,
}

fn ports(name: &str, rule: &Value) -> Option<Ports> {
    let number = |path: &str| body::at(rule, path).and_then(Value::as_i64);
    let one = number("properties.frontendPort");
    Some(Ports {
        frontend: body::text(rule, FRONTEND)?.to_ascii_lowercase(),
        protocol: body::text(rule, "properties.protocol")
            .unwrap_or("Tcp")
            .to_ascii_lowercase(),
        first: one.or_else(|| number("properties.frontendPortRangeStart"))?,
        last: one.or_else(|| number("properties.frontendPortRangeEnd"))?,
        name: name.to_owned(),
    })
}

/// ARM behaviour: two rules do not take the same port and protocol of one frontend. A rule on port 0 takes all ports (`All`).
pub(crate) fn check_ports(balancer: &Record, nat_rules: &[&Record]) -> Result<(), Failure> {
    let of_list = |list: &'static str| {
        parts::parts(balancer, list)
            .into_iter()
            .filter_map(|part| ports(body::text(part, "name").unwrap_or_default(), part))
    };
    let mut seen: Vec<Ports> = Vec::new();
    let all = of_list("loadBalancingRules")
        .chain(of_list("inboundNatPools"))
        .chain(nat_rules.iter().filter_map(|rule| ports(rule.name(), &rule.body)));
    for wanted in all {
        if wanted.first > wanted.last {
            return Err(Failure::network(
                400,
                "InvalidFrontendPortRange",
                format!(
                    "The frontend port range {} to {} of {} in load balancer {} is not valid.",
                    wanted.first, wanted.last, wanted.name, balancer.id
                ),
            ));
        }
        let clash = seen.iter().find(|other| {
            other.frontend == wanted.frontend
                && other.protocol == wanted.protocol
                && other.first <= wanted.last
                && wanted.first <= other.last
        });
        if let Some(other) = clash {
            return Err(Failure::network(
                400,
                "RulesUseSameFrontendPortProtocolAndIPConfig",
                format!(
                    "Load balancer rules {} and {} of {} use the same frontend port, protocol and frontend IP configuration.",
                    other.name, wanted.name, balancer.id
                ),
            ));
        }
        seen.push(wanted);
    }
    Ok(())
}

/// What a load balancing rule sends to a pool, and how.
#[derive(PartialEq)]
struct Backend<'a> {
    protocol: String,
    port: i64,
    pool: &'a str,
}

/// ARM behaviour: two rules do not send the same protocol to the same port of one pool, unless one of them keeps the address of
/// the frontend (floating IP).
pub(crate) fn check_backends(balancer: &Record) -> Result<(), Failure> {
    let mut seen: Vec<(&str, Backend<'_>)> = Vec::new();
    for rule in parts::parts(balancer, "loadBalancingRules") {
        if body::at(rule, "properties.enableFloatingIP") == Some(&Value::Bool(true)) {
            continue;
        }
        let name = body::text(rule, "name").unwrap_or_default();
        let protocol = body::text(rule, "properties.protocol").unwrap_or_default();
        let port = body::at(rule, "properties.backendPort")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        let mut pools: Vec<&str> = named(rule)
            .filter(|(_, list)| *list == "backendAddressPools")
            .filter_map(|(id, _)| id.rsplit('/').next())
            .collect();
        pools.dedup();
        for pool in pools {
            let backend = Backend {
                protocol: protocol.to_ascii_lowercase(),
                port,
                pool,
            };
            let clash = seen
                .iter()
                .find(|(other, known)| *other != name && *known == backend);
            if let Some((other, _)) = clash {
                return Err(Failure::network(
                    400,
                    "RulesUseSameBackendPortProtocolAndPool",
                    format!(
                        "Load balancing rules {other} and {name} with floating IP disabled use the same protocol {protocol} and backend port {port}, and must not be used with the same backend address pool {pool}."
                    ),
                ));
            }
            seen.push((name, backend));
        }
    }
    Ok(())
}

/// Checks a NAT rule by itself, against its balancer.
///
/// ARM behaviour: it has one port, or a range of ports for a pool.
pub(crate) fn check_nat_rule(balancer: &Record, pools: &[Record], rule: &Record) -> Result<(), Failure> {
    let has = |path: &str| body::at(&rule.body, path).is_some();
    let (one, range) = (
        has("properties.frontendPort"),
        has("properties.frontendPortRangeStart") && has("properties.frontendPortRangeEnd"),
    );
    for (path, given) in [
        (FRONTEND, has(FRONTEND)),
        ("properties.backendPort", has("properties.backendPort")),
        ("properties.frontendPort", one || range),
    ] {
        if !given {
            return Err(missing(balancer, "inboundNatRules", path));
        }
    }
    check_named(balancer, pools, &rule.body)
}

/// Prepares a write of one NAT rule.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let rule = &draft.record;
    let key = rule.key();
    let Some(balancer) = parent_key(&key).and_then(|parent| world.state.get(parent)) else {
        return Ok(());
    };
    let pools: Vec<Record> = world
        .state
        .collection(&format!("{}/backendaddresspools", balancer.key()))
        .map(|pool| Record::clone(pool))
        .collect();
    check_nat_rule(balancer, &pools, rule)?;
    let mut rules = children::others(world.state, rule);
    rules.push(rule);
    check_ports(balancer, &rules)
}
