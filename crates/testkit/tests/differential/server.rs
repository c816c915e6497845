//! Both sides behind one client, so that the same bytes go to each.

use std::sync::Arc;

use http::Request;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use privatelink_testkit::kubernetes::assets::locate;
use privatelink_testkit::kubernetes::{ApiServer, Identity, Options};
use privatelink_testkit::simulated::SimulatedApi;
use serde_json::Value;

use crate::answer::Answer;
use crate::generator::Step;
use crate::probe;

/// A real API server with the probe's definition.
pub struct RealServer {
    client: Client,
    server: ApiServer,
}

impl RealServer {
    /// Starts the server and waits until it serves probes. Fails where the binaries are missing: a comparison that is
    /// left out in silence proves nothing.
    pub async fn start() -> Self {
        let assets = locate().unwrap_or_else(|error| {
            panic!("the simulation cannot be held against a real API server: {error}\nrun `cargo xtask assets` first")
        });
        let server = ApiServer::start_with(assets, Options::default())
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let client = server
            .client(&Identity::admin().name)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let server = Self { client, server };
        server.install().await;
        server
    }

    /// Stops the server.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    async fn install(&self) {
        let mut side = self.connect();
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let answer = side
            .request("POST", path, "application/json", Some(&probe::definition()))
            .await;
        assert!(matches!(answer.code, 201 | 409), "{:#}", answer.body);
        for _ in 0..200 {
            let answer = side
                .request("GET", "/apis/example.dev/v1/namespaces/default/probes", "", None)
                .await;
            if answer.code == 200 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the definition of probes is not served after 10 s");
    }

    /// A connection.
    pub fn connect(&self) -> Side {
        Side {
            name: "real",
            client: self.client.clone(),
            simulation: None,
            last_code: 0,
            versions: Default::default(),
        }
    }
}

/// A simulation of its own, with the probe's definition.
pub fn connect_simulation() -> Side {
    let api = SimulatedApi::new(Arc::new(jiff::Timestamp::now), &[probe::typed_definition()]);
    // Requests without field manager and user agent are "unknown" to the real server.
    let client = api.client("unknown");
    Side {
        name: "simulated",
        client,
        simulation: Some(api),
        last_code: 0,
        versions: Default::default(),
    }
}

/// One of the two servers.
pub struct Side {
    /// For messages.
    pub name: &'static str,
    client: Client,
    simulation: Option<SimulatedApi>,
    /// HTTP status of the last answer.
    pub last_code: u16,
    /// The resource version and uid of each object as last seen, for requests that name them.
    versions: std::collections::BTreeMap<String, Vec<Value>>,
}

impl Side {
    /// Makes old versions unusable; nothing on the real server, where version 1 always is.
    pub fn compact(&self) {
        if let Some(api) = &self.simulation {
            api.compact();
        }
    }

    /// Sends a step, with the resource version that this server gave in place of the marker.
    pub async fn send(&mut self, step: &Step) -> Answer {
        let seen = self.versions.get(&step.object).cloned().unwrap_or_default();
        let body = step.body.as_ref().map(|body| fill(body, &seen));
        let before = seen.last().cloned();
        let mut answer = self
            .request(step.method, &step.path, step.content_type, body.as_ref())
            .await;
        self.last_code = answer.code;
        if let Some(api) = &self.simulation {
            assert_eq!(api.unexpected(), Vec::<String>::new());
        }
        let version = answer.body.pointer("/metadata/resourceVersion").cloned();
        // The version of a list is that of the whole store, which the real server also writes for itself.
        let version = version.filter(|_| answer.body.get("items").is_none());
        answer.version_changed =
            version.is_some() && before.as_ref().map(|before| &before[0]) != version.as_ref();
        if let (Some(version), true) = (version, (200..300).contains(&answer.code)) {
            let uid = answer.body["metadata"]["uid"].clone();
            self.versions
                .entry(step.object.clone())
                .or_default()
                .push(Value::Array(vec![version, uid]));
        }
        answer
    }

    /// The version of the list of probes.
    pub async fn list_version(&mut self, namespace: &str) -> String {
        let path = format!("/apis/example.dev/v1/namespaces/{namespace}/probes");
        let answer = self.request("GET", &path, "", None).await;
        answer.body["metadata"]["resourceVersion"]
            .as_str()
            .expect("a list has a version")
            .to_owned()
    }

    /// A request of any shape.
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let response = self.raw(method, path, content_type, bytes).await;
        let code = response.status().as_u16();
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("the answer ends")
            .to_bytes();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer {
            code,
            body,
            version_changed: false,
        }
    }

    /// A request whose answer is a stream.
    pub async fn raw(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> http::Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if !content_type.is_empty() {
            request = request.header(http::header::CONTENT_TYPE, content_type);
        }
        self.client
            .send(request.body(Body::from(body)).unwrap())
            .await
            .expect("an answer")
    }
}

/// Replaces `$current` by the last seen resource version, `$stale` by an older one, and `$uid` by the uid.
fn fill(body: &Value, seen: &[Value]) -> Value {
    match body {
        Value::String(text) => match (text.as_str(), seen) {
            ("$current", [.., last]) => last[0].clone(),
            ("$uid", [.., last]) => last[1].clone(),
            ("$stale", [.., older, _]) => older[0].clone(),
            ("$current" | "$stale", _) => Value::from("1"),
            ("$uid", _) => Value::from("none"),
            _ => body.clone(),
        },
        Value::Array(items) => items.iter().map(|item| fill(item, seen)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), fill(value, seen)))
            .collect(),
        _ => body.clone(),
    }
}
