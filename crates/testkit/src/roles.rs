//! The roles as users assign them: the files of `deploy/`, word for word.

/// What the controller may do in Azure.
pub const AZURE_ROLE: &str = include_str!("../../../deploy/azure/controller-role.json");
/// What it may do in the whole cluster.
pub const CLUSTER_ROLE: &str = include_str!("../../../deploy/cluster-role.yaml");
/// What it may do in the namespace that it runs in.
pub const LEASE_ROLE: &str = include_str!("../../../deploy/lease-role.yaml");
