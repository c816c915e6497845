//! The rows of private DNS: zones, their links to virtual networks, and their record sets.
//!
//! ARM behaviour: it is a provider of its own inside `Microsoft.Network`: versions, operations, etags and refusals are not
//! the network provider's.

use super::{
    AT_ONCE, AfterGroup, EtagHeader, EtagStyle, Hooks, LocationRule, NETWORK, NameRule, Pace, Patching,
    Reference, ResourceType, Shape, Shows, TagRule, hooks, versions,
};
use crate::operations::styles;
use crate::private_dns::{link, record_set, zone};

const PRIVATE_DNS: ResourceType = ResourceType {
    hooks: hooks::PRIVATE_DNS,
    api_versions: versions::only("2018-09-01", "2024-06-01", None),
    // Changes that take time are answered with 202, whatever they do.
    created: 201,
    style: &styles::PRIVATE_DNS,
    create: Pace {
        seconds: 20.0,
        retry_after: 30,
    },
    update: Pace {
        seconds: 10.0,
        retry_after: 30,
    },
    delete: Pace {
        seconds: 15.0,
        retry_after: 30,
    },
    patching: Patching::Merge,
    location: LocationRule::Global,
    tags: TagRule::Dns,
    etag: EtagStyle::Bare,
    shows: Shows {
        guid: false,
        etag_header: EtagHeader::ReadAndWrite,
        ..NETWORK.shows
    },
    compares_state: false,
    page: 100,
    after_group: AfterGroup::Parent,
    running: ("Creating", "Updating"),
    ..NETWORK
};

const RECORD_SET: ResourceType = ResourceType {
    hooks: Hooks {
        prepare: record_set::prepare,
        check_unused: record_set::check_unused,
        show: record_set::show,
        missing: record_set::missing,
        ..hooks::PRIVATE_DNS
    },
    created: 201,
    create: AT_ONCE,
    update: AT_ONCE,
    delete: AT_ONCE,
    location: LocationRule::None,
    tags: TagRule::Refused,
    name_length: (1, 253),
    name_rule: NameRule::Own,
    lower_case: true,
    shows: Shows {
        state: false,
        ..PRIVATE_DNS.shows
    },
    read_only: &["provisioningState", "fqdn", "isAutoRegistered"],
    shapes: &[("properties.metadata", Shape::Object)],
    operation: "RecordSet",
    ..PRIVATE_DNS
};

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Network/privateDnsZones",
        hooks: Hooks {
            prepare: zone::prepare,
            check_unused: zone::check_unused,
            show: zone::show,
            stale: zone::stale,
            ..hooks::PRIVATE_DNS
        },
        name_length: (3, 253),
        name_rule: NameRule::Own,
        delete_waits: true,
        read_only: &[
            "provisioningState",
            "internalId",
            "maxNumberOfRecordSets",
            "maxNumberOfVirtualNetworkLinks",
            "maxNumberOfVirtualNetworkLinksWithRegistration",
            "numberOfRecordSets",
            "numberOfVirtualNetworkLinks",
            "numberOfVirtualNetworkLinksWithRegistration",
        ],
        operation: "PrivateDnsZone",
        ..PRIVATE_DNS
    },
    ResourceType {
        name: "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        hooks: Hooks {
            prepare: link::prepare,
            deleting: zone::note_going,
            show: link::show,
            stale: link::stale,
            ..hooks::PRIVATE_DNS
        },
        create: Pace {
            seconds: 30.0,
            retry_after: 30,
        },
        required: &["properties.virtualNetwork.id"],
        read_only: &["provisioningState", "virtualNetworkLinkState"],
        shapes: &[
            ("properties.virtualNetwork", Shape::Object),
            ("properties.registrationEnabled", Shape::Boolean),
        ],
        enums: &[("properties.resolutionPolicy", &["Default", "NxDomainRedirect"])],
        defaults: &[
            ("properties.registrationEnabled", "false"),
            ("properties.resolutionPolicy", "\"Default\""),
        ],
        references: &[Reference::to(
            "properties.virtualNetwork.id",
            "Microsoft.Network/virtualNetworks/join/action",
        )
        .later()],
        operation: "VirtualNetworkLink",
        delete_waits: true,
        etag: EtagStyle::Quoted,
        ..PRIVATE_DNS
    },
    ResourceType {
        name: "Microsoft.Network/privateDnsZones/A",
        ..RECORD_SET
    },
    ResourceType {
        name: "Microsoft.Network/privateDnsZones/AAAA",
        ..RECORD_SET
    },
    ResourceType {
        name: "Microsoft.Network/privateDnsZones/CNAME",
        ..RECORD_SET
    },
    ResourceType {
        name: "Microsoft.Network/privateDnsZones/MX",
        ..RECORD_SET
    },
    ResourceType {
        name: "Microsoft.Network/privateDnsZones/PTR",
        ..RECORD_SET
    },
    ResourceType {
        name: "Microsoft.Network/privateDnsZones/SOA",
        ..RECORD_SET
    },
    ResourceType {
        name: "Microsoft.Network/privateDnsZones/SRV",
        ..RECORD_SET
    },
    ResourceType {
        name: "Microsoft.Network/privateDnsZones/TXT",
        ..RECORD_SET
    },
];
