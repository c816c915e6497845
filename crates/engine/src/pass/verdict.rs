//! What a pass says about the object: findings for conditions, and when to look again.

use std::time::Duration;

use privatelink_api::{ConditionType, ManagedResource, ManagementPolicy, Reason};
use tokio::time::Instant;

use super::{Look, Next, POLL_PACE, Pass};
use crate::diff;
use crate::failure::{Failure, Retry};
use crate::kind::{Finding, Kind, Outputs, Truth, Unresolved};
use crate::loan;
use crate::ownership::OwnerTag;
use crate::plan::{DesiredNode, Refusal, Want};
use crate::status::Standing;

/// How long somebody waits at most to be called.
const IN_LINE: Duration = Duration::from_secs(120);

impl<K: Kind> Pass<'_, K> {
    pub(super) fn in_sync(&mut self, nodes: &[DesiredNode], outputs: Outputs) -> Look {
        self.memory.verified = Some(self.context.clock.now());
        self.memory.failures = 0;
        self.memory.failed_write = false;
        self.memory.correcting = false;
        let now = self.context.clock.now();
        self.memory.contest.take_if(|contest| contest.is_over(now));
        self.memory.refused = None;
        self.handled();
        self.draft.managed.differences.clear();
        let observe_only = self.object.managed().management_policy() == ManagementPolicy::ObserveOnly;
        let mut again = None;
        for node in nodes {
            match &node.want {
                Want::Present(_) if observe_only => {}
                Want::Present(body) => {
                    self.node(node.name).verified = Some(super::wanted(node));
                    self.draft
                        .set_applied(node.name, &diff::owned_keys(node.model, body));
                }
                Want::Absent => drop(self.draft.managed.applied.remove(node.name)),
                Want::Lent { .. } if observe_only => {}
                Want::Lent { fields, .. } => {
                    self.node(node.name).verified = Some(super::wanted(node));
                    if self.is_given_back(node) {
                        let held = loan::settled(node.model, fields, &self.draft.loans());
                        self.draft.set_loans(&held);
                    } else {
                        again = Some(self.context.lag_pace());
                    }
                }
            }
        }
        self.draft.own = outputs.status;
        let rest = self.context.pace();
        let retry = match again.or(outputs.again).filter(|again| *again < rest) {
            Some(again) => Next::At(Retry::After(again)),
            None => Next::Rest,
        };
        let mut findings = vec![
            accepted(),
            resolved_references(),
            Finding::new(
                ConditionType::Programmed,
                Truth::True,
                Reason::Succeeded,
                "Azure equals spec",
            ),
        ];
        findings.extend(outputs.findings);
        Look::Status {
            standing: Standing::Found(findings),
            retry,
        }
    }

    /// The main resource is as wanted, and another one cannot be written.
    pub(super) fn not_admitted(&mut self, unresolved: Unresolved) -> Look {
        let Unresolved {
            condition,
            reason,
            message,
            ..
        } = unresolved;
        self.handled();
        let mut findings = vec![
            accepted(),
            resolved_references(),
            not_programmed(reason, &message),
        ];
        self.glimpsed.retain(|finding| finding.condition != condition);
        findings.append(&mut self.glimpsed);
        findings.push(Finding::new(condition, Truth::False, reason, message));
        Look::Status {
            standing: Standing::Found(findings),
            retry: Next::At(Retry::Slowly),
        }
    }

    /// The id and the keys of the next write are in status; nothing has been asked of Azure yet.
    pub(super) fn recorded(&mut self, settled: bool) -> Look {
        let standing = if settled || self.keeps_failure() {
            Standing::Same
        } else {
            let reason = self.reason_of_waiting();
            Standing::Found(vec![
                accepted(),
                resolved_references(),
                not_programmed(reason, "about to look at Azure"),
            ])
        };
        Look::Status {
            standing,
            retry: Next::Now,
        }
    }

    /// Azure does not show yet what should be there.
    pub(super) fn lagging(&mut self, settled: bool) -> Look {
        let retry = Retry::After(self.context.lag_pace());
        if settled {
            // One read that misses something is no finding.
            return Look::Nothing {
                retry: Next::At(retry),
            };
        }
        let reason = self.reason_of_waiting();
        let message =
            "Azure's answers do not show yet what should be there; they may lag, and are looked at again";
        self.progressing(reason, message, retry)
    }

    /// Azure is at work on the resource.
    pub(super) fn busy(&mut self, state: &str) -> Look {
        let reason = if state.eq_ignore_ascii_case("Deleting") {
            Reason::Deleting
        } else {
            self.reason_of_waiting()
        };
        let message = format!("Azure is busy with the resource: {state}");
        self.progressing(reason, &message, Retry::After(POLL_PACE))
    }

    /// Azure changes the resource and others one at a time, and another has its turn: whoever is through calls.
    pub(super) fn in_line(&self) -> Look {
        Look::Nothing {
            retry: Next::At(Retry::After(IN_LINE)),
        }
    }

    /// What status calls the time until Azure shows what came of the last write.
    pub(super) fn reason_of_waiting(&self) -> Reason {
        if self.deleting() {
            Reason::Deleting
        } else if self.memory.correcting {
            Reason::DriftDetected
        } else if self.draft.was_programmed() || self.memory.verified.is_some() {
            Reason::Updating
        } else {
            // A passing word of this pass or of the one before: what was begun goes on.
            match self.draft.ready_reason() {
                Some(Reason::Updating) => Reason::Updating,
                _ => Reason::Creating,
            }
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) -> Look {
        let (reason, message) = match refusal {
            Refusal::NotOwned { owner, differences } => {
                self.draft.set_differences(&differences);
                let message = match owner {
                    OwnerTag::Other { owner_id } if !K::ADOPTS_FROM_OTHERS || owner_id == self.context.settings.owner_id => {
                        format!("the resource exists in Azure and belongs to another object, of the installation {owner_id}; choose another name, or delete that object first")
                    }
                    OwnerTag::Other { owner_id } => format!("the resource exists in Azure and belongs to owner {owner_id}; choose another spec.azureName, or take it over with spec.adoptFrom: {owner_id}"),
                    OwnerTag::Azure { creator } => format!("Azure wrote the record for a private endpoint's zone group ({creator}), and only that changes it; choose another name, or leave the record to the zone group"),
                    _ => "the resource exists in Azure and is not ours; choose another spec.azureName, or take it over with spec.adoptionPolicy: Adopt (status.differences shows what would change)".to_owned(),
                };
                (K::NOT_OWNED, message)
            }
            Refusal::NotUpdatable { differences } => {
                let message = format!(
                    "Azure takes {} at creation only, and what is there differs (status.differences); delete the resource in Azure, or make another object",
                    paths(&differences)
                );
                self.draft.set_differences(&differences);
                (Reason::Conflict, message)
            }
            Refusal::NotThere => {
                self.handled();
                // One that comes after it has nothing of ours.
                self.draft.set_loans(&loan::Loans::new());
                let id = self.draft.resource_id();
                let id = id.map_or_else(|| "the resource".to_owned(), |id| id.to_string());
                return self.failing(
                    ConditionType::ResolvedRefs,
                    Reason::DependencyNotReady,
                    &format!("{id} does not exist in Azure, and is not the controller's to make; it is looked for again"),
                    Retry::Patiently,
                );
            }
            Refusal::Malformed => {
                return self.failing(
                    ConditionType::Programmed,
                    Reason::Retrying,
                    "Azure's answer has an unexpected shape: properties is not an object",
                    Retry::Backoff,
                );
            }
        };
        self.handled();
        self.failing(ConditionType::Programmed, reason, &message, Retry::Slowly)
    }

    pub(super) fn differs(&mut self, differences: &[diff::Difference]) -> Look {
        self.draft.set_differences(differences);
        self.handled();
        let message = if differences.is_empty() {
            "the resource does not exist in Azure (managementPolicy: ObserveOnly)".to_owned()
        } else {
            format!(
                "Azure differs from spec in {} (managementPolicy: ObserveOnly)",
                paths(differences)
            )
        };
        let finding = Finding::new(
            ConditionType::Programmed,
            Truth::False,
            Reason::DriftDetected,
            message,
        )
        .observed_only();
        let mut findings = vec![accepted(), resolved_references(), finding];
        findings.append(&mut self.glimpsed);
        Look::Status {
            standing: Standing::Found(findings),
            retry: Next::Rest,
        }
    }

    /// Whether status tells of a failure that what is under way may mend, but has not.
    pub(super) fn keeps_failure(&self) -> bool {
        let stalled = self.draft.is_stalled_at(self.generation);
        let failed =
            self.memory.failed_write && self.draft.managed.observed_generation == Some(self.generation);
        (stalled || failed) && !self.deleting()
    }

    pub(super) fn progressing(&mut self, reason: Reason, message: &str, retry: Retry) -> Look {
        if reason != Reason::Deleting && self.keeps_failure() {
            return Look::Nothing {
                retry: Next::At(retry),
            };
        }
        let mut findings = vec![accepted(), resolved_references(), not_programmed(reason, message)];
        findings.append(&mut self.glimpsed);
        Look::Status {
            standing: Standing::Found(findings),
            retry: Next::At(retry),
        }
    }

    pub(super) fn failing(
        &mut self,
        condition: ConditionType,
        reason: Reason,
        message: &str,
        retry: Retry,
    ) -> Look {
        let finding = Finding::new(condition, Truth::False, reason, message);
        self.failed(Failure {
            finding,
            retry,
            waits_for_turn: false,
        })
    }

    pub(super) fn failed(&mut self, mut failure: Failure) -> Look {
        let waits = match failure.finding.reason {
            Reason::IdentityFailed => Some(
                "; the deletion waits: restore the identity, set spec.deletionPolicy: Retain, or let go with the annotation privatelink.dev/abandon: \"true\"",
            ),
            // A right, a lock or a policy; what to do about it has been said.
            Reason::Forbidden => Some(
                "; the deletion waits for that; otherwise set spec.deletionPolicy: Retain, or let go with the annotation privatelink.dev/abandon: \"true\"",
            ),
            _ => None,
        };
        if let Some(waits) = waits.filter(|_| self.deleting()) {
            failure.finding.message.push_str(waits);
        }
        let mut findings = Vec::new();
        if failure.finding.condition == ConditionType::Programmed {
            findings.extend([accepted(), resolved_references()]);
        } else if failure.finding.condition == ConditionType::ResolvedRefs {
            findings.push(accepted());
        }
        findings.push(failure.finding);
        findings.append(&mut self.glimpsed);
        Look::Status {
            standing: Standing::Found(findings),
            retry: Next::At(failure.retry),
        }
    }

    pub(super) fn failed_or_unverified(&mut self, failure: Failure, settled: bool) -> Look {
        // Somebody who asks for a closer look does not make Ready untrue.
        let settled = settled || self.was_ready();
        let goes_on = self.begun && !self.winds_up;
        if let (true, true, Retry::After(wait)) = (goes_on, failure.waits_for_turn, failure.retry) {
            // What was begun goes on then.
            self.memory.turn = Some(Instant::now() + wait);
        }
        if failure.waits_for_turn || settled && failure.finding.reason == Reason::Throttled {
            // The look comes later; nothing is wrong with the object.
            return Look::Nothing {
                retry: Next::At(failure.retry),
            };
        }
        if settled {
            return self.unverified(&failure.finding.message);
        }
        self.failed(failure)
    }

    pub(super) fn unverified(&mut self, why: &str) -> Look {
        let since = self.memory.verified.map_or_else(
            || "this controller started".to_owned(),
            |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        );
        let message = format!("not verified since {since}: {why}");
        Look::Status {
            standing: Standing::Kept {
                reason: Reason::Unverified,
                message,
            },
            retry: Next::At(Retry::Backoff),
        }
    }
}

pub(super) fn paths(differences: &[diff::Difference]) -> String {
    let paths: Vec<&str> = differences
        .iter()
        .map(|difference| difference.path.as_str())
        .collect();
    paths.join(", ")
}

fn accepted() -> Finding {
    Finding::new(
        ConditionType::Accepted,
        Truth::True,
        Reason::Succeeded,
        "spec and scope allow it",
    )
}

fn resolved_references() -> Finding {
    Finding::new(
        ConditionType::ResolvedRefs,
        Truth::True,
        Reason::Succeeded,
        "all references are resolved",
    )
}

fn not_programmed(reason: Reason, message: &str) -> Finding {
    Finding::new(ConditionType::Programmed, Truth::False, reason, message)
}
