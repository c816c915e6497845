//! What rows begin with: the usual columns of providers, and those of types without a row.

use super::columns::{
    AfterGroup, EtagHeader, EtagStyle, LocationRule, NameRule, Pace, Patching, ResourceType, Shows, TagRule,
};
use super::hooks::{self, Hooks};
use super::versions;
use crate::network::connection;
use crate::operations::{self, styles};

/// How many resources a page of a list has at most.
pub(crate) const PAGE: usize = 1000;

/// All methods that a resource can have.
pub(super) const ALL: &[&str] = &["GET", "PUT", "PATCH", "DELETE"];

/// The methods of a resource that PUT alone changes.
pub(super) const NO_PATCH: &[&str] = &["GET", "PUT", "DELETE"];

/// What names of the network provider's resources, and of parts of their bodies, usually are.
pub(crate) const NETWORK_NAME: (NameRule, (usize, usize)) = (NameRule::Word("._-"), (1, 80));

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
    name_length: NETWORK_NAME.1,
    name_rule: NETWORK_NAME.0,
    lower_case: false,
    required: &[],
    required_in: &[],
    shapes: &[],
    read_only: &["provisioningState", "resourceGuid"],
    write_only: &[],
    enums: &[],
    patterns: &[],
    ranges: &[],
    lengths: &[],
    defaults: &[],
    makes: &[],
    references: &[],
    expands: &[],
    inline: &[],
    limits: &[],
    actions: &[],
    operation: "PutResourceOperation",
    etag: EtagStyle::Weak,
    shows: Shows {
        state: true,
        system_data: false,
        guid: true,
        last_link: false,
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
    tags: TagRule::Usual,
    etag: EtagStyle::None,
    shows: Shows {
        state: true,
        system_data: true,
        guid: false,
        last_link: false,
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
pub(crate) static CONNECTION: ResourceType = CONNECTION_ROW;

const CONNECTION_ROW: ResourceType = ResourceType {
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
    style: &styles::CONNECTION,
    update: Pace {
        seconds: 2.0,
        retry_after: 5,
    },
    delete: Pace {
        seconds: 3.0,
        retry_after: 10,
    },
    location: LocationRule::None,
    tags: TagRule::None,
    patching: Patching::Merge,
    ..OTHER
};

/// Those of private link services: they share the service's etag.
pub(crate) static SERVICE_CONNECTION: ResourceType = ResourceType {
    style: &styles::NETWORK,
    etag: EtagStyle::Weak,
    ..CONNECTION_ROW
};

/// Those of key vaults: they have a location, and an etag once somebody has written them.
pub(crate) static VAULT_CONNECTION: ResourceType = ResourceType {
    hooks: Hooks {
        read: operations::read_of_itself,
        show_whole: connection::show_whole_on_vault,
        ..CONNECTION_ROW.hooks
    },
    style: &styles::KEY_VAULT,
    update: Pace {
        seconds: 40.0,
        retry_after: 0,
    },
    delete: Pace {
        seconds: 3.0,
        retry_after: 0,
    },
    location: LocationRule::Free,
    etag: EtagStyle::Digits,
    ..CONNECTION_ROW
};

/// Those of SQL servers.
pub(crate) static SERVER_CONNECTION: ResourceType = ResourceType {
    style: &styles::SQL_CONNECTION,
    operation: "PrivateEndpointConnection",
    update: Pace {
        seconds: 2.0,
        retry_after: 0,
    },
    delete: Pace {
        seconds: 3.0,
        retry_after: 0,
    },
    ..CONNECTION_ROW
};

/// Nothing says when to ask again.
const TOLD_OF_CONNECTION: ResourceType = ResourceType {
    update: Pace {
        seconds: 2.0,
        retry_after: 0,
    },
    delete: Pace {
        seconds: 3.0,
        retry_after: 0,
    },
    ..CONNECTION_ROW
};

/// Those of namespaces of Event Hubs and Service Bus: they have a location.
pub(crate) static MESSAGING_CONNECTION: ResourceType = ResourceType {
    hooks: Hooks {
        show_whole: connection::show_whole_on_namespace,
        ..CONNECTION_ROW.hooks
    },
    style: &styles::MESSAGING_CONNECTION,
    location: LocationRule::Free,
    ..TOLD_OF_CONNECTION
};

/// Those of sites: the same.
pub(crate) static SITE_CONNECTION: ResourceType = ResourceType {
    style: &styles::SITE_CONNECTION,
    location: LocationRule::Free,
    ..TOLD_OF_CONNECTION
};

/// Those of AI services: they have a location, an etag, and a name with the account's in it.
pub(crate) static AI_CONNECTION: ResourceType = ResourceType {
    hooks: Hooks {
        show_whole: connection::show_whole_on_account,
        ..CONNECTION_ROW.hooks
    },
    location: LocationRule::Free,
    etag: EtagStyle::Quoted,
    shows: Shows {
        etag_header: EtagHeader::ReadAndWrite,
        ..CONNECTION_ROW.shows
    },
    ..CONNECTION_ROW
};

/// Those of Batch accounts: they have an etag.
pub(crate) static BATCH_CONNECTION: ResourceType = ResourceType {
    style: &styles::BATCH_CONNECTION,
    etag: EtagStyle::Hex,
    shows: Shows {
        etag_header: EtagHeader::Read,
        ..CONNECTION_ROW.shows
    },
    ..TOLD_OF_CONNECTION
};

/// Those of what Event Grid has.
pub(crate) static EVENT_GRID_CONNECTION: ResourceType = ResourceType {
    style: &styles::EVENT_GRID_CONNECTION,
    ..TOLD_OF_CONNECTION
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
