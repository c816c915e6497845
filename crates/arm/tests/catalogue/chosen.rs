//! Zones that depend on the target's region or on how it was made.

use privatelink_arm::catalogue::{KnownCloud, TargetFacts};

use crate::line;

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
