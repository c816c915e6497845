//! What the engine remembers of an object between passes. Nothing here is needed for correctness across restarts:
//! it spares reads, keeps the pace, and bridges what lags: the watch behind our patches, Azure's reads behind our writes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use privatelink_api::{Operation, OperationKind};
use tokio::time::Instant;

use crate::contest::Contest;
use crate::kind::ObjectKey;
use crate::plan::{Observed, Snapshot};

/// For how long a read that shows what was there before our write counts as lagging.
const LAG: Duration = Duration::from_secs(60);
/// The same for a write whose answer was lost: it may not have taken effect at all.
const LAG_IF_ANY: Duration = Duration::from_secs(15);

/// A resource that is as wanted is not written more often than this, though what Azure makes of it be not there.
const REWRITE_PACE: Duration = Duration::from_secs(600);

/// What an operation record says when there was nothing before the write.
const NOTHING: &str = "absent";

/// What is remembered of one object.
pub struct Memory<K> {
    /// Whose memory it is: an object that is made again under the same name starts without one.
    pub uid: Option<String>,
    /// The object as our last patch left it, until the watch shows it or something newer. In a box: most of the time there
    /// is none, and of these memories there are as many as objects.
    pub written: Option<Box<K>>,
    /// Status as our last patch left it, as JSON text: a tenth of what a parsed tree takes. A different one in the
    /// watch is somebody else's.
    pub status: Option<Box<str>>,
    /// The generation of the last pass: a new one resets the backoff and what was refused.
    pub last_generation: Option<i64>,
    /// Failures in a row.
    pub failures: u32,
    /// When Azure was last seen to be as wanted.
    pub verified: Option<Timestamp>,
    /// A write failed and status says why; a retry that runs does not hide it.
    pub failed_write: bool,
    /// What is being written puts back what somebody else changed.
    pub correcting: bool,
    /// It was the object's turn among those whose resources Azure changes one at a time.
    pub in_turn: bool,
    /// Somebody has undone what we had done. Most of the time nobody has.
    pub contest: Option<Box<Contest>>,
    /// What Azure refused last, as a fingerprint, and until when the same is not sent again.
    pub refused: Option<(u64, Instant)>,
    /// When it is the turn of the write that found no room within the request limits, or of what a pass had begun.
    pub turn: Option<Instant>,
    /// After the object's deletion was seen, the kind's definition was read and stays.
    pub definition_stays: bool,
    /// A write of its deletion may have taken effect: what is begun is not held half-way.
    pub departs: bool,
    /// By node. A node that is not here has not been looked at by this process.
    pub nodes: Nodes,
}

impl<K> Default for Memory<K> {
    fn default() -> Self {
        Memory {
            uid: None,
            written: None,
            status: None,
            last_generation: None,
            failures: 0,
            verified: None,
            failed_write: false,
            correcting: false,
            in_turn: false,
            contest: None,
            refused: None,
            turn: None,
            definition_stays: false,
            departs: false,
            nodes: Nodes::default(),
        }
    }
}

/// What is remembered of an object's resources, by node. An object has one to three of them, and of these there are as
/// many as objects: a tree would hold eleven places for each.
#[derive(Default)]
pub struct Nodes(Vec<(&'static str, NodeMemory)>);

impl Nodes {
    /// The memory of a node, made where there is none.
    pub fn entry(&mut self, name: &'static str, make: impl FnOnce() -> NodeMemory) -> &mut NodeMemory {
        let place = self.0.iter().position(|(known, _)| *known == name);
        let place = place.unwrap_or_else(|| {
            self.0.reserve_exact(1);
            self.0.push((name, make()));
            self.0.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the place was found or made above")]
        let (_, node) = &mut self.0[place];
        node
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &NodeMemory)> {
        self.0.iter().map(|(name, node)| (*name, node))
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut NodeMemory> {
        self.0.iter_mut().map(|(_, node)| node)
    }

    pub fn values(&self) -> impl Iterator<Item = &NodeMemory> {
        self.0.iter().map(|(_, node)| node)
    }
}

/// What is remembered of one resource of an object.
#[derive(Default)]
pub struct NodeMemory {
    /// The operation that runs in Azure. Status holds a copy for the process that comes after this one.
    pub operation: Option<Operation>,
    /// Status does not tell of the operation.
    pub quiet: bool,
    /// Not before this is Azure asked again how the operation is doing.
    pub poll_not_before: Option<Instant>,
    /// When our last write was answered: what a LIST showed before that says nothing.
    pub wrote: Option<Instant>,
    /// What our last write that Azure took wanted, as a fingerprint, and when that was: a read that shows something else shows
    /// that somebody has changed it since.
    pub written: Option<(u64, Timestamp)>,
    /// As it was read by the pass that the next one goes on with.
    pub carried: Option<Box<Snapshot>>,
    /// When Azure took our last write: what it makes of it may be there from then on.
    pub sent: Option<Instant>,
    /// Azure took our deletion.
    pub deleted: bool,
    /// When it was last written as it was, for what Azure makes of it.
    rewritten: Option<Instant>,
    /// What was wanted when the resource was last seen to be so, as a fingerprint: it should be there.
    pub verified: Option<u64>,
    /// What was there before our last write, until when a read that shows it counts as lagging, and how long that is.
    superseded: Option<(Superseded, Instant, Duration)>,
    /// When a read first missed what should be there.
    missed: Option<Instant>,
    /// When a read first showed that nothing of ours is left in somebody else's resource.
    left: Option<Instant>,
}

/// What was there before a write.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Superseded {
    Nothing,
    Etag(String),
}

impl NodeMemory {
    /// Takes over what status says of an operation that another process began.
    pub fn resumed(operation: Option<Operation>) -> Self {
        let mut memory = NodeMemory::default();
        let Some(operation) = operation else {
            return memory;
        };
        let superseded = operation.supersedes.as_deref().map(|text| match text {
            NOTHING => Superseded::Nothing,
            etag => Superseded::Etag(etag.to_owned()),
        });
        memory.superseded = superseded.map(|superseded| (superseded, Instant::now() + LAG, LAG));
        memory.deleted = operation.kind == Some(OperationKind::Delete);
        memory.operation = Some(operation);
        memory
    }

    /// Notes a write that Azure took. Returns what an operation record keeps of what was there before.
    pub fn note_write(&mut self, before: Option<&Snapshot>) -> Option<String> {
        self.supersede(before, LAG);
        self.superseded.as_ref().map(|(superseded, ..)| match superseded {
            Superseded::Nothing => NOTHING.to_owned(),
            Superseded::Etag(etag) => etag.clone(),
        })
    }

    /// Whether a read is to be believed that shows nothing of ours: after our own write that took it away, or when another
    /// said so `second_look` ago.
    pub fn is_sure(&mut self, second_look: Duration) -> bool {
        let written = self.wrote.is_some_and(|wrote| wrote.elapsed() < LAG);
        let since = *self.left.get_or_insert_with(Instant::now);
        let sure = written || since.elapsed() >= second_look;
        if sure {
            self.left = None;
        }
        sure
    }

    /// Whether it may be written as it is: not again for a while after the last time, whatever came of that.
    pub fn may_rewrite(&self) -> bool {
        self.rewritten.is_none_or(|at| at.elapsed() >= REWRITE_PACE)
    }

    /// Notes that it was written as it is.
    pub fn note_rewrite(&mut self) {
        self.rewritten = Some(Instant::now());
    }

    /// Notes a write whose answer was lost: it may have taken effect.
    pub fn note_lost_answer(&mut self, before: Option<&Snapshot>) {
        self.supersede(before, LAG_IF_ANY);
    }

    fn supersede(&mut self, before: Option<&Snapshot>, window: Duration) {
        let now = Instant::now();
        (self.wrote, self.sent) = (Some(now), Some(now));
        let superseded = match before {
            None => Some(Superseded::Nothing),
            Some(snapshot) => snapshot.etag.clone().map(Superseded::Etag),
        };
        self.superseded = superseded.map(|superseded| (superseded, now + window, window));
    }

    /// The operation is over. Reads may lag behind its success; a failure may have left everything as it was.
    pub fn end_operation(&mut self, failed: bool) {
        self.operation = None;
        self.quiet = false;
        self.poll_not_before = None;
        let now = Instant::now();
        self.wrote = Some(now);
        if failed {
            self.written = None;
        }
        match &mut self.superseded {
            Some((_, until, window)) if !failed => *until = now + *window,
            superseded => *superseded = None,
        }
    }

    /// Judges a read: one that shows what was there before our last write lags, and where the resource is `expected`
    /// to be there, only a second read, `second_look` later, may say that it is not.
    pub fn judge(&mut self, read: Observed, expected: bool, second_look: Duration) -> Observed {
        let read = self.judge_by_last_write(read);
        if read != Observed::Absent || !expected {
            self.missed = None;
            return read;
        }
        match self.missed {
            Some(since) if since.elapsed() >= second_look => {
                self.missed = None;
                Observed::Absent
            }
            _ => {
                self.missed.get_or_insert_with(Instant::now);
                Observed::Lagging
            }
        }
    }

    fn judge_by_last_write(&mut self, read: Observed) -> Observed {
        let Some((superseded, until, _)) = &self.superseded else {
            return read;
        };
        if Instant::now() >= *until {
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

/// What is remembered of all objects of a kind.
///
/// A pass takes the memory of its object and puts it back; meanwhile the watch may bring what the pass has written.
pub struct Memories<K> {
    memories: Mutex<BTreeMap<ObjectKey, Memory<K>>>,
    /// Fingerprints of the statuses that we wrote last, so that a watch can tell our own writes from others'.
    statuses: Mutex<BTreeMap<ObjectKey, u64>>,
}

impl<K> Default for Memories<K> {
    fn default() -> Self {
        Memories {
            memories: Mutex::default(),
            statuses: Mutex::default(),
        }
    }
}

impl<K: ResourceExt> Memories<K> {
    /// The memory of an object, for the time of a pass.
    pub fn take(&self, key: &ObjectKey) -> Memory<K> {
        lock(&self.memories).remove(key).unwrap_or_default()
    }

    /// Puts a memory back.
    pub fn keep(&self, key: &ObjectKey, memory: Memory<K>) {
        lock(&self.memories).insert(key.clone(), memory);
    }

    /// The watch shows an object: what we wrote is not needed any longer where this is it, or something newer.
    pub fn caught_up(&self, key: &ObjectKey, shown: &K) {
        if let Some(memory) = lock(&self.memories).get_mut(key) {
            memory
                .written
                .take_if(|written| version(&**written) <= version(shown));
        }
    }

    /// Notes a status that is about to be written.
    pub fn note_status(&self, key: &ObjectKey, status: &str) {
        lock(&self.statuses).insert(key.clone(), fingerprint(status));
    }

    /// Whether a status is the one that we wrote last.
    pub fn is_ours(&self, key: &ObjectKey, status: &str) -> bool {
        lock(&self.statuses).get(key) == Some(&fingerprint(status))
    }

    pub fn forget(&self, key: &ObjectKey) {
        lock(&self.memories).remove(key);
        lock(&self.statuses).remove(key);
    }

    pub fn clear(&self) {
        lock(&self.memories).clear();
        lock(&self.statuses).clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stands for a value where only equality matters; the same in every process.
pub fn fingerprint(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Resource versions of one kind are numbers that grow (a promise of the API server since 1.35, a fact before).
pub fn version<K: ResourceExt>(object: &K) -> u64 {
    object
        .resource_version()
        .and_then(|version| version.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    fn object(version: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.resource_version = Some(version.to_owned());
        object
    }

    #[test]
    fn what_we_wrote_is_kept_until_the_watch_shows_it() {
        let key = ObjectKey {
            kind: "ConfigMap",
            namespace: "n".to_owned(),
            name: "a".to_owned(),
        };
        let memories = Memories::default();
        let memory = Memory {
            written: Some(Box::new(object("10"))),
            ..Memory::default()
        };
        memories.keep(&key, memory);
        memories.caught_up(&key, &object("9"));
        let memory = memories.take(&key);
        assert!(memory.written.is_some(), "the watch is behind");
        memories.keep(&key, memory);
        memories.caught_up(&key, &object("10"));
        assert!(memories.take(&key).written.is_none());
    }

    fn present(etag: &str) -> Observed {
        Observed::Present(Snapshot {
            body: serde_json::json!({}),
            etag: Some(etag.to_owned()),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_lags_for_a_while_after_the_operation_that_it_does_not_show() {
        let look = Duration::from_secs(4);
        let mut node = NodeMemory::default();
        node.note_write(None);
        // An operation that takes longer than reads may lag.
        tokio::time::advance(LAG * 3).await;
        node.end_operation(false);
        assert_eq!(node.judge(Observed::Absent, false, look), Observed::Lagging);
        assert_eq!(node.judge(present("2"), false, look), present("2"));
        assert_eq!(
            node.judge(Observed::Absent, false, look),
            Observed::Absent,
            "once seen, it may go"
        );
        node.note_write(None);
        node.end_operation(true);
        assert_eq!(
            node.judge(Observed::Absent, false, look),
            Observed::Absent,
            "what failed may have made nothing"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_lost_answer_what_was_there_before_counts_again_soon() {
        let look = Duration::from_secs(4);
        let mut node = NodeMemory::default();
        let Observed::Present(before) = present("1") else {
            unreachable!()
        };
        node.note_lost_answer(Some(&before));
        assert_eq!(node.judge(present("1"), true, look), Observed::Lagging);
        tokio::time::advance(LAG_IF_ANY).await;
        assert_eq!(node.judge(present("1"), true, look), present("1"));
    }

    #[test]
    fn our_own_status_is_told_from_another() {
        let key = ObjectKey {
            kind: "ConfigMap",
            namespace: String::new(),
            name: "a".to_owned(),
        };
        let memories = Memories::<ConfigMap>::default();
        assert!(!memories.is_ours(&key, "{}"));
        memories.note_status(&key, "{}");
        assert!(memories.is_ours(&key, "{}"));
        assert!(!memories.is_ours(&key, "null"));
        memories.forget(&key);
        assert!(!memories.is_ours(&key, "{}"));
    }
}
