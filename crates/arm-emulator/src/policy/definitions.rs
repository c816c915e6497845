//! Policy definitions: those of Azure that are about private DNS and public access, and those that requests make.

use serde_json::{Value, json};

use super::{assignments, rule};
use crate::body;
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, split_provider};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::types::hooks::Instead;

const PREFIX: &str = "/providers/Microsoft.Authorization/policyDefinitions/";

/// Azure's policies that give endpoints a zone group: GUID, title, type of the target, and its group.
const ZONE_GROUPS: &[(&str, &str, &str, &str)] = &[
    (
        "75973700-529f-4de2-b794-fb9b6781b6b0",
        "Configure a private DNS Zone ID for blob groupID",
        "Microsoft.Storage/storageAccounts",
        "blob",
    ),
    (
        "6df98d03-368a-4438-8730-a93c4d7693d6",
        "Configure a private DNS Zone ID for file groupID",
        "Microsoft.Storage/storageAccounts",
        "file",
    ),
    (
        "bcff79fb-2b0d-47c9-97e5-3023479b00d1",
        "Configure a private DNS Zone ID for queue groupID",
        "Microsoft.Storage/storageAccounts",
        "queue",
    ),
    (
        "028bbd88-e9b5-461f-9424-a1b63a7bee1a",
        "Configure a private DNS Zone ID for table groupID",
        "Microsoft.Storage/storageAccounts",
        "table",
    ),
    (
        "ac673a9a-f77d-4846-b2d8-a57f8e1c01d4",
        "Configure Azure Key Vaults to use private DNS zones",
        "Microsoft.KeyVault/vaults",
        "vault",
    ),
    (
        "e9585a95-5b8c-4d03-b193-dc7eb5ac4c32",
        "Configure Container registries to use private DNS zones",
        "Microsoft.ContainerRegistry/registries",
        "registry",
    ),
    (
        "f0fcf93c-c063-4071-9668-c47474bd3564",
        "Configure Service Bus namespaces to use private DNS zones",
        "Microsoft.ServiceBus/namespaces",
        "namespace",
    ),
    (
        "b318f84a-b872-429b-ac6d-a01b96814452",
        "Configure App Service apps to use private DNS zones",
        "Microsoft.Web/sites",
        "sites",
    ),
];

/// Azure's policies against public access: GUID, title and type.
const PUBLIC_ACCESS: &[(&str, &str, &str)] = &[
    (
        "b2982f36-99f2-4db5-8eff-283140c09693",
        "Storage accounts should disable public network access",
        "Microsoft.Storage/storageAccounts",
    ),
    (
        "405c5871-3e91-4644-8a63-58e19d68ff5b",
        "Azure Key Vault should disable public network access",
        "Microsoft.KeyVault/vaults",
    ),
    (
        "cbd11fd3-3002-4907-b6c8-579f0e700e13",
        "Service Bus Namespaces should disable public network access",
        "Microsoft.ServiceBus/namespaces",
    ),
    (
        "0fdf0491-d080-4575-b627-ad0e843cba0f",
        "Public network access should be disabled for Container registries",
        "Microsoft.ContainerRegistry/registries",
    ),
];

const ALLOWED_LOCATIONS: &str = "e56962a6-4747-49cd-b67b-bf8b01975c4c";

const NETWORK_CONTRIBUTOR: &str =
    "/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7";

/// The built-in definitions.
fn built_in() -> Vec<Value> {
    let zone_groups = ZONE_GROUPS
        .iter()
        .map(|(guid, title, target, group)| shown_built_in(guid, title, &zone_group(target, group)));
    let access = PUBLIC_ACCESS
        .iter()
        .map(|(guid, title, target)| shown_built_in(guid, title, &public_access(target)));
    let locations = shown_built_in(ALLOWED_LOCATIONS, "Allowed locations", &allowed_locations());
    zone_groups.chain(access).chain([locations]).collect()
}

fn shown_built_in(guid: &str, title: &str, content: &Value) -> Value {
    let mut shown = json!({
        "id": format!("{PREFIX}{guid}"),
        "name": guid,
        "type": "Microsoft.Authorization/policyDefinitions",
        "properties": {
            "displayName": title,
            "policyType": "BuiltIn",
            "mode": "Indexed",
            "description": title,
            "metadata": {"version": "1.0.0"},
            "version": "1.0.0",
        },
    });
    if let Some(content) = content.as_object() {
        for (name, value) in content {
            body::put(&mut shown, &format!("properties.{name}"), value.clone());
        }
    }
    shown
}

fn effect(allowed: &[&str], default: &str) -> Value {
    json!({"type": "String", "allowedValues": allowed, "defaultValue": default})
}

fn zone_group(target: &str, group: &str) -> Value {
    const CONNECTIONS: &str = "Microsoft.Network/privateEndpoints/privateLinkServiceConnections[*]";
    json!({
        "parameters": {
            "privateDnsZoneId": {"type": "String", "metadata": {"strongType": "Microsoft.Network/privateDnsZones"}},
            "effect": effect(&["DeployIfNotExists", "Disabled"], "DeployIfNotExists"),
        },
        "policyRule": {
            "if": {"allOf": [
                {"field": "type", "equals": "Microsoft.Network/privateEndpoints"},
                {"count": {"field": CONNECTIONS, "where": {"allOf": [
                    {"field": format!("{CONNECTIONS}.privateLinkServiceId"), "contains": target},
                    {"field": format!("{CONNECTIONS}.groupIds[*]"), "equals": group},
                ]}}, "greaterOrEquals": 1},
            ]},
            "then": {"effect": "[parameters('effect')]", "details": {
                "type": "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
                "roleDefinitionIds": [NETWORK_CONTRIBUTOR],
                "deployment": {"properties": {
                    "mode": "incremental",
                    "parameters": {
                        "privateDnsZoneId": {"value": "[parameters('privateDnsZoneId')]"},
                        "privateEndpointName": {"value": "[field('name')]"},
                        "location": {"value": "[field('location')]"},
                    },
                    "template": {"resources": [{
                        "type": "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
                        "apiVersion": "2020-03-01",
                        "name": "[concat(parameters('privateEndpointName'), '/deployedByPolicy')]",
                        "location": "[parameters('location')]",
                        "properties": {"privateDnsZoneConfigs": [{
                            "name": format!("{group}-privateDnsZone"),
                            "properties": {"privateDnsZoneId": "[parameters('privateDnsZoneId')]"},
                        }]},
                    }]},
                }},
            }},
        },
    })
}

fn public_access(target: &str) -> Value {
    json!({
        "parameters": {"effect": effect(&["Audit", "Deny", "Disabled"], "Audit")},
        "policyRule": {
            "if": {"allOf": [
                {"field": "type", "equals": target},
                {"field": format!("{target}/publicNetworkAccess"), "notEquals": "Disabled"},
            ]},
            "then": {"effect": "[parameters('effect')]"},
        },
    })
}

fn allowed_locations() -> Value {
    json!({
        "parameters": {"listOfAllowedLocations": {"type": "Array", "metadata": {"strongType": "location"}}},
        "policyRule": {
            "if": {"allOf": [
                {"field": "location", "notIn": "[parameters('listOfAllowedLocations')]"},
                {"field": "location", "notEquals": "global"},
            ]},
            "then": {"effect": "deny"},
        },
    })
}

/// The definition with this id, built in or made.
pub(crate) fn find(state: &State, id: &str) -> Option<Value> {
    if let Some(record) = state.get(&id.to_ascii_lowercase()) {
        return Some(answer::render(state, record));
    }
    // A definition that is built in is found below any scope.
    let (scope, tail) = split_provider(id)?;
    let name = tail
        .get(.."Microsoft.Authorization/policyDefinitions/".len())
        .filter(|head| head.eq_ignore_ascii_case("Microsoft.Authorization/policyDefinitions/"))
        .and_then(|head| tail.get(head.len()..))?;
    let is_root = scope.is_empty() || scope.split('/').count() == 3;
    built_in()
        .into_iter()
        .filter(|_| is_root)
        .find(|shown| body::text(shown, "name").is_some_and(|known| known.eq_ignore_ascii_case(name)))
}

/// Answers a read of a definition that is built in.
pub(crate) fn read(world: &World<'_, '_>, place: &Place) -> Instead {
    if world.state.get(&place.key).is_some() {
        return None;
    }
    Some(match find(world.state, &place.id) {
        Some(shown) => Ok(Outcome::json(200, shown)),
        None => Err(missing(&place.name)),
    })
}

/// No definition has this name.
pub(crate) fn missing(name: &str) -> Failure {
    Failure::provider(
        404,
        "PolicyDefinitionNotFound",
        format!("The policy definition '{name}' could not be found."),
    )
}

/// Answers a list: what is built in, and what was made at the scope.
///
/// ARM behaviour: `$filter` knows `policyType eq '…'`.
pub(crate) fn list(world: &World<'_, '_>, _: &str) -> Instead {
    let filter = world
        .call
        .query("$filter")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let wanted = filter
        .strip_prefix("policytype eq '")
        .and_then(|rest| rest.strip_suffix('\''));
    if !filter.is_empty() && wanted.is_none() && filter != "atexactscope()" {
        return Some(Err(crate::authorization::assignments::unknown_filter(&filter)));
    }
    let made = world
        .state
        .collection(&world.call.key)
        .map(|record| answer::render(world.state, record));
    let built_in = built_in().into_iter().filter(|_| filter != "atexactscope()");
    let value: Vec<Value> = built_in
        .chain(made)
        .filter(|shown| {
            let kind = body::text(shown, "properties.policyType").unwrap_or_default();
            wanted.is_none_or(|wanted| kind.eq_ignore_ascii_case(wanted))
        })
        .collect();
    Some(Ok(Outcome::json(200, json!({"value": value}))))
}

/// Checks a definition.
pub(crate) fn prepare(_: &mut World<'_, '_>, draft: &mut Draft, _: Option<&Record>) -> Result<(), Failure> {
    let content = &mut draft.record.body;
    let invalid = |message: String| Err(Failure::provider(400, "InvalidPolicyRule", message));
    let name = draft.record.id.rsplit('/').next().unwrap_or_default();
    let condition = body::at(content, "properties.policyRule.if");
    let effect = body::text(content, "properties.policyRule.then.effect");
    let (Some(condition), Some(_)) = (condition, effect) else {
        return invalid(format!(
            "The policy definition '{name}' rule is invalid. It needs 'if', and 'then' with 'effect'."
        ));
    };
    if let Some(mistake) = rule::mistake(condition) {
        return invalid(format!(
            "The policy definition '{name}' rule is invalid: {mistake}."
        ));
    }
    body::put(content, "properties.policyType", json!("Custom"));
    Ok(())
}

/// ARM behaviour: a definition that is assigned is not deleted.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    match assignments::of_definition(world.state, &record.id) {
        None => Ok(()),
        Some(assignment) => Err(Failure::provider(
            409,
            "PolicyDefinitionInUse",
            format!(
                "The policy definition '{}' is in use by the policy assignment '{assignment}' and cannot be deleted.",
                record.name()
            ),
        )),
    }
}
