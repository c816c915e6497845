//! What a pass does where somebody undoes our change again and again.

use jiff::Timestamp;
use privatelink_api::{ConditionType, ManagedResource, OnContest, Reason};

use super::{Look, Next, Pass};
use crate::contest::Contest;
use crate::diff::Difference;
use crate::failure::Retry;
use crate::kind::Kind;
use crate::plan::DesiredNode;

impl<K: Kind> Pass<'_, K> {
    /// Notes that somebody has undone what we had done. What is said where that has been too often, and nothing is put right
    /// for now. No differences: the resource is gone.
    pub(super) fn contested(&mut self, node: &DesiredNode, differences: &[Difference]) -> Option<Look> {
        if self.is_asked() {
            self.memory.contest = None;
            return None;
        }
        let now = self.context.clock.now();
        let resumed = self.memory.contest.is_none() && self.is_contested();
        let written = self.node(node.name).written.map(|(_, at)| at);
        let done = self.memory.verified.max(written);
        let contest = self.memory.contest.get_or_insert_default();
        if resumed {
            **contest = Contest::resumed(now);
        } else {
            contest.note(done, now);
        }
        let yields = self.object.managed().on_contest() == OnContest::Yield;
        if !contest.stands() || !yields && contest.is_due(now) {
            return None;
        }
        let times = contest.times().to_vec();
        self.draft.set_differences(differences);
        self.handled();
        if times.is_empty() {
            // Status tells of it, and of times that this process does not know.
            return Some(Look::Nothing {
                retry: Next::At(Retry::Slowly),
            });
        }
        let what = match differences {
            [] => "deletes the resource".to_owned(),
            _ => format!("changes {}", super::verdict::paths(differences)),
        };
        let remedy = if yields {
            "it is left as it is until that ends or spec changes (spec.onContest: Yield)"
        } else {
            "it is put right every 30 minutes only, until nobody has changed it for an hour; find out who it is (the activity log of the resource), or let them win with spec.onContest: Yield"
        };
        let message = format!(
            "somebody {what} in Azure again and again, seen at {}; {remedy}",
            listed(&times)
        );
        Some(self.failing(
            ConditionType::Programmed,
            Reason::Contested,
            &message,
            Retry::Slowly,
        ))
    }

    /// Whether status says so for this generation.
    pub(super) fn is_contested(&self) -> bool {
        self.draft.ready_reason() == Some(Reason::Contested) && self.draft.is_stalled_at(self.generation)
    }
}

fn listed(times: &[Timestamp]) -> String {
    let times: Vec<String> = times
        .iter()
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .collect();
    times.join(", ")
}
