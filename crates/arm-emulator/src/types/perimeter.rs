//! The rows of network security perimeters, and of what is in them.

use super::{AtLocation, ResourceType};

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[];

/// What can be asked of the provider in a region.
pub(super) static AT_LOCATION: &[AtLocation] = &[];
