//! A table of every reason of the closed list for every kind, at every moment of an object's life: what is said of it
//! follows from the reason's stance alone.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use privatelink_api::{ConditionType, Reason, Stance};
use privatelink_engine::status::{Standing, conditions};
use privatelink_engine::{Finding, Truth};
use serde_json::{Value, json};

use crate::expected::{self, DEGRADED, HEALTHY, PROGRESSING, Sight};
use crate::judges::{assert_none, violations};

const GENERATION: i64 = 7;

/// The conditions that may fail.
const FAILING: [ConditionType; 6] = [
    ConditionType::Accepted,
    ConditionType::IdentityReady,
    ConditionType::ResolvedRefs,
    ConditionType::Programmed,
    ConditionType::Approved,
    ConditionType::DnsReady,
];

fn found(condition: ConditionType, truth: Truth, reason: Reason) -> Finding {
    Finding::new(condition, truth, reason, "as the table has it")
}

fn written(previous: &[Condition], standing: &Standing) -> Vec<Condition> {
    conditions(previous, standing, GENERATION, Timestamp::UNIX_EPOCH)
}

/// What an object says for a reason, and what is to be seen of it.
fn rows(condition: ConditionType, reason: Reason) -> Vec<(Vec<Condition>, Sight)> {
    let sight_of = |stance: Stance| match stance {
        Stance::Ready => HEALTHY,
        Stance::Stalled => DEGRADED,
        Stance::Reconciling | Stance::Unknown | Stance::KeepsReady => PROGRESSING,
    };
    let truth = match reason.stance() {
        Stance::Ready => Truth::True,
        Stance::Unknown => Truth::Unknown,
        _ => Truth::False,
    };
    if reason.stance() == Stance::KeepsReady {
        let kept = Standing::Kept {
            reason,
            message: "as the table has it".to_owned(),
        };
        let before = [
            Reason::Succeeded,
            Reason::Updating,
            Reason::NotOwned,
            Reason::Pending,
        ];
        return before
            .into_iter()
            .flat_map(|before| rows(condition, before))
            .map(|(before, sight)| (written(&before, &kept), sight))
            .collect();
    }
    let finding = found(condition, truth, reason);
    let observed = finding.clone().observed_only();
    [finding, observed]
        .into_iter()
        .map(|finding| {
            let sight = sight_of(finding.stance);
            (written(&[], &Standing::Found(vec![finding])), sight)
        })
        .collect()
}

fn object(kind: &str, conditions: &[Condition], paused: bool) -> Value {
    let mut object = json!({
        "apiVersion": "privatelink.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": "one", "namespace": "orders", "generation": GENERATION},
        "status": {"observedGeneration": GENERATION, "conditions": conditions},
    });
    if paused {
        object["metadata"]["annotations"] = json!({"privatelink.dev/paused": "true"});
    }
    object
}

#[test]
fn every_reason_of_every_kind_is_seen_as_its_stance_says() {
    let mut states = Vec::new();
    let mut wrong = Vec::new();
    for definition in privatelink_api::crds() {
        let kind = &definition.spec.names.kind;
        for (condition, reason) in FAILING
            .iter()
            .flat_map(|condition| Reason::ALL.iter().map(move |reason| (*condition, *reason)))
        {
            for (conditions, sight) in rows(condition, reason) {
                let paused = reason == Reason::Paused;
                let now = object(kind, &conditions, paused);
                let sight = if paused { sight.paused() } else { sight };
                wrong.extend(
                    expected::malformed(&now).map(|what| format!("{what}: {}", expected::shown(&now))),
                );

                // A change of spec that nobody has looked at: what is said is about the one before.
                let mut changed = now.clone();
                changed["metadata"]["generation"] = json!(GENERATION + 1);
                let unseen = if paused { PROGRESSING.paused() } else { PROGRESSING };

                let mut deleting = now.clone();
                deleting["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
                deleting["metadata"]["finalizers"] = json!(["privatelink.dev/finalizer"]);

                states.push((deleting, sight.under_deletion()));
                states.push((changed, unseen));
                states.push((now, sight));
            }
        }
    }
    // The oracle of the states from life agrees with the table.
    for (object, sight) in &states {
        assert_eq!(expected::sight(object), *sight, "{}", expected::shown(object));
    }
    println!("{} states of the table are judged", states.len());
    wrong.extend(violations(&states));
    assert_none(&wrong);
}

#[test]
fn the_judges_notice_what_is_seen_otherwise() {
    let rows = rows(ConditionType::Programmed, Reason::NotOwned);
    let (conditions, _) = rows.first().unwrap();
    let stalled = object("PrivateEndpoint", conditions, false);
    // Both kstatus, the engine and the script, these two with either form of the settings.
    assert_eq!(violations(&[(stalled, HEALTHY)]).len(), 6);
}
