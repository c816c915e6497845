//! The page to look at: what is there, what runs, what is left of the limits. Its HTML is embedded; its facts come from the
//! door as JSON.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::Emulator;
use crate::operations::completion;
use crate::request::answer;
use crate::state::record::Record;

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
        let groups: Vec<(&str, usize)> = state.groups().counts().collect();
        let count: usize = groups.iter().map(|(_, resources)| resources).sum();
        let groups: Vec<Value> = groups
            .into_iter()
            .map(|(id, resources)| json!({"id": id, "resources": resources}))
            .collect();
        let operations: Vec<Value> = state
            .running_operations()
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
            "running": state.running_operations().count(),
            "operations": operations,
            "limited": inner.throttle.is_limited(),
            "budgets": inner.throttle.budgets(now),
        })
    })
}

/// What is in a resource group, or for an empty text above all groups: what each resource is, without its body.
pub(crate) fn resources(emulator: &Emulator, group: &str) -> Value {
    emulator.with(|inner, _| {
        let state = &inner.state;
        let key = group.to_ascii_lowercase();
        let found: Vec<&Arc<Record>> = if key.is_empty() {
            state.groups().above().filter_map(|key| state.get(key)).collect()
        } else {
            let within = state.descendants(&key).map(|(_, record)| record);
            state.get(&key).into_iter().chain(within).collect()
        };
        let shown: Vec<Value> = found
            .into_iter()
            .map(|record| {
                json!({
                    "id": record.id,
                    "type": record.resource_type,
                    "location": record.location(),
                    "state": answer::provisioning_state(state, record),
                    "generic": record.generic,
                })
            })
            .collect();
        json!({"resources": shown})
    })
}
