//! As whom Azure is called: each scope's identity with its own tokens, and with what was read under it.
//!
//! Owns the clients. Scopes that use the controller's own identity share one session; any other has a session of its own,
//! which is dropped when the scope's identity changes or the scope goes. Nothing that one identity has read is shown to an
//! object of another.

mod entra;
mod own;
mod service_account;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kube::Client;
use privatelink_api::{ConditionType, Identity, IdentityType, Reason};
use privatelink_arm::{
    ArmClient, ArmError, ArmErrorKind, BudgetLeft, CredentialChoice, InvalidCredential, ManagedIdentity,
    ResourceId,
};
use tokio::time::Instant;

use crate::facts::FactCache;
use crate::failure::{self, Doing, Failure, Retry};
use crate::kind::{Finding, Truth};
use crate::scope::Scope;
use crate::status::with_correlation;
use crate::sweeps::Sweeps;

pub use self::own::OwnIdentity;
use self::service_account::ServiceAccountTokens;

/// A federated credential that was just made is not known everywhere in Entra: for this long a refusal is no failure.
const SPREADS_FOR: Duration = Duration::from_secs(600);
/// Refusals that are further apart than this are not the same trouble.
const APART: Duration = Duration::from_secs(900);

/// Who acts, in the words of a remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActingAs {
    /// The identity that the controller was started with.
    Controller(OwnIdentity),
    /// An application that federates a service account.
    ServiceAccount {
        namespace: String,
        name: String,
        client_id: String,
        tenant_id: String,
    },
    /// A managed identity, by the id that was given.
    ManagedIdentity(String),
}

/// One identity at work: its client, and what it has read.
pub struct Session {
    pub arm: ArmClient,
    pub facts: FactCache,
    pub sweeps: Sweeps,
    acting_as: ActingAs,
    trouble: Mutex<Option<Trouble>>,
}

/// Refusals of a federated credential that may have to spread first.
#[derive(Clone, Copy)]
struct Trouble {
    since: Instant,
    last: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    fn new(arm: ArmClient, acting_as: ActingAs) -> Arc<Self> {
        Arc::new(Session {
            arm,
            facts: FactCache::default(),
            sweeps: Sweeps::default(),
            acting_as,
            trouble: Mutex::default(),
        })
    }

    /// What a failed call means for an object. Where the identity is at fault, what its owner has to do is told.
    pub fn explain(&self, error: &ArmError, doing: Doing) -> Failure {
        let mut failure = failure::explain(error, doing, &self.acting_as);
        if !matches!(error.kind, ArmErrorKind::Credential | ArmErrorKind::Unauthorized) {
            return failure;
        }
        let remedy = entra::remedy(&error.code, &self.acting_as);
        if entra::spreads(&error.code) && self.may_be_spreading() {
            let message = format!(
                "{}; one that was just made is not known everywhere at once, so this is tried again for 10 minutes before it counts as failed; {remedy}",
                told(error)
            );
            return Failure {
                finding: Finding::new(ConditionType::Programmed, Truth::False, Reason::Retrying, message),
                retry: Retry::Backoff,
                waits_for_turn: false,
            };
        }
        failure.finding.message = format!("{}; {remedy}", told(error));
        failure
    }

    /// Whether the federated credential may still be spreading, or has had its time.
    fn may_be_spreading(&self) -> bool {
        let now = Instant::now();
        let mut trouble = lock(&self.trouble);
        let since = match *trouble {
            Some(Trouble { since, last }) if now.duration_since(last) < APART => since,
            _ => now,
        };
        *trouble = Some(Trouble { since, last: now });
        now.duration_since(since) < SPREADS_FOR
    }

    /// The identity has proven itself.
    pub(crate) fn works(&self) {
        *lock(&self.trouble) = None;
    }

    /// As whom, in words.
    pub(crate) fn acting_as(&self) -> &ActingAs {
        &self.acting_as
    }
}

fn told(error: &ArmError) -> String {
    let what = match error.kind {
        ArmErrorKind::Unauthorized => "Azure does not take the token of this identity",
        _ => "Azure was not asked as this identity",
    };
    with_correlation(
        &format!("{what}: {}: {}", error.code, error.message),
        error.correlation_id.as_deref(),
    )
}

impl ActingAs {
    /// Who is to be given a role, by the id that Azure knows.
    pub(crate) fn grantee(&self) -> String {
        match self {
            ActingAs::Controller(OwnIdentity {
                client_id: Some(client_id),
                ..
            }) => format!("the controller's identity (client id {client_id})"),
            ActingAs::Controller(_) => "the controller's identity".to_owned(),
            ActingAs::ServiceAccount { client_id, .. } => {
                format!("the scope's identity (client id {client_id})")
            }
            ActingAs::ManagedIdentity(id) => format!("the scope's managed identity {id}"),
        }
    }
}

impl fmt::Display for ActingAs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ActingAs::Controller(_) => formatter.write_str("the controller's own identity"),
            ActingAs::ServiceAccount {
                namespace,
                name,
                client_id,
                ..
            } => write!(
                formatter,
                "service account {namespace}/{name}, as the application {client_id}"
            ),
            ActingAs::ManagedIdentity(id) => write!(formatter, "the managed identity {id}"),
        }
    }
}

/// The sessions of all identities.
pub struct Identities {
    own: Arc<Session>,
    nobody: Arc<Session>,
    kube: Client,
    kubernetes_timeout: Duration,
    scopes: Mutex<BTreeMap<String, (Identity, Arc<Session>)>>,
}

impl Identities {
    /// Identities beside the one that the client has. Kubernetes hands out the tokens of service accounts.
    pub fn new(own: ArmClient, as_whom: &OwnIdentity, kube: Client, kubernetes_timeout: Duration) -> Self {
        let acting_as = || ActingAs::Controller(as_whom.clone());
        Identities {
            nobody: Session::new(own.powerless(), acting_as()),
            own: Session::new(own, acting_as()),
            kube,
            kubernetes_timeout,
            scopes: Mutex::default(),
        }
    }

    /// Of an object that has no scope yet: a client that no token is for, so that it cannot send anything.
    pub(crate) fn nobody(&self) -> Arc<Session> {
        self.nobody.clone()
    }

    /// The session of a scope.
    ///
    /// # Errors
    /// What is wrong with `spec.identity`.
    pub(crate) fn of(&self, scope: &Scope) -> Result<Arc<Session>, String> {
        let identity = scope.spec().identity.as_ref();
        let mut scopes = lock(&self.scopes);
        let Some(identity) = identity.filter(|identity| identity.type_ != IdentityType::Controller) else {
            scopes.remove(scope.name());
            return Ok(self.own.clone());
        };
        if let Some((known, session)) = scopes.get(scope.name())
            && known == identity
        {
            return Ok(session.clone());
        }
        // A session of what the identity was before is not to be used any longer, also where the new one is no good.
        scopes.remove(scope.name());
        let (acting_as, choice) = self.chosen(identity)?;
        let cloud = self.own.arm.cloud().clone();
        let credential = choice
            .credential(&cloud, self.own.arm.transport().clone(), self.own.arm.clock())
            .map_err(|error| refused(&error))?;
        let principal = format!(
            "{acting_as} {}",
            identity.tenant_id.as_deref().unwrap_or_default()
        );
        let session = Session::new(self.own.arm.acting_as(&principal, credential), acting_as);
        scopes.insert(scope.name().to_owned(), (identity.clone(), session.clone()));
        Ok(session)
    }

    fn chosen(&self, identity: &Identity) -> Result<(ActingAs, CredentialChoice), String> {
        let needed = |value: &Option<String>, field: &str| {
            value
                .clone()
                .filter(|value| !value.trim().is_empty())
                .ok_or_else(|| format!("spec.identity.{field} is needed for type {:?}", identity.type_))
        };
        match identity.type_ {
            IdentityType::Controller => Err("the controller's own identity has no fields".to_owned()),
            IdentityType::WorkloadIdentity => {
                let (client_id, tenant_id) = (
                    needed(&identity.client_id, "clientId")?,
                    needed(&identity.tenant_id, "tenantId")?,
                );
                let account = identity
                    .service_account
                    .clone()
                    .ok_or("spec.identity.serviceAccount is needed for type WorkloadIdentity")?;
                let acting_as = ActingAs::ServiceAccount {
                    namespace: account.namespace.clone(),
                    name: account.name.clone(),
                    client_id: client_id.clone(),
                    tenant_id: tenant_id.clone(),
                };
                let assertions = Arc::new(ServiceAccountTokens::new(
                    self.kube.clone(),
                    account,
                    self.kubernetes_timeout,
                ));
                Ok((
                    acting_as,
                    CredentialChoice::Federated {
                        tenant_id,
                        client_id,
                        assertions,
                    },
                ))
            }
            IdentityType::ManagedIdentity => {
                let ids = [
                    identity.client_id.clone().map(ManagedIdentity::ClientId),
                    identity.object_id.clone().map(ManagedIdentity::ObjectId),
                    identity.resource_id.clone().map(ManagedIdentity::ResourceId),
                ];
                let mut ids = ids.into_iter().flatten();
                match (ids.next(), ids.next()) {
                    (Some(id), None) => {
                        let named = match &id {
                            ManagedIdentity::ClientId(id)
                            | ManagedIdentity::ObjectId(id)
                            | ManagedIdentity::ResourceId(id) => id.clone(),
                            ManagedIdentity::SystemAssigned => String::new(),
                        };
                        Ok((
                            ActingAs::ManagedIdentity(named),
                            CredentialChoice::ManagedIdentity(id),
                        ))
                    }
                    _ => Err("spec.identity has exactly one of clientId, objectId and resourceId for type ManagedIdentity".to_owned()),
                }
            }
        }
    }

    /// What is left of Azure's request limits, for all identities: they share the books.
    pub(crate) fn budget_left(&self) -> Vec<BudgetLeft> {
        self.own.arm.budget_left()
    }

    /// A scope is gone, or is served by another installation: so is what its identity has.
    pub(crate) fn forget(&self, scope: &str) {
        lock(&self.scopes).remove(scope);
    }

    /// Something was made or removed: what any identity has read of it is no longer so.
    pub(crate) fn forget_facts(&self, id: &ResourceId) {
        self.own.facts.forget_all(id);
        for (_, session) in lock(&self.scopes).values() {
            session.facts.forget_all(id);
        }
    }
}

fn refused(error: &InvalidCredential) -> String {
    format!("spec.identity cannot be used: {error}")
}
