//! What descriptions call Azure's name of a field is a place that resources really have: objects with every field are made in
//! the simulated world, and each name is looked for in what Azure then shows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use privatelink_api::crds;
use privatelink_api::description::Description;
use privatelink_testkit::scenario::{
    GROUP, NAMESPACE, World, dns_object, endpoint, endpoint_id, in_virtual_time, subnet_id, zone_id,
};
use serde_json::{Value, json};

use crate::subjects::SUBJECTS;

const BLOB: &str = "privatelink.blob.core.windows.net";

/// Places that no body of this world shows, by kind, and why.
const NOT_SHOWN: [(&str, &str, &str); 3] = [
    (
        "SubnetBinding",
        "properties.addressPrefixes[]",
        "a subnet has this or addressPrefix",
    ),
    (
        "NetworkSecurityGroup",
        "properties.networkInterfaces[].id",
        "no machine has an interface here",
    ),
    (
        "ApplicationSecurityGroupBinding",
        "id",
        "it has nothing of its own, and no status.resourceId",
    ),
];

fn make_everything(world: &World) {
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
    let other = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/other");
    world.make_outside(&other, json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}}}));
    let side = |name: &str, priority: i32, side: Value| {
        json!({"name": name, "direction": "Inbound", "priority": priority, "access": "Allow", "protocol": "Tcp", "description": "for a test",
            "source": side, "destination": side, "sourcePorts": ["1000-2000"], "ports": ["443"]})
    };
    let mut many = side("many", 120, json!({"prefixes": ["10.1.0.0/24", "10.1.1.0/24"]}));
    many["ports"] = json!(["80", "443"]);
    many["sourcePorts"] = json!(["80", "443"]);
    let rules = json!([
        side("tag", 100, json!({"serviceTag": "VirtualNetwork"})),
        side("groups", 110, json!({"applicationSecurityGroups": [{"name": "data"}]})),
        many,
        {"name": "rest", "direction": "Inbound", "priority": 4096, "access": "Deny"},
    ]);
    let route = json!({"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"});
    let in_zone = |name: &str, data: Value| {
        let mut spec = json!({"zone": {"name": "orders.internal"}, "recordName": name});
        crate::play::lay_over(&mut spec, &data);
        dns_object("PrivateDnsRecordSet", name, spec)
    };
    let tags = json!({"team": "orders"});
    for object in [
        dns_object("PrivateDnsZone", BLOB, json!({"tags": tags})),
        dns_object("PrivateDnsZone", "orders.internal", json!({"tags": tags})),
        dns_object(
            "PrivateDnsZoneLink",
            "blob",
            json!({"zone": {"name": BLOB}, "virtualNetwork": {"id": network},
            "registrationEnabled": false, "resolutionPolicy": "NxDomainRedirect", "tags": tags}),
        ),
        in_zone("a", json!({"a": ["10.1.0.9"]})),
        in_zone("aaaa", json!({"aaaa": ["fd00::9"]})),
        in_zone("cname", json!({"cname": "other.example.com"})),
        in_zone(
            "mx",
            json!({"mx": [{"preference": 10, "exchange": "mail.example.com"}]}),
        ),
        in_zone("ptr", json!({"ptr": ["host.example.com"]})),
        in_zone(
            "srv",
            json!({"srv": [{"priority": 1, "weight": 2, "port": 443, "target": "host.example.com"}]}),
        ),
        in_zone("txt", json!({"txt": ["hello"]})),
        dns_object("ApplicationSecurityGroup", "data", json!({"tags": tags})),
        dns_object(
            "NetworkSecurityGroup",
            "guard",
            json!({"rules": rules, "tags": tags}),
        ),
        dns_object(
            "RouteTable",
            "firewall",
            json!({"routes": [route], "disableBgpRoutePropagation": true, "tags": tags}),
        ),
        dns_object(
            "SubnetBinding",
            "endpoints",
            json!({"subnet": {"id": subnet_id("endpoints")},
            "networkSecurityGroup": {"name": "guard"}, "routeTable": {"name": "firewall"},
            "privateEndpointNetworkPolicies": "Enabled", "privateLinkServiceNetworkPolicies": "Enabled",
            "serviceEndpoints": ["Microsoft.Storage"]}),
        ),
        endpoint(
            "automatic",
            json!({"spec": {
                "ipAddresses": [{"memberName": "blob", "address": "10.1.0.10"}], "networkInterfaceName": "automatic-nic",
                "applicationSecurityGroups": [{"name": "data"}], "dns": {"mode": "Managed", "zones": [{"name": BLOB}]},
            }}),
        ),
        endpoint(
            "manual",
            json!({"spec": {"target": {"approval": "Manual", "requestMessage": "orders team"}}}),
        ),
    ] {
        world.apply(object);
    }
}

/// What Azure shows, by the last part of the resource's type.
fn bodies() -> BTreeMap<&'static str, Vec<Value>> {
    let world = in_virtual_time(async {
        let mut world = World::new()?;
        world.start();
        make_everything(&world);
        tokio::time::sleep(Duration::from_secs(900)).await;
        let theirs = format!("{}/virtualNetworkLinks/theirs", zone_id("orders.internal"));
        let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/other");
        world.make_outside(&theirs, json!({"location": "global", "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": false}}));
        let resource = |id: &str| world.emulator.resource(id).ok_or(format!("there is no {id}"));
        let mut bodies: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
        for subject in &SUBJECTS {
            for object in world.api.list(subject.plural, Some(NAMESPACE)) {
                let Some(id) = object["status"]["resourceId"].as_str() else {
                    continue;
                };
                bodies.entry(subject.kind).or_default().push(resource(id)?);
                if let Some(interface) = object["status"]["networkInterfaceId"].as_str() {
                    bodies
                        .entry("networkInterfaces")
                        .or_default()
                        .push(resource(interface)?);
                }
            }
        }
        let group = format!(
            "{}/privateDnsZoneGroups/privatelink-dev",
            endpoint_id("automatic")
        );
        bodies.insert("privateDnsZoneGroups", vec![resource(&group)?]);
        bodies.insert("virtualNetworkLinks", vec![resource(&theirs)?]);
        bodies.insert("privateEndpoints", bodies["PrivateEndpoint"].clone());
        Ok(bodies)
    });
    world.unwrap()
}

/// Whether a body has something at a path such as `properties.securityRules[].name`.
fn has(body: &Value, path: &str) -> bool {
    let Some((first, rest)) = path
        .split_once('.')
        .map(|(first, rest)| (first, Some(rest)))
        .or(Some((path, None)))
    else {
        return false;
    };
    let below = |value: &Value| rest.map_or(!value.is_null(), |rest| has(value, rest));
    match first.strip_suffix("[]") {
        Some(list) => body[list].as_array().is_some_and(|items| items.iter().any(below)),
        None => below(&body[first]),
    }
}

/// The names of all fields: where they are, and of which other resource.
fn names(schema: &Value, found: &mut BTreeSet<(String, Option<String>)>) {
    let description = Description::read(schema["description"].as_str().unwrap_or_default());
    found.extend(
        description
            .azure
            .iter()
            .map(|name| (name.path.to_owned(), name.resource.map(str::to_owned))),
    );
    for property in schema["properties"].as_object().into_iter().flatten() {
        names(property.1, found);
    }
    for below in ["items", "additionalProperties"] {
        if schema[below].is_object() {
            names(&schema[below], found);
        }
    }
}

#[test]
fn every_name_in_azure_is_a_place_in_what_azure_shows() {
    let bodies = bodies();
    let (mut count, mut absent) = (0, Vec::new());
    for definition in crds() {
        let kind = definition.spec.names.kind.clone();
        let schema =
            serde_json::to_value(definition).unwrap()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
                .clone();
        let mut found = BTreeSet::new();
        names(&schema, &mut found);
        for (path, resource) in found {
            count += 1;
            let none = Vec::new();
            let shown = bodies.get(resource.as_deref().unwrap_or(&kind)).unwrap_or(&none);
            let excused = NOT_SHOWN
                .iter()
                .any(|(of, at, _)| (*of, *at) == (kind.as_str(), path.as_str()));
            if shown.iter().any(|body| has(body, &path)) == excused {
                absent.push(format!("{kind}: {path} of {resource:?}"));
            }
        }
    }
    assert!(
        absent.is_empty(),
        "no body of {} has\n{}",
        bodies.keys().copied().collect::<Vec<_>>().join(", "),
        absent.join("\n")
    );
    assert!(count > 100, "{count}");
}
