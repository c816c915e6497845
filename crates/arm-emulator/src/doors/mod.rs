//! The ways in: over HTTPS, in process, and the door for tests.

pub mod change;
pub mod client;
pub(crate) mod control;
pub(crate) mod direct;
pub(crate) mod door;
pub(crate) mod intake;
pub(crate) mod patience;
pub mod server;
pub mod tls;
pub mod wire;
