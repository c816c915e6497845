//! `cargo xtask`: how people work on the project. Each subcommand has its file; this one only tells them apart.

mod argocd;
mod assets;
mod bench;
mod charts;
mod clients;
mod conformance;
mod crds;
mod demo;
mod deny;
mod docs;
mod failure;
mod generated;
mod image;
mod monitoring;
mod programs;
mod rights;
#[cfg(test)]
mod shown;
mod signals;
mod table;
mod test;
mod up;
#[cfg(test)]
mod workflows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use failure::Failure;
use generated::GeneratedArguments;

/// How people work on the project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows the whole path on this machine: a real API server, the ARM emulator, the controller and the examples.
    Demo(demo::DemoArguments),
    /// Starts the same without examples, for scripts: writes DIR/env, prints `ready`, stays until SIGTERM.
    Up(up::UpArguments),
    /// Runs every check and every test.
    Test(test::TestArguments),
    /// Counts requests, writes and memory, and prints them as JSON.
    Bench(bench::BenchArguments),
    /// Writes the custom resource definitions into crds/ and into the Helm chart.
    Crds(GeneratedArguments),
    /// Writes what is rendered from the Helm chart: the Kustomize base and the tests' golden files.
    Charts(GeneratedArguments),
    /// Writes the pages of docs/ that are generated.
    Docs(GeneratedArguments),
    /// Writes the roles that users assign in Azure and in Kubernetes, and the page about them.
    Rights(GeneratedArguments),
    /// Writes what is made from the rules and the dashboard of deploy/monitoring.
    Monitoring(GeneratedArguments),
    /// Makes the images of the controller and of the emulator as OCI archives, without Docker.
    Image(image::ImageArguments),
    /// Writes Argo CD's settings for the kinds into deploy/argocd/.
    Argocd(GeneratedArguments),
    /// Finds etcd, kube-apiserver and kubectl, or builds them once; prints their folder.
    Assets,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("xtask: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Demo(arguments) => demo::run(arguments).await,
            Command::Up(arguments) => up::run(arguments).await,
            Command::Test(arguments) => test::run(arguments).await,
            Command::Bench(arguments) => bench::run(arguments).await,
            Command::Crds(arguments) => crds::run(arguments),
            Command::Charts(arguments) => charts::run(arguments).await,
            Command::Docs(arguments) => docs::run(arguments),
            Command::Rights(arguments) => rights::run(arguments),
            Command::Monitoring(arguments) => monitoring::run(arguments),
            Command::Image(arguments) => image::run(arguments).await,
            Command::Argocd(arguments) => argocd::run(arguments),
            Command::Assets => assets::run().await,
        }
    });
    // A build of the binaries may still run in a blocking thread; it ends with this process.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
