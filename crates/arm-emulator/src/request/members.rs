//! Which members a body of the network provider can have: what is none of them is refused, and case does not matter.
//!
//! ARM behaviour: the gateway knows the members of a whole resource, the provider those below. Neither lets one pass that it
//! does not know.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::request::call::Call;
use crate::request::errors::{self, Failure};

/// The members of an object: names in Azure's spelling, each with the object that is its value if that is checked.
type Members = HashMap<&'static str, Option<&'static str>>;

#[derive(Default)]
struct Known {
    objects: HashMap<&'static str, Members>,
    /// The objects that are bodies, by their resource type in lower case.
    bodies: HashMap<String, &'static str>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| parsed(include_str!("members.txt")));

fn parsed(text: &'static str) -> Known {
    let mut known = Known::default();
    let mut object = "";
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        let Some(members) = line.strip_prefix("  ") else {
            let (name, resource_type) = line.split_once(": ").unwrap_or((line, ""));
            object = name;
            if !resource_type.is_empty() {
                known.bodies.insert(resource_type.to_ascii_lowercase(), name);
            }
            continue;
        };
        let listed = known.objects.entry(object).or_default();
        match members.split_once(": ") {
            Some((name, value)) => {
                listed.insert(name, Some(value));
            }
            None => listed.extend(
                members
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .map(|name| (name, None)),
            ),
        }
    }
    known
}

/// The members of a whole resource that the gateway knows.
const RESOURCE: &[&str] = &[
    "id",
    "name",
    "type",
    "etag",
    "location",
    "tags",
    "kind",
    "managedBy",
    "managedByExtended",
    "plan",
    "sku",
    "identity",
    "zones",
    "extendedLocation",
    "placement",
    "systemData",
    "provisioningState",
    "createdTime",
    "changedTime",
    "properties",
];

/// The object that is the body of a resource of this type, if its members are known.
fn body_of(resource_type: &str) -> Option<&'static str> {
    KNOWN.bodies.get(&resource_type.to_ascii_lowercase()).copied()
}

/// A member in Azure's spelling, and the object that is its value.
fn member(object: &str, name: &str) -> Option<(&'static str, Option<&'static str>)> {
    let members = KNOWN.objects.get(object)?;
    let found = members
        .get_key_value(name)
        .or_else(|| members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
    found.map(|(known, value)| (*known, *value))
}

fn of_resource(name: &str) -> Option<&'static str> {
    RESOURCE
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .copied()
}

/// Spells the members of a body as Azure does.
pub(crate) fn spell(resource_type: &str, body: &mut Value) {
    let (Some(object), Value::Object(fields)) = (body_of(resource_type), body) else {
        return;
    };
    rename(fields, of_resource);
    for (name, value) in fields {
        if let Some((_, Some(inner))) = member(object, name) {
            spell_object(inner, value);
        }
    }
}

fn spell_object(object: &str, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| spell_object(object, item)),
        Value::Object(fields) => {
            rename(fields, |name| member(object, name).map(|(known, _)| known));
            for (name, value) in fields {
                if let Some((_, Some(inner))) = member(object, name) {
                    spell_object(inner, value);
                }
            }
        }
        _ => {}
    }
}

/// Renames members that are spelled otherwise; one in the right spelling stays.
fn rename(fields: &mut Map<String, Value>, spelled: impl Fn(&str) -> Option<&'static str>) {
    let wrong: Vec<(String, &'static str)> = fields
        .keys()
        .filter_map(|name| Some((name.clone(), spelled(name)?)))
        .filter(|(name, right)| name != right)
        .collect();
    for (name, right) in wrong {
        if let Some(value) = fields.remove(&name) {
            fields.entry(right).or_insert(value);
        }
    }
}

/// A step from an object or list into it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

/// A member that is none.
#[derive(Debug, PartialEq, Eq)]
struct Unknown {
    object: &'static str,
    path: Vec<Step>,
}

impl Unknown {
    /// Where it is in the text that was sent.
    fn place(&self, call: &Call<'_>) -> Option<(usize, usize)> {
        place_of(call.text()?, &self.path)
    }

    /// ARM behaviour: the words of the parser, with the place after the member's name and colon.
    fn message(&self, place: Option<(usize, usize)>) -> String {
        let Some(Step::Member(name)) = self.path.last() else {
            return String::new();
        };
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Member(name) if path.is_empty() => path.push_str(name),
                Step::Member(name) => path.push_str(&format!(".{name}")),
                Step::Element(index) => path.push_str(&format!("[{index}]")),
            }
        }
        let place = place
            .map(|(line, position)| format!(", line {line}, position {position}"))
            .unwrap_or_default();
        format!(
            "Could not find member '{name}' on object of type '{}'. Path '{path}'{place}.",
            self.object
        )
    }
}

/// Line and position in a text of JSON after the name of a member and its colon.
fn place_of(text: &str, path: &[Step]) -> Option<(usize, usize)> {
    let mut part: &RawValue = serde_json::from_str(text).ok()?;
    for step in path {
        part = match step {
            Step::Member(name) => serde_json::from_str::<BTreeMap<String, &RawValue>>(part.get())
                .ok()?
                .into_iter()
                .find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))?,
            Step::Element(index) => serde_json::from_str::<Vec<&RawValue>>(part.get())
                .ok()?
                .get(*index)
                .copied()?,
        };
    }
    let value = part.get().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let before = text.get(..value)?;
    let before = before.get(..=before.rfind(':')?)?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    Some((before.split('\n').count(), line.chars().count()))
}

/// How many members a refusal names.
const NAMED: usize = 10;

fn find(object: &'static str, value: &Value, path: &mut Vec<Step>, found: &mut Vec<Unknown>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Element(index));
                find(object, item, path, found);
                path.pop();
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                path.push(Step::Member(name.clone()));
                match member(object, name) {
                    Some((_, Some(inner))) => find(inner, value, path, found),
                    Some((_, None)) => {}
                    None if found.len() < NAMED => found.push(Unknown {
                        object,
                        path: path.clone(),
                    }),
                    None => {}
                }
                path.pop();
            }
        }
        _ => {}
    }
}

/// Refuses members of a whole resource that the gateway does not know.
pub(crate) fn check_resource(resource_type: &str, body: &Value, call: &Call<'_>) -> Result<(), Failure> {
    let (Some(_), Some(fields)) = (body_of(resource_type), body.as_object()) else {
        return Ok(());
    };
    let Some(name) = fields.keys().find(|name| of_resource(name).is_none()) else {
        return Ok(());
    };
    let unknown = Unknown {
        object: "ResourceDefinition",
        path: vec![Step::Member(name.clone())],
    };
    Err(Failure::gateway(
        400,
        "InvalidRequestContent",
        format!(
            "The request content was invalid and could not be deserialized: '{}'.",
            unknown.message(unknown.place(call))
        ),
    ))
}

/// Refuses members below those of a whole resource that the provider does not know.
pub(crate) fn check(resource_type: &str, body: &Value, call: &Call<'_>) -> Result<(), Failure> {
    let (Some(object), Some(fields)) = (body_of(resource_type), body.as_object()) else {
        return Ok(());
    };
    let mut found = Vec::new();
    for (name, value) in fields {
        if let Some((_, Some(inner))) = member(object, name) {
            find(inner, value, &mut vec![Step::Member(name.clone())], &mut found);
        }
    }
    let mut placed: Vec<_> = found
        .iter()
        .map(|unknown| (unknown.place(call), unknown))
        .collect();
    placed.sort_by_key(|(place, _)| *place);
    let mut messages = placed.into_iter().map(|(place, unknown)| unknown.message(place));
    match messages.next() {
        None => Ok(()),
        Some(first) => Err(messages.fold(
            errors::invalid_format("InvalidJson", first),
            |failure, message| failure.detail("InvalidJson", message),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types;

    #[test]
    fn every_object_that_is_named_is_there() {
        for (object, members) in &KNOWN.objects {
            for (name, value) in members {
                if let Some(value) = value {
                    assert!(KNOWN.objects.contains_key(value), "{object}.{name}: {value}");
                }
            }
        }
        for (resource_type, object) in &KNOWN.bodies {
            assert!(KNOWN.objects.contains_key(object), "{resource_type}: {object}");
        }
    }

    /// Whether all members of a dotted path are known, down to where anything may be.
    fn is_known(object: &'static str, path: &str) -> bool {
        let mut object = object;
        for name in path.split('.').filter(|name| *name != "*") {
            match member(object, name) {
                None => return false,
                Some((known, _)) if known != name => return false,
                Some((_, None)) => return true,
                Some((_, Some(inner))) => object = inner,
            }
        }
        true
    }

    #[test]
    fn all_that_the_tables_speak_of_is_known() {
        let mut checked = 0;
        for row in types::rows() {
            let Some(object) = body_of(row.name) else {
                continue;
            };
            // The usual column of the provider's types stands for some that have no such property.
            let read_only = row
                .read_only
                .iter()
                .filter(|path| **path != "resourceGuid")
                .map(|path| format!("properties.{path}"));
            let others = row
                .required
                .iter()
                .copied()
                .chain(row.shapes.iter().map(|(path, _)| *path))
                .chain(row.enums.iter().map(|(path, _)| *path))
                .chain(row.patterns.iter().map(|(path, _)| *path))
                .chain(row.ranges.iter().map(|(path, ..)| *path))
                .chain(row.lengths.iter().map(|(path, ..)| *path))
                .chain(row.defaults.iter().map(|(path, _)| *path))
                .chain(row.references.iter().map(|reference| reference.path))
                .map(str::to_owned);
            let lists = row
                .inline
                .iter()
                .map(|inline| format!("properties.{}", inline.list));
            for path in read_only.chain(others).chain(lists) {
                assert!(is_known(object, &path), "{}: {path}", row.name);
                checked += 1;
            }
        }
        assert!(checked > 100, "{checked}");
    }

    #[test]
    fn a_place_is_after_the_name_and_its_colon() {
        let text = "{\n  \"a\": [ {},\n    {\"é\" : {\"b\":1, \"B c\"\n:[2]}}]}";
        let path = |steps: &[&str]| -> Vec<Step> {
            steps
                .iter()
                .map(|step| {
                    step.parse()
                        .map_or_else(|_| Step::Member((*step).to_owned()), Step::Element)
                })
                .collect()
        };
        for (steps, place) in [
            (vec!["a"], Some((2, 6))),
            (vec!["a", "1", "é"], Some((3, 10))),
            (vec!["a", "1", "É"], None),
            (vec!["A", "1", "é", "B"], Some((3, 16))),
            (vec!["a", "1", "é", "b c"], Some((4, 1))),
            (vec!["a", "2"], None),
            (vec!["b"], None),
        ] {
            assert_eq!(place_of(text, &path(&steps)), place, "{steps:?}");
        }
    }
}
