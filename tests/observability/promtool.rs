//! Prometheus' own tool, as Debian packages it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the repository is.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

pub fn read(name: &str) -> String {
    let path = workspace().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The program that `PROMTOOL` names, the one on the path, or the one that `.ci/run` put beside the other tools.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("PROMTOOL").filter(|named| !named.is_empty()) {
        return PathBuf::from(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let tools = cache.map(|cache| cache.join("privatelink-controller/tools"));
    std::env::split_paths(&path)
        .chain(tools)
        .map(|folder| folder.join("promtool"))
        .find(|program| program.is_file())
        .expect("there is no promtool: set PROMTOOL, install Debian's package prometheus, or let .ci/run fetch it")
}

/// Runs it with text on its standard input; what it said, where it was not content.
pub fn promtool(arguments: &[&str], input: &str) -> Result<(), String> {
    let program = program();
    let mut child = Command::new(&program)
        .args(arguments)
        .current_dir(workspace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    // A linter's findings are no failure of the command in every version: whatever it says about metrics is one.
    let linting = arguments.first() == Some(&"check") && arguments.get(1) == Some(&"metrics");
    if output.status.success() && (!linting || said.trim().is_empty()) {
        Ok(())
    } else {
        Err(said)
    }
}
