//! From what a pass found to the status that is written: conditions by kstatus' rules, and nothing when only
//! volatile parts differ.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use privatelink_api::{ConditionType, Reason, Stance};

use crate::kind::{Finding, Truth};

/// What a pass has to say about the object as a whole.
#[derive(Clone, Debug)]
pub enum Standing {
    /// Ready follows from the findings.
    Found(Vec<Finding>),
    /// Ready keeps its status and generation; only reason and message change.
    Kept { reason: Reason, message: String },
    /// Nothing new is known: the conditions stay as they are.
    Same,
}

/// The order in which conditions are shown and in which the first failing one gives Ready its reason.
const ORDER: [ConditionType; 6] = [
    ConditionType::Accepted,
    ConditionType::IdentityReady,
    ConditionType::ResolvedRefs,
    ConditionType::Programmed,
    ConditionType::Approved,
    ConditionType::DnsReady,
];

/// Warnings, shown only while they stand; they do not touch Ready.
const WARNINGS: [ConditionType; 4] = [
    ConditionType::NearLimit,
    ConditionType::NamesShadowed,
    ConditionType::NetworkPolicyEnforced,
    ConditionType::RoutesEffective,
];

/// The message of a Ready object, where no finding says more.
const READY_MESSAGE: &str = "Azure is as wanted";

/// The conditions after a pass.
pub fn conditions(
    previous: &[Condition],
    standing: &Standing,
    generation: i64,
    now: Timestamp,
) -> Vec<Condition> {
    let findings = match standing {
        Standing::Found(findings) => findings,
        Standing::Kept { reason, message } => return kept(previous, *reason, message, now),
        Standing::Same => return previous.to_vec(),
    };
    let make = |condition: ConditionType, status: Truth, reason: Reason, message: &str| {
        settle(previous, condition, status, reason, message, generation, now)
    };
    let mut conditions = Vec::new();
    for condition in ORDER.into_iter().chain(WARNINGS) {
        // A later finding of the same pass knows more than an earlier one.
        if let Some(finding) = findings
            .iter()
            .rev()
            .find(|finding| finding.condition == condition)
        {
            conditions.push(make(condition, finding.status, finding.reason, &finding.message));
        }
    }
    let failing = failing(findings);
    match failing {
        None => {
            let message = findings
                .iter()
                .rev()
                .find(|finding| finding.condition == ConditionType::Ready);
            let unverified = findings.iter().find(|finding| finding.status == Truth::Unknown);
            let message = match (message, unverified) {
                (Some(finding), _) => finding.message.clone(),
                (None, Some(finding)) => format!("{READY_MESSAGE}; not verified: {}", finding.message),
                (None, None) => READY_MESSAGE.to_owned(),
            };
            conditions.push(make(
                ConditionType::Ready,
                Truth::True,
                Reason::Succeeded,
                &message,
            ));
        }
        Some(finding) => {
            let ready = if finding.stance == Stance::Unknown {
                Truth::Unknown
            } else {
                Truth::False
            };
            conditions.push(make(
                ConditionType::Ready,
                ready,
                finding.reason,
                &finding.message,
            ));
            let also = match finding.stance {
                Stance::Stalled => Some(ConditionType::Stalled),
                Stance::Reconciling => Some(ConditionType::Reconciling),
                _ => None,
            };
            conditions.extend(also.map(|also| make(also, Truth::True, finding.reason, &finding.message)));
        }
    }
    conditions
}

/// The finding that gives Ready its reason: one that needs a user before one that passes by itself, then by order.
pub fn failing(findings: &[Finding]) -> Option<&Finding> {
    let position = |finding: &Finding| {
        ORDER
            .iter()
            .position(|condition| *condition == finding.condition)
            .unwrap_or(ORDER.len())
    };
    findings
        .iter()
        .filter(|finding| finding.status != Truth::True && ORDER.contains(&finding.condition))
        .filter(|finding| !matches!(finding.stance, Stance::Ready | Stance::KeepsReady))
        .min_by_key(|finding| (finding.stance != Stance::Stalled, position(finding)))
}

fn kept(previous: &[Condition], reason: Reason, message: &str, now: Timestamp) -> Vec<Condition> {
    let mut conditions = previous.to_vec();
    let ready = conditions
        .iter_mut()
        .find(|condition| condition.type_ == ConditionType::Ready.as_str());
    match ready {
        Some(ready) => {
            reason.as_str().clone_into(&mut ready.reason);
            if without_volatile(&ready.message) != without_volatile(message) {
                ready.message = bounded(message);
            }
        }
        // Ready is always there.
        None => conditions.push(Condition {
            type_: ConditionType::Ready.as_str().to_owned(),
            status: Truth::Unknown.as_str().to_owned(),
            reason: reason.as_str().to_owned(),
            message: bounded(message),
            observed_generation: None,
            last_transition_time: Time(now),
        }),
    }
    conditions
}

fn settle(
    previous: &[Condition],
    condition: ConditionType,
    status: Truth,
    reason: Reason,
    message: &str,
    generation: i64,
    now: Timestamp,
) -> Condition {
    let last = previous.iter().find(|last| last.type_ == condition.as_str());
    let same_status = last.filter(|last| last.status == status.as_str());
    let same_failure = same_status.filter(|last| {
        last.reason == reason.as_str() && without_volatile(&last.message) == without_volatile(message)
    });
    Condition {
        type_: condition.as_str().to_owned(),
        status: status.as_str().to_owned(),
        reason: reason.as_str().to_owned(),
        message: bounded(same_failure.map_or(message, |last| last.message.as_str())),
        observed_generation: Some(generation),
        last_transition_time: same_status.map_or(Time(now), |last| last.last_transition_time.clone()),
    }
}

/// A condition's message is at most 32,768 characters; ours are kept far below that.
fn bounded(message: &str) -> String {
    const MOST: usize = 2048;
    if message.chars().count() <= MOST {
        message.to_owned()
    } else {
        message.chars().take(MOST - 1).chain(['…']).collect()
    }
}

/// What precedes the correlation id of a failure: `… (correlation id 0f3c…)`.
const CORRELATION: &str = " (correlation id ";

/// Adds a correlation id to a message, for a support ticket.
pub fn with_correlation(message: &str, correlation_id: Option<&str>) -> String {
    match correlation_id {
        Some(id) => format!("{message}{CORRELATION}{id})"),
        None => message.to_owned(),
    }
}

/// A message without its correlation id.
fn without_volatile(message: &str) -> &str {
    message.split_once(CORRELATION).map_or(message, |(head, _)| head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(condition: ConditionType, status: Truth, reason: Reason, message: &str) -> Finding {
        Finding::new(condition, status, reason, message)
    }

    fn show(conditions: &[Condition]) -> Vec<String> {
        conditions
            .iter()
            .map(|c| format!("{}={}/{}", c.type_, c.status, c.reason))
            .collect()
    }

    #[test]
    fn stalled_beats_reconciling_and_the_first_failing_condition_gives_the_reason() {
        let findings = vec![
            finding(
                ConditionType::Approved,
                Truth::False,
                Reason::Rejected,
                "rejected",
            ),
            finding(
                ConditionType::Programmed,
                Truth::False,
                Reason::Updating,
                "updating",
            ),
            finding(ConditionType::Accepted, Truth::True, Reason::Succeeded, ""),
        ];
        let conditions = conditions(&[], &Standing::Found(findings), 4, Timestamp::UNIX_EPOCH);
        assert_eq!(
            show(&conditions),
            [
                "Accepted=True/Succeeded",
                "Programmed=False/Updating",
                "Approved=False/Rejected",
                "Ready=False/Rejected",
                "Stalled=True/Rejected"
            ]
        );
        assert!(
            conditions
                .iter()
                .all(|condition| condition.observed_generation == Some(4))
        );
    }

    #[test]
    fn the_first_correlation_id_of_a_failure_is_kept() {
        let failure = |id: &str| {
            let message = with_correlation("Azure says no", Some(id));
            Standing::Found(vec![finding(
                ConditionType::Programmed,
                Truth::False,
                Reason::Forbidden,
                &message,
            )])
        };
        let first = conditions(&[], &failure("one"), 1, Timestamp::UNIX_EPOCH);
        let second = conditions(&first, &failure("two"), 1, Timestamp::from_second(100).unwrap());
        assert_eq!(first, second);
    }

    #[test]
    fn a_kept_standing_changes_reason_and_message_of_ready_alone() {
        let ready = Standing::Found(vec![finding(
            ConditionType::Programmed,
            Truth::True,
            Reason::Succeeded,
            "",
        )]);
        let before = conditions(&[], &ready, 7, Timestamp::UNIX_EPOCH);
        let standing = Standing::Kept {
            reason: Reason::Paused,
            message: "paused".to_owned(),
        };
        let after = conditions(&before, &standing, 8, Timestamp::from_second(9).unwrap());
        assert_eq!(show(&after), ["Programmed=True/Succeeded", "Ready=True/Paused"]);
        assert_eq!(after.last().unwrap().observed_generation, Some(7));
        let fresh = conditions(&[], &standing, 8, Timestamp::from_second(9).unwrap());
        assert_eq!(show(&fresh), ["Ready=Unknown/Paused"], "Ready is always there");
    }
}
