//! A client that keeps to the request budget is never refused by the emulator for the number of its requests.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use privatelink_arm::{Clock, OperationClass, Priority, RequestBudget, RequestClass};
use privatelink_arm_emulator::throttle::{self, ClassOfRequest, Limits, PrivateDnsRequest, ThrottleState};
use proptest::prelude::*;

const GROUP: &str = "/subscriptions/s/resourcegroups/g/providers/microsoft.network";

/// Requests for private DNS and one for the network provider itself: what follows the group, and the operation.
const REQUESTS: [(&str, OperationClass); 13] = [
    ("/privatednszones", OperationClass::Read),
    ("/privatednszones/one", OperationClass::Read),
    ("/privatednszones/one", OperationClass::Write),
    ("/privatednszones/two", OperationClass::Delete),
    ("/privatednszones/one/virtualnetworklinks", OperationClass::Read),
    ("/privatednszones/one/virtualnetworklinks/l", OperationClass::Read),
    (
        "/privatednszones/one/virtualnetworklinks/l",
        OperationClass::Write,
    ),
    ("/privatednszones/one/all", OperationClass::Read),
    ("/privatednszones/one/a/x", OperationClass::Read),
    ("/privatednszones/one/a/x", OperationClass::Write),
    ("/privatednszones/one/txt/y", OperationClass::Delete),
    ("/privatednszones/two/a/x", OperationClass::Write),
    ("/privateendpoints/e", OperationClass::Write),
];

fn class(request: usize, caller: usize, priority: Priority) -> RequestClass {
    let (path, operation) = REQUESTS[request];
    RequestClass {
        principal: std::sync::Arc::default(),
        subscription: "s".to_owned(),
        operation,
        namespace: "Microsoft.Network".to_owned(),
        region_hint: None,
        path: format!("{GROUP}{path}"),
        request: format!("caller {caller}"),
        priority,
    }
}

fn emulated(state: &mut ThrottleState, now: Timestamp, request: usize) -> bool {
    let (path, operation) = REQUESTS[request];
    let operation = match operation {
        OperationClass::Read => throttle::OperationClass::Read,
        OperationClass::Write => throttle::OperationClass::Write,
        OperationClass::Delete => throttle::OperationClass::Delete,
    };
    let private_dns = PrivateDnsRequest::of(&format!("{GROUP}{path}"), operation);
    let class = ClassOfRequest {
        subscription: Some("s"),
        principal: "p",
        operation,
        network_region: private_dns.is_none().then_some("westeurope"),
        private_dns: private_dns.as_ref(),
        provider: None,
    };
    throttle::admit(state, now, class).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Callers come when they like; those who are told to wait come back on time, late, or never.
    #[test]
    fn the_emulator_refuses_nothing_and_everybody_gets_through(
        favourite in 0..REQUESTS.len(),
        arrivals in proptest::collection::vec((0u64..400, 0u8..10, 0..REQUESTS.len() * 2, any::<bool>()), 300..900),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
            let budget = RequestBudget::azure(Clock::simulated(start));
            let mut emulator = ThrottleState::new(Some(Limits::default()), 1.0);
            // When, who, how it behaves, what for, whether its work has begun, how often refused.
            let mut coming = BTreeSet::new();
            let mut at = 0;
            for (caller, (gap, habit, request, continued)) in arrivals.into_iter().enumerate() {
                at += if gap < 390 { 0 } else { gap };
                let request = if request < REQUESTS.len() { request } else { favourite };
                coming.insert((Duration::from_millis(at), caller, habit, request, continued, 0u32));
            }
            let mut now = Duration::ZERO;
            while let Some((time, caller, habit, request, continued, refused)) = coming.pop_first() {
                tokio::time::advance(time - now).await;
                now = time;
                let reads = REQUESTS[request].1 == OperationClass::Read;
                let priority = if continued && reads { Priority::Continued } else { Priority::Read };
                match budget.admit(&class(request, caller, priority)) {
                    Ok(()) => {
                        let clock = start + SignedDuration::try_from(now).unwrap();
                        prop_assert!(emulated(&mut emulator, clock, request), "{:?} at {now:?}", REQUESTS[request]);
                    }
                    Err(wait) => {
                        prop_assert!(wait > Duration::ZERO);
                        prop_assert!(refused < 200, "caller {} starves", caller);
                        let wait = match habit {
                            8 => wait + Duration::from_secs(9),
                            9 => continue,
                            _ => wait,
                        };
                        coming.insert((now + wait, caller, habit, request, continued, refused + 1));
                    }
                }
            }
            Ok(())
        })?;
    }
}
