//! The objects, their revisions and the log of changes that watches read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::apply::Managers;
use super::object;
use super::resource::{DEFINITIONS, ResourceType};
use super::{Clock, WatchLag};

/// Resource (`plural.group`), namespace (empty in cluster scope), name.
pub(super) type ObjectKey = (String, String, String);

/// An object as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) object: Arc<Value>,
    pub(super) managers: Managers,
    /// The status that is shown comes from defaults alone and is not written yet: the next update writes it, and so
    /// gives a new version even where it changes nothing else.
    pub(super) status_unwritten: bool,
    /// Empty containers of `metadata` that an apply stored and that are not shown. An update that does not store them
    /// again gives a new version even where it changes nothing else.
    pub(super) hidden_metadata: BTreeMap<String, Value>,
}

/// What a watch says about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

impl ChangeKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// One entry of the log.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) revision: u64,
    pub(super) kind: ChangeKind,
    pub(super) key: ObjectKey,
    pub(super) object: Arc<Value>,
    pub(super) previous: Option<Arc<Value>>,
    /// When a watch may show it, under a lag by time.
    pub(super) visible_at: Instant,
}

/// All that the simulated server remembers.
pub(super) struct Store {
    clock: Clock,
    pub(super) revision: u64,
    uids: u64,
    pub(super) types: BTreeMap<String, Arc<ResourceType>>,
    /// Groups that a definition was ever stored for.
    pub(super) custom_groups: BTreeSet<String>,
    pub(super) objects: BTreeMap<ObjectKey, Stored>,
    /// By namespace and name: whether clients may ask for its tokens.
    pub(super) service_accounts: BTreeMap<(String, String), bool>,
    pub(super) log: Vec<Change>,
    /// Watches and continued lists from before this revision get 410.
    pub(super) compacted: u64,
    pub(super) lag: WatchLag,
    /// Changes up to here are shown whatever the lag says.
    pub(super) flushed: u64,
    /// Counts the times that open watches were cut.
    pub(super) cuts: u64,
    /// Counts the times that open watches were told 410.
    pub(super) expiries: u64,
    /// Definitions whose instances are not removed yet although they are being deleted.
    pub(super) held_cleanups: BTreeSet<String>,
}

impl Store {
    pub(super) fn new(clock: Clock) -> Self {
        let types = ResourceType::built_in()
            .into_iter()
            .map(|resource| (resource.qualified(), Arc::new(resource)))
            .collect();
        Self {
            clock,
            revision: 1,
            uids: 0,
            types,
            custom_groups: BTreeSet::new(),
            service_accounts: BTreeMap::new(),
            objects: BTreeMap::new(),
            log: Vec::new(),
            compacted: 0,
            lag: WatchLag::None,
            flushed: 0,
            cuts: 0,
            expiries: 0,
            held_cleanups: BTreeSet::new(),
        }
    }

    /// The server's clock as `metadata` carries it: RFC 3339 in whole seconds.
    pub(super) fn now(&self) -> String {
        (self.clock)().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    pub(super) fn time(&self) -> jiff::Timestamp {
        (self.clock)()
    }

    pub(super) fn next_uid(&mut self) -> String {
        self.uids += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.uids)
    }

    pub(super) fn resource(&self, group: &str, version: &str, plural: &str) -> Option<Arc<ResourceType>> {
        let qualified = if group.is_empty() {
            plural.to_owned()
        } else {
            format!("{plural}.{group}")
        };
        self.types
            .get(&qualified)
            .filter(|resource| resource.version == version)
            .cloned()
    }

    /// All objects of a resource, in one namespace or in all.
    pub(super) fn of_resource<'a>(
        &'a self,
        resource: &'a str,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a Stored)> {
        let from = (
            resource.to_owned(),
            namespace.unwrap_or_default().to_owned(),
            String::new(),
        );
        self.objects
            .range(from..)
            .take_while(move |((of, _, _), _)| of == resource)
            .filter(move |((_, within, _), _)| namespace.is_none_or(|namespace| within == namespace))
    }

    /// Stores the object (or removes it), gives it the next revision, and tells the watches.
    pub(super) fn commit(&mut self, key: ObjectKey, new: Option<Stored>) -> Arc<Value> {
        self.revision += 1;
        let previous = self.objects.get(&key).map(|stored| Arc::clone(&stored.object));
        let kind = match (&previous, &new) {
            (_, None) => ChangeKind::Deleted,
            (None, Some(_)) => ChangeKind::Added,
            (Some(_), Some(_)) => ChangeKind::Modified,
        };
        let mut value = match (&new, &previous) {
            (Some(stored), _) => (*stored.object).clone(),
            (None, Some(previous)) => (**previous).clone(),
            (None, None) => Value::Null,
        };
        object::set_metadata(
            &mut value,
            "resourceVersion",
            Some(json!(self.revision.to_string())),
        );
        let value = Arc::new(value);
        match new {
            Some(stored) => {
                self.objects.insert(
                    key.clone(),
                    Stored {
                        object: Arc::clone(&value),
                        ..stored
                    },
                );
            }
            None => {
                self.objects.remove(&key);
            }
        }
        if key.0 == DEFINITIONS {
            self.definition_changed(&value, kind);
        }
        let lag = if let WatchLag::Time(lag) = self.lag {
            lag
        } else {
            Duration::ZERO
        };
        let earliest = self.log.last().map(|change| change.visible_at);
        let visible_at = Instant::now() + lag;
        self.log.push(Change {
            revision: self.revision,
            kind,
            key,
            object: Arc::clone(&value),
            previous,
            visible_at: earliest.map_or(visible_at, |earliest| earliest.max(visible_at)),
        });
        value
    }

    fn definition_changed(&mut self, definition: &Value, kind: ChangeKind) {
        let Some(resource) = ResourceType::of_definition(definition) else {
            return;
        };
        if kind == ChangeKind::Deleted {
            self.types.remove(&resource.qualified());
        } else {
            self.custom_groups.insert(resource.group.clone());
            self.types.insert(resource.qualified(), Arc::new(resource));
        }
    }

    /// The log after a revision.
    pub(super) fn changes_after(&self, revision: u64) -> &[Change] {
        let from = self.log.partition_point(|change| change.revision <= revision);
        self.log.get(from..).unwrap_or_default()
    }

    /// The last revision that watches show, and when the next hidden change appears by itself.
    pub(super) fn visible(&self) -> (u64, Option<Instant>) {
        match self.lag {
            WatchLag::None => (self.revision, None),
            WatchLag::Time(_) => {
                let now = Instant::now();
                let hidden = self
                    .log
                    .partition_point(|change| change.visible_at <= now || change.revision <= self.flushed);
                match self.log.get(hidden) {
                    Some(change) => (change.revision.saturating_sub(1), Some(change.visible_at)),
                    None => (self.revision, None),
                }
            }
            WatchLag::Changes(behind) => (
                self.revision
                    .saturating_sub(behind)
                    .max(self.flushed)
                    .min(self.revision),
                None,
            ),
        }
    }

    /// The objects of a resource as they were at a revision that is not compacted.
    pub(super) fn snapshot(&self, resource: &str, revision: u64) -> BTreeMap<ObjectKey, Arc<Value>> {
        let mut objects: BTreeMap<ObjectKey, Arc<Value>> = self
            .of_resource(resource, None)
            .map(|(key, stored)| (key.clone(), Arc::clone(&stored.object)))
            .collect();
        for change in self
            .changes_after(revision)
            .iter()
            .rev()
            .filter(|change| change.key.0 == resource)
        {
            match &change.previous {
                Some(previous) => objects.insert(change.key.clone(), Arc::clone(previous)),
                None => objects.remove(&change.key),
            };
        }
        objects
    }
}
