//! Which form a record takes in an estate, and what it says there.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body;
use crate::request::answer::dotted;
use crate::request::place::{parent_key, whole};
use crate::seed::yaml::Node;
use crate::state::State;
use crate::state::record::{EndpointFacts, Facts, Record};
use crate::targets::{NOT_YET_TOLD, Target};
use crate::types;

pub(super) const NETWORK: &str = "microsoft.network/virtualnetworks";
pub(super) const ZONE: &str = "microsoft.network/privatednszones";
pub(super) const ENDPOINT: &str = "microsoft.network/privateendpoints";
pub(super) const LINK: &str = "microsoft.network/privatednszones/virtualnetworklinks";
pub(super) const PEERING: &str = "microsoft.network/virtualnetworks/virtualnetworkpeerings";
pub(super) const ZONE_GROUP: &str = "microsoft.network/privateendpoints/privatednszonegroups";

/// Whether somebody wrote it: what others bring into being comes with them.
pub(super) fn is_written(record: &Record) -> bool {
    let found = types::find(&record.resource_type);
    let by_others = match record.facts {
        Facts::Interface(_) | Facts::Connection(_) | Facts::Registered(_) => true,
        // A zone's first record comes with the zone.
        _ => record.id.ends_with("/SOA/@") && record.created == record.modified,
    };
    !record.deleting && !by_others && found.table.methods.contains(&"PUT")
}

pub(super) fn by_id(record: &Arc<Record>) -> Node {
    Node::map([
        ("id", Node::text(&record.id)),
        ("body", Some(Node::Value(Value::clone(&record.body)))),
    ])
}

/// Whether the form of its section says all of a network, zone or endpoint.
pub(super) fn has_section(record: &Record) -> bool {
    let usual = has_only(record, &["location", "tags", "properties"]);
    let kind = record.resource_type.to_ascii_lowercase();
    is_written(record)
        && match kind.as_str() {
            NETWORK => {
                usual && only_field(&record.body, "properties.addressSpace", "addressPrefixes").is_some()
            }
            ZONE => is_global_only(record),
            ENDPOINT => {
                usual
                    && matches!(record.facts, Facts::Endpoint(_))
                    && only_field(&record.body, "properties.subnet", "id").is_some()
            }
            _ => false,
        }
}

/// The field of an object that has no others.
pub(super) fn only_field<'a>(body: &'a Value, path: &str, name: &str) -> Option<&'a Value> {
    let object = body::at(body, path)?.as_object()?;
    object.get(name).filter(|_| object.len() == 1)
}

/// The connection of an endpoint, where the short form says all of it.
pub(super) struct Connection<'a> {
    pub(super) list: &'static str,
    pub(super) manual: bool,
    pub(super) name: &'a str,
    pub(super) target: &'a str,
    pub(super) groups: Option<&'a Value>,
    pub(super) message: Option<&'a str>,
}

impl<'a> Connection<'a> {
    pub(super) fn of(record: &'a Record) -> Option<Self> {
        let lists = [
            "privateLinkServiceConnections",
            "manualPrivateLinkServiceConnections",
        ];
        let found = |list: &&str| body::at(&record.body, &format!("properties.{list}")).is_some();
        let present: Vec<&'static str> = lists.into_iter().filter(found).collect();
        let [list] = present.as_slice() else {
            return None;
        };
        let connections = body::all(&record.body, &format!("properties.{list}.*"));
        let [connection] = connections.as_slice() else {
            return None;
        };
        let wanted = connection.get("properties")?;
        let known = |value: &Value, names: &[&str]| {
            value
                .as_object()
                .is_some_and(|fields| fields.keys().all(|name| names.contains(&name.as_str())))
        };
        let whole = known(connection, &["name", "properties"])
            && known(wanted, &["privateLinkServiceId", "groupIds", "requestMessage"]);
        let groups = wanted.get("groupIds");
        // An empty list is not the same as none.
        let usual_groups = groups.is_none_or(|groups| groups.as_array().is_some_and(|all| !all.is_empty()));
        Some(Connection {
            list,
            manual: list.starts_with("manual"),
            name: body::text(connection, "name")?,
            target: body::text(wanted, "privateLinkServiceId")?,
            groups,
            message: body::text(wanted, "requestMessage"),
        })
        .filter(|_| whole && usual_groups)
    }
}

/// What the owner of the target did, where that is not what comes of itself.
pub(super) fn decision(facts: &EndpointFacts, group: Option<&Record>) -> Option<Node> {
    let target = facts.target_id.as_deref().and_then(Target::of_id);
    let by_itself = [
        NOT_YET_TOLD,
        target.map_or(NOT_YET_TOLD, |target| target.auto_approved),
    ];
    let approved = facts.status == "Approved" && by_itself.contains(&facts.description.as_str());
    if facts.status == "Pending" || (approved && !facts.manual) || !facts.settled {
        return None;
    }
    let has_names = facts.status != "Approved"
        && group.is_some_and(
            |group| matches!(&group.facts, Facts::ZoneGroup(group) if !group.written.is_empty()),
        );
    Some(Node::map([
        ("status", Node::text(&facts.status)),
        ("description", Node::text(&facts.description)),
        ("afterNames", has_names.then_some(Node::Value(json!(true)))),
    ]))
}

pub(super) fn made(state: &State, record: &Record, facts: &EndpointFacts) -> Node {
    let last = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let connection = facts
        .connection_id
        .as_deref()
        .filter(|id| state.get(&id.to_ascii_lowercase()).is_some());
    let addresses: Map<String, Value> = facts
        .members
        .iter()
        .map(|member| (member.member.clone(), json!(dotted(member.address))))
        .collect();
    Node::map([
        ("guid", Node::text(&record.guid)),
        ("interface", Node::text(last(&facts.interface_id))),
        ("connection", connection.and_then(|id| Node::text(last(id)))),
        ("addresses", Some(Node::Value(Value::Object(addresses)))),
    ])
}

/// The zones of a zone group, where the short form says all of it.
pub(super) fn zones_of(group: &Record) -> Option<Vec<String>> {
    let configurations = body::all(&group.body, "properties.privateDnsZoneConfigs.*");
    let zones: Vec<String> = configurations
        .iter()
        .filter_map(|configuration| {
            let zone = body::text(configuration, "properties.privateDnsZoneId")?;
            let name = zone.rsplit('/').next()?.replace('.', "-");
            let usual = json!({"name": name, "properties": {"privateDnsZoneId": zone}});
            (usual == **configuration).then(|| zone.to_owned())
        })
        .collect();
    let usual = json!({"properties": {"privateDnsZoneConfigs": configurations}});
    (zones.len() == configurations.len()
        && !zones.is_empty()
        && group.name() == "default"
        && *group.body == usual)
        .then_some(zones)
}

/// Whether a zone group keeps the record set: it comes with its endpoint, where that comes.
pub(super) fn written_by_group(state: &State, set: &Record) -> bool {
    // The creator's mark is what Azure itself tells them by.
    let Some(mark) = set
        .text(&["properties", "metadata", "creator"])
        .filter(|creator| creator.starts_with("created by private endpoint "))
    else {
        return false;
    };
    let key = set.key();
    let zone = parent_key(&key).unwrap_or_default();
    let of_the_mark = |group: &&Arc<Record>| {
        let endpoint = parent_key(&group.key()).and_then(|endpoint| state.get(endpoint));
        endpoint.is_some_and(|endpoint| mark.ends_with(&endpoint.guid))
    };
    let groups = state
        .referrers(zone)
        .filter(|user| user.resource_type.eq_ignore_ascii_case(ZONE_GROUP));
    let comes = groups.filter(of_the_mark).any(|group| !is_lost(state, group));
    set.resource_type.ends_with("/A") && comes
}

/// Whether it is, or belongs to, something that leads to what is gone.
pub(super) fn is_lost(state: &State, record: &Record) -> bool {
    let kind = record.resource_type.to_ascii_lowercase();
    let there = |id: &str| {
        state
            .get(&id.to_ascii_lowercase())
            .is_some_and(|found| !found.deleting)
    };
    let endpoint_is_lost = |endpoint: &Record| match &endpoint.facts {
        Facts::Endpoint(facts) => !facts.target_id.as_deref().is_none_or(there),
        _ => false,
    };
    let missing = |path: &str| {
        let ids = body::all(&record.body, path);
        ids.into_iter()
            .filter_map(Value::as_str)
            .any(|id| !there(&whole(id)))
    };
    let table = types::find(&record.resource_type).table;
    let of_kind = match kind.as_str() {
        ENDPOINT => endpoint_is_lost(record),
        ZONE_GROUP => {
            let endpoint = parent_key(&record.key()).and_then(|key| state.get(key));
            endpoint.is_none_or(|endpoint| endpoint_is_lost(endpoint))
                || missing("properties.privateDnsZoneConfigs.*.properties.privateDnsZoneId")
        }
        LINK => missing("properties.virtualNetwork.id"),
        // The network that it led to has gone, though another may have its name.
        PEERING => record.text(&["properties", "peeringState"]) == Some("Disconnected"),
        _ => false,
    };
    of_kind || table.references.iter().any(|reference| missing(reference.path))
}

pub(super) fn children<'a>(state: &'a State, key: &str, list: &str) -> Vec<&'a Arc<Record>> {
    let mut found: Vec<&Arc<Record>> = state
        .collection(&format!("{key}/{list}"))
        .filter(|child| is_written(child) && has_only(child, &["properties"]))
        .filter(|child| !is_lost(state, child))
        .collect();
    found.sort_by_key(|child| position(child));
    found
}

pub(super) fn position(record: &Record) -> u32 {
    match record.facts {
        Facts::Position(position) => position,
        _ => 0,
    }
}

pub(super) fn has_only(record: &Record, names: &[&str]) -> bool {
    record
        .body
        .as_object()
        .is_some_and(|fields| fields.keys().all(|name| names.contains(&name.as_str())))
}

pub(super) fn is_global_only(record: &Record) -> bool {
    record.location() == Some("global") && has_only(record, &["location", "tags", "properties"])
}

pub(super) fn tags(record: &Record) -> Option<Node> {
    let tags = record.body.get("tags")?.as_object()?;
    (!tags.is_empty()).then(|| Node::Value(json!(tags)))
}

/// The properties but for those that have a field of their own.
pub(super) fn properties(record: &Record, own: &[&str]) -> Option<Node> {
    let mut properties = record.body.get("properties")?.as_object()?.clone();
    properties.retain(|name, _| !own.contains(&name.as_str()));
    (!properties.is_empty()).then_some(Node::Value(Value::Object(properties)))
}
