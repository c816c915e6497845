//! Tenancy: whatever objects ask for and whatever their status says, not one call to Azure goes beyond what a scope allows.
//!
//! Random scopes, objects of every kind and references are played against the real engine, and each request is judged anew
//! ([`rights`]). `TENANCY_PAIRS=1000000 cargo test --profile sweep -p privatelink-testkit --test tenancy -- --nocapture` plays so
//! many pairs of an object and the scopes that it is looked at under; `TENANCY_SEED=N` plays one case again.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod azure;
mod breaks;
mod changes;
mod estate;
mod forged;
mod forgery;
mod play;
mod recorder;
mod rights;
mod words;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use breaks::{BREAKS, Break};
use play::{Outcome, play};

/// How many pairs a gate plays.
const SAMPLE: usize = 2_000;
/// A break that so many cases do not notice is not noticed.
const CASES_PER_BREAK: u64 = 60;

pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, not {text}"))
    })
}

#[test]
fn no_call_goes_beyond_what_a_scope_allows() {
    let pairs = number("TENANCY_PAIRS").map_or(SAMPLE, |pairs| usize::try_from(pairs).unwrap());
    let only = number("TENANCY_SEED");
    let next = AtomicU64::new(only.unwrap_or(1));
    let total = Mutex::new(Outcome::default());
    let started = Instant::now();
    let threads = if only.is_some() {
        1
    } else {
        std::thread::available_parallelism().map_or(1, usize::from)
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let outcome = play(seed, Break::None).unwrap();
                    let mut total = total.lock().unwrap();
                    total.pairs += outcome.pairs;
                    total.reads += outcome.reads;
                    total.writes += outcome.writes;
                    total.refused += outcome.refused;
                    total.violations.extend(outcome.violations);
                    if only.is_some() || total.pairs >= pairs || total.violations.len() > 20 {
                        break;
                    }
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    println!(
        "{} pairs of an object and its scopes, {} reads and {} writes judged, {} objects refused, {:.0} s",
        total.pairs,
        total.reads,
        total.writes,
        total.refused,
        started.elapsed().as_secs_f64()
    );
    assert!(total.violations.is_empty(), "{}", total.violations.join("\n"));
    if only.is_none() {
        // A judge of nothing finds nothing.
        assert!(
            total.reads * 20 > total.pairs && total.writes * 200 > total.pairs,
            "too little was called"
        );
    }
}

#[test]
fn each_break_is_noticed() {
    let unnoticed = |broken: &&Break| {
        let started = Instant::now();
        // Those that show most first.
        let mut seeds = [1, 5, 4].into_iter().chain(6..=CASES_PER_BREAK);
        let found = seeds.find_map(|seed| {
            let outcome = play(seed, **broken).unwrap();
            outcome
                .violations
                .first()
                .cloned()
                .map(|violation| (seed, violation))
        });
        let took = started.elapsed();
        match &found {
            Some((seed, violation)) => {
                let short: String = violation.chars().take(240).collect();
                println!("{broken:?}: by case {seed}, {took:?}: {short}");
            }
            None => println!("{broken:?}: NOT noticed in {took:?}"),
        }
        found.is_none()
    };
    let unnoticed: Vec<&Break> = BREAKS.iter().filter(unnoticed).collect();
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
}
