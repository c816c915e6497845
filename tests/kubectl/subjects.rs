//! The kinds, and an object of each in the simulated world: what it needs, what it is called in Azure, and how others
//! would have made or changed it.

use privatelink_testkit::scenario::{
    APPLICATION_GROUPS, ENDPOINTS, GROUP, GROUP_BINDINGS, LINKS, NAMESPACE, RECORD_SETS, ROUTE_TABLES,
    SECURITY_GROUPS, SUBNET_BINDINGS, World, ZONES, dns_object, endpoint, scope, subnet_id, target, zone_id,
};
use serde_json::{Value, json};

/// The zone of links and record sets.
pub const ZONE: &str = "orders.internal";

/// One kind.
pub struct Subject {
    pub kind: &'static str,
    /// The plural under which the simulated API knows the kind.
    pub plural: &'static str,
    /// As in `kubectl get pe`.
    pub short: &'static str,
    /// The object that is shown; the name says in which situation it is.
    pub manifest: fn(&str) -> Value,
    /// What it refers to. Without it the object waits.
    pub needs: fn(&World),
    /// Its id in Azure. None for a kind that has nothing of its own there.
    pub id: fn(&str) -> Option<String>,
    /// The resource as somebody else would have made it.
    pub existing: fn(&str) -> Value,
    /// What somebody else changes.
    pub meddling: fn() -> Value,
    /// A change of spec.
    pub update: fn() -> Value,
    /// The code by which Azure says that there are too many.
    pub full: &'static str,
}

fn network() -> String {
    format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet")
}

fn in_group(resource_type: &str, name: &str) -> Option<String> {
    Some(format!(
        "{GROUP}/providers/Microsoft.Network/{resource_type}/{name}"
    ))
}

fn other_tag() -> Value {
    json!({"tags": {"team": "somebody else"}})
}

fn new_tag() -> Value {
    json!({"tags": {"team": "payments"}})
}

fn nothing(_world: &World) {}

fn a_zone(world: &World) {
    world.apply(dns_object("PrivateDnsZone", ZONE, json!({})));
}

/// A security group with one rule.
pub fn guard() -> Value {
    let rules = json!([{"name": "web", "direction": "Inbound", "priority": 100, "access": "Allow", "ports": ["443"]}]);
    dns_object("NetworkSecurityGroup", "guard", json!({ "rules": rules }))
}

/// Every kind but AzureScope, which is made once in every world.
pub const SUBJECTS: [Subject; 9] = [
    Subject {
        kind: "PrivateEndpoint",
        plural: ENDPOINTS,
        short: "pe",
        manifest: |name| endpoint(name, json!({})),
        needs: nothing,
        id: |name| in_group("privateEndpoints", name),
        existing: |name| {
            let connection = json!({"privateLinkServiceId": target("orders"), "groupIds": ["blob"]});
            json!({"location": "westeurope", "properties": {
                "subnet": {"id": subnet_id("endpoints")},
                "privateLinkServiceConnections": [{"name": name, "properties": connection}],
            }})
        },
        meddling: other_tag,
        update: new_tag,
        full: "SubnetIsFull",
    },
    Subject {
        kind: "PrivateDnsZone",
        plural: ZONES,
        short: "pdz",
        manifest: |name| {
            let spec = json!({"zoneName": format!("{name}.internal"), "tags": {"team": "orders"}});
            dns_object("PrivateDnsZone", name, spec)
        },
        needs: nothing,
        id: |name| Some(zone_id(&format!("{name}.internal"))),
        existing: |_| json!({"location": "global"}),
        meddling: other_tag,
        update: new_tag,
        full: "PrivateDnsZoneLimitExceeded",
    },
    Subject {
        kind: "PrivateDnsZoneLink",
        plural: LINKS,
        short: "pdl",
        manifest: |name| {
            let spec = json!({"zone": {"name": ZONE}, "virtualNetwork": {"id": network()}, "tags": {"team": "orders"}});
            dns_object("PrivateDnsZoneLink", name, spec)
        },
        needs: a_zone,
        id: |name| Some(format!("{}/virtualNetworkLinks/{name}", zone_id(ZONE))),
        existing: |_| json!({"location": "global", "properties": {"virtualNetwork": {"id": network()}, "registrationEnabled": false}}),
        meddling: other_tag,
        update: new_tag,
        full: "VirtualNetworkLinkLimitExceeded",
    },
    Subject {
        kind: "PrivateDnsRecordSet",
        plural: RECORD_SETS,
        short: "pdr",
        manifest: |name| {
            let spec = json!({"zone": {"name": ZONE}, "recordName": name, "a": ["10.1.0.10"]});
            dns_object("PrivateDnsRecordSet", name, spec)
        },
        needs: a_zone,
        id: |name| Some(format!("{}/A/{name}", zone_id(ZONE))),
        existing: |_| json!({"properties": {"ttl": 77, "aRecords": [{"ipv4Address": "10.9.9.9"}]}}),
        meddling: || json!({"properties": {"ttl": 5}}),
        update: || json!({"ttl": 60}),
        full: "RecordSetLimitExceeded",
    },
    Subject {
        kind: "NetworkSecurityGroup",
        plural: SECURITY_GROUPS,
        short: "nsg",
        manifest: |name| {
            let mut manifest = guard();
            manifest["metadata"]["name"] = json!(name);
            manifest["spec"]["tags"] = json!({"team": "orders"});
            manifest
        },
        needs: nothing,
        id: |name| in_group("networkSecurityGroups", name),
        existing: |_| json!({"location": "westeurope"}),
        meddling: other_tag,
        update: new_tag,
        full: "NetworkSecurityGroupCountLimitReached",
    },
    Subject {
        kind: "ApplicationSecurityGroup",
        plural: APPLICATION_GROUPS,
        short: "asg",
        manifest: |name| dns_object("ApplicationSecurityGroup", name, new_tag_spec()),
        needs: nothing,
        id: |name| in_group("applicationSecurityGroups", name),
        existing: |_| json!({"location": "westeurope"}),
        meddling: other_tag,
        update: new_tag,
        full: "ApplicationSecurityGroupCountLimitReached",
    },
    Subject {
        kind: "RouteTable",
        plural: ROUTE_TABLES,
        short: "rt",
        manifest: |name| {
            let route = json!({"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"});
            dns_object(
                "RouteTable",
                name,
                json!({"routes": [route], "tags": {"team": "orders"}}),
            )
        },
        needs: nothing,
        id: |name| in_group("routeTables", name),
        existing: |_| json!({"location": "westeurope"}),
        meddling: other_tag,
        update: new_tag,
        full: "RouteTableCountLimitReached",
    },
    Subject {
        kind: "SubnetBinding",
        plural: SUBNET_BINDINGS,
        short: "snb",
        manifest: |name| {
            let spec = json!({
                "subnet": {"id": subnet_id("endpoints")}, "networkSecurityGroup": {"name": "guard"},
                "privateEndpointNetworkPolicies": "NetworkSecurityGroupEnabled",
            });
            dns_object("SubnetBinding", name, spec)
        },
        needs: |world| world.apply(guard()),
        id: |_| Some(subnet_id("endpoints")),
        existing: |_| Value::Null,
        meddling: || json!({"properties": {"networkSecurityGroup": null}}),
        update: || json!({"privateEndpointNetworkPolicies": "Enabled"}),
        full: "ServiceEndpointPolicyLimitExceeded",
    },
    Subject {
        kind: "ApplicationSecurityGroupBinding",
        plural: GROUP_BINDINGS,
        short: "asgb",
        manifest: |name| {
            let spec = json!({"applicationSecurityGroups": [{"name": "web"}], "privateEndpointSelector": {}});
            dns_object("ApplicationSecurityGroupBinding", name, spec)
        },
        needs: |world| {
            world.apply(dns_object("ApplicationSecurityGroup", "web", json!({})));
            world.apply(endpoint("orders-blob", json!({})));
        },
        id: |_| None,
        existing: |_| Value::Null,
        meddling: || Value::Null,
        update: || Value::Null,
        full: "",
    },
];

/// The scope that is shown is for a namespace of its own, beside the one of the world.
pub const SCOPE: Subject = Subject {
    kind: "AzureScope",
    plural: "azurescopes.privatelink.dev",
    short: "azs",
    manifest: |name| {
        let mut manifest = scope(&["payments"]);
        manifest["metadata"]["name"] = json!(name);
        manifest
    },
    needs: nothing,
    id: |_| None,
    existing: |_| Value::Null,
    meddling: || Value::Null,
    update: || Value::Null,
    full: "",
};

fn new_tag_spec() -> Value {
    json!({"tags": {"team": "orders"}})
}

impl Subject {
    pub fn object(&self, world: &World, name: &str) -> Option<Value> {
        let namespace = if self.kind == SCOPE.kind { "" } else { NAMESPACE };
        world.api.get(self.plural, namespace, name)
    }
}
