//! Small things to do with JSON bodies: paths, differences, ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::request::place::whole;
use crate::state::Key;

/// The value at a dotted path.
pub(crate) fn at<'a>(body: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(body, |value, name| value.get(name))
}

/// The text at a dotted path.
pub(crate) fn text<'a>(body: &'a Value, path: &str) -> Option<&'a str> {
    at(body, path).and_then(Value::as_str)
}

/// All values at a dotted path in which `*` stands for every element of a list.
pub(crate) fn all<'a>(body: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![body];
    for name in path.split('.') {
        found = if name == "*" {
            found.into_iter().filter_map(Value::as_array).flatten().collect()
        } else {
            found.into_iter().filter_map(|value| value.get(name)).collect()
        };
    }
    found
}

/// The same, each with where it is: `properties.list[2].name`.
pub(crate) fn places<'a>(body: &'a Value, path: &str) -> Vec<(String, &'a Value)> {
    let mut found = vec![(String::new(), body)];
    for name in path.split('.') {
        let mut next = Vec::new();
        for (place, value) in found {
            if name == "*" {
                let items = value.as_array().into_iter().flatten().enumerate();
                next.extend(items.map(|(number, item)| (format!("{place}[{number}]"), item)));
            } else if let Some(inner) = value.get(name) {
                let dot = if place.is_empty() { "" } else { "." };
                next.push((format!("{place}{dot}{name}"), inner));
            }
        }
        found = next;
    }
    found
}

/// Runs on every value at a dotted path in which `*` stands for every element of a list.
pub(crate) fn each(body: &mut Value, path: &str, change: &mut dyn FnMut(&mut Value)) {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let mut visit = |inner: &mut Value| match rest {
        Some(rest) => each(inner, rest, change),
        None => change(inner),
    };
    if name == "*" {
        body.as_array_mut().into_iter().flatten().for_each(visit);
    } else if let Some(inner) = body.get_mut(name) {
        visit(inner);
    }
}

/// Takes out a list at a dotted path where it is empty.
pub(crate) fn without_empty(body: &mut Value, path: &str) {
    let Some((owner, name)) = path.rsplit_once('.') else {
        return;
    };
    each(body, owner, &mut |value| {
        let is_empty = |list: &Value| list.as_array().is_some_and(Vec::is_empty);
        if value.get(name).is_some_and(is_empty)
            && let Some(fields) = value.as_object_mut()
        {
            fields.remove(name);
        }
    });
}

/// Puts a value at a dotted path, making objects on the way. Nothing happens where something else is in the way.
pub(crate) fn put(body: &mut Value, path: &str, value: Value) {
    let mut place = body;
    for name in path.split('.') {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        let Some(fields) = place.as_object_mut() else {
            return;
        };
        place = fields.entry(name.to_owned()).or_insert(Value::Null);
    }
    *place = value;
}

/// Runs on the object's fields; an object is made when there is none.
pub(crate) fn edit(value: &mut Value, change: impl FnOnce(&mut Map<String, Value>)) {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    if let Value::Object(fields) = value {
        change(fields);
    }
}

/// Takes out `null`s: ARM treats them as left out.
pub(crate) fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, inner| !inner.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// A JSON merge patch (RFC 7386).
pub(crate) fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *into = patch.clone();
        return;
    };
    edit(into, |fields| {
        for (name, change) in changes {
            if change.is_null() {
                fields.remove(name);
            } else {
                merge(fields.entry(name.clone()).or_insert(Value::Null), change);
            }
        }
    });
}

/// The areas of a body by name: top-level fields, and one level below `properties`.
pub(crate) fn areas(body: &Value) -> BTreeMap<String, &Value> {
    let mut found = BTreeMap::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        if name == "properties" {
            for (inner, value) in value.as_object().into_iter().flatten() {
                found.insert(format!("properties.{inner}"), value);
            }
        } else {
            found.insert(name.clone(), value);
        }
    }
    found
}

/// The areas in which two bodies differ.
pub(crate) fn changed_areas(before: &Value, after: &Value) -> Vec<String> {
    let (old, new) = (areas(before), areas(after));
    old.keys()
        .chain(new.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .cloned()
        .collect()
}

/// What the ids of all that is in a subscription begin with.
const SUBSCRIPTIONS: &str = "/subscriptions/";

/// The keys of every resource id that stands anywhere in the body as the value of an `id` field or of one whose name ends
/// in `Id`. Ids below `own`, the resource's own id, are its parts and no references.
pub(crate) fn referred(body: &Value, own: &str) -> BTreeSet<Key> {
    fn walk(value: &Value, own: &str, found: &mut BTreeSet<Key>) {
        match value {
            Value::Object(fields) => {
                for (name, inner) in fields {
                    match inner.as_str() {
                        Some(id)
                            if (name == "id" || name.ends_with("Id"))
                                && id
                                    .get(..SUBSCRIPTIONS.len())
                                    .is_some_and(|start| start.eq_ignore_ascii_case(SUBSCRIPTIONS)) =>
                        {
                            let key = whole(id);
                            let is_own = key
                                .strip_prefix(own)
                                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
                            if !is_own {
                                found.insert(Arc::from(key));
                            }
                        }
                        _ => walk(inner, own, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, own, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(body, own, &mut found);
    found
}

/// A list of texts at a path, or of the one text there.
pub(crate) fn texts(body: &Value, path: &str) -> Vec<String> {
    match at(body, path) {
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merge_patches_follow_the_standard() {
        for (target, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b", "b": 1}), json!({"a": null}), json!({"b": 1})),
            (json!({"a": [1]}), json!({"a": [2, 3]}), json!({"a": [2, 3]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!([1]), json!({"a": {"b": null}}), json!({"a": {}})),
            (json!({"a": 1}), json!("x"), json!("x")),
        ] {
            let mut merged = target;
            merge(&mut merged, &patch);
            assert_eq!(merged, expected);
        }
    }
}
