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
