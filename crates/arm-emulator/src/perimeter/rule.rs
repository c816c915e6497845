//! What a perimeter consists of: profiles, access rules, the logging configuration.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{around, bad};
use crate::body;
use crate::monitor::category;
use crate::network::addresses::{is_address, is_prefix};
use crate::operations::completion;
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, parent_key};
use crate::state::State;
use crate::state::record::Record;
use crate::state::world::{Draft, World};

/// How many elements all rules of a profile have at most.
const ELEMENTS: usize = 200;

/// The lists of a rule, and the direction that each is for.
const CRITERIA: [(&str, &str); 6] = [
    ("addressPrefixes", "Inbound"),
    ("subscriptions", "Inbound"),
    ("serviceTags", "Inbound"),
    ("fullyQualifiedDomainNames", "Outbound"),
    ("emailAddresses", "Outbound"),
    ("phoneNumbers", "Outbound"),
];

fn elements(rule: &Record, list: &str) -> usize {
    body::at(&rule.body, &format!("properties.{list}"))
        .and_then(Value::as_array)
        .map_or(0, Vec::len)
}

/// A profile keeps its versions, and shows its perimeter's region.
pub(crate) fn prepare_profile(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    for version in ["accessRulesVersion", "diagnosticSettingsVersion"] {
        let kept = existing.and_then(|old| old.text(&["properties", version]));
        let kept = json!(kept.unwrap_or("0"));
        body::put(&mut record.body, &format!("properties.{version}"), kept);
    }
    let region = around(world.state, &record.key()).and_then(|perimeter| perimeter.location());
    if let Some(region) = region {
        body::put(&mut record.body, "location", json!(region));
    }
    Ok(())
}

/// A profile that associations use is not deleted.
pub(crate) fn check_profile(world: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    let user = world
        .state
        .referrers(&record.key())
        .find(|user| user.resource_type.ends_with("/resourceAssociations"));
    match user {
        Some(user) => Err(Failure::provider(
            409,
            "Conflict",
            format!(
                "Profile {} cannot be deleted since it is used by {}.",
                record.id, user.id
            ),
        )),
        None => Ok(()),
    }
}

/// ARM behaviour: whatever changes rules counts up the version in their profile.
fn count_up(state: &mut State, rule_key: &str) {
    let Some(profile) = parent_key(rule_key) else {
        return;
    };
    state.update(profile, |profile| {
        let version = profile.text(&["properties", "accessRulesVersion"]);
        let next = version.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) + 1;
        body::put(
            &mut profile.body,
            "properties.accessRulesVersion",
            json!(next.to_string()),
        );
    });
}

/// ARM behaviour: `+919898989898` is answered as `+91 9898989898`.
fn with_country_apart(number: &str) -> String {
    let number = number.replace(' ', "");
    match number.len().checked_sub(10).filter(|country| *country > 1) {
        Some(country) => {
            let (country, rest) = number.split_at_checked(country).unwrap_or((&number, ""));
            format!("{country} {rest}")
        }
        None => number,
    }
}

/// A rule has criteria of one kind, which fits its direction; a profile has so many of them in all its rules.
pub(crate) fn prepare_rule(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    body::each(
        &mut draft.record.body,
        "properties.phoneNumbers.*",
        &mut |number| {
            if let Some(apart) = number.as_str().map(with_country_apart) {
                *number = json!(apart);
            }
        },
    );
    let record = &draft.record;
    let given: Vec<(&str, &str)> = CRITERIA
        .into_iter()
        .filter(|(list, _)| elements(record, list) > 0)
        .collect();
    let [(list, wanted)] = given.as_slice() else {
        let lists = CRITERIA.map(|(list, _)| list).join(", ");
        return Err(bad(format!(
            "Access rule {} has to have exactly one of {lists}.",
            record.id
        )));
    };
    let direction = body::text(&record.body, "properties.direction").unwrap_or_default();
    if direction != *wanted {
        return Err(bad(format!(
            "Access rule {} of direction {direction} cannot have {list}: they are for direction {wanted}.",
            record.id
        )));
    }
    for prefix in body::texts(&record.body, "properties.addressPrefixes") {
        if !is_prefix(&prefix) && !is_address(&prefix) {
            return Err(bad(format!(
                "Access rule {} has an invalid address prefix: {prefix}.",
                record.id
            )));
        }
    }
    let key = record.key();
    let rules = key.rsplit_once('/').map_or("", |(rules, _)| rules);
    let others: usize = world
        .state
        .collection(rules)
        .filter(|rule| rule.key() != key)
        .flat_map(|rule| CRITERIA.map(|(list, _)| elements(rule, list)))
        .sum();
    if others + elements(record, list) > ELEMENTS {
        return Err(bad(format!(
            "The access rules of profile {} have more than {ELEMENTS} elements.",
            parent_key(&record.id).unwrap_or_default()
        )));
    }
    if existing.is_none_or(|old| old.body != record.body) {
        count_up(world.state, &key);
    }
    Ok(())
}

/// Takes a rule away.
pub(crate) fn remove_rule(state: &mut State, record: &Arc<Record>) {
    completion::take_out(state, record);
    count_up(state, &record.key());
}

/// Puts a rule into effect again: it already is.
pub(crate) fn reconcile(_: &mut World<'_, '_>, _: &Place) -> Result<Outcome, Failure> {
    Ok(Outcome::json(200, json!({})))
}

/// ARM behaviour: there is one logging configuration, `instance`, and its version counts its changes.
pub(crate) fn prepare_logging(
    _: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let record = &mut draft.record;
    if !record.name().eq_ignore_ascii_case("instance") {
        return Err(bad(format!(
            "The name of logging configuration {} is not valid: it has to be 'instance'.",
            record.id
        )));
    }
    const LIST: &str = "properties.enabledLogCategories";
    let known =
        category::of_type("Microsoft.Network/networkSecurityPerimeters").map_or(&[][..], |known| known.logs);
    let categories = body::texts(&record.body, LIST);
    if let Some(unknown) = categories.iter().find(|one| !known.contains(&one.as_str())) {
        return Err(bad(format!(
            "Log category '{unknown}' is not valid. Allowed values: {}.",
            known.join(", ")
        )));
    }
    let version = match existing {
        None => 1,
        Some(old) => {
            let version = old.text(&["properties", "version"]);
            let version = version.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
            version + u64::from(body::texts(&old.body, LIST) != categories)
        }
    };
    body::put(&mut record.body, "properties.version", json!(version.to_string()));
    Ok(())
}
