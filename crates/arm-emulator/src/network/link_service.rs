//! Private link services as far as they are targets: alias, visibility, automatic approval, connections.

use serde_json::{Map, Value, json};

use crate::answer;
use crate::body;
use crate::errors::Failure;
use crate::network::connection;
use crate::record::Record;
use crate::state::State;
use crate::targets::squeezed;
use crate::world::{Draft, World};

/// Adds alias, parts and connections.
pub(crate) fn show(state: &State, record: &Record, etag: &str, properties: &mut Map<String, Value>) {
    if let Some(configurations) = properties.get_mut("ipConfigurations") {
        answer::show_parts(
            record,
            etag,
            configurations,
            "ipConfigurations",
            Some("Succeeded"),
        );
        for (number, configuration) in configurations.as_array_mut().into_iter().flatten().enumerate() {
            if body::at(configuration, "properties.primary").is_none() {
                body::put(configuration, "properties.primary", json!(number == 0));
            }
        }
    }
    properties.insert("alias".into(), json!(record.alias.clone().unwrap_or_default()));
    properties.insert(
        "networkInterfaces".into(),
        json!([{"id": format!("{}.nic.{}", interface_stem(record), record.guid)}]),
    );
    properties.insert(
        "privateEndpointConnections".into(),
        connection::list_on(state, &record.key()),
    );
}

fn interface_stem(record: &Record) -> String {
    record
        .id
        .replacen("/privateLinkServices/", "/networkInterfaces/", 1)
}

/// Gives a new service its alias, and checks who may see it.
///
/// ARM behaviour: its subnet has no network policies for private link services.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    let subnets = body::all(&record.body, "properties.ipConfigurations.*.properties.subnet.id");
    for id in subnets.into_iter().filter_map(Value::as_str) {
        let policies = world
            .state
            .get(&id.to_ascii_lowercase())
            .and_then(|subnet| subnet.text(&["properties", "privateLinkServiceNetworkPolicies"]));
        if policies.is_some_and(|policies| policies != "Disabled") {
            return Err(Failure::network(
                400,
                "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
                format!(
                    "Private link service {} cannot be created in a subnet {id} since it has private link service network policies enabled.",
                    record.id
                ),
            ));
        }
    }
    let visible = body::texts(&record.body, "properties.visibility.subscriptions");
    let automatic = body::texts(&record.body, "properties.autoApproval.subscriptions");
    if let Some(outside) = automatic
        .iter()
        .find(|one| !holds(&visible, one) && !visible.is_empty())
    {
        return Err(Failure::network(
            400,
            "AutoApprovalMustBeASubsetOfVisibility",
            format!(
                "Subscription {outside} in autoApproval of private link service {} is not in its visibility.",
                record.id
            ),
        ));
    }
    if record.alias.is_none() {
        let region = squeezed(record.location().unwrap_or_default());
        record.alias = Some(format!(
            "{}.{}.{region}.azure.privatelinkservice",
            record.name(),
            world.state.random.guid()
        ));
    }
    Ok(())
}

/// Whether the service can be found by a subscription.
///
/// ARM behaviour: its own subscription always can.
pub(crate) fn is_visible(service: &Record, subscription: &str) -> bool {
    owns(service, subscription)
        || holds(
            &body::texts(&service.body, "properties.visibility.subscriptions"),
            subscription,
        )
}

/// Whether connections from a subscription need nobody's approval.
pub(crate) fn approves(service: &Record, subscription: &str) -> bool {
    holds(
        &body::texts(&service.body, "properties.autoApproval.subscriptions"),
        subscription,
    )
}

fn owns(service: &Record, subscription: &str) -> bool {
    service
        .id
        .split('/')
        .nth(2)
        .is_some_and(|own| own.eq_ignore_ascii_case(subscription))
}

fn holds(subscriptions: &[String], subscription: &str) -> bool {
    subscriptions
        .iter()
        .any(|one| one == "*" || one.eq_ignore_ascii_case(subscription))
}

/// ARM behaviour: a service with connections is not deleted.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let collection = format!("{}/privateendpointconnections", record.key());
    match world.state.collection(&collection).next() {
        Some(connection) => Err(Failure::network(
            400,
            "CannotDeletePrivateLinkServiceWithPrivateEndpointConnections",
            format!(
                "Private link service {} cannot be deleted since it has private endpoint connections, for example {}. Delete the connections first.",
                record.id, connection.id
            ),
        )),
        None => Ok(()),
    }
}
