//! Metric alerts and activity log alerts.

use std::collections::BTreeSet;

use serde_json::{Number, Value, json};

use crate::body;
use crate::request::errors::{self, Failure};
use crate::request::place::Place;
use crate::request::refusals::{self, Wrong};
use crate::state::record::Record;
use crate::state::world::{Draft, World};
use crate::types::ResourceType;

pub(super) fn bad_request(message: impl Into<String>) -> Failure {
    Failure::provider(400, "BadRequest", message)
}

/// The provider has one code for whatever is wrong with a body.
pub(crate) fn refused(table: &ResourceType, wrong: &Wrong<'_>) -> Failure {
    let usual = refusals::refused(table, wrong);
    match wrong {
        Wrong::Name(name) => bad_request(format!("The resource name '{name}' is not valid.")),
        _ => bad_request(usual.message),
    }
}

/// ARM behaviour: the type is in lower case in the words about an alert that is not there.
pub(crate) fn missing_metric(_: &World<'_, '_>, place: &Place, _: &str) -> Failure {
    let named = format!("{}/metricalerts/{}", place.namespace, place.name);
    errors::resource_not_found(&named, place.group.as_deref().unwrap_or_default())
}

/// An activity log alert in an answer.
///
/// ARM behaviour: its type has a spelling of its own.
pub(crate) fn show_activity_log(_: &Record, shown: &mut Value) {
    body::put(shown, "type", json!("Microsoft.Insights/ActivityLogAlerts"));
}

/// Checks a metric alert.
pub(crate) fn prepare_metric(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let alert = &draft.record.body;
    check_ids(alert, "properties.scopes.*")?;
    let kind = body::at(alert, "properties.criteria")
        .and_then(|criteria| criteria.get("odata.type"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !KINDS.contains(&kind) {
        return Err(bad_request(format!(
            "The criteria's 'odata.type' '{kind}' is not valid. Allowed values: {}.",
            KINDS.join(", ")
        )));
    }
    let frequency = body::text(alert, "properties.evaluationFrequency").unwrap_or_default();
    match body::text(alert, "properties.windowSize") {
        None if kind != PROM_QL => {
            return Err(bad_request(
                "The property 'properties.windowSize' is required and was not specified.",
            ));
        }
        Some(window) if minutes(window) < minutes(frequency) => {
            return Err(bad_request(format!(
                "The window size {window} has to be at least as long as the evaluation frequency {frequency}."
            )));
        }
        _ => {}
    }
    if kind == SINGLE || kind == MULTIPLE {
        check_criteria(alert)?;
    }
    check_action_groups(world, alert, "properties.actions.*.actionGroupId")?;
    // ARM behaviour: thresholds are answered as numbers with a fraction.
    body::each(
        &mut draft.record.body,
        "properties.criteria.allOf.*.threshold",
        &mut |threshold| {
            if let Some(number) = threshold.as_f64().and_then(Number::from_f64) {
                *threshold = Value::Number(number);
            }
        },
    );
    Ok(())
}

const SINGLE: &str = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria";
const MULTIPLE: &str = "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria";
const PROM_QL: &str = "Microsoft.Azure.Monitor.PromQLCriteria";
const KINDS: &[&str] = &[
    SINGLE,
    MULTIPLE,
    PROM_QL,
    "Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria",
];

/// Every criterion has a name of its own, a metric, and what its kind needs.
fn check_criteria(alert: &Value) -> Result<(), Failure> {
    let criteria = body::all(alert, "properties.criteria.allOf.*");
    if criteria.is_empty() {
        return Err(bad_request(
            "The property 'properties.criteria.allOf' is required and was not specified.",
        ));
    }
    let mut seen = BTreeSet::new();
    for criterion in criteria {
        let dynamic = body::text(criterion, "criterionType") == Some("DynamicThresholdCriterion");
        let needed: &[&str] = if dynamic {
            &[
                "name",
                "metricName",
                "timeAggregation",
                "operator",
                "alertSensitivity",
                "failingPeriods",
            ]
        } else {
            &["name", "metricName", "timeAggregation", "operator", "threshold"]
        };
        if let Some(missing) = needed.iter().find(|name| criterion.get(**name).is_none()) {
            return Err(bad_request(format!(
                "The property 'properties.criteria.allOf.{missing}' is required and was not specified."
            )));
        }
        for (name, allowed) in [("operator", OPERATORS), ("timeAggregation", AGGREGATIONS)] {
            let value = body::text(criterion, name).unwrap_or_default();
            if !allowed.contains(&value) {
                return Err(bad_request(format!(
                    "Value '{value}' of property '{name}' is not valid. Allowed values: {}.",
                    allowed.join(", ")
                )));
            }
        }
        if !dynamic
            && criterion
                .get("threshold")
                .is_some_and(|threshold| !threshold.is_number())
        {
            return Err(bad_request("The property 'threshold' is not a number."));
        }
        if !seen.insert(body::text(criterion, "name").unwrap_or_default()) {
            return Err(bad_request("Criterion names must be unique within a rule."));
        }
    }
    Ok(())
}

const OPERATORS: &[&str] = &[
    "Equals",
    "GreaterThan",
    "GreaterThanOrEqual",
    "LessThan",
    "LessThanOrEqual",
    "GreaterOrLessThan",
];
const AGGREGATIONS: &[&str] = &["Average", "Count", "Minimum", "Maximum", "Total"];

/// A duration of those that alerts know, in minutes.
fn minutes(duration: &str) -> u32 {
    match duration {
        "PT1M" => 1,
        "PT5M" => 5,
        "PT15M" => 15,
        "PT30M" => 30,
        "PT1H" => 60,
        "PT6H" => 360,
        "PT12H" => 720,
        "P1D" => 1440,
        _ => 0,
    }
}

/// Checks an activity log alert.
///
/// ARM behaviour: each condition is one field and a value, or several of which one has to hold; the category is one of the
/// fields.
pub(crate) fn prepare_activity_log(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    _: Option<&Record>,
) -> Result<(), Failure> {
    let alert = &draft.record.body;
    check_ids(alert, "properties.scopes.*")?;
    let conditions = body::all(alert, "properties.condition.allOf.*");
    let is_leaf = |condition: &Value| {
        body::text(condition, "field").is_some_and(|field| !field.is_empty())
            && (condition.get("equals").is_some_and(Value::is_string)
                != condition.get("containsAny").is_some_and(Value::is_array))
    };
    for condition in &conditions {
        let good = match condition.get("anyOf").and_then(Value::as_array) {
            Some(any) => condition.get("field").is_none() && !any.is_empty() && any.iter().all(is_leaf),
            None => is_leaf(condition),
        };
        if !good {
            return Err(bad_request(
                "Each condition has to have either 'anyOf', or 'field' with 'equals' or 'containsAny'.",
            ));
        }
    }
    let has_category = conditions.iter().any(|condition| {
        body::text(condition, "field").is_some_and(|field| field.eq_ignore_ascii_case("category"))
    });
    if !has_category {
        return Err(bad_request(
            "The alert's condition has to have a condition on the field 'category'.",
        ));
    }
    check_action_groups(world, alert, "properties.actions.actionGroups.*.actionGroupId")
}

fn check_ids(alert: &Value, path: &str) -> Result<(), Failure> {
    for scope in body::all(alert, path).into_iter().filter_map(Value::as_str) {
        // ARM behaviour: the slash at the beginning may be missing.
        let lower = scope.trim_start_matches('/').to_ascii_lowercase();
        if !lower.starts_with("subscriptions/") {
            return Err(bad_request(format!(
                "The scope '{scope}' is not a valid resource id."
            )));
        }
    }
    Ok(())
}

/// The groups that an alert tells have to be there.
fn check_action_groups(world: &World<'_, '_>, alert: &Value, path: &str) -> Result<(), Failure> {
    for id in body::all(alert, path).into_iter().filter_map(Value::as_str) {
        let group = world.state.get(&id.to_ascii_lowercase());
        if !group.is_some_and(|group| {
            group
                .resource_type
                .eq_ignore_ascii_case("Microsoft.Insights/actionGroups")
        }) {
            return Err(bad_request(format!(
                "The action group '{id}' could not be found."
            )));
        }
    }
    Ok(())
}
