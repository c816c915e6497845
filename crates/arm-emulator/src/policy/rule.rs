//! The conditions of policy rules, held against a resource.

use serde_json::{Value, json};

use super::expression::{Context, resolved};
use crate::authorization::rbac::matches_pattern;

/// The operators that conditions have.
const OPERATORS: &[&str] = &[
    "equals",
    "notEquals",
    "like",
    "notLike",
    "in",
    "notIn",
    "contains",
    "notContains",
    "exists",
    "less",
    "lessOrEquals",
    "greater",
    "greaterOrEquals",
];

/// What is wrong with the form of a condition.
pub(crate) fn mistake(condition: &Value) -> Option<String> {
    let Some(fields) = condition.as_object() else {
        return Some("a condition is not an object".to_owned());
    };
    for (name, inner) in fields {
        match name.as_str() {
            "allOf" | "anyOf" => {
                let Some(items) = inner.as_array() else {
                    return Some(format!("'{name}' is not a list"));
                };
                if let Some(found) = items.iter().find_map(mistake) {
                    return Some(found);
                }
            }
            "not" => {
                if let Some(found) = mistake(inner) {
                    return Some(found);
                }
            }
            "count" => {
                if let Some(found) = inner.get("where").and_then(mistake) {
                    return Some(found);
                }
            }
            "field" | "value" => {}
            other if OPERATORS.contains(&other) => {}
            other => return Some(format!("the emulator does not know '{other}' in a condition")),
        }
    }
    None
}

/// The element of a list that a `count` is at.
#[derive(Clone, Copy)]
struct Current<'a> {
    path: &'a str,
    element: &'a Value,
}

/// Whether a rule's condition holds for a resource.
pub(crate) fn holds(condition: &Value, context: Context<'_>) -> bool {
    holds_at(condition, context, &[])
}

fn holds_at(condition: &Value, context: Context<'_>, current: &[Current<'_>]) -> bool {
    let all = |name: &str| condition.get(name).and_then(Value::as_array);
    if let Some(items) = all("allOf") {
        return items.iter().all(|item| holds_at(item, context, current));
    }
    if let Some(items) = all("anyOf") {
        return items.iter().any(|item| holds_at(item, context, current));
    }
    if let Some(inner) = condition.get("not") {
        return !holds_at(inner, context, current);
    }
    let Some(resource) = context.resource else {
        return false;
    };
    let Some((operator, wanted)) = OPERATORS
        .iter()
        .find_map(|name| Some((*name, condition.get(*name)?)))
    else {
        return false;
    };
    let Some(wanted) = resolved(wanted, context) else {
        return false;
    };
    if let Some(count) = condition.get("count") {
        let path = count.get("field").and_then(Value::as_str).unwrap_or_default();
        let number = values(resource, path, current)
            .into_iter()
            .filter(|element| {
                let mut deeper = current.to_vec();
                deeper.push(Current { path, element });
                count
                    .get("where")
                    .is_none_or(|condition| holds_at(condition, context, &deeper))
            })
            .count();
        return compare(operator, Some(&json!(number)), &wanted);
    }
    if let Some(value) = condition.get("value") {
        return resolved(value, context).is_some_and(|value| compare(operator, Some(&value), &wanted));
    }
    let path = condition.get("field").cloned().unwrap_or_default();
    let path = resolved(&path, context).unwrap_or_default();
    let path = path.as_str().unwrap_or_default();
    let found = values(resource, path, current);
    // ARM behaviour: a condition on a list holds when it does for every element.
    if path.contains("[*]") {
        return found
            .into_iter()
            .all(|value| compare(operator, Some(value), &wanted));
    }
    compare(operator, found.first().copied(), &wanted)
}

/// The value of a field, as expressions see it.
pub(crate) fn field(resource: &Value, path: &str) -> Value {
    let found = values(resource, path, &[]);
    if path.contains("[*]") {
        return Value::Array(found.into_iter().cloned().collect());
    }
    found.first().map_or(json!(""), |value| (*value).clone())
}

/// The values at a field: a word such as `type`, a tag, or an alias, which is the type and a path below `properties`.
fn values<'a>(resource: &'a Value, path: &str, current: &[Current<'a>]) -> Vec<&'a Value> {
    for at in current.iter().rev() {
        let below = path
            .get(..at.path.len())
            .filter(|head| head.eq_ignore_ascii_case(at.path))
            .and_then(|_| path.get(at.path.len()..));
        if let Some(below) = below.filter(|below| below.is_empty() || below.starts_with('.')) {
            return walk(vec![at.element], below.trim_start_matches('.'));
        }
    }
    let lower = path.to_ascii_lowercase();
    if ["type", "name", "location", "kind", "id", "tags"].contains(&lower.as_str()) {
        return resource.get(&lower).into_iter().collect();
    }
    if lower == "fullname" {
        return resource.get("fullName").into_iter().collect();
    }
    if let Some(tag) = path.get(..4).filter(|head| head.eq_ignore_ascii_case("tags")) {
        let name = path
            .get(tag.len()..)
            .unwrap_or_default()
            .trim_matches(['.', '[', ']', '\''].as_slice());
        return resource
            .get("tags")
            .and_then(|tags| insensitive(tags, name))
            .into_iter()
            .collect();
    }
    let kind = resource.get("type").and_then(Value::as_str).unwrap_or_default();
    let rest = path
        .get(..kind.len())
        .filter(|head| head.eq_ignore_ascii_case(kind))
        .and_then(|_| path.get(kind.len()..)?.strip_prefix('/'));
    match rest {
        Some(rest) if !kind.is_empty() => walk(vec![resource], rest),
        _ => Vec::new(),
    }
}

/// Follows a path in which `[*]` stands for every element; what an alias leaves out is `properties`, at any step.
fn walk<'a>(mut found: Vec<&'a Value>, path: &str) -> Vec<&'a Value> {
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let (name, every) = match step.strip_suffix("[*]") {
            Some(name) => (name, true),
            None => (step, false),
        };
        found = found
            .into_iter()
            .filter_map(|value| {
                value
                    .get("properties")
                    .and_then(|properties| insensitive(properties, name))
                    .or_else(|| insensitive(value, name))
            })
            .collect();
        if every {
            found = found.into_iter().filter_map(Value::as_array).flatten().collect();
        }
    }
    found
}

fn insensitive<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value
        .as_object()?
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// A value as the text that it is compared by.
pub(crate) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn compare(operator: &str, found: Option<&Value>, wanted: &Value) -> bool {
    let same = |one: &Value, other: &Value| as_text(one).eq_ignore_ascii_case(&as_text(other));
    let is = |value: Option<&Value>| value.is_some_and(|value| same(value, wanted));
    let among = || {
        wanted
            .as_array()
            .into_iter()
            .flatten()
            .any(|one| found.is_some_and(|found| same(found, one)))
    };
    let like = || found.is_some_and(|found| matches_pattern(&as_text(wanted), &as_text(found)));
    let contains = || match found {
        Some(Value::Array(items)) => items.iter().any(|item| same(item, wanted)),
        Some(other) => as_text(other)
            .to_ascii_lowercase()
            .contains(&as_text(wanted).to_ascii_lowercase()),
        None => false,
    };
    let number = |compare: fn(&f64, &f64) -> bool| {
        let as_number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
        match (found.and_then(as_number), as_number(wanted)) {
            (Some(one), Some(other)) => compare(&one, &other),
            _ => false,
        }
    };
    match operator {
        "equals" => is(found),
        "notEquals" => !is(found),
        "in" => among(),
        "notIn" => !among(),
        "like" => like(),
        "notLike" => !like(),
        "contains" => contains(),
        "notContains" => !contains(),
        "exists" => {
            found.is_some_and(|found| !found.is_null()) == as_text(wanted).eq_ignore_ascii_case("true")
        }
        "less" => number(f64::lt),
        "lessOrEquals" => number(f64::le),
        "greater" => number(f64::gt),
        "greaterOrEquals" => number(f64::ge),
        _ => false,
    }
}
