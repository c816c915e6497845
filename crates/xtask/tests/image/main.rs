//! Makes both images, unpacks them into empty roots, and starts the programs there as a cluster would: as a user without
//! rights, with nothing but what the image has and what Kubernetes mounts, against a real API server.
//!
//! `cargo test -p xtask --test image -- --way chroot` takes the way that needs root instead of user namespaces.
//! Checks are counted by name, as `cargo test` counts tests; the second half runs in a network of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod archive;
mod container;
mod files;
mod names;
mod network;
mod running;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use archive::Archive;
use container::Way;
use serde_json::Value;

/// What an image may weigh, in bytes: its files as they are, and its archive.
const LIMIT: u64 = 25_000_000;
/// The images and their programs.
const IMAGES: [(&str, &str); 2] = [
    ("privatelink-controller", "/privatelink-controller"),
    ("privatelink-arm-emulator", "/arm-emulator"),
];

/// How many checks passed and which failed.
#[derive(Default)]
pub struct Report {
    passed: u64,
    failed: Vec<String>,
}

impl Report {
    /// A check, which fails by panicking.
    pub fn check<T>(&mut self, name: &str, check: impl FnOnce() -> T) -> Option<T> {
        let outcome = catch_unwind(AssertUnwindSafe(check));
        println!(
            "test {name} ... {}",
            if outcome.is_ok() { "ok" } else { "FAILED" }
        );
        match outcome {
            Ok(value) => {
                self.passed += 1;
                Some(value)
            }
            Err(_) => {
                self.failed.push(name.to_owned());
                None
            }
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let way = match value("--way").as_deref() {
        Some("namespaces") => Ok(Way::Namespaces),
        Some("chroot") => Ok(Way::Chroot),
        Some(other) => Err(format!("--way is namespaces or chroot, not {other}")),
        None => Way::find(),
    };
    let way = match way {
        Ok(way) => way,
        Err(reason) => {
            eprintln!("no image can be started: {reason}");
            println!("test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::default();
    // This process started itself in a network of its own, and the images are there already.
    if let Some(folder) = value("--inside") {
        running::checks(&mut report, way, Path::new(&folder));
        return ExitCode::from(u8::from(!report.failed.is_empty()));
    }

    let folder = tempfile::tempdir().unwrap();
    if let Some(made) = report.check("the images are made", || make(&folder.path().join("first"))) {
        report.check("an image made again has the same digest", || {
            again(&made, folder.path())
        });
        report.check("each image and its archive weigh less than 25 MB", || {
            weigh(&made)
        });
        for (image, program) in IMAGES {
            report.check(&format!("{image}: the archive is an OCI layout"), || {
                files::layout(&made_archive(&made, image));
            });
            report.check(
                &format!("{image}: nothing but the program and what it needs"),
                || {
                    files::contents(&made_archive(&made, image), program);
                },
            );
        }
        report.check("the Dockerfile makes the same images", || {
            files::dockerfile(
                &made
                    .iter()
                    .map(|image| Archive::read(&path(image)))
                    .collect::<Vec<_>>(),
            );
        });
        for (image, _) in IMAGES {
            let root = folder.path().join(image);
            made_archive(&made, image).unpack(&root, way);
        }
        start_inside(&mut report, way, folder.path());
    }
    let Report { passed, failed } = report;
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {passed} passed; {} failed; 0 ignored; 0 measured; 0 filtered out",
        failed.len()
    );
    ExitCode::from(u8::from(!failed.is_empty()))
}

/// `cargo xtask image`, in the profile that does not take minutes; gives what it printed.
fn make(output: &Path) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["image", "--profile", "image-test", "--output"])
        .arg(output)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "cargo xtask image failed: {text}");
    println!("{text}");
    serde_json::from_str::<Vec<Value>>(&text).unwrap()
}

fn again(made: &[Value], folder: &Path) {
    let again = make(&folder.join("again"));
    assert_eq!(made.len(), IMAGES.len());
    for (first, second) in made.iter().zip(&again) {
        assert_eq!(first["digest"], second["digest"]);
        assert_eq!(
            std::fs::read(path(first)).unwrap(),
            std::fs::read(path(second)).unwrap()
        );
    }
}

fn weigh(made: &[Value]) {
    for image in made {
        let archive = std::fs::metadata(path(image)).unwrap().len();
        assert_eq!(image["archiveBytes"].as_u64(), Some(archive));
        for field in ["archiveBytes", "unpackedBytes"] {
            let bytes = image[field].as_u64().unwrap();
            assert!(
                (1..=LIMIT).contains(&bytes),
                "{} {field}: {bytes}",
                image["image"]
            );
        }
    }
}

fn path(image: &Value) -> PathBuf {
    PathBuf::from(image["archive"].as_str().unwrap())
}

fn made_archive(made: &[Value], name: &str) -> Archive {
    let image = made.iter().find(|image| image["image"] == name).unwrap();
    let archive = Archive::read(&path(image));
    assert_eq!(image["digest"], archive.digest.as_str());
    archive
}

/// The second half, where the names and ports of the test disturb nobody; its lines are counted.
fn start_inside(report: &mut Report, way: Way, folder: &Path) {
    // What it needs is built or found out here: in there is no network.
    let program = std::env::current_exe().unwrap();
    privatelink_testkit::kubernetes::assets::provide(&mut |line| eprintln!("{line}")).unwrap();
    let output = way
        .inside(&program)
        .arg("--inside")
        .arg(folder)
        .args(["--way", way.name()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    for line in text.lines().filter_map(|line| line.strip_prefix("test ")) {
        match line.rsplit_once(" ... ") {
            Some((_, "ok")) => report.passed += 1,
            Some((name, _)) => report.failed.push(name.to_owned()),
            None => {}
        }
    }
    if !output.status.success() && !text.contains(" ... FAILED") {
        report.failed.push("in a network of its own".to_owned());
    }
}
