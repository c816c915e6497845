//! The rows of peerings of virtual networks.

use super::ResourceType;

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[];
