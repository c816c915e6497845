//! Network interfaces: those of private endpoints and private link services are made, shown and taken away with what they
//! belong to, the others are written by their users.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::balancer::public_address;
use crate::body;
use crate::network::{allocation, application_security_group, parts};
use crate::private_dns::registration;
use crate::request::answer::{self, dotted, show_parts};
use crate::request::errors::{self, Failure};
use crate::request::outcome::Outcome;
use crate::resources::tags;
use crate::state::State;
use crate::state::record::{Facts, Record};
use crate::state::world::{Draft, World};
use crate::types::TagRule;

const LIST: &str = "ipConfigurations";
const SERVICE: &str = "Microsoft.Network/privateLinkServices";

/// Adds what the endpoint says about the interface.
pub(crate) fn show(state: &State, record: &Record, etag: &str, properties: &mut Map<String, Value>) {
    let Facts::Interface(owner) = &record.facts else {
        if let Some(configurations) = properties.get_mut("ipConfigurations") {
            show_parts(
                record,
                etag,
                configurations,
                "ipConfigurations",
                Some("Succeeded"),
            );
        }
        put_usual(record, properties);
        if let Some(machine) = machine_on(state, record) {
            properties.insert("virtualMachine".into(), json!({"id": machine}));
        }
        return;
    };
    let Some(endpoint) = state.get(owner) else {
        return;
    };
    if endpoint.resource_type.eq_ignore_ascii_case(SERVICE) {
        show_of_service(endpoint, record, etag, properties);
        return;
    }
    let Facts::Endpoint(facts) = &endpoint.facts else {
        return;
    };
    let groups = body::at(&endpoint.body, "properties.applicationSecurityGroups")
        .filter(|groups| groups.as_array().is_some_and(|groups| !groups.is_empty()));
    let mut configurations: Vec<Value> = facts
        .members
        .iter()
        .enumerate()
        .map(|(number, member)| {
            json!({
                "name": member.configuration,
                "id": format!("{}/ipConfigurations/{}", record.id, member.configuration),
                "etag": etag,
                "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
                "properties": {
                    "provisioningState": "Succeeded",
                    "privateIPAddress": dotted(member.address),
                    "privateIPAllocationMethod": if member.is_static { "Static" } else { "Dynamic" },
                    "subnet": {"id": facts.subnet_id},
                    "primary": number == 0,
                    "privateIPAddressVersion": "IPv4",
                    "privateLinkConnectionProperties": {
                        "groupId": facts.group_id.clone().unwrap_or_default(),
                        "requiredMemberName": member.member,
                        "fqdns": member.fqdns,
                    },
                },
            })
        })
        .collect();
    for configuration in &mut configurations {
        if let Some(groups) = groups {
            body::put(
                configuration,
                "properties.applicationSecurityGroups",
                groups.clone(),
            );
        }
    }
    properties.insert("ipConfigurations".into(), Value::Array(configurations));
    properties.insert("privateEndpoint".into(), json!({"id": endpoint.id}));
    put_usual(record, properties);
}

/// The id of the machine that uses an interface.
pub(crate) fn machine_on(state: &State, record: &Record) -> Option<String> {
    let machine = registration::machines_on(state, &record.key())
        .into_iter()
        .next()?;
    state.get(&machine).map(|machine| machine.id.clone())
}

/// ARM behaviour: an interface goes after the machine that uses it.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    match machine_on(world.state, record) {
        None => Ok(()),
        Some(machine) => Err(Failure::network(
            400,
            "NicInUse",
            format!(
                "Network Interface {} is used by existing resource {machine}. In order to delete the network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.",
                record.id
            ),
        )),
    }
}

/// What every interface shows.
fn put_usual(record: &Record, properties: &mut Map<String, Value>) {
    let suffix = internal_suffix(record);
    let settings = properties
        .entry("dnsSettings")
        .or_insert_with(|| Value::Object(Map::new()));
    body::edit(settings, |settings| {
        for list in ["dnsServers", "appliedDnsServers"] {
            settings.entry(list).or_insert_with(|| json!([]));
        }
        settings.insert("internalDomainNameSuffix".into(), json!(suffix));
    });
    for (name, value) in [
        ("macAddress", json!("")),
        ("enableAcceleratedNetworking", json!(false)),
        ("vnetEncryptionSupported", json!(false)),
        ("enableIPForwarding", json!(false)),
        ("hostedWorkloads", json!([])),
        ("tapConfigurations", json!([])),
        ("nicType", json!("Standard")),
        ("allowPort25Out", json!(true)),
        ("auxiliaryMode", json!("None")),
        ("disableTcpStateTracking", json!(false)),
    ] {
        properties.entry(name).or_insert(value);
    }
}

/// The interface of a private link service: the service's IP configurations, with all their addresses.
fn show_of_service(service: &Record, record: &Record, etag: &str, properties: &mut Map<String, Value>) {
    let mut configurations = body::at(&service.body, "properties.ipConfigurations")
        .cloned()
        .unwrap_or_else(|| json!([]));
    show_parts(
        record,
        etag,
        &mut configurations,
        "ipConfigurations",
        Some("Succeeded"),
    );
    properties.insert("ipConfigurations".into(), configurations);
    properties.insert("privateLinkService".into(), json!({"id": service.id}));
    put_usual(record, properties);
}

/// Checks a write of an interface that is nobody's endpoint, and gives its IP configurations their addresses.
///
/// ARM behaviour: all IP configurations of an interface are in one virtual network, and in the same application security
/// groups.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    parts::check_names(record, LIST)?;
    for configuration in parts::parts(record, LIST) {
        if body::text(configuration, "properties.subnet.id").is_none() {
            return Err(errors::invalid_format(
                "MissingRequiredProperty",
                format!(
                    "Required property 'properties.ipConfigurations.properties.subnet' of resource {} is missing.",
                    record.id
                ),
            ));
        }
    }
    check_groups(world, record)?;
    check_versions(world.state, record)?;
    check_nat_rules(world.state, record)?;
    allocation::check_one_network(record, LIST)?;
    allocation::settle_primary(record)?;
    public_address::take(world.state, record, LIST)?;
    allocation::assign(world.state, record, existing, LIST)
}

/// ARM behaviour: an IP configuration and its public address are both IPv4, or both IPv6.
fn check_versions(state: &State, record: &Record) -> Result<(), Failure> {
    for configuration in parts::parts(record, LIST) {
        let version = body::text(configuration, "properties.privateIPAddressVersion").unwrap_or("IPv4");
        let address = body::text(configuration, "properties.publicIPAddress.id")
            .and_then(|id| state.get(&id.to_ascii_lowercase()));
        if let Some(address) = address
            && !public_address::version_of(address).eq_ignore_ascii_case(version)
        {
            return Err(Failure::network(
                400,
                "IPVersionForPublicIpAndNicIpConfigurationMustMatch",
                format!(
                    "IP version for publicIPAddress '{}', version '{}' and network interface ipConfiguration '{}/{LIST}/{}', version '{version}' must match.",
                    address.id,
                    public_address::version_of(address),
                    record.id,
                    body::text(configuration, "name").unwrap_or_default()
                ),
            ));
        }
    }
    Ok(())
}

/// ARM behaviour: two NAT rules do not lead to the same port of one IP configuration, unless one of them keeps the address of the
/// frontend.
fn check_nat_rules(state: &State, record: &Record) -> Result<(), Failure> {
    for configuration in parts::parts(record, LIST) {
        let mut seen: Vec<&Record> = Vec::new();
        for rule in body::all(configuration, "properties.loadBalancerInboundNatRules.*.id")
            .into_iter()
            .filter_map(Value::as_str)
            .filter_map(|id| state.get(&id.to_ascii_lowercase()))
            .filter(|rule| rule.text(&["properties", "protocol"]).is_some())
        {
            let floats = |rule: &Record| {
                body::at(&rule.body, "properties.enableFloatingIP") == Some(&Value::Bool(true))
            };
            let same = |other: &Record, path: &str| body::at(&other.body, path) == body::at(&rule.body, path);
            let clash = seen.iter().find(|other| {
                other.id != rule.id
                    && !floats(other)
                    && !floats(rule)
                    && same(other, "properties.protocol")
                    && same(other, "properties.backendPort")
            });
            if let Some(other) = clash {
                return Err(Failure::network(
                    400,
                    "RulesUseSameBackendPortProtocolAndIPConfig",
                    format!(
                        "Load balancer rules {} and {} with floating IP disabled use the same backend port {} and protocol {}, and must not be used with the same backend IP {}/{LIST}/{}.",
                        other.id,
                        rule.id,
                        body::at(&rule.body, "properties.backendPort").unwrap_or(&Value::Null),
                        rule.text(&["properties", "protocol"]).unwrap_or_default(),
                        record.id,
                        body::text(configuration, "name").unwrap_or_default()
                    ),
                ));
            }
            seen.push(rule);
        }
    }
    Ok(())
}

fn check_groups(world: &World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let configurations = body::all(&record.body, "properties.ipConfigurations.*");
    let groups = |configuration: &'_ Value| -> BTreeSet<String> {
        body::all(configuration, "properties.applicationSecurityGroups.*.id")
            .into_iter()
            .filter_map(Value::as_str)
            .map(str::to_ascii_lowercase)
            .collect()
    };
    let first = configurations
        .first()
        .map(|first| groups(first))
        .unwrap_or_default();
    if configurations.iter().any(|other| groups(other) != first) {
        return Err(Failure::network(
            400,
            "AllIpConfigurationsOnANicMustBelongToTheSameApplicationSecurityGroups",
            format!(
                "All IPConfigurations on a Network Interface should reference the same set of Application Security Groups. Network interface: {}.",
                record.id
            ),
        ));
    }
    let subnets: Vec<&str> = body::all(&record.body, "properties.ipConfigurations.*.properties.subnet.id")
        .into_iter()
        .filter_map(Value::as_str)
        .collect();
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    application_security_group::check_joining(world.state, record, &first, &subnets, configurations.len())
}

/// What the names end with that Azure gives to machines.
pub(crate) const INTERNAL: &str = ".internal.cloudapp.net";

/// What follows the name of the machine that an interface is the primary one of.
pub(crate) fn internal_suffix(record: &Record) -> String {
    format!("{}.xx{INTERNAL}", domain_label(&record.guid))
}

/// ARM behaviour: the label is made from the network's GUID; 26 letters and digits.
fn domain_label(guid: &str) -> String {
    guid.chars()
        .filter(char::is_ascii_alphanumeric)
        .take(26)
        .collect()
}

/// ARM behaviour: the interface of an endpoint or service can be given other tags by PATCH, and nothing else.
pub(crate) fn write_tags(
    world: &mut World<'_, '_>,
    existing: &Record,
    request: &Value,
) -> Result<Outcome, Failure> {
    let tags = request.get("tags").cloned().unwrap_or_else(|| json!({}));
    tags::check(Some(&tags), TagRule::Usual)?;
    let key = existing.key();
    let changed = existing.body.get("tags") != Some(&tags);
    if changed {
        let (etag, now) = (world.state.random.guid(), world.call.wall);
        world.state.update(&key, |record| {
            body::put(&mut record.body, "tags", tags);
            record.etag = etag;
            record.modified = now;
        });
    }
    let shown = world
        .state
        .get(&key)
        .map(|record| answer::render(world.state, record));
    Ok(Outcome::json(200, shown.unwrap_or_default()).changed(changed))
}

/// ARM behaviour: the interface of an endpoint or service cannot be written or deleted by anybody.
pub(crate) fn check_free(record: &Record, endpoint: Option<&str>, deleting: bool) -> Result<(), Failure> {
    let Facts::Interface(owner) = &record.facts else {
        return Ok(());
    };
    let endpoint = endpoint.unwrap_or(owner);
    if owner.contains("/privatelinkservices/") {
        let (code, verb) = match deleting {
            true => ("NicInUseWithPrivateLinkService", "deleted"),
            false => ("CannotModifyNicAttachedToPrivateLinkService", "changed"),
        };
        return Err(Failure::network(
            400,
            code,
            format!(
                "Network interface {} is currently in use with a private link service ({owner}) and cannot be {verb}.",
                record.id
            ),
        ));
    }
    if deleting {
        return Err(Failure::network(
            400,
            "NicInUseWithPrivateEndpoint",
            format!(
                "Network interface {} is currently in use with an private endpoint ({endpoint}) and cannot be deleted. For more information see aka.ms/deletenic.",
                record.id
            ),
        ));
    }
    Err(Failure::network(
        400,
        "CannotModifyNicAttachedToPrivateEndpoint",
        format!(
            "Network interface {} is attached to private endpoint {endpoint} and cannot be changed.",
            record.id
        ),
    ))
}
