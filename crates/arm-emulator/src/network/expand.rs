//! `$expand`: what an answer refers to, in the place of the reference.

use serde_json::Value;

use crate::body;
use crate::request::answer;
use crate::request::errors::Failure;
use crate::state::State;
use crate::types::{self, EtagStyle, ResourceType};

/// Puts in the place of references what a GET of them shows, as the query asks for it.
///
/// ARM behaviour: `$expand` names properties that hold references, without `properties` and the numbers of elements, and without
/// regard to case: `ipConfigurations/publicIPAddress`; several of them with commas. What stands there then has references again.
pub(crate) fn expand(
    state: &State,
    table: &ResourceType,
    query: Option<String>,
    shown: &mut Value,
) -> Result<(), Failure> {
    let Some(query) = query.filter(|_| table.etag == EtagStyle::Weak) else {
        return Ok(());
    };
    let known = known(table);
    for wanted in query.split(',') {
        let wanted: Vec<&str> = wanted.trim().split('/').collect();
        if !known.is_empty() {
            check(&known, &wanted)?;
        }
        put(state, shown, &wanted);
    }
    Ok(())
}

/// What can be expanded of a type, each as its segments. Of a type without a row nobody knows: none.
fn known(table: &ResourceType) -> Vec<Vec<String>> {
    if table.name.is_empty() {
        return Vec::new();
    }
    let mut known: Vec<Vec<String>> = table
        .references
        .iter()
        .filter_map(|reference| reference.path.strip_suffix(".id"))
        .chain(table.expands.iter().copied())
        .map(segments)
        .collect();
    for inline in table.inline {
        let child = types::find(&format!("{}/{}", table.name, inline.list)).table;
        known.extend(self::known(child).into_iter().map(|mut path| {
            path.insert(0, inline.list.to_owned());
            path
        }));
    }
    // One that has none at all still has properties that cannot be expanded.
    known.push(Vec::new());
    known
}

fn segments(path: &str) -> Vec<String> {
    path.split('.')
        .filter(|segment| !matches!(*segment, "properties" | "*"))
        .map(str::to_owned)
        .collect()
}

/// ARM behaviour: the first name that there is not is told; of those that there are, the last.
fn check(known: &[Vec<String>], wanted: &[&str]) -> Result<(), Failure> {
    let begins = |path: &[String], count: usize| {
        path.len() >= count
            && path
                .iter()
                .zip(wanted.iter().take(count))
                .all(|(one, other)| one.eq_ignore_ascii_case(other))
    };
    let is_known = known
        .iter()
        .any(|path| path.len() == wanted.len() && begins(path, wanted.len()));
    if is_known {
        return Ok(());
    }
    let wrong = wanted
        .iter()
        .enumerate()
        .find(|(number, _)| !known.iter().any(|path| begins(path, number.saturating_add(1))))
        .map_or_else(|| wanted.last(), |(_, name)| Some(name));
    Err(Failure::network(
        400,
        "InvalidExpandQueryOptionValue",
        format!(
            "$expand query option value is invalid. The resource does not have property {} or the property does not represent a reference to another resource.",
            wrong.copied().unwrap_or_default()
        ),
    ))
}

fn put(state: &State, value: &mut Value, wanted: &[&str]) {
    if let Value::Array(items) = value {
        items.iter_mut().for_each(|item| put(state, item, wanted));
        return;
    }
    let Some((name, rest)) = wanted.split_first() else {
        if let Some(found) = body::text(value, "id").and_then(|id| read(state, id)) {
            *value = found;
        }
        return;
    };
    let below = match value.get_mut("properties") {
        Some(Value::Object(properties)) => properties.iter_mut(),
        _ => return,
    };
    for (_, inner) in below.filter(|(known, _)| known.eq_ignore_ascii_case(name)) {
        put(state, inner, rest);
    }
}

/// What a GET of a resource shows, or of a part of one: an IP configuration.
fn read(state: &State, id: &str) -> Option<Value> {
    let key = id.to_ascii_lowercase();
    if let Some(record) = state.get(&key) {
        return Some(answer::render(state, record));
    }
    let (owner, name) = key.rsplit_once('/')?;
    let (owner, list) = owner.rsplit_once('/')?;
    let shown = answer::render(state, state.get(owner)?);
    let (_, parts) = shown
        .get("properties")?
        .as_object()?
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(list))?;
    parts
        .as_array()?
        .iter()
        .find(|part| body::text(part, "name").is_some_and(|known| known.eq_ignore_ascii_case(name)))
        .cloned()
}
