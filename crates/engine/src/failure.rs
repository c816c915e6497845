//! What a failed call to Azure means for the object: which condition says so, and when to look again.

use std::time::Duration;

use privatelink_api::{ConditionType, Reason};
use privatelink_arm::models::private_link_resource::unpublished_approval;
use privatelink_arm::{ArmError, ArmErrorKind};

use crate::identity::ActingAs;
use crate::kind::{Finding, Truth};
use crate::status::with_correlation;

/// When an object is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Soon at first, then ever later.
    Backoff,
    /// After half a minute at first, then ever later: what only Azure knows may come at any time.
    Patiently,
    /// At the pace that Azure asked for.
    After(Duration),
    /// Seldom: a user must act, or somebody else.
    Slowly,
    /// Only when something relevant changes.
    OnChange,
}

/// What was being done when the call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    Reading,
    Writing,
    Polling,
}

/// A failure in the terms of conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub finding: Finding,
    pub retry: Retry,
    /// Nothing was asked of Azure yet: the call waits for its turn within the request limits.
    pub waits_for_turn: bool,
}

/// Codes by which Azure says that something referred to is not there, or not there yet.
const MISSING_REFERENCE: [&str; 5] = [
    "InvalidResourceReference",
    "ResourceGroupNotFound",
    "ParentResourceNotFound",
    "ReferencedResourceNotProvisioned",
    "ResourceNotFound",
];

/// What to do about an answer that Azure does not give.
const NOT_AZURE: &str = "; this is no answer of Azure's: where it stays, a proxy or gateway on the way answers in its place; have it let the controller's requests to Azure Resource Manager through, or correct HTTPS_PROXY and NO_PROXY of the controller (proxy of the chart)";

/// Explains a failure of a call that was made as somebody.
pub(crate) fn explain(error: &ArmError, doing: Doing, who: &ActingAs) -> Failure {
    let wait = |otherwise| error.retry_after.map_or(otherwise, Retry::After);
    let code = error.code.to_ascii_lowercase();
    let quota = [
        "quota",
        "limitexceeded",
        "limitreached",
        "subnetisfull",
        "toomany",
    ]
    .iter()
    .any(|word| code.contains(word));
    let (reason, retry, remedy) = match error.kind {
        ArmErrorKind::Throttled | ArmErrorKind::BudgetExhausted => {
            (Reason::Throttled, wait(Retry::Backoff), "")
        }
        ArmErrorKind::Busy => (Reason::ParentBusy, wait(Retry::Backoff), ""),
        ArmErrorKind::Credential | ArmErrorKind::Unauthorized => (
            Reason::IdentityFailed,
            Retry::Slowly,
            "; check the controller's Azure credential (client id, tenant id, federated credential or secret)",
        ),
        ArmErrorKind::Forbidden if code == "requestdisallowedbypolicy" => (
            Reason::Forbidden,
            Retry::Slowly,
            "; an Azure Policy assignment forbids it: change spec, or ask the owner of the policy (Azure names the assignment) for an exemption; where the owners of the platform keep private DNS zones themselves, do not make one: refer to theirs by id, or set spec.dns.mode: Adopt or External on the endpoint",
        ),
        ArmErrorKind::Forbidden if unpublished_approval(&error.message).is_some() => (
            Reason::Forbidden,
            Retry::Slowly,
            "; the target's provider has published no such action, so that no custom role can have it: create a new object with spec.target.approval: Manual, which the target's owner approves, or give {who} a role on the target that has all its actions, such as Contributor",
        ),
        ArmErrorKind::Forbidden if code == "linkedauthorizationfailed" => (
            Reason::Forbidden,
            Retry::Slowly,
            "; give {who} a role with this action on the linked resource that Azure names",
        ),
        ArmErrorKind::Forbidden => (
            Reason::Forbidden,
            Retry::Slowly,
            "; give {who} a role with this action at this scope",
        ),
        _ if code == "subnetisfull" => (
            Reason::QuotaExceeded,
            Retry::Slowly,
            "; free addresses in the subnet or give it a larger prefix, or create a new object with another spec.subnet",
        ),
        _ if quota => (
            Reason::QuotaExceeded,
            Retry::Slowly,
            "; ask for a higher limit or free some of it",
        ),
        _ if MISSING_REFERENCE
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&error.code)) =>
        {
            (
                Reason::DependencyNotReady,
                Retry::Patiently,
                "; it is looked for again",
            )
        }
        _ if error
            .message
            .to_ascii_lowercase()
            .contains("overlapping namespaces") =>
        {
            (
                Reason::Conflict,
                Retry::Slowly,
                "; the network is linked to another zone of this name, and clients can ask one only: put the records into that zone (refer to it by id), or remove its link",
            )
        }
        // Azure says which others, and the one or the other of them may be on its way out.
        _ if code.starts_with("inuse") && code.ends_with("cannotbedeleted") => (
            Reason::InUse,
            Retry::Patiently,
            "; take it out of use there first: the deletion is tried again",
        ),
        ArmErrorKind::Invalid if doing == Doing::Writing => (
            Reason::InvalidSpec,
            Retry::Slowly,
            "; change spec accordingly, or create a new object where the field cannot be changed",
        ),
        ArmErrorKind::Conflict if code == "invalidresourcelocation" => (
            Reason::Conflict,
            Retry::Slowly,
            "; choose another spec.azureName or spec.resourceGroup",
        ),
        ArmErrorKind::Conflict
            if code == "conflict" && !error.message.to_ascii_lowercase().contains("pending") =>
        {
            (
                Reason::Conflict,
                Retry::Slowly,
                "; change spec, or what is in the way in Azure",
            )
        }
        ArmErrorKind::Conflict if code == "cannotdeleteresource" => (
            Reason::InUse,
            Retry::Patiently,
            "; delete what lives in it first, or keep the resource with deletionPolicy: Retain",
        ),
        ArmErrorKind::Conflict if code == "scopelocked" => (
            Reason::Forbidden,
            Retry::Slowly,
            "; a lock in Azure forbids it: remove the lock or keep the resource with deletionPolicy: Retain",
        ),
        ArmErrorKind::Conflict if code == "missingsubscriptionregistration" => (
            Reason::Forbidden,
            Retry::Slowly,
            "; register the resource provider in this subscription",
        ),
        ArmErrorKind::Malformed | ArmErrorKind::ForeignHost => {
            (Reason::Retrying, wait(Retry::Backoff), NOT_AZURE)
        }
        ArmErrorKind::Server if error.message.contains("a web page") => {
            (Reason::Retrying, wait(Retry::Backoff), NOT_AZURE)
        }
        _ => (Reason::Retrying, wait(Retry::Backoff), ""),
    };
    let remedy = remedy.replace("{who}", &who.grantee());
    let verb = match doing {
        Doing::Reading => "reading from Azure failed",
        Doing::Writing => "Azure did not take the change",
        Doing::Polling => "asking for the state of an operation failed",
    };
    let condition = match reason {
        Reason::IdentityFailed => ConditionType::Accepted,
        Reason::DependencyNotReady => ConditionType::ResolvedRefs,
        _ => ConditionType::Programmed,
    };
    let message = if error.kind == ArmErrorKind::BudgetExhausted {
        "waits for its turn within the request limits of Azure Resource Manager".to_owned()
    } else {
        with_correlation(
            &format!("{verb}: {}: {}{remedy}", error.code, error.message),
            error.correlation_id.as_deref(),
        )
    };
    Failure {
        finding: Finding::new(condition, Truth::False, reason, message),
        retry,
        waits_for_turn: error.kind == ArmErrorKind::BudgetExhausted,
    }
}

/// How long to wait after a number of failures in a row, in a range that `jitter` (0 to 1) chooses from.
pub fn backoff(failures: u32, jitter: f64) -> Duration {
    let base = Duration::from_secs(1 << failures.min(8)).min(Duration::from_secs(240));
    base.mul_f64(0.75 + 0.5 * jitter.clamp(0.0, 1.0))
}

/// How long to wait for what only Azure knows: half a minute, then up to 5 minutes.
pub fn patiently(failures: u32, jitter: f64) -> Duration {
    let base = Duration::from_secs(30 << failures.min(3));
    base.mul_f64(1.0 + 0.25 * jitter.clamp(0.0, 1.0))
}

/// How long to wait where a user must act: 5 to 10 minutes.
pub fn slowly(jitter: f64) -> Duration {
    Duration::from_secs(300).mul_f64(1.0 + jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::OwnIdentity;

    #[test]
    fn the_identity_that_acted_is_to_get_the_role() {
        let own = |client_id: Option<&str>| {
            ActingAs::Controller(OwnIdentity {
                client_id: client_id.map(str::to_owned),
                token_file: None,
            })
        };
        let account = ActingAs::ServiceAccount {
            namespace: "platform".to_owned(),
            name: "orders-azure".to_owned(),
            client_id: "client-2".to_owned(),
            tenant_id: "tenant-1".to_owned(),
        };
        for (who, named) in [
            (
                own(Some("client-1")),
                "give the controller's identity (client id client-1) a role",
            ),
            (own(None), "give the controller's identity a role"),
            (account, "give the scope's identity (client id client-2) a role"),
            (
                ActingAs::ManagedIdentity("id-orders".to_owned()),
                "give the scope's managed identity id-orders a role",
            ),
        ] {
            let unpublished = "does not have authorization to perform action 'Microsoft.Storage/storageAccounts/privateEndpointConnectionsApproval/action'";
            for (code, message) in [
                ("AuthorizationFailed", "denied"),
                ("AuthorizationFailed", unpublished),
                ("LinkedAuthorizationFailed", "denied"),
            ] {
                let error = ArmError::new(ArmErrorKind::Forbidden, code, message);
                let said = explain(&error, Doing::Writing, &who).finding.message;
                assert!(said.contains(named), "{said}");
            }
        }
    }

    #[test]
    fn what_others_still_use_is_in_use_and_no_fault_of_spec() {
        for code in [
            "InUseApplicationSecurityGroupCannotBeDeleted",
            "InUseNetworkSecurityGroupCannotBeDeleted",
        ] {
            let error = ArmError::new(ArmErrorKind::Invalid, code, "it is referenced by a rule");
            let failure = explain(&error, Doing::Writing, &ActingAs::ManagedIdentity("m".to_owned()));
            assert_eq!(failure.finding.reason, Reason::InUse, "{code}");
            assert_eq!(failure.retry, Retry::Patiently, "{code}");
        }
    }
}
