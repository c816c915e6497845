//! The rows of what is in storage accounts.

use super::ResourceType;

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[];
