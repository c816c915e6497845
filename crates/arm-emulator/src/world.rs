//! What a request works on: the state, and a write before it takes effect.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::body;
use crate::call::Call;
use crate::errors::{self, Failure};
use crate::place::whole;
use crate::record::{Facts, Record, Writers};
use crate::state::{Key, State};
use crate::types::ResourceType;

/// The state and the request that changes it.
pub(crate) struct World<'a, 'c> {
    pub(crate) state: &'a mut State,
    pub(crate) call: &'a Call<'c>,
    /// Refuse types without a table.
    pub(crate) strict: bool,
}

/// A write before it takes effect.
pub(crate) struct Draft {
    pub(crate) record: Record,
    /// Other resources that the write makes or changes.
    pub(crate) also: Vec<Record>,
    /// Other resources that it takes away.
    pub(crate) gone: Vec<Key>,
    /// Whether its end changes other resources, even where its own body stays as it was.
    pub(crate) effects: bool,
    /// Code and message with which its operation fails.
    pub(crate) fails: Option<(String, String)>,
}

impl Draft {
    /// A write that touches nothing but its own record.
    pub(crate) fn of(record: Record) -> Self {
        Draft {
            record,
            also: Vec::new(),
            gone: Vec::new(),
            effects: false,
            fails: None,
        }
    }
}

impl World<'_, '_> {
    /// Refuses ids in the body of network resources that do not exist, or that are being written.
    ///
    /// ARM behaviour: only references inside `Microsoft.Network` are checked by it.
    pub(crate) fn check_references(&self, table: &ResourceType, record: &Record) -> Result<(), Failure> {
        for reference in table.references.iter().filter(|reference| reference.at_once) {
            for id in body::all(&record.body, reference.path)
                .into_iter()
                .filter_map(Value::as_str)
            {
                let key = whole(id);
                match self.state.get(&key) {
                    Some(found) if found.deleting => return Err(errors::invalid_reference(id, &record.id)),
                    Some(found) if found.operation.is_some() => {
                        let operation = crate::types::find(&found.resource_type).table.operation;
                        return Err(errors::reference_not_provisioned(
                            &found.id, &record.id, operation,
                        ));
                    }
                    Some(_) => {}
                    None => return Err(errors::invalid_reference(id, &record.id)),
                }
            }
        }
        Ok(())
    }
}

/// A new record, empty but for what the server makes.
pub(crate) fn fresh(world: &mut World<'_, '_>, id: &str, resource_type: &str) -> Record {
    let author = world.call.principal.name.clone();
    Record {
        id: id.to_owned(),
        resource_type: resource_type.to_owned(),
        body: Value::Object(Map::new()),
        provisioning_state: "Succeeded".to_owned(),
        etag: world.state.random.guid(),
        guid: world.state.random.guid(),
        created: world.call.wall,
        modified: world.call.wall,
        writers: Writers {
            created_by: author.clone(),
            last_modified_by: author,
            ..Writers::default()
        },
        operation: None,
        deleting: false,
        generic: false,
        facts: Facts::None,
        references: BTreeSet::new(),
        addresses: Vec::new(),
        alias: None,
        counted_in: Vec::new(),
        claims: Vec::new(),
        previous: None,
    }
}
