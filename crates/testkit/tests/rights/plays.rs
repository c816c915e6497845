//! Short plays that together use every right: objects of all kinds come, fail and go.

use std::time::Duration;

use futures::future::FutureExt;
use privatelink_arm_emulator::faults::FaultRule;
use privatelink_testkit::scenario::under_rights::Act;
use privatelink_testkit::scenario::{
    APPLICATION_GROUPS, ENDPOINTS, GROUP, GROUP_BINDINGS, LINKS, NAMESPACE, RECORD_SETS, ROUTE_TABLES,
    SECURITY_GROUPS, SUBNET_BINDINGS, World, ZONES, dns_object, endpoint, scope, subnet_id, target,
};
use serde_json::{Value, json};

use crate::targets;

pub(crate) struct Play {
    pub(crate) name: String,
    pub(crate) act: Box<Act>,
}

macro_rules! play {
    ($name:literal, |$world:ident| $body:block) => {
        Play { name: $name.to_owned(), act: Box::new(|$world| async move $body.boxed()) }
    };
}

/// Long enough for a chain of objects that wait for each other.
const ACT: Duration = Duration::from_secs(150);
const BLOB: &str = "privatelink.blob.core.windows.net";

/// All plays, the quickest first but for one: the first that shows that a right is missing is enough.
pub(crate) fn plays() -> Vec<Play> {
    // What an operation's status is for shows only where one fails.
    let mut all = vec![play!("operations-fail", |world| {
        for path in ["*/routeTables/failing", "*/privateDnsZones/failing.internal"] {
            let rule: Result<FaultRule, _> = serde_json::from_value(json!({
                "match": {"method": "PUT", "path": path},
                "then": {"operationEnds": {"status": "Failed", "code": "BrokenByATest", "message": "it is broken"}},
            }));
            match rule {
                Ok(rule) => drop(world.emulator.add_fault(rule)),
                Err(error) => world.judge.complain("bench", error.to_string()),
            }
        }
        world.apply(dns_object("RouteTable", "failing", json!({"routes": []})));
        world.apply(dns_object("PrivateDnsZone", "failing.internal", json!({})));
        world.pass(ACT).await;
    })];
    all.extend(targets::plays());
    all.extend([
        play!("made", |world| {
            make_all(world);
            world.pass(ACT).await;
        }),
        play!("gone", |world| {
            make_all(world);
            world.pass(ACT).await;
            for (plural, name) in ALL {
                world.delete_of(plural, name);
            }
            world.pass(ACT).await;
        }),
        play!("left", |world| {
            world.apply(dns_object("ApplicationSecurityGroup", "web", json!({})));
            world.apply(dns_object(
                "ApplicationSecurityGroupBinding",
                "all",
                selecting("web"),
            ));
            world.apply(endpoint("one", json!({})));
            world.pass(ACT).await;
            world.delete_of(GROUP_BINDINGS, "all");
            world.pass(ACT).await;
        }),
        play!("records", |world| {
            make_records(world);
            world.pass(ACT).await;
        }),
        play!("records-gone", |world| {
            make_records(world);
            world.pass(ACT).await;
            for (name, _) in records() {
                world.delete_of(RECORD_SETS, name);
            }
            world.pass(ACT).await;
        }),
        play!("names", |world| {
            make_names(world);
            world.pass(ACT * 2).await;
        }),
        play!("names-given-up", |world| {
            make_names(world);
            world.pass(ACT).await;
            world.patch_spec("one", json!({"dns": {"mode": "None"}}));
            world.pass(ACT).await;
        }),
        play!("names-hidden", |world| {
            // Somebody else's endpoint has its record in no zone here.
            let mut scope = scope(&[NAMESPACE]);
            scope["spec"]["aliases"] = json!({"orders": target("orders")});
            world.apply(scope);
            let connection = json!({"privateLinkServiceId": target("orders"), "groupIds": ["blob"]});
            let body = json!({"location": "westeurope", "properties": {
                "subnet": {"id": subnet_id("endpoints")},
                "privateLinkServiceConnections": [{"name": "other", "properties": connection}],
            }});
            world.make_outside(
                &format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/other"),
                body,
            );
            world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
            world.apply(link(BLOB));
            world.pass(ACT).await;
        }),
        play!("subnet-of-others", |world| {
            let of_network = |path: &str| format!("{GROUP}/providers/Microsoft.Network/{path}/theirs");
            for path in ["natGateways", "serviceEndpointPolicies"] {
                world.make_outside(
                    &of_network(path),
                    json!({"location": "westeurope", "properties": {}}),
                );
            }
            world.meddle(
                &subnet_id("endpoints"),
                json!({"properties": {
                    "natGateway": {"id": of_network("natGateways")},
                    "serviceEndpointPolicies": [{"id": of_network("serviceEndpointPolicies")}],
                }}),
            );
            world.apply(dns_object(
                "SubnetBinding",
                "bound",
                json!({
                    "subnet": {"id": subnet_id("endpoints")}, "privateEndpointNetworkPolicies": "Enabled",
                }),
            ));
            world.pass(ACT).await;
        }),
        play!("namespace-labelled", |world| {
            let mut scope = scope(&[]);
            if let Some(spec) = scope["spec"].as_object_mut() {
                spec.remove("namespaces");
            }
            scope["spec"]["namespaceSelector"] = json!({"matchLabels": {"team": "orders"}});
            world.apply(scope);
            world.apply(endpoint("one", json!({})));
            world.pass(Duration::from_secs(30)).await;
            let labels = json!({"metadata": {"labels": {"team": "orders"}}});
            if let Err(refusal) = world.api.patch("namespaces", "", NAMESPACE, &labels) {
                world.judge.complain("bench", refusal.to_string());
            }
            world.pass(ACT).await;
        }),
        play!("not-to-be-read", |world| {
            make_all(world);
            for (plural, name) in ALL {
                let time = json!([{"node": "none", "url": "https://none.example", "startedAt": "never"}]);
                if let Err(refusal) =
                    world
                        .api
                        .force_status(plural, NAMESPACE, name, &json!({"operations": time}))
                {
                    world
                        .judge
                        .complain("bench", format!("{plural} {name}: {refusal}"));
                }
            }
            world.pass(Duration::from_secs(60)).await;
        }),
    ]);
    all
}

/// One object of each kind; users of others first.
const ALL: &[(&str, &str)] = &[
    (GROUP_BINDINGS, "all"),
    (ENDPOINTS, "one"),
    (SUBNET_BINDINGS, "bound"),
    (SECURITY_GROUPS, "guard"),
    (ROUTE_TABLES, "firewall"),
    (APPLICATION_GROUPS, "web"),
    (RECORD_SETS, "www"),
    (LINKS, "orders.internal"),
    (ZONES, "orders.internal"),
];

fn make_all(world: &World) {
    world.apply(dns_object("PrivateDnsZone", "orders.internal", json!({})));
    world.apply(link("orders.internal"));
    world.apply(record("www", json!({"a": ["10.1.0.10"]})));
    world.apply(dns_object("ApplicationSecurityGroup", "web", json!({})));
    world.apply(dns_object("NetworkSecurityGroup", "guard", json!({"rules": [{
        "name": "web", "direction": "Inbound", "priority": 100, "access": "Allow", "protocol": "Tcp", "ports": ["443"],
        "destination": {"applicationSecurityGroups": [{"name": "web"}]},
    }]})));
    world.apply(dns_object("RouteTable", "firewall", json!({"routes": [
        {"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"},
    ]})));
    world.apply(dns_object(
        "SubnetBinding",
        "bound",
        json!({
            "subnet": {"id": subnet_id("endpoints")},
            "networkSecurityGroup": {"name": "guard"}, "routeTable": {"name": "firewall"},
            "privateEndpointNetworkPolicies": "Enabled",
        }),
    ));
    world.apply(dns_object(
        "ApplicationSecurityGroupBinding",
        "all",
        selecting("web"),
    ));
    world.apply(endpoint("one", json!({})));
}

/// A zone, its link, and an endpoint whose names are in it.
fn make_names(world: &World) {
    world.apply(dns_object("PrivateDnsZone", BLOB, json!({})));
    world.apply(link(BLOB));
    world.apply(endpoint(
        "one",
        json!({"spec": {"dns": {"mode": "Managed", "zones": [{"name": BLOB}]}}}),
    ));
}

fn make_records(world: &World) {
    world.apply(dns_object("PrivateDnsZone", "orders.internal", json!({})));
    for (name, data) in records() {
        world.apply(record(name, data));
    }
}

/// A record set of each type but A.
fn records() -> [(&'static str, Value); 6] {
    [
        ("aaaa", json!({"aaaa": ["fd00::1"]})),
        ("cname", json!({"cname": "www.example.com"})),
        (
            "mx",
            json!({"mx": [{"preference": 10, "exchange": "mail.example.com"}]}),
        ),
        ("ptr", json!({"ptr": ["www.example.com"]})),
        (
            "srv",
            json!({"srv": [{"priority": 1, "weight": 1, "port": 443, "target": "www.example.com"}]}),
        ),
        ("txt", json!({"txt": ["some text"]})),
    ]
}

fn record(name: &str, data: Value) -> Value {
    let mut object = dns_object("PrivateDnsRecordSet", name, data);
    object["spec"]["zone"] = json!({"name": "orders.internal"});
    object["spec"]["recordName"] = json!(name);
    object
}

/// A link of a zone to the endpoints' network, named after the zone.
fn link(zone: &str) -> Value {
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
    dns_object(
        "PrivateDnsZoneLink",
        zone,
        json!({"zone": {"name": zone}, "virtualNetwork": {"id": network}}),
    )
}

/// A binding of all endpoints to a group.
fn selecting(group: &str) -> Value {
    json!({"applicationSecurityGroups": [{"name": group}], "privateEndpointSelector": {}})
}
