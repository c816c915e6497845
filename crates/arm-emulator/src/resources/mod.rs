//! `Microsoft.Resources`: subscriptions, resource groups, providers, tags, and resources of types that nobody knows.

pub(crate) mod generic;
pub(crate) mod groups;
pub(crate) mod providers;
pub(crate) mod tagging;
pub(crate) mod tags;
