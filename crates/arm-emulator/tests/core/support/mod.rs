//! An emulator on a clock that stands still, and requests in one line.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test module that not every test uses whole"
)]

pub mod estate;
#[rustfmt::skip]
pub mod examples;
pub mod perimeters;
pub mod symmetry;
pub mod traffic;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use privatelink_arm_emulator::identity::PrincipalRecord;
use privatelink_arm_emulator::rbac::{RoleAssignment, RoleDefinition};
use privatelink_arm_emulator::wire::{Request, Response};
use privatelink_arm_emulator::{Emulator, Options};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

pub const SUBSCRIPTION: &str = "11111111-1111-1111-1111-111111111111";

/// An id in the group `g`.
pub fn id(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/{rest}")
}

pub fn network(rest: &str) -> String {
    id(&format!("Microsoft.Network/{rest}"))
}

/// Where a deleted vault is purged.
pub fn purge(name: &str) -> String {
    format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/{name}/purge"
    )
}

pub struct Bench {
    pub emulator: Emulator,
}

impl Bench {
    /// An empty emulator.
    pub fn empty() -> Self {
        let origin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        Bench {
            emulator: Emulator::new(Options::new(Arc::new(move || origin)).unwrap()),
        }
    }

    /// A group with a network 10.0.0.0/16, subnets `a` (10.0.0.0/24) and `b` (10.0.1.0/29), and a storage account `acct`.
    pub fn with_network() -> Self {
        let bench = Self::empty();
        bench.ok(
            "PUT",
            &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g"),
            json!({"location": "westeurope"}),
        );
        bench.ok(
            "PUT",
            &network("virtualNetworks/vnet"),
            json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [
                {"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}},
                {"name": "b", "properties": {"addressPrefix": "10.0.1.0/29"}},
            ]}}),
        );
        bench.ok(
            "PUT",
            &id("Microsoft.Storage/storageAccounts/acct"),
            json!({"location": "northeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}}),
        );
        bench.pass();
        bench
    }

    /// Lets every operation that runs come to its end.
    pub fn pass(&self) {
        self.emulator.advance(SignedDuration::from_secs(120));
    }

    pub fn send_with(&self, method: &str, path: &str, body: &[u8], headers: &[(&str, &str)]) -> Response {
        let separator = if path.contains('?') { '&' } else { '?' };
        let url = if path.starts_with("https://") {
            Url::parse(path).unwrap()
        } else if path.contains("api-version=") {
            Url::parse(&format!("https://management.azure.com{path}")).unwrap()
        } else {
            Url::parse(&format!(
                "https://management.azure.com{path}{separator}api-version=2024-05-01"
            ))
            .unwrap()
        };
        let mut map = HeaderMap::new();
        map.insert("authorization", HeaderValue::from_static("Bearer any"));
        map.insert("content-type", HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            map.insert(
                http::HeaderName::try_from(*name).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let request = Request {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            url,
            headers: map,
            body: Bytes::copy_from_slice(body),
            peer: None,
        };
        self.emulator.exchange(request).response.unwrap()
    }

    /// A GET from the same machine: what the test door is asked for with.
    pub fn send_from_here(&self, url: &str) -> Response {
        let request = Request {
            method: Method::GET,
            url: Url::parse(url).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            peer: Some("127.0.0.1".parse().unwrap()),
        };
        self.emulator.exchange(request).response.unwrap()
    }

    pub fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value, HeaderMap) {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = self.send_with(method, path, text.as_bytes(), &[]);
        (
            response.status.as_u16(),
            serde_json::from_slice(&response.body).unwrap_or(Value::Null),
            response.headers,
        )
    }

    /// A request that has to succeed; the answer's body.
    pub fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer, _) = self.send(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    pub fn get(&self, path: &str) -> Value {
        self.ok("GET", path, Value::Null)
    }

    /// A request that has to be refused; status and ARM code (of the detail, when the code itself says little).
    pub fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, answer, _) = self.send(method, path, body);
        assert!(status >= 400, "{method} {path}: {status} {answer}");
        // Private DNS answers without `error` around it.
        let error = answer.get("error").unwrap_or(&answer);
        (status, error["code"].as_str().unwrap().to_owned())
    }

    /// Whether the last write changed anything, as the journal says.
    pub fn last_changed(&self) -> bool {
        self.emulator.journal_since(0).entries.last().unwrap().changed
    }
}

/// The only principal of an emulator, who has no rights but those that a test gives.
pub struct Limited<'a> {
    bench: &'a Bench,
    authorization: String,
}

impl<'a> Limited<'a> {
    const OBJECT: &'static str = "22222222-2222-2222-2222-222222222222";

    /// From now on a bench's emulator knows this principal and nobody else.
    pub fn of(bench: &'a Bench) -> Self {
        let principal = PrincipalRecord {
            name: "limited".into(),
            object_id: Self::OBJECT.into(),
            tenant_id: "33333333-3333-3333-3333-333333333333".into(),
            client_id: "44444444-4444-4444-4444-444444444444".into(),
            client_secret: None,
            federated_credentials: Vec::new(),
            managed_identity: false,
        };
        bench.emulator.set_principals(vec![principal], Vec::new());
        let hour = SignedDuration::from_hours(1);
        let (token, _) = bench.emulator.issue_token(Some("limited"), None, hour).unwrap();
        Limited {
            bench,
            authorization: format!("Bearer {token}"),
        }
    }

    /// Gives the principal a role with these actions.
    pub fn grant(&self, scope: &str, actions: &[&str]) {
        let role = RoleDefinition {
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            not_actions: Vec::new(),
        };
        let scope = scope.to_owned();
        self.bench
            .emulator
            .assign_role(Self::OBJECT, RoleAssignment { scope, role });
    }

    /// What makes a request the principal's.
    pub fn headers(&self) -> [(&'static str, &str); 1] {
        [("authorization", &self.authorization)]
    }
}

/// A body with which a target of any type can be made, and more properties.
pub fn target_body(more: &Value) -> Value {
    let mut body = json!({
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS", "tier": "Standard", "family": "B"},
        "properties": {
            "tenantId": SUBSCRIPTION,
            "sku": {"name": "standard", "family": "A", "capacity": 1},
            "locations": [{"locationName": "westeurope", "failoverPriority": 0}],
            "databaseAccountOfferType": "Standard",
        },
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body["properties"][name] = value.clone();
    }
    body
}

/// The body of an endpoint on the storage account's blob.
pub fn endpoint_body(subnet: &str) -> Value {
    endpoint_on(
        subnet,
        &id("Microsoft.Storage/storageAccounts/acct"),
        &["blob"],
        false,
    )
}

pub fn endpoint_on(subnet: &str, target: &str, groups: &[&str], manual: bool) -> Value {
    let list = if manual {
        "manualPrivateLinkServiceConnections"
    } else {
        "privateLinkServiceConnections"
    };
    json!({"location": "westeurope", "properties": {
        "subnet": {"id": network(&format!("virtualNetworks/vnet/subnets/{subnet}"))},
        list: [{"name": "c", "properties": {"privateLinkServiceId": target, "groupIds": groups}}],
    }})
}

/// Makes a subnet `nat` (10.0.200.0/24) and a Standard load balancer `nat` with a frontend `fe` in it; gives back the body of a
/// private link service behind it, with `more` in its properties.
pub fn service_body(bench: &Bench, more: Value) -> Value {
    let subnet = network("virtualNetworks/vnet/subnets/nat");
    bench.ok(
        "PUT",
        &subnet,
        json!({"properties": {"addressPrefix": "10.0.200.0/24", "privateLinkServiceNetworkPolicies": "Disabled"}}),
    );
    bench.pass();
    let balancer = network("loadBalancers/nat");
    bench.ok(
        "PUT",
        &balancer,
        json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"frontendIPConfigurations": [
            {"name": "fe", "properties": {"subnet": {"id": subnet}}}]}}),
    );
    bench.pass();
    let mut properties = json!({
        "loadBalancerFrontendIpConfigurations": [{"id": format!("{balancer}/frontendIPConfigurations/fe")}],
        "ipConfigurations": [{"name": "nat", "properties": {"subnet": {"id": subnet}}}],
    });
    for (name, value) in more.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!({"location": "westeurope", "properties": properties})
}

/// What is stored comes back from a snapshot, and goes with its group.
pub fn comes_back_and_goes(bench: &Bench) -> Result<(), TestCaseError> {
    let before = serde_json::to_value(bench.emulator.snapshot()).unwrap_or_default();
    let copy =
        serde_json::from_value(before.clone()).map_err(|error| TestCaseError::fail(error.to_string()))?;
    bench.emulator.restore(&copy);
    prop_assert_eq!(
        serde_json::to_value(bench.emulator.snapshot()).unwrap_or_default(),
        before
    );
    bench.send(
        "DELETE",
        &format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/g"),
        Value::Null,
    );
    bench.pass();
    prop_assert_eq!(
        bench.emulator.resource_ids(),
        Vec::<String>::new(),
        "a group takes everything with it"
    );
    Ok(())
}
