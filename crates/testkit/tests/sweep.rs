//! The fault sweep as a program of its own: `cargo test -p privatelink-testkit --test sweep -- [OPTIONS]`.
//!
//! `--story NAME` plays one story only, `--full` adds ten times the pairs of faults and plays all of the sampled stories, `--replay 'LINE'` plays the case
//! that a failure printed, `--matching TEXT` plays those cases whose line has the text. Without options every single fault at every call is played, then seeded pairs.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use privatelink_testkit::scenario::sweep::{
    FaultAt, Outcome, arm_faults, compare, foreigners, kubernetes_faults, run,
};
use privatelink_testkit::scenario::{ArmCall, Foreigner, Mutant, SHARED_SUBNETS, Story, stories};

/// The number of cases may not shrink.
const AT_LEAST: usize = 10_000;
/// Stories of kinds other than PrivateEndpoint alone, of which a gate plays fewer cases; `--full` plays all.
const SAMPLED: [&str; 22] = [
    "traffic-life",
    "traffic-drift",
    "groups-joined",
    "subnet-rivals",
    "subnet-drift",
    "subnet-of-the-past",
    "dns-life",
    "dns-drift",
    "record-of-others",
    "record-of-an-endpoint",
    "endpoint-with-names",
    "zone-held-by-others",
    "names-by-policy",
    "policy-was-first",
    "names-by-others",
    "record-of-another-endpoint",
    "record-lost",
    "names-looked-up",
    "two-zones-of-one-name",
    "zones-changed",
    "zone-moved",
    "names-by-default",
];
/// Stories in which others write to Azure between any two calls.
const DISTURBED: [&str; 11] = [
    "dns-life",
    "dns-drift",
    "record-of-others",
    "record-of-an-endpoint",
    "endpoint-with-names",
    "zone-held-by-others",
    "record-lost",
    "names-looked-up",
    "zones-changed",
    "zone-moved",
    "names-by-default",
];
const SAMPLE: usize = 6;
/// The same of all other stories: a gate has 45 minutes for everything.
const SAMPLE_OF_ENDPOINTS: usize = 2;
/// A case takes milliseconds; one that takes this long goes round in a circle.
const LONGEST: Duration = Duration::from_secs(20);
/// The story in which faults meet what scopes ask about themselves.
const PROBED: &str = "create";
/// Pairs of faults per story.
const PAIRS: usize = 12;

struct Case<'a> {
    story: &'a Story,
    faults: Vec<FaultAt>,
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.story.name)?;
        self.faults
            .iter()
            .try_for_each(|fault| write!(formatter, " | {fault}"))
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        arguments
            .iter()
            .position(|argument| argument == name)
            .and_then(|at| arguments.get(at + 1))
            .cloned()
    };
    let (only, replay, matching) = (value("--story"), value("--replay"), value("--matching"));
    let full = arguments.iter().any(|argument| argument == "--full");
    let stories = stories();
    let mut baselines = BTreeMap::new();
    for story in &stories {
        match run(story, &[], Mutant::None, None) {
            Ok(outcome) => drop(baselines.insert(story.name, outcome)),
            Err(error) => {
                println!("{}: {error}", story.name);
                return ExitCode::FAILURE;
            }
        }
    }
    let mutants = if only.is_some() || replay.is_some() {
        Vec::new()
    } else {
        survivors(&stories)
    };
    let mut cases = Vec::new();
    for story in stories
        .iter()
        .filter(|story| only.as_deref().is_none_or(|only| only == story.name))
    {
        if let Some(baseline) = baselines.get(story.name) {
            let all = cases_of(story, baseline, if full { PAIRS * 10 } else { PAIRS });
            let whole = full || only.is_some() || replay.is_some();
            let step = match (whole, SAMPLED.contains(&story.name)) {
                (true, _) => 1,
                (false, true) => SAMPLE,
                (false, false) => SAMPLE_OF_ENDPOINTS,
            };
            cases.extend(all.into_iter().step_by(step));
        }
    }
    if let Some(text) = &matching {
        cases.retain(|case| case.to_string().contains(text));
    }
    if let Some(line) = &replay {
        cases.retain(|case| case.to_string() == *line);
    }
    let total = cases.len();
    let started = Instant::now();
    let (failures, idle) = play(&cases, &baselines, replay.is_some());
    for survivor in &mutants {
        println!("FAILED mutant {survivor:?} was not noticed");
    }
    let told = failures.len() + mutants.len();
    println!(
        "{total} cases in {} stories, {idle} of them without effect, {:.0} s",
        baselines.len(),
        started.elapsed().as_secs_f64()
    );
    let enough = total >= AT_LEAST || only.is_some() || replay.is_some() || matching.is_some();
    if !enough {
        println!("FAILED there were {total} cases; there have to be at least {AT_LEAST}");
    }
    println!(
        "test result: {}. {} passed; {told} failed; 0 ignored; 0 measured; 0 filtered out",
        if told == 0 { "ok" } else { "FAILED" },
        total - failures.len()
    );
    if told == 0 && enough && total > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The mutants that the stories do not notice: there must be none.
fn survivors(stories: &[Story]) -> Vec<Mutant> {
    let mutants = [
        Mutant::RedundantWrites,
        Mutant::LosesForeignFields,
        Mutant::FollowsForeignHosts,
        Mutant::SaysReadyTooEarly,
    ];
    let noticed = |mutant: Mutant| {
        stories
            .iter()
            .filter(|story| ["drift", "adopt"].contains(&story.name))
            .any(|story| run(story, &[], mutant, None).is_ok_and(|outcome| !outcome.violations.is_empty()))
    };
    mutants.into_iter().filter(|mutant| !noticed(*mutant)).collect()
}

/// Whether a scope asks what its identity may do.
fn is_probe(call: &ArmCall) -> bool {
    let path = call.path.to_ascii_lowercase();
    path.ends_with("/providers/microsoft.authorization/permissions")
        || path.ends_with("/providers/microsoft.network")
        || path.matches('/').count() == 2
}

fn cases_of<'a>(story: &'a Story, baseline: &Outcome, pairs: usize) -> Vec<Case<'a>> {
    let mut faults: Vec<FaultAt> = Vec::new();
    // What a scope asks about itself leads to no write of any object: one story stands for all.
    let counts = |call: &&ArmCall| !is_probe(call) || story.name == PROBED && call.occurrence <= 2;
    for call in baseline.arm_calls.iter().filter(counts) {
        // At rest the same LIST comes again and again: the first few stand for all.
        if call.method != "GET" || call.occurrence <= 4 {
            faults.extend(arm_faults(call));
            if DISTURBED.contains(&story.name) {
                faults.extend(foreigners(call, Foreigner::OF_NAMES));
            }
            if SHARED_SUBNETS.contains(&story.name) {
                faults.extend(foreigners(call, Foreigner::OF_SUBNETS));
            }
        }
    }
    for call in &baseline.kubernetes_calls {
        if call.occurrence <= 4 {
            faults.extend(kubernetes_faults(call));
        }
    }
    let mut random = fastrand::Rng::with_seed(7);
    let mut cases: Vec<Case<'a>> = faults
        .iter()
        .map(|fault| Case {
            story,
            faults: vec![fault.clone()],
        })
        .collect();
    for _ in 0..pairs {
        let (first, second) = (random.usize(..faults.len()), random.usize(..faults.len()));
        if let (Some(first), Some(second)) = (faults.get(first), faults.get(second)) {
            cases.push(Case {
                story,
                faults: vec![first.clone(), second.clone()],
            });
        }
    }
    cases
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Plays all cases, on as many threads as there are processors. Returns the failures, in the order of the cases, and
/// how many cases met no call.
fn play(
    cases: &[Case<'_>],
    baselines: &BTreeMap<&'static str, Outcome>,
    telling: bool,
) -> (Vec<String>, usize) {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(BTreeMap::new());
    let idle = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let running: Mutex<BTreeMap<usize, Instant>> = Mutex::default();
    let playing = AtomicUsize::new(threads);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while playing.load(Ordering::Relaxed) > 0 {
                std::thread::sleep(Duration::from_millis(200));
                let running = lock(&running);
                let stuck = running.iter().find(|(_, since)| since.elapsed() > LONGEST);
                if let Some(case) = stuck.and_then(|(index, _)| cases.get(*index)) {
                    println!("FAILED --replay '{case}'\n    it does not come to an end");
                    std::process::exit(1);
                }
            }
        });
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { break };
                    lock(&running).insert(index, Instant::now());
                    let Some(baseline) = baselines.get(case.story.name) else {
                        lock(&running).remove(&index);
                        break;
                    };
                    let wrong = match run(case.story, &case.faults, Mutant::None, Some(baseline)) {
                        Ok(outcome) => {
                            if outcome.fired == 0 {
                                idle.fetch_add(1, Ordering::Relaxed);
                            }
                            if telling {
                                outcome.notes.iter().for_each(|note| println!("    {note}"));
                            }
                            compare(baseline, &outcome)
                        }
                        Err(error) => vec![error],
                    };
                    if !wrong.is_empty() {
                        let line = format!("FAILED --replay '{case}'\n    {}", wrong.join("\n    "));
                        println!("{line}");
                        lock(&failures).insert(index, line);
                    }
                    lock(&running).remove(&index);
                }
                playing.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    (failures.into_values().collect(), idle.into_inner())
}
