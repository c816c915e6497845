//! `release`: lets go of every object of this installation, without one call to Azure.
//!
//! Owns the order: the controller is stopped (where that is asked for), its Lease is taken and held, the finalizers go,
//! the Lease is left. It never writes spec or status, never deletes anything, and never touches what only another
//! installation of the cluster serves. Doing it twice is doing it once.

mod belonging;

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, ObjectList, Patch, PatchParams};
use kube::core::gvk::GroupVersionKind;
use kube::{Client, ResourceExt};
use privatelink_api::names::{FIELD_MANAGER, FINALIZER};
use privatelink_api::{GROUP, VERSION, crds};
use privatelink_arm::Clock;
use privatelink_engine::lease::{Claim, lease_name};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::arguments::ReleaseArguments;
use crate::leader::{self, lease_namespace, random_identity};
use crate::{Failure, client};

use belonging::Belonging;

/// A call to the Kubernetes API takes no longer than this.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A call that failed for a reason that may pass is made this often.
const ATTEMPTS: u32 = 5;
/// The Lease is looked at every 2 s, and a look may take as long again.
const LOOK: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_secs(1);
/// The kind that decides whose objects are; it goes last, so that a second run can still tell.
const SCOPE: &str = "AzureScope";

/// What became of the objects.
#[derive(Debug, Default)]
struct Report {
    released: usize,
    of_others: usize,
    failed: usize,
}

/// Lets go of all objects; without `--yes` only lists them.
pub(crate) async fn run(arguments: &ReleaseArguments) -> Result<(), Failure> {
    let client = client().await?;
    if !arguments.yes {
        let report = release(&client, arguments, None).await?;
        println!(
            "{} objects hold a finalizer; run again with --yes to let them go",
            report.released
        );
        return Ok(());
    }
    knows_where(arguments)?;
    if let Some(name) = &arguments.scale_down {
        scale_down(&client, &lease_namespace(&arguments.installation, &client), name).await?;
    }
    let stop = CancellationToken::new();
    // A client of its own: a slow page of objects must not hold up a renewal.
    let kube = crate::client().await?;
    let identity = format!("release-{}", random_identity());
    let elector = leader::elector(&arguments.installation, kube, identity, Clock::system());
    let (mut claim, election) = elector.start(stop.clone());
    let election = tokio::spawn(election);
    let outcome = if until_held(&mut claim, arguments.timeout).await {
        release(&client, arguments, Some(&claim)).await
    } else {
        Err(Failure::NotReleased(still_led(&client, arguments).await))
    };
    stop.cancel();
    let _ = tokio::time::timeout(Duration::from_secs(5), election).await;
    let report = outcome?;
    if report.failed > 0 {
        let message = format!(
            "{} objects are still held (see above); run it again",
            report.failed
        );
        return Err(Failure::NotReleased(message));
    }
    println!(
        "{} objects released; nothing was changed in Azure",
        report.released
    );
    if report.of_others > 0 {
        println!(
            "{} objects are left to the other installations that serve them",
            report.of_others
        );
    }
    Ok(())
}

/// Where the controller runs cannot be guessed outside of its namespace, and a Lease in another one would hold nobody off.
fn knows_where(arguments: &ReleaseArguments) -> Result<(), Failure> {
    const OWN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    if arguments.installation.lease_namespace.is_some() || std::path::Path::new(OWN).exists() {
        return Ok(());
    }
    Err(Failure::Arguments(
        "--lease-namespace (POD_NAMESPACE): name the namespace in which the controller runs; its Lease there is held while objects are let go"
            .to_owned(),
    ))
}

/// Waits for the Lease as long as asked, and for one more look at it: a process that was held up for long (a machine that
/// was paused) finds its time over before it has looked again.
async fn until_held(claim: &mut Claim, limit: Duration) -> bool {
    tracing::info!("waiting for the leader's Lease");
    let held = tokio::time::timeout(limit, claim.held()).await.is_ok()
        || tokio::time::timeout(LOOK, claim.held()).await.is_ok();
    if held {
        tracing::info!("the Lease is held: no controller works");
    }
    held
}

/// What to do about a Lease that is not left.
async fn still_led(client: &Client, arguments: &ReleaseArguments) -> String {
    use k8s_openapi::api::coordination::v1::Lease;
    let namespace = lease_namespace(&arguments.installation, client);
    let name = lease_name(&arguments.installation.controller_name);
    let api: Api<Lease> = Api::namespaced(client.clone(), &namespace);
    let seconds = arguments.timeout.as_secs();
    match patiently(|| api.get_opt(&name)).await {
        Ok(lease) => match lease.and_then(|lease| lease.spec?.holder_identity) {
            Some(holder) if !holder.is_empty() => format!(
                "the Lease {namespace}/{name} is still renewed by {holder:?} after {seconds} s: stop the controller (kubectl scale --replicas=0, or --scale-down deployment/NAME) and run it again"
            ),
            _ => format!(
                "nobody holds the Lease {namespace}/{name}, and it could not be taken within {seconds} s: the warnings above say why"
            ),
        },
        Err(error) => format!("the Lease {namespace}/{name} could not be taken within {seconds} s: {error}"),
    }
}

/// Asks for no replicas. A Deployment that is gone has none.
async fn scale_down(client: &Client, namespace: &str, name: &str) -> Result<(), Failure> {
    let api: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let patch = Patch::Merge(json!({"spec": {"replicas": 0}}));
    let parameters = parameters();
    match patiently(|| api.patch_scale(name, &parameters, &patch)).await {
        Ok(_) => println!("deployment {namespace}/{name} is scaled to zero"),
        Err(kube::Error::Api(status)) if is_absent(&status) => {
            println!("there is no deployment {namespace}/{name} to scale down");
        }
        Err(error) => return Err(Failure::Kubernetes(Box::new(error))),
    }
    Ok(())
}

/// Goes over all kinds, page by page. With a claim the finalizers go, as long as it is held; without one they are listed.
async fn release(
    client: &Client,
    arguments: &ReleaseArguments,
    claim: Option<&Claim>,
) -> Result<Report, Failure> {
    let belonging = Belonging::read(client, &arguments.installation.controller_name).await?;
    let mut report = Report::default();
    let mut definitions = crds();
    definitions.sort_by_key(|definition| definition.spec.names.kind == SCOPE);
    for definition in definitions {
        let names = definition.spec.names;
        let resource = resource(&names.kind, &names.plural);
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        let mut page_token: Option<String> = None;
        loop {
            let page = match list(&api, page_token.as_deref()).await {
                Ok(page) => page,
                // The definition is gone, and its objects with it.
                Err(kube::Error::Api(status)) if is_absent(&status) => break,
                Err(error) => return Err(Failure::Kubernetes(Box::new(error))),
            };
            for object in page.items.iter().filter(|object| is_held(object)) {
                let name = name(object);
                if !belonging.is_ours(&names.kind, object) {
                    report.of_others += 1;
                    continue;
                }
                let Some(claim) = claim else {
                    println!("{} {name}", names.kind);
                    report.released += 1;
                    continue;
                };
                claim
                    .permit()
                    .map_err(|reason| Failure::NotReleased(format!("{reason}; run it again")))?;
                match let_go(client, &resource, object).await {
                    Ok(()) => {
                        println!("released {} {name}", names.kind);
                        report.released += 1;
                    }
                    Err(error) => {
                        eprintln!("{} {name}: {error}", names.kind);
                        report.failed += 1;
                    }
                }
            }
            page_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if page_token.is_none() {
                break;
            }
        }
    }
    Ok(report)
}

fn resource(kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(GROUP, VERSION, kind), plural)
}

async fn list(
    api: &Api<DynamicObject>,
    page_token: Option<&str>,
) -> Result<ObjectList<DynamicObject>, kube::Error> {
    let mut parameters = ListParams::default().limit(500);
    if let Some(token) = page_token {
        parameters = parameters.continue_token(token);
    }
    patiently(|| api.list(&parameters)).await
}

fn is_held(object: &DynamicObject) -> bool {
    object.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

fn name(object: &DynamicObject) -> String {
    object.namespace().map_or_else(
        || object.name_any(),
        |namespace| format!("{namespace}/{}", object.name_any()),
    )
}

/// Without any definition of its group the API server answers with a page instead of a Status: the code alone is sure.
fn is_absent(status: &kube::core::Status) -> bool {
    status.code == 404
}

fn parameters() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

/// Takes the finalizer off one object. Others' finalizers stay; an object that changed meanwhile is read again.
async fn let_go(client: &Client, resource: &ApiResource, object: &DynamicObject) -> Result<(), kube::Error> {
    let api: Api<DynamicObject> = match object.metadata.namespace.as_deref() {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
        None => Api::all_with(client.clone(), resource),
    };
    let (name, parameters) = (object.name_any(), parameters());
    let mut metadata = object.metadata.clone();
    let mut attempt = 1;
    loop {
        let patch = Patch::Merge(without_finalizer(&metadata));
        match patiently(|| api.patch(&name, &parameters, &patch)).await {
            Ok(_) => return Ok(()),
            Err(kube::Error::Api(status)) if is_absent(&status) => return Ok(()),
            Err(kube::Error::Api(status)) if status.is_conflict() && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
        // There is no right to read one object, nor need of one: the list has it as it is now.
        let found = ListParams::default().fields(&format!("metadata.name={name}"));
        match patiently(|| api.list(&found)).await?.items.pop() {
            Some(now) if is_held(&now) => metadata = now.metadata,
            _ => return Ok(()),
        }
    }
}

/// The version guards against a list of finalizers that somebody changed meanwhile.
fn without_finalizer(object: &ObjectMeta) -> serde_json::Value {
    let finalizers = object.finalizers.iter().flatten();
    let left: Vec<&String> = finalizers.filter(|finalizer| *finalizer != FINALIZER).collect();
    json!({"metadata": {"finalizers": left, "resourceVersion": object.resource_version}})
}

/// Makes a call, again where its failure may pass: no answer, too many requests, an error of the server's.
async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, kube::Error>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let mut attempt = 1;
    loop {
        let began = Instant::now();
        let error = match tokio::time::timeout(TIMEOUT, call()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(kube::Error::Api(status))) if status.code < 500 && status.code != 429 => {
                return Err(kube::Error::Api(status));
            }
            Ok(Err(error)) => error,
            Err(_) => kube::Error::Service("the API server did not answer in time".into()),
        };
        if attempt == ATTEMPTS {
            return Err(error);
        }
        tracing::warn!(%error, took = ?began.elapsed(), "a call failed; it is made again");
        attempt += 1;
        tokio::time::sleep(PAUSE).await;
    }
}
