//! Which records a name leads to, so that a question about a name looks at no others.

use std::collections::{BTreeSet, HashMap};

use crate::cloud::Cloud;
use crate::dns::suffixes;
use crate::state::key_set::KeySet;
use crate::state::record::Record;
use crate::state::{AddedMember, Key};
use crate::targets::Target;

/// The index of names; [`crate::state::State`] keeps it up to date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameIndex {
    /// Whose names targets have.
    cloud: Cloud,
    /// Public names to the targets that have them.
    targets: HashMap<String, KeySet>,
    /// Zones' keys with a relative name, to how many record sets are below that name.
    branches: HashMap<String, u32>,
    /// Rulesets' keys with a domain, to their forwarding rules for it.
    rules: HashMap<String, BTreeSet<Key>>,
}

impl NameIndex {
    /// An empty index of another cloud.
    pub(crate) fn of_cloud(cloud: Cloud) -> Self {
        NameIndex {
            cloud,
            ..NameIndex::default()
        }
    }

    /// Notes down a record that is new.
    pub(crate) fn add(&mut self, key: &Key, record: &Record) {
        for name in target_names(self.cloud, record) {
            self.add_target(key, &name);
        }
        for branch in branches_of(key) {
            *self.branches.entry(branch).or_default() += 1;
        }
        if let Some(rule) = rule_of(key, record) {
            self.rules.entry(rule).or_default().insert(key.clone());
        }
    }

    /// Notes down what became of a record. The names of members that were added later stay.
    pub(crate) fn replace(&mut self, key: &Key, before: &Record, after: &Record) {
        let (old, new) = (rule_of(key, before), rule_of(key, after));
        if old != new {
            self.remove_rule(key, old);
            if let Some(rule) = new {
                self.rules.entry(rule).or_default().insert(key.clone());
            }
        }
        if Target::of(&after.resource_type).is_none() || before.body == after.body {
            return;
        }
        for name in target_names(self.cloud, before) {
            self.remove_target(key, &name);
        }
        for name in target_names(self.cloud, after) {
            self.add_target(key, &name);
        }
    }

    /// Forgets a record, with the members that it got later.
    pub(crate) fn remove(&mut self, key: &Key, record: &Record, added: &[AddedMember]) {
        for name in target_names(self.cloud, record) {
            self.remove_target(key, &name);
        }
        for member in added {
            self.remove_target(key, &member.fqdn);
        }
        self.remove_rule(key, rule_of(key, record));
        for branch in branches_of(key) {
            if let Some(count) = self.branches.get_mut(&branch) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.branches.remove(&branch);
                }
            }
        }
    }

    /// Notes down that a target has a public name.
    pub(crate) fn add_target(&mut self, key: &Key, name: &str) {
        self.targets
            .entry(name.to_ascii_lowercase())
            .or_default()
            .insert(key.clone());
    }

    fn remove_target(&mut self, key: &Key, name: &str) {
        let name = name.to_ascii_lowercase();
        if let Some(keys) = self.targets.get_mut(&name) {
            keys.remove(key);
            if keys.is_empty() {
                self.targets.remove(&name);
            }
        }
    }

    fn remove_rule(&mut self, key: &Key, rule: Option<String>) {
        if let Some(rule) = rule
            && let Some(keys) = self.rules.get_mut(&rule)
        {
            keys.remove(key);
            if keys.is_empty() {
                self.rules.remove(&rule);
            }
        }
    }

    /// The forwarding rules of a ruleset for a lower-cased domain without a dot at its end.
    pub(crate) fn rules(&self, ruleset_key: &str, domain: &str) -> impl Iterator<Item = &Key> {
        self.rules.get(&branch(ruleset_key, domain)).into_iter().flatten()
    }

    /// The targets with this lower-cased public name.
    pub(crate) fn targets(&self, name: &str) -> impl Iterator<Item = &Key> {
        self.targets.get(name).into_iter().flat_map(KeySet::iter)
    }

    /// Whether a zone has record sets below a relative name.
    pub(crate) fn has_below(&self, zone_key: &str, relative: &str) -> bool {
        self.branches.contains_key(&branch(zone_key, relative))
    }
}

fn target_names(cloud: Cloud, record: &Record) -> Vec<String> {
    Target::of(&record.resource_type)
        .map(|target| target.names(cloud, record))
        .unwrap_or_default()
}

fn branch(zone_key: &str, relative: &str) -> String {
    format!("{zone_key}#{relative}")
}

/// The ruleset and domain of a forwarding rule.
fn rule_of(key: &str, record: &Record) -> Option<String> {
    let (ruleset, _) = key.rsplit_once("/forwardingrules/")?;
    let domain = record.text(&["properties", "domainName"])?.to_ascii_lowercase();
    Some(branch(ruleset, domain.strip_suffix('.').unwrap_or(&domain)))
}

/// The names that a record set is below of in its zone, but for the zone itself.
fn branches_of(key: &str) -> Vec<String> {
    let mut segments = key.rsplitn(4, '/');
    let (Some(name), Some(kind), Some(zone), Some(above)) =
        (segments.next(), segments.next(), segments.next(), segments.next())
    else {
        return Vec::new();
    };
    if !above.ends_with("/privatednszones") || kind == "virtualnetworklinks" {
        return Vec::new();
    }
    suffixes(name)
        .skip(1)
        .map(|suffix| branch(&format!("{above}/{zone}"), suffix))
        .collect()
}
