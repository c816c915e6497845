//! Long-running operations: what a write began, where its status is read, and how it ends.
//!
//! Owns the forms of operation URLs and of their answers. The effects of an operation's end are in `crate::completion`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a provider puts the status of its operations.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum OperationStyle {
    /// `…/providers/NS/locations/{region}/operations/{guid}`, and `operationResults` for a DELETE's `Location`.
    Network,
    /// `…/providers/NS/locations/{region}/asyncoperations/{guid}?monitor=true` in `Location` alone; 202 while it runs, then
    /// the resource.
    Location,
    /// `/subscriptions/S/operationresults/{base64}` in `Location` alone: the deletion of a resource group.
    ResourceGroup,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum OperationKind {
    Create,
    Update,
    Delete,
}

/// How far an operation is.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub enum Progress {
    Running,
    Succeeded,
    /// `Failed` or `Canceled`, with code and message.
    Ended { status: String, code: String, message: String },
}

/// One operation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Operation {
    /// The last segment of its URLs.
    pub name: String,
    pub style: OperationStyle,
    pub kind: OperationKind,
    /// The provider's own name for what runs, for instance `PutSubnetOperation`.
    pub label: String,
    /// The resource's id.
    pub target: String,
    pub subscription: String,
    pub namespace: String,
    pub location: String,
    pub api_version: String,
    pub started: Timestamp,
    pub due: Timestamp,
    /// Seconds that a client is told to wait between polls.
    pub retry_after: u64,
    pub progress: Progress,
    /// How it is going to end, when not well.
    pub will_end: Option<Progress>,
}

impl Operation {
    /// Whether its end is still to come.
    pub fn is_running(&self) -> bool {
        self.progress == Progress::Running
    }
}
