//! What a request comes to, before it is put into HTTP.

use serde_json::Value;

/// An answer that is no refusal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    /// Whether it changed the store.
    pub(crate) changed: bool,
    /// The error code with which the operation that the answer names is going to fail.
    pub(crate) will_fail: Option<String>,
    /// Whether the generic resource answered.
    pub(crate) generic: bool,
}

impl Outcome {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Outcome {
            status,
            body: Some(body),
            ..Outcome::default()
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Outcome {
            status,
            ..Outcome::default()
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn changed(mut self, changed: bool) -> Self {
        self.changed = changed;
        self
    }
}
