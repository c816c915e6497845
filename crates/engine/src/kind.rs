//! What a kind tells the engine: which id it claims, which rights it needs, what it wants in Azure, and what it
//! reads off the result. Everything here is pure; the engine does the reading and the writing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use privatelink_api::{ConditionType, ManagedResource, Reason, Stance, Verb};
use privatelink_arm::ResourceId;
use privatelink_arm::catalogue::KnownCloud;
use privatelink_arm::model::ResourceModel;
use serde_json::{Map, Value};

use crate::facts::{Fact, FactQuery, KnownFacts};
use crate::loan::Loans;
use crate::lookup::{Lookup, LookupAnswer};
use crate::objects::Objects;
use crate::plan::{DesiredNode, Snapshot, Want};
use crate::rights::Right;
use crate::scope::Scope;

/// A kind of custom resource that stands for resources in Azure.
pub trait Kind: Send + Sync + 'static {
    /// The custom resource.
    type Object: ManagedResource;

    /// The main node's name, for instance `endpoint`: the node whose id is the object's `status.resourceId`.
    const MAIN_NODE: &'static str;
    /// The names of all other nodes that an object may have. Status cannot name one that is not among them.
    const OTHER_NODES: &'static [&'static str] = &[];
    /// The wire body of the main node with this id; none where an object of this kind stands for no such resource.
    fn model(id: &ResourceId) -> Option<&'static ResourceModel>;

    /// Whether a resource that names another owner can be taken over with `spec.adoptFrom`.
    const ADOPTS_FROM_OTHERS: bool = true;
    /// The reason of an object whose resource is there and not its own.
    const NOT_OWNED: Reason = Reason::NotOwned;

    /// The rights that an object needs to change or delete its main node, all of them: the id may be one that status names,
    /// and what spec says is then about another.
    fn rights(id: &ResourceId) -> Vec<Grant> {
        vec![Grant::On {
            id: id.clone(),
            verb: Verb::Manage,
        }]
    }

    /// What the controller's identity has to be allowed in Azure for objects of this kind: the roles that users assign are
    /// made from it.
    fn azure_rights() -> Vec<Right>;

    /// The id that the object claims and the rights that it needs, [`Kind::rights`] left out. Neither may need a look at
    /// Azure: `world` has no facts.
    ///
    /// # Errors
    /// [`Unresolved`] where the spec or the scope does not say enough, or says what cannot be.
    fn claim(object: &Self::Object, world: &World<'_>) -> Result<Claim, Unresolved>;

    /// Desired state. `id` is the claimed id, or the recorded one that the object is pinned to.
    ///
    /// # Errors
    /// What is missing before desired state can be said.
    fn resolve(object: &Self::Object, id: &ResourceId, world: &World<'_>) -> Result<Resolved, Missing>;

    /// What may be left in Azure of an object that is being deleted. Without a look at spec: what it wants no longer
    /// resolves, perhaps.
    ///
    /// # Errors
    /// What is missing before that can be said.
    fn departing(
        _object: &Self::Object,
        id: &ResourceId,
        _world: &World<'_>,
    ) -> Result<Vec<DesiredNode>, Missing> {
        let main = Self::model(id).map(|model| DesiredNode {
            name: Self::MAIN_NODE,
            id: id.clone(),
            model,
            want: Want::Absent,
        });
        Ok(main.into_iter().collect())
    }

    /// Whether an object of this kind has anything of its own in Azure. One that has not is only looked at: what is said of it
    /// follows from other objects.
    const IN_AZURE: bool = true;
    /// Whether those who go by all objects of this kind ([`ObjectKey::all`]) go by their status too.
    const SHOWS_STATUS_TO_ALL: bool = true;
    /// The kinds by all of whose objects in its namespace each object of this kind goes: it comes due when one of them changes.
    /// As [`ObjectKey::all`] among the references, where there are too many objects for each to say so.
    const OBSERVES: &'static [&'static str] = &[];
    /// Fields of status that nobody goes by.
    const NO_NEWS: &'static [&'static str] = &[];

    /// Other objects that this one refers to by name, or all of a kind: it comes due when they change.
    fn references(_object: &Self::Object) -> Vec<ObjectKey> {
        Vec::new()
    }

    /// Whether the main resource, which is there and the object's own, may be deleted now.
    ///
    /// # Errors
    /// What has to be read first, or what has to go first.
    fn departure(
        _object: &Self::Object,
        _id: &ResourceId,
        _observed: &Snapshot,
        _world: &World<'_>,
    ) -> Result<(), Missing> {
        Ok(())
    }

    /// What Azure keeps for the object beside its own resources, as far as its status tells: when that goes, whoever waits
    /// for it looks again.
    fn touched(_object: &Self::Object) -> Vec<ResourceId> {
        Vec::new()
    }

    /// Whether a node beside the main one, which was seen to be as wanted, may be written now, and what Azure makes of it
    /// beside itself: no two objects make the same at once.
    ///
    /// # Errors
    /// What has to be read first, or whose it is what would be overwritten.
    fn admit(
        _object: &Self::Object,
        _resolved: &Resolved,
        _node: &'static str,
        _observed: &Snapshots,
        _world: &World<'_>,
    ) -> Result<Vec<ResourceId>, Missing> {
        Ok(Vec::new())
    }

    /// What status shows of nodes that are all as wanted. `recorded` is what status shows of the kind's own fields.
    ///
    /// # Errors
    /// What is missing before it can be said.
    fn outputs(
        object: &Self::Object,
        resolved: &Resolved,
        observed: &Snapshots,
        recorded: &Map<String, Value>,
        world: &World<'_>,
    ) -> Result<Outputs, Missing>;
}

/// What a kind may look at.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub scope: &'a Scope,
    pub facts: &'a KnownFacts,
    pub objects: &'a Objects,
    /// What fields of somebody else's resource held before the asking object set them, as its own record says.
    pub loans: &'a Loans,
    /// The table of private DNS zones that applies; none in a cloud that nobody has published one for.
    pub catalogue: Option<KnownCloud>,
}

impl<'a> World<'a> {
    /// A fact.
    ///
    /// # Errors
    /// [`Missing::Facts`] where it has to be read first.
    pub fn fact(&self, query: &FactQuery) -> Result<&'a Fact, Missing> {
        self.facts
            .get(query)
            .ok_or_else(|| Missing::Facts(vec![query.clone()]))
    }

    /// What a DNS server says.
    ///
    /// # Errors
    /// [`Missing::Lookups`] where it has to be asked first.
    pub fn lookup(&self, lookup: &Lookup) -> Result<&'a LookupAnswer, Missing> {
        self.facts
            .lookup(lookup)
            .ok_or_else(|| Missing::Lookups(vec![lookup.clone()]))
    }
}

impl World<'_> {
    /// Whether the definition of a custom resource is there and stays: one that is being deleted takes its objects with it,
    /// and that says nothing of what their owners want. Its name is `<plural>.<group>`.
    ///
    /// # Errors
    /// [`Missing::Definition`] where it has to be read first.
    pub fn definition_stays(&self, name: &'static str) -> Result<bool, Missing> {
        self.facts.definition(name).ok_or(Missing::Definition(name))
    }
}

/// The nodes as they were seen, by name.
#[derive(Clone, Debug, Default)]
pub struct Snapshots(pub BTreeMap<&'static str, Snapshot>);

impl Snapshots {
    /// A node as it was seen; none where it is not wanted.
    pub fn get(&self, node: &str) -> Option<&Snapshot> {
        self.0.get(node)
    }
}

/// What an object claims, before anything is known of Azure.
#[derive(Clone, Debug)]
pub struct Claim {
    pub id: ResourceId,
    pub grants: Vec<Grant>,
    /// What defaults resolve to, as far as that is known, for `status.effective`.
    pub effective: BTreeMap<String, String>,
}

/// A right that an object needs of its scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A verb on an ARM id.
    On { id: ResourceId, verb: Verb },
    /// An alias of somebody's private link service, by exact match.
    ServiceAlias(String),
    /// A DNS zone of this name may be created or linked.
    ZoneName(String),
    /// WriteRecords in a zone, for a record of this name, `@` for the zone's own.
    Record { zone: ResourceId, name: String },
}

/// Why an object cannot be resolved without a user's help or another object's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    pub condition: ConditionType,
    pub reason: Reason,
    /// Names the field and the remedy.
    pub message: String,
    /// Another object's change is what it waits for: nothing is asked of Azure meanwhile.
    pub on_object: bool,
    /// What could not be read, where that is all: nothing is known against what was verified last.
    pub unreadable: Option<ResourceId>,
}

impl Unresolved {
    /// The spec says something that cannot be.
    pub fn invalid(message: impl Into<String>) -> Self {
        Unresolved {
            condition: ConditionType::Accepted,
            reason: Reason::InvalidSpec,
            message: message.into(),
            on_object: false,
            unreadable: None,
        }
    }

    /// Something that the object refers to is not there or not readable yet.
    pub fn dependency(message: impl Into<String>) -> Self {
        Unresolved {
            condition: ConditionType::ResolvedRefs,
            reason: Reason::DependencyNotReady,
            message: message.into(),
            on_object: false,
            unreadable: None,
        }
    }

    /// Whether something that the object refers to is there cannot be seen.
    pub fn unreadable(id: &ResourceId, message: impl Into<String>) -> Self {
        Unresolved {
            unreadable: Some(id.clone()),
            ..Unresolved::dependency(message)
        }
    }

    /// Another object is not there, or not far enough.
    pub fn object(message: impl Into<String>) -> Self {
        Unresolved {
            on_object: true,
            ..Unresolved::dependency(message)
        }
    }

    /// Others still use what is to be deleted.
    pub fn in_use(message: impl Into<String>) -> Self {
        Unresolved {
            condition: ConditionType::Programmed,
            reason: Reason::InUse,
            message: message.into(),
            on_object: false,
            unreadable: None,
        }
    }
}

/// What is missing before a kind can say what it is asked.
#[derive(Clone, Debug)]
pub enum Missing {
    /// These have to be read first.
    Facts(Vec<FactQuery>),
    /// DNS servers have to be asked these first.
    Lookups(Vec<Lookup>),
    /// Whether this definition of a custom resource stays has to be known first.
    Definition(&'static str),
    Unresolved(Unresolved),
    /// Azure's answer has a shape that nobody documented.
    Malformed(String),
}

impl From<Unresolved> for Missing {
    fn from(unresolved: Unresolved) -> Self {
        Missing::Unresolved(unresolved)
    }
}

/// Both, or what either misses: facts that both miss are asked for at once.
///
/// # Errors
/// What is missing.
pub fn both<A, B>(one: Result<A, Missing>, other: Result<B, Missing>) -> Result<(A, B), Missing> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(Missing::Facts(mut queries)), Err(Missing::Facts(more))) => {
            queries.extend(more);
            Err(Missing::Facts(queries))
        }
        (Err(Missing::Lookups(mut lookups)), Err(Missing::Lookups(more))) => {
            lookups.extend(more);
            Err(Missing::Lookups(lookups))
        }
        // What has to be read may be what makes the rest needless to say: facts first.
        (Err(missing @ Missing::Facts(_)), _) | (_, Err(missing @ Missing::Facts(_))) => Err(missing),
        (Err(missing), _) | (_, Err(missing)) => Err(missing),
    }
}

/// All of them, or what any misses: facts that several miss are asked for at once.
///
/// # Errors
/// What is missing.
pub fn all<A>(parts: impl IntoIterator<Item = Result<A, Missing>>) -> Result<Vec<A>, Missing> {
    let mut all = Ok(Vec::new());
    for part in parts {
        all = both(all, part).map(|(mut all, part)| {
            all.push(part);
            all
        });
    }
    all
}

/// What an object wants in Azure.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The main node, then the others in the order in which they are made; taken away in the reverse order.
    pub nodes: Vec<DesiredNode>,
    /// What defaults resolved to, for `status.effective`.
    pub effective: BTreeMap<String, String>,
}

/// What goes into status, beyond what all kinds share.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    pub findings: Vec<Finding>,
    /// The kind's own status fields.
    pub status: Map<String, Value>,
    /// The resource is dead and has to be made anew; the text says why.
    pub recreate: Option<String>,
    /// A node that is as wanted has to be written again, because what Azure makes of it is not there; the text says why.
    pub rewrite: Option<(&'static str, String)>,
    /// What was found may pass sooner than drift is looked for.
    pub again: Option<Duration>,
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

    /// The same finding of an object that is only observed: what its reason leaves to us is then for a user to do.
    pub fn observed_only(self) -> Self {
        Finding {
            stance: self.reason.stance_when_observing(),
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

impl ObjectKey {
    /// Stands for all objects of a kind: in one namespace, or everywhere.
    pub fn all(kind: &'static str, namespace: Option<&str>) -> Self {
        ObjectKey {
            kind,
            namespace: namespace.unwrap_or_default().to_owned(),
            name: String::new(),
        }
    }
}

impl crate::queue::Grouped for ObjectKey {
    fn group(&self) -> &'static str {
        self.kind
    }
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
