//! Sets of field paths: what a field manager owns (`metadata.managedFields`).
//!
//! The rules are those of structured-merge-diff: a leaf, an atomic or an empty container is one member; an element of a
//! keyed list is a member and has members below it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::schema::{ListType, Schema};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Element {
    /// A field of an object.
    Field(String),
    /// An element of a keyed list: the keys and their values as JSON, keys sorted.
    Key(String),
    /// An element of a set: the value as JSON.
    Value(String),
}

impl Element {
    /// How an element of a list is addressed, or `None` in an atomic list.
    pub(super) fn of_list_item(item: &Value, list: &ListType, schema: &Schema) -> Option<Self> {
        match list {
            ListType::Atomic => None,
            ListType::Set => Some(Self::Value(item.to_string())),
            ListType::Map(keys) => {
                let pairs: BTreeMap<&str, Value> = keys
                    .iter()
                    .filter_map(|key| {
                        let value = item.get(key).or_else(|| schema.element().default_of(key))?;
                        Some((key.as_str(), value.clone()))
                    })
                    .collect();
                Some(Self::Key(serde_json::to_string(&pairs).unwrap_or_default()))
            }
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => format!("k:{keys}"),
            Self::Value(value) => format!("v:{value}"),
        }
    }
}

/// A set of field paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FieldSet {
    pub(super) member: bool,
    pub(super) children: BTreeMap<Element, FieldSet>,
}

impl FieldSet {
    fn leaf() -> Self {
        Self {
            member: true,
            children: BTreeMap::new(),
        }
    }

    /// The paths of an applied value: leaves, elements of keyed lists, empty objects, keys of free maps.
    pub(super) fn of(value: &Value, schema: &Schema) -> Self {
        Self::build(value, schema, false)
    }

    /// All paths of a value, with those of its containers.
    fn whole(value: &Value, schema: &Schema) -> Self {
        Self::build(value, schema, true)
    }

    fn build(value: &Value, schema: &Schema, containers: bool) -> Self {
        match value {
            Value::Object(fields) if !schema.atomic => {
                let mut children = BTreeMap::new();
                for (name, child) in fields {
                    let mut set = Self::build(child, schema.field(name), containers);
                    let empty = child.as_object().is_some_and(Map::is_empty);
                    set.member |= empty || !schema.has_property(name);
                    if !set.is_empty() {
                        children.insert(Element::Field(name.clone()), set);
                    }
                }
                Self {
                    member: containers,
                    children,
                }
            }
            Value::Array(items) if schema.list != ListType::Atomic => {
                let mut children = BTreeMap::new();
                for item in items {
                    let Some(element) = Element::of_list_item(item, &schema.list, schema) else {
                        continue;
                    };
                    let mut set = match schema.list {
                        ListType::Map(_) => Self::build(item, schema.element(), containers),
                        _ => Self::default(),
                    };
                    set.member = true;
                    children.insert(element, set);
                }
                Self {
                    member: containers,
                    children,
                }
            }
            _ => Self::leaf(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        let mut result = self.clone();
        result.member |= other.member;
        for (element, child) in &other.children {
            let merged = result
                .children
                .get(element)
                .map_or_else(|| child.clone(), |mine| mine.union(child));
            result.children.insert(element.clone(), merged);
        }
        result
    }

    pub(super) fn difference(&self, other: &Self) -> Self {
        let children = self
            .children
            .iter()
            .map(|(element, child)| {
                let left = other
                    .children
                    .get(element)
                    .map_or_else(|| child.clone(), |theirs| child.difference(theirs));
                (element.clone(), left)
            })
            .filter(|(_, child)| !child.is_empty())
            .collect();
        Self {
            member: self.member && !other.member,
            children,
        }
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let children = self
            .children
            .iter()
            .filter_map(|(element, child)| {
                Some((element.clone(), child.intersection(other.children.get(element)?)))
            })
            .filter(|(_, child)| !child.is_empty())
            .collect();
        Self {
            member: self.member && other.member,
            children,
        }
    }

    /// Keeps or drops the fields of the root that the filter names.
    pub(super) fn retain_root(&mut self, keep: impl Fn(&str) -> bool) {
        self.children
            .retain(|element, _| !matches!(element, Element::Field(name) if !keep(name)));
    }

    /// Drops what no manager owns: identity and what the server itself writes.
    pub(super) fn strip_system_fields(&mut self) {
        self.retain_root(|name| !matches!(name, "apiVersion" | "kind"));
        let metadata = Element::Field("metadata".to_owned());
        if let Some(set) = self.children.get_mut(&metadata) {
            set.member = false;
            set.retain_root(|name| {
                matches!(name, "labels" | "annotations" | "finalizers" | "ownerReferences")
            });
            if set.is_empty() {
                self.children.remove(&metadata);
            }
        }
    }

    /// The first path of the set in the server's notation, for messages.
    pub(super) fn first_path(&self) -> String {
        match self.children.iter().next() {
            Some((element, child)) => {
                let step = match element {
                    Element::Field(name) => format!(".{name}"),
                    Element::Key(keys) => format!(
                        "[{}]",
                        keys.trim_matches(['{', '}']).replace("\":", "=").replace('"', "")
                    ),
                    Element::Value(value) => format!("[={value}]"),
                };
                format!("{step}{}", child.first_path())
            }
            None => String::new(),
        }
    }

    /// The set as `fieldsV1`.
    pub(super) fn render(&self) -> Value {
        let mut fields = Map::new();
        for (element, child) in &self.children {
            let mut rendered = child.render();
            if let (true, false, Some(map)) =
                (child.member, child.children.is_empty(), rendered.as_object_mut())
            {
                map.insert(".".to_owned(), Value::Object(Map::new()));
            }
            fields.insert(element.label(), rendered);
        }
        Value::Object(fields)
    }
}

/// What differs between two values.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Added or given another value.
    pub(super) changed: FieldSet,
    /// In the old value only.
    pub(super) removed: FieldSet,
}

/// Compares two values path by path. A container that comes or goes as a whole is a path as well.
pub(super) fn compare(old: &Value, new: &Value, schema: &Schema) -> Comparison {
    // Null against a container that has something counts as an empty container: its content comes or goes, not itself.
    let empty = |other: &Value| match other {
        Value::Object(fields) if !fields.is_empty() => Some(Value::Object(Map::new())),
        Value::Array(items) if !items.is_empty() => Some(Value::Array(Vec::new())),
        _ => None,
    };
    match (old, new) {
        (Value::Null, filled) => {
            if let Some(empty) = empty(filled) {
                return compare(&empty, filled, schema);
            }
        }
        (filled, Value::Null) => {
            if let Some(empty) = empty(filled) {
                return compare(filled, &empty, schema);
            }
        }
        _ => {}
    }
    let children: Vec<(Element, Option<&Value>, Option<&Value>, &Schema)> = match (old, new) {
        (Value::Object(old), Value::Object(new)) if !schema.atomic => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            let pair = |name: &String| {
                (
                    Element::Field(name.clone()),
                    old.get(name),
                    new.get(name),
                    schema.field(name),
                )
            };
            names.into_iter().map(pair).collect()
        }
        (Value::Array(old), Value::Array(new)) if schema.list != ListType::Atomic => {
            let mut pairs: BTreeMap<Element, (Option<&Value>, Option<&Value>)> = BTreeMap::new();
            let address = |item| Element::of_list_item(item, &schema.list, schema);
            for item in old {
                if let Some(element) = address(item) {
                    pairs.entry(element).or_default().0 = Some(item);
                }
            }
            for item in new {
                if let Some(element) = address(item) {
                    pairs.entry(element).or_default().1 = Some(item);
                }
            }
            pairs
                .into_iter()
                .map(|(element, (old, new))| (element, old, new, schema.element()))
                .collect()
        }
        _ => {
            let changed = if old == new {
                FieldSet::default()
            } else {
                FieldSet::leaf()
            };
            return Comparison {
                changed,
                removed: FieldSet::default(),
            };
        }
    };
    let mut result = Comparison::default();
    for (element, old, new, schema) in children {
        let child = match (old, new) {
            (Some(old), Some(new)) => compare(old, new, schema),
            (None, Some(new)) => Comparison {
                changed: FieldSet::whole(new, schema),
                removed: FieldSet::default(),
            },
            (Some(old), None) => Comparison {
                changed: FieldSet::default(),
                removed: FieldSet::whole(old, schema),
            },
            (None, None) => continue,
        };
        if !child.changed.is_empty() {
            result.changed.children.insert(element.clone(), child.changed);
        }
        if !child.removed.is_empty() {
            result.removed.children.insert(element, child.removed);
        }
    }
    result
}
