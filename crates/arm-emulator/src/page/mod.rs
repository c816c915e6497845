//! The page to look at: what is there, what runs, what is left of the limits. Its HTML is embedded; its facts come from the
//! door as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Emulator;
use crate::answer;
use crate::completion;
use crate::record::Record;

/// The page: one file, without anything from elsewhere.
pub(crate) const HTML: &str = include_str!("page.html");

/// What the page may do: run its own script, and ask its own host.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How many operations are shown.
const OPERATIONS: usize = 200;

/// Resource groups with the number of what is in them, running operations, and what is left of the limits.
pub(crate) fn overview(emulator: &Emulator) -> Value {
    let (now, wall) = (emulator.now(), emulator.wall_time());
    emulator.with(|inner, options| {
        completion::settle(&mut inner.state, now);
        let state = &inner.state;
        let mut groups: BTreeMap<String, (String, usize)> = BTreeMap::new();
        let mut count = 0;
        for record in state.records() {
            count += usize::from(record.id != group_of(&record.id));
            let group = group_of(&record.id);
            let entry = groups.entry(group.to_ascii_lowercase()).or_default();
            if entry.0.is_empty() || record.id == group {
                group.clone_into(&mut entry.0);
            }
            entry.1 += usize::from(record.id != group);
        }
        let groups: Vec<Value> = groups
            .into_values()
            .map(|(id, resources)| json!({"id": id, "resources": resources}))
            .collect();
        let mut running: Vec<_> = state.running_operations().collect();
        running.sort_by_key(|operation| operation.due);
        let operations: Vec<Value> = running
            .iter()
            .take(OPERATIONS)
            .map(|operation| {
                json!({
                    "name": operation.name,
                    "label": operation.label,
                    "target": operation.target,
                    "started": operation.started.to_string(),
                    "secondsLeft": operation.due.duration_since(now).as_secs_f64().max(0.0),
                })
            })
            .collect();
        json!({
            "time": wall.to_string(),
            "timeScale": options.time_scale,
            "resources": count,
            "groups": groups,
            "running": running.len(),
            "operations": operations,
            "limited": inner.throttle.is_limited(),
            "budgets": inner.throttle.budgets(now),
        })
    })
}

/// What is in a resource group, or for an empty text above all groups: what each resource is, without its body.
pub(crate) fn resources(emulator: &Emulator, group: &str) -> Value {
    emulator.with(|inner, _| {
        let within = |record: &&std::sync::Arc<Record>| group_of(&record.id).eq_ignore_ascii_case(group);
        let shown: Vec<Value> = inner
            .state
            .records()
            .filter(within)
            .map(|record| {
                json!({
                    "id": record.id,
                    "type": record.resource_type,
                    "location": record.location(),
                    "state": answer::provisioning_state(&inner.state, record),
                    "generic": record.generic,
                })
            })
            .collect();
        json!({"resources": shown})
    })
}

/// The resource group's id in an id; of what is in none, nothing.
fn group_of(id: &str) -> &str {
    let segments: Vec<&str> = id.split('/').take(5).collect();
    match segments.as_slice() {
        [_, _, _, groups, _] if groups.eq_ignore_ascii_case("resourceGroups") => {
            let end = id.match_indices('/').nth(4).map_or(id.len(), |(at, _)| at);
            id.get(..end).unwrap_or_default()
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_what_stands_before_the_providers() {
        assert_eq!(
            group_of("/subscriptions/s/resourceGroups/g"),
            "/subscriptions/s/resourceGroups/g"
        );
        assert_eq!(
            group_of("/subscriptions/s/resourcegroups/g/providers/A.B/c/d"),
            "/subscriptions/s/resourcegroups/g"
        );
        assert_eq!(group_of("/subscriptions/s/providers/A.B/c/d"), "");
        assert_eq!(group_of("/subscriptions/s"), "");
        assert_eq!(group_of(""), "");
    }
}
