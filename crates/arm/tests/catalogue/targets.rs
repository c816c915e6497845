//! The zones of the targets that people use, by cloud.

use privatelink_arm::catalogue::{KnownCloud, NoRecommendation, TargetFacts, needs};

use crate::{line, plausible, zones_of};

#[test]
fn the_usual_targets_have_the_zones_of_the_page() {
    let none = TargetFacts::default();
    for (resource_type, groups, zones) in [
        (
            "Microsoft.Storage/storageAccounts",
            "blob blob_secondary",
            "privatelink.blob.core.windows.net",
        ),
        (
            "Microsoft.Storage/storageAccounts",
            "table table_secondary",
            "privatelink.table.core.windows.net",
        ),
        (
            "Microsoft.Storage/storageAccounts",
            "queue queue_secondary",
            "privatelink.queue.core.windows.net",
        ),
        (
            "Microsoft.Storage/storageAccounts",
            "file file_secondary",
            "privatelink.file.core.windows.net",
        ),
        (
            "Microsoft.Storage/storageAccounts",
            "web web_secondary",
            "privatelink.web.core.windows.net",
        ),
        (
            "Microsoft.Storage/storageAccounts",
            "dfs dfs_secondary",
            "privatelink.dfs.core.windows.net",
        ),
        (
            "Microsoft.KeyVault/vaults",
            "vault",
            "privatelink.vaultcore.azure.net",
        ),
        (
            "Microsoft.KeyVault/managedHSMs",
            "managedhsm",
            "privatelink.managedhsm.azure.net",
        ),
        (
            "Microsoft.Sql/servers",
            "sqlServer",
            "privatelink.database.windows.net",
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            "Sql",
            "privatelink.documents.azure.com",
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            "MongoDB",
            "privatelink.mongo.cosmos.azure.com",
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            "Cassandra",
            "privatelink.cassandra.cosmos.azure.com",
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            "Gremlin",
            "privatelink.gremlin.cosmos.azure.com",
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            "Table",
            "privatelink.table.cosmos.azure.com",
        ),
        (
            "Microsoft.DocumentDB/databaseAccounts",
            "Analytical",
            "privatelink.analytics.cosmos.azure.com",
        ),
        (
            "Microsoft.ContainerRegistry/registries",
            "registry",
            "privatelink.azurecr.io",
        ),
        (
            "Microsoft.EventHub/namespaces",
            "namespace",
            "privatelink.servicebus.windows.net",
        ),
        (
            "Microsoft.ServiceBus/namespaces",
            "namespace",
            "privatelink.servicebus.windows.net",
        ),
        (
            "Microsoft.Relay/namespaces",
            "namespace",
            "privatelink.servicebus.windows.net",
        ),
        (
            "Microsoft.Web/sites",
            "sites sites-staging",
            "privatelink.azurewebsites.net",
        ),
        (
            "Microsoft.CognitiveServices/accounts",
            "account",
            "privatelink.cognitiveservices.azure.com privatelink.openai.azure.com privatelink.services.ai.azure.com",
        ),
        (
            "Microsoft.Search/searchServices",
            "searchService",
            "privatelink.search.windows.net",
        ),
        (
            "Microsoft.DBforPostgreSQL/flexibleServers",
            "postgresqlServer",
            "privatelink.postgres.database.azure.com",
        ),
        (
            "Microsoft.DBforMySQL/flexibleServers",
            "mysqlServer",
            "privatelink.mysql.database.azure.com",
        ),
        (
            "Microsoft.Cache/redis",
            "redisCache",
            "privatelink.redis.cache.windows.net",
        ),
        (
            "Microsoft.AppConfiguration/configurationStores",
            "configurationStores",
            "privatelink.azconfig.io",
        ),
        (
            "Microsoft.Batch/batchAccounts",
            "batchAccount nodeManagement",
            "privatelink.batch.azure.com",
        ),
        (
            "Microsoft.EventGrid/topics",
            "topic",
            "privatelink.eventgrid.azure.net",
        ),
        (
            "Microsoft.EventGrid/domains",
            "domain",
            "privatelink.eventgrid.azure.net",
        ),
        (
            "Microsoft.EventGrid/partnerNamespaces",
            "partnernamespace",
            "privatelink.eventgrid.azure.net",
        ),
        (
            "Microsoft.EventGrid/namespaces",
            "topic",
            "privatelink.eventgrid.azure.net",
        ),
        (
            "Microsoft.EventGrid/namespaces",
            "topicspace",
            "privatelink.ts.eventgrid.azure.net",
        ),
        // Only an endpoint that is compatible with Event Hubs has names in the second zone.
        (
            "Microsoft.Devices/IotHubs",
            "iotHub",
            "privatelink.azure-devices.net",
        ),
    ] {
        for group in groups.split(' ') {
            assert_eq!(
                line(KnownCloud::Public, resource_type, group, &none),
                zones,
                "{resource_type} {group}"
            );
        }
    }
}

#[test]
fn each_cloud_has_names_of_its_own() {
    let none = TargetFacts::default();
    for (cloud, resource_type, group, zones) in [
        (
            KnownCloud::Government,
            "Microsoft.Storage/storageAccounts",
            "blob",
            "privatelink.blob.core.usgovcloudapi.net",
        ),
        (
            KnownCloud::China,
            "Microsoft.Storage/storageAccounts",
            "blob",
            "privatelink.blob.core.chinacloudapi.cn",
        ),
        (
            KnownCloud::Government,
            "Microsoft.CognitiveServices/accounts",
            "account",
            "privatelink.cognitiveservices.azure.us",
        ),
        (
            KnownCloud::China,
            "Microsoft.Web/sites",
            "sites-b",
            "privatelink.chinacloudsites.cn",
        ),
        (
            KnownCloud::Government,
            "Microsoft.ContainerRegistry/registries",
            "registry",
            "privatelink.azurecr.us",
        ),
    ] {
        assert_eq!(line(cloud, resource_type, group, &none), zones);
    }
    // What a cloud's table does not have is not listed; the public cloud's name would be a wrong one.
    for (cloud, resource_type, group) in [
        (
            KnownCloud::Government,
            "Microsoft.ContainerService/managedClusters",
            "management",
        ),
        (
            KnownCloud::Government,
            "Microsoft.Cache/redisEnterprise",
            "redisEnterprise",
        ),
        (
            KnownCloud::Government,
            "Microsoft.RecoveryServices/vaults",
            "AzureBackup_secondary",
        ),
        (
            KnownCloud::China,
            "Microsoft.ContainerRegistry/registries",
            "registry",
        ),
        (
            KnownCloud::China,
            "Microsoft.CognitiveServices/accounts",
            "account",
        ),
        (
            KnownCloud::China,
            "Microsoft.Sql/managedInstances",
            "managedInstance",
        ),
    ] {
        assert_eq!(needs(cloud, resource_type, group), None);
        let outcome = zones_of(cloud, resource_type, group, &plausible("chinanorth3"));
        let Err(NoRecommendation::NotListed { listed_in, .. }) = outcome else {
            panic!("{cloud} {resource_type}: {outcome:?}");
        };
        assert!(listed_in.contains(&KnownCloud::Public) && !listed_in.contains(&cloud));
    }
}
