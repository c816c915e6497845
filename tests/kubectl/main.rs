//! What kubectl prints, and what the real API server says of the manifests in the pages: an API server with the definitions
//! and no controller. The status of objects is the engine's own: each situation is played in the simulated world until an
//! object is in it, and that object is put into the real API server as it is.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod azure;
mod cluster;
mod explain;
mod manifests;
mod play;
mod printed;
mod situations;
mod subjects;
mod together;
