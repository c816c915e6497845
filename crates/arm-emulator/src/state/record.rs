//! One resource as it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::body;
use crate::state::Key;

/// A stored resource. What an answer shows is made from it by its type (`crate::request::answer`).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    /// With the casing of its creation.
    pub id: String,
    /// With the casing of the type's table, or of its creation when it has none.
    pub resource_type: String,
    /// The top-level fields but `id`, `name`, `type` and `etag`; `properties` without `provisioningState`.
    pub body: Body,
    pub provisioning_state: String,
    /// Bare, without the quotes of its provider's style.
    pub etag: String,
    /// `resourceGuid`: a resource that was deleted and made again has another.
    pub guid: String,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub writers: Writers,
    /// The operation that is changing it now.
    pub operation: Option<String>,
    pub deleting: bool,
    /// Whether its type has no table of its own.
    pub generic: bool,
    /// What the emulator knows about it beyond its body.
    pub facts: Facts,
    /// Keys of what its body refers to.
    pub references: BTreeSet<Key>,
    /// Subnets' keys and addresses that it holds.
    pub addresses: Vec<(Key, u32)>,
    /// A private link service's alias.
    pub alias: Option<String>,
    /// What has a limit for records such as this one: a private endpoint's virtual network, a link's network and zone.
    pub counted_in: Vec<Key>,
    /// Names that no other record may take: a link claims its zone's name on its network.
    pub claims: Vec<String>,
    /// How it was before its last write, for answers that come late; of the records that were written last only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Arc<Record>>,
}

/// The JSON of a stored resource. Copies share it until one of them is changed, and so do resources with the same JSON: it is
/// what takes most of a store's memory.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Body(Arc<Value>);

impl Body {
    /// Whether both are one in memory.
    pub(crate) fn is_same(&self, other: &Body) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn shared(&self) -> &Arc<Value> {
        &self.0
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Body(Arc::new(value))
    }
}

impl From<Arc<Value>> for Body {
    fn from(value: Arc<Value>) -> Self {
        Body(value)
    }
}

impl Deref for Body {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl DerefMut for Body {
    fn deref_mut(&mut self) -> &mut Value {
        Arc::make_mut(&mut self.0)
    }
}

/// Who wrote a resource: principals' names.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Writers {
    pub created_by: Arc<str>,
    pub last_modified_by: Arc<str>,
    /// Top-level fields (`tags`, `properties.subnet`) to who changed them last. A record names only those that somebody else
    /// than its maker changed.
    pub areas: BTreeMap<String, Arc<str>>,
}

impl Writers {
    /// Notes down who changed a part of the body.
    pub(crate) fn changed(&mut self, area: String, author: &Arc<str>) {
        if *author == self.created_by {
            self.areas.remove(&area);
        } else {
            self.areas.insert(area, author.clone());
        }
    }

    /// With all parts of a body.
    pub(crate) fn whole(&self, body: &Value) -> Writers {
        let mut whole = self.clone();
        for area in body::areas(body).into_keys() {
            whole.areas.entry(area).or_insert_with(|| self.created_by.clone());
        }
        whole
    }
}

/// What goes with a resource beyond its body.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub enum Facts {
    #[default]
    None,
    Endpoint(Box<EndpointFacts>),
    /// The network interface of the private endpoint with this key.
    Interface(Key),
    Connection(Box<ConnectionFacts>),
    ZoneGroup(ZoneGroupFacts),
    /// Where a child stands in the list in its parent's body.
    Position(u32),
    /// The A record set of the machine with this key, which nobody wrote.
    Registered(Key),
    /// How many reads found a vault's name still being registered.
    Reads(u32),
    /// The keys of a storage account, once one of them was made anew.
    Keys(Box<[AccountKey; 2]>),
}

/// One of the two keys of a storage account.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct AccountKey {
    /// How often it was made anew.
    pub generation: u32,
    pub created: Timestamp,
}

/// What a zone group wrote into zones.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct ZoneGroupFacts {
    /// The keys of the A record sets.
    pub written: BTreeSet<Key>,
}

/// What a private endpoint brought into being.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct EndpointFacts {
    pub interface_id: String,
    pub subnet_id: String,
    /// The target's id, also where the request named an alias; `None` when nothing has that alias.
    pub target_id: Option<String>,
    pub group_id: Option<String>,
    /// The connection on the target.
    pub connection_id: Option<String>,
    pub manual: bool,
    pub status: String,
    pub description: String,
    /// What the target's owner says has to be done.
    #[serde(default)]
    pub actions: Option<String>,
    pub members: Vec<EndpointMember>,
    /// Whether the addresses' names are shown: once the endpoint is made and approved.
    pub settled: bool,
}

/// One address of a private endpoint.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct EndpointMember {
    pub configuration: String,
    pub member: String,
    pub address: u32,
    pub fqdns: Vec<String>,
    pub is_static: bool,
}

/// A private endpoint connection on a target.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct ConnectionFacts {
    pub endpoint_id: String,
    pub endpoint_location: String,
    pub group_id: Option<String>,
    pub status: String,
    pub description: String,
    #[serde(default)]
    pub actions: Option<String>,
    /// Whether somebody has written it.
    #[serde(default)]
    pub decided: bool,
    pub link_identifier: String,
}

impl Record {
    /// The last segment of the id.
    pub fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }

    /// The id in lower case.
    pub fn key(&self) -> String {
        self.id.to_ascii_lowercase()
    }

    /// A text at a path of the body, for instance `["properties", "subnet", "id"]`.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        path.iter()
            .try_fold(&*self.body, |value, name| value.get(name))
            .and_then(Value::as_str)
    }

    /// The region.
    pub fn location(&self) -> Option<&str> {
        self.text(&["location"])
    }
}
