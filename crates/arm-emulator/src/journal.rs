//! The journal: one entry for every request that the emulator answered, in order.
//!
//! Owns the entries, bounded; the oldest go first. Requests to the test door are not written down.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// How many entries are kept.
pub const CAPACITY: usize = 200_000;

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

/// The entries that are kept.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
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
        if self.entries.len() >= CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        self.last
    }

    /// The entries after number `since`; 0 gives all that are kept.
    pub fn since(&self, since: u64) -> Extract {
        let first = self.entries.front().map_or(self.last + 1, |entry| entry.sequence);
        let skip = usize::try_from(since.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX);
        Extract {
            entries: self.entries.iter().skip(skip).cloned().collect(),
            truncated: since.saturating_add(1) < first,
            last: self.last,
        }
    }

    /// Forgets all entries; numbering goes on.
    pub fn clear(&mut self) {
        self.entries.clear();
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
    fn the_digest_is_sha256() {
        assert_eq!(body_digest(b""), None);
        assert_eq!(
            body_digest(b"abc").unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
