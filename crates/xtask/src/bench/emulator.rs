//! `cargo xtask bench emulator`: what the emulator answers and holds, asked over HTTPS with connections that are kept.
//!
//! The server has one processor, the asking side any. Rates by the clock depend on what else the machine does and decide nothing;
//! rates by the time that the server had of its processor, memory, the start, and what a page costs beside a page of a short
//! list, do.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use privatelink_testkit::environment::programs;
use privatelink_testkit::processes::{Process, Program, until};
use serde_json::{Value, json};

use super::memory;
use crate::Failure;

/// How many endpoints are made, each with a target, an interface, a connection, a zone group and a record.
const ENDPOINTS: usize = 10_000;
/// A network takes so many endpoints.
const PER_NETWORK: usize = 1_000;
/// Connections that ask at once.
const CONNECTIONS: usize = 8;
/// How often the start and a page are measured; the least counts.
const TRIES: usize = 5;
const PAGE: usize = 100;
const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";
const NETWORK: &str = "providers/Microsoft.Network";
const ZONE: &str = "privatelink.blob.core.windows.net";

/// Measures a release build, or the one of developers.
pub(super) async fn measure(release: bool) -> Result<Value, Failure> {
    let programs = programs::build(release).await?;
    let folder = std::env::temp_dir().join(format!("privatelink-bench-emulator-{}", std::process::id()));
    let outcome = in_folder(&programs.emulator, &folder).await;
    drop(std::fs::remove_dir_all(&folder));
    outcome
}

async fn in_folder(program: &Path, folder: &Path) -> Result<Value, Failure> {
    // The certificate authority is made at the first start; after it, starts are as on any later day.
    let mut starts = Vec::new();
    for _ in 0..TRIES {
        let begun = Instant::now();
        let server = Server::start(program, folder).await?;
        server.get("/_emulator/health").await?;
        starts.push(begun.elapsed());
        server.process.stop(Duration::from_secs(5)).await;
    }
    let server = Server::start(program, folder).await?;
    let outcome = ask(&server).await;
    let held = memory::of(Some(server.pid));
    server.process.stop(Duration::from_secs(5)).await;
    let mut figures = outcome?;
    if let Some(figures) = figures.as_object_mut() {
        let start = milliseconds(starts.into_iter().min().unwrap_or_default());
        figures.insert("startMilliseconds".to_owned(), json!(start));
        figures.insert("memoryKiB".to_owned(), json!(held));
    }
    Ok(figures)
}

async fn ask(server: &Server) -> Result<Value, Failure> {
    let group = format!("{SUBSCRIPTION}/resourceGroups/g");
    server
        .put(&group, "2021-04-01", json!({"location": "westeurope"}))
        .await?;
    let zone = format!("{group}/{NETWORK}/privateDnsZones/{ZONE}");
    server
        .put(&zone, "2020-06-01", json!({"location": "global"}))
        .await?;
    for number in 0..ENDPOINTS.div_ceil(PER_NETWORK) {
        let network = format!("{group}/{NETWORK}/virtualNetworks/net{number}");
        let body = json!({"location": "westeurope", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/20"}}]}});
        server.put(&network, "2024-05-01", body).await?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let account = |number: usize| format!("{group}/providers/Microsoft.Storage/storageAccounts/acct{number}");
    let endpoint = |number: usize| format!("{group}/{NETWORK}/privateEndpoints/pe{number}");
    let accounts = server
        .rate(ENDPOINTS, |number| {
            let body = json!({"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}});
            server.put_to(account(number), "2023-01-01", body)
        })
        .await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let endpoints = server
        .rate(ENDPOINTS, |number| {
            let subnet = format!(
                "{group}/{NETWORK}/virtualNetworks/net{}/subnets/s",
                number / PER_NETWORK
            );
            let connection = json!({"privateLinkServiceId": account(number), "groupIds": ["blob"]});
            let body = json!({"location": "westeurope", "properties": {
                "subnet": {"id": subnet},
                "privateLinkServiceConnections": [{"name": "c", "properties": connection}]}});
            server.put_to(endpoint(number), "2024-05-01", body)
        })
        .await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let groups = server
        .rate(ENDPOINTS, |number| {
            let body = json!({"properties": {"privateDnsZoneConfigs": [{"name": "blob", "properties": {"privateDnsZoneId": zone}}]}});
            server.put_to(format!("{}/privateDnsZoneGroups/default", endpoint(number)), "2024-05-01", body)
        })
        .await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let gets = server
        .rate(3 * ENDPOINTS, |number| {
            server.get_from(format!("{}?api-version=2024-05-01", endpoint(number % ENDPOINTS)))
        })
        .await?;
    let records = format!("{zone}/ALL?api-version=2020-06-01&$top={PAGE}");
    let endpoints_list = format!("{group}/{NETWORK}/privateEndpoints?api-version=2024-05-01&$top={PAGE}");
    let (listed, first, last) = server.pages(&endpoints_list).await?;
    let (named, ..) = server.pages(&records).await?;
    let short = format!("{group}/{NETWORK}/virtualNetworks?api-version=2024-05-01");
    server.get(&short).await?;
    Ok(json!({
        "endpoints": listed,
        // Every zone has a record set of its own.
        "records": named.saturating_sub(1),
        "resources": 4 * listed + named.saturating_sub(1) + ENDPOINTS,
        "wanted": ENDPOINTS,
        "putPerSecond": {"storageAccounts": accounts.by_clock, "privateEndpoints": endpoints.by_clock, "privateDnsZoneGroups": groups.by_clock},
        "putPerProcessorSecond": {"storageAccounts": accounts.by_processor, "privateEndpoints": endpoints.by_processor, "privateDnsZoneGroups": groups.by_processor},
        "getPerSecond": gets.by_clock,
        "getPerProcessorSecond": gets.by_processor,
        "pageOf": PAGE,
        "firstPageMicroseconds": micros(first),
        "lastPageMicroseconds": micros(last),
    }))
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A running emulator, and who asks it.
struct Server {
    process: Process,
    pid: i32,
    endpoint: String,
    client: reqwest::Client,
}

impl Server {
    async fn start(program: &Path, folder: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(Failure::file("making", folder))?;
        let announcement = folder.join("endpoint.json");
        drop(std::fs::remove_file(&announcement));
        let mut process = Program::new("arm-emulator", taskset().await?, folder.with_extension("log"))
            .arguments(["--cpu-list".into(), "0".into(), program.as_os_str().to_owned()])
            .arguments([
                "serve",
                "--listen=127.0.0.1:0",
                "--time-scale=1000",
                "--state-dir",
            ])
            .arguments([folder.as_os_str()])
            .start()?;
        let endpoint = until(&mut process, Duration::from_secs(30), || async {
            let text = std::fs::read_to_string(&announcement).ok()?;
            let value: Value = serde_json::from_str(&text).ok()?;
            value.get("endpoint")?.as_str().map(str::to_owned)
        })
        .await?;
        let authority = folder.join("ca.pem");
        let pem = std::fs::read(&authority).map_err(Failure::file("reading", &authority))?;
        let client = reqwest::Certificate::from_pem(&pem).and_then(|authority| {
            reqwest::Client::builder()
                .tls_certs_only([authority])
                .no_proxy()
                .pool_max_idle_per_host(CONNECTIONS)
                .timeout(Duration::from_secs(60))
                .build()
        });
        let client = client.map_err(failed)?;
        Ok(Server {
            pid: process.pid(),
            process,
            endpoint,
            client,
        })
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, Failure> {
        let answer = request.bearer_auth("bench").send().await.map_err(failed)?;
        let (status, path) = (answer.status(), answer.url().path().to_owned());
        let body = answer.bytes().await.map_err(failed)?;
        if !status.is_success() {
            let text = String::from_utf8_lossy(&body);
            return Err(Failure::Message(format!(
                "the emulator answered {status} to {path}: {text}"
            )));
        }
        // What is accepted and made later comes without a body.
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|error| Failure::Message(format!("{path}: {error}")))
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(self.client.get(format!("{}{path}", self.endpoint)))
            .await
    }

    async fn get_from(&self, path: String) -> Result<(), Failure> {
        self.get(&path).await.map(drop)
    }

    async fn put(&self, path: &str, version: &str, body: Value) -> Result<(), Failure> {
        let url = format!("{}{path}?api-version={version}", self.endpoint);
        let request = self.client.put(url).header("content-type", "application/json");
        self.send(request.body(body.to_string())).await.map(drop)
    }

    async fn put_to(&self, path: String, version: &str, body: Value) -> Result<(), Failure> {
        self.put(&path, version, body).await
    }

    /// How many of a number of requests are answered in a second, and in a second of the server's processor.
    async fn rate<F>(&self, count: usize, request: impl Fn(usize) -> F) -> Result<Rate, Failure>
    where
        F: Future<Output = Result<(), Failure>>,
    {
        let (begun, used) = (Instant::now(), self.processor_millis()?);
        stream::iter(0..count)
            .map(request)
            .buffer_unordered(CONNECTIONS)
            .try_for_each(|()| async { Ok(()) })
            .await?;
        let rate = |millis: u128| u64::try_from(count as u128 * 1000 / millis.max(1)).unwrap_or(u64::MAX);
        Ok(Rate {
            by_clock: rate(begun.elapsed().as_millis()),
            by_processor: rate(u128::from(self.processor_millis()?.saturating_sub(used))),
        })
    }

    /// The time that the server has had of a processor.
    fn processor_millis(&self) -> Result<u64, Failure> {
        let path = PathBuf::from(format!("/proc/{}/stat", self.pid));
        let text = std::fs::read_to_string(&path).map_err(Failure::file("reading", &path))?;
        processor_millis(&text)
            .ok_or_else(|| Failure::Message(format!("{} is not as it should be", path.display())))
    }

    /// Reads a list to its end: how many there are, and how long its first and its last whole page take.
    async fn pages(&self, path: &str) -> Result<(usize, Duration, Duration), Failure> {
        let (mut count, mut next) = (0, format!("{}{path}", self.endpoint));
        let mut times = Vec::new();
        loop {
            let mut least = Duration::MAX;
            let mut page = Value::Null;
            for _ in 0..TRIES {
                let begun = Instant::now();
                page = self.send(self.client.get(&next)).await?;
                least = least.min(begun.elapsed());
            }
            let on_page = page.get("value").and_then(Value::as_array).map_or(0, Vec::len);
            count += on_page;
            if on_page == PAGE {
                times.push(least);
            }
            match page.get("nextLink").and_then(Value::as_str) {
                Some(link) => link.clone_into(&mut next),
                None => break,
            }
        }
        let time = |time: Option<&Duration>| time.copied().unwrap_or_default();
        Ok((count, time(times.first()), time(times.last())))
    }
}

/// How many requests are answered in a second.
struct Rate {
    by_clock: u64,
    by_processor: u64,
}

/// The time in user and kernel mode of a process, from the kernel's line about it.
fn processor_millis(stat: &str) -> Option<u64> {
    // The second field is a name in parentheses that can have blanks.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11).map(str::parse::<u64>);
    // The kernel counts in hundredths of a second, whatever its clock.
    Some((fields.next()?.ok()? + fields.next()?.ok()?) * 10)
}

fn failed(error: reqwest::Error) -> Failure {
    Failure::Message(format!("the emulator could not be asked: {error}"))
}

/// The program that starts another one on one processor.
async fn taskset() -> Result<PathBuf, Failure> {
    let found = tokio::process::Command::new("taskset")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .await;
    match found {
        Ok(status) if status.success() => Ok(PathBuf::from("taskset")),
        _ => Err(Failure::Message(
            "taskset is not there: install util-linux".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_line_is_read() {
        let line = "7 (a) b) S 1 7 7 0 -1 4194304 2000 0 0 0 150 25 0 0 20 0 3 0 100 1 2";
        assert_eq!(processor_millis(line), Some(1750));
        assert_eq!(processor_millis("7 (a) S 1"), None);
    }
}
