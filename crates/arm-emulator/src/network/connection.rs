//! Private endpoint connections: the target's side of a private endpoint, and the life of their state.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body;
use crate::network::zone_group;
use crate::operations::{self, OperationKind};
use crate::request::answer;
use crate::request::errors::{self, Failure};
use crate::request::outcome::Outcome;
use crate::request::place::Place;
use crate::request::resource;
use crate::request::write::share_etag;
use crate::state::State;
use crate::state::record::{ConnectionFacts, Facts, Record};
use crate::state::world::World;
use crate::targets::{ConnectionName, GroupField, Reconsiders, Target, Writing};
use crate::types::{self, EtagHeader, Found};

/// Adds the connection's properties in the form of its target's type.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let target = types::find(&record.resource_type).connection_of;
    let (Facts::Connection(facts), Some(target)) = (&record.facts, target) else {
        return;
    };
    let runs = record.operation.is_some();
    let status = match target.on_the_way.status {
        Some((_, leaving)) if record.deleting => leaving,
        Some((rejecting, _)) if runs && facts.status == "Rejected" => rejecting,
        _ => &facts.status,
    };
    let mut connection_state = json!({"status": status});
    if !facts.description.is_empty() || target.empty_description {
        body::put(&mut connection_state, "description", json!(facts.description));
    }
    if let Some(field) = target.actions_field {
        let actions = facts.actions.as_deref().unwrap_or("None");
        body::put(&mut connection_state, field, json!(actions));
    }
    properties.insert("privateEndpoint".into(), json!({"id": facts.endpoint_id}));
    properties.insert("privateLinkServiceConnectionState".into(), connection_state);
    let shown = match (facts.status.as_str(), runs) {
        ("Approved", false) => target.settled,
        (_, false) => target.settled_otherwise,
        _ if record.deleting => target.on_the_way.deleted,
        ("Rejected" | "Disconnected", true) => target.on_the_way.rejected,
        (_, true) => target.on_the_way.approved,
    };
    properties.insert("provisioningState".into(), json!(shown));
    if target.is_service() {
        properties.insert("linkIdentifier".into(), json!(facts.link_identifier));
        properties.insert("privateEndpointLocation".into(), json!(facts.endpoint_location));
    }
    if target.shows_addresses {
        let addresses = match facts.status.as_str() {
            "Approved" => addresses_of(state, &facts.endpoint_id),
            _ => json!([]),
        };
        properties.insert("ipAddresses".into(), addresses);
    }
    match (target.group_field, &facts.group_id) {
        (GroupField::One(field), Some(group)) => properties.insert(field.into(), json!(group)),
        (GroupField::List(field), Some(group)) => properties.insert(field.into(), json!([group])),
        (GroupField::None, _) | (_, None) => None,
    };
}

/// The etag of a key vault's connection is shown once somebody has written it.
pub(crate) fn show_whole_on_vault(record: &Record, shown: &mut Value) {
    if let Facts::Connection(facts) = &record.facts
        && !facts.decided
    {
        body::edit(shown, |fields| {
            fields.remove("etag");
        });
    }
}

/// ARM behaviour: connections on AI services are called after their account too.
pub(crate) fn show_whole_on_account(record: &Record, shown: &mut Value) {
    let mut segments = record.id.rsplit('/');
    if let (Some(name), Some(account)) = (segments.next(), segments.nth(1)) {
        body::put(shown, "name", json!(format!("{account}/{name}")));
    }
}

/// ARM behaviour: the type of connections on namespaces of Event Hubs and Service Bus is spelled with capitals.
pub(crate) fn show_whole_on_namespace(record: &Record, shown: &mut Value) {
    if let Some((namespace, _)) = record.resource_type.split_once('/') {
        body::put(
            shown,
            "type",
            json!(format!("{namespace}/Namespaces/PrivateEndpointConnections")),
        );
    }
}

/// What the answer to a DELETE that ends at once shows of a connection, where it shows it: the last that is heard of it.
pub(crate) fn farewell(record: &Arc<Record>, words: &str, state: &State) -> Value {
    let mut gone = Record::clone(record);
    if let Facts::Connection(facts) = &mut gone.facts {
        "Disconnected".clone_into(&mut facts.status);
        words.clone_into(&mut facts.description);
    }
    answer::render(state, &gone)
}

/// The name of the connection that a new endpoint has on its target; `own` is the one in the endpoint's body.
pub(crate) fn new_name(
    state: &mut State,
    endpoint: &Record,
    own: &str,
    target: &Record,
    row: &Target,
) -> String {
    let name = endpoint.name();
    let plain = match row.connection_name {
        ConnectionName::EndpointAndGuid => return format!("{name}.{}", state.random.guid()),
        ConnectionName::EndpointDashGuid => return format!("{name}-{}", state.random.guid()),
        ConnectionName::TargetAndGuid => return format!("{}.{}", target.name(), state.random.guid()),
        ConnectionName::TargetAndDigits => {
            let digits = state.random.guid().replace('-', "");
            return format!("{}.{digits}", target.name());
        }
        ConnectionName::EndpointConnectionDashGuid => return format!("{own}-{}", state.random.guid()),
        ConnectionName::Guid => return state.random.guid(),
        ConnectionName::Endpoint => name,
        ConnectionName::EndpointConnection => own,
    };
    // Endpoints of other groups may have the same.
    let key = format!("{}/privateendpointconnections/{plain}", target.key()).to_ascii_lowercase();
    if state.get(&key).is_some() {
        format!("{plain}.{}", state.random.guid())
    } else {
        plain.to_owned()
    }
}

/// The addresses of an endpoint.
fn addresses_of(state: &State, endpoint_id: &str) -> Value {
    let endpoint = state.get(&endpoint_id.to_ascii_lowercase());
    let members = match endpoint.map(|endpoint| &endpoint.facts) {
        Some(Facts::Endpoint(facts)) => facts.members.as_slice(),
        _ => &[],
    };
    members
        .iter()
        .map(|member| answer::dotted(member.address))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// The connections of a target, as its own answer lists them.
pub(crate) fn list_on(state: &State, target_key: &str) -> Value {
    let collection = format!("{target_key}/privateendpointconnections");
    Value::Array(
        state
            .collection(&collection)
            .map(|connection| crate::request::answer::render(state, connection))
            .collect(),
    )
}

/// What the owner of a target says about a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) status: String,
    pub(crate) description: String,
    pub(crate) actions: Option<String>,
}

/// What a write asks for.
///
/// ARM behaviour: only an existing connection can be written, and only its state; `Approved`, `Rejected` and
/// `Disconnected` can be asked for. What was rejected can be approved after all where the target's provider reconsiders, and
/// wait again where it makes anything of it.
fn wanted(request: &Value, record: &Record, target: &Target) -> Result<Decision, Failure> {
    let refused = |message: String| Failure::provider(400, "InvalidPrivateEndpointConnectionState", message);
    let Facts::Connection(facts) = &record.facts else {
        return Err(refused(format!(
            "{} is no private endpoint connection.",
            record.id
        )));
    };
    let state = body::at(request, "properties.privateLinkServiceConnectionState").unwrap_or(&Value::Null);
    let Some(status) = body::text(state, "status") else {
        return Err(refused(
            "The property 'properties.privateLinkServiceConnectionState.status' is required.".into(),
        ));
    };
    let description = body::text(state, "description").unwrap_or_default();
    if target.description_required && description.is_empty() {
        return Err(refused(
            "The property 'properties.privateLinkServiceConnectionState.description' is required.".into(),
        ));
    }
    if let Some(endpoint) = body::text(request, "properties.privateEndpoint.id")
        && !endpoint.eq_ignore_ascii_case(&facts.endpoint_id)
    {
        return Err(refused(
            "The private endpoint of a connection cannot be changed.".into(),
        ));
    }
    let Some(known) = ["Approved", "Rejected", "Disconnected", "Pending"]
        .iter()
        .find(|known| known.eq_ignore_ascii_case(status))
    else {
        return Err(refused(format!(
            "The connection status '{status}' is not valid: use Approved, Rejected or Disconnected."
        )));
    };
    let allowed = match (facts.status.as_str(), *known) {
        (old, new) if old == new => true,
        ("Pending", "Approved" | "Rejected" | "Disconnected") => true,
        ("Approved", "Rejected" | "Disconnected") => true,
        ("Rejected", "Disconnected") => true,
        ("Rejected", "Approved") => target.reconsiders != Reconsiders::Never,
        ("Approved" | "Rejected", "Pending") => target.reconsiders == Reconsiders::Anything,
        _ => false,
    };
    if !allowed {
        return Err(refused(format!(
            "A connection in state '{}' cannot become '{known}'.",
            facts.status
        )));
    }
    let actions = target.actions_field.filter(|_| !target.actions_read_only);
    Ok(Decision {
        status: (*known).to_owned(),
        description: description.to_owned(),
        actions: actions
            .and_then(|field| body::text(state, field))
            .filter(|actions| !["", "None"].contains(actions))
            .map(str::to_owned),
    })
}

/// Approves, rejects or disconnects through the target's own resource.
pub(crate) fn write(
    world: &mut World<'_, '_>,
    place: &Place,
    found: Found,
    request: &Value,
) -> Result<Outcome, Failure> {
    let (Some(target), Some(record)) = (found.connection_of, world.state.get(&place.key).cloned()) else {
        return Err((found.table.hooks.missing)(world, place, "write"));
    };
    if target.update_by_patch && world.call.method == http::Method::PUT {
        return Err(errors::method_not_allowed("PUT"));
    }
    // Clients of private link services do not wait for a decision's operation: the next one takes its place.
    if let Some(operation) = resource::running(world, &record).filter(|_| !target.is_service()) {
        return Err((found.table.hooks.busy)(world, place, operation));
    }
    let decision = wanted(request, &record, target)?;
    let changed = set_state(world.state, &place.key, &decision);
    if changed {
        let (author, now) = (world.call.principal.name.clone(), world.call.wall);
        let etag = world.state.random.guid();
        world.state.update(&place.key, |record| {
            record.etag = etag;
            record.modified = now;
            record.writers.last_modified_by = Arc::from(author);
        });
        share_etag(world.state, &place.key);
    }
    let pace = found.table.update;
    let mut headers = Vec::new();
    let asynchronous = target.update != Writing::Immediate && changed;
    if asynchronous {
        let operation = operations::begin(world, place, &record, found.table, OperationKind::Update, pace);
        headers = operations::headers_of_write(&operation, world.call, pace);
        let name = operation.name.clone();
        world
            .state
            .update(&place.key, |record| record.operation = Some(name));
        world.state.begin(operation);
    }
    let Some(stored) = world.state.get(&place.key) else {
        return Ok(Outcome::empty(200));
    };
    let etag = answer::etag(world.state, stored);
    let mut shown = answer::render(world.state, stored);
    if asynchronous && target.answers_bare {
        for name in ["privateEndpoint", "groupIds"] {
            body::put(&mut shown, &format!("properties.{name}"), Value::Null);
        }
    }
    let mut outcome = match target.update {
        Writing::Created if asynchronous => Outcome::json(201, shown),
        Writing::Answered => Outcome::json(200, shown),
        _ if asynchronous => Outcome::json(202, target.accepted_body().unwrap_or(shown)),
        _ => Outcome::json(200, shown),
    };
    outcome.headers = headers;
    if found.table.shows.etag_header == EtagHeader::ReadAndWrite && !asynchronous {
        outcome = outcome.header("etag", etag);
    }
    Ok(outcome.changed(changed))
}

/// Gives a connection, and the endpoint behind it, another state. Whether anything changed.
fn set_state(state: &mut State, connection_key: &str, decision: &Decision) -> bool {
    let Some(record) = state.get(connection_key).cloned() else {
        return false;
    };
    let Facts::Connection(facts) = &record.facts else {
        return false;
    };
    let before = (&facts.status, &facts.description, &facts.actions);
    if before == (&decision.status, &decision.description, &decision.actions) {
        return false;
    }
    let facts = ConnectionFacts {
        status: decision.status.clone(),
        description: decision.description.clone(),
        actions: decision.actions.clone(),
        decided: true,
        ..(**facts).clone()
    };
    let endpoint = facts.endpoint_id.to_ascii_lowercase();
    state.update(connection_key, |record| {
        record.facts = Facts::Connection(Box::new(facts))
    });
    set_endpoint_state(state, &endpoint, decision);
    true
}

/// Gives an endpoint's connection another state.
///
/// ARM behaviour: `Disconnected` is for good.
fn set_endpoint_state(state: &mut State, endpoint_key: &str, decision: &Decision) {
    let etag = state.random.guid();
    state.update(endpoint_key, |record| {
        if let Facts::Endpoint(facts) = &mut record.facts
            && facts.status != "Disconnected"
        {
            facts.status.clone_from(&decision.status);
            facts.description.clone_from(&decision.description);
            facts.actions.clone_from(&decision.actions);
            record.etag = etag;
        }
    });
    zone_group::refresh(state, endpoint_key);
}

/// Takes a connection away: its endpoint is disconnected.
pub(crate) fn remove(state: &mut State, connection: &Arc<Record>) {
    if let Some(record) = state.remove(&connection.key())
        && let Facts::Connection(facts) = &record.facts
    {
        let endpoint_key = facts.endpoint_id.to_ascii_lowercase();
        let gone = Decision {
            status: "Disconnected".to_owned(),
            description: "Connection was removed by the owner of the target.".to_owned(),
            actions: None,
        };
        set_endpoint_state(state, &endpoint_key, &gone);
        state.update(&endpoint_key, |endpoint| {
            if let Facts::Endpoint(facts) = &mut endpoint.facts
                && facts.connection_id.as_ref().is_some_and(|id| *id == record.id)
            {
                facts.connection_id = None;
            }
        });
    }
}

/// Takes a target's list of connections out of an answer where it is empty.
pub(crate) fn without_empty_list(shown: &mut Value) {
    let Some(properties) = shown.get_mut("properties") else {
        return;
    };
    body::edit(properties, |fields| {
        if fields.get("privateEndpointConnections") == Some(&json!([])) {
            fields.remove("privateEndpointConnections");
        }
    });
}
