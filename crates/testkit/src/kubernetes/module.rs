//! The Go module that pins the binaries: its folder, its version of Kubernetes, and the key of the cache.

use std::path::{Path, PathBuf};

/// The pinned module, read once.
#[derive(Debug, Clone)]
pub(super) struct Module {
    /// The folder with `go.mod` and `go.sum`.
    pub(super) folder: PathBuf,
    /// The version of Kubernetes that the module requires, such as `v1.36.3`; empty where it requires none.
    pub(super) version: String,
    /// What the cache is keyed by: the first 16 hexadecimal digits of the SHA-256 of `go.sum` and of the module's own
    /// Go files.
    pub(super) key: String,
}

impl Module {
    /// Reads a module of this checkout, by its folder from the checkout's root.
    ///
    /// # Errors
    /// A file of the module cannot be read; the message names it.
    pub(super) fn read(folder: &str) -> Result<Self, String> {
        Self::read_from(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder))
    }

    fn read_from(folder: &Path) -> Result<Self, String> {
        let folder = folder
            .canonicalize()
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let version = kubernetes_version(&String::from_utf8_lossy(&read("go.mod")?)).unwrap_or_default();
        let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        digest.update(&read("go.sum")?);
        for path in go_files(&folder)? {
            digest.update(&std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?);
        }
        let key = digest
            .finish()
            .as_ref()
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self { folder, version, key })
    }
}

/// The module's own Go files, in the order of their paths.
fn go_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // A folder with a go.mod of its own is another module.
        if path.is_dir() && !path.join("go.mod").exists() {
            found.extend(go_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "go") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The version in the line `k8s.io/kubernetes vX` of a `require` directive.
fn kubernetes_version(go_mod: &str) -> Option<String> {
    go_mod.lines().find_map(|line| {
        let mut words = line
            .trim_start()
            .trim_start_matches("require ")
            .split_whitespace();
        (words.next() == Some("k8s.io/kubernetes"))
            .then(|| words.next())
            .flatten()
            .filter(|version| version.starts_with('v'))
            .map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_require_directive() {
        let block = "tool (\n\tk8s.io/kubernetes/cmd/kubectl\n)\nrequire (\n\tk8s.io/kubernetes v1.36.3\n)\n";
        assert_eq!(kubernetes_version(block).as_deref(), Some("v1.36.3"));
        assert_eq!(
            kubernetes_version("require k8s.io/kubernetes v1.33.1").as_deref(),
            Some("v1.33.1")
        );
        assert_eq!(kubernetes_version("module x\n"), None);
    }

    #[test]
    fn the_checkout_has_a_module_and_the_key_follows_go_sum() {
        let module = Module::read("kubernetes").unwrap();
        assert_eq!(module.key.len(), 16);
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(module.folder.join("go.mod"), copy.path().join("go.mod")).unwrap();
        std::fs::write(copy.path().join("go.sum"), "other").unwrap();
        assert_ne!(Module::read_from(copy.path()).unwrap().key, module.key);
    }
}
