//! Whole scenarios as a user lives them: kubectl against a real API server, the controller's own program under the rights
//! that users install (`deploy/cluster-role.yaml`), and the ARM emulator over HTTPS.
//!
//! All share one installation. Every scenario ends with the same questions: did the API server refuse anything, and did
//! the controller write anything to Azure that changed nothing? Logs stay in `target/tmp/end-to-end` until the next run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod columns;
mod example;
mod examples;
mod installation;
mod life;
mod manifests;
mod names;
mod private_dns;
mod refusals;
mod replicas;
mod start;
mod traffic;
