//! What a request for a private endpoint asks for, and whether Azure would refuse it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::body;
use crate::network::{link_service, parts};
use crate::request::errors::{self, Failure};
use crate::request::place::{Place, parent_key};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::World;
use crate::targets::{FilledGroup, Target, squeezed};

/// The two lists of connections: approved by themselves, and waiting for approval.
pub(super) const LISTS: [&str; 2] = [
    "privateLinkServiceConnections",
    "manualPrivateLinkServiceConnections",
];

/// What the request says about its one connection.
pub(super) struct Wanted {
    pub(super) manual: bool,
    /// What the connection is called.
    pub(super) name: String,
    pub(super) target: String,
    pub(super) groups: Vec<String>,
    pub(super) message: String,
}

/// What it points at.
pub(super) struct Aim {
    pub(super) record: Option<Arc<Record>>,
    pub(super) target: Option<&'static Target>,
    pub(super) group: Option<FilledGroup>,
    pub(super) approved: bool,
}

/// ARM behaviour: whole objects are accepted where only an id counts, and only the id is kept.
pub(super) fn keep_references_only(request: &mut Value) {
    if let Some(id) = body::text(request, "properties.subnet.id").map(str::to_owned) {
        body::put(request, "properties.subnet", json!({"id": id}));
    }
    let groups: Vec<Value> = body::all(request, "properties.applicationSecurityGroups.*.id")
        .into_iter()
        .map(|id| json!({"id": id}))
        .collect();
    if !groups.is_empty() {
        body::put(
            request,
            "properties.applicationSecurityGroups",
            Value::Array(groups),
        );
    }
    for list in LISTS {
        if let Some(connections) = request
            .pointer_mut(&format!("/properties/{list}"))
            .and_then(Value::as_array_mut)
        {
            for connection in connections {
                body::edit(connection, |fields| {
                    fields.retain(|name, _| name == "name" || name == "properties")
                });
                if let Some(properties) = connection.get_mut("properties").and_then(Value::as_object_mut) {
                    properties.retain(|name, _| {
                        name != "provisioningState" && name != "privateLinkServiceConnectionState"
                    });
                }
            }
        }
    }
    if let Some(configurations) = request
        .pointer_mut("/properties/ipConfigurations")
        .and_then(Value::as_array_mut)
    {
        for configuration in configurations {
            body::edit(configuration, |fields| {
                fields.retain(|name, _| name == "name" || name == "properties")
            });
            if let Some(properties) = configuration.get_mut("properties").and_then(Value::as_object_mut) {
                properties.remove("provisioningState");
            }
        }
    }
}

/// ARM behaviour: exactly one connection in both lists together.
pub(super) fn wanted(record: &Record) -> Result<Wanted, Failure> {
    let mut found = Vec::new();
    for (list, manual) in LISTS.iter().zip([false, true]) {
        for connection in body::all(&record.body, &format!("properties.{list}.*")) {
            found.push((manual, connection));
        }
    }
    let [(manual, connection)] = found.as_slice() else {
        return Err(errors::invalid_format(
            "InvalidPrivateLinkServiceConnections",
            format!(
                "Private endpoint {} must have exactly one private link service connection; the request has {}.",
                record.id,
                found.len()
            ),
        ));
    };
    let name = parts::name_of(connection)?.to_owned();
    let Some(target) = body::text(connection, "properties.privateLinkServiceId") else {
        return Err(errors::invalid_format(
            "MissingJsonReferenceId",
            "Value for reference id is missing. Path properties.privateLinkServiceConnections[0].properties.privateLinkServiceId.",
        ));
    };
    Ok(Wanted {
        manual: *manual,
        name,
        target: target.to_owned(),
        groups: body::texts(connection, "properties.groupIds"),
        message: body::text(connection, "properties.requestMessage")
            .unwrap_or_default()
            .to_owned(),
    })
}

/// ARM behaviour: the subnet is there, in the endpoint's region and subscription, provisioned and not delegated.
pub(super) fn subnet_of(world: &World<'_, '_>, record: &Record) -> Result<Arc<Record>, Failure> {
    let id = record.text(&["properties", "subnet", "id"]).unwrap_or_default();
    let key = id.to_ascii_lowercase();
    let unknown = || errors::invalid_reference(id, &record.id);
    let found = world
        .state
        .get(&key)
        .cloned()
        .filter(|found| found.resource_type.ends_with("/subnets"))
        .ok_or_else(unknown)?;
    let network = parent_key(&key)
        .and_then(|parent| world.state.get(parent))
        .ok_or_else(unknown)?;
    let region = |record: &Record| squeezed(record.location().unwrap_or_default());
    let subscription = |id: &str| id.split('/').nth(2).map(str::to_ascii_lowercase);
    if region(network) != region(record) || subscription(id) != subscription(&record.id) {
        return Err(unknown());
    }
    if found.deleting {
        return Err(unknown());
    }
    if found.operation.is_some() {
        return Err(errors::reference_not_provisioned(
            &found.id,
            &record.id,
            "PutSubnetOperation",
        ));
    }
    if body::at(&found.body, "properties.delegations")
        .and_then(Value::as_array)
        .is_some_and(|delegations| !delegations.is_empty())
    {
        return Err(Failure::network(
            400,
            "ResourceNotPermittedOnDelegatedSubnet",
            format!(
                "Resource {} of type 'Microsoft.Network/privateEndpoints' is not permitted on subnet {} that is delegated.",
                record.id, found.id
            ),
        ));
    }
    Ok(found)
}

/// ARM behaviour: what an endpoint points at and where it is cannot change.
pub(super) fn check_unchanged(existing: &Record, wanted: &Record) -> Result<(), Failure> {
    let comparable = |record: &Record, path: &str| {
        let values: Vec<String> = body::all(&record.body, path)
            .into_iter()
            .map(|value| value.to_string().to_ascii_lowercase())
            .collect();
        values
    };
    let mut paths = vec![
        "properties.subnet.id".to_owned(),
        "properties.customNetworkInterfaceName".to_owned(),
    ];
    for list in LISTS {
        paths.push(format!("properties.{list}.*.properties.privateLinkServiceId"));
        paths.push(format!("properties.{list}.*.properties.groupIds"));
    }
    for path in paths {
        if comparable(existing, &path) != comparable(wanted, &path) {
            return Err(unchangeable(existing, &path));
        }
    }
    Ok(())
}

/// A property of an endpoint cannot change.
pub(super) fn unchangeable(existing: &Record, path: &str) -> Failure {
    Failure::network(
        400,
        "PropertyChangeNotAllowed",
        format!(
            "Changing property '{}' of private endpoint {} is not allowed. Delete the private endpoint and create it again.",
            path.replace(".*", ""),
            existing.id
        ),
    )
}

/// Finds what the connection points at.
pub(super) fn aim(world: &World<'_, '_>, record: &Record, wanted: &Wanted) -> Result<Aim, Failure> {
    let subscription = record.id.split('/').nth(2).unwrap_or_default();
    let invalid_service = || {
        Failure::network(
            400,
            "InvalidPrivateLinkServiceId",
            format!(
                "PrivateLinkServiceId Invalid private link service id {}.",
                wanted.target
            ),
        )
    };
    let (found, by_alias) = if wanted.target.starts_with('/') {
        let place = Place::parse(&wanted.target).ok_or_else(invalid_service)?;
        let found = world
            .state
            .get(&place.key)
            .cloned()
            .filter(|found| !found.deleting);
        (
            found.ok_or_else(|| errors::invalid_reference(&wanted.target, &record.id))?,
            false,
        )
    } else {
        if !wanted
            .target
            .to_ascii_lowercase()
            .ends_with(".azure.privatelinkservice")
        {
            return Err(invalid_service());
        }
        if !wanted.manual {
            return Err(Failure::network(
                400,
                "PrivateLinkServiceAliasRequiresManualConnection",
                format!(
                    "Private endpoint {} refers to a private link service by its alias: this needs manualPrivateLinkServiceConnections.",
                    record.id
                ),
            ));
        }
        let found = world
            .state
            .by_alias(&wanted.target)
            .filter(|service| link_service::is_visible(service, subscription));
        (found.cloned().ok_or_else(invalid_service)?, true)
    };
    let Some(target) = Target::of(&found.resource_type) else {
        return Err(invalid_service());
    };
    if wanted.message.chars().count() > target.message_limit {
        return Err(Failure::network(
            400,
            "PrivateEndpointRequestMessageTooLong",
            format!(
                "The request message of private endpoint {} has more than {} characters.",
                record.id, target.message_limit
            ),
        ));
    }
    check_sku(&found, target)?;
    let group = if target.is_service() {
        if !wanted.groups.is_empty() {
            return Err(Failure::network(
                400,
                "GroupIdsNotAllowedForPrivateLinkService",
                format!(
                    "Private endpoint {}: a connection to a private link service has no group ids.",
                    record.id
                ),
            ));
        }
        link_service::check_room(world.state, &found)?;
        None
    } else {
        Some(group(world.state, record, &found, target, &wanted.groups)?)
    };
    let approved = if target.is_service() {
        (!wanted.manual && !by_alias) || link_service::approves(&found, subscription)
    } else {
        !wanted.manual
    };
    Ok(Aim {
        record: Some(found),
        target: Some(target),
        group,
        approved,
    })
}

/// What the target's provider says to the endpoint's.
fn told_by_provider(target: &Target, message: &str) -> Failure {
    Failure::network(
        400,
        "BadRequest",
        format!(
            "Call to {} failed. Error message: {message}",
            target.resource_type
        ),
    )
}

/// ARM behaviour: the cheaper SKUs of some types have no private endpoints.
fn check_sku(found: &Record, target: &Target) -> Result<(), Failure> {
    let sku = body::text(&found.body, "sku.name").unwrap_or_default();
    let without = target.without_endpoints;
    match without.iter().find(|one| one.eq_ignore_ascii_case(sku)) {
        Some(sku) => {
            let message = format!("Private endpoints are not supported for the SKU {sku}.");
            Err(told_by_provider(target, &message))
        }
        None => Ok(()),
    }
}

/// ARM behaviour: one group for each connection, and the target's provider says whether it knows it.
pub(super) fn group(
    state: &State,
    record: &Record,
    found: &Record,
    target: &Target,
    groups: &[String],
) -> Result<FilledGroup, Failure> {
    match groups {
        [] => Err(Failure::network(
            400,
            "MissingParameterOnPrivateLinkServiceConnection",
            format!(
                "Private link service connection of private endpoint {} is missing required parameter 'group Id'.",
                record.id
            ),
        )),
        [one] => target
            .group(state, found, one)
            .ok_or_else(|| told_by_provider(target, "Invalid groupId")),
        _ => Err(Failure::network(
            400,
            "MultipleGroupIdsOnPrivateLinkServiceConnection",
            format!(
                "Private link service connection of private endpoint {} has {} group ids; only one is allowed.",
                record.id,
                groups.len()
            ),
        )),
    }
}
