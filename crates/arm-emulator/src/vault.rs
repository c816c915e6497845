//! What a key vault's answers show beyond what was sent.

use serde_json::{Map, Value, json};

use crate::errors::Failure;
use crate::record::Record;

/// Fills in the properties that the provider makes.
///
/// ARM behaviour: soft deletion is on, whatever the request says.
pub(crate) fn show(record: &Record, properties: &mut Map<String, Value>) {
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

/// A read of a deleted vault; the emulator keeps none.
pub(crate) fn no_deleted(name: &str) -> Failure {
    Failure::provider(
        404,
        "DeletedVaultNotFound",
        format!(
            "The specified deleted vault '{name}' does not exist. Ensure that the vault was indeed deleted and that it is in recoverable state. If soft delete was not enabled then the vault is permanently deleted. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2149745"
        ),
    )
}
