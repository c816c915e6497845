//! The program and its servers, over real sockets.

#[path = "../core/support/mod.rs"]
mod support;

mod bad_input;
mod credentials;
mod dns;
mod dns_listeners;
mod door;
mod program;
mod seed;
mod state_directory;
mod workflow;
