//! The generic reconcile engine: from a watch event to at most one call that changes Azure, and to status.
//!
//! ```text
//! watch -> queue(key) -> guard -> resolve -> desired -> observe -> plan -> act -> record
//! ```
//! The engine knows no kind and no resource type by name; kinds and models tell it what it needs. Everything that is
//! not pure comes in from outside: the clock, the ARM transport, the Kubernetes client and randomness.

mod accidents;
mod claims;
pub mod cluster_rights;
mod contest;
mod context;
pub mod diff;
mod draft;
mod events;
pub mod facts;
pub mod failure;
mod identity;
mod kind;
mod kind_index;
pub mod lease;
pub mod loan;
pub mod lookup;
mod memo;
mod memory;
pub mod metrics;
mod objects;
mod ownership;
mod pass;
pub mod plan;
mod queue;
mod reservations;
pub mod rights;
mod runner;
mod runtime;
mod scope;
mod scope_probe;
mod scope_runner;
mod selector;
pub mod status;
mod sweeps;
pub mod tally;
mod transition;
mod turns;
mod waiting;
mod watches;
mod writer;

pub use context::{Context, Settings};
pub use identity::OwnIdentity;
pub use kind::{
    Claim, Finding, Grant, Kind, Missing, ObjectKey, Outputs, Resolved, Snapshots, Truth, Unresolved, World,
    all, both,
};
pub use objects::{Objects, Seen};
pub use ownership::{Owner, OwnerTag, cluster_id};
pub use privatelink_api::names::OWNER_TAG;
pub use rights::Right;
pub use runtime::Runtime;
pub use scope::{Scope, Scopes};
pub use scope_probe::RequiredActions;
pub use scope_runner::SCOPE_KIND;
pub use selector::matches as selects;
