//! Jobs: one pod until it succeeds, or until it has failed too often.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt;
use kube::api::{Api, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::pod::{Owner, Pod};
use super::{Machine, NodeError, State};

/// One look at all Jobs.
pub(super) async fn play(machine: &Arc<Machine>, state: &mut State) -> Result<(), NodeError> {
    let api: Api<Job> = Api::all(machine.client.clone());
    let jobs = api.list(&ListParams::default()).await?.items;
    let known: Vec<String> = jobs.iter().filter_map(ResourceExt::uid).collect();
    let (kept, orphans) = std::mem::take(&mut state.pods)
        .into_iter()
        .partition(|pod| pod.owner.kind != "Job" || known.contains(&pod.owner.uid));
    state.pods = kept;
    orphans.into_iter().for_each(|pod| machine.end(pod));
    state.failures.retain(|uid, _| known.contains(uid));
    let mut outcome = Ok(());
    for job in jobs.iter().filter(|job| !is_over(job)) {
        outcome = outcome.and(play_one(machine, state, job).await);
    }
    outcome
}

fn is_over(job: &Job) -> bool {
    let conditions = job
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    let mut ends = conditions.filter(|condition| ["Complete", "Failed"].contains(&condition.type_.as_str()));
    job.metadata.deletion_timestamp.is_some() || ends.any(|condition| condition.status == "True")
}

async fn play_one(machine: &Arc<Machine>, state: &mut State, job: &Job) -> Result<(), NodeError> {
    let uid = job.uid().unwrap_or_default();
    let Some(spec) = &job.spec else { return Ok(()) };
    let Some(index) = state.pods.iter().position(|pod| pod.owner.uid == uid) else {
        let owner = Owner {
            api_version: "batch/v1",
            kind: "Job",
            namespace: job.namespace().unwrap_or_default(),
            name: job.name_any(),
            uid,
        };
        let pod = Pod::start(machine, owner, &spec.template).await?;
        state.pods.push(pod);
        let failed = state.failures.get(&job.uid().unwrap_or_default()).copied();
        let began = job.status.as_ref().and_then(|status| status.start_time.clone());
        let began = began.map_or_else(Timestamp::now, |time| time.0);
        return write(
            machine,
            job,
            &json!({"startTime": began, "active": 1, "failed": failed}),
        )
        .await;
    };
    let Some(code) = state.pods.get_mut(index).and_then(Pod::left) else {
        return Ok(());
    };
    machine.end(state.pods.remove(index));
    let now = Timestamp::now();
    let condition = |name: &str| json!({"type": name, "status": "True", "lastTransitionTime": now, "lastProbeTime": now, "reason": "", "message": format!("the pod left with status {code}")});
    if code == 0 {
        let conditions = [condition("SuccessCriteriaMet"), condition("Complete")];
        let status =
            json!({"active": 0, "ready": 0, "succeeded": 1, "completionTime": now, "conditions": conditions});
        return write(machine, job, &status).await;
    }
    let failures = state.failures.entry(uid).or_default();
    *failures += 1;
    let mut status = json!({"active": 0, "ready": 0, "failed": *failures});
    if *failures > spec.backoff_limit.unwrap_or(6)
        && let Some(fields) = status.as_object_mut()
    {
        let conditions = json!([condition("FailureTarget"), condition("Failed")]);
        fields.insert("conditions".to_owned(), conditions);
    }
    write(machine, job, &status).await
}

async fn write(machine: &Machine, job: &Job, status: &Value) -> Result<(), NodeError> {
    let api: Api<Job> = Api::namespaced(machine.client.clone(), &job.namespace().unwrap_or_default());
    let patch = Patch::Merge(json!({"status": status}));
    match api
        .patch_status(&job.name_any(), &PatchParams::default(), &patch)
        .await
    {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}
