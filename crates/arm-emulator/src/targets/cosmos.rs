//! What a Cosmos DB account's answers show beyond what was sent.

use serde_json::{Map, Value, json};

use crate::body;
use crate::cloud::regions;
use crate::network::connection;
use crate::state::State;
use crate::state::record::Record;
use crate::targets::squeezed;

/// Fills in the properties that the provider makes.
///
/// ARM behaviour: regions are called as people call them, each with an address of its own once it is there; the list of
/// those that are written to has the first alone, unless all are.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let made = record.provisioning_state != "Creating";
    for (name, value) in [
        ("enableAutomaticFailover", json!(false)),
        ("enableMultipleWriteLocations", json!(false)),
        ("enablePartitionKeyMonitor", json!(false)),
        ("disableKeyBasedMetadataWriteAccess", json!(false)),
        ("enableFreeTier", json!(false)),
        ("enableAnalyticalStorage", json!(false)),
        ("createMode", json!("Default")),
        ("configurationOverrides", json!({})),
        ("cors", json!([])),
        ("capabilities", json!([])),
        ("networkAclBypassResourceIds", json!([])),
        ("backupPolicy", backup()),
    ] {
        properties.entry(name).or_insert(value);
    }
    let identity = if made { "FirstPartyIdentity" } else { "" };
    properties
        .entry("defaultIdentity")
        .or_insert_with(|| json!(identity));
    properties.insert("EnabledApiTypes".into(), json!(interfaces(record)));
    properties.insert("instanceId".into(), json!(record.guid));
    let locations = locations(state, record, made);
    let policies: Vec<Value> = locations.iter().map(policy).collect();
    let everywhere = properties.get("enableMultipleWriteLocations") == Some(&Value::Bool(true));
    let written: Vec<Value> = locations
        .iter()
        .filter(|location| everywhere || location.get("failoverPriority") == Some(&json!(0)))
        .cloned()
        .collect();
    properties.insert("writeLocations".into(), Value::Array(written));
    properties.insert("readLocations".into(), Value::Array(locations.clone()));
    properties.insert("locations".into(), Value::Array(locations));
    properties.insert("failoverPolicies".into(), Value::Array(policies));
}

/// The backups that an account has where nothing is said about them.
fn backup() -> Value {
    json!({"type": "Periodic", "periodicModeProperties": {
        "backupIntervalInMinutes": 240, "backupRetentionIntervalInHours": 8, "backupStorageRedundancy": "Geo",
    }})
}

/// What an account can be spoken to with, by its kind and capabilities.
fn interfaces(record: &Record) -> &'static str {
    let capabilities = body::all(&record.body, "properties.capabilities.*.name");
    let has = |name: &str| {
        capabilities
            .iter()
            .filter_map(|given| given.as_str())
            .any(|given| given.eq_ignore_ascii_case(name))
    };
    if record.text(&["kind"]) == Some("MongoDB") {
        "MongoDB"
    } else if has("EnableCassandra") {
        "Cassandra"
    } else if has("EnableTable") {
        "Table, Sql"
    } else if has("EnableGremlin") {
        "Gremlin, Sql"
    } else {
        "Sql"
    }
}

/// The account's regions, in the order of the request.
fn locations(state: &State, record: &Record, made: bool) -> Vec<Value> {
    let account = record.name().to_ascii_lowercase();
    let provisioning = if made { "Succeeded" } else { "Creating" };
    body::all(&record.body, "properties.locations.*")
        .into_iter()
        .enumerate()
        .map(|(number, given)| {
            let name = body::text(given, "locationName").unwrap_or_default();
            let region = squeezed(name);
            let id = format!("{account}-{region}");
            let mut shown = given.clone();
            body::edit(&mut shown, |fields| {
                fields.insert("id".into(), json!(id));
                fields.insert(
                    "locationName".into(),
                    json!(regions::display_name(&region).unwrap_or(name)),
                );
                fields.insert("provisioningState".into(), json!(provisioning));
                fields.entry("failoverPriority").or_insert_with(|| json!(number));
                fields.entry("isZoneRedundant").or_insert_with(|| json!(false));
                let address = state.cloud().name(&format!("{id}.documents.azure.com"));
                if let Some(address) = address.filter(|_| made) {
                    fields.insert(
                        "documentEndpoint".into(),
                        json!(format!("https://{address}:443/")),
                    );
                }
            });
            shown
        })
        .collect()
}

fn policy(location: &Value) -> Value {
    let field = |name: &str| location.get(name).cloned().unwrap_or_default();
    json!({
        "id": field("id"),
        "locationName": field("locationName"),
        "failoverPriority": field("failoverPriority"),
    })
}

/// The parts outside `properties`.
///
/// ARM behaviour: of those who wrote an account it says only when it was made; connections are shown where there are some.
pub(crate) fn show_whole(record: &Record, shown: &mut Value) {
    let location = record.location().map(squeezed).unwrap_or_default();
    body::edit(shown, |fields| {
        fields.insert(
            "systemData".into(),
            json!({"createdAt": record.created.to_string()}),
        );
        fields.entry("tags").or_insert_with(|| json!({}));
        fields
            .entry("identity")
            .or_insert_with(|| json!({"type": "None"}));
        if let Some(name) = regions::display_name(&location) {
            fields.insert("location".into(), json!(name));
        }
    });
    connection::without_empty_list(shown);
}
