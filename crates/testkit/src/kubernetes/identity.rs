//! Who may speak to the API server, and the kubeconfig that proves it.

use std::io::Read as _;

use serde_json::json;

use crate::processes::ProcessError;

/// A user with groups. What it may do is decided by RBAC, as in any cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's name, unique within one server; also the name of its kubeconfig file.
    pub name: String,
    /// The groups it belongs to besides `system:authenticated`.
    pub groups: Vec<String>,
}

impl Identity {
    /// The name of the cluster administrator that every server has.
    pub const ADMIN: &'static str = "admin";
    /// The name of the user that the controller runs as; it has no rights until a binding gives it some.
    pub const CONTROLLER: &'static str = "privatelink-controller";

    /// A user with the given groups.
    pub fn new<G: Into<String>>(name: impl Into<String>, groups: impl IntoIterator<Item = G>) -> Self {
        Self {
            name: name.into(),
            groups: groups.into_iter().map(Into::into).collect(),
        }
    }

    /// A user in no group.
    pub fn user(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            groups: Vec::new(),
        }
    }

    /// The administrator: a member of `system:masters`, whom RBAC lets do everything.
    pub fn admin() -> Self {
        Self::new(Self::ADMIN, ["system:masters"])
    }

    /// The user that the controller runs as.
    pub fn controller() -> Self {
        Self::user(Self::CONTROLLER)
    }
}

/// An identity together with the token that the server knows it by.
#[derive(Debug, Clone)]
pub(super) struct Credential {
    pub(super) identity: Identity,
    pub(super) token: String,
}

impl Credential {
    /// Gives the identity a random token.
    pub(super) fn issue(identity: Identity) -> Result<Self, ProcessError> {
        let mut bytes = [0_u8; 24];
        std::fs::File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut bytes))
            .map_err(ProcessError::system("reading /dev/urandom for a token"))?;
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { identity, token })
    }

    /// The identity's line of the server's token file: `token,user,uid,"group,group"`.
    pub(super) fn token_line(&self) -> String {
        let name = &self.identity.name;
        format!(
            "{},{name},{name},\"{}\"\n",
            self.token,
            self.identity.groups.join(",")
        )
    }

    /// A kubeconfig for this identity.
    pub(super) fn kubeconfig(&self, endpoint: &str, ca_pem: &str) -> String {
        kubeconfig(&self.identity.name, &self.token, endpoint, ca_pem)
    }
}

/// A kubeconfig that presents a token (JSON, which is YAML), with the CA inside so that the file can be moved.
pub(super) fn kubeconfig(name: &str, token: &str, endpoint: &str, ca_pem: &str) -> String {
    use base64::Engine as _;
    let ca = base64::engine::general_purpose::STANDARD.encode(ca_pem);
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "local", "cluster": {"server": endpoint, "certificate-authority-data": ca}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": name}}],
        "current-context": "local",
    });
    format!("{config:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_line_quotes_the_groups() {
        let credential = Credential {
            identity: Identity::new("alice", ["dev", "orders"]),
            token: "secret".to_owned(),
        };
        assert_eq!(credential.token_line(), "secret,alice,alice,\"dev,orders\"\n");
    }

    #[test]
    fn two_identities_never_share_a_token() {
        let first = Credential::issue(Identity::user("a")).unwrap();
        let second = Credential::issue(Identity::user("b")).unwrap();
        assert_eq!(first.token.len(), 48);
        assert_ne!(first.token, second.token);
    }
}
