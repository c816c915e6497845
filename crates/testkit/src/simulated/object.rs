//! Reading and writing `metadata` of an untyped object without ever panicking.

use serde_json::{Map, Value};

pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name").unwrap_or_default()
}

pub(super) fn resource_version(object: &Value) -> Option<&str> {
    text(object, "/metadata/resourceVersion").filter(|version| !version.is_empty())
}

pub(super) fn is_deleting(object: &Value) -> bool {
    text(object, "/metadata/deletionTimestamp").is_some()
}

pub(super) fn finalizers(object: &Value) -> Vec<&str> {
    object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

/// The fields of `metadata`, which is created where it is missing or not an object.
pub(super) fn metadata_mut(object: &mut Value) -> Option<&mut Map<String, Value>> {
    let root = object.as_object_mut()?;
    let metadata = root
        .entry("metadata")
        .or_insert_with(|| Value::Object(Map::new()));
    if !metadata.is_object() {
        *metadata = Value::Object(Map::new());
    }
    metadata.as_object_mut()
}

/// Sets a field of `metadata`, or removes it when the value is `None`.
pub(super) fn set_metadata(object: &mut Value, field: &str, value: Option<Value>) {
    if let Some(metadata) = metadata_mut(object) {
        match value {
            Some(value) => metadata.insert(field.to_owned(), value),
            None => metadata.remove(field),
        };
    }
}

/// Sets a field of the root, or removes it when the value is `None`.
pub(super) fn set_root(object: &mut Value, field: &str, value: Option<Value>) {
    if let Some(root) = object.as_object_mut() {
        match value {
            Some(value) => root.insert(field.to_owned(), value),
            None => root.remove(field),
        };
    }
}

/// The object without what the server itself writes at each change.
pub(super) fn without_volatile(object: &Value) -> Value {
    let mut copy = object.clone();
    set_metadata(&mut copy, "resourceVersion", None);
    set_metadata(&mut copy, "managedFields", None);
    copy
}

/// The object without `metadata` and `status`: what counts for `metadata.generation`.
pub(super) fn generation_content(object: &Value, status_is_subresource: bool) -> Value {
    let mut copy = object.clone();
    set_root(&mut copy, "metadata", None);
    if status_is_subresource {
        set_root(&mut copy, "status", None);
    }
    copy
}
