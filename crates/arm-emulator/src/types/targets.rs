//! The rows of targets: how they are opened to the public, which TLS they ask for, and what of that is shown.
//!
//! Properties, values and required parts are those of Azure's types; which default a provider shows is documented for some
//! and inferred for others (docs/emulator/targets.md).

use super::{
    AT_ONCE, Action, Hooks, LocationRule, NameRule, OTHER, Pace, ResourceType, Shape, hooks, versions,
};
use crate::operations::styles;
use crate::targets::{storage, vault};

pub(super) type Values = (&'static str, &'static [&'static str]);

pub(super) const SWITCH: &[&str] = &["Enabled", "Disabled"];
const PERIMETER: &[&str] = &["Enabled", "Disabled", "SecuredByPerimeter"];
pub(super) const DECISION: &[&str] = &["Allow", "Deny"];
pub(super) const BYPASS: &[&str] = &["AzureServices", "None"];
pub(super) const TLS_TO_1_2: &[&str] = &["1.0", "1.1", "1.2"];
pub(super) const TLS_TO_1_3: &[&str] = &["1.0", "1.1", "1.2", "1.3"];

/// How long writes take that Azure does not end at once.
pub(super) const CREATE: Pace = Pace {
    seconds: 6.0,
    retry_after: 3,
};
pub(super) const UPDATE: Pace = Pace {
    seconds: 3.0,
    retry_after: 2,
};
pub(super) const DELETE: Pace = Pace {
    seconds: 4.0,
    retry_after: 2,
};

/// Where most targets say whether the public may reach them.
const ACCESS: &str = "properties.publicNetworkAccess";
pub(super) const OPEN: (&str, &str) = (ACCESS, r#""Enabled""#);
/// The same of targets that perimeters cannot secure, and of those that they can.
pub(super) const ALONE: Values = (ACCESS, SWITCH);
pub(super) const SECURED: Values = (ACCESS, PERIMETER);

/// An IPv4 address, or a range of them in CIDR notation.
pub(super) const IP_RULE: &str = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?$";

const GUID: &str = "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$";

/// Network rules in the form of storage accounts, vaults and AI services.
pub(super) const ACLS: &[(&str, Shape)] = &[
    ("properties.networkAcls", Shape::Object),
    ("properties.networkAcls.ipRules", Shape::Objects),
    ("properties.networkAcls.virtualNetworkRules", Shape::Objects),
];
pub(super) const ACLS_REQUIRED: &[(&str, &str)] = &[
    ("properties.networkAcls.ipRules.*", "value"),
    ("properties.networkAcls.virtualNetworkRules.*", "id"),
];
pub(super) const ACLS_DECISION: Values = ("properties.networkAcls.defaultAction", DECISION);
pub(super) const ACLS_BYPASS: Values = ("properties.networkAcls.bypass", BYPASS);
pub(super) const ACLS_PATTERN: &[(&str, &str)] = &[("properties.networkAcls.ipRules.*.value", IP_RULE)];

const STORAGE_KINDS: &[&str] = &[
    "Storage",
    "StorageV2",
    "BlobStorage",
    "FileStorage",
    "BlockBlobStorage",
];
const STORAGE_SKUS: &[&str] = &[
    "Standard_LRS",
    "Standard_GRS",
    "Standard_RAGRS",
    "Standard_ZRS",
    "Premium_LRS",
    "Premium_ZRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
    "StandardV2_LRS",
    "StandardV2_GRS",
    "StandardV2_ZRS",
    "StandardV2_GZRS",
    "PremiumV2_LRS",
    "PremiumV2_ZRS",
];

/// What a storage account shows and no request sets.
const STORAGE_MAKES: &[&str] = &[
    "provisioningState",
    "privateEndpointConnections",
    "networkAcls.virtualNetworkRules.*.state",
    "primaryEndpoints",
    "primaryLocation",
    "statusOfPrimary",
    "lastGeoFailoverTime",
    "secondaryLocation",
    "statusOfSecondary",
    "creationTime",
    "keyCreationTime",
    "secondaryEndpoints",
    "geoReplicationStats",
    "failoverInProgress",
    "blobRestoreStatus",
    "storageAccountSkuConversionStatus",
    "isSkuConversionBlocked",
    "accountMigrationInProgress",
];

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Storage/storageAccounts",
        api_versions: versions::since("2015-06-15", "2026-04-01"),
        hooks: Hooks {
            prepare: storage::rules::check,
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
        shapes: ACLS,
        required_in: &[
            ("properties.networkAcls", "defaultAction"),
            ("properties.networkAcls.ipRules.*", "value"),
            ("properties.networkAcls.virtualNetworkRules.*", "id"),
        ],
        read_only: STORAGE_MAKES,
        enums: &[
            SECURED,
            ("kind", STORAGE_KINDS),
            ("sku.name", STORAGE_SKUS),
            (
                "properties.minimumTlsVersion",
                &["TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"],
            ),
            ACLS_DECISION,
        ],
        patterns: ACLS_PATTERN,
        actions: &[
            Action {
                method: "POST",
                name: "listKeys",
                run: storage::keys::list,
            },
            Action {
                method: "POST",
                name: "regenerateKey",
                run: storage::keys::regenerate,
            },
        ],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.KeyVault/vaults",
        write_only: &["createMode"],
        api_versions: versions::with_preview("2015-06-01", "2026-02-01", "2026-03-01-preview"),
        hooks: Hooks {
            // It can be written while its name is being registered.
            conflict: |_, _, _| None,
            write: Some(vault::write),
            read: vault::read,
            prepare: vault::prepare,
            remove: vault::deleted::keep,
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
        required: &[
            "properties.tenantId",
            "properties.sku.family",
            "properties.sku.name",
        ],
        shapes: &[
            ("properties.accessPolicies", Shape::Objects),
            ("properties.sku", Shape::Object),
            ("properties.networkAcls", Shape::Object),
            ("properties.networkAcls.ipRules", Shape::Objects),
            ("properties.networkAcls.virtualNetworkRules", Shape::Objects),
        ],
        required_in: ACLS_REQUIRED,
        enums: &[
            SECURED,
            ACLS_DECISION,
            ACLS_BYPASS,
            ("properties.sku.family", &["A"]),
            ("properties.sku.name", &["standard", "premium"]),
        ],
        patterns: &[
            ("properties.networkAcls.ipRules.*.value", IP_RULE),
            ("properties.tenantId", GUID),
        ],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.KeyVault/locations/deletedVaults",
        api_versions: versions::with_preview("2015-06-01", "2026-02-01", "2026-03-01-preview"),
        hooks: Hooks {
            read: vault::deleted::read,
            missing: vault::deleted::missing,
            ..hooks::OTHER
        },
        methods: &["GET"],
        location: LocationRule::None,
        actions: &[Action {
            method: "POST",
            name: "purge",
            run: vault::deleted::purge,
        }],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.KeyVault/deletedVaults",
        api_versions: versions::with_preview("2015-06-01", "2026-02-01", "2026-03-01-preview"),
        hooks: Hooks {
            list: vault::deleted::list,
            ..hooks::OTHER
        },
        methods: &["GET"],
        location: LocationRule::None,
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.KeyVault/managedHSMs",
        write_only: &["createMode"],
        api_versions: versions::with_preview("2020-04-01-preview", "2026-02-01", "2026-03-01-preview"),
        makes: &[("hsmUri", r#""https://<{name}.managedhsm.azure.net>/""#)],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "statusMessage",
            "scheduledPurgeDate",
            "securityDomainProperties",
        ],
        created: 200,
        style: &styles::RESULT_ONLY,
        create: CREATE,
        update: UPDATE,
        delete: DELETE,
        running: ("Provisioning", "Updating"),
        shapes: ACLS,
        required_in: &[
            ("properties.networkAcls.ipRules.*", "value"),
            ("properties.networkAcls.virtualNetworkRules.*", "id"),
            ("sku", "family"),
            ("sku", "name"),
        ],
        enums: &[ALONE, ACLS_DECISION, ACLS_BYPASS],
        patterns: ACLS_PATTERN,
        defaults: &[OPEN],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.ContainerRegistry/registries",
        api_versions: versions::with_preview("2017-03-01", "2025-11-01", "2026-03-01-preview"),
        name_length: (5, 50),
        name_rule: NameRule::Pattern("^[a-zA-Z0-9]*$"),
        required: &["sku.name"],
        makes: &[("loginServer", r#""<{name}.azurecr.io>""#)],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "creationDate",
            "status",
            "dataEndpointHostNames",
        ],
        style: &styles::STATUS,
        create: CREATE,
        update: UPDATE,
        running: ("Creating", "Updating"),
        shapes: &[
            ("properties.networkRuleSet", Shape::Object),
            ("properties.networkRuleSet.ipRules", Shape::Objects),
        ],
        required_in: &[
            ("properties.networkRuleSet", "defaultAction"),
            ("properties.networkRuleSet.ipRules.*", "value"),
        ],
        enums: &[
            ALONE,
            ("properties.networkRuleSet.defaultAction", DECISION),
            ("properties.networkRuleBypassOptions", BYPASS),
        ],
        patterns: &[("properties.networkRuleSet.ipRules.*.value", IP_RULE)],
        defaults: &[
            OPEN,
            ("properties.networkRuleBypassOptions", r#""AzureServices""#),
        ],
        ..OTHER
    },
    ResourceType {
        // Where nothing is said, nothing is shown: the store is open until its first endpoint is approved.
        name: "Microsoft.AppConfiguration/configurationStores",
        write_only: &["createMode"],
        api_versions: versions::with_preview("2019-10-01", "2024-06-01", "2025-08-01-preview"),
        name_length: (5, 50),
        name_rule: NameRule::Pattern("^[a-zA-Z0-9_-]*$"),
        required: &["sku.name"],
        makes: &[("endpoint", r#""https://<{name}.azconfig.io>""#)],
        read_only: &["provisioningState", "privateEndpointConnections", "creationDate"],
        style: &styles::STATUS,
        create: CREATE,
        update: UPDATE,
        delete: DELETE,
        running: ("Creating", "Updating"),
        enums: &[ALONE],
        ..OTHER
    },
];
