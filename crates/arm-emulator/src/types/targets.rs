//! The rows of targets that show more than what was sent, or check it.

use super::{AT_ONCE, Behaviour, OTHER, Pace, ResourceType, Shape};
use crate::operations::OperationStyle;

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Storage/storageAccounts",
        behaviour: Behaviour::StorageAccount,
        created: 202,
        style: OperationStyle::Location,
        create: Pace {
            seconds: 17.0,
            retry_after: 17,
        },
        update: AT_ONCE,
        delete: AT_ONCE,
        name_length: (3, 24),
        name_characters: "",
        required: &["sku.name", "kind"],
        enums: &[(
            "properties.publicNetworkAccess",
            &["Enabled", "Disabled", "SecuredByPerimeter"],
        )],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.KeyVault/vaults",
        behaviour: Behaviour::Vault,
        created: 200,
        create: Pace {
            seconds: 5.0,
            retry_after: 0,
        },
        name_length: (3, 24),
        name_characters: "-",
        running: ("RegisteringDns", "RegisteringDns"),
        shapes: &[
            ("properties.accessPolicies", Shape::Objects),
            ("properties.sku", Shape::Object),
        ],
        ..OTHER
    },
];
