//! Lists of resources, in pages.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer;
use crate::body;
use crate::outcome::Outcome;
use crate::record::Record;
use crate::world::World;

/// How many resources a page of a list has when the request does not say.
const PAGE: usize = 1000;

/// Answers a list.
///
/// ARM behaviour: `$top` sets the page's size, the next link carries `$skipToken`; the last page has no next link.
pub(crate) fn list(world: &World<'_, '_>) -> Outcome {
    let call = world.call;
    let size = call
        .query("$top")
        .and_then(|top| top.parse::<usize>().ok())
        .filter(|top| *top > 0)
        .unwrap_or(PAGE)
        .min(PAGE);
    let after = call.query("$skipToken").unwrap_or_default();
    let mut records: Vec<&Arc<Record>> = world
        .state
        .collection_after(&call.key, &after)
        .take(size.saturating_add(1))
        .collect();
    let more = records.len() > size;
    records.truncate(size);
    let generic = records.first().is_some_and(|record| record.generic);
    let mut answer = json!({"value": records.iter().map(|record| answer::render(world.state, record)).collect::<Vec<_>>()});
    if more && let Some(last) = records.last() {
        let mut link = format!("{}{}?api-version={}", call.origin, call.path, call.api_version);
        if let Some(top) = call.query("$top") {
            link.push_str(&format!("&$top={top}"));
        }
        let token: String = url::form_urlencoded::byte_serialize(last.key().as_bytes()).collect();
        link.push_str(&format!("&$skipToken={token}"));
        body::put(&mut answer, "nextLink", Value::String(link));
    }
    Outcome {
        generic,
        ..Outcome::json(200, answer)
    }
}
