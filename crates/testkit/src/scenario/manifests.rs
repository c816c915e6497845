//! Objects and ids as the stories write them.

use serde_json::{Value, json};

/// The namespace of a world's objects.
pub const NAMESPACE: &str = "orders";
/// The resource group of a world.
pub const GROUP: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-orders";

/// The plural under which the simulated API knows endpoints.
pub const ENDPOINTS: &str = "privateendpoints.privatelink.dev";

/// The plurals of the kinds for private DNS.
pub const ZONES: &str = "privatednszones.privatelink.dev";
pub const LINKS: &str = "privatednszonelinks.privatelink.dev";
pub const RECORD_SETS: &str = "privatednsrecordsets.privatelink.dev";

/// The plurals of the kinds for traffic.
pub const SECURITY_GROUPS: &str = "networksecuritygroups.privatelink.dev";
pub const APPLICATION_GROUPS: &str = "applicationsecuritygroups.privatelink.dev";
pub const ROUTE_TABLES: &str = "routetables.privatelink.dev";
pub const GROUP_BINDINGS: &str = "applicationsecuritygroupbindings.privatelink.dev";
pub const SUBNET_BINDINGS: &str = "subnetbindings.privatelink.dev";

/// The id of a subnet of the world's network.
pub fn subnet_id(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/{name}")
}

/// The id of a private DNS zone.
pub fn zone_id(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/privateDnsZones/{name}")
}

/// An object of a kind for private DNS.
pub fn dns_object(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "privatelink.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    })
}

/// The id of a storage account.
pub fn target(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/{name}")
}

/// The id of a private endpoint.
pub fn endpoint_id(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/{name}")
}

/// A scope that allows everything in the world's group.
pub fn scope(namespaces: &[&str]) -> Value {
    json!({
        "apiVersion": "privatelink.dev/v1alpha1",
        "kind": "AzureScope",
        "metadata": {"name": "orders"},
        "spec": {
            "namespaces": namespaces,
            "defaults": {"resourceGroup": GROUP, "dns": {"lookupServers": ["10.1.0.250"]}},
            "allow": [{
                "on": GROUP,
                "verbs": ["Manage", "Join", "Connect", "AutoApprove", "Link", "LinkZones", "WriteRecords", "Bind"],
                "recordNames": ["*", "@"],
            }, {
                "on": "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-platform",
                "verbs": ["Join"],
            }],
            "zoneNames": ["*.internal", "privatelink.*"],
        },
    })
}

/// An endpoint for the blobs of the account `orders`, with a tag; nobody sees to its names.
pub fn endpoint(name: &str, extra: Value) -> Value {
    let mut manifest = json!({
        "apiVersion": "privatelink.dev/v1alpha1",
        "kind": "PrivateEndpoint",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "subnet": {"id": format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/endpoints")},
            "target": {"id": target("orders"), "groupId": "blob"},
            "tags": {"team": "orders"},
            "dns": {"mode": "None"},
        },
    });
    merge(&mut manifest, &extra);
    manifest
}

/// A JSON merge patch.
pub fn merge(value: &mut Value, patch: &Value) {
    let (Some(map), Some(patch)) = (value.as_object_mut(), patch.as_object()) else {
        *value = patch.clone();
        return;
    };
    for (name, patch) in patch {
        if patch.is_null() {
            map.remove(name);
        } else {
            merge(map.entry(name.clone()).or_insert(Value::Null), patch);
        }
    }
}

/// The zone of storage accounts' blobs.
const BLOB_ZONE: &str = "privatelink.blob.core.windows.net";

/// One object of each kind that has something in Azure, by plural and name, with its manifest.
pub fn one_of_each() -> Vec<(&'static str, &'static str, Value)> {
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
    let names = json!({"spec": {
        "dns": {"mode": "Managed", "zones": [{"name": BLOB_ZONE}]}, "applicationSecurityGroups": [{"name": "web"}],
    }});
    let rule = json!({"name": "web", "direction": "Inbound", "priority": 100, "access": "Allow"});
    let route = json!({"name": "all", "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"});
    let bound = json!({
        "subnet": {"id": subnet_id("endpoints")}, "networkSecurityGroup": {"name": "guard"}, "routeTable": {"name": "ways"},
        "privateEndpointNetworkPolicies": "Enabled",
    });
    vec![
        (
            APPLICATION_GROUPS,
            "web",
            dns_object("ApplicationSecurityGroup", "web", json!({})),
        ),
        (
            SECURITY_GROUPS,
            "guard",
            dns_object("NetworkSecurityGroup", "guard", json!({"rules": [rule]})),
        ),
        (
            ROUTE_TABLES,
            "ways",
            dns_object("RouteTable", "ways", json!({"routes": [route]})),
        ),
        (
            SUBNET_BINDINGS,
            "bound",
            dns_object("SubnetBinding", "bound", bound),
        ),
        (
            ZONES,
            BLOB_ZONE,
            dns_object("PrivateDnsZone", BLOB_ZONE, json!({})),
        ),
        (
            LINKS,
            "net",
            dns_object(
                "PrivateDnsZoneLink",
                "net",
                json!({"zone": {"name": BLOB_ZONE}, "virtualNetwork": {"id": network}}),
            ),
        ),
        (
            RECORD_SETS,
            "record",
            dns_object(
                "PrivateDnsRecordSet",
                "record",
                json!({"zone": {"name": BLOB_ZONE}, "recordName": "extra", "a": ["10.1.0.77"]}),
            ),
        ),
        (ENDPOINTS, "one", endpoint("one", names)),
    ]
}
