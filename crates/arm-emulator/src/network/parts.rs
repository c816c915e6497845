//! The parts of a body that are no resources of their own, and their names.

use serde_json::Value;

use crate::body;
use crate::request::checks::is_name;
use crate::request::errors::{self, Failure};
use crate::request::refusals;
use crate::state::record::Record;
use crate::types::NETWORK_NAME;

/// The parts of a list below `properties`.
pub(crate) fn parts<'a>(record: &'a Record, list: &str) -> Vec<&'a Value> {
    body::all(&record.body, &format!("properties.{list}.*"))
}

/// The name of a part.
///
/// ARM behaviour: a body with a part that has none cannot be parsed, and the refusal does not say which. Names of parts are
/// like those of the provider's resources.
pub(crate) fn name_of(part: &Value) -> Result<&str, Failure> {
    let name = body::text(part, "name")
        .filter(|name| !name.is_empty())
        .ok_or_else(errors::unparsed)?;
    if is_name(name, NETWORK_NAME.0, NETWORK_NAME.1) {
        Ok(name)
    } else {
        Err(refusals::network_name(name))
    }
}

/// ARM behaviour: every part of a list has a name, and no two have the same.
pub(crate) fn check_names(record: &Record, list: &str) -> Result<(), Failure> {
    let mut seen: Vec<String> = Vec::new();
    for part in parts(record, list) {
        let name = name_of(part)?;
        let plain = name.to_ascii_lowercase();
        if seen.contains(&plain) {
            return Err(errors::duplicate_name(&record.id, name));
        }
        seen.push(plain);
    }
    Ok(())
}
