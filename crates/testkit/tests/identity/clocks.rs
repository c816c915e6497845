//! A cluster whose clock is not Azure's: it is told, nothing is written on a guess, and tokens are not asked for in a storm.

use privatelink_testkit::scenario::{GROUP, NAMESPACE, endpoint, scope, simulate};
use serde_json::json;

use super::{
    MINUTE, as_account, asked_since, assert_says, assert_scope_fails, closed, give_role, mark, of_endpoint,
    of_scope, principal, tokens_since,
};

const HOUR: i64 = 3600;

#[test]
fn a_cluster_whose_clock_is_an_hour_off_gets_no_token_and_says_why_until_it_is_put_right() {
    for ahead in [HOUR, -HOUR] {
        simulate(async move |mut world| {
            let one = closed(&world);
            world.api.set_service_account("platform", "orders-azure", true);
            world.clock.shift(ahead);
            world.apply(as_account("orders-azure", &one));
            for number in 0..20 {
                world.apply(endpoint(&format!("e{number}"), json!({})));
            }
            let since = mark(&world);
            world.pass(MINUTE * 30).await;
            let words = ["AADSTS700024", "see to the time of the nodes"];
            for name in ["e0", "e19"] {
                assert_says(&of_endpoint(&world, name), "False", "IdentityFailed", &words);
            }
            assert_scope_fails(&world, &words);
            let asked = asked_since(&world, since);
            assert_eq!(asked, Vec::new(), "nothing is sent without a token");
            let tokens = tokens_since(&world, since);
            assert!(
                (20..=40).contains(&tokens),
                "{ahead}: {tokens} requests for tokens in half an hour"
            );
            world.clock.shift(-ahead);
            world.pass(MINUTE * 4).await;
            for name in ["e0", "e19"] {
                assert_says(&of_endpoint(&world, name), "True", "Succeeded", &[]);
            }
            assert_says(&of_scope(&world, "orders", "Ready"), "True", "Succeeded", &[]);
        })
        .unwrap();
    }
}

#[test]
fn a_clock_that_jumps_while_objects_are_ready_is_not_noticed() {
    for ahead in [HOUR, -HOUR] {
        simulate(async move |mut world| {
            let one = closed(&world);
            world.api.set_service_account("platform", "orders-azure", true);
            world.apply(as_account("orders-azure", &one));
            world.apply(endpoint("one", json!({})));
            world.pass(MINUTE * 3).await;
            assert_says(&of_endpoint(&world, "one"), "True", "Succeeded", &[]);
            let (since, before) = (mark(&world), world.get("one").unwrap());
            // The time of a token is not that of the machine's clock, also where that is put right before it ends.
            world.clock.shift(ahead);
            world.pass(MINUTE * 45).await;
            world.clock.shift(-ahead);
            world.pass(MINUTE * 30).await;
            assert_eq!(tokens_since(&world, since), 1);
            assert_eq!(world.get("one").unwrap(), before);
        })
        .unwrap();
    }
}

/// A managed identity's token lives a day and says when it ends, by Azure's clock.
#[test]
fn where_a_token_says_itself_when_it_ends_a_wrong_clock_costs_a_few_tokens_and_no_failure() {
    // By how much the cluster is ahead, and how many tokens that costs in so many hours: one that is thought to be good
    // for longer is replaced when Azure refuses it; one that is thought to have ended already is used for half a minute.
    for (ahead, hours, objects, most) in [(HOUR, 2, 1, 0), (-HOUR, 25, 1, 2), (25 * HOUR, 1, 20, 122)] {
        simulate(async move |mut world| {
            let mut one = principal(1, "none");
            one.federated_credentials.clear();
            one.managed_identity = true;
            world.emulator.set_principals(vec![one.clone()], Vec::new());
            give_role(&world, &one, GROUP);
            world.clock.shift(ahead);
            let mut manifest = scope(&[NAMESPACE]);
            manifest["spec"]["identity"] = json!({"type": "ManagedIdentity", "clientId": one.client_id});
            world.apply(manifest);
            for number in 0..objects {
                world.apply(endpoint(&format!("e{number}"), json!({})));
            }
            world.pass(MINUTE * 6).await;
            assert_says(&of_endpoint(&world, "e0"), "True", "Succeeded", &[]);
            let since = mark(&world);
            if hours > 22 {
                // Most of the day only the scope looks at Azure.
                world.annotate("e0", "privatelink.dev/paused", "true");
                tokio::time::sleep(MINUTE * 60 * 22).await;
                world.annotate("e0", "privatelink.dev/paused", "false");
                world.pass(MINUTE * 3).await;
            }
            let before = world.get("e0").unwrap();
            for _ in 0..(hours % 22) * 4 {
                tokio::time::sleep(MINUTE * 15).await;
                assert_eq!(world.get("e0").unwrap(), before, "nobody notices");
                assert_says(&of_scope(&world, "orders", "Ready"), "True", "Succeeded", &[]);
            }
            let tokens = tokens_since(&world, since);
            assert!(
                tokens <= most && (tokens > 0) == (most > 0),
                "{ahead}: {tokens} requests for tokens"
            );
            let refused = asked_since(&world, since)
                .into_iter()
                .filter(|entry| entry.status == Some(401));
            assert_eq!(refused.count(), usize::from(ahead < 0), "{ahead}");
        })
        .unwrap();
    }
}
