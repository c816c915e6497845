//! What the network provider says about a region: how much of what is used, and what subnets and rules can name there.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::operations::{self, OperationKind};
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::state::Key;
use crate::state::world::World;
use crate::targets::squeezed;
use crate::types::delegation::{DELEGATION_SERVICES, delegation_actions};
use crate::types::traffic::SERVICE_TAGS;
use crate::types::{self, Pace, Within};

/// The services that a subnet can have an endpoint for.
const ENDPOINT_SERVICES: &[&str] = &[
    "Microsoft.AzureActiveDirectory",
    "Microsoft.AzureCosmosDB",
    "Microsoft.CognitiveServices",
    "Microsoft.ContainerRegistry",
    "Microsoft.EventHub",
    "Microsoft.KeyVault",
    "Microsoft.ServiceBus",
    "Microsoft.Sql",
    "Microsoft.Storage",
    "Microsoft.Storage.Global",
    "Microsoft.Web",
];

fn list(value: Vec<Value>) -> Result<Outcome, Failure> {
    Ok(Outcome::json(200, json!({"value": value})))
}

/// The id of something that the provider names in a subscription.
fn id_of(subscription: &str, kind: &str, name: &str) -> String {
    format!("/subscriptions/{subscription}/providers/Microsoft.Network/{kind}/{name}")
}

/// `privateEndpoints` as `PrivateEndpoints`, and as `Private Endpoints`.
fn names_of(kind: &str) -> (String, String) {
    let (mut value, mut shown) = (String::new(), String::new());
    for (number, letter) in kind.chars().enumerate() {
        let upper = if number == 0 {
            letter.to_ascii_uppercase()
        } else {
            letter
        };
        if number > 0 && letter.is_ascii_uppercase() {
            shown.push(' ');
        }
        value.push(upper);
        shown.push(upper);
    }
    (value, shown)
}

/// How many resources there are of each type that has a limit in a region or subscription.
pub(crate) fn usages(world: &World<'_, '_>, subscription: &str, region: &str) -> Result<Outcome, Failure> {
    let region = squeezed(region);
    let mut value = Vec::new();
    for row in types::rows() {
        let Some(kind) = row.name.strip_prefix("Microsoft.Network/") else {
            continue;
        };
        let list = format!("/subscriptions/{subscription}/providers/{}", row.name).to_ascii_lowercase();
        for limit in row.limits {
            let count = match limit.within {
                Within::Parent => continue,
                Within::Subscription => world.state.collection_size(&list),
                Within::Region => {
                    let counted: Key = Arc::from(format!("{list}#{region}"));
                    usize::try_from(world.state.count_in(&counted)).unwrap_or(usize::MAX)
                }
            };
            let (name, shown) = names_of(kind);
            value.push(json!({
                "currentValue": count,
                "id": id_of(subscription, &format!("locations/{region}/usages"), &name),
                "limit": limit.most,
                "name": {"localizedValue": shown, "value": name},
                "unit": "Count",
            }));
        }
    }
    self::list(value)
}

/// The services that a subnet can be delegated to.
pub(crate) fn delegations(_: &World<'_, '_>, subscription: &str, _: &str) -> Result<Outcome, Failure> {
    let shown = |service: &&str| {
        let name = service.replace('/', ".");
        json!({
            "name": name,
            "id": id_of(subscription, "availableDelegations", &name),
            "type": "Microsoft.Network/availableDelegations",
            "serviceName": service,
            "actions": delegation_actions(service),
        })
    };
    list(DELEGATION_SERVICES.iter().map(shown).collect())
}

/// The services that a subnet can have an endpoint for.
pub(crate) fn endpoint_services(_: &World<'_, '_>, subscription: &str, _: &str) -> Result<Outcome, Failure> {
    let kind = "virtualNetworkEndpointServices";
    let shown = |name: &&str| {
        json!({
            "name": name,
            "id": id_of(subscription, kind, name),
            "type": format!("Microsoft.Network/{kind}"),
        })
    };
    list(ENDPOINT_SERVICES.iter().map(shown).collect())
}

/// The service tags that security rules and routes know. Which addresses are theirs nobody knows here.
pub(crate) fn service_tags(world: &World<'_, '_>, subscription: &str, _: &str) -> Result<Outcome, Failure> {
    let cloud = world.state.cloud().endpoints().name;
    let cloud = match cloud.strip_prefix("Azure").unwrap_or(cloud) {
        "Cloud" => "Public",
        "ChinaCloud" => "China",
        other => other,
    };
    let name = cloud.to_ascii_lowercase();
    let values: Vec<Value> = SERVICE_TAGS
        .iter()
        .map(|tag| {
            json!({
                "name": tag,
                "id": tag,
                "properties": {"changeNumber": "1", "region": "", "systemService": tag, "addressPrefixes": []},
            })
        })
        .collect();
    Ok(Outcome::json(
        200,
        json!({
            "name": name,
            "id": id_of(subscription, "serviceTags", &name),
            "type": "Microsoft.Network/serviceTags",
            "changeNumber": "1",
            "cloud": cloud,
            "values": values,
        }),
    ))
}

/// Lets a service that a subnet is delegated to prepare it, or give it back: an operation that changes nothing that is shown.
pub(crate) fn policies(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let table = types::find(&place.resource_type).table;
    let Some(record) = world.state.get(&place.key).cloned() else {
        return Err((table.hooks.missing)(world, place, "action"));
    };
    let pace = Pace {
        seconds: 3.0,
        retry_after: 3,
    };
    let operation = operations::begin(world, place, &record, table, OperationKind::Refused, pace);
    let mut outcome = Outcome::empty(202);
    outcome.headers = operations::headers_of_write(&operation, world.call, pace);
    world.state.begin(operation);
    Ok(outcome)
}
