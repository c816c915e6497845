//! How the objects stand, as far as this process knows: what metrics tell of them, and nothing that a pass decides by.
//! Only a leader counts; one that leads no longer forgets.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use privatelink_api::{ConditionType, Reason};

use crate::kind::ObjectKey;

/// Whether and when an object's resources were seen to be as wanted.
#[derive(Clone, Copy, Debug)]
pub enum Verified {
    /// It has none of its own in Azure.
    HasNothing,
    /// By this process; none: not yet.
    Last(Option<Timestamp>),
}

/// How one object stands.
#[derive(Clone, Copy, Debug)]
struct Counted {
    ready: &'static str,
    reason: Reason,
    /// When Azure was last seen to be as wanted; else when this process first looked at the object. None: it has nothing there.
    verified: Option<Timestamp>,
    operations: u16,
}

/// All objects that this process has looked at.
#[derive(Default)]
pub struct Tally {
    objects: Mutex<BTreeMap<ObjectKey, Counted>>,
}

/// The objects by what metrics ask of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// By kind, status of Ready and its reason.
    pub objects: BTreeMap<(&'static str, &'static str, &'static str), u64>,
    /// Of each kind, when the one was verified whose verification is the oldest.
    pub oldest: BTreeMap<&'static str, Timestamp>,
    /// Operations that Azure works on, by kind.
    pub operations: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Notes what an object's conditions say, and when it was verified, if it was by this process.
    pub fn note(&self, key: &ObjectKey, conditions: &[Condition], verified: Verified, now: Timestamp) {
        let shown = conditions
            .iter()
            .find(|condition| condition.type_ == ConditionType::Ready.as_str());
        let ready = match shown.map(|ready| ready.status.as_str()) {
            Some("True") => "True",
            Some("False") => "False",
            _ => "Unknown",
        };
        let known = |text: &str| Reason::ALL.iter().find(|reason| reason.as_str() == text).copied();
        let reason = shown
            .and_then(|ready| known(&ready.reason))
            .unwrap_or(Reason::Pending);
        let mut objects = self.lock();
        let before = objects.get(key).copied();
        let verified = match verified {
            Verified::HasNothing => None,
            Verified::Last(last) => last.or(before.and_then(|before| before.verified)).or(Some(now)),
        };
        let counted = Counted {
            ready,
            reason,
            verified,
            operations: before.map_or(0, |before| before.operations),
        };
        objects.insert(key.clone(), counted);
    }

    /// Notes how many operations Azure works on for an object.
    pub fn note_operations(&self, key: &ObjectKey, operations: usize) {
        if let Some(counted) = self.lock().get_mut(key) {
            counted.operations = u16::try_from(operations).unwrap_or(u16::MAX);
        }
    }

    pub fn forget(&self, key: &ObjectKey) {
        self.lock().remove(key);
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The sums at present.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for (key, counted) in self.lock().iter() {
            let place = (key.kind, counted.ready, counted.reason.as_str());
            *sums.objects.entry(place).or_default() += 1;
            *sums.operations.entry(key.kind).or_default() += u64::from(counted.operations);
            // Nobody looks at a paused object, and one that is not Ready does not say that Azure is as wanted.
            if let Some(verified) = counted.verified
                && counted.ready == "True"
                && counted.reason != Reason::Paused
            {
                let oldest = sums.oldest.entry(key.kind).or_insert(verified);
                *oldest = verified.min(*oldest);
            }
        }
        sums
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, Counted>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey {
            kind: "PrivateEndpoint",
            namespace: "n".to_owned(),
            name: name.to_owned(),
        }
    }

    fn ready(status: &str, reason: Reason) -> Vec<Condition> {
        vec![Condition {
            type_: "Ready".to_owned(),
            status: status.to_owned(),
            reason: reason.as_str().to_owned(),
            message: String::new(),
            observed_generation: None,
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        }]
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn objects_are_counted_once_and_by_what_they_say_last() {
        let tally = Tally::default();
        tally.note(
            &key("a"),
            &ready("False", Reason::Creating),
            Verified::Last(None),
            at(1),
        );
        tally.note_operations(&key("a"), 1);
        tally.note(&key("b"), &[], Verified::Last(None), at(1));
        let sums = tally.sums();
        assert_eq!(sums.objects[&("PrivateEndpoint", "False", "Creating")], 1);
        assert_eq!(sums.objects[&("PrivateEndpoint", "Unknown", "Pending")], 1);
        assert_eq!(sums.operations["PrivateEndpoint"], 1);
        assert!(sums.oldest.is_empty(), "nothing is said to be as wanted");

        tally.note(
            &key("a"),
            &ready("True", Reason::Succeeded),
            Verified::Last(Some(at(5))),
            at(5),
        );
        tally.note_operations(&key("a"), 0);
        tally.forget(&key("b"));
        let sums = tally.sums();
        assert_eq!(sums.objects.len(), 1);
        assert_eq!(sums.objects[&("PrivateEndpoint", "True", "Succeeded")], 1);
        assert_eq!(sums.operations["PrivateEndpoint"], 0);
        tally.clear();
        assert_eq!(tally.sums(), Sums::default());
    }

    #[test]
    fn the_oldest_verification_counts_and_paused_objects_have_none() {
        let tally = Tally::default();
        tally.note(
            &key("a"),
            &ready("True", Reason::Succeeded),
            Verified::Last(Some(at(50))),
            at(50),
        );
        // Ready since before this process: as old as its first look.
        tally.note(
            &key("b"),
            &ready("True", Reason::Unverified),
            Verified::Last(None),
            at(10),
        );
        tally.note(
            &key("b"),
            &ready("True", Reason::Unverified),
            Verified::Last(None),
            at(60),
        );
        tally.note(
            &key("c"),
            &ready("True", Reason::Paused),
            Verified::Last(Some(at(1))),
            at(1),
        );
        assert_eq!(tally.sums().oldest["PrivateEndpoint"], at(10));
    }
}
