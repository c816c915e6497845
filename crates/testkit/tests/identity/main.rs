//! Each scope calls Azure as its own identity; where that fails, its objects say so and what to do, and no others.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod beside;
mod clocks;
mod expired;
mod proxies;
mod revoked;
mod scopes;

use std::time::Duration;

use privatelink_arm_emulator::Subscription;
use privatelink_arm_emulator::change::SOMEONE_ELSE;
use privatelink_arm_emulator::identity::{FederatedCredential, PrincipalRecord};
use privatelink_arm_emulator::journal::Entry;
use privatelink_arm_emulator::rbac::{RoleAssignment, RoleDefinition};
use privatelink_testkit::scenario::{Allowed, ENDPOINTS, GROUP, NAMESPACE, World, condition, scope};
use privatelink_testkit::simulated::ISSUER;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);
const SCOPES: &str = "azurescopes.privatelink.dev";
const TENANT: &str = "33333333-3333-3333-3333-333333333333";

/// A tenant of another organisation.
const ELSEWHERE: &str = "44444444-4444-4444-4444-444444444444";
/// The namespace of the second scope's objects.
const BILLS: &str = "bills";

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

/// The role that is shipped, and nothing more.
fn role() -> RoleDefinition {
    RoleDefinition {
        actions: Allowed::shipped().unwrap().azure,
        not_actions: Vec::new(),
    }
}

fn give_role(world: &World, principal: &PrincipalRecord, at: &str) {
    let assignment = RoleAssignment {
        scope: at.to_owned(),
        role: role(),
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
    give_role(world, &one, GROUP);
    one
}

/// Two scopes with an identity each, of two tenants: that of the world's namespace, and that of another one.
fn neighbours(world: &World) -> (PrincipalRecord, PrincipalRecord) {
    let (one, mut two) = (principal(1, "orders-azure"), principal(2, "bills-azure"));
    ELSEWHERE.clone_into(&mut two.tenant_id);
    world
        .emulator
        .set_principals(vec![one.clone(), two.clone()], Vec::new());
    world.api.create_namespace(BILLS).unwrap();
    for (account, principal) in [("orders-azure", &one), ("bills-azure", &two)] {
        give_role(world, principal, GROUP);
        world.api.set_service_account("platform", account, true);
    }
    world.apply(as_account("orders-azure", &one));
    let mut other = as_account("bills-azure", &two);
    other["metadata"]["name"] = json!(BILLS);
    other["spec"]["namespaces"] = json!([BILLS]);
    world.apply(other);
    (one, two)
}

/// A condition that the object has to have.
#[track_caller]
fn said(object: &Value, name: &str) -> (String, String, String) {
    condition(object, name).unwrap_or_else(|| panic!("there is no condition {name}: {object}"))
}

fn of_endpoint(world: &World, name: &str) -> (String, String, String) {
    of_endpoint_in(world, NAMESPACE, name)
}

fn of_endpoint_in(world: &World, namespace: &str, name: &str) -> (String, String, String) {
    said(&world.api.get(ENDPOINTS, namespace, name).unwrap(), "Ready")
}

/// Status and reason, and that the message has all of these words.
#[track_caller]
fn assert_says(said: &(String, String, String), status: &str, reason: &str, words: &[&str]) {
    assert_eq!((said.0.as_str(), said.1.as_str()), (status, reason), "{}", said.2);
    for word in words {
        assert!(said.2.contains(word), "{word}: {}", said.2);
    }
}

/// That the world's scope says of its identity, and so of itself, that it fails, with all of these words.
#[track_caller]
fn assert_scope_fails(world: &World, words: &[&str]) {
    for type_ in ["IdentityReady", "Ready"] {
        assert_says(
            &of_scope(world, "orders", type_),
            "False",
            "IdentityFailed",
            words,
        );
    }
}

/// How far Azure's journal is.
fn mark(world: &World) -> u64 {
    world.emulator.journal_since(u64::MAX).last
}

/// What controllers have asked of Azure Resource Manager since a mark.
fn asked_since(world: &World, mark: u64) -> Vec<Entry> {
    let entries = world.emulator.journal_since(mark).entries.into_iter();
    let ours = entries.filter(|entry| entry.principal.as_deref() != Some(SOMEONE_ELSE));
    ours.filter(|entry| entry.path.starts_with("/subscriptions/"))
        .collect()
}

/// The writes among them, taken or not.
fn writes_since(world: &World, mark: u64) -> Vec<String> {
    let asked = asked_since(world, mark).into_iter();
    let writes = asked.filter(|entry| ["PUT", "PATCH", "DELETE", "POST"].contains(&entry.method.as_str()));
    writes
        .map(|entry| format!("{} {}", entry.method, entry.path))
        .collect()
}

/// How often a token was asked for since a mark, of Entra or of the machine's own service.
fn tokens_since(world: &World, mark: u64) -> usize {
    let entries = world.emulator.journal_since(mark).entries;
    let token = |entry: &&Entry| {
        entry.path.ends_with("/oauth2/v2.0/token")
            || entry.path.starts_with("/metadata/identity/oauth2/token")
    };
    entries.iter().filter(token).count()
}

fn of_scope(world: &World, name: &str, type_: &str) -> (String, String, String) {
    said(&world.api.get(SCOPES, "", name).unwrap(), type_)
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
