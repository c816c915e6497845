//! The watches: of each kind's objects, of scopes and of namespaces. They fill the stores and the indexes and say who
//! comes due; they never look at Azure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource, ResourceExt};
use privatelink_api::AzureScope;
use serde_json::Value;
use tokio::sync::watch;

use crate::context::Context;
use crate::failure::backoff;
use crate::kind::{Kind, ObjectKey};
use crate::kind_index::{KindIndex, Refresh, SCOPE_DEBOUNCE};
use crate::scope_runner::SCOPE_KIND;

/// A copy of the whole manifest that `kubectl apply` leaves on an object. It says nothing that the object does not.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How many objects the first list of a watch shows at once. All of a page are held with their managed fields, which
/// take several times as much as the rest of an object and are dropped one page after the other.
const PAGE: u32 = 50;

/// Reads a watch for ever; the pauses after failures grow and need no randomness.
async fn follow<K, F>(api: Api<K>, config: watcher::Config, mut handle: F)
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + Send + serde::de::DeserializeOwned + 'static,
    F: FnMut(Event<K>),
{
    let mut failures = 0;
    let mut stream = std::pin::pin!(watcher(api, config));
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                failures = 0;
                handle(event);
            }
            Err(error) => {
                tracing::warn!(kind = %K::kind(&()), %error, "a watch failed; it is taken up again");
                tokio::time::sleep(backoff(failures, 0.5).min(Duration::from_secs(30))).await;
                failures += 1;
            }
        }
    }
}

pub(crate) async fn watch_kind<K: Kind>(
    index: Arc<KindIndex<K>>,
    mut writer: Writer<DeserializeGuard<K::Object>>,
    synced: watch::Sender<bool>,
) {
    let queue = &index.context.queue;
    let api: Api<DeserializeGuard<K::Object>> = Api::all(index.context.kube.clone());
    // The store shows what a LIST brought when all of it is there: until then nobody is sent to look for it.
    let mut listed: BTreeSet<ObjectKey> = BTreeSet::new();
    follow(api, watcher::Config::default().page_size(PAGE), |mut event| {
        if let Event::Apply(object) | Event::InitApply(object) | Event::Delete(object) = &mut event {
            let metadata = object.meta_mut();
            metadata.managed_fields = None;
            metadata
                .annotations
                .as_mut()
                .map(|annotations| annotations.remove(LAST_APPLIED));
        }
        writer.apply_watcher_event(&event);
        match event {
            Event::Apply(object) => index.applied(&object).into_iter().for_each(|key| queue.add(key)),
            Event::InitApply(object) => listed.extend(index.applied(&object)),
            Event::Delete(object) => index.deleted(&object),
            Event::InitDone => {
                index.prune();
                std::mem::take(&mut listed)
                    .into_iter()
                    .for_each(|key| queue.add(key));
                synced.send_replace(true);
            }
            Event::Init => {}
        }
    })
    .await;
}

pub(crate) async fn watch_scopes(
    context: Arc<Context>,
    kinds: Arc<Vec<Arc<dyn Refresh>>>,
    mut writer: Writer<AzureScope>,
    synced: watch::Sender<bool>,
) {
    let api: Api<AzureScope> = Api::all(context.kube.clone());
    let mut listed: BTreeSet<String> = BTreeSet::new();
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    follow(api, watcher::Config::default(), |event| {
        writer.apply_watcher_event(&event);
        let mut changed: Vec<String> = Vec::new();
        match &event {
            Event::Init => listed.clear(),
            Event::Apply(scope) | Event::InitApply(scope) => {
                let name = scope.name_any();
                if matches!(event, Event::InitApply(_)) {
                    listed.insert(name.clone());
                }
                let mut metadata = scope.metadata.clone();
                (metadata.managed_fields, metadata.resource_version) = (None, None);
                let seen = serde_json::json!([metadata, scope.spec]);
                if last.insert(name.clone(), seen.clone()) != Some(seen) {
                    context.queue.add(scope_key(&name));
                }
                if context.scopes.put(scope, &context.settings.controller_name) {
                    changed.push(name);
                }
            }
            Event::Delete(scope) => changed.push(scope.name_any()),
            Event::InitDone => {
                let names = context.scopes.known().into_iter();
                changed.extend(names.filter(|name| !listed.contains(name)));
                synced.send_replace(true);
            }
        }
        if matches!(event, Event::Delete(_) | Event::InitDone) {
            for name in &changed {
                last.remove(name);
                context.scopes.remove(name);
                context.identities.forget(name);
            }
        }
        for name in &changed {
            kinds.iter().for_each(|kind| kind.refresh_scope(name));
        }
    })
    .await;
}

pub(crate) async fn watch_namespaces(
    context: Arc<Context>,
    kinds: Arc<Vec<Arc<dyn Refresh>>>,
    synced: watch::Sender<bool>,
) {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(context.kube.clone());
    follow(api, watcher::Config::default(), |event| match event {
        Event::Apply(namespace) | Event::InitApply(namespace) => {
            let labels = namespace.metadata.labels.clone().unwrap_or_default();
            let name = namespace.name_any();
            context.objects.note_labels(&name, Some(&labels));
            if context.scopes.put_namespace(&name, Some(labels)) {
                wake_scopes(&context);
                kinds.iter().for_each(|kind| kind.refresh_namespace(&name));
            }
        }
        Event::Delete(namespace) => {
            context.objects.note_labels(&namespace.name_any(), None);
            context.scopes.put_namespace(&namespace.name_any(), None);
            wake_scopes(&context);
        }
        Event::InitDone => drop(synced.send_replace(true)),
        Event::Init => {}
    })
    .await;
}

fn wake_scopes(context: &Context) {
    for name in context.scopes.names() {
        context.queue.add_after(scope_key(&name), SCOPE_DEBOUNCE);
    }
}

fn scope_key(name: &str) -> ObjectKey {
    ObjectKey {
        kind: SCOPE_KIND,
        namespace: String::new(),
        name: name.to_owned(),
    }
}
