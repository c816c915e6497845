//! How a record comes into the indexes, and out of them.

use super::{Key, State};
use crate::state::record::Record;

impl State {
    pub(super) fn note_references(&mut self, key: &Key, record: &Record) {
        for target in &record.references {
            self.referrers
                .entry(target.clone())
                .or_default()
                .insert(key.clone());
        }
    }

    pub(super) fn forget_references(&mut self, key: &Key, record: &Record) {
        for target in &record.references {
            if let Some(sources) = self.referrers.get_mut(target) {
                sources.remove(key);
                if sources.is_empty() {
                    self.referrers.remove(target);
                }
            }
        }
    }

    pub(super) fn take_addresses(&mut self, key: &Key, record: &Record) {
        for (subnet, address) in &record.addresses {
            self.pools
                .entry(subnet.clone())
                .or_default()
                .take(*address, key.clone());
        }
    }

    pub(super) fn release_addresses(&mut self, record: &Record) {
        for (subnet, address) in &record.addresses {
            if let Some(pool) = self.pools.get_mut(subnet) {
                pool.release(*address);
                if pool.is_empty() {
                    self.pools.remove(subnet);
                }
            }
        }
    }

    pub(super) fn note_alias(&mut self, key: &Key, before: &Record, after: &Record) {
        if let Some(alias) = &before.alias {
            self.aliases.remove(&alias.to_ascii_lowercase());
        }
        if let Some(alias) = &after.alias {
            self.aliases.insert(alias.to_ascii_lowercase(), key.clone());
        }
    }

    pub(super) fn count(&mut self, record: &Record, by: i32) {
        for limited in &record.counted_in {
            let count = self.counts.entry(limited.clone()).or_default();
            *count = count.saturating_add_signed(by);
            if *count == 0 {
                self.counts.remove(limited);
            }
        }
    }

    pub(super) fn take_claims(&mut self, key: &Key, record: &Record) {
        for claim in &record.claims {
            self.claims.insert(claim.clone(), key.clone());
        }
    }

    pub(super) fn give_up_claims(&mut self, key: &Key, record: &Record) {
        for claim in &record.claims {
            if self.claims.get(claim) == Some(key) {
                self.claims.remove(claim);
            }
        }
    }
}
