//! The limits of private DNS, as data.
//!
//! ARM behaviour: the documented numbers, each per minute and per zone, resource group or subscription. Requests to private
//! DNS are another provider's than the rest of Microsoft.Network and do not count against its limits. Where the documents
//! do not say whose a limit is, it is taken for the zone's.

/// The namespace under which operations of private DNS are asked about; they have no limit of their own.
pub(super) const NAMESPACE: &str = "microsoft.network/privatedns";

const ZONES: &str = "/providers/microsoft.network/privatednszones";
const OPERATIONS: &str = "/providers/microsoft.network/privatednsoperation";

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Target {
    ZonesOfSubscription,
    ZonesOfGroup,
    Zone,
    Links,
    Link,
    Records,
    Record,
}

/// Whose requests a limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharer {
    Subscription,
    Group,
    Zone,
}

struct Limit {
    target: Target,
    /// Else writes and deletes together.
    reads: bool,
    sharer: Sharer,
    per_minute: u32,
}

const fn limit(target: Target, reads: bool, sharer: Sharer, per_minute: u32) -> Limit {
    Limit {
        target,
        reads,
        sharer,
        per_minute,
    }
}

const LIMITS: [Limit; 10] = [
    limit(Target::ZonesOfSubscription, true, Sharer::Subscription, 60),
    limit(Target::ZonesOfGroup, true, Sharer::Group, 100),
    limit(Target::Zone, true, Sharer::Zone, 200),
    limit(Target::Zone, false, Sharer::Subscription, 40),
    limit(Target::Links, true, Sharer::Zone, 20),
    limit(Target::Link, true, Sharer::Zone, 100),
    limit(Target::Link, false, Sharer::Zone, 60),
    limit(Target::Records, true, Sharer::Zone, 100),
    limit(Target::Record, true, Sharer::Zone, 200),
    limit(Target::Record, false, Sharer::Zone, 60),
];

/// What counts together under one limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Counted {
    target: Target,
    pub(super) reads: bool,
    /// The path of the zone, group or subscription.
    sharer: String,
    pub(super) per_minute: u32,
}

impl Counted {
    /// The subscription's id in the sharer's path.
    pub(super) fn subscription(&self) -> &str {
        let mut segments = self.sharer.split('/').filter(|segment| !segment.is_empty());
        segments.nth(1).unwrap_or_default()
    }
}

/// Whether a lower-cased path asks about an operation of private DNS.
pub(super) fn is_operation(path: &str) -> bool {
    path.contains(OPERATIONS)
}

/// What a request with a lower-cased path counts against; none when it is not for private DNS.
pub(super) fn counted(path: &str, reads: bool) -> Option<Counted> {
    let (scope, tail) = path.split_once(ZONES)?;
    let segments: Vec<&str> = tail.split('/').skip(1).collect();
    let target = match segments.as_slice() {
        [] if scope.contains("/resourcegroups/") => Target::ZonesOfGroup,
        [] => Target::ZonesOfSubscription,
        [_] => Target::Zone,
        [_, "virtualnetworklinks"] => Target::Links,
        [_, "virtualnetworklinks", _] => Target::Link,
        // A type of record, or `ALL`.
        [_, _] => Target::Records,
        _ => Target::Record,
    };
    let limit = LIMITS
        .iter()
        .find(|limit| limit.target == target && limit.reads == reads)?;
    let sharer = match (limit.sharer, segments.first()) {
        (Sharer::Zone, Some(zone)) => format!("{scope}{ZONES}/{zone}"),
        (Sharer::Subscription, _) => scope.split('/').take(3).collect::<Vec<_>>().join("/"),
        _ => scope.to_owned(),
    };
    Some(Counted {
        target,
        reads,
        sharer,
        per_minute: limit.per_minute,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn requests_count_against_their_zone_group_or_subscription() {
        let subscription = "/subscriptions/s";
        let group = format!("{subscription}/resourcegroups/g");
        let zone = format!("{group}{ZONES}/a.b");
        for (path, reads, sharer, per_minute) in [
            (format!("{subscription}{ZONES}"), true, subscription, 60),
            (format!("{group}{ZONES}"), true, &group, 100),
            (zone.clone(), true, &zone, 200),
            (zone.clone(), false, subscription, 40),
            (format!("{zone}/virtualnetworklinks"), true, &zone, 20),
            (format!("{zone}/virtualnetworklinks/l"), true, &zone, 100),
            (format!("{zone}/virtualnetworklinks/l"), false, &zone, 60),
            (format!("{zone}/all"), true, &zone, 100),
            (format!("{zone}/a"), true, &zone, 100),
            (format!("{zone}/a/x"), true, &zone, 200),
            (format!("{zone}/soa/@"), false, &zone, 60),
        ] {
            let counted = counted(&path, reads).unwrap();
            assert_eq!(
                (counted.sharer.as_str(), counted.per_minute),
                (sharer, per_minute),
                "{path}"
            );
        }
    }

    #[test]
    fn records_of_all_types_count_together_and_other_requests_do_not() {
        let zone = format!("/subscriptions/s/resourcegroups/g{ZONES}/a.b");
        let of = |tail: &str, reads| counted(&format!("{zone}/{tail}"), reads);
        assert_eq!(of("a/x", false), of("txt/y", false));
        assert_ne!(of("a/x", false), of("virtualnetworklinks/l", false));
        assert_ne!(of("a/x", false), of("a/x", true));
        let endpoint = "/subscriptions/s/resourcegroups/g/providers/microsoft.network/privateendpoints/e";
        assert_eq!(counted(endpoint, true), None);
        assert_eq!(
            counted(&format!("{endpoint}/privatednszonegroups/default"), false),
            None
        );
        assert!(is_operation(
            "/subscriptions/s/resourcegroups/g/providers/microsoft.network/privatednsoperationstatuses/o"
        ));
    }
}
