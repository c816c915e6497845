//! What a key vault's answers show beyond what was sent.

use serde_json::{Map, Value, json};

use crate::body;
use crate::errors::Failure;
use crate::place::Place;
use crate::record::Record;
use crate::state::State;
use crate::world::World;

/// Fills in the properties that the provider makes.
///
/// ARM behaviour: soft deletion is on, whatever the request says.
pub(crate) fn show(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    properties
        .entry("enabledForDeployment")
        .or_insert_with(|| json!(false));
    properties.remove("createMode");
    properties.insert("enableSoftDelete".into(), json!(true));
    properties.insert(
        "vaultUri".into(),
        json!(format!(
            "https://{}.vault.azure.net/",
            record.name().to_ascii_lowercase()
        )),
    );
}

/// Tags are shown where there are none.
pub(crate) fn show_whole(_: &Record, shown: &mut Value) {
    if shown.get("tags").is_none() {
        body::put(shown, "tags", json!({}));
    }
}

/// A read of a deleted vault; the emulator keeps none.
pub(crate) fn no_deleted(_: &World<'_, '_>, place: &Place, _: &str) -> Failure {
    let name = &place.name;
    Failure::provider(
        404,
        "DeletedVaultNotFound",
        format!(
            "The specified deleted vault '{name}' does not exist. Ensure that the vault was indeed deleted and that it is in recoverable state. If soft delete was not enabled then the vault is permanently deleted. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2149745"
        ),
    )
}
