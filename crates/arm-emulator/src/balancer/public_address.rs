//! Public addresses: which one a resource has, and who uses it.

use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};

use crate::body;
use crate::cloud::Cloud;
use crate::network::parts;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::refusals;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::targets::squeezed;
use crate::types::{self, DOMAIN_NAME_LABEL as LABEL};

/// What a resource claims that has a public address.
const ADDRESS: &str = "public address ";
/// What an IP configuration claims that uses a resource with one.
const USE: &str = "use of ";
const LISTS: &[&str] = &["frontendIPConfigurations", "ipConfigurations"];

/// Checks a public address, and gives a new one its address.
///
/// ARM behaviour: addresses of the Standard SKU are static, IPv6 addresses of the Basic SKU dynamic; a DNS label is taken once
/// in a region.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    let sku = record.text(&["sku", "name"]);
    let (is_standard, is_basic) = (sku == Some("Standard"), sku == Some("Basic"));
    let is_static = record.text(&["properties", "publicIPAllocationMethod"]) == Some("Static");
    if is_standard && !is_static {
        return Err(Failure::network(
            400,
            "StandardSkuPublicIPAddressesMustBeStatic",
            format!(
                "Standard sku publicIp {} must have AllocationMethod set to Static.",
                record.id
            ),
        ));
    }
    if is_basic && is_static && version_of(record) == "IPv6" {
        return Err(Failure::network(
            400,
            "CannotSpecifyPublicIpAllocationMethodAsStaticForIpV6PublicIp",
            "Cannot specify publicIpAllocationMethod as Static for IPv6 PublicIp",
        ));
    }
    if let Some(existing) = existing
        && existing.text(&["sku", "name"]) != record.text(&["sku", "name"])
        && user_of(world.state, existing).is_some()
    {
        return Err(Failure::network(
            400,
            "PublicIPAddressSkuCannotBeChanged",
            format!(
                "The sku of public IP address {} cannot be changed while it is in use.",
                record.id
            ),
        ));
    }
    record.claims.retain(|claim| claim.starts_with(ADDRESS));
    if record.claims.is_empty() {
        let claim = loop {
            // 20.0.0.0/8 is Azure's.
            let low = u32::try_from(world.state.random.number() & 0x00ff_ffff).unwrap_or_default();
            let claim = format!("{ADDRESS}{}", Ipv4Addr::from(0x1400_0000 | low));
            if world.state.claimant(&claim).is_none() {
                break claim;
            }
        };
        record.claims.push(claim);
    }
    if let Some(name) = full_name(world.state.cloud(), record) {
        if world.state.taken_by_other(&name, &record.key()).is_some() {
            return Err(Failure::network(
                400,
                "DnsRecordInUse",
                format!("DNS record {name} is already used by another public IP."),
            ));
        }
        record.claims.push(name);
    }
    Ok(())
}

/// `IPv4` or `IPv6`.
pub(crate) fn version_of(address: &Record) -> &str {
    address
        .text(&["properties", "publicIPAddressVersion"])
        .unwrap_or("IPv4")
}

fn full_name(cloud: Cloud, record: &Record) -> Option<String> {
    let label = record.text(&["properties", "dnsSettings", "domainNameLabel"])?;
    name_in(cloud, label, record.location().unwrap_or_default())
}

/// The name that a DNS label stands for in a region.
fn name_in(cloud: Cloud, label: &str, region: &str) -> Option<String> {
    cloud.name(&format!(
        "{}.{}.cloudapp.azure.com",
        label.to_ascii_lowercase(),
        squeezed(region)
    ))
}

/// Whether a DNS label is free in a region: `…/locations/{l}/CheckDnsNameAvailability?domainNameLabel=`.
pub(crate) fn label_availability(world: &World<'_, '_>, _: &str, region: &str) -> Result<Outcome, Failure> {
    let label = world.call.query("domainNameLabel").unwrap_or_default();
    if !types::matches(LABEL, &label) {
        return Err(refusals::domain_name_label(&label, LABEL));
    }
    let taken = name_in(world.state.cloud(), &label, region)
        .is_some_and(|name| world.state.claimant(&name).is_some());
    Ok(Outcome::json(200, json!({"available": !taken})))
}

/// Adds the address, the DNS name and the user.
///
/// ARM behaviour: a static address is there once the resource is made, a dynamic one while it is used.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let user = user_of(state, record);
    let being_made = record.operation.is_some() && !record.deleting && record.previous.is_none();
    let is_static = record.text(&["properties", "publicIPAllocationMethod"]) == Some("Static");
    if (is_static && !being_made) || user.is_some() {
        let address = record.claims.iter().find_map(|claim| claim.strip_prefix(ADDRESS));
        properties.insert("ipAddress".into(), json!(address));
    }
    if let Some(name) = full_name(state.cloud(), record)
        && let Some(settings) = properties.get_mut("dnsSettings")
    {
        body::put(settings, "fqdn", json!(name));
    }
    if let Some(user) = user {
        properties.insert("ipConfiguration".into(), json!({"id": user}));
    }
}

/// The id of the IP configuration that uses a public address; of another resource its own.
fn user_of(state: &State, record: &Record) -> Option<String> {
    let user = state.referrers(&record.key()).next()?;
    let part = LISTS.iter().find_map(|list| {
        parts::parts(user, list).into_iter().find_map(|part| {
            let id = body::text(part, "properties.publicIPAddress.id")?;
            let name = body::text(part, "name")?;
            id.eq_ignore_ascii_case(&record.id)
                .then(|| format!("{}/{list}/{name}", user.id))
        })
    });
    Some(part.unwrap_or_else(|| user.id.clone()))
}

/// ARM behaviour: a public address in use is not deleted.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    match user_of(world.state, record) {
        Some(user) => Err(Failure::network(
            400,
            "PublicIPAddressCannotBeDeleted",
            format!(
                "Public IP address {} can not be deleted since it is still allocated to resource {user}. In order to delete the public IP, disassociate/detach the Public IP address from the resource.  To learn how to do this, see aka.ms/deletepublicip.",
                record.id
            ),
        )),
        None => Ok(()),
    }
}

/// Notes down which public addresses the IP configurations of a list use.
///
/// ARM behaviour: one IP configuration at most uses a public address.
pub(crate) fn take(state: &State, record: &mut Record, list: &str) -> Result<(), Failure> {
    let mut claims: Vec<String> = Vec::new();
    for part in parts::parts(record, list) {
        let Some(id) = body::text(part, "properties.publicIPAddress.id") else {
            continue;
        };
        let claim = format!("{USE}{}", id.to_ascii_lowercase());
        if state.taken_by_other(&claim, &record.key()).is_some() || claims.contains(&claim) {
            let user = state
                .get(&id.to_ascii_lowercase())
                .and_then(|address| user_of(state, address))
                .unwrap_or_else(|| record.id.clone());
            return Err(Failure::network(
                400,
                "PublicIPAddressInUse",
                format!(
                    "Resource {}/{list}/{} is referencing public IP address {id} that is already allocated to resource {user}.",
                    record.id,
                    body::text(part, "name").unwrap_or_default()
                ),
            ));
        }
        claims.push(claim);
    }
    record.claims = claims;
    Ok(())
}
