//! What the tools that people run make of our objects, asked of these tools themselves: kstatus (Flux, Helm, kpt), Argo
//! CD's engine with the health script of `deploy/argocd`, Flux's kustomize-controller, and Helm's `--wait`.
//!
//! States come from life: every revision of every object that the stories of the simulated API write, and all that the
//! real API server is told while Flux and Argo CD's engine apply the examples; besides, a table of every reason for every
//! kind. Logs stay in `target/tmp/gitops` until the next run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod argo;
mod expected;
mod flux;
mod helm;
mod installation;
mod judges;
mod reasons;
mod shipped;
mod source;
mod stories;
