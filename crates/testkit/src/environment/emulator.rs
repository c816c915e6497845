//! The emulator as a program beside us, and what is asked of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::processes::{Process, ProcessError, Program, until};
use serde::Deserialize;
use serde_json::Value;

use super::EnvironmentError;
use super::seeded;

const READY_WITHIN: Duration = Duration::from_secs(30);

/// What the emulator writes when it serves.
#[derive(Debug, Deserialize)]
struct Endpoint {
    endpoint: String,
    authority: String,
    ca: PathBuf,
    /// Where the resolver of a network answers, by the network's id.
    #[serde(default)]
    dns: BTreeMap<String, SocketAddr>,
}

/// A running emulator with the demo's seed.
pub struct Emulator {
    process: Process,
    endpoint: Endpoint,
    client: reqwest::Client,
}

impl Emulator {
    /// Starts it with files in `folder` and its log beside that folder.
    ///
    /// # Errors
    /// It does not serve within 30 s, or a file cannot be written.
    pub async fn start(program: &Path, folder: &Path, extra: &[String]) -> Result<Self, EnvironmentError> {
        std::fs::create_dir_all(folder).map_err(EnvironmentError::file("making", folder))?;
        let seed = folder.join("seed.yaml");
        std::fs::write(&seed, seeded::seed()?).map_err(EnvironmentError::file("writing", &seed))?;
        let announcement = folder.join("endpoint.json");
        drop(std::fs::remove_file(&announcement));
        let mut start =
            Program::new("arm-emulator", program, folder.with_extension("log")).arguments(["serve"]);
        for (flag, value) in [
            ("--listen", "127.0.0.1:0".to_owned()),
            ("--state-dir", folder.display().to_string()),
            ("--seed", seed.display().to_string()),
        ] {
            if !extra
                .iter()
                .any(|given| given == flag || given.starts_with(&format!("{flag}=")))
            {
                start = start.arguments([format!("{flag}={value}")]);
            }
        }
        let mut process = start.arguments(resolvers(extra)).arguments(extra).start()?;
        let endpoint = until(&mut process, READY_WITHIN, || async {
            let text = std::fs::read_to_string(&announcement).ok()?;
            serde_json::from_str::<Endpoint>(&text).ok()
        })
        .await?;
        let authority =
            std::fs::read(&endpoint.ca).map_err(EnvironmentError::file("reading", &endpoint.ca))?;
        let client = reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&authority)?])
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()?;
        let emulator = Self {
            process,
            endpoint,
            client,
        };
        emulator.get("/_emulator/health", None).await?;
        Ok(emulator)
    }

    /// The URL of the resource manager.
    pub fn endpoint(&self) -> &str {
        &self.endpoint.endpoint
    }

    /// The URL of the sign-in.
    pub fn authority(&self) -> &str {
        &self.endpoint.authority
    }

    /// The certificate authority to trust.
    pub fn ca(&self) -> &Path {
        &self.endpoint.ca
    }

    /// Where the resolver of a network answers; none where nobody asked for one.
    pub fn resolver(&self, network_id: &str) -> Option<SocketAddr> {
        let mut resolvers = self.endpoint.dns.iter();
        resolvers
            .find(|(id, _)| id.eq_ignore_ascii_case(network_id))
            .map(|(_, address)| *address)
    }

    /// A bearer token for a seeded principal.
    ///
    /// # Errors
    /// The seed names no such principal.
    pub async fn token(&self, principal: &str, hours: u32) -> Result<String, EnvironmentError> {
        let answer = self
            .get(
                &format!("/_emulator/token?hours={hours}&principal={principal}"),
                None,
            )
            .await?;
        answer
            .get("token")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| EnvironmentError::Message("the emulator gave no token".to_owned()))
    }

    /// A GET that has to succeed.
    ///
    /// # Errors
    /// Any other answer than success.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Result<Value, EnvironmentError> {
        let mut request = self.client.get(format!("{}{path}", self.endpoint.endpoint));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(EnvironmentError::Message(format!(
                "the emulator answered {status} to {path}: {text}"
            )));
        }
        serde_json::from_str(&text).map_err(|error| EnvironmentError::Message(format!("{path}: {error}")))
    }

    /// The status that a PUT is answered with. An emulator without principals takes any token.
    ///
    /// # Errors
    /// The emulator cannot be reached.
    pub async fn put(&self, id: String, version: &str, body: Value) -> Result<u16, EnvironmentError> {
        let url = format!("{}{id}?api-version={version}", self.endpoint.endpoint);
        let request = self.client.put(url).bearer_auth("any");
        let request = request.header("content-type", "application/json");
        Ok(request.body(body.to_string()).send().await?.status().as_u16())
    }

    /// A change by someone else, as `POST /_emulator/change` takes it: an id and what is done to it.
    ///
    /// # Errors
    /// The emulator refuses the change or cannot be reached.
    pub async fn change(&self, change: &Value) -> Result<(), EnvironmentError> {
        self.door("change", change).await
    }

    async fn door(&self, what: &str, body: &Value) -> Result<(), EnvironmentError> {
        let answer = self
            .client
            .post(format!("{}/_emulator/{what}", self.endpoint.endpoint))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let text = answer.text().await?;
        Err(EnvironmentError::Message(format!(
            "the emulator answered {status} to {what} {body}: {text}"
        )))
    }

    /// A fault rule, as `POST /_emulator/faults` takes it.
    ///
    /// # Errors
    /// The emulator refuses the rule or cannot be reached.
    pub async fn fault(&self, rule: &Value) -> Result<(), EnvironmentError> {
        self.door("faults", rule).await
    }

    /// Takes all fault rules away.
    ///
    /// # Errors
    /// The emulator cannot be reached.
    pub async fn clear_faults(&self) -> Result<(), EnvironmentError> {
        let url = format!("{}/_emulator/faults", self.endpoint.endpoint);
        self.client.delete(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// What is left of the controller's work: endpoints, their interfaces, and connections on the seeded targets.
    ///
    /// # Errors
    /// A list cannot be read.
    pub async fn remains(&self, token: &str) -> Result<Vec<String>, EnvironmentError> {
        let subscription = format!("/subscriptions/{}", seeded::SUBSCRIPTION_ID);
        let network = format!("{subscription}/providers/Microsoft.Network");
        let mut remains = Vec::new();
        for list in [
            format!("{network}/privateEndpoints?api-version=2024-05-01"),
            format!("{network}/networkInterfaces?api-version=2024-05-01"),
            format!(
                "{}/privateEndpointConnections?api-version=2023-05-01",
                seeded::storage_id()
            ),
            format!(
                "{}/privateEndpointConnections?api-version=2023-07-01",
                seeded::key_vault_id()
            ),
            format!(
                "{}/privateEndpointConnections?api-version=2023-07-01",
                seeded::registry_id()
            ),
        ] {
            let answer = self.get(&list, Some(token)).await?;
            let items = answer
                .get("value")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            remains.extend(
                items
                    .iter()
                    .filter_map(|item| item.get("id")?.as_str().map(str::to_owned)),
            );
        }
        Ok(remains)
    }

    /// The journal of requests after a number.
    ///
    /// # Errors
    /// The emulator does not answer.
    pub async fn journal(&self, since: u64) -> Result<Vec<Value>, EnvironmentError> {
        let answer = self
            .get(&format!("/_emulator/journal?since={since}"), None)
            .await?;
        Ok(answer
            .get("entries")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default())
    }

    /// Why it has left by itself.
    pub fn left(&mut self) -> Option<EnvironmentError> {
        let code = self.process.left()?;
        let error: ProcessError = self.process.left_error(code);
        Some(error.into())
    }

    /// Stops it.
    pub async fn stop(self, grace: Duration) {
        self.process.stop(grace).await;
    }
}

/// A resolver on a free port for each seeded network, except those that have a place already.
fn resolvers(extra: &[String]) -> Vec<String> {
    seeded::resolvers()
        .into_iter()
        .map(|(_, network)| network)
        .filter(|network| {
            let placed = format!("={network}").to_ascii_lowercase();
            !extra
                .iter()
                .any(|given| given.to_ascii_lowercase().ends_with(&placed))
        })
        .map(|network| format!("--dns=127.0.0.1:0={network}"))
        .collect()
}
