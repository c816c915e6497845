//! The rows of peerings of virtual networks.

use super::{Hooks, LocationRule, NETWORK, NO_PATCH, Pace, Reference, ResourceType, Shape, TagRule, hooks};
use crate::network::peering;

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[ResourceType {
    name: "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
    hooks: Hooks {
        prepare: peering::prepare,
        conflict: peering::conflict,
        busy: peering::busy,
        remove: peering::remove,
        show: peering::show,
        ..hooks::NETWORK
    },
    create: Pace {
        seconds: 3.0,
        retry_after: 10,
    },
    update: Pace {
        seconds: 3.0,
        retry_after: 10,
    },
    methods: NO_PATCH,
    location: LocationRule::None,
    tags: TagRule::None,
    required: &["properties.remoteVirtualNetwork.id"],
    read_only: &[
        "provisioningState",
        "resourceGuid",
        "peeringState",
        "peeringSyncLevel",
        "peerCompleteVnets",
        "remoteAddressSpace",
        "remoteVirtualNetworkAddressSpace",
        "localAddressSpace",
        "localVirtualNetworkAddressSpace",
        "remoteVirtualNetworkEncryption",
        "routeServiceVips",
    ],
    shapes: &[
        ("properties.remoteVirtualNetwork", Shape::Object),
        ("properties.allowVirtualNetworkAccess", Shape::Boolean),
        ("properties.allowForwardedTraffic", Shape::Boolean),
        ("properties.allowGatewayTransit", Shape::Boolean),
        ("properties.useRemoteGateways", Shape::Boolean),
        ("properties.doNotVerifyRemoteGateways", Shape::Boolean),
    ],
    defaults: &[
        ("properties.allowVirtualNetworkAccess", "true"),
        ("properties.allowForwardedTraffic", "false"),
        ("properties.allowGatewayTransit", "false"),
        ("properties.useRemoteGateways", "false"),
        ("properties.doNotVerifyRemoteGateways", "false"),
    ],
    references: &[Reference {
        outlives: true,
        types: &["Microsoft.Network/virtualNetworks"],
        ..Reference::to(
            "properties.remoteVirtualNetwork.id",
            "Microsoft.Network/virtualNetworks/peer/action",
        )
    }],
    operation: "PutVirtualNetworkPeeringOperation",
    ..NETWORK
}];
