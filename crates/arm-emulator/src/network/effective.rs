//! What holds for a network interface: the rules of the security groups on it and on its subnet, and the routes of its subnet.

use serde_json::{Map, Value, json};

use crate::body;
use crate::network::peering;
use crate::network::{interface, parts, referring};
use crate::operations;
use crate::request::answer::{self, dotted};
use crate::request::errors::Failure;
use crate::request::outcome::Outcome;
use crate::request::place::{Place, parent_key};
use crate::state::State;
use crate::state::record::{Facts, Record};
use crate::state::world::World;
use crate::types::traffic::is_service_tag;
use crate::types::{self, Pace};

const INTERFACES: &str = "Microsoft.Network/networkInterfaces";
const ENDPOINTS: &str = "Microsoft.Network/privateEndpoints";
/// Everybody, in IPv4.
const ALL: &str = "0.0.0.0/0";

/// Prefixes for which every subnet has a route to nowhere.
const NOWHERE: [&str; 5] = [
    "10.0.0.0/8",
    "127.0.0.0/8",
    "100.64.0.0/10",
    "172.16.0.0/12",
    "192.168.0.0/16",
];

/// Answers `POST …/effectiveNetworkSecurityGroups`.
pub(crate) fn security_groups(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    answer_with(
        world,
        place,
        (
            "NicMustBeAttachedToRunningVmToGetEffectiveSecurityGroups",
            "security groups",
        ),
        groups_on,
    )
}

/// Answers `POST …/effectiveRouteTable`.
pub(crate) fn routes(world: &mut World<'_, '_>, place: &Place) -> Result<Outcome, Failure> {
    answer_with(
        world,
        place,
        ("NicMustBeAttachedToRunningVmToGetEffectiveRoutes", "routes"),
        routes_on,
    )
}

/// ARM behaviour: only an interface of a machine that runs has them. Machines always run here.
fn answer_with(
    world: &mut World<'_, '_>,
    place: &Place,
    (code, what): (&str, &str),
    found: fn(&State, &Record) -> Vec<Value>,
) -> Result<Outcome, Failure> {
    let table = types::find(&place.resource_type).table;
    let Some(record) = world.state.get(&place.key).cloned() else {
        return Err((table.hooks.missing)(world, place, "action"));
    };
    if interface::machine_on(world.state, &record).is_none() {
        return Err(Failure::network(
            400,
            code,
            format!(
                "A network interface must be attached to a running virtual machine to get effective {what}. The network interface {} is not attached to a running virtual machine.",
                record.id
            ),
        ));
    }
    let value = found(world.state, &record);
    let pace = Pace {
        seconds: 2.0,
        retry_after: 10,
    };
    Ok(operations::accepted(
        world,
        place,
        &record,
        table,
        pace,
        json!({"value": value}),
    ))
}

/// The subnet of an interface: all its IP configurations are in one network, and the primary one's counts.
fn subnet_of<'a>(state: &'a State, interface: &Record) -> Option<&'a Record> {
    let configurations = parts::parts(interface, "ipConfigurations");
    let primary = configurations
        .iter()
        .find(|part| body::at(part, "properties.primary") == Some(&Value::Bool(true)))
        .or_else(|| configurations.first())?;
    let id = body::text(primary, "properties.subnet.id")?;
    state.get(&id.to_ascii_lowercase()).map(|subnet| &**subnet)
}

/// What a resource refers to at a path.
fn referred<'a>(state: &'a State, record: &Record, path: &str) -> Option<&'a Record> {
    let id = body::text(&record.body, path)?;
    state.get(&id.to_ascii_lowercase()).map(|found| &**found)
}

/// The prefixes of an interface's network, and of those that it is connected to.
fn space_of(state: &State, interface: &Record) -> (Vec<String>, Vec<Vec<String>>) {
    let spaces = |key: &str| {
        state.get(key).map_or_else(Vec::new, |network| {
            body::texts(&network.body, "properties.addressSpace.addressPrefixes")
        })
    };
    let Some(subnet) = subnet_of(state, interface) else {
        return (Vec::new(), Vec::new());
    };
    let key = subnet.key();
    let network = parent_key(&key).unwrap_or_default();
    let others = peering::connected(state, network);
    (
        spaces(network),
        others.iter().map(|other| spaces(other)).collect(),
    )
}

fn groups_on(state: &State, interface: &Record) -> Vec<Value> {
    let subnet = subnet_of(state, interface);
    [("subnet", subnet), ("networkInterface", Some(interface))]
        .into_iter()
        .filter_map(|(word, holder)| {
            let holder = holder?;
            let group = referred(state, holder, "properties.networkSecurityGroup.id")?;
            let mut association = Map::new();
            association.insert(word.into(), json!({"id": holder.id}));
            Some(group_on(state, interface, group, association))
        })
        .collect()
}

fn group_on(state: &State, interface: &Record, group: &Record, association: Map<String, Value>) -> Value {
    let shown = answer::render(state, group);
    let (own, others) = space_of(state, interface);
    let network: Vec<String> = own.into_iter().chain(others.into_iter().flatten()).collect();
    let mut tags = Map::new();
    let mut rules = Vec::new();
    for list in ["securityRules", "defaultSecurityRules"] {
        for rule in body::all(&shown, &format!("properties.{list}.*")) {
            rules.push(effective_rule(state, list, rule, &network, &mut tags));
        }
    }
    json!({
        "networkSecurityGroup": {"id": group.id},
        "association": association,
        "effectiveSecurityRules": rules,
        "tagMap": tags,
    })
}

/// A rule as it is in force: numbers for `*`, addresses for what stands for them, and notes down the tags.
fn effective_rule(
    state: &State,
    list: &str,
    rule: &Value,
    network: &[String],
    tags: &mut Map<String, Value>,
) -> Value {
    let text = |name: &str| body::text(rule, &format!("properties.{name}")).unwrap_or_default();
    let mut made = json!({
        "name": format!("{list}/{}", body::text(rule, "name").unwrap_or_default()),
        "protocol": match text("protocol") { "*" => "All", other => other },
        "access": text("access"),
        "priority": body::at(rule, "properties.priority"),
        "direction": text("direction"),
    });
    for (side, capital) in [("source", "Source"), ("destination", "Destination")] {
        let ports: Vec<String> = of_side(rule, side, "PortRange")
            .iter()
            .map(|port| range(port))
            .collect();
        let mut prefixes = of_side(rule, side, "AddressPrefix");
        prefixes.extend(members(state, rule, side));
        let expanded: Vec<String> = prefixes
            .iter()
            .filter(|prefix| is_service_tag(prefix))
            .flat_map(|tag| {
                let behind = addresses_of(tag, network);
                tags.insert(tag.clone(), json!(behind));
                behind
            })
            .collect();
        for (name, values) in [("PortRange", &ports), ("AddressPrefix", &prefixes)] {
            if let Some(first) = values.first() {
                body::put(&mut made, &format!("{side}{name}"), json!(first));
            }
            let plural = if name == "PortRange" {
                "PortRanges"
            } else {
                "AddressPrefixes"
            };
            body::put(&mut made, &format!("{side}{plural}"), json!(values));
        }
        if !expanded.is_empty() {
            body::put(
                &mut made,
                &format!("expanded{capital}AddressPrefix"),
                json!(expanded),
            );
        }
    }
    made
}

/// The values of one side of a rule, of its singular and plural property.
fn of_side(rule: &Value, side: &str, name: &str) -> Vec<String> {
    let plural = if name == "PortRange" {
        "PortRanges"
    } else {
        "AddressPrefixes"
    };
    let mut found = body::texts(rule, &format!("properties.{side}{name}"));
    found.extend(body::texts(rule, &format!("properties.{side}{plural}")));
    found.retain(|text| !text.is_empty());
    for text in &mut found {
        if text == "*" && name == "AddressPrefix" {
            ALL.clone_into(text);
        }
    }
    found
}

/// `*` and `80` as ranges.
fn range(port: &str) -> String {
    match port {
        "*" => "0-65535".to_owned(),
        range if range.contains('-') => range.to_owned(),
        one => format!("{one}-{one}"),
    }
}

fn addresses_of(tag: &str, network: &[String]) -> Vec<String> {
    match tag {
        "VirtualNetwork" => network.to_vec(),
        "AzureLoadBalancer" => vec!["168.63.129.16/32".to_owned()],
        _ => Vec::new(),
    }
}

/// The addresses of the members of a rule's application security groups.
fn members(state: &State, rule: &Value, side: &str) -> Vec<String> {
    let mut found = Vec::new();
    for id in body::all(rule, &format!("properties.{side}ApplicationSecurityGroups.*.id"))
        .into_iter()
        .filter_map(Value::as_str)
    {
        let key = id.to_ascii_lowercase();
        for member in referring(state, &key, INTERFACES) {
            let addresses = body::all(
                &member.body,
                "properties.ipConfigurations.*.properties.privateIPAddress",
            );
            found.extend(
                addresses
                    .into_iter()
                    .filter_map(Value::as_str)
                    .map(|one| format!("{one}/32")),
            );
        }
        for member in referring(state, &key, ENDPOINTS) {
            if let Facts::Endpoint(facts) = &member.facts {
                found.extend(
                    facts
                        .members
                        .iter()
                        .map(|one| format!("{}/32", dotted(one.address))),
                );
            }
        }
    }
    found
}

/// ARM behaviour: those that Azure makes come first; one whose prefix a route of the table has is not in force.
fn routes_on(state: &State, interface: &Record) -> Vec<Value> {
    let table =
        subnet_of(state, interface).and_then(|subnet| referred(state, subnet, "properties.routeTable.id"));
    let disabled = table
        .and_then(|table| body::at(&table.body, "properties.disableBgpRoutePropagation"))
        .cloned()
        .unwrap_or(Value::Bool(false));
    let shown = table.map_or(Value::Null, |table| answer::render(state, table));
    let own = body::all(&shown, "properties.routes.*");
    let replaced = |prefixes: &[String]| {
        own.iter().any(|route| {
            let prefix = body::text(route, "properties.addressPrefix");
            prefixes.iter().any(|one| Some(one.as_str()) == prefix)
        })
    };
    let (network, others) = space_of(state, interface);
    let mut made = vec![(network, "VnetLocal")];
    made.extend(others.into_iter().map(|other| (other, "VNetPeering")));
    made.push((vec![ALL.to_owned()], "Internet"));
    made.extend(NOWHERE.iter().map(|prefix| (vec![(*prefix).to_owned()], "None")));
    let made = made.into_iter().map(|(prefixes, kind)| {
        json!({
            "disableBgpRoutePropagation": disabled,
            "source": "Default",
            "state": if replaced(&prefixes) { "Invalid" } else { "Active" },
            "hasBgpOverride": false,
            "addressPrefix": prefixes,
            "nextHopType": kind,
            "nextHopIpAddress": [],
            "destinationServiceTags": [],
            "tagMap": {},
        })
    });
    made.chain(own.iter().map(|route| own_route(route, &disabled)))
        .collect()
}

fn own_route(route: &Value, disabled: &Value) -> Value {
    let prefix = body::text(route, "properties.addressPrefix").unwrap_or_default();
    let (prefixes, tags) = if is_service_tag(prefix) {
        (vec![], vec![prefix])
    } else {
        (vec![prefix], vec![])
    };
    let mut hops = body::texts(route, "properties.nextHopIpAddress");
    hops.extend(body::texts(route, "properties.nextHop.nextHopIpAddresses"));
    hops.retain(|hop| !hop.is_empty());
    json!({
        "name": body::text(route, "name"),
        "disableBgpRoutePropagation": disabled,
        "source": "User",
        "state": "Active",
        "hasBgpOverride": false,
        "addressPrefix": prefixes,
        "nextHopType": body::text(route, "properties.nextHopType"),
        "nextHopIpAddress": hops,
        "destinationServiceTags": tags,
        "tagMap": {},
    })
}
