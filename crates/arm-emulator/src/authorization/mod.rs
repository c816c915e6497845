//! `Microsoft.Authorization`: locks, role definitions and role assignments.

pub(crate) mod assignments;
pub(crate) mod definitions;
pub(crate) mod locks;
pub mod rbac;
