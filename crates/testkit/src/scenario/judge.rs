//! The four properties, judged while a scenario runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use privatelink_arm::Clock;
use privatelink_arm_emulator::Emulator;
use privatelink_arm_emulator::change::SOMEONE_ELSE;
use serde_json::{Value, json};

use super::subject::{SUBJECTS, Subject, essence, text};
use super::world::DRIFT;
use crate::simulated::SimulatedApi;

/// Something that must not happen has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// `write`, `foreign`, `token`, `ready`, `rights`, or `bench` for a fault of the bench itself.
    pub property: &'static str,
    pub text: String,
}

#[derive(Default)]
struct State {
    journal: u64,
    violations: Vec<Violation>,
    notes: Vec<String>,
    /// Each object as it was last.
    said: BTreeMap<String, Arc<Value>>,
    /// When somebody else last changed anything: Ready may be behind by a drift interval.
    foreign_change: Option<Timestamp>,
    /// When the judge looked last, and how far Kubernetes and Azure were then.
    looked: Option<Timestamp>,
    seen: (u64, u64),
    /// Values that others put into resources and that must stay, by id and JSON pointer.
    theirs: BTreeMap<(String, String), Value>,
    /// Ids whose resources are somebody else's altogether.
    untouchable: BTreeSet<String>,
    /// A leader's write may take effect after its end: then one redundant write is nobody's fault.
    late_writes_allowed: bool,
}

#[derive(Clone)]
pub struct Judge {
    emulator: Emulator,
    api: SimulatedApi,
    clock: Clock,
    state: Arc<Mutex<State>>,
}

impl Judge {
    pub(crate) fn new(emulator: Emulator, api: SimulatedApi, clock: Clock) -> Self {
        Judge {
            emulator,
            api,
            clock,
            state: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn complain(&self, property: &'static str, text: String) {
        let violation = Violation { property, text };
        let mut state = self.lock();
        if !state.violations.contains(&violation) {
            state.violations.push(violation);
        }
    }

    pub(crate) fn note(&self, text: String) {
        self.lock().notes.push(text);
    }

    pub(crate) fn allow_late_writes(&self) {
        self.lock().late_writes_allowed = true;
    }

    /// A resource of somebody else that nobody of ours may write to.
    pub fn protect(&self, id: &str) {
        self.lock().untouchable.insert(id.to_ascii_lowercase());
    }

    /// The resource of somebody else has gone: what comes after it may be ours.
    pub fn unprotect(&self, id: &str) {
        self.lock().untouchable.remove(&id.to_ascii_lowercase());
    }

    /// A value that somebody else put into a resource and that must stay as long as the resource does.
    pub fn keep(&self, id: &str, pointer: &str, value: Value) {
        self.lock()
            .theirs
            .insert((id.to_owned(), pointer.to_owned()), value);
    }

    /// Whoever put a value there takes it back.
    pub fn let_go(&self, id: &str, pointer: &str) {
        self.lock().theirs.remove(&(id.to_owned(), pointer.to_owned()));
    }

    pub(crate) fn foreign_change(&self, id: &str, patch: &Value) {
        let mut state = self.lock();
        state.foreign_change = Some(self.clock.now());
        for (name, value) in patch.get("tags").and_then(Value::as_object).into_iter().flatten() {
            if name.starts_with("theirs") && !value.is_null() {
                let pointer = format!("/tags/{name}");
                state.theirs.insert((id.to_owned(), pointer), value.clone());
            }
        }
    }

    /// A process has died: what status says may be behind by the time until another leads, and a drift interval.
    pub(crate) fn nobody_leads_for(&self, time: Duration) {
        let time = SignedDuration::try_from(time).unwrap_or_default();
        self.lock().foreign_change = self.clock.now().checked_add(time).ok();
    }

    pub(crate) fn foreign_deletion(&self, id: &str) {
        let mut state = self.lock();
        state.foreign_change = Some(self.clock.now());
        state.theirs.retain(|(other, _), _| other != id);
    }

    pub fn violations(&self) -> Vec<Violation> {
        self.lock().violations.clone()
    }

    /// Looks at what has happened since the last look; where nothing has, only now and then.
    pub(crate) fn look(&self) {
        let now = self.clock.now();
        let seen = (self.api.revision(), self.emulator.journal_since(u64::MAX).last);
        {
            let mut state = self.lock();
            let recent = state
                .looked
                .is_some_and(|at| now.duration_since(at) < SignedDuration::from_secs(30));
            if recent && state.seen == seen {
                return;
            }
            (state.looked, state.seen) = (Some(now), seen);
        }
        self.trace();
        self.look_at_writes();
        self.look_at_foreign_values();
        self.look_at_ready();
    }

    /// Notes what objects say of themselves, for whoever replays a failure.
    fn trace(&self) {
        let now = self.clock.now();
        for (subject, object) in self.objects() {
            let name = subject.name_of(&object);
            let mut state = self.lock();
            let last = state.said.get(&name);
            // Most of the time it is the very object of the last look.
            let same = last
                .is_some_and(|last| Arc::ptr_eq(last, &object) || last.get("status") == object.get("status"));
            if !same {
                let status = object.get("status").map(Value::to_string).unwrap_or_default();
                state.notes.push(format!("{now} {name}: {status}"));
            }
            state.said.insert(name, object);
        }
    }

    /// What was noted on the way.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.lock().notes.clone()
    }

    /// No accepted write of ours without a change, and none to what is somebody else's.
    fn look_at_writes(&self) {
        let since = self.lock().journal;
        let extract = self.emulator.journal_since(since);
        for entry in &extract.entries {
            self.lock().journal = entry.sequence;
            if let Some(action) = &entry.denied {
                let text = format!("{action} is not allowed: {} {}", entry.method, entry.path);
                self.complain("rights", text);
            }
            let write = ["PUT", "PATCH", "DELETE", "POST"].contains(&entry.method.as_str());
            if !write || entry.principal.as_deref() == Some(SOMEONE_ELSE) {
                continue;
            }
            let accepted = entry.status.is_some_and(|status| (200..300).contains(&status));
            let taken = accepted && entry.error_code.is_none();
            if taken && !entry.changed && !self.lock().late_writes_allowed {
                self.complain(
                    "write",
                    format!("{} {} was accepted and changed nothing", entry.method, entry.path),
                );
            }
            let id = entry.resource_id.clone().unwrap_or_default().to_ascii_lowercase();
            if accepted && self.lock().untouchable.contains(&id) {
                self.complain(
                    "foreign",
                    format!("{} {} went to what is somebody else's", entry.method, entry.path),
                );
            }
            if accepted && !SUBJECTS.iter().any(|subject| id.contains(subject.resources)) {
                self.complain(
                    "foreign",
                    format!("{} {} is of no kind of ours", entry.method, entry.path),
                );
            }
        }
    }

    fn look_at_foreign_values(&self) {
        let theirs = self.lock().theirs.clone();
        for ((id, pointer), value) in theirs {
            let Some(body) = self.emulator.resource(&id) else {
                continue;
            };
            if body.pointer(&pointer) != Some(&value) {
                self.complain(
                    "foreign",
                    format!(
                        "{pointer} of {id} was {value} and is {:?}",
                        body.pointer(&pointer)
                    ),
                );
            }
        }
    }

    /// Ready is true when it is said: for the generation that it names, unless somebody changed Azure just now.
    fn look_at_ready(&self) {
        let grace = SignedDuration::try_from(DRIFT).unwrap_or_default() + SignedDuration::from_secs(15);
        let recent = self
            .lock()
            .foreign_change
            .is_some_and(|at| self.clock.now().duration_since(at) < grace);
        if recent {
            return;
        }
        for (subject, object) in self.objects() {
            let condition = |name: &str| {
                let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
                conditions
                    .into_iter()
                    .flatten()
                    .find(|condition| text(condition, "type") == name)
                    .cloned()
            };
            let Some(ready) = condition("Ready") else { continue };
            let current = ready.get("observedGeneration") == object.pointer("/metadata/generation");
            let kept = ["Paused", "Unverified"].contains(&text(&ready, "reason"));
            let deleting = object.pointer("/metadata/deletionTimestamp").is_some();
            if text(&ready, "status") != "True" || !current || kept || deleting {
                continue;
            }
            if let Some(why) = (subject.unfaithful)(&self.emulator, &object) {
                let name = subject.name_of(&object);
                self.complain("ready", format!("{name} says Ready=True, but {why}"));
            }
        }
    }

    /// All objects of all kinds.
    fn objects(&self) -> Vec<(&'static Subject, Arc<Value>)> {
        let of = |subject: &'static Subject| {
            let objects = self.api.shared_list(subject.plural, None);
            objects.into_iter().map(move |object| (subject, object))
        };
        SUBJECTS.iter().flat_map(of).collect()
    }

    /// The end state that counts.
    pub(crate) fn end_state(&self) -> BTreeMap<String, Value> {
        let mut state = BTreeMap::new();
        for id in self.emulator.resource_ids() {
            let Some(body) = self.emulator.resource(&id) else {
                continue;
            };
            if id.to_ascii_lowercase().contains("/networkinterfaces/") {
                continue;
            }
            state.insert(masked_key(&id), essence(&body));
        }
        for (subject, object) in self.objects() {
            let name = subject.name_of(&object);
            let conditions = object
                .pointer("/status/conditions")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            let shown: Vec<String> = conditions
                .iter()
                .map(|c| format!("{}={}/{}", text(c, "type"), text(c, "status"), text(c, "reason")))
                .collect();
            state.insert(
                format!("object {name}"),
                json!({
                    "conditions": shown,
                    "finalizers": object.pointer("/metadata/finalizers"),
                    "deleting": object.pointer("/metadata/deletionTimestamp").is_some(),
                    "resourceId": object.pointer("/status/resourceId"),
                    "operations": object.pointer("/status/operations"),
                    "addresses": object.pointer("/status/ipConfigurations"),
                }),
            );
        }
        state
    }
}

/// Ids without the GUIDs that the server chooses.
fn masked_key(id: &str) -> String {
    let mut key = id.to_ascii_lowercase();
    if let Some(at) = key.find("/privateendpointconnections/") {
        key.truncate(at + "/privateendpointconnections/".len());
    }
    key
}
