//! The program: an Azure Resource Manager on this machine.

mod trust;

use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use privatelink_arm_emulator::cloud::Cloud;
use privatelink_arm_emulator::{Emulator, Options, Snapshot, ThrottleMode, clock, dns, seed, server, tls};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use url::Url;

/// An Azure Resource Manager in memory: for tests and for trying things out, without Azure.
#[derive(Parser)]
#[command(name = "arm-emulator", version, max_term_width = 100)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves ARM, its sign-in endpoint and the test door over HTTPS until SIGTERM or Ctrl-C.
    Serve(Serve),

    /// Prints how programs and systems come to trust the emulator's certificates; changes nothing
    Trust(Trust),
}

#[derive(Args)]
struct Trust {
    /// The directory of a server that was started before
    #[arg(long, value_name = "DIRECTORY")]
    state_dir: PathBuf,
}

#[derive(Args)]
struct Serve {
    /// The address to listen on; several for clients that want port 443. Port 0 takes a free one (see endpoint.json)
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8443")]
    listen: Vec<SocketAddr>,

    /// Where ca.pem (trust it), its key, the key of tokens and endpoint.json are written; made when it is not there
    #[arg(long, value_name = "DIRECTORY")]
    state_dir: PathBuf,

    /// A YAML file with what is there at the start: subscriptions, groups, resources, principals and their roles
    ///
    /// Without one the emulator is open: any subscription exists, and any bearer token is an owner.
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,

    /// What is there at the start: a snapshot (GET /_emulator/snapshot), with its principals, roles and limits; whatever a seed
    /// says gives way to it
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,

    /// The same answers for the same requests in the same order: ids follow from the number, and the clock starts at
    /// 2026-01-01T00:00:00Z and goes on by one second with each request (and with POST /_emulator/clock)
    #[arg(long, value_name = "SEED")]
    deterministic: Option<u64>,

    /// Whether requests are limited as Azure limits them
    #[arg(long, value_enum, default_value_t = Throttle::Off)]
    throttle: Throttle,

    /// How many times faster than Azure operations run and limits refill; Retry-After shrinks with it, to 1 second at least
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = time_scale)]
    time_scale: f64,

    /// Which Azure it is: AzureCloud, AzureUSGovernment or AzureChinaCloud. Decides names, regions and audiences
    #[arg(long, value_name = "CLOUD", default_value_t = Cloud::Public)]
    cloud: Cloud,

    /// Refuse resource types that the emulator does not know in full
    #[arg(long)]
    strict: bool,

    /// Answers DNS over UDP and TCP as Azure does in a virtual network, which need not exist yet; once for each network
    ///
    /// Port 0 takes a free one (see endpoint.json).
    #[arg(long, value_name = "ADDRESS:PORT=NETWORK_ID")]
    dns: Vec<dns::Listen>,

    /// A further name or address for the server's certificate (localhost, 127.0.0.1 and ::1 are always in it)
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,

    /// The server's certificate chain as PEM, instead of one from the emulator's own authority
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "host")]
    cert: Option<PathBuf>,

    /// The private key of --cert as PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Throttle {
    Azure,
    Off,
}

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot {action} {path}: {source}")]
    File {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Seed(#[from] seed::SeedError),
    #[error("{0}{source}", source = cause(.0))]
    Tls(#[from] tls::TlsError),
    #[error("{0}")]
    Other(String),
}

fn cause(error: &dyn std::error::Error) -> String {
    error
        .source()
        .map(|source| format!(": {source}"))
        .unwrap_or_default()
}

fn time_scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(factor),
        _ => Err("has to be a number above 0, for example 100".to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments = match Program::parse().command {
        Command::Serve(arguments) => arguments,
        Command::Trust(arguments) => return tell_trust(&arguments),
    };
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("arm-emulator: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(serve(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("arm-emulator: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn tell_trust(arguments: &Trust) -> ExitCode {
    let authority = arguments.state_dir.join("ca.pem");
    match authority.canonicalize() {
        Ok(authority) => {
            let _ = io::stdout().write_all(trust::instructions(&authority).as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let path = authority.display();
            eprintln!(
                "arm-emulator: cannot find {path}: {error}; start 'arm-emulator serve --state-dir' with that directory first"
            );
            ExitCode::FAILURE
        }
    }
}

/// Reads a file whole.
fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|source| Failure::File {
        action: "read",
        path: path.to_owned(),
        source,
    })
}

/// Keeps other emulators out of a state directory as long as the file is open: however this one ends, the system opens it.
fn lock(directory: &Path) -> Result<fs::File, Failure> {
    let path = directory.join("emulator.lock");
    let failed = |source| Failure::File {
        action: "lock",
        path: path.clone(),
        source,
    };
    let file = fs::File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Failure::Other(format!(
            "another emulator serves with --state-dir {}: stop it, or give this one a directory of its own",
            directory.display()
        ))),
        Err(fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

async fn serve(arguments: Serve) -> Result<(), Failure> {
    let directory = arguments.state_dir.as_path();
    fs::create_dir_all(directory).map_err(|source| Failure::File {
        action: "make",
        path: directory.to_owned(),
        source,
    })?;
    let directory = directory.canonicalize().map_err(|source| Failure::File {
        action: "find",
        path: directory.to_owned(),
        source,
    })?;
    let _lock = lock(&directory)?;
    let seed = match &arguments.seed {
        Some(path) => {
            let text = read(path)?;
            Some(seed::parse(&path.display().to_string(), &text)?)
        }
        None => None,
    };
    let loaded: Option<Snapshot> = match &arguments.load {
        Some(path) => {
            let snapshot = serde_json::from_str(&read(path)?);
            let wrong = |error| Failure::Other(format!("{}: is no snapshot: {error}", path.display()));
            Some(snapshot.map_err(wrong)?)
        }
        None => None,
    };
    let tls = match (&arguments.cert, &arguments.key) {
        (Some(certificate), Some(key)) => tls::given(certificate, key)?,
        _ => tls::own_authority(&directory, &arguments.host)?,
    };
    // The handlers are in place before anybody is told that the server is there.
    let stop =
        stop_on_signal().map_err(|error| Failure::Other(format!("cannot wait for signals: {error}")))?;
    let mut listeners = Vec::new();
    let mut endpoints = Vec::new();
    for address in arguments.listen {
        let failed = |source| Failure::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        endpoints.push(format!("https://{}", reachable(address)));
        listeners.push(listener);
    }
    let endpoint = endpoints.first().cloned().unwrap_or_default();
    let (resolvers, resolver_addresses) = bind_resolvers(&arguments.dns)?;

    let options = match arguments.deterministic {
        Some(number) => Options::deterministic(number),
        None => Options::new(clock::system()).map(|options| Options {
            seed_number: fastrand::u64(..),
            ..options
        }),
    };
    let mut options = options.map_err(|error| Failure::Other(error.to_string()))?;
    options.time_scale = arguments.time_scale;
    options.strict = arguments.strict;
    options.cloud = arguments.cloud;
    options.endpoint = Url::parse(&endpoint).map_err(|error| Failure::Other(error.to_string()))?;
    options.throttle = match arguments.throttle {
        Throttle::Azure => ThrottleMode::Azure,
        Throttle::Off => ThrottleMode::Off,
    };
    let emulator = Emulator::new(options);
    emulator.use_token_key(&match arguments.deterministic {
        Some(number) => format!("arm-emulator: tokens of the deterministic emulator {number}").into_bytes(),
        None => token_key(&directory)?,
    });
    if let Some(seed) = &seed {
        emulator.apply_seed(seed)?;
    }
    if let (Some(path), Some(snapshot)) = (&arguments.load, &loaded) {
        let refused = |error| Failure::Other(format!("{}: {error}", path.display()));
        emulator.load(snapshot).map_err(refused)?;
    }
    emulator.mark_initial();

    let endpoint_file = directory.join("endpoint.json");
    let mut description = serde_json::json!({
        "endpoint": endpoint,
        "authority": endpoint,
        "cloud": arguments.cloud.to_string(),
        "endpoints": endpoints,
        "ca": tls.trust.display().to_string(),
        "clients": trust::clients(&endpoint, &tls.trust),
    });
    if !resolver_addresses.is_empty()
        && let Some(fields) = description.as_object_mut()
    {
        fields.insert("dns".to_owned(), serde_json::Value::Object(resolver_addresses));
    }
    tls::write_private(&endpoint_file, format!("{description}\n").as_bytes(), 0o644).map_err(|source| {
        Failure::File {
            action: "write",
            path: endpoint_file.clone(),
            source,
        }
    })?;
    // Nobody may be reading; that is no reason to stop.
    let _ = writeln!(
        io::stdout(),
        "arm-emulator serves {} (CA {})",
        endpoints.join(" and "),
        tls.trust.display()
    );
    let _ = io::stdout().flush();

    for resolver in resolvers {
        let failed = |error: dns::ListenError| Failure::Other(format!("--dns: {error}"));
        emulator.serve_dns(resolver).map_err(failed)?;
    }
    let bounds = server::Bounds::of_process(listeners.len());
    let servers = listeners.into_iter().map(|listener| {
        let (emulator, tls, stop) = (emulator.clone(), tls.configuration.clone(), stop.clone());
        tokio::spawn(server::serve_within(bounds, emulator, listener, tls, stop))
    });
    for server in servers.collect::<Vec<_>>() {
        if let Err(error) = server.await {
            return Err(Failure::Other(format!("a server ended: {error}")));
        }
    }
    // So that no script takes an address that nobody serves any more.
    let _ = fs::remove_file(&endpoint_file);
    Ok(())
}

/// The sockets of the networks' resolvers, and their addresses by network.
fn bind_resolvers(
    wanted: &[dns::Listen],
) -> Result<(Vec<dns::Listener>, serde_json::Map<String, serde_json::Value>), Failure> {
    let mut listeners = Vec::new();
    let mut addresses = serde_json::Map::new();
    for listen in wanted {
        let id = &listen.network_id;
        if addresses.keys().any(|known| known.eq_ignore_ascii_case(id)) {
            return Err(Failure::Other(format!("--dns: the network {id} is there twice")));
        }
        let failed = |source| Failure::Listen {
            address: listen.address,
            source,
        };
        let listener = dns::Listener::bind(listen).map_err(failed)?;
        let address = reachable(listener.address().map_err(failed)?);
        addresses.insert(id.clone(), address.to_string().into());
        listeners.push(listener);
    }
    Ok((listeners, addresses))
}

/// The address that clients on this machine use.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The key of tokens: kept, so that a token stays good when the emulator is started again.
fn token_key(directory: &Path) -> Result<Vec<u8>, Failure> {
    let path = directory.join("token-key");
    match fs::read(&path) {
        Ok(key) if key.len() >= 32 => return Ok(key),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => {
            return Err(Failure::File {
                action: "read",
                path,
                source,
            });
        }
    }
    let mut key = vec![0_u8; 32];
    aws_lc_rs::rand::fill(&mut key)
        .map_err(|_| Failure::Other("the system gives no random numbers".to_owned()))?;
    tls::write_private(&path, &key, 0o600).map_err(|source| Failure::File {
        action: "write",
        path,
        source,
    })?;
    Ok(key)
}

fn stop_on_signal() -> io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopping.cancel();
    });
    Ok(stop)
}
