//! Load balancers: frontends and their addresses, pools, rules, and what keeps a balancer from being deleted.

use serde_json::{Map, Value};

use crate::balancer::users::users_of;
use crate::balancer::{pool, public_address, rule};
use crate::body;
use crate::network::{allocation, children, parts, referring};
use crate::request::answer;
use crate::request::errors::{self, Failure};
use crate::request::place::{parent_key, whole};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::types::Pace;

/// The parts that are no resources of their own.
const PARTS: &[&str] = &[
    "frontendIPConfigurations",
    "loadBalancingRules",
    "probes",
    "outboundRules",
    "inboundNatPools",
];

/// How many private link services a balancer has at most.
const SERVICES: usize = 8;

/// Adds the forms of parts and who uses them.
pub(crate) fn show(state: &State, record: &Record, etag: &str, properties: &mut Map<String, Value>) {
    let users = users_of(state, record);
    let provisioning = answer::provisioning_state(state, record);
    for list in PARTS {
        let Some(parts) = properties.get_mut(*list) else {
            continue;
        };
        answer::show_parts(record, etag, parts, list, Some(&provisioning));
        for part in parts.as_array_mut().into_iter().flatten() {
            let id = body::text(part, "id").unwrap_or_default().to_ascii_lowercase();
            for (kind, found) in users.of(&id) {
                body::put(part, &format!("properties.{kind}"), Value::Array(found.clone()));
            }
        }
    }
}

/// Prepares a write of a balancer, and of the pools and NAT rules inside it.
///
/// ARM behaviour: a balancer whose addresses are all public is there at once.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    for list in PARTS {
        parts::check_names(&draft.record, list)?;
    }
    check_sku(&draft.record, existing)?;
    check_frontends(world.state, &draft.record)?;
    let pools_list = children::list_of(&draft.record, "backendAddressPools");
    let rules_list = children::list_of(&draft.record, "inboundNatRules");
    let (Some(pools_list), Some(rules_list)) = (pools_list, rules_list) else {
        return Ok(());
    };
    let pools = children::plan(world, &mut draft.record, pools_list)?;
    let rules = children::plan(world, &mut draft.record, rules_list)?;
    rule::check_parts(&draft.record, &pools)?;
    for made in &rules {
        rule::check_nat_rule(&draft.record, &pools, made)?;
    }
    rule::check_backends(&draft.record)?;
    rule::check_ports(&draft.record, &rules.iter().collect::<Vec<_>>())?;
    check_frontends_in_use(world.state, &draft.record)?;
    let record = &mut draft.record;
    public_address::take(world.state, record, "frontendIPConfigurations")?;
    allocation::assign(world.state, record, existing, "frontendIPConfigurations")?;
    // What stands in the pools and rules is theirs.
    record.references = body::referred(&record.body, &record.key());
    if record.addresses.is_empty() {
        draft.pace = Some(Pace {
            seconds: 0.0,
            retry_after: 0,
        });
    }
    let state = &*world.state;
    let unused = |existing: &Record| pool::check_empty(state, existing);
    children::replace(world, draft, pools_list, pools, unused, |_, _| Ok(()))?;
    children::replace(world, draft, rules_list, rules, unused, |_, _| Ok(()))
}

fn check_sku(record: &Record, existing: Option<&Record>) -> Result<(), Failure> {
    let sku = |record: &Record| record.text(&["sku", "name"]).map(str::to_owned);
    match existing {
        Some(existing) if sku(existing) != sku(record) => Err(Failure::network(
            400,
            "LoadBalancerSkuCannotBeChanged",
            format!("The sku of load balancer {} cannot be changed.", record.id),
        )),
        _ => Ok(()),
    }
}

/// ARM behaviour: a frontend has a subnet or a public address, of the balancer's SKU; all subnets are in one network.
fn check_frontends(state: &State, record: &Record) -> Result<(), Failure> {
    let sku = record.text(&["sku", "name"]).unwrap_or_default();
    for frontend in parts::parts(record, "frontendIPConfigurations") {
        let name = body::text(frontend, "name").unwrap_or_default();
        let id = |path: &str| body::text(frontend, path).map(str::to_ascii_lowercase);
        let subnet = id("properties.subnet.id");
        let public = id("properties.publicIPAddress.id");
        let prefix = id("properties.publicIPPrefix.id");
        let given = [&subnet, &public, &prefix]
            .iter()
            .filter(|one| one.is_some())
            .count();
        if given != 1 {
            return Err(Failure::network(
                400,
                "InvalidFrontendIPConfiguration",
                format!(
                    "Frontend IP configuration {}/frontendIPConfigurations/{name} must reference either a subnet, a public IP address or a public IP prefix.",
                    record.id
                ),
            ));
        }
        if let Some(public) = public.and_then(|key| state.get(&key))
            && public.text(&["sku", "name"]).unwrap_or_default() != sku
        {
            return Err(Failure::network(
                400,
                "PublicIPAndLBSkuDoNotMatch",
                format!(
                    "{sku} sku load balancer {} cannot reference {} sku publicIP {}.",
                    record.id,
                    public.text(&["sku", "name"]).unwrap_or_default(),
                    public.id
                ),
            ));
        }
    }
    allocation::check_one_network(record, "frontendIPConfigurations")
}

/// The ids of frontends of a balancer that a private link service names.
pub(crate) fn frontends_of(service: &Record) -> impl Iterator<Item = &str> {
    body::all(
        &service.body,
        "properties.loadBalancerFrontendIpConfigurations.*.id",
    )
    .into_iter()
    .filter_map(Value::as_str)
}

/// Whether a balancer has the frontend with this id.
pub(crate) fn has_frontend(balancer: &Record, id: &str) -> bool {
    parts::parts(balancer, "frontendIPConfigurations")
        .into_iter()
        .filter_map(|part| body::text(part, "name"))
        .any(|name| id.eq_ignore_ascii_case(&format!("{}/frontendIPConfigurations/{name}", balancer.id)))
}

/// ARM behaviour: a frontend that a private link service stands behind stays.
fn check_frontends_in_use(state: &State, record: &Record) -> Result<(), Failure> {
    let prefix = format!("{}/", record.key());
    for user in state.referrers(&record.key()) {
        let lost = frontends_of(user)
            .find(|id| id.to_ascii_lowercase().starts_with(&prefix) && !has_frontend(record, id));
        if let Some(lost) = lost {
            return Err(Failure::network(
                400,
                "InUseFrontendIPConfigurationCannotBeDeleted",
                format!(
                    "Frontend IP configuration {lost} cannot be deleted because it is in use by {}.",
                    user.id
                ),
            ));
        }
    }
    Ok(())
}

/// ARM behaviour: a balancer that other resources use, or in whose pools there are network interfaces, is not deleted.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let state = &*world.state;
    let key = record.key();
    let own = format!("{key}/");
    let mut users: Vec<String> = state
        .referrers(&key)
        .filter(|user| !user.key().starts_with(&own))
        .map(|user| user.id.clone())
        .collect();
    for list in ["backendaddresspools", "inboundnatrules"] {
        for child in state.collection(&format!("{key}/{list}")) {
            users.extend(pool::members(state, &child.key()));
        }
    }
    if users.is_empty() {
        return Ok(());
    }
    Err(Failure::network(
        400,
        "InUseLoadBalancerCannotBeDeleted",
        format!(
            "LoadBalancer {} cannot be deleted because it is in use by the following resources: {}.",
            record.id,
            users.join(", ")
        ),
    ))
}

/// ARM behaviour: a private link service stands behind frontends of balancers of the Standard SKU with network interfaces in
/// their pools, in the network of its own subnets; a balancer has eight services at most.
pub(crate) fn check_behind(state: &State, service: &Record) -> Result<(), Failure> {
    let own = network_of(&parts::parts(service, "ipConfigurations"));
    for id in frontends_of(service) {
        let balancer = state.get(&whole(id));
        let Some(balancer) = balancer.filter(|balancer| has_frontend(balancer, id)) else {
            return Err(errors::invalid_reference(id, &service.id));
        };
        if balancer.text(&["sku", "name"]) != Some("Standard") {
            return Err(Failure::network(
                400,
                "PrivateLinkServiceRequiresStandardLoadBalancer",
                format!(
                    "Private link service {} cannot reference load balancer {} since it is not of the Standard sku.",
                    service.id, balancer.id
                ),
            ));
        }
        let pools = format!("{}/backendaddresspools", balancer.key());
        let by_address = "properties.loadBalancerBackendAddresses.*.properties.ipAddress";
        if state
            .collection(&pools)
            .any(|pool| !body::all(&pool.body, by_address).is_empty())
        {
            return Err(Failure::network(
                400,
                "PrivateLinkServiceNotSupportedWithIPBasedBackendPool",
                format!(
                    "Private link service {} cannot reference load balancer {} since it has backend pools with IP addresses.",
                    service.id, balancer.id
                ),
            ));
        }
        let network = network_of(&parts::parts(balancer, "frontendIPConfigurations"));
        if network.is_some() && network != own {
            return Err(Failure::network(
                400,
                "SubnetsNotInSameVnet",
                format!(
                    "Subnets of private link service {} and of load balancer {} are not in the same virtual network.",
                    service.id, balancer.id
                ),
            ));
        }
        let services = referring(state, &balancer.key(), &service.resource_type)
            .filter(|other| !other.id.eq_ignore_ascii_case(&service.id))
            .count();
        if services >= SERVICES {
            return Err(Failure::network(
                400,
                "PrivateLinkServicePerLoadBalancerCountLimitReached",
                format!(
                    "Load balancer {} already has the maximum of {SERVICES} private link services.",
                    balancer.id
                ),
            ));
        }
    }
    Ok(())
}

/// The network of the first part that has a subnet.
fn network_of(parts: &[&Value]) -> Option<String> {
    let subnet = parts
        .iter()
        .find_map(|part| body::text(part, "properties.subnet.id"))?
        .to_ascii_lowercase();
    parent_key(&subnet).map(str::to_owned)
}
