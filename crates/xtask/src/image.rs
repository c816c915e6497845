//! `cargo xtask image`: the controller and the emulator as OCI archives, without Docker.
//!
//! Owns the subcommand and the limit on what an image may weigh. What stands in an image is in `contents`, how layers and
//! archives are written in `layer` and `layout`.

mod authorities;
mod contents;
mod layer;
mod layout;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use privatelink_testkit::environment::programs;
use privatelink_testkit::environment::static_build::{Architecture, StaticBuild};
use serde_json::json;

use crate::Failure;
use crate::programs::workspace;
use contents::Component;

/// What an image may weigh, in bytes: its files as they are, and its archive.
const LIMIT: usize = 25_000_000;

#[derive(Debug, Args)]
pub(crate) struct ImageArguments {
    /// Only the image of the controller
    #[arg(long, conflicts_with = "emulator")]
    controller: bool,
    /// Only the image of the emulator
    #[arg(long)]
    emulator: bool,
    /// The processor that it is for; this machine's by default
    #[arg(long, value_enum)]
    architecture: Option<Processor>,
    /// Where NAME-ARCHITECTURE.tar is written
    #[arg(long, value_name = "DIRECTORY", default_value = "target/image")]
    output: PathBuf,
    /// The profile of Cargo.toml; only `release` is the product
    #[arg(long, default_value = "release")]
    profile: String,
    /// A label of the image besides its own; may be repeated
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Processor {
    Amd64,
    Arm64,
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("it is KEY=VALUE".to_owned()),
    }
}

/// What the images are called.
#[cfg(test)]
pub(crate) fn names() -> [&'static str; 2] {
    Component::ALL.map(Component::name)
}

/// Builds the programs, writes the archives, and prints what each weighs as one JSON document on standard output.
pub(crate) async fn run(arguments: ImageArguments) -> Result<(), Failure> {
    let architecture = match arguments.architecture {
        Some(Processor::Amd64) => Architecture::Amd64,
        Some(Processor::Arm64) => Architecture::Arm64,
        None => Architecture::host()?,
    };
    let build = StaticBuild {
        profile: arguments.profile,
        architecture,
    };
    let built = programs::build_static(&build).await?;
    let folder = workspace().join(&arguments.output);
    std::fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;

    let mut figures = Vec::new();
    let mut heavy = Vec::new();
    for component in Component::ALL {
        let (wanted, program) = match component {
            Component::Controller => (!arguments.emulator, &built.controller),
            Component::Emulator => (!arguments.controller, &built.emulator),
        };
        if !wanted {
            continue;
        }
        let program = std::fs::read(program).map_err(Failure::file("reading", program))?;
        let layers = component.layers(program)?;
        let image = layout::Image::new(
            &layers,
            &component.configuration(architecture, &layers, &arguments.labels),
        );
        let archive = image.archive(component.version())?;
        let path = folder.join(format!("{}-{}.tar", component.name(), architecture.name()));
        std::fs::write(&path, &archive).map_err(Failure::file("writing", &path))?;
        let unpacked = layers.iter().map(|layer| layer.uncompressed).sum::<usize>();
        if unpacked.max(archive.len()) > LIMIT {
            heavy.push(component.name());
        }
        figures.push(json!({
            "image": component.name(),
            "architecture": architecture.name(),
            "archive": path.display().to_string(),
            "digest": image.digest(),
            "archiveBytes": archive.len(),
            "unpackedBytes": unpacked,
        }));
    }
    println!("{:#}", serde_json::Value::from(figures));
    if heavy.is_empty() {
        return Ok(());
    }
    Err(Failure::Message(format!(
        "more than {LIMIT} bytes: {}",
        heavy.join(", ")
    )))
}
