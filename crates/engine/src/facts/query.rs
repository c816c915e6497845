//! What is asked of other people's resources, and the answers of one pass.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use privatelink_arm::ResourceId;
use serde_json::Value;

use super::KNOWN_FOR;
use crate::lookup::{Lookup, LookupAnswer};

/// One question about a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactQuery {
    pub id: ResourceId,
    /// A path below the resource, for instance `privateLinkResources`.
    pub suffix: Option<&'static str>,
    pub api_version: &'static str,
    /// An answer is good only for the same stamp: the etag of the resource that it belongs to.
    pub stamp: Option<String>,
    /// A LIST of the type may answer too, where many ask: it shows the same.
    pub by_list: bool,
    /// The suffix names a collection: all of it is listed, and the answer is an array.
    pub collection: bool,
    /// An answer that was kept does not do.
    pub fresh: bool,
    /// A LIST since the asking object's last write may say how it is: for what that write has made, and no more.
    pub hint: bool,
    /// The only parts of the answer that are kept, as JSON pointers; none: all of it.
    pub keep: &'static [&'static str],
    /// How long the answer is believed, at most.
    pub believed_for: Duration,
}

impl FactQuery {
    /// A question about a resource itself.
    pub fn of(id: &ResourceId, api_version: &'static str) -> Self {
        FactQuery {
            id: id.clone(),
            suffix: None,
            api_version,
            stamp: None,
            by_list: false,
            collection: false,
            fresh: false,
            hint: false,
            keep: &[],
            believed_for: KNOWN_FOR,
        }
    }

    /// About what is at a path below it.
    #[must_use]
    pub fn under(self, suffix: &'static str) -> Self {
        FactQuery {
            suffix: Some(suffix),
            ..self
        }
    }

    /// About all of a collection below it.
    #[must_use]
    pub fn all(self, collection: &'static str) -> Self {
        FactQuery {
            suffix: Some(collection),
            collection: true,
            ..self
        }
    }

    /// About all of a collection below it, as it is now.
    #[must_use]
    pub fn all_now(self, collection: &'static str) -> Self {
        self.all(collection).now()
    }

    /// As it is now.
    #[must_use]
    pub fn now(self) -> Self {
        FactQuery {
            fresh: true,
            hint: false,
            ..self
        }
    }

    /// As it is now, or was since the asking object last wrote, where many ask: good where it shows what is wanted. Where it
    /// does not, Azure may not have been through with the write yet; ask again for how it is [`FactQuery::now`].
    #[must_use]
    pub fn since_written(self) -> Self {
        FactQuery {
            fresh: true,
            hint: true,
            ..self
        }
    }

    /// An answer is believed for so long at most.
    #[must_use]
    pub fn believed_for(self, time: Duration) -> Self {
        FactQuery {
            believed_for: time,
            ..self
        }
    }

    /// An answer is good only for this stamp.
    #[must_use]
    pub fn stamped(self, stamp: Option<String>) -> Self {
        FactQuery { stamp, ..self }
    }

    /// A LIST may answer too.
    #[must_use]
    pub fn by_list(self) -> Self {
        FactQuery {
            by_list: true,
            ..self
        }
    }

    /// Only these parts of the answer are kept, as JSON pointers: a network with a thousand endpoints names each of them.
    #[must_use]
    pub fn keeping(self, keep: &'static [&'static str]) -> Self {
        FactQuery { keep, ..self }
    }

    pub(super) fn key(&self) -> FactKey {
        (self.id.key().to_owned(), self.suffix, self.keep, self.hint)
    }
}

pub(super) type FactKey = (String, Option<&'static str>, &'static [&'static str], bool);

/// The answer to a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    Known(Arc<Value>),
    Absent,
    /// Azure or the scope does not let us read it; the text says which.
    Unreadable(String),
}

/// The facts of one pass.
#[derive(Clone, Debug, Default)]
pub struct KnownFacts {
    facts: BTreeMap<FactKey, Fact>,
    lookups: BTreeMap<Lookup, LookupAnswer>,
    definitions: BTreeMap<&'static str, bool>,
}

impl KnownFacts {
    /// The answer, where it has been read.
    pub fn get(&self, query: &FactQuery) -> Option<&Fact> {
        self.facts.get(&query.key())
    }

    /// Adds an answer.
    pub fn insert(&mut self, query: &FactQuery, fact: Fact) {
        self.facts.insert(query.key(), fact);
    }

    /// Whether a definition stays, where it has been read.
    pub fn definition(&self, name: &str) -> Option<bool> {
        self.definitions.get(name).copied()
    }

    /// Adds whether a definition stays.
    pub fn insert_definition(&mut self, name: &'static str, stays: bool) {
        self.definitions.insert(name, stays);
    }

    /// What a DNS server said, where it has been asked.
    pub fn lookup(&self, lookup: &Lookup) -> Option<&LookupAnswer> {
        self.lookups.get(lookup)
    }

    /// Adds what a DNS server said.
    pub fn insert_lookup(&mut self, lookup: Lookup, answer: LookupAnswer) {
        self.lookups.insert(lookup, answer);
    }
}
