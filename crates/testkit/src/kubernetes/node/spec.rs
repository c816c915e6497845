//! From a container's specification to a program of this machine: its files, arguments and environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, PodSpec, Secret, ServiceAccount, Volume};
use kube::Api;
use kube::api::PostParams;

use super::{Machine, NodeError};
use crate::kubernetes::identity::kubeconfig;
use crate::processes::free_ports;

/// What a process is started with.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    /// The port and the path that say that it is ready; none where nothing says so.
    pub(super) probe: Option<(u16, String)>,
}

/// A pod to be started.
pub(super) struct Blueprint<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) spec: &'a PodSpec,
}

impl Blueprint<'_> {
    fn refuse<T>(&self, reason: impl Into<String>) -> Result<T, NodeError> {
        Err(NodeError::Pod {
            pod: format!("{}/{}", self.namespace, self.name),
            reason: reason.into(),
        })
    }

    /// Writes the pod's files into its folder and puts its command together.
    pub(super) async fn command(&self, machine: &Machine) -> Result<Command, NodeError> {
        let [container] = self.spec.containers.as_slice() else {
            return self.refuse("only pods of one container are run");
        };
        let image = container.image.clone().unwrap_or_default();
        let Some(program) = machine.options.programs.get(repository(&image)) else {
            return self.refuse(format!("there is no program for the image {image}"));
        };
        let folder = machine
            .options
            .folder
            .join(format!("{}.{}", self.namespace, self.name));
        let mounts = self.mounts(machine, container, &folder).await?;
        let ports = self.ports(container)?;
        let rewritten = |text: &str| rewrite(text, &mounts, &ports);
        let mut environment = Vec::new();
        for variable in container.env.iter().flatten() {
            let value = self.value(machine, variable).await?;
            environment.push((variable.name.clone(), rewritten(&value)));
        }
        let path = folder.join("kubeconfig");
        // A pod without a token of its own gets nothing to speak to the API server with.
        let config = if self.spec.automount_service_account_token == Some(true) {
            let token = self.token(machine, None).await?;
            kubeconfig("pod", &token, &machine.endpoint, &machine.ca)
        } else {
            String::new()
        };
        self.write(&path, &config)?;
        environment.push(("KUBECONFIG".to_owned(), path.display().to_string()));
        Ok(Command {
            program: program.clone(),
            arguments: container
                .args
                .iter()
                .flatten()
                .map(|text| rewritten(text))
                .collect(),
            environment,
            probe: probe(container, &ports),
        })
    }

    /// The folder that stands for each path below which something is mounted.
    async fn mounts(
        &self,
        machine: &Machine,
        container: &Container,
        folder: &Path,
    ) -> Result<BTreeMap<String, PathBuf>, NodeError> {
        let mut mounts = BTreeMap::new();
        for mount in container.volume_mounts.iter().flatten() {
            let volumes = self.spec.volumes.iter().flatten();
            let Some(volume) = volumes.into_iter().find(|volume| volume.name == mount.name) else {
                return self.refuse(format!("there is no volume {}", mount.name));
            };
            let place = folder.join("volumes").join(&volume.name);
            for (name, content) in self.files(machine, volume).await? {
                self.write(&place.join(name), &content)?;
            }
            mounts.insert(mount.mount_path.clone(), place);
        }
        Ok(mounts)
    }

    async fn files(&self, machine: &Machine, volume: &Volume) -> Result<Vec<(String, String)>, NodeError> {
        let mut files = Vec::new();
        if let Some(source) = &volume.config_map {
            let api: Api<ConfigMap> = Api::namespaced(machine.client.clone(), self.namespace);
            let map = api.get(&source.name).await?;
            for (key, value) in map.data.unwrap_or_default() {
                let items = source.items.as_deref().unwrap_or_default();
                match items.iter().find(|item| item.key == key) {
                    Some(item) => files.push((item.path.clone(), value)),
                    None if items.is_empty() => files.push((key, value)),
                    None => {}
                }
            }
            return Ok(files);
        }
        let Some(projected) = &volume.projected else {
            return self.refuse(format!(
                "the volume {} is of a kind that is not played",
                volume.name
            ));
        };
        for source in projected.sources.iter().flatten() {
            let Some(token) = &source.service_account_token else {
                return self.refuse(format!("volume {}: only tokens are projected", volume.name));
            };
            let audience = token.audience.clone();
            files.push((token.path.clone(), self.token(machine, audience).await?));
        }
        Ok(files)
    }

    /// A token of the pod's service account, as the kubelet asks for it.
    async fn token(&self, machine: &Machine, audience: Option<String>) -> Result<String, NodeError> {
        let account = self.spec.service_account_name.as_deref().unwrap_or("default");
        let api: Api<ServiceAccount> = Api::namespaced(machine.client.clone(), self.namespace);
        let request = TokenRequest {
            spec: TokenRequestSpec {
                audiences: audience.into_iter().collect(),
                expiration_seconds: Some(3600),
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let answer = api
            .create_token_request(account, &PostParams::default(), &request)
            .await?;
        match answer.status {
            Some(status) => Ok(status.token),
            None => self.refuse("the API server gave no token"),
        }
    }

    async fn value(&self, machine: &Machine, variable: &EnvVar) -> Result<String, NodeError> {
        if let Some(value) = &variable.value {
            return Ok(value.clone());
        }
        let Some(source) = &variable.value_from else {
            return Ok(String::new());
        };
        if let Some(field) = &source.field_ref {
            return match field.field_path.as_str() {
                "metadata.name" => Ok(self.name.to_owned()),
                "metadata.namespace" => Ok(self.namespace.to_owned()),
                other => self.refuse(format!("{}: the field {other} is not played", variable.name)),
            };
        }
        let Some(selector) = &source.secret_key_ref else {
            return self.refuse(format!("{}: its source is not played", variable.name));
        };
        let api: Api<Secret> = Api::namespaced(machine.client.clone(), self.namespace);
        let secret = api.get(&selector.name).await?;
        match secret.data.unwrap_or_default().get(&selector.key) {
            Some(value) => Ok(String::from_utf8_lossy(&value.0).into_owned()),
            None => self.refuse(format!("Secret {} has no key {}", selector.name, selector.key)),
        }
    }

    /// A free port of this machine for each port of the container.
    fn ports(&self, container: &Container) -> Result<BTreeMap<u16, u16>, NodeError> {
        let ports = container.ports.iter().flatten();
        let wanted: Vec<u16> = ports
            .filter_map(|port| u16::try_from(port.container_port).ok())
            .collect();
        match free_ports(wanted.len()) {
            Ok(free) => Ok(wanted.into_iter().zip(free).collect()),
            Err(error) => self.refuse(error.to_string()),
        }
    }

    fn write(&self, path: &Path, content: &str) -> Result<(), NodeError> {
        let written = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(path, content));
        written.or_else(|error| self.refuse(format!("{}: {error}", path.display())))
    }
}

fn probe(container: &Container, ports: &BTreeMap<u16, u16>) -> Option<(u16, String)> {
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
    let action = container.readiness_probe.as_ref()?.http_get.as_ref()?;
    let number = match &action.port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => {
            let mut ports = container.ports.iter().flatten();
            ports
                .find(|port| port.name.as_deref() == Some(name))?
                .container_port
        }
    };
    let port = ports.get(&u16::try_from(number).ok()?)?;
    Some((*port, action.path.clone().unwrap_or_else(|| "/".to_owned())))
}

/// An image without its tag and its digest.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or_default();
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => image,
    }
}

/// An argument or a value as it is on this machine: a path below a mount is one below the folder that stands for it, and an
/// address at a port of the container is a local one at the port that stands for it.
fn rewrite(text: &str, mounts: &BTreeMap<String, PathBuf>, ports: &BTreeMap<u16, u16>) -> String {
    let (flag, value) = match text.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => (format!("{flag}="), value),
        _ => (String::new(), text),
    };
    for (mount, folder) in mounts {
        if let Some(rest) = value.strip_prefix(mount.as_str())
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return format!("{flag}{}{rest}", folder.display());
        }
    }
    for (port, free) in ports {
        let every = ["0.0.0.0", "[::]", ""].map(|host| format!("{host}:{port}"));
        if every.iter().any(|address| address == value) {
            return format!("{flag}127.0.0.1:{free}");
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_repository() {
        for image in [
            "a.b/c/d",
            "a.b/c/d:1.0",
            "a.b/c/d@sha256:00",
            "a.b/c/d:1.0@sha256:00",
        ] {
            assert_eq!(repository(image), "a.b/c/d");
        }
        assert_eq!(repository("localhost:5000/d"), "localhost:5000/d");
    }

    #[test]
    fn paths_and_ports_are_those_of_this_machine() {
        let mounts = BTreeMap::from([("/etc/ca".to_owned(), PathBuf::from("/tmp/ca"))]);
        let ports = BTreeMap::from([(8080, 4711)]);
        let rewritten = |text: &str| rewrite(text, &mounts, &ports);
        assert_eq!(rewritten("--bundle=/etc/ca/ca.crt"), "--bundle=/tmp/ca/ca.crt");
        assert_eq!(rewritten("--other=/etc/cards"), "--other=/etc/cards");
        assert_eq!(rewritten("--listen=0.0.0.0:8080"), "--listen=127.0.0.1:4711");
        assert_eq!(rewritten("--listen=[::]:8080"), "--listen=127.0.0.1:4711");
        assert_eq!(rewritten("https://a.b:8080"), "https://a.b:8080");
    }
}
