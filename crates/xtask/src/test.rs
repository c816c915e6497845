//! `cargo xtask test`: every check and every test, and what each took.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::generated::GeneratedArguments;
use crate::programs::{cargo, workspace};
use crate::signals::Signals;
use crate::{Failure, argocd, clients, conformance, crds, deny, docs, monitoring, rights};

/// The product's crates: each has to build alone, without features that a neighbour turns on.
const PRODUCT: [&str; 6] = [
    "privatelink-api",
    "privatelink-arm",
    "privatelink-engine",
    "privatelink-kinds",
    "privatelink-controller",
    "privatelink-arm-emulator",
];

/// The test of tenancy with a million pairs: about twenty minutes of a processor.
const TENANCY: &[&str] = &[
    "--config",
    "env.TENANCY_PAIRS='1000000'",
    "--workspace",
    "--test",
    "tenancy",
    "--",
    "no_call_goes_beyond",
    "--nocapture",
];

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// Run only the suites whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Also run what takes longer than a gate may: the whole fault sweep, a million pairs of objects and scopes, and the
    /// bench of the release build
    #[arg(long)]
    full: bool,
}

/// How a suite ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }

    /// One check that passed or failed.
    pub(crate) fn one(passed: bool) -> Self {
        Self {
            passed: u64::from(passed),
            failed: u64::from(!passed),
        }
    }
}

struct Report {
    name: &'static str,
    count: Count,
    took: Duration,
}

/// The suites in their order: what is quick and often wrong comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suite {
    Format,
    Lints,
    Dependencies,
    CratesAlone,
    Definitions,
    Tests,
    Sweep,
    Large,
    Scenarios,
    Installations,
    Conformance,
    Clients,
    Demo,
    Bench,
}

impl Suite {
    /// The suites in lanes that run side by side, those of a lane one after the other: scenarios and installations mostly
    /// wait for programs that they have started, tests and the sweep keep every processor busy. The bench has the machine
    /// for itself.
    const ALL: [&[&[Self]]; 3] = [
        &[&[
            Self::Format,
            Self::Lints,
            Self::Dependencies,
            Self::CratesAlone,
            Self::Definitions,
        ]],
        &[
            &[Self::Tests, Self::Sweep, Self::Large],
            &[Self::Scenarios],
            &[Self::Installations, Self::Conformance, Self::Clients, Self::Demo],
        ],
        &[&[Self::Bench]],
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Lints => "lints",
            Self::Dependencies => "dependencies",
            Self::CratesAlone => "crates alone",
            Self::Definitions => "definitions",
            Self::Tests => "tests",
            Self::Sweep => "fault sweep",
            Self::Large => "large worlds",
            Self::Scenarios => "scenarios",
            Self::Installations => "installations",
            Self::Conformance => "conformance",
            Self::Clients => "clients",
            Self::Demo => "demo",
            Self::Bench => "bench",
        }
    }

    /// Runs the suite. `None`: there is nothing to run, and it has been said why.
    async fn run(self, full: bool) -> Result<Option<Count>, Failure> {
        Ok(Some(match self {
            Self::Format => checked(&["fmt", "--all", "--check"]).await?,
            Self::Lints => {
                let all = [
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--locked",
                    "--",
                    "-D",
                    "warnings",
                ];
                // Targets that cargo leaves out of its tests are none of "all".
                let mut left_out = vec!["clippy", "--locked", "--package", "privatelink-testkit"];
                for name in LARGE.iter().chain(&["sweep"]) {
                    left_out.extend(["--test", name]);
                }
                left_out.extend(["--", "-D", "warnings"]);
                checked(&all).await?.and(checked(&left_out).await?)
            }
            Self::Dependencies => deny::check().await?,
            Self::CratesAlone => {
                let mut count = Count::default();
                for package in PRODUCT {
                    let one = checked(&["check", "--locked", "--package", package]).await?;
                    count = count.and(one);
                }
                count
            }
            Self::Definitions => {
                let mut count = Count::default();
                for made in [crds::run, docs::run, rights::run, monitoring::run, argocd::run] {
                    let outcome = made(GeneratedArguments::CHECK);
                    if let Err(failure) = &outcome {
                        eprintln!("{failure}");
                    }
                    count = count.and(Count::one(outcome.is_ok()));
                }
                count
            }
            Self::Tests => {
                // Everything is built once, with the features that the workspace has as a whole.
                if !succeeds(cargo_with(&["test", "--locked", "--workspace", "--no-run"])).await? {
                    return Ok(Some(Count::one(false)));
                }
                tested(&["--workspace", "--exclude", SCENARIOS, "--no-fail-fast"]).await?
            }
            Self::Scenarios => {
                let mut count = Count::default();
                for name in scenarios()?.iter().filter(|name| *name != INSTALLATION) {
                    let one = tested(&["--workspace", "--test", name, "--no-fail-fast"]).await?;
                    count = count.and(one);
                }
                count
            }
            Self::Installations => tested(&["--workspace", "--test", INSTALLATION, "--no-fail-fast"]).await?,
            // The sweep plays scenarios by the thousand, so it is built with some optimisation.
            Self::Sweep => {
                let profile = ["--profile", optimised()];
                let sweep = ["--workspace", "--test", "sweep", "--"];
                let mut arguments = [&profile[..], &sweep].concat();
                arguments.extend(full.then_some("--full"));
                let swept = tested(&arguments).await?;
                if full {
                    swept.and(tested(&[&profile, TENANCY].concat()).await?)
                } else {
                    swept
                }
            }
            // Many objects, or many worlds: with the sweep's build they take a tenth of the time.
            Self::Large => {
                let mut arguments = vec!["--profile", optimised(), "--workspace"];
                for name in LARGE {
                    arguments.extend(["--test", name]);
                }
                arguments.push("--no-fail-fast");
                tested(&arguments).await?
            }
            Self::Conformance => return conformance::run().await,
            Self::Clients => clients::run().await?,
            Self::Demo => checked(&["run", "--locked", "--package", "xtask", "--", "demo", "--exit"]).await?,
            // What is counted does not depend on how it was built, and the demo's build is there already. Memory does,
            // and a release build takes longer than a gate may.
            Self::Bench => {
                let mut arguments = vec!["run", "--locked", "--package", "xtask", "--", "bench"];
                if !full {
                    arguments.extend(["--debug", "--endpoints", "100", "--rest", "10"]);
                }
                checked(&arguments).await?
            }
        }))
    }
}

/// Runs the suites and prints what they took; fails if anything failed.
pub(crate) async fn run(arguments: TestArguments) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        outcome = run_all(&arguments) => outcome,
        () = signals.received() => Err(Failure::Message("interrupted".to_owned())),
    }
}

async fn run_all(arguments: &TestArguments) -> Result<(), Failure> {
    let mut reports: Vec<Report> = Vec::new();
    let began = Instant::now();
    for lanes in Suite::ALL {
        let lanes = lanes.iter().map(|lane| run_lane(lane, arguments));
        for lane in futures::future::join_all(lanes).await {
            reports.extend(lane);
        }
    }
    if reports.is_empty() {
        return Err(Failure::Message(format!(
            "no suite ran: none is named like {:?}",
            arguments.only
        )));
    }
    print!("\n{}", summary(&reports, began.elapsed()));
    let failed: Vec<&str> = reports
        .iter()
        .filter(|report| report.count.failed > 0)
        .map(|report| report.name)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::Message(format!("failed: {}", failed.join(", "))))
    }
}

/// Runs those suites of a lane that are asked for.
async fn run_lane(lane: &[Suite], arguments: &TestArguments) -> Vec<Report> {
    let mut reports = Vec::new();
    for suite in lane.iter().filter(|suite| suite.name().contains(&arguments.only)) {
        reports.extend(report(*suite, arguments.full).await);
    }
    reports
}

/// Runs a suite. `None`: there was nothing to run.
async fn report(suite: Suite, full: bool) -> Option<Report> {
    println!("\n== {}", suite.name());
    let started = Instant::now();
    let count = match suite.run(full).await {
        Ok(count) => count?,
        Err(failure) => {
            eprintln!("{}: {failure}", suite.name());
            Count::one(false)
        }
    };
    Some(Report {
        name: suite.name(),
        count,
        took: started.elapsed(),
    })
}

/// What each suite took and came to, and the whole, which is less than their sum where suites run side by side.
fn summary(reports: &[Report], took: Duration) -> String {
    let mut text = format!(
        "{:<14} {:>8} {:>8} {:>8}\n",
        "suite", "minutes", "passed", "failed"
    );
    let mut total = Count::default();
    for report in reports {
        text.push_str(&format!(
            "{:<14} {:>8.1} {:>8} {:>8}\n",
            report.name,
            report.took.as_secs_f64() / 60.0,
            report.count.passed,
            report.count.failed
        ));
        total = total.and(report.count);
    }
    text.push_str(&format!("{:<14} {:>8.1}\n\n", "all", took.as_secs_f64() / 60.0));
    text.push_str(&format!("{} passed, {} failed\n", total.passed, total.failed));
    text
}

/// The tests of the bench that are in no other suite, as its manifest says.
const LARGE: [&str; 5] = ["rights", "scale", "subnets", "tenancy", "throughput"];

/// The package with the scenarios, and the one of its tests that takes longest.
const SCENARIOS: &str = "privatelink-tests";
const INSTALLATION: &str = "installation";

/// The tests of the scenarios' package, as its manifest names them.
fn scenarios() -> Result<Vec<String>, Failure> {
    let path = workspace().join("tests/Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(Failure::file("reading", &path))?;
    let names: Vec<String> = text
        .split("[[test]]")
        .skip(1)
        .filter_map(|table| {
            let line = table.lines().find(|line| line.starts_with("name"))?;
            Some(line.split('"').nth(1)?.to_owned())
        })
        .collect();
    if names.iter().any(|name| name == INSTALLATION) {
        Ok(names)
    } else {
        let message = format!("{} has no test {INSTALLATION}", path.display());
        Err(Failure::Message(message))
    }
}

/// The profile with a little optimisation: that of the tests where the environment has it optimised, so that nothing is
/// built a second time.
fn optimised() -> &'static str {
    match std::env::var("CARGO_PROFILE_DEV_OPT_LEVEL") {
        Ok(level) if !matches!(level.as_str(), "" | "0") => "dev",
        _ => "sweep",
    }
}

/// A command of cargo, said aloud.
fn cargo_with(arguments: &[&str]) -> Command {
    println!("cargo {}", arguments.join(" "));
    let mut command = cargo();
    command.args(arguments);
    command
}

/// A command of cargo that passes or fails as a whole.
async fn checked(arguments: &[&str]) -> Result<Count, Failure> {
    Ok(Count::one(succeeds(cargo_with(arguments)).await?))
}

/// Whether a command ends with status 0; its output goes to the terminal.
pub(crate) async fn succeeds(mut command: Command) -> Result<bool, Failure> {
    let status = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|error| Failure::Message(format!("{:?}: {error}", command.as_std().get_program())))?;
    Ok(status.success())
}

/// `cargo test` with its output shown and its results counted.
async fn tested(arguments: &[&str]) -> Result<Count, Failure> {
    println!("cargo test --locked {}", arguments.join(" "));
    let mut command = cargo();
    let mut child = command
        .args(["test", "--locked"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::Message(format!("cargo cannot be run: {error}")))?;
    let mut count = Count::default();
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            println!("{line}");
            if let Some(found) = results(&line) {
                count = count.and(found);
            }
        }
    }
    let status = child
        .wait()
        .await
        .map_err(|error| Failure::Message(format!("cargo test: {error}")))?;
    if !status.success() && count.failed == 0 {
        // Something that did not compile or was killed is no test that failed, but it is a failure.
        count.failed = 1;
    }
    if status.success() && count.passed == 0 {
        return Err(Failure::Message("no test ran".to_owned()));
    }
    Ok(count)
}

/// The numbers of a line such as `test result: ok. 7 passed; 0 failed; 0 ignored; …`.
fn results(line: &str) -> Option<Count> {
    let rest = line.trim_start().strip_prefix("test result: ")?;
    let number = |what: &str| {
        rest.split([';', '.'])
            .find_map(|part| part.trim().strip_suffix(what)?.trim().parse::<u64>().ok())
    };
    Some(Count {
        passed: number("passed")?,
        failed: number("failed")?,
    })
}

/// A folder beside the caches of other tools, for tools that we install for ourselves.
pub(crate) fn tools() -> Result<PathBuf, Failure> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("privatelink-controller/tools"))
        .ok_or_else(|| Failure::Message("no place for a cache: set XDG_CACHE_HOME or HOME".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_counted_from_cargos_own_lines() {
        let line = "test result: FAILED. 17 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.62s";
        assert_eq!(
            results(line),
            Some(Count {
                passed: 17,
                failed: 2
            })
        );
        assert_eq!(results("test kubernetes::tests::passed ... ok"), None);
        assert_eq!(results("test result: unknown"), None);
    }

    /// A test that cargo leaves out by itself is in a suite of its own.
    #[test]
    fn no_test_is_left_out() {
        let path = workspace().join("crates/testkit/Cargo.toml");
        let manifest = std::fs::read_to_string(path).unwrap();
        let tables = manifest.split("\n[").filter(|table| table.starts_with("[test]]"));
        let mut left_out: Vec<&str> = tables
            .filter(|table| table.contains("\ntest = false"))
            .filter_map(|table| table.split("name = \"").nth(1)?.split('"').next())
            .filter(|name| *name != "sweep")
            .collect();
        left_out.sort_unstable();
        assert_eq!(left_out, LARGE);
    }

    #[test]
    fn the_last_line_says_how_many_passed_and_failed() {
        let report = |name, passed, failed| Report {
            name,
            count: Count { passed, failed },
            took: Duration::from_secs(90),
        };
        let reports = [report("tests", 7, 1), report("format", 1, 0)];
        let text = summary(&reports, Duration::from_secs(180));
        assert_eq!(text.lines().last(), Some("8 passed, 1 failed"));
        assert!(text.contains("all                 3.0"), "{text}");
    }
}
