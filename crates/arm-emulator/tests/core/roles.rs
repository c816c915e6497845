//! Role definitions, and role assignments that requests make.

use crate::support::{Bench, SUBSCRIPTION, network};
use jiff::SignedDuration;
use privatelink_arm_emulator::identity::PrincipalRecord;
use privatelink_arm_emulator::rbac::{RoleAssignment, RoleDefinition, built_in};
use serde_json::{Value, json};

const ADMIN: &str = "22222222-2222-2222-2222-222222222222";
const USER: &str = "33333333-3333-3333-3333-333333333333";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const ONE: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const TWO: &str = "aaaaaaaa-0000-0000-0000-000000000002";

fn group() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g")
}

fn assignments(scope: &str, rest: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments{rest}")
}

fn role(guid: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{guid}")
}

fn body(guid: &str, principal: &str) -> Value {
    json!({"properties": {"roleDefinitionId": role(guid), "principalId": principal}})
}

/// An emulator with an owner and somebody without rights.
struct Closed {
    bench: Bench,
    tokens: [(&'static str, String); 2],
}

#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tokens of principals that are there, and parts of JSON"
)]
impl Closed {
    fn new() -> Self {
        let bench = Bench::with_network();
        let principal = |name: &str, object_id: &str| PrincipalRecord {
            name: name.into(),
            object_id: object_id.into(),
            tenant_id: "44444444-4444-4444-4444-444444444444".into(),
            client_id: object_id.into(),
            client_secret: None,
            federated_credentials: Vec::new(),
            managed_identity: false,
        };
        bench.emulator.set_principals(
            vec![principal("admin", ADMIN), principal("user", USER)],
            Vec::new(),
        );
        bench.emulator.assign_role(
            ADMIN,
            RoleAssignment {
                scope: "/".into(),
                role: built_in("Owner").unwrap(),
            },
        );
        let tokens = ["admin", "user"].map(|name| {
            let hour = SignedDuration::from_hours(1);
            (
                name,
                bench.emulator.issue_token(Some(name), None, hour).unwrap().0,
            )
        });
        Closed { bench, tokens }
    }

    fn send(&self, who: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let token = self
            .tokens
            .iter()
            .find(|(name, _)| *name == who)
            .map(|(_, token)| format!("Bearer {token}"))
            .unwrap_or_default();
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = self
            .bench
            .send_with(method, path, text.as_bytes(), &[("authorization", &token)]);
        let answer = serde_json::from_slice(&response.body).unwrap_or_default();
        (response.status.as_u16(), answer)
    }

    fn refused(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let (status, answer) = self.send("admin", method, path, body);
        (
            status,
            answer["error"]["code"].as_str().unwrap_or_default().to_owned(),
        )
    }

    fn names(&self, path: &str) -> Vec<String> {
        let (_, answer) = self.send("admin", "GET", path, &Value::Null);
        let mut names: Vec<String> = answer["value"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["name"].as_str().map(str::to_owned))
            .collect();
        names.sort();
        names
    }
}

#[test]
fn an_assignment_gives_rights_and_its_end_takes_them() {
    let closed = Closed::new();
    let vnet = network("virtualNetworks/vnet");
    let read = |expected: u16| {
        assert_eq!(closed.send("user", "GET", &vnet, &Value::Null).0, expected);
    };
    read(403);
    let path = assignments(&group(), &format!("/{ONE}"));
    let (status, answer) = closed.send("admin", "PUT", &path, &body(READER, USER));
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["properties"]["scope"], group());
    assert_eq!(answer["properties"]["principalType"], "ServicePrincipal");
    read(200);
    let write = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    assert_eq!(closed.send("user", "PUT", &vnet, &write).0, 403);
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    assert_eq!(closed.send("user", "GET", &subscription, &Value::Null).0, 403);
    let permissions = format!("{}/providers/Microsoft.Authorization/permissions", group());
    let (_, answer) = closed.send("user", "GET", &permissions, &Value::Null);
    assert_eq!(answer["value"][0]["actions"], json!(["*/read"]));
    // It comes back with a snapshot.
    let snapshot = closed.bench.emulator.snapshot();
    let (status, answer) = closed.send("admin", "DELETE", &path, &Value::Null);
    assert_eq!((status, &answer["name"]), (200, &json!(ONE)));
    read(403);
    assert_eq!(closed.send("admin", "DELETE", &path, &Value::Null).0, 204);
    closed.bench.emulator.restore(&snapshot);
    read(200);
}

#[test]
fn a_reset_gives_back_what_a_request_took_from_the_seed() {
    let closed = Closed::new();
    let role = built_in("Reader").unwrap();
    let scope = group();
    closed
        .bench
        .emulator
        .assign_role(USER, RoleAssignment { scope, role });
    closed.bench.emulator.mark_initial();
    let vnet = network("virtualNetworks/vnet");
    let read = || closed.send("user", "GET", &vnet, &Value::Null).0;
    assert_eq!(read(), 200);
    let (_, all) = closed.send("admin", "GET", &assignments(&group(), ""), &Value::Null);
    let all = all["value"].as_array().unwrap();
    let own = all.iter().find(|one| one["properties"]["principalId"] == USER);
    let id = own.and_then(|own| own["id"].as_str()).unwrap();
    assert_eq!(closed.send("admin", "DELETE", id, &Value::Null).0, 200);
    assert_eq!(read(), 403);
    closed.bench.emulator.reset();
    assert_eq!(read(), 200);
    // HEAD only says whether something is there, whoever answers for it.
    let role = self::role(READER);
    assert_eq!(closed.send("admin", "HEAD", &role, &Value::Null).0, 204);
}

#[test]
fn what_is_wrong_with_an_assignment_is_said_in_azures_words() {
    let closed = Closed::new();
    let at = |name: &str| assignments(&group(), &format!("/{name}"));
    let refused = |name: &str, body: &Value| closed.refused("PUT", &at(name), body);
    let nobody = "99999999-9999-9999-9999-999999999999";
    let expected = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(
        refused("x", &body(READER, USER)),
        expected(400, "InvalidRoleAssignmentId")
    );
    assert_eq!(
        refused(ONE, &body(READER, "wow")),
        expected(400, "InvalidPrincipalId")
    );
    assert_eq!(
        refused(ONE, &body(nobody, USER)),
        expected(400, "RoleDefinitionDoesNotExist")
    );
    assert_eq!(
        refused(ONE, &body(READER, nobody)),
        expected(400, "PrincipalNotFound")
    );
    assert_eq!(
        refused(ONE, &json!({"properties": {"principalId": USER}})),
        expected(400, "BadRequestFormat")
    );
    assert_eq!(
        closed.refused("GET", &at(ONE), &Value::Null),
        expected(404, "RoleAssignmentNotFound")
    );
    let mut typed = body(READER, nobody);
    typed["properties"]["principalType"] = json!("ServicePrincipal");
    assert_eq!(closed.send("admin", "PUT", &at(TWO), &typed).0, 201);
    assert_eq!(closed.send("admin", "PUT", &at(ONE), &body(READER, USER)).0, 201);
    assert_eq!(closed.send("admin", "PUT", &at(ONE), &body(READER, USER)).0, 200);
    assert_eq!(
        refused(ONE, &body(READER, ADMIN)),
        expected(400, "RoleAssignmentUpdateNotPermitted")
    );
    let three = "aaaaaaaa-0000-0000-0000-000000000003";
    assert_eq!(
        refused(three, &body(READER, USER)),
        expected(409, "RoleAssignmentExists")
    );
    let none = network("virtualNetworks/none");
    assert_eq!(
        closed.refused(
            "PUT",
            &assignments(&none, &format!("/{three}")),
            &body(READER, USER)
        ),
        expected(404, "ResourceNotFound")
    );
}

#[test]
fn lists_say_what_is_at_a_scope_above_and_below() {
    let closed = Closed::new();
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    let vnet = network("virtualNetworks/vnet");
    for (scope, name) in [(&subscription, ONE), (&vnet, TWO)] {
        let path = assignments(scope, &format!("/{name}"));
        assert_eq!(closed.send("admin", "PUT", &path, &body(READER, USER)).0, 201);
    }
    let names = |scope: &str, filter: &str| closed.names(&assignments(scope, filter));
    // The owner's is the seed's.
    let everything = names(&group(), "");
    assert_eq!(everything.len(), 3);
    assert_eq!(names(&group(), "?$filter=atScope()").len(), 2);
    assert_eq!(
        names(&group(), &format!("?$filter=principalId eq '{USER}'")),
        [ONE, TWO]
    );
    assert_eq!(
        names(&group(), &format!("?$filter=atScope() and assignedTo('{USER}')")),
        [ONE]
    );
    assert_eq!(
        closed.refused("GET", &assignments(&group(), "?$filter=x"), &Value::Null),
        (400, "InvalidFilter".to_owned())
    );
    // What the seed gave is read and taken away like the rest.
    let owner = everything
        .iter()
        .find(|name| *name != ONE && *name != TWO)
        .cloned()
        .unwrap_or_default();
    let path = assignments("", &format!("/{owner}"));
    let (status, answer) = closed.send("admin", "GET", &path, &Value::Null);
    assert_eq!((status, &answer["properties"]["scope"]), (200, &json!("/")));
    assert_eq!(closed.send("admin", "DELETE", &path, &Value::Null).0, 200);
    assert_eq!(closed.send("admin", "GET", &vnet, &Value::Null).0, 403);
}

#[test]
fn roles_are_listed_made_and_used() {
    let closed = Closed::new();
    let own = RoleDefinition {
        actions: vec!["Microsoft.Network/virtualNetworks/read".into()],
        not_actions: Vec::new(),
    };
    closed.bench.emulator.define_role("Network seer", own);
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    let list = |filter: &str| {
        closed.names(&format!(
            "{subscription}/providers/Microsoft.Authorization/roleDefinitions{filter}"
        ))
    };
    assert_eq!(list("?$filter=roleName eq 'reader'"), [READER]);
    assert_eq!(list("?$filter=roleName eq 'Nothing'"), Vec::<String>::new());
    let seer = list("?$filter=roleName eq 'Network seer'");
    assert_eq!(list("?$filter=type eq 'CustomRole'"), seer);
    assert!(list("").len() > 6);
    let (_, answer) = closed.send("admin", "GET", &role(READER), &Value::Null);
    assert_eq!(answer["id"], role(READER));
    assert_eq!(
        answer["properties"]["permissions"][0]["actions"],
        json!(["*/read"])
    );
    assert_eq!(
        closed
            .send(
                "admin",
                "GET",
                &format!("/providers/Microsoft.Authorization/roleDefinitions/{READER}"),
                &Value::Null
            )
            .0,
        200
    );
    let none = role(ONE);
    assert_eq!(
        closed.refused("GET", &none, &Value::Null),
        (404, "RoleDefinitionDoesNotExist".to_owned())
    );
    // A role that a request makes.
    let made = json!({"properties": {"roleName": "Group seer", "assignableScopes": [subscription],
        "permissions": [{"actions": ["Microsoft.Resources/subscriptions/resourceGroups/read"], "notActions": []}]}});
    assert_eq!(closed.send("admin", "PUT", &none, &made).0, 201);
    assert_eq!(
        closed.refused("PUT", &role(TWO), &made),
        (409, "RoleDefinitionWithSameNameExists".to_owned())
    );
    assert_eq!(closed.refused("PUT", &role(READER), &made).0, 400);
    assert_eq!(closed.send("user", "GET", &group(), &Value::Null).0, 403);
    let path = assignments(&group(), &format!("/{TWO}"));
    assert_eq!(closed.send("admin", "PUT", &path, &body(ONE, USER)).0, 201);
    assert_eq!(closed.send("user", "GET", &group(), &Value::Null).0, 200);
    assert_eq!(
        closed.refused("DELETE", &none, &Value::Null),
        (400, "RoleDefinitionHasAssignments".to_owned())
    );
    assert_eq!(closed.send("admin", "DELETE", &path, &Value::Null).0, 200);
    assert_eq!(closed.send("admin", "DELETE", &none, &Value::Null).0, 200);
}

#[test]
fn in_an_open_emulator_everybody_is_there() {
    let bench = Bench::with_network();
    bench.ok(
        "PUT",
        &assignments(&group(), &format!("/{ONE}")),
        body(READER, USER),
    );
    bench.ok("DELETE", &group(), Value::Null);
    bench.pass();
    assert_eq!(bench.emulator.resource_ids(), Vec::<String>::new());
}
