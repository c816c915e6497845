//! What diagnostic settings look like in answers.
//!
//! ARM behaviour: those of resources show everything that they could have, with `null` where there is nothing; those of
//! subscriptions only what there is.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body;
use crate::request::answer;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, split_provider};
use crate::request::{resource, write};
use crate::state::record::Record;
use crate::state::world::World;
use crate::types::Found;
use crate::types::hooks::Instead;

/// The properties that settings of resources show in any case.
const PROPERTIES: &[&str] = &[
    "storageAccountId",
    "serviceBusRuleId",
    "workspaceId",
    "eventHubAuthorizationRuleId",
    "eventHubName",
    "logAnalyticsDestinationType",
];

/// The categories of a subscription's log, in the order of answers.
const OF_SUBSCRIPTIONS: &[&str] = &[
    "Administrative",
    "Security",
    "ServiceHealth",
    "Alert",
    "Recommendation",
    "Policy",
    "Autoscale",
    "ResourceHealth",
];

/// From when on reads say where the resource is that a setting is on.
const WITH_LOCATION: &str = "2021-05-01";

/// Inserts `null` where there is nothing.
fn or_null(fields: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        fields.entry(*name).or_insert(Value::Null);
    }
}

/// What a setting is on, as its id says it.
fn scope_of(record: &Record) -> &str {
    split_provider(&record.id).map_or("", |(scope, _)| scope)
}

fn is_of_subscription(record: &Record) -> bool {
    scope_of(record).split('/').count() == 3
}

/// Gives a setting its form.
///
/// ARM behaviour: the id of what the setting is on is in lower case, and so is the provider; a subscription's is as it was.
pub(crate) fn show_whole(record: &Record, shown: &mut Value) {
    let of_subscription = is_of_subscription(record);
    let scope = match (scope_of(record), of_subscription) {
        (scope, true) => scope.to_owned(),
        (scope, false) => scope.to_ascii_lowercase(),
    };
    body::edit(shown, |fields| {
        let id = format!(
            "{scope}/providers/microsoft.insights/diagnosticSettings/{}",
            record.name()
        );
        fields.insert("id".into(), json!(id));
        if of_subscription {
            fields.insert("location".into(), json!("global"));
        } else {
            or_null(fields, &["location", "kind", "tags", "identity"]);
        }
    });
    let properties = shown.get_mut("properties");
    let Some(properties) = properties else { return };
    body::each(properties, "logs.*", &mut |log| {
        body::edit(log, |fields| {
            or_null(fields, &["category", "categoryGroup"]);
            if of_subscription {
                fields.remove("retentionPolicy");
            }
        });
    });
    body::edit(properties, |fields| {
        if of_subscription {
            fields.remove("metrics");
        } else {
            or_null(fields, PROPERTIES);
        }
    });
}

/// Writes a setting.
///
/// ARM behaviour: the answer to a write names the grain of metrics, which reads do not.
pub(crate) fn write(
    world: &mut World<'_, '_>,
    place: &Place,
    found: Found,
    request: &Value,
) -> Result<Outcome, Failure> {
    resource::check_identity(request, place)?;
    let mut outcome = write::write(world, place, found, request.clone())?;
    if let Some(shown) = &mut outcome.body {
        body::each(shown, "properties.metrics.*", &mut |metric| {
            body::put(metric, "timeGrain", json!("PT1M"));
        });
    }
    Ok(outcome)
}

/// Answers a read of one setting.
pub(crate) fn read(world: &World<'_, '_>, place: &Place) -> Instead {
    let record = world
        .state
        .get(&place.key)
        .filter(|_| !world.call.plan.stale_read)?;
    Some(Ok(Outcome::json(200, as_read(world, record))))
}

/// Answers the list of those on one resource or subscription.
pub(crate) fn list(world: &World<'_, '_>, _: &str) -> Instead {
    let shown: Vec<Value> = world
        .state
        .collection(&world.call.key)
        .map(|record| as_read(world, record))
        .collect();
    (!shown.is_empty()).then(|| Ok(Outcome::json(200, json!({"value": shown}))))
}

/// ARM behaviour: reads say where the resource is, and of a subscription's categories also those that are not sent.
fn as_read(world: &World<'_, '_>, record: &Arc<Record>) -> Value {
    let mut shown = answer::render(world.state, record);
    if is_of_subscription(record) {
        with_all_categories(&mut shown);
    } else if world.call.api_version.as_str() >= WITH_LOCATION {
        let on = world.state.get(&scope_of(record).to_ascii_lowercase());
        let location = on.and_then(|on| on.location());
        body::put(&mut shown, "location", json!(location));
    }
    shown
}

fn with_all_categories(shown: &mut Value) {
    let texts = |name: &str| -> Vec<String> {
        body::all(shown, &format!("properties.logs.*.{name}"))
            .into_iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let given = texts("category");
    let in_groups = !texts("categoryGroup").is_empty();
    let logs = shown
        .pointer_mut("/properties/logs")
        .and_then(Value::as_array_mut);
    let Some(logs) = logs.filter(|_| !in_groups) else {
        return;
    };
    for category in OF_SUBSCRIPTIONS {
        if !given.iter().any(|given| given.eq_ignore_ascii_case(category)) {
            logs.push(json!({"category": category, "enabled": false, "categoryGroup": null}));
        }
    }
}
