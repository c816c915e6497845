//! Scenarios against the real Kubernetes API server and the ARM emulator over HTTPS: see `end_to_end/`. What kubectl prints,
//! and the manifests of the pages, against an API server without a controller: see `kubectl/`. The links of the pages: see
//! `pages/`. Here is what they share.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

pub mod golden;
pub mod markdown;
