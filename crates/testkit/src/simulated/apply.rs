//! Server-side apply: merge what a manager sends into the live object, remove what it sent before and leaves out now.

use std::collections::BTreeMap;

use serde_json::Value;

use super::field_set::{Comparison, Element, FieldSet, compare};
use super::schema::{ListType, Schema};

/// Who owns a set of fields: one entry of `metadata.managedFields`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ManagerKey {
    /// `fieldManager` of the request.
    pub(super) manager: String,
    /// `Apply` or `Update`.
    pub(super) operation: &'static str,
    /// `status`, or empty.
    pub(super) subresource: String,
}

/// The fields of one manager, and when they last changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Managed {
    /// The fields.
    pub(super) fields: FieldSet,
    /// When they changed, in the server's clock.
    pub(super) time: String,
}

/// All managers of an object.
pub(super) type Managers = BTreeMap<ManagerKey, Managed>;

/// The merged object, and what the manager owns from now on.
pub(super) struct Applied {
    pub(super) object: Value,
    pub(super) fields: FieldSet,
}

/// Merges an applied configuration into the live object.
///
/// A field that this manager owned and leaves out now is removed unless another manager owns it as well.
pub(super) fn apply(
    live: &Value,
    configuration: &Value,
    schema: &Schema,
    managers: &Managers,
    me: &ManagerKey,
) -> Applied {
    let sent = FieldSet::of(configuration, schema);
    let mut object = merge(live, configuration, schema);
    if let Some(last) = managers.get(me) {
        let owned = managers
            .iter()
            .filter(|(key, _)| *key != me)
            .fold(sent.clone(), |all, (_, theirs)| all.union(&theirs.fields));
        remove(&mut object, schema, &last.fields, &owned);
    }
    let mut fields = sent;
    fields.strip_system_fields();
    Applied { object, fields }
}

/// Takes from the other managers what a write changed or removed, as far as `me` does not own it.
pub(super) fn take_over(managers: &mut Managers, me: &ManagerKey, comparison: &Comparison) {
    for (_, theirs) in managers.iter_mut().filter(|(key, _)| *key != me) {
        theirs.fields = theirs
            .fields
            .difference(&comparison.changed)
            .difference(&comparison.removed);
    }
    managers.retain(|_, managed| !managed.fields.is_empty());
}

/// Records an update (not an apply): the manager owns what it changed.
pub(super) fn record_update(
    managers: &mut Managers,
    me: ManagerKey,
    old: &Value,
    new: &Value,
    schema: &Schema,
    time: &str,
) {
    let mut comparison = compare(old, new, schema);
    comparison.changed.strip_system_fields();
    comparison.removed.strip_system_fields();
    take_over(managers, &me, &comparison);
    let before = managers
        .get(&me)
        .map(|managed| managed.fields.clone())
        .unwrap_or_default();
    let fields = before.difference(&comparison.removed).union(&comparison.changed);
    if fields.is_empty() {
        managers.remove(&me);
    } else if fields != before || !managers.contains_key(&me) {
        managers.insert(
            me,
            Managed {
                fields,
                time: time.to_owned(),
            },
        );
    }
}

fn merge(live: &Value, applied: &Value, schema: &Schema) -> Value {
    match (live, applied) {
        (Value::Object(live), Value::Object(applied)) if !schema.atomic => {
            let mut result = live.clone();
            for (name, value) in applied {
                let merged = live
                    .get(name)
                    .map_or_else(|| value.clone(), |old| merge(old, value, schema.field(name)));
                result.insert(name.clone(), merged);
            }
            Value::Object(result)
        }
        (Value::Array(live), Value::Array(applied)) if schema.list != ListType::Atomic => {
            Value::Array(merge_lists(live, applied, schema))
        }
        _ => applied.clone(),
    }
}

/// Elements of the live list keep their place, those of both follow the order of the applied list.
fn merge_lists(live: &[Value], applied: &[Value], schema: &Schema) -> Vec<Value> {
    let address = |item: &Value| Element::of_list_item(item, &schema.list, schema);
    let live: Vec<(Option<Element>, &Value)> = live.iter().map(|item| (address(item), item)).collect();
    let applied: Vec<(Option<Element>, &Value)> = applied.iter().map(|item| (address(item), item)).collect();
    let find = |list: &[(Option<Element>, &Value)], wanted: &Option<Element>| {
        list.iter().any(|(at, _)| at == wanted)
    };
    let mut shared = applied
        .iter()
        .filter(|(at, _)| find(&live, at))
        .map(|(at, _)| at.clone());
    let mut next_shared = shared.next();
    let mut result = Vec::with_capacity(live.len() + applied.len());
    let (mut left, mut right) = (live.iter().peekable(), applied.iter().peekable());
    loop {
        if let Some((at, item)) = left.peek() {
            if !find(&applied, at) {
                result.push((*item).clone());
                left.next();
                continue;
            }
            let awaited = next_shared.as_ref().is_some_and(|next| next == at);
            if !awaited {
                left.next();
                continue;
            }
        }
        let Some((at, item)) = right.next() else { break };
        let counterpart = live.iter().find(|(other, _)| other == at);
        result
            .push(counterpart.map_or_else(|| (*item).clone(), |(_, old)| merge(old, item, schema.element())));
        if next_shared.as_ref().is_some_and(|next| next == at) {
            if left.peek().is_some_and(|(other, _)| other == at) {
                left.next();
            }
            next_shared = shared.next();
        }
    }
    result
}

/// Removes from `value` the paths of `last` that nobody owns any more.
///
/// A container that is emptied by this becomes null, as structured-merge-diff leaves it: where the schema does not allow
/// null and gives no default, the server then refuses the apply.
fn remove(value: &mut Value, schema: &Schema, last: &FieldSet, owned: &FieldSet) {
    let mut removed = false;
    let emptied = match value {
        Value::Object(fields) => {
            for (element, was) in &last.children {
                let Element::Field(name) = element else { continue };
                match owned.children.get(element) {
                    None => removed |= fields.remove(name).is_some(),
                    Some(kept) => {
                        if let Some(child) = fields.get_mut(name) {
                            remove(child, schema.field(name), was, kept);
                        }
                    }
                }
            }
            fields.is_empty()
        }
        Value::Array(items) => {
            let before = items.len();
            items.retain_mut(|item| {
                let Some(element) = Element::of_list_item(item, &schema.list, schema) else {
                    return true;
                };
                let Some(was) = last.children.get(&element) else {
                    return true;
                };
                match owned.children.get(&element) {
                    // Who owns fields of an element, but not the element, does not keep it.
                    Some(kept) if kept.member || !was.member => {
                        remove(item, schema.element(), was, kept);
                        true
                    }
                    _ => false,
                }
            });
            removed = items.len() != before;
            items.is_empty()
        }
        _ => false,
    };
    if removed && emptied {
        *value = Value::Null;
    }
}
