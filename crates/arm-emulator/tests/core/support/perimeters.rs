//! Two perimeters and a storage account, and requests about them in one line.

use http::HeaderMap;
use serde_json::{Value, json};

use super::{Bench, id, network};

pub const ACCOUNT: &str = "Microsoft.Storage/storageAccounts/acct";

/// A path with the API version of perimeters.
pub fn url(path: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("https://management.azure.com{path}{separator}api-version=2024-10-01")
}

pub fn perimeter(rest: &str) -> String {
    network(&format!("networkSecurityPerimeters/{rest}"))
}

/// Requests about perimeters.
pub struct Perimeters(pub Bench);

impl Perimeters {
    /// The perimeters `p` and `q` with a profile `f` each, and a storage account.
    pub fn new() -> Self {
        let bench = Perimeters(Bench::with_network());
        for name in ["p", "q"] {
            bench.ok("PUT", &perimeter(name), json!({"location": "West Europe"}));
            bench.ok("PUT", &perimeter(&format!("{name}/profiles/f")), json!({}));
        }
        bench
    }

    pub fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value, HeaderMap) {
        self.0.send(method, &url(path), body)
    }

    pub fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        self.0.ok(method, &url(path), body)
    }

    pub fn get(&self, path: &str) -> Value {
        self.ok("GET", path, Value::Null)
    }

    pub fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        self.0.refused(method, &url(path), body)
    }

    pub fn poll(&self, headers: &HeaderMap) -> Value {
        self.0.ok(
            "GET",
            headers["azure-asyncoperation"].to_str().unwrap(),
            Value::Null,
        )
    }

    pub fn associate(&self, association: &str, target: &str, profile: &str) -> (u16, Value, HeaderMap) {
        let body = association_body(target, profile, "Learning");
        self.send("PUT", &perimeter(association), body)
    }
}

pub fn association_body(target: &str, profile: &str, mode: &str) -> Value {
    json!({"properties": {
        "privateLinkResource": {"id": id(target)},
        "profile": {"id": perimeter(profile)},
        "accessMode": mode,
    }})
}

pub fn link_body(remote: &str) -> Value {
    json!({"properties": {"autoApprovedRemotePerimeterResourceId": perimeter(remote), "remoteInboundProfiles": ["f"]}})
}
