//! What the emulator is seeded with, and what the cluster is given for it. The constants repeat `seed.yaml`; a test holds
//! them together.

/// The seed file, as `arm-emulator serve --seed` reads it.
pub const SEED: &str = include_str!("seed.yaml");

/// The seeded subscription.
pub const SUBSCRIPTION_ID: &str = "6f1c0b7e-2f3a-4c55-9d10-3a4b5c6d7e8f";
/// The tenant of both principals.
pub const TENANT_ID: &str = "2b0c8a10-7d2e-4f7e-8a3b-5d1f0e9c7a41";
/// The seeded resource group.
pub const RESOURCE_GROUP: &str = "rg-demo";
/// The region of all that is seeded.
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

/// Gives the controller's user the rights of `deploy/cluster-role.yaml`.
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
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: privatelink-controller-leader-election}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {user}}}]
"#
    )
}

/// The namespace `demo` and a scope that allows every verb on everything that was seeded.
pub fn scope() -> String {
    let verbs = "[Manage, Use, Join, Bind, Connect, AutoApprove, Approve, ClosePublicAccess, Link, LinkZones, WriteRecords]";
    format!(
        r#"apiVersion: v1
kind: Namespace
metadata: {{name: {NAMESPACE}}}
---
apiVersion: privatelink.dev/v1alpha1
kind: AzureScope
metadata: {{name: demo}}
spec:
  namespaces: [{NAMESPACE}]
  defaults:
    subscriptionId: {SUBSCRIPTION_ID}
    resourceGroup: {RESOURCE_GROUP}
    dnsResourceGroup: {group}
  aliases:
    network: {network}
    endpoints: {subnet}
    orders-storage: {storage}
    orders-vault: {vault}
    orders-registry: {registry}
  allow:
    - "on": {group}
      verbs: {verbs}
      recordNames: ["*", "@"]
  zoneNames: ["*"]
"#,
        group = group_id(),
        network = network_id(),
        subnet = subnet_id(),
        storage = storage_id(),
        vault = key_vault_id(),
        registry = registry_id(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_those_of_the_seed_file() {
        let group = group_id();
        for value in [
            SUBSCRIPTION_ID,
            TENANT_ID,
            RESOURCE_GROUP,
            LOCATION,
            CONTROLLER_CLIENT_ID,
            CONTROLLER_SECRET,
        ] {
            assert!(SEED.contains(value), "{value}");
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
}
