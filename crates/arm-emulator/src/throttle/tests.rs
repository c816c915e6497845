//! The limits, met one after the other.

use super::*;

fn class(operation: OperationClass) -> ClassOfRequest<'static> {
    ClassOfRequest {
        subscription: Some("S"),
        principal: "o",
        operation,
        network_region: None,
        private_dns: None,
        provider: None,
    }
}

fn after(start: Timestamp, milliseconds: i64) -> Timestamp {
    start
        .checked_add(jiff::SignedDuration::from_millis(milliseconds))
        .unwrap()
}

#[test]
fn two_hundred_writes_then_a_wait() {
    let start = Timestamp::UNIX_EPOCH;
    let mut state = ThrottleState::new(Some(Limits::default()), 1.0);
    let first = admit(&mut state, start, class(OperationClass::Write)).unwrap();
    assert_eq!(
        first.0,
        vec![
            (
                "x-ms-ratelimit-remaining-subscription-writes".to_owned(),
                "199".to_owned()
            ),
            (
                "x-ms-ratelimit-remaining-subscription-global-writes".to_owned(),
                "2999".to_owned()
            ),
        ]
    );
    for _ in 1..200 {
        admit(&mut state, start, class(OperationClass::Write)).unwrap();
    }
    let refused = admit(&mut state, start, class(OperationClass::Write)).unwrap_err();
    assert_eq!(
        (refused.code, refused.retry_after),
        ("SubscriptionRequestsThrottled", 1)
    );
    assert!(refused.message.starts_with("Number of 'write' requests for subscription 's' actor 'o' exceeded. Please try again after '1' seconds"));
    assert!(
        admit(&mut state, start, class(OperationClass::Read)).is_ok(),
        "reads have a bucket of their own"
    );
    assert!(admit(&mut state, after(start, 99), class(OperationClass::Write)).is_err());
    assert!(admit(&mut state, after(start, 100), class(OperationClass::Write)).is_ok());
}

#[test]
fn the_network_provider_has_its_own_limit_per_region() {
    let mut now = Timestamp::UNIX_EPOCH;
    let mut state = ThrottleState::new(Some(Limits::default()), 1.0);
    let network = |region| ClassOfRequest {
        network_region: Some(region),
        ..class(OperationClass::Write)
    };
    // Two principals, so that ARM's own limit is not the one that is met.
    let mut admitted = 0;
    for round in 0..2_000 {
        now = after(now, 10);
        let principal = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][round % 10];
        match admit(
            &mut state,
            now,
            ClassOfRequest {
                principal,
                ..network("westeurope")
            },
        ) {
            Ok(_) => admitted += 1,
            Err(refused) => assert_eq!(refused.code, "TooManyRequests"),
        }
    }
    assert_eq!(admitted, 1_000 + 66, "1,000 at once and 20 s of refill");
    assert!(admit(&mut state, now, network("northeurope")).is_ok());
}

#[test]
fn time_scale_refills_faster_and_retry_after_stays_a_second() {
    let start = Timestamp::UNIX_EPOCH;
    let mut state = ThrottleState::new(Some(Limits::default()), 100.0);
    while admit(&mut state, start, class(OperationClass::Delete)).is_ok() {}
    assert_eq!(
        admit(&mut state, start, class(OperationClass::Delete))
            .unwrap_err()
            .retry_after,
        1
    );
    assert!(admit(&mut state, after(start, 1), class(OperationClass::Delete)).is_ok());
}

#[test]
fn a_zone_takes_sixty_record_writes_a_minute() {
    let start = Timestamp::UNIX_EPOCH;
    let mut state = ThrottleState::new(Some(Limits::default()), 1.0);
    let path = "/subscriptions/s/resourcegroups/g/providers/microsoft.network/privatednszones/a.b/a/x";
    let request = PrivateDnsRequest::of(path, OperationClass::Write).unwrap();
    let class = ClassOfRequest {
        private_dns: Some(&request),
        ..class(OperationClass::Write)
    };
    for _ in 0..60 {
        admit(&mut state, start, class).unwrap();
    }
    let refused = admit(&mut state, start, class).unwrap_err();
    assert_eq!((refused.code, refused.retry_after), ("TooManyRequests", 1));
    assert!(refused.message.contains("private DNS"), "{}", refused.message);
    assert!(admit(&mut state, after(start, 1_000), class).is_ok());
}

#[test]
fn a_principal_has_fifteen_queries_in_five_seconds() {
    let start = Timestamp::UNIX_EPOCH;
    let mut state = ThrottleState::new(Some(Limits::default()), 1.0);
    let query = ProviderRequest::ResourceGraph {
        tenant: "t".to_owned(),
    };
    let class = ClassOfRequest {
        subscription: None,
        provider: Some(&query),
        ..class(OperationClass::Write)
    };
    let quota = |headers: &RateHeaders| -> Vec<String> {
        let of_quota = headers.0.iter().filter(|(name, _)| name.contains("quota"));
        of_quota.map(|(name, value)| format!("{name}: {value}")).collect()
    };
    let first = admit(&mut state, start, class).unwrap();
    assert_eq!(
        quota(&first),
        [
            "x-ms-user-quota-resets-after: 00:00:05",
            "x-ms-user-quota-remaining: 14"
        ]
    );
    for _ in 1..15 {
        admit(&mut state, after(start, 3_500), class).unwrap();
    }
    let refused = admit(&mut state, after(start, 3_500), class).unwrap_err();
    assert_eq!((refused.code, refused.retry_after), ("RateLimiting", 2));
    assert_eq!(
        quota(&refused.headers),
        [
            "x-ms-user-quota-resets-after: 00:00:02",
            "x-ms-user-quota-remaining: 0"
        ]
    );
    let other = ClassOfRequest {
        principal: "other",
        ..class
    };
    assert!(admit(&mut state, after(start, 3_500), other).is_ok());
    let again = admit(&mut state, after(start, 5_000), class).unwrap();
    assert_eq!(
        quota(&again)[1],
        "x-ms-user-quota-remaining: 14",
        "a window ends as a whole"
    );
}

#[test]
fn storage_has_limits_by_region_and_class() {
    let start = Timestamp::UNIX_EPOCH;
    let mut state = ThrottleState::new(Some(Limits::default()), 1.0);
    let request = |class, region: &str| ProviderRequest::Storage {
        class,
        region: region.to_owned(),
    };
    let list = request(StorageClass::List, "westeurope");
    let lists = ClassOfRequest {
        provider: Some(&list),
        ..class(OperationClass::Read)
    };
    for _ in 0..100 {
        admit(&mut state, start, lists).unwrap();
    }
    let refused = admit(&mut state, start, lists).unwrap_err();
    assert_eq!(
        (refused.code, refused.retry_after, refused.by_provider),
        ("TooManyRequests", 3, true)
    );
    assert!(refused.message.contains("List_ObservationWindow_00:05:00"));
    let elsewhere = request(StorageClass::List, "northeurope");
    let elsewhere = ClassOfRequest {
        provider: Some(&elsewhere),
        ..lists
    };
    assert!(admit(&mut state, start, elsewhere).is_ok());

    let write = request(StorageClass::Write, "westeurope");
    let writes = ClassOfRequest {
        provider: Some(&write),
        ..class(OperationClass::Write)
    };
    for _ in 0..10 {
        admit(&mut state, start, writes).unwrap();
    }
    let refused = admit(&mut state, start, writes).unwrap_err();
    assert!(refused.message.contains("00:00:01"), "{}", refused.message);
    assert!(admit(&mut state, after(start, 100), writes).is_ok());
}

#[test]
fn requests_for_a_type_are_told_and_never_refused() {
    let start = Timestamp::UNIX_EPOCH;
    let mut state = ThrottleState::new(Some(Limits::default()), 1.0);
    let mut left = Vec::new();
    for (path, operation) in [
        ("privatednszones/z", OperationClass::Write),
        ("privatednszones/z", OperationClass::Delete),
        ("privatednszones/z", OperationClass::Read),
        ("privatednszones/y", OperationClass::Read),
        ("privatednszones/z/a/x", OperationClass::Read),
    ] {
        let path = format!("/subscriptions/s/resourcegroups/g/providers/microsoft.network/{path}");
        let request = ProviderRequest::of(&path, operation, None, "t");
        let class = ClassOfRequest {
            provider: request.as_ref(),
            ..class(operation)
        };
        let headers = admit(&mut state, start, class).unwrap().0;
        let told = headers
            .into_iter()
            .find(|(name, _)| name.ends_with("-resource-requests"));
        left.push(told.unwrap().1);
    }
    assert_eq!(left, ["11999", "11999", "499", "498", "499"]);
    let limits = Limits {
        resource_requests: ResourceRequestLimits {
            dns_reads: Limit {
                capacity: 1.0,
                refill: 0.0,
            },
            ..ResourceRequestLimits::default()
        },
        ..Limits::default()
    };
    state.set_limits(Some(limits));
    let path = "/subscriptions/s/providers/microsoft.network/privatednszones";
    let request = ProviderRequest::of(path, OperationClass::Read, None, "t");
    let class = ClassOfRequest {
        provider: request.as_ref(),
        ..class(OperationClass::Read)
    };
    assert!((0..3).all(|_| admit(&mut state, start, class).is_ok()));
}

#[test]
fn full_buckets_are_not_kept() {
    let mut now = Timestamp::UNIX_EPOCH;
    let mut state = ThrottleState::new(Some(Limits::default()), 1.0);
    for number in 0..20_000 {
        now = after(now, 1_000);
        let principal = format!("principal {number}");
        let class = ClassOfRequest {
            principal: &principal,
            ..class(OperationClass::Read)
        };
        admit(&mut state, now, class).unwrap();
    }
    assert!(state.buckets.len() <= 1_024, "{}", state.buckets.len());
    assert!(state.budgets(now).len() <= 2);
}

#[test]
fn off_admits_everything() {
    let mut state = ThrottleState::new(None, 1.0);
    for _ in 0..1_000 {
        assert_eq!(
            admit(&mut state, Timestamp::UNIX_EPOCH, class(OperationClass::Write)).unwrap(),
            RateHeaders::default()
        );
    }
}
