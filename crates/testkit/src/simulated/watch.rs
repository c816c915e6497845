//! Watches: streams of changes, bookmarks, 410, and cuts.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Shared;
use super::read::present;
use super::refusal::Refusal;
use super::request::{ApiRequest, Selector};
use super::resource::ResourceType;
use super::store::Store;

/// How often a watch that asked for bookmarks gets one.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);

struct Watching {
    shared: Arc<Shared>,
    resource: Arc<ResourceType>,
    selector: Selector,
    metadata_only: bool,
    /// The last revision that was sent.
    revision: u64,
    pending: Vec<Bytes>,
    cuts: u64,
    expiries: u64,
    ends_at: Option<Instant>,
    bookmark_at: Option<Instant>,
    ended: bool,
}

type Chunk = Result<Frame<Bytes>, std::io::Error>;

/// The body of a watch's answer. The store is locked by the caller: the watch begins at this very state.
pub(super) fn open(
    shared: &Arc<Shared>,
    store: &Store,
    resource: Arc<ResourceType>,
    request: &ApiRequest,
) -> Result<impl Stream<Item = Chunk> + Send + use<>, Refusal> {
    let asked = request.resource_version()?;
    let (visible, _) = store.visible();
    let selector = request.selector()?;
    let mut pending = Vec::new();
    let mut ended = false;
    let mut revision = asked.unwrap_or_default();
    match asked {
        None | Some(0) => {
            revision = if asked.is_none() { store.revision } else { visible };
            for ((_, namespace, name), object) in store.snapshot(&resource.qualified(), revision) {
                if selector.selects(&namespace, &name) {
                    pending.push(line("ADDED", &present(&object, request.metadata_only)));
                }
            }
        }
        Some(asked) if asked < store.compacted => {
            pending.push(line("ERROR", &Refusal::expired(asked, store.compacted).body()));
            ended = true;
        }
        Some(_) => {}
    }
    let timeout = request
        .parameter("timeoutSeconds")
        .and_then(|text| text.parse().ok())
        .map(Duration::from_secs);
    let bookmarks = request.parameter("allowWatchBookmarks") == Some("true");
    let now = Instant::now();
    let watching = Watching {
        shared: Arc::clone(shared),
        resource,
        selector,
        metadata_only: request.metadata_only,
        revision,
        pending,
        cuts: store.cuts,
        expiries: store.expiries,
        ends_at: timeout.map(|timeout| now + timeout),
        bookmark_at: bookmarks.then(|| now + BOOKMARK_INTERVAL),
        ended,
    };
    Ok(stream::unfold(watching, |mut watching| async move {
        let chunk = watching.next().await?;
        Some((Ok(Frame::data(chunk)), watching))
    }))
}

fn line(kind: &str, object: &Value) -> Bytes {
    let mut text = json!({ "type": kind, "object": object }).to_string();
    text.push('\n');
    Bytes::from(text)
}

impl Watching {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if !self.pending.is_empty() {
                return Some(Bytes::from(self.pending.drain(..).collect::<Vec<_>>().concat()));
            }
            if self.ended {
                return None;
            }
            // Waited for from before the look, so that no change falls between the two.
            let shared = Arc::clone(&self.shared);
            let changed = shared.changed.notified();
            let reveals_at = self.collect();
            if self.ended || !self.pending.is_empty() {
                continue;
            }
            let wake_at = [reveals_at, self.ends_at, self.bookmark_at]
                .into_iter()
                .flatten()
                .min();
            let timer = async {
                match wake_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = changed => {}
                () = timer => {}
            }
        }
    }

    /// Gathers what may be shown now; answers when the next hidden change appears by itself.
    fn collect(&mut self) -> Option<Instant> {
        let shared = Arc::clone(&self.shared);
        let state = shared.lock();
        let store = &state.store;
        if store.cuts != self.cuts || !store.types.contains_key(&self.resource.qualified()) {
            self.ended = true;
            return None;
        }
        if store.expiries != self.expiries {
            self.pending.push(line(
                "ERROR",
                &Refusal::expired(self.revision, store.revision).body(),
            ));
            self.ended = true;
            return None;
        }
        let (visible, reveals_at) = store.visible();
        let qualified = self.resource.qualified();
        for change in store
            .changes_after(self.revision)
            .iter()
            .take_while(|change| change.revision <= visible)
        {
            let (resource, namespace, name) = &change.key;
            if *resource == qualified && self.selector.selects(namespace, name) {
                self.pending.push(line(
                    change.kind.as_str(),
                    &present(&change.object, self.metadata_only),
                ));
            }
        }
        self.revision = self.revision.max(visible);
        let now = Instant::now();
        if self.bookmark_at.is_some_and(|at| at <= now) {
            self.bookmark_at = Some(now + BOOKMARK_INTERVAL);
            let (api_version, kind) = if self.metadata_only {
                ("meta.k8s.io/v1".to_owned(), "PartialObjectMetadata")
            } else {
                (self.resource.api_version(), self.resource.kind.as_str())
            };
            let metadata = json!({ "resourceVersion": self.revision.to_string(), "creationTimestamp": null });
            let object = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata });
            self.pending.push(line("BOOKMARK", &object));
        }
        if self.ends_at.is_some_and(|at| at <= now) {
            self.ended = true;
        }
        reveals_at
    }
}
