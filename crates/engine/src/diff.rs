//! The three-way comparison: desired state, observed state, and the keys that we put into shared maps and lists.
//!
//! Pure. `diff` says where Azure differs from what is wanted in fields that are ours; `merge` lays desired state
//! over an observed body, so that a PUT keeps everything that others put there.

use std::collections::{BTreeMap, BTreeSet};

use privatelink_arm::model::{Change, Compare, Field, Key, Ownership, ResourceModel, is_same_location};
use serde_json::{Map, Value};

/// The keys that we put into shared maps and lists, by the field's path (`tags`, `properties.applicationSecurityGroups`).
pub type Applied = BTreeMap<String, BTreeSet<String>>;

/// What the first has and the second has not.
pub fn without(applied: &Applied, others: &Applied) -> Applied {
    let left = applied.iter().map(|(path, keys)| {
        let others = others.get(path);
        let keys = keys
            .iter()
            .filter(|key| !others.is_some_and(|others| others.contains(*key)));
        (path.clone(), keys.cloned().collect::<BTreeSet<String>>())
    });
    left.filter(|(_, keys)| !keys.is_empty()).collect()
}

/// What either has.
pub fn union(mut applied: Applied, others: &Applied) -> Applied {
    for (path, keys) in others {
        applied
            .entry(path.clone())
            .or_default()
            .extend(keys.iter().cloned());
    }
    applied
}

/// One field in which Azure is not as wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Dotted path, with the element's key in brackets: `tags[team]`.
    pub path: String,
    /// `None`: it should not be there.
    pub wanted: Option<Value>,
    /// `None`: it is not there.
    pub found: Option<Value>,
    /// Whether a PUT can mend it.
    pub change: Change,
}

/// The value at a path.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, segment| value.get(*segment))
}

/// The keys of shared maps and lists that desired state names, which the next write would make ours.
pub fn owned_keys(model: &ResourceModel, desired: &Value) -> Applied {
    let mut applied = Applied::new();
    for field in model.fields {
        if let Ownership::OwnedKeys(key) = field.ownership {
            let keys: BTreeSet<String> = at(desired, field.path)
                .map(|value| keys_of(value, key))
                .unwrap_or_default();
            if !keys.is_empty() {
                applied.insert(field.path.join("."), keys);
            }
        }
    }
    applied
}

/// What has to change in Azure; empty when it is as wanted.
pub fn diff(model: &ResourceModel, desired: &Value, observed: &Value, applied: &Applied) -> Vec<Difference> {
    let mut differences = Vec::new();
    for field in model.fields {
        diff_field(field, Place::Body, desired, observed, applied, &mut differences);
    }
    differences
}

/// Where a field is. Its path is put together only where there is a difference: a group has thousands of fields.
#[derive(Clone, Copy)]
enum Place<'a> {
    Body,
    /// In the element of a list with this key.
    Element(&'a Place<'a>, &'a Field, &'a str),
}

impl Place<'_> {
    fn path(&self, field: &Field) -> String {
        let name = field.path.join(".");
        match self {
            Place::Body => name,
            Place::Element(list, of, key) => format!("{}[{key}].{name}", list.path(of)),
        }
    }
}

fn diff_field(
    field: &Field,
    place: Place<'_>,
    desired: &Value,
    observed: &Value,
    applied: &Applied,
    out: &mut Vec<Difference>,
) {
    let (wanted, found) = (
        at(desired, field.path),
        at(observed, field.path).filter(|value| !value.is_null()),
    );
    let mut differs = |wanted: Option<&Value>, found: Option<&Value>| {
        out.push(Difference {
            path: place.path(field),
            wanted: wanted.cloned(),
            found: found.cloned(),
            change: field.change,
        });
    };
    match field.ownership {
        Ownership::Atomic => {
            if wanted.is_some_and(|wanted| !found.is_some_and(|found| equal(wanted, found, field.compare))) {
                differs(wanted, found);
            }
        }
        Ownership::OrNothing => {
            let found = found.filter(|found| !is_nothing(found));
            let wanted = wanted.filter(|wanted| !is_nothing(wanted));
            let same = match (wanted, found) {
                (Some(wanted), Some(found)) => equal(wanted, found, field.compare),
                (wanted, found) => wanted.is_none() && found.is_none(),
            };
            if !same {
                differs(wanted, found);
            }
        }
        Ownership::Whole(key) => {
            let Some(wanted) = wanted else { return };
            let ours = elements(wanted, key);
            let theirs = found.map(|found| elements(found, key)).unwrap_or_default();
            diff_elements(field, place, &ours, &theirs, out);
            for (name, element) in theirs.iter().filter(|(name, _)| !ours.contains_key(*name)) {
                out.push(unwanted(field, place, name, element));
            }
        }
        Ownership::OwnedKeys(key) => {
            let ours = wanted.map(|wanted| elements(wanted, key)).unwrap_or_default();
            let theirs = found.map(|found| elements(found, key)).unwrap_or_default();
            diff_elements(field, place, &ours, &theirs, out);
            let dropped = (!applied.is_empty()).then(|| applied.get(&field.path.join(".")));
            for name in dropped.flatten().into_iter().flatten() {
                let name = name.to_ascii_lowercase();
                if let (false, Some(element)) = (ours.contains_key(&name), theirs.get(&name)) {
                    out.push(unwanted(field, place, &name, element));
                }
            }
        }
    }
}

fn unwanted(field: &Field, place: Place<'_>, name: &str, element: &Value) -> Difference {
    Difference {
        path: format!("{}[{name}]", place.path(field)),
        wanted: None,
        found: Some(element.clone()),
        change: field.change,
    }
}

/// Elements by key.
type Elements<'a> = BTreeMap<String, &'a Value>;

fn diff_elements(
    field: &Field,
    place: Place<'_>,
    ours: &Elements<'_>,
    theirs: &Elements<'_>,
    out: &mut Vec<Difference>,
) {
    let by_key = matches!(
        field.ownership,
        Ownership::OwnedKeys(Key::Field(_)) | Ownership::Whole(Key::Field(_) | Key::Element | Key::Whole)
    );
    for (name, wanted) in ours {
        let found = theirs.get(name).copied();
        let same = match found {
            None => false,
            Some(found) if field.elements.is_empty() => by_key || equal(wanted, found, field.compare),
            Some(found) => {
                let within = Place::Element(&place, field, name);
                for field in field.elements {
                    diff_field(field, within, wanted, found, &Applied::new(), out);
                }
                true
            }
        };
        if !same {
            out.push(Difference {
                path: format!("{}[{name}]", place.path(field)),
                wanted: Some((*wanted).clone()),
                found: found.cloned(),
                change: field.change,
            });
        }
    }
}

/// The body of a PUT that makes Azure as wanted and keeps what is not ours.
pub fn merge(model: &ResourceModel, desired: &Value, observed: Option<&Value>, applied: &Applied) -> Value {
    let Some(observed) = observed else {
        return desired.clone();
    };
    let mut body = observed.clone();
    for path in model.read_only {
        remove(&mut body, path);
    }
    for name in ["id", "name", "type", "systemData"] {
        remove(&mut body, &[name]);
    }
    drop_server_fields(&mut body, model.server_names);
    for field in model.fields {
        merge_field(field, desired, &mut body, applied);
    }
    body
}

fn merge_field(field: &Field, desired: &Value, body: &mut Value, applied: &Applied) {
    let wanted = at(desired, field.path);
    match field.ownership {
        Ownership::Atomic => {
            let Some(wanted) = wanted else { return };
            let same = at(body, field.path).is_some_and(|found| equal(wanted, found, field.compare));
            if !same {
                put(body, field.path, wanted.clone());
            }
        }
        Ownership::OrNothing => match wanted.filter(|wanted| !is_nothing(wanted)) {
            Some(wanted) => {
                let same = at(body, field.path).is_some_and(|found| equal(wanted, found, field.compare));
                if !same {
                    put(body, field.path, wanted.clone());
                }
            }
            None => remove(body, field.path),
        },
        Ownership::Whole(key) => {
            let Some(wanted) = wanted else { return };
            let found = take(body, field.path);
            put(
                body,
                field.path,
                merge_elements(field, key, wanted, found, |_| false),
            );
        }
        Ownership::OwnedKeys(key) => {
            let nothing = if key == Key::MapKey {
                Value::Object(Map::new())
            } else {
                Value::Array(Vec::new())
            };
            let dropped = applied.get(&field.path.join("."));
            if wanted.is_none() && dropped.is_none_or(BTreeSet::is_empty) {
                return;
            }
            let keep = |name: &str| {
                !dropped.is_some_and(|keys| keys.iter().any(|key| key.eq_ignore_ascii_case(name)))
            };
            let found = take(body, field.path);
            put(
                body,
                field.path,
                merge_elements(field, key, wanted.unwrap_or(&nothing), found, keep),
            );
        }
    }
}

/// Desired elements over found ones; a found element that is not desired stays where `keep` says so.
fn merge_elements(
    field: &Field,
    key: Key,
    wanted: &Value,
    found: Value,
    keep: impl Fn(&str) -> bool,
) -> Value {
    let ours = elements(wanted, key);
    if key == Key::MapKey {
        let mut merged = Map::new();
        if let Value::Object(found) = found {
            let others = found.into_iter();
            merged.extend(
                others.filter(|(name, _)| !ours.contains_key(&name.to_ascii_lowercase()) && keep(name)),
            );
        }
        for (name, value) in wanted.as_object().into_iter().flatten() {
            merged.insert(name.clone(), value.clone());
        }
        return Value::Object(merged);
    }
    let mut merged = Vec::new();
    let mut placed = BTreeSet::new();
    let found = match found {
        Value::Array(found) => found,
        _ => Vec::new(),
    };
    for mut element in found {
        let name = key_of(&element, key);
        match name.as_ref().and_then(|name| ours.get(name)) {
            Some(wanted) => {
                for field in field.elements {
                    merge_field(field, wanted, &mut element, &Applied::new());
                }
                merged.push(element);
                placed.extend(name);
            }
            None if name.as_ref().is_none_or(|name| keep(name))
                && !matches!(field.ownership, Ownership::Whole(_)) =>
            {
                merged.push(element);
            }
            None => {}
        }
    }
    let missing = ours
        .iter()
        .filter(|(name, _)| !placed.contains(*name))
        .map(|(_, element)| (*element).clone());
    merged.extend(missing);
    Value::Array(merged)
}

/// Elements of a map or list by their keys, lower-cased. Elements without a key are nobody's.
pub(crate) fn elements(value: &Value, key: Key) -> Elements<'_> {
    match (value, key) {
        (Value::Object(map), Key::MapKey) => map
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect(),
        (Value::Array(list), _) => list
            .iter()
            .filter_map(|element| Some((key_of(element, key)?, element)))
            .collect(),
        _ => BTreeMap::new(),
    }
}

pub(crate) fn key_of(element: &Value, key: Key) -> Option<String> {
    let name = match key {
        Key::Field(path) => at(element, path)?,
        Key::Element => element,
        Key::Whole => return Some(element.to_string()),
        Key::MapKey => return None,
    };
    name.as_str().map(str::to_ascii_lowercase)
}

/// The keys as they are spelled.
fn keys_of(value: &Value, key: Key) -> BTreeSet<String> {
    match (value, key) {
        (Value::Object(map), Key::MapKey) => map.keys().cloned().collect(),
        (Value::Array(list), Key::Field(path)) => list
            .iter()
            .filter_map(|element| at(element, path)?.as_str())
            .map(str::to_owned)
            .collect(),
        (Value::Array(list), Key::Element) => {
            list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// Azure shows a field that nobody set as an empty text or list.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// Lists count as sets, because Azure gives them back in whatever order; of objects the wanted fields count.
pub(crate) fn equal(wanted: &Value, found: &Value, compare: Compare) -> bool {
    match (wanted, found) {
        (Value::Array(wanted), Value::Array(found)) => {
            let is_found = |one: &Value| found.iter().any(|other| equal(one, other, compare));
            let is_wanted = |one: &Value| wanted.iter().any(|other| equal(other, one, compare));
            wanted.len() == found.len() && wanted.iter().all(is_found) && found.iter().all(is_wanted)
        }
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().all(|(name, wanted)| {
            let found = found.get(name);
            found.is_some_and(|found| equal(wanted, found, compare))
        }),
        (Value::String(wanted), Value::String(found)) => match compare {
            Compare::Exact => wanted == found,
            Compare::IgnoreCase => wanted.eq_ignore_ascii_case(found),
            Compare::Location => is_same_location(wanted, found),
        },
        _ => wanted == found,
    }
}

pub(crate) fn put(body: &mut Value, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        *body = value;
        return;
    };
    if !body.is_object() {
        *body = Value::Object(Map::new());
    }
    if let Some(map) = body.as_object_mut() {
        put(map.entry((*first).to_owned()).or_insert(Value::Null), rest, value);
    }
}

/// Takes a value out of its place, which is left empty.
fn take(body: &mut Value, path: &[&str]) -> Value {
    let place = path
        .iter()
        .try_fold(body, |value, segment| value.get_mut(*segment));
    place.map(Value::take).unwrap_or_default()
}

pub(crate) fn remove(body: &mut Value, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let parent = parents
        .iter()
        .try_fold(body, |value, segment| value.get_mut(*segment));
    if let Some(map) = parent.and_then(Value::as_object_mut) {
        map.remove(*last);
    }
}

/// What is the server's at every depth.
fn drop_server_fields(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(map) => {
            names.iter().for_each(|name| drop(map.remove(*name)));
            map.values_mut()
                .for_each(|value| drop_server_fields(value, names));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| drop_server_fields(value, names)),
        _ => {}
    }
}
