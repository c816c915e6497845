//! `PrivateDnsZone`: one private DNS zone in Azure. It is not deleted before what lives in it has gone.

use std::collections::BTreeMap;

use kube::ResourceExt;
use privatelink_api::{ConditionType, ForeignLink, PrivateDnsZone, Reason, Verb};
use privatelink_arm::ResourceId;
use privatelink_arm::model::ResourceModel;
use privatelink_arm::models::private_dns_zone::{self as wire, API_VERSION, MODEL};
use privatelink_arm::models::private_dns_zone_link;
use privatelink_engine::facts::{Fact, FactQuery};
use privatelink_engine::plan::{DesiredNode, Snapshot, Want};
use privatelink_engine::{
    Claim, Finding, Grant, Kind, Missing, OWNER_TAG, Outputs, Resolved, Right, Snapshots, Truth, Unresolved,
    World, both,
};
use serde_json::{Map, Value, json};

use crate::reference;

const NODE: &str = "zone";
/// At most this many of what holds a zone are named.
const MOST_NAMED: usize = 5;
/// At most this many foreign links are shown.
const MOST_SHOWN: usize = 100;

/// The kind `PrivateDnsZone`.
pub struct PrivateDnsZoneKind;

impl Kind for PrivateDnsZoneKind {
    type Object = PrivateDnsZone;

    const MAIN_NODE: &'static str = NODE;

    fn model(id: &ResourceId) -> Option<&'static ResourceModel> {
        id.resource_type()
            .eq_ignore_ascii_case(MODEL.resource_type)
            .then_some(&MODEL)
    }

    fn rights(id: &ResourceId) -> Vec<Grant> {
        let name = Grant::ZoneName(id.name().to_owned());
        let verb = Verb::Manage;
        vec![Grant::On { id: id.clone(), verb }, name]
    }

    fn azure_rights() -> Vec<Right> {
        let mut rights = Right::keeping(Verb::Manage, &MODEL, "the zone");
        rights.extend([
            Right::reading(
                private_dns_zone_link::MODEL.read_action(),
                "the zone",
                "show the links of others; delete no zone that has some",
            ),
            Right::reading(
                "Microsoft.Network/privateDnsZones/ALL/read",
                "the zone",
                "delete no zone that holds records of others",
            ),
        ]);
        rights
    }

    fn claim(object: &PrivateDnsZone, world: &World<'_>) -> Result<Claim, Unresolved> {
        let group = reference::dns_resource_group(object.spec.resource_group.as_deref(), world.scope)?;
        let name = object.spec.zone_name.clone().unwrap_or_else(|| object.name_any());
        let id = reference::parse(
            "spec.zoneName",
            &format!("{group}/providers/{}/{name}", wire::RESOURCE_TYPE),
        )?;
        Ok(Claim {
            grants: Vec::new(),
            effective: effective(&id, world),
            id,
        })
    }

    fn resolve(object: &PrivateDnsZone, id: &ResourceId, world: &World<'_>) -> Result<Resolved, Missing> {
        let body = wire::PrivateDnsZone {
            location: wire::LOCATION,
            tags: reference::tags(&object.spec.tags, world.scope),
        };
        Ok(Resolved {
            nodes: vec![DesiredNode {
                name: NODE,
                id: id.clone(),
                model: &MODEL,
                want: Want::Present(json!(body)),
            }],
            effective: effective(id, world),
        })
    }

    fn departure(
        _object: &PrivateDnsZone,
        id: &ResourceId,
        _observed: &Snapshot,
        world: &World<'_>,
    ) -> Result<(), Missing> {
        let links = FactQuery::of(id, API_VERSION).all_now(private_dns_zone_link::SEGMENT);
        let records = FactQuery::of(id, API_VERSION).all_now("ALL");
        let (links, records) = both(world.fact(&links), world.fact(&records))?;
        for (what, fact) in [("links", links), ("records", records)] {
            if let Fact::Unreadable(why) = fact {
                let message = format!(
                    "the zone is not deleted while its {what} cannot be read ({why}), for others' may be among them; let them be read, or keep the zone with spec.deletionPolicy: Retain"
                );
                return Err(Unresolved::in_use(message).into());
            }
        }
        let mut held: Vec<String> = named(links, |_| true)
            .map(|name| format!("the link {name}"))
            .collect();
        // Azure's own records go with the zone: its SOA, and those that virtual machines registered.
        let of_others = |record: &Value| {
            let soa = text(record, "type").to_ascii_lowercase().ends_with("/soa");
            !soa && record.pointer("/properties/isAutoRegistered") != Some(&Value::Bool(true))
        };
        held.extend(named(records, of_others).map(|name| format!("the record {name}")));
        if held.is_empty() {
            return Ok(());
        }
        let more = held.len().saturating_sub(MOST_NAMED);
        held.truncate(MOST_NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let message = format!(
            "the zone is not deleted while it holds {}{more}; delete those first, or keep the zone with spec.deletionPolicy: Retain",
            held.join(", ")
        );
        Err(Unresolved::in_use(message).into())
    }

    fn outputs(
        _object: &PrivateDnsZone,
        resolved: &Resolved,
        observed: &Snapshots,
        _recorded: &Map<String, Value>,
        world: &World<'_>,
    ) -> Result<Outputs, Missing> {
        let zone = observed
            .get(NODE)
            .ok_or_else(|| Missing::Malformed("the zone was not read".to_owned()))?;
        let answer: wire::Answer = serde_json::from_value(zone.body.clone())
            .map_err(|error| Missing::Malformed(error.to_string()))?;
        let counters = answer.properties;
        let mut status = Map::new();
        let foreign = match resolved.nodes.first() {
            Some(node) => foreign_links(
                &node.id,
                &zone.body,
                counters.number_of_virtual_network_links,
                world,
            )?,
            None => Vec::new(),
        };
        if !foreign.is_empty() {
            status.insert("foreignLinks".to_owned(), json!(foreign));
        }
        let mut show = |field: &str, number: Option<i64>, most: Option<i64>| {
            if let (Some(number), Some(most)) = (number, most.filter(|most| *most > 0)) {
                status.insert(field.to_owned(), json!(band(number, most)));
            }
        };
        show(
            "numberOfRecordSets",
            counters.number_of_record_sets,
            counters.max_number_of_record_sets,
        );
        show(
            "numberOfLinks",
            counters.number_of_virtual_network_links,
            counters.max_number_of_virtual_network_links,
        );
        Ok(Outputs {
            status,
            findings: near_limit(&counters).into_iter().collect(),
            ..Outputs::default()
        })
    }
}

/// The links of a zone that carry another mark than the zone itself. They are read again when their number changes, and
/// now and then.
fn foreign_links(
    id: &ResourceId,
    zone: &Value,
    number: Option<i64>,
    world: &World<'_>,
) -> Result<Vec<ForeignLink>, Missing> {
    let Some(number) = number.filter(|number| *number > 0) else {
        return Ok(Vec::new());
    };
    let query = FactQuery::of(id, API_VERSION)
        .all(private_dns_zone_link::SEGMENT)
        .stamped(Some(number.to_string()));
    let Fact::Known(links) = world.fact(&query)? else {
        return Ok(Vec::new());
    };
    let ours = owner(zone);
    let mut foreign: Vec<ForeignLink> = links
        .as_array()
        .into_iter()
        .flatten()
        .filter(|link| ours.is_none() || owner(link) != ours)
        .map(|link| ForeignLink {
            name: text(link, "name").to_owned(),
            virtual_network: link
                .pointer("/properties/virtualNetwork/id")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        })
        .collect();
    foreign.sort_by(|one, other| one.name.cmp(&other.name));
    foreign.truncate(MOST_SHOWN);
    Ok(foreign)
}

/// The installation whose mark a resource carries.
fn owner(body: &Value) -> Option<&str> {
    let tags = body.get("tags").and_then(Value::as_object)?;
    let mark = tags
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(OWNER_TAG))?;
    mark.1.as_str()?.split('/').next()
}

/// A warning where the zone holds most of what it may hold.
fn near_limit(counters: &wire::Counters) -> Option<Finding> {
    let pairs = [
        (
            counters.number_of_record_sets,
            counters.max_number_of_record_sets,
            "record sets",
        ),
        (
            counters.number_of_virtual_network_links,
            counters.max_number_of_virtual_network_links,
            "links to virtual networks",
        ),
        (
            counters.number_of_virtual_network_links_with_registration,
            counters.max_number_of_virtual_network_links_with_registration,
            "links with registration",
        ),
    ];
    let full: Vec<String> = pairs
        .into_iter()
        .filter_map(|(number, most, what)| {
            let (number, most) = (number?, most.filter(|most| *most > 0)?);
            (number * 5 >= most * 4).then(|| format!("{} or more of {most} {what}", band(number, most)))
        })
        .collect();
    (!full.is_empty()).then(|| {
        let message = format!(
            "the zone holds {}; begin another zone, or ask Azure for a higher limit",
            full.join(" and ")
        );
        Finding::new(ConditionType::NearLimit, Truth::True, Reason::LimitNear, message)
    })
}

/// A number down to a tenth of what is possible, so that status is not written with every record.
fn band(number: i64, most: i64) -> i64 {
    let tenth = (most / 10).max(1);
    number / tenth * tenth
}

fn effective(id: &ResourceId, world: &World<'_>) -> BTreeMap<String, String> {
    let group = id.resource_group().unwrap_or_default();
    let effective = [
        ("resourceGroup", group),
        ("scope", world.scope.name()),
        ("zoneName", id.name()),
    ];
    effective
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn named<'a>(fact: &'a Fact, counts: impl Fn(&Value) -> bool + 'a) -> impl Iterator<Item = &'a str> {
    let all = match fact {
        Fact::Known(all) => all.as_array(),
        Fact::Absent | Fact::Unreadable(_) => None,
    };
    all.into_iter()
        .flatten()
        .filter(move |resource| counts(resource))
        .map(|resource| text(resource, "name"))
}
