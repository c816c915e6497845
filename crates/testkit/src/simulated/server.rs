//! The `tower` service: one request in, one answer out, with faults between.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::{Value, json};

use super::deletion::Preconditions;
use super::journal::{Call, Fault, JournalEntry, Verb};
use super::patch::{json_patch, merge_patch};
use super::read::present;
use super::refusal::Refusal;
use super::request::ApiRequest;
use super::token_request;
use super::watch;
use super::write::Target;
use super::{Shared, State};

type AnswerBody = UnsyncBoxBody<Bytes, std::io::Error>;
type Answer = Response<AnswerBody>;

/// A connection to the simulated API, for [`kube::Client::new`].
#[derive(Clone)]
pub struct SimulatedService {
    pub(super) shared: Arc<Shared>,
    pub(super) client: String,
}

impl tower::Service<Request<kube::client::Body>> for SimulatedService {
    type Response = Answer;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, std::io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        Box::pin(self.clone().serve(request))
    }
}

fn cut() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::ConnectionReset, "connection reset (injected)")
}

impl SimulatedService {
    async fn serve(self, request: Request<kube::client::Body>) -> Result<Answer, std::io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await.map_err(std::io::Error::other)?;
        let parsed = ApiRequest::parse(&parts, &body);
        let (entry, call) = self.record(&parts, &parsed);
        let hook = self.shared.hook();
        let fault = hook.map_or(Fault::Continue, |hook| hook.on_request(&call));
        self.note(entry, |journal| journal.fault = fault.clone());
        match &fault {
            Fault::Answer {
                status,
                reason,
                retry_after,
            } => {
                let refusal = Refusal::new(*status, reason.clone(), "injected fault");
                self.note(entry, |journal| journal.status = Some(*status));
                return Ok(refuse(&refusal, *retry_after));
            }
            Fault::Cut => return Err(cut()),
            Fault::Hang => return std::future::pending().await,
            Fault::Delay(time) => tokio::time::sleep(*time).await,
            Fault::Continue | Fault::AnswerAfter { .. } | Fault::CutAfter | Fault::HangAfter => {}
        }
        let (answer, changed) = match parsed.and_then(|request| self.perform(&request)) {
            Ok(done) => done,
            Err(refusal) => {
                if refusal.code == 501 {
                    let what = format!("{} {}: {}", parts.method, parts.uri, refusal.message);
                    self.shared.lock().unexpected.push(what);
                }
                (refuse(&refusal, None), false)
            }
        };
        let status = answer.status().as_u16();
        self.note(entry, |journal| journal.changed = changed);
        match fault {
            Fault::CutAfter => Err(cut()),
            Fault::HangAfter => std::future::pending().await,
            Fault::AnswerAfter { status, reason } => {
                self.note(entry, |journal| journal.status = Some(status));
                Ok(refuse(&Refusal::new(status, reason, "injected fault"), None))
            }
            _ => {
                self.note(entry, |journal| journal.status = Some(status));
                Ok(answer)
            }
        }
    }

    fn record(&self, parts: &http::request::Parts, parsed: &Result<ApiRequest, Refusal>) -> (u64, Call) {
        let mut state = self.shared.lock();
        let state: &mut State = &mut state;
        let mut call = match parsed {
            Ok(request) => Call {
                client: self.client.clone(),
                verb: request.verb,
                resource: if request.group.is_empty() {
                    request.plural.clone()
                } else {
                    format!("{}.{}", request.plural, request.group)
                },
                subresource: if request.status {
                    "status".to_owned()
                } else {
                    String::new()
                },
                namespace: request.namespace.clone(),
                name: request.name.clone(),
                occurrence: 0,
            },
            Err(_) => Call {
                client: self.client.clone(),
                verb: Verb::Unexpected,
                resource: parts.uri.path().to_owned(),
                subresource: String::new(),
                namespace: String::new(),
                name: String::new(),
                occurrence: 0,
            },
        };
        if let (Verb::Create, Ok(request)) = (call.verb, parsed) {
            let name = request.body.as_ref().map(super::object::name).unwrap_or_default();
            name.clone_into(&mut call.name);
        }
        let counter = state
            .occurrences
            .entry(Call {
                client: String::new(),
                ..call.clone()
            })
            .or_insert(0);
        *counter += 1;
        call.occurrence = *counter;
        let sequence = state.journal.len() as u64 + 1;
        let request = parsed.as_ref().ok();
        state.journal.push(JournalEntry {
            sequence,
            time: state.store.time(),
            call: call.clone(),
            manager: request
                .and_then(|request| request.parameter("fieldManager"))
                .unwrap_or_default()
                .to_owned(),
            body: request.and_then(|request| request.body.clone()),
            status: None,
            changed: false,
            fault: Fault::Continue,
        });
        (sequence, call)
    }

    fn note(&self, sequence: u64, change: impl FnOnce(&mut JournalEntry)) {
        let mut state = self.shared.lock();
        if let Some(entry) = state
            .journal
            .iter_mut()
            .rev()
            .find(|entry| entry.sequence == sequence)
        {
            change(entry);
        }
    }

    /// Before anything else is said about a request. Tokens have a Role for each account, see
    /// [`super::SimulatedApi::set_service_account`].
    fn authorize(&self, state: &mut State, request: &ApiRequest) -> Result<(), Refusal> {
        if request.verb == Verb::Token {
            return Ok(());
        }
        let State {
            store,
            rights: Some(rights),
            used,
            forbidden,
            ..
        } = state
        else {
            return Ok(());
        };
        // An update or an apply of what is not there would make it.
        let makes = matches!(request.verb, Verb::Update | Verb::Apply)
            && !request.status
            && store
                .resource(&request.group, &request.version, &request.plural)
                .is_some_and(|resource| {
                    (request.verb == Verb::Apply || resource.create_on_update)
                        && store.get(&resource, &request.namespace, &request.name).is_err()
                });
        match rights.admit(&self.client, request, makes) {
            Ok(rights) => {
                for right in rights {
                    if !used.contains(right) {
                        used.insert(right.clone());
                    }
                }
                Ok(())
            }
            Err(refusal) => {
                forbidden.push(refusal.message.clone());
                Err(refusal)
            }
        }
    }

    fn perform(&self, request: &ApiRequest) -> Result<(Answer, bool), Refusal> {
        let mut state = self.shared.lock();
        self.authorize(&mut state, request)?;
        let store = &mut state.store;
        if request.verb == Verb::Token {
            let asked = request.body.clone().unwrap_or_default();
            let token =
                token_request::answer(store, &self.client, &request.namespace, &request.name, &asked)?;
            return Ok((answer(201, &token), false));
        }
        let page_not_found = || Refusal::new(404, "", "404 page not found");
        let resource = match store.resource(&request.group, &request.version, &request.plural) {
            Some(resource) => resource,
            // A definition that is not installed is a state of the cluster; a group that nobody defined is not.
            None if store.custom_groups.contains(&request.group) => return Err(page_not_found()),
            None => {
                let what = format!("resource {} of group {:?}", request.plural, request.group);
                return Err(Refusal::unexpected(what));
            }
        };
        let collection = matches!(request.verb, Verb::List | Verb::Watch);
        if !collection && resource.namespaced == request.namespace.is_empty()
            || collection && !resource.namespaced && !request.namespace.is_empty()
            || request.status && !resource.status_subresource
        {
            return Err(page_not_found());
        }
        let body = || {
            request
                .body
                .clone()
                .ok_or_else(|| Refusal::bad_request("a body is required"))
        };
        let name = match request.verb {
            Verb::Create => request
                .body
                .as_ref()
                .map(super::object::name)
                .unwrap_or_default()
                .to_owned(),
            _ => request.name.clone(),
        };
        let target = Target {
            resource: std::sync::Arc::clone(&resource),
            namespace: request.namespace.clone(),
            name,
            status: request.status,
            manager: request
                .parameter("fieldManager")
                .unwrap_or(&self.client)
                .to_owned(),
        };
        let accepted = match request.verb {
            Verb::Get => {
                let object = store.get(&resource, &request.namespace, &request.name)?;
                return Ok((answer(200, &present(&object, request.metadata_only)), false));
            }
            Verb::List => return Ok((answer(200, &store.list(&resource, request)?), false)),
            Verb::Watch => {
                let stream = watch::open(&self.shared, store, resource, request)?;
                return Ok((respond(200, StreamBody::new(stream).boxed_unsync()), false));
            }
            Verb::Create => store.create(&target, body()?)?,
            Verb::Update => store.replace(&target, body()?)?,
            Verb::MergePatch => {
                let patch = body()?;
                store.patch(&target, |object| {
                    merge_patch(object, &patch);
                    Ok(())
                })?
            }
            Verb::JsonPatch => {
                let operations = body()?;
                let operations = operations
                    .as_array()
                    .ok_or_else(|| Refusal::bad_request("a JSON patch is a list"))?;
                store.patch(&target, |object| {
                    json_patch(object, operations).map_err(|why| {
                        let mut refusal = Refusal::new(
                            422,
                            "Invalid",
                            "the server rejected our request due to an error in our request",
                        );
                        refusal.details = Some(json!({
                            "causes": [{ "reason": "UnexpectedServerResponse", "message": why }],
                        }));
                        refusal
                    })
                })?
            }
            Verb::Apply => {
                if request.parameter("fieldManager").is_none() {
                    let why = "Required value: is required for apply patch";
                    let message = format!("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: {why}");
                    let mut refusal = Refusal::new(422, "Invalid", message);
                    refusal.details = Some(json!({
                        "group": "meta.k8s.io",
                        "kind": "PatchOptions",
                        "causes": [{ "reason": "FieldValueRequired", "message": why, "field": "fieldManager" }],
                    }));
                    return Err(refusal);
                }
                store.apply(&target, body()?, request.parameter("force") == Some("true"))?
            }
            Verb::Delete => {
                let text = |pointer: &str| {
                    request
                        .body
                        .as_ref()
                        .and_then(|body| super::object::text(body, pointer))
                        .map(str::to_owned)
                };
                let preconditions = Preconditions {
                    uid: text("/preconditions/uid"),
                    resource_version: text("/preconditions/resourceVersion"),
                };
                store.delete(&target, &preconditions)?
            }
            Verb::Token | Verb::Unexpected => return Err(Refusal::unexpected(request.verb)),
        };
        drop(state);
        if accepted.changed {
            self.shared.notify();
        }
        Ok((answer(accepted.code, &accepted.body), accepted.changed))
    }
}

fn respond(status: u16, body: AnswerBody) -> Answer {
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}

fn answer(status: u16, body: &Value) -> Answer {
    respond(
        status,
        Full::new(Bytes::from(body.to_string()))
            .map_err(|never| match never {})
            .boxed_unsync(),
    )
}

fn refuse(refusal: &Refusal, retry_after: Option<u32>) -> Answer {
    let mut response = answer(refusal.code, &refusal.body());
    if refusal.code == 404 && refusal.reason.is_empty() {
        // A path that no handler serves gets plain text.
        let text = Full::new(Bytes::from(format!("{}\n", refusal.message)));
        response = respond(404, text.map_err(|never| match never {}).boxed_unsync());
        let plain = http::HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(http::header::CONTENT_TYPE, plain);
    }
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, http::HeaderValue::from(seconds));
    }
    response
}
