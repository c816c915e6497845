//! The judges: programs that are built from the pinned module `kubernetes/judges`, and how they are asked.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use privatelink_testkit::kubernetes::assets::{ProgramSet, provide_set};
use serde_json::{Value, json};

use crate::expected::{self, Sight};

const JUDGES: ProgramSet = ProgramSet {
    what: "the judges",
    module: "kubernetes/judges",
    binaries: &[
        ("judge", "./judge", 60),
        ("synchronise", "./synchronise", 30),
        (
            "kustomize-controller",
            "github.com/fluxcd/kustomize-controller",
            150,
        ),
    ],
};

/// Where a program of the set is; it is built where it is missing.
pub fn program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = || provide_set(&JUDGES, &mut |line| eprintln!("{line}")).map_err(|error| error.to_string());
    match FOLDER.get_or_init(built) {
        Ok(folder) => folder.join(name),
        Err(reason) => panic!("there are no judges: {reason}"),
    }
}

/// A file of this checkout.
pub fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Both forms of Argo CD's settings that are shipped.
pub const ARGOCD_SETTINGS: [&str; 2] = [
    "deploy/argocd/argocd-cm.yaml",
    "deploy/argocd/argocd-cm-by-kind.yaml",
];

/// Asks the judge about each question; see `kubernetes/judges/judge/main.go`.
pub fn ask(questions: &[Value], openapi: Option<&Path>) -> Vec<Value> {
    let mut command = Command::new(program("judge"));
    for settings in ARGOCD_SETTINGS {
        command.arg("--argocd-cm").arg(checkout(settings));
    }
    if let Some(openapi) = openapi {
        command.arg("--openapi").arg(openapi);
    }
    let lines: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let answers = run(command, lines);
    assert_eq!(
        answers.len(),
        questions.len(),
        "the judge answers every question once"
    );
    answers
}

/// Runs a program of the set with lines on its standard input, and gives its lines as JSON.
pub fn run(mut command: Command, lines: String) -> Vec<Value> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().unwrap();
    // A thread, since it answers before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    writer.join().unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Judges objects, each with what should be seen of it; gives what was seen otherwise.
pub fn violations(states: &[(Value, Sight)]) -> Vec<String> {
    let questions: Vec<Value> = states.iter().map(|(object, _)| json!({"live": object})).collect();
    let answers = ask(&questions, None);
    let mut wrong = Vec::new();
    for ((object, sight), answer) in states.iter().zip(&answers) {
        let mut differs = |judge: &str, said: &Value, wanted: &str| {
            if said["status"] != wanted || !said["error"].is_null() {
                wrong.push(format!(
                    "{judge} says {said} and not {wanted} of {}",
                    expected::shown(object)
                ));
            }
        };
        differs("kstatus", &answer["kstatus"], sight.kstatus);
        differs("Flux's kstatus", &answer["fluxKstatus"], sight.kstatus);
        let by_settings = |field: &str| answer[field].as_object().unwrap().clone();
        let (engine, script) = (by_settings("argo"), by_settings("script"));
        assert_eq!(
            (engine.len(), script.len()),
            (ARGOCD_SETTINGS.len(), ARGOCD_SETTINGS.len())
        );
        for said in engine.values() {
            differs("Argo CD's engine", said, sight.argo);
        }
        for said in script.values() {
            differs("the health script", said, sight.script);
            if said["message"].as_str().is_none_or(str::is_empty) {
                differs("the health script's message", said, "something");
            }
        }
    }
    wrong
}

/// Fails with the first violations and how many there are.
pub fn assert_none(violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{} violations, of which the first:\n{}",
        violations.len(),
        violations.iter().take(10).cloned().collect::<Vec<_>>().join("\n")
    );
}
