//! `cargo xtask crds`: the definitions as files.

use clap::Args;

use crate::{Failure, programs};

#[derive(Debug, Args)]
pub(crate) struct CrdsArguments {
    /// Write nothing; fail when a file is not what the types say
    #[arg(long)]
    pub(crate) check: bool,
}

/// Writes crds/, or compares it.
pub(crate) fn run(arguments: &CrdsArguments) -> Result<(), Failure> {
    let folder = programs::workspace().join("crds");
    std::fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
    let mut stale = Vec::new();
    for definition in privatelink_api::crds() {
        let name = privatelink_api::file_name(&definition);
        let path = folder.join(&name);
        let text = privatelink_api::to_yaml(&definition)
            .map_err(|error| Failure::Message(format!("{name}: {error}")))?;
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        if !arguments.check {
            std::fs::write(&path, &text).map_err(Failure::file("writing", &path))?;
            println!("wrote crds/{name}");
        }
        stale.push(name);
    }
    if arguments.check && !stale.is_empty() {
        let message = format!(
            "crds/ differs from the types: {}; run `cargo xtask crds`",
            stale.join(", ")
        );
        return Err(Failure::Message(message));
    }
    Ok(())
}
