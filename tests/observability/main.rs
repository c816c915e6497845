//! What an on-call person is told, and what nobody is ever told.
//!
//! The dashboard and the alerts against the catalogue of metrics, under the real promtool; and the controller's own program
//! through a life with failures, with every crate in it at `trace`: its log, its metrics, the events and the statuses hold
//! no secret, and say what happened once. Logs stay in `target/tmp/observability` until the next run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod alerts;
mod exposition;
mod life;
mod log;
mod promtool;
mod queries;
mod secrets;
