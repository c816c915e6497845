//! `cargo xtask rights`: the roles that users assign, from what the kinds say that they need.

mod azure;
mod cluster;
mod page;

use std::path::Path;

use clap::Args;

use crate::{Failure, programs};

#[derive(Debug, Args)]
pub(crate) struct RightsArguments {
    /// Write nothing; fail when a file is not what the kinds say
    #[arg(long)]
    pub(crate) check: bool,
}

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
pub(crate) fn run(arguments: &RightsArguments) -> Result<(), Failure> {
    let mut stale = Vec::new();
    for (name, text) in files()? {
        let path = programs::workspace().join(name);
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        if !arguments.check {
            let folder = path.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder).map_err(Failure::file("making", folder))?;
            std::fs::write(&path, &text).map_err(Failure::file("writing", &path))?;
            println!("wrote {name}");
        }
        stale.push(name);
    }
    if arguments.check && !stale.is_empty() {
        let message = format!(
            "what the kinds need differs from {}; run `cargo xtask rights`",
            stale.join(", ")
        );
        return Err(Failure::Message(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_roles_are_what_the_kinds_say() {
        run(&RightsArguments { check: true }).unwrap();
    }
}
