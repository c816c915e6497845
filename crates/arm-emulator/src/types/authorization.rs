//! The rows of `Microsoft.Authorization` about rights and locks.

use super::ResourceType;

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[];
