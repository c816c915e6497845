//! The rows of `Microsoft.Insights`: diagnostic settings, alerts, action groups.

use super::ResourceType;

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[];
