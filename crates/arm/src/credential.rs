//! How the process proves to Entra who it is: one way, chosen explicitly. Nothing is guessed or tried in turn.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::http::{ClientOptions, HttpClient, RetryOptions, Transport};
use azure_core::time::OffsetDateTime;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};

use crate::assertion::{AssertionSource, Assertions};
use crate::clock::Clock;
use crate::cloud::Cloud;

/// The ways to choose from, as `--azure-credential` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    WorkloadIdentity,
    ManagedIdentity,
    ClientSecret,
    AzureCli,
}

impl CredentialKind {
    /// All of them.
    pub const ALL: [CredentialKind; 4] = [
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
        Self::ClientSecret,
        Self::AzureCli,
    ];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WorkloadIdentity => "workload-identity",
            Self::ManagedIdentity => "managed-identity",
            Self::ClientSecret => "client-secret",
            Self::AzureCli => "azure-cli",
        }
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for CredentialKind {
    type Err = InvalidCredential;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(name));
        found.ok_or_else(|| InvalidCredential::UnknownKind(name.chars().take(100).collect()))
    }
}

/// Which managed identity; the system-assigned one where none is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagedIdentity {
    SystemAssigned,
    ClientId(String),
    ObjectId(String),
    ResourceId(String),
}

/// A chosen way with all that it needs.
#[derive(Clone)]
pub enum CredentialChoice {
    WorkloadIdentity {
        tenant_id: String,
        client_id: String,
        token_file: PathBuf,
    },
    ManagedIdentity(ManagedIdentity),
    /// An application that federates another issuer, whose tokens somebody else hands out.
    Federated {
        tenant_id: String,
        client_id: String,
        assertions: Arc<dyn AssertionSource>,
    },
    ClientSecret {
        tenant_id: String,
        client_id: String,
        secret: Secret,
    },
    /// The login of the Azure CLI: for development.
    AzureCli {
        tenant_id: Option<String>,
    },
}

/// Why there is no credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredential {
    #[error(
        "there is no Azure credential named {0:?}: choose workload-identity, managed-identity, client-secret or azure-cli"
    )]
    UnknownKind(String),
    #[error("the credential {kind} needs {what}: set the environment variable {variable}{hint}")]
    Missing {
        kind: CredentialKind,
        what: &'static str,
        variable: &'static str,
        hint: &'static str,
    },
    #[error(
        "a managed identity is named by one id: set only one of AZURE_CLIENT_ID, AZURE_OBJECT_ID and AZURE_RESOURCE_ID"
    )]
    ManyIdentities,
    #[error("the credential {kind} cannot be used: {reason}")]
    Refused { kind: CredentialKind, reason: String },
}

impl CredentialChoice {
    /// Completes a way from environment variables: `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`,
    /// `AZURE_FEDERATED_TOKEN_FILE`, `AZURE_OBJECT_ID`, `AZURE_RESOURCE_ID`, asked for through `variable`.
    ///
    /// # Errors
    /// The variable that is missing.
    pub fn from_environment(
        kind: CredentialKind,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidCredential> {
        let optional = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let required = |name: &'static str, what, hint| {
            optional(name).ok_or(InvalidCredential::Missing {
                kind,
                what,
                variable: name,
                hint,
            })
        };
        match kind {
            CredentialKind::WorkloadIdentity => {
                const HINT: &str = " (the webhook of Azure Workload Identity sets it where the pod has the label azure.workload.identity/use and its service account names the identity)";
                Ok(Self::WorkloadIdentity {
                    tenant_id: required("AZURE_TENANT_ID", "the tenant's id", HINT)?,
                    client_id: required("AZURE_CLIENT_ID", "the identity's client id", HINT)?,
                    token_file: required(
                        "AZURE_FEDERATED_TOKEN_FILE",
                        "the service account's token file",
                        HINT,
                    )?
                    .into(),
                })
            }
            CredentialKind::ManagedIdentity => {
                let ids = [
                    optional("AZURE_CLIENT_ID").map(ManagedIdentity::ClientId),
                    optional("AZURE_OBJECT_ID").map(ManagedIdentity::ObjectId),
                    optional("AZURE_RESOURCE_ID").map(ManagedIdentity::ResourceId),
                ];
                let mut ids = ids.into_iter().flatten();
                let identity = ids.next().unwrap_or(ManagedIdentity::SystemAssigned);
                match ids.next() {
                    Some(_) => Err(InvalidCredential::ManyIdentities),
                    None => Ok(Self::ManagedIdentity(identity)),
                }
            }
            CredentialKind::ClientSecret => Ok(Self::ClientSecret {
                tenant_id: required("AZURE_TENANT_ID", "the tenant's id", "")?,
                client_id: required("AZURE_CLIENT_ID", "the application's client id", "")?,
                secret: Secret::new(required("AZURE_CLIENT_SECRET", "the application's secret", "")?),
            }),
            CredentialKind::AzureCli => Ok(Self::AzureCli {
                tenant_id: optional("AZURE_TENANT_ID"),
            }),
        }
    }

    /// The way that was chosen.
    pub fn kind(&self) -> CredentialKind {
        match self {
            Self::WorkloadIdentity { .. } | Self::Federated { .. } => CredentialKind::WorkloadIdentity,
            Self::ManagedIdentity(_) => CredentialKind::ManagedIdentity,
            Self::ClientSecret { .. } => CredentialKind::ClientSecret,
            Self::AzureCli { .. } => CredentialKind::AzureCli,
        }
    }

    /// Makes the credential, which asks the cloud's authority through the transport. It keeps no token: each call
    /// asks anew, so that a refused token is not given out again and a renewed token file is read. When a token ends is
    /// said by the clock.
    ///
    /// # Errors
    /// What is wrong with the ids or the token file.
    pub fn credential(
        self,
        cloud: &Cloud,
        transport: Arc<dyn HttpClient>,
        clock: &Clock,
    ) -> Result<Arc<dyn TokenCredential>, InvalidCredential> {
        let fresh = FreshCredential {
            choice: self,
            authority: cloud.authority.to_string(),
            transport,
            clock: clock.clone(),
        };
        // Mistakes that show without a request are told at the start.
        fresh.build().map_err(|error| InvalidCredential::Refused {
            kind: fresh.choice.kind(),
            reason: crate::redaction::shown(&error.to_string()),
        })?;
        Ok(Arc::new(fresh))
    }
}

impl fmt::Debug for CredentialChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CredentialChoice({})", self.kind())
    }
}

/// Makes the SDK's credential anew for each token: those keep tokens on a clock of their own and give out a refused
/// one again.
struct FreshCredential {
    choice: CredentialChoice,
    authority: String,
    transport: Arc<dyn HttpClient>,
    clock: Clock,
}

impl FreshCredential {
    fn build(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let mut custom = CustomConfiguration::default();
        custom.authority_host.clone_from(&self.authority);
        let client_options = ClientOptions {
            transport: Some(Transport::new(self.transport.clone())),
            retry: RetryOptions::none(),
            cloud: Some(Arc::new(custom.into())),
            ..ClientOptions::default()
        };
        Ok(match &self.choice {
            CredentialChoice::WorkloadIdentity {
                tenant_id,
                client_id,
                token_file,
            } => WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                credential_options: ClientAssertionCredentialOptions { client_options },
                client_id: Some(client_id.clone()),
                tenant_id: Some(tenant_id.clone()),
                token_file_path: Some(token_file.clone()),
            }))?,
            CredentialChoice::Federated {
                tenant_id,
                client_id,
                assertions,
            } => ClientAssertionCredential::new(
                tenant_id.clone(),
                client_id.clone(),
                Assertions(assertions.clone()),
                Some(ClientAssertionCredentialOptions { client_options }),
            )?,
            CredentialChoice::ManagedIdentity(identity) => {
                let user_assigned_id = match identity {
                    ManagedIdentity::SystemAssigned => None,
                    ManagedIdentity::ClientId(id) => Some(UserAssignedId::ClientId(id.clone())),
                    ManagedIdentity::ObjectId(id) => Some(UserAssignedId::ObjectId(id.clone())),
                    ManagedIdentity::ResourceId(id) => Some(UserAssignedId::ResourceId(id.clone())),
                };
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id,
                    client_options,
                }))?
            }
            CredentialChoice::ClientSecret {
                tenant_id,
                client_id,
                secret,
            } => ClientSecretCredential::new(
                tenant_id,
                client_id.clone(),
                secret.clone(),
                Some(ClientSecretCredentialOptions { client_options }),
            )?,
            CredentialChoice::AzureCli { tenant_id } => {
                AzureCliCredential::new(Some(AzureCliCredentialOptions {
                    tenant_id: tenant_id.clone(),
                    ..AzureCliCredentialOptions::default()
                }))?
            }
        })
    }
}

#[async_trait::async_trait]
impl TokenCredential for FreshCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let access = self.build()?.get_token(scopes, options).await?;
        Ok(match &self.choice {
            // These say themselves when the token ends.
            CredentialChoice::ManagedIdentity(_) | CredentialChoice::AzureCli { .. } => access,
            // Entra says how long it is good, and the SDK counts that from the machine's clock.
            CredentialChoice::WorkloadIdentity { .. }
            | CredentialChoice::Federated { .. }
            | CredentialChoice::ClientSecret { .. } => {
                let good_for = access.expires_on - OffsetDateTime::now_utc();
                let ends = self
                    .clock
                    .now()
                    .as_second()
                    .saturating_add(good_for.whole_seconds());
                let expires_on = OffsetDateTime::from_unix_timestamp(ends).unwrap_or(access.expires_on);
                AccessToken::new(access.token, expires_on)
            }
        })
    }
}

impl fmt::Debug for FreshCredential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FreshCredential({})", self.choice.kind())
    }
}
