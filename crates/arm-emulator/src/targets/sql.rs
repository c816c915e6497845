//! What a SQL server's answers show beyond what was sent.

use serde_json::{Map, Value, json};

use crate::body;
use crate::state::State;
use crate::state::record::Record;

/// Fills in the properties that the provider makes.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    properties.entry("version").or_insert_with(|| json!("12.0"));
    if record.provisioning_state != "Creating" {
        properties.insert("state".into(), json!("Ready"));
    }
    let public = format!("{}.database.windows.net", record.name().to_ascii_lowercase());
    if let Some(name) = state.cloud().name(&public) {
        properties.insert("fullyQualifiedDomainName".into(), json!(name));
    }
}

/// The parts outside `properties`.
pub(crate) fn show_whole(_: &Record, shown: &mut Value) {
    body::put(shown, "kind", json!("v12.0"));
}
