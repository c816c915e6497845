//! Which resources can be in a perimeter, and the provider's answers about them.

use serde_json::{Value, json};

use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::state::world::World;
use crate::types::traffic::SERVICE_TAGS;

/// A type whose resources can be in a perimeter.
pub(crate) struct Associable {
    pub(crate) resource_type: &'static str,
    pub(crate) api_version: &'static str,
    zones: &'static [&'static str],
    features: &'static [&'static str],
}

const fn associable(
    resource_type: &'static str,
    api_version: &'static str,
    zones: &'static [&'static str],
    features: &'static [&'static str],
) -> Associable {
    Associable {
        resource_type,
        api_version,
        zones,
        features,
    }
}

/// All of them, as Azure listed them in October 2025.
pub(crate) static ASSOCIABLE: &[Associable] = &[
    associable(
        "Microsoft.Sql/servers",
        "2021-02-01-preview",
        &["database.windows.net"],
        &[],
    ),
    associable(
        "Microsoft.Storage/storageAccounts",
        "2021-09-01",
        &[
            "blob.core.windows.net",
            "table.core.windows.net",
            "queue.core.windows.net",
            "file.core.windows.net",
            "web.core.windows.net",
            "dfs.core.windows.net",
        ],
        &[],
    ),
    associable(
        "Microsoft.EventHub/namespaces",
        "2022-01-01-preview",
        &["servicebus.windows.net"],
        &[],
    ),
    associable(
        "Microsoft.CognitiveServices/accounts",
        "2021-10-01",
        &["cognitiveservices.azure.com", "openai.azure.com"],
        &[],
    ),
    associable(
        "Microsoft.Search/searchServices",
        "2021-06-06-Preview",
        &["search.windows.net"],
        &[],
    ),
    associable(
        "Microsoft.Purview/accounts",
        "2022-02-01-preview",
        &["purview.azure.com"],
        &[],
    ),
    associable(
        "Microsoft.ContainerService/managedClusters",
        "2022-03-01",
        &["azmk8s.io"],
        &[],
    ),
    associable(
        "Microsoft.KeyVault/vaults",
        "2022-02-01-preview",
        &["vault.azure.net", "vaultcore.azure.net"],
        &[],
    ),
    associable(
        "Microsoft.OperationalInsights/workspaces",
        "2021-10-01",
        &[
            "monitor.azure.com",
            "oms.opinsights.azure.com",
            "ods.opinsights.azure.com",
            "agentsvc.azure-automation.net",
            "blob.core.windows.net",
        ],
        &["query", "ingestion"],
    ),
    associable(
        "Microsoft.Insights/dataCollectionEndpoints",
        "2021-10-01",
        &["monitor.azure.com"],
        &[],
    ),
    associable(
        "Microsoft.ServiceBus/namespaces",
        "2025-05-01-preview",
        &["servicebus.windows.net"],
        &[],
    ),
    associable("Microsoft.Insights/ScheduledQueryRules", "2021-10-01", &[], &[]),
    associable(
        "Microsoft.Insights/actionGroups",
        "2021-10-01",
        &[
            "azns.azure.com",
            "azns.azure.net",
            "azns.azure.cn",
            "azns.microsofticm.com",
            "azurenotifications.msftcloudes.cn",
            "azurenotifications.msftcloudes.net",
        ],
        &[],
    ),
    associable(
        "Microsoft.DocumentDB/databaseAccounts",
        "2024-05-15-preview",
        &[
            "documents.azure.com",
            "mongo.cosmos.azure.com",
            "cassandra.cosmos.azure.com",
            "gremlin.cosmos.azure.com",
            "table.cosmos.azure.com",
        ],
        &[],
    ),
    associable(
        "Microsoft.Devices/IotHubs",
        "2023-07-15-preview",
        &["servicebus.windows.net", "azure-devices.net"],
        &[],
    ),
    associable(
        "Microsoft.DigitalTwins/digitalTwinsInstances",
        "2023-06-30-preview",
        &[
            "digitaltwins.azure.net",
            "digitaltwins.azure.cn",
            "azuredigitaltwins-ppe.net",
        ],
        &[],
    ),
    associable(
        "Microsoft.Attestation/attestationProviders",
        "2023-03-01-preview",
        &["attest.azure.net", "attest.azure.us"],
        &[],
    ),
    associable(
        "Microsoft.BotService/botServices",
        "2022-06-15-preview",
        &["botframework.com"],
        &["bot", "channelClient", "tokenService"],
    ),
    associable(
        "Microsoft.ContainerRegistry/registries",
        "2023-05-31-preview",
        &["azurecr.io"],
        &[],
    ),
    associable(
        "Microsoft.DeviceUpdate/accounts",
        "2023-09-01-preview",
        &["adu.microsoft.com"],
        &[],
    ),
    associable(
        "Microsoft.EventGrid/topics",
        "2023-06-01-preview",
        &["eventgrid.azure.net"],
        &[],
    ),
    associable(
        "Microsoft.EventGrid/domains",
        "2023-06-01-preview",
        &["eventgrid.azure.net"],
        &[],
    ),
    associable(
        "Microsoft.AppConfiguration/configurationStores",
        "2025-08-01-preview",
        &["azconfig.io", "azconfig.azure.us", "azconfig.azure.cn"],
        &[],
    ),
    associable(
        "Microsoft.Batch/batchAccounts",
        "2024-03-01-privatepreview",
        &[
            "batch.azure.com",
            "batch.chinacloudapi.cn",
            "batch.eaglex.ic.gov",
            "batch.microsoft.scloud",
            "batch-test.windows-int.net",
            "batch.usgovcloudapi.net",
        ],
        &[],
    ),
    associable(
        "Microsoft.Web/sites",
        "2022-03-01",
        &["azurewebsites.net"],
        &["mainSite", "scmSite", "mainSiteForSlots", "scmSiteForSlots"],
    ),
    associable(
        "Microsoft.HybridCompute/privateLinkScopes",
        "2023-10-03-preview",
        &[
            "his.arc.azure.com",
            "guestconfiguration.azure.com",
            "dp.kubernetesconfiguration.azure.com",
        ],
        &[],
    ),
    associable(
        "Microsoft.Communication/CommunicationServices",
        "2023-12-25-preview",
        &["communication.azure.com", "communication.azure.net"],
        &[],
    ),
    associable(
        "Microsoft.Network/networkWatchers",
        "2024-01-01",
        &["networkwatcher.azure.com"],
        &[],
    ),
    associable(
        "Microsoft.Kusto/clusters",
        "2025-02-14",
        &["kusto.windows.net"],
        &[],
    ),
];

/// How many are on a page.
const PAGE: usize = 10;

/// The type, where its resources can be in a perimeter; types compare without case.
pub(crate) fn of(resource_type: &str) -> Option<&'static Associable> {
    ASSOCIABLE
        .iter()
        .find(|known| known.resource_type.eq_ignore_ascii_case(resource_type))
}

/// Lists them.
///
/// ARM behaviour: in pages of ten; the subscription in their ids is not filled in, and the last page's link is empty.
pub(crate) fn list(world: &World<'_, '_>, _: &str, _: &str) -> Result<Outcome, Failure> {
    let call = world.call;
    let number = |name: &str, usual: usize| {
        call.query(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(usual)
    };
    let first: usize = number("firstIndex", 0);
    let size: usize = number("pageSize", PAGE).max(1);
    let shown = |known: &Associable| {
        let (namespace, short) = known.resource_type.split_once('/').unwrap_or_default();
        let name = known.resource_type.replace('/', ".");
        json!({
            "type": "Microsoft.Network/PerimeterAssociableResourceTypes",
            "name": name,
            "id": format!("/subscriptions/{{subscriptionId}}/providers/Microsoft.Network/PerimeterAssociableResourceTypes/{name}"),
            "properties": {
                "providerNamespace": namespace,
                "resourceType": short,
                "displayName": known.resource_type,
                "apiVersion": known.api_version,
                "publicDnsZones": known.zones,
                "features": known.features,
                "availableControls": [],
            },
        })
    };
    let value: Vec<Value> = ASSOCIABLE.iter().skip(first).take(size).map(shown).collect();
    let next = first.saturating_add(size);
    let link = if next < ASSOCIABLE.len() {
        let (origin, path, version) = (&call.origin, &call.path, &call.api_version);
        format!("{origin}{path}?api-version={version}&firstIndex={next}&pageSize={size}")
    } else {
        String::new()
    };
    Ok(Outcome::json(
        200,
        json!({"type": "", "nextLink": link, "value": value}),
    ))
}

/// The service tags that rules can name.
///
/// ARM behaviour: one element has them all, on one page.
pub(crate) fn service_tags(_: &World<'_, '_>, _: &str, _: &str) -> Result<Outcome, Failure> {
    Ok(Outcome::json(
        200,
        json!({"value": [{"serviceTags": SERVICE_TAGS}], "nextLink": ""}),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types;

    #[test]
    fn what_can_be_in_a_perimeter_has_configurations() {
        for known in ASSOCIABLE {
            let name = format!("{}/networkSecurityPerimeterConfigurations", known.resource_type);
            assert!(!types::find(&name).generic, "{name}");
        }
    }
}
