//! Zone groups of private endpoints: the A records that an endpoint keeps in private DNS zones.
//!
//! ARM behaviour: nobody owns a record. Two endpoints of one target whose groups are on one zone write the same record: the
//! later one wins, and whichever of them goes takes the record with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body;
use crate::network::parts;
use crate::private_dns::names::{full_name, relative_name};
use crate::request::answer::{dotted, show_parts};
use crate::request::errors::{self, Failure};
use crate::request::place::{Place, parent_key};
use crate::state::record::{Facts, Record, Writers, ZoneGroupFacts};
use crate::state::world::{Draft, World};
use crate::state::{Key, State};

/// ARM behaviour: at most 5 zones in a group.
const ZONES: usize = 5;

/// ARM behaviour: records of zone groups live 10 seconds.
const TTL: u32 = 10;

/// The zone group of an endpoint.
pub(crate) fn of<'a>(state: &'a State, endpoint_key: &str) -> Option<&'a Arc<Record>> {
    state
        .collection(&format!("{endpoint_key}/privatednszonegroups"))
        .next()
}

/// Adds the forms of configurations, and their record sets.
pub(crate) fn show(state: &State, record: &Record, etag: &str, properties: &mut Map<String, Value>) {
    let key = record.key();
    let endpoint = parent_key(&key).and_then(|endpoint| state.get(endpoint));
    let Some(configurations) = properties.get_mut("privateDnsZoneConfigs") else {
        return;
    };
    let shown = record.provisioning_state.as_str();
    show_parts(record, etag, configurations, "privateDnsZoneConfigs", Some(shown));
    for configuration in configurations.as_array_mut().into_iter().flatten() {
        let zone = zone_name(configuration);
        let sets: Vec<Value> = endpoint
            .map(|endpoint| names_in(endpoint, &zone))
            .unwrap_or_default()
            .into_iter()
            .map(|(name, addresses)| {
                let addresses: Vec<String> = addresses.into_iter().map(dotted).collect();
                let beside = format!("{}/cname/{name}", zone_id(configuration).to_ascii_lowercase());
                let shown = if state.get(&beside).is_some() {
                    "Failed"
                } else {
                    shown
                };
                json!({
                    "recordType": "A",
                    "recordSetName": name,
                    "fqdn": full_name(&name, &zone),
                    "ttl": TTL,
                    "provisioningState": shown,
                    "ipAddresses": addresses,
                })
            })
            .collect();
        body::put(configuration, "properties.recordSets", Value::Array(sets));
    }
}

/// Prepares a write.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    keep_references_only(&mut draft.record.body);
    let record = &draft.record;
    let key = record.key();
    let Some(endpoint) = parent_key(&key).and_then(|endpoint| world.state.get(endpoint)) else {
        return Ok(());
    };
    if endpoint.operation.is_some() {
        return Err(errors::reference_not_provisioned(
            &endpoint.id,
            &record.id,
            "PutPrivateEndpointOperation",
        ));
    }
    check_configurations(record, existing)?;
    let zones = body::all(
        &record.body,
        "properties.privateDnsZoneConfigs.*.properties.privateDnsZoneId",
    );
    let missing: Vec<&str> = zones
        .into_iter()
        .filter_map(Value::as_str)
        .filter(|id| !is_zone(world.state, id))
        .collect();
    if !missing.is_empty() {
        draft.fails = Some((
            "InvalidPrivateDnsZoneIds".to_owned(),
            format!(
                "Private Dns Zone group {} has invalid private dns zone ids {}.",
                record.id,
                missing.join(", ")
            ),
        ));
    }
    draft.effects = missing.is_empty() && existing.is_some() && would_change(world.state, endpoint, record);
    if existing.is_none() {
        draft.record.facts = Facts::ZoneGroup(ZoneGroupFacts::default());
    }
    Ok(())
}

/// Only names and zones count in a request.
fn keep_references_only(request: &mut Value) {
    let configurations = request
        .pointer_mut("/properties/privateDnsZoneConfigs")
        .and_then(Value::as_array_mut);
    for configuration in configurations.into_iter().flatten() {
        body::edit(configuration, |fields| {
            fields.retain(|name, _| name == "name" || name == "properties");
        });
        if let Some(properties) = configuration.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|name, _| name == "privateDnsZoneId");
        }
    }
}

/// ARM behaviour: every configuration has a name of its own and a zone; the zone under one name never changes.
fn check_configurations(record: &Record, existing: Option<&Record>) -> Result<(), Failure> {
    let configurations = body::all(&record.body, "properties.privateDnsZoneConfigs.*");
    if configurations.len() > ZONES {
        return Err(Failure::network(
            400,
            "PrivateDnsZoneGroupHasTooManyPrivateDnsZoneConfigs",
            format!(
                "Private Dns Zone group {} has {} private dns zone configs; at most {ZONES} are allowed.",
                record.id,
                configurations.len()
            ),
        ));
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (number, configuration) in configurations.iter().enumerate() {
        let place = format!("properties.privateDnsZoneConfigs[{number}]");
        let name = parts::name_of(configuration)?;
        if body::text(configuration, "properties.privateDnsZoneId").is_none_or(str::is_empty) {
            return Err(errors::invalid_format(
                "MissingJsonReferenceId",
                format!("Value for reference id is missing. Path {place}.properties.privateDnsZoneId."),
            ));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(errors::duplicate_name(&record.id, name));
        }
    }
    let old = existing
        .map(|existing| body::all(&existing.body, "properties.privateDnsZoneConfigs.*"))
        .unwrap_or_default();
    for configuration in configurations {
        let same_name = |other: &&&Value| {
            body::text(other, "name")
                .zip(body::text(configuration, "name"))
                .is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        let zone = |configuration: &Value| {
            body::text(configuration, "properties.privateDnsZoneId").map(str::to_ascii_lowercase)
        };
        if let Some(before) = old.iter().find(same_name)
            && zone(before) != zone(configuration)
        {
            return Err(Failure::network(
                400,
                "PropertyChangeNotAllowed",
                format!(
                    "Changing property 'privateDnsZoneId' of private dns zone config {} in {} is not allowed. Delete the private dns zone group and create it again.",
                    body::text(configuration, "name").unwrap_or_default(),
                    record.id
                ),
            ));
        }
    }
    Ok(())
}

fn is_zone(state: &State, id: &str) -> bool {
    let is_type = Place::parse(id).is_some_and(|place| {
        place
            .resource_type
            .eq_ignore_ascii_case("Microsoft.Network/privateDnsZones")
    });
    is_type
        && state
            .get(&id.to_ascii_lowercase())
            .is_some_and(|zone| !zone.deleting)
}

fn zone_id(configuration: &Value) -> &str {
    body::text(configuration, "properties.privateDnsZoneId").unwrap_or_default()
}

fn zone_name(configuration: &Value) -> String {
    zone_id(configuration)
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The names of an endpoint in a zone, with their addresses: none until the endpoint is made and approved.
fn names_in(endpoint: &Record, zone: &str) -> BTreeMap<String, Vec<u32>> {
    let mut found: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let Facts::Endpoint(facts) = &endpoint.facts else {
        return found;
    };
    if !facts.settled || facts.status != "Approved" {
        return found;
    }
    for member in &facts.members {
        for fqdn in &member.fqdns {
            if let Some(name) = relative_name(fqdn, zone) {
                found.entry(name).or_default().push(member.address);
            }
        }
    }
    found
}

/// The record sets that a group wants: keys with ids and bodies. Zones that are not there are left out.
fn wanted(state: &State, endpoint: &Record, group: &Record) -> BTreeMap<Key, (String, Value)> {
    let mut found = BTreeMap::new();
    let creator = format!(
        "created by private endpoint {} with resource guid {}",
        endpoint.name(),
        endpoint.guid
    );
    for configuration in body::all(&group.body, "properties.privateDnsZoneConfigs.*") {
        let id = zone_id(configuration);
        let Some(zone) = state.get(&id.to_ascii_lowercase()).filter(|zone| !zone.deleting) else {
            continue;
        };
        for (name, addresses) in names_in(endpoint, zone.name()) {
            let records: Vec<Value> = addresses
                .into_iter()
                .map(|address| json!({"ipv4Address": dotted(address)}))
                .collect();
            let id = format!("{}/A/{name}", zone.id);
            let body = json!({"properties": {
                "ttl": TTL, "metadata": {"creator": creator}, "aRecords": records,
            }});
            found.insert(Arc::from(id.to_ascii_lowercase()), (id, body));
        }
    }
    found
}

fn written(group: &Record) -> BTreeSet<Key> {
    match &group.facts {
        Facts::ZoneGroup(facts) => facts.written.clone(),
        _ => BTreeSet::new(),
    }
}

/// Whether writing the group again would change records.
fn would_change(state: &State, endpoint: &Record, group: &Record) -> bool {
    let wanted = wanted(state, endpoint, group);
    let differs = wanted
        .iter()
        .any(|(key, (_, body))| state.get(key).is_none_or(|found| *found.body != *body));
    differs
        || written(group)
            .iter()
            .any(|key| !wanted.contains_key(key) && state.get(key).is_some())
}

/// Writes the records of a group, and takes away those that it no longer wants. Nothing happens to any other resource.
fn apply(state: &mut State, group_key: &str) {
    let Some(group) = state.get(group_key).cloned() else {
        return;
    };
    let (Facts::ZoneGroup(_), Some(endpoint)) = (
        &group.facts,
        parent_key(group_key)
            .and_then(|endpoint| state.get(endpoint))
            .cloned(),
    ) else {
        return;
    };
    let mut wanted = wanted(state, &endpoint, &group);
    // A CNAME has its name for itself.
    wanted.retain(|key, _| state.get(&beside_as_cname(key)).is_none());
    let keys: BTreeSet<Key> = wanted.keys().cloned().collect();
    for gone in written(&group).difference(&keys) {
        state.remove(gone);
    }
    for (key, (id, body)) in wanted {
        if state.get(&key).is_none_or(|found| *found.body != body) {
            let made = record_set(state, &group, id, body, &key);
            state.insert(Arc::new(made));
        }
    }
    state.update(group_key, |group| {
        group.facts = Facts::ZoneGroup(ZoneGroupFacts { written: keys });
    });
}

/// The key of a CNAME of the same name.
fn beside_as_cname(key: &str) -> String {
    match key.rsplit_once("/a/") {
        Some((zone, name)) => format!("{zone}/cname/{name}"),
        None => key.to_owned(),
    }
}

/// A record set as the provider of private endpoints writes it.
fn record_set(state: &mut State, group: &Record, id: String, body: Value, key: &str) -> Record {
    let (etag, guid) = (state.random.guid(), state.random.guid());
    let before = state.get(key).cloned();
    Record {
        etag,
        guid: before.as_ref().map_or(guid, |before| before.guid.clone()),
        created: before.as_ref().map_or(group.modified, |before| before.created),
        id: before.as_ref().map_or(id, |before| before.id.clone()),
        resource_type: "Microsoft.Network/privateDnsZones/A".to_owned(),
        body: body.into(),
        provisioning_state: "Succeeded".to_owned(),
        modified: group.modified,
        writers: Writers {
            created_by: group.writers.created_by.clone(),
            last_modified_by: group.writers.last_modified_by.clone(),
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

/// Writes the records of an endpoint's group again, after the endpoint got other addresses or was approved.
pub(crate) fn refresh(state: &mut State, endpoint_key: &str) {
    let approved = state.get(endpoint_key).is_some_and(
        |endpoint| matches!(&endpoint.facts, Facts::Endpoint(facts) if facts.status == "Approved"),
    );
    let group = of(state, endpoint_key)
        .filter(|group| group.operation.is_none() && group.provisioning_state == "Succeeded")
        .map(|group| group.key());
    if let Some(group) = group.filter(|_| approved) {
        apply(state, &group);
    }
}

/// Takes the records of a group away, whoever wrote them last.
fn withdraw(state: &mut State, facts: &ZoneGroupFacts) {
    for key in &facts.written {
        state.remove(key);
    }
}

/// What comes of a write that has ended: records in zones.
pub(crate) fn ended(state: &mut State, key: &str, succeeded: bool) {
    if succeeded {
        apply(state, key);
    }
}

/// Takes a group out, and its records out of the zones.
pub(crate) fn remove(state: &mut State, group: &Arc<Record>) {
    state.remove(&group.key());
    if let Facts::ZoneGroup(facts) = &group.facts {
        withdraw(state, facts);
    }
}
