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
/// The recordings that are known, by the beginnings of their names, and the types whose interactions count where these are not
/// the replay's own. All others are replayed with the replay's own types.
const RECORDINGS: [(&str, Option<&str>); 15] = [
    ("CreateStorageAccountThatAlreadyExists_", Some(".")),
    ("CreateStorageAccountWithoutRequiredProperties_", Some(".")),
    ("Insights_MetricAlert_", Some(".")),
    ("KeyVault_Vault_", Some(".")),
    ("Networking_DnsResolver_", None),
    ("Networking_ForwardingRuleSet_", None),
    ("Networking_LoadBalancer_", Some(".")),
    ("Networking_NetworkSecurityGroup_", None),
    ("Networking_PrivateDnsZone_", None),
    ("Networking_PrivateEndpoint_", None),
    ("Networking_PrivateLinkService_", None),
    ("Networking_RouteTable_", None),
    ("Networking_Subnet_", None),
    ("Networking_VirtualNetwork_", None),
    ("Storage_StorageAccount_", Some(".")),
];
/// Where the emulator differs, and why.
const DIFFERENCES: &str = include_str!("conformance/differences.txt");

/// Replays all recordings that there are. `None` where nobody has any.
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
        count = count.and(one);
    }
    Ok(Some(count))
}

/// The types whose interactions count in a recording. None: the replay's own.
fn types_of(name: &str) -> Option<&'static str> {
    let found = RECORDINGS.iter().find(|(begin, _)| name.starts_with(begin));
    found.and_then(|(_, types)| *types)
}

/// All recordings in a folder, and in the folders below it.
fn recordings(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(one) = folders.pop() {
        for entry in std::fs::read_dir(&one).map_err(Failure::file("reading", &one))? {
            let entry = entry.map_err(Failure::file("reading", &one))?;
            let path = entry.path();
            // A link to a folder is not followed: it may lead back.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
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
    let name = recording
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    println!("{name}");
    let mut command = tokio::process::Command::new("python3");
    command
        .arg(script)
        .args(["--base", &endpoint, "--token", "conformance", "--cacert"]);
    command.arg(folder.join("ca.pem"));
    if let Some(types) = types_of(&name) {
        command.args(["--types", types]);
    }
    command.arg(recording);
    let output = command.kill_on_drop(true).output().await;
    process.stop(Duration::from_secs(5)).await;
    drop(std::fs::remove_dir_all(&folder));
    let output = output.map_err(|error| Failure::Message(format!("python3: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let count = match text.lines().rev().find_map(interactions) {
        Some(count) if output.status.success() || count.failed > 0 => count,
        // It could not run to its end: whatever passed before counts for nothing.
        _ => return Ok(Count::one(false)),
    };
    if count == Count::default() {
        println!("  no interaction of the types that count: neither passed nor failed");
    }
    let mut explained = 0;
    for (number, fields) in differing(&text) {
        if let Some(reason) = reason(&name, number, &fields) {
            println!("  #{number} differs as is known: {reason}");
            explained += 1;
        }
    }
    Ok(Count {
        passed: count.passed,
        failed: count.failed.saturating_sub(explained),
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

/// The interactions that differ, by number, each with the fields that do, as the replay tells them: after a line `  #13 GET
/// /subscriptions/…: recorded 200, got 404` one for each, such as `      .id is 'a', recorded 'b'`.
fn differing(text: &str) -> Vec<(u32, Vec<&str>)> {
    let mut found: Vec<(u32, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        if let Some(number) = line.strip_prefix("  #").filter(|_| line.contains(": recorded ")) {
            let number = number.split(' ').next().and_then(|number| number.parse().ok());
            found.extend(number.map(|number| (number, Vec::new())));
        } else if let (Some(problem), Some((_, fields))) = (line.strip_prefix("      "), found.last_mut()) {
            fields.extend(problem.split(' ').next());
        }
    }
    found
}

/// Why an interaction differs, where it is known to differ in all of these fields.
fn reason(recording: &str, number: u32, differing: &[&str]) -> Option<&'static str> {
    DIFFERENCES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let rest = line.strip_prefix(recording)?.strip_prefix(' ')?;
            let (of, rest) = rest.split_once(' ')?;
            let (fields, reason) = rest.split_once(' ')?;
            let known = |field: &&str| fields == "*" || fields.split(',').any(|known| known == *field);
            (of.parse() == Ok(number) && differing.iter().all(known)).then_some(reason)
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

    #[test]
    fn what_differs_is_known_by_recording_and_number() {
        let text = "r: 1/3\n  #13 GET /s/a: recorded 200, got 200\n      .id is 'a', recorded 'b'\n      .name is 'a', recorded 'b'\n  #14 GET /s/b: recorded 200, got 404\n      status 404, recorded 200\n  #15 GET /s: added .properties\n1 passed, 2 failed";
        let found = differing(text);
        assert_eq!(found, [(13, vec![".id", ".name"]), (14, vec!["status"])]);
        let known = "Networking_DnsResolver_CRUD";
        assert_eq!(
            reason(known, 13, &[".id", ".name"]),
            Some("the status's id and name are random")
        );
        assert_eq!(reason(known, 13, &[".id", ".status"]), None);
        assert_eq!(reason(known, 1, &[".id"]), None);
        assert_eq!(reason("Networking_DnsResolver", 13, &[".id"]), None);
        for line in DIFFERENCES
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            let name = line.split(' ').next().unwrap();
            let known = RECORDINGS.iter().any(|(begin, _)| name.starts_with(begin));
            assert!(known, "{line}");
        }
    }

    #[test]
    fn every_recording_is_replayed_whatever_its_name() {
        let folder = std::env::temp_dir().join(format!("privatelink-recordings-{}", std::process::id()));
        let below = folder.join("another client/deeper");
        std::fs::create_dir_all(&below).unwrap();
        let files = [
            folder.join("Networking_Subnet_X.yaml"),
            folder.join("of another name.yaml"),
            below.join("test_private_endpoint.yaml"),
        ];
        for file in files
            .iter()
            .chain([&folder.join("replay.py"), &below.join("notes.md")])
        {
            std::fs::write(file, "interactions: []").unwrap();
        }
        let found = recordings(&folder);
        let nothing = recordings(&below.join("none"));
        std::fs::remove_dir_all(&folder).unwrap();
        let mut expected = files.to_vec();
        expected.sort();
        assert_eq!(found.unwrap(), expected);
        assert!(nothing.is_err());
        assert_eq!(types_of("KeyVault_Vault_CRUD"), Some("."));
        assert_eq!(types_of("Networking_Subnet_X"), None);
        assert_eq!(types_of("of another name"), None);
    }
}
