//! Recorded traffic of the real Azure against the emulator, where somebody has the recordings.
//!
//! `CONFORMANCE_DIR` is a folder with `replay.py`; the recordings are in `CONFORMANCE_RECORDINGS`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use privatelink_testkit::environment::programs;
use privatelink_testkit::processes::{Program, until};
use serde_json::Value;

use crate::Failure;
use crate::test::Count;

const FOLDER_VARIABLE: &str = "CONFORMANCE_DIR";
const RECORDINGS_VARIABLE: &str = "CONFORMANCE_RECORDINGS";
/// The recordings that the emulator answers as Azure did, by the beginnings of their names.
const RECORDINGS: [&str; 7] = [
    "Networking_NetworkSecurityGroup_",
    "Networking_PrivateDnsZone_",
    "Networking_PrivateEndpoint_",
    "Networking_PrivateLinkService_",
    "Networking_RouteTable_",
    "Networking_Subnet_",
    "Networking_VirtualNetwork_",
];

/// Replays the recordings of types that the emulator models. `None` where there are none.
pub(crate) async fn run() -> Result<Option<Count>, Failure> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let Some(folder) = set(FOLDER_VARIABLE) else {
        println!("{FOLDER_VARIABLE} is not set: no recordings to replay");
        return Ok(None);
    };
    let recordings = recordings(&set(RECORDINGS_VARIABLE).unwrap_or_else(|| folder.clone()))?;
    let programs = programs::build(false).await?;
    let mut count = Count::default();
    // Each recording begins with an empty subscription.
    for recording in recordings {
        let one = replay(&folder.join("replay.py"), &programs.emulator, &recording).await?;
        count = Count {
            passed: count.passed + one.passed,
            failed: count.failed + one.failed,
        };
    }
    Ok(Some(count))
}

fn recordings(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let wanted =
        |name: &str| RECORDINGS.iter().any(|begin| name.starts_with(begin)) && name.ends_with(".yaml");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(Failure::file("reading", folder))?
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(wanted))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    if found.is_empty() {
        return Err(Failure::Message(format!(
            "{} holds no recordings; set {RECORDINGS_VARIABLE}",
            folder.display()
        )));
    }
    Ok(found)
}

async fn replay(script: &Path, emulator: &Path, recording: &Path) -> Result<Count, Failure> {
    let folder = std::env::temp_dir().join(format!("privatelink-conformance-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
    let announcement = folder.join("endpoint.json");
    let mut process = Program::new("arm-emulator", emulator, folder.join("emulator.log"))
        .arguments(["serve", "--listen=127.0.0.1:0", "--time-scale=50", "--state-dir"])
        .arguments([folder.as_os_str()])
        .start()?;
    let endpoint = until(&mut process, Duration::from_secs(30), || async {
        let text = std::fs::read_to_string(&announcement).ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        value.get("endpoint")?.as_str().map(str::to_owned)
    })
    .await?;
    println!("{}", recording.file_name().unwrap_or_default().display());
    let mut command = tokio::process::Command::new("python3");
    command
        .arg(script)
        .args(["--base", &endpoint, "--token", "conformance", "--cacert"]);
    command.arg(folder.join("ca.pem")).arg(recording);
    let output = command.kill_on_drop(true).output().await;
    process.stop(Duration::from_secs(5)).await;
    drop(std::fs::remove_dir_all(&folder));
    let output = output.map_err(|error| Failure::Message(format!("python3: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Ok(match text.lines().rev().find_map(interactions) {
        Some(count) if output.status.success() || count.failed > 0 => count,
        // It could not run to its end: whatever passed before counts for nothing.
        _ => Count::one(false),
    })
}

/// The numbers of the last line, `20 passed, 0 failed`.
fn interactions(line: &str) -> Option<Count> {
    let (passed, failed) = line.trim().strip_suffix(" failed")?.split_once(" passed, ")?;
    Some(Count {
        passed: passed.parse().ok()?,
        failed: failed.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interactions_are_counted_from_the_last_line() {
        assert_eq!(
            interactions("20 passed, 1 failed"),
            Some(Count {
                passed: 20,
                failed: 1
            })
        );
        assert_eq!(interactions("Networking_Subnet: 20/20"), None);
    }
}
