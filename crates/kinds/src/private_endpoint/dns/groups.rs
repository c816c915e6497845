//! Zone groups of an endpoint: ours, and the one that Azure Policy or a person made.

use privatelink_api::DnsRecord;
use privatelink_arm::ResourceId;
use privatelink_arm::models::private_dns_zone_group::{self as wire, MODEL};
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::{Missing, World};
use serde_json::Value;

use super::LOOK_AGAIN;

/// A zone group as Azure shows it.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) zones: Vec<ResourceId>,
    answer: wire::Answer,
}

/// Reads a zone group.
///
/// # Errors
/// It has another shape than Azure's.
pub(super) fn read(body: &Value) -> Result<Group, Missing> {
    let answer: wire::Answer =
        serde_json::from_value(body.clone()).map_err(|error| Missing::Malformed(error.to_string()))?;
    let zones = answer.properties.private_dns_zone_configs.iter();
    Ok(Group {
        name: body
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        zones: zones
            .filter_map(|config| ResourceId::parse(&config.properties.private_dns_zone_id).ok())
            .collect(),
        answer,
    })
}

/// The zone group of an endpoint that is not ours. `now`: what was kept does not do.
///
/// # Errors
/// What has to be read first.
pub(super) fn of_others(
    endpoint: &ResourceId,
    now: bool,
    world: &World<'_>,
) -> Result<Option<Group>, Missing> {
    let query = FactQuery::of(endpoint, MODEL.api_version)
        .all(wire::SEGMENT)
        .believed_for(LOOK_AGAIN);
    let Fact::Known(groups) = world.fact(&if now { query.now() } else { query })? else {
        return Ok(None);
    };
    let groups = groups.as_array().into_iter().flatten();
    let is_ours = |group: &&Value| {
        let name = group.get("name").and_then(Value::as_str);
        name.is_some_and(|name| name.eq_ignore_ascii_case(wire::NAME))
    };
    groups
        .filter(|group| !is_ours(group))
        .map(read)
        .next()
        .transpose()
}

impl Group {
    /// The records that it keeps, for status.
    pub(super) fn records(&self) -> Vec<DnsRecord> {
        let configs = self.answer.properties.private_dns_zone_configs.iter();
        let mut records: Vec<DnsRecord> = configs
            .flat_map(|config| {
                config.properties.record_sets.iter().map(|record| {
                    let mut ip_addresses = record.ip_addresses.clone();
                    ip_addresses.sort();
                    ip_addresses.dedup();
                    DnsRecord {
                        fqdn: record.fqdn.clone(),
                        zone: config.properties.private_dns_zone_id.clone(),
                        ip_addresses,
                    }
                })
            })
            .collect();
        records.sort_by(|one, other| (&one.fqdn, &one.zone).cmp(&(&other.fqdn, &other.zone)));
        records.dedup_by(|one, other| one.fqdn == other.fqdn && one.zone == other.zone);
        records
    }
}
