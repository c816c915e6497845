//! Deployments: as many pods as they ask for, new ones before old ones go, and their status.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus};
use kube::ResourceExt;
use kube::api::{Api, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::pod::{Owner, Pod, text};
use super::{Machine, NodeError, State};

/// One look at all Deployments.
pub(super) async fn play(machine: &Arc<Machine>, state: &mut State) -> Result<(), NodeError> {
    let api: Api<Deployment> = Api::all(machine.client.clone());
    let deployments = api.list(&ListParams::default()).await?.items;
    let known: Vec<String> = deployments.iter().filter_map(ResourceExt::uid).collect();
    let (kept, orphans) = std::mem::take(&mut state.pods)
        .into_iter()
        .partition(|pod| pod.owner.kind != "Deployment" || known.contains(&pod.owner.uid));
    state.pods = kept;
    orphans.into_iter().for_each(|pod| machine.end(pod));
    let mut outcome = Ok(());
    for deployment in deployments {
        outcome = outcome.and(play_one(machine, state, &deployment).await);
    }
    outcome
}

async fn play_one(
    machine: &Arc<Machine>,
    state: &mut State,
    deployment: &Deployment,
) -> Result<(), NodeError> {
    let Some(spec) = deployment
        .spec
        .as_ref()
        .filter(|_| deployment.metadata.deletion_timestamp.is_none())
    else {
        return Ok(());
    };
    let uid = deployment.uid().unwrap_or_default();
    let wanted = usize::try_from(spec.replicas.unwrap_or(1)).unwrap_or_default();
    let template = text(&spec.template);
    let (mut pods, others): (Vec<Pod>, Vec<Pod>) = std::mem::take(&mut state.pods)
        .into_iter()
        .partition(|pod| pod.owner.uid == uid);
    state.pods = others;
    let mut problem = None;
    for pod in &mut pods {
        problem = pod.restart().err().or(problem);
    }
    let is_new = |pod: &Pod| pod.template == template;
    while pods.iter().filter(|pod| is_new(pod)).count() < wanted {
        let owner = Owner {
            api_version: "apps/v1",
            kind: "Deployment",
            namespace: deployment.namespace().unwrap_or_default(),
            name: deployment.name_any(),
            uid: uid.clone(),
        };
        match Pod::start(machine, owner, &spec.template).await {
            Ok(pod) => pods.push(pod),
            Err(error) => {
                problem = Some(error);
                break;
            }
        }
    }
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(2))
        .build()
        .unwrap_or_default();
    for pod in &mut pods {
        pod.probe(&client).await;
    }
    let ready = pods.iter().filter(|pod| is_new(pod) && pod.ready).count();
    // Too many of the new ones, and old ones that are not needed any more.
    let mut surplus = pods
        .iter()
        .filter(|pod| is_new(pod))
        .count()
        .saturating_sub(wanted);
    let mut kept = Vec::new();
    for pod in pods {
        let goes = if is_new(&pod) {
            let goes = surplus > 0;
            surplus = surplus.saturating_sub(1);
            goes
        } else {
            ready >= wanted
        };
        if goes {
            machine.end(pod);
        } else {
            kept.push(pod);
        }
    }
    let status = status(deployment, &kept, is_new, wanted, problem.as_ref());
    state.pods.extend(kept);
    write(machine, deployment, &status).await?;
    problem.map_or(Ok(()), Err)
}

fn status(
    deployment: &Deployment,
    pods: &[Pod],
    is_new: impl Fn(&Pod) -> bool,
    wanted: usize,
    problem: Option<&NodeError>,
) -> Value {
    let new = pods.iter().filter(|pod| is_new(pod));
    let ready = new.clone().filter(|pod| pod.ready).count();
    let updated = new.count();
    let done = ready >= wanted && pods.len() == updated;
    let said = |holds: bool| if holds { "True" } else { "False" };
    let mut conditions = vec![
        json!({"type": "Available", "status": said(ready >= wanted), "reason": "MinimumReplicasAvailable", "message": ""}),
        json!({
            "type": "Progressing",
            "status": "True",
            "reason": if done { "NewReplicaSetAvailable" } else { "ReplicaSetUpdated" },
            "message": "",
        }),
    ];
    if let Some(problem) = problem {
        let message = problem.to_string();
        conditions.push(
            json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}),
        );
    }
    json!({
        "observedGeneration": deployment.metadata.generation,
        "replicas": pods.len(),
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": wanted.saturating_sub(ready),
        "conditions": conditions,
    })
}

/// Writes a status that differs from the one that is there.
async fn write(machine: &Machine, deployment: &Deployment, status: &Value) -> Result<(), NodeError> {
    let shown = |status: &DeploymentStatus| {
        let conditions = status.conditions.iter().flatten();
        let conditions: Vec<_> = conditions
            .map(|condition| {
                (
                    condition.type_.clone(),
                    condition.status.clone(),
                    condition.reason.clone(),
                    condition.message.clone(),
                )
            })
            .collect();
        let counts = [
            status.replicas,
            status.updated_replicas,
            status.ready_replicas,
            status.available_replicas,
            status.unavailable_replicas,
        ];
        (
            status.observed_generation,
            counts.map(Option::unwrap_or_default),
            conditions,
        )
    };
    let new: DeploymentStatus = serde_json::from_value(status.clone()).map_err(kube::Error::SerdeError)?;
    if deployment.status.as_ref().map(shown) == Some(shown(&new)) {
        return Ok(());
    }
    let namespace = deployment.namespace().unwrap_or_default();
    let api: Api<Deployment> = Api::namespaced(machine.client.clone(), &namespace);
    let patch = Patch::Merge(json!({"status": status}));
    match api
        .patch_status(&deployment.name_any(), &PatchParams::default(), &patch)
        .await
    {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}
