//! The command lines of etcd and kube-apiserver, and waiting until both serve.

use std::path::Path;
use std::time::Duration;

use super::assets::Assets;
use crate::processes::{Process, ProcessError, Program, free_ports, fresh_log, until};

const READY_WITHIN: Duration = Duration::from_secs(90);
/// How often a start is tried again with other ports when somebody took one in between.
const ATTEMPTS: u32 = 3;

/// The two servers and the address of the API.
#[derive(Debug)]
pub(super) struct Servers {
    pub(super) etcd: Process,
    pub(super) kube_apiserver: Process,
    pub(super) port: u16,
}

/// The folder of one server: keys and logs beside etcd's data.
pub(super) struct Folder<'a>(pub(super) &'a Path);

impl Folder<'_> {
    pub(super) fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

/// Starts etcd and kube-apiserver and waits until `/readyz` answers `ok`.
pub(super) async fn start(
    assets: &Assets,
    folder: &Folder<'_>,
    admin_token: &str,
) -> Result<Servers, ProcessError> {
    let mut attempt = 1;
    loop {
        match start_once(assets, folder, admin_token).await {
            Err(error) if attempt < ATTEMPTS && port_was_taken(&error) => attempt += 1,
            result => return result,
        }
    }
}

fn port_was_taken(error: &ProcessError) -> bool {
    matches!(error, ProcessError::Left { tail, .. } if tail.contains("address already in use"))
}

async fn start_once(
    assets: &Assets,
    folder: &Folder<'_>,
    admin_token: &str,
) -> Result<Servers, ProcessError> {
    let ports = free_ports(3)?;
    let &[client, peer, secure] = ports.as_slice() else {
        return Err(ProcessError::Start {
            name: "etcd".to_owned(),
            reason: "no free ports".to_owned(),
        });
    };
    let data = folder.0.join("etcd-data");
    drop(std::fs::remove_dir_all(&data));
    let etcd = etcd(assets, folder, client, peer)?;
    let mut kube_apiserver = match kube_apiserver(assets, folder, client, secure) {
        Ok(process) => process,
        Err(error) => {
            etcd.kill();
            return Err(error);
        }
    };
    let mut etcd = etcd;
    let client = probe(folder)?;
    let ready = until(&mut kube_apiserver, READY_WITHIN, || {
        let request = client
            .get(format!("https://127.0.0.1:{secure}/readyz"))
            .bearer_auth(admin_token)
            .timeout(Duration::from_secs(2));
        // Without etcd the API server waits for long; its end says more than the API server's log.
        let gone = etcd.left();
        async move {
            if let Some(code) = gone {
                return Some(Err(code));
            }
            let answer = request.send().await.ok()?;
            answer.status().is_success().then_some(Ok(()))
        }
    })
    .await;
    let error = match ready {
        Ok(Ok(())) => {
            return Ok(Servers {
                etcd,
                kube_apiserver,
                port: secure,
            });
        }
        Ok(Err(code)) => etcd.left_error(code),
        Err(error) => error,
    };
    kube_apiserver.kill();
    etcd.kill();
    Err(error)
}

/// A client that trusts the server's own authority.
fn probe(folder: &Folder<'_>) -> Result<reqwest::Client, ProcessError> {
    let unusable = |reason: String| ProcessError::Start {
        name: "kube-apiserver".to_owned(),
        reason,
    };
    let pem = std::fs::read(folder.0.join("ca.pem")).map_err(ProcessError::system("reading ca.pem"))?;
    let authority = reqwest::Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
    reqwest::Client::builder()
        .tls_certs_only([authority])
        .no_proxy()
        .build()
        .map_err(|error| unusable(error.to_string()))
}

fn etcd(assets: &Assets, folder: &Folder<'_>, client: u16, peer: u16) -> Result<Process, ProcessError> {
    let client = format!("http://127.0.0.1:{client}");
    let peer = format!("http://127.0.0.1:{peer}");
    let cluster = format!("default={peer}");
    let log = folder.0.join("etcd.log");
    fresh_log(&log)?;
    Program::new("etcd", assets.etcd(), log)
        .arguments(["--data-dir", &folder.file("etcd-data")])
        .arguments([
            "--listen-client-urls",
            &client,
            "--advertise-client-urls",
            &client,
        ])
        .arguments([
            "--listen-peer-urls",
            &peer,
            "--initial-advertise-peer-urls",
            &peer,
        ])
        // The data is worth nothing after the run, so no disk has to confirm it.
        .arguments(["--initial-cluster", &cluster, "--unsafe-no-fsync"])
        .remove_when_abandoned(folder.0.join("etcd-data"))
        .grace(Duration::from_secs(1))
        .start()
}

fn kube_apiserver(
    assets: &Assets,
    folder: &Folder<'_>,
    etcd: u16,
    secure: u16,
) -> Result<Process, ProcessError> {
    let log = folder.0.join("kube-apiserver.log");
    fresh_log(&log)?;
    Program::new("kube-apiserver", assets.kube_apiserver(), log)
        .arguments(["--etcd-servers", &format!("http://127.0.0.1:{etcd}")])
        .arguments([
            "--bind-address",
            "127.0.0.1",
            "--secure-port",
            &secure.to_string(),
        ])
        // Where a network has no way out, the server finds no address of its own; nobody asks for this one.
        .arguments(["--advertise-address", "192.0.2.1"])
        .arguments(["--tls-cert-file", &folder.file("serving.pem")])
        .arguments(["--tls-private-key-file", &folder.file("serving.key")])
        .arguments(["--service-account-issuer", "https://kubernetes.default.svc"])
        .arguments(["--service-account-key-file", &folder.file("service-account.pub")])
        .arguments([
            "--service-account-signing-key-file",
            &folder.file("service-account.key"),
        ])
        .arguments(["--token-auth-file", &folder.file("tokens.csv")])
        .arguments(["--authorization-mode", "RBAC"])
        .arguments(["--service-cluster-ip-range", "10.0.0.0/24"])
        // No controller manager makes the service accounts that this plugin asks for.
        .arguments(["--disable-admission-plugins", "ServiceAccount"])
        // The address of this server is a loopback address, which is not allowed in an Endpoints object.
        .arguments([
            "--endpoint-reconciler-type",
            "none",
            "--external-hostname",
            "127.0.0.1",
        ])
        .grace(Duration::from_secs(1))
        .start()
}
