//! `PrivateEndpoint`: from spec to one private endpoint in Azure, and from Azure's answer to status.

use std::collections::BTreeMap;

use kube::ResourceExt;
use privatelink_api::{Approval, ConditionType, IpConfiguration, PrivateEndpoint, Reason, Recovery, Verb};
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use privatelink_arm::models::private_endpoint::{self as wire, Answer, MODEL, SubResource};
use privatelink_arm::models::{network_interface, private_link_resource, virtual_network};
use privatelink_engine::facts::{Fact, FactQuery, KnownFacts};
use privatelink_engine::plan::{DesiredNode, Snapshot};
use privatelink_engine::{
    ClaimedId, Finding, Grant, Kind, Outputs, Reading, Resolution, Resolved, Scope, Truth, Unresolved,
};
use serde_json::{Map, Value, json};

use crate::reference;

const NODE: &str = "endpoint";

/// What the spec connects to.
enum TargetId {
    Resource(ResourceId),
    ServiceAlias(String),
}

impl TargetId {
    fn of(endpoint: &PrivateEndpoint, scope: &Scope) -> Result<Self, Unresolved> {
        let target = &endpoint.spec.target;
        match (
            target.id.as_deref(),
            target.alias.as_deref(),
            target.service_alias.as_deref(),
        ) {
            (Some(id), None, None) => Ok(TargetId::Resource(reference::parse("spec.target.id", id)?)),
            (None, Some(alias), None) => Ok(TargetId::Resource(reference::resolve_alias(
                "spec.target.alias",
                alias,
                scope,
            )?)),
            (None, None, Some(alias)) => Ok(TargetId::ServiceAlias(alias.to_owned())),
            _ => Err(Unresolved::invalid(
                "spec.target must have exactly one of id, alias and serviceAlias",
            )),
        }
    }

    fn text(&self) -> String {
        match self {
            TargetId::Resource(id) => id.to_string(),
            TargetId::ServiceAlias(alias) => alias.clone(),
        }
    }
}

/// The kind `PrivateEndpoint`.
pub struct PrivateEndpointKind;

impl Kind for PrivateEndpointKind {
    type Object = PrivateEndpoint;

    const MAIN_NODE: &'static str = NODE;
    const MODEL: &'static ResourceModel = &MODEL;

    fn claim(object: &PrivateEndpoint, scope: &Scope) -> Result<ClaimedId, Unresolved> {
        let subnet = reference::resolve("spec.subnet", &object.spec.subnet, scope)?;
        let managed = &object.spec.managed;
        let group =
            reference::resource_group(managed.resource_group.as_deref(), subnet.subscription_id(), scope)?;
        let name = managed.azure_name.clone().unwrap_or_else(|| object.name_any());
        let id = reference::parse(
            "spec.azureName",
            &format!("{group}/providers/{}/{name}", wire::RESOURCE_TYPE),
        )?;
        let on = |id: &ResourceId, verb| Grant::On { id: id.clone(), verb };
        let mut grants = vec![on(&id, Verb::Manage), on(&subnet, Verb::Join)];
        match TargetId::of(object, scope)? {
            TargetId::Resource(target) => {
                grants.push(on(&target, Verb::Connect));
                if object.spec.target.approval() == Approval::Automatic {
                    grants.push(on(&target, Verb::AutoApprove));
                }
            }
            TargetId::ServiceAlias(alias) => grants.push(Grant::ServiceAlias(alias)),
        }
        for group in security_groups(object, scope)? {
            grants.push(on(&group, Verb::Use));
        }
        Ok(ClaimedId { id, grants })
    }

    fn resolve(object: &PrivateEndpoint, id: &ResourceId, scope: &Scope, facts: &KnownFacts) -> Resolution {
        match desired(object, id, scope, facts) {
            Ok(resolved) => Resolution::Resolved(Box::new(resolved)),
            Err(Missing::Facts(queries)) => Resolution::Needs(queries),
            Err(Missing::Unresolved(unresolved)) => Resolution::Unresolved(unresolved),
        }
    }

    fn outputs(
        object: &PrivateEndpoint,
        _resolved: &Resolved,
        observed: &Snapshot,
        scope: &Scope,
        facts: &KnownFacts,
    ) -> Reading {
        let answer = match Answer::read(&observed.body) {
            Ok(answer) => answer,
            Err(why) => return Reading::Malformed(why),
        };
        let interface = answer
            .properties
            .network_interfaces
            .iter()
            .find_map(|interface| ResourceId::parse(&interface.id).ok());
        let query = interface.as_ref().map(|id| FactQuery {
            id: id.clone(),
            suffix: None,
            api_version: network_interface::API_VERSION,
            stamp: observed.etag.clone(),
            by_list: true,
            keep: &["properties", "ipConfigurations"],
        });
        let interface_body = match query.as_ref().map(|query| facts.get(query)) {
            Some(None) => return Reading::Needs(query.into_iter().collect()),
            Some(Some(Fact::Known(body))) => Some(body.clone()),
            // Not ours to read: Azure's own list of names and addresses has to do.
            _ => None,
        };
        let identity = match target_identity(object, observed, scope, facts) {
            Ok(identity) => identity,
            Err(query) => return Reading::Needs(vec![query]),
        };
        let mut outputs = Outputs::default();
        let state = answer.connection_state().cloned().unwrap_or_default();
        outputs.findings.push(approval(object, &state));
        let addresses = addresses(interface_body.as_deref(), &answer);
        if let Some(finding) = members(object, &addresses) {
            outputs.findings.push(finding);
        }
        let recorded = object
            .status
            .as_ref()
            .and_then(|status| status.target_identity.clone());
        outputs.recreate = recreation(object, &state.status, recorded.as_deref(), identity.as_deref());
        let keep = if state.status.eq_ignore_ascii_case("Approved") {
            identity
        } else {
            recorded
        };
        outputs.status = status(&state, interface.as_ref(), &addresses, keep);
        Reading::Outputs(outputs)
    }
}

/// Why desired state cannot be said yet.
enum Missing {
    Facts(Vec<FactQuery>),
    Unresolved(Unresolved),
}

impl From<Unresolved> for Missing {
    fn from(unresolved: Unresolved) -> Self {
        Missing::Unresolved(unresolved)
    }
}

fn desired(
    endpoint: &PrivateEndpoint,
    id: &ResourceId,
    scope: &Scope,
    facts: &KnownFacts,
) -> Result<Resolved, Missing> {
    let spec = &endpoint.spec;
    let subnet = reference::resolve("spec.subnet", &spec.subnet, scope)?;
    let target = TargetId::of(endpoint, scope)?;
    let location = location(endpoint, &subnet, facts);
    let groups = check_group(endpoint, &target, facts);
    // What has to be read is asked for at once.
    let location = match (location, groups) {
        (Ok(location), Ok(())) => location,
        (Err(Missing::Facts(mut queries)), Err(Missing::Facts(more))) => {
            queries.extend(more);
            return Err(Missing::Facts(queries));
        }
        (Err(missing), _) | (_, Err(missing)) => return Err(missing),
    };
    let connection = wire::Connection {
        name: id.name().to_owned(),
        properties: wire::ConnectionProperties {
            private_link_service_id: target.text(),
            group_ids: spec.target.group_id.iter().cloned().collect(),
            request_message: spec.target.request_message.clone(),
        },
    };
    let manual = spec.target.approval() == Approval::Manual;
    let ip_configurations = spec.ip_addresses.iter().map(|address| wire::IpConfiguration {
        name: address.member_name.clone(),
        properties: wire::IpConfigurationProperties {
            group_id: spec.target.group_id.clone(),
            member_name: address.member_name.clone(),
            private_ip_address: address.address.clone(),
        },
    });
    let mut tags = scope
        .spec()
        .defaults
        .as_ref()
        .map(|defaults| defaults.tags.clone())
        .unwrap_or_default();
    tags.extend(spec.managed.tags.clone());
    let security_groups = security_groups(endpoint, scope)?;
    let body = wire::PrivateEndpoint {
        location: location.clone(),
        tags,
        properties: wire::Properties {
            subnet: SubResource {
                id: subnet.to_string(),
            },
            private_link_service_connections: (!manual).then(|| vec![connection.clone()]),
            manual_private_link_service_connections: manual.then_some(vec![connection]),
            application_security_groups: security_groups
                .iter()
                .map(|id| SubResource { id: id.to_string() })
                .collect(),
            ip_configurations: ip_configurations.collect(),
            custom_network_interface_name: spec.network_interface_name.clone(),
        },
    };
    let body = serde_json::to_value(body)
        .map_err(|error| Unresolved::invalid(format!("spec cannot be written as JSON: {error}")))?;
    let effective = BTreeMap::from([
        (
            "approval".to_owned(),
            if manual { "Manual" } else { "Automatic" }.to_owned(),
        ),
        ("location".to_owned(), location),
        (
            "resourceGroup".to_owned(),
            id.resource_group().unwrap_or_default().to_owned(),
        ),
        ("scope".to_owned(), scope.name().to_owned()),
        ("subnet".to_owned(), subnet.to_string()),
        ("target".to_owned(), target.text()),
    ]);
    Ok(Resolved {
        nodes: vec![DesiredNode {
            name: NODE,
            id: id.clone(),
            model: &MODEL,
            body,
        }],
        effective,
    })
}

fn security_groups(endpoint: &PrivateEndpoint, scope: &Scope) -> Result<Vec<ResourceId>, Unresolved> {
    let groups = endpoint.spec.application_security_groups.iter().enumerate();
    groups
        .map(|(index, group)| {
            reference::resolve(&format!("spec.applicationSecurityGroups[{index}]"), group, scope)
        })
        .collect()
}

/// An endpoint is in its network's region: Azure takes no other.
fn location(endpoint: &PrivateEndpoint, subnet: &ResourceId, facts: &KnownFacts) -> Result<String, Missing> {
    if let Some(location) = &endpoint.spec.managed.location {
        return Ok(location.clone());
    }
    let Some(network) = subnet.parent() else {
        return Err(Unresolved::invalid(format!("spec.subnet: {subnet} is not the id of a subnet")).into());
    };
    let query = FactQuery {
        id: network.clone(),
        suffix: None,
        api_version: virtual_network::API_VERSION,
        stamp: None,
        by_list: false,
        keep: &[],
    };
    match facts.get(&query) {
        None => Err(Missing::Facts(vec![query])),
        Some(Fact::Known(body)) => virtual_network::location(body).map(str::to_owned).ok_or_else(|| {
            Unresolved::dependency(format!(
                "the virtual network {network} has no location; set spec.location"
            ))
            .into()
        }),
        Some(Fact::Absent) => Err(Unresolved::dependency(format!(
            "spec.subnet: the virtual network {network} does not exist; it is looked for again"
        ))
        .into()),
        Some(Fact::Unreadable(why)) => {
            let message = format!(
                "spec.subnet: the virtual network {network} cannot be read ({why}); allow reading it, or set spec.location"
            );
            Err(Unresolved::dependency(message).into())
        }
    }
}

/// Checks the group against what the target offers, where the target can be read; else Azure decides.
fn check_group(endpoint: &PrivateEndpoint, target: &TargetId, facts: &KnownFacts) -> Result<(), Missing> {
    let spec = &endpoint.spec.target;
    let (TargetId::Resource(id), Some(group)) = (target, spec.group_id.as_deref()) else {
        return Ok(());
    };
    let Some(api_version) = private_link_resource::api_version(&id.resource_type()) else {
        return Ok(());
    };
    // Groups by pattern, as the slots of a web app, are not in the list.
    if spec.approval() == Approval::Manual || group.to_ascii_lowercase().starts_with("sites-") {
        return Ok(());
    }
    let query = FactQuery {
        id: id.clone(),
        suffix: Some("privateLinkResources"),
        api_version,
        stamp: None,
        by_list: false,
        keep: &[],
    };
    let body = match facts.get(&query) {
        None => return Err(Missing::Facts(vec![query])),
        Some(Fact::Known(body)) => body,
        Some(_) => return Ok(()),
    };
    let groups = private_link_resource::read(body);
    if groups.is_empty()
        || groups
            .iter()
            .any(|known| known.group_id.eq_ignore_ascii_case(group))
    {
        return Ok(());
    }
    let names: Vec<&str> = groups.iter().map(|known| known.group_id.as_str()).collect();
    let message = format!(
        "spec.target.groupId: {id} has no group {group}; it has {}",
        names.join(", ")
    );
    Err(Unresolved::invalid(message).into())
}

/// What tells a target from a later one of the same name; read only where recovery asks for it.
fn target_identity(
    endpoint: &PrivateEndpoint,
    observed: &Snapshot,
    scope: &Scope,
    facts: &KnownFacts,
) -> Result<Option<String>, FactQuery> {
    if endpoint.spec.recovery.unwrap_or_default() != Recovery::IfTargetRecreated {
        return Ok(None);
    }
    let Ok(TargetId::Resource(id)) = TargetId::of(endpoint, scope) else {
        return Ok(None);
    };
    let Some(api_version) = private_link_resource::api_version(&id.resource_type()) else {
        return Ok(None);
    };
    let query = FactQuery {
        id,
        suffix: None,
        api_version,
        // A connection that changes its state changes the endpoint: then the target may be another.
        stamp: observed.etag.clone(),
        by_list: false,
        keep: &[],
    };
    match facts.get(&query) {
        None => Err(query),
        Some(Fact::Known(body)) => Ok(identity_of(body)),
        Some(_) => Ok(None),
    }
}

fn identity_of(body: &Value) -> Option<String> {
    let paths: [&[&str]; 4] = [
        &["systemData", "createdAt"],
        &["properties", "creationTime"],
        &["properties", "creationDate"],
        &["properties", "resourceGuid"],
    ];
    let values = paths
        .iter()
        .filter_map(|path| path.iter().try_fold(body, |value, name| value.get(*name)));
    values.filter_map(Value::as_str).next().map(str::to_owned)
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
            let name = endpoint.name_any();
            let message = format!("the target's owner has to approve the connection of {name}{said}");
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
        status.insert("targetIdentity".to_owned(), json!(identity));
    }
    status
}
