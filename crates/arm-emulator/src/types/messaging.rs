//! The rows of targets that pass messages on: Event Hubs, Service Bus, Event Grid.

use super::targets::{
    ALONE, CREATE, DECISION, DELETE, IP_RULE, OPEN, SECURED, TLS_TO_1_2, TLS_TO_1_3, UPDATE,
};
use super::{NameRule, OTHER, ResourceType, Shape, versions};
use crate::operations::styles;

/// What Event Hubs and Service Bus have in common.
const MESSAGING: ResourceType = ResourceType {
    create: CREATE,
    delete: DELETE,
    name_length: (6, 50),
    name_rule: NameRule::Pattern("^[a-zA-Z][a-zA-Z0-9-]*[a-zA-Z0-9]$"),
    required_in: &[("sku", "name")],
    makes: &[
        (
            "serviceBusEndpoint",
            r#""https://<{name}.servicebus.windows.net>:443/""#,
        ),
        ("status", r#""Active""#),
    ],
    read_only: &[
        "provisioningState",
        "privateEndpointConnections",
        "createdAt",
        "updatedAt",
        "metricId",
    ],
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
///
/// ARM behaviour: a PUT is 201 whether it creates or changes.
const EVENT_GRID: ResourceType = ResourceType {
    updated: 201,
    style: &styles::STATUS_AND_RESULT,
    create: CREATE,
    update: UPDATE,
    delete: DELETE,
    running: ("Creating", "Updating"),
    shapes: &[("properties.inboundIpRules", Shape::Objects)],
    enums: &[ALONE, ("properties.minimumTlsVersionAllowed", TLS_TO_1_2)],
    patterns: &[("properties.inboundIpRules.*.ipMask", IP_RULE)],
    defaults: &[OPEN],
    ..OTHER
};

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.EventHub/namespaces",
        api_versions: versions::with_preview("2014-09-01", "2026-01-01", "2026-07-01-preview"),
        style: &styles::STATUS,
        ..MESSAGING
    },
    ResourceType {
        name: "Microsoft.EventHub/namespaces/networkRuleSets",
        ..MESSAGING_RULES
    },
    ResourceType {
        name: "Microsoft.ServiceBus/namespaces",
        api_versions: versions::with_preview("2015-08-01", "2026-01-01", "2026-07-01-preview"),
        style: &styles::RESULT,
        ..MESSAGING
    },
    ResourceType {
        name: "Microsoft.ServiceBus/namespaces/networkRuleSets",
        ..MESSAGING_RULES
    },
    ResourceType {
        name: "Microsoft.EventGrid/topics",
        api_versions: versions::with_preview("2017-06-15-preview", "2025-02-15", "2025-07-15-preview"),
        makes: &[(
            "endpoint",
            r#""https://<{name}.{region}-1.eventgrid.azure.net>/api/events""#,
        )],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "metricResourceId",
        ],
        ..EVENT_GRID
    },
    ResourceType {
        name: "Microsoft.EventGrid/domains",
        api_versions: versions::with_preview("2019-06-01", "2025-02-15", "2025-07-15-preview"),
        makes: &[(
            "endpoint",
            r#""https://<{name}.{region}-1.eventgrid.azure.net>/api/events""#,
        )],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "metricResourceId",
        ],
        ..EVENT_GRID
    },
    ResourceType {
        name: "Microsoft.EventGrid/partnerNamespaces",
        api_versions: versions::with_preview("2020-04-01-preview", "2025-02-15", "2025-07-15-preview"),
        makes: &[(
            "endpoint",
            r#""https://<{name}.{region}-1.eventgrid.azure.net>/api/events""#,
        )],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "metricResourceId",
        ],
        ..EVENT_GRID
    },
    ResourceType {
        name: "Microsoft.EventGrid/namespaces",
        updated: 200,
        api_versions: versions::with_preview("2023-06-01-preview", "2025-02-15", "2025-07-15-preview"),
        name_length: (3, 50),
        name_rule: NameRule::Pattern("^[a-zA-Z0-9-]*$"),
        makes: &[(
            "topicsConfiguration.hostname",
            r#""<{name}.{region}-1.eventgrid.azure.net>""#,
        )],
        read_only: &[
            "provisioningState",
            "privateEndpointConnections",
            "topicSpacesConfiguration.hostname",
        ],
        ..EVENT_GRID
    },
];
