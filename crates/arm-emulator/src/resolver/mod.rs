//! The DNS resolver: resolvers and their endpoints, forwarding rulesets with their rules and links, and the words in which
//! their provider refuses.

use serde_json::{Map, Value, json};

use crate::body;
use crate::operations::{self, Operation};
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, parent_key};
use crate::request::refusals::{self, Wrong};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::targets::squeezed;
use crate::types::{Pace, ResourceType};

pub(crate) mod endpoint;
pub(crate) mod link;
pub(crate) mod rule;
pub(crate) mod ruleset;

/// A refusal in the provider's form.
///
/// ARM behaviour: `details` is an object, and the JSON is said to be plain text.
pub(crate) fn failure(status: u16, code: &str, message: impl Into<String>) -> Failure {
    let message = message.into();
    let whole =
        json!({"error": {"code": code, "message": message, "target": "", "details": {}, "innererror": {}}});
    Failure {
        whole: Some(Box::new(whole)),
        headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())],
        ..Failure::provider(status, code, message)
    }
}

/// What is read of an operation that failed: its refusal.
///
/// ARM behaviour: 400 at the URL of the status itself, and no status (recorded for a network that is not there).
pub(crate) fn told_by_operation(code: &str, message: &str) -> Failure {
    let status = match code {
        "Conflict" => 409,
        "PreconditionFailed" => 412,
        _ => 400,
    };
    failure(status, code, message)
}

/// An id as the provider says it: without itself.
fn own_words(id: &str) -> String {
    id.replacen("/providers/Microsoft.Network", "", 1)
}

fn bad_request(message: impl Into<String>) -> Failure {
    failure(400, "BadRequest", message)
}

fn conflict(message: impl Into<String>) -> Failure {
    failure(409, "Conflict", message)
}

/// ARM behaviour: resources and endpoints with a region are missed by the gateway; what the provider keeps in its database
/// is missed by it, with an id that leaves out the provider.
pub(crate) fn missing(world: &World<'_, '_>, place: &Place, verb: &str) -> Failure {
    let parent_is_there = place
        .parent
        .as_ref()
        .is_none_or(|parent| world.state.get(&parent.to_ascii_lowercase()).is_some());
    let kind = place.resource_type.rsplit('/').next().unwrap_or_default();
    let said = [
        ("dnsResolvers", "DNS resolver", "dnsResolverResourceId"),
        (
            "dnsForwardingRulesets",
            "DNS forwarding ruleset",
            "dnsForwardingRulesetResourceId",
        ),
        ("forwardingRules", "Forwarding rule", "forwardingRuleIdentity"),
        (
            "virtualNetworkLinks",
            "Virtual network link",
            "virtualNetworkLinkIdentity",
        ),
    ]
    .into_iter()
    .find(|(known, ..)| known.eq_ignore_ascii_case(kind));
    match said {
        Some((_, what, label)) if parent_is_there => {
            let scope = place.id.split("/providers/").next().unwrap_or_default();
            let rest = place.named.split_once('/').map_or("", |(_, rest)| rest);
            failure(
                404,
                "NotFound",
                format!("{what} not found in database. {label}={scope}/{rest}"),
            )
        }
        _ => refusals::missing(world, place, verb),
    }
}

/// Everything that is wrong with a request is a `BadRequest`.
pub(crate) fn refused(table: &ResourceType, wrong: &Wrong<'_>) -> Failure {
    bad_request(refusals::refused(table, wrong).message)
}

pub(crate) fn stale(place: &Place, wanted: &str, exists: bool) -> Failure {
    let message = match (wanted, exists) {
        ("*", true) => format!(
            "The resource {} exists already and hence cannot be created again.",
            place.id
        ),
        (_, true) => format!("The resource {} has been modified (etag mismatch).", place.id),
        (_, false) => format!("The resource {} does not exist.", place.id),
    };
    failure(412, "PreconditionFailed", message)
}

pub(crate) fn busy(world: &World<'_, '_>, place: &Place, operation: &Operation) -> Failure {
    conflict(format!(
        "Another operation on the resource {} is in progress: {}.",
        place.id,
        operations::status_url(operation, &world.call.origin)
    ))
}

/// ARM behaviour: `systemData` says when and by what kind of caller, and not by whom.
pub(crate) fn show_whole(_: &Record, shown: &mut Value) {
    if let Some(fields) = shown.get_mut("systemData").and_then(Value::as_object_mut) {
        fields.remove("createdBy");
        fields.remove("lastModifiedBy");
    }
}

/// The name that the resolver of a network takes: there is one.
pub(crate) fn claim(network: &str) -> String {
    format!("dns resolver on {}", network.to_ascii_lowercase())
}

/// The id of the network in a body.
fn network_of(record: &Record) -> Result<String, Failure> {
    let id = record
        .text(&["properties", "virtualNetwork", "id"])
        .unwrap_or_default();
    let is_network = Place::parse(id).is_some_and(|place| {
        place
            .resource_type
            .eq_ignore_ascii_case("Microsoft.Network/virtualNetworks")
    });
    if is_network {
        Ok(id.to_owned())
    } else {
        Err(bad_request(format!("The virtual network id '{id}' is invalid.")))
    }
}

fn subscription(id: &str) -> String {
    id.split('/').nth(2).unwrap_or_default().to_ascii_lowercase()
}

/// Whether a record is in a region; one that has none is.
fn lies_in(record: &Record, region: &str) -> bool {
    record
        .location()
        .is_none_or(|location| squeezed(location) == region)
}

/// Prepares a write of a resolver.
///
/// ARM behaviour: one resolver for a network, in its region and subscription, and for good. The network may come later than
/// the request.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    let network = network_of(record)?;
    let was = existing.and_then(|old| old.text(&["properties", "virtualNetwork", "id"]));
    if was.is_some_and(|old| !old.eq_ignore_ascii_case(&network)) {
        return Err(conflict(format!(
            "The virtual network of the DNS resolver {} cannot be changed.",
            record.id
        )));
    }
    if subscription(&network) != subscription(&record.id) {
        return Err(bad_request(format!(
            "The virtual network {network} is not in the subscription of the DNS resolver {}.",
            record.id
        )));
    }
    let region = record.location().map(squeezed).unwrap_or_default();
    let found = world.state.get(&network.to_ascii_lowercase());
    if found.is_some_and(|found| !lies_in(found, &region)) {
        return Err(bad_request(format!(
            "The virtual network {network} is not in the region '{region}' of the DNS resolver {}.",
            record.id
        )));
    }
    record.claims = vec![claim(&network)];
    if let Some(other) = world.state.taken_by_other(&claim(&network), &record.key()) {
        return Err(conflict(format!(
            "The virtual network {network} has a DNS resolver already: {}.",
            other.id
        )));
    }
    if existing.is_none() && !network_is_there(world.state, record) {
        draft.pace = Some(Pace {
            seconds: PATIENCE * world.call.time_scale,
            retry_after: 5,
        });
    }
    Ok(())
}

/// Seconds for which a network is waited for, whatever the time scale: whoever makes it is not hastened by that.
const PATIENCE: f64 = 60.0;

/// ARM behaviour: a resolver's network may come shortly after it, and is looked for by the operation; where it has not come
/// the operation fails, and there is no resolver (both recorded).
pub(crate) fn given_up(state: &State, record: &Record) -> Option<Failure> {
    if network_is_there(state, record) {
        return None;
    }
    let network = record.text(&["properties", "virtualNetwork", "id"])?;
    Some(bad_request(format!(
        "Virtual network does not exist in NRP - not continuing. virtualNetworkResourceId={}",
        own_words(network)
    )))
}

fn network_is_there(state: &State, record: &Record) -> bool {
    record
        .text(&["properties", "virtualNetwork", "id"])
        .is_some_and(|network| state.get(&network.to_ascii_lowercase()).is_some())
}

pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let connected = if network_is_there(state, record) {
        "Connected"
    } else {
        "Disconnected"
    };
    properties.insert("dnsResolverState".into(), json!(connected));
}

/// ARM behaviour: what has resources below it that are managed by themselves goes after them.
pub(crate) fn check_unused(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let key = record.key();
    let below: Vec<&str> = world
        .state
        .descendants(&key)
        .map(|(_, below)| below.id.as_str())
        .collect();
    if below.is_empty() {
        return Ok(());
    }
    Err(Failure::gateway(
        409,
        "CannotDeleteResource",
        format!(
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '{}'. Please delete all nested resources before deleting this resource.",
            below
                .iter()
                .map(|id| short_name(id))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    ))
}

/// `Microsoft.Network/dnsResolvers/r/inboundEndpoints/e` of an id.
fn short_name(id: &str) -> String {
    Place::parse(id).map_or_else(|| id.to_owned(), |place| place.named)
}

/// The resolver of a network: `POST …/virtualNetworks/{network}/listDnsResolvers`.
pub(crate) fn list_resolvers(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let found: Vec<Value> = world
        .state
        .claimant(&claim(&place.key))
        .map(|resolver| json!({"id": resolver.id}))
        .into_iter()
        .collect();
    Ok(Outcome::json(200, json!({"value": found})))
}

/// The ruleset that a network is linked to, and the link: `POST …/virtualNetworks/{network}/listDnsForwardingRulesets`.
pub(crate) fn list_rulesets(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    let state = &*world.state;
    let found: Vec<Value> = state
        .claimant(&link::claim(&place.key))
        .and_then(|link| {
            let key = link.key();
            let ruleset = parent_key(&key).and_then(|parent| state.get(parent))?;
            Some(json!({"id": ruleset.id, "properties": {"virtualNetworkLink": {"id": link.id}}}))
        })
        .into_iter()
        .collect();
    Ok(Outcome::json(200, json!({"value": found})))
}

/// Refuses metadata other than texts.
fn check_metadata(record: &Record) -> Result<(), Failure> {
    let texts_only = body::at(&record.body, "properties.metadata")
        .and_then(Value::as_object)
        .is_none_or(|fields| fields.values().all(Value::is_string));
    if texts_only {
        Ok(())
    } else {
        Err(bad_request(
            "The values of 'properties.metadata' have to be strings.",
        ))
    }
}
