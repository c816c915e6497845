//! `cargo xtask rights`: the roles that users assign, from what the kinds say that they need.

mod azure;
mod cluster;
mod page;

use crate::Failure;
use crate::generated::GeneratedArguments;

/// The files by their path.
fn files() -> Result<Vec<(&'static str, String)>, Failure> {
    let kinds = privatelink_kinds::azure_rights();
    let actions = azure::actions(&kinds);
    let (cluster, lease) = (cluster::cluster_role(), cluster::lease_role());
    Ok(vec![
        ("deploy/azure/controller-role.json", azure::json(&actions)?),
        ("deploy/azure/controller-role.bicep", azure::bicep(&actions)),
        ("deploy/azure/controller-role.tf", azure::terraform(&actions)),
        ("deploy/cluster-role.yaml", cluster.clone()),
        ("deploy/lease-role.yaml", lease.clone()),
        ("charts/privatelink-controller/files/cluster-role.yaml", cluster),
        ("charts/privatelink-controller/files/lease-role.yaml", lease),
        ("docs/rights.md", page::page(&kinds)),
    ])
}

/// Writes the roles and the page, or compares them.
pub(crate) fn run(arguments: GeneratedArguments) -> Result<(), Failure> {
    let files = files()?.into_iter();
    let files = files.map(|(name, text)| (name.to_owned(), text));
    arguments.settle("rights", files, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_roles_are_what_the_kinds_say() {
        run(GeneratedArguments { check: true }).unwrap();
    }
}
