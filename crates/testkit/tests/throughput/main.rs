//! How fast many objects become Ready within Azure's request limits, in virtual time, as a program of its own:
//! `cargo test -p privatelink-testkit --test throughput -- [--endpoints N] [--record-sets N] [--journal]`.
//!
//! Prints what was asked of Azure and how long the writes took beside the least that the limits allow. `--journal` prints
//! every request instead.

mod floor;
mod run;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use floor::Limiters;
use run::{Run, Scene};

/// A virtual network takes this many endpoints.
const MANY: u32 = 1000;
/// How much longer than the floor the writes may take, in percent.
const LEEWAY: u32 = 5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u32>().ok()
    };
    let journal = arguments.iter().any(|argument| argument == "--journal");
    let limits = Limiters::azure();
    let endpoints = number("--endpoints").unwrap_or(MANY);
    let record_sets = number("--record-sets").unwrap_or(MANY);
    let mut checks = Checks::default();
    if endpoints > 0 {
        let scene = Scene::Endpoints(endpoints);
        let writes = endpoints * 2;
        let floor = limits.network(writes).floor();
        let other = limits.zone_records(endpoints).floor();
        checks.play(scene, writes, floor, journal);
        println!(
            "  floor if the writes of zone groups counted against the zone (the emulator does not count them): {:.0} s",
            other.as_secs_f64()
        );
    }
    if record_sets > 0 {
        let floor = limits.zone_records(record_sets).floor();
        checks.play(Scene::RecordSets(record_sets), record_sets, floor, journal);
    }
    checks.end()
}

#[derive(Default)]
struct Checks {
    passed: u32,
    failed: u32,
}

impl Checks {
    fn play(&mut self, scene: Scene, writes: u32, floor: Duration, journal: bool) {
        let began = Instant::now();
        println!("\n{scene}");
        let run = match Run::play(scene, floor * 3 + Duration::from_secs(900)) {
            Ok(run) => run,
            Err(why) => return self.check(false, &why),
        };
        if journal {
            run.journal.iter().for_each(|line| println!("  {line}"));
        }
        for (what, count) in &run.counts {
            println!("  {count:>6}  {what}");
        }
        let most = floor * (100 + LEEWAY) / 100;
        println!(
            "  writes took {:.0} s of virtual time, floor {:.0} s, at most {:.0} s; Ready after {:.0} s; {:.0} s of real time",
            run.writing.as_secs_f64(),
            floor.as_secs_f64(),
            most.as_secs_f64(),
            run.took.as_secs_f64(),
            began.elapsed().as_secs_f64(),
        );
        self.check(
            run.ready == scene.objects(),
            &format!("{} of {} are Ready", run.ready, scene.objects()),
        );
        self.check(
            run.refused == 0,
            &format!("{} requests were refused for their number", run.refused),
        );
        for (what, count) in scene.puts() {
            let found = run.puts_of(what);
            self.check(found == count, &format!("{found} PUTs of {what}, {count} wanted"));
        }
        self.check(
            run.writes == writes,
            &format!("{} writes, {writes} wanted", run.writes),
        );
        self.check(
            run.writing <= most,
            &format!("writes took {:?}, at most {most:?}", run.writing),
        );
        self.check(
            run.violations.is_empty(),
            &format!("violations: {:?}", run.violations),
        );
    }

    fn check(&mut self, holds: bool, what: &str) {
        println!("  {} {what}", if holds { "ok" } else { "FAILED" });
        if holds {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    fn end(self) -> ExitCode {
        let Checks { passed, failed } = self;
        let word = if failed == 0 { "ok" } else { "FAILED" };
        println!(
            "\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out"
        );
        if failed == 0 && passed > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
