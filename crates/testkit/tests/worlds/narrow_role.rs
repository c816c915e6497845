//! A scope whose own identity has the shipped role at its resource group alone, as `docs/start.md` gives it: what Azure
//! asks for at the subscription is denied, and nothing fails for want of it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use privatelink_arm_emulator::faults::FaultRule;
use privatelink_arm_emulator::identity::{FederatedCredential, PrincipalRecord};
use privatelink_arm_emulator::rbac::{RoleAssignment, RoleDefinition};
use privatelink_testkit::scenario::{
    Allowed, GROUP, NAMESPACE, ROUTE_TABLES, World, condition, dns_object, one_of_each, scope, simulate,
};
use privatelink_testkit::simulated::ISSUER;
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);
const SCOPES: &str = "azurescopes.privatelink.dev";
const OBJECT: &str = "00000001-0000-0000-0000-000000000001";
const CLIENT: &str = "00000002-0000-0000-0000-000000000001";
const TENANT: &str = "33333333-3333-3333-3333-333333333333";
const OPERATIONS: &str = "Microsoft.Network/locations/operations/read";
const PROVIDERS: &str = "Microsoft.Resources/subscriptions/providers/read";

/// Makes the scope act as an identity of its own that has the shipped role at the world's group, but for some actions.
fn narrow(world: &World, without: &[&str]) {
    let principal = PrincipalRecord {
        name: "id-orders".to_owned(),
        object_id: OBJECT.to_owned(),
        tenant_id: TENANT.to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: None,
        federated_credentials: vec![FederatedCredential {
            issuer: ISSUER.to_owned(),
            subject: "system:serviceaccount:privatelink-identities:orders".to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
        }],
        managed_identity: false,
    };
    world.emulator.set_principals(vec![principal], Vec::new());
    let mut actions = Allowed::shipped().unwrap().azure;
    actions.retain(|action| !without.contains(&action.as_str()));
    let role = RoleDefinition {
        actions,
        not_actions: Vec::new(),
    };
    let assignment = RoleAssignment {
        scope: GROUP.to_owned(),
        role,
    };
    world.emulator.assign_role(OBJECT, assignment);
    world
        .api
        .set_service_account("privatelink-identities", "orders", true);
    let mut manifest = scope(&[NAMESPACE]);
    // What the role is for, and nothing elsewhere.
    let here = manifest["spec"]["allow"][0].clone();
    manifest["spec"]["allow"] = json!([here]);
    manifest["spec"]["identity"] = json!({
        "type": "WorkloadIdentity",
        "clientId": CLIENT,
        "tenantId": TENANT,
        "serviceAccount": {"namespace": "privatelink-identities", "name": "orders"},
    });
    world.apply(manifest);
}

/// The actions that Azure denied the scope's identity.
fn denied(world: &World) -> BTreeSet<String> {
    let entries = world.emulator.journal_since(0).entries;
    let own = entries
        .into_iter()
        .filter(|entry| entry.principal.as_deref() == Some(CLIENT));
    own.filter_map(|entry| entry.denied).collect()
}

fn set(actions: &[&str]) -> BTreeSet<String> {
    actions.iter().map(|&action| action.to_owned()).collect()
}

fn make_all(world: &World) {
    for (_, _, manifest) in one_of_each() {
        world.apply(manifest);
    }
}

#[test]
fn objects_of_all_kinds_become_ready_and_go_with_a_role_at_a_resource_group_alone() {
    simulate(async |mut world| {
        narrow(&world, &[]);
        make_all(&world);
        world.pass(MINUTE * 6).await;
        for (plural, name, _) in one_of_each() {
            let object = world.api.get(plural, NAMESPACE, name).unwrap();
            let (status, reason, message) = condition(&object, "Ready").unwrap();
            assert_eq!(status, "True", "{plural} {name}: {reason}: {message}");
        }
        assert_eq!(denied(&world), set(&[OPERATIONS, PROVIDERS]));

        for (plural, name, _) in one_of_each().into_iter().rev() {
            world.delete_of(plural, name);
        }
        world.pass(MINUTE * 10).await;
        for (plural, name, _) in one_of_each() {
            assert!(
                world.api.get(plural, NAMESPACE, name).is_none(),
                "{plural} {name} is still there"
            );
        }
        let left: Vec<String> = world
            .end_state()
            .into_keys()
            .filter(|key| key.contains("/privateEndpoints/") || key.contains("/privateDnsZones/"))
            .collect();
        assert_eq!(left, Vec::<String>::new());
        assert_eq!(denied(&world), set(&[OPERATIONS, PROVIDERS]));
    })
    .unwrap();
}

#[test]
fn the_scope_tells_what_is_not_known_of_the_subscription_and_that_nothing_else_is_lacking() {
    simulate(async |mut world| {
        narrow(&world, &[]);
        world.pass(MINUTE * 2).await;
        let scope = world.api.get(SCOPES, "", "orders").unwrap();
        for name in ["Ready", "IdentityReady"] {
            let (status, reason, message) = condition(&scope, name).unwrap();
            assert_eq!(
                (status.as_str(), reason.as_str()),
                ("True", "Succeeded"),
                "{message}"
            );
            assert!(!message.contains("has no right to"), "{message}");
        }
        let id = GROUP.split('/').nth(2).unwrap();
        assert_eq!(
            scope["status"]["subscriptions"],
            json!([{"id": id, "reachable": true}])
        );
        let (_, _, message) = condition(&scope, "IdentityReady").unwrap();
        assert!(message.contains(PROVIDERS) && message.contains(id), "{message}");
    })
    .unwrap();
}

#[test]
fn an_action_that_the_role_lacks_is_told_and_no_other() {
    simulate(async |mut world| {
        let lacking = "Microsoft.Network/routeTables/write";
        narrow(&world, &[lacking]);
        make_all(&world);
        world.pass(MINUTE * 6).await;
        let scope = world.api.get(SCOPES, "", "orders").unwrap();
        assert_eq!(
            scope["status"]["subscriptions"][0]["missingActions"],
            json!([lacking])
        );
        let (_, _, message) = condition(&scope, "Ready").unwrap();
        assert!(
            message.contains(&format!(
                "1 of the actions that the scope allows, {lacking} among them"
            )),
            "{message}"
        );
        assert_eq!(denied(&world), set(&[OPERATIONS, PROVIDERS, lacking]));
    })
    .unwrap();
}

#[test]
fn an_operation_that_fails_is_seen_on_the_resource_and_nobody_else_is_blamed() {
    simulate(async |mut world| {
        narrow(&world, &[]);
        let rule: FaultRule = serde_json::from_value(json!({
            "match": {"method": "PUT", "path": "*/routeTables/failing"},
            "then": {"operationEnds": {"status": "Failed", "code": "BrokenByATest", "message": "it is broken"}},
        }))
        .unwrap();
        world.emulator.add_fault(rule);
        world.apply(dns_object("RouteTable", "failing", json!({"routes": []})));
        world.pass(MINUTE * 3).await;
        let object = world.api.get(ROUTE_TABLES, NAMESPACE, "failing").unwrap();
        let (status, reason, message) = condition(&object, "Ready").unwrap();
        assert_eq!((status.as_str(), reason.as_str()), ("False", "Retrying"), "{message}");
        assert!(
            message.contains("Azure ended the change as Failed") && message.contains(OPERATIONS),
            "{message}"
        );
        let writes: Vec<String> = world
            .emulator
            .journal_since(0)
            .entries
            .into_iter()
            .filter(|entry| entry.method == "PUT" && entry.path.contains("/routeTables/failing"))
            .map(|entry| format!("{} {:?}", entry.time, entry.status))
            .collect();
        assert!((2..=7).contains(&writes.len()), "{writes:#?}");
        world.emulator.clear_faults();
        world.pass(MINUTE * 2).await;
        let object = world.api.get(ROUTE_TABLES, NAMESPACE, "failing").unwrap();
        assert_eq!(condition(&object, "Ready").unwrap().0, "True");
    })
    .unwrap();
}
