//! What status shows of an endpoint that is as wanted: its connection, its addresses, and whether it is dead.

use std::collections::BTreeMap;

use kube::ResourceExt;
use privatelink_api::{ConditionType, IpConfiguration, PrivateEndpoint, Reason, Recovery};
use privatelink_arm::ResourceId;
use privatelink_arm::models::network_interface;
use privatelink_arm::models::private_endpoint::{self as wire, Answer};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::plan::Snapshot;
use privatelink_engine::{Finding, Missing, Outputs, Truth, World};
use serde_json::{Map, Value, json};

use super::{access, dns, target};
use crate::reference;

/// The status field that holds the target's identity.
const IDENTITY: &str = "targetIdentity";

/// An endpoint as Azure shows it, with its interface's addresses.
pub(super) struct Seen {
    answer: Answer,
    interface: Option<ResourceId>,
    pub(super) addresses: Vec<IpConfiguration>,
}

/// Reads the endpoint and its network interface.
///
/// # Errors
/// What has to be read first, or a shape that is not Azure's.
pub(super) fn seen(observed: &Snapshot, world: &World<'_>) -> Result<Seen, Missing> {
    let answer = Answer::read(&observed.body).map_err(Missing::Malformed)?;
    let interface = answer
        .properties
        .network_interfaces
        .iter()
        .find_map(|interface| ResourceId::parse(&interface.id).ok());
    let body = match &interface {
        Some(id) => {
            let query = FactQuery::of(id, network_interface::API_VERSION)
                .stamped(observed.etag.clone())
                .by_list()
                .keeping(&["/properties/ipConfigurations"]);
            match world.fact(&query)? {
                Fact::Known(body) => Some(body.clone()),
                // Not ours to read: Azure's own list of names and addresses has to do.
                _ => None,
            }
        }
        None => None,
    };
    let addresses = addresses(body.as_deref(), &answer);
    Ok(Seen {
        answer,
        interface,
        addresses,
    })
}

pub(super) fn outputs(
    endpoint: &PrivateEndpoint,
    id: &ResourceId,
    observed: &Snapshot,
    zone_group: Option<&Snapshot>,
    recorded: &Map<String, Value>,
    world: &World<'_>,
) -> Result<Outputs, Missing> {
    let Seen {
        answer,
        interface,
        addresses,
    } = seen(observed, world)?;
    let identity = target::identity(endpoint, observed, world)?;
    let mut outputs = Outputs::default();
    let state = answer.connection_state().cloned().unwrap_or_default();
    outputs.findings.push(approval(endpoint, &state));
    outputs.findings.extend(members(endpoint, &addresses));
    let recorded = recorded.get(IDENTITY).and_then(Value::as_str).map(str::to_owned);
    outputs.recreate = recreation(endpoint, &state.status, recorded.as_deref(), identity.as_deref());
    let keep = if state.status.eq_ignore_ascii_case("Approved") {
        identity
    } else {
        recorded
    };
    outputs.status = status(&state, interface.as_ref(), &addresses, keep);
    let groups = reference::ids_of(&observed.body, "/properties/applicationSecurityGroups");
    outputs
        .status
        .extend(groups.map(|groups| ("applicationSecurityGroups".to_owned(), groups)));
    if let Some(around) = access::surroundings(endpoint, world)? {
        // As it is now, not as it was when status was written last.
        let mut shown = endpoint.clone();
        let status = shown.status.get_or_insert_default();
        status.managed.resource_id = Some(id.to_string());
        status.ip_configurations.clone_from(&addresses);
        status.application_security_groups = outputs
            .status
            .get("applicationSecurityGroups")
            .and_then(|groups| serde_json::from_value(groups.clone()).ok())
            .unwrap_or_default();
        let line = access::access(&shown, &around, world);
        outputs
            .status
            .extend(line.map(|line| ("access".to_owned(), line)));
        outputs.findings.extend(access::ignored(&around));
    }
    let approved = state.status.eq_ignore_ascii_case("Approved");
    let shown = dns::Shown {
        endpoint,
        id,
        snapshot: observed,
        addresses: &addresses,
    };
    if let Some(names) = dns::names(shown, zone_group, world)? {
        outputs.again = (names.finding.status == Truth::False).then_some(dns::LOOK_AGAIN);
        // Azure keeps no records of an endpoint that is not approved.
        outputs.rewrite = names.rewrite.filter(|_| approved).map(|why| (dns::NODE, why));
        outputs.findings.push(names.finding);
        if !names.records.is_empty() {
            outputs
                .status
                .insert("dnsRecords".to_owned(), json!(names.records));
        }
    }
    Ok(outputs)
}

fn recreation(
    endpoint: &PrivateEndpoint,
    status: &str,
    recorded: Option<&str>,
    identity: Option<&str>,
) -> Option<String> {
    let wanted = endpoint.spec.recovery.unwrap_or_default() == Recovery::IfTargetRecreated;
    match (recorded, identity) {
        (Some(before), Some(now))
            if wanted && status.eq_ignore_ascii_case("Disconnected") && before != now =>
        {
            Some(format!("the target was made anew ({before}, now {now})"))
        }
        _ => None,
    }
}

fn approval(endpoint: &PrivateEndpoint, state: &wire::ConnectionState) -> Finding {
    let said = state
        .description
        .as_deref()
        .filter(|text| !text.is_empty())
        .map(|text| format!(" (\"{text}\")"))
        .unwrap_or_default();
    let finding =
        |truth, reason, message: String| Finding::new(ConditionType::Approved, truth, reason, message);
    match state.status.to_ascii_lowercase().as_str() {
        "approved" => finding(
            Truth::True,
            Reason::Succeeded,
            format!("the connection is approved{said}"),
        ),
        "pending" => {
            // The description is what the owner was asked.
            let name = endpoint.name_any();
            let message = format!("the target's owner has to approve the connection of {name}");
            finding(Truth::False, Reason::AwaitingApproval, message)
        }
        "rejected" => {
            let message = format!(
                "the target's owner rejected the connection{said}; settle it with them, then delete this object and create it again"
            );
            finding(Truth::False, Reason::Rejected, message)
        }
        "disconnected" => {
            let message = format!(
                "the connection was removed at the target{said} and no endpoint survives that; delete this object and create it again (spec.recovery: IfTargetRecreated does it by itself where the target was made anew)"
            );
            finding(Truth::False, Reason::Disconnected, message)
        }
        "" => finding(
            Truth::False,
            Reason::AwaitingApproval,
            "Azure does not say yet whether the connection is approved".to_owned(),
        ),
        other => finding(
            Truth::False,
            Reason::AwaitingApproval,
            format!("the connection is {other}{said}"),
        ),
    }
}

/// The addresses by member: from the network interface, or from the names that Azure lists where it cannot be read.
fn addresses(interface: Option<&Value>, answer: &Answer) -> Vec<IpConfiguration> {
    let interface =
        interface.and_then(|body| serde_json::from_value::<network_interface::Answer>(body.clone()).ok());
    let configurations = interface
        .map(|interface| interface.properties.ip_configurations)
        .unwrap_or_default();
    let mut addresses: Vec<IpConfiguration> = configurations
        .into_iter()
        .filter(|configuration| !configuration.properties.private_ip_address.is_empty())
        .map(|configuration| {
            let link = configuration
                .properties
                .private_link_connection_properties
                .unwrap_or_default();
            let mut fqdns = link.fqdns;
            fqdns.sort();
            fqdns.dedup();
            IpConfiguration {
                member_name: link.required_member_name,
                ip_address: configuration.properties.private_ip_address,
                fqdns,
            }
        })
        .collect();
    if addresses.is_empty() {
        let mut by_address: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for config in &answer.properties.custom_dns_configs {
            for address in &config.ip_addresses {
                by_address.entry(address).or_default().push(config.fqdn.clone());
            }
        }
        addresses.extend(by_address.into_iter().map(|(address, mut fqdns)| {
            fqdns.sort();
            fqdns.dedup();
            IpConfiguration {
                member_name: String::new(),
                ip_address: address.to_owned(),
                fqdns,
            }
        }));
    }
    addresses.sort_by(|one, other| {
        (&one.member_name, &one.ip_address).cmp(&(&other.member_name, &other.ip_address))
    });
    addresses
        .dedup_by(|one, other| one.member_name == other.member_name && one.ip_address == other.ip_address);
    addresses
}

/// With static addresses, members that Azure added since have none, and only the user can give them one.
fn members(endpoint: &PrivateEndpoint, addresses: &[IpConfiguration]) -> Option<Finding> {
    let fixed = &endpoint.spec.ip_addresses;
    if fixed.is_empty() {
        return None;
    }
    let new: Vec<&str> = addresses
        .iter()
        .map(|address| address.member_name.as_str())
        .filter(|member| {
            !member.is_empty()
                && !fixed
                    .iter()
                    .any(|fixed| fixed.member_name.eq_ignore_ascii_case(member))
        })
        .collect();
    if new.is_empty() {
        return None;
    }
    let message = format!(
        "the target has gained the members {}; add an address for each to spec.ipAddresses",
        new.join(", ")
    );
    Some(Finding::new(
        ConditionType::Programmed,
        Truth::False,
        Reason::MembersChanged,
        message,
    ))
}

fn status(
    state: &wire::ConnectionState,
    interface: Option<&ResourceId>,
    addresses: &[IpConfiguration],
    identity: Option<String>,
) -> Map<String, Value> {
    // `None` is Azure's word for nothing.
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty() && text != "None");
    let mut status = Map::new();
    if !state.status.is_empty() {
        let mut connection = Map::from_iter([("status".to_owned(), json!(state.status))]);
        connection.extend(text(&state.description).map(|text| ("description".to_owned(), json!(text))));
        connection
            .extend(text(&state.actions_required).map(|text| ("actionsRequired".to_owned(), json!(text))));
        status.insert("connection".to_owned(), Value::Object(connection));
    }
    if let Some(id) = interface {
        status.insert("networkInterfaceId".to_owned(), json!(id.to_string()));
    }
    if !addresses.is_empty() {
        status.insert("ipConfigurations".to_owned(), json!(addresses));
    }
    if let Some(identity) = identity {
        status.insert(IDENTITY.to_owned(), json!(identity));
    }
    status
}
