//! The command line and the environment.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use privatelink_api::names::{CONTROLLER_NAME_PATTERN, DEFAULT_CONTROLLER_NAME};
use privatelink_api::{GUID_PATTERN, MANAGED_IDENTITY_PATTERN};
use privatelink_arm::CredentialKind;
use privatelink_arm::catalogue::KnownCloud;
use privatelink_kinds::access::prefix::Prefix;
use regex_lite::Regex;
use tracing_subscriber::EnvFilter;

/// Brings Azure private endpoints to what custom resources describe, and writes the truth back to status.
#[derive(Debug, Parser)]
#[command(name = "privatelink-controller", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// What the command line and the environment say, where every flag has its effect.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let matches = command
            .try_get_matches_from_mut(std::env::args_os())
            .map_err(|error| match error.kind() {
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => command.error(
                    ErrorKind::MissingSubcommand,
                    "a command is missing: run, release, crds or explain access; --help tells of each",
                ),
                ErrorKind::InvalidUtf8 => command.error(ErrorKind::InvalidUtf8, not_text(&command)),
                _ => error,
            })?;
        let arguments = Self::from_arg_matches(&matches)?;
        if let Command::Run(run) = &arguments.command
            && !run.azure.is_custom()
            && let Some(flag) = matches.subcommand_matches("run").and_then(of_custom_cloud)
        {
            let message = format!(
                "{flag} is for --cloud custom, and without effect in the cloud {:?}: remove it, or set --cloud custom",
                run.azure.cloud
            );
            return Err(command.error(ErrorKind::ArgumentConflict, message));
        }
        Ok(arguments)
    }
}

/// Which flag's variable, or which argument, is not UTF-8.
fn not_text(command: &clap::Command) -> String {
    let of_commands = command.get_subcommands().flat_map(clap::Command::get_arguments);
    let is_text =
        |name: &std::ffi::OsStr| std::env::var_os(name).is_none_or(|value| value.to_str().is_some());
    let mut variables = of_commands.filter_map(|argument| Some((argument.get_long()?, argument.get_env()?)));
    match variables.find(|(_, name)| !is_text(name)) {
        Some((flag, name)) => format!("--{flag} ({}) is not UTF-8", name.to_string_lossy()),
        None => {
            let mut given = std::env::args_os();
            let argument = given.find(|argument| argument.to_str().is_none());
            let argument = argument.unwrap_or_default();
            format!("the argument {:?} is not UTF-8", argument.to_string_lossy())
        }
    }
}

/// The first flag that describes a custom cloud. The authority may come from the environment: the webhook of Azure
/// Workload Identity names it in every pod.
fn of_custom_cloud(run: &ArgMatches) -> Option<&'static str> {
    const FLAGS: [(&str, &str); 4] = [
        ("arm_endpoint", "--arm-endpoint (AZURE_ARM_ENDPOINT)"),
        ("arm_audience", "--arm-audience (AZURE_ARM_AUDIENCE)"),
        ("zone_catalogue", "--zone-catalogue (AZURE_ZONE_CATALOGUE)"),
        ("authority", "--authority"),
    ];
    // A variable that is empty says nothing.
    let is_empty = |id: &str| {
        run.get_raw(id)
            .is_some_and(|mut values| values.all(|value| value.is_empty()))
    };
    let given = |id: &str| match run.value_source(id) {
        Some(ValueSource::CommandLine) => true,
        Some(ValueSource::EnvVariable) => id != "authority" && !is_empty(id),
        _ => false,
    };
    FLAGS.into_iter().find(|(id, _)| given(id)).map(|(_, flag)| flag)
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the controller until SIGTERM.
    Run(Box<RunArguments>),
    /// Print the custom resource definitions as YAML.
    Crds,
    /// Let go of everything: take the finalizer off every object, without one call to Azure.
    ///
    /// The step before an uninstall. What the controller made in Azure stays as it is. The leader's Lease is taken first
    /// and held meanwhile, so that no controller works beside it; what another installation serves is left to it.
    Release(ReleaseArguments),
    /// Explain what manifests come to, without a cluster and without Azure.
    #[command(subcommand)]
    Explain(ExplainCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExplainCommand {
    /// Who reaches each private endpoint on which port, and which rule decides.
    Access(AccessArguments),
}

#[derive(Debug, Args)]
pub(crate) struct AccessArguments {
    /// Manifests: a YAML or JSON file, a directory of them, or `-` for the standard input. May be repeated.
    #[arg(short = 'f', long = "filename", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Only this PrivateEndpoint: its name, or namespace/name.
    #[arg(long)]
    pub(crate) endpoint: Option<String>,

    /// The address space of a virtual network, which no manifest has, as <ARM id>=<prefix>[,<prefix>...]. It tells which
    /// routes are specific enough for Azure to take them for endpoints. May be repeated.
    #[arg(long, value_parser = address_space)]
    pub(crate) address_space: Vec<(String, Vec<Prefix>)>,

    /// How to print.
    #[arg(short = 'o', long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) output: OutputFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    Table,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) azure: AzureArguments,

    /// Names this installation in the owner tags of Azure resources; at most 63 characters.
    ///
    /// Default: the uid of the namespace kube-system. Set it where a cluster may be rebuilt: the new one then goes on
    /// with what the old one made.
    #[arg(long, env = "OWNER_ID", value_parser = owner_id)]
    pub(crate) owner_id: Option<String>,

    #[command(flatten)]
    pub(crate) installation: InstallationArguments,

    /// A change that somebody makes in Azure is found within this time (such as 5s, 2m, 1h).
    #[arg(long, env = "DRIFT_INTERVAL", default_value = "2m", value_parser = duration)]
    pub(crate) drift_interval: Duration,

    /// The port at which the lookup servers of scopes are asked (spec.dns.verify: Lookup).
    #[arg(long, env = "LOOKUP_PORT", default_value_t = 53, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) lookup_port: u16,

    /// How many objects are looked at at once.
    #[arg(long, env = "WORKERS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) workers: u16,

    /// Serve /healthz, /readyz and /metrics here; [::] is every address of both families.
    #[arg(long, env = "ADMIN_LISTEN", default_value = "[::]:8080")]
    pub(crate) admin_listen: SocketAddr,

    /// Take part in leader election; only for a single replica may it be false.
    #[arg(long, env = "LEADER_ELECTION", default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) leader_election: bool,

    /// This replica's name in the Lease. Default: the host's name and a random part.
    #[arg(long, env = "POD_NAME", value_parser = identity)]
    pub(crate) identity: Option<String>,

    #[command(flatten)]
    pub(crate) logging: LoggingArguments,
}

/// Which installation of several in a cluster.
#[derive(Debug, Args)]
pub(crate) struct InstallationArguments {
    /// The AzureScopes whose spec.controllerName is this are served; the leader's Lease is named after it.
    #[arg(long, env = "CONTROLLER_NAME", default_value = DEFAULT_CONTROLLER_NAME, value_parser = controller_name)]
    pub(crate) controller_name: String,

    /// The namespace of the leader's Lease. Default: the pod's own, else `default`; `release --yes` outside of a pod has to be
    /// told.
    #[arg(long, env = "POD_NAMESPACE", value_parser = namespace)]
    pub(crate) lease_namespace: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LoggingArguments {
    /// How log lines are written.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    /// What is logged: a level, or directives as in RUST_LOG (info,privatelink_engine=debug).
    #[arg(long, env = "LOG_LEVEL", default_value = "info", value_parser = log_level)]
    pub(crate) log_level: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ReleaseArguments {
    /// Do it. Without this flag the objects are only listed.
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) installation: InstallationArguments,

    /// Scale this Deployment in the Lease's namespace to zero first, as deployment/NAME.
    #[arg(long, value_name = "deployment/NAME", value_parser = deployment)]
    pub(crate) scale_down: Option<String>,

    /// How long a controller may take to stop and leave the Lease (such as 30s, 5m).
    #[arg(long, default_value = "2m", value_parser = duration)]
    pub(crate) timeout: Duration,

    #[command(flatten)]
    pub(crate) logging: LoggingArguments,
}

/// Where Azure is, and as whom it is called.
#[derive(Debug, Args)]
pub(crate) struct AzureArguments {
    /// Which Azure: public, usgov, china, or custom (then --arm-endpoint and --authority too).
    #[arg(long, env = "AZURE_CLOUD", default_value = "public")]
    pub(crate) cloud: String,

    /// The ARM endpoint of a custom cloud, such as https://management.example.com.
    #[arg(long, env = "AZURE_ARM_ENDPOINT")]
    pub(crate) arm_endpoint: Option<String>,

    /// The audience of tokens for a custom cloud. Default: the ARM endpoint.
    #[arg(long, env = "AZURE_ARM_AUDIENCE")]
    pub(crate) arm_audience: Option<String>,

    /// The Entra authority of a custom cloud, such as https://login.example.com.
    #[arg(long, env = "AZURE_AUTHORITY_HOST")]
    pub(crate) authority: Option<String>,

    /// Whose table of private DNS zones applies in a custom cloud: public, government or china. Default: none, and zones
    /// are named by hand. The known clouds have their own.
    #[arg(long, env = "AZURE_ZONE_CATALOGUE", value_parser = catalogue)]
    pub(crate) zone_catalogue: Option<KnownCloud>,

    /// PEM file with the authorities to trust for Azure, besides the system's.
    #[arg(long, env = "AZURE_CA_BUNDLE")]
    pub(crate) ca_bundle: Option<PathBuf>,

    /// As whom Azure is called: workload-identity, managed-identity, client-secret or azure-cli. Nothing is guessed.
    #[arg(long, env = "AZURE_CREDENTIAL", default_value_t = CredentialKind::WorkloadIdentity)]
    pub(crate) azure_credential: CredentialKind,

    /// The tenant (workload-identity, client-secret).
    #[arg(long, env = "AZURE_TENANT_ID", value_parser = guid)]
    pub(crate) azure_tenant_id: Option<String>,

    /// The client id (workload-identity, client-secret; managed-identity with several identities).
    #[arg(long, env = "AZURE_CLIENT_ID", value_parser = guid)]
    pub(crate) azure_client_id: Option<String>,

    /// The object id of a managed identity.
    #[arg(long, env = "AZURE_OBJECT_ID", value_parser = guid)]
    pub(crate) azure_object_id: Option<String>,

    /// The ARM id of a managed identity.
    #[arg(long, env = "AZURE_RESOURCE_ID", value_parser = managed_identity)]
    pub(crate) azure_resource_id: Option<String>,

    /// The file with the service account's token (workload-identity).
    ///
    /// The secret of client-secret comes from the environment variable AZURE_CLIENT_SECRET alone.
    #[arg(long, env = "AZURE_FEDERATED_TOKEN_FILE")]
    pub(crate) azure_federated_token_file: Option<PathBuf>,
}

impl AzureArguments {
    /// Whether the flags say where Azure is.
    pub(crate) fn is_custom(&self) -> bool {
        self.cloud.eq_ignore_ascii_case("custom")
    }

    /// What a credential asks for, by the name of its environment variable. The secret comes from the environment
    /// alone: a command line is seen by everybody on the machine.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        match name {
            "AZURE_TENANT_ID" => self.azure_tenant_id.clone(),
            "AZURE_CLIENT_ID" => self.azure_client_id.clone(),
            "AZURE_OBJECT_ID" => self.azure_object_id.clone(),
            "AZURE_RESOURCE_ID" => self.azure_resource_id.clone(),
            "AZURE_FEDERATED_TOKEN_FILE" => self
                .azure_federated_token_file
                .as_ref()
                .map(|path| path.display().to_string()),
            other => std::env::var(other).ok(),
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text
        .parse::<jiff::SignedDuration>()
        .map_err(|error| format!("{error}; write it as 5s, 2m or 1h"))?;
    match Duration::try_from(parsed) {
        Ok(duration) if (Duration::from_secs(1)..=LONGEST).contains(&duration) => Ok(duration),
        _ => Err("it has to be at least 1s and at most 8760h".to_owned()),
    }
}

/// A year.
const LONGEST: Duration = Duration::from_secs(8760 * 3600);

/// A Lease that nobody's name is on is free for everybody.
fn identity(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("it is empty, and every replica needs a name of its own".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn address_space(text: &str) -> Result<(String, Vec<Prefix>), String> {
    let (network, prefixes) = text
        .split_once('=')
        .ok_or("it is <ARM id of the network>=<prefix>[,<prefix>...]")?;
    let prefix = |text: &str| {
        let text = text.trim();
        text.parse::<Prefix>()
            .map_err(|error| format!("{text} is {error}"))
    };
    let prefixes = prefixes.split(',').map(prefix).collect::<Result<_, _>>()?;
    Ok((network.to_owned(), prefixes))
}

fn catalogue(text: &str) -> Result<KnownCloud, String> {
    KnownCloud::ALL
        .into_iter()
        .find(|cloud| cloud.name() == text)
        .ok_or_else(|| "it is public, government or china".to_owned())
}

/// As the API server holds `spec.controllerName`, so that a Lease can be named after it.
fn controller_name(text: &str) -> Result<String, String> {
    if text.len() <= 253 && is_like(text, CONTROLLER_NAME_PATTERN) {
        Ok(text.to_owned())
    } else {
        Err("as spec.controllerName of an AzureScope it is a domain and a name with a slash between, of at most 253 lower-case letters, digits, dashes and dots, such as example.com/payments".to_owned())
    }
}

/// As in `spec.identity` of an AzureScope. A variable that is empty says nothing.
fn guid(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || is_like(text, GUID_PATTERN) {
        Ok(text.to_owned())
    } else {
        Err("it is an id such as 6f1c0000-0000-0000-0000-000000000000, and no name".to_owned())
    }
}

/// As in `spec.identity.resourceId` of an AzureScope.
fn managed_identity(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || is_like(text, MANAGED_IDENTITY_PATTERN) {
        Ok(text.to_owned())
    } else {
        Err("it is the full ARM id of a managed identity, such as /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>".to_owned())
    }
}

/// Whether a text is of the form that a definition asks for.
fn is_like(text: &str, pattern: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

fn namespace(text: &str) -> Result<String, String> {
    if is_label(text) {
        Ok(text.to_owned())
    } else {
        Err("a namespace has 1 to 63 lower-case letters, digits and dashes".to_owned())
    }
}

fn is_label(text: &str) -> bool {
    let allowed =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn deployment(text: &str) -> Result<String, String> {
    let name = text
        .strip_prefix("deployment/")
        .or_else(|| text.strip_prefix("deployments.apps/"));
    match name {
        Some(name) if (1..=253).contains(&name.len()) && name.split('.').all(is_label) => Ok(name.to_owned()),
        _ => Err("write it as deployment/NAME".to_owned()),
    }
}

/// Directives are read here, so that what is wrong with them is told as of any other flag. A word alone has to be a
/// level: as a directive it would name a module that is nowhere, and nothing else would be logged.
fn log_level(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    for word in words {
        let level = word.rsplit_once('=').map_or(word, |(_, level)| level);
        if !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)) {
            return Err(format!(
                "{level:?} is no level: write off, error, warn, info, debug or trace, or directives such as info,privatelink_engine=debug"
            ));
        }
    }
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn owner_id(text: &str) -> Result<String, String> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if (1..=63).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("it has 1 to 63 letters, digits, dashes, dots and underscores".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use privatelink_engine::lease::lease_name;

    use super::*;

    #[test]
    fn a_controllers_name_names_a_lease() {
        for (name, lease) in [
            (DEFAULT_CONTROLLER_NAME, "privatelink.dev-controller"),
            ("example.com/payments-2.eu", "example.com-payments-2.eu"),
            ("a/b", "a-b"),
        ] {
            assert_eq!(controller_name(name), Ok(name.to_owned()));
            assert_eq!(lease_name(name), lease);
            assert!(lease.split('.').all(is_label), "{lease}");
        }
        let long = format!("a/{}", "b".repeat(252));
        for bad in [
            "", "/", "a", "a-b", "a/", "/b", "a./b", "a/.b", "a/b/c", "A/b", "a_b/c", "a/b\n", &long,
        ] {
            assert!(controller_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn durations_and_owner_ids_are_checked() {
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert!(duration("0s").is_err() && duration("-5s").is_err() && duration("soon").is_err());
        assert!(duration("8760h").is_ok() && duration("99999999999999h").is_err());
        assert!(identity("pod-1").is_ok() && identity("").is_err() && identity(" ").is_err());
        assert!(owner_id("demo-1").is_ok() && owner_id("a/b").is_err() && owner_id("").is_err());
    }

    #[test]
    fn a_word_that_is_no_level_is_no_log_level() {
        for good in [
            "info",
            "WARN",
            "info,privatelink_engine=debug",
            "off,kube::client=trace",
        ] {
            assert_eq!(log_level(good), Ok(good.to_owned()));
        }
        for bad in ["verbose", "privatelink_engine", "info,kube=loud", "a=b=info"] {
            assert!(log_level(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_deployment_is_named_with_its_kind() {
        assert_eq!(deployment("deployment/controller"), Ok("controller".to_owned()));
        for bad in [
            "controller",
            "deployment/",
            "deployment/A",
            "job/controller",
            "deployment/a/b",
        ] {
            assert!(deployment(bad).is_err(), "{bad}");
        }
    }
}
