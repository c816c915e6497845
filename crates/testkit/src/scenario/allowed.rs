//! What a world's controller may do: the roles that users assign, as they are shipped, and no more.

use privatelink_arm_emulator::Emulator;
use privatelink_arm_emulator::identity::{DEFAULT_TENANT, PrincipalRecord};
use privatelink_arm_emulator::rbac::{RoleAssignment, RoleDefinition};
use serde_json::Value;

use super::manifests::GROUP;
use crate::roles;
use crate::simulated::{Rights, SimulatedApi};

/// How the emulator knows the controllers of a world.
const CONTROLLER: &str = "00000000-0000-0000-0000-00000000c0c0";
/// How long their token is good: longer than any story.
const LIFETIME: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 365);

/// What the controllers of a world may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Actions in Azure, at the world's subscription.
    pub azure: Vec<String>,
    pub kubernetes: Rights,
}

impl Allowed {
    /// What the shipped roles allow.
    ///
    /// # Errors
    /// A role cannot be read.
    pub fn shipped() -> Result<Self, String> {
        let role: Value = serde_json::from_str(roles::AZURE_ROLE).map_err(|error| error.to_string())?;
        let actions = role.get("Actions").and_then(Value::as_array);
        let actions = actions.into_iter().flatten().filter_map(Value::as_str);
        Ok(Allowed {
            azure: actions.map(str::to_owned).collect(),
            kubernetes: Rights::of_cluster_role(roles::CLUSTER_ROLE)?
                .and(Rights::of_role(roles::LEASE_ROLE, "default")?),
        })
    }

    /// Lets the controllers do this and nothing else; what people and others do is not touched.
    pub(super) fn put_in_force(&self, emulator: &Emulator, api: &SimulatedApi) {
        api.set_rights(Some(self.kubernetes.clone()));
        emulator.revoke_roles(CONTROLLER);
        let subscription = GROUP.split("/resourceGroups/").next().unwrap_or_default();
        emulator.assign_role(
            CONTROLLER,
            RoleAssignment {
                scope: subscription.to_owned(),
                role: RoleDefinition {
                    actions: self.azure.clone(),
                    not_actions: Vec::new(),
                },
            },
        );
    }
}

/// Makes the controllers known to the emulator, which from then on lets nobody in whom it does not know. A bearer token.
///
/// # Errors
/// The emulator gives none.
pub(super) fn sign_in(emulator: &Emulator) -> Result<String, String> {
    let controller = PrincipalRecord {
        name: "controller".to_owned(),
        object_id: CONTROLLER.to_owned(),
        tenant_id: DEFAULT_TENANT.to_owned(),
        client_id: CONTROLLER.to_owned(),
        client_secret: None,
        federated_credentials: Vec::new(),
        managed_identity: false,
    };
    emulator.set_principals(vec![controller], Vec::new());
    let token = emulator.issue_token(Some(CONTROLLER), None, LIFETIME);
    token
        .map(|(token, _)| token)
        .ok_or_else(|| "the emulator gave the controller no token".to_owned())
}
