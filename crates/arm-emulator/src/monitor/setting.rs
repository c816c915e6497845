//! Diagnostic settings: which logs and metrics of a resource go where.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::category;
use crate::body;
use crate::request::errors::Failure;
use crate::request::place::Place;
use crate::request::refusals::{self, Wrong};
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::types::ResourceType;

/// ARM behaviour: at most five settings of one resource.
const SETTINGS: usize = 5;

/// The properties that name a sink.
const SINKS: &[&str] = &[
    "workspaceId",
    "storageAccountId",
    "eventHubAuthorizationRuleId",
    "serviceBusRuleId",
    "marketplacePartnerId",
];

/// ARM behaviour: the provider's refusals have no `error` around them.
pub(super) fn refusal(status: u16, code: &str, message: impl Into<String>) -> Failure {
    let failure = Failure::provider(status, code, message);
    let whole = json!({"code": failure.code, "message": failure.message});
    Failure {
        whole: Some(Box::new(whole)),
        ..failure
    }
}

fn bad_request(message: impl Into<String>) -> Failure {
    refusal(400, "BadRequest", message)
}

/// The provider has one code for whatever is wrong with a body.
pub(crate) fn refused(table: &ResourceType, wrong: &Wrong<'_>) -> Failure {
    bad_request(refusals::refused(table, wrong).message)
}

/// A setting that is not there, on something that is.
pub(crate) fn missing(world: &World<'_, '_>, place: &Place, verb: &str) -> Failure {
    let above = place.parent.as_ref().map(|parent| parent.to_ascii_lowercase());
    let there = above.is_none_or(|parent| world.state.get(&parent).is_some_and(|parent| !parent.deleting));
    if there {
        let message = format!("The diagnostic setting '{}' doesn't exist.", place.name);
        return refusal(404, "ResourceNotFound", message);
    }
    refusals::missing(world, place, verb)
}

/// Checks a setting by itself and against the resource's others.
///
/// ARM behaviour: a setting has no place of its own, and what clients send of one counts for nothing.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    body::edit(&mut draft.record.body, |fields| {
        fields.retain(|name, _| name == "properties");
    });
    body::each(&mut draft.record.body, "properties.metrics.*", &mut |metric| {
        body::edit(metric, |fields| {
            fields.remove("timeGrain");
        });
    });
    let setting = &draft.record.body;
    let sinks = sinks_of(setting);
    if sinks.is_empty() {
        return Err(bad_request("At least one data sink needs to be specified."));
    }
    let place = Place::parse(&draft.record.id).and_then(|place| Place::parse(&place.parent?));
    let resource_type = place.as_ref().map(|place| place.resource_type.as_str());
    check_entries(setting, resource_type)?;
    check_sinks(world, setting, place.as_ref())?;
    let key = draft.record.key();
    let list = key.rsplit_once('/').map_or("", |(list, _)| list);
    if existing.is_none() && world.state.collection_size(list) >= SETTINGS {
        return Err(refusal(
            409,
            "Conflict",
            format!(
                "The limit of {SETTINGS} diagnostic settings was reached. To create new setting, delete an existing one."
            ),
        ));
    }
    let wanted = enabled_in(setting, resource_type);
    for other in world.state.collection(list).filter(|other| other.key() != key) {
        let taken = enabled_in(&other.body, resource_type);
        let others = sinks_of(&other.body);
        let sink = sinks
            .iter()
            .find(|sink| others.iter().any(|other| other.eq_ignore_ascii_case(sink)));
        if let Some(sink) = sink
            && let Some(category) = wanted.intersection(&taken).next()
        {
            return Err(refusal(
                409,
                "Conflict",
                format!(
                    "Data sink '{sink}' is already used in diagnostic setting '{}' for category '{category}'. Data sinks can't be reused in different settings on the same category for the same resource.",
                    other.name()
                ),
            ));
        }
    }
    Ok(())
}

/// What the setting sends to; a hub of a namespace is a sink of its own.
fn sinks_of(setting: &Value) -> Vec<String> {
    let hub = body::text(setting, "properties.eventHubName");
    SINKS
        .iter()
        .filter_map(|name| {
            let id = body::text(setting, &format!("properties.{name}")).filter(|id| !id.is_empty())?;
            Some(match hub {
                Some(hub) if *name == "eventHubAuthorizationRuleId" => format!("{id}/{hub}"),
                _ => id.to_owned(),
            })
        })
        .collect()
}

/// ARM behaviour: a log is named by a category or by a group of them, a metric by a category; only those that the type has.
/// There may be none of either.
fn check_entries(setting: &Value, resource_type: Option<&str>) -> Result<(), Failure> {
    let logs = body::all(setting, "properties.logs.*");
    let metrics = body::all(setting, "properties.metrics.*");
    for entry in logs.iter().chain(&metrics) {
        if !entry.get("enabled").is_some_and(Value::is_boolean) {
            return Err(bad_request(
                "The property 'enabled' is required and was not specified.",
            ));
        }
    }
    let known = resource_type.and_then(category::of_type);
    let mut seen = BTreeSet::new();
    for log in logs {
        let given = (body::text(log, "category"), body::text(log, "categoryGroup"));
        let name = match given {
            (Some(category), None) => {
                if known.is_some_and(|known| !contains(known.logs, category)) {
                    return Err(bad_request(format!("Category '{category}' is not supported.")));
                }
                category
            }
            (None, Some(group)) => {
                let there = match group.to_ascii_lowercase().as_str() {
                    "alllogs" => known.is_none_or(|known| !known.logs.is_empty()),
                    "audit" => known.is_none_or(|known| !known.audit.is_empty()),
                    _ => false,
                };
                if !there {
                    return Err(bad_request(format!("Category group '{group}' is not supported.")));
                }
                group
            }
            _ => {
                return Err(bad_request(
                    "Either 'category' or 'categoryGroup' needs to be specified for a log, and not both.",
                ));
            }
        };
        if !seen.insert(format!("log {}", name.to_ascii_lowercase())) {
            return Err(bad_request(format!(
                "Category '{name}' is specified more than once."
            )));
        }
    }
    for metric in metrics {
        let Some(category) = body::text(metric, "category") else {
            return Err(bad_request("The category of a metric needs to be specified."));
        };
        // ARM behaviour: `AllMetrics` stands for whatever metrics there are.
        let all = category.eq_ignore_ascii_case("AllMetrics");
        let there =
            known.is_none_or(|known| contains(known.metrics, category) || (all && !known.metrics.is_empty()));
        if !there {
            let supported = known.map(|known| known.metrics.join(", ")).unwrap_or_default();
            return Err(bad_request(format!(
                "Metric category '{category}' is not supported, supported categories are: '{supported}'."
            )));
        }
        if !seen.insert(format!("metric {}", category.to_ascii_lowercase())) {
            return Err(bad_request(format!(
                "Category '{category}' is specified more than once."
            )));
        }
    }
    Ok(())
}

fn contains(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The categories that a setting sends, one by one, as far as those in its groups are known.
fn enabled_in(setting: &Value, resource_type: Option<&str>) -> BTreeSet<String> {
    let known = resource_type.and_then(category::of_type);
    let mut found = BTreeSet::new();
    for list in ["properties.logs.*", "properties.metrics.*"] {
        for entry in body::all(setting, list) {
            if entry.get("enabled") != Some(&Value::Bool(true)) {
                continue;
            }
            if let Some(category) = body::text(entry, "category") {
                let spelled = known.and_then(|known| {
                    known
                        .logs
                        .iter()
                        .chain(known.metrics)
                        .find(|name| name.eq_ignore_ascii_case(category))
                });
                found.insert(spelled.map_or_else(|| category.to_owned(), |name| (*name).to_owned()));
            }
            if let Some(group) = body::text(entry, "categoryGroup") {
                let members = match (known, group.eq_ignore_ascii_case("audit")) {
                    (Some(known), true) => known.audit,
                    (Some(known), false) => known.logs,
                    (None, _) => &[],
                };
                found.extend(members.iter().map(|name| (*name).to_owned()));
                if members.is_empty() {
                    found.insert(group.to_owned());
                }
            }
        }
    }
    found
}

/// ARM behaviour: workspaces, accounts and partners' resources that data go to have to be there; an account in the region of
/// the resource.
fn check_sinks(world: &World<'_, '_>, setting: &Value, on: Option<&Place>) -> Result<(), Failure> {
    if let Some(id) = body::text(setting, "properties.marketplacePartnerId").map(str::to_ascii_lowercase)
        && world.state.get(&id).is_none()
    {
        return Err(bad_request(format!(
            "The marketplace partner resource: {id} was not found or does not support the required functionality."
        )));
    }
    for (property, kind) in [
        ("workspaceId", "Microsoft.OperationalInsights/workspaces"),
        ("storageAccountId", "Microsoft.Storage/storageAccounts"),
    ] {
        let Some(id) = body::text(setting, &format!("properties.{property}")) else {
            continue;
        };
        let right = Place::parse(id).is_some_and(|place| place.resource_type.eq_ignore_ascii_case(kind));
        let found = world.state.get(&id.to_ascii_lowercase()).filter(|_| right);
        let Some(found) = found else {
            return Err(bad_request(format!(
                "The data sink '{id}' could not be found, or is not of the type '{kind}'."
            )));
        };
        let region = |record: &Record| record.location().map(crate::targets::squeezed);
        let of_resource = on
            .and_then(|place| world.state.get(&place.key))
            .and_then(|record| region(record))
            .filter(|region| region != "global");
        if property == "storageAccountId"
            && let (Some(wanted), Some(given)) = (of_resource, region(found))
            && wanted != given
        {
            return Err(bad_request(format!(
                "Resource '{}' is in region '{wanted}' and resource '{id}' in region '{given}'. The storage account has to be in the region of the resource.",
                on.map_or("", |place| place.id.as_str())
            )));
        }
    }
    Ok(())
}
