//! The rows of targets that show more than what was sent, or check it.

use super::{AT_ONCE, Hooks, NameRule, OTHER, Pace, ResourceType, Shape, hooks};
use crate::operations::styles;
use crate::{storage, vault};

/// What a property that opens a target to the public can say, where the target knows perimeters and where not.
const WITH_PERIMETER: &[&str] = &["Enabled", "Disabled", "SecuredByPerimeter"];
const WITHOUT_PERIMETER: &[&str] = &["Enabled", "Disabled"];

/// A target of which nothing more is known than what that property says.
macro_rules! access {
    ($name:literal, $values:ident) => {
        access!($name, $values, "properties.publicNetworkAccess")
    };
    ($name:literal, $values:ident, $path:literal) => {
        ResourceType {
            name: $name,
            enums: &[($path, $values)],
            ..OTHER
        }
    };
}

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Storage/storageAccounts",
        hooks: Hooks {
            show: storage::show,
            show_whole: storage::show_whole,
            refused: storage::refused,
            ..hooks::OTHER
        },
        created: 200,
        style: &styles::LOCATION,
        create: Pace {
            seconds: 17.0,
            retry_after: 17,
        },
        update: AT_ONCE,
        delete: AT_ONCE,
        name_length: (3, 24),
        name_rule: NameRule::Pattern("^[a-z0-9]*$"),
        required: &["sku.name", "kind"],
        enums: &[("properties.publicNetworkAccess", WITH_PERIMETER)],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.KeyVault/vaults",
        hooks: Hooks {
            // It can be written while its name is being registered.
            conflict: |_, _, _| None,
            write: Some(vault::write),
            show: vault::show,
            show_whole: vault::show_whole,
            ..hooks::OTHER
        },
        created: 200,
        create: Pace {
            seconds: 5.0,
            retry_after: 0,
        },
        name_length: (3, 24),
        name_rule: NameRule::Pattern("^[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$"),
        running: ("RegisteringDns", "RegisteringDns"),
        enums: &[("properties.publicNetworkAccess", WITH_PERIMETER)],
        shapes: &[
            ("properties.accessPolicies", Shape::Objects),
            ("properties.sku", Shape::Object),
        ],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.KeyVault/locations/deletedVaults",
        hooks: Hooks {
            missing: vault::no_deleted,
            ..hooks::OTHER
        },
        ..OTHER
    },
    access!("Microsoft.Sql/servers", WITH_PERIMETER),
    access!("Microsoft.DocumentDB/databaseAccounts", WITH_PERIMETER),
    access!("Microsoft.EventHub/namespaces", WITH_PERIMETER),
    access!("Microsoft.ServiceBus/namespaces", WITH_PERIMETER),
    access!("Microsoft.Search/searchServices", WITH_PERIMETER),
    access!("Microsoft.Batch/batchAccounts", WITH_PERIMETER),
    access!("Microsoft.KeyVault/managedHSMs", WITHOUT_PERIMETER),
    access!("Microsoft.ContainerRegistry/registries", WITHOUT_PERIMETER),
    access!("Microsoft.Web/sites", WITHOUT_PERIMETER),
    access!("Microsoft.CognitiveServices/accounts", WITHOUT_PERIMETER),
    access!("Microsoft.Cache/redis", WITHOUT_PERIMETER),
    access!("Microsoft.Cache/redisEnterprise", WITHOUT_PERIMETER),
    access!(
        "Microsoft.AppConfiguration/configurationStores",
        WITHOUT_PERIMETER
    ),
    access!("Microsoft.EventGrid/topics", WITHOUT_PERIMETER),
    access!("Microsoft.EventGrid/domains", WITHOUT_PERIMETER),
    access!("Microsoft.EventGrid/partnerNamespaces", WITHOUT_PERIMETER),
    access!("Microsoft.EventGrid/namespaces", WITHOUT_PERIMETER),
    access!("Microsoft.ContainerService/managedClusters", WITHOUT_PERIMETER),
    access!(
        "Microsoft.DBforPostgreSQL/flexibleServers",
        WITHOUT_PERIMETER,
        "properties.network.publicNetworkAccess"
    ),
    access!(
        "Microsoft.DBforMySQL/flexibleServers",
        WITHOUT_PERIMETER,
        "properties.network.publicNetworkAccess"
    ),
];
