//! How the programs are built that stand in images: linked statically with musl, so that they need nothing of the system
//! that they run on, and with no path of the machine that built them.
//!
//! Owns the target, the C compiler and the flags. Never decides what goes into an image.

use std::path::{Path, PathBuf};

use super::EnvironmentError;

/// A program that may be loaded anywhere has a table of what to adjust when it is: 24 bytes for each pointer, all of them read
/// at every start and resident from then on, or a bit for each.
const SHORT_RELOCATIONS: &str = "-Clink-arg=-Wl,-z,pack-relative-relocs";

/// A processor that images are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// x86-64.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Architecture {
    /// The one of this machine.
    ///
    /// # Errors
    /// It is neither of the two.
    pub fn host() -> Result<Self, EnvironmentError> {
        match std::env::consts::ARCH {
            "x86_64" => Ok(Self::Amd64),
            "aarch64" => Ok(Self::Arm64),
            other => Err(EnvironmentError::Message(format!(
                "images are made for x86_64 and aarch64, and this machine is {other}"
            ))),
        }
    }

    /// Its name in images, as Go spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    const fn rust_name(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// The target of rustc.
    pub fn target(self) -> String {
        format!("{}-unknown-linux-musl", self.rust_name())
    }
}

/// One build: the profile of Cargo.toml and the processor.
#[derive(Debug, Clone)]
pub struct StaticBuild {
    /// `release`, or `image-test` for tests that cannot wait for link-time optimisation.
    pub profile: String,
    /// What it is for.
    pub architecture: Architecture,
}

impl StaticBuild {
    /// The product for this machine.
    ///
    /// # Errors
    /// As [`Architecture::host`].
    pub fn release() -> Result<Self, EnvironmentError> {
        Ok(Self {
            profile: "release".to_owned(),
            architecture: Architecture::host()?,
        })
    }

    /// Sees to what the build needs: rustc's standard library for the target, by rustup where it is missing, and a C
    /// compiler for musl, which is looked for only.
    ///
    /// # Errors
    /// What is missing, and how to come by it.
    pub(super) async fn prepare(&self) -> Result<(), EnvironmentError> {
        let target = self.architecture.target();
        let mut rustc = tokio::process::Command::new("rustc");
        let library = rustc
            .current_dir(super::programs::workspace())
            .args(["--print", "target-libdir", "--target", &target])
            .output()
            .await;
        let installed = library.is_ok_and(|output| {
            output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
        });
        if !installed {
            let added = tokio::process::Command::new("rustup")
                .current_dir(super::programs::workspace())
                .args(["target", "add", &target])
                .status()
                .await;
            if !added.is_ok_and(|status| status.success()) {
                return Err(EnvironmentError::Message(format!(
                    "rustc has no standard library for {target}: run `rustup target add {target}`"
                )));
            }
        }
        let compiler = self.compiler()?;
        let variable = format!("CC_{}", target.replace('-', "_"));
        if std::env::var_os(&variable).is_some() || on_path(&compiler) {
            return Ok(());
        }
        let remedy = if compiler == "musl-gcc" {
            "`apt-get install musl-tools` on Debian and Ubuntu".to_owned()
        } else {
            format!("a cross compiler for musl, or {variable}")
        };
        Err(EnvironmentError::Message(format!(
            "there is no {compiler}, the C compiler for {target}: install {remedy}"
        )))
    }

    /// musl's own compiler on the machine it is for; a cross compiler elsewhere.
    fn compiler(&self) -> Result<String, EnvironmentError> {
        Ok(if Architecture::host()? == self.architecture {
            "musl-gcc".to_owned()
        } else {
            format!("{}-linux-musl-gcc", self.architecture.rust_name())
        })
    }

    /// Makes `cargo build` this build. Flags of the person who builds do not get into it.
    pub(super) fn apply(&self, command: &mut tokio::process::Command) -> Result<(), EnvironmentError> {
        let target = self.architecture.target();
        // Where what lies on this machine is said to have been: panics tell of files.
        let mut folders = vec![(super::programs::workspace(), "/source")];
        if let Some(cargo) = cargo_home() {
            folders.push((cargo, "/cargo"));
        }
        let mut flags: Vec<String> = folders
            .iter()
            .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
            .collect();
        flags.push(SHORT_RELOCATIONS.to_owned());
        command
            .args(["--locked", "--profile", &self.profile, "--target", &target])
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        let linker = format!(
            "CARGO_TARGET_{}_LINKER",
            target.replace('-', "_").to_ascii_uppercase()
        );
        let compiler = self.compiler()?;
        // On its own machine rustc brings what musl needs for linking, and any C compiler links it.
        if compiler != "musl-gcc" && std::env::var_os(&linker).is_none() {
            command.env(linker, compiler);
        }
        Ok(())
    }
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn cargo_home() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    set("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cargo")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_for_another_machine_needs_its_own_linker() {
        let host = Architecture::host().unwrap();
        let other = match host {
            Architecture::Amd64 => Architecture::Arm64,
            Architecture::Arm64 => Architecture::Amd64,
        };
        for (architecture, links_itself) in [(host, true), (other, false)] {
            let build = StaticBuild {
                profile: "release".to_owned(),
                architecture,
            };
            let mut command = tokio::process::Command::new("cargo");
            build.apply(&mut command).unwrap();
            let linker = command
                .as_std()
                .get_envs()
                .any(|(name, _)| name.to_string_lossy().ends_with("_LINKER"));
            assert_eq!(linker, !links_itself, "{}", architecture.name());
        }
    }

    #[test]
    fn no_path_of_this_machine_is_left_in_a_build() {
        let mut command = tokio::process::Command::new("cargo");
        StaticBuild::release().unwrap().apply(&mut command).unwrap();
        let flags = command
            .as_std()
            .get_envs()
            .find(|(name, _)| *name == "CARGO_ENCODED_RUSTFLAGS")
            .and_then(|(_, value)| Some(value?.to_string_lossy().into_owned()))
            .unwrap();
        let workspace = super::super::programs::workspace();
        let wanted = format!("--remap-path-prefix={}=/source", workspace.display());
        assert!(flags.split('\u{1f}').any(|flag| flag == wanted), "{flags}");
    }
}
