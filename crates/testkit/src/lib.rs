//! The test bench: a simulated Kubernetes API, a real one, and what scenarios share.

pub mod charts;
pub mod environment;
pub mod kubernetes;
pub mod processes;
pub mod roles;
pub mod scenario;
pub mod simulated;
