//! The rows of `Microsoft.Authorization`: locks, role definitions, role assignments.

use super::{Hooks, LocationRule, NO_PATCH, NameRule, OTHER, ResourceType, Shape, Shows, TagRule, hooks};
use crate::authorization::locks;

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

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[ResourceType {
    name: "Microsoft.Authorization/locks",
    hooks: Hooks {
        prepare: locks::prepare,
        list: locks::list,
        ..hooks::OTHER
    },
    api_versions: ("2015-01-01", "2020-05-01"),
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
}];
