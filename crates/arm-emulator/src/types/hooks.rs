//! The code behind a type: what none of its columns can say.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Found, ResourceType};
use crate::operations::Operation;
use crate::operations::completion;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::request::refusals::{self, Wrong};
use crate::request::{answer, deletion, resource};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};

/// An answer that comes from elsewhere than the store.
pub(crate) type Instead = Option<Result<Outcome, Failure>>;

/// Answers PUT and PATCH of a resource, with the request's body.
pub(crate) type Write = fn(&mut World<'_, '_>, &Place, Found, &Value) -> Result<Outcome, Failure>;

/// Functions that the shared code calls for a type. Each has a default, which is right for most types: a row names those
/// that it needs and takes the others over (`hooks: Hooks { show: …, ..hooks::NETWORK }`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hooks {
    /// Answers a GET of one resource in place of the store, where it says something.
    pub(crate) read: fn(&World<'_, '_>, &Place) -> Instead,
    /// Answers a list in place of the store, where it says something; with the key of what the list is of.
    pub(crate) list: fn(&World<'_, '_>, &str) -> Instead,
    /// Answers PUT and PATCH in place of the usual write.
    pub(crate) write: Option<Write>,
    /// Checks and completes a write, after what the columns say; with the record as it was.
    pub(crate) prepare: fn(&mut World<'_, '_>, &mut Draft, Option<&Record>) -> Result<(), Failure>,
    /// The operation that keeps a resource from being written now.
    pub(crate) conflict: for<'a> fn(&'a World<'_, '_>, &Place, Option<&Record>) -> Option<&'a Operation>,
    /// Refuses to delete what is in use.
    pub(crate) check_unused: fn(&mut World<'_, '_>, &Record) -> Result<(), Failure>,
    /// What the beginning of a deletion that takes so many seconds brings about.
    pub(crate) deleting: fn(&mut World<'_, '_>, &Record, f64),
    /// Why what was to be made cannot be after all, now that the time of its operation has come: it is not there then.
    pub(crate) given_up: fn(&State, &Record) -> Option<Failure>,
    /// What the end of a write brings about, once the record says how it ended; with its key and whether it succeeded.
    pub(crate) ended: fn(&mut State, &str, bool),
    /// Takes the record out of the store, and what it brought into being with it.
    pub(crate) remove: fn(&mut State, &Arc<Record>),
    /// The `provisioningState` that is shown.
    pub(crate) state: fn(&State, &Record) -> String,
    /// Adds to `properties` what the provider makes; with the etag that is shown.
    pub(crate) show: fn(&State, &Record, &str, &mut Map<String, Value>),
    /// Changes the whole answer at its end.
    pub(crate) show_whole: fn(&Record, &mut Value),
    /// How the provider words that the resource, or what it is a child of, is not there; with the verb of the request.
    pub(crate) missing: fn(&World<'_, '_>, &Place, &str) -> Failure,
    /// How it words that something in a request is wrong.
    pub(crate) refused: fn(&ResourceType, &Wrong<'_>) -> Failure,
    /// How it words that `If-Match` or `If-None-Match` does not fit: with the header's value, and whether there is one.
    pub(crate) stale: fn(&Place, &str, bool) -> Failure,
    /// How it words that another operation still runs.
    pub(crate) busy: fn(&World<'_, '_>, &Place, &Operation) -> Failure,
}

/// Of a provider of which nothing special is known.
pub(crate) const OTHER: Hooks = Hooks {
    read: |_, _| None,
    list: |_, _| None,
    write: None,
    prepare: |_, _, _| Ok(()),
    conflict: resource::own_operation,
    check_unused: |_, _| Ok(()),
    deleting: |_, _, _| {},
    given_up: |_, _| None,
    ended: |_, _, _| {},
    remove: completion::take_out,
    state: answer::usual_state,
    show: |_, _, _, _| {},
    show_whole: |_, _| {},
    missing: refusals::missing,
    refused: refusals::refused,
    stale: refusals::stale,
    busy: refusals::busy,
};

/// Of the network provider.
pub(crate) const NETWORK: Hooks = Hooks {
    check_unused: deletion::check_unreferenced,
    missing: refusals::missing_in_network,
    refused: refusals::refused_by_network,
    ..OTHER
};

/// Of private DNS.
pub(crate) const PRIVATE_DNS: Hooks = Hooks {
    refused: refusals::refused_by_private_dns,
    stale: crate::private_dns::stale_record_set,
    busy: crate::private_dns::pending,
    ..OTHER
};
