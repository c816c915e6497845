//! The rows of network security perimeters, and of what is in them.

use super::{
    ALL, AT_ONCE, Action, AtLocation, EtagStyle, Hooks, Limit, LocationRule, NO_PATCH, NameRule, OTHER, Pace,
    Patching, Reference, ResourceType, Shape, Shows, TagRule, Within, hooks, versions,
};
use crate::operations::styles;
use crate::perimeter::{self, associable, association, configuration, link, rule};

const HOOKS: Hooks = Hooks {
    missing: perimeter::missing,
    refused: perimeter::refused,
    ..hooks::OTHER
};

/// What a perimeter and all that is in it have in common.
const BASE: ResourceType = ResourceType {
    hooks: HOOKS,
    api_versions: versions::since("2024-07-01", "2025-09-01"),
    created: 200,
    style: &styles::SILENT,
    create: AT_ONCE,
    update: AT_ONCE,
    delete: AT_ONCE,
    name_length: (1, 80),
    name_rule: NameRule::Pattern("^([A-Za-z0-9]+[A-Za-z0-9_.-]*[A-Za-z0-9_]+|[A-Za-z0-9])$"),
    compares_state: false,
    read_only: &["provisioningState"],
    ..OTHER
};

/// The same for what is in one.
const INSIDE: ResourceType = ResourceType {
    methods: NO_PATCH,
    location: LocationRule::None,
    tags: TagRule::None,
    etag: EtagStyle::None,
    shows: Shows {
        last_link: true,
        ..BASE.shows
    },
    ..BASE
};

const PERIMETERS: &[&str] = &["Microsoft.Network/networkSecurityPerimeters"];
const PROFILES: &[&str] = &["Microsoft.Network/networkSecurityPerimeters/profiles"];

const PERIMETER: ResourceType = ResourceType {
    name: "Microsoft.Network/networkSecurityPerimeters",
    hooks: Hooks {
        check_unused: perimeter::check_unused,
        show: perimeter::show,
        show_whole: perimeter::show_whole,
        ..HOOKS
    },
    methods: ALL,
    style: &perimeter::OPERATIONS,
    delete: Pace {
        seconds: 3.0,
        retry_after: 0,
    },
    patching: Patching::Tags,
    tags: TagRule::Usual,
    read_only: &["provisioningState", "perimeterGuid"],
    limits: &[Limit {
        within: Within::Subscription,
        most: 100,
        over: (
            "QuotaExceeded",
            "The subscription has the most network security perimeters that it may have: 100.",
        ),
    }],
    ..BASE
};

const PROFILE: ResourceType = ResourceType {
    name: "Microsoft.Network/networkSecurityPerimeters/profiles",
    hooks: Hooks {
        prepare: rule::prepare_profile,
        check_unused: rule::check_profile,
        ..HOOKS
    },
    shows: Shows {
        state: false,
        ..INSIDE.shows
    },
    read_only: &[
        "provisioningState",
        "accessRulesVersion",
        "diagnosticSettingsVersion",
    ],
    limits: &[Limit {
        within: Within::Parent,
        most: 200,
        over: (
            "QuotaExceeded",
            "Network security perimeter {parent} has the most profiles that it may have: 200.",
        ),
    }],
    ..INSIDE
};

const RULE: ResourceType = ResourceType {
    name: "Microsoft.Network/networkSecurityPerimeters/profiles/accessRules",
    hooks: Hooks {
        prepare: rule::prepare_rule,
        remove: rule::remove_rule,
        ..HOOKS
    },
    read_only: &["provisioningState", "networkSecurityPerimeters"],
    shapes: &[
        ("properties.addressPrefixes", Shape::Texts),
        ("properties.subscriptions", Shape::Objects),
        ("properties.fullyQualifiedDomainNames", Shape::Texts),
        ("properties.emailAddresses", Shape::Texts),
        ("properties.phoneNumbers", Shape::Texts),
        ("properties.serviceTags", Shape::Texts),
    ],
    enums: &[("properties.direction", &["Inbound", "Outbound"])],
    patterns: &[
        (
            "properties.subscriptions.*.id",
            "^/subscriptions/[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        ),
        (
            "properties.fullyQualifiedDomainNames.*",
            r"^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z0-9-]{2,63}$",
        ),
        ("properties.emailAddresses.*", r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
        ("properties.phoneNumbers.*", r"^\+[0-9 ]{6,20}$"),
        ("properties.serviceTags.*", "^[A-Za-z0-9][A-Za-z0-9_.-]*$"),
    ],
    defaults: &[
        ("properties.direction", r#""Inbound""#),
        ("properties.addressPrefixes", "[]"),
        ("properties.fullyQualifiedDomainNames", "[]"),
        ("properties.subscriptions", "[]"),
        ("properties.networkSecurityPerimeters", "[]"),
        ("properties.emailAddresses", "[]"),
        ("properties.phoneNumbers", "[]"),
        (
            "properties.appliesTo",
            r#"[{"resourceType":"*","features":["*"]}]"#,
        ),
    ],
    references: &[Reference::to(
        "properties.subscriptions.*.id",
        "Microsoft.Resources/subscriptions/joinPerimeterRule/action",
    )
    .later()],
    actions: &[Action {
        method: "POST",
        name: "reconcile",
        run: rule::reconcile,
    }],
    ..INSIDE
};

const LOGGING: ResourceType = ResourceType {
    name: "Microsoft.Network/networkSecurityPerimeters/loggingConfigurations",
    hooks: Hooks {
        prepare: rule::prepare_logging,
        ..HOOKS
    },
    shows: Shows {
        state: false,
        ..INSIDE.shows
    },
    read_only: &["provisioningState", "version"],
    shapes: &[("properties.enabledLogCategories", Shape::Texts)],
    defaults: &[
        ("properties.enabledLogCategories", "[]"),
        ("properties.destinationType", "[]"),
    ],
    ..INSIDE
};

const ASSOCIATION: ResourceType = ResourceType {
    name: "Microsoft.Network/networkSecurityPerimeters/resourceAssociations",
    hooks: Hooks {
        prepare: association::prepare,
        ended: association::ended,
        remove: association::remove,
        show: association::show,
        ..HOOKS
    },
    created: 202,
    updated: 202,
    style: &perimeter::ASSOCIATION_OPERATIONS,
    create: Pace {
        seconds: 7.0,
        retry_after: 0,
    },
    update: Pace {
        seconds: 3.0,
        retry_after: 0,
    },
    delete: Pace {
        seconds: 4.0,
        retry_after: 0,
    },
    running: ("Creating", "Updating"),
    required: &["properties.privateLinkResource.id", "properties.profile.id"],
    read_only: &["provisioningState", "hasProvisioningIssues"],
    shapes: &[
        ("properties.privateLinkResource", Shape::Object),
        ("properties.profile", Shape::Object),
    ],
    enums: &[("properties.accessMode", &["Learning", "Enforced", "Audit"])],
    defaults: &[("properties.accessMode", r#""Learning""#)],
    references: &[
        Reference::to("properties.privateLinkResource.id", "{type}/joinPerimeter/action"),
        Reference {
            types: PROFILES,
            ..Reference::to(
                "properties.profile.id",
                "Microsoft.Network/networkSecurityPerimeters/profiles/join/action",
            )
        },
    ],
    limits: &[Limit {
        within: Within::Parent,
        most: 1000,
        over: (
            "QuotaExceeded",
            "Network security perimeter {parent} has the most resource associations that it may have: 1000.",
        ),
    }],
    actions: &[Action {
        method: "POST",
        name: "reconcile",
        run: association::reconcile,
    }],
    ..INSIDE
};

const LINK: ResourceType = ResourceType {
    name: "Microsoft.Network/networkSecurityPerimeters/links",
    hooks: Hooks {
        prepare: link::prepare,
        remove: link::remove,
        show: link::show,
        ..HOOKS
    },
    style: &perimeter::LINK_OPERATIONS,
    delete: Pace {
        seconds: 1.0,
        retry_after: 0,
    },
    shows: Shows {
        state: false,
        ..INSIDE.shows
    },
    required: &["properties.autoApprovedRemotePerimeterResourceId"],
    read_only: &[
        "provisioningState",
        "remotePerimeterGuid",
        "remotePerimeterLocation",
        "localOutboundProfiles",
        "remoteOutboundProfiles",
        "status",
    ],
    shapes: &[
        ("properties.autoApprovedRemotePerimeterResourceId", Shape::Text),
        ("properties.localInboundProfiles", Shape::Texts),
        ("properties.remoteInboundProfiles", Shape::Texts),
        ("properties.description", Shape::Text),
    ],
    lengths: &[("properties.description", 0, 140)],
    defaults: &[
        ("properties.localInboundProfiles", r#"["*"]"#),
        ("properties.remoteInboundProfiles", r#"["*"]"#),
        ("properties.description", r#""Auto Approved.""#),
    ],
    references: &[Reference {
        outlives: true,
        types: PERIMETERS,
        ..Reference::to(
            "properties.autoApprovedRemotePerimeterResourceId",
            "Microsoft.Network/networkSecurityPerimeters/linkPerimeter/action",
        )
    }],
    ..INSIDE
};

const REFERENCE: ResourceType = ResourceType {
    name: "Microsoft.Network/networkSecurityPerimeters/linkReferences",
    hooks: Hooks {
        remove: link::remove_reference,
        show: link::show,
        ..HOOKS
    },
    methods: &["GET", "DELETE"],
    style: &perimeter::LINK_OPERATIONS,
    delete: Pace {
        seconds: 5.0,
        retry_after: 0,
    },
    shows: Shows {
        state: false,
        ..INSIDE.shows
    },
    ..INSIDE
};

/// What a resource knows of its perimeter.
const CONFIGURATION: ResourceType = ResourceType {
    hooks: Hooks {
        ended: configuration::ended,
        remove: configuration::remove,
        show: configuration::show,
        ..hooks::OTHER
    },
    methods: &["GET"],
    style: &styles::LOCATION,
    location: LocationRule::None,
    tags: TagRule::None,
    shows: Shows {
        state: false,
        system_data: false,
        ..OTHER.shows
    },
    actions: &[Action {
        method: "POST",
        name: "reconcile",
        run: configuration::reconcile,
    }],
    ..OTHER
};

macro_rules! rows {
    ($($row:ident),* of $($on:literal),*) => {
        &[$($row),*, $(ResourceType {
            name: concat!($on, "/networkSecurityPerimeterConfigurations"),
            ..CONFIGURATION
        }),*]
    };
}

/// The rows.
pub(super) static ROWS: &[ResourceType] = rows![
    PERIMETER, PROFILE, RULE, LOGGING, ASSOCIATION, LINK, REFERENCE of
    "Microsoft.Sql/servers",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.EventHub/namespaces",
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.Search/searchServices",
    "Microsoft.Purview/accounts",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.KeyVault/vaults",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Insights/dataCollectionEndpoints",
    "Microsoft.ServiceBus/namespaces",
    "Microsoft.Insights/ScheduledQueryRules",
    "Microsoft.Insights/actionGroups",
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.Devices/IotHubs",
    "Microsoft.DigitalTwins/digitalTwinsInstances",
    "Microsoft.Attestation/attestationProviders",
    "Microsoft.BotService/botServices",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.DeviceUpdate/accounts",
    "Microsoft.EventGrid/topics",
    "Microsoft.EventGrid/domains",
    "Microsoft.AppConfiguration/configurationStores",
    "Microsoft.Batch/batchAccounts",
    "Microsoft.Web/sites",
    "Microsoft.HybridCompute/privateLinkScopes",
    "Microsoft.Communication/CommunicationServices",
    "Microsoft.Network/networkWatchers",
    "Microsoft.Kusto/clusters"
];

/// What can be asked of the provider in a region.
pub(super) static AT_LOCATION: &[AtLocation] = &[
    AtLocation {
        namespace: "Microsoft.Network",
        method: "GET",
        name: "perimeterAssociableResourceTypes",
        run: associable::list,
    },
    AtLocation {
        namespace: "Microsoft.Network",
        method: "GET",
        name: "nspServiceTags",
        run: associable::service_tags,
    },
];
