//! What rows begin with: the usual columns of providers, and those of types without a row.

use super::columns::{
    AfterGroup, EtagHeader, EtagStyle, LocationRule, NameRule, Pace, Patching, ResourceType, Shows, TagRule,
};
use super::hooks::{self, Hooks};
use super::versions;
use crate::network::connection;
use crate::operations::styles;

/// How many resources a page of a list has at most.
pub(crate) const PAGE: usize = 1000;

/// All methods that a resource can have.
pub(super) const ALL: &[&str] = &["GET", "PUT", "PATCH", "DELETE"];

/// The methods of a resource that PUT alone changes.
pub(super) const NO_PATCH: &[&str] = &["GET", "PUT", "DELETE"];

/// The network provider's usual columns.
pub(super) const NETWORK: ResourceType = ResourceType {
    name: "",
    hooks: hooks::NETWORK,
    api_versions: versions::since("2015-06-15", "2025-09-01"),
    methods: ALL,
    created: 201,
    updated: 200,
    deleted: 200,
    style: &styles::NETWORK,
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
    name_rule: NameRule::Word("._-"),
    lower_case: false,
    required: &[],
    required_in: &[],
    shapes: &[],
    read_only: &["provisioningState", "resourceGuid"],
    enums: &[],
    patterns: &[],
    ranges: &[],
    lengths: &[],
    defaults: &[],
    makes: &[],
    references: &[],
    inline: &[],
    limits: &[],
    actions: &[],
    operation: "PutResourceOperation",
    etag: EtagStyle::Weak,
    shows: Shows {
        state: true,
        system_data: false,
        guid: true,
        etag_header: EtagHeader::Read,
    },
    compares_state: true,
    delete_waits: false,
    page: PAGE,
    after_group: AfterGroup::Resource,
    running: ("Updating", "Updating"),
};

pub(super) const AT_ONCE: Pace = Pace {
    seconds: 0.0,
    retry_after: 0,
};

/// The usual columns of providers of which nothing special is known.
pub(super) const OTHER: ResourceType = ResourceType {
    hooks: hooks::OTHER,
    style: &styles::SILENT,
    create: AT_ONCE,
    update: AT_ONCE,
    delete: AT_ONCE,
    patching: Patching::Merge,
    name_length: (1, 260),
    name_rule: NameRule::Characters("._-()@~!$'*+,;=[]{}^` "),
    tags: TagRule::Kept,
    etag: EtagStyle::None,
    shows: Shows {
        state: true,
        system_data: true,
        guid: false,
        etag_header: EtagHeader::None,
    },
    after_group: AfterGroup::Parent,
    read_only: &["provisioningState", "privateEndpointConnections"],
    api_versions: None,
    running: ("Creating", "Creating"),
    ..NETWORK
};

/// Targets without a row above: plain resources in the right form.
pub(super) static PLAIN_TARGET: ResourceType = OTHER;

/// Connections on targets; how they are written is in [`crate::network::connection`].
pub(super) static CONNECTION: ResourceType = ResourceType {
    hooks: Hooks {
        write: Some(connection::write),
        remove: connection::remove,
        show: connection::show,
        ..hooks::OTHER
    },
    shows: Shows {
        state: false,
        system_data: false,
        ..OTHER.shows
    },
    location: LocationRule::None,
    tags: TagRule::None,
    patching: Patching::Merge,
    ..OTHER
};

/// Types of `Microsoft.Network` without a row.
pub(super) const GENERIC_NETWORK: ResourceType = ResourceType {
    location: LocationRule::Free,
    create: Pace {
        seconds: 1.0,
        retry_after: 1,
    },
    update: Pace {
        seconds: 1.0,
        retry_after: 1,
    },
    name_rule: NameRule::Word("._-@*"),
    ..NETWORK
};

/// Types of the DNS resolver without a row.
pub(super) static GENERIC_RESOLVER: ResourceType = ResourceType {
    after_group: AfterGroup::Group,
    ..GENERIC_NETWORK
};

/// Every other type without a row.
pub(super) static GENERIC: ResourceType = ResourceType {
    location: LocationRule::Free,
    ..OTHER
};
