//! Random requests from a seed.

use std::fmt;

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// One request; `$current`, `$stale` and `$uid` in the body stand for what the server gave.
#[derive(Clone)]
pub struct Step {
    /// What it is, for the statistics.
    pub label: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// Content type, or empty.
    pub content_type: &'static str,
    /// The body.
    pub body: Option<Value>,
    /// The object that it is about.
    pub object: String,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:<18} {} {}", self.label, self.method, self.path)?;
        match &self.body {
            Some(body) => write!(formatter, " {body}"),
            None => Ok(()),
        }
    }
}

pub const JSON: &str = "application/json";
pub const MERGE: &str = "application/merge-patch+json";
const PATCH: &str = "application/json-patch+json";
pub const APPLY: &str = "application/apply-patch+yaml";
const FINALIZERS: [&str; 2] = ["example.dev/first", "example.dev/second"];

/// Name of the probe that ends the watch of a sequence.
pub const END: &str = "end";

impl Step {
    /// Creates a namespace.
    pub fn namespace(name: &str) -> Self {
        Self {
            label: "namespace",
            method: "POST",
            path: "/api/v1/namespaces?fieldManager=user".to_owned(),
            content_type: JSON,
            body: Some(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })),
            object: format!("namespace {name}"),
        }
    }
}

impl Step {
    /// Creates the probe that ends the watch of a sequence.
    pub fn end(namespace: &str) -> Self {
        Self {
            label: "end",
            method: "POST",
            path: format!("/apis/example.dev/v1/namespaces/{namespace}/probes?fieldManager=user"),
            content_type: JSON,
            body: Some(
                json!({ "apiVersion": "example.dev/v1", "kind": "Probe", "metadata": { "name": END }, "spec": {} }),
            ),
            object: END.to_owned(),
        }
    }
}

/// The requests of one sequence.
pub struct Generator {
    random: Rng,
    namespace: String,
}

impl Generator {
    /// The same seed gives the same requests.
    pub fn new(seed: u64, namespace: &str) -> Self {
        Self {
            random: Rng::with_seed(seed),
            namespace: namespace.to_owned(),
        }
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.random.u8(..100) < percent
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.random.usize(..from.len())].clone()
    }

    fn text(&mut self) -> Value {
        json!(self.pick(&["a", "b", "c"]))
    }

    /// A map with some of the keys x, y and z.
    fn map(&mut self) -> Value {
        let mut map = Map::new();
        for key in ["x", "y", "z"] {
            if self.chance(40) {
                map.insert(key.to_owned(), self.text());
            }
        }
        Value::Object(map)
    }

    fn keyed(&mut self, key: &str, names: &[&str], fields: &[(&str, u8)], required: Option<&str>) -> Value {
        let mut names = names.to_vec();
        self.random.shuffle(&mut names);
        let mut items = Vec::new();
        for name in names {
            if !self.chance(45) {
                continue;
            }
            let mut item = Map::from_iter([(key.to_owned(), json!(name))]);
            for (field, percent) in fields {
                if required == Some(field) || self.chance(*percent) {
                    let value = if *field == "port" {
                        json!(self.random.u8(1..4))
                    } else {
                        self.text()
                    };
                    item.insert((*field).to_owned(), value);
                }
            }
            items.push(Value::Object(item));
        }
        Value::Array(items)
    }

    fn spec(&mut self) -> Value {
        let mut spec = Map::new();
        if self.chance(60) {
            spec.insert("size".to_owned(), json!(self.random.u8(..3)));
        }
        if self.chance(30) {
            spec.insert("mode".to_owned(), json!(self.pick(&["Fast", "Slow"])));
        }
        if self.chance(10) {
            spec.insert("mode".to_owned(), json!("Wrong"));
        }
        if self.chance(40) {
            spec.insert("tags".to_owned(), self.map());
        }
        if self.chance(30) {
            let list: Vec<Value> = (0..self.random.usize(..3)).map(|_| self.text()).collect();
            spec.insert("plain".to_owned(), json!(list));
        }
        if self.chance(50) {
            let ports = self.keyed(
                "name",
                &["http", "https", "dns"],
                &[("port", 50), ("note", 40)],
                None,
            );
            spec.insert("ports".to_owned(), ports);
        }
        Value::Object(spec)
    }

    fn status(&mut self) -> Value {
        let mut status = Map::new();
        for field in ["phase", "address"] {
            if self.chance(50) {
                status.insert(field.to_owned(), self.text());
            }
        }
        if self.chance(40) {
            status.insert("observedGeneration".to_owned(), json!(self.random.u8(1..4)));
        }
        if self.chance(50) {
            status.insert("applied".to_owned(), self.map());
        }
        if self.chance(30) {
            status.insert(
                "nested".to_owned(),
                if self.chance(50) {
                    json!({ "left": self.text() })
                } else {
                    json!({})
                },
            );
        }
        if self.chance(70) {
            let fields = [("status", 100), ("reason", 60), ("message", 40)];
            let conditions = self.keyed("type", &["Ready", "Stalled", "Synced"], &fields, Some("status"));
            status.insert("conditions".to_owned(), conditions);
        }
        Value::Object(status)
    }

    fn metadata(&mut self, name: &str) -> Value {
        let mut metadata = json!({ "name": name });
        for field in ["labels", "annotations"] {
            if self.chance(25) {
                metadata[field] = self.map();
            }
        }
        metadata
    }

    fn finalizers(&mut self) -> Value {
        FINALIZERS
            .iter()
            .filter(|_| self.chance(40))
            .map(|finalizer| json!(finalizer))
            .collect()
    }

    fn version(&mut self, metadata: &mut Value, percent: u8) {
        if self.chance(percent) {
            metadata["resourceVersion"] = json!(self.pick(&["$current", "$current", "$stale"]));
        }
    }

    /// The next request.
    pub fn next_step(&mut self) -> Step {
        let name = self.pick(&["one", "two"]);
        let object = format!("/apis/example.dev/v1/namespaces/{}/probes/{name}", self.namespace);
        let collection = format!("/apis/example.dev/v1/namespaces/{}/probes", self.namespace);
        let manager = self.pick(&["controller", "controller", "other"]);
        let step = |label, method, path, content_type, body| Step {
            label,
            method,
            path,
            content_type,
            body,
            object: object.clone(),
        };
        let whole = |metadata: Value, spec: Value| json!({ "apiVersion": "example.dev/v1", "kind": "Probe", "metadata": metadata, "spec": spec });
        let force = if self.chance(85) { "&force=true" } else { "" };
        match self.random.u8(..100) {
            0..12 => {
                let mut body = whole(self.metadata(name), self.spec());
                if self.chance(50) {
                    body["metadata"]["finalizers"] = self.finalizers();
                }
                if self.chance(30) {
                    body["status"] = self.status();
                    body["spec"]["unknown"] = json!(true);
                }
                step(
                    "create",
                    "POST",
                    format!("{collection}?fieldManager=user"),
                    JSON,
                    Some(body),
                )
            }
            12..42 => {
                let mut metadata = json!({ "name": name });
                self.version(&mut metadata, 25);
                let mut body =
                    json!({ "apiVersion": "example.dev/v1", "kind": "Probe", "metadata": metadata });
                if self.chance(95) {
                    body["status"] = self.status();
                }
                let path = format!("{object}/status?fieldManager={manager}{force}");
                step("apply-status", "PATCH", path, APPLY, Some(body))
            }
            42..55 => {
                let mut metadata = self.metadata(name);
                if self.chance(15) {
                    metadata["finalizers"] = self.finalizers();
                }
                let mut spec = self.spec();
                if spec.get("size").is_none() {
                    // An apply that owned nothing but empty containers and leaves them all out removes `spec` itself on
                    // the real server. A spec of ours always has something required in it.
                    spec["size"] = json!(7);
                }
                let body = whole(metadata, spec);
                step(
                    "apply",
                    "PATCH",
                    format!("{object}?fieldManager=user{force}"),
                    APPLY,
                    Some(body),
                )
            }
            55..63 => {
                let mut metadata = self.metadata(name);
                self.version(&mut metadata, 90);
                if self.chance(50) {
                    metadata["finalizers"] = self.finalizers();
                }
                let body = whole(metadata, self.spec());
                step(
                    "replace",
                    "PUT",
                    format!("{object}?fieldManager=editor"),
                    JSON,
                    Some(body),
                )
            }
            63..71 => {
                let mut metadata = json!({ "finalizers": self.finalizers() });
                self.version(&mut metadata, 60);
                let body = json!({ "metadata": metadata });
                step(
                    "merge-finalizers",
                    "PATCH",
                    format!("{object}?fieldManager={manager}"),
                    MERGE,
                    Some(body),
                )
            }
            71..77 => {
                let mut spec = self.spec();
                if self.chance(30) {
                    spec["tags"] = Value::Null;
                }
                let path = format!("{object}?fieldManager=editor");
                step("merge-spec", "PATCH", path, MERGE, Some(json!({ "spec": spec })))
            }
            77..82 => {
                let body = json!({ "status": self.status(), "spec": self.spec() });
                let path = format!("{object}/status?fieldManager=editor");
                step("merge-status", "PATCH", path, MERGE, Some(body))
            }
            82..88 => {
                let version = self.pick(&["$current", "$current", "$stale"]);
                let body = json!([
                    { "op": "test", "path": "/metadata/resourceVersion", "value": version },
                    { "op": "add", "path": "/metadata/finalizers", "value": self.finalizers() },
                ]);
                step(
                    "json-patch",
                    "PATCH",
                    format!("{object}?fieldManager={manager}"),
                    PATCH,
                    Some(body),
                )
            }
            88..93 => {
                let body = match self.random.u8(..4) {
                    0 => Some(json!({ "preconditions": { "uid": "$uid" } })),
                    1 => Some(json!({ "preconditions": { "resourceVersion": "$stale" } })),
                    _ => None,
                };
                step("delete", "DELETE", object.clone(), JSON, body)
            }
            93..97 => step("get", "GET", object.clone(), "", None),
            _ => step("list", "GET", collection, "", None),
        }
    }
}
