//! Starting a program in an unpacked image, with no engine: in namespaces of its own where a user may have some, else by
//! root's chroot.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use privatelink_testkit::processes::Program;

/// The user that the images name.
pub const USER: u32 = 65532;
/// Where `unshare` and `chroot` are; containers have the same.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How a process comes into an empty root as another user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A user namespace, which nobody needs rights for; the network is one of its own.
    Namespaces,
    /// root's chroot, where namespaces are forbidden, as in most containers; the network is the machine's.
    Chroot,
}

impl Way {
    /// The first way that this machine allows.
    pub fn find() -> Result<Self, String> {
        let works = |program: &str, arguments: &[&str]| {
            let output = Command::new(program)
                .args(arguments)
                .stdin(Stdio::null())
                .output();
            match output {
                Ok(output) if output.status.success() => Ok(()),
                Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
                Err(error) => Err(format!("{program}: {error}")),
            }
        };
        let namespaces = works(
            "unshare",
            &["--user", "--map-root-user", "--net", "unshare", "--user", "true"],
        );
        let chroot = works("chroot", &["--userspec=65532:65532", "--groups=", "/", "true"]);
        match (namespaces, chroot) {
            (Ok(()), _) => Ok(Self::Namespaces),
            (Err(_), Ok(())) => Ok(Self::Chroot),
            (Err(namespaces), Err(chroot)) => Err(format!(
                "neither user namespaces ({namespaces}) nor chroot ({chroot}) are allowed here. Run as root, or allow \
                 namespaces: `sysctl kernel.apparmor_restrict_unprivileged_userns=0 kernel.unprivileged_userns_clone=1 \
                 user.max_user_namespaces=10000` (those that there are)"
            )),
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Chroot => "chroot",
        }
    }

    /// A command that starts a program of this machine where the test may take any port.
    pub fn inside(self, program: &Path) -> Command {
        match self {
            Self::Namespaces => {
                let mut command = Command::new("unshare");
                command
                    .args(["--user", "--map-root-user", "--net", "--"])
                    .arg(program);
                command
            }
            Self::Chroot => Command::new(program),
        }
    }

    /// Gives a file to a user of the image, where we may.
    pub fn give(self, path: &Path, (user, group): (u64, u64)) {
        // In a namespace there is one user only: whoever unpacks is whom the program runs as.
        if self == Self::Chroot {
            let [user, group] = [user, group].map(|id| u32::try_from(id).unwrap());
            std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
        }
    }
}

/// An unpacked image.
pub struct Container {
    pub root: PathBuf,
    pub way: Way,
    /// What is run: the entry point of the image.
    pub entrypoint: Vec<String>,
}

impl Container {
    /// Puts a file into the root, as a volume that Kubernetes mounts.
    pub fn mount(&self, path: &str, content: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let target = self.root.join(path.trim_start_matches('/'));
        let mut missing: Vec<&Path> = target
            .ancestors()
            .skip(1)
            .take_while(|path| !path.exists())
            .collect();
        let present = missing
            .last()
            .unwrap_or(&target.as_path())
            .parent()
            .unwrap()
            .to_owned();
        let before = std::fs::metadata(&present).unwrap().permissions();
        std::fs::set_permissions(&present, std::fs::Permissions::from_mode(0o755)).unwrap();
        missing.reverse();
        for folder in missing {
            std::fs::create_dir(folder).unwrap();
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        std::fs::write(&target, content).unwrap();
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o444)).unwrap();
        std::fs::set_permissions(&present, before).unwrap();
    }

    /// What `env` is given, to start the program with arguments and no other environment than this.
    fn command(&self, environment: &[(&str, String)], arguments: &[String]) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["-i".into(), PATH.into()];
        words.extend(
            environment
                .iter()
                .map(|(name, value)| format!("{name}={value}").into()),
        );
        let root = self.root.display();
        match self.way {
            Way::Namespaces => words.extend(
                [
                    "unshare".to_owned(),
                    "--user".to_owned(),
                    format!("--map-user={USER}"),
                    format!("--map-group={USER}"),
                    format!("--root={root}"),
                    "--".to_owned(),
                ]
                .map(OsString::from),
            ),
            Way::Chroot => words.extend(
                [
                    "chroot".to_owned(),
                    format!("--userspec={USER}:{USER}"),
                    "--groups=".to_owned(),
                    root.to_string(),
                ]
                .map(OsString::from),
            ),
        }
        words.extend(self.entrypoint.iter().chain(arguments).map(OsString::from));
        words
    }

    /// Runs it to its end.
    pub fn run(&self, environment: &[(&str, String)], arguments: &[&str]) -> Output {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        Command::new("env")
            .args(self.command(environment, &arguments))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// It as a program that stays, with its output in a log.
    pub fn program(&self, log: &Path, environment: &[(&str, String)], arguments: &[String]) -> Program {
        let name = self.entrypoint[0].trim_start_matches('/');
        Program::new(name, "env", log).arguments(self.command(environment, arguments))
    }
}
