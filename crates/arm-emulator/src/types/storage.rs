//! The rows of what is in storage accounts.

use super::{
    ALL, AtProvider, Hooks, LocationRule, NO_PATCH, NameRule, OTHER, ResourceType, Shape, Shows, TagRule,
    hooks,
};
use crate::targets::storage::children;
use crate::targets::unique;

/// What the types have in common: they are written at once, and have no state.
const CHILD: ResourceType = ResourceType {
    hooks: Hooks {
        missing: children::missing,
        ..hooks::OTHER
    },
    location: LocationRule::None,
    tags: TagRule::None,
    shows: Shows {
        state: false,
        system_data: false,
        ..OTHER.shows
    },
    compares_state: false,
    read_only: &[],
    ..OTHER
};

/// The services: there is one of each, as long as there is the account.
const SERVICE: ResourceType = ResourceType {
    hooks: Hooks {
        prepare: children::prepare_service,
        ..CHILD.hooks
    },
    methods: &["GET", "PUT"],
    created: 200,
    name_rule: NameRule::Pattern("^default$"),
    shapes: &[
        ("properties.cors", Shape::Object),
        ("properties.cors.corsRules", Shape::Objects),
    ],
    ..CHILD
};

const NAME: NameRule = NameRule::Pattern("^([a-z0-9]+(-[a-z0-9]+)*|[$](root|web|logs))$");

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Storage/storageAccounts/blobServices",
        defaults: &[
            ("properties.cors.corsRules", "[]"),
            ("properties.deleteRetentionPolicy.allowPermanentDelete", "false"),
            ("properties.deleteRetentionPolicy.enabled", "false"),
        ],
        ..SERVICE
    },
    ResourceType {
        name: "Microsoft.Storage/storageAccounts/fileServices",
        defaults: &[
            ("properties.protocolSettings.smb", "{}"),
            ("properties.cors.corsRules", "[]"),
            (
                "properties.shareDeleteRetentionPolicy",
                r#"{"enabled": true, "days": 7}"#,
            ),
        ],
        ..SERVICE
    },
    ResourceType {
        name: "Microsoft.Storage/storageAccounts/queueServices",
        defaults: &[
            (
                "properties.logging",
                r#"{"version": "1.0", "delete": false, "read": false, "write": false, "retentionPolicy": {"enabled": false}}"#,
            ),
            ("properties.cors.corsRules", "[]"),
        ],
        ..SERVICE
    },
    ResourceType {
        name: "Microsoft.Storage/storageAccounts/tableServices",
        defaults: &[("properties.cors.corsRules", "[]")],
        ..SERVICE
    },
    ResourceType {
        name: "Microsoft.Storage/storageAccounts/blobServices/containers",
        hooks: Hooks {
            show: children::show_container,
            show_whole: children::show_etag,
            ..CHILD.hooks
        },
        methods: ALL,
        name_length: (3, 63),
        name_rule: NAME,
        enums: &[("properties.publicAccess", &["None", "Blob", "Container"])],
        shapes: &[("properties.metadata", Shape::Object)],
        defaults: &[
            ("properties.publicAccess", "\"None\""),
            ("properties.defaultEncryptionScope", "\"$account-encryption-key\""),
            ("properties.denyEncryptionScopeOverride", "false"),
        ],
        ..CHILD
    },
    ResourceType {
        name: "Microsoft.Storage/storageAccounts/fileServices/shares",
        hooks: Hooks {
            show: children::show_share,
            show_whole: children::show_etag,
            ..CHILD.hooks
        },
        methods: ALL,
        name_length: (3, 63),
        name_rule: NAME,
        enums: &[
            (
                "properties.accessTier",
                &["TransactionOptimized", "Hot", "Cool", "Premium"],
            ),
            ("properties.enabledProtocols", &["SMB", "NFS"]),
        ],
        shapes: &[("properties.metadata", Shape::Object)],
        ranges: &[("properties.shareQuota", 1, 102_400)],
        defaults: &[
            ("properties.accessTier", "\"TransactionOptimized\""),
            ("properties.shareQuota", "5120"),
            ("properties.signedIdentifiers", "[]"),
        ],
        ..CHILD
    },
    ResourceType {
        name: "Microsoft.Storage/storageAccounts/queueServices/queues",
        hooks: Hooks {
            show: children::show_queue,
            ..CHILD.hooks
        },
        created: 200,
        deleted: 204,
        name_length: (3, 63),
        name_rule: NAME,
        shapes: &[("properties.metadata", Shape::Object)],
        defaults: &[("properties.metadata", "{}")],
        ..CHILD
    },
    ResourceType {
        name: "Microsoft.Storage/storageAccounts/tableServices/tables",
        hooks: Hooks {
            show: children::show_table,
            ..CHILD.hooks
        },
        created: 200,
        deleted: 204,
        name_length: (3, 63),
        name_rule: NameRule::Pattern("^[A-Za-z][A-Za-z0-9]*$"),
        shapes: &[("properties.signedIdentifiers", Shape::Objects)],
        defaults: &[("properties.signedIdentifiers", "[]")],
        ..CHILD
    },
    ResourceType {
        name: "Microsoft.Storage/storageAccounts/managementPolicies",
        hooks: Hooks {
            prepare: children::prepare_policy,
            show: children::show_policy,
            show_whole: children::show_policy_name,
            ..CHILD.hooks
        },
        methods: NO_PATCH,
        created: 200,
        name_rule: NameRule::Pattern("^default$"),
        required: &["properties.policy.rules"],
        shapes: &[
            ("properties.policy", Shape::Object),
            ("properties.policy.rules", Shape::Objects),
        ],
        lengths: &[("properties.policy.rules", 1, 100)],
        ..CHILD
    },
];

/// What can be asked of the providers of accounts, vaults and sites in a subscription.
pub(super) static AT_PROVIDER: &[AtProvider] = &[
    AtProvider {
        namespace: "Microsoft.Storage",
        name: "checkNameAvailability",
        run: unique::storage_account,
    },
    AtProvider {
        namespace: "Microsoft.KeyVault",
        name: "checkNameAvailability",
        run: unique::vault,
    },
    AtProvider {
        namespace: "Microsoft.Web",
        name: "checkNameAvailability",
        run: unique::site,
    },
];
