//! The limits, met one after the other.

use super::*;

fn class(operation: OperationClass) -> ClassOfRequest<'static> {
    ClassOfRequest {
        subscription: Some("S"),
        principal: "o",
        operation,
        network_region: None,
        private_dns: None,
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
fn off_admits_everything() {
    let mut state = ThrottleState::new(None, 1.0);
    for _ in 0..1_000 {
        assert_eq!(
            admit(&mut state, Timestamp::UNIX_EPOCH, class(OperationClass::Write)).unwrap(),
            RateHeaders::default()
        );
    }
}
