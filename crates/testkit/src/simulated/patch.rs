//! JSON merge patch (RFC 7396) and JSON patch (RFC 6902).

use serde_json::{Map, Value};

/// Applies a JSON merge patch.
pub(super) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Some(fields) = target.as_object_mut() {
        for (name, change) in changes {
            if change.is_null() {
                fields.remove(name);
            } else {
                merge_patch(fields.entry(name.clone()).or_insert(Value::Null), change);
            }
        }
    }
}

/// Applies a JSON patch; the text says which operation failed and why.
pub(super) fn json_patch(target: &mut Value, operations: &[Value]) -> Result<(), String> {
    for operation in operations {
        let field = |name: &str| operation.get(name).and_then(Value::as_str);
        let path = field("path").ok_or("an operation without a path")?;
        let value = || {
            operation
                .get("value")
                .cloned()
                .ok_or_else(|| format!("{path}: no value"))
        };
        match field("op") {
            Some("test") => {
                let expected = operation.get("value").cloned().unwrap_or(Value::Null);
                if target.pointer(path).unwrap_or(&Value::Null) != &expected {
                    return Err(format!("testing value {path} failed"));
                }
            }
            Some("add") => add(target, path, value()?)?,
            Some("remove") => {
                remove(target, path)?;
            }
            Some("replace") => {
                let slot = target
                    .pointer_mut(path)
                    .ok_or_else(|| format!("replace: {path} is missing"))?;
                *slot = value()?;
            }
            Some("copy") => {
                let from = field("from").ok_or("copy without from")?;
                let value = target
                    .pointer(from)
                    .cloned()
                    .ok_or_else(|| format!("copy: {from} is missing"))?;
                add(target, path, value)?;
            }
            Some("move") => {
                let from = field("from").ok_or("move without from")?;
                let value = remove(target, from)?;
                add(target, path, value)?;
            }
            other => return Err(format!("unexpected operation {other:?}")),
        }
    }
    Ok(())
}

fn split(path: &str) -> Result<(&str, String), String> {
    let (parent, last) = path
        .rsplit_once('/')
        .ok_or_else(|| format!("not a JSON pointer: {path:?}"))?;
    Ok((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *target = value;
        return Ok(());
    }
    let (parent, last) = split(path)?;
    match target.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.insert(last, value);
            Ok(())
        }
        Some(Value::Array(items)) => {
            let at = if last == "-" {
                Some(items.len())
            } else {
                last.parse().ok()
            };
            match at.filter(|at| *at <= items.len()) {
                Some(at) => {
                    items.insert(at, value);
                    Ok(())
                }
                None => Err(format!("add: no such index: {path}")),
            }
        }
        _ => Err(format!(
            "add operation does not apply: doc is missing path: {path}"
        )),
    }
}

fn remove(target: &mut Value, path: &str) -> Result<Value, String> {
    let (parent, last) = split(path)?;
    let missing = || format!("remove operation does not apply: doc is missing path: {path}");
    match target.pointer_mut(parent) {
        Some(Value::Object(fields)) => fields.remove(&last).ok_or_else(missing),
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(at) if at < items.len() => Ok(items.remove(at)),
            _ => Err(missing()),
        },
        _ => Err(missing()),
    }
}
