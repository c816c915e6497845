//! Network interfaces of private endpoints: made, shown and taken away with their endpoint.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::answer::{dotted, show_parts};
use crate::body;
use crate::errors::Failure;
use crate::network::application_security_group;
use crate::record::{Facts, Record};
use crate::state::State;
use crate::world::{Draft, World};

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
        return;
    };
    let Some(endpoint) = state.get(owner) else {
        return;
    };
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
    for (name, value) in [
        ("ipConfigurations", Value::Array(configurations)),
        (
            "dnsSettings",
            json!({
                "dnsServers": [], "appliedDnsServers": [],
                "internalDomainNameSuffix": format!("{}.xx.internal.cloudapp.net", domain_label(&record.guid)),
            }),
        ),
        ("macAddress", json!("")),
        ("enableAcceleratedNetworking", json!(false)),
        ("vnetEncryptionSupported", json!(false)),
        ("enableIPForwarding", json!(false)),
        ("hostedWorkloads", json!([])),
        ("tapConfigurations", json!([])),
        ("privateEndpoint", json!({"id": endpoint.id})),
        ("nicType", json!("Standard")),
        ("allowPort25Out", json!(true)),
        ("auxiliaryMode", json!("None")),
        ("disableTcpStateTracking", json!(false)),
    ] {
        properties.insert(name.to_owned(), value);
    }
}

/// Checks a write of an interface that is nobody's endpoint.
///
/// ARM behaviour: all IP configurations of an interface are in the same application security groups.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let record = &draft.record;
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

/// ARM behaviour: the label is made from the network's GUID; 26 letters and digits.
fn domain_label(guid: &str) -> String {
    guid.chars()
        .filter(char::is_ascii_alphanumeric)
        .take(26)
        .collect()
}

/// ARM behaviour: the interface of an endpoint cannot be written or deleted by anybody.
pub(crate) fn check_free(record: &Record, endpoint: Option<&str>, deleting: bool) -> Result<(), Failure> {
    let Facts::Interface(owner) = &record.facts else {
        return Ok(());
    };
    let endpoint = endpoint.unwrap_or(owner);
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
