//! What a test does with an emulator besides sending requests: journal, faults, principals and their
//! roles, limits, tokens.

use jiff::{SignedDuration, Timestamp};

use crate::Emulator;
use crate::authorization::rbac::RoleAssignment;
use crate::doors::wire::Request;
use crate::faults::{ArmedRule, FaultRule, RequestKind};
use crate::identity::{PrincipalRecord, is_authority};
use crate::journal::Extract;
use crate::request::call;
use crate::throttle::Limits;

impl Emulator {
    /// The journal's entries after number `since`; 0 gives all that are kept.
    pub fn journal_since(&self, since: u64) -> Extract {
        self.with(|inner, _| inner.journal.since(since))
    }

    /// Puts a fault rule in force and gives its id.
    pub fn add_fault(&self, rule: FaultRule) -> u64 {
        self.with(|inner, _| inner.faults.add(rule))
    }

    /// Takes one fault rule away; whether it was there.
    pub fn remove_fault(&self, id: u64) -> bool {
        self.with(|inner, _| inner.faults.remove(id))
    }

    /// Takes all fault rules away.
    pub fn clear_faults(&self) {
        self.with(|inner, _| inner.faults.clear());
    }

    /// The fault rules in force, with how often each matched and fired.
    pub fn faults(&self) -> Vec<ArmedRule> {
        self.with(|inner, _| inner.faults.rules().to_vec())
    }

    /// Whether a fault rule refuses the connection that this request comes over; see [`crate::faults::FaultState::refuses`].
    pub(crate) fn refuses(&self, request: &Request) -> bool {
        let path = request.url.path();
        if path.starts_with("/_emulator/") {
            return false;
        }
        let kind = if is_authority(path) {
            RequestKind::Token
        } else {
            call::kind_of(&request.method, path)
        };
        self.with(|inner, _| inner.faults.refuses(&request.method, &request.url, kind))
    }

    /// Signs tokens with this key from now on: tokens that were issued before are no longer good.
    pub fn use_token_key(&self, secret: &[u8]) {
        self.with(|inner, _| inner.identity.set_key(secret));
    }

    /// Names who may sign in; with at least one the emulator is closed. `tenants` are further tenants that exist.
    pub fn set_principals(&self, principals: Vec<PrincipalRecord>, tenants: Vec<String>) {
        self.with(|inner, _| {
            let known = principals.iter().map(|principal| principal.object_id.clone());
            inner.rbac.set_known(known);
            inner.identity.set_principals(principals, tenants);
        });
    }

    /// Gives the principal with this object id a role.
    pub fn assign_role(&self, object_id: &str, assignment: RoleAssignment) {
        self.with(|inner, _| inner.rbac.assign(object_id, assignment));
    }

    /// Gives a role a name, under which it is listed and can be assigned by requests.
    pub fn define_role(&self, name: &str, role: crate::authorization::rbac::RoleDefinition) {
        self.with(|inner, _| inner.rbac.define(name, role));
    }

    /// Takes the roles away that the principal with this object id has from a seed or from [`Emulator::assign_role`]. Role
    /// assignments that requests made are resources: they stay until a request deletes them, as they do in Azure.
    pub fn revoke_roles(&self, object_id: &str) {
        self.with(|inner, _| inner.rbac.revoke_all(object_id));
    }

    /// Puts other limits in place; `None` switches them off.
    pub fn set_limits(&self, limits: Option<Limits>) {
        self.with(|inner, _| inner.throttle.set_limits(limits));
    }

    /// A bearer token for scripts and tests, and when it expires; see [`crate::identity::IdentityState::issue`].
    pub fn issue_token(
        &self,
        principal: Option<&str>,
        audience: Option<&str>,
        lifetime: SignedDuration,
    ) -> Option<(String, Timestamp)> {
        let now = self.wall_time();
        let token = self.with(|inner, _| {
            let audience = audience.unwrap_or(inner.identity.audience());
            inner.identity.issue(principal, audience, lifetime, now)
        })?;
        Some((token, now.saturating_add(lifetime).unwrap_or(Timestamp::MAX)))
    }
}
