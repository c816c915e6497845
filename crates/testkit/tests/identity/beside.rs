//! What one identity does and sees is no other's: neither its waits, nor its tokens, nor what it has read.

use std::time::Duration;

use privatelink_arm_emulator::faults::{FaultAction, FaultRule};
use privatelink_testkit::scenario::{ENDPOINTS, NAMESPACE, World, endpoint, endpoint_id, scope, simulate};
use privatelink_testkit::simulated::Verb;
use serde_json::{Value, json};

use super::{
    BILLS, MINUTE, TENANT, as_account, asked_since, assert_says, closed, mark, neighbours, of_endpoint,
    of_endpoint_in, principal, tokens_since,
};

#[test]
fn a_scope_that_comes_back_to_an_identity_asks_for_its_token_anew() {
    simulate(async |mut world| {
        let one = closed(&world);
        // The controller's own identity is known, and may do as much.
        let own = "00000000-0000-0000-0000-00000000c0c0";
        let mut controller = principal(3, "none");
        own.clone_into(&mut controller.object_id);
        own.clone_into(&mut controller.client_id);
        world
            .emulator
            .set_principals(vec![one.clone(), controller], Vec::new());
        world.api.set_service_account("platform", "orders-azure", true);
        let requests = |world: &World| {
            let calls = world.kubernetes_calls().into_iter();
            calls.filter(|call| call.verb == Verb::Token).count()
        };
        let acted = |world: &World, since| {
            let asked = asked_since(world, since).into_iter();
            let mut names: Vec<_> = asked.filter_map(|entry| entry.principal).collect();
            names.sort();
            names.dedup();
            names
        };
        world.apply(endpoint("one", json!({})));
        for (round, manifest, name, expected) in [
            (0, as_account("orders-azure", &one), one.client_id.as_str(), 1),
            (1, scope(&[NAMESPACE]), own, 1),
            (2, as_account("orders-azure", &one), one.client_id.as_str(), 2),
        ] {
            let mut manifest = manifest;
            if manifest["spec"].get("identity").is_none() {
                manifest["spec"]["identity"] = json!({"type": "Controller"});
            }
            world.apply(manifest);
            let since = mark(&world);
            world.pass(MINUTE * 6).await;
            assert_eq!(acted(&world, since), [name], "round {round}");
            assert_eq!(requests(&world), expected, "round {round}");
            assert_eq!(
                tokens_since(&world, since),
                usize::from(round != 1),
                "round {round}"
            );
            assert_says(&of_endpoint(&world, "one"), "True", "Succeeded", &[]);
        }
    })
    .unwrap();
}

/// In how many virtual seconds 10 endpoints of one scope become Ready, beside 60 of another one.
fn seconds_beside(hangs: bool) -> u64 {
    let mut took = 0;
    simulate(async |mut world| {
        neighbours(&world);
        world.pass(MINUTE).await;
        if hangs {
            // Nobody has a token any longer, and Entra never answers for one of the two.
            world.emulator.use_token_key(b"another key");
            world.emulator.add_fault(
                FaultRule::new(FaultAction::DelayMilliseconds(86_400_000))
                    .path(&format!("/{TENANT}/oauth2/*")),
            );
        }
        let began = tokio::time::Instant::now();
        for number in 0..60 {
            world.apply(endpoint(&format!("hung-{number}"), json!({})));
        }
        for number in 0..10 {
            let elsewhere = json!({"metadata": {"namespace": BILLS}});
            world.apply(endpoint(&format!("good-{number}"), elsewhere));
        }
        let is_ready = |world: &World, number: u8| {
            let object = world
                .api
                .get(ENDPOINTS, BILLS, &format!("good-{number}"))
                .unwrap();
            let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
            let mut conditions = conditions.into_iter().flatten();
            conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        };
        while !(0..10).all(|number| is_ready(&world, number)) {
            assert!(began.elapsed() < MINUTE * 10, "never Ready");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        took = began.elapsed().as_secs();
        if hangs {
            world.pass(MINUTE * 10).await;
            let hung = of_endpoint(&world, "hung-0");
            assert_says(&hung, "False", "Retrying", &["token"]);
            assert_eq!(world.emulator.resource(&endpoint_id("hung-0")), None);
        }
    })
    .unwrap();
    took
}

#[test]
fn an_identity_that_never_answers_costs_the_objects_of_others_no_time() {
    let (usual, beside) = (seconds_beside(false), seconds_beside(true));
    assert!(
        usual > 0 && beside <= usual + 3,
        "{beside} s beside one that hangs, {usual} s otherwise"
    );
}

#[test]
fn what_one_identity_has_read_is_not_told_to_the_object_of_another() {
    simulate(async |mut world| {
        let (one, two) = neighbours(&world);
        // The second has no role any longer; its scope would allow it all.
        world.emulator.revoke_roles(&two.object_id);
        world.apply(endpoint("secret", json!({})));
        world.pass(MINUTE * 4).await;
        assert_says(&of_endpoint(&world, "secret"), "True", "Succeeded", &[]);
        let seen = world.get("secret").unwrap();
        let address = seen["status"]["ipConfigurations"][0]["ipAddress"]
            .as_str()
            .unwrap();
        let location = "westeurope";
        assert!(seen["status"].to_string().contains(location), "{seen}");
        let since = mark(&world);
        // One that would be made beside it, and one that only looks at it.
        world.apply(endpoint("mine", json!({"metadata": {"namespace": BILLS}})));
        world.apply(endpoint(
            "looks",
            json!({"metadata": {"namespace": BILLS}, "spec": {
                "azureName": "secret", "location": "northeurope", "managementPolicy": "ObserveOnly",
            }}),
        ));
        world.pass(MINUTE * 15).await;
        for (name, reason) in [("mine", "DependencyNotReady"), ("looks", "Forbidden")] {
            assert_says(
                &of_endpoint_in(&world, BILLS, name),
                "False",
                reason,
                &["AuthorizationFailed"],
            );
            let status = world.api.get(ENDPOINTS, BILLS, name).unwrap()["status"].to_string();
            for told in [address, location, "Approved", "blob.core", one.client_id.as_str()] {
                assert!(!status.contains(told), "{name} is told {told}: {status}");
            }
        }
        let asked = asked_since(&world, since).into_iter();
        let of_two: Vec<_> = asked
            .filter(|entry| entry.principal.as_deref() == Some(&two.client_id))
            .collect();
        assert!(
            !of_two.is_empty() && of_two.iter().all(|entry| entry.status != Some(200)),
            "{of_two:?}"
        );
    })
    .unwrap();
}
