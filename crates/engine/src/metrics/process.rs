//! What the process itself takes, as Linux tells it under `/proc/self`, in the names that Prometheus' own clients use.
//! Where there is no such file, there is no such metric.

use super::catalogue::{
    PROCESS_CPU, PROCESS_MOST_FILES, PROCESS_OPEN_FILES, PROCESS_RESIDENT, PROCESS_START, PROCESS_VIRTUAL,
};
use super::rows::Rows;

/// Linux counts the time of processes in hundredths of a second for everybody who asks, whatever the kernel's own clock does.
const TICKS_PER_SECOND: f64 = 100.0;
/// The places in `/proc/self/stat` after the command's closing bracket, counted from the state (field 3 of proc(5)).
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;
const START_TIME: usize = 19;

pub(super) fn encode(rows: &mut Rows<'_, '_>) -> Result<(), std::fmt::Error> {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let machine = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let cpu = ticks(&stat, USER_TIME)
        .zip(ticks(&stat, SYSTEM_TIME))
        .map(|(user, system)| user + system);
    rows.one(&PROCESS_CPU, cpu)?;
    rows.one(&PROCESS_RESIDENT, kibibytes(&status, "VmRSS:"))?;
    rows.one(&PROCESS_VIRTUAL, kibibytes(&status, "VmSize:"))?;
    let open = std::fs::read_dir("/proc/self/fd").ok();
    // One of them is the folder that is being read.
    rows.one(
        &PROCESS_OPEN_FILES,
        open.map(|files| files.count().saturating_sub(1) as f64),
    )?;
    rows.one(&PROCESS_MOST_FILES, most_files(&limits))?;
    let started = boot_time(&machine)
        .zip(ticks(&stat, START_TIME))
        .map(|(boot, after)| boot + after);
    rows.one(&PROCESS_START, started)
}

/// A time in `/proc/self/stat`, in seconds. The command's name may hold spaces and brackets: what follows the last one counts.
fn ticks(stat: &str, place: usize) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: f64 = fields.split_ascii_whitespace().nth(place)?.parse().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}

fn kibibytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let number: f64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(number * 1024.0)
}

fn most_files(limits: &str) -> Option<f64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

fn boot_time(machine: &str) -> Option<f64> {
    let line = machine.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_writes_is_understood() {
        let stat = "4711 (a) (b) c) S 1 4711 4711 0 -1 4194560 1010 0 0 0 250 50 0 0 20 0 1 0 123400 999 88";
        assert_eq!(ticks(stat, USER_TIME), Some(2.5));
        assert_eq!(ticks(stat, SYSTEM_TIME), Some(0.5));
        assert_eq!(ticks(stat, START_TIME), Some(1234.0));
        let status = "Name:\tx\nVmSize:\t  2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(kibibytes(status, "VmRSS:"), Some(1_048_576.0));
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n";
        assert_eq!(most_files(limits), Some(1024.0));
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_000.0));
        assert_eq!(boot_time(""), None);
    }
}
