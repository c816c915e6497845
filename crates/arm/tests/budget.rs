//! The request budget never passes Azure's limits, gives everybody a turn, and keeps it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use privatelink_arm::{Blocked, Clock, LimitsSeen, OperationClass, Priority, RequestBudget, RequestClass};
use proptest::prelude::*;

fn class(operation: OperationClass, namespace: &str, request: usize) -> RequestClass {
    RequestClass {
        principal: std::sync::Arc::default(),
        subscription: "S".to_owned(),
        operation,
        namespace: namespace.to_owned(),
        region_hint: Some("West Europe".to_owned()),
        path: format!("/subscriptions/S/providers/{namespace}/things/{request}"),
        request: format!("request {request}"),
        priority: Priority::Create,
    }
}

fn write(request: usize) -> RequestClass {
    class(OperationClass::Write, "Microsoft.Network", request)
}

/// A write of a record set in a private DNS zone.
fn record(zone: &str, request: usize) -> RequestClass {
    RequestClass {
        principal: std::sync::Arc::default(),
        path: format!(
            "/subscriptions/S/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/{zone}/A/{request}"
        ),
        request: format!("record {zone} {request}"),
        ..write(request)
    }
}

fn budget() -> RequestBudget {
    RequestBudget::azure(Clock::simulated("2026-01-01T00:00:00Z".parse().unwrap()))
}

/// ARM's own bucket, as documented.
struct Gateway {
    capacity: f64,
    refill: f64,
    level: f64,
    at: Duration,
}

impl Gateway {
    fn new(capacity: f64, refill: f64) -> Self {
        Gateway {
            capacity,
            refill,
            level: capacity,
            at: Duration::ZERO,
        }
    }

    fn admits(&mut self, at: Duration) -> bool {
        self.level = (self.level + (at - self.at).as_secs_f64() * self.refill).min(self.capacity);
        self.at = at;
        self.level -= 1.0;
        self.level >= -1e-6
    }
}

fn most_in_window(times: &[Duration], window: Duration) -> usize {
    (0..times.len())
        .map(|start| {
            times[start..]
                .iter()
                .take_while(|time| **time < times[start] + window)
                .count()
        })
        .max()
        .unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_get_their_own_turns_in_order_and_are_admitted_on_time() {
    let budget = budget();
    let mut turns = Vec::new();
    let mut admitted = 0;
    for caller in 0..1500 {
        match budget.admit(&write(caller)) {
            Ok(()) => admitted += 1,
            Err(wait) => turns.push((wait, caller)),
        }
    }
    assert_eq!(admitted, 196);
    // Later turns may come in bursts: a whole second of the network provider's five minutes is free again at once.
    let different = turns
        .iter()
        .take(1000 - 196)
        .map(|(wait, _)| *wait)
        .collect::<BTreeSet<_>>();
    assert_eq!(different.len(), 1000 - 196);
    assert!(
        turns.is_sorted_by_key(|(wait, _)| *wait),
        "turns follow the order of asking"
    );
    let mut passed = Duration::ZERO;
    let mut gateway = Gateway::new(200.0, 10.0);
    let mut times = vec![Duration::ZERO; 196];
    assert!((0..196).all(|_| gateway.admits(Duration::ZERO)));
    for (wait, caller) in turns {
        tokio::time::advance(wait - passed).await;
        passed = wait;
        assert_eq!(
            budget.admit(&write(caller)),
            Ok(()),
            "caller {caller} at {wait:?}"
        );
        assert!(gateway.admits(passed), "ARM would have refused caller {caller}");
        times.push(passed);
    }
    assert!(most_in_window(&times, Duration::from_secs(300)) <= 1000);
}

#[tokio::test(start_paused = true)]
async fn asking_early_keeps_the_turn() {
    let budget = budget();
    for caller in 0..196 {
        budget.admit(&write(caller)).unwrap();
    }
    let first = budget.admit(&write(1000)).unwrap_err();
    let second = budget.admit(&write(1001)).unwrap_err();
    assert!(first < second);
    assert_eq!(budget.admit(&write(1000)), Err(first));
    tokio::time::advance(first).await;
    assert_eq!(
        budget.admit(&write(1001)),
        Err(second - first),
        "the turn of another is not taken"
    );
    assert!(budget.admit(&write(1002)).unwrap_err() > second - first);
    assert_eq!(budget.admit(&write(1000)), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_loses_the_turn_and_nobody_else_does() {
    let budget = budget();
    for caller in 0..196 {
        budget.admit(&write(caller)).unwrap();
    }
    let missing = budget.admit(&write(1000)).unwrap_err();
    let other = budget.admit(&write(1001)).unwrap_err();
    tokio::time::advance(other).await;
    assert_eq!(budget.admit(&write(1001)), Ok(()));
    tokio::time::advance(Duration::from_secs(40) + missing).await;
    for caller in 2000..2100 {
        assert_eq!(
            budget.admit(&write(caller)),
            Ok(()),
            "the lapsed turn holds nothing back"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn limits_are_apart_by_class_subscription_and_region() {
    let budget = budget();
    while budget.admit(&write(0)).is_ok() {}
    assert_eq!(
        budget.admit(&class(OperationClass::Read, "Microsoft.Network", 1)),
        Ok(())
    );
    assert_eq!(
        budget.admit(&class(OperationClass::Delete, "Microsoft.Network", 1)),
        Ok(())
    );
    let mut elsewhere = write(1);
    elsewhere.subscription = "other".to_owned();
    assert_eq!(budget.admit(&elsewhere), Ok(()));
    elsewhere.subscription = "s".to_owned();
    assert!(
        budget.admit(&elsewhere).is_err(),
        "subscriptions compare without case"
    );
    assert!(
        budget
            .admit(&class(OperationClass::Write, "Microsoft.Storage", 2))
            .is_err(),
        "ARM counts all providers"
    );
    let unlimited = RequestBudget::unlimited();
    assert!((0..10_000).all(|caller| unlimited.admit(&write(caller)).is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_zone_takes_sixty_record_writes_a_minute_and_nobody_else_waits_for_it() {
    let budget = budget();
    let waits: Vec<Duration> = (0..600)
        .filter_map(|caller| budget.admit(&record("one", caller)).err())
        .collect();
    assert_eq!(waits.len(), 600 - 60);
    assert!(waits.is_sorted());
    assert!(waits.iter().all(|wait| *wait >= Duration::from_secs(60)));
    assert!(
        waits.last().unwrap() <= &Duration::from_secs(9 * 62),
        "{:?}",
        waits.last()
    );
    // Writes elsewhere share ARM's own limit with the zone's turns, most of which are minutes ahead.
    for other in 0..136 {
        assert_eq!(budget.admit(&record(&format!("zone {other}"), 0)), Ok(()));
    }
    let soon = budget.admit(&write(1)).unwrap_err();
    assert!(soon <= Duration::from_secs(1), "{soon:?}");
}

fn read(request: usize, priority: Priority) -> RequestClass {
    RequestClass {
        principal: std::sync::Arc::default(),
        priority,
        ..class(OperationClass::Read, "Microsoft.Network", request)
    }
}

#[tokio::test(start_paused = true)]
async fn reads_that_go_on_have_some_kept_back_for_them() {
    let budget = budget();
    let begun = (0..300)
        .filter(|caller| budget.admit(&read(*caller, Priority::Read)).is_ok())
        .count();
    assert_eq!(begun, 245 - 60);
    let waits: Vec<_> = (1000..1070)
        .filter_map(|caller| budget.admit(&read(caller, Priority::Continued)).err())
        .collect();
    assert_eq!(waits.len(), 10);
    assert!(waits.is_sorted(), "one after the other: {waits:?}");
    assert!(
        waits.iter().all(|wait| *wait <= Duration::from_secs(2)),
        "{waits:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn of_those_who_are_late_what_leads_to_no_write_comes_last() {
    let budget = budget();
    while budget.admit(&read(0, Priority::Read)).is_ok() {}
    let idle = budget.admit(&read(1, Priority::Drift)).unwrap_err();
    let busy = budget.admit(&read(2, Priority::Read)).unwrap_err();
    assert!(idle < busy, "turns follow the order of asking");
    let used = (1000..1100)
        .filter(|caller| budget.admit(&read(*caller, Priority::Continued)).is_ok())
        .count();
    assert_eq!(used, 60);
    tokio::time::advance(busy).await;
    let busy = budget.admit(&read(2, Priority::Read)).unwrap_err();
    let idle = budget.admit(&read(1, Priority::Drift)).unwrap_err();
    assert!(busy < idle, "{busy:?} {idle:?}");
    tokio::time::advance(busy).await;
    assert_eq!(
        budget.admit(&read(1, Priority::Drift)).err(),
        Some(idle - busy),
        "its time has not come"
    );
    assert_eq!(budget.admit(&read(2, Priority::Read)), Ok(()));
    tokio::time::advance(idle).await;
    assert_eq!(budget.admit(&read(1, Priority::Drift)), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn private_dns_does_not_count_against_the_network_provider() {
    let budget = budget();
    let blocked = LimitsSeen {
        remaining: None,
        blocked: Some(Blocked::Provider(Duration::from_secs(60))),
    };
    budget.learn(&write(0), blocked);
    assert_eq!(budget.admit(&record("one", 0)), Ok(()));
    budget.learn(&record("two", 0), blocked);
    assert_eq!(budget.admit(&record("two", 0)), Err(Duration::from_secs(60)));
    assert_eq!(budget.admit(&record("one", 1)), Ok(()), "another zone");
}

#[tokio::test(start_paused = true)]
async fn what_azure_says_lowers_and_blocks() {
    let budget = budget();
    budget.learn(
        &write(0),
        LimitsSeen {
            remaining: Some(3),
            blocked: None,
        },
    );
    assert_eq!(
        (0..10)
            .filter(|caller| budget.admit(&write(*caller)).is_ok())
            .count(),
        3
    );
    let reads = class(OperationClass::Read, "Microsoft.Network", 0);
    let blocked = Some(Blocked::Gateway(Duration::from_secs(17)));
    budget.learn(
        &reads,
        LimitsSeen {
            remaining: None,
            blocked,
        },
    );
    let waits: Vec<_> = (0..3)
        .map(|caller| budget.admit(&class(OperationClass::Read, "Microsoft.Network", caller)))
        .collect();
    assert!(
        waits
            .iter()
            .all(|wait| wait.is_err_and(|wait| wait >= Duration::from_secs(17))),
        "{waits:?}"
    );
    tokio::time::advance(Duration::from_secs(17)).await;
    assert_eq!(
        budget.admit(&class(OperationClass::Read, "Microsoft.Network", 0)),
        Ok(())
    );

    let storage = class(OperationClass::Read, "Microsoft.Storage", 50);
    let blocked = Some(Blocked::Provider(Duration::from_secs(60)));
    budget.learn(
        &storage,
        LimitsSeen {
            remaining: None,
            blocked,
        },
    );
    assert_eq!(budget.admit(&storage), Err(Duration::from_secs(60)));
    assert_eq!(
        budget.admit(&class(OperationClass::Read, "Microsoft.KeyVault", 51)),
        Ok(())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Callers come when they like; those who are told to wait come back on time, late, or never.
    #[test]
    fn azure_never_refuses_and_the_patient_get_through(
        arrivals in proptest::collection::vec((0u64..400, 0u8..10, 0u8..3), 600..1300),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let budget = budget();
            let mut gateways = [Gateway::new(250.0, 25.0), Gateway::new(200.0, 10.0), Gateway::new(200.0, 10.0)];
            let mut network = Vec::new();
            // When, in which order, who, which class, how often refused, whether on time.
            let mut coming = BTreeSet::new();
            let mut at = 0;
            for (index, (gap, habit, operation)) in arrivals.into_iter().enumerate() {
                at += if gap < 390 { 0 } else { gap };
                coming.insert((Duration::from_millis(at), index, habit, operation, 0u32));
            }
            let mut now = Duration::ZERO;
            while let Some((time, index, habit, operation, refused)) = coming.pop_first() {
                tokio::time::advance(time - now).await;
                now = time;
                let kind = [OperationClass::Read, OperationClass::Write, OperationClass::Delete][usize::from(operation)];
                match budget.admit(&class(kind, "Microsoft.Network", index)) {
                    Ok(()) => {
                        prop_assert!(gateways[usize::from(operation)].admits(now));
                        if kind != OperationClass::Read {
                            network.push(now);
                        }
                    }
                    Err(wait) => {
                        prop_assert!(wait > Duration::ZERO);
                        // Whoever was always on time is refused once at most.
                        prop_assert!(refused == 0 || habit >= 8, "caller {} was on time and refused again", index);
                        let wait = match habit {
                            8 => wait + Duration::from_secs(9),
                            9 => continue,
                            _ => wait,
                        };
                        prop_assert!(refused < 5, "caller {} starves", index);
                        coming.insert((now + wait, index, habit, operation, refused + 1));
                    }
                }
            }
            prop_assert!(most_in_window(&network, Duration::from_secs(300)) <= 1000);
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_told_by_limit_and_subscription() {
    let budget = budget();
    assert!(budget.left().is_empty(), "nothing was asked yet");
    for request in 0..98 {
        budget.admit(&write(request)).unwrap();
    }
    let left = |limit: &str| {
        let parts = budget.left();
        let part = parts.iter().find(|part| part.limit == limit).unwrap();
        assert_eq!(part.subscription, "s");
        (part.ratio * 1000.0).round() / 1000.0
    };
    assert_eq!(left("resource_manager_writes"), 0.5);
    assert_eq!(left("network_writes"), 0.902);
    for request in 0..30 {
        budget.admit(&record("a.b", request)).unwrap();
    }
    assert_eq!(left("private_dns_writes"), 0.5);
    assert_eq!(left("network_writes"), 0.902, "private DNS has limits of its own");

    let blocked = Some(Blocked::Provider(Duration::from_secs(10)));
    let seen = LimitsSeen {
        remaining: None,
        blocked,
    };
    budget.learn(&write(0), seen);
    assert_eq!(left("network_writes"), 0.0, "Azure refuses");
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(left("network_writes"), 0.902);
    assert_eq!(left("resource_manager_writes"), 1.0, "it has filled up again");
    assert!(RequestBudget::unlimited().left().is_empty());
}
