//! The way of one request: what ARM's gateway asks of it, what its type's table does, and what comes out.

pub(crate) mod answer;
pub(crate) mod call;
pub(crate) mod checks;
pub(crate) mod deletion;
pub(crate) mod errors;
pub(crate) mod exchange;
pub(crate) mod form;
pub(crate) mod gateway;
pub(crate) mod listing;
pub(crate) mod members;
pub(crate) mod outcome;
pub(crate) mod place;
pub(crate) mod refusals;
pub(crate) mod resource;
pub(crate) mod resource_filter;
pub(crate) mod write;
