//! What a request works on: the state, and a write before it takes effect.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::authorization::rbac::RbacState;
use crate::body;
use crate::operations::region_of;
use crate::request::call::Call;
use crate::request::errors::{self, Failure};
use crate::request::place::whole;
use crate::request::refusals::Wrong;
use crate::state::record::{Facts, Record, Writers};
use crate::state::{Key, State};
use crate::types::{self, Pace, Reference, ResourceType, Within};

/// The state and the request that changes it.
pub(crate) struct World<'a, 'c> {
    pub(crate) state: &'a mut State,
    /// Who may do what.
    pub(crate) rbac: &'a mut RbacState,
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
    /// How long it takes, where the table's pace is not right.
    pub(crate) pace: Option<Pace>,
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
            pace: None,
            fails: None,
        }
    }
}

impl World<'_, '_> {
    /// Refuses ids in the body that are not of what the type's table says, or of something that is being written.
    pub(crate) fn check_references(
        &self,
        table: &ResourceType,
        record: &Record,
        region: &str,
    ) -> Result<(), Failure> {
        let before = self.state.get(&record.key());
        for reference in table.references.iter().filter(|reference| reference.at_once) {
            let kept = match before {
                Some(before) if reference.outlives => body::all(&before.body, reference.path),
                _ => Vec::new(),
            };
            for id in body::all(&record.body, reference.path)
                .into_iter()
                .filter(|id| !kept.contains(id))
                .filter_map(Value::as_str)
            {
                let wrong = Wrong::Reference {
                    target: id,
                    source: &record.id,
                };
                let found = self
                    .state
                    .get(&whole(id))
                    .filter(|found| !found.deleting && self.fits(reference, found, record, region))
                    .ok_or_else(|| (table.hooks.refused)(table, &wrong))?;
                if found.operation.is_some() {
                    let operation = types::find(&found.resource_type).table.operation;
                    return Err(errors::reference_not_provisioned(
                        &found.id, &record.id, operation,
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether what a record refers to is of the right type, and near enough.
    fn fits(&self, reference: &Reference, found: &Record, source: &Record, region: &str) -> bool {
        let known = |known: &&str| known.eq_ignore_ascii_case(&found.resource_type);
        (reference.types.is_empty() || reference.types.iter().any(known))
            && (!reference.same_subscription || subscription_of(&found.id) == subscription_of(&source.id))
            && (!reference.same_region || region_of(self.state, found) == region)
    }

    /// Refuses one resource more than there may be.
    pub(crate) fn check_limits(
        &self,
        table: &ResourceType,
        record: &mut Record,
        region: &str,
        is_new: bool,
    ) -> Result<(), Failure> {
        for limit in table.limits {
            let key = record.key();
            let subscription = subscription_of(&record.id);
            let kind = table.name.to_ascii_lowercase();
            let list = format!("/subscriptions/{subscription}/providers/{kind}");
            let count = match limit.within {
                Within::Parent => {
                    let siblings = key.rsplit_once('/').map_or("", |(siblings, _)| siblings);
                    self.state.collection_size(siblings)
                }
                Within::Subscription => self.state.collection_size(&list),
                Within::Region => {
                    let counted: Key = Arc::from(format!("{list}#{region}"));
                    let count = self.state.count_in(&counted);
                    if !record.counted_in.contains(&counted) {
                        record.counted_in.push(counted);
                    }
                    usize::try_from(count).unwrap_or(usize::MAX)
                }
            };
            if is_new && count >= limit.most {
                let (code, message) = limit.over;
                let parent = record.id.rsplitn(3, '/').nth(2).unwrap_or_default();
                let message = message.replace("{parent}", parent);
                let wrong = Wrong::Limit {
                    code,
                    message: &message,
                };
                return Err((table.hooks.refused)(table, &wrong));
            }
        }
        Ok(())
    }
}

fn subscription_of(id: &str) -> String {
    id.split('/').nth(2).unwrap_or_default().to_ascii_lowercase()
}

/// A new record, empty but for what the server makes.
pub(crate) fn fresh(world: &mut World<'_, '_>, id: &str, resource_type: &str) -> Record {
    let author: Arc<str> = Arc::from(world.call.principal.name.as_str());
    Record {
        id: id.to_owned(),
        resource_type: resource_type.to_owned(),
        body: Value::Object(Map::new()).into(),
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
