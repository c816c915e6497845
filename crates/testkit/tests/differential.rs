//! The simulated Kubernetes API against a real one: the same random requests, the same answers.
//!
//! Left out of the comparison: uids, times and resource versions as such. Whether a request gave a new resource version
//! is compared, and so is who owns which fields.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "differential/answer.rs"]
mod answer;
#[path = "differential/chosen.rs"]
mod chosen;
#[path = "differential/generator.rs"]
mod generator;
mod probe;
#[path = "differential/server.rs"]
mod server;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use answer::{Answer, compare_answers, watch_events};
use generator::{Generator, Step};
use serde_json::{Value, json};
use server::{RealServer, Side, connect_simulation};

/// Sequences of the gate, each from its own seed. `PRIVATELINK_DIFFERENTIAL_SEED=N` or `=FIRST-LAST` runs others.
const SEQUENCES: u64 = 40;
/// Requests of one sequence.
const STEPS: usize = 60;

struct Pair {
    real: Side,
    simulated: Side,
}

impl Pair {
    /// Sends the step to both and compares; the trail is what a failure prints.
    async fn send(&mut self, step: &Step, trail: &mut String) {
        writeln!(trail, "{step}").unwrap();
        let (real, simulated) = (self.real.send(step).await, self.simulated.send(step).await);
        writeln!(trail, "    -> {}", real.code).unwrap();
        if let Err(difference) = compare_answers(&real, &simulated) {
            let trail: Vec<&str> = trail.lines().collect();
            let trail = trail[trail.len().saturating_sub(70)..].join("\n");
            panic!("{difference}\nafter:\n{trail}");
        }
    }
}

async fn run(seed: u64, real: &RealServer) -> BTreeMap<(String, u16), u64> {
    let mut counts = BTreeMap::new();
    let mut trail = format!("seed {seed} (PRIVATELINK_DIFFERENTIAL_SEED={seed})\n");
    let namespace = format!("seed-{seed}");
    let mut pair = Pair {
        real: real.connect(),
        simulated: connect_simulation(),
    };
    let create = Step::namespace(&namespace);
    pair.send(&create, &mut trail).await;
    let began = (
        pair.real.list_version(&namespace).await,
        pair.simulated.list_version(&namespace).await,
    );
    let mut generator = Generator::new(seed, &namespace);
    for _ in 0..STEPS {
        let step = generator.next_step();
        pair.send(&step, &mut trail).await;
        *counts
            .entry((step.label.to_owned(), pair.real.last_code))
            .or_insert(0) += 1;
    }
    pair.send(&Step::end(&namespace), &mut trail).await;
    let events = (
        watch_events(&pair.real, &namespace, &began.0).await,
        watch_events(&pair.simulated, &namespace, &began.1).await,
    );
    for (at, (real, simulated)) in events.0.iter().zip(&events.1).enumerate() {
        assert_eq!(
            real, simulated,
            "event {at} of the watch differs (left real, right simulated)\nafter:\n{trail}"
        );
    }
    assert_eq!(
        events.0.len(),
        events.1.len(),
        "number of events\nafter:\n{trail}"
    );
    counts
}

/// One test, because a real server costs 300 MB.
#[tokio::test]
async fn the_simulation_answers_as_the_real_server_does() {
    let real = RealServer::start().await;
    a_watch_from_a_forgotten_version_is_told_410(&real).await;
    chosen_requests_get_the_same_answers(&real).await;
    random_requests_get_the_same_answers(&real).await;
    real.stop().await;
}

async fn random_requests_get_the_same_answers(real: &RealServer) {
    let seeds: Vec<u64> = match std::env::var("PRIVATELINK_DIFFERENTIAL_SEED") {
        Ok(range) => {
            let (first, last) = range.split_once('-').unwrap_or((&range, &range));
            let parse = |text: &str| {
                text.parse::<u64>()
                    .expect("PRIVATELINK_DIFFERENTIAL_SEED is N or FIRST-LAST")
            };
            (parse(first)..=parse(last)).collect()
        }
        Err(_) => (1..=SEQUENCES).collect(),
    };
    let all = seeds.len() > 1;
    let mut counts: BTreeMap<(String, u16), u64> = BTreeMap::new();
    for seed in seeds {
        for (key, count) in run(seed, real).await {
            *counts.entry(key).or_insert(0) += count;
        }
    }
    for ((label, code), count) in &counts {
        println!("{label:<24} {code} {count:>5}");
    }
    if all {
        // The generator must keep reaching the cases that the simulation was made for.
        for (label, code) in [
            ("apply-status", 200),
            ("apply-status", 409),
            ("apply", 201),
            ("apply", 200),
            ("create", 201),
            ("create", 409),
            ("replace", 409),
            ("merge-finalizers", 409),
            ("json-patch", 422),
            ("delete", 200),
            ("delete", 404),
        ] {
            assert!(
                counts.contains_key(&(label.to_owned(), code)),
                "no {label} was answered {code}: {counts:?}"
            );
        }
    }
}

async fn chosen_requests_get_the_same_answers(real: &RealServer) {
    let mut pair = Pair {
        real: real.connect(),
        simulated: connect_simulation(),
    };
    let mut trail = String::new();
    for step in chosen::chosen("chosen") {
        pair.send(&step, &mut trail).await;
    }
}

async fn a_watch_from_a_forgotten_version_is_told_410(real: &RealServer) {
    let (mut real, mut simulated) = (real.connect(), connect_simulation());
    simulated.compact();
    let step = Step::namespace("gone");
    let (first, second): (Answer, Answer) = (real.send(&step).await, simulated.send(&step).await);
    assert_eq!((first.code, second.code), (201, 201));
    for side in [&real, &simulated] {
        let events = watch_events(side, "gone", "1").await;
        let shape =
            |event: &Value| json!([event["type"], event["object"]["code"], event["object"]["reason"]]);
        let shapes: Vec<Value> = events.iter().map(shape).collect();
        assert_eq!(shapes, [json!(["ERROR", 410, "Expired"])], "{}", side.name);
    }
}
