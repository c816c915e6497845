//! The rows of `Microsoft.Authorization`: locks, role definitions, role assignments.

use super::{
    Hooks, LocationRule, NO_PATCH, NameRule, OTHER, ResourceType, Shape, Shows, TagRule, hooks, versions,
};
use crate::authorization::{assignments, definitions, locks};

/// What the types have in common: they stand on a scope and are written at once.
const RULE: ResourceType = ResourceType {
    location: LocationRule::None,
    tags: TagRule::None,
    methods: NO_PATCH,
    shows: Shows {
        state: false,
        system_data: false,
        ..OTHER.shows
    },
    compares_state: false,
    read_only: &[],
    ..OTHER
};

const GUID: NameRule = NameRule::Pattern("^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$");

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Authorization/locks",
        hooks: Hooks {
            read: locks::read,
            write: Some(locks::write),
            prepare: locks::prepare,
            list: locks::list,
            ..hooks::OTHER
        },
        api_versions: versions::only("2015-01-01", "2020-05-01", None),
        name_rule: NameRule::Pattern(r"^[^<>%&:\\?/]*[^<>%&:\\?/. ]$"),
        required: &["properties.level"],
        shapes: &[
            ("properties.level", Shape::Text),
            ("properties.notes", Shape::Text),
            ("properties.owners", Shape::Objects),
        ],
        enums: &[("properties.level", &["NotSpecified", "CanNotDelete", "ReadOnly"])],
        shows: Shows {
            system_data: true,
            ..RULE.shows
        },
        ..RULE
    },
    ResourceType {
        name: "Microsoft.Authorization/roleDefinitions",
        hooks: Hooks {
            read: definitions::read,
            list: definitions::list,
            prepare: definitions::prepare,
            show: definitions::show,
            check_unused: definitions::check_unused,
            refused: definitions::refused,
            ..hooks::OTHER
        },
        api_versions: versions::with_preview("2015-07-01", "2022-04-01", "2022-05-01-preview"),
        updated: 201,
        name_rule: GUID,
        lower_case: true,
        required: &["properties.roleName", "properties.permissions"],
        shapes: &[
            ("properties.roleName", Shape::Text),
            ("properties.permissions", Shape::Objects),
            ("properties.assignableScopes", Shape::Texts),
        ],
        read_only: &["createdOn", "updatedOn", "createdBy", "updatedBy"],
        defaults: &[
            ("properties.description", "\"\""),
            ("properties.type", "\"CustomRole\""),
            ("properties.permissions.*.actions", "[]"),
            ("properties.permissions.*.notActions", "[]"),
            ("properties.permissions.*.dataActions", "[]"),
            ("properties.permissions.*.notDataActions", "[]"),
        ],
        ..RULE
    },
    ResourceType {
        name: "Microsoft.Authorization/roleAssignments",
        hooks: Hooks {
            read: assignments::read,
            list: assignments::list,
            prepare: assignments::prepare,
            show: assignments::show,
            missing: assignments::missing,
            refused: assignments::refused,
            ..hooks::OTHER
        },
        api_versions: versions::since("2015-07-01", "2022-04-01"),
        name_rule: GUID,
        required: &["properties.roleDefinitionId", "properties.principalId"],
        shapes: &[
            ("properties.roleDefinitionId", Shape::Text),
            ("properties.principalId", Shape::Text),
        ],
        enums: &[(
            "properties.principalType",
            &["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"],
        )],
        read_only: &["scope", "createdOn", "updatedOn", "createdBy", "updatedBy"],
        ..RULE
    },
];
