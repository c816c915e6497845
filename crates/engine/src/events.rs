//! Kubernetes Events, on transitions only. An event that cannot be made blocks nothing.

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
        let name = object.name.as_deref().unwrap_or_default();
        let event = Event {
            metadata: ObjectMeta {
                // As client-go names them: the object and a time, so that two events never share a name.
                name: Some(format!("{name}.{:x}", now.as_nanosecond())),
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
