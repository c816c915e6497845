//! The fault sweep: every scenario once without faults, then once for every call and every fault at it.
//!
//! A case must come to the end state of the run without faults, must write nothing in three further resyncs, and must
//! keep the four properties at every step.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::arm_door::{ArmCall, ArmFault};
use super::foreigners::Foreigner;
use super::in_virtual_time;
use super::judge::Violation;
use super::stories::Story;
use super::world::{DRIFT, KubernetesFault, Mutant, World};
use crate::simulated::{Call, Fault, Verb};

/// After the last act: longer than the slowest retry.
const CONVERGENCE: Duration = Duration::from_secs(13 * 60);

/// Rest is looked at for three resyncs, and again where a fault fell into them.
const MOST_WINDOWS: usize = 6;
const LEASES: &str = "leases.coordination.k8s.io";

/// One fault at one call.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultAt {
    Arm(ArmCall, &'static str, ArmFault),
    Kubernetes(Call, &'static str, Fault, bool),
}

impl std::fmt::Display for FaultAt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FaultAt::Arm(call, name, _) => write!(formatter, "arm {name} {call}"),
            FaultAt::Kubernetes(call, name, _, _) => write!(formatter, "kubernetes {name} {call}"),
        }
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    pub arm_calls: Vec<ArmCall>,
    pub kubernetes_calls: Vec<Call>,
    pub end_state: BTreeMap<String, Value>,
    pub violations: Vec<Violation>,
    /// Writes to Azure and to Kubernetes in three resyncs after the end.
    pub restless: Vec<String>,
    pub fired: usize,
    /// Every status that was seen, for whoever replays a failure.
    pub notes: Vec<String>,
    /// Every object of ours as it was after every change.
    pub revisions: Vec<Value>,
}

/// Plays a story with faults.
///
/// # Errors
/// A message where the world cannot be made.
/// With a baseline, the wait after the last act ends as soon as its end state is reached.
pub fn run(
    story: &Story,
    faults: &[FaultAt],
    mutant: Mutant,
    baseline: Option<&Outcome>,
) -> Result<Outcome, String> {
    in_virtual_time(async {
        let mut world = World::new()?;
        world.door.mutate(mutant);
        for fault in faults {
            match fault.clone() {
                FaultAt::Arm(call, _, fault) => {
                    if fault == ArmFault::LateEffect {
                        world.judge.allow_late_writes();
                    }
                    world.door.add_fault(call, fault);
                }
                FaultAt::Kubernetes(call, _, fault, crash) => {
                    world.add_kubernetes_fault(KubernetesFault { call, fault, crash })
                }
            }
        }
        world.start();
        world.pass(Duration::from_secs(30)).await;
        (story.play)(&mut world).await;
        let until = tokio::time::Instant::now() + CONVERGENCE;
        while tokio::time::Instant::now() < until {
            world.pass(Duration::from_secs(30)).await;
            if baseline.is_some_and(|baseline| baseline.end_state == world.end_state()) {
                break;
            }
        }
        let end_state = world.end_state();
        let mut restless = Vec::new();
        let mut was_quiet = true;
        for _ in 0..MOST_WINDOWS {
            let (fired, arm, kubernetes) = (
                world.fired(),
                world.door.calls().len(),
                world.api.journal_length(),
            );
            world.pass(DRIFT * 3).await;
            restless = writes_since(&world, arm, kubernetes);
            // A fault that met a call only now may well have been worth a word in status, and what mends it another.
            let quiet = world.fired() == fired;
            if quiet && (restless.is_empty() || was_quiet) {
                break;
            }
            was_quiet = quiet;
        }
        Ok(Outcome {
            arm_calls: world.door.calls(),
            kubernetes_calls: world.kubernetes_calls(),
            end_state,
            violations: world.violations(),
            restless,
            fired: world.fired(),
            notes: world.judge.notes(),
            revisions: world.api.revisions(),
        })
    })
}

/// What was written since the given ends of both journals; the leader's lease does not count.
fn writes_since(world: &World, arm: usize, kubernetes: u64) -> Vec<String> {
    let arm = world
        .door
        .calls()
        .into_iter()
        .skip(arm)
        .filter(|call| call.method != "GET")
        .map(|call| call.to_string());
    let kubernetes = world.api.journal_since(kubernetes).into_iter();
    let kubernetes = kubernetes
        .filter(|entry| {
            entry.call.verb.is_write() && entry.call.resource != LEASES && !world.is_dead(&entry.call.client)
        })
        .map(|entry| entry.call.to_string());
    arm.chain(kubernetes).collect()
}

/// The faults that make sense at a call to ARM.
pub fn arm_faults(call: &ArmCall) -> Vec<FaultAt> {
    let write = call.method != "GET";
    let poll = call.path.contains("/*");
    let answer = |status, code, retry_after| ArmFault::Answer {
        status,
        code,
        retry_after,
    };
    let mut faults = vec![
        ("refused", ArmFault::Refused),
        ("cut-before", ArmFault::CutBefore),
        ("cut-after", ArmFault::CutAfter),
        ("429", answer(429, "TooManyRequests", None)),
        (
            "429-retry-after",
            answer(429, "SubscriptionRequestsThrottled", Some(17)),
        ),
        ("500", answer(500, "InternalServerError", None)),
        ("503", answer(503, "ServiceUnavailable", Some(5))),
        ("empty", ArmFault::Body("")),
        ("html", ArmFault::Body("<html><body>proxy</body></html>")),
        ("truncated", ArmFault::Body("{\"id\": \"/subscr")),
        ("crash-before", ArmFault::CrashBefore),
        ("crash-after", ArmFault::CrashAfter),
        ("lease-taken", ArmFault::LeaseTaken),
    ];
    if write {
        faults.extend([
            (
                "409-another-operation",
                answer(409, "AnotherOperationInProgress", None),
            ),
            ("412", answer(412, "PreconditionFailed", None)),
            ("hostile-url", ArmFault::Hostile),
            ("late-effect", ArmFault::LateEffect),
        ]);
    } else if poll {
        faults.push(("poll-404", answer(404, "NotFound", None)));
        faults.push(("operation-failed", ArmFault::Body("{\"status\":\"Failed\",\"error\":{\"code\":\"InternalServerError\",\"message\":\"put here by a test\"}}")));
        faults.push(("operation-canceled", ArmFault::Body("{\"status\":\"Canceled\"}")));
    } else {
        faults.push(("stale", ArmFault::Stale));
        faults.push(("no-resource", ArmFault::Body("{\"status\":\"ok\"}")));
        faults.push(("hostile-url", ArmFault::Hostile));
    }
    faults
        .into_iter()
        .map(|(name, fault)| FaultAt::Arm(call.clone(), name, fault))
        .collect()
}

/// Those who may write to Azure just before a call.
pub fn foreigners(call: &ArmCall, who: &[(&'static str, Foreigner)]) -> Vec<FaultAt> {
    who.iter()
        .map(|(name, foreigner)| FaultAt::Arm(call.clone(), name, ArmFault::Foreign(*foreigner)))
        .collect()
}

/// The faults that make sense at a call to the Kubernetes API.
pub fn kubernetes_faults(call: &Call) -> Vec<FaultAt> {
    if call.resource == LEASES && call.occurrence > 3 {
        return Vec::new();
    }
    let mut faults = vec![
        ("cut", Fault::Cut, false),
        ("cut-after", Fault::CutAfter, false),
        ("crash-before", Fault::Hang, true),
        ("crash-after", Fault::HangAfter, true),
        ("500", Fault::answer(500, "InternalError"), false),
    ];
    match call.verb {
        Verb::Watch => {
            faults = vec![
                ("410", Fault::answer(410, "Expired"), false),
                ("cut", Fault::Cut, false),
            ]
        }
        Verb::List => faults.push(("410", Fault::answer(410, "Expired"), false)),
        verb if verb.is_write() => {
            faults.push(("409", Fault::answer(409, "Conflict"), false));
            faults.push(("403", Fault::answer(403, "Forbidden"), false));
        }
        _ => {}
    }
    faults
        .into_iter()
        .map(|(name, fault, crash)| FaultAt::Kubernetes(call.clone(), name, fault, crash))
        .collect()
}

/// Holds a run with faults against the run without. The texts say what is wrong; none: nothing is.
pub fn compare(baseline: &Outcome, outcome: &Outcome) -> Vec<String> {
    let mut wrong: Vec<String> = outcome
        .violations
        .iter()
        .map(|violation| format!("{}: {}", violation.property, violation.text))
        .collect();
    wrong.extend(
        outcome
            .restless
            .iter()
            .map(|call| format!("a write after the end: {call}")),
    );
    let keys = baseline.end_state.keys().chain(
        outcome
            .end_state
            .keys()
            .filter(|key| !baseline.end_state.contains_key(*key)),
    );
    for key in keys {
        let (wanted, found) = (baseline.end_state.get(key), outcome.end_state.get(key));
        if wanted != found {
            let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            wrong.push(format!(
                "{key}: {} without faults, {} with",
                show(wanted),
                show(found)
            ));
        }
    }
    wrong
}
