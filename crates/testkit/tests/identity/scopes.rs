//! What a scope says of its identity, and as whom its objects call Azure.

use privatelink_arm_emulator::faults::{BodyFault, ErrorAnswer, FaultAction, FaultRule, RequestKind};
use privatelink_arm_emulator::rbac::RoleAssignment;
use privatelink_testkit::scenario::{ENDPOINTS, GROUP, NAMESPACE, endpoint, scope, simulate};
use serde_json::json;

use super::{
    MINUTE, SCOPES, as_account, assert_says, closed, give_role, of_endpoint, of_scope, principal, principals,
    register_network, role, said,
};
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
                        "kubectl create role privatelink-token-orders-azure --namespace platform --verb=create --resource=serviceaccounts/token --resource-name=orders-azure"
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
        give_role(&world, &one, GROUP);
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
        let (_, reason, message) = said(&two, "Ready");
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
        give_role(&world, &one, GROUP);
        give_role(&world, &two, GROUP);
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
        let mut role = role();
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
        give_role(&world, &one, &subscription.join("/"));
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
            give_role(&world, &one, GROUP);
            give_role(&world, &two, GROUP);
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

#[test]
fn a_scope_whose_identity_has_no_role_at_all_is_not_ready_and_recovers_within_minutes_of_one() {
    simulate(async |mut world| {
        let one = principal(1, "orders-azure");
        world.emulator.set_principals(vec![one.clone()], Vec::new());
        world.api.set_service_account("platform", "orders-azure", true);
        world.apply(as_account("orders-azure", &one));
        world.apply(endpoint("one", json!({})));
        world.pass(MINUTE * 3).await;
        let grantee = format!("give the scope's identity (client id {}) a role", one.client_id);
        for type_ in ["IdentityReady", "Ready"] {
            let said = of_scope(&world, "orders", type_);
            assert_says(
                &said,
                "False",
                "Forbidden",
                &[GROUP, "any of the 2 entries", &grantee],
            );
        }
        // A role at one resource alone is a role.
        let mut manifest = as_account("orders-azure", &one);
        let account = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/orders");
        manifest["spec"]["allow"]
            .as_array_mut()
            .unwrap()
            .push(json!({"on": account, "verbs": ["Connect"]}));
        give_role(&world, &one, &account);
        world.apply(manifest);
        world.pass(MINUTE * 2).await;
        let said = of_scope(&world, "orders", "Ready");
        assert_says(&said, "True", "Succeeded", &["at 2 entries of spec.allow", GROUP]);
        // Back to none, and then a role where it is wanted: everything follows soon.
        world.emulator.revoke_roles(&one.object_id);
        world.apply(as_account("orders-azure", &one));
        world.pass(MINUTE * 2).await;
        assert_says(&of_scope(&world, "orders", "Ready"), "False", "Forbidden", &[]);
        give_role(&world, &one, GROUP);
        world.pass(MINUTE * 3).await;
        assert_says(&of_scope(&world, "orders", "Ready"), "True", "Succeeded", &[]);
        assert_says(&of_endpoint(&world, "one"), "True", "Succeeded", &[]);
    })
    .unwrap();
}

#[test]
fn an_entry_for_what_is_not_there_yet_says_nothing_about_roles() {
    simulate(async |mut world| {
        let one = principal(1, "orders-azure");
        world.emulator.set_principals(vec![one.clone()], Vec::new());
        world.api.set_service_account("platform", "orders-azure", true);
        let mut manifest = as_account("orders-azure", &one);
        let group = GROUP.replace("rg-orders", "rg-to-come");
        manifest["spec"]["allow"] = json!([{"on": group, "verbs": ["Manage"]}]);
        let gone = FaultAction::Answer(ErrorAnswer::new(404, "ResourceGroupNotFound", "It is not there."));
        let asked = format!("{group}/providers/Microsoft.Authorization/permissions");
        world.emulator.add_fault(FaultRule::new(gone).path(&asked));
        world.apply(manifest);
        world.pass(MINUTE * 3).await;
        let said = of_scope(&world, "orders", "Ready");
        assert_says(&said, "True", "Succeeded", &["rg-to-come"]);
    })
    .unwrap();
}
