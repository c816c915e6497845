//! What a storage account's answers show beyond what was sent; and what is in the account.

pub(crate) mod children;
pub(crate) mod keys;
pub(crate) mod rules;

use serde_json::{Map, Value, json};

use crate::body;
use crate::request::errors::Failure;
use crate::request::refusals::{self, Wrong};
use crate::state::State;
use crate::state::record::Record;
use crate::types::ResourceType;

/// Fills in the properties that the provider makes.
///
/// ARM behaviour: accounts of the first kind have no tiers, no file systems and no web sites.
pub(crate) fn show(state: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let name = record.name().to_ascii_lowercase();
    let kind = record.text(&["kind"]).unwrap_or_default();
    let created = record.created.to_string();
    let [first, second] = keys::creation_times(record).map(|time| time.to_string());
    let services: &[&str] = match kind {
        "BlobStorage" => &["dfs", "blob", "table"],
        "BlockBlobStorage" => &["dfs", "blob", "web"],
        "FileStorage" => &["file"],
        "Storage" => &["blob", "queue", "table", "file"],
        _ => &["dfs", "web", "blob", "queue", "table", "file"],
    };
    let endpoints: Map<String, Value> = services
        .iter()
        .filter_map(|service| {
            let zone = match *service {
                "web" => web_zone(record.location().unwrap_or_default()),
                _ => "",
            };
            let public = format!("{name}.{zone}{service}.core.windows.net");
            let here = state.cloud().name(&public)?;
            Some(((*service).to_owned(), json!(format!("https://{here}/"))))
        })
        .collect();
    for (field, value) in [
        ("keyCreationTime", json!({"key1": first, "key2": second})),
        ("allowCrossTenantReplication", json!(false)),
        (
            "networkAcls",
            json!({"ipv6Rules": [], "bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow"}),
        ),
        ("supportsHttpsTrafficOnly", json!(true)),
        ("minimumTlsVersion", json!("TLS1_0")),
        ("allowBlobPublicAccess", json!(false)),
    ] {
        properties.entry(field).or_insert(value);
    }
    if kind != "Storage" {
        properties.entry("accessTier").or_insert_with(|| json!("Hot"));
    }
    let encryption = properties.entry("encryption").or_insert_with(|| json!({}));
    encrypt(encryption, &created);
    properties.insert("creationTime".into(), json!(created));
    properties.insert("primaryEndpoints".into(), Value::Object(endpoints));
    properties.insert(
        "primaryLocation".into(),
        json!(record.location().unwrap_or_default()),
    );
    properties.insert("statusOfPrimary".into(), json!("available"));
}

/// Completes what is said about encryption.
///
/// ARM behaviour: blobs and files are encrypted, whatever the request says.
fn encrypt(encryption: &mut Value, created: &str) {
    for service in ["file", "blob"] {
        for (field, value) in [
            ("keyType", json!("Account")),
            ("enabled", json!(true)),
            ("lastEnabledTime", json!(created)),
        ] {
            let path = format!("services.{service}.{field}");
            if body::at(encryption, &path).is_none() || field == "enabled" {
                body::put(encryption, &path, value);
            }
        }
    }
    if encryption.get("keySource").is_none() {
        body::put(encryption, "keySource", json!("Microsoft.Storage"));
    }
}

/// Whether the account can be read in its second region.
pub(crate) fn reads_elsewhere(record: &Record) -> bool {
    record
        .text(&["sku", "name"])
        .is_some_and(|sku| sku.to_ascii_uppercase().starts_with("STANDARD_RAG"))
}

/// The label that names of static websites have in a region, where it is known.
fn web_zone(location: &str) -> &'static str {
    match crate::targets::squeezed(location).as_str() {
        "westus" => "z22.",
        "westus2" => "z5.",
        "westeurope" => "z6.",
        "eastus" => "z13.",
        "northeurope" => "z16.",
        "eastus2" => "z20.",
        _ => "",
    }
}

/// The parts outside `properties`.
pub(crate) fn show_whole(_: &Record, shown: &mut Value) {
    let tier = body::text(shown, "sku.name")
        .and_then(|name| name.split('_').next())
        .map(str::to_owned);
    if let Some(tier) = tier {
        body::put(shown, "sku.tier", Value::String(tier));
    }
    body::edit(shown, |fields| {
        fields.remove("systemData");
        fields.entry("tags").or_insert_with(|| json!({}));
    });
}

/// The provider has its own words for a name that is wrong.
pub(crate) fn refused(table: &ResourceType, wrong: &Wrong<'_>) -> Failure {
    match wrong {
        Wrong::Name(name) => Failure::provider(
            400,
            "AccountNameInvalid",
            format!(
                "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only."
            ),
        ),
        // ARM behaviour: what stands outside `properties` is refused in one sentence.
        Wrong::Value { path, .. } if !path.starts_with("properties.") => {
            let field = path.split('.').next().unwrap_or_default();
            invalid(field)
        }
        _ => refusals::refused(table, wrong),
    }
}

/// A part of a request that is no good.
fn invalid(what: &str) -> Failure {
    Failure::provider(
        400,
        "InvalidValuesForRequestParameters",
        format!("Values for request parameters are invalid: {what}."),
    )
}
