//! Azure Policy: definitions and assignments, and two effects of them: a request is refused, and a zone group is made.
//!
//! Effects that are not modelled (audit, modify, append and the rest) are stored and change nothing.

pub(crate) mod assignments;
pub(crate) mod definitions;
pub(crate) mod effects;
mod expression;
mod rule;
