//! The Helm charts as a platform team lives with them: real Helm against a real API server, the rendered pods as processes
//! under their own service accounts and the rights that the chart gives them, and the ARM emulator over HTTPS.
//!
//! Scenarios share the servers and take turns: each begins without a release and ends without one. Logs stay in
//! `target/tmp/installation` until the next run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod accidents;
mod charts;
mod cluster;
mod deletions;
mod identity;
mod life;
mod release_rights;
mod tokens;
mod values;
mod words;
