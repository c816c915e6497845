//! The rows of private endpoints, their zone groups, and private link services.

use super::network::ALLOCATION;
use super::{
    Hooks, Limit, LocationRule, NETWORK, NO_PATCH, Pace, Reference, ResourceType, Shape, TagRule, Within,
    hooks, versions,
};
use crate::network::{link_service, private_endpoint, zone_group};

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Network/privateEndpoints",
        hooks: Hooks {
            prepare: private_endpoint::prepare,
            ended: private_endpoint::ended,
            remove: private_endpoint::remove,
            show: private_endpoint::show,
            ..hooks::NETWORK
        },
        api_versions: versions::since("2018-10-01", "2025-09-01"),
        create: Pace {
            seconds: 15.0,
            retry_after: 10,
        },
        update: Pace {
            seconds: 5.0,
            retry_after: 10,
        },
        delete: Pace {
            seconds: 8.0,
            retry_after: 10,
        },
        methods: NO_PATCH,
        name_length: (2, 80),
        required: &["properties.subnet.id"],
        shapes: &[
            ("properties.subnet", Shape::Object),
            ("properties.privateLinkServiceConnections", Shape::Objects),
            ("properties.manualPrivateLinkServiceConnections", Shape::Objects),
            ("properties.applicationSecurityGroups", Shape::Objects),
            ("properties.ipConfigurations", Shape::Objects),
            ("properties.customNetworkInterfaceName", Shape::Text),
            ("properties.privateLinkServiceConnections.*.name", Shape::Text),
            (
                "properties.privateLinkServiceConnections.*.properties",
                Shape::Object,
            ),
            (
                "properties.privateLinkServiceConnections.*.properties.privateLinkServiceId",
                Shape::Text,
            ),
            (
                "properties.privateLinkServiceConnections.*.properties.groupIds",
                Shape::Texts,
            ),
            (
                "properties.privateLinkServiceConnections.*.properties.requestMessage",
                Shape::Text,
            ),
            (
                "properties.manualPrivateLinkServiceConnections.*.name",
                Shape::Text,
            ),
            (
                "properties.manualPrivateLinkServiceConnections.*.properties",
                Shape::Object,
            ),
            (
                "properties.manualPrivateLinkServiceConnections.*.properties.privateLinkServiceId",
                Shape::Text,
            ),
            (
                "properties.manualPrivateLinkServiceConnections.*.properties.groupIds",
                Shape::Texts,
            ),
            (
                "properties.manualPrivateLinkServiceConnections.*.properties.requestMessage",
                Shape::Text,
            ),
        ],
        read_only: &[
            "isIPv6EnabledPrivateEndpoint",
            "provisioningState",
            "resourceGuid",
            "networkInterfaces",
            "customDnsConfigs",
        ],
        enums: &[
            ("properties.ipVersionType", &["IPv4", "IPv6", "DualStack"]),
            ("properties.billingSku", &["PayAsYouGo", "Fixed"]),
        ],
        defaults: &[
            ("properties.privateLinkServiceConnections", "[]"),
            ("properties.manualPrivateLinkServiceConnections", "[]"),
            ("properties.customNetworkInterfaceName", "\"\""),
            ("properties.ipConfigurations", "[]"),
        ],
        references: &[
            Reference::to(
                "properties.subnet.id",
                "Microsoft.Network/virtualNetworks/subnets/join/action",
            ),
            Reference::to(
                "properties.applicationSecurityGroups.*.id",
                "Microsoft.Network/applicationSecurityGroups/joinIpConfiguration/action",
            )
            .beside(&["Microsoft.Network/applicationSecurityGroups"]),
        ],
        limits: &[Limit {
            within: Within::Subscription,
            most: 64_000,
            over: (
                "PrivateEndpointCountLimitReached",
                "Cannot create more than 64000 private endpoints for this subscription.",
            ),
        }],
        expands: &["properties.networkInterfaces.*"],
        operation: "PutPrivateEndpointOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        hooks: Hooks {
            prepare: zone_group::prepare,
            ended: zone_group::ended,
            remove: zone_group::remove,
            show: zone_group::show,
            ..hooks::NETWORK
        },
        api_versions: versions::since("2020-03-01", "2025-09-01"),
        create: Pace {
            seconds: 5.0,
            retry_after: 10,
        },
        update: Pace {
            seconds: 5.0,
            retry_after: 10,
        },
        delete: Pace {
            seconds: 5.0,
            retry_after: 10,
        },
        methods: NO_PATCH,
        location: LocationRule::None,
        tags: TagRule::None,
        shapes: &[("properties.privateDnsZoneConfigs", Shape::Objects)],
        defaults: &[("properties.privateDnsZoneConfigs", "[]")],
        references: &[Reference::to(
            "properties.privateDnsZoneConfigs.*.properties.privateDnsZoneId",
            "Microsoft.Network/privateDnsZones/join/action",
        )
        .later()],
        limits: &[Limit {
            within: Within::Parent,
            most: 1,
            over: (
                "MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed",
                "Cannot create more than one private dns zone groups in the private endpoint {parent}.",
            ),
        }],
        operation: "PutPrivateDnsZoneGroupOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/privateLinkServices",
        api_versions: versions::since("2018-10-01", "2025-09-01"),
        hooks: Hooks {
            prepare: link_service::prepare,
            check_unused: link_service::check_unused,
            remove: link_service::remove,
            show: link_service::show,
            ..hooks::NETWORK
        },
        create: Pace {
            seconds: 5.0,
            retry_after: 10,
        },
        update: Pace {
            seconds: 3.0,
            retry_after: 10,
        },
        methods: NO_PATCH,
        read_only: &[
            "provisioningState",
            "resourceGuid",
            "alias",
            "networkInterfaces",
            "privateEndpointConnections",
            "ipConfigurations.*.id",
            "ipConfigurations.*.etag",
            "ipConfigurations.*.type",
            "ipConfigurations.*.properties.provisioningState",
        ],
        required: &["properties.ipConfigurations"],
        enums: &[("properties.accessMode", &["Default", "Restricted"])],
        patterns: &[
            (
                "properties.ipConfigurations.*.properties.privateIPAllocationMethod",
                ALLOCATION,
            ),
            (
                "properties.ipConfigurations.*.properties.privateIPAddressVersion",
                "^(?i:IPv4)$",
            ),
        ],
        lengths: &[
            ("properties.visibility.subscriptions", 0, 100),
            ("properties.autoApproval.subscriptions", 0, 100),
        ],
        shapes: &[
            ("properties.loadBalancerFrontendIpConfigurations", Shape::Objects),
            ("properties.ipConfigurations", Shape::Objects),
            ("properties.fqdns", Shape::Texts),
            ("properties.visibility", Shape::Object),
            ("properties.visibility.subscriptions", Shape::Texts),
            ("properties.autoApproval", Shape::Object),
            ("properties.autoApproval.subscriptions", Shape::Texts),
            ("properties.enableProxyProtocol", Shape::Boolean),
            ("properties.destinationIPAddress", Shape::Text),
        ],
        defaults: &[
            ("properties.fqdns", "[]"),
            ("properties.visibility", "{\"subscriptions\":[]}"),
            ("properties.autoApproval", "{\"subscriptions\":[]}"),
            ("properties.enableProxyProtocol", "false"),
            ("properties.loadBalancerFrontendIpConfigurations", "[]"),
            ("properties.accessMode", "\"Default\""),
        ],
        references: &[
            Reference::to("properties.loadBalancerFrontendIpConfigurations.*.id", "")
                .beside(&["Microsoft.Network/loadBalancers"]),
            Reference::to_subnet("properties.ipConfigurations.*.properties.subnet.id"),
        ],
        limits: &[Limit {
            within: Within::Subscription,
            most: 800,
            over: (
                "PrivateLinkServiceCountLimitReached",
                "Cannot create more than 800 private link services for this subscription.",
            ),
        }],
        expands: &["properties.networkInterfaces.*"],
        operation: "PutPrivateLinkServiceOperation",
        ..NETWORK
    },
];
