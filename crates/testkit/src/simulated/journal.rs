//! What tests see of the requests (the journal) and how they disturb them (faults).

use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    MergePatch,
    JsonPatch,
    Apply,
    Delete,
    /// For a token of a service account.
    Token,
    /// A request that the simulation does not know.
    Unexpected,
}

impl Verb {
    /// Whether the request may change an object.
    #[must_use]
    pub fn is_write(self) -> bool {
        !matches!(
            self,
            Self::Get | Self::List | Self::Watch | Self::Token | Self::Unexpected
        )
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::MergePatch => "merge-patch",
            Self::JsonPatch => "json-patch",
            Self::Apply => "apply",
            Self::Delete => "delete",
            Self::Token => "token",
            Self::Unexpected => "unexpected",
        })
    }
}

/// A request as a [`FaultHook`] sees it, before anything happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The name that the client was made with.
    pub client: String,
    /// What it does.
    pub verb: Verb,
    /// `plural.group`, or the plural alone in the core group.
    pub resource: String,
    /// `status`, or empty.
    pub subresource: String,
    /// Empty in cluster scope and for all namespaces.
    pub namespace: String,
    /// Empty for lists and watches of a collection.
    pub name: String,
    /// How many requests with the same verb, resource, subresource, namespace and name there were, from 1.
    pub occurrence: u64,
}

impl fmt::Display for Call {
    /// One line without spaces in its parts, fit to name a fault: `apply things.example.dev/status demo/one #2`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.resource)?;
        if !self.subresource.is_empty() {
            write!(formatter, "/{}", self.subresource)?;
        }
        write!(
            formatter,
            " {}/{} #{}",
            self.namespace, self.name, self.occurrence
        )
    }
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing: it is served.
    #[default]
    Continue,
    /// An error answer, and no effect.
    Answer {
        /// HTTP status.
        status: u16,
        /// `reason` of the Status object.
        reason: String,
        /// Seconds of the `Retry-After` header.
        retry_after: Option<u32>,
    },
    /// The effect takes place, and the client is told an error.
    AnswerAfter {
        /// HTTP status.
        status: u16,
        /// `reason` of the Status object.
        reason: String,
    },
    /// The connection breaks before the effect.
    Cut,
    /// The effect takes place, then the connection breaks.
    CutAfter,
    /// No effect and no answer, ever: a process that died before the request left.
    Hang,
    /// The effect takes place and no answer comes, ever: a process that died with the request in flight.
    HangAfter,
    /// It is served after this time.
    Delay(Duration),
}

impl Fault {
    /// An error answer without effect and without `Retry-After`.
    #[must_use]
    pub fn answer(status: u16, reason: &str) -> Self {
        Self::Answer {
            status,
            reason: reason.to_owned(),
            retry_after: None,
        }
    }
}

/// Decides the fate of each request. It is called once per request, in their order.
pub trait FaultHook: Send + Sync {
    /// The fate of this request.
    fn on_request(&self, call: &Call) -> Fault;
}

impl<F: Fn(&Call) -> Fault + Send + Sync> FaultHook for F {
    fn on_request(&self, call: &Call) -> Fault {
        self(call)
    }
}

/// One request of the journal.
#[derive(Debug, Clone)]
pub struct JournalEntry {
    /// Position in the journal, from 1.
    pub sequence: u64,
    /// The server's clock when the request came.
    pub time: jiff::Timestamp,
    /// The request.
    pub call: Call,
    /// `fieldManager`, or empty.
    pub manager: String,
    /// The body that was sent.
    pub body: Option<Value>,
    /// HTTP status of the answer, `None` while there is none or when the connection was cut.
    pub status: Option<u16>,
    /// The request changed an object.
    pub changed: bool,
    /// What disturbed it.
    pub fault: Fault,
}
