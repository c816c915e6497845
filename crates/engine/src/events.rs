//! Kubernetes Events, on transitions only. An event that cannot be made blocks nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Api, PostParams};
use kube::{Client, Resource};
use privatelink_arm::Clock;

/// Reports transitions.
pub struct Events {
    client: Client,
    clock: Clock,
    timeout: Duration,
    /// How many were made: a clock can stand still between two.
    made: AtomicU64,
}

/// What the API server takes as a name, in letters.
const LONGEST_NAME: usize = 253;

/// The name of an event, as client-go makes it, the object and a time, and a count: objects of two kinds can have one name
/// and one time.
fn name_of(object: &str, nanoseconds: i128, count: u64) -> String {
    let when = format!(".{nanoseconds:x}.{count:x}");
    let room = LONGEST_NAME.saturating_sub(when.len());
    // Names of objects are ASCII.
    let object = object.get(..room).unwrap_or(object);
    format!("{}{when}", object.trim_end_matches(['.', '-']))
}

/// An object as an event names it.
pub fn reference<K: Resource<DynamicType = ()>>(object: &K) -> ObjectReference {
    ObjectReference {
        namespace: object.meta().namespace.clone(),
        ..object.object_ref(&())
    }
}

/// Whether somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Normal,
    Warning,
}

impl Events {
    pub fn new(client: Client, clock: Clock, timeout: Duration) -> Self {
        Events {
            client,
            clock,
            timeout,
            made: AtomicU64::new(0),
        }
    }

    /// Makes one event about an object. Failures are logged and forgotten.
    pub async fn publish(
        &self,
        object: ObjectReference,
        severity: Severity,
        reason: &str,
        action: &str,
        note: &str,
    ) {
        let now = self.clock.now();
        let namespace = object.namespace.clone().unwrap_or_else(|| "default".to_owned());
        let count = self.made.fetch_add(1, Ordering::Relaxed);
        let name = name_of(
            object.name.as_deref().unwrap_or_default(),
            now.as_nanosecond(),
            count,
        );
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name),
                namespace: Some(namespace.clone()),
                ..ObjectMeta::default()
            },
            action: Some(action.to_owned()),
            event_time: Some(MicroTime(now)),
            note: Some(note.chars().take(1024).collect()),
            reason: Some(reason.to_owned()),
            regarding: Some(object),
            reporting_controller: Some("privatelink.dev/controller".to_owned()),
            reporting_instance: Some("privatelink-controller".to_owned()),
            type_: Some(match severity {
                Severity::Normal => "Normal".to_owned(),
                Severity::Warning => "Warning".to_owned(),
            }),
            ..Event::default()
        };
        let api: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
        match tokio::time::timeout(self.timeout, api.create(&PostParams::default(), &event)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, reason, "an event could not be made"),
            Err(_) => tracing::debug!(reason, "making an event took too long"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_name_and_time_have_names_of_their_own() {
        let names = [0, 1].map(|count| name_of("orders", 1_000, count));
        assert_eq!(names, ["orders.3e8.0", "orders.3e8.1"]);
    }

    #[test]
    fn a_long_name_leaves_room_for_the_time() {
        let dots_where_it_is_cut = "a.".repeat(126);
        let name = name_of(&dots_where_it_is_cut, i128::from(i64::MAX), u64::MAX);
        assert!(name.len() <= LONGEST_NAME, "{}", name.len());
        assert!(!name.contains(".."), "{name}");
    }
}
