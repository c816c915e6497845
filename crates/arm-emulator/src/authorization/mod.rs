//! `Microsoft.Authorization`: locks, role definitions and role assignments.

pub(crate) mod locks;
