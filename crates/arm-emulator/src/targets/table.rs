//! The table of targets.

use super::{ConnectionName, Group, GroupField, NOT_YET_TOLD, OnTheWay, Reconsiders, Target, Writing};
use crate::types;

macro_rules! group {
    ($id:literal, [$($member:literal => [$($name:literal),*]),*], [$($zone:literal),*]) => {
        Group { id: $id, members: &[$(($member, &[$($name),*])),*], zones: &[$($zone),*] }
    };
}

const BASE: Target = Target {
    resource_type: "",
    groups: &[],
    without_endpoints: &[],
    update_by_patch: false,
    update: Writing::Immediate,
    delete: Writing::Immediate,
    connection_name: ConnectionName::EndpointAndGuid,
    connection: &types::CONNECTION,
    auto_approved: "Auto-Approved",
    empty_description: true,
    actions_field: Some("actionsRequired"),
    actions_read_only: false,
    accepted: None,
    answers_bare: false,
    farewell: None,
    settled: "Succeeded",
    settled_otherwise: "Succeeded",
    on_the_way: OnTheWay {
        approved: "Updating",
        rejected: "Updating",
        deleted: "Deleting",
        status: None,
    },
    group_field: GroupField::None,
    shows_addresses: false,
    description_required: false,
    flat: false,
    title: "",
    lists_first_last: false,
    message_limit: 140,
    static_addresses: true,
    reconsiders: Reconsiders::Never,
};

/// A namespace of Event Hubs or Service Bus.
const MESSAGING: Target = Target {
    groups: &[
        group!("namespace", ["namespace" => ["{name}.servicebus.windows.net"]], ["privatelink.servicebus.windows.net"]),
    ],
    update: Writing::Operation,
    delete: Writing::Operation,
    connection_name: ConnectionName::Guid,
    connection: &types::MESSAGING_CONNECTION,
    actions_field: None,
    group_field: GroupField::List("groupIds"),
    ..BASE
};

/// What Event Grid has.
const EVENT_GRID: Target = Target {
    update: Writing::Created,
    delete: Writing::Accepted,
    connection: &types::EVENT_GRID_CONNECTION,
    auto_approved: "Auto-approved",
    answers_bare: true,
    title: "Event Grid",
    group_field: GroupField::List("groupIds"),
    ..BASE
};

/// All targets.
pub(crate) static TARGETS: &[Target] = &[
    Target {
        resource_type: "Microsoft.Storage/storageAccounts",
        groups: &[
            group!("blob", ["blob" => ["{name}.blob.core.windows.net"]], ["privatelink.blob.core.windows.net"]),
            group!("blob_secondary", ["blob_secondary" => ["{name}-secondary.blob.core.windows.net"]], ["privatelink.blob.core.windows.net"]),
            group!("table", ["table" => ["{name}.table.core.windows.net"]], ["privatelink.table.core.windows.net"]),
            group!("table_secondary", ["table_secondary" => ["{name}-secondary.table.core.windows.net"]], ["privatelink.table.core.windows.net"]),
            group!("queue", ["queue" => ["{name}.queue.core.windows.net"]], ["privatelink.queue.core.windows.net"]),
            group!("queue_secondary", ["queue_secondary" => ["{name}-secondary.queue.core.windows.net"]], ["privatelink.queue.core.windows.net"]),
            group!("file", ["file" => ["{name}.file.core.windows.net"]], ["privatelink.file.core.windows.net"]),
            group!("web", ["web" => ["{name}.web.core.windows.net"]], ["privatelink.web.core.windows.net"]),
            group!("web_secondary", ["web_secondary" => ["{name}-secondary.web.core.windows.net"]], ["privatelink.web.core.windows.net"]),
            group!("dfs", ["dfs" => ["{name}.dfs.core.windows.net"]], ["privatelink.dfs.core.windows.net"]),
            group!("dfs_secondary", ["dfs_secondary" => ["{name}-secondary.dfs.core.windows.net"]], ["privatelink.dfs.core.windows.net"]),
        ],
        connection_name: ConnectionName::TargetAndGuid,
        actions_field: Some("actionRequired"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.KeyVault/vaults",
        groups: &[
            group!("vault", ["default" => ["{name}.vault.azure.net"]], ["privatelink.vaultcore.azure.net"]),
        ],
        update: Writing::Answered,
        delete: Writing::Operation,
        connection_name: ConnectionName::EndpointConnection,
        connection: &types::VAULT_CONNECTION,
        auto_approved: "",
        empty_description: false,
        reconsiders: Reconsiders::Approves,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.KeyVault/managedHSMs",
        groups: &[
            group!("managedhsm", ["default" => ["{name}.managedhsm.azure.net"]], ["privatelink.managedhsm.azure.net"]),
        ],
        delete: Writing::Operation,
        reconsiders: Reconsiders::Approves,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Sql/servers",
        groups: &[
            group!("sqlServer", ["sqlServer" => ["{name}.database.windows.net"]], ["privatelink.database.windows.net"]),
        ],
        update: Writing::Operation,
        delete: Writing::Operation,
        connection_name: ConnectionName::EndpointDashGuid,
        connection: &types::SERVER_CONNECTION,
        auto_approved: "Auto-approved",
        actions_read_only: true,
        settled: "Ready",
        settled_otherwise: "Ready",
        message_limit: 128,
        on_the_way: OnTheWay {
            approved: "Approving",
            rejected: "Rejecting",
            deleted: "Dropping",
            status: None,
        },
        group_field: GroupField::List("groupIds"),
        description_required: true,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.DocumentDB/databaseAccounts",
        groups: &[
            group!("Sql", ["{name}" => ["{name}.documents.azure.com"], "{name}-{location}" => ["{name}-{location}.documents.azure.com"]], ["privatelink.documents.azure.com"]),
            group!("MongoDB", ["{name}" => ["{name}.mongo.cosmos.azure.com"], "{name}-{location}" => ["{name}-{location}.mongo.cosmos.azure.com"]], ["privatelink.mongo.cosmos.azure.com"]),
            group!("Cassandra", ["{name}" => ["{name}.cassandra.cosmos.azure.com"], "{name}-{location}" => ["{name}-{location}.cassandra.cosmos.azure.com"]], ["privatelink.cassandra.cosmos.azure.com"]),
            group!("Gremlin", ["{name}" => ["{name}.gremlin.cosmos.azure.com"], "{name}-{location}" => ["{name}-{location}.gremlin.cosmos.azure.com"]], ["privatelink.gremlin.cosmos.azure.com"]),
            group!("Table", ["{name}" => ["{name}.table.cosmos.azure.com"], "{name}-{location}" => ["{name}-{location}.table.cosmos.azure.com"]], ["privatelink.table.cosmos.azure.com"]),
            group!("Analytical", ["{name}" => ["{name}.analytics.cosmos.azure.com"], "{name}-{location}" => ["{name}-{location}.analytics.cosmos.azure.com"]], ["privatelink.analytics.cosmos.azure.com"]),
        ],
        update: Writing::Operation,
        delete: Writing::Accepted,
        connection_name: ConnectionName::Endpoint,
        auto_approved: "",
        empty_description: false,
        actions_read_only: true,
        accepted: Some(r#"{"status":"Enqueued"}"#),
        lists_first_last: true,
        group_field: GroupField::One("groupId"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.ContainerRegistry/registries",
        without_endpoints: &["Basic", "Standard"],
        groups: &[
            group!("registry", ["registry_data_{region}" => ["{name}.{region}.data.azurecr.io"], "registry" => ["{name}.azurecr.io"]], ["privatelink.azurecr.io"]),
        ],
        update: Writing::Created,
        delete: Writing::Operation,
        connection_name: ConnectionName::TargetAndDigits,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.EventHub/namespaces",
        without_endpoints: &["Basic"],
        ..MESSAGING
    },
    Target {
        resource_type: "Microsoft.ServiceBus/namespaces",
        without_endpoints: &["Basic", "Standard"],
        ..MESSAGING
    },
    Target {
        resource_type: "Microsoft.Web/sites",
        groups: &[
            group!("sites", ["sites" => ["{name}.azurewebsites.net", "{name}.scm.azurewebsites.net"]], ["privatelink.azurewebsites.net"]),
        ],
        update: Writing::Operation,
        delete: Writing::Operation,
        connection_name: ConnectionName::EndpointConnectionDashGuid,
        connection: &types::SITE_CONNECTION,
        auto_approved: "",
        settled_otherwise: "Pending",
        on_the_way: OnTheWay {
            approved: "Pending",
            rejected: "Pending",
            deleted: "Deleting",
            status: Some(("Rejecting", "Disconnecting")),
        },
        group_field: GroupField::List("groupIds"),
        shows_addresses: true,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.CognitiveServices/accounts",
        groups: &[
            group!("account", ["default" => ["{name}.cognitiveservices.azure.com", "{name}.openai.azure.com", "{name}.services.ai.azure.com"]],
            ["privatelink.cognitiveservices.azure.com", "privatelink.openai.azure.com", "privatelink.services.ai.azure.com"]),
        ],
        connection: &types::AI_CONNECTION,
        auto_approved: "Approved",
        empty_description: false,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Search/searchServices",
        without_endpoints: &["free"],
        groups: &[
            group!("searchService", ["searchService" => ["{name}.search.windows.net"]], ["privatelink.search.windows.net"]),
        ],
        auto_approved: "Auto-approved",
        actions_read_only: true,
        farewell: Some("Remove request from customer."),
        group_field: GroupField::One("groupId"),
        reconsiders: Reconsiders::Anything,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.DBforPostgreSQL/flexibleServers",
        groups: &[
            group!("postgresqlServer", ["postgresqlServer" => ["{name}.postgres.database.azure.com"]], ["privatelink.postgres.database.azure.com"]),
        ],
        update: Writing::Operation,
        delete: Writing::Accepted,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.DBforMySQL/flexibleServers",
        groups: &[
            group!("mysqlServer", ["mysqlServer" => ["{name}.mysql.database.azure.com"]], ["privatelink.mysql.database.azure.com"]),
        ],
        update: Writing::Operation,
        delete: Writing::Operation,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Cache/redis",
        groups: &[
            group!("redisCache", ["redisCache" => ["{name}.redis.cache.windows.net"]], ["privatelink.redis.cache.windows.net"]),
        ],
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Cache/redisEnterprise",
        groups: &[
            group!("redisEnterprise", ["redisEnterprise" => ["{name}.{region}.redisenterprise.cache.azure.net"]], ["privatelink.redisenterprise.cache.azure.net"]),
        ],
        delete: Writing::Operation,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.AppConfiguration/configurationStores",
        groups: &[
            group!("configurationStores", ["configurationStores" => ["{name}.azconfig.io"]], ["privatelink.azconfig.io"]),
        ],
        connection_name: ConnectionName::EndpointConnection,
        actions_read_only: true,
        update: Writing::Created,
        delete: Writing::Operation,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Batch/batchAccounts",
        groups: &[
            group!("batchAccount", ["batchAccount" => ["{name}.{region}.batch.azure.com"]], ["privatelink.batch.azure.com"]),
            group!("nodeManagement", ["nodeManagement" => ["{name}.{region}.service.batch.azure.com"]], ["privatelink.batch.azure.com"]),
        ],
        update_by_patch: true,
        delete: Writing::Accepted,
        connection: &types::BATCH_CONNECTION,
        auto_approved: "Auto-approved",
        actions_read_only: true,
        group_field: GroupField::List("groupIds"),
        ..BASE
    },
    Target {
        resource_type: "Microsoft.EventGrid/topics",
        groups: &[
            group!("topic", ["topic" => ["{name}.{region}-1.eventgrid.azure.net"]], ["privatelink.eventgrid.azure.net"]),
        ],
        ..EVENT_GRID
    },
    Target {
        resource_type: "Microsoft.EventGrid/domains",
        groups: &[
            group!("domain", ["domain" => ["{name}.{region}-1.eventgrid.azure.net"]], ["privatelink.eventgrid.azure.net"]),
        ],
        ..EVENT_GRID
    },
    Target {
        resource_type: "Microsoft.EventGrid/partnerNamespaces",
        groups: &[
            group!("partnernamespace", ["partnernamespace" => ["{name}.{region}-1.eventgrid.azure.net"]], ["privatelink.eventgrid.azure.net"]),
        ],
        ..EVENT_GRID
    },
    Target {
        resource_type: "Microsoft.EventGrid/namespaces",
        groups: &[
            group!("topic", ["topic" => ["{name}.{region}-1.eventgrid.azure.net"]], ["privatelink.eventgrid.azure.net"]),
            group!("topicspace", ["topicspace" => ["{name}.{region}-1.ts.eventgrid.azure.net"]], ["privatelink.ts.eventgrid.azure.net"]),
        ],
        ..EVENT_GRID
    },
    Target {
        resource_type: "Microsoft.ContainerService/managedClusters",
        groups: &[
            group!("management", ["management" => ["{name}.privatelink.{region}.azmk8s.io"]], ["privatelink.{region}.azmk8s.io"]),
        ],
        actions_field: None,
        flat: true,
        static_addresses: false,
        ..BASE
    },
    Target {
        resource_type: "Microsoft.Network/privateLinkServices",
        groups: &[],
        update: Writing::Answered,
        delete: Writing::Operation,
        connection: &types::SERVICE_CONNECTION,
        auto_approved: NOT_YET_TOLD,
        static_addresses: false,
        ..BASE
    },
];
