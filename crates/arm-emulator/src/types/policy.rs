//! The rows of policies: definitions and assignments.

use super::{
    ALL, Hooks, LocationRule, NO_PATCH, NameRule, OTHER, ResourceType, Shape, Shows, TagRule, hooks, versions,
};
use crate::policy::{assignments, definitions};

/// What the types have in common: they stand on a scope and are written at once, with 201 every time.
const POLICY: ResourceType = ResourceType {
    api_versions: versions::since("2015-10-01-preview", "2026-07-01"),
    methods: NO_PATCH,
    updated: 201,
    location: LocationRule::Free,
    tags: TagRule::None,
    name_length: (1, 64),
    name_rule: NameRule::Pattern(r"^[^<>%&:\\?/]*[^<>%&:\\?/ ]$"),
    shows: Shows {
        state: false,
        ..OTHER.shows
    },
    compares_state: false,
    read_only: &[],
    ..OTHER
};

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Authorization/policyDefinitions",
        hooks: Hooks {
            read: definitions::read,
            list: definitions::list,
            prepare: definitions::prepare,
            check_unused: definitions::check_unused,
            ..hooks::OTHER
        },
        required: &["properties.policyRule"],
        shapes: &[
            ("properties.policyRule", Shape::Object),
            ("properties.parameters", Shape::Object),
            ("properties.mode", Shape::Text),
        ],
        defaults: &[("properties.mode", "\"Indexed\"")],
        ..POLICY
    },
    ResourceType {
        name: "Microsoft.Authorization/policySetDefinitions",
        required: &["properties.policyDefinitions"],
        shapes: &[
            ("properties.policyDefinitions", Shape::Objects),
            ("properties.parameters", Shape::Object),
        ],
        defaults: &[("properties.policyType", "\"Custom\"")],
        ..POLICY
    },
    ResourceType {
        name: "Microsoft.Authorization/policyAssignments",
        hooks: Hooks {
            list: assignments::list,
            prepare: assignments::prepare,
            show: assignments::show,
            show_whole: assignments::show_whole,
            missing: assignments::missing,
            ..hooks::OTHER
        },
        methods: ALL,
        required: &["properties.policyDefinitionId"],
        shapes: &[
            ("properties.policyDefinitionId", Shape::Text),
            ("properties.parameters", Shape::Object),
            ("properties.notScopes", Shape::Texts),
            ("properties.nonComplianceMessages", Shape::Objects),
            ("identity", Shape::Object),
        ],
        enums: &[
            (
                "properties.enforcementMode",
                &["Default", "DoNotEnforce", "Enroll"],
            ),
            ("identity.type", &["None", "SystemAssigned", "UserAssigned"]),
        ],
        read_only: &["scope"],
        defaults: &[("properties.enforcementMode", "\"Default\"")],
        ..POLICY
    },
];
