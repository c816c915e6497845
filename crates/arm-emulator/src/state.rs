//! What exists: records of resources, the operations on them, and the indexes that find them.
//!
//! Owns every index: a record enters and leaves through [`State::insert`] and [`State::remove`] only, so that an index and
//! the records cannot disagree. Nothing here walks over the whole store to answer a question.

mod audit;
pub(crate) mod groups;
mod indexes;
pub(crate) mod key_set;
mod operations;
mod recent;
pub(crate) mod record;
mod sharing;
pub(crate) mod snapshot;
mod stored;
pub(crate) mod world;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Weak};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::balancer::users::LastUsers;
use crate::cloud::Cloud;
use crate::dns::index::NameIndex;
use crate::network::addresses::{AddressPool, Prefix};
use crate::operations::Operation;
use crate::private_dns::registration::{self, Pending};
use crate::random::Random;
use crate::request::place::collections_of;
use crate::seed::estate::Made;
use crate::state::record::Record;
use crate::targets::vault::deleted::DeletedVault;
use groups::GroupIndex;
use key_set::KeySet;
use recent::Recent;
use sharing::Sharing;
use stored::StoredState;

/// A resource id in lower case: what ids are compared by.
pub type Key = Arc<str>;

/// A subscription that exists.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    pub id: String,
    pub name: String,
    pub tenant_id: String,
    /// Lower-cased namespaces that are not registered; all others are.
    #[serde(default)]
    pub unregistered: BTreeSet<String>,
}

/// The whole store.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "StoredState", into = "StoredState")]
pub struct State {
    records: BTreeMap<Key, Arc<Record>>,
    /// Lower-cased path of a list request to the records that it answers with.
    collections: HashMap<Key, KeySet>,
    /// A record, or an id that may not exist yet, to the records that refer to it.
    referrers: HashMap<Key, KeySet>,
    /// The addresses in use, by subnet.
    pools: HashMap<Key, AddressPool>,
    /// How many records count in what has a limit for them.
    counts: HashMap<Key, u32>,
    /// Which record took a name that only one may have.
    claims: HashMap<String, Key>,
    /// Lower-cased aliases of private link services.
    aliases: HashMap<String, Key>,
    names: NameIndex,
    groups: GroupIndex,
    sharing: Sharing,
    recent: Recent,
    pub(crate) last_users: LastUsers,
    /// Counts the changes of records: what was worked out from them is good as long as it stands.
    revision: u64,
    /// Whose names targets have.
    cloud: Cloud,
    pub(crate) operations: HashMap<String, Operation>,
    due: BTreeSet<(Timestamp, u64, String)>,
    /// The operations that have ended, the oldest first.
    ended: VecDeque<(Timestamp, String)>,
    /// Subscriptions by lower-cased id; empty while `open_subscriptions`.
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    /// Whether any subscription exists.
    pub(crate) open_subscriptions: bool,
    /// How many requests a deleted group has answered with 404, by its key.
    pub(crate) ended_groups: BTreeMap<String, u32>,
    /// Members that Azure added to a target's group later, by the target's key.
    added_members: HashMap<String, Vec<AddedMember>>,
    /// Links that the gateway still counts after their end, by their zone's key.
    pub(crate) lingering_links: HashMap<String, LingeringLink>,
    /// Vaults that were deleted, by their names in lower case.
    pub(crate) deleted_vaults: BTreeMap<String, DeletedVault>,
    /// The emulator's time when operations were last looked after.
    pub(crate) clock: Timestamp,
    pub(crate) random: Random,
    /// What endpoints that are being seeded come back with, by their keys.
    pub(crate) made: HashMap<String, Made>,
    sequence: u64,
    /// Virtual networks that have gone, for those who are told when the state is let go of.
    pub(crate) gone_networks: Vec<Key>,
    /// What the registration of machines has to look at again.
    pub(crate) registration: Pending,
}

/// A link that is being deleted, and that the gateway forgets a little later than the provider.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct LingeringLink {
    pub name: String,
    pub until: Timestamp,
    /// How many refusals are left.
    pub refusals: u32,
}

/// A member that a target's group got after endpoints had been made.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AddedMember {
    pub group_id: String,
    pub member: String,
    pub fqdn: String,
}

impl State {
    /// An empty store in which any subscription exists. `seed_number` decides every GUID that it will make.
    pub fn new(seed_number: u64) -> Self {
        State {
            records: BTreeMap::new(),
            collections: HashMap::new(),
            referrers: HashMap::new(),
            pools: HashMap::new(),
            counts: HashMap::new(),
            claims: HashMap::new(),
            aliases: HashMap::new(),
            names: NameIndex::default(),
            groups: GroupIndex::default(),
            sharing: Sharing::default(),
            recent: Recent::default(),
            last_users: LastUsers::default(),
            revision: 0,
            cloud: Cloud::Public,
            operations: HashMap::new(),
            due: BTreeSet::new(),
            ended: VecDeque::new(),
            subscriptions: BTreeMap::new(),
            open_subscriptions: true,
            ended_groups: BTreeMap::new(),
            added_members: HashMap::new(),
            lingering_links: HashMap::new(),
            deleted_vaults: BTreeMap::new(),
            clock: Timestamp::UNIX_EPOCH,
            made: HashMap::new(),
            random: Random::new(seed_number),
            sequence: 0,
            gone_networks: Vec::new(),
            registration: Pending::default(),
        }
    }

    /// The same in another cloud: the targets have other names there.
    pub(crate) fn of_cloud(mut self, cloud: Cloud) -> Self {
        if self.cloud != cloud {
            self.cloud = cloud;
            self.names = NameIndex::of_cloud(cloud);
            for (key, record) in &self.records {
                self.names.add(key, record);
            }
            for (key, members) in &self.added_members {
                for member in members {
                    self.names.add_target(&Arc::from(key.as_str()), &member.fqdn);
                }
            }
        }
        self
    }

    /// The cloud whose names targets have.
    pub(crate) fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// The record with this lower-cased id.
    pub fn get(&self, key: &str) -> Option<&Arc<Record>> {
        self.records.get(key)
    }

    /// Puts a record in, in place of the one with the same id, and brings the indexes up to date.
    pub fn insert(&mut self, mut record: Arc<Record>) {
        self.revision += 1;
        let lower = record.id.to_ascii_lowercase();
        let known = self.records.get_key_value(lower.as_str());
        let before = known.map(|(_, before)| &**before);
        self.sharing.share(Arc::make_mut(&mut record), before);
        if before.is_none_or(|before| before.references != record.references) {
            self.share_keys(Arc::make_mut(&mut record));
        }
        let key: Key = known.map_or_else(|| Arc::from(lower.as_str()), |(key, _)| key.clone());
        let before = self.records.insert(key.clone(), record.clone());
        for (forgotten, previous) in self.recent.note(&key, &record, before.as_deref()) {
            self.forget_previous(&forgotten, &previous);
        }
        registration::note(self, &key, before.as_deref(), Some(&record));
        match before {
            Some(before) => {
                self.names.replace(&key, &before, &record);
                if before.references != record.references {
                    self.forget_references(&key, &before);
                    self.note_references(&key, &record);
                }
                if before.addresses != record.addresses {
                    self.release_addresses(&before);
                    self.take_addresses(&key, &record);
                }
                if before.alias != record.alias {
                    self.note_alias(&key, &before, &record);
                }
                if before.counted_in != record.counted_in {
                    self.count(&before, -1);
                    self.count(&record, 1);
                }
                if before.claims != record.claims {
                    self.give_up_claims(&key, &before);
                    self.take_claims(&key, &record);
                }
            }
            None => {
                for collection in collections_of(&key) {
                    self.collections
                        .entry(Arc::from(collection))
                        .or_default()
                        .insert(key.clone());
                }
                self.names.add(&key, &record);
                self.groups.add(&key, &record.id);
                self.note_references(&key, &record);
                self.take_addresses(&key, &record);
                self.count(&record, 1);
                self.take_claims(&key, &record);
                if let Some(alias) = &record.alias {
                    self.aliases.insert(alias.to_ascii_lowercase(), key.clone());
                }
            }
        }
    }

    /// Changes a record in place; nothing happens when there is none.
    pub fn update(&mut self, key: &str, change: impl FnOnce(&mut Record)) {
        if let Some(found) = self.records.get(key) {
            let mut record = Record::clone(found);
            change(&mut record);
            self.insert(Arc::new(record));
        }
    }

    /// Takes a record out, and it out of the indexes.
    pub fn remove(&mut self, key: &str) -> Option<Arc<Record>> {
        let (key, record) = self.records.remove_entry(key)?;
        self.revision += 1;
        self.groups.remove(&key);
        registration::note(self, &key, Some(&record), None);
        if record
            .resource_type
            .eq_ignore_ascii_case("Microsoft.Network/virtualNetworks")
        {
            self.gone_networks.push(key.clone());
        }
        for collection in collections_of(&key) {
            if let Some(members) = self.collections.get_mut(collection.as_str()) {
                members.remove(&key);
                if members.is_empty() {
                    self.collections.remove(collection.as_str());
                }
            }
        }
        let added = self.added_members.remove(&*key).unwrap_or_default();
        self.names.remove(&key, &record, &added);
        self.forget_references(&key, &record);
        self.release_addresses(&record);
        self.count(&record, -1);
        self.give_up_claims(&key, &record);
        if let Some(alias) = &record.alias {
            self.aliases.remove(&alias.to_ascii_lowercase());
        }
        Some(record)
    }

    /// The records that a list request with this lower-cased path answers with, in the order of their ids.
    pub fn collection(&self, path: &str) -> impl Iterator<Item = &Arc<Record>> {
        self.collections
            .get(path)
            .into_iter()
            .flat_map(KeySet::iter)
            .filter_map(|key| self.records.get(key))
    }

    /// The same, after a key: for paging.
    pub fn collection_after<'a>(
        &'a self,
        path: &str,
        after: &str,
    ) -> impl Iterator<Item = &'a Arc<Record>> + use<'a> {
        let after: Key = Arc::from(after);
        self.collections
            .get(path)
            .into_iter()
            .flat_map(move |members| members.after(&after))
            .filter_map(|key| self.records.get(key))
    }

    /// Everything below a resource or group, children of children too.
    pub fn descendants(&self, key: &str) -> impl Iterator<Item = (&Key, &Arc<Record>)> {
        let start: Key = Arc::from(format!("{key}/"));
        let prefix = start.clone();
        self.records
            .range::<Key, _>(start..)
            .take_while(move |(key, _)| key.starts_with(&*prefix))
    }

    /// The records that refer to `key`, in the order of their ids.
    pub fn referrers(&self, key: &str) -> impl Iterator<Item = &Arc<Record>> {
        self.referrers
            .get(key)
            .into_iter()
            .flat_map(KeySet::iter)
            .filter_map(|source| self.records.get(source))
    }

    /// The addresses in use in a subnet.
    pub fn pool(&self, subnet: &str) -> Option<&AddressPool> {
        self.pools.get(subnet)
    }

    /// The lowest address of a subnet that is neither in use, nor reserved, nor in `planned`.
    pub fn lowest_free(&self, subnet: &str, prefixes: &[Prefix], planned: &[u32]) -> Option<u32> {
        match self.pool(subnet) {
            Some(pool) => pool.lowest_free(prefixes, planned),
            None => AddressPool::default().lowest_free(prefixes, planned),
        }
    }

    /// How many records count in something that has a limit: the private endpoints of a virtual network, for instance.
    pub fn count_in(&self, limited: &str) -> u32 {
        self.counts.get(limited).copied().unwrap_or_default()
    }

    /// The record that took a name which only one may have.
    pub fn claimant(&self, claim: &str) -> Option<&Arc<Record>> {
        self.claims.get(claim).and_then(|key| self.records.get(key))
    }

    /// The record other than the one with the key `own` that took a name which only one may have.
    pub fn taken_by_other(&self, claim: &str, own: &str) -> Option<&Arc<Record>> {
        self.claimant(claim).filter(|other| other.key() != own)
    }

    /// How many records a list request with this lower-cased path answers with.
    pub fn collection_size(&self, path: &str) -> usize {
        self.collections.get(path).map_or(0, KeySet::len)
    }

    /// The private link service with this alias.
    pub fn by_alias(&self, alias: &str) -> Option<&Arc<Record>> {
        self.aliases
            .get(&alias.to_ascii_lowercase())
            .and_then(|key| self.records.get(key))
    }

    /// The targets with this lower-cased public name.
    pub(crate) fn targets_named(&self, name: &str) -> impl Iterator<Item = &Arc<Record>> {
        self.names.targets(name).filter_map(|key| self.records.get(key))
    }

    /// The index of names.
    pub(crate) fn names(&self) -> &NameIndex {
        &self.names
    }

    /// The members that Azure added to a target's groups later.
    pub(crate) fn added_members(&self, target_key: &str) -> &[AddedMember] {
        self.added_members.get(target_key).map_or(&[], Vec::as_slice)
    }

    /// Notes down a member that Azure added to a target's group; it goes with the target.
    pub(crate) fn add_member(&mut self, target_key: &str, member: AddedMember) {
        self.names.add_target(&Arc::from(target_key), &member.fqdn);
        self.added_members
            .entry(target_key.to_owned())
            .or_default()
            .push(member);
    }

    /// Makes a record that is new or refers to something else use the keys of the records that it names.
    fn share_keys(&self, record: &mut Record) {
        let known = |key: &mut Key| {
            if let Some((known, _)) = self.records.get_key_value(key) {
                *key = known.clone();
            }
        };
        record.references = std::mem::take(&mut record.references)
            .into_iter()
            .map(|mut key| {
                known(&mut key);
                key
            })
            .collect();
        record.addresses.iter_mut().for_each(|(key, _)| known(key));
        record.counted_in.iter_mut().for_each(known);
    }

    /// Forgets how a record was, if that is still what it says.
    fn forget_previous(&mut self, key: &Key, previous: &Weak<Record>) {
        if let Some(found) = self.records.get_mut(key)
            && found
                .previous
                .as_ref()
                .is_some_and(|kept| std::ptr::eq(Arc::as_ptr(kept), previous.as_ptr()))
        {
            Arc::make_mut(found).previous = None;
        }
    }

    /// The resource groups with what is in them.
    pub(crate) fn groups(&self) -> &GroupIndex {
        &self.groups
    }

    /// Another number after each change of a record.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// All records, in the order of their ids.
    pub fn records(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.records.values()
    }
}
