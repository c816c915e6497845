//! What callers give to the ARM client and get from it.

use std::time::Duration;

use serde_json::Value;

use crate::error::ArmError;
use crate::pinning::OperationUrl;
use crate::resource_id::ResourceId;

/// How urgent a request is, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    Delete,
    Create,
    Update,
    /// A read by somebody whose work has begun: what was asked for it already is lost where this has to wait.
    Continued,
    Poll,
    Read,
    /// A read that leads to no write, as far as is known.
    Drift,
}

/// The condition under which a write may take effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    #[default]
    None,
    /// Only while the resource still has this etag.
    IfMatch(String),
    /// Only where there is no resource yet.
    IfNoneMatchAny,
}

/// A successful answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The HTTP status; a DELETE of what is not there shows its 404 or 204 here.
    pub status: u16,
    /// A JSON object; always there for a GET.
    pub body: Option<Value>,
    /// From the header, else from the body.
    pub etag: Option<String>,
    /// How long Azure asks to wait before the next poll.
    pub retry_after: Option<Duration>,
    /// Where to ask how the operation goes: `Azure-AsyncOperation`, else `Location`.
    pub operation: Option<OperationUrl>,
    /// Why an operation URL was not taken: it leads to where the token must not go. The write itself took effect.
    pub operation_refused: Option<String>,
    pub correlation_id: String,
    /// `x-ms-request-id` of the answer.
    pub request_id: Option<String>,
}

/// One look at a long-running operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Poll {
    Running {
        retry_after: Option<Duration>,
    },
    Succeeded,
    Failed(ArmError),
    Canceled(ArmError),
    /// 404: Azure no longer knows the operation; the resource itself says what became of it.
    Gone,
}

/// What is listed: one type below a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListTarget {
    pub(crate) scope: ResourceId,
    pub(crate) path: String,
    pub(crate) resource_type: String,
}

impl ListTarget {
    /// All resources of a type, for instance `Microsoft.Network/privateEndpoints`, in a resource group.
    pub fn in_group(group: &ResourceId, resource_type: &str) -> Self {
        Self::of_provider(group, resource_type)
    }

    /// All resources of a type in a subscription.
    pub fn in_subscription(subscription: &ResourceId, resource_type: &str) -> Self {
        Self::of_provider(subscription, resource_type)
    }

    /// The children of one type, for instance the `subnets` of a virtual network.
    pub fn children(parent: &ResourceId, type_segment: &str) -> Self {
        ListTarget {
            scope: parent.clone(),
            path: type_segment.to_owned(),
            resource_type: format!("{}/{type_segment}", parent.resource_type()),
        }
    }

    /// How many resources a page is asked to have, where the usual page is small.
    ///
    /// ARM behaviour: lists in a private DNS zone have 100 to a page where nothing is said, and a zone takes 25,000 record
    /// sets and 100 lists a minute. The most that `$top` may say is not documented.
    pub(crate) fn page_size(&self) -> Option<&'static str> {
        let within = "microsoft.network/privatednszones/";
        let resource_type = self.resource_type.to_ascii_lowercase();
        resource_type.starts_with(within).then_some("1000")
    }

    fn of_provider(scope: &ResourceId, resource_type: &str) -> Self {
        ListTarget {
            scope: scope.clone(),
            path: format!("providers/{resource_type}"),
            resource_type: resource_type.to_owned(),
        }
    }
}
