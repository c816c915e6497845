//! Condition types and the closed list of reasons, and the schema that conditions have in every status.
//!
//! Conditions follow kstatus: `Ready` is always there, `Reconciling` and `Stalled` only while True and never both.

use std::borrow::Cow;

use schemars::{Schema, SchemaGenerator, json_schema};

/// The type of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionType {
    /// Spec and scope allow what is asked for.
    Accepted,
    /// The scope's identity can get a token.
    IdentityReady,
    /// What spec refers to exists and may be referred to.
    ResolvedRefs,
    /// Azure equals spec at this generation.
    Programmed,
    /// The target's owner has approved the connection.
    Approved,
    /// Clients resolve the target's names to the private addresses.
    DnsReady,
    /// A warning, only while True: much of what Azure allows is used up.
    NearLimit,
    /// A warning, only while True: clients get no address for names that the Internet knows.
    NamesShadowed,
    /// A warning where it is False: Azure applies the subnet's security group and routes to private endpoints.
    NetworkPolicyEnforced,
    /// A warning where it is False: the routes lead traffic for private endpoints where they say.
    RoutesEffective,
    /// All of the above that the object has, but for warnings.
    Ready,
    /// Work is under way; it passes by itself.
    Reconciling,
    /// A user must act.
    Stalled,
}

impl ConditionType {
    /// Every condition type, in the order in which the first failing one gives `Ready` its reason.
    pub const ALL: [ConditionType; 13] = [
        ConditionType::Accepted,
        ConditionType::IdentityReady,
        ConditionType::ResolvedRefs,
        ConditionType::Programmed,
        ConditionType::Approved,
        ConditionType::DnsReady,
        ConditionType::NearLimit,
        ConditionType::NamesShadowed,
        ConditionType::NetworkPolicyEnforced,
        ConditionType::RoutesEffective,
        ConditionType::Ready,
        ConditionType::Reconciling,
        ConditionType::Stalled,
    ];

    /// As it stands in a condition's `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ConditionType::Accepted => "Accepted",
            ConditionType::IdentityReady => "IdentityReady",
            ConditionType::ResolvedRefs => "ResolvedRefs",
            ConditionType::Programmed => "Programmed",
            ConditionType::Approved => "Approved",
            ConditionType::DnsReady => "DNSReady",
            ConditionType::NearLimit => "NearLimit",
            ConditionType::NamesShadowed => "NamesShadowed",
            ConditionType::NetworkPolicyEnforced => "NetworkPolicyEnforced",
            ConditionType::RoutesEffective => "RoutesEffective",
            ConditionType::Ready => "Ready",
            ConditionType::Reconciling => "Reconciling",
            ConditionType::Stalled => "Stalled",
        }
    }
}

impl std::fmt::Display for ConditionType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a reason makes of `Ready`, `Reconciling` and `Stalled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stance {
    /// `Ready=True`.
    Ready,
    /// `Ready=False`, `Reconciling=True`.
    Reconciling,
    /// `Ready=False`, `Stalled=True`.
    Stalled,
    /// `Ready` keeps its status and generation; only reason and message change.
    KeepsReady,
    /// `Ready=Unknown`: nothing is known yet.
    Unknown,
}

/// Makes the enum, its strings and its stances from one table.
macro_rules! reasons {
    ($($stance:ident { $($(#[$doc:meta])* $reason:ident,)+ })+) => {
        /// Why a condition has its status: the closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($($(#[$doc])* $reason,)+)+
        }

        impl Reason {
            /// Every reason, in the order of the table.
            pub const ALL: &'static [Reason] = &[$($(Reason::$reason,)+)+];

            /// As it stands in a condition's `reason`.
            pub const fn as_str(&self) -> &'static str {
                match self { $($(Reason::$reason => stringify!($reason),)+)+ }
            }

            /// What the reason makes of the object as a whole.
            pub const fn stance(&self) -> Stance {
                match self { $($(Reason::$reason => Stance::$stance,)+)+ }
            }
        }
    };
}

reasons! {
    Unknown {
        /// New and not seen yet.
        Pending,
    }
    Ready {
        /// Azure is as wanted.
        Succeeded,
        /// Azure holds what was asked for, and spec asks for no further check.
        NotVerified,
        /// More than 80 % of what Azure allows is used.
        LimitNear,
        /// A zone without a record hides a public name from a network.
        NoRecord,
        /// The subnet's policy makes Azure ignore its security group or its routes for private endpoints.
        PolicyDisabled,
        /// No route for an endpoint has a prefix as specific as the virtual network's; Azure prefers its own.
        RouteTooWide,
    }
    KeepsReady {
        /// The annotation `privatelink.dev/paused` stands.
        Paused,
        /// The last verified state matched, but a check for drift failed since; the message says since when.
        Unverified,
    }
    Reconciling {
        /// Azure makes the resource.
        Creating,
        /// Azure changes the resource.
        Updating,
        /// Azure deletes the resource.
        Deleting,
        /// Something that spec refers to is not there yet.
        DependencyNotReady,
        /// The target's owner has not decided about the connection.
        AwaitingApproval,
        /// Azure failed in a way that passes; the change is tried again.
        Retrying,
        /// Azure asks for fewer requests.
        Throttled,
        /// Azure works on something that shares a lock with the resource.
        ParentBusy,
        /// Somebody else changed the resource; it is being corrected.
        DriftDetected,
        /// The private DNS zone does not exist.
        ZoneNotFound,
        /// The zone is not linked to the network where clients resolve.
        ZoneNotLinked,
        /// The zone has no record for the target.
        RecordMissing,
        /// The record has another address than the endpoint.
        WrongAddress,
        /// Clients get the target's public address.
        PublicAnswer,
        /// Clients get no address at all.
        NxDomain,
        /// The resolver that was asked does not answer.
        Unreachable,
    }
    Stalled {
        /// Spec says something that cannot be.
        InvalidSpec,
        /// Spec asks for something that this version of the controller does not do.
        Unsupported,
        /// Azure denies the controller's identity the action, or a policy or lock forbids it.
        Forbidden,
        /// No scope allows it.
        ForbiddenByScope,
        /// Several scopes match the namespace and `spec.scopeName` names none.
        AmbiguousScope,
        /// The scope's identity gets no token.
        IdentityFailed,
        /// A quota or limit in Azure is used up.
        QuotaExceeded,
        /// The resource exists and belongs to somebody else.
        NotOwned,
        /// Another object stands for the same resource, or the name is taken in Azure.
        Conflict,
        /// The DNS record belongs to somebody else.
        RecordConflict,
        /// The target's members no longer fit the static addresses.
        MembersChanged,
        /// The target's owner rejected the connection.
        Rejected,
        /// The connection was removed at the target; the endpoint is dead.
        Disconnected,
        /// It is still used by others and not deleted.
        InUse,
        /// Too many objects of the scope are deleted at once; deletions wait for a confirmation.
        DeletionHeld,
        /// Somebody undoes the controller's change again and again.
        Contested,
        /// The controller failed on this object alone; the log has the details.
        InternalError,
    }
}

impl Reason {
    /// What the reason makes of an object that is only observed: drift is then for a user to correct.
    pub const fn stance_when_observing(&self) -> Stance {
        match self {
            Reason::DriftDetected => Stance::Stalled,
            other => other.stance(),
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The most characters of a condition's message, as in Kubernetes' own schema.
pub const MESSAGE_MAX_LENGTH: usize = 32_768;

/// The schema of `status.conditions`: Kubernetes' condition with limits, which the type's own schema lacks.
pub(crate) fn conditions_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": Cow::Borrowed("What the controller found, by kstatus' rules. `Ready` is always there."),
        "type": "array",
        "maxItems": 32,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {"type": "string", "maxLength": 316, "description": "The condition's type."},
                "status": {"type": "string", "maxLength": 7, "enum": ["True", "False", "Unknown"], "description": "Whether it holds."},
                "reason": {
                    "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                    "description": "Why, in one word of a closed list.",
                },
                "message": {
                    "type": "string", "maxLength": MESSAGE_MAX_LENGTH,
                    "description": "Why, for people: Azure's code, the field to change and a correlation id for a support ticket.",
                },
                "observedGeneration": {
                    "type": "integer", "format": "int64", "minimum": -1,
                    "description": "The generation of the object that this was found for. Unit: generation.",
                },
                "lastTransitionTime": {
                    "type": "string", "format": "date-time", "maxLength": 64,
                    "description": "When the status changed last.",
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_fit_the_schema() {
        let names: std::collections::BTreeSet<_> = Reason::ALL.iter().map(Reason::as_str).collect();
        assert_eq!(names.len(), Reason::ALL.len());
        assert!(
            names
                .iter()
                .all(|name| name.len() <= 128 && name.chars().all(|c| c.is_ascii_alphanumeric()))
        );
        let types: std::collections::BTreeSet<_> =
            ConditionType::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(types.len(), ConditionType::ALL.len());
    }

    #[test]
    fn drift_is_for_a_user_to_correct_where_the_controller_only_observes() {
        assert_eq!(Reason::DriftDetected.stance(), Stance::Reconciling);
        assert_eq!(Reason::DriftDetected.stance_when_observing(), Stance::Stalled);
        assert_eq!(Reason::Creating.stance_when_observing(), Stance::Reconciling);
    }
}
