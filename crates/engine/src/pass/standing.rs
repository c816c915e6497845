//! How an object stands before a pass has looked at Azure: what its status and annotations say.

use kube::Resource;
use privatelink_api::ConditionType;
use privatelink_api::names::RECONCILE_REQUESTED_AT_ANNOTATION;

use super::Pass;
use crate::kind::Kind;

impl<K: Kind> Pass<'_, K> {
    pub(super) fn annotation(&self, name: &str) -> Option<&str> {
        self.object
            .meta()
            .annotations
            .as_ref()?
            .get(name)
            .map(String::as_str)
    }

    pub(super) fn deleting(&self) -> bool {
        self.object.meta().deletion_timestamp.is_some()
    }

    /// Whether the object was Ready at this generation and nobody asks for a closer look.
    pub(super) fn settled(&self) -> bool {
        self.draft.is_true_at(ConditionType::Ready, self.generation) && self.undisturbed()
    }

    /// Whether the object was Ready at this generation and nothing is under way.
    pub(super) fn was_ready(&self) -> bool {
        self.draft.is_true_at(ConditionType::Ready, self.generation)
            && self.memory.nodes.values().all(|node| node.operation.is_none())
            && self.draft.managed.operations.is_empty()
    }

    /// Whether Azure equalled spec at this generation, and what is missing is for others to do.
    pub(super) fn programmed(&self) -> bool {
        self.draft.is_true_at(ConditionType::Programmed, self.generation) && self.undisturbed()
    }

    /// No operation runs, and nobody asks for a closer look.
    pub(super) fn undisturbed(&self) -> bool {
        self.draft.managed.operations.is_empty()
            && self.memory.nodes.values().all(|node| node.operation.is_none())
            && !self.is_asked()
    }

    /// Whether somebody asks for a closer look and has not been answered.
    pub(super) fn is_asked(&self) -> bool {
        let asked = self.asked();
        asked.is_some() && asked != self.draft.managed.last_handled_reconcile_at
    }

    /// The value of the annotation that asks for a closer look, as status can hold it.
    pub(super) fn asked(&self) -> Option<String> {
        self.annotation(RECONCILE_REQUESTED_AT_ANNOTATION)
            .map(|value| value.chars().take(1024).collect())
    }

    /// A pass that looked at Azure has answered a request to look.
    pub(super) fn handled(&mut self) {
        if let Some(asked) = self.asked() {
            self.draft.managed.last_handled_reconcile_at = Some(asked);
        }
    }
}
