//! The Azure Private Link Controller: arguments, logging, wiring and signals. What it does is elsewhere.

mod admin;
mod arguments;
mod explain;
mod exposition;
mod kubernetes_calls;
mod logging;
mod lookup;
mod manifests;
mod release;
mod run;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use kube::{Client, Config};

use crate::arguments::{Arguments, Command, ExplainCommand};

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Arguments(String),
    #[error("no way to reach Kubernetes: {0}")]
    KubernetesConfiguration(String),
    #[error("Kubernetes does not answer as it should: {0}")]
    Kubernetes(Box<kube::Error>),
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: std::net::SocketAddr,
        source: std::io::Error,
    },
    #[error("{0} objects could not be released")]
    NotReleased(usize),
    #[error("{0}")]
    Manifests(String),
    #[error("the result cannot be printed: {0}")]
    Print(String),
}

fn main() -> ExitCode {
    // Before anything may open a TLS connection: one provider, chosen here.
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        eprintln!("a TLS provider is installed already");
        return ExitCode::FAILURE;
    }
    let arguments = Arguments::parse();
    // The work is waiting for answers: one thread does it, and one allocator arena holds what it needs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Crds => print_crds(),
            Command::Explain(ExplainCommand::Access(arguments)) => explain::access(&arguments),
            Command::Release(arguments) => release::release(client().await?, arguments.yes).await,
            Command::Run(arguments) => {
                logging::start(&arguments.logging)?;
                run::run(*arguments).await
            }
        }
    });
    // Nothing that is still running may hold up the end: what matters has been waited for.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("privatelink-controller: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn print_crds() -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    for definition in privatelink_api::crds() {
        let yaml = serde_saphyr::to_string(&definition).map_err(|error| Failure::Print(error.to_string()))?;
        match writeln!(output, "---\n{}", yaml.trim_end()) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Failure::Print(error.to_string())),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// The cluster that the environment names. Calls are not retried behind our back.
pub(crate) async fn cluster() -> Result<Config, Failure> {
    let mut config = Config::infer()
        .await
        .map_err(|error| Failure::KubernetesConfiguration(error.to_string()))?;
    config.default_retry = false;
    Ok(config)
}

/// A client of [`cluster`].
pub(crate) async fn client() -> Result<Client, Failure> {
    Client::try_from(cluster().await?).map_err(|error| Failure::KubernetesConfiguration(error.to_string()))
}
