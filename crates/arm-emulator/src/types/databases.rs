//! The rows of databases and caches.

use super::targets::{ALONE, BYPASS, CREATE, DELETE, IP_RULE, OPEN, SECURED, SWITCH, TLS_TO_1_2, UPDATE};
use super::{Hooks, NameRule, OTHER, Pace, ResourceType, Shape, Shows, hooks, versions};
use crate::operations::styles;
use crate::targets::{cosmos, redis, sql};

/// What the flexible servers have in common.
const DATABASE: ResourceType = ResourceType {
    created: 202,
    updated: 202,
    style: &styles::FLEXIBLE_SERVER,
    create: CREATE,
    update: UPDATE,
    delete: DELETE,
    running: ("Creating", "Updating"),
    required_in: &[("sku", "name"), ("sku", "tier")],
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
        hooks: Hooks {
            show: cosmos::show,
            show_whole: cosmos::show_whole,
            ..hooks::OTHER
        },
        name_length: (3, 50),
        name_rule: NameRule::Pattern("^[a-z0-9]+(-[a-z0-9]+)*$"),
        required: &["properties.locations", "properties.databaseAccountOfferType"],
        makes: &[(
            "documentEndpoint",
            r#""https://<{name}.documents.azure.com>:443/""#,
        )],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "locations.*.id",
            "locations.*.documentEndpoint",
            "locations.*.provisioningState",
            "keysMetadata",
            "writeLocations",
            "readLocations",
            "failoverPolicies",
            "instanceId",
            "keyVaultKeyUriVersion",
        ],
        created: 200,
        style: &styles::STATUS_AND_RESULT,
        create: CREATE,
        update: UPDATE,
        delete: DELETE,
        running: ("Creating", "Updating"),
        shapes: &[
            ("properties.locations", Shape::Objects),
            ("properties.ipRules", Shape::Objects),
            ("properties.virtualNetworkRules", Shape::Objects),
            ("properties.isVirtualNetworkFilterEnabled", Shape::Boolean),
            ("properties.networkAclBypassResourceIds", Shape::Texts),
        ],
        enums: &[
            SECURED,
            ("properties.databaseAccountOfferType", &["Standard"]),
            ("properties.minimalTlsVersion", &["Tls", "Tls11", "Tls12"]),
            ("properties.networkAclBypass", BYPASS),
        ],
        patterns: &[("properties.ipRules.*.ipAddressOrRange", IP_RULE)],
        defaults: &[
            OPEN,
            ("properties.minimalTlsVersion", r#""Tls12""#),
            ("properties.networkAclBypass", r#""None""#),
            (
                "properties.consistencyPolicy",
                r#"{"defaultConsistencyLevel":"Session","maxIntervalInSeconds":5,"maxStalenessPrefix":100}"#,
            ),
            ("properties.isVirtualNetworkFilterEnabled", "false"),
            ("properties.ipRules", "[]"),
            ("properties.virtualNetworkRules", "[]"),
        ],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.DBforPostgreSQL/flexibleServers",
        api_versions: versions::with_preview("2021-06-01", "2025-08-01", "2026-04-01-preview"),
        name_length: (3, 63),
        name_rule: NameRule::Pattern("^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$"),
        makes: &[
            (
                "fullyQualifiedDomainName",
                r#""<{name}.postgres.database.azure.com>""#,
            ),
            ("state", r#""Ready""#),
        ],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "minorVersion",
            "backup.earliestRestoreDate",
            "highAvailability.state",
            "replicaCapacity",
            "replica.capacity",
            "replica.replicationState",
        ],
        ..DATABASE
    },
    ResourceType {
        name: "Microsoft.DBforMySQL/flexibleServers",
        api_versions: versions::with_preview("2021-05-01", "2024-12-30", "2025-12-01-preview"),
        name_length: (1, 63),
        name_rule: NameRule::Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
        makes: &[
            (
                "fullyQualifiedDomainName",
                r#""<{name}.mysql.database.azure.com>""#,
            ),
            ("state", r#""Ready""#),
        ],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "fullVersion",
            "replicaCapacity",
            "storage.storageSku",
            "backup.earliestRestoreDate",
            "highAvailability.state",
        ],
        ..DATABASE
    },
    ResourceType {
        name: "Microsoft.Cache/redis",
        api_versions: versions::with_preview("2015-08-01", "2024-11-01", "2025-08-01-preview"),
        required: &[
            "properties.sku.name",
            "properties.sku.family",
            "properties.sku.capacity",
        ],
        shapes: &[
            ("properties.sku", Shape::Object),
            ("properties.sku.capacity", Shape::Integer),
        ],
        makes: &[
            ("hostName", r#""<{name}.redis.cache.windows.net>""#),
            ("port", r#"6379"#),
            ("sslPort", r#"6380"#),
        ],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "accessKeys",
            "linkedServers",
            "instances",
        ],
        style: &styles::STATUS,
        create: CREATE,
        update: UPDATE,
        delete: DELETE,
        running: ("Creating", "Updating"),
        enums: &[ALONE, ("properties.minimumTlsVersion", TLS_TO_1_2)],
        defaults: &[OPEN],
        ..OTHER
    },
    ResourceType {
        name: "Microsoft.Cache/redisEnterprise",
        api_versions: versions::with_preview("2020-10-01-preview", "2025-07-01", "2026-06-01-preview"),
        name_length: (1, 60),
        name_rule: NameRule::Pattern("^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$"),
        required: &["sku.name"],
        hooks: Hooks {
            prepare: redis::check_access,
            ..hooks::OTHER
        },
        makes: &[
            (
                "hostName",
                r#""<{name}.{region}.redisenterprise.cache.azure.net>""#,
            ),
            ("resourceState", r#""Running""#),
        ],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "redundancyMode",
            "redisVersion",
        ],
        style: &styles::STATUS,
        create: CREATE,
        update: UPDATE,
        delete: DELETE,
        running: ("Creating", "Updating"),
        enums: &[ALONE, ("properties.minimumTlsVersion", TLS_TO_1_2)],
        defaults: &[("properties.minimumTlsVersion", r#""1.2""#)],
        ..OTHER
    },
];
