//! The Azure side: resource ids, clouds, credentials, the client of Azure Resource Manager (ARM) and its request
//! budget, and the service catalogue. Knows no Kubernetes.
//!
//! Nothing here retries by itself (but for one fresh token after a 401), or sleeps (but for a turn that comes within two
//! seconds): how long to wait is always told to
//! the caller. A token goes to the cloud's own hosts only, and neither errors nor logs ever hold one.

#![expect(
    clippy::result_large_err,
    reason = "an error carries all that Azure said; it is rare, and moved once"
)]

mod assertion;
mod body;
mod budget;
pub mod catalogue;
mod client;
mod clock;
mod cloud;
mod credential;
mod error;
mod error_body;
mod exchange;
mod limiter;
pub mod model;
pub mod models;
mod options;
mod page;
mod pinning;
mod poll;
pub mod redaction;
mod reply;
mod resource_id;
mod retry_after;
mod token;
mod token_failure;
mod transport;

pub use azure_core::credentials::Secret;

pub use assertion::{AssertionSource, EXCHANGE_AUDIENCE, NoAssertion};
pub use budget::{Blocked, BudgetLeft, LimitsSeen, OperationClass, RequestBudget, RequestClass};
pub use client::ArmClient;
pub use clock::Clock;
pub use cloud::{Cloud, InvalidCloud};
pub use credential::{CredentialChoice, CredentialKind, InvalidCredential, ManagedIdentity};
pub use error::{ArmError, ArmErrorKind, ErrorDetail};
pub use options::{ArmClientOptions, RequestObserver, WritePermit};
pub use pinning::{MAX_OPERATION_URL_LENGTH, OperationUrl, RefusedUrl, check_host, pinned_link};
pub use reply::{ListTarget, Poll, Precondition, Priority, Reply};
pub use resource_id::{InvalidResourceId, MAX_RESOURCE_ID_LENGTH, ResourceId};
pub use retry_after::MAX_RETRY_AFTER;
pub use transport::{InvalidTransport, transport};
