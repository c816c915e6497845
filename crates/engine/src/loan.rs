//! Fields of somebody else's resource that we set: what was there before, what we put there, and how it is given back.
//!
//! A place is a field, or an element of a list that is shared with others. What was there is recorded before the first
//! write; it comes back where Azure still shows what we put, and nowhere else.

use std::collections::BTreeMap;

use privatelink_api::PreviousValue;
use privatelink_arm::model::{Change, Field, Key, Ownership, ResourceModel};
use serde_json::{Map, Value, json};

use crate::diff::{self, Applied, Difference, at, elements, equal, key_of, put, remove};

/// At most so many of our own values are remembered for a place: those of writes that were never seen to be through.
const MOST_PUT: usize = 8;

/// What is known of one place.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Loan {
    /// What was there before us; none: nothing.
    pub before: Option<Value>,
    /// What we have put there, or were about to.
    pub put: Vec<Value>,
    /// No write of ours was seen to be taken: what was there before may still change.
    pub pending: bool,
}

/// Stands before the path of what no write of ours has changed, as far as is known.
const PENDING: &str = "+";

/// What is known of all places of a resource, by path: `properties.routeTable`, `properties.serviceEndpoints[microsoft.sql]`.
pub type Loans = BTreeMap<String, Loan>;

/// Of an object that has set nothing.
pub static NO_LOANS: Loans = Loans::new();

/// Why places are not given back, by path.
pub type Kept = BTreeMap<String, String>;

/// One place within a model.
struct Place<'a> {
    field: &'a Field,
    /// The element's key, lower-cased, where the place is one of a list.
    key: Option<String>,
}

impl Place<'_> {
    fn path(&self) -> String {
        let name = self.field.path.join(".");
        match &self.key {
            Some(key) => format!("{name}[{key}]"),
            None => name,
        }
    }

    fn value<'b>(&self, body: &'b Value) -> Option<&'b Value> {
        let value = at(body, self.field.path).filter(|value| !value.is_null())?;
        match (&self.key, key_kind(self.field)) {
            (Some(key), Some(kind)) => elements(value, kind).get(key).copied(),
            _ => Some(value),
        }
    }

    fn same(&self, one: Option<&Value>, other: Option<&Value>) -> bool {
        match (one, other) {
            // What an element of a list looks like is the server's: its key is all there is.
            (Some(_), Some(_)) if self.key.is_some() => true,
            (Some(one), Some(other)) => equal(one, other, self.field.compare),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    fn set(&self, body: &mut Value, value: Option<&Value>) {
        let (Some(key), Some(kind)) = (&self.key, key_kind(self.field)) else {
            return match value {
                Some(value) => put(body, self.field.path, value.clone()),
                None => remove(body, self.field.path),
            };
        };
        let list = at(body, self.field.path).and_then(Value::as_array);
        let mut list = list.cloned().unwrap_or_default();
        list.retain(|element| key_of(element, kind).as_ref() != Some(key));
        list.extend(value.cloned());
        put(body, self.field.path, Value::Array(list));
    }
}

fn key_kind(field: &Field) -> Option<Key> {
    match field.ownership {
        Ownership::OwnedKeys(key) => Some(key),
        _ => None,
    }
}

/// The places that a body names, with what it puts there.
fn places<'a>(model: &'a ResourceModel, body: &'a Value) -> Vec<(Place<'a>, &'a Value)> {
    let mut places = Vec::new();
    for field in model.fields {
        let Some(value) = at(body, field.path) else {
            continue;
        };
        match key_kind(field) {
            None => places.push((Place { field, key: None }, value)),
            Some(kind) => {
                let elements = elements(value, kind).into_iter();
                places.extend(elements.map(|(key, element)| {
                    let key = Some(key);
                    (Place { field, key }, element)
                }));
            }
        }
    }
    places
}

/// The paths of the places that a body names.
pub fn paths(model: &ResourceModel, body: &Value) -> Vec<String> {
    places(model, body)
        .iter()
        .map(|(place, _)| place.path())
        .collect()
}

/// The place of a recorded path; none where the model has no such place.
fn place<'a>(model: &'a ResourceModel, path: &str) -> Option<Place<'a>> {
    model.fields.iter().find_map(|field| {
        let name = field.path.join(".");
        let rest = path.strip_prefix(&name)?;
        match key_kind(field) {
            None => rest.is_empty().then_some(Place { field, key: None }),
            Some(_) => {
                let key = rest.strip_prefix('[')?.strip_suffix(']')?;
                let key = Some(key.to_ascii_lowercase());
                Some(Place { field, key })
            }
        }
    })
}

/// What has to be recorded before `wanted` may be written over `observed`. None where `observed` would have to be seen first.
pub fn needed(
    model: &ResourceModel,
    wanted: &Value,
    observed: Option<&Value>,
    recorded: &Loans,
) -> Option<Loans> {
    let mut loans = recorded.clone();
    for (place, value) in places(model, wanted) {
        let path = place.path();
        let found = observed.map(|observed| place.value(observed));
        let loan = match (loans.get_mut(&path), found) {
            (Some(loan), Some(found)) => {
                if loan.pending && !is_ours(&place, found, loan) {
                    // It has come to nothing, and others may have changed it since.
                    (loan.before, loan.put) = (found.map(plain), Vec::new());
                }
                loan
            }
            (Some(loan), None) => loan,
            (None, Some(found)) => loans.entry(path).or_insert(Loan {
                before: found.map(plain),
                put: Vec::new(),
                pending: true,
            }),
            (None, None) => return None,
        };
        if !loan.put.iter().any(|put| place.same(Some(put), Some(value))) {
            loan.put.push(value.clone());
            if loan.put.len() > MOST_PUT {
                loan.put.remove(0);
            }
        }
    }
    Some(loans)
}

/// What is left to remember once Azure is as wanted: what is not wanted any longer has been given back, or was not ours to give.
pub fn settled(model: &ResourceModel, wanted: &Value, recorded: &Loans) -> Loans {
    let held = places(model, wanted).into_iter();
    let held = held.filter_map(|(place, value)| {
        let path = place.path();
        let before = recorded.get(&path)?.before.clone();
        let put = vec![value.clone()];
        let pending = false;
        Some((path, Loan { before, put, pending }))
    });
    held.collect()
}

/// Azure took a write of what is wanted: what was there before is known for good.
pub fn confirmed(model: &ResourceModel, wanted: &Value, recorded: &Loans) -> Loans {
    let mut loans = recorded.clone();
    for (place, _) in places(model, wanted) {
        if let Some(loan) = loans.get_mut(&place.path()) {
            loan.pending = false;
        }
    }
    loans
}

/// The places that are given back: ours, no longer wanted, and still as we left them; with what was there before.
fn returned<'a>(
    model: &'a ResourceModel,
    wanted: &Value,
    observed: &Value,
    loans: &'a Loans,
    kept: &Kept,
) -> Vec<(Place<'a>, &'a Loan)> {
    let wanted: Vec<String> = places(model, wanted)
        .iter()
        .map(|(place, _)| place.path())
        .collect();
    let left = loans
        .iter()
        .filter(|(path, _)| !wanted.contains(path) && !kept.contains_key(*path));
    let places = left.filter_map(|(path, loan)| Some((place(model, path)?, loan)));
    places
        .filter(|(place, loan)| {
            let found = place.value(observed);
            is_ours(place, found, loan) && !place.same(loan.before.as_ref(), found)
        })
        .collect()
}

/// Of another resource that a field names, its id is what counts.
fn plain(value: &Value) -> Value {
    match value.get("id").filter(|id| id.is_string()) {
        Some(id) => json!({"id": id}),
        None => value.clone(),
    }
}

fn is_ours(place: &Place<'_>, found: Option<&Value>, loan: &Loan) -> bool {
    loan.put.iter().any(|put| place.same(Some(put), found))
}

/// In what the resource has to change: what is wanted, and what is given back.
pub fn diff(
    model: &ResourceModel,
    wanted: &Value,
    observed: &Value,
    loans: &Loans,
    kept: &Kept,
) -> Vec<Difference> {
    let mut differences = diff::diff(model, wanted, observed, &Applied::new());
    let returned = returned(model, wanted, observed, loans, kept).into_iter();
    differences.extend(returned.map(|(place, loan)| Difference {
        path: place.path(),
        wanted: loan.before.clone(),
        found: place.value(observed).cloned(),
        change: Change::Allowed,
    }));
    differences
}

/// The body of a PUT: everything that is there, with what is wanted and what is given back laid over it.
pub fn merge(model: &ResourceModel, wanted: &Value, observed: &Value, loans: &Loans, kept: &Kept) -> Value {
    let mut body = diff::merge(model, wanted, Some(observed), &Applied::new());
    for (place, loan) in returned(model, wanted, observed, loans, kept) {
        place.set(&mut body, loan.before.as_ref());
    }
    body
}

/// What stays as we set it, or as others have set it since, after all has been given back that could be: in words.
pub fn left(model: &ResourceModel, observed: &Value, loans: &Loans, kept: &Kept) -> Vec<String> {
    let left = loans.iter().filter_map(|(path, loan)| {
        let place = place(model, path)?;
        let found = place.value(observed);
        if place.same(loan.before.as_ref(), found) {
            return None;
        }
        let shown = found.map_or_else(|| "unset".to_owned(), Value::to_string);
        match (is_ours(&place, found, loan), kept.get(path)) {
            (true, Some(why)) => Some(format!("{path} stays {shown}: {why}")),
            // It is being given back.
            (true, None) => None,
            (false, _) => Some(format!("{path} stays {shown}: somebody has changed it since")),
        }
    });
    left.collect()
}

/// Loans as status keeps them.
pub fn to_status(loans: &Loans) -> Vec<PreviousValue> {
    let shown = loans.iter().map(|(path, loan)| PreviousValue {
        path: if loan.pending {
            format!("{PENDING}{path}")
        } else {
            path.clone()
        },
        value: loan.before.as_ref().map(Value::to_string),
        put: loan.put.iter().map(Value::to_string).collect(),
    });
    shown.collect()
}

/// What status says of loans. What cannot be read, or has a shape that we would not have written, is not given back.
pub fn from_status(previous: &[PreviousValue]) -> Loans {
    let parse = |text: &String| serde_json::from_str::<Value>(text).ok().filter(is_plain);
    let loans = previous.iter().filter_map(|shown| {
        let before = match &shown.value {
            Some(text) => Some(parse(text)?),
            None => None,
        };
        let put = shown.put.iter().filter_map(parse).collect();
        let path = shown.path.strip_prefix(PENDING);
        let pending = path.is_some();
        let path = path.unwrap_or(&shown.path).to_owned();
        Some((path, Loan { before, put, pending }))
    });
    loans.collect()
}

/// A word, another resource's id, or an entry of a list by the name of its service.
fn is_plain(value: &Value) -> bool {
    let names = |map: &Map<String, Value>| {
        let is = |name: &str| map.get(name).is_some_and(Value::is_string);
        is("id") && map.len() == 1 || is("service") && !map.keys().any(|name| name.eq_ignore_ascii_case("id"))
    };
    match value {
        Value::String(_) => true,
        Value::Object(map) => names(map),
        _ => false,
    }
}
