//! Forwarding rules.

use serde_json::Value;

use super::{bad_request, check_metadata, conflict};
use crate::body;
use crate::network::addresses::is_address;
use crate::request::errors::Failure;
use crate::state::record::Record;
use crate::state::world::{Draft, World};

/// Azure's own resolver, which no rule forwards to.
const PLATFORM: &str = "168.63.129.16";

/// Prepares a write.
///
/// ARM behaviour: a rule's domain stays; its targets are addresses, and not Azure's own.
pub(crate) fn prepare(
    _: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &draft.record;
    check_metadata(record)?;
    let domain = |record: &Record| {
        record
            .text(&["properties", "domainName"])
            .map(str::to_ascii_lowercase)
    };
    if existing.is_some_and(|old| domain(old) != domain(record)) {
        return Err(conflict(format!(
            "The domain name of the forwarding rule {} cannot be changed.",
            record.id
        )));
    }
    for server in body::all(&record.body, "properties.targetDnsServers.*") {
        let address = server
            .get("ipAddress")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !is_address(address) || address == PLATFORM {
            return Err(bad_request(format!(
                "The IP address '{address}' of a target DNS server of the forwarding rule {} is invalid.",
                record.id
            )));
        }
    }
    Ok(())
}
