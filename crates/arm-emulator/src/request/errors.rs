//! Errors as ARM's gateway and the network provider word them.
//!
//! Codes and messages are Azure's own wherever they are known; a client that matches on them must find them here.

use serde_json::{Value, json};

/// Who refuses: it shows in the body's form and in the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// ARM itself: `X-Ms-Failure-Cause: gateway`.
    Gateway,
    /// `Microsoft.Network`: the body has `details`, empty or not.
    Network,
    /// Private DNS: the body has no `error` around code and message.
    PrivateDns,
    /// Any other provider.
    Provider,
}

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) details: Vec<(String, String)>,
    pub(crate) source: Source,
    /// Whether the client hears of it from an operation that fails, and not at once.
    pub(crate) by_operation: bool,
    /// The body, where it is unlike all others.
    pub(crate) whole: Option<Box<Value>>,
    /// Further headers; a `content-type` among them is that of the body.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Failure {
    fn new(source: Source, status: u16, code: &str, message: String) -> Self {
        Failure {
            status,
            code: code.to_owned(),
            message,
            details: Vec::new(),
            source,
            by_operation: false,
            whole: None,
            headers: Vec::new(),
        }
    }

    pub(crate) fn gateway(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::new(Source::Gateway, status, code, message.into())
    }

    pub(crate) fn network(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::new(Source::Network, status, code, message.into())
    }

    pub(crate) fn provider(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::new(Source::Provider, status, code, message.into())
    }

    pub(crate) fn private_dns(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::new(Source::PrivateDns, status, code, message.into())
    }

    /// The same, but heard of from an operation that fails.
    pub(crate) fn by_operation(mut self) -> Self {
        self.by_operation = true;
        self
    }

    pub(crate) fn detail(mut self, code: &str, message: impl Into<String>) -> Self {
        self.details.push((code.to_owned(), message.into()));
        self
    }

    /// The body.
    pub(crate) fn body(&self) -> Value {
        if let Some(whole) = &self.whole {
            return Value::clone(whole);
        }
        let mut error = json!({"code": self.code, "message": self.message});
        if self.source == Source::PrivateDns {
            return error;
        }
        if (self.source == Source::Network || !self.details.is_empty())
            && let Some(fields) = error.as_object_mut()
        {
            let details = self
                .details
                .iter()
                .map(|(code, message)| json!({"code": code, "message": message}))
                .collect();
            fields.insert("details".to_owned(), Value::Array(details));
        }
        json!({"error": error})
    }
}

pub(crate) fn method_not_allowed(method: &str) -> Failure {
    Failure::gateway(
        405,
        "MethodNotAllowed",
        format!("The requested resource does not support http method '{method}'."),
    )
}

/// `named` is `Microsoft.Network/virtualNetworks/x`: type and names interleaved.
pub(crate) fn resource_not_found(named: &str, group: &str) -> Failure {
    Failure::gateway(
        404,
        "ResourceNotFound",
        format!(
            "The Resource '{named}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        ),
    )
}

/// ARM behaviour: a child of a network resource that exists is looked for, and missed, by the provider and not by the gateway.
pub(crate) fn network_child_not_found(id: &str) -> Failure {
    Failure::network(404, "NotFound", format!("Resource {id} not found."))
}

pub(crate) fn group_not_found(group: &str) -> Failure {
    Failure::gateway(
        404,
        "ResourceGroupNotFound",
        format!("Resource group '{group}' could not be found."),
    )
}

pub(crate) fn parent_not_found(verb: &str, relative_type: &str, parent: &str) -> Failure {
    Failure::gateway(
        404,
        "ParentResourceNotFound",
        format!(
            "Failed to perform '{verb}' on resource(s) of type '{relative_type}', because the parent resource '{parent}' could not be found."
        ),
    )
}

pub(crate) fn subscription_not_found(subscription: &str) -> Failure {
    Failure::gateway(
        404,
        "SubscriptionNotFound",
        format!("The subscription '{subscription}' could not be found."),
    )
}

/// ARM behaviour: what is no GUID is not looked for.
pub(crate) fn invalid_subscription(subscription: &str) -> Failure {
    Failure::gateway(
        400,
        "InvalidSubscriptionId",
        format!("The provided subscription identifier '{subscription}' is malformed or invalid."),
    )
}

pub(crate) fn invalid_reference(target: &str, source: &str) -> Failure {
    Failure::network(
        400,
        "InvalidResourceReference",
        format!(
            "Resource {target} referenced by resource {source} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
        ),
    )
}

pub(crate) fn another_operation(operation_url: &str) -> Failure {
    Failure::network(
        409,
        "AnotherOperationInProgress",
        format!(
            "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: {operation_url}."
        ),
    )
}

/// ARM behaviour: 429 without `Retry-After` when a write refers to a resource that is itself being written.
pub(crate) fn reference_not_provisioned(target: &str, source: &str, operation: &str) -> Failure {
    Failure::network(429, "RetryableError", "A retryable error occurred.").detail(
        "ReferencedResourceNotProvisioned",
        format!(
            "Cannot proceed with operation because resource {target} used by resource {source} is not in Succeeded state. Resource is in Updating state and the last operation that updated/is updating the resource is {operation}."
        ),
    )
}

pub(crate) fn precondition_failed(etag: &str, id: &str) -> Failure {
    Failure::network(
        412,
        "PreconditionFailed",
        format!(
            "Precondition failed. Etag provided in if-match header {etag} does not match etag of the resource {id}."
        ),
    )
}

/// ARM behaviour: the network provider's words for a body in which something is missing that names a part of it.
pub(crate) fn unparsed() -> Failure {
    Failure::network(400, "InvalidRequestFormat", "Cannot parse the request.")
}

/// ARM behaviour: the network provider's words for a body whose form is wrong; `detail` names the place.
pub(crate) fn invalid_format(detail_code: &str, detail: impl Into<String>) -> Failure {
    unparsed().detail(detail_code, detail)
}

/// ARM behaviour: a body with two parts of one name cannot be parsed, before anybody knows whose it is: the resource's id has no
/// names in it.
pub(crate) fn duplicate_name(id: &str, name: &str) -> Failure {
    invalid_format(
        "DuplicateResourceName",
        format!(
            "Resource {} has two child resources with the same name ({name}).",
            without_names(id)
        ),
    )
}

/// An id with its words alone: `/subscriptions//resourceGroups//providers/Microsoft.Network/virtualNetworks/`.
fn without_names(id: &str) -> String {
    let words: Vec<&str> = id
        .split('/')
        .enumerate()
        .map(|(number, segment)| match number {
            2 | 4 => "",
            number if number >= 8 && number % 2 == 0 => "",
            _ => segment,
        })
        .collect();
    words.join("/")
}

/// ARM behaviour: 404; what there is not is told as a type, and without versions.
pub(crate) fn no_such_type(resource_type: &str, version: &str) -> Failure {
    let namespace = resource_type.split('/').next().unwrap_or_default();
    Failure::gateway(
        404,
        "InvalidResourceType",
        format!(
            "The resource type could not be found in the namespace '{namespace}' for api version '{version}'."
        ),
    )
}

/// ARM behaviour: 404, with the versions that there are, oldest first.
pub(crate) fn no_such_version(resource_type: &str, version: &str, known: &[&str]) -> Failure {
    let (namespace, short) = resource_type.split_once('/').unwrap_or((resource_type, ""));
    Failure::gateway(
        404,
        "InvalidResourceType",
        format!(
            "The resource type '{short}' could not be found in the namespace '{namespace}' for api version '{version}'. The supported api-versions are '{}'.",
            known.join(",")
        ),
    )
}
