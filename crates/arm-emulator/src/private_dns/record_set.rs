//! Record sets: what each type holds, and which of them can stand beside each other.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body;
use crate::private_dns::{bad_request, names, zone};
use crate::request::errors::Failure;
use crate::request::place::{Place, parent_key};
use crate::request::refusals;
use crate::state::State;
use crate::state::record::{Facts, Record};
use crate::state::world::{Draft, World};

/// Types of record sets and the property with their records.
pub(crate) const TYPES: [(&str, &str); 8] = [
    ("A", "aRecords"),
    ("AAAA", "aaaaRecords"),
    ("CNAME", "cnameRecord"),
    ("MX", "mxRecords"),
    ("PTR", "ptrRecords"),
    ("SOA", "soaRecord"),
    ("SRV", "srvRecords"),
    ("TXT", "txtRecords"),
];

/// ARM behaviour: the documented limits of one record set and of one TXT record.
const RECORDS: usize = 20;
const TEXT: usize = 255;
const TEXTS: usize = 4_096;
const LONGEST_TTL: u64 = 2_147_483_647;

/// What a record set lives when the request does not say: what Azure's own tools send.
const USUAL_TTL: u64 = 3_600;

/// The record sets of a zone in the order of its `/ALL`, after the one with a key; `None` for another list.
///
/// ARM behaviour: by name, whatever their type (recorded).
pub(crate) fn by_name<'a>(
    state: &'a State,
    list: &str,
    after: &str,
) -> Option<impl Iterator<Item = &'a Arc<Record>> + use<'a>> {
    let zone = list.strip_suffix("/all")?;
    if zone.rsplit('/').nth(1) != Some("privatednszones") {
        return None;
    }
    let (after, name) = after.rsplit_once('/').unwrap_or_default();
    let mut of_types: Vec<_> = TYPES
        .iter()
        .map(|(kind, _)| format!("{zone}/{}", kind.to_ascii_lowercase()))
        .map(|list| {
            let start = format!("{list}/{name}");
            let same = (list.as_str() > after && !name.is_empty())
                .then(|| state.get(&start))
                .flatten();
            same.into_iter()
                .chain(state.collection_after(&list, &start))
                .peekable()
        })
        .collect();
    let next = move || {
        let first = of_types
            .iter_mut()
            .enumerate()
            .filter_map(|(number, found)| Some((found.peek()?.name(), number)))
            .min()?
            .1;
        of_types.get_mut(first)?.next()
    };
    Some(std::iter::from_fn(next))
}

/// Adds the full name.
pub(crate) fn show(_: &State, record: &Record, _: &str, properties: &mut Map<String, Value>) {
    let zone = record
        .id
        .rsplit('/')
        .nth(2)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let fqdn = match record.name() {
        "@" => format!("{zone}."),
        name => format!("{name}.{zone}."),
    };
    properties.insert("fqdn".into(), json!(fqdn));
    let registered = matches!(record.facts, Facts::Registered(_));
    properties.insert("isAutoRegistered".into(), json!(registered));
}

/// Prepares a write.
pub(crate) fn prepare(
    world: &mut World<'_, '_>,
    draft: &mut Draft,
    existing: Option<&Record>,
) -> Result<(), Failure> {
    let kind = kind_of(&draft.record);
    let name = draft.record.name().to_owned();
    check_name(&draft.record, kind)?;
    let given = match draft.record.body.get("properties") {
        Some(Value::Object(properties)) => properties.clone(),
        _ => Map::new(),
    };
    let mut properties = known(&given);
    let field = TYPES
        .iter()
        .find(|(known, _)| *known == kind)
        .map_or("", |(_, field)| *field);
    if let Some(other) = TYPES
        .iter()
        .map(|(_, other)| *other)
        .find(|other| *other != field && properties.get(*other).is_some_and(|value| !is_empty(value)))
    {
        return Err(bad_request(format!(
            "The record set '{name}' of type '{kind}' cannot have the property '{other}'."
        )));
    }
    properties.retain(|key, _| key == field || ["ttl", "metadata"].contains(&key.as_str()));
    check_ttl(&mut properties, &name)?;
    check_metadata(&properties, &name)?;
    if kind == "SOA" {
        keep_start(&mut properties, existing);
    }
    match properties.get(field) {
        Some(records) => check_records(kind, &name, records)?,
        None if field.ends_with("Records") => {
            properties.insert(field.to_owned(), json!([]));
        }
        None => {}
    }
    draft.record.body = json!({"properties": properties}).into();
    // ARM behaviour: what somebody writes takes the place of a machine's record.
    if matches!(draft.record.facts, Facts::Registered(_)) {
        draft.record.facts = Facts::None;
        draft.record.claims.clear();
        draft.effects = true;
    }
    if existing.is_none() {
        check_neighbours(world, &draft.record, kind)?;
    }
    Ok(())
}

/// ARM behaviour: a record set is missed by the provider and not by the gateway.
pub(crate) fn missing(world: &World<'_, '_>, place: &Place, verb: &str) -> Failure {
    let zone = place.parent.as_deref().unwrap_or_default();
    if world.state.get(&zone.to_ascii_lowercase()).is_none() {
        return refusals::missing(world, place, verb);
    }
    Failure::private_dns(
        404,
        "NotFound",
        format!(
            "The resource record '{}' does not exist in resource group '{}' of subscription '{}'.",
            place.name,
            place.group.as_deref().unwrap_or_default(),
            place.subscription
        ),
    )
}

/// ARM behaviour: the SOA record set stays as long as its zone.
pub(crate) fn check_unused(_: &mut World<'_, '_>, record: &Record) -> Result<(), Failure> {
    if kind_of(record) == "SOA" {
        return Err(bad_request(
            "Record sets of type 'SOA' with name '@' cannot be deleted.",
        ));
    }
    Ok(())
}

/// The type in the casing of its table.
fn kind_of(record: &Record) -> &'static str {
    let last = record.resource_type.rsplit('/').next().unwrap_or_default();
    TYPES
        .iter()
        .map(|(kind, _)| *kind)
        .find(|kind| kind.eq_ignore_ascii_case(last))
        .unwrap_or_default()
}

/// The properties that a record set can have; names of properties compare without case.
fn known(given: &Map<String, Value>) -> Map<String, Value> {
    let fields = TYPES.iter().map(|(_, field)| *field).chain(["ttl", "metadata"]);
    fields
        .filter_map(|field| {
            let (_, value) = given.iter().find(|(name, _)| name.eq_ignore_ascii_case(field))?;
            Some((field.to_owned(), value.clone()))
        })
        .collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// ARM behaviour: `@` is the zone itself, `*` may be the first label; an SOA is at `@` only, a CNAME never.
fn check_name(record: &Record, kind: &str) -> Result<(), Failure> {
    let name = record.name();
    let zone = record.id.rsplit('/').nth(2).unwrap_or_default();
    let relative = name.strip_prefix("*.").unwrap_or(name);
    let plain = ["@", "*"].contains(&name) || relative.split('.').all(names::is_label);
    if !plain || name.len() + zone.len() > 253 {
        return Err(bad_request(format!("The record set name '{name}' is invalid.")));
    }
    if kind == "SOA" && name != "@" {
        return Err(bad_request(format!(
            "The record set name '{name}' is invalid: a record set of type 'SOA' has the name '@'."
        )));
    }
    if kind == "CNAME" && name == "@" {
        return Err(bad_request(
            "A record set of type 'CNAME' cannot be at the apex of the zone ('@').",
        ));
    }
    Ok(())
}

fn check_ttl(properties: &mut Map<String, Value>, name: &str) -> Result<(), Failure> {
    match properties.get("ttl") {
        None => {
            properties.insert("ttl".to_owned(), json!(USUAL_TTL));
            Ok(())
        }
        Some(value) if value.as_u64().is_some_and(|ttl| (1..=LONGEST_TTL).contains(&ttl)) => Ok(()),
        Some(value) => Err(bad_request(format!(
            "The TTL {value} of the record set '{name}' is invalid: it is a number from 1 to {LONGEST_TTL}."
        ))),
    }
}

fn check_metadata(properties: &Map<String, Value>, name: &str) -> Result<(), Failure> {
    let all_texts = properties
        .get("metadata")
        .and_then(Value::as_object)
        .is_none_or(|entries| entries.values().all(Value::is_string));
    if all_texts {
        Ok(())
    } else {
        Err(bad_request(format!(
            "The metadata of the record set '{name}' is invalid: its values are strings."
        )))
    }
}

/// ARM behaviour: host and serial number of an SOA are the zone's, whatever the request says.
fn keep_start(properties: &mut Map<String, Value>, existing: Option<&Record>) {
    let Some(Value::Object(old)) = existing
        .and_then(|record| record.body.pointer("/properties/soaRecord"))
        .cloned()
    else {
        return;
    };
    let mut start = old.clone();
    if let Some(Value::Object(given)) = properties.get("soaRecord") {
        for (name, value) in given {
            if !["host", "serialNumber"].contains(&name.as_str()) {
                start.insert(name.clone(), value.clone());
            }
        }
    }
    properties.insert("soaRecord".to_owned(), Value::Object(start));
}

fn check_records(kind: &str, name: &str, records: &Value) -> Result<(), Failure> {
    let one = [records.clone()];
    let items = match records {
        Value::Array(items) => items.as_slice(),
        Value::Object(_) if ["CNAME", "SOA"].contains(&kind) => one.as_slice(),
        _ => {
            return Err(bad_request(format!(
                "The records of the record set '{name}' of type '{kind}' are not in the right form."
            )));
        }
    };
    if ["CNAME", "SOA"].contains(&kind) && records.is_array() {
        return Err(bad_request(format!(
            "The record set '{name}' of type '{kind}' has exactly one record."
        )));
    }
    if items.len() > RECORDS {
        return Err(bad_request(format!(
            "The record set '{name}' has {} records; {RECORDS} are allowed.",
            items.len()
        )));
    }
    match items.iter().find_map(|item| wrong_part(kind, item)) {
        None => check_once(kind, items),
        Some(wrong) => Err(bad_request(format!(
            "The record set '{name}' of type '{kind}': {wrong}"
        ))),
    }
}

/// ARM behaviour: a record set has each address and each text once.
fn check_once(kind: &str, records: &[Value]) -> Result<(), Failure> {
    let field = match kind {
        "A" => "ipv4Address",
        "AAAA" => "ipv6Address",
        "TXT" => "value",
        _ => return Ok(()),
    };
    // Addresses compare by what they are, and not by how they are written.
    let value = |record: &Value| match body::text(record, field).map(str::parse::<IpAddr>) {
        Some(Ok(address)) => address.to_string(),
        _ => record.get(field).map(Value::to_string).unwrap_or_default(),
    };
    let mut seen = BTreeSet::new();
    if records.iter().all(|record| seen.insert(value(record))) {
        Ok(())
    } else {
        Err(bad_request(format!(
            "The list of record sets of type '{kind}' may not contain multiple entries with the same '{field}'."
        )))
    }
}

/// What is wrong with one record; `None` when nothing is.
fn wrong_part(kind: &str, item: &Value) -> Option<String> {
    let text = |field: &str| item.get(field).and_then(Value::as_str).unwrap_or_default();
    let domain = |field: &str| {
        let value = text(field);
        (!names::is_domain(value)).then(|| format!("the domain name '{value}' of '{field}' is invalid."))
    };
    let number = |field: &str, lowest: u64, highest: u64| {
        let value = item.get(field).unwrap_or(&Value::Null);
        let fits = value
            .as_u64()
            .is_some_and(|value| (lowest..=highest).contains(&value));
        (!fits).then(|| format!("'{field}' is {value}, and has to be a number from {lowest} to {highest}."))
    };
    match kind {
        "A" => text("ipv4Address")
            .parse::<Ipv4Addr>()
            .err()
            .map(|_| format!("'{}' is no IPv4 address.", text("ipv4Address"))),
        "AAAA" => text("ipv6Address")
            .parse::<Ipv6Addr>()
            .err()
            .map(|_| format!("'{}' is no IPv6 address.", text("ipv6Address"))),
        "CNAME" => domain("cname"),
        "MX" => number("preference", 0, 65_535).or_else(|| domain("exchange")),
        "PTR" => domain("ptrdname"),
        "SRV" => number("priority", 0, 65_535)
            .or_else(|| number("weight", 0, 65_535))
            .or_else(|| number("port", 1, 65_535))
            .or_else(|| domain("target")),
        "TXT" => {
            let Some(parts) = item.get("value").and_then(Value::as_array) else {
                return Some("a TXT record has a list 'value' of strings.".to_owned());
            };
            let lengths: Option<Vec<usize>> = parts.iter().map(|part| part.as_str().map(str::len)).collect();
            match lengths {
                None => Some("a TXT record has a list 'value' of strings.".to_owned()),
                Some(lengths) if lengths.iter().any(|length| *length > TEXT) => {
                    Some(format!("a string of a TXT record has at most {TEXT} characters."))
                }
                Some(lengths) if lengths.iter().sum::<usize>() > TEXTS => {
                    Some(format!("a TXT record has at most {TEXTS} characters."))
                }
                Some(_) => None,
            }
        }
        "SOA" => ["refreshTime", "retryTime", "expireTime", "minimumTtl"]
            .iter()
            .find_map(|field| number(field, 0, LONGEST_TTL)),
        _ => None,
    }
}

/// ARM behaviour: a CNAME has its name for itself; a zone has at most 25,000 record sets.
fn check_neighbours(world: &World<'_, '_>, record: &Record, kind: &str) -> Result<(), Failure> {
    let key = record.key();
    let Some(zone_key) = parent_key(&key) else {
        return Ok(());
    };
    if kind == "SOA" {
        return Err(bad_request("A zone has exactly one record set of type 'SOA'."));
    }
    let exists = |other: &str| {
        let other = format!("{zone_key}/{}/{}", other.to_ascii_lowercase(), record.name());
        world.state.get(&other).is_some()
    };
    let conflict = |message: &str| Err(Failure::private_dns(409, "Conflict", message));
    if kind != "CNAME" && exists("CNAME") {
        return conflict(
            "The record could not be created because a CNAME record with the same name already exists in this zone.",
        );
    }
    if kind == "CNAME" && TYPES.iter().any(|(other, _)| *other != "CNAME" && exists(other)) {
        return conflict(
            "The CNAME record could not be created because a record with the same name already exists in this zone.",
        );
    }
    if world.state.collection_size(&format!("{zone_key}/all")) >= zone::RECORD_SETS {
        return Err(bad_request(format!(
            "The zone has reached its limit of {} record sets.",
            zone::RECORD_SETS
        )));
    }
    Ok(())
}
