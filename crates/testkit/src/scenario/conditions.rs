//! What objects say of themselves.

use serde_json::Value;

/// A condition's status, reason and message; none where the object has no such condition.
pub fn condition(object: &Value, name: &str) -> Option<(String, String, String)> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let of_name = |shown: &&Value| shown.get("type").is_some_and(|kind| kind == name);
    let found = conditions.iter().find(of_name)?;
    let text = |field| {
        found
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Some((text("status"), text("reason"), text("message")))
}
