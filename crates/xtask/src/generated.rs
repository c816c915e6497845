//! Files that are made from the code or from one another: written, or held against what is there.

use clap::Args;

use crate::{Failure, programs};

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct GeneratedArguments {
    /// Write nothing; fail when a file is not what it is made from
    #[arg(long)]
    pub(crate) check: bool,
}

impl GeneratedArguments {
    pub(crate) const CHECK: Self = Self { check: true };

    /// Writes files, by their paths in the workspace, where they are not as they should be, and removes those that are
    /// `surplus`; or says which that would be. `command` makes them.
    ///
    /// # Errors
    /// With `check`, the files that would change.
    pub(crate) fn settle(
        self,
        command: &str,
        files: impl IntoIterator<Item = (String, String)>,
        surplus: Vec<String>,
    ) -> Result<(), Failure> {
        let mut stale = Vec::new();
        for name in surplus {
            if !self.check {
                let path = programs::workspace().join(&name);
                std::fs::remove_file(&path).map_err(Failure::file("removing", &path))?;
                println!("removed {name}");
            }
            stale.push(name);
        }
        for (name, text) in files {
            let path = programs::workspace().join(&name);
            if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
                continue;
            }
            if !self.check {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).map_err(Failure::file("making", folder))?;
                }
                std::fs::write(&path, &text).map_err(Failure::file("writing", &path))?;
                println!("wrote {name}");
            }
            stale.push(name);
        }
        if !self.check || stale.is_empty() {
            return Ok(());
        }
        Err(Failure::Message(format!(
            "not what they are made from: {}; run `cargo xtask {command}`",
            stale.join(", ")
        )))
    }
}
