//! What stands in each image: the program, the authorities that it trusts, the names of its user, and nothing else. There is
//! no shell and no library.

use privatelink_testkit::environment::static_build::Architecture;
use serde_json::{Map, Value, json};

use super::authorities;
use super::layer::{Entry, Layer};
use crate::Failure;

/// The user that programs run as; numeric, so that Kubernetes can tell that it is not root.
const USER: u64 = 65532;
/// Where the Go, Rust and C programs of most distributions look for authorities.
const AUTHORITIES: &str = "etc/ssl/certs/ca-certificates.crt";
const LICENCE: &str = include_str!("../../../../LICENSE");

/// A program that has an image of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component {
    Controller,
    Emulator,
}

impl Component {
    pub(super) const ALL: [Self; 2] = [Self::Controller, Self::Emulator];

    /// The name of the image.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Controller => "privatelink-controller",
            Self::Emulator => "privatelink-arm-emulator",
        }
    }

    pub(super) const fn version(self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    const fn program(self) -> &'static str {
        match self {
            Self::Controller => "privatelink-controller",
            Self::Emulator => "arm-emulator",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Controller => {
                "Azure private endpoints, private DNS and network policies from custom resources"
            }
            Self::Emulator => "Azure Resource Manager in memory, for tests and for trying things out",
        }
    }

    /// What it does when nothing is said.
    const fn command(self) -> &'static [&'static str] {
        match self {
            Self::Controller => &["run"],
            Self::Emulator => &["serve", "--listen", "0.0.0.0:8443", "--state-dir", "/state"],
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Controller => 8080,
            Self::Emulator => 8443,
        }
    }

    /// A folder that the program writes to. The controller writes nothing.
    const fn state(self) -> Option<&'static str> {
        match self {
            Self::Controller => None,
            Self::Emulator => Some("state"),
        }
    }

    /// What all versions share, and the program.
    pub(super) fn layers(self, program: Vec<u8>) -> Result<Vec<Layer>, Failure> {
        let mut base = vec![
            Entry::file("LICENSE", LICENCE),
            Entry::folder("etc", 0),
            Entry::file("etc/group", format!("root:x:0:\nnonroot:x:{USER}:\n")),
            Entry::file(
                "etc/passwd",
                format!("root:x:0:0:root:/:/none\nnonroot:x:{USER}:{USER}:nonroot:/:/none\n"),
            ),
            Entry::folder("etc/ssl", 0),
            Entry::folder("etc/ssl/certs", 0),
            Entry::file(AUTHORITIES, authorities::bundle()),
        ];
        base.extend(self.state().map(|folder| Entry::folder(folder, USER)));
        Ok(vec![
            Layer::pack("the user and the authorities", &base)?,
            Layer::pack("the program", &[Entry::program(self.program(), program)])?,
        ])
    }

    /// The configuration of the image, with labels besides its own.
    pub(super) fn configuration(
        self,
        architecture: Architecture,
        layers: &[Layer],
        labels: &[(String, String)],
    ) -> Value {
        let mut all: Map<String, Value> = [
            ("title", self.name()),
            ("description", self.description()),
            ("version", self.version()),
            ("licenses", "Apache-2.0"),
        ]
        .into_iter()
        .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.into()))
        .collect();
        all.extend(
            labels
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().into())),
        );
        let beginning = "1970-01-01T00:00:00Z";
        let history: Vec<Value> = layers
            .iter()
            .map(|layer| json!({"created": beginning, "created_by": "cargo xtask image", "comment": layer.about}))
            .collect();
        let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.diff_id.as_str()).collect();
        let mut config = json!({
            "User": format!("{USER}:{USER}"),
            "Entrypoint": [format!("/{}", self.program())],
            "Cmd": self.command(),
            "WorkingDir": "/",
            "ExposedPorts": {format!("{}/tcp", self.port()): {}},
            "Labels": all,
        });
        if let (Some(state), Some(fields)) = (self.state(), config.as_object_mut()) {
            fields.insert("Volumes".to_owned(), json!({format!("/{state}"): {}}));
        }
        json!({
            "architecture": architecture.name(),
            "os": "linux",
            "created": beginning,
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": history,
        })
    }
}
