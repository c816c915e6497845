//! The commands of ours that pages, notes and files for users show: each is there, with these flags.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use clap::error::ErrorKind;
use privatelink_testkit::environment;

use crate::Arguments;
use crate::programs::workspace;

/// What a command begins with, and who it is.
const PROGRAMS: [(&str, Program); 3] = [
    ("cargo xtask ", Program::Xtask),
    ("privatelink-controller ", Program::Controller),
    ("-p privatelink-arm-emulator -- ", Program::Emulator),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Xtask,
    Controller,
    Emulator,
}

/// A command as a file shows it.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    program: Program,
    arguments: Vec<String>,
}

/// The files that people read or copy from.
fn files() -> Vec<PathBuf> {
    let root = workspace();
    let mut found = vec![root.join("README.md"), root.join("Dockerfile")];
    let mut folders = ["charts", "deploy", "docs", "crds"]
        .map(|name| root.join(name))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A text with the shell's variables that it sets on a line of their own put in.
fn with_variables(text: &str) -> String {
    let set = text.lines().filter_map(|line| line.split_once('='));
    let names =
        |name: &&str| !name.is_empty() && name.chars().all(|character| character.is_ascii_uppercase());
    let set = set.filter(|(name, value)| names(name) && !value.contains(char::is_whitespace));
    let set: Vec<(&str, &str)> = set.collect();
    // The last one first: it may have those before it in its value.
    set.iter().rev().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), value)
            .replace(&format!("${name}"), value)
    })
}

/// The commands in a text: between backticks, and in lines that begin with one, after a prompt or a pipe too.
fn shown(text: &str) -> Vec<Shown> {
    let joined = with_variables(&text.replace("\\\n", " "));
    // A line of code of its own; what it says behind `#` is for people.
    let lines = joined
        .lines()
        .filter(|line| !line.contains('`'))
        .flat_map(|line| {
            let code = line.split(" #").next().unwrap_or_default();
            code.split(" | ")
                .map(|part| part.trim().trim_start_matches(['$', ' ']).to_owned())
        });
    // In prose, which breaks lines within backticks as well.
    let prose = joined.split("```").step_by(2).flat_map(|prose| {
        let spans = prose.split('`').skip(1).step_by(2);
        spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    lines.chain(prose).filter_map(|code| command(&code)).collect()
}

/// A piece of code as a command of ours.
fn command(code: &str) -> Option<Shown> {
    let (program, rest) = PROGRAMS.iter().find_map(|(start, program)| match program {
        Program::Emulator => Some((*program, code.split_once(start)?.1)),
        _ => Some((*program, code.strip_prefix(start)?)),
    })?;
    let arguments: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
    // A name that stands alone, and an enumeration of commands, are not to be typed.
    let typed = arguments
        .first()?
        .chars()
        .all(|character| character.is_ascii_lowercase());
    (typed && !arguments.iter().any(|argument| argument == "|")).then_some(Shown { program, arguments })
}

/// What a program says to arguments that it does not know; it is asked for help behind them, so that it does nothing.
fn asked(program: &Path, arguments: &[String]) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .arg("--help")
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The same of `cargo xtask`, which is this program.
fn known(arguments: &[String]) -> Result<(), String> {
    let words = std::iter::once("xtask").chain(arguments.iter().map(String::as_str));
    match Arguments::try_parse_from(words.chain(["--help"])) {
        Err(error) if error.kind() == ErrorKind::DisplayHelp => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(_) => Err("it gives no help".to_owned()),
    }
}

#[test]
fn commands_are_found_in_lines_in_prose_and_behind_a_pipe() {
    let text = "Run `cargo xtask demo` or\n`privatelink-controller explain access -f\nmanifests/`, not `privatelink-controller`.\n\n    $ cat a | privatelink-controller release --yes \\\n      --timeout 5s   # waits\n    helm install privatelink-controller charts\n";
    let found = shown(text);
    let found: Vec<String> = found.iter().map(|one| one.arguments.join(" ")).collect();
    assert_eq!(
        found,
        [
            "release --yes --timeout 5s",
            "demo",
            "explain access -f manifests/"
        ]
    );
}

#[test]
fn every_command_that_is_shown_is_there_with_these_flags() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let programs = runtime.block_on(environment::programs::build(false)).unwrap();
    let mut counts = [0; 3];
    let mut wrong = Vec::new();
    for file in files() {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        for shown in shown(&text) {
            counts[shown.program as usize] += 1;
            let answer = match shown.program {
                Program::Xtask => known(&shown.arguments),
                Program::Controller => asked(&programs.controller, &shown.arguments),
                Program::Emulator => asked(&programs.emulator, &shown.arguments),
            };
            if let Err(error) = answer {
                wrong.push(format!("{}: {shown:?}: {error}", file.display()));
            }
        }
    }
    for (program, wrongly) in [(&programs.controller, "releases"), (&programs.emulator, "serves")] {
        assert!(asked(program, &[wrongly.to_owned()]).is_err(), "{wrongly}");
    }
    assert!(known(&["rights".to_owned(), "--flag".to_owned()]).is_err());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{counts:?} commands are shown");
    assert!(counts[0] > 15 && counts[1] > 5 && counts[2] > 2, "{counts:?}");
}
