//! The tables of resource types: everything about a type that is data.
//!
//! A row can be held against Azure's documents. Behaviour that no row can say (addresses, side effects) is in
//! [`crate::network`]; which behaviour a type has is the row's `behaviour`.

use crate::operations::OperationStyle;
use crate::targets::Target;

/// The code behind a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Nothing beyond the table.
    Plain,
    VirtualNetwork,
    Subnet,
    PrivateEndpoint,
    NetworkInterface,
    SecurityGroup,
    LinkService,
    /// A private endpoint connection on a target.
    Connection,
    StorageAccount,
}

/// Which form a provider's answers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `etag` (`W/"guid"`) in the body, `ETag` on GET, `properties.resourceGuid` for top-level types.
    Network,
    /// `systemData`; no etag.
    Other,
}

/// How long a write takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Seconds until it ends at Azure's pace; 0: it ends at once.
    pub(crate) seconds: f64,
    /// Seconds that the answer asks the client to wait.
    pub(crate) retry_after: u64,
}

/// Where a resource of the type may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocationRule {
    /// `location` has to be given.
    Required,
    /// The type has none.
    None,
    /// Whatever is given is kept.
    Free,
}

/// What PATCH does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patching {
    /// There is none.
    Refused,
    /// Only tags, and the map as a whole.
    Tags,
    /// JSON merge.
    Merge,
}

/// Which tags are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagRule {
    /// No `< > % & \ ? /` in names.
    Usual,
    /// The type has no tags: they are ignored.
    None,
}

/// An id in the body that has to exist.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    /// `*` stands for every element of a list.
    pub(crate) path: &'static str,
    /// The action that the caller needs on what it refers to.
    pub(crate) action: &'static str,
}

/// One resource type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourceType {
    pub(crate) name: &'static str,
    pub(crate) behaviour: Behaviour,
    pub(crate) form: Form,
    /// Oldest and newest API version that the type answers to.
    pub(crate) api_versions: (&'static str, &'static str),
    /// Status of a PUT that creates.
    pub(crate) created: u16,
    pub(crate) style: OperationStyle,
    pub(crate) create: Pace,
    pub(crate) update: Pace,
    pub(crate) delete: Pace,
    pub(crate) patching: Patching,
    pub(crate) location: LocationRule,
    pub(crate) tags: TagRule,
    /// Length of the name, and the characters besides letters and digits that may stand inside it.
    pub(crate) name_length: (usize, usize),
    pub(crate) name_characters: &'static str,
    /// Paths that have to be in a request.
    pub(crate) required: &'static [&'static str],
    /// Properties of a request that the provider ignores.
    pub(crate) read_only: &'static [&'static str],
    /// Closed sets of values.
    pub(crate) enums: &'static [(&'static str, &'static [&'static str])],
    /// JSON that an answer shows where the request left it out.
    pub(crate) defaults: &'static [(&'static str, &'static str)],
    pub(crate) references: &'static [Reference],
    /// What the provider calls the writing operation.
    pub(crate) operation: &'static str,
}

const NETWORK: ResourceType = ResourceType {
    name: "",
    behaviour: Behaviour::Plain,
    form: Form::Network,
    api_versions: ("2015-06-15", "2026-12-31"),
    created: 201,
    style: OperationStyle::Network,
    create: Pace {
        seconds: 2.0,
        retry_after: 10,
    },
    update: Pace {
        seconds: 2.0,
        retry_after: 10,
    },
    delete: Pace {
        seconds: 3.0,
        retry_after: 10,
    },
    patching: Patching::Tags,
    location: LocationRule::Required,
    tags: TagRule::Usual,
    name_length: (1, 80),
    name_characters: "._-",
    required: &[],
    read_only: &["provisioningState", "resourceGuid"],
    enums: &[],
    defaults: &[],
    references: &[],
    operation: "PutResourceOperation",
};

const POLICIES: &[&str] = &[
    "Enabled",
    "Disabled",
    "NetworkSecurityGroupEnabled",
    "RouteTableEnabled",
];

/// Types with a table of their own.
static TYPES: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Network/virtualNetworks",
        behaviour: Behaviour::VirtualNetwork,
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
        enums: &[("properties.privateEndpointVNetPolicies", &["Disabled", "Basic"])],
        defaults: &[
            ("properties.virtualNetworkPeerings", "[]"),
            ("properties.enableDdosProtection", "false"),
        ],
        operation: "PutVirtualNetworkOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/virtualNetworks/subnets",
        behaviour: Behaviour::Subnet,
        create: Pace {
            seconds: 3.0,
            retry_after: 3,
        },
        update: Pace {
            seconds: 3.0,
            retry_after: 3,
        },
        patching: Patching::Refused,
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
            ("properties.privateEndpointNetworkPolicies", "\"Disabled\""),
            ("properties.privateLinkServiceNetworkPolicies", "\"Enabled\""),
        ],
        references: &[
            Reference {
                path: "properties.networkSecurityGroup.id",
                action: "Microsoft.Network/networkSecurityGroups/join/action",
            },
            Reference {
                path: "properties.routeTable.id",
                action: "Microsoft.Network/routeTables/join/action",
            },
            Reference {
                path: "properties.natGateway.id",
                action: "Microsoft.Network/natGateways/join/action",
            },
        ],
        operation: "PutSubnetOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/privateEndpoints",
        behaviour: Behaviour::PrivateEndpoint,
        api_versions: ("2018-10-01", "2026-12-31"),
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
        patching: Patching::Refused,
        name_length: (2, 80),
        required: &["properties.subnet.id"],
        read_only: &[
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
            Reference {
                path: "properties.subnet.id",
                action: "Microsoft.Network/virtualNetworks/subnets/join/action",
            },
            Reference {
                path: "properties.applicationSecurityGroups.*.id",
                action: "Microsoft.Network/applicationSecurityGroups/joinIpConfiguration/action",
            },
        ],
        operation: "PutPrivateEndpointOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/networkInterfaces",
        behaviour: Behaviour::NetworkInterface,
        create: Pace {
            seconds: 1.0,
            retry_after: 1,
        },
        update: Pace {
            seconds: 1.0,
            retry_after: 1,
        },
        operation: "PutNicOperation",
        defaults: &[
            ("properties.enableAcceleratedNetworking", "false"),
            ("properties.enableIPForwarding", "false"),
            ("properties.hostedWorkloads", "[]"),
            ("properties.tapConfigurations", "[]"),
        ],
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/applicationSecurityGroups",
        behaviour: Behaviour::SecurityGroup,
        operation: "PutApplicationSecurityGroupOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Network/privateLinkServices",
        behaviour: Behaviour::LinkService,
        create: Pace {
            seconds: 5.0,
            retry_after: 10,
        },
        update: Pace {
            seconds: 3.0,
            retry_after: 10,
        },
        patching: Patching::Refused,
        read_only: &[
            "provisioningState",
            "resourceGuid",
            "alias",
            "networkInterfaces",
            "privateEndpointConnections",
        ],
        defaults: &[
            ("properties.fqdns", "[]"),
            ("properties.visibility", "{\"subscriptions\":[]}"),
            ("properties.autoApproval", "{\"subscriptions\":[]}"),
            ("properties.enableProxyProtocol", "false"),
        ],
        references: &[
            Reference {
                path: "properties.loadBalancerFrontendIpConfigurations.*.id",
                action: "",
            },
            Reference {
                path: "properties.ipConfigurations.*.properties.subnet.id",
                action: "Microsoft.Network/virtualNetworks/subnets/join/action",
            },
        ],
        operation: "PutPrivateLinkServiceOperation",
        ..NETWORK
    },
    ResourceType {
        name: "Microsoft.Storage/storageAccounts",
        behaviour: Behaviour::StorageAccount,
        created: 202,
        style: OperationStyle::Location,
        create: Pace {
            seconds: 17.0,
            retry_after: 17,
        },
        update: AT_ONCE,
        delete: AT_ONCE,
        name_length: (3, 24),
        name_characters: "",
        required: &["sku.name", "kind"],
        enums: &[(
            "properties.publicNetworkAccess",
            &["Enabled", "Disabled", "SecuredByPerimeter"],
        )],
        ..OTHER
    },
];

const AT_ONCE: Pace = Pace {
    seconds: 0.0,
    retry_after: 0,
};

const OTHER: ResourceType = ResourceType {
    form: Form::Other,
    created: 201,
    create: AT_ONCE,
    update: AT_ONCE,
    delete: AT_ONCE,
    patching: Patching::Merge,
    name_length: (1, 260),
    name_characters: "._-()@~!$'*+,;=[]{}^` ",
    read_only: &["provisioningState", "privateEndpointConnections"],
    api_versions: ("2014-01-01", "2099-12-31"),
    ..NETWORK
};

/// Targets without a row above: plain resources in the right form.
static PLAIN_TARGET: ResourceType = OTHER;

/// Connections on targets; how they are written is in [`crate::targets`].
static CONNECTION: ResourceType = ResourceType {
    behaviour: Behaviour::Connection,
    location: LocationRule::None,
    tags: TagRule::None,
    patching: Patching::Merge,
    ..OTHER
};

/// Types of `Microsoft.Network` without a row.
static GENERIC_NETWORK: ResourceType = ResourceType {
    location: LocationRule::Free,
    create: Pace {
        seconds: 1.0,
        retry_after: 1,
    },
    update: Pace {
        seconds: 1.0,
        retry_after: 1,
    },
    name_characters: "._-@*",
    ..NETWORK
};

/// Every other type without a row.
static GENERIC: ResourceType = ResourceType {
    location: LocationRule::Free,
    ..OTHER
};

/// What is known about a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) table: &'static ResourceType,
    /// Whether the answer comes from the generic resource.
    pub(crate) generic: bool,
    /// Whether private endpoints can point at it.
    pub(crate) target: Option<&'static Target>,
    /// For a connection, what it is on.
    pub(crate) connection_of: Option<&'static Target>,
}

/// Looks a type up; types compare without case.
pub(crate) fn find(resource_type: &str) -> Found {
    let target = Target::of(resource_type);
    if let Some((parent, last)) = resource_type.rsplit_once('/')
        && last.eq_ignore_ascii_case("privateEndpointConnections")
        && let Some(owner) = Target::of(parent)
    {
        return Found {
            table: &CONNECTION,
            generic: false,
            target: None,
            connection_of: Some(owner),
        };
    }
    let (table, generic) = match TYPES
        .iter()
        .find(|row| row.name.eq_ignore_ascii_case(resource_type))
    {
        Some(row) => (row, false),
        None if target.is_some() => (&PLAIN_TARGET, false),
        None if resource_type
            .get(..18)
            .is_some_and(|start| start.eq_ignore_ascii_case("Microsoft.Network/")) =>
        {
            (&GENERIC_NETWORK, true)
        }
        None => (&GENERIC, true),
    };
    Found {
        table,
        generic,
        target,
        connection_of: None,
    }
}

/// The type in the casing of its table; as given when it has none.
pub(crate) fn canonical(resource_type: &str) -> String {
    if let Some(row) = TYPES
        .iter()
        .find(|row| row.name.eq_ignore_ascii_case(resource_type))
    {
        return row.name.to_owned();
    }
    if let Some(target) = Target::of(resource_type) {
        return target.resource_type.to_owned();
    }
    if let Some((parent, last)) = resource_type.rsplit_once('/')
        && last.eq_ignore_ascii_case("privateEndpointConnections")
        && let Some(owner) = Target::of(parent)
    {
        return format!("{}/privateEndpointConnections", owner.resource_type);
    }
    resource_type.to_owned()
}
