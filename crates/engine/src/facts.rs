//! What is read of other people's resources: the region of a network, the groups of a target.
//!
//! Shared between objects and kept for a while, because a hundred endpoints in one network need its region once.
//! A fact is read only where the asking object's scope lets it be read. Facts that belong to one object alone come by
//! LIST where many are asked for, as after a restart: so a thousand objects do not cost a thousand reads.

mod query;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use privatelink_arm::{ArmClient, ArmError, ArmErrorKind, ListTarget, Priority, ResourceId};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::plan::Observed;
use crate::scope::Scope;
use crate::sweeps::{SweepTarget, Sweeps};

use self::query::FactKey;
pub use self::query::{Fact, FactQuery, KnownFacts};

/// How long a fact is believed.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// How long it is believed that something is not there or not readable.
const MISSING_FOR: Duration = Duration::from_secs(30);
/// Above this many, those that were not asked for longest are forgotten.
const MOST: usize = 10_000;

/// Up to this many facts of a type and group are read one by one for each sweep; more come by LIST.
const SINGLY: u32 = 10;
/// Above this many that ask whether something is in their way, within a while, a LIST tells them that nothing is.
const SINGLY_NOW: u32 = 40;
/// That while, and how long ago the LIST may have begun.
const JUST_NOW: Duration = Duration::from_secs(20);

/// An answer, and how it was come by.
pub enum Fetched {
    /// It was known, or came by a LIST for many.
    Kept(Fact),
    /// Azure was asked for it.
    Read(Fact),
}

/// Where a LIST may answer.
#[derive(Clone, Copy)]
pub struct Listing<'a> {
    pub sweeps: &'a Sweeps,
    /// When the sweep began that showed the asking object's own resource: what belongs to that may have changed with it.
    /// None: that was read by itself.
    pub swept: Option<Instant>,
    /// Just after the asking object last wrote to Azure, where it asks what came of that: what was read before says nothing.
    pub wrote: Option<Instant>,
    /// When Azure took that write.
    pub sent: Option<Instant>,
}

/// The facts that all objects share.
#[derive(Default)]
pub struct FactCache {
    entries: Mutex<BTreeMap<FactKey, Arc<Entry>>>,
    /// How many facts were read one by one since an instant, by what they are listed under and type.
    singly: Mutex<BTreeMap<(String, String), (Instant, u32)>>,
}

#[derive(Default)]
struct Entry {
    /// Held while somebody reads, so that the same thing is not read twice at once.
    slot: tokio::sync::Mutex<Option<Kept>>,
}

struct Kept {
    answer: Answer,
    stamp: Option<String>,
    since: Instant,
    until: Instant,
}

/// An answer as it is kept.
enum Answer {
    /// Of a resource that many ask about: parsed once.
    Shared(Fact),
    /// Of a resource that belongs to one object alone: there are as many of these as objects, and text takes a tenth of
    /// what a parsed tree does.
    Text(Box<str>),
}

impl Answer {
    fn of(fact: &Fact, query: &FactQuery) -> Self {
        match fact {
            Fact::Known(body) if query.stamp.is_some() => {
                Answer::Text(parts(body, query.keep).to_string().into_boxed_str())
            }
            Fact::Known(body) if !query.keep.is_empty() => {
                Answer::Shared(Fact::Known(Arc::new(parts(body, query.keep))))
            }
            _ => Answer::Shared(fact.clone()),
        }
    }

    fn read(&self) -> Option<Fact> {
        match self {
            Answer::Shared(fact) => Some(fact.clone()),
            Answer::Text(text) => serde_json::from_str(text)
                .ok()
                .map(|body| Fact::Known(Arc::new(body))),
        }
    }
}

impl FactCache {
    /// Answers a question from what is kept, from a LIST where many are asked, or by one read.
    ///
    /// # Errors
    /// What may be different the next time: throttling, a cut connection, a server's trouble.
    pub async fn fetch(
        &self,
        arm: &ArmClient,
        scope: &Scope,
        query: &FactQuery,
        listing: Listing<'_>,
        priority: Priority,
    ) -> Result<Fetched, ArmError> {
        // Of what only holds something that is allowed, what else it holds is not for the scope to see.
        let may_read = match query.suffix {
            Some(_) => scope.may_list(&query.id),
            None => scope.may_read(&query.id),
        };
        if !may_read {
            return Ok(Fetched::Kept(Fact::Unreadable(format!(
                "AzureScope {} does not allow reading {}",
                scope.name(),
                query.id
            ))));
        }
        if query.fresh {
            let listed = self.listed(arm, scope, query, listing, priority).await?;
            return match listed.and_then(|answer| answer.read()) {
                Some(fact) if query.hint && fact != Fact::Absent => Ok(Fetched::Kept(fact)),
                // What was there a moment ago may be gone by now.
                Some(Fact::Absent) if !query.hint => Ok(Fetched::Kept(Fact::Absent)),
                _ => Ok(Fetched::Read(read(arm, query, priority).await?.0)),
            };
        }
        let entry = self.entry(query.key());
        let mut slot = entry.slot.lock().await;
        let now = Instant::now();
        let kept = slot.as_ref().filter(|kept| {
            let after_write = !query.by_list || listing.wrote.is_none_or(|wrote| kept.since >= wrote);
            kept.until > now && kept.stamp == query.stamp && after_write
        });
        if let Some(fact) = kept.and_then(|kept| kept.answer.read()) {
            return Ok(Fetched::Kept(fact));
        }
        let keep = |answer, time| Kept {
            answer,
            stamp: query.stamp.clone(),
            since: now,
            until: Instant::now() + query.believed_for.min(time),
        };
        let listed = self.listed(arm, scope, query, listing, priority).await?;
        if let Some(answer) = listed
            && let Some(fact) = answer.read()
        {
            // What is nobody's own stays in the sweep.
            *slot = query.stamp.is_some().then(|| keep(answer, KNOWN_FOR));
            return Ok(Fetched::Kept(fact));
        }
        let (fact, lifetime) = read(arm, query, priority).await?;
        *slot = Some(keep(Answer::of(&fact, query), lifetime));
        Ok(Fetched::Read(fact))
    }

    /// An answer by LIST; none where few ask, where the scope allows no LIST, and where it fails.
    async fn listed(
        &self,
        arm: &ArmClient,
        scope: &Scope,
        query: &FactQuery,
        listing: Listing<'_>,
        priority: Priority,
    ) -> Result<Option<Answer>, ArmError> {
        let Some((parent, resource_type)) = listable(scope, query) else {
            return Ok(None);
        };
        let now = Instant::now();
        let ago = |age| now.checked_sub(age).unwrap_or(now);
        let (began, since, not_before) = match (listing.swept, listing.wrote) {
            _ if query.hint => match listing.sent {
                Some(sent) => (now, ago(JUST_NOW), sent.max(ago(JUST_NOW))),
                None => return Ok(None),
            },
            (_, None) if query.fresh => (now, ago(JUST_NOW), ago(JUST_NOW)),
            // What came of a write only a read of its own can say.
            _ if query.fresh => return Ok(None),
            (None, _) => return Ok(None),
            (Some(swept), _) if query.stamp.is_some() => (swept, swept, swept),
            (Some(_), wrote) => {
                let since = ago(query.believed_for);
                (now, since, wrote.map_or(since, |wrote| wrote.max(since)))
            }
        };
        let few = if query.fresh && !query.hint {
            SINGLY_NOW
        } else {
            SINGLY
        };
        let parents = (parent.key().to_owned(), resource_type.clone());
        if self.is_one_of(few, &parents, began, since) {
            return Ok(None);
        }
        let target = SweepTarget {
            parent: &parent,
            resource_type: &resource_type,
            api_version: query.api_version,
        };
        let (id, sweeps) = (&query.id, listing.sweeps);
        let listed = if query.stamp.is_some() {
            let taken = sweeps.take(arm, target, id, not_before).await;
            let parsed = |text: Box<RawValue>| serde_json::from_str(text.get()).ok();
            taken.map(|text| Some(Fact::Known(Arc::new(parsed(text?)?))))
        } else {
            let observed = sweeps.observe(arm, target, id, not_before, priority).await;
            observed.map(|(observed, _)| match observed {
                Observed::Swept(snapshot) => Some(Fact::Known(Arc::new(snapshot.body))),
                _ => Some(Fact::Absent),
            })
        };
        match listed {
            Ok(fact) => Ok(fact.map(|fact| Answer::of(&fact, query))),
            Err(error) if error.kind == ArmErrorKind::BudgetExhausted => Err(error),
            Err(_) => {
                // The next few are read one by one before another LIST is tried.
                let mut singly = self.singly.lock().unwrap_or_else(PoisonError::into_inner);
                singly.remove(&parents);
                Ok(None)
            }
        }
    }

    /// Whether no more than `few` have asked about a type since an instant; a new count begins at `began`.
    fn is_one_of(&self, few: u32, parents: &(String, String), began: Instant, since: Instant) -> bool {
        let mut singly = self.singly.lock().unwrap_or_else(PoisonError::into_inner);
        let (counted, count) = singly.entry(parents.clone()).or_insert((began, 0));
        if *counted < since {
            (*counted, *count) = (began, 0);
        }
        *count = count.saturating_add(1);
        *count <= few
    }

    /// Forgets an answer: somebody asks for a closer look.
    pub fn forget(&self, query: &FactQuery) {
        self.lock().remove(&query.key());
    }

    /// Forgets all answers about a resource and what is right below it: it has changed.
    pub fn forget_all(&self, id: &ResourceId) {
        let mut entries = self.lock();
        let first: FactKey = (id.key().to_owned(), None, &[], false);
        let about: Vec<FactKey> = entries
            .range(first..)
            .map(|(key, _)| key)
            .take_while(|(about, ..)| about == id.key())
            .cloned()
            .collect();
        about.iter().for_each(|key| drop(entries.remove(key)));
    }

    fn entry(&self, key: FactKey) -> Arc<Entry> {
        let mut entries = self.lock();
        if entries.len() >= MOST {
            let now = Instant::now();
            entries.retain(|_, entry| {
                entry
                    .slot
                    .try_lock()
                    .map_or(true, |kept| kept.as_ref().is_some_and(|kept| kept.until > now))
            });
        }
        entries.entry(key).or_default().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<FactKey, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a resource is listed under and as what type, where a LIST may answer.
fn listable(scope: &Scope, query: &FactQuery) -> Option<(ResourceId, String)> {
    if !query.by_list || query.suffix.is_some() {
        return None;
    }
    let parent = SweepTarget::parent(&query.id)?;
    scope
        .may_list(&parent)
        .then(|| (parent, query.id.resource_type()))
}

/// What JSON pointers lead to, in the objects that lead there.
fn parts(body: &Value, pointers: &[&str]) -> Value {
    if pointers.is_empty() {
        return body.clone();
    }
    let mut kept = Value::Object(Map::new());
    for pointer in pointers {
        let Some(found) = body.pointer(pointer) else {
            continue;
        };
        let mut names = pointer.split('/').skip(1);
        // Objects only: an index would name another element in what is kept.
        let place = names.try_fold(&mut kept, |object, name| {
            if object.is_null() {
                *object = Value::Object(Map::new());
            }
            Some(object.as_object_mut()?.entry(name).or_insert(Value::Null))
        });
        if let Some(place) = place {
            *place = found.clone();
        }
    }
    kept
}

/// All of a collection below a resource.
///
/// # Errors
/// Whatever the LIST came back with.
pub async fn list(
    arm: &ArmClient,
    query: &FactQuery,
    collection: &str,
    priority: Priority,
) -> Result<Vec<Value>, ArmError> {
    let target = ListTarget::children(&query.id, collection);
    let resources = arm.list(&target, query.api_version, priority).await?;
    let parsed = resources
        .iter()
        .filter_map(|text| serde_json::from_str(text.get()).ok());
    Ok(parsed.collect())
}

/// One read, and for how long it is believed.
async fn read(arm: &ArmClient, query: &FactQuery, priority: Priority) -> Result<(Fact, Duration), ArmError> {
    let (id, version) = (&query.id, query.api_version);
    let body = match query.suffix {
        Some(collection) if query.collection => {
            let all = list(arm, query, collection, priority).await;
            all.map(Value::Array)
        }
        Some(suffix) => arm
            .get_under(id, suffix, version, priority)
            .await
            .map(|reply| reply.body.unwrap_or(Value::Null)),
        None => arm
            .get(id, version, priority)
            .await
            .map(|reply| reply.body.unwrap_or(Value::Null)),
    };
    match body {
        Ok(body) => Ok((Fact::Known(Arc::new(body)), KNOWN_FOR)),
        Err(error) => match error.kind {
            // A subscription that this identity does not see says nothing about what is in it.
            ArmErrorKind::NotFound if !error.has_code("SubscriptionNotFound") => {
                Ok((Fact::Absent, MISSING_FOR))
            }
            ArmErrorKind::NotFound | ArmErrorKind::Forbidden | ArmErrorKind::Invalid => {
                let why = format!("{}: {}", error.code, error.message);
                Ok((Fact::Unreadable(why), MISSING_FOR))
            }
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_part_is_kept() {
        let body =
            json!({"id": "/x", "properties": {"list": [{"a": 1}], "other": 2, "more": {"b": 3, "c": 4}}});
        assert_eq!(
            parts(&body, &["/properties/list", "/properties/more/c"]),
            json!({"properties": {"list": [{"a": 1}], "more": {"c": 4}}})
        );
        assert_eq!(parts(&body, &["/properties/none", "/none"]), json!({}));
        assert_eq!(parts(&body, &[]), body);
    }
}
