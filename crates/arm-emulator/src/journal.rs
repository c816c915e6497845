//! The journal: one entry for every request that the emulator answered, in order.
//!
//! Owns the entries, bounded by number and by what they take; the oldest go first. Requests to the test door are not written down.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// How many entries are kept.
pub const CAPACITY: usize = 100_000;

/// How many bytes they may take, about.
const BYTES: usize = 32 * 1024 * 1024;

/// One request and what came of it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Counted from 1, without gaps.
    pub sequence: u64,
    /// RFC 3339, in UTC.
    pub time: String,
    pub method: String,
    /// The path with its query, as the client sent it.
    pub path: String,
    /// The resource that the request was about, in the casing of the request.
    pub resource_id: Option<String>,
    /// `None`: the connection was cut.
    pub status: Option<u16>,
    /// The principal's name.
    pub principal: Option<String>,
    /// Of the answer; of an operation that was accepted and is going to be refused, what it ends with.
    pub error_code: Option<String>,
    /// Whether a write changed anything.
    pub changed: bool,
    /// SHA-256 of the request's body in hex; `None` without a body.
    pub body_sha256: Option<String>,
    /// Whether the answer came from the generic resource and not from the type's own table.
    pub generic: bool,
    /// The actions of the principal's roles that allowed the request, as the roles spell them: its own and those on what its
    /// body refers to. Empty for the owner of an open emulator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_by: Vec<String>,
    /// The action that the principal has no role for, where that is why the request was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<String>,
}

impl Entry {
    /// What it takes of memory, about.
    fn bytes(&self) -> usize {
        let texts = [&self.time, &self.method, &self.path].map(String::len);
        let optional = [
            &self.resource_id,
            &self.principal,
            &self.error_code,
            &self.body_sha256,
            &self.denied,
        ];
        let optional = optional.map(|text| text.as_ref().map_or(0, String::len));
        let lists = self
            .allowed_by
            .iter()
            .map(|action| size_of::<String>() + action.len());
        size_of::<Self>() + texts.into_iter().chain(optional).chain(lists).sum::<usize>()
    }
}

/// The entries that are kept.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// In boxes, so that a growing queue is not copied as a whole.
    entries: VecDeque<Box<Entry>>,
    last: u64,
    /// What the entries take.
    bytes: usize,
}

/// What a reader gets.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Extract {
    pub entries: Vec<Entry>,
    /// Whether entries after the asked-for number have been dropped.
    pub truncated: bool,
    /// The number of the newest entry; ask for what comes after it.
    pub last: u64,
}

impl Journal {
    /// Writes an entry down under the next number, and says which.
    pub fn record(&mut self, mut entry: Entry) -> u64 {
        self.last += 1;
        entry.sequence = self.last;
        self.bytes += entry.bytes();
        self.entries.push_back(Box::new(entry));
        while self.entries.len() > CAPACITY || self.bytes > BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
        }
        self.last
    }

    /// The entries after number `since`; 0 gives all that are kept.
    pub fn since(&self, since: u64) -> Extract {
        let first = self.entries.front().map_or(self.last + 1, |entry| entry.sequence);
        let skip = usize::try_from(since.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX);
        Extract {
            entries: self
                .entries
                .iter()
                .skip(skip)
                .map(|entry| Entry::clone(entry))
                .collect(),
            truncated: since.saturating_add(1) < first,
            last: self.last,
        }
    }

    /// Forgets all entries; numbering goes on.
    pub fn clear(&mut self) {
        self.entries = VecDeque::new();
        self.bytes = 0;
    }
}

/// SHA-256 of a request body in hex; `None` for an empty one.
pub fn body_digest(body: &[u8]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
    Some(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            sequence: 0,
            time: String::new(),
            method: "GET".into(),
            path: "/".into(),
            resource_id: None,
            status: Some(200),
            principal: None,
            error_code: None,
            changed: false,
            body_sha256: None,
            generic: false,
            allowed_by: Vec::new(),
            denied: None,
        }
    }

    #[test]
    fn since_gives_what_came_later_and_old_entries_go() {
        let mut journal = Journal::default();
        for _ in 0..CAPACITY + 3 {
            journal.record(entry());
        }
        let last = CAPACITY as u64 + 3;
        let sequences = |extract: &Extract| {
            extract
                .entries
                .iter()
                .map(|entry| entry.sequence)
                .collect::<Vec<_>>()
        };
        assert_eq!(sequences(&journal.since(last - 2)), vec![last - 1, last]);
        assert!(!journal.since(last - 2).truncated);
        assert_eq!(journal.since(0).entries.len(), CAPACITY);
        assert!(journal.since(0).truncated && journal.since(2).truncated && !journal.since(3).truncated);
        assert!(journal.since(last).entries.is_empty() && journal.since(u64::MAX - 1).entries.is_empty());
        journal.clear();
        assert_eq!(journal.record(entry()), last + 1);
        assert_eq!(sequences(&journal.since(last)), vec![last + 1]);
    }

    #[test]
    fn long_entries_go_earlier() {
        let mut journal = Journal::default();
        for _ in 0..40 {
            let path = "x".repeat(1024 * 1024);
            journal.record(Entry { path, ..entry() });
        }
        let kept = journal.since(0);
        assert_eq!((kept.entries.len(), kept.truncated), (31, true));
        journal.clear();
        journal.record(entry());
        assert_eq!(journal.since(40).entries.len(), 1);
    }

    #[test]
    fn the_digest_is_sha256() {
        assert_eq!(body_digest(b""), None);
        assert_eq!(
            body_digest(b"abc").unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
