//! What is told when an object's Ready takes another turn: one line in the log and one event, and nothing while it says
//! the same. Never decides what Ready says.

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use privatelink_api::ConditionType;

use crate::context::Context;
use crate::events::Severity;
use crate::kind::ObjectKey;

/// A turn that Ready has taken.
#[derive(Debug, PartialEq)]
pub(crate) struct Transition<'a> {
    ready: &'a Condition,
    stalled: bool,
}

impl<'a> Transition<'a> {
    /// The turn between two states of the conditions; none where status and reason are as they were.
    pub(crate) fn between(before: &[Condition], after: &'a [Condition]) -> Option<Self> {
        let ready = find(after, ConditionType::Ready)?;
        let same = find(before, ConditionType::Ready)
            .is_some_and(|last| last.status == ready.status && last.reason == ready.reason);
        (!same).then(|| Transition {
            ready,
            stalled: find(after, ConditionType::Stalled).is_some(),
        })
    }

    /// Tells of it. An event that cannot be made blocks nothing.
    pub(crate) async fn tell(&self, context: &Context, key: &ObjectKey, object: ObjectReference) {
        let Condition {
            status,
            reason,
            message,
            ..
        } = self.ready;
        // Not `message`: that is what the line itself is called.
        tracing::info!(object = %key, ready = status, reason, why = message, "Ready has changed");
        let severity = if self.stalled {
            Severity::Warning
        } else {
            Severity::Normal
        };
        context
            .events
            .publish(object, severity, reason, "Reconcile", message)
            .await;
    }
}

fn find(conditions: &[Condition], wanted: ConditionType) -> Option<&Condition> {
    conditions
        .iter()
        .find(|condition| condition.type_ == wanted.as_str())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn condition(type_: &str, status: &str, reason: &str, message: &str) -> Condition {
        Condition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            observed_generation: None,
            last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
        }
    }

    #[test]
    fn only_another_status_or_reason_is_told() {
        let creating = [condition("Ready", "False", "Creating", "one")];
        let still = [condition("Ready", "False", "Creating", "two")];
        let updating = [condition("Ready", "False", "Updating", "two")];
        let ready = [condition("Ready", "True", "Updating", "two")];
        assert_eq!(Transition::between(&creating, &still), None);
        assert!(Transition::between(&creating, &updating).is_some());
        assert!(Transition::between(&updating, &ready).is_some());
        assert!(Transition::between(&[], &ready).is_some());
        assert_eq!(Transition::between(&creating, &[]), None);
        let stalled = [
            condition("Ready", "False", "Forbidden", "no"),
            condition("Stalled", "True", "Forbidden", "no"),
        ];
        assert!(Transition::between(&creating, &stalled).is_some_and(|transition| transition.stalled));
    }
}
