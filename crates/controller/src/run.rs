//! `run`: puts the controller together, and takes it apart again on SIGTERM.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use privatelink_arm::catalogue::KnownCloud;
use privatelink_arm::{
    ArmClient, ArmClientOptions, Clock, Cloud, CredentialChoice, CredentialKind, InvalidCloud,
    InvalidTransport, RequestBudget, transport,
};
use privatelink_engine::lease::{Claim, Elector, lease_name, write_permit};
use privatelink_engine::metrics::Metrics;
use privatelink_engine::metrics::live::Live;
use privatelink_engine::{Context, OwnIdentity, Runtime, Settings};
use prometheus_client::registry::Registry;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::Failure;
use crate::admin::{self, Admin};
use crate::arguments::{AzureArguments, RunArguments};
use crate::kubernetes_calls::observed_client;
use crate::leader::{self, random_identity};
use crate::lookup::DnsClient;

/// A call to the Kubernetes API takes no longer than this.
const KUBERNETES_TIMEOUT: Duration = Duration::from_secs(10);
/// After a signal, the passes in hand have this long to end.
const GRACE: Duration = Duration::from_secs(8);

pub(crate) async fn run(arguments: RunArguments) -> Result<(), Failure> {
    let shutdown = shutdown_on_signal()?;
    let clock = Clock::system();
    // What the command line says is judged before anybody is asked anything, and before the lease is taken.
    let mut azure = arm_options(&arguments.azure, &clock)?;
    let mut registry = Registry::default();
    let lease = lease_name(&arguments.installation.controller_name);
    let metrics = Metrics::register(&mut registry, &lease);
    let kube = observed_client(&metrics).await?;
    let listener = admin::listen(arguments.admin_listen)
        .await
        .map_err(|source| Failure::Listen {
            address: arguments.admin_listen,
            source,
        })?;
    let owner_id = match arguments.owner_id.clone() {
        Some(owner_id) => owner_id,
        None => cluster_id(&kube).await?,
    };

    // The lease outlives the workers: it is released when the last of them has ended.
    let stop_election = CancellationToken::new();
    let (leadership, election) = if arguments.leader_election {
        let (claim, election) = elector(&arguments, clock.clone(), &metrics)
            .await?
            .start(stop_election.clone());
        (claim, Some(tokio::spawn(election)))
    } else {
        (Claim::forever(), None)
    };

    azure.write_permit = Some(write_permit(leadership.clone()));
    azure.observer = Some(metrics.request_observer());
    let arm = ArmClient::new(azure);
    let settings = Settings {
        owner_id,
        controller_name: arguments.installation.controller_name.clone(),
        drift_interval: arguments.drift_interval,
        workers: usize::from(arguments.workers),
        catalogue: KnownCloud::of(arm.cloud())
            .ok()
            .or(arguments.azure.zone_catalogue),
        kubernetes_timeout: KUBERNETES_TIMEOUT,
        own_identity: own_identity(&arguments.azure),
    };
    tracing::info!(
        owner_id = settings.owner_id,
        controller_name = settings.controller_name,
        cloud = arguments.azure.cloud,
        "starting"
    );
    let context = Arc::new(Context::new(
        settings,
        arm,
        Arc::new(DnsClient {
            port: arguments.lookup_port,
        }),
        kube,
        clock,
        metrics,
        leadership,
        fastrand::u64(..),
    ));
    let live = Live::new(context.clone(), env!("CARGO_PKG_VERSION"));
    registry.register_collector(Box::new(live));
    let admin = Admin {
        registry: Arc::new(registry),
        ready: context.ready.clone(),
    };
    let stop_admin = CancellationToken::new();
    let admin = tokio::spawn(admin::serve(listener, admin, stop_admin.clone()));

    let work = tokio::spawn(privatelink_kinds::register(Runtime::new(context)).run(shutdown.clone()));
    let abort = work.abort_handle();
    shutdown.cancelled().await;
    tracing::info!("stopping: the passes in hand are finished");
    if tokio::time::timeout(GRACE, work).await.is_err() {
        tracing::warn!("a pass did not end in time");
        abort.abort();
    }
    stop_election.cancel();
    if let Some(election) = election {
        let _ = tokio::time::timeout(Duration::from_secs(2), election).await;
    }
    stop_admin.cancel();
    let _ = tokio::time::timeout(Duration::from_millis(200), admin).await;
    tracing::info!("stopped");
    Ok(())
}

fn shutdown_on_signal() -> Result<CancellationToken, Failure> {
    let shutdown = CancellationToken::new();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut stream = signal(kind)
            .map_err(|error| Failure::Arguments(format!("signals cannot be handled: {error}")))?;
        let shutdown = shutdown.clone();
        tokio::spawn(async move {
            stream.recv().await;
            shutdown.cancel();
        });
    }
    Ok(shutdown)
}

/// Names the cluster where nobody names the installation.
async fn cluster_id(kube: &Client) -> Result<String, Failure> {
    match tokio::time::timeout(KUBERNETES_TIMEOUT, privatelink_engine::cluster_id(kube)).await {
        Ok(Ok(Some(id))) => Ok(id),
        Ok(Ok(None)) => Err(Failure::Arguments(
            "namespace kube-system has no uid; set --owner-id".to_owned(),
        )),
        Ok(Err(error)) => Err(Failure::Kubernetes(Box::new(error))),
        Err(_) => Err(Failure::KubernetesConfiguration(
            "the API server did not answer in time".to_owned(),
        )),
    }
}

async fn elector(arguments: &RunArguments, clock: Clock, metrics: &Metrics) -> Result<Elector, Failure> {
    // A client of its own: a slow call of the workers must not hold up a renewal.
    let kube = observed_client(metrics).await?;
    let identity = arguments.identity.clone().unwrap_or_else(random_identity);
    Ok(leader::elector(&arguments.installation, kube, identity, clock))
}

/// Where Azure is and as whom it is called; the fence and the observer are put in later.
fn arm_options(arguments: &AzureArguments, clock: &Clock) -> Result<ArmClientOptions, Failure> {
    let cloud = cloud(arguments)?;
    let transport = transport(arguments.ca_bundle.as_deref()).map_err(|error| {
        let at_fault = match &error {
            InvalidTransport::Proxy { variable } => variable,
            _ => "--ca-bundle",
        };
        Failure::Arguments(format!("{at_fault}: {}", with_causes(&error)))
    })?;
    let choice =
        CredentialChoice::from_environment(arguments.azure_credential, |name| arguments.variable(name));
    let credential = choice
        .and_then(|choice| choice.credential(&cloud, transport.clone(), clock))
        .map_err(|error| Failure::Arguments(format!("--azure-credential: {}", with_causes(&error))))?;
    let budget = Arc::new(RequestBudget::azure(clock.clone()));
    let mut options = ArmClientOptions::new(cloud, transport, credential, clock.clone(), budget);
    options.user_agent = concat!("privatelink-controller/", env!("CARGO_PKG_VERSION")).to_owned();
    Ok(options)
}

/// What remedies name of the identity that the controller was given.
fn own_identity(arguments: &AzureArguments) -> OwnIdentity {
    let uses_token = arguments.azure_credential == CredentialKind::WorkloadIdentity;
    let uses_client_id = arguments.azure_credential != CredentialKind::AzureCli;
    let client_id = arguments
        .azure_client_id
        .clone()
        .filter(|id| !id.trim().is_empty());
    OwnIdentity {
        client_id: client_id.filter(|_| uses_client_id),
        token_file: arguments
            .azure_federated_token_file
            .clone()
            .filter(|_| uses_token),
    }
}

/// An error and what it came from: that there are no authorities to trust is said three errors further down.
fn with_causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |cause| cause.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn cloud(arguments: &AzureArguments) -> Result<Cloud, Failure> {
    if !arguments.is_custom() {
        return arguments
            .cloud
            .parse()
            .map_err(|error| Failure::Arguments(format!("--cloud: {error}")));
    }
    let needed = |value: &Option<String>, flag: &str| {
        value
            .clone()
            .ok_or_else(|| Failure::Arguments(format!("--cloud custom needs {flag}")))
    };
    let endpoint = needed(&arguments.arm_endpoint, "--arm-endpoint")?;
    let authority = needed(&arguments.authority, "--authority")?;
    Cloud::custom("custom", &endpoint, arguments.arm_audience.as_deref(), &authority)
        .map_err(|error| Failure::Arguments(format!("{}: {error}", flag_of(&error))))
}

/// The flag that a custom cloud's fault is in.
fn flag_of(fault: &InvalidCloud) -> &'static str {
    match fault {
        InvalidCloud::InvalidUrl {
            what: "authority", ..
        } => "--authority",
        InvalidCloud::InvalidUrl { what: "audience", .. } => "--arm-audience",
        InvalidCloud::InvalidUrl { .. } => "--arm-endpoint",
        InvalidCloud::UnknownName(_) => "--cloud",
    }
}
