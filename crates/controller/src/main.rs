//! The Azure Private Link Controller: arguments, logging, wiring and signals. What it does is elsewhere.

mod admin;
mod arguments;
mod explain;
mod exposition;
mod kubernetes_calls;
mod leader;
mod logging;
mod lookup;
mod manifests;
mod release;
mod run;

use std::io::Write as _;
use std::process::ExitCode;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use privatelink_arm::redaction;

use crate::arguments::{Arguments, Command, ExplainCommand};

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Arguments(String),
    #[error("no way to reach Kubernetes (KUBECONFIG, else the pod's service account): {0}")]
    KubernetesConfiguration(String),
    #[error("Kubernetes does not answer as it should: {0}")]
    Kubernetes(Box<kube::Error>),
    #[error("--admin-listen: cannot listen on {address}: {source}")]
    Listen {
        address: std::net::SocketAddr,
        source: std::io::Error,
    },
    #[error("not released: {0}")]
    NotReleased(String),
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
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        // Help and the version are asked for.
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => {
            eprintln!("privatelink-controller: {}", one_line(&error.to_string()));
            return ExitCode::from(MISUSE);
        }
    };
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
            Command::Release(arguments) => {
                logging::start(&arguments.logging)?;
                release::run(&arguments).await
            }
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
            eprintln!("privatelink-controller: {}", failure.shown());
            failure.exit_code()
        }
    }
}

/// The status of a process that was started with wrong flags or in a wrong environment.
const MISUSE: u8 = 2;

impl Failure {
    /// What is wrong with a configuration may show what stands in it: a URL with a password, or the lines around a
    /// mistake, which may have a token.
    pub(crate) fn kubernetes_configuration(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut causes = std::iter::successors(Some(error), |error| error.source());
        let unreadable = causes.find_map(|error| match error.downcast_ref() {
            Some(KubeconfigError::Parse(error)) => Some(error),
            _ => None,
        });
        Self::KubernetesConfiguration(match unreadable.map(|error| error.location()) {
            None => redaction::shown(&error.to_string()),
            Some(None) => "it is no kubeconfig".to_owned(),
            Some(Some(at)) => format!(
                "it is no kubeconfig, at line {} column {}",
                at.line(),
                at.column()
            ),
        })
    }

    /// Whether flags or the environment have to be changed.
    fn is_misuse(&self) -> bool {
        matches!(
            self,
            Self::Arguments(_) | Self::KubernetesConfiguration(_) | Self::Listen { .. }
        )
    }

    fn exit_code(&self) -> ExitCode {
        if self.is_misuse() {
            ExitCode::from(MISUSE)
        } else {
            ExitCode::FAILURE
        }
    }

    /// What manifests are refused for may show the place in several lines.
    fn shown(&self) -> String {
        match self {
            Self::Manifests(message) => message.clone(),
            other => one_line(&other.to_string()),
        }
    }
}

/// A message in the one line that a log of a pod's end shows. What clap says beyond the mistake itself (usage, where to
/// find help) comes after an empty line; a hint (`tip:`) stays.
fn one_line(message: &str) -> String {
    let message = message.trim_start_matches("error: ");
    let paragraphs = message.split("\n\n").enumerate();
    let kept = paragraphs.filter(|(index, text)| *index == 0 || text.trim_start().starts_with("tip:"));
    let words: Vec<&str> = kept.flat_map(|(_, text)| text.split_whitespace()).collect();
    words.join(" ")
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
///
/// The API server is called directly, also where the environment has a proxy: that one is for Azure.
pub(crate) async fn cluster() -> Result<Config, Failure> {
    let mut config = match from_file().await {
        Some(config) => config,
        // The file's fault is found once more and told, or there is no file and the pod has a service account.
        None => Config::infer()
            .await
            .map_err(|error| Failure::kubernetes_configuration(&error))?,
    };
    if config.proxy_url.is_some() {
        return Err(Failure::KubernetesConfiguration(
            "the cluster in KUBECONFIG has a proxy-url, and the API server is called directly: name one without it"
                .to_owned(),
        ));
    }
    config.default_retry = false;
    Ok(config)
}

/// As the kubeconfig has it, and nothing of the environment.
async fn from_file() -> Option<Config> {
    /// Stands in the file for no proxy: where there is none, the library takes that of the environment.
    const NO_PROXY: &str = "http://no-proxy.invalid/";
    let mut file = Kubeconfig::read().ok()?;
    for cluster in file
        .clusters
        .iter_mut()
        .filter_map(|named| named.cluster.as_mut())
    {
        let named = cluster.proxy_url.as_deref().unwrap_or_default();
        if named.is_empty() {
            cluster.proxy_url = Some(NO_PROXY.to_owned());
        }
    }
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(file, &options).await.ok()?;
    config.proxy_url.take_if(|url| *url == NO_PROXY);
    config.apply_debug_overrides();
    Some(config)
}

/// A client of [`cluster`].
pub(crate) async fn client() -> Result<Client, Failure> {
    Client::try_from(cluster().await?).map_err(|error| Failure::kubernetes_configuration(&error))
}
