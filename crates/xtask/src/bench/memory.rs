//! What a process holds in memory, as the kernel counts it.

use serde_json::{Value, json};

/// KiB resident now, how much of it is the process's own and how much are pages of files (the program itself), and the
/// most that was ever resident. `None`: there is no such process.
pub(super) fn of(process: Option<i32>) -> Option<Value> {
    read(&std::fs::read_to_string(format!("/proc/{}/status", process?)).ok()?)
}

fn read(status: &str) -> Option<Value> {
    let number = |name: &str| -> Option<u64> {
        let rest = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        rest.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    Some(json!({
        "resident": number("VmRSS")?,
        "own": number("RssAnon")?,
        "files": number("RssFile")?,
        "peak": number("VmHWM")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read() {
        let status = "Name:\tx\nVmHWM:\t  30 kB\nVmRSS:\t  20 kB\nRssAnon:\t  15 kB\nRssFile:\t   5 kB\nRssShmem:\t 0 kB\n";
        assert_eq!(
            read(status),
            Some(json!({"resident": 20, "own": 15, "files": 5, "peak": 30}))
        );
        assert_eq!(read("Name:\tx\n"), None);
        assert_eq!(of(None), None);
    }
}
