//! The manifests of the scenarios, and what someone else makes in Azure.

use privatelink_testkit::environment::seeded;
use serde_json::{Value, json};

/// A private endpoint for the blobs of the seeded storage account; `more` is laid over its spec.
pub fn endpoint(name: &str, more: Value) -> Value {
    let mut spec = json!({
        "subnet": {"alias": "endpoints"},
        "target": {"alias": "orders-storage", "groupId": "blob"},
        "tags": {"team": "orders"},
        // The zone of these names comes and goes with other scenarios.
        "dns": {"mode": "None"},
    });
    if let (Some(spec), Value::Object(more)) = (spec.as_object_mut(), more) {
        spec.extend(more);
    }
    json!({
        "apiVersion": "privatelink.dev/v1alpha1",
        "kind": "PrivateEndpoint",
        "metadata": {"name": name, "namespace": seeded::NAMESPACE},
        "spec": spec,
    })
}

/// An object of any kind.
pub fn manifest(kind: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "privatelink.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": seeded::NAMESPACE},
        "spec": spec,
    })
}

/// The id in Azure of the endpoint with that name.
pub fn endpoint_id(name: &str) -> String {
    format!(
        "{}/providers/Microsoft.Network/privateEndpoints/{name}",
        seeded::group_id()
    )
}

/// The same endpoint as somebody else would have made it, without an owner.
pub fn existing(name: &str) -> Value {
    json!({"id": endpoint_id(name), "put": {
        "location": seeded::LOCATION,
        "tags": {"theirs": "stays"},
        "properties": {
            "subnet": {"id": seeded::subnet_id()},
            "privateLinkServiceConnections": [{"name": name, "properties": {
                "privateLinkServiceId": seeded::storage_id(), "groupIds": ["blob"],
            }}],
        },
    }})
}
