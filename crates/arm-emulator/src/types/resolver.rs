//! The rows of the DNS resolver: resolvers, their endpoints, forwarding rulesets, rules and links.
//!
//! ARM behaviour: like private DNS it is a provider of its own inside `Microsoft.Network`.

use super::{
    AT_ONCE, AfterGroup, EtagHeader, EtagStyle, Hooks, Limit, LocationRule, NETWORK, NameRule, Pace,
    Patching, Reference, ResourceType, Shape, Shows, TagRule, Within, hooks, versions,
};
use crate::operations::styles;
use crate::resolver::{self, endpoint, link, rule, ruleset};

/// The type of rulesets.
pub(crate) const RULESET: &str = "Microsoft.Network/dnsForwardingRulesets";

const HOOKS: Hooks = Hooks {
    missing: resolver::missing,
    refused: resolver::refused,
    stale: resolver::stale,
    busy: resolver::busy,
    show_whole: resolver::show_whole,
    ..hooks::OTHER
};

const RESOLVER: ResourceType = ResourceType {
    hooks: HOOKS,
    api_versions: versions::only("2020-04-01-preview", "2025-05-01", Some("2025-10-01-preview")),
    style: &styles::RESOLVER,
    create: Pace {
        seconds: 20.0,
        retry_after: 5,
    },
    update: Pace {
        seconds: 15.0,
        retry_after: 5,
    },
    delete: Pace {
        seconds: 15.0,
        retry_after: 5,
    },
    patching: Patching::Merge,
    name_rule: NameRule::Pattern("^[a-zA-Z0-9]([a-zA-Z0-9_\\-]*[a-zA-Z0-9])?$"),
    etag: EtagStyle::Quoted,
    shows: Shows {
        system_data: true,
        etag_header: EtagHeader::None,
        ..NETWORK.shows
    },
    compares_state: false,
    after_group: AfterGroup::Group,
    running: ("Creating", "Updating"),
    ..NETWORK
};

/// Endpoints take longer: Azure places machines in the subnet.
const ENDPOINT: ResourceType = ResourceType {
    hooks: Hooks {
        prepare: endpoint::prepare,
        check_unused: endpoint::check_unused,
        ended: endpoint::ended,
        ..HOOKS
    },
    create: Pace {
        seconds: 60.0,
        retry_after: 5,
    },
    update: Pace {
        seconds: 30.0,
        retry_after: 5,
    },
    delete: Pace {
        seconds: 40.0,
        retry_after: 5,
    },
    ..RESOLVER
};

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Network/dnsResolvers",
        hooks: Hooks {
            prepare: resolver::prepare,
            check_unused: resolver::check_unused,
            given_up: resolver::given_up,
            show: resolver::show,
            ..HOOKS
        },
        required: &["properties.virtualNetwork.id"],
        shapes: &[("properties.virtualNetwork", Shape::Object)],
        read_only: &["provisioningState", "resourceGuid", "dnsResolverState"],
        references: &[Reference::to(
            "properties.virtualNetwork.id",
            "Microsoft.Network/virtualNetworks/join/action",
        )
        .later()],
        limits: &[Limit {
            within: Within::Region,
            most: 15,
            over: (
                "BadRequest",
                "Cannot create more than 15 DNS resolvers for this subscription in this region.",
            ),
        }],
        operation: "DnsResolver",
        ..RESOLVER
    },
    ResourceType {
        name: "Microsoft.Network/dnsResolvers/inboundEndpoints",
        required: &["properties.ipConfigurations"],
        shapes: &[("properties.ipConfigurations", Shape::Objects)],
        lengths: &[("properties.ipConfigurations", 1, 1)],
        defaults: &[(
            "properties.ipConfigurations.*.privateIpAllocationMethod",
            "\"Dynamic\"",
        )],
        references: &[Reference::to(
            "properties.ipConfigurations.*.subnet.id",
            "Microsoft.Network/virtualNetworks/subnets/join/action",
        )
        .later()],
        limits: &[Limit {
            within: Within::Parent,
            most: 5,
            over: (
                "BadRequest",
                "DNS resolver {parent} cannot have more than 5 inbound endpoints.",
            ),
        }],
        operation: "InboundEndpoint",
        ..ENDPOINT
    },
    ResourceType {
        name: "Microsoft.Network/dnsResolvers/outboundEndpoints",
        required: &["properties.subnet.id"],
        shapes: &[("properties.subnet", Shape::Object)],
        references: &[Reference::to(
            "properties.subnet.id",
            "Microsoft.Network/virtualNetworks/subnets/join/action",
        )
        .later()],
        limits: &[Limit {
            within: Within::Parent,
            most: 5,
            over: (
                "BadRequest",
                "DNS resolver {parent} cannot have more than 5 outbound endpoints.",
            ),
        }],
        operation: "OutboundEndpoint",
        ..ENDPOINT
    },
    ResourceType {
        name: RULESET,
        hooks: Hooks {
            prepare: ruleset::prepare,
            check_unused: ruleset::check_unused,
            ..HOOKS
        },
        required: &["properties.dnsResolverOutboundEndpoints"],
        shapes: &[("properties.dnsResolverOutboundEndpoints", Shape::Objects)],
        lengths: &[("properties.dnsResolverOutboundEndpoints", 1, 2)],
        references: &[Reference::to(
            "properties.dnsResolverOutboundEndpoints.*.id",
            "Microsoft.Network/dnsResolvers/outboundEndpoints/join/action",
        )
        .later()],
        operation: "DnsForwardingRuleset",
        ..RESOLVER
    },
    ResourceType {
        name: "Microsoft.Network/dnsForwardingRulesets/forwardingRules",
        hooks: Hooks {
            prepare: rule::prepare,
            ..HOOKS
        },
        create: AT_ONCE,
        update: AT_ONCE,
        delete: AT_ONCE,
        location: LocationRule::None,
        tags: TagRule::None,
        required: &["properties.domainName", "properties.targetDnsServers"],
        shapes: &[
            ("properties.domainName", Shape::Text),
            ("properties.targetDnsServers", Shape::Objects),
            ("properties.metadata", Shape::Object),
        ],
        enums: &[("properties.forwardingRuleState", &["Enabled", "Disabled"])],
        // The root, or up to 34 labels, with the dot of the root.
        patterns: &[(
            "properties.domainName",
            "^(\\.|([a-zA-Z0-9_]([a-zA-Z0-9_\\-]{0,61}[a-zA-Z0-9_])?\\.){1,34})$",
        )],
        lengths: &[
            ("properties.domainName", 1, 254),
            ("properties.targetDnsServers", 1, 6),
        ],
        ranges: &[("properties.targetDnsServers.*.port", 1, 65_535)],
        defaults: &[
            ("properties.forwardingRuleState", "\"Enabled\""),
            ("properties.targetDnsServers.*.port", "53"),
        ],
        limits: &[Limit {
            within: Within::Parent,
            most: 1_000,
            over: (
                "BadRequest",
                "DNS forwarding ruleset {parent} cannot have more than 1000 forwarding rules.",
            ),
        }],
        operation: "ForwardingRule",
        ..RESOLVER
    },
    ResourceType {
        name: "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks",
        hooks: Hooks {
            prepare: link::prepare,
            ended: link::ended,
            ..HOOKS
        },
        location: LocationRule::None,
        tags: TagRule::None,
        required: &["properties.virtualNetwork.id"],
        shapes: &[
            ("properties.virtualNetwork", Shape::Object),
            ("properties.metadata", Shape::Object),
        ],
        references: &[Reference::to(
            "properties.virtualNetwork.id",
            "Microsoft.Network/virtualNetworks/join/action",
        )
        .later()],
        limits: &[Limit {
            within: Within::Parent,
            most: 500,
            over: (
                "BadRequest",
                "DNS forwarding ruleset {parent} cannot have more than 500 virtual network links.",
            ),
        }],
        operation: "VirtualNetworkLink",
        ..RESOLVER
    },
];
