//! The rows of virtual networks, subnets and network interfaces.

use super::{
    Action, AtLocation, Hooks, Inline, Limit, LocationRule, NETWORK, NO_PATCH, Pace, Reference, ResourceType,
    Shape, TagRule, Within, hooks,
};
use crate::balancer::public_address;
use crate::network::peering;
use crate::network::{effective, interface, region, subnet, virtual_network};
use crate::resolver;
use crate::targets::links;

const POLICIES: &[&str] = &[
    "Enabled",
    "Disabled",
    "NetworkSecurityGroupEnabled",
    "RouteTableEnabled",
];

pub(super) const ALLOCATION: &str = "^(?i:Static|Dynamic)$";
const VERSION: &str = "^(?i:IPv4|IPv6)$";

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Network/virtualNetworks",
        hooks: Hooks {
            prepare: virtual_network::prepare,
            conflict: virtual_network::conflict,
            busy: peering::busy,
            check_unused: virtual_network::check_unused,
            remove: virtual_network::remove,
            ..hooks::NETWORK
        },
        create: Pace {
            seconds: 3.0,
            retry_after: 3,
        },
        update: Pace {
            seconds: 3.0,
            retry_after: 3,
        },
        name_length: (2, 64),
        required: &["properties.addressSpace.addressPrefixes"],
        shapes: &[
            ("properties.addressSpace", Shape::Object),
            ("properties.addressSpace.addressPrefixes", Shape::Texts),
            ("properties.subnets", Shape::Objects),
            ("properties.dhcpOptions", Shape::Object),
            ("properties.dhcpOptions.dnsServers", Shape::Texts),
            ("properties.virtualNetworkPeerings", Shape::Objects),
            ("properties.enableDdosProtection", Shape::Boolean),
        ],
        enums: &[("properties.privateEndpointVNetPolicies", &["Disabled", "Basic"])],
        ranges: &[("properties.flowTimeoutInMinutes", 4, 30)],
        defaults: &[
            ("properties.enableDdosProtection", "false"),
            ("properties.privateEndpointVNetPolicies", "\"Disabled\""),
        ],
        inline: &[
            Inline {
                list: "subnets",
                kept: false,
                limit: 3000,
                over: (
                    "SubnetCountLimitReached",
                    "A virtual network cannot have more than 3000 subnets.",
                ),
            },
            Inline {
                list: "virtualNetworkPeerings",
                kept: true,
                limit: 500,
                over: (
                    "PeeringCountLimitReached",
                    "A virtual network cannot have more than 500 peerings.",
                ),
            },
        ],
        limits: &[Limit {
            within: Within::Region,
            most: 1000,
            over: (
                "VnetCountLimitReached",
                "Cannot create more than 1000 virtual networks for this subscription in this region.",
            ),
        }],
        actions: &[
            Action {
                method: "GET",
                name: "checkIPAddressAvailability",
                run: links::address_availability,
            },
            Action {
                method: "GET",
                name: "usages",
                run: virtual_network::usages,
            },
            Action {
                method: "POST",
                name: "listDnsResolvers",
                run: resolver::list_resolvers,
            },
            Action {
                method: "POST",
                name: "listDnsForwardingRulesets",
                run: resolver::list_rulesets,
            },
        ],
        delete_waits: true,
        operation: "PutVirtualNetworkOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/virtualNetworks/subnets",
        hooks: Hooks {
            prepare: subnet::prepare,
            ended: subnet::ended,
            state: subnet::shown_state,
            conflict: subnet::conflict,
            busy: peering::busy,
            check_unused: subnet::check_unused,
            show: subnet::show,
            ..hooks::NETWORK
        },
        create: Pace {
            seconds: 3.0,
            retry_after: 3,
        },
        update: Pace {
            seconds: 3.0,
            retry_after: 3,
        },
        actions: &[
            Action {
                method: "POST",
                name: "prepareNetworkPolicies",
                run: region::policies,
            },
            Action {
                method: "POST",
                name: "unprepareNetworkPolicies",
                run: region::policies,
            },
        ],
        methods: NO_PATCH,
        location: LocationRule::None,
        tags: TagRule::None,
        read_only: &[
            "provisioningState",
            "privateEndpoints",
            "ipConfigurations",
            "ipConfigurationProfiles",
            "purpose",
            "serviceAssociationLinks",
            "resourceNavigationLinks",
            "delegations.*.id",
            "delegations.*.etag",
            "delegations.*.type",
            "delegations.*.properties.actions",
            "delegations.*.properties.provisioningState",
            "serviceEndpoints.*.provisioningState",
        ],
        shapes: &[
            ("properties.addressPrefixes", Shape::Texts),
            ("properties.delegations", Shape::Objects),
            ("properties.serviceEndpoints", Shape::Objects),
            ("properties.serviceEndpointPolicies", Shape::Objects),
            ("properties.networkSecurityGroup", Shape::Object),
            ("properties.routeTable", Shape::Object),
            ("properties.natGateway", Shape::Object),
            ("properties.defaultOutboundAccess", Shape::Boolean),
        ],
        enums: &[
            ("properties.privateEndpointNetworkPolicies", POLICIES),
            (
                "properties.privateLinkServiceNetworkPolicies",
                &["Enabled", "Disabled"],
            ),
        ],
        defaults: &[
            ("properties.delegations", "[]"),
            ("properties.serviceEndpoints.*.locations", "[\"*\"]"),
            ("properties.privateEndpointNetworkPolicies", "\"Disabled\""),
            ("properties.privateLinkServiceNetworkPolicies", "\"Enabled\""),
        ],
        references: &[
            Reference::to(
                "properties.networkSecurityGroup.id",
                "Microsoft.Network/networkSecurityGroups/join/action",
            )
            .beside(&["Microsoft.Network/networkSecurityGroups"]),
            Reference::to(
                "properties.routeTable.id",
                "Microsoft.Network/routeTables/join/action",
            )
            .beside(&["Microsoft.Network/routeTables"]),
            Reference::to(
                "properties.natGateway.id",
                "Microsoft.Network/natGateways/join/action",
            )
            .beside(&["Microsoft.Network/natGateways"]),
            Reference::to(
                "properties.serviceEndpointPolicies.*.id",
                "Microsoft.Network/serviceEndpointPolicies/join/action",
            ),
        ],
        expands: &["properties.ipConfigurations.*", "properties.privateEndpoints.*"],
        operation: "PutSubnetOperation",
        delete_waits: true,
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/networkInterfaces",
        hooks: Hooks {
            prepare: interface::prepare,
            check_unused: interface::check_unused,
            show: interface::show,
            ..hooks::NETWORK
        },
        create: Pace {
            seconds: 1.0,
            retry_after: 1,
        },
        update: Pace {
            seconds: 1.0,
            retry_after: 1,
        },
        actions: &[
            Action {
                method: "POST",
                name: "effectiveNetworkSecurityGroups",
                run: effective::security_groups,
            },
            Action {
                method: "POST",
                name: "effectiveRouteTable",
                run: effective::routes,
            },
        ],
        required: &["properties.ipConfigurations"],
        shapes: &[
            ("properties.ipConfigurations", Shape::Objects),
            ("properties.networkSecurityGroup", Shape::Object),
            ("properties.dnsSettings", Shape::Object),
            ("properties.dnsSettings.dnsServers", Shape::Texts),
            ("properties.enableAcceleratedNetworking", Shape::Boolean),
            ("properties.enableIPForwarding", Shape::Boolean),
        ],
        read_only: &[
            "provisioningState",
            "resourceGuid",
            "virtualMachine",
            "privateEndpoint",
            "privateLinkService",
            "macAddress",
            "allowPort25Out",
            "hostedWorkloads",
            "vnetEncryptionSupported",
            "defaultOutboundConnectivityEnabled",
            "dnsSettings.appliedDnsServers",
            "dnsSettings.internalDomainNameSuffix",
            "ipConfigurations.*.id",
            "ipConfigurations.*.etag",
            "ipConfigurations.*.type",
            "ipConfigurations.*.properties.provisioningState",
            "ipConfigurations.*.properties.privateLinkConnectionProperties",
        ],
        patterns: &[
            (
                "properties.ipConfigurations.*.properties.privateIPAllocationMethod",
                ALLOCATION,
            ),
            (
                "properties.ipConfigurations.*.properties.privateIPAddressVersion",
                VERSION,
            ),
        ],
        lengths: &[("properties.ipConfigurations", 1, 256)],
        operation: "PutNicOperation",
        references: &[
            Reference::to(
                "properties.networkSecurityGroup.id",
                "Microsoft.Network/networkSecurityGroups/join/action",
            )
            .beside(&["Microsoft.Network/networkSecurityGroups"]),
            Reference::to(
                "properties.ipConfigurations.*.properties.applicationSecurityGroups.*.id",
                "Microsoft.Network/applicationSecurityGroups/joinIpConfiguration/action",
            )
            .beside(&["Microsoft.Network/applicationSecurityGroups"]),
            Reference::to_subnet("properties.ipConfigurations.*.properties.subnet.id"),
            Reference::to_public_address("properties.ipConfigurations.*.properties.publicIPAddress.id"),
            Reference::to(
                "properties.ipConfigurations.*.properties.loadBalancerBackendAddressPools.*.id",
                "Microsoft.Network/loadBalancers/backendAddressPools/join/action",
            )
            .beside(&["Microsoft.Network/loadBalancers/backendAddressPools"]),
            Reference::to(
                "properties.ipConfigurations.*.properties.loadBalancerInboundNatRules.*.id",
                "Microsoft.Network/loadBalancers/inboundNatRules/join/action",
            )
            .beside(&["Microsoft.Network/loadBalancers/inboundNatRules"]),
            Reference::to(
                "properties.ipConfigurations.*.properties.applicationGatewayBackendAddressPools.*.id",
                "Microsoft.Network/applicationGateways/backendAddressPools/join/action",
            )
            .later(),
            Reference::to(
                "properties.ipConfigurations.*.properties.virtualNetworkTaps.*.id",
                "Microsoft.Network/virtualNetworkTaps/join/action",
            )
            .later(),
        ],
        defaults: &[
            ("properties.enableAcceleratedNetworking", "false"),
            ("properties.enableIPForwarding", "false"),
            ("properties.tapConfigurations", "[]"),
            ("properties.disableTcpStateTracking", "false"),
            ("properties.nicType", "\"Standard\""),
            ("properties.auxiliaryMode", "\"None\""),
            ("properties.dnsSettings.dnsServers", "[]"),
        ],
        ..NETWORK
    },
];

/// What can be asked of the provider in a region.
pub(super) static AT_LOCATION: &[AtLocation] = &[
    AtLocation {
        namespace: "Microsoft.Network",
        method: "GET",
        name: "availablePrivateEndpointTypes",
        run: links::endpoint_types,
    },
    AtLocation {
        namespace: "Microsoft.Network",
        method: "GET",
        name: "autoApprovedPrivateLinkServices",
        run: links::approving_services,
    },
    AtLocation {
        namespace: "Microsoft.Network",
        method: "POST",
        name: "checkPrivateLinkServiceVisibility",
        run: links::visibility,
    },
    AtLocation {
        namespace: "Microsoft.Network",
        method: "GET",
        name: "usages",
        run: region::usages,
    },
    AtLocation {
        namespace: "Microsoft.Network",
        method: "GET",
        name: "CheckDnsNameAvailability",
        run: public_address::label_availability,
    },
    AtLocation {
        namespace: "Microsoft.Network",
        method: "GET",
        name: "availableDelegations",
        run: region::delegations,
    },
    AtLocation {
        namespace: "Microsoft.Network",
        method: "GET",
        name: "virtualNetworkAvailableEndpointServices",
        run: region::endpoint_services,
    },
    AtLocation {
        namespace: "Microsoft.Network",
        method: "GET",
        name: "serviceTags",
        run: region::service_tags,
    },
];
