//! Load balancers and public addresses, as far as private link services need them.

pub(crate) mod load_balancer;
mod part;
pub(crate) mod pool;
pub(crate) mod public_address;
pub(crate) mod rule;
pub(crate) mod users;

pub(crate) use part::{list_frontends, list_outbound, list_probes, list_rules, read};
