//! The binaries: found in `KUBEBUILDER_ASSETS`, found in the cache, or built from the pinned Go module into the cache.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::module::Module;
use crate::processes::{ProcessError, Program, tail};

/// A folder that already holds etcd, kube-apiserver and kubectl (the convention of Kubernetes' own test tools).
pub const ASSETS_VARIABLE: &str = "KUBEBUILDER_ASSETS";
/// Overrides the folder that holds the cache.
pub const CACHE_VARIABLE: &str = "PRIVATELINK_KUBERNETES_CACHE";

/// Programs that are built from one pinned Go module.
#[derive(Debug, Clone, Copy)]
pub struct ProgramSet {
    /// What they are, in messages.
    pub what: &'static str,
    /// The module's folder, from the checkout's root.
    pub module: &'static str,
    /// Binary, Go package, and how many seconds the build takes on 2 cores with an empty cache.
    pub binaries: &'static [(&'static str, &'static str, u64)],
}

/// The API server with its store, and kubectl.
pub const KUBERNETES: ProgramSet = ProgramSet {
    what: "Kubernetes",
    module: "kubernetes",
    binaries: &[
        ("etcd", "go.etcd.io/etcd/server/v3", 30),
        ("kubectl", "k8s.io/kubernetes/cmd/kubectl", 60),
        ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", 270),
    ],
};
/// What installs charts.
pub const HELM: ProgramSet = ProgramSet {
    what: "Helm",
    module: "kubernetes/helm",
    binaries: &[("helm", "helm.sh/helm/v4/cmd/helm", 140)],
};
const PROGRESS_EVERY: Duration = Duration::from_secs(15);

/// Why there are no binaries.
#[derive(Debug, thiserror::Error)]
pub enum AssetsError {
    /// `KUBEBUILDER_ASSETS` is set but its folder is not complete.
    #[error("{ASSETS_VARIABLE} is {} but {missing} is not an executable there", folder.display())]
    Incomplete {
        /// The folder.
        folder: PathBuf,
        /// The first binary that is missing.
        missing: &'static str,
    },
    /// The cache holds no binaries for the pinned versions.
    #[error("the Kubernetes binaries are not built yet ({} is not complete)", .0.display())]
    NotBuilt(PathBuf),
    /// Nothing found and no Go to build with.
    #[error(
        "etcd, kube-apiserver and kubectl are needed ({version}) and there is no Go to build them with: {reason}\n\
         Three ways to get them:\n\
         \x20 1. install Go 1.26 or newer (https://go.dev/dl/) and run the command again: it builds them once, in about 6 minutes\n\
         \x20 2. set {ASSETS_VARIABLE} to a folder that holds the three binaries (setup-envtest makes one)\n\
         \x20 3. put the three binaries into {}",
        cache.display()
    )]
    NoGo {
        /// The version of Kubernetes that is pinned.
        version: String,
        /// What was tried and failed.
        reason: String,
        /// Where binaries may be put by hand.
        cache: PathBuf,
    },
    /// A build failed.
    #[error("building {binary} failed with status {code}; its log is {}\n{tail}", log.display())]
    Build {
        /// Which binary.
        binary: &'static str,
        /// The exit status of `go build`.
        code: i32,
        /// Where its output is kept.
        log: PathBuf,
        /// The last lines of its output.
        tail: String,
    },
    /// The Go module of this checkout cannot be read, or there is no place for a cache.
    #[error("{0}")]
    Unusable(String),
    /// A file could not be written or a program not started.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

/// Where the three binaries are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    /// The folder that holds them all.
    pub folder: PathBuf,
}

impl Assets {
    /// The path of etcd.
    pub fn etcd(&self) -> PathBuf {
        self.folder.join("etcd")
    }

    /// The path of kube-apiserver.
    pub fn kube_apiserver(&self) -> PathBuf {
        self.folder.join("kube-apiserver")
    }

    /// The path of kubectl.
    pub fn kubectl(&self) -> PathBuf {
        self.folder.join("kubectl")
    }
}

/// Finds the binaries without building anything.
///
/// # Errors
/// `KUBEBUILDER_ASSETS` names an incomplete folder, or the cache is empty.
pub fn locate() -> Result<Assets, AssetsError> {
    if let Some(folder) = std::env::var_os(ASSETS_VARIABLE).filter(|value| !value.is_empty()) {
        let folder = PathBuf::from(folder);
        return match missing(&folder) {
            None => Ok(Assets { folder }),
            Some(missing) => Err(AssetsError::Incomplete { folder, missing }),
        };
    }
    let module = Module::read(KUBERNETES.module).map_err(AssetsError::Unusable)?;
    let folder = cache_folder(&module)?;
    if missing(&folder).is_none() {
        Ok(Assets { folder })
    } else {
        Err(AssetsError::NotBuilt(folder))
    }
}

/// Finds the binaries, and builds them where they are missing. `progress` gets a line now and then while it builds.
///
/// Two builds at once wait for each other. An interrupted build leaves the binaries that were finished and nothing half.
///
/// # Errors
/// As [`AssetsError`] says; blocks the thread while it builds.
pub fn provide(progress: &mut dyn FnMut(&str)) -> Result<Assets, AssetsError> {
    match locate() {
        Err(AssetsError::NotBuilt(_)) => provide_set(&KUBERNETES, progress).map(|folder| Assets { folder }),
        found => found,
    }
}

/// The folder with the programs of a set, which are built where they are missing. See [`provide`].
///
/// # Errors
/// As [`AssetsError`] says; blocks the thread while it builds.
pub fn provide_set(set: &ProgramSet, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, AssetsError> {
    let module = Module::read(set.module).map_err(AssetsError::Unusable)?;
    let folder = cache_folder(&module)?;
    if set
        .binaries
        .iter()
        .any(|(name, _, _)| !is_executable(&folder.join(name)))
    {
        check_go(&module, &folder)?;
        build(set, &module, &folder, progress)?;
    }
    Ok(folder)
}

/// `${PRIVATELINK_KUBERNETES_CACHE:-${XDG_CACHE_HOME:-~/.cache}/privatelink-controller/kubernetes}/<key of go.sum>`.
fn cache_folder(module: &Module) -> Result<PathBuf, AssetsError> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let root = set(CACHE_VARIABLE).or_else(|| {
        set("XDG_CACHE_HOME")
            .or_else(|| set("HOME").map(|home| home.join(".cache")))
            .map(|cache| cache.join("privatelink-controller/kubernetes"))
    });
    root.map(|root| root.join(&module.key)).ok_or_else(|| {
        AssetsError::Unusable(format!(
            "no place for a cache: set {CACHE_VARIABLE}, XDG_CACHE_HOME or HOME"
        ))
    })
}

/// The first binary that is no executable file in `folder`.
fn missing(folder: &Path) -> Option<&'static str> {
    KUBERNETES
        .binaries
        .iter()
        .map(|(name, _, _)| *name)
        .find(|name| !is_executable(&folder.join(name)))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Whether `go` is there and new enough (a Go that can fetch the module's own toolchain counts).
fn check_go(module: &Module, cache: &Path) -> Result<(), AssetsError> {
    let no_go = |reason: String| AssetsError::NoGo {
        version: module.version.clone(),
        reason,
        cache: cache.to_path_buf(),
    };
    let output = Command::new("go")
        .args(["env", "GOVERSION"])
        .current_dir(&module.folder)
        .output()
        .map_err(|error| no_go(format!("`go` cannot be run ({error})")))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(no_go(format!("`go env GOVERSION` says: {}", message.trim())));
    }
    if go_is_new_enough(&version) {
        Ok(())
    } else {
        Err(no_go(format!("`go` is {version}")))
    }
}

fn go_is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches("go").split('.');
    let major = numbers.next().and_then(|number| number.parse::<u32>().ok());
    let minor = numbers.next().and_then(|number| {
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    });
    major.zip(minor).is_some_and(|found| found >= (1, 26))
}

fn build(
    set: &ProgramSet,
    module: &Module,
    folder: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<(), AssetsError> {
    std::fs::create_dir_all(folder).map_err(ProcessError::system(format!("making {}", folder.display())))?;
    let lock_path = folder.join("lock");
    let locking = || ProcessError::system(format!("locking {}", lock_path.display()));
    let lock = File::create(&lock_path).map_err(locking())?;
    if lock.try_lock().is_err() {
        progress(&format!("another process builds {}; waiting for it", set.what));
        lock.lock().map_err(locking())?;
    }
    let started = Instant::now();
    let absent = |name: &str| !is_executable(&folder.join(name));
    let estimate: u64 = set
        .binaries
        .iter()
        .filter(|(name, _, _)| absent(name))
        .map(|(_, _, seconds)| seconds)
        .sum();
    if estimate > 0 {
        progress(&format!(
            "building {} {} once, into {}: about {} on 2 cores with empty caches",
            set.what,
            module.version,
            folder.display(),
            minutes(estimate)
        ));
    }
    for (binary, package, seconds) in set.binaries.iter().filter(|(name, _, _)| absent(name)) {
        let begun = Instant::now();
        build_one(module, folder, binary, package, &mut |elapsed| {
            progress(&format!(
                "  {binary}: {} of about {}",
                minutes(elapsed),
                minutes(*seconds)
            ));
        })?;
        progress(&format!(
            "  {binary}: built in {}",
            minutes(begun.elapsed().as_secs())
        ));
    }
    progress(&format!(
        "{} {} is built ({})",
        set.what,
        module.version,
        minutes(started.elapsed().as_secs())
    ));
    Ok(())
}

/// Builds one binary beside its place and moves it there when it is whole.
fn build_one(
    module: &Module,
    folder: &Path,
    binary: &'static str,
    package: &str,
    progress: &mut dyn FnMut(u64),
) -> Result<(), AssetsError> {
    let half = folder.join(format!(".{binary}.half"));
    let log = folder.join(format!("{binary}.log"));
    crate::processes::fresh_log(&log)?;
    let mut flags = "-s -w".to_owned();
    if !module.version.is_empty() {
        flags.push_str(&format!(
            " -X k8s.io/component-base/version.gitVersion={}",
            module.version
        ));
    }
    let mut process = Program::new(format!("go build {package}"), "go", &log)
        .arguments([
            "build",
            "-mod=readonly",
            "-buildvcs=false",
            "-trimpath",
            "-ldflags",
            &flags,
            "-o",
        ])
        .arguments([half.as_os_str()])
        .arguments([package])
        .environment("CGO_ENABLED", "0")
        .environment("GOWORK", "off")
        .folder(&module.folder)
        .start()?;
    let started = Instant::now();
    let mut reported = Instant::now();
    let code = loop {
        if let Some(code) = process.left() {
            break code;
        }
        if reported.elapsed() >= PROGRESS_EVERY {
            reported = Instant::now();
            progress(started.elapsed().as_secs());
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    if code != 0 {
        return Err(AssetsError::Build {
            binary,
            code,
            tail: tail(&log, 15),
            log,
        });
    }
    let place = folder.join(binary);
    std::fs::rename(&half, &place).map_err(ProcessError::system(format!("moving {}", place.display())))?;
    drop(std::fs::remove_file(&log));
    Ok(())
}

fn minutes(seconds: u64) -> String {
    if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_go_1_26_and_newer_will_do() {
        for version in ["go1.26", "go1.26.8", "go1.27rc1", "go2.0"] {
            assert!(go_is_new_enough(version), "{version}");
        }
        for version in ["go1.25.9", "go1.9", "", "devel"] {
            assert!(!go_is_new_enough(version), "{version}");
        }
    }

    #[test]
    fn a_folder_is_complete_only_with_three_executables() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        for name in ["etcd", "kubectl", "kube-apiserver"] {
            std::fs::write(folder.path().join(name), "#!/bin/sh\n").unwrap();
        }
        assert_eq!(missing(folder.path()), Some("etcd"));
        for name in ["etcd", "kubectl"] {
            let executable = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(folder.path().join(name), executable).unwrap();
        }
        assert_eq!(missing(folder.path()), Some("kube-apiserver"));
    }

    #[test]
    fn without_go_the_message_names_the_three_ways() {
        let error = AssetsError::NoGo {
            version: "v1.36.3".to_owned(),
            reason: "`go` cannot be run".to_owned(),
            cache: PathBuf::from("/cache/abc"),
        };
        let message = error.to_string();
        for way in ["install Go 1.26", ASSETS_VARIABLE, "/cache/abc"] {
            assert!(message.contains(way), "{message}");
        }
    }
}
