//! The rows of the DNS resolver: resolvers, their endpoints, forwarding rulesets, rules and links.

use super::ResourceType;

/// The rows.
pub(super) static ROWS: &[ResourceType] = &[];
