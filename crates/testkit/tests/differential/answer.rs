//! What of an answer must be the same on both sides.

use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::generator::END;
use crate::server::Side;

/// An answer of one side.
pub struct Answer {
    /// HTTP status.
    pub code: u16,
    /// The body, as text where it is not JSON.
    pub body: Value,
    /// The resource version is another one than the last that this side gave for the object.
    pub version_changed: bool,
}

/// Compares status, body without volatile parts, and whether the resource version changed.
pub fn compare_answers(real: &Answer, simulated: &Answer) -> Result<(), String> {
    if real.code != simulated.code {
        let bodies = format!("real      {}\nsimulated {}", real.body, simulated.body);
        return Err(format!(
            "status: real {} simulated {}\n{bodies}",
            real.code, simulated.code
        ));
    }
    if real.version_changed != simulated.version_changed {
        let versions = (real.version_changed, simulated.version_changed);
        let bodies = format!(
            "real      {}\nsimulated {}",
            masked(&real.body),
            masked(&simulated.body)
        );
        return Err(format!(
            "a new version: real {} simulated {}\n{bodies}",
            versions.0, versions.1
        ));
    }
    let (real, simulated) = (masked(&real.body), masked(&simulated.body));
    match first_difference(&real, &simulated, "") {
        None => Ok(()),
        Some(difference) => Err(format!("{difference}\nreal      {real}\nsimulated {simulated}")),
    }
}

/// Where two values differ first, and how.
fn first_difference(real: &Value, simulated: &Value, path: &str) -> Option<String> {
    match (real, simulated) {
        (Value::Object(left), Value::Object(right)) => {
            let names: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            names.into_iter().find_map(|name| {
                let (left, right) = (left.get(name), right.get(name));
                let path = format!("{path}.{name}");
                match (left, right) {
                    (Some(left), Some(right)) => first_difference(left, right, &path),
                    _ => Some(format!("{path}: real {left:?} simulated {right:?}")),
                }
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right).enumerate();
            pairs.find_map(|(at, (left, right))| first_difference(left, right, &format!("{path}[{at}]")))
        }
        _ if real == simulated => None,
        _ => Some(format!("{path}: real {real} simulated {simulated}")),
    }
}

/// The body without uids, times and versions, and without the wording of errors.
pub fn masked(body: &Value) -> Value {
    let mut body = body.clone();
    if body["kind"] == "Status" {
        if let Some(status) = body.as_object_mut() {
            status.remove("message");
            let success = status.get("status") == Some(&json!("Success"));
            if let Some(details) = status.get_mut("details").and_then(Value::as_object_mut) {
                details.remove("causes");
                if success {
                    details.insert("uid".to_owned(), json!("masked"));
                }
            }
        }
        return body;
    }
    if let Some(event) = body
        .as_object_mut()
        .filter(|object| object.get("kind") == Some(&json!("Event")))
    {
        // Typed fields that the server writes although nobody set them, and no client of ours reads.
        event.retain(|field, _| !field.starts_with("deprecated"));
    }
    let custom = body["apiVersion"] == "example.dev/v1";
    if let Some(items) = body.get_mut("items").and_then(Value::as_array_mut) {
        for item in items {
            *item = masked(item);
        }
    }
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in [
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "resourceVersion",
            "continue",
        ] {
            if let Some(value) = metadata
                .get_mut(field)
                .filter(|value| !value.is_null() && **value != "")
            {
                *value = json!("masked");
            }
        }
        // The last answer of an object that an apply removes may show the empty containers that the apply sent.
        metadata.retain(|_, value| *value != json!({}) && *value != json!([]));
        // Ownership counts for custom resources only: nobody applies the others.
        if !custom {
            metadata.remove("managedFields");
        }
        if let Some(entries) = metadata.get_mut("managedFields").and_then(Value::as_array_mut) {
            for entry in entries.iter_mut() {
                entry.as_object_mut().expect("an entry").remove("time");
            }
            entries.sort_by_key(|entry| {
                let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
                (text("manager"), text("operation"), text("subresource"))
            });
        }
    }
    body
}

/// All events since a version, up to the one of the probe [`END`] or to an error.
pub async fn watch_events(side: &Side, namespace: &str, version: &str) -> Vec<Value> {
    let path = format!(
        "/apis/example.dev/v1/namespaces/{namespace}/probes?watch=true&resourceVersion={version}&timeoutSeconds=60"
    );
    let response = side.raw("GET", &path, "", Vec::new()).await;
    assert_eq!(response.status().as_u16(), 200, "{}", side.name);
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    let mut events = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.expect("the stream is whole").into_data() {
            bytes.extend_from_slice(&data);
        }
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = bytes.drain(..=end).collect();
            let mut event: Value = serde_json::from_slice(&line).expect("an event");
            let last = event["type"] == "ERROR" || event["object"]["metadata"]["name"] == END;
            if event["type"] != "ERROR" {
                event["object"] = masked(&event["object"]);
            }
            events.push(event);
            if last {
                return events;
            }
        }
    }
    panic!(
        "the watch of {} ended after {} events without the last one",
        side.name,
        events.len()
    )
}
