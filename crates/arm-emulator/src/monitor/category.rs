//! The categories of logs and metrics that resources have: a table, and what is answered from it.

use serde_json::{Value, json};

use super::setting;
use crate::body;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::state::world::World;
use crate::types::hooks::Instead;

/// Categories of a type: logs, those of them that are in the group `audit`, metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Categories {
    resource_type: &'static str,
    pub(crate) logs: &'static [&'static str],
    pub(crate) audit: &'static [&'static str],
    pub(crate) metrics: &'static [&'static str],
}

const ALL_METRICS: &[&str] = &["AllMetrics"];
const STORAGE_LOGS: &[&str] = &["StorageRead", "StorageWrite", "StorageDelete"];
const STORAGE_METRICS: &[&str] = &["Transaction", "Capacity"];

const fn of(
    resource_type: &'static str,
    logs: &'static [&'static str],
    audit: &'static [&'static str],
    metrics: &'static [&'static str],
) -> Categories {
    Categories {
        resource_type,
        logs,
        audit,
        metrics,
    }
}

/// After Azure's lists of supported logs and metrics, as far as they are known here.
const TABLE: &[Categories] = &[
    of("Microsoft.Network/privateEndpoints", &[], &[], ALL_METRICS),
    of("Microsoft.Network/privateLinkServices", &[], &[], ALL_METRICS),
    of("Microsoft.Network/networkInterfaces", &[], &[], ALL_METRICS),
    of("Microsoft.Network/privateDnsZones", &[], &[], ALL_METRICS),
    of("Microsoft.Network/dnsResolvers", &[], &[], ALL_METRICS),
    of("Microsoft.Network/dnsForwardingRulesets", &[], &[], ALL_METRICS),
    of(
        "Microsoft.Network/virtualNetworks",
        &["VMProtectionAlerts"],
        &[],
        ALL_METRICS,
    ),
    of(
        "Microsoft.Network/networkSecurityGroups",
        &["NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"],
        &[],
        &[],
    ),
    of(
        "Microsoft.Network/loadBalancers",
        &["LoadBalancerHealthEvent"],
        &[],
        ALL_METRICS,
    ),
    of(
        "Microsoft.Network/publicIPAddresses",
        &[
            "DDoSProtectionNotifications",
            "DDoSMitigationFlowLogs",
            "DDoSMitigationReports",
        ],
        &[],
        ALL_METRICS,
    ),
    of(
        "Microsoft.Network/networkSecurityPerimeters",
        &[
            "NspPublicInboundPerimeterRulesAllowed",
            "NspPublicInboundPerimeterRulesDenied",
            "NspPublicOutboundPerimeterRulesAllowed",
            "NspPublicOutboundPerimeterRulesDenied",
            "NspIntraPerimeterInboundAllowed",
            "NspPublicInboundResourceRulesAllowed",
            "NspPublicInboundResourceRulesDenied",
            "NspPublicOutboundResourceRulesAllowed",
            "NspPublicOutboundResourceRulesDenied",
            "NspPrivateInboundAllowed",
            "NspCrossPerimeterOutboundAllowed",
            "NspCrossPerimeterInboundAllowed",
            "NspOutboundAttempt",
        ],
        &[],
        &[],
    ),
    of(
        "Microsoft.KeyVault/vaults",
        &["AuditEvent", "AzurePolicyEvaluationDetails"],
        &["AuditEvent"],
        ALL_METRICS,
    ),
    of("Microsoft.Storage/storageAccounts", &[], &[], STORAGE_METRICS),
    of(
        "Microsoft.Storage/storageAccounts/blobServices",
        STORAGE_LOGS,
        STORAGE_LOGS,
        STORAGE_METRICS,
    ),
    of(
        "Microsoft.Storage/storageAccounts/fileServices",
        STORAGE_LOGS,
        STORAGE_LOGS,
        STORAGE_METRICS,
    ),
    of(
        "Microsoft.Storage/storageAccounts/queueServices",
        STORAGE_LOGS,
        STORAGE_LOGS,
        STORAGE_METRICS,
    ),
    of(
        "Microsoft.Storage/storageAccounts/tableServices",
        STORAGE_LOGS,
        STORAGE_LOGS,
        STORAGE_METRICS,
    ),
    of(
        "Microsoft.ContainerRegistry/registries",
        &[
            "ContainerRegistryRepositoryEvents",
            "ContainerRegistryLoginEvents",
        ],
        &["ContainerRegistryLoginEvents"],
        ALL_METRICS,
    ),
    of(
        "Microsoft.Search/searchServices",
        &["OperationLogs"],
        &["OperationLogs"],
        ALL_METRICS,
    ),
    of(
        "Microsoft.CognitiveServices/accounts",
        &["Audit", "RequestResponse", "AzureOpenAIRequestUsage", "Trace"],
        &["Audit"],
        ALL_METRICS,
    ),
];

/// What is known about the categories of a type; of most types nothing, and then any category is taken.
pub(crate) fn of_type(resource_type: &str) -> Option<&'static Categories> {
    TABLE
        .iter()
        .find(|known| known.resource_type.eq_ignore_ascii_case(resource_type))
}

/// Names of categories for people, where they are another text.
const DISPLAY: &[(&str, &str)] = &[("VMProtectionAlerts", "VM protection alerts")];

/// From when on answers say what categories are called, and which groups they are in.
const WITH_GROUPS: &str = "2021-05-01";

/// ARM behaviour: the id of the resource is in lower case, and what a category cannot have is `null`.
fn all(scope: &str, api_version: &str) -> Vec<Value> {
    let known = Place::parse(scope).and_then(|place| of_type(&place.resource_type));
    let Some(known) = known else {
        return Vec::new();
    };
    let scope = scope.to_ascii_lowercase();
    let shown = |name: &str, kind: &str| {
        let mut category = json!({
            "id": format!("{scope}/providers/microsoft.insights/diagnosticSettingsCategories/{name}"),
            "name": name,
            "type": "microsoft.insights/diagnosticSettingsCategories",
            "location": null,
            "kind": null,
            "tags": null,
            "properties": {"categoryType": kind},
            "identity": null,
        });
        if api_version >= WITH_GROUPS {
            let display = DISPLAY.iter().find(|(known, _)| *known == name);
            let display = display.map_or(name, |(_, display)| display);
            body::put(&mut category, "properties.displayName", json!(display));
            if kind == "Logs" {
                body::put(
                    &mut category,
                    "properties.categoryGroups",
                    json!(groups(known, name)),
                );
            }
        }
        category
    };
    let logs = known.logs.iter().map(|name| shown(name, "Logs"));
    let metrics = known.metrics.iter().map(|name| shown(name, "Metrics"));
    logs.chain(metrics).collect()
}

/// The groups that a category of logs is in.
fn groups(known: &Categories, name: &str) -> &'static [&'static str] {
    if known.audit.contains(&name) {
        &["audit", "allLogs"]
    } else {
        &["allLogs"]
    }
}

/// The id of what a request's path is about the categories of.
fn scope_of(path: &str) -> &str {
    crate::request::place::split_provider(path).map_or(path, |(scope, _)| scope)
}

/// Answers the list.
pub(crate) fn list(world: &World<'_, '_>, _: &str) -> Instead {
    let scope = scope_of(&world.call.path);
    let there = world.state.get(&scope.to_ascii_lowercase())?;
    Some(Ok(Outcome::json(
        200,
        json!({"value": all(&there.id, &world.call.api_version)}),
    )))
}

/// Answers one category.
pub(crate) fn read(world: &World<'_, '_>, place: &Place) -> Instead {
    let there = world.state.get(&scope_of(&place.id).to_ascii_lowercase())?;
    let found = all(&there.id, &world.call.api_version)
        .into_iter()
        .find(|category| {
            category
                .get("name")
                .and_then(Value::as_str)
                .is_some_and(|name| name.eq_ignore_ascii_case(&place.name))
        });
    Some(match found {
        Some(category) => Ok(Outcome::json(200, category)),
        None => Err(setting::refusal(
            404,
            "NotFound",
            format!(
                "The diagnostic setting category '{}' could not be found.",
                place.name
            ),
        )),
    })
}
