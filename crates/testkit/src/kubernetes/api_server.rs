//! The API server as tests and the demo see it.

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use super::assets::{self, Assets};
use super::certificates::Certificates;
use super::identity::{Credential, Identity};
use super::kubectl::Kubectl;
use super::launch::{self, Folder, Servers};
use super::{KubernetesError, ProcessError};

const TEMPORARY_PREFIX: &str = "privatelink-kubernetes-";
const OLD: Duration = Duration::from_secs(24 * 60 * 60);
const STOP_GRACE: Duration = Duration::from_secs(3);

/// How to start a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Users besides the administrator and the controller, who always exist.
    pub identities: Vec<Identity>,
    /// Where keys, kubeconfigs, data and logs go. Default: a fresh temporary folder, removed by [`ApiServer::stop`] and
    /// kept when a start fails.
    pub folder: Option<PathBuf>,
}

/// A running etcd and kube-apiserver. Dropping it ends both, and keeps the logs when the thread panics; neither outlives
/// this process, however it ends.
#[derive(Debug)]
pub struct ApiServer {
    servers: Option<Servers>,
    endpoint: String,
    ca: String,
    assets: Assets,
    credentials: Vec<Credential>,
    folder: PathBuf,
    temporary: bool,
}

impl ApiServer {
    /// Starts a server and waits until it is ready (3 to 4 s). Builds the binaries first where they are missing.
    ///
    /// # Errors
    /// No binaries, or a server that does not start: the message has the end of its log and the folder that keeps it.
    pub async fn start(options: Options) -> Result<Self, KubernetesError> {
        let assets = tokio::task::spawn_blocking(|| assets::provide(&mut |line| eprintln!("{line}")))
            .await
            .map_err(|error| assets::AssetsError::Unusable(error.to_string()))??;
        Self::start_with(assets, options).await
    }

    /// Starts a server from binaries that were found before.
    ///
    /// # Errors
    /// As [`ApiServer::start`].
    pub async fn start_with(assets: Assets, options: Options) -> Result<Self, KubernetesError> {
        install_tls_provider();
        remove_old_folders();
        let temporary = options.folder.is_none();
        let folder = match options.folder {
            Some(folder) => folder,
            None => tempfile::Builder::new()
                .prefix(TEMPORARY_PREFIX)
                .tempdir()
                .map_err(ProcessError::system("making a temporary folder"))?
                .keep(),
        };
        std::fs::create_dir_all(&folder)
            .map_err(ProcessError::system(format!("making {}", folder.display())))?;
        let mut credentials: Vec<Credential> = Vec::new();
        for identity in [Identity::admin(), Identity::controller()]
            .into_iter()
            .chain(options.identities)
        {
            credentials.push(Credential::issue(identity)?);
        }
        let certificates = Certificates::generate()?;
        let write = |name: &str, text: &str| write_private(&folder.join(name), text);
        write("ca.pem", &certificates.ca)?;
        write("serving.pem", &certificates.certificate)?;
        write("serving.key", &certificates.key)?;
        write("service-account.key", &certificates.service_account_key)?;
        write("service-account.pub", &certificates.service_account_public_key)?;
        write(
            "tokens.csv",
            &credentials.iter().map(Credential::token_line).collect::<String>(),
        )?;
        let admin_token = credentials
            .first()
            .map(|admin| admin.token.clone())
            .unwrap_or_default();
        let servers = launch::start(&assets, &Folder(&folder), &admin_token).await?;
        let server = Self {
            endpoint: format!("https://127.0.0.1:{}", servers.port),
            servers: Some(servers),
            ca: certificates.ca,
            assets,
            credentials,
            folder,
            temporary,
        };
        for credential in &server.credentials {
            let path = server.kubeconfig(&credential.identity.name);
            write_private(&path, &credential.kubeconfig(&server.endpoint, &server.ca))?;
        }
        Ok(server)
    }

    /// The URL of the API, `https://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The certificate authority of its serving certificate, as PEM.
    pub fn authority(&self) -> &str {
        &self.ca
    }

    /// The folder with keys, kubeconfigs and logs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The binaries that this server was started from.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// The process ids of etcd and kube-apiserver.
    pub fn pids(&self) -> Vec<i32> {
        self.servers
            .iter()
            .flat_map(|servers| [servers.etcd.pid(), servers.kube_apiserver.pid()])
            .collect()
    }

    /// The kubeconfig file of an identity. It exists for the identities that the server was started with.
    pub fn kubeconfig(&self, identity: &str) -> PathBuf {
        self.folder.join(format!("{identity}.kubeconfig"))
    }

    /// A typed client for an identity.
    ///
    /// # Errors
    /// The server was started without that identity.
    pub async fn client(&self, identity: &str) -> Result<kube::Client, KubernetesError> {
        let credential = self
            .credentials
            .iter()
            .find(|credential| credential.identity.name == identity)
            .ok_or_else(|| KubernetesError::UnknownIdentity(identity.to_owned()))?;
        self.client_for(identity, &credential.kubeconfig(&self.endpoint, &self.ca))
            .await
    }

    /// A typed client that presents any token: one of a service account, or one that the server does not know.
    ///
    /// # Errors
    /// The token makes no valid kubeconfig.
    pub async fn client_with_token(&self, token: &str) -> Result<kube::Client, KubernetesError> {
        let credential = Credential {
            identity: Identity::user("token"),
            token: token.to_owned(),
        };
        self.client_for("token", &credential.kubeconfig(&self.endpoint, &self.ca))
            .await
    }

    async fn client_for(&self, identity: &str, kubeconfig: &str) -> Result<kube::Client, KubernetesError> {
        let failed = |reason: String| KubernetesError::Client {
            identity: identity.to_owned(),
            reason,
        };
        let kubeconfig =
            kube::config::Kubeconfig::from_yaml(kubeconfig).map_err(|error| failed(error.to_string()))?;
        let mut config =
            kube::Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default())
                .await
                .map_err(|error| failed(error.to_string()))?;
        // A test wants to see the first refusal, not the tenth.
        config.default_retry = false;
        kube::Client::try_from(config).map_err(|error| failed(error.to_string()))
    }

    /// kubectl for an identity.
    pub fn kubectl(&self, identity: &str) -> Kubectl {
        Kubectl {
            path: self.assets.kubectl(),
            kubeconfig: self.kubeconfig(identity),
            cache: self.folder.join("kubectl-cache"),
        }
    }

    /// Stops both servers and removes the folder if it was a temporary one.
    pub async fn stop(mut self) {
        if let Some(servers) = self.servers.take() {
            // etcd last: without it the API server waits for answers that never come.
            servers.kube_apiserver.stop(STOP_GRACE).await;
            servers.etcd.stop(STOP_GRACE).await;
        }
        drop(std::fs::remove_dir_all(self.folder.join("etcd-data")));
        if self.temporary {
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }

    /// Whether a server has left by itself, and which.
    pub fn left(&mut self) -> Option<ProcessError> {
        let servers = self.servers.as_mut()?;
        [&mut servers.etcd, &mut servers.kube_apiserver]
            .into_iter()
            .find_map(|process| {
                let code = process.left()?;
                Some(process.left_error(code))
            })
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        let Some(servers) = self.servers.take() else {
            return;
        };
        servers.kube_apiserver.kill();
        servers.etcd.kill();
        drop(std::fs::remove_dir_all(self.folder.join("etcd-data")));
        if std::thread::panicking() {
            eprintln!("the API server's logs are kept in {}", self.folder.display());
        } else if self.temporary {
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }
}

/// Removes temporary folders that are more than a day old: a server that lives as long as its process (a static) is never
/// dropped, and neither is one whose process was killed. Their data is gone by then, but not their logs.
fn remove_old_folders() {
    let old = |entry: &std::fs::DirEntry| {
        entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX)
            && entry
                .metadata()
                .and_then(|folder| folder.modified())
                .is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > OLD))
    };
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten().filter(old) {
        drop(std::fs::remove_dir_all(entry.path()));
    }
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, text: &str) -> Result<(), ProcessError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(ProcessError::system(format!("writing {}", path.display())))
}

/// Chooses aws-lc-rs as the one TLS provider of this process.
fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Another library may have been first; it can only have chosen the same one, since there is no other.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    });
}
