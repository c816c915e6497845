//! What a pass does with somebody else's resource of which it sets fields: whose turn it is, and what is given back.

use super::Pass;
use crate::events::{Severity, reference};
use crate::kind::Kind;
use crate::loan;
use crate::plan::{DesiredNode, Observed, Want};

impl<K: Kind> Pass<'_, K> {
    /// Whether the object may write a node that Azure changes one at a time with others. If not, it is in line.
    pub(super) fn has_turn(&mut self, node: &DesiredNode) -> bool {
        let Some(parent) = node.id.parent().filter(|_| node.model.one_at_a_time) else {
            return true;
        };
        self.in_turn = self.context.turns.take(&parent, self.key);
        self.in_turn
    }

    /// Whether nothing is left to give back of what we set in somebody else's resource. One read may be an old one.
    pub(super) fn is_given_back(&mut self, node: &DesiredNode) -> bool {
        let lent = matches!(node.want, Want::Lent { .. });
        let second_look = self.context.second_look();
        !lent || !self.gives_back(node) || self.node(node.name).is_sure(second_look)
    }

    /// Whether there are fields of somebody else's resource that we have set and that are not wanted any longer.
    pub(super) fn gives_back(&self, node: &DesiredNode) -> bool {
        let loans = self.draft.loans();
        match &node.want {
            Want::Lent { fields, .. } => loan::settled(node.model, fields, &loans).len() < loans.len(),
            _ => false,
        }
    }

    /// What stays of what we set in somebody else's resource, after all was given back that could be.
    pub(super) async fn tell_what_is_left(&self, nodes: &[DesiredNode], observed: &[Observed]) {
        let loans = self.draft.loans();
        for (node, seen) in nodes.iter().zip(observed) {
            let (Want::Lent { kept, .. }, Observed::Present(snapshot)) = (&node.want, seen) else {
                continue;
            };
            for left in loan::left(node.model, &snapshot.body, &loans, kept) {
                let note = format!("{}: {left}", node.id);
                tracing::warn!(object = %self.key, note, "not put back");
                let (events, object) = (&self.context.events, self.object);
                events
                    .publish(
                        reference(object),
                        Severity::Warning,
                        "NotPutBack",
                        "Delete",
                        &note,
                    )
                    .await;
            }
        }
    }
}
