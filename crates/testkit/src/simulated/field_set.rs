//! Sets of field paths: what a field manager owns (`metadata.managedFields`).
//!
//! The rules are those of structured-merge-diff: a leaf, an atomic or an empty container is one member; an element of a
//! keyed list is a member and has members below it.

use std::collections::BTreeMap;

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

    /// All paths of a value.
    pub(super) fn of(value: &Value, schema: &Schema) -> Self {
        match value {
            Value::Object(fields) if !fields.is_empty() && !schema.atomic => Self {
                member: false,
                children: fields
                    .iter()
                    .map(|(name, child)| (Element::Field(name.clone()), Self::of(child, schema.field(name))))
                    .collect(),
            },
            Value::Array(items) if !items.is_empty() && schema.list != ListType::Atomic => Self {
                member: false,
                children: items
                    .iter()
                    .filter_map(|item| {
                        let element = Element::of_list_item(item, &schema.list, schema)?;
                        let mut set = match schema.list {
                            ListType::Map(_) => Self::of(item, schema.element()),
                            _ => Self::default(),
                        };
                        set.member = true;
                        Some((element, set))
                    })
                    .collect(),
            },
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

/// Compares two values path by path.
pub(super) fn compare(old: &Value, new: &Value, schema: &Schema) -> Comparison {
    let (before, after) = (FieldSet::of(old, schema), FieldSet::of(new, schema));
    Comparison {
        changed: after.difference(&before).union(&modified(old, new, schema)),
        removed: before.difference(&after),
    }
}

fn modified(old: &Value, new: &Value, schema: &Schema) -> FieldSet {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) if !old.is_empty() && !new.is_empty() && !schema.atomic => {
            let children = new
                .iter()
                .filter_map(|(name, child)| {
                    let set = modified(old.get(name)?, child, schema.field(name));
                    (!set.is_empty()).then(|| (Element::Field(name.clone()), set))
                })
                .collect();
            FieldSet {
                member: false,
                children,
            }
        }
        (Value::Array(old), Value::Array(new))
            if !old.is_empty() && !new.is_empty() && schema.list != ListType::Atomic =>
        {
            let before: BTreeMap<Element, &Value> = old
                .iter()
                .filter_map(|item| Some((Element::of_list_item(item, &schema.list, schema)?, item)))
                .collect();
            let children = new
                .iter()
                .filter_map(|item| {
                    let element = Element::of_list_item(item, &schema.list, schema)?;
                    let set = modified(before.get(&element)?, item, schema.element());
                    (!set.is_empty()).then_some((element, set))
                })
                .collect();
            FieldSet {
                member: false,
                children,
            }
        }
        _ if old == new => FieldSet::default(),
        _ => FieldSet::leaf(),
    }
}
