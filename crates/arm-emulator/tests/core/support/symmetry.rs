//! What resources show of each other: both sides say the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Bench;

/// A type, where it says what it uses, the type of what it uses, and where that says by what it is used. Paths are below
/// `properties`, `*` is every element of a list.
type Pair = (&'static str, &'static str, &'static str, &'static str);

const SUBNETS: &str = "Microsoft.Network/virtualNetworks/subnets";
const INTERFACES: &str = "Microsoft.Network/networkInterfaces";
const ENDPOINTS: &str = "Microsoft.Network/privateEndpoints";
const SECURITY: &str = "Microsoft.Network/networkSecurityGroups";
const PEERINGS: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";
const ASSOCIATIONS: &str = "Microsoft.Network/networkSecurityPerimeters/resourceAssociations";
const LINKS: &str = "Microsoft.Network/networkSecurityPerimeters/links";

const PAIRS: &[Pair] = &[
    (SUBNETS, "networkSecurityGroup.id", SECURITY, "subnets.*.id"),
    (
        SUBNETS,
        "routeTable.id",
        "Microsoft.Network/routeTables",
        "subnets.*.id",
    ),
    (
        INTERFACES,
        "networkSecurityGroup.id",
        SECURITY,
        "networkInterfaces.*.id",
    ),
    (ENDPOINTS, "subnet.id", SUBNETS, "privateEndpoints.*.id"),
    (
        ENDPOINTS,
        "networkInterfaces.*.id",
        INTERFACES,
        "privateEndpoint.id",
    ),
    (
        "Microsoft.Network/privateLinkServices",
        "networkInterfaces.*.id",
        INTERFACES,
        "privateLinkService.id",
    ),
    (
        INTERFACES,
        "ipConfigurations.*.properties.loadBalancerBackendAddressPools.*.id",
        "Microsoft.Network/loadBalancers/backendAddressPools",
        "backendIPConfigurations.*.id",
    ),
    (
        INTERFACES,
        "ipConfigurations.*.properties.publicIPAddress.id",
        "Microsoft.Network/publicIPAddresses",
        "ipConfiguration.id",
    ),
];

fn texts(shown: &Value, path: &str) -> BTreeSet<String> {
    let mut found = vec![&shown["properties"]];
    for name in path.split('.') {
        found = match name {
            "*" => found.into_iter().filter_map(Value::as_array).flatten().collect(),
            _ => found.into_iter().filter_map(|value| value.get(name)).collect(),
        };
    }
    found
        .into_iter()
        .filter_map(Value::as_str)
        .map(str::to_ascii_lowercase)
        .collect()
}

/// The resource that an id of one of its parts belongs to.
fn owner(id: &str) -> String {
    match id
        .split_once("/ipconfigurations/")
        .or(id.split_once("/frontendipconfigurations/"))
    {
        Some((owner, _)) => owner.to_owned(),
        None => id.to_owned(),
    }
}

/// Everything in which two resources do not say the same of each other, in words. Nothing may be on its way.
pub fn contradictions(bench: &Bench) -> Vec<String> {
    let shown: BTreeMap<String, Value> = bench
        .emulator
        .resource_ids()
        .into_iter()
        .filter_map(|id| Some((id.to_ascii_lowercase(), bench.emulator.resource(&id)?)))
        .collect();
    let of = |kind: &'static str| shown.iter().filter(move |(_, one)| one["type"] == kind);
    let mut wrong = Vec::new();
    for (kind, forth, other, back) in PAIRS {
        let said: BTreeSet<(String, String)> = of(kind)
            .flat_map(|(id, one)| texts(one, forth).into_iter().map(move |used| (id.clone(), used)))
            .collect();
        let heard: BTreeSet<(String, String)> = of(other)
            .flat_map(|(id, one)| {
                texts(one, back)
                    .into_iter()
                    .map(move |user| (owner(&user), id.clone()))
            })
            .filter(|(user, _)| shown.get(user).is_none_or(|user| user["type"] == *kind))
            .collect();
        for (user, used) in said.symmetric_difference(&heard) {
            wrong.push(format!("{forth} of {user} and {back} of {used}"));
        }
    }
    for (id, peering) in of(PEERINGS) {
        let network = id.split("/virtualnetworkpeerings/").next().unwrap_or_default();
        let remote = texts(peering, "remoteVirtualNetwork.id");
        let back = of(PEERINGS).find(|(other, one)| {
            remote
                .iter()
                .any(|remote| other.starts_with(&format!("{remote}/")))
                && texts(one, "remoteVirtualNetwork.id").contains(network)
        });
        let state = |one: &Value| one["properties"]["peeringState"] == "Connected";
        if state(peering) != back.is_some_and(|(_, back)| state(back)) {
            wrong.push(format!("the state of {id} and of its other side"));
        }
    }
    for (id, zone) in of("Microsoft.Network/privateDnsZones") {
        let below = |links: bool| {
            shown
                .keys()
                .filter(|key| {
                    key.starts_with(&format!("{id}/")) && !key.contains("/providers/microsoft.authorization/")
                })
                .filter(|key| key.contains("/virtualnetworklinks/") == links)
                .count()
        };
        for (name, count) in [
            ("numberOfRecordSets", below(false)),
            ("numberOfVirtualNetworkLinks", below(true)),
        ] {
            if zone["properties"][name] != count {
                wrong.push(format!("{name} of {id}: {count}"));
            }
        }
    }
    for (id, one) in of(ASSOCIATIONS) {
        for target in texts(one, "privateLinkResource.id") {
            let prefix = format!("{target}/networksecurityperimeterconfigurations/");
            if shown.contains_key(&target) && shown.keys().filter(|key| key.starts_with(&prefix)).count() != 1
            {
                wrong.push(format!("{id} and the configuration of {target}"));
            }
        }
    }
    for (id, one) in of(LINKS) {
        for remote in texts(one, "autoApprovedRemotePerimeterResourceId") {
            let prefix = format!("{remote}/linkreferences/");
            let is_linked = one["properties"]["status"] == "Approved";
            if is_linked && !shown.keys().any(|key| key.starts_with(&prefix)) {
                wrong.push(format!("{id} has no reference in {remote}"));
            }
        }
    }
    for (id, one) in &shown {
        for connection in texts(one, "privateEndpointConnections.*.id") {
            if !shown.contains_key(&connection) {
                wrong.push(format!("{id} shows {connection}, which is not there"));
            }
        }
    }
    wrong
}
