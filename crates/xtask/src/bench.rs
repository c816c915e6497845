//! `cargo xtask bench`: what the controller costs, as JSON. Counts are exact and limits on them decide how the run ends;
//! rates and seconds depend on the machine and decide nothing.

mod emulator;
mod limits;
mod memory;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use clap::{Args, Subcommand};
use privatelink_testkit::kubernetes::Kubectl;
use privatelink_testkit::processes::Deadline;
use serde_json::{Value, json};

use crate::Failure;
use crate::signals::Signals;
use privatelink_testkit::environment::{Environment, Extra, apply, seeded};

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    #[command(subcommand)]
    part: Option<Part>,
    /// How many endpoints the large part is made with (a virtual network holds 1000)
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1000))]
    endpoints: u32,
    /// How many seconds the objects are watched at rest
    #[arg(long, default_value_t = 30)]
    rest: u64,
    /// Measure the debug build (its memory is not that of the product)
    #[arg(long)]
    debug: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Part {
    /// Only the emulator, over HTTPS
    Emulator,
}

/// Runs the measurements and prints them as one JSON document on standard output.
pub(crate) async fn run(arguments: BenchArguments) -> Result<(), Failure> {
    if let Some(Part::Emulator) = arguments.part {
        let figures = emulator::measure(!arguments.debug).await?;
        return show(
            json!({"build": build(&arguments), "emulator": figures}),
            limits::broken_by_emulator,
        );
    }
    let mut signals = Signals::listen()?;
    let folder = std::env::temp_dir().join(format!("privatelink-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
    let extra = Extra {
        emulator: ["--time-scale=100", "--throttle=azure"]
            .map(str::to_owned)
            .to_vec(),
        controller: Vec::new(),
        release: !arguments.debug,
    };
    let mut environment = Environment::new(&folder, extra);
    let outcome = tokio::select! {
        outcome = measure(&mut environment, &arguments) => outcome,
        () = signals.received() => Err(Failure::Message("interrupted".to_owned())),
    };
    environment.stop().await;
    drop(std::fs::remove_dir_all(&folder));
    let mut figures = outcome?;
    if !arguments.debug {
        eprintln!("the emulator");
        let measured = emulator::measure(true).await?;
        if let Some(figures) = figures.as_object_mut() {
            figures.insert("emulator".to_owned(), measured);
        }
    }
    show(figures, limits::broken)
}

fn build(arguments: &BenchArguments) -> &'static str {
    if arguments.debug { "debug" } else { "release" }
}

/// Prints figures with the limits that they break.
fn show(mut figures: Value, limits: fn(&Value) -> Vec<String>) -> Result<(), Failure> {
    let broken = limits(&figures);
    if let Some(figures) = figures.as_object_mut() {
        figures.insert("brokenLimits".to_owned(), json!(broken));
    }
    println!("{figures:#}");
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::Message(format!(
        "limits are broken: {}",
        broken.join("; ")
    )))
}

async fn measure(environment: &mut Environment, arguments: &BenchArguments) -> Result<Value, Failure> {
    environment.start().await?;
    let kubectl = environment.kubectl()?;
    let idle = memory::of(environment.controller_pid());

    eprintln!("one endpoint");
    let since = last_entry(environment).await?;
    let started = Deadline::after(Duration::from_secs(120));
    apply(&kubectl, &endpoints(0..1))?;
    until_ready(environment, &kubectl, 1, started).await?;
    let one = json!({"requests": counts(&journal(environment, since).await?), "seconds": seconds(started)});

    eprintln!("{} endpoints", arguments.endpoints);
    let since = last_entry(environment).await?;
    let limit = Duration::from_secs(120 + u64::from(arguments.endpoints) * 2);
    let started = Deadline::after(limit);
    for first in (1..arguments.endpoints).step_by(100) {
        apply(&kubectl, &endpoints(first..arguments.endpoints.min(first + 100)))?;
    }
    until_ready(environment, &kubectl, arguments.endpoints, started).await?;
    let many = json!({
        "endpoints": arguments.endpoints,
        "requests": counts(&journal(environment, since).await?),
        "seconds": seconds(started),
    });
    let loaded = memory::of(environment.controller_pid());

    eprintln!("at rest for {} s", arguments.rest);
    // Answers of the last writes are still being read; rest begins after one drift interval.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let (since, before) = (last_entry(environment).await?, versions(&kubectl).await?);
    tokio::time::sleep(Duration::from_secs(arguments.rest)).await;
    let after = versions(&kubectl).await?;
    let changed = after
        .iter()
        .filter(|(name, version)| before.get(*name) != Some(version))
        .count();
    let rest = json!({
        "seconds": arguments.rest,
        "requests": counts(&journal(environment, since).await?),
        "kubernetesObjectsWritten": changed,
    });

    let rested = memory::of(environment.controller_pid());

    eprintln!("restart of the controller");
    let (since, before) = (last_entry(environment).await?, versions(&kubectl).await?);
    environment.stop_controller().await;
    environment.start_controller().await?;
    let seconds_after = arguments.rest.max(10);
    tokio::time::sleep(Duration::from_secs(seconds_after)).await;
    let after = versions(&kubectl).await?;
    let changed = after
        .iter()
        .filter(|(name, version)| before.get(*name) != Some(version))
        .count();
    let restart = json!({
        "endpoints": arguments.endpoints,
        "seconds": seconds_after,
        "requests": counts(&journal(environment, since).await?),
        "kubernetesObjectsWritten": changed,
    });
    Ok(json!({
        "build": build(arguments),
        "oneEndpoint": one,
        "manyEndpoints": many,
        "atRest": rest,
        "restart": restart,
        "controllerKiB": {
            "idle": idle,
            "loaded": loaded,
            "rested": rested,
            "restarted": memory::of(environment.controller_pid()),
        },
    }))
}

/// Manifests of endpoints for the seeded storage account.
fn endpoints(numbers: std::ops::Range<u32>) -> String {
    let mut text = String::new();
    for number in numbers {
        let _ = write!(
            text,
            "---\napiVersion: privatelink.dev/v1alpha1\nkind: PrivateEndpoint\n\
             metadata: {{name: bench-{number:04}, namespace: {}}}\n\
             spec:\n  subnet: {{alias: endpoints}}\n  target: {{alias: orders-storage, groupId: blob}}\n",
            seeded::NAMESPACE
        );
    }
    text
}

async fn objects(kubectl: &Kubectl) -> Result<Vec<Value>, Failure> {
    let kubectl = kubectl.clone();
    let output = tokio::task::spawn_blocking(move || {
        kubectl.run(&[
            "get",
            "privateendpoints.privatelink.dev",
            "-n",
            seeded::NAMESPACE,
            "-o",
            "json",
        ])
    })
    .await
    .map_err(|error| Failure::Message(error.to_string()))??;
    let list: Value = serde_json::from_str(&output.stdout)
        .map_err(|error| Failure::Message(format!("kubectl: {error}")))?;
    Ok(list
        .get("items")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default())
}

/// Names and resource versions.
async fn versions(kubectl: &Kubectl) -> Result<BTreeMap<String, String>, Failure> {
    let text = |object: &Value, pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(objects(kubectl)
        .await?
        .iter()
        .map(|object| {
            (
                text(object, "/metadata/name"),
                text(object, "/metadata/resourceVersion"),
            )
        })
        .collect())
}

fn is_ready(object: &Value) -> bool {
    object
        .pointer("/status/conditions")
        .and_then(Value::as_array)
        .is_some_and(|conditions| {
            conditions.iter().any(|condition| {
                condition.get("type").is_some_and(|kind| kind == "Ready")
                    && condition.get("status").is_some_and(|status| status == "True")
            })
        })
}

async fn until_ready(
    environment: &mut Environment,
    kubectl: &Kubectl,
    wanted: u32,
    deadline: Deadline,
) -> Result<(), Failure> {
    let mut told = Deadline::after(Duration::from_secs(15));
    loop {
        let ready = objects(kubectl)
            .await?
            .iter()
            .filter(|object| is_ready(object))
            .count();
        if ready >= usize::try_from(wanted).unwrap_or(usize::MAX) {
            return Ok(());
        }
        if told.passed() {
            eprintln!("  {ready} of {wanted} are Ready");
            told = Deadline::after(Duration::from_secs(15));
        }
        if let Some(failure) = environment.broken() {
            return Err(failure.into());
        }
        if let Some(code) = environment.controller_left() {
            return Err(Failure::Message(format!(
                "the controller left with status {code}"
            )));
        }
        if deadline.passed() {
            return Err(Failure::Message(format!(
                "only {ready} of {wanted} endpoints became Ready in time"
            )));
        }
        // Looking at many objects costs the API server time that the controller needs.
        tokio::time::sleep(Duration::from_millis(200 + u64::from(wanted) * 2)).await;
    }
}

async fn journal(environment: &Environment, since: u64) -> Result<Vec<Value>, Failure> {
    Ok(environment.emulator()?.journal(since).await?)
}

async fn last_entry(environment: &Environment) -> Result<u64, Failure> {
    let entries = journal(environment, 0).await?;
    Ok(entries
        .last()
        .and_then(|entry| entry.get("sequence")?.as_u64())
        .unwrap_or_default())
}

/// Requests by what they are for, besides sign-in: `PUT privateEndpoints 201`, and so on.
fn counts(entries: &[Value]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for entry in entries {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
        let status = entry.get("status").and_then(Value::as_u64).unwrap_or_default();
        let Some(kind) = kind(text("path")) else { continue };
        *counts
            .entry(format!("{} {kind} {status}", text("method")))
            .or_insert(0) += 1;
    }
    counts
}

/// The type of resource in a path; none for sign-in and the test door.
fn kind(path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap_or_default();
    let (_, rest) = path.rsplit_once("/providers/")?;
    let types: Vec<&str> = rest.split('/').skip(1).step_by(2).collect();
    // Operations are listed under `locations/REGION/operations/ID`.
    Some(types.last().map(|last| (*last).to_owned()).unwrap_or_default())
}

fn seconds(deadline: Deadline) -> f64 {
    (deadline.waited().as_secs_f64() * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_method_type_and_status() {
        let entry =
            |method: &str, path: &str, status: u64| json!({"method": method, "path": path, "status": status});
        let entries = [
            entry(
                "PUT",
                "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/a",
                201,
            ),
            entry(
                "GET",
                "/subscriptions/s/providers/Microsoft.Network/privateEndpoints",
                200,
            ),
            entry(
                "GET",
                "/subscriptions/s/providers/Microsoft.Network/locations/w/operations/o",
                200,
            ),
            entry("POST", "/tenant/oauth2/v2.0/token", 200),
        ];
        let counted = counts(&entries);
        assert_eq!(counted.get("PUT privateEndpoints 201"), Some(&1));
        assert_eq!(counted.get("GET privateEndpoints 200"), Some(&1));
        assert_eq!(counted.get("GET operations 200"), Some(&1));
        assert_eq!(counted.len(), 3);
    }
}
