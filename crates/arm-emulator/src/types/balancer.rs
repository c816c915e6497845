//! The rows of load balancers and public addresses, as far as private link services need them.

use super::ResourceType;

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[];
