//! An Azure that writes down every request and answers whatever may come of it: what is there and what is not, what is
//! ours and what is somebody else's, operations, refusals, and links that lead elsewhere. What it answers follows from a seed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::request::Body;
use azure_core::http::{AsyncRawResponse, HttpClient, Request as CoreRequest};
use serde_json::{Value, json};

use crate::rights::Request;

/// A case asks a thousandth of this: whoever asks so often does it without a pause, and would never come to an end.
const STORM: u64 = 100_000;

#[derive(Default)]
struct State {
    resources: BTreeMap<String, Value>,
    absent: BTreeMap<String, ()>,
    seen: Vec<Request>,
    /// Owner tags of objects, by the segment of their resources' type.
    owners: BTreeMap<String, Vec<String>>,
    answered: u64,
}

/// The recording Azure.
#[derive(Clone)]
pub struct Azure {
    seed: u64,
    /// Everything works at once: no refusals, no operations.
    smooth: bool,
    state: Arc<Mutex<State>>,
}

impl std::fmt::Debug for Azure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Azure")
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

impl Answer {
    fn of(status: u16, body: Value) -> Self {
        Answer {
            status,
            headers: Vec::new(),
            body,
        }
    }

    fn refusal(status: u16, code: &str) -> Self {
        Self::of(
            status,
            json!({"error": {"code": code, "message": "put here by a test"}}),
        )
    }
}

impl Azure {
    pub fn new(seed: u64, smooth: bool) -> Self {
        Azure {
            seed,
            smooth,
            state: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came since this many requests.
    pub fn since(&self, count: usize) -> Vec<Request> {
        self.lock().seen.get(count..).unwrap_or_default().to_vec()
    }

    /// Whether there were so many requests that no more are answered.
    pub fn is_stormed(&self) -> bool {
        self.lock().answered >= STORM
    }

    /// Names an object's tag: what is found later may carry it.
    pub fn add_owner(&self, segment: &str, tag: &str) {
        self.lock()
            .owners
            .entry(segment.to_owned())
            .or_default()
            .push(tag.to_owned());
    }

    fn roll(&self, what: impl Hash, sides: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, what).hash(&mut hasher);
        hasher.finish() % sides
    }

    fn answer(&self, request: &CoreRequest) -> Answer {
        let url = request.url();
        let authority = url.authority();
        let path = url.path().to_owned();
        let key = percent_decoded(&path).to_ascii_lowercase();
        let body = match request.body() {
            Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap_or(Value::Null),
            Body::SeekableStream(_) => Value::Null,
        };
        let token = request
            .headers()
            .get_optional_str(&HeaderName::from_static("authorization"));
        let method = request.method().as_ref().to_owned();
        if path == "/metadata/identity/oauth2/token" {
            return identity_token(url);
        }
        let mut state = self.lock();
        let before = match method.as_str() {
            "GET" => Value::Null,
            _ => self.find(&mut state, &key).unwrap_or(Value::Null),
        };
        let above = match key.rsplitn(3, '/').nth(2) {
            Some(above) if method != "GET" => self.find(&mut state, above).unwrap_or(Value::Null),
            _ => Value::Null,
        };
        let seen = Request {
            origin: format!("{}://{authority}", url.scheme()),
            token: token.unwrap_or_default().to_owned(),
            method: method.clone(),
            path,
            body: body.clone(),
            before: before.clone(),
            above,
        };
        state.seen.push(seen);
        state.answered += 1;
        let turn = state.answered;
        if !self.smooth {
            match self.roll(("refusal", turn), 60) {
                0 => return Answer::refusal(403, "AuthorizationFailed"),
                1 if method != "GET" => return Answer::refusal(409, "AnotherOperationInProgress"),
                2 => return Answer::refusal(500, "InternalServerError"),
                _ => {}
            }
        }
        match method.as_str() {
            "GET" => self.get(&mut state, &key),
            "PUT" => self.accept(&mut state, &key, body, &before, turn),
            "DELETE" => {
                state.resources.remove(&key);
                state.absent.insert(key, ());
                Answer::of(200, Value::Null)
            }
            _ => Answer::refusal(405, "MethodNotAllowed"),
        }
    }

    fn get(&self, state: &mut State, key: &str) -> Answer {
        let segments: Vec<&str> = key.split('/').skip(1).collect();
        if segments.ends_with(&["operations", segments.last().copied().unwrap_or_default()])
            && segments.contains(&"locations")
        {
            let running = !self.smooth && self.roll(("poll", key, state.answered), 3) == 0;
            let status = if running { "InProgress" } else { "Succeeded" };
            let mut answer = Answer::of(200, json!({"status": status}));
            answer.headers.push(("retry-after", "2".to_owned()));
            return answer;
        }
        if key.ends_with("/providers/microsoft.network") {
            return Answer::of(200, json!({"registrationState": "Registered"}));
        }
        if key.ends_with("/permissions") {
            return Answer::of(200, json!({"value": [{"actions": ["*"], "notActions": []}]}));
        }
        if key.ends_with("/privatelinkresources") {
            let group = json!({"name": "blob", "properties": {"groupId": "blob", "requiredMembers": ["blob"], "requiredZoneNames": ["privatelink.blob.core.windows.net"]}});
            return Answer::of(200, json!({"value": [group]}));
        }
        if segments.len() % 2 == 1 {
            let within = format!("{key}/");
            let all: Vec<&Value> = state
                .resources
                .iter()
                .filter(|(id, _)| {
                    let rest = id.strip_prefix(&within);
                    let rest = rest.or_else(|| {
                        id.strip_prefix(key.strip_suffix("all")?)?
                            .split_once('/')
                            .map(|(_, rest)| rest)
                    });
                    rest.is_some_and(|rest| !rest.contains('/'))
                })
                .map(|(_, body)| body)
                .collect();
            let mut page = json!({"value": all});
            if !self.smooth && self.roll(("next", key, state.answered), 12) == 0 {
                page["nextLink"] = json!(format!(
                    "https://management.azure.com.evil.example{key}?api-version=1&page=2"
                ));
            }
            return Answer::of(200, page);
        }
        match self.find(state, key) {
            Some(body) => Answer::of(200, body),
            None => Answer::refusal(404, "ResourceNotFound"),
        }
    }

    /// What is at an id. The first time it is asked for, it is decided whether anything is.
    fn find(&self, state: &mut State, key: &str) -> Option<Value> {
        if let Some(body) = state.resources.get(key) {
            return Some(body.clone());
        }
        if state.absent.contains_key(key) {
            return None;
        }
        let segments: Vec<&str> = key.split('/').skip(1).collect();
        let kind = segments
            .len()
            .checked_sub(2)
            .and_then(|at| segments.get(at))
            .copied()
            .unwrap_or_default();
        let made_here = matches!(
            kind,
            "privateendpoints"
                | "privatednszonegroups"
                | "virtualnetworklinks"
                | "a"
                | "aaaa"
                | "cname"
                | "txt"
                | "applicationsecuritygroups"
                | "networksecuritygroups"
                | "routetables"
                | "privatednszones"
        );
        let chance = match kind {
            "resourcegroups" => 100,
            _ if made_here => 35,
            _ => 92,
        };
        if self.roll(("there", key), 100) >= chance {
            state.absent.insert(key.to_owned(), ());
            return None;
        }
        let mut body = plausible(key, kind, self.roll(("body", key), 4));
        if made_here && self.roll(("marked", key), 2) > 0 {
            let owners = state.owners.get(kind).map(Vec::as_slice).unwrap_or_default();
            let choice =
                usize::try_from(self.roll(("owner", key), owners.len().max(1) as u64)).unwrap_or_default();
            if let Some(tag) = owners.get(choice) {
                let records = matches!(kind, "a" | "aaaa" | "cname" | "txt");
                let place = if records { "/properties/metadata" } else { "/tags" };
                if let Some(marks) = body.pointer_mut(place) {
                    marks["privatelink.dev_owner"] = json!(tag);
                }
            }
        }
        state.resources.insert(key.to_owned(), body.clone());
        Some(body)
    }

    fn accept(&self, state: &mut State, key: &str, body: Value, before: &Value, turn: u64) -> Answer {
        let kind = key.rsplit('/').nth(1).unwrap_or_default().to_owned();
        let mut stored = body;
        let name = key.rsplit('/').next().unwrap_or_default();
        stored["id"] = json!(key);
        stored["name"] = json!(name);
        stored["etag"] = json!(format!("W/\"{turn}\""));
        if kind == "privateendpoints" {
            grow_endpoint(&mut stored, key, self.roll(("interface", key), 5) == 0);
        }
        if let Some(properties) = stored.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("provisioningState".to_owned(), json!("Succeeded"));
        }
        state.absent.remove(key);
        state.resources.insert(key.to_owned(), stored.clone());
        let status = if before.is_null() { 201 } else { 200 };
        let mut answer = Answer::of(status, stored);
        let subscription = key.split('/').nth(2).unwrap_or_default();
        let operation = match self.roll(("operation", turn), 10) {
            _ if self.smooth => return answer,
            0..=2 => format!(
                "https://management.azure.com/subscriptions/{subscription}/providers/Microsoft.Network/locations/westeurope/operations/{turn}?api-version=1"
            ),
            3 => format!(
                "https://evil.example/subscriptions/{subscription}/providers/Microsoft.Network/locations/westeurope/operations/{turn}"
            ),
            4 => format!(
                "https://management.azure.com/subscriptions/99999999-9999-9999-9999-999999999999/providers/Microsoft.Network/locations/westeurope/operations/{turn}"
            ),
            _ => return answer,
        };
        answer.headers.push(("azure-asyncoperation", operation));
        answer.headers.push(("retry-after", "2".to_owned()));
        answer
    }
}

/// The token of a managed identity says whose it is.
fn identity_token(url: &azure_core::http::Url) -> Answer {
    let client = url.query_pairs().find(|(name, _)| name == "client_id");
    let client = client.map(|(_, client)| client.into_owned()).unwrap_or_default();
    let token = json!({
        "access_token": client, "client_id": client, "expires_in": "86400", "expires_on": "4102444800", "ext_expires_in": "86400",
        "not_before": "0", "resource": "https://management.azure.com", "token_type": "Bearer",
    });
    Answer::of(200, token)
}

fn percent_decoded(path: &str) -> String {
    let mut decoded = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(value) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            decoded.push(value);
            rest = after.get(2..).unwrap_or_default();
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// What a resource may look like that nobody here has made.
fn plausible(key: &str, kind: &str, variant: u64) -> Value {
    let name = key.rsplit('/').next().unwrap_or_default();
    let group = key.split("/providers/").next().unwrap_or_default();
    let mut body = json!({
        "id": key, "name": name, "location": "westeurope", "etag": "W/\"0\"", "tags": {"theirs": "kept"},
        "properties": {"provisioningState": "Succeeded", "metadata": {}},
    });
    let properties = &mut body["properties"];
    match kind {
        "virtualnetworks" => properties["addressSpace"] = json!({"addressPrefixes": ["10.1.0.0/16"]}),
        "subnets" => {
            properties["addressPrefix"] = json!("10.1.0.0/24");
            properties["delegations"] = json!([{"name": "theirs"}]);
            if variant > 0 {
                let group = if variant == 1 {
                    group
                } else {
                    "/subscriptions/11111111-1111-1111-1111-111111111111/resourcegroups/rg-b"
                };
                properties["networkSecurityGroup"] = json!({"id": format!("{group}/providers/Microsoft.Network/networkSecurityGroups/theirs")});
                properties["routeTable"] =
                    json!({"id": format!("{group}/providers/Microsoft.Network/routeTables/theirs")});
                properties["serviceEndpoints"] = json!([{"service": "Microsoft.Storage"}]);
            }
        }
        "privateendpoints" => {
            properties["subnet"] = json!({"id": format!("{group}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/endpoints")});
            grow_endpoint(&mut body, key, variant == 0);
        }
        "privatednszones" => properties["numberOfVirtualNetworkLinks"] = json!(variant),
        "virtualnetworklinks" => {
            properties["virtualNetwork"] =
                json!({"id": format!("{group}/providers/Microsoft.Network/virtualNetworks/vnet")})
        }
        "a" => properties["aRecords"] = json!([{"ipv4Address": "10.1.0.9"}]),
        "storageaccounts" | "vaults" => {
            let endpoint = format!("{group}/providers/Microsoft.Network/privateEndpoints/of-others");
            properties["privateEndpointConnections"] =
                json!([{"properties": {"privateEndpoint": {"id": endpoint}}}]);
        }
        _ => {}
    }
    body
}

/// What Azure adds to an endpoint. Its interface may be anywhere.
fn grow_endpoint(body: &mut Value, key: &str, elsewhere: bool) {
    let group = key.split("/providers/").next().unwrap_or_default();
    let group = if elsewhere {
        "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-theirs"
    } else {
        group
    };
    let name = key.rsplit('/').next().unwrap_or_default();
    let properties = &mut body["properties"];
    properties["networkInterfaces"] =
        json!([{"id": format!("{group}/providers/Microsoft.Network/networkInterfaces/{name}.nic")}]);
    properties["resourceGuid"] = json!("11112222-0000-0000-0000-000000000000");
    properties["customDnsConfigs"] =
        json!([{"fqdn": "stone.blob.core.windows.net", "ipAddresses": ["10.1.0.4"]}]);
    for list in [
        "privateLinkServiceConnections",
        "manualPrivateLinkServiceConnections",
    ] {
        for connection in properties
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            connection["properties"]["privateLinkServiceConnectionState"] =
                json!({"status": "Approved", "description": ""});
        }
    }
}

#[async_trait]
impl HttpClient for Azure {
    async fn execute_request(&self, request: &CoreRequest) -> azure_core::Result<AsyncRawResponse> {
        if self.is_stormed() {
            std::future::pending::<()>().await;
        }
        let answer = self.answer(request);
        let mut headers = Headers::new();
        headers.insert("content-type", "application/json; charset=utf-8");
        for (name, value) in answer.headers {
            headers.insert(name, value);
        }
        let body = if answer.body.is_null() {
            Vec::new()
        } else {
            answer.body.to_string().into_bytes()
        };
        Ok(AsyncRawResponse::from_bytes(answer.status.into(), headers, body))
    }
}
