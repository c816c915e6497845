//! The rows of `Microsoft.Insights`: diagnostic settings, alerts, action groups.

use super::{
    Action, Hooks, LocationRule, NO_PATCH, NameRule, OTHER, ResourceType, Shape, Shows, TagRule, hooks,
    versions,
};
use crate::monitor::{alert, category, group, setting, setting_answer};

/// What the types have in common: written at once, and shown as it was sent.
const MONITOR: ResourceType = ResourceType {
    hooks: Hooks {
        refused: alert::refused,
        ..hooks::OTHER
    },
    location: LocationRule::Required,
    tags: TagRule::Usual,
    name_rule: NameRule::Pattern(r"^[^*#&+:<>?@%{}\\/|]*[^*#&+:<>?@%{}\\/|. ]$"),
    shows: Shows {
        state: false,
        system_data: false,
        ..OTHER.shows
    },
    compares_state: false,
    read_only: &["provisioningState"],
    ..OTHER
};

/// What diagnostic settings and their categories have in common: they are on any resource.
const SETTING: ResourceType = ResourceType {
    api_versions: versions::only("2015-07-01", "2016-09-01", Some("2021-05-01-preview")),
    location: LocationRule::None,
    tags: TagRule::None,
    ..MONITOR
};

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[
    ResourceType {
        name: "Microsoft.Insights/diagnosticSettings",
        hooks: Hooks {
            write: Some(setting_answer::write),
            prepare: setting::prepare,
            read: setting_answer::read,
            list: setting_answer::list,
            show_whole: setting_answer::show_whole,
            missing: setting::missing,
            refused: setting::refused,
            ..hooks::OTHER
        },
        methods: NO_PATCH,
        created: 200,
        shapes: &[
            ("properties.logs", Shape::Objects),
            ("properties.metrics", Shape::Objects),
        ],
        ranges: &[
            ("properties.logs.*.retentionPolicy.days", 0, 365),
            ("properties.metrics.*.retentionPolicy.days", 0, 365),
        ],
        defaults: &[
            ("properties.logs", "[]"),
            ("properties.metrics", "[]"),
            (
                "properties.logs.*.retentionPolicy",
                r#"{"enabled": false, "days": 0}"#,
            ),
            (
                "properties.metrics.*.retentionPolicy",
                r#"{"enabled": false, "days": 0}"#,
            ),
        ],
        ..SETTING
    },
    ResourceType {
        name: "Microsoft.Insights/diagnosticSettingsCategories",
        hooks: Hooks {
            read: category::read,
            list: category::list,
            ..hooks::OTHER
        },
        methods: &["GET"],
        ..SETTING
    },
    ResourceType {
        name: "Microsoft.Insights/metricAlerts",
        hooks: Hooks {
            prepare: alert::prepare_metric,
            missing: alert::missing_metric,
            ..MONITOR.hooks
        },
        api_versions: versions::since("2018-03-01", "2026-01-01"),
        created: 200,
        required: &[
            "properties.severity",
            "properties.enabled",
            "properties.scopes",
            "properties.evaluationFrequency",
            "properties.criteria",
        ],
        shapes: &[
            ("properties.severity", Shape::Integer),
            ("properties.enabled", Shape::Boolean),
            ("properties.scopes", Shape::Texts),
            ("properties.criteria", Shape::Object),
            ("properties.criteria.allOf", Shape::Objects),
            ("properties.actions", Shape::Objects),
            ("properties.autoMitigate", Shape::Boolean),
        ],
        ranges: &[("properties.severity", 0, 4)],
        enums: &[
            (
                "properties.evaluationFrequency",
                &["PT1M", "PT5M", "PT15M", "PT30M", "PT1H"],
            ),
            (
                "properties.windowSize",
                &["PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"],
            ),
        ],
        read_only: &["provisioningState", "lastUpdatedTime", "isMigrated"],
        defaults: &[("properties.actions", "[]")],
        ..MONITOR
    },
    ResourceType {
        name: "Microsoft.Insights/activityLogAlerts",
        hooks: Hooks {
            prepare: alert::prepare_activity_log,
            show_whole: alert::show_activity_log,
            ..MONITOR.hooks
        },
        api_versions: versions::since("2017-04-01", "2026-01-01"),
        location: LocationRule::Free,
        name_rule: NameRule::Pattern(r"^[-\w._()]+$"),
        required: &[
            "properties.scopes",
            "properties.condition.allOf",
            "properties.actions",
        ],
        shapes: &[
            ("properties.scopes", Shape::Texts),
            ("properties.condition", Shape::Object),
            ("properties.condition.allOf", Shape::Objects),
            ("properties.actions", Shape::Object),
            ("properties.actions.actionGroups", Shape::Objects),
            ("properties.enabled", Shape::Boolean),
        ],
        defaults: &[
            ("properties.enabled", "false"),
            ("properties.actions.actionGroups", "[]"),
        ],
        ..MONITOR
    },
    ResourceType {
        name: "Microsoft.Insights/actionGroups",
        hooks: Hooks {
            prepare: group::prepare,
            show: group::show,
            show_whole: group::show_whole,
            missing: group::missing,
            ..MONITOR.hooks
        },
        api_versions: versions::with_preview("2017-04-01", "2023-01-01", "2024-10-01-preview"),
        required: &["properties.groupShortName", "properties.enabled"],
        shapes: &[
            ("properties.groupShortName", Shape::Text),
            ("properties.enabled", Shape::Boolean),
            ("properties.emailReceivers", Shape::Objects),
            ("properties.smsReceivers", Shape::Objects),
            ("properties.webhookReceivers", Shape::Objects),
        ],
        lengths: &[("properties.groupShortName", 1, 12)],
        defaults: &[
            ("properties.emailReceivers", "[]"),
            ("properties.smsReceivers", "[]"),
            ("properties.webhookReceivers", "[]"),
            ("properties.itsmReceivers", "[]"),
            ("properties.azureAppPushReceivers", "[]"),
            ("properties.automationRunbookReceivers", "[]"),
            ("properties.voiceReceivers", "[]"),
            ("properties.logicAppReceivers", "[]"),
            ("properties.azureFunctionReceivers", "[]"),
            ("properties.armRoleReceivers", "[]"),
            ("properties.eventHubReceivers", "[]"),
            ("properties.emailReceivers.*.status", "\"Enabled\""),
            ("properties.smsReceivers.*.status", "\"Enabled\""),
        ],
        actions: &[Action {
            method: "POST",
            name: "subscribe",
            run: group::subscribe,
        }],
        ..MONITOR
    },
];
