//! What a kind tells the engine: which id it claims, which rights it needs, what it wants in Azure, and what it
//! reads off the result. Everything here is pure; the engine does the reading and the writing.

use std::collections::{BTreeMap, BTreeSet};

use privatelink_api::{ConditionType, ManagedResource, Reason, Stance, Verb};
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use serde_json::{Map, Value};

use crate::facts::{FactQuery, KnownFacts};
use crate::plan::{DesiredNode, Snapshot};
use crate::scope::Scope;

/// A kind of custom resource that stands for resources in Azure.
pub trait Kind: Send + Sync + 'static {
    /// The custom resource.
    type Object: ManagedResource;

    /// The node whose id is the object's `status.resourceId`.
    const MAIN_NODE: &'static str;
    /// The wire body of the main node.
    const MODEL: &'static ResourceModel;

    /// The id that the object claims and the rights that it needs. Neither may need a look at Azure.
    ///
    /// # Errors
    /// [`Unresolved`] where the spec or the scope does not say enough, or says what cannot be.
    fn claim(object: &Self::Object, scope: &Scope) -> Result<ClaimedId, Unresolved>;

    /// Desired state. `id` is the claimed id, or the recorded one that the object is pinned to.
    fn resolve(object: &Self::Object, id: &ResourceId, scope: &Scope, facts: &KnownFacts) -> Resolution;

    /// What status shows of a resource that is as wanted.
    fn outputs(
        object: &Self::Object,
        resolved: &Resolved,
        observed: &Snapshot,
        scope: &Scope,
        facts: &KnownFacts,
    ) -> Reading;
}

/// What an object claims, before anything is known of Azure.
#[derive(Clone, Debug)]
pub struct ClaimedId {
    pub id: ResourceId,
    pub grants: Vec<Grant>,
}

/// A right that an object needs of its scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A verb on an ARM id.
    On { id: ResourceId, verb: Verb },
    /// An alias of somebody's private link service, by exact match.
    ServiceAlias(String),
}

/// Why an object cannot be resolved without a user's help or another object's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    pub condition: ConditionType,
    pub reason: Reason,
    /// Names the field and the remedy.
    pub message: String,
}

impl Unresolved {
    /// The spec says something that cannot be.
    pub fn invalid(message: impl Into<String>) -> Self {
        Unresolved {
            condition: ConditionType::Accepted,
            reason: Reason::InvalidSpec,
            message: message.into(),
        }
    }

    /// Something that the object refers to is not there or not readable yet.
    pub fn dependency(message: impl Into<String>) -> Self {
        Unresolved {
            condition: ConditionType::ResolvedRefs,
            reason: Reason::DependencyNotReady,
            message: message.into(),
        }
    }
}

/// The outcome of resolving.
#[derive(Clone, Debug)]
pub enum Resolution {
    Resolved(Box<Resolved>),
    /// These have to be read first.
    Needs(Vec<FactQuery>),
    Unresolved(Unresolved),
}

/// What an object wants in Azure.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// In the order in which they are made; taken away in the reverse order.
    pub nodes: Vec<DesiredNode>,
    /// What defaults resolved to, for `status.effective`.
    pub effective: BTreeMap<String, String>,
}

/// What a kind reads off a resource that is as wanted.
#[derive(Clone, Debug)]
pub enum Reading {
    Outputs(Outputs),
    Needs(Vec<FactQuery>),
    /// The body has a shape that nobody documented.
    Malformed(String),
}

/// What goes into status, beyond what all kinds share.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    pub findings: Vec<Finding>,
    /// The kind's own status fields.
    pub status: Map<String, Value>,
    /// The resource is dead and has to be made anew; the text says why.
    pub recreate: Option<String>,
}

/// One condition as a pass found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub condition: ConditionType,
    pub status: Truth,
    pub reason: Reason,
    pub message: String,
    /// Whether it passes by itself or needs a user; as the reason says, where nothing else is known.
    pub stance: Stance,
}

impl Finding {
    pub fn new(condition: ConditionType, status: Truth, reason: Reason, message: impl Into<String>) -> Self {
        Finding {
            condition,
            status,
            reason,
            message: message.into(),
            stance: reason.stance(),
        }
    }

    /// The same finding, but a user must act.
    pub fn stalled(self) -> Self {
        Finding {
            stance: Stance::Stalled,
            ..self
        }
    }
}

/// A condition's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    pub fn as_str(self) -> &'static str {
        match self {
            Truth::True => "True",
            Truth::False => "False",
            Truth::Unknown => "Unknown",
        }
    }
}

/// Keys of an object: its kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    pub kind: &'static str,
    /// Empty for cluster-scoped kinds.
    pub namespace: String,
    pub name: String,
}

impl std::fmt::Display for ObjectKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() {
            write!(formatter, "{} {}", self.kind, self.name)
        } else {
            write!(formatter, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// A set of object keys, in a stable order.
pub type ObjectKeys = BTreeSet<ObjectKey>;
