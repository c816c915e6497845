//! What the emulator is seeded with, and what the cluster is given for it. The constants repeat `seed.yaml`; a test holds
//! them together.

use serde_json::{Value, json};

use super::EnvironmentError;
use crate::roles;

/// The seed file, as `arm-emulator serve --seed` reads it, without the controller's role.
const SEED: &str = include_str!("seed.yaml");

/// Where the controller has its role.
pub const ROLE_SCOPES: [&str; 2] = [
    "/subscriptions/6f1c0b7e-2f3a-4c55-9d10-3a4b5c6d7e8f",
    "/subscriptions/a9d4c1f0-5b2e-4e37-8c6a-7f0e1d2c3b4a/resourceGroups/rg-hub-dns",
];

/// The file with the controller's role, which is the one that users assign.
///
/// # Errors
/// The role cannot be read.
pub fn seed() -> Result<String, EnvironmentError> {
    let unreadable = |error: serde_json::Error| EnvironmentError::Message(format!("the role: {error}"));
    let role: Value = serde_json::from_str(roles::AZURE_ROLE).map_err(unreadable)?;
    let definitions = json!({"privatelink-controller": {"actions": role.get("Actions"), "notActions": role.get("NotActions")}});
    // YAML reads JSON.
    Ok(format!("{SEED}roleDefinitions: {definitions}\n"))
}

/// The seeded subscription.
pub const SUBSCRIPTION_ID: &str = "6f1c0b7e-2f3a-4c55-9d10-3a4b5c6d7e8f";
/// The subscription of the hub with the central DNS zones.
pub const HUB_SUBSCRIPTION_ID: &str = "a9d4c1f0-5b2e-4e37-8c6a-7f0e1d2c3b4a";
/// The tenant of both principals.
pub const TENANT_ID: &str = "2b0c8a10-7d2e-4f7e-8a3b-5d1f0e9c7a41";
/// The seeded resource group.
pub const RESOURCE_GROUP: &str = "rg-demo";
/// The region of most that is seeded.
pub const LOCATION: &str = "westeurope";
/// The client id that the controller signs in with.
pub const CONTROLLER_CLIENT_ID: &str = "4d3e8c9a-1b7f-4a52-8e6d-9c0b1a2f3e41";
/// Its secret.
pub const CONTROLLER_SECRET: &str = "controller-of-the-demo";
/// The namespace that the scope is for.
pub const NAMESPACE: &str = "demo";

/// The id of the seeded resource group.
pub fn group_id() -> String {
    format!("/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}")
}

fn resource(path: &str) -> String {
    format!("{}/providers/{path}", group_id())
}

/// The id of the seeded virtual network.
pub fn network_id() -> String {
    resource("Microsoft.Network/virtualNetworks/vnet-demo")
}

/// The networks whose resolvers answer on ports of their own, with the variable of `DIR/env` that names the port.
pub fn resolvers() -> [(&'static str, String); 4] {
    let regional = |region: &str| {
        format!(
            "{}-{region}/providers/Microsoft.Network/virtualNetworks/vnet-demo-{region}",
            group_id()
        )
    };
    [
        ("DNS_PORT", network_id()),
        (
            "DNS_PORT_HUB",
            hub("network", "Microsoft.Network/virtualNetworks/vnet-hub"),
        ),
        ("DNS_PORT_WEST", regional("west")),
        ("DNS_PORT_NORTH", regional("north")),
    ]
}

fn hub(group: &str, path: &str) -> String {
    format!("/subscriptions/{HUB_SUBSCRIPTION_ID}/resourceGroups/rg-hub-{group}/providers/{path}")
}

/// The id of the subnet for endpoints, 10.20.0.0/20.
pub fn subnet_id() -> String {
    format!("{}/subnets/snet-endpoints", network_id())
}

/// The id of the seeded storage account.
pub fn storage_id() -> String {
    resource("Microsoft.Storage/storageAccounts/stdemoorders")
}

/// The id of the seeded key vault.
pub fn key_vault_id() -> String {
    resource("Microsoft.KeyVault/vaults/kv-demo-orders")
}

/// The id of the seeded container registry.
pub fn registry_id() -> String {
    resource("Microsoft.ContainerRegistry/registries/crdemoorders")
}

/// Gives the controller's user the rights of `deploy/cluster-role.yaml`, and in the namespace `default` those of
/// `deploy/lease-role.yaml`.
pub fn bindings(user: &str) -> String {
    format!(
        r#"apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: privatelink-controller}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: privatelink-controller}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {user}}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: privatelink-controller-leader-election, namespace: default}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: privatelink-controller-leader-election}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {user}}}]
"#
    )
}

/// The namespace `demo` and its scope.
pub fn scope() -> String {
    SCOPE
        .replace("${NAMESPACE}", NAMESPACE)
        .replace("${SUBSCRIPTION}", SUBSCRIPTION_ID)
        .replace("${HUB}", HUB_SUBSCRIPTION_ID)
}

/// What the namespace may touch: everything of the team's own, and of others what they allow.
const SCOPE: &str = include_str!("scope.yaml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_those_of_the_seed_file() {
        let group = group_id();
        for value in [
            SUBSCRIPTION_ID,
            HUB_SUBSCRIPTION_ID,
            TENANT_ID,
            RESOURCE_GROUP,
            LOCATION,
            CONTROLLER_CLIENT_ID,
            CONTROLLER_SECRET,
        ] {
            assert!(SEED.contains(value), "{value}");
        }
        for scope in ROLE_SCOPES {
            let assigned = format!("{{scope: {scope}, role: privatelink-controller}}");
            assert!(SEED.contains(&assigned), "{assigned}");
        }
        for id in [network_id(), storage_id(), key_vault_id(), registry_id()] {
            let (kind, name) = id
                .trim_start_matches(&group)
                .trim_start_matches("/providers/")
                .rsplit_once('/')
                .unwrap();
            assert!(
                SEED.contains(&format!("type: {kind}\n    name: {name}\n")),
                "{id}"
            );
        }
        assert!(SEED.contains("name: vnet-demo/snet-endpoints"));
    }

    #[test]
    fn everything_that_the_scope_names_is_seeded() {
        let scope = scope();
        assert!(!scope.contains("${"), "{scope}");
        let ids = scope
            .split_whitespace()
            .filter(|word| word.starts_with("/subscriptions/"));
        for id in ids.chain(resolvers().iter().map(|(_, id)| id.as_str())) {
            let name = id.rsplit('/').next().unwrap();
            assert!(SEED.contains(name), "{id}");
        }
    }
}
