//! Whether the store agrees with itself: what snapshots are held against, and tests of random requests after every step.

use std::collections::{BTreeMap, BTreeSet};

use super::{Key, State};
use crate::body;
use crate::network::subnet;
use crate::request::place::{Place, whole};
use crate::state::record::{Facts, Record};
use crate::types::{self, Reference};

impl State {
    /// Everything in which the store disagrees with itself, in words; nothing, whatever was asked of it before.
    pub(crate) fn disagreements(&self) -> Vec<String> {
        let mut found = self.wrong_indexes();
        for record in self.records() {
            self.check_place(record, &mut found);
            self.check_operation(record, &mut found);
            self.check_references(record, &mut found);
            self.check_addresses(record, &mut found);
            self.check_facts(record, &mut found);
        }
        self.check_owners(&mut found);
        found
    }

    /// The indexes that are not what they would be if the records had just been put in.
    fn wrong_indexes(&self) -> Vec<String> {
        let mut fresh = State::new(0).of_cloud(self.cloud);
        for record in self.records() {
            fresh.insert(record.clone());
        }
        for (target, members) in &self.added_members {
            for member in members {
                fresh.add_member(target, member.clone());
            }
        }
        let waiting: BTreeSet<&str> = self.due.iter().map(|(_, _, name)| name.as_str()).collect();
        let all_wait = self
            .operations
            .values()
            .filter(|operation| operation.is_running())
            .all(|operation| waiting.contains(operation.name.as_str()));
        [
            ("collections", self.collections == fresh.collections),
            ("referrers", self.referrers == fresh.referrers),
            ("pools", self.pools == fresh.pools),
            ("counts", self.counts == fresh.counts),
            ("claims", self.claims == fresh.claims),
            ("aliases", self.aliases == fresh.aliases),
            ("names", self.names == fresh.names),
            ("due operations", all_wait),
        ]
        .into_iter()
        .filter(|(_, agrees)| !agrees)
        .map(|(index, _)| format!("the index of {index} is not what the records say"))
        .collect()
    }

    /// What a record is in is there: its parent, its group.
    fn check_place(&self, record: &Record, found: &mut Vec<String>) {
        let Some(place) = Place::parse(&record.id) else {
            return;
        };
        if let Some(parent) = &place.parent
            && self.get(&parent.to_ascii_lowercase()).is_none()
        {
            found.push(format!("{} has no parent", record.id));
        }
        if let Some(group) = &place.group {
            let key = format!("/subscriptions/{}/resourcegroups/{group}", place.subscription);
            if self.get(&key.to_ascii_lowercase()).is_none() {
                found.push(format!("{} has no group", record.id));
            }
        }
    }

    fn check_operation(&self, record: &Record, found: &mut Vec<String>) {
        let Some(name) = &record.operation else {
            if record.deleting {
                found.push(format!("{} is being deleted by nothing", record.id));
            }
            return;
        };
        if !self
            .operations
            .get(name)
            .is_some_and(|operation| operation.is_running())
        {
            found.push(format!("{} waits for an operation that has ended", record.id));
        }
    }

    /// What a type's table refuses to do without is there.
    fn check_references(&self, record: &Record, found: &mut Vec<String>) {
        let table = types::find(&record.resource_type).table;
        let lasting = |reference: &&Reference| reference.at_once && !reference.outlives;
        for reference in table.references.iter().filter(lasting) {
            for id in body::all(&record.body, reference.path) {
                let Some(id) = id.as_str() else {
                    continue;
                };
                if self.get(&whole(id)).is_none() {
                    found.push(format!(
                        "{}: {} is {id}, which is not there",
                        record.id, reference.path
                    ));
                }
            }
        }
    }

    /// Addresses lie in their subnets, and are none that Azure keeps for itself.
    fn check_addresses(&self, record: &Record, found: &mut Vec<String>) {
        for (key, address) in &record.addresses {
            let prefixes = self.get(key).map(|subnet| subnet::prefixes(subnet));
            let good = prefixes.is_some_and(|prefixes| {
                prefixes
                    .iter()
                    .any(|prefix| prefix.contains(*address) && !prefix.reserves(*address))
            });
            if !good {
                let shown = crate::request::answer::dotted(*address);
                found.push(format!("{} has {shown}, which is not in {key}", record.id));
            }
        }
    }

    /// Both sides of what the emulator makes know each other.
    fn check_facts(&self, record: &Record, found: &mut Vec<String>) {
        let key = record.key();
        let facts_of = |id: &str| self.get(&id.to_ascii_lowercase()).map(|other| &other.facts);
        let agrees = match &record.facts {
            Facts::Endpoint(facts) => {
                let interface = matches!(
                    facts_of(&facts.interface_id),
                    Some(Facts::Interface(owner)) if **owner == *key
                );
                let connection = facts.connection_id.as_ref().is_none_or(|id| {
                    matches!(
                        facts_of(id),
                        Some(Facts::Connection(other)) if other.endpoint_id.eq_ignore_ascii_case(&record.id)
                    )
                });
                interface && connection
            }
            Facts::Connection(facts) => matches!(
                facts_of(&facts.endpoint_id),
                Some(Facts::Endpoint(other))
                    if other.connection_id.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(&record.id))
                        && (!other.settled || other.status == facts.status)
            ),
            Facts::Interface(owner) => self.get(owner).is_some(),
            _ => true,
        };
        if !agrees {
            found.push(format!(
                "{} and what belongs to it do not know each other",
                record.id
            ));
        }
    }

    /// An address or a name that only one may have, one has.
    fn check_owners(&self, found: &mut Vec<String>) {
        let mut owners: BTreeMap<(&Key, u32), &str> = BTreeMap::new();
        let mut claims: BTreeMap<&str, &str> = BTreeMap::new();
        for record in self.records() {
            for (subnet, address) in &record.addresses {
                if let Some(other) = owners.insert((subnet, *address), &record.id) {
                    found.push(format!(
                        "{} and {other} have one address: {}",
                        record.id,
                        crate::request::answer::dotted(*address)
                    ));
                }
            }
            for claim in &record.claims {
                if let Some(other) = claims.insert(claim, &record.id) {
                    found.push(format!("{} and {other} claim {claim}", record.id));
                }
            }
        }
    }
}
