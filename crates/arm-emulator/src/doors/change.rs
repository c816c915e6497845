//! Changes "by someone else": what another person or program does to resources, without sending requests of one's own.
//!
//! A change takes the same way as a client's request, so that it has the same effects; it is in the journal under
//! [`SOMEONE_ELSE`]. Its operation ends at once.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::Emulator;
use crate::body;
use crate::doors::wire::{Request, Response};
use crate::operations::Progress;
use crate::request::exchange;
use crate::request::place::Place;
use crate::state::State;
use crate::state::record::Facts;
use crate::targets::Target;
use crate::types;

/// The principal in whose name changes are made.
pub const SOMEONE_ELSE: &str = "someone-else";

/// The version for types of which none is known.
const API_VERSION: &str = "2025-05-01";

fn api_version_of(id: &str) -> &'static str {
    let known = Place::parse(id).and_then(|place| types::find(&place.resource_type).api_versions);
    known.map_or(API_VERSION, |known| known.newest)
}

/// One change: an id and exactly one of the other fields.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// The resource. For `connection` a private endpoint or a connection on a target.
    pub id: String,
    /// A JSON merge patch over what a GET answers.
    #[serde(default)]
    pub patch: Option<Value>,
    /// The whole body.
    #[serde(default)]
    pub put: Option<Value>,
    /// Deletes it.
    #[serde(default)]
    pub delete: bool,
    /// Approves, rejects or disconnects a private endpoint connection.
    #[serde(default)]
    pub connection: Option<ConnectionChange>,
    /// Adds a member to a target's group, as Azure does when a service grows.
    #[serde(default)]
    pub add_member: Option<MemberChange>,
    /// Deletes it and makes it again with the same body: what hung on it is lost.
    #[serde(default)]
    pub recreate: bool,
}

/// What the owner of a target does with a connection.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectionChange {
    pub status: ConnectionStatus,
    #[serde(default)]
    pub description: Option<String>,
}

/// The states of a connection that its target's owner decides.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum ConnectionStatus {
    Approved,
    Rejected,
    /// The connection is deleted on the target.
    Disconnected,
}

/// A member that a group of a target gets.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberChange {
    pub group_id: String,
    pub member: String,
    pub fqdn: String,
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ChangeError {
    pub code: String,
    pub message: String,
}

impl ChangeError {
    fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: "InvalidRequest".to_owned(),
            message: message.into(),
        }
    }
}

impl Emulator {
    /// Makes a change in someone else's name.
    ///
    /// # Errors
    /// ARM's code and message when the resource manager refuses it; `InvalidRequest` when it does not say exactly one thing.
    pub fn change(&self, change: Change) -> Result<(), ChangeError> {
        let Change {
            id,
            patch,
            put,
            delete,
            connection,
            add_member,
            recreate,
        } = change;
        privatelink_arm::ResourceId::parse(&id)
            .map_err(|error| ChangeError::invalid(format!("id: '{id}' is no resource id: {error}")))?;
        match (patch, put, delete, connection, add_member, recreate) {
            (Some(patch), None, false, None, None, false) => {
                let mut body = self.body_of(&id)?;
                body::merge(&mut body, &patch);
                self.someone_else(&Method::PUT, &id, Some(&body)).map(|_| ())
            }
            (None, Some(body), false, None, None, false) => {
                self.someone_else(&Method::PUT, &id, Some(&body)).map(|_| ())
            }
            (None, None, true, None, None, false) => {
                self.someone_else(&Method::DELETE, &id, None).map(|_| ())
            }
            (None, None, false, Some(connection), None, false) => self.decide_connection(&id, &connection),
            (None, None, false, None, Some(member), false) => self.grow_group(&id, member),
            (None, None, false, None, None, true) => {
                let body = self.body_of(&id)?;
                self.someone_else(&Method::DELETE, &id, None)?;
                self.someone_else(&Method::PUT, &id, Some(&body)).map(|_| ())
            }
            _ => Err(ChangeError::invalid(
                "give 'id' and exactly one of 'patch', 'put', 'delete', 'connection', 'addMember' and 'recreate'",
            )),
        }
    }

    /// Puts a resource in, in someone else's name; its operation has ended when this returns.
    ///
    /// # Errors
    /// ARM's code and message.
    pub fn put(&self, id: &str, body: &Value) -> Result<(), ChangeError> {
        self.someone_else(&Method::PUT, id, Some(body)).map(|_| ())
    }

    fn decide_connection(&self, id: &str, change: &ConnectionChange) -> Result<(), ChangeError> {
        let connection = if id.to_ascii_lowercase().contains("/privateendpointconnections/") {
            id.to_owned()
        } else {
            self.with(|inner, _| connection_of(&inner.state, id))
                .ok_or_else(|| ChangeError {
                    code: "NotFound".to_owned(),
                    message: format!("{id} is no private endpoint with a connection on a target"),
                })?
        };
        if change.status == ConnectionStatus::Disconnected {
            return self.someone_else(&Method::DELETE, &connection, None).map(|_| ());
        }
        let status = if change.status == ConnectionStatus::Approved {
            "Approved"
        } else {
            "Rejected"
        };
        let mut body = self.body_of(&connection)?;
        let decision = json!({"properties": {"privateLinkServiceConnectionState": {
            "status": status,
            "description": change.description.as_deref().unwrap_or(status),
        }}});
        body::merge(&mut body, &decision);
        // ARM behaviour: some providers take changes of connections by PATCH only.
        let parent = Place::parse(&connection).and_then(|place| Place::parse(&place.parent?));
        let target = parent.and_then(|parent| Target::of(&parent.resource_type));
        let method = if target.is_some_and(|target| target.update_by_patch) {
            Method::PATCH
        } else {
            Method::PUT
        };
        self.someone_else(&method, &connection, Some(&body)).map(|_| ())
    }

    fn grow_group(&self, id: &str, member: MemberChange) -> Result<(), ChangeError> {
        let key = id.to_ascii_lowercase();
        self.with(|inner, _| {
            if inner.state.get(&key).is_none() {
                return Err(ChangeError {
                    code: "ResourceNotFound".to_owned(),
                    message: format!("{id} does not exist"),
                });
            }
            let MemberChange {
                group_id,
                member,
                fqdn,
            } = member;
            let added = crate::state::AddedMember {
                group_id,
                member,
                fqdn,
            };
            crate::network::private_endpoint::grow(&mut inner.state, &key, added);
            Ok(())
        })
    }

    /// A resource as it could be put again: without what only the server sets.
    fn body_of(&self, id: &str) -> Result<Value, ChangeError> {
        let answer = self.someone_else(&Method::GET, id, None)?;
        let mut body: Value = serde_json::from_slice(&answer.body).map_err(|error| ChangeError {
            code: "InternalError".to_owned(),
            message: error.to_string(),
        })?;
        if let Some(fields) = body.as_object_mut() {
            for name in ["etag", "systemData"] {
                fields.remove(name);
            }
        }
        Ok(body)
    }

    /// Sends a request as an owner, past faults and limits, and ends the operation that it begins.
    fn someone_else(&self, method: &Method, id: &str, body: Option<&Value>) -> Result<Response, ChangeError> {
        let mut url = self.options().endpoint.clone();
        url.set_path(id);
        url.set_query(Some(&format!("api-version={}", api_version_of(id))));
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let now = self.wall_time();
        let token = self.with(|inner, _| inner.identity.someone_else(now));
        if let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}")) {
            headers.insert(header::AUTHORIZATION, value);
        }
        // Fault rules are for the requests of whoever is tested.
        let faults = self.with(|inner, _| std::mem::take(&mut inner.faults));
        let exchange = exchange::run(
            self,
            &Request {
                method: method.clone(),
                url,
                headers,
                body,
                peer: None,
            },
        );
        self.with(|inner, _| inner.faults = faults);
        let Some(response) = exchange.response else {
            return Err(ChangeError {
                code: "InternalError".to_owned(),
                message: "no answer".to_owned(),
            });
        };
        if response.status.is_success() {
            if let Some(refusal) = self.refused_by_operation(&response) {
                return Err(refusal);
            }
            self.end_operation(id);
            return Ok(response);
        }
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        // ARM behaviour: private DNS and others answer without `error` around it.
        let error = answer.get("error").unwrap_or(&answer);
        let text = |name: &str| body::text(error, name).unwrap_or_default().to_owned();
        Err(ChangeError {
            code: text("code"),
            message: text("message"),
        })
    }

    /// What the operation that a response names is going to fail with.
    fn refused_by_operation(&self, response: &Response) -> Option<ChangeError> {
        let url = response.headers.get("azure-asyncoperation")?.to_str().ok()?;
        let name = Url::parse(url).ok()?.path_segments()?.next_back()?.to_owned();
        self.with(
            |inner, _| match inner.state.operations.get(&name)?.will_end.clone()? {
                Progress::Ended { code, message, .. } => Some(ChangeError { code, message }),
                _ => None,
            },
        )
    }

    /// The operation on a resource is due now: it ends before the next request is looked at.
    fn end_operation(&self, id: &str) {
        let now = self.now();
        self.with(|inner, _| {
            if let Some(parent) = crate::request::place::parent_key(&id.to_ascii_lowercase()) {
                inner.state.lingering_links.remove(parent);
            }
            let name = inner
                .state
                .get(&id.to_ascii_lowercase())
                .and_then(|record| record.operation.clone());
            if let Some(mut operation) = name
                .and_then(|name| inner.state.operations.get(&name).cloned())
                .filter(|found| found.is_running())
            {
                operation.due = now;
                inner.state.begin(operation);
            }
        });
    }
}

/// The connection that a private endpoint has on its target.
fn connection_of(state: &State, endpoint: &str) -> Option<String> {
    match &state.get(&endpoint.to_ascii_lowercase())?.facts {
        Facts::Endpoint(facts) => facts.connection_id.clone(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_exactly_one_thing() {
        let read = |text: &str| serde_json::from_str::<Change>(text);
        assert!(
            read(r#"{"id": "/x", "patched": {}}"#)
                .unwrap_err()
                .to_string()
                .contains("unknown field `patched`")
        );
        assert!(
            read(r#"{"id": "/x", "connection": {"status": "Pending"}}"#)
                .unwrap_err()
                .to_string()
                .contains("unknown variant `Pending`")
        );
    }
}
