//! What the emulator holds and answers in process, from its own measurement.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::Failure;

/// How many endpoints the measurement makes.
const ENDPOINTS: u32 = 10_000;

/// Runs the emulator's measurement in a release build.
pub(super) async fn measure() -> Result<Value, Failure> {
    let mut command =
        tokio::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .kill_on_drop(true)
        .args([
            "test",
            "--release",
            "-p",
            "privatelink-arm-emulator",
            "--test",
            "core_load",
        ])
        .args(["--", "--ignored", "--nocapture"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let output = command
        .spawn()
        .map_err(|error| Failure::Message(format!("cargo cannot be run: {error}")))?
        .wait_with_output()
        .await
        .map_err(|error| Failure::Message(format!("cargo: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(Failure::Message(format!(
            "the emulator's measurement failed:\n{text}"
        )));
    }
    read(&text)
        .ok_or_else(|| Failure::Message(format!("the emulator's measurement printed no figures:\n{text}")))
}

/// The figures in lines like `PUT: 1234 a second; VmRSS:  5678 kB`.
fn read(text: &str) -> Option<Value> {
    let line = |method: &str| {
        let prefix = format!("{method}: ");
        let rest = text.lines().find_map(|line| Some(line.split_once(&prefix)?.1))?;
        let (rate, resident) = rest.split_once(" a second; VmRSS:")?;
        let resident = resident.trim().strip_suffix("kB")?;
        Some((
            rate.trim().parse::<u64>().ok()?,
            resident.trim().parse::<u64>().ok()?,
        ))
    };
    let (put, after_put) = line("PUT")?;
    let (get, after_get) = line("GET")?;
    Some(json!({
        "endpoints": ENDPOINTS,
        "putPerSecond": put,
        "getPerSecond": get,
        "residentKiB": after_put.max(after_get),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_in_what_the_measurement_prints() {
        let text = "running 1 test\ntest ten_thousand_endpoints ... before: VmRSS:\t 9000 kB\n\
                    PUT: 4000 a second; VmRSS:\t  200000 kB\nGET: 90000 a second; VmRSS:\t  210000 kB\nok\n";
        assert_eq!(
            read(text),
            Some(
                json!({"endpoints": 10_000, "putPerSecond": 4000, "getPerSecond": 90_000, "residentKiB": 210_000})
            )
        );
        assert_eq!(read("PUT: 4000 a second; VmRSS: 1 kB"), None);
    }
}
