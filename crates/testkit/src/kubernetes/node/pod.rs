//! One pod: its object in the API server and its process on this machine.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Pod as PodObject, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Client;
use kube::api::{Api, DeleteParams, PostParams};
use rustix::process::Signal;

use super::spec::{Blueprint, Command};
use super::{Machine, NodeError};
use crate::processes::{Process, Program};

/// A process that ended is started again no sooner than this.
const BACKOFF: Duration = Duration::from_secs(1);

/// Whose a pod is.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
}

pub(super) struct Pod {
    pub(super) owner: Owner,
    pub(super) name: String,
    /// The template that it was made from, as text: another one means another pod.
    pub(super) template: String,
    pub(super) ready: bool,
    grace: Duration,
    command: Command,
    log: std::path::PathBuf,
    process: Option<Process>,
    left: Option<i32>,
    started: Instant,
    lost: bool,
}

impl Pod {
    /// Makes the object, which the API server may refuse, and starts the process.
    pub(super) async fn start(
        machine: &Machine,
        owner: Owner,
        template: &PodTemplateSpec,
    ) -> Result<Self, NodeError> {
        let name = format!("{}-{:05x}", owner.name, fastrand::u32(..0x0010_0000));
        let refuse = |reason: String| NodeError::Pod {
            pod: format!("{}/{name}", owner.namespace),
            reason,
        };
        let Some(spec) = template.spec.clone() else {
            return Err(refuse("its template has no spec".to_owned()));
        };
        let labels = template
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.labels.clone());
        let object = PodObject {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(owner.namespace.clone()),
                labels,
                owner_references: Some(vec![OwnerReference {
                    api_version: owner.api_version.to_owned(),
                    kind: owner.kind.to_owned(),
                    name: owner.name.clone(),
                    uid: owner.uid.clone(),
                    controller: Some(true),
                    ..OwnerReference::default()
                }]),
                ..ObjectMeta::default()
            },
            spec: Some(spec.clone()),
            status: None,
        };
        let api: Api<PodObject> = Api::namespaced(machine.client.clone(), &owner.namespace);
        let blueprint = Blueprint {
            namespace: &owner.namespace,
            name: &name,
            spec: &spec,
        };
        let command = blueprint.command(machine).await?;
        api.create(&PostParams::default(), &object)
            .await
            .map_err(|error| refuse(error.to_string()))?;
        let log = machine
            .options
            .folder
            .join(format!("{}.{name}.log", owner.namespace));
        let grace = spec.termination_grace_period_seconds.unwrap_or(30);
        let mut pod = Self {
            template: text(template),
            ready: false,
            grace: Duration::from_secs(u64::try_from(grace).unwrap_or_default()),
            command,
            log,
            process: None,
            left: None,
            started: Instant::now(),
            lost: false,
            owner,
            name,
        };
        pod.spawn()?;
        Ok(pod)
    }

    fn spawn(&mut self) -> Result<(), NodeError> {
        let mut program = Program::new(self.name.clone(), &self.command.program, &self.log)
            .arguments(&self.command.arguments)
            .grace(self.grace);
        for (name, value) in &self.command.environment {
            program = program.environment(name, value);
        }
        self.started = Instant::now();
        let process = program.start().map_err(|error| NodeError::Pod {
            pod: format!("{}/{}", self.owner.namespace, self.name),
            reason: error.to_string(),
        })?;
        self.process = Some(process);
        self.left = None;
        Ok(())
    }

    /// The status with which the process has ended.
    pub(super) fn left(&mut self) -> Option<i32> {
        if let Some(code) = self.process.as_mut().and_then(Process::left) {
            self.process = None;
            self.left = Some(code);
            self.ready = false;
        }
        self.left
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.left().is_none() && self.process.is_some()
    }

    /// Starts an ended process again, as a Deployment's pods are.
    pub(super) fn restart(&mut self) -> Result<(), NodeError> {
        if self.left().is_some() && !self.lost && self.started.elapsed() > BACKOFF {
            self.spawn()?;
        }
        Ok(())
    }

    /// Asks the probe; a pod without one is ready as long as it runs.
    pub(super) async fn probe(&mut self, client: &reqwest::Client) {
        self.ready = self.is_running()
            && match &self.command.probe {
                None => true,
                Some((port, path)) => {
                    let answer = client.get(format!("http://127.0.0.1:{port}{path}")).send().await;
                    answer.is_ok_and(|answer| answer.status().is_success())
                }
            };
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        if let Some(process) = self.process.as_mut() {
            process.signal(signal);
        }
    }

    pub(super) fn lose(&mut self) {
        self.lost = true;
        self.ready = false;
        if let Some(process) = self.process.take() {
            self.left = Some(process.kill());
        }
    }

    /// SIGTERM, SIGKILL after the grace time, and the object goes.
    pub(super) async fn end(mut self, client: &Client) {
        if let Some(process) = self.process.take() {
            process.stop(self.grace).await;
        }
        let api: Api<PodObject> = Api::namespaced(client.clone(), &self.owner.namespace);
        // A server that is gone has no objects.
        drop(
            api.delete(&self.name, &DeleteParams::default().grace_period(0))
                .await,
        );
    }
}

/// A template as text.
pub(super) fn text(template: &PodTemplateSpec) -> String {
    serde_json::to_string(template).unwrap_or_default()
}
