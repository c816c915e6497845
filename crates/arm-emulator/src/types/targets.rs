//! The rows of targets that show more than what was sent, or check it.

use super::{AT_ONCE, Hooks, NameRule, OTHER, Pace, ResourceType, Shape, hooks};
use crate::operations::styles;
use crate::{storage, vault};

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
        enums: &[(
            "properties.publicNetworkAccess",
            &["Enabled", "Disabled", "SecuredByPerimeter"],
        )],
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
];
