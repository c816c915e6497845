//! The rows of targets: how they are opened to the public, which TLS they ask for, and what of that is shown.
//!
//! Properties, values and required parts are those of Azure's types; which default a provider shows is documented for some
//! and inferred for others (docs/emulator/targets.md).

use super::{AT_ONCE, Action, Hooks, NameRule, OTHER, Pace, ResourceType, Shape, Shows, hooks, versions};
use crate::operations::styles;
use crate::{sql, storage, vault};

type Values = (&'static str, &'static [&'static str]);

const SWITCH: &[&str] = &["Enabled", "Disabled"];
const PERIMETER: &[&str] = &["Enabled", "Disabled", "SecuredByPerimeter"];
const DECISION: &[&str] = &["Allow", "Deny"];
const BYPASS: &[&str] = &["AzureServices", "None"];
const TLS_TO_1_2: &[&str] = &["1.0", "1.1", "1.2"];
const TLS_TO_1_3: &[&str] = &["1.0", "1.1", "1.2", "1.3"];

/// Where most targets say whether the public may reach them.
const ACCESS: &str = "properties.publicNetworkAccess";
const OPEN: (&str, &str) = (ACCESS, r#""Enabled""#);
/// The same of targets that perimeters cannot secure, and of those that they can.
const ALONE: Values = (ACCESS, SWITCH);
const SECURED: Values = (ACCESS, PERIMETER);

/// An IPv4 address, or a range of them in CIDR notation.
const IP_RULE: &str = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?$";

/// Network rules in the form of storage accounts, vaults and AI services.
const ACLS: &[(&str, Shape)] = &[
    ("properties.networkAcls", Shape::Object),
    ("properties.networkAcls.ipRules", Shape::Objects),
    ("properties.networkAcls.virtualNetworkRules", Shape::Objects),
];
const ACLS_REQUIRED: &[(&str, &str)] = &[
    ("properties.networkAcls.ipRules.*", "value"),
    ("properties.networkAcls.virtualNetworkRules.*", "id"),
];
const ACLS_DECISION: Values = ("properties.networkAcls.defaultAction", DECISION);
const ACLS_BYPASS: Values = ("properties.networkAcls.bypass", BYPASS);
const ACLS_PATTERN: &[(&str, &str)] = &[("properties.networkAcls.ipRules.*.value", IP_RULE)];

/// What Event Hubs and Service Bus have in common.
const MESSAGING: ResourceType = ResourceType {
    enums: &[SECURED, ("properties.minimumTlsVersion", TLS_TO_1_3)],
    defaults: &[OPEN, ("properties.minimumTlsVersion", r#""1.2""#)],
    ..OTHER
};

/// The network rules of a namespace of either: its only child of that type, `default`.
const MESSAGING_RULES: ResourceType = ResourceType {
    created: 200,
    name_rule: NameRule::Pattern("^default$"),
    location: super::LocationRule::None,
    tags: super::TagRule::None,
    shapes: &[
        ("properties.ipRules", Shape::Objects),
        ("properties.virtualNetworkRules", Shape::Objects),
    ],
    enums: &[SECURED, ("properties.defaultAction", DECISION)],
    ..OTHER
};

/// What the types of Event Grid have in common.
const EVENT_GRID: ResourceType = ResourceType {
    shapes: &[("properties.inboundIpRules", Shape::Objects)],
    enums: &[ALONE, ("properties.minimumTlsVersionAllowed", TLS_TO_1_2)],
    patterns: &[("properties.inboundIpRules.*.ipMask", IP_RULE)],
    defaults: &[OPEN],
    ..OTHER
};

/// What the flexible servers have in common.
const DATABASE: ResourceType = ResourceType {
    shapes: &[("properties.network", Shape::Object)],
    write_only: &[
        "administratorLoginPassword",
        "createMode",
        "restorePointInTime",
        "pointInTimeUTC",
        "replica.promoteMode",
        "replica.promoteOption",
        "importSourceProperties.sasToken",
    ],
    enums: &[("properties.network.publicNetworkAccess", SWITCH)],
    defaults: &[("properties.network.publicNetworkAccess", r#""Enabled""#)],
    ..OTHER
};

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Storage/storageAccounts",
        api_versions: versions::since("2015-06-15", "2026-04-01"),
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
        shapes: ACLS,
        required_in: &[
            ("properties.networkAcls", "defaultAction"),
            ("properties.networkAcls.ipRules.*", "value"),
            ("properties.networkAcls.virtualNetworkRules.*", "id"),
        ],
        enums: &[
            SECURED,
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
        api_versions: versions::with_preview("2015-06-01", "2026-02-01", "2026-03-01-preview"),
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
            ("properties.networkAcls", Shape::Object),
            ("properties.networkAcls.ipRules", Shape::Objects),
            ("properties.networkAcls.virtualNetworkRules", Shape::Objects),
        ],
        required_in: ACLS_REQUIRED,
        write_only: &["createMode"],
        enums: &[SECURED, ACLS_DECISION, ACLS_BYPASS],
        patterns: ACLS_PATTERN,
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.KeyVault/locations/deletedVaults",
        api_versions: versions::with_preview("2015-06-01", "2026-02-01", "2026-03-01-preview"),
        hooks: Hooks {
            missing: vault::no_deleted,
            ..hooks::OTHER
        },
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.KeyVault/managedHSMs",
        api_versions: versions::with_preview("2020-04-01-preview", "2026-02-01", "2026-03-01-preview"),
        shapes: ACLS,
        write_only: &["createMode"],
        required_in: ACLS_REQUIRED,
        enums: &[ALONE, ACLS_DECISION, ACLS_BYPASS],
        patterns: ACLS_PATTERN,
        defaults: &[OPEN],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.Sql/servers",
        api_versions: versions::with_preview("2014-04-01", "2025-01-01", "2025-08-01-preview"),
        hooks: Hooks {
            show: sql::show,
            show_whole: sql::show_whole,
            ..hooks::OTHER
        },
        style: &styles::SQL_SERVER,
        operation: "LogicalServer",
        create: Pace {
            seconds: 60.0,
            retry_after: 0,
        },
        update: Pace {
            seconds: 5.0,
            retry_after: 0,
        },
        delete: Pace {
            seconds: 15.0,
            retry_after: 0,
        },
        shows: Shows {
            state: false,
            system_data: false,
            ..OTHER.shows
        },
        read_only: &["privateEndpointConnections", "state", "fullyQualifiedDomainName"],
        write_only: &["administratorLoginPassword"],
        enums: &[
            SECURED,
            (
                "properties.minimalTlsVersion",
                &["None", "1.0", "1.1", "1.2", "1.3"],
            ),
            ("properties.restrictOutboundNetworkAccess", SWITCH),
        ],
        defaults: &[
            OPEN,
            ("properties.minimalTlsVersion", r#""None""#),
            ("properties.restrictOutboundNetworkAccess", r#""Disabled""#),
        ],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.DocumentDB/databaseAccounts",
        api_versions: versions::with_preview("2015-04-01", "2026-03-15", "2026-04-01-preview"),
        shapes: &[
            ("properties.ipRules", Shape::Objects),
            ("properties.virtualNetworkRules", Shape::Objects),
            ("properties.isVirtualNetworkFilterEnabled", Shape::Boolean),
            ("properties.networkAclBypassResourceIds", Shape::Texts),
        ],
        enums: &[
            SECURED,
            ("properties.minimalTlsVersion", &["Tls", "Tls11", "Tls12"]),
            ("properties.networkAclBypass", BYPASS),
        ],
        patterns: &[("properties.ipRules.*.ipAddressOrRange", IP_RULE)],
        defaults: &[
            OPEN,
            ("properties.minimalTlsVersion", r#""Tls12""#),
            ("properties.networkAclBypass", r#""None""#),
            ("properties.isVirtualNetworkFilterEnabled", "false"),
            ("properties.ipRules", "[]"),
            ("properties.virtualNetworkRules", "[]"),
        ],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.ContainerRegistry/registries",
        api_versions: versions::with_preview("2017-03-01", "2025-11-01", "2026-03-01-preview"),
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
        name: "Microsoft.EventHub/namespaces",
        api_versions: versions::with_preview("2014-09-01", "2026-01-01", "2026-07-01-preview"),
        ..MESSAGING
    },
    ResourceType {
        name: "Microsoft.EventHub/namespaces/networkRuleSets",
        ..MESSAGING_RULES
    },
    ResourceType {
        name: "Microsoft.ServiceBus/namespaces",
        api_versions: versions::with_preview("2015-08-01", "2026-01-01", "2026-07-01-preview"),
        ..MESSAGING
    },
    ResourceType {
        name: "Microsoft.ServiceBus/namespaces/networkRuleSets",
        ..MESSAGING_RULES
    },
    ResourceType {
        name: "Microsoft.Web/sites",
        api_versions: versions::since("2015-08-01", "2025-03-01"),
        shapes: &[
            ("properties.siteConfig", Shape::Object),
            ("properties.siteConfig.ipSecurityRestrictions", Shape::Objects),
        ],
        write_only: &[
            "siteConfig.appSettings",
            "siteConfig.metadata",
            "siteConfig.connectionStrings",
            "cloningInfo",
        ],
        enums: &[
            ALONE,
            ("properties.siteConfig.publicNetworkAccess", SWITCH),
            ("properties.siteConfig.minTlsVersion", TLS_TO_1_3),
            ("properties.siteConfig.scmMinTlsVersion", TLS_TO_1_3),
            (
                "properties.siteConfig.ipSecurityRestrictionsDefaultAction",
                DECISION,
            ),
        ],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.CognitiveServices/accounts",
        api_versions: versions::since("2017-04-18", "2026-07-01"),
        shapes: ACLS,
        write_only: &["restore"],
        required_in: ACLS_REQUIRED,
        enums: &[ALONE, ACLS_DECISION, ACLS_BYPASS],
        patterns: ACLS_PATTERN,
        defaults: &[OPEN],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.Search/searchServices",
        api_versions: versions::with_preview("2015-02-28", "2025-05-01", "2026-09-01-preview"),
        shapes: &[
            ("properties.networkRuleSet", Shape::Object),
            ("properties.networkRuleSet.ipRules", Shape::Objects),
        ],
        enums: &[SECURED, ("properties.networkRuleSet.bypass", BYPASS)],
        patterns: &[("properties.networkRuleSet.ipRules.*.value", IP_RULE)],
        defaults: &[
            OPEN,
            ("properties.networkRuleSet", r#"{"ipRules":[],"bypass":"None"}"#),
        ],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.DBforPostgreSQL/flexibleServers",
        api_versions: versions::with_preview("2021-06-01", "2025-08-01", "2026-04-01-preview"),
        ..DATABASE
    },
    ResourceType {
        name: "Microsoft.DBforMySQL/flexibleServers",
        api_versions: versions::with_preview("2021-05-01", "2024-12-30", "2025-12-01-preview"),
        ..DATABASE
    },
    ResourceType {
        name: "Microsoft.Cache/redis",
        api_versions: versions::with_preview("2015-08-01", "2024-11-01", "2025-08-01-preview"),
        enums: &[ALONE, ("properties.minimumTlsVersion", TLS_TO_1_2)],
        defaults: &[OPEN],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.Cache/redisEnterprise",
        api_versions: versions::with_preview("2020-10-01-preview", "2025-07-01", "2026-06-01-preview"),
        enums: &[ALONE, ("properties.minimumTlsVersion", TLS_TO_1_2)],
        defaults: &[("properties.minimumTlsVersion", r#""1.2""#)],
        ..OTHER
    },
    ResourceType {
        // Where nothing is said, nothing is shown: the store is open until its first endpoint is approved.
        name: "Microsoft.AppConfiguration/configurationStores",
        api_versions: versions::with_preview("2019-10-01", "2024-06-01", "2025-08-01-preview"),
        write_only: &["createMode"],
        enums: &[ALONE],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.Batch/batchAccounts",
        api_versions: versions::since("2015-12-01", "2025-06-01"),
        shapes: &[
            ("properties.networkProfile", Shape::Object),
            ("properties.networkProfile.accountAccess", Shape::Object),
            ("properties.networkProfile.accountAccess.ipRules", Shape::Objects),
            ("properties.networkProfile.nodeManagementAccess", Shape::Object),
            (
                "properties.networkProfile.nodeManagementAccess.ipRules",
                Shape::Objects,
            ),
        ],
        required_in: &[
            ("properties.networkProfile.accountAccess", "defaultAction"),
            ("properties.networkProfile.nodeManagementAccess", "defaultAction"),
            ("properties.networkProfile.accountAccess.ipRules.*", "value"),
            (
                "properties.networkProfile.nodeManagementAccess.ipRules.*",
                "value",
            ),
        ],
        enums: &[
            SECURED,
            ("properties.networkProfile.accountAccess.defaultAction", DECISION),
            (
                "properties.networkProfile.nodeManagementAccess.defaultAction",
                DECISION,
            ),
        ],
        defaults: &[OPEN],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.EventGrid/topics",
        api_versions: versions::with_preview("2017-06-15-preview", "2025-02-15", "2025-07-15-preview"),
        ..EVENT_GRID
    },
    ResourceType {
        name: "Microsoft.EventGrid/domains",
        api_versions: versions::with_preview("2019-06-01", "2025-02-15", "2025-07-15-preview"),
        ..EVENT_GRID
    },
    ResourceType {
        name: "Microsoft.EventGrid/partnerNamespaces",
        api_versions: versions::with_preview("2020-04-01-preview", "2025-02-15", "2025-07-15-preview"),
        ..EVENT_GRID
    },
    ResourceType {
        name: "Microsoft.EventGrid/namespaces",
        api_versions: versions::with_preview("2023-06-01-preview", "2025-02-15", "2025-07-15-preview"),
        ..EVENT_GRID
    },
    ResourceType {
        name: "Microsoft.ContainerService/managedClusters",
        api_versions: versions::with_preview("2017-08-31", "2026-05-01", "2026-05-02-preview"),
        shapes: &[
            ("properties.apiServerAccessProfile", Shape::Object),
            (
                "properties.apiServerAccessProfile.authorizedIPRanges",
                Shape::Texts,
            ),
            (
                "properties.apiServerAccessProfile.enablePrivateCluster",
                Shape::Boolean,
            ),
        ],
        write_only: &[
            "windowsProfile.adminPassword",
            "servicePrincipalProfile.secret",
            "aadProfile.serverAppSecret",
        ],
        enums: &[ALONE],
        ..OTHER
    },
];
