//! A token that Azure no longer takes: a new one is asked for once, and never in a storm.

use std::time::Duration;

use privatelink_arm_emulator::faults::{ErrorAnswer, FaultAction, FaultRule};
use privatelink_testkit::scenario::{NAMESPACE, World, endpoint, simulate};
use serde_json::json;

use super::{
    MINUTE, as_account, asked_since, assert_says, assert_scope_fails, closed, mark, of_endpoint, of_scope,
    tokens_since, writes_since,
};

const MESSAGE: &str = "The access token expiry UTC time '1/1/2026 1:00:00 AM' is earlier than current UTC time '1/1/2026 1:00:01 AM'.";

/// Azure says that the token has ended.
fn expired() -> FaultRule {
    let answer = ErrorAnswer::new(401, "ExpiredAuthenticationToken", MESSAGE);
    FaultRule::new(FaultAction::Answer(answer)).path("/subscriptions/*")
}

/// A world with so many endpoints that are Ready.
async fn settle(world: &mut World, many: usize) {
    let one = closed(world);
    world.api.set_service_account("platform", "orders-azure", true);
    world.apply(as_account("orders-azure", &one));
    for number in 0..many {
        world.apply(endpoint(&format!("e{number}"), json!({})));
    }
    world.pass(MINUTE * 6).await;
    for number in 0..many {
        assert_says(
            &of_endpoint(world, &format!("e{number}")),
            "True",
            "Succeeded",
            &[],
        );
    }
}

#[test]
fn a_token_that_has_ended_is_replaced_once_and_nobody_notices() {
    simulate(async |mut world| {
        settle(&mut world, 3).await;
        let since = mark(&world);
        let before = world.api.revision();
        world.emulator.add_fault(expired().only(1));
        world.pass(MINUTE * 5).await;
        assert_eq!(world.emulator.faults()[0].fired, 1);
        assert_eq!(tokens_since(&world, since), 1);
        let asked = asked_since(&world, since);
        let at = asked.iter().position(|entry| entry.status == Some(401)).unwrap();
        let again = &asked[at + 1];
        assert_eq!(
            (again.path.as_str(), again.method.as_str(), again.status),
            (asked[at].path.as_str(), asked[at].method.as_str(), Some(200)),
            "it is asked once more, at once"
        );
        // Status has not been written at all: leases apart, nothing was.
        let writes: Vec<_> = world
            .api
            .list("privateendpoints.privatelink.dev", Some(NAMESPACE))
            .into_iter()
            .filter(|object| {
                let version = object["metadata"]["resourceVersion"].as_str().unwrap();
                version.parse::<u64>().unwrap() > before
            })
            .collect();
        assert_eq!(writes, Vec::<serde_json::Value>::new());
    })
    .unwrap();
}

#[test]
fn a_token_is_renewed_before_its_end_and_azure_never_has_to_say_so() {
    simulate(async |mut world| {
        settle(&mut world, 1).await;
        let since = mark(&world);
        world.pass(MINUTE * 180).await;
        let asked = asked_since(&world, since);
        let refused = asked.iter().filter(|entry| entry.status == Some(401)).count();
        assert_eq!(refused, 0);
        // A token is good for an hour, and is renewed 5 minutes before.
        assert_eq!(tokens_since(&world, since), 3);
    })
    .unwrap();
}

#[test]
fn where_every_token_has_ended_objects_say_so_and_tokens_are_asked_for_once_a_minute() {
    simulate(async |mut world| {
        settle(&mut world, 20).await;
        let since = mark(&world);
        world.emulator.add_fault(expired());
        for number in 0..20 {
            world.patch_spec(&format!("e{number}"), json!({"tags": {"team": "later"}}));
        }
        world.apply(endpoint("fresh", json!({})));
        world.pass(MINUTE * 30).await;
        let words = [
            "ExpiredAuthenticationToken",
            "earlier than current UTC time",
            "clock",
        ];
        for name in ["fresh", "e0", "e19"] {
            assert_says(&of_endpoint(&world, name), "False", "IdentityFailed", &words);
        }
        assert_scope_fails(&world, &words);
        assert_eq!(writes_since(&world, since), Vec::<String>::new());
        let tokens = tokens_since(&world, since);
        assert!(
            (20..=32).contains(&tokens),
            "{tokens} requests for tokens in half an hour"
        );
        // 21 objects, each 5 to 10 minutes apart, and the scope's own look each minute.
        let late = mark(&world);
        world.pass(MINUTE * 20).await;
        let asked = asked_since(&world, late).len();
        assert!((60..300).contains(&asked), "{asked} requests in 20 minutes");
        world.emulator.clear_faults();
        world.pass(MINUTE * 3 + Duration::from_secs(30)).await;
        for name in ["fresh", "e0", "e19"] {
            assert_says(&of_endpoint(&world, name), "True", "Succeeded", &[]);
        }
        assert_says(&of_scope(&world, "orders", "Ready"), "True", "Succeeded", &[]);
    })
    .unwrap();
}
