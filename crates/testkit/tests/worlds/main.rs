//! The controller in simulated worlds: its Kubernetes and its Azure are in this process, and time passes as told.

mod accidents;
mod budget;
mod installations;
mod metrics;
mod names;
mod narrow_role;
mod others;
mod stories;
mod traffic;
mod waiting;
