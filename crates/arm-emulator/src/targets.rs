//! What private endpoints can point at: one row per resource type of Azure.
//!
//! Everything that differs between targets is in [`TARGETS`] (`targets/table.rs`), to be held against Azure's documents: groups and their
//! required members, names and zones, and how the connection is updated and deleted. What no table can
//! say of some of them (soft delete, regions, keys) has files of its own here.

pub(crate) mod cosmos;
pub(crate) mod links;
pub(crate) mod redis;
pub(crate) mod sql;
pub(crate) mod storage;
mod table;
pub(crate) mod unique;
pub(crate) mod vault;

use serde_json::Value;

use crate::cloud::Cloud;
use crate::request::place::Place;
use crate::state::State;
use crate::state::record::Record;
use crate::types::ResourceType;

pub(crate) use table::TARGETS;

/// How a connection on the target answers a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// 200 with the new state.
    Immediate,
    /// 202, and an operation.
    Operation,
    /// 201 with the connection as it becomes, and an operation. Updates only.
    Created,
    /// The same with 200.
    Answered,
    /// DELETE only: 202 without a body of its own kind; not even the DELETE of something absent says 200.
    Accepted,
}

/// Where a connection gets its name from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionName {
    /// `{endpoint}.{guid}`
    EndpointAndGuid,
    /// `{target}.{guid}`
    TargetAndGuid,
    /// `{endpoint}-{guid}`
    EndpointDashGuid,
    /// The endpoint's own name.
    Endpoint,
    /// The name that the endpoint gives its connection.
    EndpointConnection,
    /// That and `-{guid}`.
    EndpointConnectionDashGuid,
    /// `{target}.{32 digits}`
    TargetAndDigits,
    /// `{guid}`
    Guid,
}

/// Where a connection shows which group of its target it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupField {
    None,
    /// A text.
    One(&'static str),
    /// A list of one text.
    List(&'static str),
}

/// `provisioningState` of a connection that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OnTheWay {
    /// To any state but those below.
    pub(crate) approved: &'static str,
    /// To `Rejected` or `Disconnected`.
    pub(crate) rejected: &'static str,
    /// Out of the world.
    pub(crate) deleted: &'static str,
    /// The connection's status on the way to `Rejected` and out of the world, where it is another one by then.
    pub(crate) status: Option<(&'static str, &'static str)>,
}

/// What the owner of a target can make of a connection that was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reconsiders {
    /// What was approved can be rejected, and what was rejected stays so.
    Never,
    /// What was rejected can be approved after all.
    Approves,
    /// The same, and it can wait for a decision again.
    Anything,
}

/// One group of a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) id: &'static str,
    /// Member patterns and the names that a member answers for. `{name}`, `{region}` and `{location}` (each region of the
    /// account, one member per region) are filled in.
    pub(crate) members: &'static [(&'static str, &'static [&'static str])],
    pub(crate) zones: &'static [&'static str],
}

/// One target type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) resource_type: &'static str,
    pub(crate) groups: &'static [Group],
    /// The SKUs of the type that have no private endpoints.
    pub(crate) without_endpoints: &'static [&'static str],
    /// PATCH and not PUT changes a connection.
    pub(crate) update_by_patch: bool,
    pub(crate) update: Writing,
    pub(crate) delete: Writing,
    pub(crate) connection_name: ConnectionName,
    /// The row of its connections.
    pub(crate) connection: &'static ResourceType,
    /// The description of a connection that nobody had to approve; empty: there is none.
    pub(crate) auto_approved: &'static str,
    /// Whether a description that is empty is shown.
    pub(crate) empty_description: bool,
    /// The third field of the connection's state.
    pub(crate) actions_field: Option<&'static str>,
    /// Whether it says `None`, whatever is sent.
    pub(crate) actions_read_only: bool,
    /// The body of a 202 to a write or a deletion of a connection; `None`: the connection, and nothing.
    pub(crate) accepted: Option<&'static str>,
    /// Whether the answer to a write that takes time leaves out whose connection it is, and for which group: they are null.
    pub(crate) answers_bare: bool,
    /// What the answer to a DELETE that ends at once describes the connection with, where it shows it once more.
    pub(crate) farewell: Option<&'static str>,
    /// What `provisioningState` of a settled connection says: of one that is approved, and of others.
    pub(crate) settled: &'static str,
    pub(crate) settled_otherwise: &'static str,
    pub(crate) on_the_way: OnTheWay,
    pub(crate) group_field: GroupField,
    /// Whether a connection shows its endpoint's addresses.
    pub(crate) shows_addresses: bool,
    /// Whether a write of a connection has to describe its decision.
    pub(crate) description_required: bool,
    /// Items of `privateLinkResources` have no `properties`.
    pub(crate) flat: bool,
    /// What they are called besides their name, before the group's id; empty: nothing.
    pub(crate) title: &'static str,
    /// Whether the first of a group's members is the last in them.
    pub(crate) lists_first_last: bool,
    /// Characters that a request message may have.
    pub(crate) message_limit: usize,
    /// Whether addresses may be chosen.
    pub(crate) static_addresses: bool,
    pub(crate) reconsiders: Reconsiders,
}

/// The description of every such connection until its endpoint is made.
pub(crate) const NOT_YET_TOLD: &str = "Auto Approved";

/// A group of one target, with its names filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilledGroup {
    pub(crate) id: String,
    /// Members and the names that each answers for.
    pub(crate) members: Vec<(String, Vec<String>)>,
    pub(crate) zones: Vec<String>,
}

impl FilledGroup {
    /// Whether it is for what is read in an account's second region.
    pub(crate) fn is_secondary(&self) -> bool {
        self.id.ends_with("_secondary")
    }
}

impl Target {
    /// The target of this type; types compare without case.
    pub(crate) fn of(resource_type: &str) -> Option<&'static Target> {
        TARGETS
            .iter()
            .find(|target| target.resource_type.eq_ignore_ascii_case(resource_type))
    }

    /// The target with this id, by its type.
    pub(crate) fn of_id(id: &str) -> Option<&'static Target> {
        Place::parse(id).and_then(|place| Target::of(&place.resource_type))
    }

    /// Whether endpoints name no group.
    pub(crate) fn is_service(&self) -> bool {
        self.groups.is_empty()
    }

    /// The body of a 202, where it is not the connection.
    pub(crate) fn accepted_body(&self) -> Option<Value> {
        self.accepted.and_then(|text| serde_json::from_str(text).ok())
    }

    /// The groups of one resource of this type, with the members that Azure added later.
    pub(crate) fn groups_of(&self, state: &State, record: &Record) -> Vec<FilledGroup> {
        let mut groups = self.filled(state.cloud(), record);
        for added in state.added_members(&record.key()) {
            if let Some(group) = groups
                .iter_mut()
                .find(|group| group.id.eq_ignore_ascii_case(&added.group_id))
            {
                group
                    .members
                    .push((added.member.clone(), vec![added.fqdn.clone()]));
            }
        }
        groups
    }

    /// The public names of one resource of this type, but for those of members that Azure added later.
    pub(crate) fn names(&self, cloud: Cloud, record: &Record) -> Vec<String> {
        self.filled(cloud, record)
            .into_iter()
            .flat_map(|group| group.members)
            .flat_map(|(_, names)| names)
            .collect()
    }

    /// The groups with the names that they have in a cloud; a group without a zone there is not there.
    fn filled(&self, cloud: Cloud, record: &Record) -> Vec<FilledGroup> {
        let name = record.name().to_ascii_lowercase();
        let region = squeezed(record.location().unwrap_or_default());
        let mut locations: Vec<String> = record
            .body
            .pointer("/properties/locations")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|location| location.get("locationName").and_then(Value::as_str).map(squeezed))
            .collect();
        if locations.is_empty() {
            locations.push(region.clone());
        }
        self.groups
            .iter()
            .map(|group| {
                let mut members = Vec::new();
                for (member, names) in group.members {
                    let one_each = member.contains("{location}");
                    for location in if one_each {
                        locations.as_slice()
                    } else {
                        locations.get(..1).unwrap_or_default()
                    } {
                        let fill = |pattern: &str| {
                            pattern
                                .replace("{name}", &name)
                                .replace("{region}", &region)
                                .replace("{location}", location)
                        };
                        members.push((
                            fill(member),
                            names
                                .iter()
                                .filter_map(|pattern| cloud.name(&fill(pattern)))
                                .collect(),
                        ));
                    }
                }
                FilledGroup {
                    id: group.id.to_owned(),
                    members,
                    zones: group
                        .zones
                        .iter()
                        .filter_map(|zone| cloud.name(&zone.replace("{region}", &region)))
                        .collect(),
                }
            })
            .filter(|group: &FilledGroup| !group.zones.is_empty())
            .collect()
    }

    /// One group by the id of a request; deployment slots of a site are groups by pattern.
    pub(crate) fn group(&self, state: &State, record: &Record, group_id: &str) -> Option<FilledGroup> {
        if let Some(slot) = group_id.strip_prefix("sites-").filter(|slot| !slot.is_empty())
            && self.groups.iter().any(|group| group.id == "sites")
        {
            let name = record.name().to_ascii_lowercase();
            let here = |name: &str| state.cloud().name(name);
            let names = [
                format!("{name}-{slot}.azurewebsites.net"),
                format!("{name}-{slot}.scm.azurewebsites.net"),
            ];
            return Some(FilledGroup {
                id: group_id.to_owned(),
                members: vec![(
                    group_id.to_owned(),
                    names.iter().filter_map(|name| here(name)).collect(),
                )],
                zones: here("privatelink.azurewebsites.net").into_iter().collect(),
            });
        }
        self.groups_of(state, record)
            .into_iter()
            .find(|group| group.id.eq_ignore_ascii_case(group_id))
    }
}

/// `West US 2` as `westus2`: regions compare so.
pub(crate) fn squeezed(location: &str) -> String {
    location
        .chars()
        .filter(|character| !character.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}
