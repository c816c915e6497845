//! What the engine remembers of an object between passes. Nothing here is needed for correctness across restarts:
//! it spares reads, keeps the pace, and bridges what lags: the watch behind our patches, Azure's reads behind our writes.

use std::time::Duration;

use jiff::Timestamp;
use privatelink_api::Operation;
use serde_json::Value;
use tokio::time::Instant;

use crate::plan::{Observed, Snapshot};

/// For how long a read that shows what was there before our write counts as lagging.
const LAG: Duration = Duration::from_secs(60);

/// What an operation record says when there was nothing before the write.
const NOTHING: &str = "absent";

/// What is remembered of one object.
pub struct Memory<K> {
    /// The object as our last patch left it, until the watch shows it or something newer.
    pub written: Option<K>,
    /// Status as our last patch left it. A different one in the watch is somebody else's.
    pub status: Option<Value>,
    /// Failures in a row.
    pub failures: u32,
    /// The generation and wishes of the last pass: a change resets the backoff.
    pub last_generation: Option<i64>,
    /// Not before this is Azure asked again how an operation is doing.
    pub poll_not_before: Option<Instant>,
    /// When our last write to Azure was answered.
    pub wrote: Option<Instant>,
    /// What was there before our last write, and when that was.
    superseded: Option<(Superseded, Instant)>,
    /// When Azure was last seen to be as wanted.
    pub verified: Option<Timestamp>,
    /// The operation of a retry that status does not tell of.
    pub quiet_operation: Option<Operation>,
}

impl<K> Default for Memory<K> {
    fn default() -> Self {
        Memory {
            written: None,
            status: None,
            failures: 0,
            last_generation: None,
            poll_not_before: None,
            wrote: None,
            superseded: None,
            verified: None,
            quiet_operation: None,
        }
    }
}

/// What was there before a write.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Superseded {
    Nothing,
    Etag(String),
}

impl<K> Memory<K> {
    /// Notes a write that Azure took. Returns what an operation record keeps of what was there before.
    pub fn note_write(&mut self, before: Option<&Snapshot>) -> Option<String> {
        let now = Instant::now();
        self.wrote = Some(now);
        let superseded = match before {
            None => Some(Superseded::Nothing),
            Some(snapshot) => snapshot.etag.clone().map(Superseded::Etag),
        };
        self.superseded = superseded.clone().map(|superseded| (superseded, now));
        superseded.map(|superseded| match superseded {
            Superseded::Nothing => NOTHING.to_owned(),
            Superseded::Etag(etag) => etag,
        })
    }

    /// Takes over, after a restart, what an operation record says of what was there before its write.
    pub fn resume(&mut self, supersedes: Option<&str>) {
        if self.superseded.is_none() {
            let superseded = supersedes.map(|text| match text {
                NOTHING => Superseded::Nothing,
                etag => Superseded::Etag(etag.to_owned()),
            });
            self.superseded = superseded.map(|superseded| (superseded, Instant::now()));
        }
    }

    /// Judges a read: one that shows what was there before our last write lags.
    pub fn judge(&mut self, read: Observed) -> Observed {
        let Some((superseded, since)) = &self.superseded else {
            return read;
        };
        if since.elapsed() >= LAG {
            self.superseded = None;
            return read;
        }
        let lags = match (&read, superseded) {
            (Observed::Absent, Superseded::Nothing) => true,
            (Observed::Present(snapshot), Superseded::Etag(etag)) => snapshot.etag.as_ref() == Some(etag),
            _ => false,
        };
        if lags {
            return Observed::Lagging;
        }
        self.superseded = None;
        read
    }
}
