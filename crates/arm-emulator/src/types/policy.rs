//! The rows of policies: definitions and assignments.

use super::ResourceType;

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[];
