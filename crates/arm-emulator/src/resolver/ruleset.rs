//! Forwarding rulesets: which outbound endpoints they use, and what keeps them.

use serde_json::Value;

use super::{bad_request, conflict, lies_in, subscription};
use crate::body;
use crate::network::referring;
use crate::request::errors::Failure;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::targets::squeezed;
use crate::types::resolver::RULESET;

/// How many rulesets can use an outbound endpoint.
const RULESETS_PER_ENDPOINT: usize = 2;

const LIST: &str = "dnsResolverOutboundEndpoints";

/// Prepares a write.
///
/// ARM behaviour: one or two outbound endpoints, which are there and in the ruleset's region.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    // A PATCH has the list beside `tags`, and not below `properties`.
    let mut patched = None;
    body::edit(&mut record.body, |fields| patched = fields.remove(LIST));
    if let Some(list) = patched {
        body::put(&mut record.body, &format!("properties.{LIST}"), list);
        record.references = body::referred(&record.body, &record.key());
    }
    let key = record.key();
    let region = record.location().map(squeezed).unwrap_or_default();
    let ids: Vec<String> = body::all(&record.body, &format!("properties.{LIST}.*"))
        .into_iter()
        .map(|one| body::text(one, "id").unwrap_or_default().to_owned())
        .collect();
    if !(1..=2).contains(&ids.len()) {
        return Err(bad_request(format!(
            "The DNS forwarding ruleset {} has to have 1 or 2 outbound endpoints.",
            record.id
        )));
    }
    let mut seen: Vec<String> = Vec::new();
    for id in &ids {
        let endpoint = id.to_ascii_lowercase();
        let found = world.state.get(&endpoint).filter(|found| {
            !found.deleting
                && found.provisioning_state != "Failed"
                && lies_in(found, &region)
                && subscription(&found.id) == subscription(&record.id)
                && found
                    .resource_type
                    .eq_ignore_ascii_case("Microsoft.Network/dnsResolvers/outboundEndpoints")
        });
        if found.is_none() || seen.contains(&endpoint) {
            return Err(bad_request(format!(
                "The outbound endpoint '{id}' of the DNS forwarding ruleset {} was not found in the region '{region}', or is there twice.",
                record.id
            )));
        }
        let others = referring(world.state, &endpoint, RULESET)
            .filter(|other| other.key() != key)
            .count();
        if others >= RULESETS_PER_ENDPOINT {
            return Err(bad_request(format!(
                "The outbound endpoint {id} cannot be used by more than {RULESETS_PER_ENDPOINT} DNS forwarding rulesets."
            )));
        }
        seen.push(endpoint);
    }
    let list = ids.into_iter().map(|id| serde_json::json!({"id": id})).collect();
    body::put(
        &mut record.body,
        &format!("properties.{LIST}"),
        Value::Array(list),
    );
    Ok(())
}

/// ARM behaviour: a ruleset goes with its rules, and stays while it is linked to a network.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let links: Vec<&str> = world
        .state
        .collection(&format!("{}/virtualnetworklinks", record.key()))
        .map(|link| link.id.as_str())
        .collect();
    if links.is_empty() {
        return Ok(());
    }
    Err(conflict(format!(
        "The DNS forwarding ruleset {} has virtual network links and cannot be deleted: {}.",
        record.id,
        links.join(", ")
    )))
}
