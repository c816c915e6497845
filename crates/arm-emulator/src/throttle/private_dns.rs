//! The limits of private DNS: requests per minute, by zone, group or subscription.
//!
//! ARM behaviour: the documented numbers. Whether the records that zone groups write count against a zone is not known; here
//! they do not.

use serde::{Deserialize, Serialize};

use super::{Limit, OperationClass};

/// What a request to private DNS counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrivateDnsClass {
    ZoneWrites,
    ZoneReads,
    ZoneListsOfSubscription,
    ZoneListsOfGroup,
    RecordWrites,
    RecordReads,
    RecordLists,
    LinkWrites,
    LinkReads,
    LinkLists,
}

/// A class, and the lower-cased path of what has the limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrivateDnsRequest {
    pub class: PrivateDnsClass,
    pub scope: String,
}

impl PrivateDnsRequest {
    /// What a request with this lower-cased path counts against; `None` when it is not for private DNS.
    pub fn of(key: &str, operation: OperationClass) -> Option<Self> {
        let (scope, tail) = key.split_once("/providers/microsoft.network/privatednszones")?;
        let reads = operation == OperationClass::Read;
        let segments: Vec<&str> = tail.split('/').skip(1).collect();
        let zone = |name: &&str| format!("{scope}/providers/microsoft.network/privatednszones/{name}");
        let subscription = scope.split('/').take(3).collect::<Vec<_>>().join("/");
        let (class, scope) = match segments.as_slice() {
            [] if scope.contains("/resourcegroups/") => (PrivateDnsClass::ZoneListsOfGroup, scope.to_owned()),
            [] => (PrivateDnsClass::ZoneListsOfSubscription, subscription),
            [name] if reads => (PrivateDnsClass::ZoneReads, zone(name)),
            [_] => (PrivateDnsClass::ZoneWrites, subscription),
            [name, "virtualnetworklinks"] => (PrivateDnsClass::LinkLists, zone(name)),
            [name, "virtualnetworklinks", _] if reads => (PrivateDnsClass::LinkReads, zone(name)),
            [name, "virtualnetworklinks", _] => (PrivateDnsClass::LinkWrites, zone(name)),
            [name, _] => (PrivateDnsClass::RecordLists, zone(name)),
            [name, ..] if reads => (PrivateDnsClass::RecordReads, zone(name)),
            [name, ..] => (PrivateDnsClass::RecordWrites, zone(name)),
        };
        Some(Self { class, scope })
    }
}

/// The limits of private DNS.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PrivateDnsLimits {
    pub zone_writes: Limit,
    pub zone_reads: Limit,
    pub zone_lists_of_subscription: Limit,
    pub zone_lists_of_group: Limit,
    pub record_writes: Limit,
    pub record_reads: Limit,
    pub record_lists: Limit,
    pub link_writes: Limit,
    pub link_reads: Limit,
    pub link_lists: Limit,
}

const fn per_minute(requests: f64) -> Limit {
    Limit {
        capacity: requests,
        refill: requests / 60.0,
    }
}

impl Default for PrivateDnsLimits {
    fn default() -> Self {
        Self {
            zone_writes: per_minute(40.0),
            zone_reads: per_minute(200.0),
            zone_lists_of_subscription: per_minute(60.0),
            zone_lists_of_group: per_minute(100.0),
            record_writes: per_minute(60.0),
            record_reads: per_minute(200.0),
            record_lists: per_minute(100.0),
            link_writes: per_minute(60.0),
            link_reads: per_minute(100.0),
            link_lists: per_minute(20.0),
        }
    }
}

impl PrivateDnsLimits {
    pub(super) fn of(&self, class: PrivateDnsClass) -> Limit {
        match class {
            PrivateDnsClass::ZoneWrites => self.zone_writes,
            PrivateDnsClass::ZoneReads => self.zone_reads,
            PrivateDnsClass::ZoneListsOfSubscription => self.zone_lists_of_subscription,
            PrivateDnsClass::ZoneListsOfGroup => self.zone_lists_of_group,
            PrivateDnsClass::RecordWrites => self.record_writes,
            PrivateDnsClass::RecordReads => self.record_reads,
            PrivateDnsClass::RecordLists => self.record_lists,
            PrivateDnsClass::LinkWrites => self.link_writes,
            PrivateDnsClass::LinkReads => self.link_reads,
            PrivateDnsClass::LinkLists => self.link_lists,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_count_against_their_zone_group_or_subscription() {
        let group = "/subscriptions/s/resourcegroups/g";
        let zones = format!("{group}/providers/microsoft.network/privatednszones");
        let zone = format!("{zones}/a.b");
        let subscription = "/subscriptions/s".to_owned();
        for (path, operation, class, scope) in [
            (
                zones.clone(),
                OperationClass::Read,
                PrivateDnsClass::ZoneListsOfGroup,
                group.to_owned(),
            ),
            (
                zone.clone(),
                OperationClass::Write,
                PrivateDnsClass::ZoneWrites,
                subscription.clone(),
            ),
            (
                zone.clone(),
                OperationClass::Delete,
                PrivateDnsClass::ZoneWrites,
                subscription,
            ),
            (
                zone.clone(),
                OperationClass::Read,
                PrivateDnsClass::ZoneReads,
                zone.clone(),
            ),
            (
                format!("{zone}/all"),
                OperationClass::Read,
                PrivateDnsClass::RecordLists,
                zone.clone(),
            ),
            (
                format!("{zone}/a/x"),
                OperationClass::Write,
                PrivateDnsClass::RecordWrites,
                zone.clone(),
            ),
            (
                format!("{zone}/a/x"),
                OperationClass::Read,
                PrivateDnsClass::RecordReads,
                zone.clone(),
            ),
            (
                format!("{zone}/virtualnetworklinks/l"),
                OperationClass::Delete,
                PrivateDnsClass::LinkWrites,
                zone.clone(),
            ),
            (
                format!("{zone}/virtualnetworklinks"),
                OperationClass::Read,
                PrivateDnsClass::LinkLists,
                zone.clone(),
            ),
        ] {
            assert_eq!(
                PrivateDnsRequest::of(&path, operation),
                Some(PrivateDnsRequest { class, scope }),
                "{path}"
            );
        }
        assert_eq!(PrivateDnsRequest::of(group, OperationClass::Read), None);
    }
}
