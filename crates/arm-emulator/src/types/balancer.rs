//! The rows of load balancers and public addresses, as far as private link services need them.

use super::{
    AT_ONCE, Hooks, Inline, Limit, LocationRule, NETWORK, NO_PATCH, Pace, Reference, ResourceType, Shape,
    TagRule, Within, hooks,
};
use crate::balancer::{
    list_frontends, list_outbound, list_probes, list_rules, load_balancer, pool, public_address, read, rule,
};
use crate::network::children;

const PROTOCOL: &str = "^(?i:Udp|Tcp|All|Quic)$";
/// DNS labels of public addresses.
pub(crate) const DOMAIN_NAME_LABEL: &str = "^[a-z][a-z0-9-]{1,61}[a-z0-9]$";
const JOIN_NETWORK: &str = "Microsoft.Network/virtualNetworks/join/action";

/// A part of a load balancer: written with its balancer only.
const PART: ResourceType = ResourceType {
    methods: &["GET"],
    location: LocationRule::None,
    tags: TagRule::None,
    ..NETWORK
};

/// The rows. Defaults and `Retry-After` are from recorded traffic.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Network/publicIPAddresses",
        hooks: Hooks {
            prepare: public_address::prepare,
            check_unused: public_address::check_unused,
            show: public_address::show,
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
        read_only: &[
            "provisioningState",
            "resourceGuid",
            "ipAddress",
            "ipConfiguration",
            "dnsSettings.fqdn",
        ],
        shapes: &[
            ("sku", Shape::Object),
            ("properties.ipTags", Shape::Objects),
            ("properties.dnsSettings", Shape::Object),
            ("properties.dnsSettings.domainNameLabel", Shape::Text),
        ],
        enums: &[
            ("sku.name", &["Basic", "Standard", "StandardV2"]),
            ("sku.tier", &["Regional", "Global"]),
            ("properties.publicIPAllocationMethod", &["Static", "Dynamic"]),
            ("properties.publicIPAddressVersion", &["IPv4", "IPv6"]),
        ],
        patterns: &[("properties.dnsSettings.domainNameLabel", DOMAIN_NAME_LABEL)],
        ranges: &[("properties.idleTimeoutInMinutes", 4, 30)],
        defaults: &[
            ("sku.name", "\"Basic\""),
            ("sku.tier", "\"Regional\""),
            ("properties.publicIPAddressVersion", "\"IPv4\""),
            ("properties.publicIPAllocationMethod", "\"Dynamic\""),
            ("properties.idleTimeoutInMinutes", "4"),
            ("properties.ipTags", "[]"),
            (
                "properties.ddosSettings",
                r#"{"protectionMode":"VirtualNetworkInherited"}"#,
            ),
        ],
        expands: &["properties.ipConfiguration"],
        operation: "PutPublicIpAddressOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/loadBalancers",
        hooks: Hooks {
            prepare: load_balancer::prepare,
            conflict: children::conflict,
            check_unused: load_balancer::check_unused,
            show: load_balancer::show,
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
        read_only: &[
            "provisioningState",
            "resourceGuid",
            "frontendIPConfigurations.*.id",
            "frontendIPConfigurations.*.etag",
            "frontendIPConfigurations.*.type",
            "frontendIPConfigurations.*.properties.provisioningState",
            "frontendIPConfigurations.*.properties.inboundNatRules",
            "frontendIPConfigurations.*.properties.inboundNatPools",
            "frontendIPConfigurations.*.properties.loadBalancingRules",
            "frontendIPConfigurations.*.properties.outboundRules",
            "loadBalancingRules.*.id",
            "loadBalancingRules.*.etag",
            "loadBalancingRules.*.type",
            "loadBalancingRules.*.properties.provisioningState",
            "probes.*.id",
            "probes.*.etag",
            "probes.*.type",
            "probes.*.properties.provisioningState",
            "probes.*.properties.loadBalancingRules",
            "outboundRules.*.id",
            "outboundRules.*.etag",
            "outboundRules.*.type",
            "outboundRules.*.properties.provisioningState",
            "inboundNatPools.*.id",
            "inboundNatPools.*.etag",
            "inboundNatPools.*.type",
            "inboundNatPools.*.properties.provisioningState",
        ],
        shapes: &[
            ("sku", Shape::Object),
            ("properties.frontendIPConfigurations", Shape::Objects),
            ("properties.backendAddressPools", Shape::Objects),
            ("properties.loadBalancingRules", Shape::Objects),
            ("properties.probes", Shape::Objects),
            ("properties.inboundNatRules", Shape::Objects),
            ("properties.outboundRules", Shape::Objects),
            ("properties.inboundNatPools", Shape::Objects),
        ],
        enums: &[
            ("sku.name", &["Basic", "Standard", "Gateway"]),
            ("sku.tier", &["Regional", "Global"]),
        ],
        patterns: &[
            ("properties.loadBalancingRules.*.properties.protocol", PROTOCOL),
            ("properties.inboundNatPools.*.properties.protocol", PROTOCOL),
            ("properties.outboundRules.*.properties.protocol", PROTOCOL),
            ("properties.probes.*.properties.protocol", "^(?i:Http|Tcp|Https)$"),
            (
                "properties.frontendIPConfigurations.*.properties.privateIPAllocationMethod",
                "^(?i:Static|Dynamic)$",
            ),
        ],
        ranges: &[
            (
                "properties.loadBalancingRules.*.properties.frontendPort",
                0,
                65534,
            ),
            ("properties.loadBalancingRules.*.properties.backendPort", 0, 65535),
            (
                "properties.loadBalancingRules.*.properties.idleTimeoutInMinutes",
                4,
                100,
            ),
            ("properties.probes.*.properties.port", 1, 65535),
            (
                "properties.probes.*.properties.intervalInSeconds",
                5,
                i32::MAX as i64,
            ),
            (
                "properties.inboundNatPools.*.properties.frontendPortRangeStart",
                1,
                65534,
            ),
            (
                "properties.inboundNatPools.*.properties.frontendPortRangeEnd",
                1,
                65535,
            ),
            ("properties.inboundNatPools.*.properties.backendPort", 1, 65535),
        ],
        defaults: &[
            ("sku.name", "\"Basic\""),
            ("sku.tier", "\"Regional\""),
            ("properties.frontendIPConfigurations", "[]"),
            ("properties.loadBalancingRules", "[]"),
            ("properties.probes", "[]"),
            ("properties.outboundRules", "[]"),
            ("properties.inboundNatPools", "[]"),
            (
                "properties.frontendIPConfigurations.*.properties.privateIPAllocationMethod",
                "\"Dynamic\"",
            ),
            (
                "properties.loadBalancingRules.*.properties.idleTimeoutInMinutes",
                "4",
            ),
            (
                "properties.loadBalancingRules.*.properties.loadDistribution",
                "\"Default\"",
            ),
            (
                "properties.loadBalancingRules.*.properties.enableFloatingIP",
                "false",
            ),
            (
                "properties.loadBalancingRules.*.properties.enableTcpReset",
                "false",
            ),
            (
                "properties.loadBalancingRules.*.properties.disableOutboundSnat",
                "false",
            ),
            ("properties.probes.*.properties.intervalInSeconds", "15"),
            ("properties.probes.*.properties.numberOfProbes", "2"),
            ("properties.outboundRules.*.properties.idleTimeoutInMinutes", "4"),
            ("properties.outboundRules.*.properties.enableTcpReset", "false"),
            (
                "properties.outboundRules.*.properties.allocatedOutboundPorts",
                "0",
            ),
            (
                "properties.inboundNatPools.*.properties.idleTimeoutInMinutes",
                "4",
            ),
            (
                "properties.inboundNatPools.*.properties.enableFloatingIP",
                "false",
            ),
            (
                "properties.inboundNatPools.*.properties.enableDestinationServiceEndpoint",
                "false",
            ),
            ("properties.inboundNatPools.*.properties.enableTcpReset", "false"),
            (
                "properties.inboundNatPools.*.properties.allowBackendPortConflict",
                "false",
            ),
        ],
        references: &[
            Reference::to_subnet("properties.frontendIPConfigurations.*.properties.subnet.id"),
            Reference::to_public_address(
                "properties.frontendIPConfigurations.*.properties.publicIPAddress.id",
            ),
        ],
        inline: &[
            Inline {
                list: "backendAddressPools",
                kept: false,
                limit: 1000,
                over: (
                    "BackendAddressPoolCountLimitReached",
                    "A load balancer cannot have more than 1000 backend address pools.",
                ),
            },
            Inline {
                list: "inboundNatRules",
                kept: false,
                limit: 1500,
                over: (
                    "InboundNatRuleCountLimitReached",
                    "A load balancer cannot have more than 1500 inbound NAT rules.",
                ),
            },
        ],
        limits: &[Limit {
            within: Within::Region,
            most: 1000,
            over: (
                "LoadBalancerCountLimitReached",
                "Cannot create more than 1000 load balancers for this subscription in this region.",
            ),
        }],
        operation: "PutLoadBalancerOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/loadBalancers/backendAddressPools",
        hooks: Hooks {
            check_unused: pool::check_unused,
            show: pool::show,
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
        methods: NO_PATCH,
        location: LocationRule::None,
        tags: TagRule::None,
        read_only: &[
            "provisioningState",
            "backendIPConfigurations",
            "loadBalancingRules",
            "outboundRule",
            "outboundRules",
            "inboundNatRules",
        ],
        shapes: &[
            ("properties.loadBalancerBackendAddresses", Shape::Objects),
            ("properties.virtualNetwork", Shape::Object),
        ],
        references: &[
            Reference::to("properties.virtualNetwork.id", JOIN_NETWORK)
                .beside(&["Microsoft.Network/virtualNetworks"]),
            Reference::to(
                "properties.loadBalancerBackendAddresses.*.properties.virtualNetwork.id",
                JOIN_NETWORK,
            )
            .beside(&["Microsoft.Network/virtualNetworks"]),
        ],
        expands: &["properties.backendIPConfigurations.*"],
        operation: "PutLoadBalancerBackendAddressPoolOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/loadBalancers/inboundNatRules",
        hooks: Hooks {
            prepare: rule::prepare,
            check_unused: pool::check_unused,
            ..hooks::NETWORK
        },
        create: AT_ONCE,
        update: AT_ONCE,
        methods: NO_PATCH,
        location: LocationRule::None,
        tags: TagRule::None,
        read_only: &["provisioningState", "backendIPConfiguration"],
        shapes: &[
            ("properties.frontendIPConfiguration", Shape::Object),
            ("properties.backendAddressPool", Shape::Object),
        ],
        enums: &[("properties.protocol", &["Udp", "Tcp", "All", "Quic"])],
        ranges: &[
            ("properties.frontendPort", 1, 65534),
            ("properties.backendPort", 1, 65535),
            ("properties.frontendPortRangeStart", 1, 65534),
            ("properties.frontendPortRangeEnd", 1, 65534),
            ("properties.idleTimeoutInMinutes", 4, 100),
        ],
        defaults: &[
            ("properties.protocol", "\"Tcp\""),
            ("properties.idleTimeoutInMinutes", "4"),
            ("properties.enableFloatingIP", "false"),
            ("properties.enableDestinationServiceEndpoint", "false"),
            ("properties.enableTcpReset", "false"),
            ("properties.allowBackendPortConflict", "false"),
        ],
        references: &[
            Reference::to("properties.frontendIPConfiguration.id", "").later(),
            Reference::to("properties.backendAddressPool.id", "").later(),
        ],
        expands: &["properties.backendIPConfiguration"],
        operation: "PutInboundNatRuleOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/loadBalancers/frontendIPConfigurations",
        hooks: Hooks {
            read,
            list: list_frontends,
            ..hooks::NETWORK
        },
        ..PART
    },
    ResourceType {
        name: "Microsoft.Network/loadBalancers/loadBalancingRules",
        hooks: Hooks {
            read,
            list: list_rules,
            ..hooks::NETWORK
        },
        ..PART
    },
    ResourceType {
        name: "Microsoft.Network/loadBalancers/probes",
        hooks: Hooks {
            read,
            list: list_probes,
            ..hooks::NETWORK
        },
        ..PART
    },
    ResourceType {
        name: "Microsoft.Network/loadBalancers/outboundRules",
        hooks: Hooks {
            read,
            list: list_outbound,
            ..hooks::NETWORK
        },
        ..PART
    },
];
