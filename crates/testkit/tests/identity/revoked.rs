//! An identity that is revoked after its objects were Ready: they say so, nothing is written, and nobody else notices.

use privatelink_arm_emulator::change::ConnectionStatus;
use privatelink_arm_emulator::faults::{ErrorAnswer, FaultAction, FaultRule};
use privatelink_arm_emulator::identity::PrincipalRecord;
use privatelink_testkit::scenario::{GROUP, World, endpoint, endpoint_id, simulate};
use serde_json::json;

use super::{
    BILLS, MINUTE, TENANT, assert_says, assert_scope_fails, give_role, mark, neighbours, of_endpoint,
    of_endpoint_in, of_scope, tokens_since, writes_since,
};

/// Objects of both scopes, all Ready: one that stays as it is, one whose spec changes, one that is deleted, one that
/// waits for its approval, and one of the other scope.
async fn settle(world: &mut World) {
    for name in ["kept", "changed", "gone"] {
        world.apply(endpoint(name, json!({})));
    }
    world.apply(endpoint(
        "waiting",
        json!({"spec": {"target": {"approval": "Manual"}}}),
    ));
    world.apply(endpoint("other", json!({"metadata": {"namespace": BILLS}})));
    world.pass(MINUTE * 4).await;
    for name in ["kept", "changed", "gone"] {
        assert_says(&of_endpoint(world, name), "True", "Succeeded", &[]);
    }
    assert_says(&of_endpoint(world, "waiting"), "False", "AwaitingApproval", &[]);
    assert_says(&of_endpoint_in(world, BILLS, "other"), "True", "Succeeded", &[]);
}

/// Users go on meanwhile, in both scopes.
fn go_on(world: &World) {
    world.patch_spec("changed", json!({"tags": {"team": "later"}}));
    world.delete("gone");
    world.apply(endpoint("fresh", json!({})));
    world.apply(endpoint("another", json!({"metadata": {"namespace": BILLS}})));
}

fn team(world: &World, name: &str) -> String {
    let body = world.emulator.resource(&endpoint_id(name)).unwrap();
    body["tags"]["team"].as_str().unwrap().to_owned()
}

/// The other scope's objects, all through.
fn assert_others_go_on(world: &World) {
    for name in ["other", "another"] {
        assert_says(&of_endpoint_in(world, BILLS, name), "True", "Succeeded", &[]);
    }
    assert_says(&of_scope(world, BILLS, "Ready"), "True", "Succeeded", &[]);
}

fn assert_all_is_well(world: &World) {
    for name in ["kept", "changed", "fresh"] {
        assert_says(&of_endpoint(world, name), "True", "Succeeded", &[]);
    }
    assert_says(&of_endpoint(world, "waiting"), "False", "AwaitingApproval", &[]);
    assert_eq!(team(world, "changed"), "later");
    assert!(world.get("gone").is_none());
    assert_eq!(world.emulator.resource(&endpoint_id("gone")), None);
    for type_ in ["IdentityReady", "Ready"] {
        assert_says(&of_scope(world, "orders", type_), "True", "Succeeded", &[]);
    }
    assert_others_go_on(world);
}

/// How Entra is made to refuse one of two identities, and what has to be told.
struct Revocation {
    code: &'static str,
    revoke: fn(&World, &PrincipalRecord, &PrincipalRecord),
    remedy: &'static str,
}

fn refuse(world: &World, error: &str, text: &str) {
    let answer = ErrorAnswer::new(401, error, text);
    let path = format!("/{TENANT}/oauth2/*");
    world
        .emulator
        .add_fault(FaultRule::new(FaultAction::Answer(answer)).path(&path));
}

const REVOCATIONS: [Revocation; 4] = [
    Revocation {
        code: "AADSTS700016",
        revoke: |world, _, two| {
            let tenants = vec![TENANT.to_owned()];
            world.emulator.set_principals(vec![two.clone()], tenants);
        },
        remedy: "there is no application 00000002-0000-0000-0000-000000000001 in the tenant",
    },
    Revocation {
        code: "AADSTS700213",
        revoke: |world, one, two| {
            let mut one = one.clone();
            "system:serviceaccount:platform:former".clone_into(&mut one.federated_credentials[0].subject);
            world.emulator.set_principals(vec![one, two.clone()], Vec::new());
        },
        remedy: "subject system:serviceaccount:platform:orders-azure,",
    },
    Revocation {
        code: "AADSTS7000222",
        revoke: |world, _, _| {
            refuse(
                world,
                "invalid_client",
                "AADSTS7000222: The provided client secret keys for app are expired.",
            );
        },
        remedy: "renew it in Entra",
    },
    Revocation {
        code: "AADSTS50034",
        revoke: |world, _, _| {
            refuse(
                world,
                "invalid_grant",
                "AADSTS50034: The user account does not exist in the directory.",
            );
        },
        remedy: "there is no application 00000002-0000-0000-0000-000000000001 in the tenant",
    },
];

#[test]
fn an_identity_that_entra_refuses_stops_its_own_objects_until_it_is_restored() {
    for Revocation { code, revoke, remedy } in REVOCATIONS {
        simulate(async |mut world| {
            let (one, two) = neighbours(&world);
            settle(&mut world).await;
            // Tokens that were issued before are no longer good; whoever may gets a new one.
            world.emulator.use_token_key(b"another key");
            revoke(&world, &one, &two);
            go_on(&world);
            let since = mark(&world);
            world.pass(MINUTE * 24).await;
            let words = [code, remedy];
            assert_scope_fails(&world, &words);
            assert_says(&of_endpoint(&world, "kept"), "True", "Unverified", &words);
            for name in ["changed", "fresh", "waiting"] {
                assert_says(&of_endpoint(&world, name), "False", "IdentityFailed", &words);
            }
            let gone = of_endpoint(&world, "gone");
            assert_says(&gone, "False", "IdentityFailed", &words);
            assert_says(
                &gone,
                "False",
                "IdentityFailed",
                &["restore the identity", "Retain", "abandon"],
            );
            let writes = writes_since(&world, since);
            let of_another = |write: &&String| write.contains("/another?");
            assert_eq!(
                writes.iter().filter(|write| !of_another(write)).count(),
                0,
                "{writes:?}"
            );
            assert_eq!(team(&world, "changed"), "orders");
            assert!(world.emulator.resource(&endpoint_id("gone")).is_some());
            assert_others_go_on(&world);
            let tokens = tokens_since(&world, since);
            assert!(
                (5..60).contains(&tokens),
                "{code}: {tokens} requests for tokens in 24 minutes"
            );
            world.emulator.clear_faults();
            world.emulator.set_principals(vec![one, two], Vec::new());
            world.pass(MINUTE * 6).await;
            assert_all_is_well(&world);
        })
        .unwrap();
    }
}

#[test]
fn an_identity_that_lost_its_roles_stops_its_own_objects_until_it_has_them_again() {
    simulate(async |mut world| {
        let (one, _) = neighbours(&world);
        settle(&mut world).await;
        world.emulator.revoke_roles(&one.object_id);
        go_on(&world);
        let since = mark(&world);
        world.pass(MINUTE * 24).await;
        let words = [
            "AuthorizationFailed",
            "Microsoft.Network/privateEndpoints/read",
            "give the scope's identity (client id 00000002-0000-0000-0000-000000000001) a role",
        ];
        assert_says(&of_endpoint(&world, "kept"), "True", "Unverified", &words[..1]);
        // Their network, whose region decides about theirs, cannot be read any longer.
        for name in ["changed", "fresh"] {
            let said = of_endpoint(&world, name);
            assert_says(
                &said,
                "False",
                "DependencyNotReady",
                &[words[0], "allow reading it"],
            );
        }
        let gone = of_endpoint(&world, "gone");
        assert_says(&gone, "False", "Forbidden", &words);
        assert_says(
            &gone,
            "False",
            "Forbidden",
            &["the deletion waits", "Retain", "abandon"],
        );
        assert!(world.emulator.resource(&endpoint_id("gone")).is_some());
        // A token is to be had: it is the rights that are missing, and the scope says where.
        for type_ in ["IdentityReady", "Ready"] {
            let scope = of_scope(&world, "orders", type_);
            assert_says(
                &scope,
                "False",
                "Forbidden",
                &["the identity has no role at any of", GROUP, words[2]],
            );
        }
        assert_eq!(
            writes_since(&world, since)
                .iter()
                .filter(|write| !write.contains("/another?"))
                .count(),
            0
        );
        assert_others_go_on(&world);
        assert!(
            tokens_since(&world, since) <= 2,
            "a new token has no other rights"
        );
        give_role(&world, &one, GROUP);
        world.pass(MINUTE * 12).await;
        assert_all_is_well(&world);
        world.decide(&endpoint_id("waiting"), ConnectionStatus::Approved);
        world.pass(MINUTE * 6).await;
        assert_says(&of_endpoint(&world, "waiting"), "True", "Succeeded", &[]);
    })
    .unwrap();
}
