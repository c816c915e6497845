//! The rows of `Microsoft.Network` that say which traffic passes and where it goes, and the facts that are common to all
//! security groups.

use super::{
    Hooks, Inline, Limit, LocationRule, NETWORK, NO_PATCH, Pace, Reference, ResourceType, Shape, TagRule,
    Within, hooks, versions,
};
use crate::network::{application_security_group, children, route_table, security_group};

const SECURITY: Pace = Pace {
    seconds: 1.0,
    retry_after: 1,
};

const ROUTING: Pace = Pace {
    seconds: 2.0,
    retry_after: 2,
};

const GROUPS: &[&str] = &["Microsoft.Network/applicationSecurityGroups"];
const JOIN_RULE: &str = "Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action";

/// The rows. `Retry-After` is from recorded traffic.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Network/applicationSecurityGroups",
        api_versions: versions::since("2017-09-01", "2025-09-01"),
        hooks: Hooks {
            check_unused: application_security_group::check_unused,
            ..hooks::NETWORK
        },
        limits: &[Limit {
            within: Within::Subscription,
            most: 3000,
            over: (
                "ApplicationSecurityGroupCountLimitReached",
                "Cannot create more than 3000 application security groups for this subscription.",
            ),
        }],
        operation: "PutApplicationSecurityGroupOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/networkSecurityGroups",
        hooks: Hooks {
            prepare: security_group::prepare,
            conflict: children::conflict,
            check_unused: security_group::check_unused,
            show: security_group::show,
            ..hooks::NETWORK
        },
        create: SECURITY,
        update: SECURITY,
        delete: SECURITY,
        read_only: &[
            "provisioningState",
            "resourceGuid",
            "defaultSecurityRules",
            "subnets",
            "networkInterfaces",
            "flowLogs",
        ],
        shapes: &[
            ("properties.securityRules", Shape::Objects),
            ("properties.flushConnection", Shape::Boolean),
        ],
        inline: &[Inline {
            list: "securityRules",
            kept: false,
            limit: 1000,
            over: (
                "SecurityRuleCountLimitReached",
                "A security group cannot have more than 1000 security rules.",
            ),
        }],
        limits: &[Limit {
            within: Within::Subscription,
            most: 5000,
            over: (
                "NetworkSecurityGroupCountLimitReached",
                "Cannot create more than 5000 network security groups for this subscription.",
            ),
        }],
        expands: &["properties.subnets.*", "properties.networkInterfaces.*"],
        operation: "PutNetworkSecurityGroupOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/networkSecurityGroups/securityRules",
        hooks: Hooks {
            prepare: security_group::prepare_rule,
            ..hooks::NETWORK
        },
        create: SECURITY,
        update: SECURITY,
        delete: SECURITY,
        methods: NO_PATCH,
        location: LocationRule::None,
        tags: TagRule::None,
        read_only: &["provisioningState"],
        shapes: &[
            ("properties.description", Shape::Text),
            ("properties.priority", Shape::Integer),
            ("properties.sourcePortRange", Shape::Text),
            ("properties.destinationPortRange", Shape::Text),
            ("properties.sourceAddressPrefix", Shape::Text),
            ("properties.destinationAddressPrefix", Shape::Text),
            ("properties.sourcePortRanges", Shape::Texts),
            ("properties.destinationPortRanges", Shape::Texts),
            ("properties.sourceAddressPrefixes", Shape::Texts),
            ("properties.destinationAddressPrefixes", Shape::Texts),
            ("properties.sourceApplicationSecurityGroups", Shape::Objects),
            ("properties.destinationApplicationSecurityGroups", Shape::Objects),
        ],
        enums: &[
            ("properties.protocol", &["Tcp", "Udp", "Icmp", "Esp", "Ah", "*"]),
            ("properties.access", &["Allow", "Deny"]),
            ("properties.direction", &["Inbound", "Outbound"]),
        ],
        defaults: &[
            ("properties.sourcePortRanges", "[]"),
            ("properties.destinationPortRanges", "[]"),
            ("properties.sourceAddressPrefixes", "[]"),
            ("properties.destinationAddressPrefixes", "[]"),
        ],
        references: &[
            Reference::to("properties.sourceApplicationSecurityGroups.*.id", JOIN_RULE).beside(GROUPS),
            Reference::to("properties.destinationApplicationSecurityGroups.*.id", JOIN_RULE).beside(GROUPS),
        ],
        operation: "PutSecurityRuleOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
        hooks: Hooks {
            read: security_group::default_rule,
            list: security_group::list_default,
            ..hooks::NETWORK
        },
        methods: &["GET"],
        location: LocationRule::None,
        tags: TagRule::None,
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/routeTables",
        hooks: Hooks {
            prepare: route_table::prepare,
            conflict: children::conflict,
            check_unused: route_table::check_unused,
            show: route_table::show,
            ..hooks::NETWORK
        },
        create: ROUTING,
        update: ROUTING,
        delete: ROUTING,
        read_only: &["provisioningState", "resourceGuid", "subnets"],
        shapes: &[
            ("properties.routes", Shape::Objects),
            ("properties.disableBgpRoutePropagation", Shape::Boolean),
        ],
        enums: &[("properties.disablePeeringRoute", &["None", "All"])],
        defaults: &[("properties.disableBgpRoutePropagation", "false")],
        inline: &[Inline {
            list: "routes",
            kept: false,
            limit: 400,
            over: (
                "RouteCountLimitReached",
                "A route table cannot have more than 400 routes.",
            ),
        }],
        limits: &[Limit {
            within: Within::Subscription,
            most: 200,
            over: (
                "RouteTableCountLimitReached",
                "Cannot create more than 200 route tables for this subscription.",
            ),
        }],
        expands: &["properties.subnets.*"],
        operation: "PutRouteTableOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/routeTables/routes",
        hooks: Hooks {
            prepare: route_table::prepare_route,
            ..hooks::NETWORK
        },
        create: ROUTING,
        update: ROUTING,
        delete: ROUTING,
        methods: NO_PATCH,
        location: LocationRule::None,
        tags: TagRule::None,
        read_only: &["provisioningState", "hasBgpOverride"],
        required: &["properties.addressPrefix", "properties.nextHopType"],
        shapes: &[
            ("properties.addressPrefix", Shape::Text),
            ("properties.nextHopIpAddress", Shape::Text),
            ("properties.nextHop", Shape::Object),
            ("properties.nextHop.nextHopIpAddresses", Shape::Texts),
        ],
        enums: &[(
            "properties.nextHopType",
            &[
                "VirtualNetworkGateway",
                "VnetLocal",
                "Internet",
                "VirtualAppliance",
                "VirtualApplianceEcmp",
                "None",
            ],
        )],
        defaults: &[("properties.hasBgpOverride", "false")],
        operation: "PutRouteOperation",
        ..NETWORK
    },
];

/// A rule that every network security group has.
pub(crate) struct DefaultRule {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) source: &'static str,
    pub(crate) destination: &'static str,
    pub(crate) access: &'static str,
    pub(crate) priority: u16,
    pub(crate) direction: &'static str,
}

/// The default rules, in the order and with the texts of recorded traffic (API version 2020-11-01). Ports and protocol of
/// all of them are `*`.
pub(crate) const DEFAULT_RULES: &[DefaultRule] = &[
    DefaultRule {
        name: "AllowVnetInBound",
        description: "Allow inbound traffic from all VMs in VNET",
        source: "VirtualNetwork",
        destination: "VirtualNetwork",
        access: "Allow",
        priority: 65000,
        direction: "Inbound",
    },
    DefaultRule {
        name: "AllowAzureLoadBalancerInBound",
        description: "Allow inbound traffic from azure load balancer",
        source: "AzureLoadBalancer",
        destination: "*",
        access: "Allow",
        priority: 65001,
        direction: "Inbound",
    },
    DefaultRule {
        name: "DenyAllInBound",
        description: "Deny all inbound traffic",
        source: "*",
        destination: "*",
        access: "Deny",
        priority: 65500,
        direction: "Inbound",
    },
    DefaultRule {
        name: "AllowVnetOutBound",
        description: "Allow outbound traffic from all VMs to all VMs in VNET",
        source: "VirtualNetwork",
        destination: "VirtualNetwork",
        access: "Allow",
        priority: 65000,
        direction: "Outbound",
    },
    DefaultRule {
        name: "AllowInternetOutBound",
        description: "Allow outbound traffic from all VMs to Internet",
        source: "*",
        destination: "Internet",
        access: "Allow",
        priority: 65001,
        direction: "Outbound",
    },
    DefaultRule {
        name: "DenyAllOutBound",
        description: "Deny all outbound traffic",
        source: "*",
        destination: "*",
        access: "Deny",
        priority: 65500,
        direction: "Outbound",
    },
];

/// Service tags that only a rule that denies may name.
pub(crate) const DENY_ONLY_TAGS: &[&str] = &["AzurePlatformDNS", "AzurePlatformIMDS", "AzurePlatformLKM"];

/// Service tags, from Azure's overview of them; some take a region after a dot (`Storage.WestEurope`).
pub(crate) const SERVICE_TAGS: &[&str] = &[
    "ActionGroup",
    "ApiManagement",
    "AppConfiguration",
    "ApplicationInsightsAvailability",
    "AppService",
    "AppServiceManagement",
    "AutonomousDevelopmentPlatform",
    "AzureActiveDirectory",
    "AzureActiveDirectoryDomainServices",
    "AzureAdvancedThreatProtection",
    "AzureArcInfrastructure",
    "AzureAttestation",
    "AzureBackup",
    "AzureBotService",
    "AzureCloud",
    "AzureCognitiveSearch",
    "AzureConnectors",
    "AzureContainerAppsService",
    "AzureContainerRegistry",
    "AzureCosmosDB",
    "AzureDatabricks",
    "AzureDataExplorerManagement",
    "AzureDeviceUpdate",
    "AzureDevOps",
    "AzureDigitalTwins",
    "AzureEventGrid",
    "AzureFrontDoor",
    "AzureHealthcareAPIs",
    "AzureInformationProtection",
    "AzureIoTHub",
    "AzureKeyVault",
    "AzureLoadBalancer",
    "AzureMachineLearning",
    "AzureMachineLearningInference",
    "AzureManagedGrafana",
    "AzureMonitor",
    "AzureMonitorForSAP",
    "AzureOpenDatasets",
    "AzurePlatformDNS",
    "AzurePlatformIMDS",
    "AzurePlatformLKM",
    "AzureResourceManager",
    "AzureSentinel",
    "AzureSignalR",
    "AzureSiteRecovery",
    "AzureSphere",
    "AzureSpringCloud",
    "AzureStack",
    "AzureTrafficManager",
    "AzureUpdateDelivery",
    "AzureVideoIndexer",
    "AzureWebPubSub",
    "BatchNodeManagement",
    "ChaosStudio",
    "CognitiveServicesFrontend",
    "CognitiveServicesManagement",
    "DataFactory",
    "DataFactoryManagement",
    "Dynamics365BusinessCentral",
    "Dynamics365ForMarketingEmail",
    "EOPExternalPublishedIPs",
    "EventHub",
    "GatewayManager",
    "GuestAndHybridManagement",
    "HDInsight",
    "Internet",
    "KustoAnalytics",
    "LogicApps",
    "LogicAppsManagement",
    "M365ManagementActivityApi",
    "M365ManagementActivityApiWebhook",
    "Marketplace",
    "MicrosoftAzureFluidRelay",
    "MicrosoftCloudAppSecurity",
    "MicrosoftContainerRegistry",
    "MicrosoftDefenderForEndpoint",
    "MicrosoftPurviewPolicyDistribution",
    "OneDsCollector",
    "PowerBI",
    "PowerPlatformInfra",
    "PowerPlatformPlex",
    "PowerQueryOnline",
    "Scuba",
    "SecurityCopilot",
    "SerialConsole",
    "ServiceBus",
    "ServiceFabric",
    "Sql",
    "SqlManagement",
    "Storage",
    "StorageMover",
    "StorageSyncService",
    "VirtualNetwork",
    "WindowsAdminCenter",
    "WindowsVirtualDesktop",
];

/// Whether a text names a service tag. Case does not matter.
pub(crate) fn is_service_tag(text: &str) -> bool {
    let (service, region) = text.split_once('.').unwrap_or((text, "any"));
    SERVICE_TAGS.iter().any(|tag| tag.eq_ignore_ascii_case(service))
        && !region.is_empty()
        && region.chars().all(|letter| letter.is_ascii_alphanumeric())
}
