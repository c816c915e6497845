//! Lists of resources, in pages.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::body;
use crate::private_dns::record_set;
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::form;
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::request::resource_filter::Filter;
use crate::resources::generic;
use crate::resources::groups;
use crate::state::record::Record;
use crate::state::world::World;
use crate::types::hooks::Instead;
use crate::types::{self, PAGE};

/// Answers a list.
///
/// ARM behaviour: `$top` sets the page's size, the next link carries `$skipToken`; the last page has no next link.
///
/// # Errors
/// `$top` or `$skipToken` is nothing that a list can be read by.
pub(crate) fn list(world: &World<'_, '_>) -> Result<Outcome, Failure> {
    let suffix = world
        .call
        .query("$recordsetnamesuffix")
        .unwrap_or_default()
        .to_ascii_lowercase();
    page(
        world,
        "$recordsetnamesuffix",
        |record| record.name().ends_with(&suffix),
        |record| answer::render(world.state, record),
    )
}

/// Answers `/resources` of a subscription or group.
///
/// ARM behaviour: only what every resource has; `$filter` chooses.
///
/// # Errors
/// A filter that the emulator does not know; as those of [`list`].
pub(crate) fn resources(world: &World<'_, '_>) -> Result<Outcome, Failure> {
    let filter = Filter::parse(&world.call.query("$filter").unwrap_or_default())?;
    page(world, "$filter", |record| filter.admits(record), brief)
}

/// Answers the list of a subscription's resource groups.
///
/// # Errors
/// A filter by anything but a tag; as those of [`list`].
pub(crate) fn groups(world: &World<'_, '_>) -> Result<Outcome, Failure> {
    let filter = Filter::of_groups(&world.call.query("$filter").unwrap_or_default())?;
    page(
        world,
        "$filter",
        |record| filter.admits(record),
        groups::shown_group,
    )
}

fn brief(record: &Record) -> Value {
    let mut shown = json!({
        "id": record.id,
        "name": record.name(),
        "type": record.resource_type,
    });
    for field in ["location", "tags", "kind", "sku", "managedBy", "identity"] {
        if let Some(value) = record.body.get(field) {
            body::put(&mut shown, field, value.clone());
        }
    }
    shown
}

fn page(
    world: &World<'_, '_>,
    filter: &str,
    admits: impl Fn(&Record) -> bool,
    show: impl Fn(&Record) -> Value,
) -> Result<Outcome, Failure> {
    let call = world.call;
    let size = form::page_size(call)?;
    let after = form::skip_token(call)?;
    let mut found = listed(world, &after).peekable();
    // Lists of all types are ARM's own.
    let usual = match found.peek() {
        Some(record) if !call.key.ends_with("/resources") => types::find(&record.resource_type).table.page,
        _ => PAGE,
    };
    let size = size.unwrap_or(usual).min(PAGE);
    let mut records: Vec<&Arc<Record>> = found
        .filter(|record| admits(record))
        .take(size.saturating_add(1))
        .collect();
    let more = records.len() > size;
    records.truncate(size);
    let generic = if call.key.ends_with("/resources") {
        records.iter().any(|record| record.generic)
    } else {
        generic::listed_type(&call.path).is_some_and(|listed| generic::is_generic(&listed))
    };
    let mut answer = json!({"value": records.iter().map(|record| show(record)).collect::<Vec<_>>()});
    if more && let Some(last) = records.last() {
        let mut link = format!("{}{}?api-version={}", call.origin, call.path, call.api_version);
        for name in ["$top", filter] {
            if let Some(value) = call.query(name) {
                let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                link.push_str(&format!("&{name}={value}"));
            }
        }
        let token: String = url::form_urlencoded::byte_serialize(last.key().as_bytes()).collect();
        link.push_str(&format!("&$skipToken={token}"));
        body::put(&mut answer, "nextLink", Value::String(link));
    } else if generic::listed_type(&call.path)
        .is_some_and(|listed| types::find(&listed).table.shows.last_link)
    {
        body::put(&mut answer, "nextLink", json!(""));
    }
    Ok(Outcome {
        generic,
        ..Outcome::json(200, answer)
    })
}

/// What a list has after a key, in its order.
fn listed<'a>(world: &'a World<'_, '_>, after: &str) -> Box<dyn Iterator<Item = &'a Arc<Record>> + 'a> {
    let path = &world.call.key;
    match record_set::by_name(world.state, path, after) {
        Some(found) => Box::new(found),
        None => Box::new(world.state.collection_after(path, after)),
    }
}

/// The answer of a type whose lists do not come from the store.
pub(crate) fn instead(world: &World<'_, '_>) -> Instead {
    let (owner, _) = world.call.key.rsplit_once('/')?;
    // As one more id, the list's path says which type it is of.
    let place = Place::parse(&format!("{}/*", world.call.key))?;
    (types::find(&place.resource_type).table.hooks.list)(world, owner)
}
