//! Each scope calls Azure as its own identity; where that fails, its objects say so and what to do, and no others.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use privatelink_arm_emulator::change::SOMEONE_ELSE;
use privatelink_arm_emulator::faults::{BodyFault, FaultAction, FaultRule, RequestKind};
use privatelink_arm_emulator::identity::{FederatedCredential, PrincipalRecord};
use privatelink_arm_emulator::rbac::{RoleAssignment, built_in};
use privatelink_arm_emulator::state::Subscription;
use privatelink_testkit::scenario::{ENDPOINTS, GROUP, NAMESPACE, World, endpoint, scope, simulate};
use privatelink_testkit::simulated::ISSUER;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const SCOPES: &str = "azurescopes.privatelink.dev";
const TENANT: &str = "33333333-3333-3333-3333-333333333333";

/// A service principal that federates one service account of the namespace `platform`.
fn principal(number: u8, account: &str) -> PrincipalRecord {
    let id = |part: u8| format!("{part:08}-0000-0000-0000-{number:012}");
    PrincipalRecord {
        name: format!("principal-{number}"),
        object_id: id(1),
        tenant_id: TENANT.to_owned(),
        client_id: id(2),
        client_secret: None,
        federated_credentials: vec![FederatedCredential {
            issuer: ISSUER.to_owned(),
            subject: format!("system:serviceaccount:platform:{account}"),
            audience: "api://AzureADTokenExchange".to_owned(),
        }],
        managed_identity: false,
    }
}

fn contributor(world: &World, principal: &PrincipalRecord, at: &str) {
    let assignment = RoleAssignment {
        scope: at.to_owned(),
        role: built_in("Contributor").unwrap(),
    };
    world.emulator.assign_role(&principal.object_id, assignment);
}

/// The world's scope, with an identity.
fn as_account(account: &str, principal: &PrincipalRecord) -> Value {
    let mut manifest = scope(&[NAMESPACE]);
    manifest["spec"]["identity"] = json!({
        "type": "WorkloadIdentity",
        "clientId": principal.client_id,
        "tenantId": principal.tenant_id,
        "serviceAccount": {"namespace": "platform", "name": account},
    });
    manifest
}

/// A world whose Azure knows one principal, which may do everything in the world's group.
fn closed(world: &World) -> PrincipalRecord {
    let one = principal(1, "orders-azure");
    world.emulator.set_principals(vec![one.clone()], Vec::new());
    contributor(world, &one, GROUP);
    one
}

fn condition(object: &Value, name: &str) -> (String, String, String) {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let found = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == name);
    let Some(found) = found else {
        panic!("there is no condition {name}: {object}");
    };
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"), text("message"))
}

fn of_endpoint(world: &World, name: &str) -> (String, String, String) {
    condition(&world.api.get(ENDPOINTS, NAMESPACE, name).unwrap(), "Ready")
}

fn of_scope(world: &World, name: &str, type_: &str) -> (String, String, String) {
    condition(&world.api.get(SCOPES, "", name).unwrap(), type_)
}

fn register_network(world: &World, registered: bool) {
    let id = GROUP.split('/').nth(2).unwrap().to_owned();
    let unregistered = (!registered).then(|| "microsoft.network".to_owned());
    world.emulator.provide_subscription(Subscription {
        name: id.clone(),
        id,
        tenant_id: TENANT.to_owned(),
        unregistered: unregistered.into_iter().collect(),
    });
}

fn principals(world: &World) -> Vec<String> {
    let mut seen: Vec<String> = world
        .emulator
        .journal_since(0)
        .entries
        .into_iter()
        .filter(|entry| entry.path.starts_with("/subscriptions/"))
        .filter_map(|entry| entry.principal)
        .filter(|principal| principal != SOMEONE_ELSE)
        .collect();
    seen.sort();
    seen.dedup();
    seen
}

#[test]
fn azure_is_called_as_the_scope_says_and_the_scope_tells_that_it_works() {
    simulate(async |mut world| {
        let one = closed(&world);
        world.api.set_service_account("platform", "orders-azure", true);
        world.apply(as_account("orders-azure", &one));
        world.apply(endpoint("one", json!({})));
        world.pass(MINUTE * 3).await;
        assert_eq!(of_endpoint(&world, "one").0, "True");
        let (status, reason, message) = of_scope(&world, "orders", "IdentityReady");
        assert_eq!(
            (status.as_str(), reason.as_str()),
            ("True", "Succeeded"),
            "{message}"
        );
        assert!(message.contains("platform/orders-azure"), "{message}");
        assert_eq!(of_scope(&world, "orders", "Ready").0, "True");
        let scope = world.api.get(SCOPES, "", "orders").unwrap();
        let subscription = &scope["status"]["subscriptions"][0];
        assert_eq!(subscription["id"], GROUP.split('/').nth(2).unwrap());
        assert_eq!(subscription["reachable"], true);
        assert_eq!(principals(&world), std::slice::from_ref(&one.client_id));
    })
    .unwrap();
}

#[test]
fn without_the_right_to_a_token_the_role_that_grants_it_is_printed_and_nothing_is_sent() {
    simulate(async |mut world| {
        let one = closed(&world);
        world.api.set_service_account("platform", "orders-azure", false);
        world.apply(as_account("orders-azure", &one));
        world.apply(endpoint("one", json!({})));
        world.pass(MINUTE * 2).await;
        for (status, reason, message) in [
            of_endpoint(&world, "one"),
            of_scope(&world, "orders", "IdentityReady"),
            of_scope(&world, "orders", "Ready"),
        ] {
            assert_eq!(
                (status.as_str(), reason.as_str()),
                ("False", "IdentityFailed"),
                "{message}"
            );
            assert!(
                message.contains("TokenRequestForbidden")
                    && message.contains(
                        "resources: [serviceaccounts/token], resourceNames: [orders-azure], verbs: [create]"
                    ),
                "{message}"
            );
        }
        assert_eq!(principals(&world), Vec::<String>::new());
        world.api.set_service_account("platform", "orders-azure", true);
        world.pass(MINUTE * 3).await;
        assert_eq!(of_endpoint(&world, "one").0, "True", "found out within minutes");
        assert_eq!(of_scope(&world, "orders", "Ready").0, "True");
    })
    .unwrap();
}

#[test]
fn a_federated_credential_has_ten_minutes_to_spread_and_then_the_subject_is_told() {
    simulate(async |mut world| {
        let mut one = closed(&world);
        one.federated_credentials[0].subject = "system:serviceaccount:platform:other".to_owned();
        world.emulator.set_principals(vec![one.clone()], Vec::new());
        world.api.set_service_account("platform", "orders-azure", true);
        world.apply(as_account("orders-azure", &one));
        world.apply(endpoint("one", json!({})));
        world.pass(MINUTE * 8).await;
        for (status, reason, message) in [
            of_endpoint(&world, "one"),
            of_scope(&world, "orders", "IdentityReady"),
        ] {
            assert_eq!(
                (status.as_str(), reason.as_str()),
                ("False", "Retrying"),
                "{message}"
            );
            assert!(message.contains("AADSTS700213"), "{message}");
        }
        world.pass(MINUTE * 8).await;
        for (status, reason, message) in [
            of_endpoint(&world, "one"),
            of_scope(&world, "orders", "IdentityReady"),
        ] {
            assert_eq!(
                (status.as_str(), reason.as_str()),
                ("False", "IdentityFailed"),
                "{message}"
            );
            assert!(
                message.contains("AADSTS700213")
                    && message.contains("subject system:serviceaccount:platform:orders-azure,"),
                "{message}"
            );
        }
        one.federated_credentials[0].subject = "system:serviceaccount:platform:orders-azure".to_owned();
        world.emulator.set_principals(vec![one], Vec::new());
        world.pass(MINUTE * 4).await;
        assert_eq!(of_endpoint(&world, "one").0, "True");
    })
    .unwrap();
}

#[test]
fn an_identity_that_fails_stalls_the_objects_of_its_scope_only() {
    simulate(async |mut world| {
        let (one, two) = (principal(1, "orders-azure"), principal(2, "bills-azure"));
        world
            .emulator
            .set_principals(vec![one.clone(), two.clone()], Vec::new());
        contributor(&world, &one, GROUP);
        world.api.set_service_account("platform", "orders-azure", true);
        world.api.create_namespace("bills").unwrap();
        world.apply(as_account("orders-azure", &one));
        let mut other = as_account("bills-azure", &two);
        other["metadata"]["name"] = json!("bills");
        other["spec"]["namespaces"] = json!(["bills"]);
        world.apply(other);
        world.apply(endpoint("one", json!({})));
        world.apply(endpoint("two", json!({"metadata": {"namespace": "bills"}})));
        world.pass(MINUTE * 4).await;
        assert_eq!(of_endpoint(&world, "one").0, "True");
        let two = world.api.get(ENDPOINTS, "bills", "two").unwrap();
        let (_, reason, message) = condition(&two, "Ready");
        assert_eq!(reason, "IdentityFailed", "{message}");
        assert!(message.contains("ServiceAccountNotFound"), "{message}");
        assert_eq!(of_scope(&world, "orders", "Ready").0, "True");
        assert_eq!(of_scope(&world, "bills", "Ready").1, "IdentityFailed");
        assert_eq!(principals(&world), [one.client_id]);
    })
    .unwrap();
}

#[test]
fn a_scope_that_changes_its_identity_acts_as_the_new_one_at_once() {
    simulate(async |mut world| {
        let (one, two) = (principal(1, "orders-azure"), principal(2, "bills-azure"));
        world
            .emulator
            .set_principals(vec![one.clone(), two.clone()], Vec::new());
        contributor(&world, &one, GROUP);
        contributor(&world, &two, GROUP);
        for account in ["orders-azure", "bills-azure"] {
            world.api.set_service_account("platform", account, true);
        }
        world.apply(as_account("orders-azure", &one));
        world.apply(endpoint("one", json!({})));
        world.pass(MINUTE * 3).await;
        assert_eq!(principals(&world), std::slice::from_ref(&one.client_id));
        let before = world.emulator.journal_since(0).entries.len();
        world.apply(as_account("bills-azure", &two));
        world.pass(MINUTE * 10).await;
        let journal = world.emulator.journal_since(0).entries;
        let later = journal.get(before..).unwrap_or_default();
        let asked = later
            .iter()
            .filter(|entry| entry.path.starts_with("/subscriptions/"));
        let by: Vec<_> = asked.map(|entry| entry.principal.clone()).collect();
        assert!(!by.is_empty());
        assert!(by.iter().all(|by| by.as_ref() == Some(&two.client_id)), "{by:?}");
        assert_eq!(of_endpoint(&world, "one").0, "True");
    })
    .unwrap();
}

#[test]
fn a_deletion_goes_on_with_the_token_at_hand_and_waits_where_there_is_none() {
    simulate(async |mut world| {
        let one = closed(&world);
        world.api.set_service_account("platform", "orders-azure", true);
        world.apply(as_account("orders-azure", &one));
        world.apply(endpoint("one", json!({})));
        world.apply(endpoint("two", json!({})));
        world.pass(MINUTE * 3).await;
        world.api.remove_service_account("platform", "orders-azure");
        world.delete("one");
        world.pass(MINUTE * 3).await;
        assert!(
            world.get("one").is_none(),
            "the token at hand is good for a while"
        );
        world.crash();
        world.start();
        world.delete("two");
        world.pass(MINUTE * 5).await;
        let (_, reason, message) = of_endpoint(&world, "two");
        assert_eq!(reason, "IdentityFailed", "{message}");
        assert!(
            message.contains("restore the identity")
                && message.contains("Retain")
                && message.contains("privatelink.dev/abandon"),
            "{message}"
        );
        world.api.set_service_account("platform", "orders-azure", true);
        world.pass(MINUTE * 5).await;
        assert!(world.get("two").is_none());
    })
    .unwrap();
}

#[test]
fn what_the_identity_may_not_do_is_told_with_the_actions_and_a_wrong_tenant_too() {
    simulate(async |mut world| {
        let mut one = principal(1, "orders-azure");
        world.emulator.set_principals(vec![one.clone()], Vec::new());
        let mut role = built_in("Contributor").unwrap();
        role.not_actions
            .push("Microsoft.Network/routeTables/write".to_owned());
        world.emulator.assign_role(
            &one.object_id,
            RoleAssignment {
                scope: GROUP.to_owned(),
                role,
            },
        );
        world.api.set_service_account("platform", "orders-azure", true);
        world.apply(as_account("orders-azure", &one));
        world.pass(MINUTE).await;
        let (status, _, message) = of_scope(&world, "orders", "Ready");
        assert_eq!(
            status, "True",
            "an action that nobody may need holds nothing up: {message}"
        );
        assert!(
            message.contains("Microsoft.Network/routeTables/write"),
            "{message}"
        );
        let scope = world.api.get(SCOPES, "", "orders").unwrap();
        assert_eq!(
            scope["status"]["subscriptions"][0]["missingActions"],
            json!(["Microsoft.Network/routeTables/write"])
        );
        one.tenant_id = "99999999-9999-9999-9999-999999999999".to_owned();
        world.emulator.set_principals(vec![one], Vec::new());
        world.pass(MINUTE * 75).await;
        let (_, reason, message) = of_scope(&world, "orders", "IdentityReady");
        assert_eq!(reason, "IdentityFailed", "{message}");
        assert!(message.contains("AADSTS90002"), "{message}");
    })
    .unwrap();
}

#[test]
fn a_subscription_where_networks_are_not_registered_is_told_and_the_command_that_does_it() {
    simulate(async |mut world| {
        let one = closed(&world);
        world.api.set_service_account("platform", "orders-azure", true);
        let subscription: Vec<&str> = GROUP.split('/').take(3).collect();
        contributor(&world, &one, &subscription.join("/"));
        register_network(&world, false);
        world.apply(as_account("orders-azure", &one));
        world.pass(MINUTE).await;
        let (status, reason, message) = of_scope(&world, "orders", "Ready");
        assert_eq!(
            (status.as_str(), reason.as_str()),
            ("False", "Forbidden"),
            "{message}"
        );
        assert!(
            message.contains("az provider register --namespace Microsoft.Network"),
            "{message}"
        );
        let scope = world.api.get(SCOPES, "", "orders").unwrap();
        assert_eq!(scope["status"]["subscriptions"][0]["networkRegistered"], false);
        register_network(&world, true);
        world.pass(MINUTE * 2).await;
        assert_eq!(of_scope(&world, "orders", "Ready").0, "True");
    })
    .unwrap();
}

#[test]
fn a_managed_identity_is_named_by_any_of_its_ids_and_no_other_is_used() {
    let resource_id =
        format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/principal-1");
    let mut one = principal(1, "none");
    one.federated_credentials.clear();
    one.managed_identity = true;
    for (field, value) in [
        ("clientId", one.client_id.clone()),
        ("objectId", one.object_id.clone()),
        ("resourceId", resource_id),
    ] {
        let (one, mut two) = (one.clone(), principal(2, "none"));
        two.managed_identity = true;
        simulate(async move |mut world| {
            // The other one comes first, and may do as much.
            world
                .emulator
                .set_principals(vec![two.clone(), one.clone()], Vec::new());
            contributor(&world, &one, GROUP);
            contributor(&world, &two, GROUP);
            let mut manifest = scope(&[NAMESPACE]);
            manifest["spec"]["identity"] = json!({"type": "ManagedIdentity", field: value});
            world.apply(manifest);
            world.apply(endpoint("one", json!({})));
            world.pass(MINUTE * 3).await;
            let (status, _, message) = of_endpoint(&world, "one");
            assert_eq!(status, "True", "{field}: {message}");
            assert_eq!(
                principals(&world),
                std::slice::from_ref(&one.client_id),
                "{field}"
            );
        })
        .unwrap();
    }
}

#[test]
fn a_proxy_that_answers_for_entra_or_azure_is_no_refusal_and_nothing_is_written() {
    simulate(async |mut world| {
        let one = closed(&world);
        world.api.set_service_account("platform", "orders-azure", true);
        world.apply(as_account("orders-azure", &one));
        let page = FaultAction::Body(BodyFault::Html);
        world
            .emulator
            .add_fault(FaultRule::new(page).kind(RequestKind::Token));
        world.apply(endpoint("one", json!({})));
        world.pass(MINUTE * 3).await;
        let (status, reason, message) = of_endpoint(&world, "one");
        assert_eq!(
            (status.as_str(), reason.as_str()),
            ("False", "Retrying"),
            "{message}"
        );
        assert_eq!(principals(&world), Vec::<String>::new());
        world.emulator.clear_faults();
        world.pass(MINUTE * 6).await;
        assert_eq!(of_endpoint(&world, "one").0, "True");
    })
    .unwrap();
}
