//! Turns of objects whose resources Azure changes one at a time: the subnets of one network.
//!
//! Whoever writes has the turn until Azure is through with it; the others are called one after the other. Nobody reads what
//! it decides a write on before it has the turn: each write changes what all of them show.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use privatelink_arm::ResourceId;
use tokio::time::Instant;

use crate::kind::ObjectKey;

/// Nobody keeps the turn for longer: whoever is paused in the midst of it, or may no longer ask how its operation is doing,
/// does not hold up the others for ever.
const LONGEST: Duration = Duration::from_secs(900);

#[derive(Default)]
pub struct Turns {
    lanes: Mutex<BTreeMap<String, Lane>>,
}

#[derive(Default)]
struct Lane {
    /// Who has the turn, or has been called and may take it, and since when.
    holder: Option<(ObjectKey, Instant)>,
    waiting: VecDeque<ObjectKey>,
}

impl Turns {
    /// Takes the turn for what is under a resource, or gets in line for it.
    pub fn take(&self, parent: &ResourceId, object: &ObjectKey) -> bool {
        let mut lanes = self.lock();
        let lane = lanes.entry(parent.key().to_owned()).or_default();
        lane.holder.take_if(|(_, since)| since.elapsed() >= LONGEST);
        let (holder, _) = lane
            .holder
            .get_or_insert_with(|| (object.clone(), Instant::now()));
        if holder == object {
            lane.waiting.retain(|waiting| waiting != object);
            return true;
        }
        if !lane.waiting.contains(object) {
            lane.waiting.push_back(object.clone());
        }
        false
    }

    /// An object needs no turn any longer. Who is called instead.
    pub fn release(&self, object: &ObjectKey) -> Vec<ObjectKey> {
        let mut called = Vec::new();
        self.lock().retain(|_, lane| {
            if lane.holder.as_ref().is_some_and(|(holder, _)| holder == object) {
                lane.holder = lane.waiting.pop_front().map(|next| (next, Instant::now()));
                called.extend(lane.holder.as_ref().map(|(next, _)| next.clone()));
            }
            lane.holder.is_some()
        });
        called
    }

    /// An object is gone: it waits for nothing.
    pub fn forget(&self, object: &ObjectKey) -> Vec<ObjectKey> {
        for lane in self.lock().values_mut() {
            lane.waiting.retain(|waiting| waiting != object);
        }
        self.release(object)
    }

    /// Nobody of this process is at work any longer.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(name: &str) -> ObjectKey {
        ObjectKey {
            kind: "SubnetBinding",
            namespace: "n".to_owned(),
            name: name.to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_has_the_turn_and_the_others_are_called_in_their_order() {
        let network = |name: &str| {
            let group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network";
            ResourceId::parse(&format!("{group}/virtualNetworks/{name}")).unwrap()
        };
        let turns = Turns::default();
        let [one, two, three] = ["one", "two", "three"].map(object);
        assert!(turns.take(&network("v"), &one));
        assert!(turns.take(&network("V"), &one), "it has it");
        assert!(!turns.take(&network("V"), &two), "compared without case");
        assert!(!turns.take(&network("v"), &three));
        assert!(!turns.take(&network("v"), &two), "once in line");
        assert!(turns.take(&network("w"), &two), "another network");
        assert_eq!(turns.release(&one), vec![two.clone()]);
        assert!(!turns.take(&network("v"), &one), "two has been called");
        assert!(turns.take(&network("v"), &two));
        assert_eq!(turns.forget(&three), []);
        assert_eq!(turns.release(&two), vec![one.clone()]);
        assert_eq!(turns.release(&one), []);
        assert!(turns.lock().is_empty());
        assert!(turns.take(&network("v"), &one) && !turns.take(&network("v"), &two));
        tokio::time::advance(LONGEST).await;
        assert!(turns.take(&network("v"), &two), "one is paused, perhaps");
        assert_eq!(turns.release(&one), []);
    }
}
