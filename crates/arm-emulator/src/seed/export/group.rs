//! A resource group with what is in it, as a part of an estate.

use std::sync::Arc;

use serde_json::{Value, json};

use super::form::{
    Connection, ENDPOINT, NETWORK, ZONE, by_id, children, decision, has_only, has_section, is_global_only,
    is_lost, is_written, made, only_field, position, properties, tags, written_by_group, zones_of,
};
use crate::body;
use crate::network::{children as inline_children, zone_group};
use crate::request::place::{Place, parent_key};
use crate::seed::estate::SHORT_KINDS;
use crate::seed::yaml::Node;
use crate::state::State;
use crate::state::record::{Facts, Record};
use crate::types;

/// A group that is being written.
pub(super) struct Group<'a> {
    state: &'a State,
    record: &'a Arc<Record>,
    networks: Vec<Node>,
    zones: Vec<Node>,
    targets: Vec<Node>,
    endpoints: Vec<Node>,
    resources: Vec<Node>,
    /// What is in no section of a group: extensions of resources.
    others: Vec<Node>,
    /// The ids of what nobody could make again.
    gone: Vec<String>,
}

impl<'a> Group<'a> {
    pub(super) fn of(state: &'a State, record: &'a Arc<Record>) -> Self {
        Group {
            state,
            record,
            networks: Vec::new(),
            zones: Vec::new(),
            targets: Vec::new(),
            endpoints: Vec::new(),
            resources: Vec::new(),
            others: Vec::new(),
            gone: Vec::new(),
        }
    }

    fn location(&self) -> &'a str {
        self.record.location().unwrap_or_default()
    }

    pub(super) fn written(mut self) -> (Node, Vec<Node>, Vec<String>) {
        let state = self.state;
        // Children are written with their parents, where the parent's section has a place for them.
        let mut within: Vec<(&Arc<Record>, Place)> = state
            .descendants(&self.record.key())
            .filter_map(|(_, record)| Some((record, Place::parse(&record.id)?)))
            .filter(|(record, _)| is_written(record))
            .collect();
        within.sort_by_key(|(record, place)| (place.named.matches('/').count(), position(record)));
        for (record, place) in within {
            let kind = record.resource_type.to_ascii_lowercase();
            let below_group = place.id.matches("/providers/").count() == 1;
            match kind.as_str() {
                _ if is_lost(state, record) => self.gone.push(record.id.clone()),
                _ if !below_group => self.others.push(by_id(record)),
                NETWORK if has_section(record) => self.network(record),
                ZONE if has_section(record) => self.zone(record),
                ENDPOINT if has_section(record) => self.endpoint(record),
                _ if self.has_place(record, &kind) => {}
                _ => self.any(record, &place),
            }
        }
        let group = self.record;
        let estate = Node::map([
            ("name", Node::text(group.name())),
            ("location", Node::text(self.location())),
            ("tags", tags(group)),
            ("networks", Node::list(self.networks)),
            ("zones", Node::list(self.zones)),
            ("targets", Node::list(self.targets)),
            ("endpoints", Node::list(self.endpoints)),
            ("resources", Node::list(self.resources)),
        ]);
        (estate, self.others, self.gone)
    }

    /// Whether a child is written by its parent.
    fn has_place(&self, record: &Record, kind: &str) -> bool {
        let Some((parent, list)) = kind.rsplit_once('/') else {
            return false;
        };
        let in_section = parent_key(&record.key())
            .and_then(|key| self.state.get(key))
            .is_some_and(|found| found.resource_type.eq_ignore_ascii_case(parent) && has_section(found));
        in_section
            && match (parent, list) {
                (ZONE, "virtualnetworklinks") => is_global_only(record),
                (ZONE, _) | (NETWORK, "subnets" | "virtualnetworkpeerings") => {
                    has_only(record, &["properties"])
                }
                (ENDPOINT, "privatednszonegroups") => zones_of(record).is_some(),
                _ => false,
            }
    }

    fn any(&mut self, record: &Arc<Record>, place: &Place) {
        let short = SHORT_KINDS
            .iter()
            .find(|(_, kind)| kind.eq_ignore_ascii_case(&record.resource_type));
        let fields = ["location", "tags", "kind", "sku", "identity", "properties"];
        let usual = record
            .body
            .as_object()
            .is_some_and(|body| body.keys().all(|name| fields.contains(&name.as_str())));
        if let Some((kind, _)) = short.filter(|_| usual && record.location().is_some()) {
            self.targets.push(self.target(record, kind));
            return;
        }
        let names: Vec<&str> = place.named.split('/').skip(2).step_by(2).collect();
        self.resources.push(Node::map([
            ("type", Node::text(&record.resource_type)),
            ("name", Node::text(names.join("/"))),
            ("body", Some(Node::Value(self.with_named_children(record)))),
        ]));
    }

    /// The body with those children in it that it names itself, as the rules of a load balancer name its pools: it cannot be
    /// made without them.
    fn with_named_children(&self, record: &Record) -> Value {
        let mut body = Value::clone(&record.body);
        let said = body.to_string().to_ascii_lowercase();
        for inline in types::find(&record.resource_type).table.inline {
            let below = format!("{}/{}/", record.key(), inline.list.to_ascii_lowercase());
            if said.contains(&below) {
                let parts = inline_children::of(self.state, &record.key(), inline)
                    .into_iter()
                    .map(|child| json!({"name": child.name(), "properties": child.body.get("properties")}))
                    .collect();
                body::put(
                    &mut body,
                    &format!("properties.{}", inline.list),
                    Value::Array(parts),
                );
            }
        }
        body
    }

    fn target(&self, record: &Record, kind: &'static str) -> Node {
        let usual = |field: &str, usual: Value| {
            record
                .body
                .get(field)
                .filter(|value| kind != "storageAccount" || **value != usual)
                .map(|value| Node::Value(value.clone()))
        };
        Node::map([
            (kind, Node::text(record.name())),
            ("location", self.region(record)),
            ("tags", tags(record)),
            ("kind", usual("kind", json!("StorageV2"))),
            ("sku", usual("sku", json!({"name": "Standard_LRS"}))),
            ("identity", record.body.get("identity").cloned().map(Node::Value)),
            ("properties", properties(record, &[])),
        ])
    }

    /// The region, where it is not the group's.
    fn region(&self, record: &Record) -> Option<Node> {
        record
            .location()
            .filter(|location| *location != self.location())
            .and_then(Node::text)
    }

    fn network(&mut self, record: &Arc<Record>) {
        let space = body::at(&record.body, "properties.addressSpace.addressPrefixes");
        let servers = only_field(&record.body, "properties.dhcpOptions", "dnsServers")
            .filter(|servers| servers.as_array().is_some_and(|servers| !servers.is_empty()));
        let (state, key) = (self.state, record.key());
        let subnets = children(state, &key, "subnets").into_iter().map(|subnet| {
            let prefix = subnet.text(&["properties", "addressPrefix"]);
            Node::map([
                ("name", Node::text(subnet.name())),
                ("prefix", prefix.and_then(Node::text)),
                ("properties", properties(subnet, &["addressPrefix"])),
            ])
        });
        let peerings = children(state, &key, "virtualnetworkpeerings")
            .into_iter()
            .filter_map(|peering| {
                let remote = peering.text(&["properties", "remoteVirtualNetwork", "id"])?;
                Some(Node::map([
                    ("network", Node::text(remote)),
                    ("name", Node::text(peering.name())),
                    ("properties", properties(peering, &["remoteVirtualNetwork"])),
                ]))
            });
        let mut own = vec!["addressSpace"];
        own.extend(servers.map(|_| "dhcpOptions"));
        self.networks.push(Node::map([
            ("name", Node::text(record.name())),
            ("location", self.region(record)),
            ("tags", tags(record)),
            ("addressSpace", space.cloned().map(Node::Value)),
            ("dnsServers", servers.cloned().map(Node::Value)),
            ("subnets", Node::list(subnets.collect())),
            ("peerings", Node::list(peerings.collect())),
            ("properties", properties(record, &own)),
        ]));
    }

    fn zone(&mut self, record: &Arc<Record>) {
        let mut links = Vec::new();
        let mut sets = Vec::new();
        for (_, child) in self.state.descendants(&record.key()) {
            let kind = child.resource_type.rsplit('/').next().unwrap_or_default();
            let only_properties = has_only(child, &["properties"]);
            if !is_written(child)
                || is_lost(self.state, child)
                || child.id.matches("/providers/").count() != 1
            {
                continue;
            }
            if kind.eq_ignore_ascii_case("virtualNetworkLinks") {
                let network = child.text(&["properties", "virtualNetwork", "id"]);
                if is_global_only(child) {
                    links.push(Node::map([
                        ("network", network.and_then(Node::text)),
                        ("name", Node::text(child.name())),
                        ("tags", tags(child)),
                        ("properties", properties(child, &["virtualNetwork"])),
                    ]));
                }
            } else if only_properties && !written_by_group(self.state, child) {
                sets.push(Node::map([
                    ("name", Node::text(child.name())),
                    ("type", Node::text(kind)),
                    ("properties", properties(child, &[])),
                ]));
            }
        }
        self.zones.push(Node::map([
            ("name", Node::text(record.name())),
            ("tags", tags(record)),
            ("links", Node::list(links)),
            ("records", Node::list(sets)),
            ("properties", properties(record, &[])),
        ]));
    }

    fn endpoint(&mut self, record: &Arc<Record>) {
        let Facts::Endpoint(facts) = &record.facts else {
            return;
        };
        let subnet = record.text(&["properties", "subnet", "id"]);
        let connection = Connection::of(record);
        let mut own = vec!["subnet"];
        own.extend(connection.as_ref().map(|connection| connection.list));
        let group = zone_group::of(self.state, &record.key())
            .filter(|group| is_written(group) && !is_lost(self.state, group));
        let zones = group.and_then(|group| zones_of(group)).unwrap_or_default();
        let zones = zones.into_iter().filter_map(Node::text).collect();
        let connection = connection.as_ref();
        self.endpoints.push(Node::map([
            ("name", Node::text(record.name())),
            ("location", self.region(record)),
            ("tags", tags(record)),
            ("subnet", subnet.and_then(Node::text)),
            ("target", connection.and_then(|one| Node::text(one.target))),
            (
                "groups",
                connection.and_then(|one| one.groups).cloned().map(Node::Value),
            ),
            (
                "manual",
                connection
                    .filter(|one| one.manual)
                    .map(|_| Node::Value(json!(true))),
            ),
            (
                "message",
                connection.and_then(|one| one.message).and_then(Node::text),
            ),
            (
                "connectionName",
                connection
                    .filter(|one| one.name != record.name())
                    .and_then(|one| Node::text(one.name)),
            ),
            ("zones", Node::list(zones)),
            (
                "decision",
                decision(
                    facts,
                    zone_group::of(self.state, &record.key())
                        .map(|group| &**group)
                        .filter(|group| !is_lost(self.state, group)),
                ),
            ),
            ("made", Some(made(self.state, record, facts))),
            ("properties", properties(record, &own)),
        ]));
    }
}
