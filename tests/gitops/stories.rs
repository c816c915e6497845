//! Every state that the stories of the simulated API bring about: without faults, and where calls to Azure fail.

use std::collections::BTreeMap;

use privatelink_testkit::scenario::sweep::{self, Outcome};
use privatelink_testkit::scenario::{Mutant, stories};
use serde_json::Value;

use crate::expected;
use crate::judges::{assert_none, violations};

/// Stories whose every kind of failure is played too, each at the first call that it can meet.
const FAILING: [&str; 2] = ["create", "drift"];
/// Here somebody with the right to write status writes a false one. What that one says until the controller has put it
/// right is not the controller's word.
const FORGED: &str = "forged-status";

fn faults_of(outcome: &Outcome) -> Vec<sweep::FaultAt> {
    let mut by_name: BTreeMap<(&str, bool), sweep::FaultAt> = BTreeMap::new();
    for call in &outcome.arm_calls {
        for fault in sweep::arm_faults(call) {
            if let sweep::FaultAt::Arm(_, name, _) = &fault {
                by_name.entry((name, call.method == "GET")).or_insert(fault);
            }
        }
    }
    by_name.into_values().collect()
}

#[test]
fn every_state_of_the_stories_is_seen_as_it_is() {
    let mut revisions: Vec<Value> = Vec::new();
    for story in stories().into_iter().filter(|story| story.name != FORGED) {
        let outcome = sweep::run(&story, &[], Mutant::None, None).unwrap();
        if FAILING.contains(&story.name) {
            for fault in faults_of(&outcome) {
                let failed = sweep::run(&story, &[fault], Mutant::None, Some(&outcome)).unwrap();
                revisions.extend(failed.revisions);
            }
        }
        revisions.extend(outcome.revisions);
    }
    let count = revisions.len();
    let (states, mut wrong) = expected::states(revisions);
    println!("{} states of {count} revisions are judged", states.len());
    let by_kind = states.iter().fold(BTreeMap::new(), |mut counts, (object, _)| {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        *counts.entry(kind).or_insert(0_usize) += 1;
        counts
    });
    println!("{by_kind:?}");
    for definition in privatelink_api::crds() {
        let kind = &definition.spec.names.kind;
        assert!(by_kind.contains_key(kind), "no story has a {kind}");
    }
    wrong.extend(violations(&states));
    assert_none(&wrong);
}
