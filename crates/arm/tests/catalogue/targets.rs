//! The zones of the targets that people use, by cloud and by the target's properties.

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
fn a_zone_may_follow_the_targets_region() {
    let backup = |region: &str| {
        line(
            KnownCloud::Public,
            "Microsoft.RecoveryServices/vaults",
            "AzureBackup",
            &TargetFacts::in_region(region),
        )
    };
    assert_eq!(
        backup("West Europe"),
        "privatelink.we.backup.windowsazure.com privatelink.blob.core.windows.net privatelink.queue.core.windows.net"
    );
    let unknown = backup("westeurope9");
    assert!(
        unknown.contains("\"westeurope9\"") && unknown.contains("did you mean westeurope?"),
        "{unknown}"
    );
    assert!(unknown.contains("by hand"), "{unknown}");
    let kusto = TargetFacts::in_region("northeurope");
    assert_eq!(
        line(KnownCloud::Public, "Microsoft.Kusto/clusters", "cluster", &kusto),
        "privatelink.northeurope.kusto.windows.net privatelink.blob.core.windows.net \
         privatelink.queue.core.windows.net privatelink.table.core.windows.net"
    );
    // A region's name needs no list: the newest region works.
    let new = TargetFacts::in_region("atlantis1");
    assert_eq!(
        line(
            KnownCloud::Public,
            "Microsoft.App/managedEnvironments",
            "managedEnvironments",
            &new
        ),
        "privatelink.atlantis1.azurecontainerapps.io"
    );
}

#[test]
fn a_clusters_zone_is_the_one_that_it_was_made_with() {
    let cluster = |zone: Option<&str>| {
        let facts = TargetFacts {
            private_dns_zone: zone.map(str::to_owned),
            ..TargetFacts::in_region("westeurope")
        };
        line(
            KnownCloud::Public,
            "Microsoft.ContainerService/managedClusters",
            "management",
            &facts,
        )
    };
    let id = |name: &str| {
        format!("/subscriptions/s/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/{name}")
    };
    assert_eq!(cluster(Some("system")), "privatelink.westeurope.azmk8s.io");
    assert_eq!(
        cluster(Some(&id("privatelink.westeurope.azmk8s.io"))),
        "privatelink.westeurope.azmk8s.io"
    );
    assert_eq!(
        cluster(Some(&id("Team-A.privatelink.westeurope.azmk8s.io"))),
        "team-a.privatelink.westeurope.azmk8s.io"
    );
    assert!(cluster(Some("None")).contains("keeps its name in public DNS"));
    assert!(cluster(Some(&id("corp.example"))).contains("neither system nor none"));
    assert!(cluster(None).contains("properties.apiServerAccessProfile.privateDNSZone"));
}

#[test]
fn a_property_chooses_among_zones() {
    let redis = |sku: &str| {
        let facts = TargetFacts {
            sku: Some(sku.to_owned()),
            ..TargetFacts::default()
        };
        line(
            KnownCloud::Public,
            "Microsoft.Cache/redisEnterprise",
            "redisEnterprise",
            &facts,
        )
    };
    for sku in ["Enterprise_E10", "EnterpriseFlash_F300"] {
        assert_eq!(redis(sku), "privatelink.redisenterprise.cache.azure.net");
    }
    for sku in [
        "Balanced_B5",
        "MemoryOptimized_M10",
        "ComputeOptimized_X3",
        "FlashOptimized_A250",
    ] {
        assert_eq!(redis(sku), "privatelink.redis.azure.net");
    }
    assert!(redis("Premium_P1").contains("starts with none of Enterprise_"));

    let site = |host: &str| {
        let facts = TargetFacts {
            default_hostname: Some(host.to_owned()),
            ..TargetFacts::default()
        };
        line(
            KnownCloud::Public,
            "Microsoft.Web/staticSites",
            "staticSites",
            &facts,
        )
    };
    assert_eq!(
        site("white-river-0a1b2c3d4.5.azurestaticapps.net"),
        "privatelink.5.azurestaticapps.net"
    );
    assert_eq!(
        site("blue-sea-0a1b2c3d4.centralus.12.AzureStaticApps.net"),
        "privatelink.12.azurestaticapps.net"
    );
    assert_eq!(
        site("white-river-0a1b2c3d4.azurestaticapps.net"),
        "privatelink.azurestaticapps.net"
    );
    assert!(site("www.example.com").contains("does not end with azurestaticapps.net"));

    let instance = TargetFacts {
        dns_zone: Some("0f1e2d3c4b5a".to_owned()),
        ..TargetFacts::default()
    };
    for (cloud, zone) in [
        (
            KnownCloud::Public,
            "privatelink.0f1e2d3c4b5a.database.windows.net",
        ),
        (
            KnownCloud::Government,
            "privatelink.0f1e2d3c4b5a.database.usgovcloudapi.net",
        ),
    ] {
        assert_eq!(
            line(
                cloud,
                "Microsoft.Sql/managedInstances",
                "managedInstance",
                &instance
            ),
            zone
        );
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
