//! What is in a storage account: its services, and the containers, shares, queues and tables in them.

use std::sync::Arc;

use serde_json::{Map, Number, Value, json};

use crate::body;
use crate::request::checks::checked_body;
use crate::request::errors::Failure;
use crate::request::place::{Place, parent_key};
use crate::request::refusals;
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World, fresh};
use crate::types;

const SERVICES: &[&str] = &["blobServices", "fileServices", "queueServices", "tableServices"];

/// Lets the service that a request is about, or about something in it, come into being.
///
/// ARM behaviour: the services are there with their account. Here each is stored once somebody asks for it.
pub(crate) fn bring_about(world: &mut World<'_, '_>) {
    let segments = world.call.segments();
    let [_, _, _, _, _, namespace, kind, _, service, ..] = segments.as_slice() else {
        return;
    };
    if !namespace.eq_ignore_ascii_case("Microsoft.Storage") || !kind.eq_ignore_ascii_case("storageAccounts") {
        return;
    }
    let Some(service) = SERVICES.iter().find(|known| known.eq_ignore_ascii_case(service)) else {
        return;
    };
    let account: String = segments
        .iter()
        .take(8)
        .flat_map(|segment| ["/", segment])
        .collect();
    let Some(account) = world.state.get(&account.to_ascii_lowercase()).cloned() else {
        return;
    };
    let id = format!("{}/{service}/default", account.id);
    if account.deleting || world.state.get(&id.to_ascii_lowercase()).is_some() {
        return;
    }
    let kind = format!("Microsoft.Storage/storageAccounts/{service}");
    let Ok(content) = checked_body(types::find(&kind).table, &json!({}), &id) else {
        return;
    };
    let mut record = fresh(world, &id, &kind);
    record.body = content.into();
    take_sku(&account, &mut record);
    world.state.insert(Arc::new(record));
}

/// ARM behaviour: the services of blobs and files show the account's SKU.
fn take_sku(account: &Record, service: &mut Record) {
    if !service.resource_type.ends_with("blobServices") && !service.resource_type.ends_with("fileServices") {
        return;
    }
    let name = account.text(&["sku", "name"]).unwrap_or_default();
    let tier = name.split('_').next().unwrap_or_default();
    body::put(&mut service.body, "sku", json!({"name": name, "tier": tier}));
}

/// Completes a write of a service.
pub(crate) fn prepare_service(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let account = parent_key(&draft.record.key())
        .and_then(|account| world.state.get(account))
        .cloned();
    if let Some(account) = account {
        take_sku(&account, &mut draft.record);
    }
    Ok(())
}

fn put_all<const N: usize>(properties: &mut Map<String, Value>, values: [(&str, Value); N]) {
    for (name, value) in values {
        properties.insert(name.to_owned(), value);
    }
}

/// Adds what the service makes of a container.
pub(crate) fn show_container(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    put_all(
        properties,
        [
            ("deleted", json!(false)),
            ("remainingRetentionDays", json!(0)),
            ("leaseStatus", json!("Unlocked")),
            ("leaseState", json!("Available")),
            ("lastModifiedTime", json!(record.modified.to_string())),
            ("legalHold", json!({"hasLegalHold": false, "tags": []})),
            ("hasImmutabilityPolicy", json!(false)),
            ("hasLegalHold", json!(false)),
        ],
    );
}

/// Adds what the service makes of a share.
pub(crate) fn show_share(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    put_all(
        properties,
        [
            ("leaseStatus", json!("unlocked")),
            ("leaseState", json!("available")),
            ("accessTierChangeTime", json!(record.created.to_string())),
            ("lastModifiedTime", json!(record.modified.to_string())),
        ],
    );
}

/// The etag of containers and shares.
pub(crate) fn show_etag(record: &Record, shown: &mut Value) {
    let digits: String = record
        .etag
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(13)
        .collect();
    let etag = format!("\"0x8D{}\"", digits.to_ascii_uppercase());
    body::put(shown, "etag", json!(etag));
}

/// Adds what the service makes of a queue.
pub(crate) fn show_queue(_: &State, _: &Record, _: &str, properties: &mut Map<String, Value>) {
    properties.insert("approximateMessageCount".into(), json!(0));
}

/// Adds what the service makes of a table.
pub(crate) fn show_table(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    properties.insert("tableName".into(), json!(record.name()));
}

/// Checks a policy of lifecycles: rules have names, each its own. Days are answered as numbers with a fraction.
pub(crate) fn prepare_policy(
    _: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let rules = body::all(&draft.record.body, "properties.policy.rules.*");
    let mut names: Vec<&str> = Vec::new();
    for rule in rules {
        let name = body::text(rule, "name").unwrap_or_default();
        let complete = body::text(rule, "type") == Some("Lifecycle")
            && body::at(rule, "definition.actions").is_some_and(Value::is_object);
        if name.is_empty() || !complete || names.contains(&name) {
            return Err(Failure::provider(
                400,
                "InvalidManagementPolicyRule",
                format!(
                    "The rule '{name}' is not valid. It needs a name of its own, the type 'Lifecycle' and actions."
                ),
            ));
        }
        names.push(name);
    }
    with_fractions(&mut draft.record.body);
    Ok(())
}

fn with_fractions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                match inner.as_f64().and_then(Number::from_f64) {
                    Some(number) if name.starts_with("daysAfter") => *inner = Value::Number(number),
                    _ => with_fractions(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(with_fractions),
        _ => {}
    }
}

/// Adds what the provider makes of a policy.
pub(crate) fn show_policy(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    properties.insert("lastModifiedTime".into(), json!(record.modified.to_string()));
}

/// ARM behaviour: the policy is called otherwise than its id says.
pub(crate) fn show_policy_name(_: &Record, shown: &mut Value) {
    body::put(shown, "name", json!("DefaultManagementPolicy"));
}

/// What is not there is missed by the service itself, once its account is there.
pub(crate) fn missing(world: &World<'_, '_>, place: &Place, verb: &str) -> Failure {
    let is_there = |key: &String| world.state.get(&key.to_ascii_lowercase()).is_some();
    if !place.parent.as_ref().is_some_and(is_there) {
        return refusals::missing(world, place, verb);
    }
    let kind = place.resource_type.rsplit('/').next().unwrap_or_default();
    let (code, message) = match kind.to_ascii_lowercase().as_str() {
        "containers" => ("ContainerNotFound", "The specified container does not exist."),
        "shares" => ("ShareNotFound", "The specified share does not exist."),
        "queues" => ("QueueNotFound", "The specified queue does not exist."),
        "tables" => ("TableNotFound", "The table specified does not exist."),
        "managementpolicies" => (
            "ManagementPolicyNotFound",
            "No ManagementPolicy found for the account.",
        ),
        _ => return refusals::missing(world, place, verb),
    };
    Failure::provider(404, code, message)
}
