//! The controller's command line: the one place that knows its flags.

use std::path::Path;
use std::time::Duration;

use crate::processes::{Process, Program, until};

use super::EnvironmentError;
use super::{Emulator, seeded};

const READY_WITHIN: Duration = Duration::from_secs(30);

/// Everything that the command line is made of.
pub(super) struct Launch<'a> {
    pub(super) program: &'a Path,
    pub(super) kubeconfig: &'a Path,
    pub(super) emulator: &'a Emulator,
    pub(super) admin_port: u16,
    pub(super) log: &'a Path,
    pub(super) extra: &'a [String],
}

impl Launch<'_> {
    /// Starts the controller; its own flags come first, so that a flag given again fails loudly rather than silently.
    pub(super) fn start(&self) -> Result<Process, EnvironmentError> {
        let mut arguments: Vec<String> = [
            "run",
            "--cloud=custom",
            "--owner-id=demo",
            "--leader-election=true",
        ]
        .map(str::to_owned)
        .to_vec();
        // What is passed on replaces a default; the program refuses a flag that is given twice.
        let mut default = |flag: &str, value: String| {
            if !self
                .extra
                .iter()
                .any(|extra| extra == flag || extra.starts_with(&format!("{flag}=")))
            {
                arguments.push(format!("{flag}={value}"));
            }
        };
        default("--azure-credential", "client-secret".to_owned());
        default("--drift-interval", "5s".to_owned());
        default("--arm-endpoint", self.emulator.endpoint().to_owned());
        default("--arm-audience", "https://management.azure.com".to_owned());
        default("--authority", self.emulator.authority().to_owned());
        default("--ca-bundle", self.emulator.ca().display().to_string());
        default("--azure-tenant-id", seeded::TENANT_ID.to_owned());
        default("--azure-client-id", seeded::CONTROLLER_CLIENT_ID.to_owned());
        default("--zone-catalogue", "public".to_owned());
        // The scope's lookup server is the resolver of the seeded network.
        if let Some(resolver) = self.emulator.resolver(&seeded::network_id()) {
            default("--lookup-port", resolver.port().to_string());
        }
        default("--admin-listen", format!("127.0.0.1:{}", self.admin_port));
        arguments.extend(self.extra.iter().cloned());
        Ok(Program::new("privatelink-controller", self.program, self.log)
            .arguments(arguments)
            .environment("KUBECONFIG", self.kubeconfig)
            .environment("AZURE_CLIENT_SECRET", seeded::CONTROLLER_SECRET)
            .grace(Duration::from_secs(10))
            .start()?)
    }
}

/// Waits until `/readyz` of the admin port answers with success.
pub(super) async fn until_ready(process: &mut Process, admin_port: u16) -> Result<(), EnvironmentError> {
    let url = format!("http://127.0.0.1:{admin_port}/readyz");
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(2))
        .build()?;
    Ok(until(process, READY_WITHIN, || {
        let request = client.get(&url);
        async move {
            request
                .send()
                .await
                .ok()
                .filter(|answer| answer.status().is_success())
                .map(drop)
        }
    })
    .await?)
}
