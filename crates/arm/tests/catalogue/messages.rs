//! The messages of what is unknown.

use privatelink_arm::catalogue::{KnownCloud, TargetFacts};

use crate::zones_of;

/// The messages as a person sees them.
#[test]
fn what_is_unknown_is_said_with_a_way_out() {
    let none = TargetFacts::default();
    let mut messages = String::new();
    for (cloud, resource_type, group) in [
        (KnownCloud::Public, "Microsoft.Storage/storageAccount", "blob"),
        (KnownCloud::Public, "Contoso.Widgets/widgets", "widget"),
        (KnownCloud::Public, "Microsoft.Storage/storageAccounts", "blobs"),
        (KnownCloud::Public, "Microsoft.KeyVault/vaults", ""),
        (
            KnownCloud::China,
            "Microsoft.ContainerRegistry/registries",
            "registry",
        ),
        (
            KnownCloud::Government,
            "Microsoft.DocumentDB/databaseAccounts",
            "Analytical",
        ),
        (
            KnownCloud::Public,
            "Microsoft.Sql/managedInstances",
            "managedInstance",
        ),
        (KnownCloud::Public, "microsoft.network/privatelinkservices", ""),
    ] {
        let refusal = zones_of(cloud, resource_type, group, &none).unwrap_err();
        messages.push_str(&format!("{refusal}\n\n"));
    }
    let mut facts = TargetFacts::in_region("west europe 9");
    facts.sku = Some("Premium_P1".to_owned());
    facts.private_dns_zone = Some("none".to_owned());
    for (resource_type, group) in [
        ("Microsoft.RecoveryServices/vaults", "AzureBackup"),
        ("Microsoft.Cache/redisEnterprise", "redisEnterprise"),
        ("Microsoft.ContainerService/managedClusters", "management"),
    ] {
        let refusal = zones_of(KnownCloud::Public, resource_type, group, &facts).unwrap_err();
        messages.push_str(&format!("{refusal}\n\n"));
    }
    insta::assert_snapshot!(messages);
}
