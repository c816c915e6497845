//! The errors of the API server: what a `metav1.Status` with `status: Failure` says.

use serde_json::{Value, json};

use super::resource::ResourceType;

/// A request that the API server refuses, with the HTTP status and the reason it gives.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code} {reason}: {message}")]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// `reason` of the Status object, for example `Conflict`; empty where the server gives none.
    pub reason: String,
    /// `message` of the Status object.
    pub message: String,
    /// `details` of the Status object, where the server gives any.
    pub details: Option<Value>,
}

impl Refusal {
    /// A refusal without details.
    pub fn new(code: u16, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
            message: message.into(),
            details: None,
        }
    }

    /// The Status object that the server answers.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if let (false, Some(object)) = (self.reason.is_empty(), status.as_object_mut()) {
            object.insert("reason".to_owned(), json!(self.reason));
        }
        if let (Some(details), Some(object)) = (&self.details, status.as_object_mut()) {
            object.insert("details".to_owned(), details.clone());
        }
        status
    }

    fn about(mut self, resource: &ResourceType, name: &str) -> Self {
        let mut details = json!({ "name": name, "kind": resource.plural });
        if let (false, Some(object)) = (resource.group.is_empty(), details.as_object_mut()) {
            object.insert("group".to_owned(), json!(resource.group));
        }
        self.details = Some(details);
        self
    }

    pub(super) fn not_found(resource: &ResourceType, name: &str) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} \"{name}\" not found", resource.qualified()),
        )
        .about(resource, name)
    }

    pub(super) fn already_exists(resource: &ResourceType, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{} \"{name}\" already exists", resource.qualified()),
        )
        .about(resource, name)
    }

    /// The answer to a write that names a resourceVersion that is not the current one.
    pub(super) fn stale(resource: &ResourceType, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub(super) fn conflict(resource: &ResourceType, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            resource.qualified()
        );
        Self::new(409, "Conflict", message).about(resource, name)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// `422 Invalid` with one cause per field; each cause is (field, reason, message).
    pub(super) fn invalid(resource: &ResourceType, name: &str, causes: &[(String, &str, String)]) -> Self {
        let listed: Vec<String> = causes
            .iter()
            .map(|(field, _, message)| format!("{field}: {message}"))
            .collect();
        let listed = match listed.as_slice() {
            [only] => only.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let subject = if resource.group.is_empty() {
            resource.kind.clone()
        } else {
            format!("{}.{}", resource.kind, resource.group)
        };
        let mut details = json!({
            "name": name,
            "kind": resource.kind,
            "causes": causes
                .iter()
                .map(|(field, reason, message)| json!({ "reason": reason, "message": message, "field": field }))
                .collect::<Vec<_>>(),
        });
        if let (false, Some(object)) = (resource.group.is_empty(), details.as_object_mut()) {
            object.insert("group".to_owned(), json!(resource.group));
        }
        Self {
            code: 422,
            reason: "Invalid".to_owned(),
            message: format!("{subject} \"{name}\" is invalid: {listed}"),
            details: Some(details),
        }
    }

    /// `410 Gone`, which tells a client to list again.
    pub(super) fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(
            410,
            "Expired",
            format!("too old resource version: {asked} ({oldest})"),
        )
    }

    /// A request that nothing in the controller sends: the simulation does not know what the server would do.
    pub(super) fn unexpected(what: impl std::fmt::Display) -> Self {
        Self::new(
            501,
            "NotImplemented",
            format!("the simulated API does not know this request: {what}"),
        )
    }
}
